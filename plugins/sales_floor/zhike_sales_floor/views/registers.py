"""Registers of a day: 轮见表, 外出登记, 来人登记表, 补接券台账."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import request, url_for

from zhike.api import NotFound, _, current, forms, organisation, page, reading
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Ruling
from zhike_sales_floor.services import replay, sheets
from zhike_sales_floor.views._common import bp, site_of, unit_name
from zhike_sales_floor.views._papers import answer, on_screen


def _day(unit_id: uuid.UUID) -> date:
    try:
        return date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return organisation.today(reading(), unit_id)


@bp.get("/registers", permission=may.REGISTERS)
def registers_home() -> Any:
    """The registers of the site at which the reader works."""
    unit_id = site_of()
    current().require(may.REGISTERS, unit_id)
    return registers(unit_id)


@bp.get("/floor/<uuid:unit_id>/registers", permission=may.REGISTERS)
def registers(unit_id: uuid.UUID) -> Any:
    """A day and a register, on screen; printed and as workbook from there."""
    s = reading()
    on = _day(unit_id)
    code = request.args.get("register", "SFF-01")
    form = sheets.REGISTERS.get(code)
    if form is None:
        raise NotFound(_("There is no such register."))
    data = sheets.register(s, code, unit_id, on)
    return page(
        "sales_floor/registers.html",
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        day=on,
        code=code,
        registers=[(key, one.title) for key, one in sheets.REGISTERS.items()],
        days=list(replay.days(s, unit_id, 14)),
        form_title=form.title,
        form_html=forms.render_html(on_screen(form), data),
        may=may,
        fragment=False,
    )


@bp.get("/floor/<uuid:unit_id>/rulings/<uuid:ruling_id>", permission=may.REGISTERS)
def ruling(unit_id: uuid.UUID, ruling_id: uuid.UUID) -> Any:
    """A manager's ruling as a page to print, ``?as=pdf`` or ``?as=xlsx``."""
    s = reading()
    row = s.require(Ruling, ruling_id)
    if row.unit_id != unit_id:
        raise NotFound(_("This ruling belongs to another site."))
    form, data = sheets.ruling_sheet(s, row)
    return answer(form, data, request.args.get("as", "html"), back=url_for(".home"))


@bp.get("/floor/<uuid:unit_id>/registers/<code>", permission=may.REGISTERS)
def register(unit_id: uuid.UUID, code: str) -> Any:
    """One register as a page to print, ``?as=pdf`` or ``?as=xlsx``."""
    kind = request.args.get("as", "html")
    if kind == "xlsx":
        current().require(may.EXPORT, unit_id)
    form = sheets.REGISTERS.get(code)
    if form is None:
        raise NotFound(_("There is no such register."))
    on = _day(unit_id)
    data = sheets.register(reading(), code, unit_id, on)
    back = url_for(".registers", unit_id=unit_id, day=on.isoformat(), register=code)
    return answer(form, data, kind, back=back)
