"""Conversion 转化: of the customers who first came in a period, how many went how far."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, case, exists, func, select

from zhike.api import CompanySession
from zhike_sales_floor.models import Customer, Deal


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far the customers of one rep or source went; each step counts within the one before.

    visited     first came in the period.
    tracked     were contacted after that day.
    reserved    reserved or bought, whatever became of it.
    subscribed  bought and did not give back.
    """

    key: str
    visited: int
    tracked: int
    reserved: int
    subscribed: int

    @property
    def rate(self) -> int | None:
        """Subscribed of visited, in basis points; None where nobody came."""
        return round(10_000 * self.subscribed / self.visited) if self.visited else None

    @property
    def steps(self) -> tuple[int, int, int, int]:
        """The four counts in order."""
        return self.visited, self.tracked, self.reserved, self.subscribed


def _counts(key: Any) -> Select[Any]:
    dealt = exists().where(
        Deal.company_id == Customer.company_id,
        Deal.customer_id == Customer.id,
        (Deal.reserved_at.is_not(None)) | (Deal.closed_at.is_not(None)),
    )
    bought = exists().where(
        Deal.company_id == Customer.company_id,
        Deal.customer_id == Customer.id,
        Deal.closed_at.is_not(None),
        Deal.refunded_at.is_(None),
    )
    # Who bought on his first day was never called; he has gone further than any call.
    touched = (Customer.last_contact_on > Customer.first_visit_on) | dealt
    return select(
        key,
        func.count(),
        func.sum(case((touched, 1), else_=0)),
        func.sum(case((dealt, 1), else_=0)),
        func.sum(case((bought, 1), else_=0)),
    ).group_by(key)


def _read(
    s: CompanySession,
    key: Any,
    unit_id: uuid.UUID,
    since: date,
    until: date,
    own: uuid.UUID | None,
) -> list[Funnel]:
    statement = _counts(key).where(
        Customer.unit_id == unit_id,
        Customer.first_visit_on >= since,
        Customer.first_visit_on <= until,
    )
    if own is not None:
        statement = statement.where(Customer.owner_id == own)
    found = [
        Funnel("" if row[0] is None else str(row[0]), *(int(n) for n in row[1:]))
        for row in s.execute(statement)
    ]
    return sorted(found, key=lambda f: (-f.visited, f.key))


def by_rep(
    s: CompanySession,
    unit_id: uuid.UUID,
    since: date,
    until: date,
    *,
    own: uuid.UUID | None = None,
) -> list[Funnel]:
    """By owner (``key`` is the staff id, empty for nobody's), most customers first."""
    return _read(s, Customer.owner_id, unit_id, since, until, own)


def by_source(
    s: CompanySession,
    unit_id: uuid.UUID,
    since: date,
    until: date,
    *,
    own: uuid.UUID | None = None,
) -> list[Funnel]:
    """By source as it was written down, empty where nobody asked."""
    return _read(s, Customer.source, unit_id, since, until, own)


def whole(lines: list[Funnel]) -> Funnel:
    """All lines together."""
    sums = [sum(step) for step in zip(*(line.steps for line in lines), strict=True)]
    return Funnel("", *(sums or (0, 0, 0, 0)))
