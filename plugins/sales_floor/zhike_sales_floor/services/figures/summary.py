"""The numbers of a period in one line, for the day, week and month of a manager."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from zhike.api import CompanySession, Contact
from zhike_sales_floor.models import Deal
from zhike_sales_floor.services import floor, live
from zhike_sales_floor.services.figures.received import Party, median, parties, waits


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


def summary(
    s: CompanySession,
    unit_id: uuid.UUID,
    since: date,
    until: date,
    *,
    own: uuid.UUID | None = None,
    came: Sequence[Party] | None = None,
) -> Summary:
    """The figures of these days, both included, in the site's calendar."""
    found = parties(s, unit_id, since, until, own=own) if came is None else came
    zone = ZoneInfo(live.tz_of(s, unit_id))
    begin = datetime.combine(since, time(), zone).astimezone(UTC)
    end = datetime.combine(until + timedelta(days=1), time(), zone).astimezone(UTC)
    # By the people of the site: contacts are found by who made them and when.
    callers = [own] if own is not None else list(floor.reps_of(s, unit_id))
    logged = select(func.count()).where(
        Contact.unit_id == unit_id,
        Contact.staff_id.in_(callers),
        Contact.occurred_at >= begin,
        Contact.occurred_at < end,
        Contact.kind != "visit",
        Contact.answered.is_(True),
    )
    deals = select(Deal.reserved_at, Deal.closed_at, Deal.refunded_at, Deal.amount_fen).where(
        Deal.unit_id == unit_id,
        (Deal.reserved_at.between(begin, end))
        | (Deal.closed_at.between(begin, end))
        | (Deal.refunded_at.between(begin, end)),
    )
    if own is not None:
        deals = deals.where(Deal.staff_id == own)

    def inside(at: datetime | None) -> bool:
        return at is not None and begin <= at < end

    rows = s.execute(deals).all()
    return Summary(
        came=len(found),
        new=sum(1 for party in found if party.new),
        unserved=sum(1 for party in found if party.state == "left_unserved"),
        wait=median(waits(found)),
        contacts=s.scalar(logged) or 0,
        reserved=sum(1 for row in rows if inside(row.reserved_at)),
        subscribed=sum(1 for row in rows if inside(row.closed_at)),
        refunded=sum(1 for row in rows if inside(row.refunded_at)),
        amount_fen=sum(
            row.amount_fen for row in rows if inside(row.closed_at) and row.refunded_at is None
        ),
    )
