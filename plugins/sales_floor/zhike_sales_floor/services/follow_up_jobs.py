"""What the two-week follow-up does by itself: it judges at night and at limits, and reminds."""

from __future__ import annotations

import uuid
from datetime import time, timedelta
from typing import Any

from zhike.api import (
    N_,
    CompanySession,
    DeadlineHandler,
    Job,
    NotificationType,
    inbox,
    organisation,
    settings,
)
from zhike_sales_floor.services import floor, follow_up_board, follow_ups, live


def night(s: CompanySession, deadline: Any) -> None:
    """Judge what fell due; that also sets the clock for the next night."""
    follow_ups.judge(s, uuid.UUID(deadline.data["unit"]))


def answer_due(s: CompanySession, deadline: Any) -> None:
    """A leader's limit has passed: judge at once."""
    follow_ups.judge(s, uuid.UUID(deadline.data["unit"]))


def remind(s: CompanySession) -> None:
    """Each morning: keep the clocks of all sites going, and tell reps whose cycle is about to end.

    Also judges, so that a site whose clock was never set misses nothing.
    """
    ahead = int(settings.get(s, live.PLUGIN, "follow_up_remind_days"))
    for unit in organisation.tree(s).sites:
        follow_ups.judge(s, unit.id)
        found = follow_ups.standing(s, unit.id)
        if not found.on or found.cycle is None:
            continue
        today = organisation.today(s, unit.id)
        if today < found.cycle.last - timedelta(days=ahead - 1):
            continue
        for rep in floor.reps_of(s, unit.id):
            left = follow_up_board.left_count(s, unit.id, rep, found)
            if left:
                inbox.notify(
                    s,
                    rep,
                    "sales_floor.follow_up_cycle",
                    N_("%(n)s customers are to be followed up by %(day)s"),
                    values={"n": left, "day": found.cycle.last.isoformat()},
                    link="/p/sales_floor/follow-ups",
                    once=f"cycle:{unit.id}:{today.isoformat()}",
                )


DEADLINES = (
    DeadlineHandler(
        kind=follow_ups.NIGHT, title=N_("Follow-ups that fell due are judged"), fire=night
    ),
    DeadlineHandler(
        kind=follow_ups.ANSWER, title=N_("A leader owes a customer an answer"), fire=answer_due
    ),
)

JOBS = (
    Job(
        name="sales_floor.follow_ups",
        title=N_("Remind reps of the follow-up cycle"),
        run=remind,
        daily_at=time(8, 40),
    ),
)

NOTIFICATIONS = (
    NotificationType(name="sales_floor.follow_up_cycle", title=N_("The follow-up cycle ends soon")),
    NotificationType(name="sales_floor.problem", title=N_("A customer's problem")),
    NotificationType(name="sales_floor.points", title=N_("Performance points are proposed")),
)
