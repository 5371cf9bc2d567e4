"""Working days 工作日历: the hours of the week, days off and make-up days, year by year."""

from __future__ import annotations

import calendar as months
import uuid
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, StringField
from wtforms.validators import InputRequired, Length, Optional

from zhike import clock
from zhike.db.session import CompanySession
from zhike.errors import NotFound, UserError
from zhike.i18n import _, ngettext
from zhike.models.calendar import CalendarDay
from zhike.models.organisation import Unit
from zhike.rules.workdays import check_limit
from zhike.services import calendars
from zhike.services.organisation import tree
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, current, reading
from zhike.web.form import PageForm
from zhike.web.page import chosen_id, keeping, options, page
from zhike.web.ui import State

bp = CoreBlueprint("admin_calendar", __name__, url_prefix="/admin/calendar")
PERMISSION = "core.organisation"
FIRST_YEAR, LAST_YEAR = 2000, 2100

WEEKDAYS = (
    _l("Monday"),
    _l("Tuesday"),
    _l("Wednesday"),
    _l("Thursday"),
    _l("Friday"),
    _l("Saturday"),
    _l("Sunday"),
)
_SHORT = (_l("Mo"), _l("Tu"), _l("We"), _l("Th"), _l("Fr"), _l("Sa"), _l("Su"))


class HoursForm(PageForm):
    """The week's opening hours."""

    day0 = StringField(WEEKDAYS[0], [Optional(), Length(max=60)])
    day1 = StringField(WEEKDAYS[1], [Optional(), Length(max=60)])
    day2 = StringField(WEEKDAYS[2], [Optional(), Length(max=60)])
    day3 = StringField(WEEKDAYS[3], [Optional(), Length(max=60)])
    day4 = StringField(WEEKDAYS[4], [Optional(), Length(max=60)])
    day5 = StringField(WEEKDAYS[5], [Optional(), Length(max=60)])
    day6 = StringField(WEEKDAYS[6], [Optional(), Length(max=60)])


class DayForm(PageForm):
    """Days that differ from the week."""

    first = DateField(_l("Day"), [InputRequired()])
    last = DateField(
        _l("Until"), [Optional()], description=_l("For several days in a row; else left empty.")
    )
    kind = RadioField(
        _l("What it is"),
        choices=options([("off", _l("day off")), ("work", _l("make-up working day"))]),
        default="off",
        validators=[InputRequired()],
    )
    name = StringField(_l("Why"), [Optional(), Length(max=40)])


def _year() -> int:
    text = request.args.get("year", "")
    year = int(text) if text.isdecimal() and len(text) == 4 else clock.now().year
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotFound(_("This record does not exist."))
    return year


def _place() -> Unit | None:
    """The unit whose own calendar is meant; None for the company's."""
    unit_id = chosen_id(request.args.get("unit"))
    return reading().require(Unit, unit_id) if unit_id else None


def _may_change(unit_id: uuid.UUID | None) -> None:
    """The company's calendar holds at every site, so the right has to hold everywhere too."""
    if unit_id is None:
        current().require_everywhere(PERMISSION)
    else:
        current().require(PERMISSION, unit_id)


def _back(unit_id: uuid.UUID | None = None, year: int | None = None) -> str:
    return url_for("admin_calendar.overview", unit=unit_id or None, year=year)


@bp.get("", permission=PERMISSION)
def overview() -> str:
    """A year at a glance, what is known of it, and the hours of the week."""
    s, year, place = reading(), _year(), _place()
    unit_id = place.id if place is not None else None
    working = calendars.calendar_of(s, unit_id)
    own_days = calendars.days_of(s, year, unit_id)
    named = {row.day: row for row in calendars.days_of(s, year)}
    named.update({row.day: row for row in own_days})
    confirmed = calendars.years_confirmed(s)
    this = clock.now().year
    return page(
        "zhike/admin/calendar.html",
        year=year,
        place=place,
        sites=[unit for unit in tree(s).units.values() if unit.open],
        years=sorted({this - 1, this, this + 1, *confirmed, year}),
        confirmed=confirmed.get(year),
        sources={
            "official": _("published arrangement"),
            "file": _("imported sheet"),
            "hand": _("entered by hand"),
        },
        published=bool(calendars.official(year)),
        weekdays=WEEKDAYS,
        short=_SHORT,
        week=working.week,
        own_hours=place is not None and calendars.has_own_hours(s, place.id),
        months=_months(year, working, named),
        days=own_days,
        can_import=current().can("core.import"),
        state=lambda row: (
            State(_("day off"), "attention")
            if row.kind == "off"
            else State(_("make-up working day"), "active")
        ),
        counted=_tried(s, unit_id),
        fragment=False,
    )


