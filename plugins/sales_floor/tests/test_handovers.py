"""Leavers: what was shown is what happens, the list is printed, nothing comes back by itself."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from zhike.api import LedgerLine, clock
from zhike.testing import read_page
from zhike_sales_floor.models import Customer
from zhike_sales_floor.models_cases import Handover
from zhike_sales_floor.rules.ownership import draw
from zhike_sales_floor.services import deals, floor, handover_sheet, handovers
from zhike_sales_floor.services.arrivals import Person


@pytest.fixture
def busy(ground):
    """A owns three customers, one of them with a reservation; D owns one."""
    ground.sign_in("AD")
    for name, number in (("张伟", 1), ("赵敏", 4), ("李娜", 2), ("王强", 3)):
        act = ground.arrive(Person(name=name, phone=f"1380000000{number}"))
        ground.do(lambda s, v=act.visit_id: floor.end_visit(s, v, grade="B"))
        if name == "张伟":
            first = act
            ground.do(lambda s: floor.sign_out(s, ground.unit, ground.reps["D"]))
    del first
    ground.sign_in("BC")
    mine = ground.read(lambda s: floor.owned_by(s, ground.unit, ground.reps["A"]))
    ground.mine = mine
    ground.do(lambda s: deals.start(s, mine[0], "small_reservation", property="3-2-1201")[1])
    return ground


def owners(ground):
    return ground.read(
        lambda s: {c.id: ground.letter(c.owner_id) for c in s.scalars(select(Customer))}
    )


def prepare(ground, **kw):
    made = {}

    def work(s):
        row = handovers.prepare(s, ground.unit, ground.reps["A"], kw.pop("why", "resigned"), **kw)
        made["id"] = row.id
        return row

    ground.do(work)
    return made["id"]


def row(ground, one):
    return ground.read(lambda s: s.require(Handover, one))


def test_what_a_rep_holds_is_counted(busy):
    held = busy.read(lambda s: handovers.holding(s, busy.unit, busy.reps["A"]))
    assert len(held.customers) == len(busy.mine) >= 2
    assert [deal.property for deal in held.deals] == ["3-2-1201"]
    assert held.visits == []


def test_the_draw_that_was_shown_is_the_draw_that_happens(busy):
    one = prepare(busy)
    shown = row(busy, one)
    listed = [line["customer"] for line in shown.lines]
    assert listed == [str(c) for c in busy.mine]
    again = draw(shown.seed, listed, shown.receivers)
    assert {line["customer"]: line["to"] for line in shown.lines} == again
    assert owners(busy)[busy.mine[0]] == "A", "nothing has happened yet"
    act = busy.do(lambda s: handovers.carry_out(s, one))
    assert act.outcome["result"] == again
    after = owners(busy)
    assert {str(c): str(busy.reps[after[c]]) for c in busy.mine} == again
    assert "A" not in busy.ring()
    with pytest.raises(Exception, match="done or dropped"):
        busy.do(lambda s: handovers.carry_out(s, one))


def test_preparing_again_shows_in_the_ledger(busy):
    first, second = prepare(busy), prepare(busy)
    assert (row(busy, first).state, row(busy, second).state) == ("dropped", "prepared")
    assert row(busy, first).seed != row(busy, second).seed
    seeds = busy.read(
        lambda s: [
            line.body["seed"]
            for line in s.scalars(select(LedgerLine))
            if line.action == "sales_floor.handover_prepared"
        ]
    )
    assert seeds == [row(busy, first).seed, row(busy, second).seed]


def test_a_list_that_is_not_true_any_more_is_not_carried_out(busy):
    one = prepare(busy)
    busy.do(lambda s: floor.sign_out(s, busy.unit, busy.reps["B"]))
    busy.do(lambda s: floor.sign_out(s, busy.unit, busy.reps["C"]))
    act = busy.arrive(Person(name="新来", phone="13711112222"))
    busy.do(lambda s: floor.end_visit(s, act.visit_id))
    with pytest.raises(Exception, match="changed since"):
        busy.do(lambda s: handovers.carry_out(s, one))
    assert owners(busy)[busy.mine[0]] == "A"


def test_named_owners_need_a_name_for_each(busy):
    one = prepare(busy, method="list", receivers=[busy.reps["B"], busy.reps["C"]])
    with pytest.raises(Exception, match="needs a new owner"):
        busy.do(lambda s: handovers.carry_out(s, one))
    with pytest.raises(Exception, match="who receives"):
        busy.do(lambda s: handovers.give(s, one, {busy.mine[0]: busy.reps["D"]}))
    named = dict.fromkeys(busy.mine, busy.reps["C"])
    busy.do(lambda s: handovers.give(s, one, named))
    busy.do(lambda s: handovers.carry_out(s, one))
    assert {owners(busy)[c] for c in busy.mine} == {"C"}


def test_a_short_leave_hands_nothing_over(busy):
    one = prepare(busy, why="long_leave", days=5)
    assert row(busy, one).lines == []
    busy.do(lambda s: handovers.carry_out(s, one))
    assert owners(busy)[busy.mine[0]] == "A"
    assert "A" in busy.ring()


def test_who_comes_back_gets_only_what_is_given_back(busy):
    one = prepare(busy, why="long_leave", days=30)
    busy.do(lambda s: handovers.carry_out(s, one))
    back = busy.mine[1]
    with pytest.raises(Exception, match="sign in first"):
        busy.do(lambda s: handovers.give_back(s, one, [back], "回来了"))
    busy.do(lambda s: floor.add_reps(s, busy.unit, [busy.reps["A"]]))
    busy.sign_in("A")
    assert "A" not in owners(busy).values()
    busy.do(lambda s: handovers.give_back(s, one, [back], "回来了"))
    assert [c for c, letter in owners(busy).items() if letter == "A"] == [back]
    hindered = busy.read(lambda s: handovers.returnable(s, s.require(Handover, one)))
    assert hindered[back] == "given back already"
    with pytest.raises(Exception, match="cannot be given back"):
        busy.do(lambda s: handovers.give_back(s, one, [back], "再来一次"))


def test_the_paper_lists_customers_and_what_else_he_held(busy):
    one = prepare(busy)
    form, data = busy.read(lambda s: handover_sheet.sheet(s, s.require(Handover, one)))
    assert (form.title, data.mark) == ("客户交接单", "草稿")
    busy.do(lambda s: handovers.carry_out(s, one))
    _form, data = busy.read(lambda s: handover_sheet.sheet(s, s.require(Handover, one)))
    assert data.mark == ""
    assert len(data.rows["lines"]) == len(busy.mine)
    assert all("*" in line["phone"] and line["to"] for line in data.rows["lines"])
    assert any("3-2-1201" in line["which"] for line in data.rows["others"])


def test_the_pages_from_the_roster_to_the_printed_list(busy, login):
    browser = login(busy.company)
    base = f"/p/sales_floor/floor/{busy.unit}"
    with clock.frozen(busy.now):
        page = browser.get(f"{base}/rep/{busy.reps['A']}/leave").text
        assert "移交内容" in page
        form = read_page(page).form(css_class="zk-form")
        sent = {**form.values, "why": "resigned"}
        answer = browser.post(f"{base}/rep/{busy.reps['A']}/leave", data=sent)
        assert answer.status_code == 303
        place = answer.headers["Location"]
        one = uuid.UUID(place.rsplit("/", 1)[-1])
        shown = browser.get(place).text
        assert row(busy, one).seed in shown
        assert "确认离岗" in shown
        question = browser.get(f"{place}/do").text
        assert f"{len(busy.mine)} 位客户换归属人" in question
        form = read_page(question).form(css_class="zk-form")
        assert browser.post(f"{place}/do", data=form.values).status_code == 303
        assert browser.post(f"{place}/do", data=form.values).status_code == 303, "retried"
        assert "客户交接单" in browser.get(f"{place}/sheet").text
        assert browser.get(f"{place}/sheet?as=xlsx").status_code == 200
        assert "已办理" in browser.get(f"{base}/handovers").text
        assert "以下客户不能归还" not in browser.get(f"{place}/return").text
