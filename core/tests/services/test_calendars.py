"""The company's calendar: what is published, what a site does otherwise, and who says so."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from zhike.errors import UserError
from zhike.models.calendar import CalendarDay
from zhike.models.ledger import LedgerLine
from zhike.services import calendars, organisation
from zhike.services.calendars import OfficialDay
from zhike.site import Site


def test_without_any_row_the_week_holds(site: Site, company: int) -> None:
    with site.reader(company) as s:
        office = calendars.calendar_of(s)
        assert office.week == calendars.OFFICE_WEEK
        assert calendars.is_working_day(s, None, date(2026, 10, 1))
        assert not calendars.is_working_day(s, None, date(2026, 10, 10))
        assert calendars.add_working_days(s, None, date(2026, 9, 30), 1) == date(2026, 10, 1)
        with pytest.raises(ValueError, match="no calendar"):
            calendars.calendar_of(s, None, "shop")


def test_a_published_year_is_taken_over_and_days_by_hand_stay(site: Site, company: int) -> None:
    with site.transaction(company) as s:
        calendars.set_day(s, date(2026, 10, 1), "work", name="开盘")
        calendars.adopt_official(s, 2026)
    with site.reader(company) as s:
        assert calendars.is_working_day(s, None, date(2026, 10, 1))  # by hand
        assert not calendars.is_working_day(s, None, date(2026, 10, 2))
        assert calendars.is_working_day(s, None, date(2026, 10, 10))  # a Saturday, made up
        assert calendars.add_days(s, None, date(2026, 9, 30), 2) == date(2026, 10, 8)
        assert calendars.years_confirmed(s)[2026].source == "official"
        names = {row.name for row in calendars.days_of(s, 2026)}
        assert {"国庆节", "春节", "开盘"} <= names
    with site.transaction(company) as s:
        again = calendars.adopt_official(s, 2026)
    with site.reader(company) as s:
        assert len(calendars.days_of(s, 2026)) == again + 1
        actions = s.scalars(select(LedgerLine.action)).all()
    assert actions.count("core.calendar.year_confirmed") == 2


def test_a_year_that_is_not_published_is_refused_in_words(site: Site, company: int) -> None:
    with pytest.raises(UserError, match="2090"), site.transaction(company) as s:
        calendars.adopt_official(s, 2090)


def test_a_new_company_starts_with_what_is_published(
    site: Site, company: int, frozen_clock: object
) -> None:
    with site.transaction(company) as s:
        calendars.begin(s)
    with site.reader(company) as s:
        assert 2026 in calendars.years_confirmed(s)
        assert not calendars.is_working_day(s, None, date(2026, 10, 1))


def test_a_site_differs_where_it_says_so(site: Site, company: int) -> None:
    with site.transaction(company) as s:
        hall = organisation.add_unit(s, name="滨江案场", code="BJ", kind="site").id
        group = organisation.add_unit(s, name="一组", code="G1", parent_id=hall).id
        calendars.replace_year(
            s, 2026, [OfficialDay(date(2026, 10, 1), "off", "国庆")], source="file"
        )
        calendars.set_day(s, date(2026, 10, 1), "work", unit_id=hall)
        calendars.set_hours(s, [[["09:00", "21:00"]]] * 7, hall)
    with site.reader(company) as s:
        assert not calendars.is_working_day(s, None, date(2026, 10, 1))
        for unit in (hall, group):  # what hangs below follows
            assert calendars.is_working_day(s, unit, date(2026, 10, 1))
            assert calendars.calendar_of(s, unit).end_of(date(2026, 10, 1)).hour == 21
    with site.transaction(company) as s:
        calendars.drop_hours(s, hall)
        row = s.scalars(select(CalendarDay).where(CalendarDay.unit_id == hall)).one()
        calendars.drop_day(s, row.id)
    with site.reader(company) as s:
        assert calendars.calendar_of(s, hall) == calendars.calendar_of(s)


def test_a_term_in_the_site_s_zone(site: Site, company: int) -> None:
    with site.transaction(company) as s:
        hall = organisation.add_unit(s, name="Berlin", code="B", kind="site", tz="Europe/Berlin").id
    start = datetime(2026, 3, 27, 8, 0, tzinfo=UTC)  # Friday 09:00 there; summer time on Sunday
    with site.reader(company) as s:
        at, how = calendars.due(s, hall, start, "2d")
    assert how.at == "2026-03-30T17:30:00"
    assert at == datetime(2026, 3, 30, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "windows"),
    [
        ("08:30-17:30", [["08:30", "17:30"]]),
        ("9:00—12:00，13:30～24:00".replace("～", "~"), [["09:00", "12:00"], ["13:30", "24:00"]]),
        ("9：00 - 18：00", [["09:00", "18:00"]]),
        ("", []),
    ],
)
def test_hours_as_people_type_them(typed: str, windows: list[list[str]]) -> None:
    assert calendars.parse_windows(typed) == windows


@pytest.mark.parametrize(
    "typed", ["9", "9-18", "25:00-26:00", "18:00-09:00", "9:00-12:00 11:00-13:00"]
)
def test_hours_that_are_none(typed: str) -> None:
    with pytest.raises(UserError):
        calendars.parse_windows(typed)


def test_a_week_in_which_nobody_works_is_refused(site: Site, company: int) -> None:
    with pytest.raises(UserError), site.transaction(company) as s:
        calendars.set_hours(s, [[]] * 7)


def test_one_company_s_days_are_not_another_s(site: Site, company: int) -> None:
    from zhike.testing import make_company

    other = make_company(site, "hongshan")
    with site.transaction(company) as s:
        calendars.set_day(s, date(2026, 11, 23), "off")
    with site.reader(other) as s:
        assert calendars.is_working_day(s, None, date(2026, 11, 23))
        assert calendars.days_of(s, 2026) == []
