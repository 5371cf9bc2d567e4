"""Registers: one mechanism for screen, paper and file, narrowed by days, rep and kind."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from zhike.api import LedgerLine, UserError, clock
from zhike.testing import read_page
from zhike_sales_floor.services import floor, registers
from zhike_sales_floor.services.arrivals import Person

MONDAY, TUESDAY = date(2026, 5, 4), date(2026, 5, 5)


@pytest.fixture
def two_days(ground):
    """A visitor on Monday received by A, one on Tuesday by B; A was out privately on Tuesday."""
    ground.sign_in("AB")
    first = ground.arrive(Person(name="张伟", phone="13812345678"), source="户外广告")
    ground.do(lambda s: floor.end_visit(s, first.visit_id, result="will_return", grade="A"))
    ground.do(lambda s: floor.close_day(s, ground.unit))
    ground.now += timedelta(days=1)
    ground.sign_in("AB")
    ground.do(lambda s: floor.go_out(s, ground.unit, ground.reps["A"], "private", "取快递"))
    ground.arrive(Person(name="李娜", phone="13900001111"))
    return ground


def test_a_register_of_several_days_tells_the_day_of_each_line(two_days):
    whole = two_days.register("SFF-03", TUESDAY, since=MONDAY)
    assert [line["name"] for line in whole.rows["lines"]] == ["张伟", "李娜"]
    assert whole.values["day"] == "2026-05-04 – 2026-05-05"
    scope = registers.Scope(two_days.unit, MONDAY, TUESDAY)
    form, _data, _more = two_days.read(lambda s: registers.fill(s, registers.find("SFF-03"), scope))
    assert form.tables[0].columns[0].kind == "datetime"
    alone = two_days.register("SFF-03", MONDAY)
    assert [line["name"] for line in alone.rows["lines"]] == ["张伟"]
    assert alone.values["day"] == MONDAY


def test_a_register_is_narrowed_to_a_rep_and_a_kind(two_days):
    def lines(code, **asked):
        def look(s):
            register = registers.find(code)
            scope = registers.scope_of(
                s, register, two_days.unit, since=MONDAY, until=TUESDAY, **asked
            )
            return list(registers.fill(s, register, scope)[1].rows["lines"])

        return two_days.read(look)

    b = two_days.reps["B"]
    assert [line["visitor"] for line in lines("SFF-01", rep=b)] == ["李娜"]
    assert [line["name"] for line in lines("SFF-03", rep=b)] == ["李娜"]
    assert [line["name"] for line in lines("SFF-03", kind="old")] == []
    assert len(lines("SFF-02", kind="private")) == 1
    assert lines("SFF-02", kind="public") == []
    assert len(lines("SFF-02", kind="no such kind")) == 1  # what is unknown narrows nothing


def test_an_end_before_the_beginning_is_refused(two_days):
    with pytest.raises(UserError):
        two_days.register("SFF-03", MONDAY, since=TUESDAY)


def test_more_lines_than_are_shown_are_counted_and_all_of_them_in_the_file(
    two_days, login, monkeypatch
):
    monkeypatch.setattr(registers, "ON_SCREEN", 1)
    monkeypatch.setattr(registers, "ON_PAPER", 1)
    browser = login(two_days.company)
    base = f"/p/sales_floor/floor/{two_days.unit}/registers"
    days = "since=2026-05-04&until=2026-05-05"
    with clock.frozen(two_days.now):
        page = browser.get(f"{base}?register=SFF-03&{days}").get_data(as_text=True)
        assert "只显示前 1 行" in page
        assert "李娜" not in page
        assert browser.get(f"{base}/SFF-03?as=pdf&{days}").status_code == 422
        book = browser.get(f"{base}/SFF-03?as=xlsx&{days}")
        text = browser.get(f"{base}/SFF-03?as=csv&{days}")
    sheet = load_workbook(io.BytesIO(book.data)).active
    rows = list(sheet.values)
    assert rows[0][:3] == ("时间", "客户姓名", "电话")
    assert [row[1] for row in rows[1:]] == ["张伟", "李娜"]
    assert rows[1][0].isoformat() == "2026-05-04T09:03:00"
    lines = list(csv.reader(io.StringIO(text.data.decode("utf-8-sig"))))
    assert [line[1] for line in lines[1:]] == ["张伟", "李娜"]
    taken = two_days.read(
        lambda s: [
            line.body["exporter"]
            for line in s.scalars(select(LedgerLine).where(LedgerLine.action == "core.export"))
        ]
    )
    assert taken == ["sales_floor.SFF-03", "sales_floor.SFF-03"]


def test_the_page_offers_the_days_before_and_after_and_every_register(two_days, login):
    browser = login(two_days.company)
    base = f"/p/sales_floor/floor/{two_days.unit}/registers"
    with clock.frozen(two_days.now):
        page = read_page(browser.get(f"{base}?register=SFF-01&day=2026-05-05").text)
        links = {link.text: link.href for link in page.links}
        assert "since=2026-05-04" in links["前一段"]
        for register in registers.REGISTERS.values():
            assert register.form.title in links
            answer = browser.get(links[register.form.title])
            assert answer.status_code == 200, register.form.code


def test_who_may_see_registers_takes_no_file_without_the_right_to_export(two_days, login):
    browser = login(two_days.company, ["sales_floor.registers"])
    base = f"/p/sales_floor/floor/{two_days.unit}/registers"
    with clock.frozen(two_days.now):
        assert browser.get(f"{base}/SFF-03?as=pdf").status_code == 200
        for kind in ("xlsx", "csv"):
            assert browser.get(f"{base}/SFF-03?as={kind}").status_code == 403
