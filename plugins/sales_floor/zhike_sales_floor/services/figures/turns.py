"""Fairness of turns 轮接公平: what each rep was due, got, missed and is owed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from zhike.api import CompanySession
from zhike_sales_floor.models import FloorEvent, Rep, Ticket
from zhike_sales_floor.services import live
from zhike_sales_floor.services.figures.received import Party, parties

_COUNTED = ("turn", "ticket")


@dataclass(frozen=True, slots=True)
class Turns:
    """One rep's turns in a period.

    due        parties that were his by the rules, whoever received them.
    taken      received by turn; ``tickets`` received on a ticket he was owed.
    uncounted  received without a turn (own old customers, help, event days).
    missed     turns that passed him for good; ``lost`` was due to him and received by another.
    issued     tickets he was given in the period; ``owed`` tickets he still holds now.
    days       days on which he signed in.
    """

    staff_id: uuid.UUID
    due: int
    taken: int
    tickets: int
    uncounted: int
    missed: int
    lost: int
    issued: int
    owed: int
    days: int

    @property
    def counted(self) -> int:
        """Receptions that count in the rotation."""
        return self.taken + self.tickets


@dataclass(frozen=True, slots=True)
class Spread:
    """How far the reps who were there lie apart: the most, the fewest, and who they are."""

    most: int
    fewest: int
    most_id: uuid.UUID
    fewest_id: uuid.UUID

    @property
    def apart(self) -> int:
        """The difference."""
        return self.most - self.fewest


def turns(
    s: CompanySession,
    unit_id: uuid.UUID,
    since: date,
    until: date,
    *,
    own: uuid.UUID | None = None,
    came: Sequence[Party] | None = None,
) -> list[Turns]:
    """Each rep of the roster of these days, most receptions first; ``own`` leaves one line.

    ``came`` are the parties of the same days, where the caller has them.
    """
    found = parties(s, unit_id, since, until) if came is None else came
    roster = s.scalars(
        select(Rep.staff_id)
        .where(
            Rep.unit_id == unit_id,
            Rep.joined_on <= until,
            or_(Rep.left_on.is_(None), Rep.left_on >= since),
        )
        .order_by(Rep.joined_on, Rep.id)
    ).all()
    everybody = list(dict.fromkeys([*roster, *(p.staff_id for p in found if p.staff_id)]))
    days = _days(s, unit_id, since, until)
    issued, owed = _tickets(s, unit_id, since, until)
    lines = []
    for rep in everybody:
        if own is not None and rep != own:
            continue
        mine = [p for p in found if p.staff_id == rep]
        missed = sum(
            1 for p in found for one in p.passed
            if one["effect"] == "miss" and one["rep"] == str(rep)
        )  # fmt: skip
        lines.append(
            Turns(
                rep,
                due=sum(1 for p in found if p.due_id == rep and p.via in _COUNTED),
                taken=sum(1 for p in mine if p.via == "turn"),
                tickets=sum(1 for p in mine if p.via == "ticket"),
                uncounted=sum(1 for p in mine if p.via not in _COUNTED),
                missed=missed,
                lost=sum(
                    1
                    for p in found
                    if p.due_id == rep and p.staff_id not in (None, rep) and p.via in _COUNTED
                ),
                issued=issued.get(rep, 0),
                owed=owed.get(rep, 0),
                days=days.get(rep, 0),
            )
        )
    return sorted(lines, key=lambda line: (-line.counted, str(line.staff_id)))


def spread(lines: Sequence[Turns]) -> Spread | None:
    """How far apart those lie who were there on a day; None where fewer than two were."""
    there = [line for line in lines if line.days or line.counted]
    if len(there) < 2:
        return None
    most = max(there, key=lambda line: line.counted)
    fewest = min(there, key=lambda line: line.counted)
    return Spread(most.counted, fewest.counted, most.staff_id, fewest.staff_id)


def _days(s: CompanySession, unit_id: uuid.UUID, since: date, until: date) -> dict[uuid.UUID, int]:
    """On how many days each rep signed in."""
    seen: dict[uuid.UUID, set[date]] = {}
    for row in s.execute(
        select(FloorEvent.day, FloorEvent.body).where(
            FloorEvent.unit_id == unit_id,
            FloorEvent.day >= since,
            FloorEvent.day <= until,
            FloorEvent.verb == "sign_in",
        )
    ):
        rep = row.body.get("rep")
        if rep:
            seen.setdefault(uuid.UUID(rep), set()).add(row.day)
    return {rep: len(found) for rep, found in seen.items()}


def _tickets(
    s: CompanySession, unit_id: uuid.UUID, since: date, until: date
) -> tuple[dict[uuid.UUID, int], dict[uuid.UUID, int]]:
    """Tickets given in the period, and tickets still held now, by rep."""
    zone = ZoneInfo(live.tz_of(s, unit_id))
    begin = datetime.combine(since, time(), zone).astimezone(UTC)
    end = datetime.combine(until + timedelta(days=1), time(), zone).astimezone(UTC)
    issued: dict[uuid.UUID, int] = {}
    owed: dict[uuid.UUID, int] = {}
    for row in s.execute(
        select(Ticket.staff_id, Ticket.issued_at, Ticket.ended_at).where(
            Ticket.unit_id == unit_id,
            or_(Ticket.ended_at.is_(None), Ticket.issued_at.between(begin, end)),
        )
    ):
        if begin <= row.issued_at < end:
            issued[row.staff_id] = issued.get(row.staff_id, 0) + 1
        if row.ended_at is None:
            owed[row.staff_id] = owed.get(row.staff_id, 0) + 1
    return issued, owed
