"""Data 数据: what can be imported and exported, and what was imported with which file."""

from __future__ import annotations

import io
import uuid
from pathlib import PurePosixPath
from typing import Any

from flask import Response, flash, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import FileField
from wtforms.validators import InputRequired

from zhike.admin import data_work
from zhike.contributions import Column as SheetColumn
from zhike.contributions import Importer
from zhike.db.session import CompanySession
from zhike.errors import Forbidden, NotFound, UserError
from zhike.i18n import _
from zhike.models.transfer import ImportBatch, ImportRow
from zhike.services import companies, demo_data, records, transfer
from zhike.services.lifecycle.words import title as plugin_title
from zhike.services.transfer import Staged, staging
from zhike.web import i18n
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, current, end_reading, reading
from zhike.web.form import PageForm
from zhike.web.page import keeping, page
from zhike.web.ui import Column, Empty, State, Table

bp = CoreBlueprint("admin_data", __name__, url_prefix="/admin/data")
IMPORT, EXPORT = "core.import", "core.export"
XLSX = transfer.exporting.MEDIA_TYPES["xlsx"]
_PAGE = 30
_ROWS_SHOWN = 100

_KINDS = {
    "text": _l("Text"),
    "integer": _l("Whole number"),
    "money": _l("Amount in yuan"),
    "date": _l("Date"),
    "datetime": _l("Date and time"),
    "boolean": _l("Yes or no"),
    "choice": _l("One of the list"),
}


class UploadForm(PageForm):
    """The file."""

    file = FileField(
        _l("File"),
        [InputRequired()],
        description=_l("xlsx, xls or csv, at most 20 MiB. The file is only looked at first."),
    )


def person() -> tuple[int, uuid.UUID]:
    """Company and user of the request: whose folder of waiting files is meant."""
    me = current()
    assert me.company is not None
    assert me.user is not None
    return me.company.id, me.user.id


def importer_of(name: str) -> Importer:
    """An importer of an active app that the person may use in the whole company."""
    found = current().active.get(Importer, name)
    if found is None:
        raise NotFound(_("There is no such import."))
    if not data_work.may_import(current().principal, found):
        raise Forbidden(
            _("Imports reach every site: your role has to hold in the whole company."),
            extra={"permission": found.permission},
        )
    return found


def owner_title(name: str) -> str:
    """The app that something belongs to by its name, in words."""
    owner = name.partition(".")[0]
    return "" if owner == "core" else plugin_title(current().site.plugins, owner)


def import_title(name: str) -> str:
    """An import in words; of an app that is off, its name."""
    found = current().site.plugins.registry.get(Importer, name)
    return _(found.value.title) if found is not None else name


@bp.get("", permission=IMPORT)
def overview() -> str:
    """A card for each import and export, files that wait, and past batches."""
    from zhike.admin.data_exports import cards as export_cards

    me = current()
    company_id, user_id = person()
    cards = [
        {
            "name": found.name,
            "title": _(found.title),
            "owner": owner_title(found.name),
            "columns": "、".join(_(column.title) for column in found.columns),
            "allowed": data_work.may_import(me.principal, found),
        }
        for found in me.active.items(Importer)
    ]
    waiting = [
        (staged, import_title(staged.importer))
        for staged in staging.waiting(me.site, company_id, user_id)
        if me.active.get(Importer, staged.importer) is not None  # others have a page of their own
    ]
    return page(
        "zhike/admin/data.html",
        cards=cards,
        exports=export_cards() if me.can(EXPORT) else [],
        waiting=waiting,
        table=_batches(reading()),
        demo=_demo(),
    )


def _administers() -> bool:
    grants = current().principal.grants
    return any(grant.is_admin and grant.unit_id is None for grant in grants)


def _demo() -> dict[str, Any] | None:
    """What the page says about demo data: only of a demo, to whoever administers all of it."""
    me = current()
    company = companies.company_of(reading())
    if not company.is_demo or not _administers():
        return None
    return {"name": company.name, "count": demo_data.count(me.site, company.id)}


