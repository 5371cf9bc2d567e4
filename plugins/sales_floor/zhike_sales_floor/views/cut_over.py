"""The cut-over from paper 切换: workbook out and in, what it would do, taking it back."""

from __future__ import annotations

import io
import uuid
from pathlib import PurePosixPath
from typing import Any

from flask import Response, flash, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue

from zhike.api import (
    CompanySession,
    NotFound,
    UserError,
    _,
    clock,
    current,
    page,
    policies,
    reading,
    transaction,
    transfer,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.services import board as boards
from zhike_sales_floor.services import cut_over, floor, live
from zhike_sales_floor.services.cut_over.sheets import label_of
from zhike_sales_floor.views._common import bp, doing, site_of, unit_name

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 100
"""Problems of a sheet that the page lists; the workbook has them all."""


class _TakenBack(Exception):
    """Everything was only tried: the transaction is to be rolled back."""


def _importer(unit_id: uuid.UUID) -> str:
    return f"sales_floor.cut_over.{unit_id.hex}"


def _person() -> tuple[int, uuid.UUID]:
    me = current()
    assert me.company is not None
    assert me.user is not None
    return me.company.id, me.user.id


def _waiting(unit_id: uuid.UUID) -> transfer.Staged | None:
    """The person's latest workbook for this site that waits."""
    company_id, user_id = _person()
    found = transfer.staging.waiting(current().site, company_id, user_id)
    return next((one for one in found if one.importer == _importer(unit_id)), None)


def _opened(s: CompanySession, unit_id: uuid.UUID, staged: transfer.Staged) -> Any:
    sheets = cut_over.book(label_of(s, unit_id), live.tz_of(s, unit_id))
    content = transfer.staging.content(current().site, staged)
    return transfer.open_book(content, staged.name, sheets, translate=_)


def _needed(unit_id: uuid.UUID) -> transfer.Staged:
    staged = _waiting(unit_id)
    if staged is None:
        raise NotFound(_("This file is no longer here: files are kept for a day. Upload it again."))
    return staged


@bp.get("/cut-over", permission=may.SET_FLOOR)
def cut_over_home() -> ResponseReturnValue:
    """The cut-over of the site at which the reader works."""
    return redirect(url_for(".cut_over_page", unit_id=site_of()), 302)


@bp.get("/floor/<uuid:unit_id>/cut-over", permission=may.SET_FLOOR)
def cut_over_page(unit_id: uuid.UUID, message: str = "") -> str:
    """The checklist: what is done, by whom; the workbook that waits and what it would do."""
    s = reading()
    row = cut_over.latest(s, unit_id)
    if row is not None and row.state == "undone":
        row = None
    staged = _waiting(unit_id)
    found = transfer.staging.found_of(current().site, staged) if staged else None
    resolved = policies.in_force(s, live.PLUGIN, unit_id, clock.now())
    floor_row = floor.floor_state(s, unit_id)
    gone_on = bool(row and row.seq and floor_row and floor_row[0].seq != row.seq)
    return page(
        "sales_floor/cut_over.html",
        row=row,
        staged=staged,
        found=found,
        message=message,
        gone_on=gone_on,
        titles={sheet.key: _(sheet.title) for sheet in cut_over.book("", "UTC")},
        parts=cut_over.PARTS,
        reps=len(floor.reps_of(s, unit_id)),
        policy=resolved.name,
        mode=_(words.MODES[resolved.mode]),
        largest=cut_over.LARGEST,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        words=words,
        may=may,
        fragment=False,
    )


@bp.get("/floor/<uuid:unit_id>/cut-over/template.xlsx", permission=may.SET_FLOOR)
def cut_over_template(unit_id: uuid.UUID) -> Response:
    """The workbook, filled with what is known."""
    s = reading()
    tz = live.tz_of(s, unit_id)
    content = transfer.book_template(cut_over.known_book(s, unit_id), _, tz=tz)
    return send_file(
        io.BytesIO(content),
        mimetype=XLSX,
        as_attachment=True,
        download_name=f"{unit_name(unit_id)}-{_('Cut-over from paper')}.xlsx",
    )


@bp.post("/floor/<uuid:unit_id>/cut-over", permission=may.SET_FLOOR)
def cut_over_upload(unit_id: uuid.UUID) -> ResponseReturnValue:
    """Keep the filled workbook and try it without effect."""
    me = current()
    me.require(may.IMPORT, unit_id)
    s = reading()
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise UserError(_("Please choose a file."), field="file")
        raw = file.read(transfer.LIMITS.size + 1)
        name = PurePosixPath(file.filename.replace("\\", "/")).name
        sheets = cut_over.book(label_of(s, unit_id), live.tz_of(s, unit_id))
        opened = transfer.open_book(raw, name, sheets, translate=_)
        rows = sum(len(upload.rows) for upload in opened.values())
        if rows > cut_over.LARGEST:
            raise UserError(
                _(
                    "More than %(n)s rows at once: import the customers ahead, on the page Data.",
                    n=cut_over.LARGEST,
                ),
                field="file",
            )
    except UserError as error:
        return cut_over_page(unit_id, error.message), 422
    company_id, user_id = _person()
    older = _waiting(unit_id)
    if older is not None:
        transfer.staging.drop(me.site, older)
    staged = transfer.staging.keep(
        me.site,
        company_id,
        user_id,
        importer=_importer(unit_id),
        name=next(iter(opened.values())).name,
        content=raw,
        actor=me.actor.name,
        tz=live.tz_of(s, unit_id),
    )
    try:
        _try(unit_id, staged)
    except UserError as error:
        transfer.staging.drop(me.site, staged)
        return cut_over_page(unit_id, error.message), 422
    return redirect(url_for(".cut_over_page", unit_id=unit_id), 303)


def _try(unit_id: uuid.UUID, staged: transfer.Staged) -> None:
    """Do all of the waiting workbook, take it back, and keep what was found."""
    kept: dict[str, Any] = {}

    def once() -> None:
        kept.clear()
        try:
            with transaction() as s:
                uploads = _opened(s, unit_id, staged)
                tried = cut_over.try_out(s, unit_id, uploads, _)
                kept.update(_told(tried, uploads))
                raise _TakenBack
        except _TakenBack:
            return

    current().site.retrying(once)
    transfer.staging.keep_found(current().site, staged, kept)


def _told(tried: cut_over.Tried, uploads: Any) -> dict[str, Any]:
    """What was found, for the page and for marking the workbook, as JSON."""
    return {
        "sheets": {
            key: {
                **report.to_json(),
                "problems": [
                    [entry.row, entry.problem.column, entry.problem.message, entry.problem.warning]
                    for entry in report.problems
                ],
                "tab": uploads[key].sheet,
                "examples": report.examples,
            }
            for key, report in tried.reports.items()
        },
        "trouble": tried.trouble,
        "floor_clean": tried.floor_clean,
        "board": _board(tried.board) if tried.board else None,
    }


def _board(board: boards.Board) -> dict[str, Any]:
    """The board as it would be, in words."""

    def party(card: boards.VisitCard) -> str:
        return card.label or _("Visitor no. %(n)s", n=card.number)

    return {
        "next": [board.names.get(one, "") for one in board.next_up[:4]],
        "reps": [
            {
                "place": rep.place,
                "name": rep.name,
                "state": _(rep.shown[0]),
                "tone": rep.shown[1],
                "visit": party(rep.visit) if rep.visit else "",
                "tickets": rep.comp + rep.refund,
            }
            for rep in board.reps
            if rep.in_ring
        ],
        "waiting": [party(card) for card in board.waiting],
        "tickets": [
            f"{board.names.get(rep, '')}（{_(words.TICKET_KINDS[kind])}）"
            for rep, kind in board.tickets
        ],
    }


@bp.get("/floor/<uuid:unit_id>/cut-over/errors.xlsx", permission=may.SET_FLOOR)
def cut_over_errors(unit_id: uuid.UUID) -> ResponseReturnValue:
    """The same workbook with what is wrong written beside the rows of every sheet."""
    staged = _waiting(unit_id)
    found = transfer.staging.found_of(current().site, staged) if staged else None
    if staged is None or found is None:
        # A link kept from an earlier file leads to where a workbook is brought in.
        return redirect(url_for(".cut_over_page", unit_id=unit_id), 302)
    uploads = _opened(reading(), unit_id, staged)
    reports = {
        key: transfer.Report(
            problems=[
                transfer.RowProblem(row, transfer.Problem(message, column, warning))
                for row, column, message, warning in sheet["problems"]
            ]
        )
        for key, sheet in found["sheets"].items()
    }
    stem = PurePosixPath(staged.name).stem[:80]
    return send_file(
        io.BytesIO(transfer.error_book(uploads, reports)),
        mimetype=XLSX,
        as_attachment=True,
        download_name=f"{stem}-{_('Errors')}.xlsx",
    )


@bp.post("/floor/<uuid:unit_id>/cut-over/bring-in", permission=may.SET_FLOOR)
def cut_over_bring_in(unit_id: uuid.UUID) -> ResponseReturnValue:
    """Import the chosen sheets: every row of each, or none."""
    current().require(may.IMPORT, unit_id)
    staged = _needed(unit_id)
    parts = request.form.getlist("parts")
    back = url_for(".cut_over_page", unit_id=unit_id)

    def work(s: CompanySession) -> str:
        row = cut_over.bring_in(s, unit_id, _opened(s, unit_id, staged), parts, _)
        added = sum(row.parts[part]["created"] for part in parts if part in row.parts)
        return _("Brought in: %(n)s new records.", n=added)

    try:
        answer = doing(work, back=back)
    except UserError as error:
        if error.status in (403, 404, 503):
            raise
        flash(error.message, "error")
        return redirect(back, 303)
    _try_again(unit_id, staged)
    return answer


def _try_again(unit_id: uuid.UUID, staged: transfer.Staged) -> None:
    """Look at the waiting workbook anew, against what has come in meanwhile."""
    try:
        _try(unit_id, staged)
    except UserError as error:
        flash(error.message, "error")


@bp.post("/floor/<uuid:unit_id>/cut-over/set", permission=may.SET_FLOOR)
def cut_over_set(unit_id: uuid.UUID) -> ResponseReturnValue:
    """Set the floor as the sheets say, as one event."""
    staged = _needed(unit_id)
    return _once(
        unit_id,
        lambda s: _set(s, unit_id, staged),
    )


def _set(s: CompanySession, unit_id: uuid.UUID, staged: transfer.Staged) -> str:
    cut_over.set_floor(s, unit_id, _opened(s, unit_id, staged), _)
    return _("The floor is set. Compare the board with the paper, then confirm the cut-over.")


def _once(unit_id: uuid.UUID, work: Any) -> ResponseReturnValue:
    """Do an act of the cut-over; a refusal is told on its page."""
    back = url_for(".cut_over_page", unit_id=unit_id)
    try:
        return doing(work, back=back)
    except UserError as error:
        if error.status in (403, 404, 503):
            raise
        flash(error.message, "error")
        return redirect(back, 303)


@bp.post("/floor/<uuid:unit_id>/cut-over/confirm", permission=may.SET_FLOOR)
def cut_over_confirm(unit_id: uuid.UUID) -> ResponseReturnValue:
    """The cut-over stands; it can no longer be taken back."""
    staged = _waiting(unit_id)

    def work(s: CompanySession) -> str:
        cut_over.confirm(s, unit_id)
        return _("The cut-over is confirmed: from now on the software is the register.")

    answer = _once(unit_id, work)
    if staged is not None:
        transfer.staging.drop(current().site, staged)
    return answer


@bp.post("/floor/<uuid:unit_id>/cut-over/take-back", permission=may.SET_FLOOR)
def cut_over_take_back(unit_id: uuid.UUID) -> ResponseReturnValue:
    """Undo all of the cut-over, while nothing has happened on the floor since."""

    def work(s: CompanySession) -> str:
        cut_over.take_back(s, unit_id)
        return _("The cut-over was taken back: everything is as it was before.")

    return _once(unit_id, work)


@bp.post("/floor/<uuid:unit_id>/cut-over/drop", permission=may.SET_FLOOR)
def cut_over_drop(unit_id: uuid.UUID) -> ResponseReturnValue:
    """Delete the waiting workbook."""
    staged = _waiting(unit_id)
    if staged is not None:
        transfer.staging.drop(current().site, staged)
        flash(_("The file was deleted; nothing was imported."), "success")
    return redirect(url_for(".cut_over_page", unit_id=unit_id), 303)