def _months(year: int, working: Any, named: dict[date, Any]) -> list[dict[str, Any]]:
    """Twelve months of weeks; a cell is a day with what it is, or None outside the month."""
    today = clock.local(clock.now(), current().tz).date()
    found = []
    for number in range(1, 13):
        weeks = [
            [
                {
                    "day": day,
                    "rest": not working.works(day),
                    "special": named.get(day),
                    "today": day == today,
                }
                if day.month == number
                else None
                for day in week
            ]
            for week in months.Calendar().monthdatescalendar(year, number)
        ]
        days = [cell for week in weeks for cell in week if cell]
        found.append(
            {"number": number, "weeks": weeks, "works": sum(not cell["rest"] for cell in days)}
        )
    return found


def _tried(s: CompanySession, unit_id: uuid.UUID | None) -> dict[str, Any] | None:
    """A term tried out: when it would be due, with its arithmetic."""
    limit, start = request.args.get("limit", "").strip(), request.args.get("start", "").strip()
    if not limit and not start:
        return None
    try:
        check_limit(limit)
        begin = datetime.fromisoformat(start)
    except ValueError:
        return {
            "limit": limit,
            "start": start,
            "error": _("Give a start and a term such as 2h, 2d, 3wd or 1mo."),
        }
    unit = tree(s).units.get(unit_id) if unit_id else None
    zone = ZoneInfo(unit.tz if unit else current().tz)
    at, how = calendars.due(s, unit_id, begin.replace(tzinfo=zone), limit)
    return {"limit": limit, "start": start, "at": at.astimezone(zone), "how": how, "error": ""}


@bp.post("/years/<int:year>/official", permission=PERMISSION)
def adopt(year: int) -> ResponseReturnValue:
    """Take over the published arrangement of a year."""
    _may_change(None)
    count = act(lambda s: calendars.adopt_official(s, year))
    flash(_("%(year)s: %(n)s days taken over.", year=year, n=count), "success")
    return redirect(_back(year=year))


@bp.post("/years/<int:year>/confirm", permission=PERMISSION)
def confirm(year: int) -> ResponseReturnValue:
    """Say that a year is right as it stands."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotFound(_("This record does not exist."))
    _may_change(None)
    act(lambda s: calendars.confirm_year(s, year))
    flash(_("%(year)s is confirmed.", year=year), "success")
    return redirect(_back(year=year))


@bp.route("/days/new", methods=["GET", "POST"], permission=PERMISSION)
def new_day() -> ResponseReturnValue:
    """Enter a day off or a make-up day, or several in a row."""
    place = _place()
    unit_id = place.id if place is not None else None
    _may_change(unit_id)
    form = DayForm()
    if form.validate_on_submit():
        first, last = form.first.data, form.last.data or form.first.data
        with keeping(form):
            count = act(
                lambda s: calendars.set_span(
                    s, first, last, form.kind.data, name=form.name.data or "", unit_id=unit_id
                )
            )
            flash(ngettext("One day saved.", "%(num)s days saved.", count), "success")
            return redirect(_back(unit_id, first.year))
    return page(
        "zhike/admin/form.html",
        form=form,
        title=_("Day off or make-up day"),
        lead=place.name if place is not None else _("The whole company"),
        up=_("Working days"),
        cancel=_back(unit_id),
    ), (422 if request.method == "POST" else 200)


@bp.post("/days/<uuid:row_id>/drop", permission=PERMISSION)
def drop_day(row_id: uuid.UUID) -> ResponseReturnValue:
    """Let a day follow its week again."""
    row = reading().require(CalendarDay, row_id)
    unit_id, day = row.unit_id, row.day
    _may_change(unit_id)
    act(lambda s: calendars.drop_day(s, row_id).isoformat())
    flash(_("%(day)s follows the week again.", day=day), "success")
    return redirect(_back(unit_id, day.year))


@bp.route("/hours", methods=["GET", "POST"], permission=PERMISSION)
def hours() -> ResponseReturnValue:
    """Change the hours of the week, of the company or of one unit."""
    place = _place()
    unit_id = place.id if place is not None else None
    _may_change(unit_id)
    form = HoursForm()
    fields = [form[f"day{number}"] for number in range(7)]
    if request.method == "GET":
        for field, windows in zip(
            fields, calendars.calendar_of(reading(), unit_id).week, strict=True
        ):
            field.data = " ".join("-".join(window) for window in windows)
    if form.validate_on_submit():
        week = []
        for field in fields:
            try:
                week.append(calendars.parse_windows(field.data or ""))
            except UserError as error:
                field.errors = [*field.errors, error.message]
        if len(week) == 7:
            with keeping(form):
                act(lambda s: calendars.set_hours(s, week, unit_id))
                flash(_("Saved."), "success")
                return redirect(_back(unit_id))
    return page("zhike/admin/calendar_hours.html", form=form, place=place, cancel=_back(unit_id)), (
        422 if request.method == "POST" else 200
    )


@bp.post("/hours/<uuid:unit_id>/drop", permission=PERMISSION)
def drop_hours(unit_id: uuid.UUID) -> ResponseReturnValue:
    """Let a unit have the company's hours again."""
    act(lambda s: calendars.drop_hours(s, unit_id))
    flash(_("The hours of the place above hold again."), "success")
    return redirect(_back(unit_id))
