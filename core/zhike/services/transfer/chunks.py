"""Long imports 分段导入: checked outside any lock, applied in short transactions, undone as one.

One transaction for ten thousand rows would keep every desk waiting until it is over. So the whole
file is checked by a reading session first, then its rows are applied some hundred at a time under
one batch, which is ``applying`` until the last. All or nothing still holds: where a row is refused
that was good a minute ago, what has come in is taken back. A worker that dies goes on where it was.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from zhike.contributions import Importer
from zhike.db.session import Actor, CompanySession, lock_row
from zhike.errors import Conflict, UserError
from zhike.i18n import _
from zhike.models.transfer import ImportBatch, ImportRow
from zhike.services import search
from zhike.services.transfer.applying import (
    Applied,
    ImportRefused,
    Mode,
    apply_checked,
    find_batch,
    new_batch,
    write_line,
)
from zhike.services.transfer.checking import Report, Seen, check_rows, dry_run
from zhike.services.transfer.headings import Translate, plain
from zhike.services.transfer.reading import Row, Upload
from zhike.services.transfer.tracing import tracing
from zhike.services.transfer.undoing import undo_import

if TYPE_CHECKING:
    from zhike.site import Site

CHUNK = 250
"""Rows of one transaction: a fraction of a second, in which others wait."""


def apply_in_chunks(
    site: Site,
    company_id: int,
    actor: Actor,
    importer: Importer,
    upload: Upload,
    batch_key: str,
    *,
    mode: Mode = "all",
    tz: str = "Asia/Shanghai",
    translate: Translate = plain,
) -> Applied:
    """Check ``upload``, then apply it in transactions of :data:`CHUNK` rows.

    As :func:`~.applying.apply_import`, for files so long that others must be able to work
    meanwhile. Called again under the same key, it goes on with a batch that was not finished.
    Raises :class:`~.applying.ImportRefused` with nothing imported.
    """
    with site.reader(company_id, actor) as s:
        known = find_batch(s, importer.name, upload.digest, batch_key)
        if known is not None and known.state != "applying":
            return Applied(known, Report(), replayed=True)
        report = Report(ignored_columns=upload.mapped.ignored)
        if known is None:
            report = dry_run(s, importer, upload, tz=tz, translate=translate)
    if known is None:
        if mode == "all" and report.bad:
            raise ImportRefused(report)
        if not report.good:
            raise UserError(_("There is no row to import in this file."), extra=report.to_json())
        batch_id = _begin(site, company_id, actor, importer, upload, batch_key, mode)
    else:
        batch_id = known.id
    told, seen = Report(ignored_columns=upload.mapped.ignored), Seen()
    for rows in _chunks(upload):

        def once(rows: tuple[Row, ...] = rows, seen: Seen = seen) -> tuple[Report, Seen]:
            with site.transaction(company_id, actor) as s:
                return _apply_chunk(
                    s, batch_id, importer, replace(upload, rows=rows), seen, mode, tz, translate
                )

        try:
            part, seen = site.retrying(once)
        except ImportRefused as error:
            told.add(error.report)
            _give_up(site, company_id, actor, importer, batch_id)
            raise ImportRefused(told) from error
        told.add(part)
    return Applied(_finish(site, company_id, actor, batch_id, told), told)


def _chunks(upload: Upload) -> list[tuple[Row, ...]]:
    return [upload.rows[start : start + CHUNK] for start in range(0, len(upload.rows), CHUNK)]


def _begin(
    site: Site,
    company_id: int,
    actor: Actor,
    importer: Importer,
    upload: Upload,
    batch_key: str,
    mode: Mode,
) -> uuid.UUID:
    def once() -> uuid.UUID:
        with site.transaction(company_id, actor) as s:
            batch = new_batch(s, importer, upload, batch_key, mode)
            batch.state = "applying"
            return batch.id

    return site.retrying(once)


def _apply_chunk(
    s: CompanySession,
    batch_id: uuid.UUID,
    importer: Importer,
    part: Upload,
    seen: Seen,
    mode: Mode,
    tz: str,
    translate: Translate,
) -> tuple[Report, Seen]:
    """Check some rows once more, since time has passed, and apply them; what a worker that died
    had applied is left out."""
    batch = lock_row(s, ImportBatch, batch_id)
    if batch.state != "applying":
        raise Conflict(_("This import was undone already."))
    last = s.scalar(select(func.max(ImportRow.row_no)).where(ImportRow.batch_id == batch_id)) or 0
    report, now = Report(), Seen(seen)
    if part.rows and part.rows[-1].number <= last:
        return report, now
    part = replace(part, rows=tuple(row for row in part.rows if row.number > last))
    with search.deferred(s), tracing(s, importer.models) as tracer:
        rows = list(check_rows(s, importer, part, report, tz=tz, translate=translate, seen=now))
        if report.bad and mode == "all":
            raise ImportRefused(report)
        apply_checked(s, importer, rows, batch, report, tracer)
    if report.bad and mode == "all":
        raise ImportRefused(report)
    return report, now


def _give_up(
    site: Site, company_id: int, actor: Actor, importer: Importer, batch_id: uuid.UUID
) -> None:
    """Take back what has come in of an import that stands or falls as a whole."""

    def once() -> None:
        with site.transaction(company_id, actor) as s:
            undo_import(s, importer, batch_id)

    site.retrying(once)


def _finish(
    site: Site, company_id: int, actor: Actor, batch_id: uuid.UUID, told: Report
) -> ImportBatch:
    def once() -> ImportBatch:
        with site.transaction(company_id, actor) as s:
            batch = lock_row(s, ImportBatch, batch_id)
            count = select(func.count()).where(ImportRow.batch_id == batch_id)
            batch.created = s.scalar(count.where(ImportRow.effect == "created")) or 0
            batch.changed = s.scalar(count.where(ImportRow.effect == "changed")) or 0
            batch.refused = told.bad
            batch.total = batch.created + batch.changed + told.bad
            batch.state = "applied"
            s.flush()
            write_line(s, "core.import_applied", batch)
            s.expunge(batch)
            return batch

    return site.retrying(once)
