"""What the regulation in force asks of the office: tracking, meetings, plans, statistics.

Where a regulation does not have these rules nothing is due and nobody is reminded; the pages work
all the same, for whoever wants to keep such papers.
"""

from __future__ import annotations

import calendar
import uuid
from dataclasses import dataclass
from datetime import date, datetime

from zhike.api import CompanySession, clock, policies
from zhike_sales_floor.services import live

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Duties:
    """The figures of one regulation.

    classes      intention classes whose customers have a tracking sheet (``tracking.classes``).
    check_days   days after which a sheet must have been checked again; None: no such rule.
    track_daily  whether tracking is told in the evening; meeting: whether there is one each day.
    daily, weekly, monthly  which statistics are asked for; week_day 0–6 and month_day (1–31, the
                 month's last day where it has fewer) say when, plan_day when the week is planned.
    hand_in      whether registration is handed in every day; call_form and visit_form whether a
                 line of these registers has to be complete.
    """

    classes: tuple[str, ...] = ("A", "B")
    check_days: int | None = None
    track_daily: bool = False
    meeting: bool = False
    daily: bool = False
    weekly: bool = False
    monthly: bool = False
    week_day: int = 5
    month_day: int = 31
    plan_day: int | None = None
    hand_in: bool = False
    call_form: bool = False
    visit_form: bool = False

    def month_due(self, on: date) -> bool:
        """Whether the month's statistics are due on this day."""
        last = calendar.monthrange(on.year, on.month)[1]
        return self.monthly and on.day == min(self.month_day, last)

    def week_due(self, on: date) -> bool:
        """Whether the week's statistics are due on this day."""
        return self.weekly and on.weekday() == self.week_day

    def week_plan_due(self, on: date) -> bool:
        """Whether the plan of the coming week is written on this day."""
        return self.plan_day == on.weekday()


def duties(s: CompanySession, unit_id: uuid.UUID, at: datetime | None = None) -> Duties:
    """The duties at a site under the policy in force at ``at`` (default: now)."""
    policy = policies.in_force(s, live.PLUGIN, unit_id, at or clock.now()).policy

    def weekday(key: str) -> int | None:
        named = policy.get(key)
        return WEEKDAYS.index(str(named)) if named in WEEKDAYS else None

    classes = policy.get("tracking.classes")
    check_days, month_day = policy.get("tracking.check_days"), policy.get("report.monthly_day")
    week_day = weekday("report.weekly_day")
    return Duties(
        classes=tuple(str(one) for one in classes)
        if isinstance(classes, (list, tuple)) and classes
        else Duties.classes,
        check_days=check_days if isinstance(check_days, int) else None,
        track_daily=bool(policy.get("tracking.daily")),
        meeting=bool(policy.get("meeting.evening")),
        daily=bool(policy.get("report.daily")),
        weekly=bool(policy.get("report.weekly")),
        monthly=bool(policy.get("report.monthly")),
        week_day=Duties.week_day if week_day is None else week_day,
        month_day=month_day if isinstance(month_day, int) else Duties.month_day,
        plan_day=weekday("plan.week_day"),
        hand_in=bool(policy.get("register.daily_handin")),
        call_form=bool(policy.get("register.call_form")),
        visit_form=bool(policy.get("register.visit_form")),
    )
