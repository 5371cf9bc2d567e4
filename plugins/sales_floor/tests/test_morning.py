"""A morning as a new user runs it, from the first sign-in to the sale and the printed register."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from zhike.api import clock, drills, forms, policies
from zhike_sales_floor.models import Credit, Customer, Deal, Outing, Visit
from zhike_sales_floor.services import customers, deals, floor, registers, sales
from zhike_sales_floor.services.arrivals import Person


def test_a_morning(ground, login):
    say = ground.letter
    ground.sign_in("ABCD")
    zhang = ground.arrive(Person(name="张伟", phone="13812345678"), need="三房")
    assert say(zhang.outcome["assigned"]) == "A"
    ground.do(lambda s: floor.end_visit(s, zhang.visit_id, result="will_return", grade="B"))

    # B leaves on business, C privately; the ring passes both, only B is owed a turn.
    ground.do(lambda s: floor.go_out(s, ground.unit, ground.reps["B"], "public", "送合同"))
    ground.do(lambda s: floor.go_out(s, ground.unit, ground.reps["C"], "private", "取药"))
    li = ground.arrive(Person(name="李娜", phone="13900001111"))
    assert say(li.outcome["assigned"]) == "D"
    assert ground.tickets() == ["B(c)"]
    visit = ground.read(lambda s: s.require(Visit, li.visit_id))
    assert [(say(p["rep"]), p["effect"]) for p in visit.passed] == [("B", "comp"), ("C", "miss")]
    for letter in "BC":
        ground.do(lambda s, who=letter: floor.come_back(s, ground.unit, ground.reps[who]))

    # The returning customer meets his owner and costs no turn.
    customer = ground.read(lambda s: s.require(Visit, zhang.visit_id)).customer_id
    again = ground.arrive(Person(customer_id=customer))
    assert (say(again.outcome["assigned"]), again.outcome["via"]) == ("A", "uncounted")

    # A scout: B by ticket, found out, the ticket's turn comes back.
    scout = ground.arrive()
    assert (say(scout.outcome["assigned"]), scout.outcome["via"]) == ("B", "ticket")
    ground.do(lambda s: floor.void_visit(s, scout.visit_id, "同行踩盘", confirmed=True))
    assert ground.tickets() == ["B(r)"]

    # C takes a visitor who was B's: B owns him, whoever sits with him.
    taken = ground.arrive(
        Person(name="王强", phone="13700002222"),
        taken_by=ground.reps["C"],
        flag="poach",
        reason="抢先上前",
    )
    assert (say(taken.outcome["rightful"]), say(taken.outcome["received_by"])) == ("B", "C")
    ground.do(lambda s: floor.end_visit(s, taken.visit_id, result="reserved"))

    # The sale: all of it is B's, by the clause on poaching.
    poached = ground.read(lambda s: s.require(Visit, taken.visit_id)).customer_id
    made = {}

    def sell(s):
        deal, act = deals.start(
            s,
            poached,
            "subscription",
            property="3-2-1201",
            amount_fen=286_000_000,
            staff_id=ground.reps["C"],
        )
        made["deal"] = deal.id
        return act

    sold = ground.do(sell)
    assert "SF-A-08" in sold.outcome["rules"]
    credit = ground.read(lambda s: s.scalars(select(Credit)).all())
    assert [(say(c.staff_id), c.performance, c.commission) for c in credit] == [
        ("B", 10_000, 10_000)
    ]

    # Each decision is understood from the screen; the register is on paper.
    browser = login(ground.company)
    with clock.frozen(ground.now):
        for act in (zhang, li, again, taken, sold):
            why = browser.get(f"/p/sales_floor/why/{act.decisions[0][1]}").get_data(as_text=True)
            assert "第 " in why
            assert "SF-A-" in why
        page = browser.get(f"/p/sales_floor/floor/{ground.unit}/registers?register=SFF-01")
        text = page.get_data(as_text=True)
        paper = browser.get(f"/p/sales_floor/floor/{ground.unit}/registers/SFF-01?as=pdf")
    for name in ("张伟", "李娜", "王强", "顾问B 轮过，发补接券"):
        assert name in text
    assert paper.mimetype == "application/pdf"
    assert paper.data.startswith(b"%PDF")

    # Refund: the same shares with the sign turned, dated.
    ground.do(lambda s: sales.refund(s, made["deal"], "贷款未批"))
    total = ground.read(
        lambda s: [(c.performance, c.commission) for c in s.scalars(select(Credit))]
    )
    assert [sum(column) for column in zip(*total, strict=True)] == [0, 0]
    assert ground.read(lambda s: s.require(Deal, made["deal"])).state == "refunded"


def test_ten_days_from_next_week_and_yesterday_under_both(ground):
    """The figure of clause 5 changes with a future date; a real day is replayed under both."""
    ground.sign_in("ABCD")
    first = ground.arrive(Person(name="张伟", phone="13812345678"))
    ground.do(lambda s: floor.end_visit(s, first.visit_id, result="will_return"))
    customer = ground.read(lambda s: s.require(Visit, first.visit_id)).customer_id
    ground.do(lambda s: floor.close_day(s, ground.unit))

    # Eight days later the owner is out: under seven days the customer has lapsed, under ten not.
    ground.now += timedelta(days=8)
    ground.sign_in("ABCD")
    ground.do(lambda s: floor.go_out(s, ground.unit, ground.reps["A"], "private"))
    back = ground.arrive(Person(customer_id=customer))
    assert back.outcome["kind"] == "lapsed"
    assert ground.letter(back.outcome["owner"]) == "B"
    on = clock.local(ground.now, "Asia/Shanghai").date()

    def change(s):
        held = policies.in_force(s, "sales_floor", ground.unit, ground.now)
        row = policies.draft(s, held.policy_id)
        saved = policies.save_draft(
            s,
            row.id,
            lock=row.lock,
            params={**row.params, "owner.contact_lapse_days": 10},
            clauses=row.clauses,
            mode=row.mode,
        )
        made = policies.publish(
            s, saved.id, effective_from=ground.now + timedelta(days=7), reason="放宽保护期"
        )
        return held.version_id, made.id

    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        before, after = change(s)

    def both(s):
        return drills.replay_day(
            s,
            "sales_floor",
            ground.unit,
            on,
            policies.resolved_version(s, before),
            policies.resolved_version(s, after),
        )

    sides = ground.read(both)
    text = str(sides)
    assert "lapsed" in text
    assert "assisted" in text
    still = ground.read(
        lambda s: policies.in_force(s, "sales_floor", ground.unit, ground.now).version_id
    )
    assert still == before
    later = ground.now + timedelta(days=7, minutes=1)
    held = ground.read(lambda s: policies.in_force(s, "sales_floor", ground.unit, later))
    assert held.version_id == after


def test_a_reclassed_absence_earns_the_ticket_it_missed(ground):
    ground.sign_in("ABCD")
    ground.do(lambda s: floor.go_out(s, ground.unit, ground.reps["A"], "private"))
    ground.arrive()
    assert ground.tickets() == []
    outing = ground.read(lambda s: s.scalars(select(Outing)).one())
    ground.do(lambda s: floor.reclass(s, ground.unit, ground.reps["A"], "去银行送资料"))
    assert ground.tickets() == ["A(c)"]
    outing = ground.read(lambda s: s.require(Outing, outing.id))
    assert (outing.kind, outing.reclass_reason) == ("private", "去银行送资料")
    assert outing.reclassed_at is not None


def test_the_called_owner_declines_and_both_close_on_one_day(ground):
    """WE-06 (i): old brings new, the owner declines, both deals are shared half and half."""
    ground.sign_in("ABCD")
    first = ground.arrive(Person(name="老张", phone="13812345678"))
    ground.do(lambda s: floor.end_visit(s, first.visit_id, result="will_return"))
    old = ground.read(lambda s: s.require(Visit, first.visit_id)).customer_id
    ground.do(lambda s: floor.go_out(s, ground.unit, ground.reps["A"], "private"))
    both = ground.arrive(Person(customer_id=old), Person(name="新李", phone="13900001111"))
    assert both.outcome["status"] == "calling_owner"
    answered = ground.do(lambda s: floor.answer_call(s, both.visit_id, "decline"))
    assert ground.letter(answered.outcome["assigned"]) == "B"
    new = ground.read(
        lambda s: s.scalars(select(Customer.id).where(Customer.owner_id == ground.reps["B"])).one()
    )
    for customer in (old, new):
        ground.do(lambda s, c=customer: deals.start(s, c, "subscription", property="1")[1])
    rows = ground.read(lambda s: s.scalars(select(Deal).order_by(Deal.id)).all())
    for row in rows:
        shares = ground.read(lambda s, d=row.id: deals.shares_of(s, d))
        assert {ground.letter(x.staff_id): x.performance for x in shares} == {"A": 5000, "B": 5000}


def test_calls_that_run_out_are_settled_by_the_sweeper(ground):
    from zhike.api import deadlines
    from zhike.services.events import dispatch_outbox

    ground.sign_in("ABCD")
    first = ground.arrive(Person(name="老张", phone="13812345678"))
    ground.do(lambda s: floor.end_visit(s, first.visit_id, result="will_return"))
    old = ground.read(lambda s: s.require(Visit, first.visit_id)).customer_id
    ground.do(lambda s: floor.go_out(s, ground.unit, ground.reps["A"], "private"))
    called = ground.arrive(Person(customer_id=old), Person(name="新李", phone="13900001111"))
    with clock.frozen(ground.now):
        dispatch_outbox(ground.site)
    ground.now += timedelta(minutes=11)
    with clock.frozen(ground.now):
        assert deadlines.sweep(ground.site).fired == 1
    visit = ground.read(lambda s: s.require(Visit, called.visit_id))
    assert visit.state == "reception"
    assert ground.letter(visit.staff_id) == "B"


def _known(ground, name, phone):
    """A customer who was received once, and whose reception is over."""
    act = ground.arrive(Person(name=name, phone=phone))
    ground.do(lambda s: floor.end_visit(s, act.visit_id, result="will_return"))
    return ground.read(lambda s: s.require(Visit, act.visit_id)).customer_id


def _sweep(ground):
    from zhike.api import deadlines
    from zhike.services.events import dispatch_outbox

    with clock.frozen(ground.now):
        dispatch_outbox(ground.site)
        return deadlines.sweep(ground.site).fired


def test_two_calls_run_out_each_at_its_own_time(ground):
    ground.sign_in("ABCD")
    old = [_known(ground, "老张", "13812345678"), _known(ground, "老王", "13812345679")]
    for letter in "AB":
        ground.do(lambda s, who=letter: floor.go_out(s, ground.unit, ground.reps[who], "private"))
    calls = []
    for minutes, customer in ((1, old[0]), (8, old[1])):
        calls.append(ground.arrive(Person(customer_id=customer), Person(), minutes=minutes))
        assert _sweep(ground) == 0
    ground.now += timedelta(minutes=2)  # ten minutes after the first call: still in time
    assert _sweep(ground) == 0
    ground.now += timedelta(seconds=1)
    assert _sweep(ground) == 1
    states = [ground.read(lambda s, c=c: s.require(Visit, c.visit_id)).state for c in calls]
    assert states == ["reception", "calling_owner"]


def test_who_promised_to_come_and_does_not_is_not_waited_for(ground):
    ground.sign_in("ABCD")
    old = _known(ground, "老张", "13812345678")
    ground.do(lambda s: floor.go_out(s, ground.unit, ground.reps["A"], "private"))
    called = ground.arrive(Person(customer_id=old), Person())
    ground.do(lambda s: floor.answer_call(s, called.visit_id, "accept"))
    _sweep(ground)
    seq = ground.read(lambda s: floor.floor_state(s, ground.unit)[0].seq)
    ground.now += timedelta(minutes=11)
    assert _sweep(ground) == 0
    ground.now += timedelta(minutes=20)
    assert _sweep(ground) == 1
    row = ground.read(lambda s: s.require(Visit, called.visit_id))
    assert (ground.letter(row.staff_id), row.via) == ("B", "turn")
    assert ground.read(lambda s: floor.floor_state(s, ground.unit)[0].seq) == seq + 1


def test_a_call_that_was_answered_leaves_no_event_when_its_time_is_over(ground):
    ground.sign_in("ABCD")
    old = _known(ground, "老张", "13812345678")
    ground.do(lambda s: floor.go_out(s, ground.unit, ground.reps["A"], "private"))
    called = ground.arrive(Person(customer_id=old), Person())
    ground.do(lambda s: floor.answer_call(s, called.visit_id, "decline"))
    _sweep(ground)
    seq = ground.read(lambda s: floor.floor_state(s, ground.unit)[0].seq)
    ground.now += timedelta(minutes=11)
    assert _sweep(ground) == 1
    assert ground.read(lambda s: floor.floor_state(s, ground.unit)[0].seq) == seq


@pytest.mark.parametrize("code", ["SFF-01", "SFF-02", "SFF-03", "SFF-63"])
def test_registers_are_workbooks_too(ground, code):
    ground.sign_in("AB")
    ground.arrive(Person(name="=1+1", phone="13812345678"))
    on = clock.local(ground.now, "Asia/Shanghai").date()
    data = ground.register(code, on)
    content = forms.render_xlsx(registers.find(code).form, data, "蓝鲸置业")
    assert content.startswith(b"PK")


def test_an_unanswered_call_is_no_contact(ground):
    ground.sign_in("AB")
    first = ground.arrive(Person(name="张伟", phone="13812345678"))
    ground.do(lambda s: floor.end_visit(s, first.visit_id, result="will_return"))
    customer = ground.read(lambda s: s.require(Visit, first.visit_id)).customer_id
    ground.now += timedelta(days=3)
    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        assert (
            customers.log_contact(s, customer, "call", staff_id=ground.reps["A"], answered=False)
            is None
        )
    row = ground.read(lambda s: s.require(Customer, customer))
    assert str(row.protected_until) == "2026-05-11"
    ground.do(lambda s: customers.log_contact(s, customer, "call", staff_id=ground.reps["A"]))
    row = ground.read(lambda s: s.require(Customer, customer))
    assert str(row.protected_until) == "2026-05-14"
