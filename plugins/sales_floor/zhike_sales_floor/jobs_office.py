"""The office's reminders before closing: hand-ins, minutes, checks, statistics that are due."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, time, timedelta

from sqlalchemy import select

from zhike.api import (
    N_,
    CompanySession,
    Job,
    NotificationType,
    clock,
    inbox,
    organisation,
)
from zhike_sales_floor.models import Day
from zhike_sales_floor.services import counts, floor, minutes, plans, statistics, tracking
from zhike_sales_floor.services.duties import Duties, duties

DUE = "sales_floor.office_due"


def remind(s: CompanySession) -> None:
    """Tell reps and heads of sites what the regulation still asks of them today.

    A regulation without these rules asks for nothing, so nobody is told anything.
    """
    for unit in organisation.tree(s).sites:
        today = clock.local(clock.now(), unit.tz).date()
        asked = duties(s, unit.id)
        if (asked.hand_in or asked.track_daily) and _was_open(s, unit.id, today):
            _tell_reps(s, unit.id, today)
        head = organisation.head_of(s, unit.id, today)
        if head is None:
            continue
        for title, number, link in _due(s, unit.id, today, asked):
            inbox.notify(
                s,
                head,
                DUE,
                title,
                values={"n": number},
                link=f"/p/sales_floor/floor/{unit.id}/{link}",
                once=f"office:{unit.id}:{today.isoformat()}:{link}",
            )


def _was_open(s: CompanySession, unit_id: uuid.UUID, on: date) -> bool:
    found = s.scalar(select(Day.id).where(Day.unit_id == unit_id, Day.day == on))
    return found is not None


def _tell_reps(s: CompanySession, unit_id: uuid.UUID, today: date) -> None:
    handed = plans.handed(s, unit_id, today)
    for rep in floor.reps_of(s, unit_id):
        if rep not in handed:
            inbox.notify(
                s,
                rep,
                DUE,
                N_("Please hand in today's registration and tracking"),
                link="/p/sales_floor/my-papers",
                once=f"hand_in:{unit_id}:{today.isoformat()}",
            )


def _due(
    s: CompanySession, unit_id: uuid.UUID, today: date, asked: Duties
) -> Iterator[tuple[str, int, str]]:
    """What waits for the head of a site: the words, how many, and the page."""
    yesterday = today - timedelta(days=1)
    if asked.meeting and _was_open(s, unit_id, yesterday):
        row = minutes.of_day(s, unit_id, yesterday)
        if row is None or row.closed_at is None:
            yield (
                N_("Yesterday's evening minutes are not closed"),
                1,
                f"minutes/{yesterday.isoformat()}",
            )
    overdue = len(tracking.overview(s, unit_id, asked, today, only="check"))
    if overdue:
        yield N_("%(n)s tracking sheets are to be checked"), overdue, "tracking?only=check"
    due = {
        "day": asked.daily and _was_open(s, unit_id, today),
        "week": asked.week_due(today),
        "month": asked.month_due(today),
    }
    for kind, wanted in due.items():
        start = counts.span(kind, today)[0]
        row_of = statistics.find(s, unit_id, kind, start) if wanted else None
        if wanted and (row_of is None or row_of.closed_at is None):
            yield TITLES[kind], 1, f"statistics/{kind}/{start.isoformat()}"


TITLES = {
    "day": N_("Today's statistics are due"),
    "week": N_("The week's statistics are due"),
    "month": N_("The month's statistics are due"),
}

JOBS = (
    Job(
        name="sales_floor.remind_office",
        title=N_("Remind of hand-ins, minutes, checks and statistics"),
        run=remind,
        daily_at=time(17, 30),
    ),
)

NOTIFICATIONS = (NotificationType(name=DUE, title=N_("Papers of the office are due")),)
