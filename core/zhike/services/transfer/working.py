"""Checking and applying a file that waits, by the page or, when it is long, by the worker."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from zhike.contributions import Importer
from zhike.db.session import Actor, CompanySession
from zhike.services.transfer.applying import Applied, ImportRefused, Mode, apply_import
from zhike.services.transfer.checking import Report, dry_run
from zhike.services.transfer.chunks import apply_in_chunks
from zhike.services.transfer.headings import Translate
from zhike.services.transfer.reading import Upload, open_upload
from zhike.services.transfer.staging import (
    Staged,
    content,
    keep_report,
    note_progress,
)

if TYPE_CHECKING:
    from zhike.site import Site

INLINE_ROWS = 500
"""Rows up to which a page does the work itself, in a few seconds; longer files are the worker's."""

_NOTED_EVERY = 0.5  # seconds


def open_staged(
    site: Site, staged: Staged, importer: Importer, translate: Translate, *, complete: bool = True
) -> Upload:
    """Open a waiting file with the columns its owner assigned; raises as ``open_upload`` does."""
    return open_upload(
        content(site, staged),
        staged.name,
        importer.columns,
        translate=translate,
        assigned=staged.assigned,
        complete=complete,
    )


def check_staged(
    site: Site, staged: Staged, importer: Importer, actor: Actor, translate: Translate
) -> Report:
    """Try a waiting file without effect and keep what was found beside it.

    Raises :class:`~.reading.BadUpload` where a required column has not been found.
    """
    upload = open_staged(site, staged, importer, translate)
    counted = _counting(site, staged, importer, len(upload.rows))
    with site.reader(staged.company_id, actor) as s:
        report = dry_run(s, counted, upload, tz=staged.tz, translate=translate)
    keep_report(site, staged, report)
    return report


def apply_staged(
    s: CompanySession, staged: Staged, importer: Importer, mode: Mode, translate: Translate
) -> Applied:
    """Apply a waiting file in the caller's transaction; the caller drops it after the commit.

    The token is the key of the attempt: a file that waits is applied once, whoever asks how often.
    Raises :class:`ImportRefused` as ``apply_import`` does, with the report kept for the page.
    """
    upload = open_staged(s.site, staged, importer, translate)
    counted = _counting(s.site, staged, importer, 2 * len(upload.rows))
    try:
        return apply_import(
            s, counted, upload, staged.token, mode=mode, tz=staged.tz, translate=translate
        )
    except ImportRefused as error:
        keep_report(s.site, staged, error.report)
        raise


def apply_staged_in_chunks(
    site: Site,
    staged: Staged,
    importer: Importer,
    actor: Actor,
    mode: Mode,
    translate: Translate,
) -> Applied:
    """Apply a long waiting file part by part; raises as :func:`apply_staged` does."""
    upload = open_staged(site, staged, importer, translate)
    counted = _counting(site, staged, importer, 3 * len(upload.rows))
    try:
        return apply_in_chunks(
            site,
            staged.company_id,
            actor,
            counted,
            upload,
            staged.token,
            mode=mode,
            tz=staged.tz,
            translate=translate,
        )
    except ImportRefused as error:
        keep_report(site, staged, error.report)
        raise


def _counting(site: Site, staged: Staged, importer: Importer, steps: int) -> Importer:
    """The importer, noting how far it is: each row validated or applied is a step."""
    done, noted = 0, monotonic()

    def step() -> None:
        nonlocal done, noted
        done += 1
        if monotonic() - noted >= _NOTED_EVERY:
            noted = monotonic()
            note_progress(site, staged, 100 * done // max(1, steps))

    def validate(s: Any, row: Any) -> Any:
        step()
        return importer.validate(s, row)

    def apply(s: Any, value: Any, existing: Any) -> Any:
        step()
        return importer.apply(s, value, existing)

    return replace(importer, validate=validate, apply=apply)
