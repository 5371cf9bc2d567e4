"""A file that waits 待导入文件: its columns, what is wrong with it, applying it."""

from __future__ import annotations

import io
import uuid
from pathlib import PurePosixPath
from typing import Any

from flask import Response, flash, make_response, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from zhike.admin import data_work
from zhike.admin.data import IMPORT, XLSX, bp, importer_of, look, person
from zhike.contributions import Importer
from zhike.errors import Conflict, NotFound, UserError
from zhike.i18n import _
from zhike.models.jobs import JobRequest
from zhike.models.transfer import ImportBatch
from zhike.services import jobs, transfer
from zhike.services.transfer import ImportRefused, Staged, staging
from zhike.web.context import act, current, reading
from zhike.web.page import page

__all__ = ["bp"]

SHOWN = 200
"""Problems that the page lists; the workbook has them all."""


def _find(token: str) -> Staged:
    return staging.find(current().site, *person(), token)


def _batch_of(token: str) -> uuid.UUID | None:
    """The batch that a file became which no longer waits."""
    return reading().scalar(
        select(ImportBatch.id).where(
            ImportBatch.batch_key == token, ImportBatch.user_id == person()[1]
        )
    )


def _open_request(staged: Staged) -> JobRequest | None:
    if not staged.request_id:
        return None
    return jobs.request_state(current().site, uuid.UUID(staged.request_id))


def _at_work(request_row: JobRequest | None) -> bool:
    return request_row is not None and request_row.state in ("waiting", "running")


@bp.get("/files/<token>", permission=IMPORT)
def waiting_file(token: str) -> ResponseReturnValue:
    """The file as it was read, what is wrong with it, and what importing it would do."""
    try:
        staged = _find(token)
    except NotFound:
        batch_id = _batch_of(token)
        if batch_id is None:
            raise
        return redirect(url_for("admin_data.batch", batch_id=batch_id))
    importer = importer_of(staged.importer)
    asked = _open_request(staged)
    if _at_work(asked):
        return page("zhike/admin/data_work.html", title=_(importer.title), **_work(staged, asked))
    return _check_page(staged, importer, asked)


def _check_page(
    staged: Staged, importer: Importer, asked: JobRequest | None = None, message: str = ""
) -> str:
    site = current().site
    report = staging.report_of(site, staged)
    titles = {column.key: _(column.title) for column in importer.columns}
    message = message or staged.message
    if not message and asked is not None and asked.state == "failed":
        message = _("The worker could not finish; nothing was imported. Please try again.")
    problems = report.problems[:SHOWN] if report else []
    return page(
        "zhike/admin/data_check.html",
        staged=staged,
        title=_(importer.title),
        report=report,
        message=message,
        titles=titles,
        ignored=[head for head, key, _example in staged.columns if not key],
        found=sum(1 for _head, key, _example in staged.columns if key),
        problems=[
            {
                "row": entry.row,
                "column": titles.get(entry.problem.column, ""),
                "message": entry.problem.message,
                "warning": entry.problem.warning,
            }
            for entry in problems
        ],
        more=len(report.problems) - len(problems) if report else 0,
        earlier=transfer.earlier_batch(reading(), importer.name, staged.digest),
        undo_days=transfer.UNDO_DAYS,
        undoable=bool(importer.models),
        later=staged.rows > transfer.INLINE_ROWS,
        fragment=False,
    )


