"""Working calendars 工作日历: which days a company works, and when a term is due.

Opening hours, days off and make-up days (调休) are rows of the company, a site's own winning over
them; :mod:`zhike.rules.workdays` counts. The arrangement that the State Council publishes for a
year comes from a package (:func:`official`), a workbook, or by hand; a year that nobody has
confirmed counts as if it had no holidays, and the health page says so: nothing ever fails for it.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select

from zhike import clock
from zhike.db.session import CompanySession
from zhike.errors import UserError
from zhike.i18n import _
from zhike.models.calendar import CalendarDay, CalendarHours, CalendarYear
from zhike.models.organisation import Unit
from zhike.rules import workdays
from zhike.rules.workdays import ALWAYS, CIVIL, Due, Roll, WorkCalendar
from zhike.services import ledger
from zhike.services.companies import bump_generation, remembered
from zhike.services.organisation import tree

OFFICE_WEEK: tuple[tuple[tuple[str, str], ...], ...] = (
    *(((("08:30", "17:30"),),) * 5),
    (),
    (),
)
"""What holds where nobody chose: Monday to Friday, 08:30 to 17:30."""

NAMES = ("office", "always", "civil")
OFFICIAL_ZONES = ("Asia/Shanghai", "Asia/Urumqi")
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
_MOST_WINDOWS = 4
LONGEST_SPAN = 31  #: days that can be set at once


@dataclass(frozen=True)
class OfficialDay:
    """One day of a published year: ``kind`` ``off`` or ``work``, ``name`` the holiday's name."""

    day: date
    kind: str
    name: str


def calendar_of(
    s: CompanySession, unit_id: uuid.UUID | None = None, name: str = "office"
) -> WorkCalendar:
    """The calendar that holds at a unit (``None``: the company's own), as data for an engine.

    ``name`` is ``office`` (working hours), ``always`` (a day ends at 24:00) or ``civil`` (at
    23:59:59). Raises ``ValueError`` for another.
    """
    if name == "always":
        return ALWAYS
    if name == "civil":
        return CIVIL
    if name != "office":
        raise ValueError(f"there is no calendar {name!r}: {', '.join(NAMES)}")
    made: Mapping[uuid.UUID | None, WorkCalendar] = remembered(s, "calendars", lambda: _read(s))
    for place in tree(s).ancestors(unit_id):
        if place in made:
            return made[place]
    return made[None]


def _read(s: CompanySession) -> Mapping[uuid.UUID | None, WorkCalendar]:
    """The company's calendar, and those of units that differ from it."""
    hours = {row.unit_id: row.week for row in s.execute(_columns(CalendarHours, "unit_id", "week"))}
    days: dict[uuid.UUID | None, dict[date, str]] = defaultdict(dict)
    for row in s.execute(_columns(CalendarDay, "unit_id", "day", "kind")):
        days[row.unit_id][row.day] = row.kind
    known = tuple(s.scalars(select(CalendarYear.year).order_by(CalendarYear.year)))
    units = tree(s)
    made: dict[uuid.UUID | None, WorkCalendar] = {}
    for place in {None, *hours, *days}:
        up = (*units.ancestors(place), None)  # the nearest first, the company last
        week = next((hours[at] for at in up if at in hours), OFFICE_WEEK)
        kinds: dict[date, str] = {}
        for at in reversed(up):
            kinds.update(days.get(at, {}))
        made[place] = WorkCalendar(
            "office",
            tuple(tuple((str(a), str(b)) for a, b in windows) for windows in week),
            off=tuple(sorted(d.isoformat() for d, kind in kinds.items() if kind == "off")),
            extra=tuple(sorted(d.isoformat() for d, kind in kinds.items() if kind == "work")),
            years=known,
        )
    return made


def _columns(model: Any, *names: str) -> Any:
    return select(*(getattr(model, name) for name in names))


def is_working_day(s: CompanySession, unit_id: uuid.UUID | None, day: date) -> bool:
    """Whether people work on ``day`` at the unit; make-up days count."""
    return calendar_of(s, unit_id).works(day)


def add_working_days(s: CompanySession, unit_id: uuid.UUID | None, start: date, count: int) -> date:
    """The ``count``-th working day after ``start`` (before it, if negative)."""
    return workdays.add_working_days(calendar_of(s, unit_id), start, count)


def add_days(
    s: CompanySession, unit_id: uuid.UUID | None, start: date, count: int, to: Roll = "forward"
) -> date:
    """``count`` calendar days after ``start``; a rest day moves to the next working day."""
    return workdays.add_days(calendar_of(s, unit_id), start, count, to)


