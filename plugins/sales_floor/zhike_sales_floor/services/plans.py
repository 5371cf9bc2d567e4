"""Plans of a day and a week 日/周计划表 (SFF-13); registration handed in daily (SF-D-23)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, or_, select

from zhike.api import CompanySession, Conflict, Party, UserError, _, clock
from zhike_sales_floor.models import Customer, Deal, Visit
from zhike_sales_floor.models_office import Call, HandIn, Plan, Track
from zhike_sales_floor.services import customers, live
from zhike_sales_floor.services.duties import Duties

KINDS = ("day", "week")


def starts(kind: str, on: date) -> date:
    """The day a plan is about, or the Monday of its week."""
    return on if kind == "day" else on - timedelta(days=on.weekday())


def find(
    s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID, kind: str, on: date
) -> Plan | None:
    """A person's plan of the day or week in which ``on`` lies."""
    return s.scalars(
        select(Plan).where(
            Plan.unit_id == unit_id,
            Plan.staff_id == staff_id,
            Plan.kind == kind,
            Plan.starts_on == starts(kind, on),
        )
    ).first()


def save(
    s: CompanySession,
    unit_id: uuid.UUID,
    staff_id: uuid.UUID,
    kind: str,
    on: date,
    *,
    plan: str,
    summary: str,
) -> Plan:
    """Write a plan, or its summary; each keeps the time at which it was first written.

    Raises Conflict once the summary has been taken in, UserError for a plan that says nothing.
    """
    if kind not in KINDS:
        raise UserError(_("Please choose day or week."), field="kind")
    if not plan.strip() and not summary.strip():
        raise UserError(_("Please write something down."), field="plan")
    live.set_up(s, unit_id)
    live.lock_floor(s, unit_id)  # one row a person and period, whoever presses first
    row = find(s, unit_id, staff_id, kind, on)
    if row is None:
        row = Plan(unit_id=unit_id, staff_id=staff_id, kind=kind, starts_on=starts(kind, on))
        s.add(row)
    if row.received_at is not None:
        raise Conflict(_("The summary has been taken in: nothing can be changed any more."))
    now = clock.now()
    row.plan, row.summary = plan.strip(), summary.strip()
    row.planned_at = (row.planned_at or now) if row.plan else None
    row.summed_at = (row.summed_at or now) if row.summary else None
    s.flush()
    return row


def receive(s: CompanySession, plan_id: uuid.UUID) -> Plan:
    """Take a summary in 收回: from then on nothing of it changes."""
    row = s.require(Plan, plan_id)
    if row.summed_at is None:
        raise Conflict(_("There is no summary yet."))
    if row.received_at is not None:
        raise Conflict(_("It has been taken in already."))
    row.received_at, row.received_by = clock.now(), s.actor.name
    s.flush()
    return row


@dataclass(frozen=True)
class Task:
    """Something the day asks of a rep (SF-D-18): ``invite`` or ``sign``."""

    kind: str
    customer_id: uuid.UUID | None
    name: str
    note: str


def tasks(s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID, on: date) -> list[Task]:
    """Whom to call today: follow-ups due, and reservations that want a signature."""
    found = [
        Task("invite", line.id, line.name, line.follow_up_note)
        for line in customers.follow_ups(s, unit_id, staff_id)
        if line.follow_up_on is not None and line.follow_up_on <= on
    ]
    rows = s.execute(
        select(Deal, Party.name)
        .join(Customer, Customer.id == Deal.customer_id)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(Deal.unit_id == unit_id, Deal.state == "reserved", Customer.owner_id == staff_id)
        .order_by(Deal.reserved_at)
        .limit(50)
    )
    return found + [
        Task("sign", deal.customer_id, name or "", deal.property) for deal, name in rows
    ]


# -- hand-in ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counts:
    """A rep's lines of a day, and how many of them lack what the registers ask for."""

    visits: int = 0
    calls: int = 0
    tracks: int = 0
    lacking: int = 0


def counts(
    s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID, on: date, duties: Duties
) -> Counts:
    """What a rep has registered on a day."""
    visits = s.execute(
        select(Visit.id, Visit.need, Visit.source, Party.name, Party.phone_masked)
        .outerjoin(Customer, Customer.id == Visit.customer_id)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(
            Visit.unit_id == unit_id,
            Visit.day == on,
            Visit.staff_id == staff_id,
            Visit.continues_id.is_(None),
            Visit.state.in_(("reception", "ended")),
        )
    ).all()
    calls = s.execute(
        select(Call.id, Call.label, Call.customer_id, Call.question).where(
            Call.unit_id == unit_id,
            Call.day == on,
            Call.staff_id == staff_id,
            Call.voided_at.is_(None),
        )
    ).all()
    tracks = s.scalar(
        select(func.count()).where(
            Track.unit_id == unit_id, Track.day == on, Track.staff_id == staff_id
        )
    )
    lacking = 0
    if duties.visit_form:
        lacking += sum(1 for one in visits if not (one.name or one.phone_masked))
    if duties.call_form:
        lacking += sum(1 for one in calls if not one.question or not (one.customer_id or one.label))
    return Counts(len(visits), len(calls), tracks or 0, lacking)


def hand_in(
    s: CompanySession,
    unit_id: uuid.UUID,
    staff_id: uuid.UUID,
    on: date,
    duties: Duties,
    *,
    note: str = "",
) -> HandIn:
    """Hand a day's registration to the superior, with the rep's own analysis.

    Handing in again before it is received renews counts and note. Raises Conflict afterwards.
    """
    live.set_up(s, unit_id)
    live.lock_floor(s, unit_id)
    row = handed(s, unit_id, on).get(staff_id)
    if row is not None and row.received_at is not None:
        raise Conflict(_("It has been received already."))
    if row is None:
        row = HandIn(unit_id=unit_id, day=on, staff_id=staff_id, handed_at=clock.now())
        s.add(row)
    found = counts(s, unit_id, staff_id, on, duties)
    row.visits, row.calls, row.tracks = found.visits, found.calls, found.tracks
    row.lacking, row.note, row.handed_at = found.lacking, note.strip(), clock.now()
    s.flush()
    return row


def handed(s: CompanySession, unit_id: uuid.UUID, on: date) -> dict[uuid.UUID, HandIn]:
    """What was handed in for a day, by rep."""
    rows = s.scalars(select(HandIn).where(HandIn.unit_id == unit_id, HandIn.day == on))
    return {row.staff_id: row for row in rows}


def receive_hand_ins(s: CompanySession, unit_id: uuid.UUID, ids: Iterable[uuid.UUID]) -> int:
    """The superior receives hand-ins; returns how many were still to be received."""
    count = 0
    for one in ids:
        row = s.require(HandIn, one)
        if row.unit_id == unit_id and row.received_at is None:
            row.received_at, row.received_by = clock.now(), s.actor.name
            count += 1
    s.flush()
    return count


def team(s: CompanySession, unit_id: uuid.UUID, on: date) -> Sequence[Plan]:
    """Everybody's plans of a day and of its week."""
    return s.scalars(
        select(Plan).where(
            Plan.unit_id == unit_id,
            or_(
                (Plan.kind == "day") & (Plan.starts_on == on),
                (Plan.kind == "week") & (Plan.starts_on == starts("week", on)),
            ),
        )
    ).all()
