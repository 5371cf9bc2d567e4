"""Who came when, and how long he waited."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil

from sqlalchemy import select

from zhike.api import CompanySession, clock
from zhike_sales_floor.models import Visit
from zhike_sales_floor.services import live


@dataclass(frozen=True, slots=True)
class Party:
    """A party that came 来访: one line of the register, a reception that went on counted once.

    ``hour`` and ``day`` are the site's own; ``wait`` is in seconds, None for whom nobody received.
    """

    day: date
    hour: int
    kind: str
    via: str
    state: str
    staff_id: uuid.UUID | None
    due_id: uuid.UUID | None
    passed: Sequence[dict[str, str]]
    wait: int | None

    @property
    def new(self) -> bool:
        """Whether somebody came for the first time."""
        return self.kind in ("new", "referral", "named")


def parties(
    s: CompanySession,
    unit_id: uuid.UUID,
    since: date,
    until: date,
    *,
    own: uuid.UUID | None = None,
) -> list[Party]:
    """The parties of these days (both included), without voided ones, in order of arrival."""
    statement = (
        select(
            Visit.day,
            Visit.arrived_at,
            Visit.started_at,
            Visit.kind,
            Visit.via,
            Visit.state,
            Visit.staff_id,
            Visit.due_id,
            Visit.passed,
        )
        .where(
            Visit.unit_id == unit_id,
            Visit.day >= since,
            Visit.day <= until,
            Visit.continues_id.is_(None),
            Visit.state != "voided",
        )
        .order_by(Visit.day, Visit.arrived_at)
    )
    if own is not None:
        statement = statement.where(Visit.staff_id == own)
    zone = live.tz_of(s, unit_id)
    return [
        Party(
            row.day,
            clock.local(row.arrived_at, zone).hour,
            row.kind,
            row.via,
            row.state,
            row.staff_id,
            row.due_id,
            row.passed,
            _wait(row.arrived_at, row.started_at),
        )
        for row in s.execute(statement)
    ]


def _wait(arrived: datetime, started: datetime | None) -> int | None:
    # A reception may be stated to have begun before the line was typed: that is no wait.
    return None if started is None else max(0, int((started - arrived).total_seconds()))


def waits(found: Iterable[Party]) -> list[int]:
    """Seconds waited, shortest first, of everybody who was received."""
    return sorted(party.wait for party in found if party.wait is not None)


def median(ordered: Sequence[int], part: float = 0.5) -> int | None:
    """The value that ``part`` of the ordered values do not exceed; None of nothing at all."""
    if not ordered:
        return None
    return ordered[max(0, ceil(part * len(ordered)) - 1)]


def waits_by_hour(found: Iterable[Party]) -> dict[int, list[int]]:
    """Seconds waited by hour of arrival, each hour's shortest first."""
    by_hour: dict[int, list[int]] = {}
    for party in found:
        if party.wait is not None:
            by_hour.setdefault(party.hour, []).append(party.wait)
    return {hour: sorted(values) for hour, values in sorted(by_hour.items())}


def hours(found: Iterable[Party]) -> dict[tuple[int, int], int]:
    """Parties by (weekday, hour); Monday is 0."""
    counts: dict[tuple[int, int], int] = {}
    for party in found:
        key = (party.day.weekday(), party.hour)
        counts[key] = counts.get(key, 0) + 1
    return counts
