"""The working calendar's import, and the question whether the year ahead is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from zhike import clock
from zhike.contributions import (
    N_,
    Checked,
    Column,
    HealthCheck,
    HealthResult,
    Importer,
    Problem,
    RecordKind,
    RecordRef,
    RecordSummary,
)
from zhike.hookspecs import hookimpl
from zhike.i18n import _
from zhike.models.calendar import CalendarDay, CalendarYear
from zhike.models.company import Company
from zhike.services.companies import bump_generation
from zhike.site import Site

#: From this month on the next year has to be known: it is published in November, as a rule.
NEXT_YEAR_FROM = 12
KINDS = {"放假": "off", "上班": "work"}

COLUMNS = (
    Column(
        key="day",
        title=N_("Day"),
        kind="date",
        required=True,
        aliases=("日期", "Date"),
        example="2000-01-01",
    ),
    Column(
        key="kind",
        title=N_("Off or working"),
        kind="choice",
        choices=tuple(KINDS),
        required=True,
        aliases=("类型", "安排"),
        example="放假",
        help=N_("Days off that fall on a weekend may be listed or left out."),
    ),
    Column(
        key="name",
        title=N_("Holiday"),
        aliases=("节日", "名称", "说明"),
        example="元旦",
        longest=40,
    ),
)


def check_day(s: Any, row: Mapping[str, Any]) -> Checked:
    """A row of the sheet of a year."""
    day: date = row["day"]
    problems = []
    if abs(day.year - clock.now().year) > 10:
        problems.append(Problem(_("This year is too far away."), "day"))
    value = {"day": day, "kind": KINDS[row["kind"]], "name": (row.get("name") or "").strip()}
    return Checked(value, tuple(problems))


def find_day(s: Any, value: Mapping[str, Any]) -> RecordRef | None:
    """The company's own row of that day."""
    found = s.scalar(
        select(CalendarDay.id).where(CalendarDay.unit_id.is_(None), CalendarDay.day == value["day"])
    )
    return RecordRef("core", "calendar_day", found) if found else None


def apply_day(s: Any, value: Mapping[str, Any], existing: RecordRef | None) -> RecordRef:
    """Set the day as the sheet has it; the year is confirmed on its page, by a person."""
    bump_generation(s)
    if existing is not None:
        row = s.require(CalendarDay, existing.id)
    else:
        row = CalendarDay(day=value["day"])
        s.add(row)
    row.kind, row.name, row.source = value["kind"], value["name"], "file"
    s.flush()
    return RecordRef("core", "calendar_day", row.id)


def _undone(s: Any, ref: RecordRef) -> None:
    bump_generation(s)


@hookimpl
def register_importers() -> Sequence[Importer]:
    """A year's days off and make-up days as a sheet."""
    return (
        Importer(
            name="core.calendar",
            title=N_("Days off and make-up days of a year"),
            permission="core.organisation",
            columns=COLUMNS,
            validate=check_day,
            apply=apply_day,
            find_existing=find_day,
            key=("day",),
            models=(CalendarDay,),
            undone=_undone,
        ),
    )


def _describe(s: Any, ref: RecordRef, principal: Any) -> RecordSummary | None:
    row = s.find(CalendarDay, ref.id)
    if row is None:
        return None
    words = _("day off") if row.kind == "off" else _("make-up working day")
    url = f"/admin/calendar?year={row.day.year}" if principal.can("core.organisation") else None
    return RecordSummary(f"{row.day.isoformat()} {words} {row.name}".rstrip(), url)


@hookimpl
def register_record_kinds() -> Sequence[RecordKind]:
    """A day of the calendar, as imports name it."""
    return (RecordKind(name="core.calendar_day", title=N_("Day"), describe=_describe),)


def years_known(site: Site) -> HealthResult:
    """Whether every open company has confirmed the days off of this year, and in time the next."""
    now = clock.now()
    wanted = [now.year] if now.month < NEXT_YEAR_FROM else [now.year, now.year + 1]
    with site.unscoped("health: count companies without a calendar year", write=False) as s:
        companies = set(s.scalars(select(Company.id).where(Company.closed_at.is_(None))))
        known = {
            (row.company_id, row.year)
            for row in s.execute(
                select(CalendarYear.company_id, CalendarYear.year).where(
                    CalendarYear.year.in_(wanted)
                )
            )
        }
    missing = [year for year in wanted if any((c, year) not in known for c in companies)]
    if not missing:
        return HealthResult(True, _("Days off and make-up days are known."))
    return HealthResult(
        False,
        _(
            "Days off and make-up days of %(years)s are not confirmed: due dates count as if "
            "there were none.",
            years=", ".join(str(year) for year in missing),
        ),
        _("Take over the published arrangement, import it as a sheet, or enter the days."),
        page="admin_calendar.overview",
    )


@hookimpl
def register_health_checks() -> Sequence[HealthCheck]:
    """What nobody notices until a deadline is wrong."""
    return (HealthCheck(name="core.calendar", title=N_("Working calendar"), check=years_known),)
