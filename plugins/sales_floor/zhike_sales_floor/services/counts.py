"""A site's figures 来人来电统计 (SFF-08, 09, 12): counted from the registers for any days.

Everything here is read; what is frozen stands in :mod:`zhike_sales_floor.services.statistics`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import case, func, or_, select

from zhike.api import CompanySession, clock
from zhike_sales_floor.models import Credit, Customer, Deal, Visit
from zhike_sales_floor.models_office import Call, Track
from zhike_sales_floor.services import calls, live
from zhike_sales_floor.services.registers.model import Scope

KINDS = ("day", "week", "month")
#: The figures of a whole stretch, in the order in which they are shown.
TOTALS = (
    "visits",
    "new",
    "old",
    "people",
    "unserved",
    "void",
    "calls",
    "calls_in",
    "calls_out",
    "appointments",
    "kept",
    "tracks",
    "reserved",
    "closed",
    "refunded",
    "amount",
)
#: What is counted for each rep, each source and each day.
OF_REP = ("visits", "new", "old", "calls", "tracks", "performance")
OF_SOURCE = ("visits", "calls")
OF_DAY = ("visits", "new", "old", "calls", "tracks", "reserved", "closed", "refunded")

Figures = dict[str, Any]


def span(kind: str, on: date) -> tuple[date, date]:
    """The first and the last day of the day, week (from Monday) or month in which ``on`` lies."""
    if kind == "day":
        return on, on
    if kind == "week":
        monday = on - timedelta(days=on.weekday())
        return monday, monday + timedelta(days=6)
    first = on.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def before(kind: str, starts_on: date) -> date:
    """The beginning of the stretch before this one."""
    return span(kind, starts_on - timedelta(days=1))[0]


def compute(s: CompanySession, unit_id: uuid.UUID, since: date, until: date) -> Figures:
    """The figures of these days, JSON-able: counts, money in fen, performance in basis points.

    Void visits are counted apart and nowhere else; a reception that went on is one visit.
    """
    found: Figures = {
        **dict.fromkeys(TOTALS, 0),
        "reps": {},
        "sources": {},
        "days": {},
        "results": {},
        "lost": {},
    }
    scope = Scope(unit_id, since, until)
    _visits(s, scope, found)
    _calls(s, scope, found)
    for row in s.execute(
        select(Track.staff_id, Track.day, func.count())
        .where(Track.unit_id == unit_id, Track.day.between(since, until))
        .group_by(Track.staff_id, Track.day)
    ):
        found["tracks"] += row[2]
        _add(found, "reps", row[0], "tracks", row[2])
        _add(found, "days", row[1], "tracks", row[2])
    _deals(s, scope, found)
    return found


def _add(found: Figures, group: str, key: Any, what: str, number: int) -> None:
    empty = {"reps": OF_REP, "sources": OF_SOURCE, "days": OF_DAY}[group]
    name = key.isoformat() if isinstance(key, date) else str(key or "")
    line = found[group].setdefault(name, dict.fromkeys(empty, 0))
    line[what] += number


def _visits(s: CompanySession, scope: Scope, found: Figures) -> None:
    old = case(
        (or_(Visit.kind.in_(("old", "lapsed")), Customer.first_visit_on < Visit.day), 1), else_=0
    )
    keys = (
        Visit.staff_id,
        Visit.day,
        Visit.state,
        Visit.source,
        Visit.result,
        Visit.lost_reason,
        old.label("old"),
    )
    rows: Any = s.execute(
        select(*keys, func.count().label("n"), func.sum(Visit.people).label("people"))
        .outerjoin(Customer, Customer.id == Visit.customer_id)
        .where(
            Visit.unit_id == scope.unit_id,
            Visit.day.between(scope.since, scope.until),
            Visit.continues_id.is_(None),
        )
        .group_by(*keys)
    )
    for row in rows:
        if row.state in ("voided", "left_unserved"):
            found["void" if row.state == "voided" else "unserved"] += row.n
            continue
        came = "old" if row.old else "new"
        found["people"] += int(row.people or 0)
        for what in ("visits", came):
            found[what] += row.n
            _add(found, "reps", row.staff_id, what, row.n)
            _add(found, "days", row.day, what, row.n)
        if not row.old:
            _add(found, "sources", row.source, "visits", row.n)
        if row.result:
            found["results"][row.result] = found["results"].get(row.result, 0) + row.n
        if row.lost_reason:
            found["lost"][row.lost_reason] = found["lost"].get(row.lost_reason, 0) + row.n


def _calls(s: CompanySession, scope: Scope, found: Figures) -> None:
    keys = (Call.staff_id, Call.day, Call.direction, Call.source)
    rows: Any = s.execute(
        select(*keys, func.count().label("n"))
        .where(
            Call.unit_id == scope.unit_id,
            Call.day.between(scope.since, scope.until),
            Call.voided_at.is_(None),
        )
        .group_by(*keys)
    )
    for row in rows:
        found["calls"] += row.n
        found[f"calls_{row.direction}"] += row.n
        _add(found, "reps", row.staff_id, "calls", row.n)
        _add(found, "days", row.day, "calls", row.n)
        if row.direction == "in":
            _add(found, "sources", row.source, "calls", row.n)
    begin, end = scope.instants(live.tz_of(s, scope.unit_id))
    agreed = calls.appointments(s, scope.unit_id, begin, end)
    found["appointments"] = len(agreed)
    found["kept"] = sum(1 for one in agreed if one.came)


def _deals(s: CompanySession, scope: Scope, found: Figures) -> None:
    tz = live.tz_of(s, scope.unit_id)
    begin, end = scope.instants(tz)
    columns = {
        "reserved": Deal.reserved_at,
        "closed": Deal.closed_at,
        "refunded": Deal.refunded_at,
    }
    for what, column in columns.items():
        # A reservation that comes to nothing is no deal given back.
        more = [Deal.closed_at.is_not(None)] if what == "refunded" else []
        rows = s.execute(
            select(column, Deal.amount_fen).where(
                Deal.unit_id == scope.unit_id, column >= begin, column < end, *more
            )
        )
        for at, amount in rows:
            if at is None:
                continue
            found[what] += 1
            _add(found, "days", _day(at, tz), what, 1)
            if what == "closed":
                found["amount"] += amount
    credit = s.execute(
        select(Credit.staff_id, func.sum(Credit.performance))
        .join(Deal, Deal.id == Credit.deal_id)
        .where(Deal.unit_id == scope.unit_id, Credit.at >= begin, Credit.at < end)
        .group_by(Credit.staff_id)
    )
    for staff_id, share in credit:
        _add(found, "reps", staff_id, "performance", int(share or 0))


def _day(at: datetime, tz: str) -> date:
    return clock.local(at, tz).date()


def rates(found: Mapping[str, Any]) -> dict[str, int | None]:
    """Shares in basis points, None where there is nothing to divide by.

    closing: subscriptions of visits; again: returning of all visits; kept: appointments that were
    kept; lost: subscriptions that were given back.
    """

    def share(part: int, whole: int) -> int | None:
        return round(10_000 * part / whole) if whole else None

    return {
        "closing": share(found["closed"], found["visits"]),
        "again": share(found["old"], found["visits"]),
        "kept": share(found["kept"], found["appointments"]),
        "lost": share(found["refunded"], found["closed"]),
    }


def differences(
    frozen: Mapping[str, Any], now: Mapping[str, Any]
) -> list[tuple[str, str, int, int]]:
    """Where figures that were frozen differ from those counted now: (group, key, then, now)."""
    return list(_differing(frozen, now))


def _differing(
    frozen: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[tuple[str, str, int, int]]:
    for key in TOTALS:
        if frozen.get(key, 0) != now.get(key, 0):
            yield "", key, frozen.get(key, 0), now.get(key, 0)
    for group in ("reps", "sources", "lost"):
        was, being = frozen.get(group, {}), now.get(group, {})
        for key in sorted({*was, *being}):
            then, there = _sum(was.get(key)), _sum(being.get(key))
            if then != there:
                yield group, key, then, there


def _sum(line: Any) -> int:
    """A line's number: visits of a rep or a source, or how often a reason was named."""
    if isinstance(line, Mapping):
        return int(line.get("visits", 0)) + int(line.get("calls", 0))
    return int(line or 0)
