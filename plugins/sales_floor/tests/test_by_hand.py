"""A stretch kept on paper, entered afterwards; the floor set by hand. Nothing is rewound."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from zhike.api import CompanySession, Contact, LedgerLine, UserError, clock, forms, organisation
from zhike_sales_floor.models import Customer, FloorEvent, Ticket, Visit
from zhike_sales_floor.services import board as boards
from zhike_sales_floor.services import by_hand, registers, replay
from zhike_sales_floor.services.arrivals import Person
from zhike_sales_floor.services.by_hand import InHand, Line, LinesRefused, Owed, Standing

from .conftest import ACTOR, MORNING, Floor

TEN = MORNING + timedelta(hours=1)


def write(ground: Floor, *lines: Line) -> None:
    with clock.frozen(ground.now), ground.site.transaction(ground.company, ACTOR) as s:
        by_hand.write_up(s, ground.unit, lines)


def line(ground: Floor, who: str, rep: str, start: int, end: int | None, **more: object) -> Line:
    """Minutes after ten."""
    return Line(
        "visit",
        Person(name=who),
        ground.reps[rep],
        TEN + timedelta(minutes=start),
        None if end is None else TEN + timedelta(minutes=end),
        **more,
    )


def register(s: CompanySession, code: str, ground: Floor, on: date) -> forms.FormData:
    found = registers.find(code)
    scope = registers.scope_of(s, found, ground.unit, since=on, until=on)
    return registers.fill(s, found, scope)[1]


def customer(s: CompanySession, name: str) -> Customer:
    visit = s.scalars(select(Visit).where(Visit.label == name).limit(1)).one()
    return s.require(Customer, visit.customer_id)


def test_a_stretch_on_paper_is_entered_with_its_times_and_moves_no_turn(either: Floor) -> None:
    either.sign_in("ABCD")
    either.arrive(Person(name="现场甲"))
    ring, tickets = either.ring(), either.tickets()
    either.now = TEN + timedelta(hours=2)
    write(
        either,
        line(either, "纸上乙", "C", 5, 40, need="三居"),
        line(either, "纸上丙", "D", 50, None),
    )
    assert (either.ring(), either.tickets()) == (ring, tickets)
    with either.site.reader(either.company) as s:
        over = s.scalars(select(Visit).where(Visit.label == "纸上乙")).one()
        there = s.scalars(select(Visit).where(Visit.label == "纸上丙")).one()
        assert (over.state, over.via, over.kind) == ("ended", "turn", "new")
        assert (over.arrived_at, over.ended_at) == (
            TEN + timedelta(minutes=5),
            TEN + timedelta(minutes=40),
        )
        assert over.entered_at == there.entered_at == either.now
        assert over.turn_no != there.turn_no
        assert (there.state, there.staff_id) == ("reception", either.reps["D"])
        event = s.scalars(select(FloorEvent).where(FloorEvent.seq == over.seq)).one()
        assert (event.verb, event.occurred_at, event.recorded_at) == (
            "paper",
            over.arrived_at,
            either.now,
        )
        assert customer(s, "纸上乙").owner_id == either.reps["C"]
        assert customer(s, "纸上乙").facts["owning"][0]["at"].startswith("2026-05-04T10:05")
        assert s.scalars(select(Contact.note).where(Contact.kind == "visit")).all() == ["三居"]
        actions = s.scalars(select(LedgerLine.action)).all()
        assert actions.count("sales_floor.afterwards") == 2
        assert replay.replay(s, either.unit, MORNING.date()) == []
        shown = boards.board(s, either.unit)
        assert shown is not None
        card = next(rep.visit for rep in shown.reps if rep.id == either.reps["D"])
        assert card is not None
        assert card.entered
        rows = register(s, "SFF-03", either, MORNING.date()).rows["lines"]
        assert [("12:00" in str(row["name"])) for row in rows] == [False, True, True]


def test_ownership_follows_the_order_of_entering_and_only_a_ruling_moves_it(ground: Floor) -> None:
    ground.sign_in("ABCD")
    ground.arrive(Person(name="老张", phone="13812345678"))  # A's, entered live
    ground.do(lambda s: _end(s, ground))
    ground.now = TEN + timedelta(hours=2)
    with ground.site.reader(ground.company) as s:
        known = customer(s, "老张").id
    before = Line("visit", Person(customer_id=known), ground.reps["B"], MORNING, TEN, sure=True)
    write(ground, before)  # B had him on paper an hour before A: entered later all the same
    with ground.site.reader(ground.company) as s:
        row = s.require(Customer, known)
        assert row.owner_id == ground.reps["A"]
        visits = s.scalars(select(Visit).where(Visit.customer_id == known)).all()
        assert {visit.kind for visit in visits} == {"new", "assisted"}
        assert replay.replay(s, ground.unit, MORNING.date()) == []


def _end(s: CompanySession, ground: Floor) -> object:
    from zhike_sales_floor.services import floor

    visit = s.scalars(select(Visit).where(Visit.state == "reception")).one()
    return floor.end_visit(s, visit.id)


def test_what_was_entered_live_is_pointed_out_and_nothing_of_the_sheet_goes_in(
    ground: Floor,
) -> None:
    ground.sign_in("ABCD")
    ground.arrive(Person(name="现场甲"))
    ground.do(lambda s: _end(s, ground), minutes=30)
    ground.now = TEN + timedelta(hours=2)
    began = MORNING + timedelta(minutes=6)
    twice = Line(
        "visit", Person(name="另一人"), ground.reps["A"], began, began + timedelta(minutes=5)
    )
    late = line(ground, "未来", "B", 300, None)
    good = line(ground, "好的", "C", 5, 40)
    with pytest.raises(LinesRefused) as refused:
        write(ground, good, twice, late)
    assert set(refused.value.wrong) == {1, 2}
    assert refused.value.wrong[1].code == "known"
    assert "现场甲" in refused.value.wrong[1].message
    with ground.site.reader(ground.company) as s:
        assert s.scalars(select(Visit.label)).all() == ["现场甲"]
    write(ground, good, replace(twice, sure=True))
    with ground.site.reader(ground.company) as s:
        assert set(s.scalars(select(Visit.label))) == {"现场甲", "另一人", "好的"}


def test_a_sheet_of_yesterday_stands_in_yesterdays_register(ground: Floor) -> None:
    ground.sign_in("AB")
    ground.now = MORNING + timedelta(days=1)
    ground.sign_in("AB")
    write(ground, line(ground, "昨天的", "A", 0, 30))
    with clock.frozen(ground.now), ground.site.reader(ground.company) as s:
        rows = register(s, "SFF-01", ground, MORNING.date()).rows["lines"]
        assert len(rows) == 1
        assert "05-05 09:02" in str(rows[0]["visitor"])
        today = organisation.today(s, ground.unit)
        assert register(s, "SFF-01", ground, today).rows["lines"] == []
        assert replay.replay(s, ground.unit, today) == []


def test_the_manager_sets_ring_and_tickets_and_everything_says_so(either: Floor) -> None:
    either.sign_in("ABCD")
    first = either.now
    with either.site.transaction(either.company, ACTOR) as s, clock.frozen(first):
        by_hand.set_floor(
            s,
            either.unit,
            Standing(
                ring=[either.reps[x] for x in "CBDA"],
                tickets=[Owed(either.reps["D"], "comp", MORNING.date(), "昨天公出")],
                states={either.reps["D"]: "OUT_PUBLIC"},
                in_hand=[
                    InHand(Person(name="在谈"), either.reps["A"], MORNING, 2, "两居"),
                    InHand(Person(name="等候"), None, MORNING + timedelta(minutes=1)),
                ],
            ),
            "停电一小时",
        )
    assert either.ring() == "BDAC"  # who waited was received at once, by the new order
    assert either.tickets() == ["D(c)"]
    with either.site.reader(either.company) as s:
        rows = {row.label: row for row in s.scalars(select(Visit))}
        assert rows["在谈"].staff_id == either.reps["A"]
        assert rows["在谈"].arrived_at == MORNING
        assert rows["等候"].staff_id == either.reps["C"]
        ticket = s.scalars(select(Ticket)).one()
        assert "昨天公出" in ticket.by_hand
        assert ticket.issued_at < MORNING
        board = boards.board(s, either.unit)
        assert board is not None
        assert board.by_hand is not None
        assert board.by_hand.reason == "停电一小时"
        values = register(s, "SFF-01", either, MORNING.date()).values
        assert "停电一小时" in str(values["by_hand"])
        line_ = s.scalars(select(LedgerLine).where(LedgerLine.action == "sales_floor.set_floor"))
        assert line_.one().reason == "停电一小时"
        assert replay.replay(s, either.unit, MORNING.date()) == []


def test_without_a_reason_nothing_is_set(ground: Floor) -> None:
    ground.sign_in("AB")
    with pytest.raises(UserError):
        ground.do(lambda s: by_hand.set_floor(s, ground.unit, Standing(), " "))


def test_the_next_day_is_the_rules_again(ground: Floor) -> None:
    ground.sign_in("AB")
    ground.do(lambda s: by_hand.set_floor(s, ground.unit, Standing(tickets=[]), "核对"))
    ground.now += timedelta(days=1)
    ground.sign_in("AB")
    board = ground.read(lambda s: boards.board(s, ground.unit))
    assert board.by_hand is None
