"""Exports 导出: what can be taken, as which file, and who took what."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import Response, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import (
    BooleanField,
    DateField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, Optional

from zhike.admin.data import EXPORT, bp, owner_title
from zhike.contributions import Exporter
from zhike.errors import Forbidden, NotFound
from zhike.i18n import _
from zhike.models.transfer import ExportLog
from zhike.services import transfer
from zhike.web.context import current, reading
from zhike.web.form import PageForm
from zhike.web.page import options, page
from zhike.web.ui import Column, Empty, Table

__all__ = ["bp", "cards", "handed_out"]

UNIT = "unit"
"""The filter that names a site; see :class:`~zhike.contributions.Exporter`."""
_PREFIX = "by_"
_PAGE = 30


def _sites(exporter: Exporter) -> list[tuple[str, str]] | None:
    """The sites whose data the person may take; None: every one, and what belongs to none."""
    reach = current().principal.reach(exporter.permission)
    sites = current().principal.tree.sites
    if reach.everything:
        return None
    return [(str(site.id), site.name) for site in sites if site.id in reach.units]


def _allowed(exporter: Exporter) -> bool:
    sites = _sites(exporter)
    return sites is None or (bool(sites) and any(c.key == UNIT for c in exporter.filters))


def cards() -> list[dict[str, Any]]:
    """Exports of the active apps, as cards."""
    return [
        {
            "name": found.name,
            "title": _(found.title),
            "owner": owner_title(found.name),
            "columns": "、".join(_(column.title) for column in found.columns),
            "allowed": _allowed(found),
        }
        for found in current().active.items(Exporter)
        if current().can(found.permission)
    ]


def _exporter(name: str) -> Exporter:
    found = current().active.get(Exporter, name)
    if found is None:
        raise NotFound(_("There is no such export."))
    if not _allowed(found):
        raise Forbidden(
            _("Your role does not include this."), extra={"permission": found.permission}
        )
    return found


@bp.get("/exports", permission=EXPORT)
def exports() -> str:
    """A card for each export, and the log of what was taken."""
    statement = select(
        ExportLog.id,
        ExportLog.exporter,
        ExportLog.format,
        ExportLog.row_count,
        ExportLog.actor_name,
        ExportLog.at,
    )
    try:
        after = uuid.UUID(request.args.get("after", ""))
    except ValueError:
        pass
    else:
        statement = statement.where(ExportLog.id < after)
    rows = reading().execute(statement.order_by(ExportLog.id.desc()).limit(_PAGE + 1)).all()
    shown = rows[:_PAGE]
    registry = current().site.plugins.registry
    titles = {entry.value.name: _(entry.value.title) for entry in registry.of(Exporter)}
    table = Table(
        caption=_("What was exported"),
        columns=(
            Column("what", _("What"), phone="title"),
            Column("at", _("When"), kind="time"),
            Column("actor_name", _("Who")),
            Column("row_count", _("Rows"), kind="num"),
            Column("format", _("Format"), phone="state"),
        ),
        rows=[{**row._mapping, "what": titles.get(row.exporter, row.exporter)} for row in shown],
        base_url=url_for("admin_data.exports"),
        args=list(request.args.items(multi=True)),
        after=str(shown[-1].id) if len(rows) > _PAGE else "",
        empty=Empty(
            _("Nothing was exported yet"),
            _("Whoever takes data stands here and in the ledger, with the number of rows."),
            icon="file-earmark-arrow-down",
        ),
    )
    return page("zhike/admin/data_exports.html", cards=cards(), table=table)


def _form(exporter: Exporter) -> PageForm:
    """The form of an export: its filters, its columns, the kind of file."""
    fields: dict[str, Any] = {}
    for one in exporter.filters:
        label = _(one.title)
        name = f"{_PREFIX}{one.key}"
        if one.key == UNIT:
            sites = _sites(exporter)
            every = current().principal.tree.sites
            choices = sites if sites is not None else [(str(u.id), u.name) for u in every]
            head = [("", _("Every site"))] if sites is None else []
            rules = [Optional()] if sites is None else [InputRequired()]
            fields[name] = SelectField(label, rules, choices=options([*head, *choices]))
        elif one.kind == "choice":
            every_one = [("", _("all")), *((c, c) for c in one.choices)]
            fields[name] = SelectField(label, [Optional()], choices=options(every_one))
        elif one.kind == "boolean":
            fields[name] = BooleanField(label)
        elif one.kind == "date":
            fields[name] = DateField(label, [Optional()])
        else:
            fields[name] = StringField(label, [Optional(), Length(max=200)])
    fields["columns"] = SelectMultipleField(
        _l("Columns"),
        [InputRequired()],
        choices=options((column.key, _(column.title)) for column in exporter.columns),
        default=[column.key for column in exporter.columns],
    )
    fields["format"] = RadioField(
        _l("Format"),
        [InputRequired()],
        choices=options([("xlsx", _l("Workbook (xlsx)")), ("csv", "CSV")]),
        default="xlsx",
    )
    form: PageForm = type("ExportForm", (PageForm,), fields)()
    return form


@bp.route("/exports/<name>", methods=["GET", "POST"], permission=EXPORT)
def take(name: str) -> ResponseReturnValue:
    """Choose what to take; the answer is the file, and who took it is in the ledger."""
    exporter = _exporter(name)
    form = _form(exporter)
    if form.validate_on_submit():
        return _file(exporter, form)
    return page(
        "zhike/admin/data_export.html",
        title=_(exporter.title),
        owner=owner_title(exporter.name),
        form=form,
        filters=[form[f"{_PREFIX}{one.key}"] for one in exporter.filters],
    ), (422 if request.method == "POST" else 200)


def _file(exporter: Exporter, form: PageForm) -> Response:
    me = current()
    assert me.company is not None
    filters: dict[str, Any] = {}
    for one in exporter.filters:
        value = form[f"{_PREFIX}{one.key}"].data
        if value:
            filters[one.key] = value.isoformat() if isinstance(value, date) else value
    made = transfer.export(
        me.site,
        me.company.id,
        me.actor,
        exporter,
        filters=filters,
        columns=form["columns"].data,
        file_format=form["format"].data,
        tz=me.tz,
        translate=_,
    )
    return handed_out(made)


def handed_out(made: transfer.ExportFile) -> Response:
    """The answer that is this file; the file is gone when the answer is sent."""
    answer: Response = send_file(
        made.path, mimetype=made.media_type, as_attachment=True, download_name=made.name
    )
    answer.direct_passthrough = False  # passed through, an answer would not say when it is done
    answer.call_on_close(made.close)
    return answer
