"""What the engine remembers of the two-week follow-up (招商部客户回访, SF-B), and its calendar.

A cycle 回访周期 is a stretch of whole days that follow one another without a gap, counted from an
anchor; its last day is inside (CV-2). Days are those written in the instants, the site's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from zhike.rules import on_day

FIRST_MONDAY = ("首个周一", "first_monday", "first Monday")
"""What ``followup.cycle_anchor`` may say instead of a date."""

WAYS = {"visit": "visit", "call": "phone", "letter": "newsletter", "message": "message"}
"""Kind of a logged contact -> the regulation's word for that way of following up (SF-B-02)."""

_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?")
_WEEKEND = 5
_CLOSING = "18:00"
_SEARCHED = 400


@dataclass(frozen=True, slots=True)
class Met:
    """A contact that counts (回访): who, when it was, when it was logged, whether the record is in.

    filled  when 客户回访记录表 was filled, ``""`` while it is not.
    judged  a missing record was charged already (SF-B-03).
    """

    rep: str
    at: str
    way: str
    seq: int
    logged: str = ""
    filled: str = ""
    judged: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A problem a customer raised (客户问题).

    reported, to, due  when it went to the department head, to whom, and by when an answer is due.
    judged             rules charged already: SF-B-04, SF-B-05, and ``answer`` for the leader.
    """

    id: str
    rep: str
    at: str
    solvable: bool = True
    solved: str = ""
    reported: str = ""
    to: str = ""
    due: str = ""
    answered: str = ""
    judged: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """Whether nobody has to do anything about it any more."""
        return bool(self.solved or self.answered)


@dataclass(frozen=True, slots=True)
class FollowUps:
    """What the engine knows about following up one customer."""

    met: tuple[Met, ...] = ()
    questions: tuple[Question, ...] = ()
    asked: int = 0


def joined(one: FollowUps, other: FollowUps) -> FollowUps:
    """The follow-ups of two records that turn out to be one person, in the order of recording."""
    met = sorted((*one.met, *other.met), key=lambda made: made.seq)
    questions = sorted((*one.questions, *other.questions), key=lambda made: made.at[:19])
    return FollowUps(tuple(met), tuple(questions), one.asked + other.asked)


@dataclass(frozen=True, slots=True)
class Excuse:
    """A notice before the end of the cycle that it cannot be finished (SF-B-06).

    customers  whom it covers; empty: all of the rep's. cover: who stands in, ``""`` while open.
    """

    rep: str
    cycle: str
    at: str
    customers: tuple[str, ...] = ()
    cover: str = ""
    reason: str = ""

    def covers(self, rep: str, cycle: str, customer: str) -> bool:
        """Whether this notice is about that customer of that rep in that cycle."""
        mine = (self.rep, self.cycle) == (rep, cycle)
        return mine and (not self.customers or customer in self.customers)


@dataclass(frozen=True, slots=True)
class FollowUpFloor:
    """The site's part: since when the rule runs, what is judged, who gave notice.

    since  first day under the rule; ``""`` while it is off. other: who decides instead of us.
    next   per rep the first day of the next cycle to be judged.
    """

    since: str = ""
    other: str = ""
    next: Mapping[str, str] = field(default_factory=dict)
    excuses: tuple[Excuse, ...] = ()


NO_FOLLOW_UPS = FollowUps()
OFF = FollowUpFloor()


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle: its first and its last day, both inside."""

    start: date
    last: date

    @property
    def id(self) -> str:
        """The first day as text, by which a cycle is named."""
        return self.start.isoformat()

    @property
    def end(self) -> str:
        """The last second of the cycle, wall time."""
        return day_end(self.last)

    def holds(self, text: str) -> bool:
        """Whether an instant or a date lies inside."""
        return self.start <= on_day(text) <= self.last


def anchor_day(stated: str, since: date) -> date:
    """The first day of some cycle: a date as stated, or the first Monday on or after ``since``."""
    text = str(stated).strip()
    if text not in FIRST_MONDAY:
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass  # the parameter is checked where it is edited; an old slip reads as the default
    return since + timedelta(days=-since.weekday() % 7)


def cycle_at(day: date, anchor: date, days: int) -> Cycle:
    """The cycle of ``days`` days that a day lies in; cycles go on in both directions."""
    start = day - timedelta(days=(day - anchor).days % max(1, days))
    return Cycle(start, start + timedelta(days=max(1, days) - 1))


def first_cycle(since: date, anchor: date, days: int) -> Cycle:
    """The first cycle anybody owes: nobody is charged with one that had begun before ``since``."""
    if anchor >= since:
        return cycle_at(anchor, anchor, days)
    found = cycle_at(since, anchor, days)
    if found.start < since:
        found = cycle_at(found.last + timedelta(days=1), anchor, days)
    return found


def day_end(day: date) -> str:
    """The last second of a day, wall time: doing it then is on time (CV-3)."""
    return f"{day.isoformat()}T23:59:59"


def wall(text: str) -> str:
    """An instant without its offset, to be compared with other wall times of the site."""
    return text[:19]


def days_end(text: str, days: int) -> str:
    """The last second of the day ``days`` days after an instant; nought is the same day (CV-2)."""
    return day_end(on_day(text) + timedelta(days=days))


def answer_due(text: str, days: int, office: Mapping[str, Any] | None) -> str:
    """When an answer is due: ``days`` days on, moved to the next working day, at closing time.

    ``office`` gives the closing time per date, empty where the office is shut. Dates it does not
    name are working days from Monday to Friday that close at 18:00.
    """
    day = on_day(text) + timedelta(days=days)
    for _ in range(_SEARCHED):
        closing = closing_of(day, office)
        if closing:
            return f"{day.isoformat()}T{closing}" + (":00" if len(closing) == 5 else "")
        day += timedelta(days=1)
    return day_end(day)


def closing_of(day: date, office: Mapping[str, Any] | None) -> str:
    """The closing time ``HH:MM`` of a date, ``""`` where nobody works."""
    stated = (office or {}).get(day.isoformat())
    if stated is None:
        return "" if day.weekday() >= _WEEKEND else _CLOSING
    text = str(stated).strip()
    return text if _CLOCK.fullmatch(text) else ""
