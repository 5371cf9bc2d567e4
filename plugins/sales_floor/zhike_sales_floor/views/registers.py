"""Registers of a site: chosen, narrowed, on screen, on paper and as a file."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from flask import Response, request, url_for

from zhike.api import (
    NotFound,
    UserError,
    _,
    current,
    forms,
    organisation,
    page,
    reading,
    transfer,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.forms import uuid_of
from zhike_sales_floor.models import Ruling
from zhike_sales_floor.services import floor, live, registers, sheets
from zhike_sales_floor.services.registers import Register, Scope
from zhike_sales_floor.views._common import bp, own_staff, site_of, staff_names, unit_name
from zhike_sales_floor.views._papers import answer, on_screen

FILES = ("xlsx", "csv")


def _day(name: str) -> date | None:
    """A day of the address; None where it names none."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def scope_asked(register: Register, unit_id: uuid.UUID, *, rep: uuid.UUID | None = None) -> Scope:
    """The stretch that the address asks for: ``day``, or ``since`` to ``until``, ``rep``, ``kind``.

    ``rep`` is whose lines alone the reader may see.
    """
    on = _day("day")
    return registers.scope_of(
        reading(),
        register,
        unit_id,
        since=_day("since"),
        until=_day("until") or on,
        rep=rep or uuid_of(request.args.get("rep")),
        kind=request.args.get("kind", ""),
    )


def _allowed(unit_id: uuid.UUID) -> dict[str, Register]:
    me = current()
    return {
        code: register
        for code, register in registers.REGISTERS.items()
        if me.can(register.permission, unit_id)
    }


def _periods(scope: Scope, today: date) -> list[tuple[str, date, date]]:
    """The stretches people ask for most, and the ones before and after what is shown."""
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    last_month = (first - timedelta(days=1)).replace(day=1)
    length = scope.until - scope.since + timedelta(days=1)
    return [
        (_("Earlier"), scope.since - length, scope.until - length),
        (_("Today"), today, today),
        (_("This week"), monday, today),
        (_("This month"), first, today),
        (_("Last month"), last_month, first - timedelta(days=1)),
        (_("Later"), scope.since + length, scope.until + length),
    ]


@bp.get("/registers", permission=may.REGISTERS)
def registers_home() -> Any:
    """The registers of the site at which the reader works."""
    unit_id = site_of()
    current().require(may.REGISTERS, unit_id)
    return register_list(unit_id)


@bp.get("/floor/<uuid:unit_id>/registers", permission=may.REGISTERS)
def register_list(unit_id: uuid.UUID) -> Any:
    """A register on screen, for the days asked for; printed and as a file from there."""
    register = registers.find(request.args.get("register", "SFF-01"))
    current().require(register.permission, unit_id)
    return shown(register, unit_id, scope_asked(register, unit_id), _allowed(unit_id))


@bp.get("/floor/<uuid:unit_id>/registers/<code>", permission=may.REGISTERS)
def register(unit_id: uuid.UUID, code: str) -> Any:
    """One register as a page to print, ``?as=pdf``, ``?as=xlsx`` or ``?as=csv``."""
    found = registers.find(code)
    current().require(found.permission, unit_id)
    scope = scope_asked(found, unit_id)
    back = url_for(".register_list", unit_id=unit_id, **address(found, scope))
    return taken(found, scope, request.args.get("as", "html"), back=back)


@bp.get("/my-registers/<code>", permission=may.SELF)
def my_register(code: str) -> Any:
    """A rep's own lines of a register: on screen, to print, as PDF."""
    found = registers.find(code)
    me = own_staff()
    if not found.own or me is None:
        raise NotFound(_("There is no such register."))
    unit_id = site_of()
    current().require(found.own, unit_id)
    scope = scope_asked(found, unit_id, rep=me)
    kind = request.args.get("as", "")
    if kind:
        return taken(found, scope, kind, back=url_for(".my_register", code=code))
    mine = {key: one for key, one in registers.REGISTERS.items() if one.own}
    return shown(found, unit_id, scope, mine, mine=True)


