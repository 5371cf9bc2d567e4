"""Marks on registers: what was entered afterwards 补录, what was set by hand 人工设定."""

from __future__ import annotations

from sqlalchemy import select

from zhike.api import CompanySession, _, clock
from zhike_sales_floor.models import FloorEvent, Visit
from zhike_sales_floor.services import live
from zhike_sales_floor.services.registers.model import Scope


def afterwards(visit: Visit, zone: str) -> str:
    """The mark of a visit that was entered afterwards, with the time of entry; else ``""``."""
    if visit.entered_at is None:
        return ""
    entered = clock.local(visit.entered_at, zone)
    shown = entered.strftime("%H:%M" if entered.date() == visit.day else "%m-%d %H:%M")
    return _(" (entered afterwards, %(time)s)", time=shown)


def set_by_hand(s: CompanySession, scope: Scope) -> str:
    """Every time in these days when ring and tickets were set by hand: when, by whom, why."""
    zone = live.tz_of(s, scope.unit_id)
    found = s.scalars(
        select(FloorEvent)
        .where(
            FloorEvent.unit_id == scope.unit_id,
            FloorEvent.day.between(scope.since, scope.until),
            FloorEvent.verb == "set_floor",
        )
        .order_by(FloorEvent.seq)
    )
    form = "%H:%M" if scope.one_day else "%m-%d %H:%M"
    return "；".join(
        _(
            "%(time)s set by hand by %(name)s: %(reason)s",
            time=clock.local(event.recorded_at, zone).strftime(form),
            name=event.body.get("by", ""),
            reason=event.body.get("reason", ""),
        )
        for event in found
    )
