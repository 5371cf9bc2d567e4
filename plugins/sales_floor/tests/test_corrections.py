"""A wrong click or a slip of the pen is put right through the page, and leaves a trace."""

from __future__ import annotations

import html
import re
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from zhike.api import LedgerLine, Party, clock
from zhike_sales_floor import records
from zhike_sales_floor.models import Customer, Visit
from zhike_sales_floor.services import corrections, floor, live
from zhike_sales_floor.services.arrivals import Person


@pytest.fixture
def post(ground, login):
    browser = login(ground.company)

    def send(path, **data):
        with clock.frozen(ground.now):
            return browser.post(
                f"/p/sales_floor/floor/{ground.unit}/{path}",
                data={**data, "idempotency_key": uuid.uuid4().hex},
            )

    return send


def ledger(ground, action):
    return ground.read(
        lambda s: [one for one in s.scalars(select(LedgerLine)) if one.action == action]
    )


def ended(ground, **person):
    act = ground.arrive(Person(**person) if person else Person(), need="三房")
    ground.do(lambda s: floor.end_visit(s, act.visit_id, result="looking"))
    return act


def visit_of(ground, visit_id):
    return ground.read(lambda s: s.require(Visit, visit_id))


@pytest.mark.parametrize("person", [{}, {"name": "张伟", "phone": "13812345678"}])
def test_a_reception_ended_by_mistake_goes_on_with_the_same_rep_and_no_turn(ground, post, person):
    ground.sign_in("ABC")
    act = ended(ground, **person)
    ring = ground.ring()
    assert post(f"visit/{act.visit_id}/still-here").status_code == 422, "needs a reason"
    assert post(f"visit/{act.visit_id}/still-here", reason="点错了").status_code == 303
    again = ground.read(lambda s: s.scalars(select(Visit).where(Visit.state == "reception")).one())
    assert (ground.letter(again.staff_id), again.via) == ("A", "uncounted")
    assert again.customer_id == visit_of(ground, act.visit_id).customer_id
    assert ground.ring() == ring
    assert post(f"visit/{again.id}/still-here", reason="再来").status_code == 422


def test_a_visitor_whose_reception_goes_on_is_counted_once(ground, post, login):
    """One line in 来人登记表, one number, one party of the day; also where it happens twice."""
    ground.sign_in("ABC")
    act = ended(ground, name="张伟", phone="13812345678")
    assert post(f"visit/{act.visit_id}/still-here", reason="点错了").status_code == 303
    again = ground.read(lambda s: s.scalars(select(Visit).where(Visit.state == "reception")).one())
    ground.do(lambda s: floor.help_with(s, again.id, ground.reps["C"]))
    ground.do(lambda s: floor.end_visit(s, again.id, need="四房", grade="B"))
    assert post(f"visit/{again.id}/still-here", reason="又点错了").status_code == 303
    ground.arrive(Person(name="李娜", phone="13900001111"))
    today = clock.local(ground.now, "Asia/Shanghai").date()
    lines = ground.register("SFF-03", today).rows["lines"]
    assert [(line["name"], line["rep"], line["need"], line["grade"]) for line in lines] == [
        ("张伟", "顾问A", "四房", "B"),
        ("李娜", "顾问B", "", ""),
    ]
    assert (lines[0]["before"], lines[0]["helper"]) == (False, "顾问C")
    numbers = ground.read(lambda s: [v.number for v in s.scalars(select(Visit).order_by(Visit.id))])
    assert numbers == [1, 1, 1, 2]
    with clock.frozen(ground.now):
        browser = login(ground.company)
        place = f"/p/sales_floor/floor/{ground.unit}"
        assert "今天已来 2 批客户" in browser.get(f"{place}/day").get_data(as_text=True)
        shown = browser.get(f"{place}/visit/{again.id}").get_data(as_text=True)
    assert "点错了" in shown
    assert "误点结束之后" in shown


