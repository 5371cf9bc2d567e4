"""The numbers of a period in one line, for the day, week and month of a manager."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, or_, select

from zhike.api import CompanySession, Contact
from zhike_sales_floor.models import Deal
from zhike_sales_floor.services import floor, live
from zhike_sales_floor.services.figures.received import Party, median, parties, waits

#: First and last day of a period.
Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Summary:
    """What happened in a period. ``wait`` is the median in seconds, None where nobody waited.

    ``amount_fen`` is the price of what was subscribed in the period and not given back.
    """

    came: int
    new: int
    unserved: int
    wait: int | None
    contacts: int
    reserved: int
    subscribed: int
    refunded: int
    amount_fen: int


def summaries(
    s: CompanySession,
    unit_id: uuid.UUID,
    periods: Sequence[Days],
    *,
    own: uuid.UUID | None = None,
    came: Sequence[Party] | None = None,
) -> list[Summary]:
    """The figures of each period, its days included, in the site's calendar.

    As many statements for several periods as for one. ``came`` are the parties of all of them,
    where the caller has them; then only those of ``own`` are counted.
    """
    first, last = min(since for since, _u in periods), max(until for _s, until in periods)
    found = parties(s, unit_id, first, last) if came is None else came
    mine = [party for party in found if own is None or party.staff_id == own]
    zone = ZoneInfo(live.tz_of(s, unit_id))
    spans = [_instants(days, zone) for days in periods]
    # By the people of the site: contacts are found by who made them and when.
    callers = [own] if own is not None else list(floor.reps_of(s, unit_id))
    inside = [and_(Contact.occurred_at >= begin, Contact.occurred_at < end) for begin, end in spans]
    contacts: Any = s.execute(
        select(*(func.sum(case((one, 1), else_=0)) for one in inside)).where(
            Contact.unit_id == unit_id,
            Contact.staff_id.in_(callers),
            or_(*inside),
            Contact.kind != "visit",
            Contact.answered.is_(True),
        )
    ).one()
    begin, end = min(b for b, _e in spans), max(e for _b, e in spans)
    sold = select(Deal.reserved_at, Deal.closed_at, Deal.refunded_at, Deal.amount_fen).where(
        Deal.unit_id == unit_id,
        (Deal.reserved_at.between(begin, end))
        | (Deal.closed_at.between(begin, end))
        | (Deal.refunded_at.between(begin, end)),
    )
    if own is not None:
        sold = sold.where(Deal.staff_id == own)
    deals = s.execute(sold).all()
    return [
        _summary([p for p in mine if days[0] <= p.day <= days[1]], count or 0, deals, span)
        for days, count, span in zip(periods, contacts, spans, strict=True)
    ]


def _instants(days: Days, zone: ZoneInfo) -> tuple[datetime, datetime]:
    since, until = days
    return (
        datetime.combine(since, time(), zone).astimezone(UTC),
        datetime.combine(until + timedelta(days=1), time(), zone).astimezone(UTC),
    )


def _summary(
    came: Sequence[Party], contacts: int, deals: Sequence[Any], span: tuple[datetime, datetime]
) -> Summary:
    def inside(at: datetime | None) -> bool:
        return at is not None and span[0] <= at < span[1]

    return Summary(
        came=len(came),
        new=sum(1 for party in came if party.new),
        unserved=sum(1 for party in came if party.state == "left_unserved"),
        wait=median(waits(came)),
        contacts=int(contacts),
        reserved=sum(1 for row in deals if inside(row.reserved_at)),
        subscribed=sum(1 for row in deals if inside(row.closed_at)),
        refunded=sum(1 for row in deals if inside(row.refunded_at)),
        amount_fen=sum(
            row.amount_fen for row in deals if inside(row.closed_at) and row.refunded_at is None
        ),
    )
