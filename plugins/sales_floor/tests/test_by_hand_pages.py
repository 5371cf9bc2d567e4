"""The paper sheet and the page on which ring and tickets are set, as a browser uses them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from zhike.api import clock
from zhike.testing import read_page
from zhike_sales_floor.models import FloorEvent, Visit
from zhike_sales_floor.services.arrivals import Person

from .conftest import MORNING, Floor

DESK = ["sales_floor.enter_afterwards"]
MANAGER = ["sales_floor.enter_afterwards", "sales_floor.set_floor", "sales_floor.registers"]


@pytest.fixture
def noon(ground: Floor) -> Floor:
    """Signed in at nine; it is noon."""
    ground.sign_in("ABCD")
    ground.arrive(Person(name="现场甲"))
    ground.now = MORNING + timedelta(hours=3)
    return ground


def fill(browser: FlaskClient, url: str, **typed: str) -> Any:
    page = read_page(browser.get(url).text)
    form = next(form for form in page.forms if form.id in ("sheet", "standing"))
    return browser.post(url, data={**form.values, **typed})


def test_the_desk_enters_a_sheet_and_the_manager_sets_the_ring(
    noon: Floor, login: Callable[..., FlaskClient]
) -> None:
    base = f"/p/sales_floor/floor/{noon.unit}"
    with clock.frozen(noon.now):
        browser = login(noon.company, MANAGER)
        rows = {
            "began-0": "10:05", "ended-0": "10:40",
            "name-0": "纸上乙", "rep-0": str(noon.reps["C"]),
            "began-1": "11:10", "name-1": "纸上丙", "rep-1": str(noon.reps["D"]),
        }  # fmt: skip
        answer = fill(browser, f"{base}/afterwards", **rows)
        assert answer.status_code == 303, answer.text
        assert answer.headers["Location"] == f"{base}/standing"
        page = browser.get(f"{base}/standing").text
        assert "已补录 2 条" in page
        assert "正接新客户" in page or "接待新客户" in page
        ring = {f"place-{noon.reps[x]}": str(n) for n, x in enumerate("CDBA", 1)}
        nothing = fill(browser, f"{base}/standing", **ring)
        assert nothing.status_code == 422, "without a reason nothing is set"
        typed = {
            **ring,
            "owed-rep-0": str(noon.reps["B"]),
            "owed-since-0": "2026-05-03",
            "owed-reason-0": "昨天公出",
            "reason": "停电一小时",
        }
        answer = fill(browser, f"{base}/standing", **typed)
        assert answer.status_code == 303, answer.text
        board = browser.get(base).text
        assert "人工设定" in board
        assert "停电一小时" in board
        assert "补录" in board
        register = browser.get(f"/p/sales_floor/registers?code=SFF-01&unit={noon.unit}")
        assert register.status_code == 200
    assert noon.ring() == "CDBA"
    assert noon.tickets() == ["B(c)"]


def test_what_is_wrong_stands_beside_its_line_and_nothing_typed_is_lost(
    noon: Floor, login: Callable[..., FlaskClient]
) -> None:
    url = f"/p/sales_floor/floor/{noon.unit}/afterwards"
    with clock.frozen(noon.now):
        browser = login(noon.company, DESK)
        rows = {
            "began-0": "10:05", "ended-0": "10:40",
            "name-0": "好的", "rep-0": str(noon.reps["C"]),
            "began-1": "09:06", "ended-1": "09:10",
            "name-1": "现场甲", "rep-1": str(noon.reps["A"]),
        }  # fmt: skip
        answer = fill(browser, url, **rows)
        assert answer.status_code == 422
        assert "第 2 行" in answer.text
        page = read_page(answer.text)
        form = next(form for form in page.forms if form.id == "sheet")
        assert form.values["name-0"] == "好的"
        assert "same-1" in form.values, "a name that is known is asked about"
        with noon.site.reader(noon.company) as s:
            assert s.scalar(select(func.count()).select_from(Visit)) == 1
        known = next(v for v in _options(answer.text) if len(v) == 36)
        again = browser.post(url, data={**form.values, "same-1": known})
        assert again.status_code == 422, "the same visitor at the same time: entered live already"
        assert "已经登记过" in again.text
        page = read_page(again.text)
        form = next(form for form in page.forms if form.id == "sheet")
        done = browser.post(url, data={**form.values, "sure-1": "1"})
        assert done.status_code == 303
        twice = browser.post(url, data={**form.values, "sure-1": "1"})
        assert twice.status_code == 303
    with noon.site.reader(noon.company) as s:
        verbs = s.scalars(select(FloorEvent.verb)).all()
    assert verbs.count("paper") == 2, "two clicks are one sheet"


def _options(html: str) -> list[str]:
    chosen = re.search(r'name="same-1".*?</select>', html, re.DOTALL)
    assert chosen is not None
    return re.findall(r'value="([^"]*)"', chosen[0])


def test_more_lines_keep_what_is_typed(noon: Floor, login: Callable[..., FlaskClient]) -> None:
    url = f"/p/sales_floor/floor/{noon.unit}/afterwards"
    browser = login(noon.company, DESK)
    answer = fill(browser, url, **{"name-0": "甲", "more": "1"})
    form = next(form for form in read_page(answer.text).forms if form.id == "sheet")
    assert form.values["name-0"] == "甲"
    assert "name-15" in form.values


def test_an_empty_sheet_and_a_bad_time_are_told(
    noon: Floor, login: Callable[..., FlaskClient]
) -> None:
    url = f"/p/sales_floor/floor/{noon.unit}/afterwards"
    browser = login(noon.company, DESK)
    assert "至少填写一行" in fill(browser, url).text
    answer = fill(browser, url, **{"name-0": "甲", "began-0": "25:99"})
    assert answer.status_code == 422
    assert "请选择接待人" in answer.text


def test_the_desk_alone_sets_no_ring(noon: Floor, login: Callable[..., FlaskClient]) -> None:
    browser = login(noon.company, DESK)
    assert browser.get(f"/p/sales_floor/floor/{noon.unit}/standing").status_code == 403
