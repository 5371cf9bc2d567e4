"""The period a report is about: a day, a week, a month or two dates, as its address has it."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_date, format_skeleton
from flask_babel import get_locale

from zhike.errors import UserError
from zhike.i18n import _

SPANS = ("day", "week", "month")
#: Days a report may look back over at once: a leap year and its neighbour.
LONGEST = 732


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``since`` to ``until``, both included, in the site's calendar.

    ``span`` is ``day``, ``week`` (Monday to Sunday), ``month`` or ``custom`` for any two dates.
    """

    span: str
    since: date
    until: date

    @classmethod
    def around(cls, span: str, on: date) -> Period:
        """The day, week or month that ``on`` lies in."""
        if span == "week":
            first = on - timedelta(days=on.weekday())
            return cls(span, first, first + timedelta(days=6))
        if span == "month":
            last = calendar.monthrange(on.year, on.month)[1]
            return cls(span, on.replace(day=1), on.replace(day=last))
        return cls("day", on, on)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.until - self.since).days + 1

    @property
    def dates(self) -> list[date]:
        """Its days in order."""
        return [self.since + timedelta(days=n) for n in range(self.days)]

    def previous(self) -> Period:
        """The period before: the day, week or month before, else as many days."""
        return self._at(self.since - timedelta(days=1), -1)

    def following(self) -> Period:
        """The period after."""
        return self._at(self.until + timedelta(days=1), 1)

    def _at(self, on: date, way: int) -> Period:
        if self.span != "custom":
            return Period.around(self.span, on)
        step = timedelta(days=way * self.days)
        return Period("custom", self.since + step, self.until + step)

    def begun(self, today: date) -> bool:
        """Whether any of it has happened by ``today``."""
        return self.since <= today

    @property
    def args(self) -> dict[str, str]:
        """It as part of an address."""
        if self.span == "custom":
            return {"since": self.since.isoformat(), "until": self.until.isoformat()}
        return {"span": self.span, "on": self.since.isoformat()}

    def words(self) -> str:
        """It as people say it, in the reader's language."""
        locale = get_locale() or "zh_Hans"
        if self.span == "month":
            return str(format_skeleton("yMMMM", self.since, locale=locale))
        if self.span == "day":
            return f"{self.since.isoformat()} {format_date(self.since, 'EEE', locale=locale)}"
        return f"{self.since.isoformat()} – {self.until.isoformat()}"


def asked_period(
    args: Mapping[str, str], today: date, default: str = "month", spans: Sequence[str] = SPANS
) -> Period:
    """The period an address asks for: ``span`` and ``on``, or ``since`` and ``until``.

    Without either the ``default`` span around ``today``. Raises ``UserError`` 400 for what is no
    date, a period that ends before it begins, and one of more than two years.
    """
    if args.get("since") or args.get("until"):
        until = _day(args, "until", today)
        since = _day(args, "since", until - timedelta(days=29))
        if since > until:
            raise UserError(_("The period ends before it begins."), field="since", status=400)
        if (until - since).days >= LONGEST:
            raise UserError(_("Please choose at most two years."), field="since", status=400)
        return Period("custom", since, until)
    span = args.get("span", "")
    return Period.around(span if span in spans else default, _day(args, "on", today))


def _day(args: Mapping[str, str], name: str, default: date) -> date:
    text = args.get(name, "")
    if not text:
        return default
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise UserError(_("This is no date."), field=name, status=400) from None
    if not 1990 <= found.year <= 2200:  # arithmetic at the ends of the calendar
        raise UserError(_("This is no date."), field=name, status=400)
    return found
