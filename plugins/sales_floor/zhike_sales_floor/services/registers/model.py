"""What a register is, and what of one is wanted."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from zhike.api import CompanySession, forms
from zhike_sales_floor import permissions as may

#: The table of a form that holds the lines of the register.
LINES = "lines"

Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class Scope:
    """A stretch of one site's register: whole days, both ends included.

    rep, kind  narrow it, where the register can be narrowed so.
    """

    unit_id: uuid.UUID
    since: date
    until: date
    rep: uuid.UUID | None = None
    kind: str = ""

    @property
    def one_day(self) -> bool:
        """Whether it is a day's register, as on the old paper."""
        return self.since == self.until

    @property
    def period(self) -> str:
        """The days in figures."""
        if self.one_day:
            return self.since.isoformat()
        return f"{self.since.isoformat()} – {self.until.isoformat()}"

    def instants(self, tz: str) -> tuple[datetime, datetime]:
        """From the first instant of the first day until the first one after the last, in UTC."""
        zone = ZoneInfo(tz)
        begin = datetime.combine(self.since, time(0), zone)
        end = datetime.combine(self.until + timedelta(days=1), time(0), zone)
        return begin.astimezone(UTC), end.astimezone(UTC)


def _nothing(s: CompanySession, scope: Scope) -> Mapping[str, Any]:
    del s, scope
    return {}


@dataclass(frozen=True, kw_only=True)
class Register:
    """A register 台账 as data.

    form        code, title and columns; its table ``lines`` holds the lines.
    rows        ``rows(s, scope)`` yields the lines by column key, in order, read piece by piece.
    head        further values above the lines; further: rows of further tables, by their key.
    days        how many days it shows unless asked otherwise.
    by_rep      whether it can be narrowed to one rep; kinds: to one kind, value -> message id.
    permission  who may see it; own: the permission by which a rep sees his own lines, if any.
    group       under which heading it is offered: ``floor``, ``customers``, ``deals``, ``office``
                or ``figures``.
    """

    form: forms.Form
    rows: Callable[[CompanySession, Scope], Rows]
    head: Callable[[CompanySession, Scope], Mapping[str, Any]] = _nothing
    further: Callable[[CompanySession, Scope], Mapping[str, Rows]] = _nothing
    days: int = 1
    by_rep: bool = False
    kinds: Mapping[str, str] = field(default_factory=dict)
    permission: str = may.REGISTERS
    own: str = ""
    group: Literal["floor", "customers", "deals", "office", "figures"] = "floor"