@bp.post("/demo/remove", permission=IMPORT)
def remove_demo() -> ResponseReturnValue:
    """Remove the demo's data and close the company; the name has to be typed."""
    me = current()
    assert me.company is not None
    if not _administers():
        raise Forbidden(_("Only an administrator of the company may do this."))
    count = demo_data.remove(
        me.site,
        me.company.id,
        typed=request.form.get("confirm_name", ""),
        actor=me.actor,
    )
    end_reading()
    flash(_("The demo is gone: %(n)s rows removed. Its ledger stays.", n=count), "success")
    return redirect(url_for("core.login"))


def batch_state(row: Any) -> State:
    """A batch as a badge."""
    if row.state == "undone":
        return State(_("undone"), "void")
    if row.state == "applying":
        return State(_("coming in"), "active")
    return State(_("imported"), "done")


def _batches(s: CompanySession) -> Table:
    statement = select(
        ImportBatch.id,
        ImportBatch.importer,
        ImportBatch.file_name,
        ImportBatch.actor_name,
        ImportBatch.applied_at,
        ImportBatch.total,
        ImportBatch.created,
        ImportBatch.changed,
        ImportBatch.refused,
        ImportBatch.state,
    )
    try:
        after = uuid.UUID(request.args.get("after", ""))
    except ValueError:
        pass
    else:
        statement = statement.where(ImportBatch.id < after)
    rows = s.execute(statement.order_by(ImportBatch.id.desc()).limit(_PAGE + 1)).all()
    shown = rows[:_PAGE]
    return Table(
        caption=_("Past imports"),
        columns=(
            Column("file_name", _("File"), phone="title"),
            Column("what", _("What")),
            Column("applied_at", _("When"), kind="time"),
            Column("actor_name", _("Who")),
            Column("created", _("Added"), kind="num"),
            Column("changed", _("Changed"), kind="num"),
            Column("refused", _("Left out"), kind="num"),
            Column("state", _("State"), kind="state", phone="state"),
        ),
        rows=[
            {**row._mapping, "what": import_title(row.importer), "state": batch_state(row)}
            for row in shown
        ],
        row_url=lambda row: url_for("admin_data.batch", batch_id=row["id"]),
        base_url=url_for("admin_data.overview"),
        args=list(request.args.items(multi=True)),
        after=str(shown[-1].id) if len(rows) > _PAGE else "",
        empty=Empty(
            _("Nothing was imported yet"),
            _("Every import is kept here with its file name, and can be undone for 30 days."),
            icon="file-earmark-arrow-up",
        ),
    )


@bp.route("/import/<name>", methods=["GET", "POST"], permission=IMPORT)
def upload(name: str) -> ResponseReturnValue:
    """What the sheet holds, its template, and the field for the file; nothing is imported here."""
    importer = importer_of(name)
    form = UploadForm()
    if form.validate_on_submit():
        with keeping(form):
            return redirect(
                url_for("admin_data.waiting_file", token=_take(importer, form.file.data).token)
            )
    return page(
        "zhike/admin/data_upload.html",
        importer=importer,
        title=_(importer.title),
        owner=owner_title(importer.name),
        columns=[_column_words(column) for column in importer.columns],
        form=form,
        limits=transfer.LIMITS,
        inline_rows=transfer.INLINE_ROWS,
    ), (422 if request.method == "POST" else 200)


def _column_words(column: SheetColumn) -> dict[str, Any]:
    """A column as the page explains it."""
    return {
        "title": _(column.title),
        "required": column.required,
        "kind": "、".join(column.choices) if column.choices else _KINDS[column.kind],
        "aliases": "、".join(column.aliases),
        "example": column.example,
        "help": _(column.help) if column.help else "",
    }


