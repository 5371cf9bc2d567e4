"""What waits: follow-ups that are overdue, and protection that is about to run out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from zhike.api import CompanySession, Party, organisation
from zhike_sales_floor.models import Customer

#: Days overdue from which each further group begins.
AGES = (1, 4, 8, 15)
#: Lines of a table at most; what is more is said, and exported from the list of customers.
LISTED = 500


@dataclass(frozen=True, slots=True)
class Overdue:
    """One owner's overdue follow-ups by age in days (1–3, 4–7, 8–14, 15 and more)."""

    owner_id: uuid.UUID | None
    ages: tuple[int, int, int, int]
    oldest: date

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.ages)


@dataclass(frozen=True, slots=True)
class Protection:
    """A customer whose protection ends soon; ``until`` is the last day (CV-2)."""

    customer_id: uuid.UUID
    name: str
    owner_id: uuid.UUID | None
    until: date
    last_contact_on: date | None
    grade: str


def overdue(
    s: CompanySession, unit_id: uuid.UUID, *, own: uuid.UUID | None = None
) -> list[Overdue]:
    """Follow-ups planned for a day before today, by owner, most first."""
    today = organisation.today(s, unit_id)
    statement = (
        select(Customer.owner_id, Customer.follow_up_on, func.count())
        .where(Customer.unit_id == unit_id, Customer.follow_up_on < today)
        .group_by(Customer.owner_id, Customer.follow_up_on)
    )
    if own is not None:
        statement = statement.where(Customer.owner_id == own)
    ages: dict[uuid.UUID | None, list[int]] = {}
    oldest: dict[uuid.UUID | None, date] = {}
    rows: Sequence[Any] = s.execute(statement).all()
    for owner, on, count in rows:
        late = (today - on).days
        place = max(n for n, begin in enumerate(AGES) if late >= begin)
        ages.setdefault(owner, [0, 0, 0, 0])[place] += count
        oldest[owner] = min(oldest.get(owner, on), on)
    lines = [Overdue(owner, (n[0], n[1], n[2], n[3]), oldest[owner]) for owner, n in ages.items()]
    return sorted(lines, key=lambda line: (-line.total, line.oldest))


def protection(
    s: CompanySession, unit_id: uuid.UUID, days: int, *, own: uuid.UUID | None = None
) -> list[Protection]:
    """Customers whose protection ends from today on within ``days`` days, soonest first.

    The last day is as the regulation in force keeps it on the customer: lapse under one, validity
    of the record under another.
    """
    today = organisation.today(s, unit_id)
    statement = (
        select(
            Customer.id,
            Party.name,
            Customer.owner_id,
            Customer.protected_until,
            Customer.last_contact_on,
            Customer.grade,
        )
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(
            Customer.unit_id == unit_id,
            Customer.protected_until.between(today, today + timedelta(days=days)),
        )
        .order_by(Customer.protected_until, Customer.id)
        .limit(LISTED + 1)
    )
    if own is not None:
        statement = statement.where(Customer.owner_id == own)
    rows: Sequence[Any] = s.execute(statement).all()
    return [Protection(row[0], row[1] or "", *row[2:]) for row in rows]
