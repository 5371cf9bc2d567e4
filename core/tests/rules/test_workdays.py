"""Terms on a working calendar, against days counted by hand (the year 2025 of the catalogues)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.rules import from_json, to_json, workdays
from zhike.rules.workdays import ALWAYS, CIVIL, WorkCalendar

WEEKDAYS = ((("08:30", "17:30"),),) * 5


def days(first: str, last: str) -> list[str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(days=n)).isoformat() for n in range((end - start).days + 1)]


OFFICE = WorkCalendar(
    "office",
    (*WEEKDAYS, (), ()),
    off=tuple(
        days("2025-01-01", "2025-01-01")
        + days("2025-01-28", "2025-02-04")
        + days("2025-04-04", "2025-04-06")
        + days("2025-05-01", "2025-05-05")
        + days("2025-05-31", "2025-06-02")
        + days("2025-10-01", "2025-10-08")
    ),
    extra=("2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"),
    years=(2025,),
)
EXCHANGE = WorkCalendar("exchange", ((("09:00", "11:30"), ("13:00", "15:30")),) * 5 + ((), ()))


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        # Hours count inside opening hours; exactly at closing time is still in time.
        ("2025-03-05T15:30", "2h", "2025-03-05T17:30"),
        ("2025-03-05T16:30", "2h", "2025-03-06T09:30"),
        ("2025-03-07T17:30", "10min", "2025-03-10T08:40"),
        ("2025-03-08T10:00", "1h", "2025-03-10T09:30"),
        ("2025-04-27T16:30", "2h", "2025-04-28T09:30"),  # a Sunday that works
        ("2025-03-05T07:00", "30min", "2025-03-05T09:00"),
        # Days: the start is not counted, a rest day moves to the next working day.
        ("2025-03-05T09:00", "2d", "2025-03-07T17:30"),
        ("2025-03-06T09:00", "2d", "2025-03-10T17:30"),
        ("2025-04-30T18:40", "2d", "2025-05-06T17:30"),
        ("2025-04-25T09:00", "2d", "2025-04-27T17:30"),  # make-up Sunday: no move
        # Working days, make-up days included.
        ("2025-04-25T09:00", "2wd", "2025-04-28T17:30"),
        ("2025-09-30T09:00", "1wd", "2025-10-09T17:30"),
        ("2025-09-30T09:00", "3wd", "2025-10-11T17:30"),
        ("2025-03-05T09:00", "1wd@10:00", "2025-03-06T10:00"),
        # Months clamp to the month's last day, then move.
        ("2025-01-31T09:00", "1mo", "2025-02-28T17:30"),
        ("2025-03-31T09:00", "2mo", "2025-06-03T17:30"),
        # Moments.
        ("2025-03-05T17:30", "at:day_end", "2025-03-05T17:30"),
        ("2025-03-05T17:31", "at:day_end", "2025-03-06T17:30"),
        ("2025-03-08T09:00", "at:day_end", "2025-03-10T17:30"),
        ("2025-03-07T09:00", "at:next_workday@10:00", "2025-03-10T10:00"),
        ("2025-03-05T09:00", "at:16:30", "2025-03-05T16:30"),
        ("2025-05-10T09:00", "at:month_end", "2025-05-30T17:30"),
    ],
)
def test_a_term_on_office_days(start: str, limit: str, due: str) -> None:
    assert workdays.due(OFFICE, start, limit).at == due


@pytest.mark.parametrize(
    ("calendar", "start", "limit", "due"),
    [
        (ALWAYS, "2025-03-07T22:30", "2h", "2025-03-08T00:30"),
        (ALWAYS, "2025-03-07T22:30", "2d", "2025-03-10T00:00"),
        (CIVIL, "2025-03-07T22:30", "2d", "2025-03-09T23:59:59"),
        (EXCHANGE, "2025-03-05T11:00", "1h", "2025-03-05T13:30"),
        (EXCHANGE, "2025-03-05T15:00", "1h", "2025-03-06T09:30"),
    ],
)
def test_other_calendars(calendar: WorkCalendar, start: str, limit: str, due: str) -> None:
    assert workdays.due(calendar, start, limit).at == due


def test_the_arithmetic_can_be_shown() -> None:
    due = workdays.due(OFFICE, "2025-04-30T18:40+08:00", "2d")
    assert due.at == "2025-05-06T17:30:00+08:00"
    assert due.rolled_from == "2025-05-02"
    assert due.skipped == tuple(days("2025-05-01", "2025-05-05"))
    assert due.unsure == ()
    assert workdays.due(OFFICE, "2025-12-30T09:00", "3wd").unsure == (2026,)
    assert workdays.due(CIVIL, "2025-12-30T09:00", "3d").unsure == ()


def test_a_term_may_move_back_or_not_at_all() -> None:
    assert workdays.due(OFFICE, "2025-03-06T09:00", "2d", "back").at == "2025-03-07T17:30"
    assert workdays.due(OFFICE, "2025-03-06T09:00", "2d", "none").at == "2025-03-08T17:30"


@pytest.mark.parametrize("limit", ["", "2", "2x", "d2", "2h@10:00", "at:noon", "at:25", "-1d"])
def test_what_is_no_limit(limit: str) -> None:
    with pytest.raises(ValueError, match=r"limit|minutes and hours"):
        workdays.due(OFFICE, "2025-03-05T09:00", limit)


def test_a_calendar_without_working_days_ends_in_an_error() -> None:
    never = WorkCalendar("never", ((),) * 7)
    with pytest.raises(ValueError, match="no working days"):
        workdays.due(never, "2025-03-05T09:00", "1wd")
    with pytest.raises(ValueError, match="no working days"):
        workdays.due(never, "2025-03-05T09:00", "1h")


def test_a_calendar_is_data() -> None:
    assert from_json(WorkCalendar, to_json(OFFICE)) == OFFICE


START = st.datetimes(
    datetime.fromisoformat("2025-01-02"), datetime.fromisoformat("2025-11-01")
).map(lambda at: at.replace(second=0, microsecond=0))


@given(START, st.integers(1, 2000))
def test_minutes_agree_with_a_walk_minute_by_minute(start: datetime, minutes: int) -> None:
    """The slow way: walk on, counting a minute wherever the office is open."""
    at, left = start, minutes
    while left:
        day = at.date()
        if any(a <= f"{at:%H:%M}" < b for a, b in OFFICE.windows(day)):
            left -= 1
        at += timedelta(minutes=1)
    due = workdays.due(OFFICE, start.isoformat(timespec="minutes"), f"{minutes}min")
    assert due.at == at.isoformat(timespec="minutes")


@given(START, st.integers(1, 60))
def test_working_days_agree_with_a_walk_day_by_day(start: datetime, count: int) -> None:
    day, left = start.date(), count
    while left:
        day += timedelta(days=1)
        left -= OFFICE.works(day)
    assert workdays.add_working_days(OFFICE, start.date(), count) == day
    assert workdays.working_days_between(OFFICE, start.date(), day) == count
    assert workdays.add_working_days(OFFICE, day + timedelta(days=1), -count) <= day