def due(
    s: CompanySession,
    unit_id: uuid.UUID | None,
    start: datetime,
    limit: str,
    *,
    calendar: str = "office",
    to: Roll = "forward",
) -> tuple[datetime, Due]:
    """When a term that began at ``start`` (aware) is due, in UTC, and how it was counted.

    The grammar of ``limit`` is that of :mod:`zhike.rules.workdays`: ``2d`` is due at closing time
    of the second day, or of the next working day. Raises ``ValueError`` for what is no limit.
    """
    unit = tree(s).units.get(unit_id) if unit_id else None
    zone = ZoneInfo(unit.tz if unit else _company_tz(s))
    local = start.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds")
    counted = workdays.due(calendar_of(s, unit_id, calendar), local, limit, to)
    at = datetime.fromisoformat(counted.at).replace(tzinfo=zone)
    return at.astimezone(clock.now().tzinfo), counted


def _company_tz(s: CompanySession) -> str:
    from zhike.services.companies import company_of

    return company_of(s).tz


# -- what the panel changes -----------------------------------------------------------------------


def official(year: int) -> tuple[OfficialDay, ...]:
    """The published arrangement of a year, by day; empty where the package does not have it yet."""
    # Loaded when somebody looks at a year: nothing else needs it.
    from chinese_calendar import Holiday
    from chinese_calendar import constants as published

    words = {holiday.value: holiday.chinese for holiday in Holiday}
    found = [
        OfficialDay(day, kind, words.get(name, name))
        for kind, days in (("off", published.holidays), ("work", published.workdays))
        for day, name in days.items()
        if day.year == year
    ]
    return tuple(sorted(found, key=lambda one: one.day))


def years_confirmed(s: CompanySession) -> dict[int, CalendarYear]:
    """The years whose days off somebody has confirmed."""
    return {row.year: row for row in s.scalars(select(CalendarYear).order_by(CalendarYear.year))}


def days_of(s: CompanySession, year: int, unit_id: uuid.UUID | None = None) -> list[CalendarDay]:
    """The rows of a year, of the company or of one unit itself, by day."""
    return list(
        s.scalars(
            select(CalendarDay)
            .where(_at(CalendarDay, unit_id), *_in_year(year))
            .order_by(CalendarDay.day)
        )
    )


def adopt_official(s: CompanySession, year: int) -> int:
    """Take over the published arrangement of a year; returns how many days differ from the week.

    Days entered by hand stay as they are. Raises ``UserError`` where it is not known yet.
    """
    found = official(year)
    if not found:
        raise UserError(
            _(
                "The arrangement of %(year)s is not known to this version; import it as a sheet "
                "or enter its days.",
                year=year,
            ),
            code="calendar_year",
        )
    return replace_year(s, year, found, source="official")


def begin(s: CompanySession) -> None:
    """What a new company in China starts with: this year and the next, as far as published."""
    if _company_tz(s) not in OFFICIAL_ZONES:
        return
    for year in (clock.now().year, clock.now().year + 1):
        if official(year):
            adopt_official(s, year)


def set_span(
    s: CompanySession,
    first: date,
    last: date,
    kind: str,
    *,
    name: str = "",
    unit_id: uuid.UUID | None = None,
) -> int:
    """:func:`set_day` for every day from ``first`` to ``last`` (included); returns how many."""
    count = (last - first).days + 1
    if count < 1:
        raise UserError(_("The last day lies before the first."), field="last")
    if count > LONGEST_SPAN:
        raise UserError(_("At most %(n)s days at once.", n=LONGEST_SPAN), field="last")
    for number in range(count):
        set_day(s, first + timedelta(days=number), kind, name=name, unit_id=unit_id)
    return count


def replace_year(s: CompanySession, year: int, days: Iterable[OfficialDay], *, source: str) -> int:
    """Put ``days`` of a year in the place of those that are not by hand, and confirm the year."""
    bump_generation(s)
    s.execute(
        delete(CalendarDay)
        .where(CalendarDay.unit_id.is_(None), CalendarDay.source != "hand", *_in_year(year))
        .execution_options(synchronize_session=False)
    )
    by_hand = {row.day for row in days_of(s, year)}
    rows = [
        {"day": one.day, "kind": one.kind, "name": one.name, "source": source, "unit_id": None}
        for one in days
        if one.day.year == year and one.day not in by_hand
    ]
    s.insert_many(CalendarDay, rows)
    _confirm(s, year, source)
    ledger.append(
        s,
        "core.calendar.year_confirmed",
        object=str(year),
        body={"year": year, "source": source, "days": len(rows), "by_hand": len(by_hand)},
    )
    return len(rows)


def confirm_year(s: CompanySession, year: int) -> None:
    """Say that the days of a year as they stand are right and complete."""
    bump_generation(s)
    _confirm(s, year, "hand")
    ledger.append(
        s,
        "core.calendar.year_confirmed",
        object=str(year),
        body={"year": year, "source": "hand", "days": len(days_of(s, year))},
    )


def _confirm(s: CompanySession, year: int, source: str) -> None:
    row = s.scalar(select(CalendarYear).where(CalendarYear.year == year))
    if row is None:
        row = CalendarYear(year=year, source=source)
        s.add(row)
    row.source, row.confirmed_at, row.confirmed_by = source, clock.now(), s.actor.name
    s.flush()


