"""The working calendar in the panel: years, days, hours, a sheet, and what health says."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient

from zhike.builtin.calendars import years_known
from zhike.services import calendars, organisation
from zhike.site import Site
from zhike.testing import FrozenClock, read_page

URL = "/admin/calendar"


@pytest.fixture
def admin(login: Callable[..., FlaskClient], company: int) -> FlaskClient:
    return login(company)


def post(client: FlaskClient, url: str, **values: Any) -> Any:
    data = {"idempotency_key": uuid.uuid4().hex, **values}
    return client.post(url, data=data, follow_redirects=True)


def test_a_year_is_taken_over_with_one_click(
    admin: FlaskClient, site: Site, company: int, frozen_clock: FrozenClock
) -> None:
    before = admin.get(f"{URL}?year=2026").text
    assert "尚未确认" in before
    assert not years_known(site).ok
    assert years_known(site).page == "admin_calendar.overview"
    after = post(admin, f"{URL}/years/2026/official").text
    assert "国庆节" in after
    assert "已确认" in after
    assert years_known(site).ok
    frozen_clock.set(datetime(2026, 12, 1, tzinfo=UTC))  # from now on the next year matters too
    assert "2027" in years_known(site).message


def test_a_span_of_days_and_back(admin: FlaskClient, site: Site, company: int) -> None:
    page = post(
        admin,
        f"{URL}/days/new",
        first="2027-02-05",
        last="2027-02-12",
        kind="off",
        name="春节",
    ).text
    assert page.count("春节") >= 8
    with site.reader(company) as s:
        rows = calendars.days_of(s, 2027)
        assert len(rows) == 8
    assert "2027-02-05" in post(admin, f"{URL}/days/{rows[0].id}/drop").text
    with site.reader(company) as s:
        assert len(calendars.days_of(s, 2027)) == 7
    wrong = post(admin, f"{URL}/days/new", first="2027-02-12", last="2027-02-05", kind="off")
    assert wrong.status_code == 422


def test_hours_of_a_site(admin: FlaskClient, site: Site, company: int) -> None:
    with site.transaction(company) as s:
        hall = organisation.add_unit(s, name="滨江案场", code="BJ", kind="site").id
    week = {f"day{n}": "9:00-12:00 13:30-20:00" for n in range(7)}
    assert "13:30–20:00" in post(admin, f"{URL}/hours?unit={hall}", **week).text
    wrong = post(admin, f"{URL}/hours?unit={hall}", **{**week, "day3": "9-18"})
    assert wrong.status_code == 422
    assert 'value="9-18"' in wrong.text
    post(admin, f"{URL}/hours/{hall}/drop")
    with site.reader(company) as s:
        assert calendars.calendar_of(s, hall) == calendars.calendar_of(s)


def test_a_term_is_tried_with_its_arithmetic(admin: FlaskClient) -> None:
    post(admin, f"{URL}/years/2026/official")
    shown = admin.get(f"{URL}?start=2026-09-30T18:40&limit=2d").text
    assert "2026-10-08 17:30" in shown
    assert "2026-10-02" in shown
    assert "zk-error" in admin.get(f"{URL}?start=2026-09-30T18:40&limit=soon").text


def test_a_year_comes_as_a_sheet(admin: FlaskClient, site: Site, company: int) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("日期", "类型", "节日"),
        ("2027-01-01", "放假", "元旦"),
        ("2027-01-02", "上班", ""),
    ):
        sheet.append(row)
    raw = io.BytesIO()
    book.save(raw)
    answer = admin.post(
        "/admin/data/import/core.calendar",
        data={"file": (io.BytesIO(raw.getvalue()), "2027.xlsx")},
        content_type="multipart/form-data",
    )
    waiting = answer.headers["Location"]
    assert "2027-01-01" in admin.get(waiting).text
    assert post(admin, f"{waiting}/apply", mode="all").status_code == 200
    with site.reader(company) as s:
        kinds = {row.day: row.kind for row in calendars.days_of(s, 2027)}
    assert kinds == {date(2027, 1, 1): "off", date(2027, 1, 2): "work"}
    assert "已确认" in post(admin, f"{URL}/years/2027/confirm").text


@pytest.mark.parametrize("path", ["", "?year=1", "?unit=", "/hours", "/days/new"])
def test_the_pages_open_and_read_chinese(admin: FlaskClient, path: str) -> None:
    page = read_page(admin.get(URL + path).text)
    assert page is not None
    assert admin.get(URL + path).status_code == 200


def test_without_the_right_nothing_is_changed(
    login: Callable[..., FlaskClient], company: int
) -> None:
    stranger = login(company, ["core.party.view"])
    assert stranger.get(URL).status_code == 403
    assert post(stranger, f"{URL}/years/2026/official").status_code == 403
