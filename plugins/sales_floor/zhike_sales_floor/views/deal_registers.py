"""Registers of deals for a period: 小订, 大订, 签约, 收据, 变更 and the sales control 销控表."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import request, url_for

from zhike.api import NotFound, _, current, forms, organisation, page, reading
from zhike_sales_floor import permissions as may
from zhike_sales_floor.services import deal_sheets
from zhike_sales_floor.views._common import bp, site_of, unit_name
from zhike_sales_floor.views._papers import answer, on_screen


def _period(unit_id: uuid.UUID) -> tuple[date, date]:
    """The period in the address; by default the running month."""
    today = organisation.today(reading(), unit_id)

    def day(name: str, default: date) -> date:
        try:
            return date.fromisoformat(request.args.get(name, ""))
        except ValueError:
            return default

    return day("start", today.replace(day=1)), day("end", today)


def _form(code: str) -> forms.Form:
    form = deal_sheets.REGISTERS.get(code)
    if form is None:
        raise NotFound(_("There is no such register."))
    return form


@bp.get("/deal-registers", permission=may.REGISTERS)
def deal_registers_home() -> Any:
    """The deal registers of the site at which the reader works."""
    unit_id = site_of()
    current().require(may.REGISTERS, unit_id)
    return deal_registers(unit_id)


@bp.get("/floor/<uuid:unit_id>/deal-registers", permission=may.REGISTERS)
def deal_registers(unit_id: uuid.UUID) -> Any:
    """A period and a register, on screen; printed and as workbook from there."""
    start, end = _period(unit_id)
    code = request.args.get("register", "SFF-07-1")
    form = _form(code)
    data = deal_sheets.register(reading(), code, unit_id, start, end)
    return page(
        "sales_floor/deal_registers.html",
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        start=start,
        end=end,
        code=code,
        registers=[(key, one.title) for key, one in deal_sheets.REGISTERS.items()],
        form_title=form.title,
        form_html=forms.render_html(on_screen(form), data),
        may=may,
        fragment=False,
    )


@bp.get("/floor/<uuid:unit_id>/deal-registers/<code>", permission=may.REGISTERS)
def deal_register(unit_id: uuid.UUID, code: str) -> Any:
    """One register as a page to print, ``?as=pdf`` or ``?as=xlsx``."""
    kind = request.args.get("as", "html")
    if kind == "xlsx":
        current().require(may.EXPORT, unit_id)
    form = _form(code)
    start, end = _period(unit_id)
    data = deal_sheets.register(reading(), code, unit_id, start, end)
    back = url_for(".deal_registers", unit_id=unit_id, register=code, start=start, end=end)
    return answer(form, data, kind, back=back)
