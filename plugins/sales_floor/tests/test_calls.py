"""The call register: quick to write, known callers recognised, appointments that reach the desk."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from zhike.api import Conflict, Contact, LedgerLine, UserError, clock
from zhike.testing import read_page
from zhike_sales_floor.models import Customer, FloorEvent, Visit
from zhike_sales_floor.models_office import Call, Question
from zhike_sales_floor.services import calls, floor, questions
from zhike_sales_floor.services.arrivals import Person
from zhike_sales_floor.services.calls import Entry


@pytest.fixture
def owned(ground):
    """张伟 belongs to A since this morning."""
    ground.sign_in("AB")
    visit = ground.arrive(Person(name="张伟", phone="13812345678"))
    ground.do(lambda s: floor.end_visit(s, visit.visit_id, result="will_return", grade="A"))
    ground.customer = ground.read(lambda s: s.require(Visit, visit.visit_id)).customer_id
    return ground


def log(ground, **entry):
    return ground.do(lambda s: calls.log(s, ground.unit, Entry(**entry)))


def test_a_call_of_the_owners_customer_is_line_contact_and_event(either):
    ground = either
    ground.sign_in("AB")
    visit = ground.arrive(Person(name="张伟", phone="13812345678"))
    ground.do(lambda s: floor.end_visit(s, visit.visit_id, result="will_return"))
    ground.now += timedelta(days=3)
    row = log(ground, phone="138-1234-5678", staff_id=ground.reps["A"], question="还有没有三房")
    customer = ground.read(lambda s: s.require(Customer, row.customer_id))
    assert str(customer.last_contact_on) == "2026-05-07"
    assert str(customer.protected_until) == "2026-05-14"  # the seven days begin anew
    contact = ground.read(lambda s: s.require(Contact, row.contact_id))
    assert (contact.kind, contact.direction, contact.note) == ("call", "in", "还有没有三房")
    verbs = ground.read(lambda s: list(s.scalars(select(FloorEvent.verb))))
    assert verbs.count("contact") == 1
    assert (row.number, str(row.day)) == (1, "2026-05-07")


def test_a_call_that_a_colleague_takes_is_noted_and_restarts_nothing(owned):
    owned.now += timedelta(days=3)
    row = log(owned, phone="13812345678", staff_id=owned.reps["B"], question="找李经理")
    customer = owned.read(lambda s: s.require(Customer, row.customer_id))
    assert str(customer.protected_until) == "2026-05-11"


def test_a_new_number_makes_a_customer_without_owner_whom_the_ring_receives(owned):
    row = log(owned, name="王芳", phone="13900002222", source="户外广告", staff_id=owned.reps["B"])
    customer = owned.read(lambda s: s.require(Customer, row.customer_id))
    assert (customer.owner_id, customer.stage, customer.source) == (None, "called", "户外广告")
    again = log(owned, phone="13900002222", question="地铁几号线")
    assert again.customer_id == row.customer_id
    done = owned.arrive(Person(customer_id=row.customer_id))
    assert owned.letter(done.outcome["assigned"]) == "B"  # whose turn it is, whoever took the call
    assert done.outcome["via"] == "turn"
    assert owned.read(lambda s: s.require(Customer, row.customer_id)).stage == "visited"


def test_a_known_number_under_another_name_is_asked_about(owned):
    with pytest.raises(UserError) as refused:
        log(owned, name="李四", phone="13812345678")
    assert refused.value.code == "duplicate"
    assert refused.value.extra["matches"][0]["name"] == "张伟"
    other = log(owned, name="李四", phone="13812345678", another=True)
    assert other.customer_id != owned.customer


def test_who_leaves_neither_name_nor_number_is_a_line_all_the_same(owned):
    row = log(owned, question="均价多少")
    assert (row.customer_id, row.label) == (None, "")
    named = log(owned, name="陈女士", question="开盘时间")
    assert (named.customer_id, named.label) == (None, "陈女士")
    with pytest.raises(UserError):
        log(owned)


def test_a_call_logged_on_the_customers_page_is_a_line_of_the_register(owned, login):
    browser = login(owned.company)
    url = f"/p/sales_floor/floor/{owned.unit}/customers/{owned.customer}/contact"
    with clock.frozen(owned.now):
        form = read_page(browser.get(url).text).form(css_class="zk-form").values
        done = browser.post(url, data={**form, "kind": "call", "note": "约周末看房"})
    assert done.status_code == 303
    lines = owned.register("SFF-04", owned.now.date()).rows["lines"]
    assert [(line["caller"], line["direction"], line["question"]) for line in lines] == [
        ("张伟", "outgoing", "约周末看房")
    ]


def test_the_page_takes_a_call_twice_pressed_once_and_shows_it(owned, login):
    browser = login(owned.company)
    url = f"/p/sales_floor/floor/{owned.unit}/calls"
    with clock.frozen(owned.now):
        page = read_page(browser.get(url).text)
        typed = {
            **page.form(css_class="zk-form").values,
            "who": "13900003333",
            "question": "有没有车位",
            "appointment_at": "2026-05-04T15:30",
        }
        for _time in range(2):
            assert browser.post(url, data=typed).status_code == 303
        shown = browser.get(url).get_data(as_text=True)
        assert "有没有车位" in shown
        day = browser.get(f"/p/sales_floor/floor/{owned.unit}/day")
        arrive = next(link for link in read_page(day.text).links if "call=" in link.href)
        door = read_page(browser.get(arrive.href).text).form(css_class="zk-form").values
    rows = owned.read(lambda s: list(s.scalars(select(Call))))
    assert len(rows) == 1
    assert rows[0].appointment_at.isoformat() == "2026-05-04T07:30:00+00:00"
    assert door["need"] == "有没有车位"
    assert door["who_id"]


def test_the_history_of_the_caller_is_shown_beside_the_form(owned, login):
    browser = login(owned.company)
    url = f"/p/sales_floor/floor/{owned.unit}/calls/history"
    with clock.frozen(owned.now):
        known = browser.get(url, query_string={"phone": "13812345678"}).get_data(as_text=True)
        nobody = browser.get(url, query_string={"phone": "13811112222"}).get_data(as_text=True)
    assert "张伟" in known
    assert "顾问A" in known
    assert "没有这个号码或姓名" in nobody


def test_a_line_is_struck_out_with_a_reason_and_stays(owned):
    row = log(owned, question="打错了")
    with pytest.raises(UserError):
        owned.do(lambda s: calls.void(s, row.id, " "))
    owned.do(lambda s: calls.void(s, row.id, "记错了人"))
    with pytest.raises(Conflict):
        owned.do(lambda s: calls.void(s, row.id, "再来"))
    line = owned.register("SFF-04", owned.now.date()).rows["lines"][0]
    assert "记错了人" in line["state"]
    assert log(owned, question="下一个").number == 2
    said = owned.read(
        lambda s: [
            one.action
            for one in s.scalars(select(LedgerLine))
            if one.action == "sales_floor.call_voided"
        ]
    )
    assert len(said) == 1


def test_an_appointment_is_put_off_and_dropped(owned):
    at = owned.now + timedelta(hours=5)
    row = log(owned, name="王芳", phone="13900002222", appointment_at=at)
    begin, end = owned.now, owned.now + timedelta(days=1)

    def coming():
        return owned.read(
            lambda s: [
                (one.name, one.came) for one in calls.appointments(s, owned.unit, begin, end)
            ]
        )

    assert coming() == [("王芳", False)]
    owned.arrive(Person(customer_id=row.customer_id))
    assert coming() == [("王芳", True)]
    owned.do(lambda s: calls.set_appointment(s, row.id, None))
    assert coming() == []
    with pytest.raises(UserError):
        owned.do(lambda s: calls.set_appointment(s, row.id, owned.now - timedelta(hours=1)))


def test_a_rep_strikes_out_his_own_lines_only(owned, app):
    from zhike.api import Staff, access
    from zhike.testing import make_user, sign_in
    from zhike_sales_floor.permissions import ROLES

    rep = next(role for role in ROLES if role.name == "sales_floor.rep")
    user = make_user(owned.site, owned.company, rep.permissions, scope="own")
    with owned.site.transaction(owned.company) as s:
        s.find(Staff, owned.reps["A"]).user_id = user
        access.bump_generation(s)
    mine = log(owned, question="我的", staff_id=owned.reps["A"])
    other = log(owned, question="别人的", staff_id=owned.reps["B"])
    browser = sign_in(app, owned.site, user)
    base = f"/p/sales_floor/floor/{owned.unit}/calls"
    with clock.frozen(owned.now):
        page = browser.get(base).get_data(as_text=True)
        assert "我的" in page
        assert "别人的" not in page
        assert browser.get(f"{base}/{mine.id}/void").status_code == 200
        assert browser.get(f"{base}/{other.id}/void").status_code == 403


def test_a_question_is_noted_answered_once_and_registered(owned, login):
    visit = owned.arrive(Person(name="李娜", phone="13900001111"))
    browser = login(owned.company)
    base = f"/p/sales_floor/floor/{owned.unit}"
    with clock.frozen(owned.now):
        url = f"{base}/visit/{visit.visit_id}/question"
        form = read_page(browser.get(url).text).form(css_class="zk-form").values
        brought = str(owned.reps["A"])
        data = {**form, "question": "公摊怎么算", "brought": brought}
        assert browser.post(url, data=data).status_code == 303
    row = owned.read(lambda s: s.scalars(select(Question)).one())
    assert (row.staff_id, row.brought_id) == (owned.reps["B"], owned.reps["A"])
    owned.do(lambda s: questions.answer(s, row.id, "按套内面积比例分摊"))
    with pytest.raises(Conflict):
        owned.do(lambda s: questions.answer(s, row.id, "另一个答案"))
    with clock.frozen(owned.now):
        page = browser.get(f"{base}/visit/{visit.visit_id}").get_data(as_text=True)
    assert "公摊怎么算" in page
    assert "按套内面积比例分摊" in page
    lines = owned.register("questions", owned.now.date()).rows["lines"]
    assert [(line["question"], line["brought"]) for line in lines] == [("公摊怎么算", "顾问A")]
    assert owned.read(lambda s: s.require(Visit, visit.visit_id)).helpers == []  # no credit


def test_the_reason_for_not_buying_is_kept_with_visit_and_customer(owned, login):
    visit = owned.arrive(Person(name="李娜", phone="13900001111"))
    browser = login(owned.company)
    url = f"/p/sales_floor/floor/{owned.unit}/visit/{visit.visit_id}"
    with clock.frozen(owned.now):
        form = read_page(browser.get(f"{url}/end").text).form(css_class="zk-form").values
        data = {**form, "result": "not_interested", "lost_reason": "价格偏高"}
        assert browser.post(f"{url}/end", data=data).status_code == 303
        row = owned.read(lambda s: s.require(Visit, visit.visit_id))
        assert row.lost_reason == "价格偏高"
        customer = owned.read(lambda s: s.require(Customer, row.customer_id))
        assert customer.lost_reason == "价格偏高"
        form = read_page(browser.get(f"{url}/result").text).form(css_class="zk-form").values
        assert form["lost_reason"] == "价格偏高"
        data = {**form, "lost_reason": "户型不合适", "reason": "记错"}
        assert browser.post(f"{url}/result", data=data).status_code == 303
    assert owned.read(lambda s: s.require(Visit, visit.visit_id)).lost_reason == "户型不合适"
