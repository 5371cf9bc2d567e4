"""Whose turn it is: the ring of a day, absences and late comers, tickets and forfeits."""

from __future__ import annotations

from zhike_sales_floor.policies import preset

from .conftest import Play


def test_a_new_ring_for_the_day() -> None:
    play = Play(tickets="B(c)")
    out = play("2024-05-09T08:30", event="day_open", ring="C>D>A", on_duty="C, D")
    assert out["ring"] == ["C", "D", "A", "B"]
    assert out["states"] == {"A": "OFF_DUTY", "B": "OFF_DUTY", "C": "ABSENT", "D": "ABSENT"}
    assert play("2024-05-09T08:31", event="day_open", ring="A>B>C>D")["ring"][0] == "A"


def test_absent_reps_of_yesterday_are_absent_again() -> None:
    play = Play(reps={"A": "ABSENT", "B": "OFF_DUTY"})
    out = play("2024-05-09T09:00", arrive="n1")
    assert out["passes"] == [
        {"rep": "A", "effect": "miss", "rule": "SF-A-04a", "visit": "v1"},
        {"rep": "B", "effect": "none", "rule": "SF-A-04", "visit": "v1"},
    ]


def test_carryover_reset_forgives_forfeits() -> None:
    policy = preset("P12").policy(
        {"rotation.carryover": "reset", "rotation.offender_next_turn": "forfeit_next"}
    )
    play = Play(policy)
    play("09:00", arrive="n1", received_by="B", flag="poach")
    assert play.state.floor.reps["B"].prepaid == ("SF-A-08",)
    play("2024-05-09T09:00", event="tick")
    assert play("2024-05-09T09:00", arrive="n2")["assigned"] == "A"
    assert play("2024-05-09T09:01", arrive="n3")["assigned"] == "B"


def test_a_lunch_without_limit() -> None:
    policy = preset("P12").policy({"rotation.lunch_minutes": "none"})
    play = Play(policy)
    play("12:00", lunch="A")
    assert play("15:00", arrive="n1")["issued"] == ["A(c)"]


def test_a_day_closed_by_mistake_goes_on() -> None:
    play = Play()
    play("09:00", out="A", reason="private")
    play("09:01", arrive="n1")
    play("12:00", event="day_close")
    assert play.refused("12:01", reclass="A") == "too_late"
    play("12:05", event="day_open")
    assert play("12:06", reclass="A")["issued"] == ["A(c)"]


def test_hosting_counts_where_helping_counts() -> None:
    policy = preset("P12").policy(
        {"rotation.assist_counts_turn": True, "rotation.referral_counts_turn": True}
    )
    play = Play(policy, ring="B>C>A", reps={"A": "OUT_PUBLIC"}, customers={"o1": "A"})
    play("09:00", arrive=["o1", "n1"])
    assert play("09:01", accept="A")["ring"] == ["C", "A", "B"]
    out = play("09:10", back="A")
    assert (out["assigned"], out["via"]) == ("A", "turn")
    assert play("09:11", help="B", customer="n1")["ring"] == ["C", "A", "B"]


def test_the_line_shown_is_the_line_that_will_be_served() -> None:
    """Whoever stands first receives the next new visitor, whatever the policy's order is."""
    by_ring = {"rotation.ticket_order": "ring_order"}
    for changed, given, flag in (
        ({}, {"tickets": "C(c), B(r)"}, ""),
        (by_ring, {"tickets": "C(c), B(r)"}, ""),
        ({"rotation.offender_next_turn": "forfeit_next"}, {}, "poach"),
    ):
        play = Play(preset("P12").policy(changed), **given)
        if flag:
            play("09:00", arrive="n0", received_by="B", flag=flag)
            play("09:01", end="B")
        shown = play("09:02", event="tick")["next_up"]
        for place, rep in enumerate(shown):
            out = play(f"09:{place + 3:02d}", arrive=f"n{place + 1}")
            assert out["assigned"] == rep, (changed, shown)


def test_a_forfeited_turn_outlasts_a_rest_day() -> None:
    play = Play(preset("P12").policy({"rotation.offender_next_turn": "forfeit_next"}))
    play("09:00", arrive="n1", received_by="C", flag="poach")  # A's turn
    play("09:01", end="C")
    play("09:02", sign_out="B, C")
    play("09:03", arrive="n2")  # A; B and C are off duty
    play("09:04", end="A")
    play("09:05", sign_in="C")
    play("09:06", arrive="n3")  # A, though C stands first
    assert play.state.floor.reps["A"].state == "RECEIVING_NEW"
    assert play.state.floor.reps["C"].prepaid == ()


def test_what_passed_during_a_reception_is_told_at_its_end_and_forgotten() -> None:
    play = Play(customers={"oA": "A"}, reps={"C": "OFF_DUTY"})
    play("09:00", arrive="oA")
    for minute in ("01", "03"):
        play(f"09:{minute}", arrive=f"n{minute}")
        play(f"09:{minute}:30", end="B")
    step = play.step("09:05", end="A")
    assert step.decisions[-1].outcome["passed"] == 2
    play("09:06", arrive="oA")
    step = play.step("09:07", end="A")
    assert step.decisions[-1].outcome["passed"] == 0
    assert {cite.effect for cite in step.decisions[-1].cites} == {"place_kept"}


def test_a_miss_with_a_poached_visitor_is_none_of_an_earlier_absence() -> None:
    play = Play(ring="C>B>A")
    play("09:00", out="A", reason="private")
    play("09:01", back="A")
    play("09:02", arrive="n1", received_by="A", flag="poach")  # C's turn
    play("09:03", arrive="n2")  # B
    assert play("09:04", arrive="n3")["passes"][0]["effect"] == "miss"  # C, past A
    assert "issued" not in play("09:05", reclass="A", by="manager")


def test_who_signs_in_before_the_first_visitor_of_the_day_is_not_late() -> None:
    policy = preset("P12").policy({"rotation.late_join_position": "before_pointer"})
    play = Play(policy, reps={"B": "OFF_DUTY"})
    play("09:00", arrive="n1")
    assert play("2024-05-09T08:50", sign_in="B")["ring"] == ["B", "C", "A"]


def test_an_earlier_absence_re_classed_leaves_the_present_one_as_it_is() -> None:
    play = Play()
    play("09:00", out="A", reason="private")
    play("09:10", back="A")
    play("09:20", out="A", reason="private")
    assert play("09:30", reclass="A", out_at="09:00")["states"]["A"] == "OUT_PRIVATE"