def _take(importer: Importer, file: Any) -> Staged:
    """Open an uploaded file, keep it, and look at its rows where the columns are clear."""
    me = current()
    if not hasattr(file, "read") or not file.filename:
        raise UserError(_("Please choose a file."), field="file")
    raw = file.read(transfer.LIMITS.size + 1)
    name = PurePosixPath(file.filename.replace("\\", "/")).name
    try:
        opened = transfer.open_upload(
            raw,
            name,
            importer.columns,
            translate=_,
            assigned=transfer.remembered(reading(), importer.name),
            complete=False,
        )
    except UserError as error:
        error.field = "file"
        raise
    company_id, user_id = person()
    staged = staging.keep(
        me.site,
        company_id,
        user_id,
        importer=importer.name,
        name=opened.name,
        content=raw,
        actor=me.actor.name,
        locale=i18n.locale_name(),
        tz=me.tz,
    )
    staged.assigned = dict(opened.assigned)
    staging.describe(staged, opened)
    staging.save(me.site, staged)
    look(staged, importer)
    return staged


def look(staged: Staged, importer: Importer) -> None:
    """Check a waiting file, here or in the worker; not while a required column is unknown."""
    site = current().site
    staging.keep_report(site, staged, None)
    if staged.missing or not any(key for _head, key, _example in staged.columns):
        return
    if staged.rows > transfer.INLINE_ROWS:
        data_work.ask(site, staged, data_work.CHECK)
    else:
        transfer.check_staged(site, staged, importer, current().actor, _)


@bp.get("/import/<name>/template.xlsx", permission=IMPORT)
def template(name: str) -> Response:
    """The empty workbook of an import."""
    importer = importer_of(name)
    return send_file(
        io.BytesIO(transfer.template(importer, _)),
        mimetype=XLSX,
        as_attachment=True,
        download_name=f"{_(importer.title)}-{_('template')}.xlsx",
    )


@bp.get("/batches/<uuid:batch_id>", permission=IMPORT)
def batch(batch_id: uuid.UUID) -> str:
    """One import: what came of it, row by row, and undoing it."""
    return _batch_page(batch_id, ())


def _batch_page(batch_id: uuid.UUID, blocked: Any) -> str:
    s = reading()
    me = current()
    row = s.require(ImportBatch, batch_id)
    importer = me.active.get(Importer, row.importer)
    lines = s.execute(
        select(ImportRow.row_no, ImportRow.record, ImportRow.effect)
        .where(ImportRow.batch_id == row.id)
        .order_by(ImportRow.row_no)
        .limit(_ROWS_SHOWN)
    ).all()
    effects = {
        "created": State(_("added"), "done"),
        "changed": State(_("changed"), "active"),
    }
    whys = {
        "changed": _("changed since"),
        "gone": _("deleted since"),
        "used": _("in use by other records"),
    }
    return page(
        "zhike/admin/data_batch.html",
        row=row,
        title=import_title(row.importer),
        state=batch_state(row),
        can_undo=(
            row.state in ("applying", "applied")
            and row.images_dropped_at is None
            and importer is not None
            and bool(importer.models)
            and data_work.may_import(me.principal, importer)
        ),
        importer=importer,
        undo_days=transfer.UNDO_DAYS,
        lines=[
            {
                "row": line.row_no,
                "record": records.describe(s, line.record, me.principal),
                "effect": effects[line.effect],
            }
            for line in lines
        ],
        blocked=[
            {
                "row": entry.row,
                "record": records.describe(s, entry.record, me.principal),
                "why": whys[entry.why],
            }
            for entry in blocked[:200]
        ],
        blocked_count=len(blocked),
        fragment=False,
    )


@bp.post("/batches/<uuid:batch_id>/undo", permission=IMPORT)
def undo(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Take a whole import back, or say which rows stand in the way."""
    importer = importer_of(reading().require(ImportBatch, batch_id).importer)
    try:
        act(lambda s: str(transfer.undo_import(s, importer, batch_id).id))
    except transfer.UndoRefused as refused:
        return _batch_page(batch_id, refused.blocked), 409
    flash(_("The import was undone: everything is as it was before."), "success")
    return redirect(url_for("admin_data.batch", batch_id=batch_id))
