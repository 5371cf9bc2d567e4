"""Windows of days, months and minutes in a site's local time (CV-2, CV-3, CV-4).

Instants are text as people log them, ``2024-05-08T10:40`` or ``2024-05-08T10:40:00+08:00``, in the
zone of the site. A day is the date written in the text, so a window of days never depends on the
zone of the machine. Within one history either all instants carry an offset or none does.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from functools import lru_cache


@lru_cache(maxsize=4096)
def instant(text: str) -> datetime:
    """Parse a local instant; seconds may be missing. ValueError for anything else.

    A date alone is refused: whoever means a whole day says so by :func:`on_day`.
    """
    if len(text) < 16:
        raise ValueError(f"not an instant YYYY-MM-DDTHH:MM[:SS]: {text!r}")
    return datetime.fromisoformat(text)


@lru_cache(maxsize=4096)
def on_day(text: str) -> date:
    """The calendar date of an instant or of a date, as written (the site's own date)."""
    return date.fromisoformat(text[:10])


def days_between(start: str, end: str) -> int:
    """Calendar days from the date of ``start`` to the date of ``end``: the N of CV-2.

    A window of N days is open while this is ≤ N; day N itself is still inside.
    """
    return (on_day(end) - on_day(start)).days


@lru_cache(maxsize=4096)
def add_months(day: date, months: int) -> date:
    """The same day number N months later, clamped to the month's last day (CV-4).

    The result is the last day inside the window: 31 December plus two months is 28 or 29 February.
    """
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    month += 1
    return date(years, month, min(day.day, calendar.monthrange(years, month)[1]))


def minutes_after(text: str, minutes: int) -> str:
    """The instant ``minutes`` after ``text``, in the same notation; doing it then is on time."""
    due = instant(text) + timedelta(minutes=minutes)
    return due.isoformat(timespec="seconds" if len(text) > 16 else "minutes")


def later(one: str, other: str) -> bool:
    """Whether ``one`` is strictly later than ``other``."""
    return instant(one) > instant(other)
