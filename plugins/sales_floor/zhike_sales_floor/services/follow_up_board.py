"""What the pages about follow-ups read: who is left, what is missing, what is owed, how it went."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from zhike.api import CompanySession, Party
from zhike.rules import Policy, add_months
from zhike_sales_floor.models import Customer
from zhike_sales_floor.models_follow_up import (
    CustomerProblem,
    FollowUpContact,
    FollowUpCycle,
    FollowUpNotice,
    Point,
)
from zhike_sales_floor.services import floor
from zhike_sales_floor.services.follow_ups import Standing

OPEN = ("open", "reported")
_MOST = 300


@dataclass(frozen=True)
class Left:
    """A customer whom nobody has contacted in the running cycle."""

    id: uuid.UUID
    name: str
    phone: str
    grade: str
    owner_id: uuid.UUID | None
    followed_on: date | None
    last_contact_on: date | None
    excused: bool = False


@dataclass(frozen=True)
class RepLine:
    """One rep's running cycle in figures."""

    id: uuid.UUID
    owed: int
    left: int
    excused: int
    notice: FollowUpNotice | None
    records: int
    problems: int
    proposed: int

    @property
    def done(self) -> int:
        """How many are contacted."""
        return self.owed - self.left - self.excused


@dataclass(frozen=True)
class RecordLine:
    """A contact whose record is to be filled."""

    row: FollowUpContact
    name: str
    phone: str


def _owed(unit_id: uuid.UUID, start: date, policy: Policy) -> list[ColumnElement[bool]]:
    """Conditions on customers who have to be contacted in the cycle that begins on ``start``.

    The same as the engine's, as lists can ask them; the engine judges in the end.
    """
    found: list[ColumnElement[bool]] = [Customer.unit_id == unit_id, Customer.owned_since < start]
    if not policy.get("followup.closed_too"):
        found.append(Customer.closed_on.is_(None))
    months = policy.get("owner.record_validity_months")
    if months is not None:
        found.append(Customer.owned_since >= add_months(start, -int(months)))
    return found


def _not_followed(start: date) -> ColumnElement[bool]:
    return or_(Customer.followed_on.is_(None), Customer.followed_on < start)


def owed_count(
    s: CompanySession, unit_id: uuid.UUID, rep: uuid.UUID, start: date, policy: Policy
) -> int:
    """How many customers a rep has to contact in the cycle that begins on ``start``."""
    conditions = [*_owed(unit_id, start, policy), Customer.owner_id == rep]
    return int(s.scalar(select(func.count()).select_from(Customer).where(*conditions)) or 0)


def notices_of(s: CompanySession, unit_id: uuid.UUID, start: date) -> list[FollowUpNotice]:
    """Notices given in the cycle that begins on ``start``."""
    query = select(FollowUpNotice).where(
        FollowUpNotice.unit_id == unit_id, FollowUpNotice.since == start
    )
    return list(s.scalars(query.order_by(FollowUpNotice.at)))


def left_of(
    s: CompanySession,
    unit_id: uuid.UUID,
    reps: Sequence[uuid.UUID],
    found: Standing,
    *,
    notices: Sequence[FollowUpNotice] | None = None,
) -> list[Left]:
    """Customers of these reps who are still to be contacted, the longest silent first."""
    if found.cycle is None or not reps:
        return []
    start = found.cycle.start
    query = (
        select(
            Customer.id,
            Party.name,
            Party.phone_masked,
            Customer.grade,
            Customer.owner_id,
            Customer.followed_on,
            Customer.last_contact_on,
        )
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(
            *_owed(unit_id, start, found.policy), _not_followed(start), Customer.owner_id.in_(reps)
        )
        .order_by(func.coalesce(Customer.followed_on, date(1990, 1, 1)), Customer.id)
        .limit(_MOST)
    )
    given = notices_of(s, unit_id, start) if notices is None else notices
    return [
        Left(
            row[0], row[1] or "", row[2] or "", row[3], row[4], row[5], row[6],
            _excused(given, row[4], row[0]),
        )
        for row in s.execute(query)
    ]  # fmt: skip


def _excused(notices: Sequence[FollowUpNotice], rep: uuid.UUID | None, customer: uuid.UUID) -> bool:
    return any(
        one.staff_id == rep and (not one.customers or str(customer) in one.customers)
        for one in notices
    )


def left_count(s: CompanySession, unit_id: uuid.UUID, rep: uuid.UUID, found: Standing) -> int:
    """How many customers a rep has still to contact, those excused by notice left out."""
    return sum(not one.excused for one in left_of(s, unit_id, [rep], found))