def address(register: Register, scope: Scope) -> dict[str, Any]:
    """What an address says of a register and its stretch."""
    said = {
        "register": register.form.code,
        "since": scope.since.isoformat(),
        "until": scope.until.isoformat(),
        "rep": str(scope.rep or ""),
        "kind": scope.kind,
    }
    return {key: value for key, value in said.items() if value}


def shown(
    register: Register,
    unit_id: uuid.UUID,
    scope: Scope,
    offered: dict[str, Register],
    *,
    mine: bool = False,
) -> str:
    """The page of a register with its filters."""
    s = reading()
    form, data, more = registers.fill(s, register, scope, limit=registers.ON_SCREEN)
    names = staff_names(s)
    said = address(register, scope)
    base = url_for(".my_register", code=register.form.code) if mine else ""

    def to(**changes: str) -> str:
        pairs: dict[str, Any] = {**said, **changes}
        if mine:
            return url_for(".my_register", **{**pairs, "code": pairs.pop("register")})
        return url_for(".register_list", unit_id=unit_id, **pairs)

    def file(kind: str) -> str:
        pairs: dict[str, Any] = {k: v for k, v in said.items() if k != "register"}
        pairs["as"] = kind
        if mine:
            return url_for(".my_register", code=register.form.code, **pairs)
        return url_for(".register", unit_id=unit_id, code=register.form.code, **pairs)

    return page(
        "sales_floor/registers.html",
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        scope=scope,
        register=register,
        code=register.form.code,
        groups=[
            (
                _(title),
                [
                    (to(register=code, rep="", kind=""), one.form.title, code)
                    for code, one in offered.items()
                    if one.group == group
                ],
            )
            for group, title in words.REGISTER_GROUPS.items()
            if any(one.group == group for one in offered.values())
        ],
        periods=[
            (label, to(since=a.isoformat(), until=b.isoformat()), (a, b) == _bounds(scope))
            for label, a, b in _periods(scope, organisation.today(s, unit_id))
        ],
        reps=[(str(one), names.get(one, "")) for one in floor.reps_of(s, unit_id)]
        if register.by_rep and not mine
        else [],
        kinds=[(key, _(word)) for key, word in register.kinds.items() if key],
        more=more,
        limit=registers.ON_SCREEN,
        base=base,
        file=file,
        files=bool(current().can(may.EXPORT, unit_id)),
        form_title=form.title,
        form_html=forms.render_html(on_screen(form), data),
        empty=not data.rows[registers.LINES],
        fragment=False,
    )


def _bounds(scope: Scope) -> tuple[date, date]:
    return scope.since, scope.until


def taken(register: Register, scope: Scope, kind: str, *, back: str) -> str | Response:
    """A register that leaves the screen: a page to print, a PDF, or a file that is logged."""
    if kind in FILES:
        current().require(may.EXPORT, scope.unit_id)
        return _file(register, scope, kind)
    form, data, more = registers.fill(reading(), register, scope, limit=registers.ON_PAPER)
    if more:
        raise UserError(
            _(
                "These are more than %(n)s lines, too many for paper. Please choose fewer days, or "
                "take the workbook.",
                n=registers.ON_PAPER,
            )
        )
    return answer(form, data, kind, back=back)


def _file(register: Register, scope: Scope, kind: str) -> Response:
    me = current()
    assert me.company is not None
    said = {key: value for key, value in address(register, scope).items() if key != "register"}
    with transfer.export(
        me.site,
        me.company.id,
        me.actor,
        registers.exporter(register, scope),
        filters={"unit": str(scope.unit_id), **said},
        file_format="csv" if kind == "csv" else "xlsx",
        tz=live.tz_of(reading(), scope.unit_id),
        translate=_,
    ) as file:
        content = file.path.read_bytes()
        name = f"{register.form.code}-{scope.since:%Y%m%d}-{scope.until:%Y%m%d}.{kind}"
    return Response(
        content,
        mimetype=file.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
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
