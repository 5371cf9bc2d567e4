"""Acts on a live floor: what the engine answers is what the tables say."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from zhike.api import UserError, clock, decisions
from zhike.models.outbox import OutboxEvent
from zhike_sales_floor import words
from zhike_sales_floor.models import Customer, Floor, Visit
from zhike_sales_floor.rules import words as engine_words
from zhike_sales_floor.rules.state import Floor as FloorState
from zhike_sales_floor.rules.state import Ticket as Issued
from zhike_sales_floor.services import board as boards
from zhike_sales_floor.services import floor as floors
from zhike_sales_floor.services import handovers, project, replay
from zhike_sales_floor.services.arrivals import Person
from zhike_sales_floor.services.names import names_in
from zhike_sales_floor.views._common import sentence, told


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
        lambda s: handovers.at_once(s, ground.unit, ground.reps["A"], "long_leave", days=20)
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


def _names(ground):
    return {person: f"顾问{letter}" for letter, person in ground.reps.items()}


def _why(ground, decision_id):
    def look(s):
        row = decisions.get(s, decision_id)
        return decisions.explain(s, row, names=names_in(s, row)).sentences

    return ground.read(look)


def _notices(ground):
    """Who was told that a visitor is his, in order."""

    def look(s):
        rows = s.scalars(
            select(OutboxEvent).where(OutboxEvent.topic == "sales_floor.visit_assigned")
        )
        return [ground.letter(row.payload["staff_id"]) for row in rows.all()]

    return ground.read(look)


def test_a_poached_visitor_is_the_rightful_reps_on_every_page(ground):
    """Who took the visitor, whose turn it was, what each of them gets: never one for the other."""
    ground.sign_in("ABCD")
    act = ground.arrive(
        Person(name="张伟"), taken_by=ground.reps["C"], flag="poach", reason="抢在前面"
    )
    assert sentence(act, _names(ground)) == (
        "Done: 顾问A was due, 顾问C took the visitor out of turn. Customer and credit are 顾问A's."
    )
    row = ground.read(lambda s: s.require(Visit, act.visit_id))
    assert (ground.letter(row.staff_id), ground.letter(row.due_id)) == ("C", "A")
    assert ground.letter(row.flag["offender"]) == "C"
    assert ground.letter(row.flag["rightful"]) == "A"
    assert _notices(ground) == ["A"]
    told = _why(ground, row.decision_id)
    assert told[0] == (
        "张伟 应由 顾问A 接待（本轮，新客户），顾问C 抢客：客户和业绩归 顾问A，顾问C 无份。"
    )
    assert any("顾问A 的这一轮算已用，不另补券；顾问C 的位置不变" in line for line in told)
    shown = ground.read(lambda s: boards.board(s, ground.unit))
    (card,) = [rep.visit for rep in shown.reps if rep.visit]
    assert card.flag == "poach"
    assert [ground.letter(who) for who in (card.rep_id, card.due_id, card.offender_id)] == [
        "C",
        "A",
        "C",
    ]
    assert [ground.letter(who) for who in (shown.recent[0].rep_id, shown.recent[0].taken_by)] == [
        "A",
        "C",
    ]
    line = _roster_lines(ground)[0]
    assert (line["due"], line["rep"]) == ("顾问A", "顾问C(poached visitor)")
    back = ground.do(lambda s: floors.hand_over(s, act.visit_id, None, "前台看见"))
    assert sentence(back, _names(ground)) == ("Done: 顾问C hands over to 顾问A, under clause 8.")
    row = ground.read(lambda s: s.require(Visit, act.visit_id))
    told = _why(ground, row.decision_id)
    assert told[0].startswith("顾问C 把 张伟 交给 顾问A")
    assert "顾问C 未轮到而接，交还应接的 顾问A，次序和券都不再动：前台看见" in told[1]
    shown = ground.read(lambda s: boards.board(s, ground.unit))
    (card,) = [rep.visit for rep in shown.reps if rep.visit]
    assert (ground.letter(card.rep_id), card.flag, card.offender_id) == ("A", "", None)
    assert ground.letter(shown.recent[0].from_id) == "C"
    assert _roster_lines(ground)[0]["rep"] == "顾问A(顾问C:poached visitor)"


def _roster_lines(ground):
    on = clock.local(ground.now, "Asia/Shanghai").date()
    return ground.register("SFF-01", on).rows["lines"]


@pytest.mark.parametrize("ended", [False, True])
def test_a_report_afterwards_names_who_took_whose_visitor(ground, ended):
    ground.sign_in("ABCD")
    act = ground.arrive(Person(name="张伟"), taken_by=ground.reps["C"], flag="none")
    assert sentence(act, _names(ground)) == ("Done: 顾问C receives, though it was 顾问A's turn.")
    assert _notices(ground) == ["C"]
    if ended:
        ground.do(lambda s: floors.end_visit(s, act.visit_id, result="will_return"))
    flagged = ground.do(
        lambda s: floors.flag_visit(s, act.visit_id, "poach", reason="录像看出来的")
    )
    assert sentence(flagged, _names(ground)) == (
        "Done: 顾问A was due, 顾问C took the visitor out of turn. Customer and credit are 顾问A's."
    )
    row = ground.read(lambda s: s.require(Visit, act.visit_id))
    assert (row.flag["kind"], ground.letter(row.flag["offender"])) == ("poach", "C")
    assert ground.letter(row.due_id) == "A"
    told = _why(ground, told_of(flagged))
    assert told[0] == "张伟 应由 顾问A 接待，顾问C 抢客：客户和业绩归 顾问A，顾问C 无份。"
    if not ended:
        assert row.decision_id == told_of(flagged)
        assert _notices(ground) == ["C", "A"]


def told_of(act):
    return uuid.UUID(told(act, {})["why"])


def test_a_visit_voided_after_it_ended_is_void_in_the_registers(ground):
    ground.sign_in("AB")
    act = ground.arrive()
    ground.do(lambda s: floors.end_visit(s, act.visit_id, result="looking"))
    ground.do(lambda s: floors.void_visit(s, act.visit_id, "踩盘", confirmed=True))
    assert ground.tickets() == ["A(r)"]
    assert ground.read(lambda s: s.require(Visit, act.visit_id)).state == "voided"


def test_a_hand_over_says_from_whom_to_whom_and_why(ground):
    ground.sign_in("ABCD")
    first = ground.arrive(Person(name="张伟", phone="13812345678"))
    helped = ground.do(lambda s: floors.hand_over(s, first.visit_id, ground.reps["D"], "要开会"))
    assert sentence(helped, _names(ground)) == "Done: 顾问A hands over to 顾问D, under clause 6."
    row = ground.read(lambda s: s.require(Visit, first.visit_id))
    told_ = _why(ground, row.decision_id)
    assert told_[0] == "顾问A 把 张伟 交给 顾问D（不占轮次，协助）。"
    assert "顾问A 请 顾问D 代接，客户仍归 顾问A：要开会" in told_[1]
    taken = ground.do(
        lambda s: floors.take_over(s, first.visit_id, ground.reps["B"], "争吵", confirmed=True)
    )
    assert sentence(taken, _names(ground)) == "Done: 顾问D hands over to 顾问B, under clause 7."


def test_the_visitor_in_hand_goes_on_and_the_reason_names_the_old_customer(ground):
    ground.sign_in("AB")
    known = ground.arrive(Person(name="张伟", phone="13812345678"))
    ground.do(lambda s: floors.end_visit(s, known.visit_id, result="will_return"))
    party = ground.read(
        lambda s: s.scalars(select(Customer.party_id).where(Customer.party_id.is_not(None))).one()
    )
    ground.arrive(Person(name="王芳"))  # B
    ground.do(lambda s: floors.sign_out(s, ground.unit, ground.reps["A"]))
    ground.do(lambda s: floors.sign_in(s, ground.unit, ground.reps["A"]))
    new = ground.arrive(Person(name="李强"))  # A
    again = ground.arrive(Person(party_id=party))
    assert again.outcome["waiting"]
    row = ground.read(lambda s: s.require(Visit, new.visit_id))
    told_ = _why(ground, row.decision_id)
    assert told_[0] == "李强 等候接待。"
    assert "顾问A 的老客户 张伟 到访，手上的新客户无人可接，排到队首" in " ".join(told_)


def test_every_refusal_of_the_engine_has_a_sentence_in_the_readers_language():
    codes = {key.partition(".")[0] for key in engine_words.REFUSALS}
    assert codes - words.REFUSALS.keys() == set()
    assert words.REFUSALS.keys() - codes <= {"missing", "rep"}


def test_who_is_with_a_visitor_is_told_so_and_not_in_the_engines_english(ground):
    ground.sign_in("AB")
    ground.arrive()
    with pytest.raises(UserError) as refused:
        ground.do(lambda s: floors.go_out(s, ground.unit, ground.reps["A"], "public"))
    assert str(refused.value.message) == words.REFUSALS["visit_in_hand"]


def test_an_act_that_awaits_confirmation_does_not_say_it_is_done(ground):
    ground.sign_in("ABC")
    act = ground.arrive()
    asked = ground.do(lambda s: floors.void_visit(s, act.visit_id, "踩盘", confirmed=False))
    assert sentence(asked, _names(ground)).startswith("Noted: the visit stands")
    over = ground.do(
        lambda s: floors.take_over(s, act.visit_id, ground.reps["B"], "争吵", confirmed=False)
    )
    assert sentence(over, _names(ground)).startswith("Noted as help")
    gone = ground.do(lambda s: floors.void_visit(s, act.visit_id, "踩盘", confirmed=True))
    assert sentence(gone, _names(ground)) == "Done: the visit is void, the turn comes back."
    door = ground.arrive(purpose="scouting")
    gone = ground.do(lambda s: floors.void_visit(s, door.visit_id, "踩盘", confirmed=True))
    assert sentence(gone, _names(ground)) == "Done: the visit is void; no turn comes back."


def test_each_line_of_the_roster_tells_only_of_its_own_visit(ground):
    """A call that runs out serves two parties at once; passes and tickets stay apart."""
    ground.sign_in("ABCD")
    known = ground.arrive(Person(name="张伟", phone="13812345678"))  # A
    party = ground.read(
        lambda s: s.scalars(select(Customer.party_id).where(Customer.party_id.is_not(None))).one()
    )
    ground.do(lambda s: floors.end_visit(s, known.visit_id, result="will_return"))
    ground.do(lambda s: floors.go_out(s, ground.unit, ground.reps["A"], "private"))
    ground.do(lambda s: floors.go_out(s, ground.unit, ground.reps["B"], "public"))
    asked = ground.arrive(Person(party_id=party), Person(name="李强"))
    assert asked.outcome["status"] == "calling_owner"
    late = ground.arrive(Person(name="王芳"), minutes=11)  # first the call runs out: C, then D
    first = ground.read(lambda s: s.require(Visit, asked.visit_id))
    second = ground.read(lambda s: s.require(Visit, late.visit_id))
    assert [ground.letter(v.staff_id) for v in (first, second)] == ["C", "D"]
    assert [ground.letter(one["rep"]) for one in first.passed] == ["B"]
    assert second.passed == []
    assert [one["how"] for one in first.tickets] == ["issued"]
    assert second.tickets == []


def test_a_ticket_that_expires_while_another_is_used_is_not_called_used():
    before = FloorState(
        ring=("a", "b"), tickets=(Issued(1, "a", "comp", "", ""), Issued(2, "b", "comp", "", ""))
    )
    after = FloorState(ring=("a", "b"))
    step = SimpleNamespace(outcome={"dropped": ["a(c)"], "used": ["b(c)"]})
    work = SimpleNamespace(before=SimpleNamespace(floor=before), after=after, step=step)
    rows = {ticket.rep: how for ticket, how in project._gone(work)}
    assert rows == {"a": "dropped", "b": "used"}


def test_a_swap_says_who_takes_the_visitor_in_hand(ground):
    ground.sign_in("AB")
    known = ground.arrive(Person(name="张伟"))
    ground.do(lambda s: floors.end_visit(s, known.visit_id, result="will_return"))
    customer = ground.read(lambda s: s.require(Visit, known.visit_id)).customer_id
    first = ground.arrive()  # B
    ground.arrive()  # A
    ground.do(lambda s: floors.end_visit(s, first.visit_id, result="looking"))
    swap = ground.arrive(Person(customer_id=customer))
    assert sentence(swap, _names(ground)) == (
        "Done: 顾问A receives, under clause 5、2. 顾问A hands the visitor in hand to 顾问B."
    )
