"""Working days and limits on a calendar: what a term of hours, days or working days ends at.

A :class:`WorkCalendar` is data, so an engine can be given one and stay pure: the week's opening
windows, the days off (法定节假日) and the make-up days (调休) of single years. Instants are
local text of the site as in :mod:`zhike.rules.windows`; an offset that ``start`` carries is kept.

The grammar of limits: ``30s`` ``20min`` ``2h`` counted inside the windows; ``10d`` days, ``3wd``
working days, ``2mo`` months, ``1y`` years, due at the day's end or at ``@HH:MM``; the moments
``at:day_end``, ``at:HH:MM``, ``at:next_workday@HH:MM`` and ``at:month_end``. A term is met while
``done <= due``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Literal

from zhike.rules.windows import add_months, instant

Roll = Literal["forward", "back", "none"]
Window = tuple[str, str]

_DAY = timedelta(days=1)
_FAR = 800  #: days after which a calendar without a working day is given up
_COUNTED = {"s": 1, "min": 60, "h": 3600}
_LIMIT = re.compile(r"(\d+)(s|min|h|d|wd|mo|y)(?:@(\d\d:\d\d))?")
_MOMENT = re.compile(r"at:(?:(day_end|month_end)|(?:(next_workday)@)?(\d\d:\d\d))")


@dataclass(frozen=True)
class WorkCalendar:
    """A working calendar 工作日历.

    ``week`` holds seven days, Monday first, each a tuple of windows ``("08:30", "17:30")``; a day
    without windows is a rest day. ``off`` are days off and ``extra`` make-up days, as ISO dates; a
    day in both works. A make-up day has the windows of its weekday, else those of the first day
    of the week that works. ``day_end`` is when a day is over: empty for the closing time, else
    a fixed ``23:59:59`` or ``24:00``. ``years`` are the years whose days off are known.
    """

    name: str
    week: tuple[tuple[tuple[str, str], ...], ...]
    off: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    day_end: str = ""
    years: tuple[int, ...] = ()

    @cached_property
    def _off(self) -> frozenset[str]:
        return frozenset(self.off)

    @cached_property
    def _extra(self) -> frozenset[str]:
        return frozenset(self.extra)

    @cached_property
    def _usual(self) -> tuple[Window, ...]:
        return next((windows for windows in self.week if windows), ())

    def windows(self, day: date) -> tuple[Window, ...]:
        """The opening windows of a day; none on a rest day."""
        key = day.isoformat()
        usual = self.week[day.weekday()]
        if key in self._extra:
            return usual or self._usual
        return () if key in self._off else usual

    def works(self, day: date) -> bool:
        """Whether ``day`` is a working day."""
        return bool(self.windows(day))

    def end_of(self, day: date) -> datetime:
        """When ``day`` is over (naive, local): its closing time, else the fixed end of the day.

        A rest day of a calendar that closes has the end that a working day has.
        """
        last = self.day_end or (self.windows(day) or self._usual)[-1][1]
        return _at(day, last)

    def knows(self, year: int) -> bool:
        """Whether the days off of that year are known, or do not matter to this calendar."""
        return year in self.years or all(self.week)


ALWAYS = WorkCalendar("always", ((("00:00", "24:00"),),) * 7, day_end="24:00")
"""Day and night; a day ends at 24:00, the following midnight."""
CIVIL = WorkCalendar("civil", ((("00:00", "24:00"),),) * 7, day_end="23:59:59")
"""Day and night; a day ends with its last second."""


@dataclass(frozen=True)
class Due:
    """When a term ends, and how it was counted, so that the arithmetic can be shown.

    ``at`` is local text in the notation of ``start``. ``skipped`` are the rest days between the two
    that did not count, as ISO dates. ``rolled_from`` is the date the term fell on before it was
    moved off a rest day, ``unsure`` are years in between whose days off nobody has entered yet.
    """

    start: str
    limit: str
    at: str
    calendar: str
    skipped: tuple[str, ...] = ()
    rolled_from: str = ""
    unsure: tuple[int, ...] = ()


def working_days(calendar: WorkCalendar, after: date, step: int = 1) -> Iterator[date]:
    """Working days after ``after`` (before it with ``step`` -1), the nearest first.

    Ends where a calendar has not had a working day for more than two years.
    """
    day, idle = after, 0
    while idle < _FAR:
        day += _DAY * step
        idle += 1
        if calendar.works(day):
            idle = 0
            yield day


def _nth(calendar: WorkCalendar, after: date, count: int, step: int = 1) -> date:
    for number, day in enumerate(working_days(calendar, after, step), 1):
        if number == count:
            return day
    raise ValueError(f"the calendar {calendar.name!r} has no working days")


def add_working_days(calendar: WorkCalendar, start: date, count: int) -> date:
    """The ``count``-th working day after ``start``, which is not counted; 0 gives ``start``."""
    return start if count == 0 else _nth(calendar, start, abs(count), 1 if count > 0 else -1)


def roll(calendar: WorkCalendar, day: date, to: Roll = "forward") -> date:
    """``day`` itself where it works, else the next (``back``: the last) working day."""
    if to == "none" or calendar.works(day):
        return day
    return _nth(calendar, day, 1, 1 if to == "forward" else -1)


def add_days(calendar: WorkCalendar, start: date, count: int, to: Roll = "forward") -> date:
    """``count`` calendar days after ``start``, moved off a rest day as ``to`` says."""
    return roll(calendar, start + count * _DAY, to)


def working_days_between(calendar: WorkCalendar, start: date, end: date) -> int:
    """How many working days lie after ``start`` up to ``end`` itself; 0 where it is not later."""
    return sum(calendar.works(start + n * _DAY) for n in range(1, max((end - start).days, 0) + 1))


def check_limit(limit: str) -> None:
    """Raise ``ValueError`` where ``limit`` is not of the grammar."""
    found = _LIMIT.fullmatch(limit)
    if found is None and _MOMENT.fullmatch(limit) is None:
        raise ValueError(f"not a limit: {limit!r}")
    if found is not None and found[3] and found[2] in _COUNTED:
        raise ValueError(f"minutes and hours end when they are over, not at a time: {limit!r}")


def due(calendar: WorkCalendar, start: str, limit: str, to: Roll = "forward") -> Due:
    """When a term of ``limit`` that begins at the local instant ``start`` is due.

    Days, months and years that fall on a rest day move as ``to`` says. Raises ``ValueError`` for
    what is no instant or no limit, and for a calendar that never works.
    """
    check_limit(limit)
    begin = instant(start)
    naive = begin.replace(tzinfo=None)
    fell, end = _end(calendar, naive, limit, to)
    whole = len(start) > 16 or end.second > 0
    return Due(
        start=start,
        limit=limit,
        at=end.replace(tzinfo=begin.tzinfo).isoformat(timespec="seconds" if whole else "minutes"),
        calendar=calendar.name,
        skipped=_rest_days(calendar, naive.date(), end.date()),
        rolled_from=fell.isoformat() if fell is not None else "",
        unsure=tuple(year for year in range(naive.year, end.year + 1) if not calendar.knows(year)),
    )


def _end(
    calendar: WorkCalendar, begin: datetime, limit: str, to: Roll
) -> tuple[date | None, datetime]:
    """The date a term fell on where it was moved from there, and its end."""
    found = _LIMIT.fullmatch(limit)
    if found is None:
        return None, _moment(calendar, begin, limit)
    count, unit, clock = int(found[1]), found[2], found[3]
    if unit in _COUNTED:
        return None, _count_inside(calendar, begin, count * _COUNTED[unit])
    first = begin.date()
    if unit == "wd":
        fell = last = add_working_days(calendar, first, count) if count else roll(calendar, first)
    else:
        fell = first + count * _DAY if unit == "d" else add_months(first, count * _MONTHS[unit])
        last = roll(calendar, fell, to)
    moved = fell if fell != last else None
    return moved, _at(last, clock) if clock else calendar.end_of(last)


_MONTHS = {"mo": 1, "y": 12}


def _moment(calendar: WorkCalendar, begin: datetime, limit: str) -> datetime:
    found = _MOMENT.fullmatch(limit)
    assert found is not None
    named, next_day, clock = found.groups()
    day = begin.date()
    if named == "month_end":
        last = add_months(day.replace(day=1), 1) - _DAY
        return calendar.end_of(roll(calendar, last, "back"))
    if next_day:
        return _at(_nth(calendar, day, 1), clock)
    here = _at(day, clock) if clock else calendar.end_of(day)
    if calendar.works(day) and begin <= here:
        return here
    day = _nth(calendar, day, 1)
    return _at(day, clock) if clock else calendar.end_of(day)


def _count_inside(calendar: WorkCalendar, begin: datetime, seconds: int) -> datetime:
    """The first instant at which ``seconds`` have been counted inside the windows."""
    left = timedelta(seconds=seconds)
    day, idle = begin.date(), 0
    while idle < _FAR:
        windows = calendar.windows(day)
        idle = 0 if windows else idle + 1
        for opens, closes in windows:
            here, until = max(_at(day, opens), begin), _at(day, closes)
            if here > until or (here == until and left):
                continue
            if here + left <= until:
                return here + left
            left -= until - here
        day += _DAY
    raise ValueError(f"the calendar {calendar.name!r} has no working days")


def _rest_days(calendar: WorkCalendar, first: date, last: date) -> tuple[str, ...]:
    days = (first + n * _DAY for n in range(1, (last - first).days))
    return tuple(day.isoformat() for day in days if not calendar.works(day))


def _at(day: date, clock: str) -> datetime:
    if clock == "24:00":
        return datetime.combine(day + _DAY, time())
    return datetime.combine(day, time.fromisoformat(clock))