def test_a_party_that_went_on_is_void_as_one(ground, post, login):
    """The turn was used by its first reception; what is said of the party is said of the last."""
    ground.sign_in("ABC")
    act = ended(ground, name="张伟", phone="13812345678")
    assert post(f"visit/{act.visit_id}/still-here", reason="点错了").status_code == 303
    part = ground.read(lambda s: s.scalars(select(Visit).where(Visit.state == "reception")).one())
    with clock.frozen(ground.now):
        place = f"/p/sales_floor/floor/{ground.unit}/visit"
        shown = login(ground.company).get(f"{place}/{act.visit_id}").get_data(as_text=True)
    assert f'href="{place}/{part.id}"' in shown
    for act_of_it in ("still-here", "void", "result", "flag", "fault"):
        assert f"{place}/{act.visit_id}/{act_of_it}" not in shown
    assert post(f"visit/{act.visit_id}/still-here", reason="再来").status_code == 422
    assert post(f"visit/{act.visit_id}/void", reason="踩盘", confirmed="y").status_code == 422
    assert post(f"visit/{part.id}/void", reason="踩盘", confirmed="y").status_code == 303
    states = ground.read(lambda s: [v.state for v in s.scalars(select(Visit).order_by(Visit.id))])
    assert states == ["voided", "voided"]
    assert ground.tickets() == ["A(r)"]
    owner = ground.read(lambda s: s.require(Customer, part.customer_id).owner_id)
    assert owner is None


def test_a_party_that_went_on_differs_once(ground, post, login):
    ground.sign_in("ABC")
    act = ended(ground, name="张伟", phone="13812345678")
    assert post(f"visit/{act.visit_id}/still-here", reason="点错了").status_code == 303
    part = ground.read(lambda s: s.scalars(select(Visit).where(Visit.state == "reception")).one())
    for visit_id in (act.visit_id, part.id):
        ground.do(
            lambda s, one=visit_id: floor.flag_visit(
                s, one, "poach",
                offender=ground.reps["B"], rightful=ground.reps["A"], reason="抢接",
            )
        )  # fmt: skip
    with clock.frozen(ground.now):
        page = f"/p/sales_floor/floor/{ground.unit}/differences"
        assert "1 次接待中，有 1 次" in login(ground.company).get(page).get_data(as_text=True)


def test_an_ended_visit_is_reached_from_its_customer(ground, login):
    ground.sign_in("A")
    act = ended(ground, name="张伟", phone="13812345678")
    floor = f"/p/sales_floor/floor/{ground.unit}"
    customer = visit_of(ground, act.visit_id).customer_id
    shown = login(ground.company).get(f"{floor}/customers/{customer}")
    assert f'href="{floor}/visit/{act.visit_id}"' in shown.text


def test_an_ended_visit_turns_out_to_be_no_customer(ground, post):
    ground.sign_in("AB")
    act = ended(ground, name="张伟", phone="13812345678")
    done = post(f"visit/{act.visit_id}/void", reason="同行踩盘", confirmed="y")
    assert done.status_code == 303
    assert visit_of(ground, act.visit_id).state == "voided"
    assert ground.tickets() == ["A(r)"]
    customer_id = visit_of(ground, act.visit_id).customer_id
    assert ground.read(lambda s: s.require(Customer, customer_id)).owner_id is None


@pytest.mark.parametrize("over", [False, True], ids=["while it runs", "afterwards"])
def test_a_void_visit_shows_the_ticket_that_came_back(ground, post, login, over):
    """Number, holder and clause stand on the visit's own page, with the way to the ledger."""
    ground.sign_in("AB")
    act = ended(ground) if over else ground.arrive()
    assert post(f"visit/{act.visit_id}/void", reason="同行踩盘", confirmed="y").status_code == 303
    place = f"/p/sales_floor/floor/{ground.unit}"
    browser = login(ground.company)
    with clock.frozen(ground.now):
        shown = browser.get(f"{place}/visit/{act.visit_id}").get_data(as_text=True)
        told = shown.split("zk-timeline", 1)[1]
        assert "1 号退还券，顾问A" in told
        assert "依第 12 条：退还这次来访占用的轮次；未使用。" in told
        assert "同行踩盘" in told
        link = re.search(r'href="([^"]*register=SFF-63[^"]*)"', told)
        assert link
        ledger_page = browser.get(html.unescape(link[1])).get_data(as_text=True)
    assert "第 12 条" in ledger_page


