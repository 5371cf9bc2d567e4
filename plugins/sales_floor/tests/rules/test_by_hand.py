"""Set by hand and written up from paper: what moves, what stays, what is refused (CV-1, CV-8)."""

from __future__ import annotations

import pytest

from zhike.rules import EventInvalid

from .conftest import Play


def test_paper_moves_no_turn_and_gives_whom_nobody_owns() -> None:
    play = Play(customers={"oB": "B"})
    play("09:00", arrive="n1")
    ring = play("11:40", paper="n2", rep="C", began="10:05", ended="10:40")["ring"]
    assert ring == ["B", "C", "A"]
    assert play.state.customers["n2"].owner == "C"
    assert play.state.customers["n2"].contacts["C"].endswith("T10:05:00")
    assert play.state.floor.reps["C"].state == "AVAILABLE"
    helped = play("11:41", paper="oB", rep="C", began="10:45", ended="10:50")
    assert (helped["kind"], helped["owner"]) == ("assisted", "B")


def test_who_is_entered_first_is_first_whatever_the_times_say() -> None:
    play = Play()
    play("11:40", paper="n1", rep="A", began="10:30", ended="10:40")
    assert play("11:41", paper="n1", rep="B", began="10:00", ended="10:10")["owner"] == "A"
    assert [note.at[11:16] for note in play.state.customers["n1"].visits] == ["10:30", "10:00"]


def test_a_contact_on_paper_never_turns_the_clock_back() -> None:
    play = Play(customers={"oA": {"owner": "A", "last_contact": "1 day ago"}})
    play("09:00", contact="oA", rep="A")
    play("11:40", paper="oA", rep="A", began="08:00", ended="08:20")
    assert play.state.customers["oA"].contacts["A"].endswith("T09:00:00")


def test_who_is_still_there_sits_with_the_receiver_now() -> None:
    play = Play()
    got = play("11:40", paper="n1", rep="B", began="11:10")
    assert got["status"] == "in_reception"
    assert play.state.floor.reps["B"].state == "RECEIVING_NEW"
    assert play("11:50", end="B")["status"] == "ended"


def test_a_void_visit_of_the_paper_gives_its_turn_back() -> None:
    play = Play()
    play("11:40", paper="n1", rep="B", began="10:05", ended="10:40")
    assert play("11:50", void="n1", confirmed=True)["issued"] == ["B(r)"]


def test_set_by_hand_replaces_the_tickets_and_keeps_those_that_stay() -> None:
    play = Play(tickets=["A(c)", "B(r)"])
    first = play.state.floor.tickets[0]
    got = play("11:45", event="set_floor", tickets=["C(c)", "A(c)"], reason="盘点")
    assert got["tickets"] == ["C(c)", "A(c)"]
    assert (got["issued"], got["dropped"]) == (["C(c)"], ["B(r)"])
    assert play.state.floor.tickets[1] == first
    tally = play.state.floor.tally
    assert tally.issued == tally.used + tally.dropped + 2


def test_in_hand_and_taken_off_again_leaves_no_trace_with_the_customer() -> None:
    play = Play(customers={"oA": "A"})
    before = play.state.customers["oA"].visits
    rows = [
        {"visit": "v8", "customers": ["oA"], "rep": "A", "since": "10:40"},
        {"visit": "v9", "customers": ["n1"], "rep": "B", "since": "10:50"},
    ]
    got = play("11:45", event="set_floor", in_hand=rows, reason="切换")
    assert (got["states"]["A"], got["states"]["B"]) == ("RECEIVING_OLD", "RECEIVING_NEW")
    assert play.state.customers["n1"].owning[0].cause == "given"
    got = play("11:46", event="set_floor", withdraw=["v8", "v9"], reason="撤销")
    assert (got["states"]["A"], got["states"]["B"]) == ("AVAILABLE", "AVAILABLE")
    assert play.state.customers["oA"].visits == before
    assert play.state.customers["n1"].owner == ""
    assert play.state.floor.visits == {}


def test_what_nobody_can_set_is_refused() -> None:
    play = Play()
    play("09:00", arrive="n1")
    assert play.refused("09:01", event="set_floor", reason=" ") == "no_reason"
    assert play.refused("09:01", event="set_floor", states={"A": "ABSENT"}, reason="x") == (
        "visit_in_hand"
    )
    busy = [{"customers": ["n2"], "rep": "A"}]
    assert play.refused("09:01", event="set_floor", in_hand=busy, reason="x") == "visit_in_hand"
    twice = [{"customers": ["n1"], "rep": "B"}]
    assert play.refused("09:01", event="set_floor", in_hand=twice, reason="x") == "already_here"
    assert play.refused("09:01", event="set_floor", withdraw="v7", reason="x") == "no_visit"
    assert play.refused("09:01", paper="n2", rep="B", began="09:30") == "not_yet"
    assert play.refused("09:01", paper="n2", rep="B", began="08:30", ended="08:10") == "ends_first"
    play("18:00", leave="C", reason="resigned")
    assert play.refused("18:01", event="set_floor", ring="C>A", reason="x") == "left"
    for wrong in (
        {"states": {"B": "LEFT"}},
        {"in_hand": [{"who": "n2"}]},
        {"in_hand": ["n2"]},
        {"in_hand": [{"rep": "B"}]},
        {"tickets": [{"rep": "B", "when": "x"}]},
        {"tickets": 3},
    ):
        with pytest.raises(EventInvalid):
            play("18:02", event="set_floor", reason="x", **wrong)


def test_the_board_knows_until_the_day_ends() -> None:
    play = Play()
    play("11:45", event="set_floor", ring="B>A>C", reason="停电", by="周经理")
    assert play.state.floor.by_hand is not None
    assert play.state.floor.by_hand.by == "周经理"
    play("2024-05-09 09:00", arrive="n9")
    assert play.state.floor.by_hand is None