@bp.post("/files/<token>/columns", permission=IMPORT)
def columns(token: str) -> ResponseReturnValue:
    """Say which column is which, and look again."""
    staged = _find(token)
    importer = importer_of(staged.importer)
    if _at_work(_open_request(staged)):
        raise Conflict(_("The worker is still busy with this file."))
    known = {column.key for column in importer.columns}
    assigned: dict[str, str] = {}
    for place, (head, _key, _example) in enumerate(staged.columns):
        key = request.form.get(f"column-{place}", "")
        assigned[head] = key if key in known else ""
    chosen = [key for key in assigned.values() if key]
    twice = {key for key in chosen if chosen.count(key) > 1}
    if twice:
        names = "、".join(_(c.title) for c in importer.columns if c.key in twice)
        message = _("Two columns of the file are the same: %(names)s.", names=names)
        return _check_page(staged, importer, message=message), 422
    staged.assigned, staged.message, staged.request_id = assigned, "", ""
    try:
        opened = transfer.open_staged(current().site, staged, importer, _, complete=False)
    except UserError as error:
        return _check_page(staged, importer, message=error.message), 422
    staging.describe(staged, opened)
    staging.save(current().site, staged)
    look(staged, importer)
    return redirect(url_for("admin_data.waiting_file", token=token))


@bp.get("/files/<token>/errors.xlsx", permission=IMPORT)
def errors(token: str) -> Response:
    """The same workbook with what is wrong written beside each row."""
    staged = _find(token)
    importer = importer_of(staged.importer)
    report = staging.report_of(current().site, staged)
    if report is None:
        raise NotFound(_("This file has not been looked at yet."))
    opened = transfer.open_staged(current().site, staged, importer, _)
    stem = PurePosixPath(staged.name).stem[:80] or _("import")
    return send_file(
        io.BytesIO(transfer.error_workbook(opened, report)),
        mimetype=XLSX,
        as_attachment=True,
        download_name=f"{stem}-{_('Errors')}.xlsx",
    )


@bp.post("/files/<token>/apply", permission=IMPORT)
def apply(token: str) -> ResponseReturnValue:
    """Import: every row or none, or the good ones; a long file is left to the worker."""
    try:
        staged = _find(token)
    except NotFound:
        batch_id = _batch_of(token)  # the second of two clicks
        if batch_id is None:
            raise
        return redirect(url_for("admin_data.batch", batch_id=batch_id))
    importer = importer_of(staged.importer)
    mode: transfer.Mode = "good" if request.form.get("mode") == "good" else "all"
    site = current().site
    here = url_for("admin_data.waiting_file", token=token)
    if _at_work(_open_request(staged)):
        return redirect(here)
    if staged.rows > transfer.INLINE_ROWS:
        data_work.ask(site, staged, data_work.APPLY, mode)
        return redirect(here)
    try:
        done = act(lambda s: str(transfer.apply_staged(s, staged, importer, mode, _).batch.id))
    except ImportRefused as error:
        flash(error.message, "error")
        return redirect(here)
    staging.drop(site, staged)
    flash(_("The file has been imported."), "success")
    return redirect(url_for("admin_data.batch", batch_id=done))


@bp.post("/files/<token>/drop", permission=IMPORT)
def drop(token: str) -> ResponseReturnValue:
    """Delete a waiting file; nothing of it is kept."""
    try:
        staged = _find(token)
    except NotFound:
        return redirect(url_for("admin_data.overview"))
    asked = _open_request(staged)
    if asked is not None and asked.state == "running":
        raise Conflict(_("The worker is still busy with this file."))
    staging.drop(current().site, staged)
    flash(_("The file was deleted; nothing was imported."), "success")
    return redirect(url_for("admin_data.overview"))


@bp.get("/files/<token>/progress", permission=IMPORT, polls=True)
def progress(token: str) -> Any:
    """How far the worker is; sends the page on when it is done."""
    try:
        staged = _find(token)
    except NotFound:
        staged = None
    asked = _open_request(staged) if staged is not None else None
    if staged is None or not _at_work(asked):
        answer = make_response("")
        answer.headers["HX-Redirect"] = url_for("admin_data.waiting_file", token=token)
        return answer
    return page("zhike/admin/data_progress.html", **_work(staged, asked))


def _work(staged: Staged, asked: JobRequest | None) -> dict[str, Any]:
    assert asked is not None
    return {
        "staged": staged,
        "applying": staged.doing == data_work.APPLY,
        "waits": asked.state == "waiting",
        "percent": staging.progress_of(current().site, staged),
    }
