"""A day under the thirteen rules, live: the wish, the records, the money (SF-D)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from zhike.api import Conflict, LedgerLine, clock, policies
from zhike_sales_floor.models import Credit, Customer, Visit
from zhike_sales_floor.services import deals, floor, replay, wishes
from zhike_sales_floor.services.arrivals import Person


@pytest.fixture
def records(either):
    """The floor under P13, everybody there."""
    either.now += timedelta(minutes=1)
    with clock.frozen(either.now), either.site.transaction(either.company) as s:
        made = policies.create(s, preset="sales_floor.P13", name="十三条")
        published = policies.publish(s, made.id, reason="改用十三条")
        policies.choose(s, "sales_floor", None, published.policy_id, reason="改用十三条")
    either.sign_in("ABCD")
    return either


def who(ground, person: str = "张伟", phone: str = "13812345678") -> Customer:
    """The customer of that phone, registered on the first visit."""
    ground.arrive(Person(name=person, phone=phone))
    found = ground.read(lambda s: s.scalars(select(Customer)).all())
    return found[-1]


def end_all(ground) -> None:
    """Whoever is being received goes home."""
    open_ = ground.read(
        lambda s: [v.id for v in s.scalars(select(Visit).where(Visit.state == "reception"))]
    )
    for visit_id in open_:
        ground.do(lambda s, one=visit_id: floor.end_visit(s, one, result="will_return"))


def sell(ground, customer_id) -> dict[str, tuple[int, int]]:
    """Subscribe, and give each rep's performance and commission in basis points."""

    def work(s):
        return deals.start(s, customer_id, "subscription", property="1-101", amount_fen=100)[1]

    ground.do(work)
    rows = ground.read(lambda s: s.scalars(select(Credit)).all())
    return {ground.letter(row.staff_id): (row.performance, row.commission) for row in rows}


def test_a_record_protects_for_two_months_and_then_the_customer_is_new(records):
    customer = who(records)
    row = records.read(lambda s: s.require(Customer, customer.id))
    assert row.protected_until == date(2026, 7, 4)
    end_all(records)
    records.now += timedelta(days=61)
    records.sign_in("ABCD")
    act = records.arrive(Person(customer_id=customer.id))
    assert (records.letter(act.outcome["assigned"]), act.outcome["via"]) == ("A", "uncounted")
    end_all(records)
    records.now += timedelta(days=1)
    records.sign_in("ABCD")
    act = records.arrive(Person(customer_id=customer.id))
    assert (records.letter(act.outcome["assigned"]), act.outcome["kind"]) == ("B", "new")


def test_refused_rep_keeps_a_fifth_and_a_verified_complaint_takes_it(records):
    customer = who(records)
    end_all(records)
    act = records.arrive(
        Person(customer_id=customer.id),
        asks_for=records.reps["C"],
        refuses=(records.reps["A"],),
    )
    assert records.letter(act.outcome["assigned"]) == "C"
    assert "SF-D-29" in act.outcome["rules"]
    end_all(records)
    rep_a = records.reps["A"]
    records.do(lambda s: wishes.complain(s, customer.id, rep_a, "怠慢"))
    row = records.read(lambda s: s.require(Customer, customer.id))
    assert [(one.about, one.found) for one in wishes.complaints(row)] == [(rep_a, "")]
    records.do(lambda s: wishes.complain(s, customer.id, rep_a, "属实", verified=True))
    assert sell(records, customer.id) == {"C": (10_000, 10_000)}
    actions = records.read(lambda s: [line.action for line in s.scalars(select(LedgerLine))])
    assert actions.count("sales_floor.complaint") == 2


def test_forgotten_rep_found_later_shares_the_commission(records):
    customer = who(records)
    end_all(records)
    act = records.arrive(Person(customer_id=customer.id), came_before="forgot")
    assert (records.letter(act.outcome["assigned"]), act.outcome["via"]) == ("B", "turn")
    visit = act.visit_id
    end_all(records)
    records.do(lambda s: wishes.found_earlier(s, visit, records.reps["A"]))
    assert sell(records, customer.id) == {"B": (10_000, 5_000), "A": (0, 5_000)}


def test_found_while_the_visitor_is_there_hands_back_and_refunds(records):
    customer = who(records)
    end_all(records)
    act = records.arrive(Person(customer_id=customer.id), recognised=False)
    assert records.letter(act.outcome["assigned"]) == "B"
    back = records.do(lambda s: wishes.found_earlier(s, act.visit_id))
    assert (records.letter(back.outcome["assigned"]), back.outcome["status"]) == (
        "A",
        "handed_over",
    )
    assert records.tickets() == ["B(r)"]
    row = records.read(lambda s: s.require(Visit, act.visit_id))
    assert (records.letter(row.staff_id), row.via) == ("A", "uncounted")


def test_better_price_elsewhere_moves_nothing(records):
    customer = who(records)
    end_all(records)
    act = records.arrive(Person(customer_id=customer.id), asks_for=records.reps["D"])
    row = records.read(lambda s: s.require(Customer, customer.id))
    assert records.letter(row.owner_id) == "D"
    end_all(records)
    records.do(lambda s: wishes.better_price(s, act.visit_id, "只问折扣"))
    row = records.read(lambda s: s.require(Customer, customer.id))
    assert records.letter(row.owner_id) == "A"
    assert sell(records, customer.id) == {"A": (10_000, 10_000)}


def test_conduct_proposes_and_takes_nothing(records):
    act = records.do(
        lambda s: wishes.note_conduct(
            s, records.unit, records.reps["B"], "neglect", "让客户久等", serious=True
        )
    )
    assert act.outcome["proposed"] == {
        "penalty.poach_serious_base": 10_000,
        "penalty.poach_serious_bonus": 5_000,
    }


def test_a_day_under_the_thirteen_rules_replays_without_a_difference(records):
    customer = who(records)
    end_all(records)
    records.arrive(
        Person(customer_id=customer.id), asks_for=records.reps["C"], refuses=(records.reps["A"],)
    )
    end_all(records)
    records.arrive(Person(name="李娜", phone="13900001111"), came_before="forgot")
    end_all(records)
    sell(records, customer.id)
    on = records.read(lambda s: next(iter(replay.days(s, records.unit))).day)
    assert records.read(lambda s: replay.replay(s, records.unit, on)) == []


def test_under_rules_without_records_nothing_is_looked_up(ground):
    ground.sign_in("AB")
    act = ground.arrive(Person(name="张伟", phone="13812345678"))
    with pytest.raises(Conflict):
        ground.do(lambda s: wishes.found_earlier(s, act.visit_id, ground.reps["B"]))
