"""Acts on a live floor: what the engine answers is what the tables say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from zhike.api import UserError, clock
from zhike_sales_floor.models import Customer, Floor, Visit
from zhike_sales_floor.services import board as boards
from zhike_sales_floor.services import floor as floors
from zhike_sales_floor.services import replay
from zhike_sales_floor.services.arrivals import Person


def test_visitors_go_round_the_ring(ground):
    ground.sign_in("ABCD")
    got = [ground.letter(ground.arrive().outcome["assigned"]) for _ in range(4)]
    assert got == ["A", "B", "C", "D"]
    assert ground.ring() == "ABCD"
    fifth = ground.arrive()
    assert fifth.outcome["status"] == "waiting"
    visit = ground.read(lambda s: s.scalars(select(Visit).where(Visit.number == 1)).one())
    ended = ground.do(lambda s: floors.end_visit(s, visit.id, result="will_return", grade="B"))
    assert ended.outcome["assignments"][0]["rep"] == str(ground.reps["A"])


def test_a_returning_customer_meets_the_owner_and_costs_no_turn(ground):
    ground.sign_in("ABCD")
    first = ground.arrive(Person(name="张伟", phone="13812345678"))
    ground.do(lambda s: floors.end_visit(s, first.visit_id, result="will_return"))
    ground.arrive()
    party = ground.read(
        lambda s: s.scalars(select(Customer.party_id).where(Customer.party_id.is_not(None))).one()
    )
    again = ground.arrive(Person(party_id=party))
    assert ground.letter(again.outcome["assigned"]) == "A"
    assert again.outcome["via"] == "uncounted"
    assert ground.ring() == "CDAB"


def test_rows_of_a_visit(ground):
    ground.sign_in("AB")
    act = ground.arrive(Person(name="张伟", phone="13812345678"), need="三房", source="自然到访")

    def look(s):
        visit = s.require(Visit, act.visit_id)
        customer = s.require(Customer, visit.customer_id)
        row = s.require(Floor, ground.unit)
        return visit, customer, row

    visit, customer, row = ground.read(look)
    assert (visit.label, visit.need, visit.source) == ("张伟", "三房", "自然到访")
    assert visit.state == "reception"
    assert visit.staff_id == ground.reps["A"] == visit.due_id == customer.owner_id
    assert visit.turn_no == 1
    assert visit.decision_id is not None
    assert str(customer.protected_until) == "2026-05-11"
    assert row.version == row.seq + 1  # building the roster is no act


def test_who_left_is_off_the_ring_and_may_come_back(ground):
    ground.sign_in("ABCD")
    first = ground.arrive(Person(name="张伟", phone="13812345678"))
    ground.do(lambda s: floors.end_visit(s, first.visit_id, result="will_return"))
    gone = ground.do(
        lambda s: floors.leave(s, ground.unit, ground.reps["A"], "long_leave", days=20)
    )
    assert ground.ring() == "BCD"
    heir = ground.read(lambda s: s.scalars(select(Customer)).one()).owner_id
    assert ground.letter(heir) in "BCD"
    assert gone.outcome["seed"]
    assert ground.reps["A"] not in ground.read(lambda s: floors.reps_of(s, ground.unit))
    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        floors.add_reps(s, ground.unit, [ground.reps["A"]])
    shown = ground.read(lambda s: boards.board(s, ground.unit)).reps
    assert [(ground.letter(r.id), r.in_ring) for r in shown][-1] == ("A", False)
    ground.sign_in("A")
    assert ground.ring() == "BCDA"


def test_a_day_closes_and_the_next_goes_on_where_it_stopped(ground):
    ground.sign_in("ABCD")
    ground.arrive()
    ground.do(lambda s: floors.close_day(s, ground.unit))
    with pytest.raises(UserError):
        ground.do(lambda s: floors.close_day(s, ground.unit))
    ground.now += timedelta(days=1)
    ground.do(lambda s: floors.open_day(s, ground.unit, [ground.reps[x] for x in "ABC"]))
    states = ground.read(lambda s: boards.board(s, ground.unit)).reps
    assert {ground.letter(r.id): r.state for r in states} == {
        "A": "ABSENT",
        "B": "ABSENT",
        "C": "ABSENT",
        "D": "OFF_DUTY",
    }
    assert ground.ring() == "BCDA"
    ground.sign_in("BC")
    act = ground.arrive()
    assert ground.letter(act.outcome["assigned"]) == "B"
    visit = ground.read(lambda s: s.require(Visit, act.visit_id))
    assert visit.number == 1


def test_a_button_pressed_too_late_is_refused_and_leaves_no_trace(ground):
    ground.sign_in("AB")
    before = ground.read(lambda s: s.require(Floor, ground.unit)).seq
    for work in (
        lambda s: floors.sign_in(s, ground.unit, ground.reps["A"]),
        lambda s: floors.come_back(s, ground.unit, ground.reps["A"]),
    ):
        with pytest.raises(UserError):
            ground.do(work)
    assert ground.read(lambda s: s.require(Floor, ground.unit)).seq == before


def test_an_unknown_visitor_gets_a_name_at_the_end(ground):
    ground.sign_in("AB")
    act = ground.arrive()
    ground.do(
        lambda s: floors.end_visit(
            s,
            act.visit_id,
            result="will_return",
            name="赵敏",
            phone="13600003333",
            grade="B",
            follow_up_on=ground.now.date() + timedelta(days=3),
        )
    )
    customer = ground.read(lambda s: s.scalars(select(Customer)).one())
    assert customer.party_id is not None
    assert customer.grade == "B"
    again = ground.arrive(Person(party_id=customer.party_id))
    assert ground.letter(again.outcome["assigned"]) == "A"
    other = ground.arrive()
    with pytest.raises(UserError) as refused:
        ground.do(lambda s: floors.end_visit(s, other.visit_id, phone="13600003333"))
    assert refused.value.code == "duplicate"


def test_the_database_itself_refuses_a_second_open_visit_and_a_second_use_of_a_turn(either):
    either.sign_in("AB")
    act = either.arrive()
    one = either.read(lambda s: s.require(Visit, act.visit_id))

    def copy(**changes):
        values = {
            "unit_id": one.unit_id, "day": one.day, "number": 99, "state": "reception",
            "staff_id": one.staff_id, "arrived_at": one.arrived_at, "seq": 99, **changes,
        }  # fmt: skip
        with either.site.transaction(either.company) as s:
            s.add(Visit(**values))

    with pytest.raises(IntegrityError):
        copy()
    with pytest.raises(IntegrityError):
        copy(state="ended", turn_no=one.turn_no)
    copy(state="ended")


def test_a_day_closed_too_early_goes_on(ground):
    ground.sign_in("AB")
    ground.arrive()
    ground.do(lambda s: floors.close_day(s, ground.unit))
    ground.sign_in("A")
    act = ground.arrive()
    visit = ground.read(lambda s: s.require(Visit, act.visit_id))
    assert visit.number == 2
    ground.do(lambda s: floors.close_day(s, ground.unit))
    on = clock.local(ground.now, "Asia/Shanghai").date()
    assert ground.read(lambda s: replay.replay(s, ground.unit, on)) == []
