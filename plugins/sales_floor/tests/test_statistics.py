"""Statistics: counted from the registers, compared, frozen under a number, corrected openly."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from zhike.api import Conflict, LedgerLine, UserError, clock
from zhike.testing import read_page
from zhike_sales_floor.models import Visit
from zhike_sales_floor.models_office import Sheet
from zhike_sales_floor.services import (
    calls,
    corrections,
    counts,
    deals,
    floor,
    incidents,
    sales,
    statistics,
    tracking,
)
from zhike_sales_floor.services.arrivals import Person
from zhike_sales_floor.services.calls import Entry
from zhike_sales_floor.services.tracking import Said

MONDAY = date(2026, 5, 4)


@pytest.fixture
def lived(either):
    """A Monday, on each database."""
    return a_monday(either)


@pytest.fixture
def lived_here(ground):
    """A Monday, for its pages."""
    return a_monday(ground)


def a_monday(ground):
    """张伟 (户外广告, buys), 李娜 (too dear), a scout, a call from outside, one to somebody."""
    ground.sign_in("AB")
    first = ground.arrive(Person(name="张伟", phone="13812345678"), source="户外广告", people=2)
    ground.do(lambda s: floor.end_visit(s, first.visit_id, result="signed", grade="A"))
    second = ground.arrive(Person(name="李娜", phone="13900001111"), source="朋友介绍")
    ground.do(
        lambda s: floor.end_visit(
            s, second.visit_id, result="not_interested", lost_reason="价格偏高"
        )
    )
    scout = ground.arrive()
    ground.do(lambda s: floor.void_visit(s, scout.visit_id, "踩盘", confirmed=True))
    customer = ground.read(lambda s: s.require(Visit, first.visit_id)).customer_id

    def sell(s):
        return deals.start(
            s, customer, "subscription", property="3-2-1201", amount_fen=286_000_000
        )[1]

    ground.do(sell)
    ground.do(
        lambda s: calls.log(
            s,
            ground.unit,
            Entry(
                name="王芳",
                phone="13900002222",
                source="户外广告",
                staff_id=ground.reps["B"],
                question="均价",
                appointment_at=ground.now + timedelta(hours=3),
            ),
        )
    )
    ground.do(lambda s: calls.log(s, ground.unit, Entry(direction="out", question="回访")))
    said = Said(content="已签约", grade="A")
    ground.do(lambda s: tracking.log(s, customer, said, staff_id=ground.reps["A"]))
    ground.first, ground.second, ground.customer = first.visit_id, second.visit_id, customer
    return ground


def count(ground, since=MONDAY, until=MONDAY):
    return ground.read(lambda s: counts.compute(s, ground.unit, since, until))


def test_the_day_is_counted_from_its_registers(lived):
    found = count(lived)
    told = {key: found[key] for key in counts.TOTALS}
    assert told == {
        "visits": 2,
        "new": 2,
        "old": 0,
        "people": 3,
        "unserved": 0,
        "void": 1,
        "calls": 3,  # the tracking was a call too
        "calls_in": 1,
        "calls_out": 2,
        "appointments": 1,
        "kept": 0,
        "tracks": 1,
        "reserved": 0,
        "closed": 1,
        "refunded": 0,
        "amount": 286_000_000,
    }
    assert found["sources"]["户外广告"] == {"visits": 1, "calls": 1}
    assert found["lost"] == {"价格偏高": 1}
    a = found["reps"][str(lived.reps["A"])]
    assert (a["visits"], a["new"], a["tracks"], a["performance"]) == (1, 1, 1, 10_000)
    assert found["reps"][str(lived.reps["B"])]["calls"] == 1
    rates = counts.rates(found)
    assert (rates["closing"], rates["again"], rates["kept"], rates["lost"]) == (5000, 0, 0, 0)


def test_a_customer_of_yesterday_is_an_old_one_and_a_refund_is_given_back(lived):
    lived.now += timedelta(days=1)
    lived.sign_in("AB")
    lived.arrive(Person(customer_id=lived.customer))
    deal = lived.read(lambda s: deals_of(s))
    lived.do(lambda s: sales.refund(s, deal, "贷款未批", override=True))
    found = count(lived, MONDAY, MONDAY + timedelta(days=1))
    assert (found["visits"], found["new"], found["old"]) == (3, 2, 1)
    assert (found["closed"], found["refunded"]) == (1, 1)
    assert found["days"]["2026-05-05"]["old"] == 1
    assert found["reps"][str(lived.reps["A"])]["performance"] == 0
    lines = lived.register("SFF-08-days", MONDAY + timedelta(days=1), since=MONDAY).rows["lines"]
    assert [(line["visits"], line["closed"]) for line in lines] == [(2, 1), (1, 0)]


def deals_of(s):
    from zhike_sales_floor.models import Deal

    return s.scalars(select(Deal.id)).one()


def test_stretches_are_days_weeks_from_monday_and_months():
    assert counts.span("week", date(2026, 5, 10)) == (MONDAY, date(2026, 5, 10))
    assert counts.span("month", date(2028, 2, 3)) == (date(2028, 2, 1), date(2028, 2, 29))
    assert counts.span("month", date(2026, 12, 31)) == (date(2026, 12, 1), date(2026, 12, 31))
    assert counts.before("month", date(2026, 3, 1)) == date(2026, 2, 1)
    assert counts.before("week", MONDAY) == date(2026, 4, 27)


def lacking(ground, since=MONDAY, until=MONDAY):
    return ground.read(
        lambda s: {one.what: one.number for one in statistics.lacking(s, ground.unit, since, until)}
    )


def test_what_is_still_open_is_counted_before_closing(lived):
    assert lacking(lived) == {}
    lived.arrive(Person(name="赵六", phone="13700001111"))
    report = incidents.Report(kind="conflict", what="争吵")
    lived.do(lambda s: incidents.log(s, lived.unit, report))
    assert lacking(lived) == {"visits": 1, "incidents": 1}
    assert lacking(lived, date(2026, 5, 1), date(2026, 5, 31))["not_over"] == 27
    lived.now += timedelta(days=1)
    assert lacking(lived)["days"] == 1  # the business day was never closed


def test_closing_freezes_and_what_is_corrected_later_shows_as_a_difference(lived):
    def close(reason=""):
        return lived.do(lambda s: statistics.close(s, lived.unit, "month", MONDAY, reason=reason))

    with pytest.raises(UserError):
        close()  # the month is not over
    row = close("提前月结")
    assert row.number == "TJA12026-0001"
    assert (str(row.starts_on), str(row.ends_on)) == ("2026-05-01", "2026-05-31")
    assert [one["what"] for one in row.lacking] == ["not_over"]
    with pytest.raises(Conflict):
        close("再来")
    with pytest.raises(Conflict):
        lived.do(lambda s: statistics.write(s, lived.unit, "month", MONDAY, version=1))
    lived.do(
        lambda s: corrections.result(
            s, lived.second, "not_interested", "", reason="记错", lost_reason="户型不合适"
        )
    )
    lived.do(lambda s: calls.log(s, lived.unit, Entry(name="陈", question="补问")))
    frozen = lived.read(lambda s: s.require(Sheet, row.id)).figures
    now = count(lived, row.starts_on, row.ends_on)
    changed = {(group, key): (was, being) for group, key, was, being in
               counts.differences(frozen, now)}  # fmt: skip
    assert changed[("", "calls")] == (3, 4)
    assert changed[("lost", "价格偏高")] == (1, 0)
    assert changed[("lost", "户型不合适")] == (0, 1)
    actions = lived.read(lambda s: [one.action for one in s.scalars(select(LedgerLine))])
    assert actions.count("sales_floor.sheet_closed") == 1


def test_the_pages_of_day_week_and_month_write_close_and_print(lived_here, login):
    lived, browser = lived_here, login(lived_here.company)
    base = f"/p/sales_floor/floor/{lived.unit}/statistics"
    with clock.frozen(lived.now):
        for kind in ("day", "week", "month"):
            page = browser.get(f"{base}/{kind}/2026-05-04").get_data(as_text=True)
            assert "户外广告" in page
            assert "¥2,860,000.00" in page
            for how in ("html", "pdf", "xlsx"):
                answer = browser.get(f"{base}/{kind}/2026-05-04/sheet?as={how}")
                assert answer.status_code == 200, (kind, how)
        weekly = browser.get(f"{base}/week/2026-05-04/sheet?as=pdf&form=SFF-12")
        assert weekly.data.startswith(b"%PDF")
        url = f"{base}/week/2026-05-06"
        form = read_page(browser.get(url).text).form(css_class="zk-form").values
        typed = {**form, "analysis": "来人少", "news": "利率下调", "plan": "多打电话"}
        assert browser.post(url, data=typed).status_code == 303
        stale = browser.post(url, data={**typed, "idempotency_key": "x" * 24})
        assert stale.status_code in (409, 422)  # written from an older look
        refused = browser.post(f"{url}/close", data={})
        assert refused.status_code == 422
        done = browser.post(f"{url}/close", data={"reason": "本周提前"})
        assert done.status_code == 303
        shown = browser.get(url).get_data(as_text=True)
        assert "利率下调" in shown
        assert "TJA12026-0001" in shown
        assert browser.get(f"{base}/month/nonsense").status_code == 404
    sheet = lived.read(lambda s: s.scalars(select(Sheet)).one())
    assert (str(sheet.starts_on), sheet.analysis) == ("2026-05-04", "来人少")


def test_a_reader_without_the_right_to_sign_reads_and_closes_nothing(lived_here, login):
    lived, browser = lived_here, login(lived_here.company, ["sales_floor.office"])
    url = f"/p/sales_floor/floor/{lived.unit}/statistics/month/2026-05-04"
    with clock.frozen(lived.now):
        assert browser.get(url).status_code == 200
        assert browser.post(f"{url}/close", data={"reason": "x"}).status_code == 403
        token = read_page(browser.get(url).text).csrf_token
        answer = browser.post(url, data={"analysis": "x", "version": "0", "csrf_token": token})
        assert answer.status_code == 403
    assert lived.read(lambda s: s.scalars(select(Sheet)).all()) == []
