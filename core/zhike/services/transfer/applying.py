"""Apply an import 正式导入: every row or none, or the good ones, once, and undoable."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from zhike import clock
from zhike.contributions import Importer, Problem
from zhike.db.session import CompanySession
from zhike.errors import Conflict, UserError
from zhike.i18n import _
from zhike.models.transfer import ImportBatch, ImportRow
from zhike.services import search
from zhike.services.transfer.checking import (
    CheckedRow,
    Report,
    RowProblem,
    check_rows,
    count_good,
    find_existing,
)
from zhike.services.transfer.headings import Translate, plain
from zhike.services.transfer.reading import Upload
from zhike.services.transfer.tracing import Tracer, tracing

Mode = Literal["all", "good"]
UNDO_DAYS = 30
"""Days for which an import can be undone; then its images are forgotten."""

_STRETCH = 100
_REMEMBERED = 20
"""Batches of an import whose assigned columns are remembered."""


class ImportRefused(Conflict):
    """Nothing was imported: ``report`` says which rows are wrong."""

    code = "import_refused"

    def __init__(self, report: Report) -> None:
        super().__init__(
            _("Nothing was imported: %(bad)d rows have mistakes.", bad=report.bad),
            status=422,
            extra=report.to_json(),
        )
        self.report = report


@dataclass(frozen=True, slots=True)
class Applied:
    """The batch and, unless it had been applied before (``replayed``), the report."""

    batch: ImportBatch
    report: Report
    replayed: bool = False


def apply_import(
    s: CompanySession,
    importer: Importer,
    upload: Upload,
    batch_key: str,
    *,
    mode: Mode = "all",
    tz: str = "Asia/Shanghai",
    translate: Translate = plain,
) -> Applied:
    """Check and apply ``upload`` in the caller's transaction.

    ``mode`` ``all``: one bad row keeps everything out (:class:`ImportRefused`); ``good``: bad rows
    are left out and stand in the report. ``batch_key`` belongs to the attempt (a form's key): the
    same file under the same key is answered with the batch it made, even an undone one, and not
    applied again. Every row leaves an :class:`ImportRow` with the batch's id; the ledger gets one
    line. Raises UserError where there is nothing to import.
    """
    known = find_batch(s, importer.name, upload.digest, batch_key)
    if known is not None:
        return Applied(known, Report(), replayed=True)
    batch = new_batch(s, importer, upload, batch_key, mode)
    report = Report(ignored_columns=upload.mapped.ignored)
    with search.deferred(s), tracing(s, importer.models) as tracer:
        rows = check_rows(s, importer, upload, report, tz=tz, translate=translate)
        if mode == "all":
            checked = list(rows)
            if report.bad:
                raise ImportRefused(report)
            apply_checked(s, importer, checked, batch, report, tracer)
        else:
            apply_checked(s, importer, rows, batch, report, tracer)
    if report.bad and mode == "all":
        raise ImportRefused(report)
    if not report.good:
        raise UserError(_("There is no row to import in this file."), extra=report.to_json())
    batch.total, batch.refused = report.total, report.bad
    s.flush()
    write_line(s, "core.import_applied", batch)
    return Applied(batch, report)


def find_batch(s: CompanySession, importer: str, digest: str, batch_key: str) -> ImportBatch | None:
    """The batch that a file made under a key, or ``None``."""
    return s.scalars(
        select(ImportBatch).where(
            ImportBatch.importer == importer,
            ImportBatch.file_hash == digest,
            ImportBatch.batch_key == batch_key,
        )
    ).first()


def earlier_batch(s: CompanySession, importer: str, digest: str) -> ImportBatch | None:
    """The latest batch of the same file that still stands: worth a question before importing."""
    return s.scalars(
        select(ImportBatch)
        .where(
            ImportBatch.importer == importer,
            ImportBatch.file_hash == digest,
            ImportBatch.state == "applied",
        )
        .order_by(ImportBatch.applied_at.desc())
        .limit(1)
    ).first()


def remembered(s: CompanySession, importer: str) -> dict[str, str]:
    """What people said of the heads of earlier files of an import: head to column key, or to ``""``
    for a column that was not wanted. The latest import counts."""
    told: dict[str, str] = {}
    rows = s.scalars(
        select(ImportBatch.assigned)
        .where(ImportBatch.importer == importer)
        .order_by(ImportBatch.applied_at.desc())
        .limit(_REMEMBERED)
    )
    for assigned in rows:
        for text, key in assigned.items():
            told.setdefault(text, key)
    return told


def batch_of(s: CompanySession, record: str) -> uuid.UUID | None:
    """The batch that created the record ``plugin:kind:<uuid>``, or ``None``."""
    return s.scalars(
        select(ImportRow.batch_id)
        .where(ImportRow.record == record, ImportRow.effect == "created")
        .limit(1)
    ).first()


def drop_images(s: CompanySession, before: datetime) -> int:
    """Forget the images of batches applied before ``before``: they can no longer be undone.

    Images hold personal data; a job calls this when the time for undoing is over. Returns the
    number of batches.
    """
    old = s.scalars(
        select(ImportBatch).where(
            ImportBatch.applied_at < before, ImportBatch.images_dropped_at.is_(None)
        )
    ).all()
    for batch in old:
        s.execute(update(ImportRow).where(ImportRow.batch_id == batch.id).values(images=[]))
        batch.images_dropped_at = clock.now()
    s.flush()
    return len(old)


def forget_images(s: CompanySession) -> None:
    """The nightly job of a company: drop the images of imports older than :data:`UNDO_DAYS`."""
    drop_images(s, clock.now() - timedelta(days=UNDO_DAYS))


def new_batch(
    s: CompanySession, importer: Importer, upload: Upload, batch_key: str, mode: Mode
) -> ImportBatch:
    """Begin a batch; Conflict where the same file is being imported under the same key."""
    batch = ImportBatch(
        importer=importer.name,
        file_name=upload.name,
        file_hash=upload.digest,
        batch_key=batch_key,
        mode=mode,
        assigned=dict(upload.assigned),
        state="applied",
        total=0,
        created=0,
        changed=0,
        refused=0,
        user_id=s.actor.user_id,
        staff_id=s.actor.staff_id,
        actor_name=s.actor.name,
        applied_at=clock.now(),
    )
    s.add(batch)
    try:
        s.flush()
    except IntegrityError as error:  # the same file under the same key, at the same moment
        raise Conflict(_("This file is being imported at this moment.")) from error
    return batch


def apply_checked(
    s: CompanySession,
    importer: Importer,
    rows: Iterable[CheckedRow],
    batch: ImportBatch,
    report: Report,
    tracer: Tracer,
) -> None:
    """Apply the good rows. Where the rows of a file cannot speak of one record (``key``) and stand
    or fall together, what they write goes to the database in stretches: half the statements."""
    alone = batch.mode == "good" or not importer.key
    waiting: list[dict[str, Any]] = []
    for row in rows:
        if not row.checked.good:
            continue
        tracer.number = row.number
        # A savepoint only where a row may fail without the others: it costs two statements.
        guard = s.begin_nested() if batch.mode == "good" else contextlib.nullcontext()
        try:
            with guard:
                with contextlib.nullcontext() if alone else s.no_autoflush:
                    existing = find_existing(s, importer, row)
                ref = importer.apply(s, row.checked.value, existing)
                tracer.look()
                images = tracer.take() if alone else {}
        except UserError as error:
            tracer.forget()
            _refuse(report, row, error)
            continue
        count_good(report, existing)
        waiting.append(
            {
                "batch_id": batch.id,
                "row_no": row.number,
                "record": str(ref),
                "effect": "created" if existing is None else "changed",
                "images": images.get(row.number, []),
            }
        )
        if len(waiting) >= _STRETCH:
            _write_rows(s, waiting, tracer)
            waiting = []
    _write_rows(s, waiting, tracer)
    batch.created, batch.changed = report.fresh, report.known


def _write_rows(s: CompanySession, waiting: list[dict[str, Any]], tracer: Tracer) -> None:
    images = tracer.take()
    for row in waiting:
        row["images"] = row["images"] or images.get(row["row_no"], [])
    s.insert_many(ImportRow, waiting)


def _refuse(report: Report, row: CheckedRow, error: UserError) -> None:
    """Move a row from the good to the bad: it was refused while being applied."""
    report.problems.append(RowProblem(row.number, Problem(error.message, error.field or "")))
    report.good -= 1
    report.bad += 1
    report.warned -= bool(row.checked.problems)


def write_line(s: CompanySession, action: str, batch: ImportBatch) -> None:
    """The ledger's line about a batch that was applied or undone."""
    from zhike.services import ledger

    ledger.append(
        s,
        action,
        object=f"core:import_batch:{batch.id}",
        body={
            "importer": batch.importer,
            "file_sha256": batch.file_hash,
            "mode": batch.mode,
            "total": batch.total,
            "created": batch.created,
            "changed": batch.changed,
            "refused": batch.refused,
        },
    )