def missing_records(
    s: CompanySession, unit_id: uuid.UUID, rep: uuid.UUID | None = None
) -> list[RecordLine]:
    """Contacts without their record, the oldest first."""
    query = (
        select(FollowUpContact, Party.name, Party.phone_masked)
        .join(Customer, Customer.id == FollowUpContact.customer_id)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(FollowUpContact.unit_id == unit_id, FollowUpContact.filled_at.is_(None))
        .order_by(FollowUpContact.met_at)
        .limit(_MOST)
    )
    if rep is not None:
        query = query.where(FollowUpContact.staff_id == rep)
    return [RecordLine(row[0], row[1] or "", row[2] or "") for row in s.execute(query)]


def open_problems(
    s: CompanySession, unit_id: uuid.UUID, *, person: uuid.UUID | None = None
) -> list[CustomerProblem]:
    """Problems nobody has solved or answered, what is due first in front.

    ``person`` narrows them to those the person works on or owes an answer to.
    """
    due = func.coalesce(CustomerProblem.answer_due_at, CustomerProblem.due_at)
    query = select(CustomerProblem).where(
        CustomerProblem.unit_id == unit_id, CustomerProblem.state.in_(OPEN)
    )
    if person is not None:
        mine = and_(CustomerProblem.staff_id == person, CustomerProblem.state == "open")
        query = query.where(or_(mine, CustomerProblem.reported_to_id == person))
    return list(s.scalars(query.order_by(due, CustomerProblem.id).limit(_MOST)))


def problems_of(s: CompanySession, customer_id: uuid.UUID) -> list[CustomerProblem]:
    """A customer's problems, the newest first."""
    query = select(CustomerProblem).where(CustomerProblem.customer_id == customer_id)
    return list(s.scalars(query.order_by(CustomerProblem.raised_at.desc()).limit(50)))


def team(s: CompanySession, unit_id: uuid.UUID, found: Standing) -> list[RepLine]:
    """Every rep's running cycle, whoever has most left in front."""
    if found.cycle is None:
        return []
    start = found.cycle.start
    reps = floor.reps_of(s, unit_id)
    notices = notices_of(s, unit_id, start)
    owed = _by(s, Customer.owner_id, *_owed(unit_id, start, found.policy))
    left: dict[Any, int] = {}
    excused: dict[Any, int] = {}
    silent = s.execute(
        select(Customer.owner_id, Customer.id).where(
            *_owed(unit_id, start, found.policy), _not_followed(start), Customer.owner_id.in_(reps)
        )
    )
    for row in silent:
        into = excused if _excused(notices, row[0], row[1]) else left
        into[row[0]] = into.get(row[0], 0) + 1
    records = _by(
        s,
        FollowUpContact.staff_id,
        FollowUpContact.unit_id == unit_id,
        FollowUpContact.filled_at.is_(None),
    )
    problems = _by(
        s,
        CustomerProblem.staff_id,
        CustomerProblem.unit_id == unit_id,
        CustomerProblem.state == "open",
    )
    proposed = _by(s, Point.staff_id, Point.unit_id == unit_id, Point.state == "proposed")
    last = {one.staff_id: one for one in notices}
    lines = [
        RepLine(
            rep,
            owed.get(rep, 0),
            left.get(rep, 0),
            excused.get(rep, 0),
            last.get(rep),
            records.get(rep, 0),
            problems.get(rep, 0),
            proposed.get(rep, 0),
        )
        for rep in reps
    ]
    return sorted(lines, key=lambda line: (-line.left, -line.records, -line.problems))


def _by(s: CompanySession, column: Any, *conditions: ColumnElement[bool]) -> dict[Any, int]:
    query = select(column, func.count()).where(*conditions).group_by(column)
    return {row[0]: int(row[1]) for row in s.execute(query)}


def cycles(
    s: CompanySession, unit_id: uuid.UUID, *, rep: uuid.UUID | None = None, limit: int = 200
) -> list[FollowUpCycle]:
    """Cycles that were judged, the newest first."""
    query = select(FollowUpCycle).where(FollowUpCycle.unit_id == unit_id)
    if rep is not None:
        query = query.where(FollowUpCycle.staff_id == rep)
    order = (FollowUpCycle.since.desc(), FollowUpCycle.missed.desc(), FollowUpCycle.id)
    return list(s.scalars(query.order_by(*order).limit(limit)))