def set_day(
    s: CompanySession,
    day: date,
    kind: str,
    *,
    name: str = "",
    unit_id: uuid.UUID | None = None,
    source: str = "hand",
) -> CalendarDay:
    """Make ``day`` a day off (``off``) or a make-up day (``work``), in the company or at a unit."""
    if kind not in ("off", "work"):
        raise UserError(_("Choose whether it is a day off or a working day."), field="kind")
    if unit_id is not None:
        s.require(Unit, unit_id)
    bump_generation(s)
    row = s.scalar(select(CalendarDay).where(_at(CalendarDay, unit_id), CalendarDay.day == day))
    before = row.kind if row is not None else ""
    if row is None:
        row = CalendarDay(day=day, unit_id=unit_id)
        s.add(row)
    row.kind, row.name, row.source = kind, name.strip()[:40], source
    s.flush()
    ledger.append(
        s,
        "core.calendar.day_set",
        object=f"core:calendar_day:{row.id}",
        body={
            "day": day,
            "kind": kind,
            "before": before,
            "name": row.name,
            "unit": str(unit_id or ""),
        },
    )
    return row


def drop_day(s: CompanySession, row_id: uuid.UUID) -> date:
    """Let a day follow its week again; returns it."""
    row = s.require(CalendarDay, row_id)
    bump_generation(s)
    day = row.day
    s.delete(row)
    s.flush()
    ledger.append(
        s,
        "core.calendar.day_dropped",
        object=f"core:calendar_day:{row_id}",
        body={"day": day, "before": row.kind, "name": row.name, "unit": str(row.unit_id or "")},
    )
    return day


def set_hours(
    s: CompanySession, week: Sequence[Sequence[Sequence[str]]], unit_id: uuid.UUID | None = None
) -> None:
    """Set the opening windows of the week, Monday first, for the company or a unit.

    Raises ``UserError`` for windows that are no times, overlap or run backwards, and for a week in
    which nobody works: no term of working days would ever end.
    """
    checked = [_windows(windows) for windows in week]
    if len(checked) != 7 or not any(checked):
        raise UserError(_("At least one day of the week has to be a working day."))
    if unit_id is not None:
        s.require(Unit, unit_id)
    bump_generation(s)
    row = s.scalar(select(CalendarHours).where(_at(CalendarHours, unit_id)))
    before = row.week if row is not None else None
    if row is None:
        row = CalendarHours(unit_id=unit_id, week=checked)
        s.add(row)
    row.week, row.changed_at, row.changed_by = checked, clock.now(), s.actor.name
    s.flush()
    ledger.append(
        s,
        "core.calendar.hours_set",
        object=f"core:unit:{unit_id}" if unit_id else None,
        body={"before": before, "after": checked},
    )


def drop_hours(s: CompanySession, unit_id: uuid.UUID) -> None:
    """Let a unit have the hours of the place above it again."""
    row = s.scalar(select(CalendarHours).where(_at(CalendarHours, unit_id)))
    if row is None:
        return
    bump_generation(s)
    s.delete(row)
    s.flush()
    ledger.append(
        s,
        "core.calendar.hours_set",
        object=f"core:unit:{unit_id}",
        body={"before": row.week, "after": None},
    )


def parse_windows(text: str) -> list[list[str]]:
    """Windows as people type them: ``08:30-12:00 13:30-17:30``; empty for a rest day."""
    plain = text.replace("：", ":").replace("—", "-").replace("–", "-").replace("~", "-")
    parts = [part for part in re.split(r"[\s,，、;；]+", re.sub(r"\s*-\s*", "-", plain)) if part]
    return _windows([_clocks(part) for part in parts])


def _clocks(part: str) -> list[str]:
    opens, sep, closes = part.partition("-")
    if not sep:
        raise UserError(_("Write opening hours like 08:30-17:30."), code="hours")
    return [clock_text.zfill(5) for clock_text in (opens, closes)]


def _windows(windows: Sequence[Sequence[str]]) -> list[list[str]]:
    last = ""
    for window in windows:
        if len(window) != 2 or not all(_CLOCK.fullmatch(part) for part in window):
            raise UserError(_("Write opening hours like 08:30-17:30."), code="hours")
        opens, closes = window
        if opens < last or closes <= opens:
            raise UserError(_("Opening hours follow one another and end later than they begin."))
        last = closes
    if len(windows) > _MOST_WINDOWS:
        raise UserError(_("A day has at most %(n)s opening windows.", n=_MOST_WINDOWS))
    return [list(window) for window in windows]


def _at(model: Any, unit_id: uuid.UUID | None) -> Any:
    return model.unit_id.is_(None) if unit_id is None else model.unit_id == unit_id


def _in_year(year: int) -> tuple[Any, Any]:
    return CalendarDay.day >= date(year, 1, 1), CalendarDay.day <= date(year, 12, 31)


def has_own_hours(s: CompanySession, unit_id: uuid.UUID) -> bool:
    """Whether a unit has hours of its own."""
    return s.scalar(select(CalendarHours.id).where(_at(CalendarHours, unit_id))) is not None