def test_a_report_after_the_visit_stands_on_its_page(ground, post):
    ground.sign_in("AB")
    act = ended(ground, name="张伟", phone="13812345678")
    done = post(
        f"visit/{act.visit_id}/flag",
        kind="poach",
        offender=str(ground.reps["A"]),
        rightful=str(ground.reps["B"]),
        reason="抢在前面",
    )
    assert done.status_code == 303
    assert visit_of(ground, act.visit_id).flag["kind"] == "poach"


def test_a_wrong_result_is_corrected_and_the_ledger_knows_the_old_one(ground, post):
    ground.sign_in("A")
    act = ended(ground, name="张伟")
    path = f"visit/{act.visit_id}/result"
    assert post(path, result="will_return", need="四房").status_code == 422
    assert post(path, result="will_return", need="四房", reason="选错").status_code == 303
    row = visit_of(ground, act.visit_id)
    assert (row.result, row.need) == ("will_return", "四房")
    (line,) = ledger(ground, "sales_floor.corrected")
    assert line.body == {"before": "looking", "after": "will_return"}
    assert line.reason == "选错"


def test_a_name_and_number_written_wrong_are_put_right(ground, post):
    ground.sign_in("AB")
    act = ground.arrive(Person(name="章伟", phone="13812345670"))
    ground.arrive(Person(name="李娜", phone="13900001111"))
    customer = visit_of(ground, act.visit_id).customer_id
    path = f"customers/{customer}/identity"
    typed = {"name": "张伟", "version": "1", "reason": "听错了"}
    taken = post(path, **typed, phone="139 0000 1111")
    assert taken.status_code == 422
    assert "李娜" in taken.get_data(as_text=True)
    assert post(path, **typed, phone="13812345678").status_code == 303
    party = ground.read(
        lambda s: s.scalars(
            select(Party)
            .join(Customer, Customer.party_id == Party.id)
            .where(Customer.id == customer)
        ).one()
    )
    assert (party.name, party.phone_masked) == ("张伟", "138****5678")
    assert visit_of(ground, act.visit_id).label == "张伟"
    (line,) = ledger(ground, "sales_floor.corrected")
    assert "张" not in str(line.body)
    # Somebody who still sees the old writing is told instead of writing over it.
    assert post(path, **typed, phone="").status_code == 422


def test_what_cannot_be_taken_back_is_asked_first(ground, login):
    """Each such button leads to a page that names the consequence."""
    ground.sign_in("A")
    ground.arrive()
    waiting = ground.arrive()
    browser = login(ground.company)
    with clock.frozen(ground.now):
        path = f"/p/sales_floor/floor/{ground.unit}/visit/{waiting.visit_id}/left"
        assert browser.get(path).status_code == 200
    assert visit_of(ground, waiting.visit_id).state == "waiting"
    with clock.frozen(ground.now):
        assert browser.post(path).status_code == 303
    assert visit_of(ground, waiting.visit_id).state == "left_unserved"


def test_a_report_shows_its_reason_reporter_and_time_on_the_visit(ground, login):
    """While the visitor is there and afterwards; the page needs no ledger beside it."""
    ground.sign_in("AB")
    here = ground.arrive(Person(name="李娜", phone="13900001111"))
    over = ended(ground, name="张伟", phone="13812345678")
    browser = login(ground.company)
    for act, kind, reason in ((here, "poach", "B 在门口拦人"), (over, "wrong_turn", "没看轮见表")):
        ground.do(
            lambda s, act=act, kind=kind, reason=reason: floor.flag_visit(
                s,
                act.visit_id,
                kind,
                offender=ground.reps["B"],
                rightful=ground.reps["A"],
                reason=reason,
            )
        )
        with clock.frozen(ground.now):
            url = f"/p/sales_floor/floor/{ground.unit}/visit/{act.visit_id}"
            shown = browser.get(url).get_data(as_text=True)
        told = shown.split("zk-timeline", 1)[1]
        assert {"poach": "抢客", "wrong_turn": "轮错"}[kind] in told
        assert reason in told
        assert f"{ground.now + timedelta(hours=8):%H:%M}" in told
        assert "前台小周" in told


def test_every_act_that_the_floor_writes_down_has_a_name():
    named = {action.name for action in records.LEDGER_ACTIONS}
    assert {*live.LEDGER.values(), "sales_floor.override", corrections.ACTION} <= named
