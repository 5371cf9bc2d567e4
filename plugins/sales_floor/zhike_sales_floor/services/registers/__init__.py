"""Registers 台账: one mechanism for every list that the regulations ask a site to keep.

A register is an entry of :data:`REGISTERS`: its form (code, title, columns), what its lines are,
what it can be narrowed by and who may see it. Screen, paper, workbook and text file follow from
that; a further register is a further entry of the table.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from typing import Any

from zhike.api import (
    Column,
    CompanySession,
    Exporter,
    NotFound,
    UserError,
    _,
    clock,
    forms,
    organisation,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor.services import customers, live
from zhike_sales_floor.services.registers import floor as floor_registers
from zhike_sales_floor.services.registers import follow_up
from zhike_sales_floor.services.registers import office as office_registers
from zhike_sales_floor.services.registers import papers as paper_registers
from zhike_sales_floor.services.registers import statistics as statistic_registers
from zhike_sales_floor.services.registers.model import LINES, Register, Scope

__all__ = [
    "LINES",
    "ON_PAPER",
    "ON_SCREEN",
    "REGISTERS",
    "Register",
    "Scope",
    "exporter",
    "fill",
    "find",
    "scope_of",
]

#: Lines that a screen shows and that are set on paper; a workbook has no such end.
ON_SCREEN, ON_PAPER = 500, 5_000

REGISTERS: Mapping[str, Register] = {
    register.form.code: register
    for register in (
        *floor_registers.REGISTERS,
        *office_registers.REGISTERS,
        *paper_registers.REGISTERS,
        *statistic_registers.REGISTERS,
        *follow_up.REGISTERS,
    )
}


def find(code: str) -> Register:
    """The register of this code, e.g. ``SFF-03``; NotFound where there is none."""
    register = REGISTERS.get(code)
    if register is None:
        raise NotFound(_("There is no such register."))
    return register


def scope_of(
    s: CompanySession,
    register: Register,
    unit_id: uuid.UUID,
    *,
    since: date | None = None,
    until: date | None = None,
    rep: uuid.UUID | None = None,
    kind: str = "",
) -> Scope:
    """What of a register is wanted; the days are the site's, both ends included.

    Without ``since`` as many days as the register usually shows, up to ``until`` or today. Raises
    UserError for days of no calendar that is kept here and for an end before the beginning.
    """
    today = organisation.today(s, unit_id)
    last = until or max(today, since or today)
    for stated in (since or last, last):
        if stated < customers.EARLIEST:
            earliest = customers.EARLIEST
            raise UserError(_("This date lies before %(day)s.", day=earliest), field="day")
        if stated > today + timedelta(days=366):
            raise UserError(_("This date lies in the future."), field="day")
    first = since or last - timedelta(days=register.days - 1)
    if last < first:
        raise UserError(_("The end lies before the beginning."), field="until")
    return Scope(
        unit_id,
        first,
        last,
        rep if register.by_rep else None,
        kind if kind in register.kinds else "",
    )


def fill(
    s: CompanySession, register: Register, scope: Scope, *, limit: int | None = None
) -> tuple[forms.Form, forms.FormData, bool]:
    """A register as form and contents, and whether lines are left out because of ``limit``.

    Of more than one day every time is shown with its date.
    """
    rows: list[Mapping[str, Any]] = []
    more = False
    if limit is None:
        rows = list(register.rows(s, scope))
    else:
        rows = list(islice(register.rows(s, scope), limit + 1))
        more, rows = len(rows) > limit, rows[:limit]
    unit = organisation.tree(s).units.get(scope.unit_id)
    values = {
        "site": unit.name if unit else "",
        "day": scope.since if scope.one_day else scope.period,
        "period": scope.period,
        **register.head(s, scope),
    }
    data = forms.FormData(
        values=values,
        rows={LINES: rows, **register.further(s, scope)},
        tz=live.tz_of(s, scope.unit_id),
        printed_at=clock.now(),
    )
    return _dated(register.form, scope), data, more


def _dated(form: forms.Form, scope: Scope) -> forms.Form:
    if scope.one_day:
        return form
    tables = tuple(
        replace(
            table,
            columns=tuple(
                replace(column, kind="datetime", width=column.width + 6)
                if column.kind == "time" and column.key == "at"
                else column
                for column in table.columns
            ),
        )
        for table in form.tables
    )
    return replace(form, tables=tables)


#: What a column of a form is in a workbook or text file.
_KINDS: Mapping[str, Any] = {
    "integer": "integer",
    "money": "money",
    "date": "date",
    "datetime": "datetime",
    "time": "datetime",
    "flag": "boolean",
}


def exporter(register: Register, scope: Scope) -> Exporter:
    """The register as rows for a file, streamed, without a cap."""
    columns = next(table for table in register.form.tables if table.key == LINES).columns
    shares = [column.key for column in columns if column.kind == "share"]

    def rows(s: CompanySession, filters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        del filters  # they are those of the scope; the export log keeps them
        for row in register.rows(s, scope):
            told = {key: f"{row[key] / 100:g}%" for key in shares if isinstance(row[key], int)}
            yield {**row, **told} if told else row

    return Exporter(
        name=register.form.name,
        title=register.form.title,
        permission=may.EXPORT,
        columns=tuple(
            Column(key=column.key, title=column.title, kind=_KINDS.get(column.kind, "text"))
            for column in columns
        ),
        rows=rows,
    )
