"""Tracking sheets 客户追踪表 (SFF-10): what reps do about warm customers, and who looks at it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select

from zhike.api import CompanySession, Party, UserError, _, clock, organisation
from zhike_sales_floor.models import Customer
from zhike_sales_floor.models_office import Track, TrackCheck
from zhike_sales_floor.services import customers, live
from zhike_sales_floor.services.duties import Duties

#: Which sheets a list shows.
ONLY = ("check", "follow_up", "resistance", "untracked")
LONGEST = 500


@dataclass(frozen=True)
class Said:
    """A line of a sheet as the rep writes it; ``way`` is a kind of contact."""

    way: str = "call"
    answered: bool = True
    content: str = ""
    resistance: str = ""
    next_step: str = ""
    next_on: date | None = None
    grade: str = ""
    occurred_at: datetime | None = None


def log(
    s: CompanySession, customer_id: uuid.UUID, said: Said, *, staff_id: uuid.UUID | None
) -> Track:
    """Write a line of a customer's sheet; it is a contact too, with all that follows from one.

    Raises UserError where nothing was written down.
    """
    if said.answered and not (said.content.strip() or said.resistance.strip()):
        raise UserError(_("Please write down what was said."), field="content")
    customer = s.require(Customer, customer_id)
    customers.log_contact(
        s,
        customer_id,
        said.way,
        staff_id=staff_id,
        note=said.content,
        occurred_at=said.occurred_at,
        answered=said.answered,
    )
    customers.set_grade(s, customer_id, said.grade)
    customers.set_follow_up(s, customer_id, said.next_on, said.next_step)
    at = said.occurred_at or clock.now()
    row = Track(
        unit_id=customer.unit_id,
        customer_id=customer_id,
        staff_id=staff_id,
        day=clock.local(at, live.tz_of(s, customer.unit_id)).date(),
        at=at,
        grade=said.grade,
        way=said.way,
        answered=said.answered,
        content=said.content.strip(),
        resistance=said.resistance.strip(),
        next_step=said.next_step.strip(),
        next_on=said.next_on,
    )
    s.add(row)
    s.flush()
    return row


def check(
    s: CompanySession, ids: Iterable[uuid.UUID], *, staff_id: uuid.UUID | None, note: str = ""
) -> int:
    """Sign sheets as checked today; returns how many. A sheet signed today is not signed again."""
    wanted = list(dict.fromkeys(ids))
    rows = [s.require(Customer, one) for one in wanted]
    count = 0
    for row in rows:
        today = organisation.today(s, row.unit_id)
        signed = s.scalar(
            select(TrackCheck.id).where(
                TrackCheck.customer_id == row.id,
                TrackCheck.day == today,
                TrackCheck.by == s.actor.name,
            )
        )
        if signed is not None and not note.strip():
            continue
        s.add(
            TrackCheck(
                unit_id=row.unit_id,
                customer_id=row.id,
                staff_id=staff_id,
                day=today,
                at=clock.now(),
                by=s.actor.name,
                note=note.strip(),
            )
        )
        count += 1
    s.flush()
    return count


@dataclass(frozen=True)
class Line:
    """A tracked customer in a list. ``due_on`` is the last day on which the check is in time."""

    id: uuid.UUID
    name: str
    phone: str
    owner_id: uuid.UUID | None
    grade: str
    tracked_on: date | None
    content: str
    resistance: str
    checked_on: date | None
    due_on: date | None
    follow_up_on: date | None


def overview(
    s: CompanySession,
    unit_id: uuid.UUID,
    duties: Duties,
    today: date,
    *,
    owner: uuid.UUID | None = None,
    only: str = "",
) -> list[Line]:
    """The customers of the tracked classes who have not bought, the most overdue first.

    At most :data:`LONGEST` of them. ``only`` is one of :data:`ONLY`: whose check is overdue, whose
    follow-up is, who has met with resistance, who was never tracked.
    """
    lines = sorted(_lines(s, unit_id, duties, owner), key=_urgency)
    return [line for line in lines if _is(line, only, today)][:LONGEST]


def _is(line: Line, only: str, today: date) -> bool:
    if only == "check":
        return line.due_on is not None and line.due_on < today
    if only == "follow_up":
        return line.follow_up_on is not None and line.follow_up_on < today
    if only == "resistance":
        return bool(line.resistance)
    return only != "untracked" or line.tracked_on is None


def _urgency(line: Line) -> tuple[date, str]:
    return (line.due_on or date.max, line.grade)


def _lines(
    s: CompanySession, unit_id: uuid.UUID, duties: Duties, owner: uuid.UUID | None
) -> list[Line]:
    query = (
        select(Customer, Party.name, Party.phone_masked)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(
            Customer.unit_id == unit_id,
            Customer.grade.in_(duties.classes),
            Customer.owner_id.is_not(None),
            Customer.closed_on.is_(None),
        )
    )
    if owner is not None:
        query = query.where(Customer.owner_id == owner)
    tracks, checks = _last(s, unit_id, Track), _last(s, unit_id, TrackCheck)
    last = _latest(s, unit_id)
    lines = []
    for row, name, phone in s.execute(query):
        tracked, checked = tracks.get(row.id), checks.get(row.id)
        begun = checked or row.first_visit_on or tracked
        due = (
            begun + timedelta(days=duties.check_days)
            if begun is not None and duties.check_days is not None
            else None
        )
        said = last.get(row.id)
        lines.append(
            Line(
                row.id,
                name or "",
                phone or "",
                row.owner_id,
                row.grade,
                tracked,
                said.content if said else "",
                said.resistance if said else "",
                checked,
                due,
                row.follow_up_on,
            )
        )
    return lines


def _last(s: CompanySession, unit_id: uuid.UUID, model: Any) -> Mapping[uuid.UUID, date]:
    query = (
        select(model.customer_id, func.max(model.day))
        .where(model.unit_id == unit_id)
        .group_by(model.customer_id)
    )
    return {row[0]: row[1] for row in s.execute(query)}


def _latest(s: CompanySession, unit_id: uuid.UUID) -> Mapping[uuid.UUID, Track]:
    """The last line of each sheet of a site."""
    last = (
        select(Track.customer_id, func.max(Track.at).label("at"))
        .where(Track.unit_id == unit_id)
        .group_by(Track.customer_id)
        .subquery()
    )
    rows = s.scalars(
        select(Track).join(
            last, and_(Track.customer_id == last.c.customer_id, Track.at == last.c.at)
        )
    )
    return {row.customer_id: row for row in rows}


def sheet(
    s: CompanySession, customer_id: uuid.UUID
) -> tuple[Sequence[Track], Sequence[TrackCheck]]:
    """A customer's sheet: its lines and the signs on it, the oldest first."""
    lines = s.scalars(select(Track).where(Track.customer_id == customer_id).order_by(Track.at))
    signs = s.scalars(
        select(TrackCheck).where(TrackCheck.customer_id == customer_id).order_by(TrackCheck.at)
    )
    return lines.all(), signs.all()
