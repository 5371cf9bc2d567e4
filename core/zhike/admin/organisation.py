"""Sites and departments: the company's tree (its people: beside)."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select
from wtforms import IntegerField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from zhike.db.session import CompanySession
from zhike.i18n import _
from zhike.models.organisation import Post, Unit
from zhike.services import organisation
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, reading
from zhike.web.form import PageForm
from zhike.web.page import chosen_id, keeping, options, page
from zhike.web.ui import Column, Empty, State, Table

bp = CoreBlueprint("admin_organisation", __name__, url_prefix="/admin/organisation")
PERMISSION = "core.organisation"


class UnitForm(PageForm):
    """A site or department."""

    name = StringField(_l("Designation"), [InputRequired(), Length(max=60)])
    kind = RadioField(
        _l("Kind"),
        choices=options([("site", _l("Site")), ("department", _l("Department"))]),
        default="department",
        validators=[InputRequired()],
    )
    code = StringField(
        _l("Short code"),
        [InputRequired(), Length(max=12)],
        description=_l("Stands in numbers of records; cannot be changed later."),
    )
    parent_id = SelectField(_l("Belongs to"), [Optional()])
    tz = StringField(
        _l("Time zone"),
        [Optional(), Length(max=40)],
        description=_l("For example Asia/Shanghai; empty means the company's."),
    )
    sort = IntegerField(_l("Order"), [Optional(), NumberRange(0, 9999)], default=0)


def unit_choices(
    s: CompanySession, *, empty: str = "", without: frozenset[uuid.UUID] = frozenset()
) -> list[SelectChoice]:
    """Open units as choices of a select, indented as the tree; ``empty`` names the first one."""
    tree = organisation.tree(s)
    found = [("", empty)] if empty else []

    def walk(parent: uuid.UUID | None, depth: int) -> None:
        for unit_id in tree.children.get(parent, ()):
            unit = tree.units[unit_id]
            if unit.open and unit_id not in without:
                found.append((str(unit_id), "\u3000" * depth + unit.name))
                walk(unit_id, depth + 1)

    walk(None, 0)
    return options(found)


@bp.get("", permission=PERMISSION)
def units() -> str:
    """The company's tree of sites and departments."""
    s = reading()
    tree = organisation.tree(s)
    today = organisation.today(s)
    counts: dict[uuid.UUID, int] = {
        row.unit_id: row.people
        for row in s.execute(
            select(Post.unit_id, func.count(func.distinct(Post.staff_id)).label("people"))
            .where(
                Post.valid_from <= today,
                or_(Post.valid_until.is_(None), Post.valid_until >= today),
            )
            .group_by(Post.unit_id)
        )
    }
    rows: list[dict[str, Any]] = []

    def walk(parent: uuid.UUID | None, depth: int) -> None:
        for unit_id in tree.children.get(parent, ()):
            unit = tree.units[unit_id]
            rows.append(
                {
                    "id": unit_id,
                    "name": "\u3000" * depth + unit.name,
                    "kind": _("Site") if unit.kind == "site" else _("Department"),
                    "code": unit.code,
                    "people": counts.get(unit_id, 0),
                    "tz": unit.tz,
                    "state": State(_("open"), "done") if unit.open else State(_("closed"), "void"),
                }
            )
            walk(unit_id, depth + 1)

    walk(None, 0)
    table = Table(
        caption=_("Sites and departments"),
        columns=(
            Column("name", _("Designation"), phone="title"),
            Column("kind", _("Kind")),
            Column("code", _("Short code")),
            Column("people", _("People"), kind="num"),
            Column("tz", _("Time zone"), phone="hide"),
            Column("state", _("State"), kind="state", phone="state"),
        ),
        rows=rows,
        row_url=lambda row: url_for("admin_organisation.unit", unit_id=row["id"]),
        empty=Empty(
            _("No site yet"),
            _("A site is where customers are received; departments hang below it."),
            url_for("admin_organisation.new_unit"),
            _("Add the first site"),
        ),
    )
    return page("zhike/admin/units.html", table=table)


@bp.route("/units/new", methods=["GET", "POST"], permission=PERMISSION)
def new_unit() -> ResponseReturnValue:
    """Add a site or department."""
    form = UnitForm()
    form.parent_id.choices = unit_choices(reading(), empty=_("The company itself"))
    if request.method == "GET" and not organisation.tree(reading()).sites:
        form.kind.data = "site"  # a company's first unit is where it receives customers
    if form.validate_on_submit():
        with keeping(form):
            name = act(
                lambda s: (
                    organisation.add_unit(
                        s,
                        name=form.name.data,
                        code=form.code.data,
                        kind=form.kind.data,
                        parent_id=chosen_id(form.parent_id.data),
                        tz=(form.tz.data or "").strip(),
                        sort=form.sort.data or 0,
                    ).name
                )
            )
            flash(_("%(name)s has been added.", name=name), "success")
            return redirect(url_for("admin_organisation.units"))
    return page(
        "zhike/admin/form.html",
        form=form,
        title=_("New site or department"),
        up=_("Sites and departments"),
        cancel=url_for("admin_organisation.units"),
    ), (422 if request.method == "POST" else 200)


@bp.route("/units/<uuid:unit_id>", methods=["GET", "POST"], permission=PERMISSION)
def unit(unit_id: uuid.UUID) -> ResponseReturnValue:
    """Change a unit, close it or open it again."""
    s = reading()
    row = s.require(Unit, unit_id)
    form = UnitForm(obj=row)
    del form.code, form.kind
    below = organisation.tree(s).subtree(unit_id)
    form.parent_id.choices = unit_choices(s, empty=_("The company itself"), without=below)
    if request.method == "GET":
        form.parent_id.data = str(row.parent_id or "")
    if form.validate_on_submit():
        with keeping(form):
            act(
                lambda s: (
                    organisation.change_unit(
                        s,
                        unit_id,
                        name=form.name.data,
                        parent_id=chosen_id(form.parent_id.data),
                        tz=(form.tz.data or "").strip(),
                        sort=form.sort.data or 0,
                    ).name
                )
            )
            flash(_("Saved."), "success")
            return redirect(url_for("admin_organisation.units"))
    return page("zhike/admin/unit.html", form=form, unit=row), (
        422 if request.method == "POST" else 200
    )


@bp.post("/units/<uuid:unit_id>/close", permission=PERMISSION)
def close_unit(unit_id: uuid.UUID) -> ResponseReturnValue:
    """Close a unit, or open it again."""
    reopen = request.form.get("reopen") == "1"
    act(lambda s: organisation.close_unit(s, unit_id, reopen=reopen))
    flash(_("Opened again.") if reopen else _("Closed."), "success")
    return redirect(url_for("admin_organisation.units"))
