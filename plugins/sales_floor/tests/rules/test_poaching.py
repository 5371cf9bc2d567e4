"""Receptions out of turn: reports, what they cost, and what the poacher is barred from."""

from __future__ import annotations

from zhike_sales_floor.policies import preset

from .conftest import Play


def test_the_poacher_is_barred_from_taking_over_and_from_what_he_won_later() -> None:
    play = Play()
    play("09:00", arrive="n1", received_by="C", flag="none")
    play("09:01", end="C")
    play("09:02", out="A, B, C", reason="private")
    play("2024-05-20T08:00", out="A, B", reason="private")
    assert play("2024-05-20T09:00", arrive="n1", recognised=False)["kind"] == "lapsed"
    assert play.state.customers["n1"].owning[-1].cause == "lapse"
    out = play("2024-05-20T10:00", flag="n1", visit="v1", offender="C", reporter="A")
    assert out["owner"] == "A"
    assert [entry.void for entry in play.state.customers["n1"].owning] == ["", "SF-A-08"]
    out = play("2024-05-20T10:10", take_over="n1", rep="C", confirmed=True)
    assert out["owner"] == "A"
    assert "SF-A-08" in out["rules"]


def test_a_report_about_a_reception_that_is_still_going_on() -> None:
    play = Play()
    play("09:00", arrive="n1")
    out = play("09:05", event="flag", visit="v1", offender="C", rightful="A", kind="wrong_turn")
    assert out["states"] == {"A": "AVAILABLE", "B": "AVAILABLE", "C": "RECEIVING_INVALID"}
    assert out["owners"] == {} if "owners" in out else True
    busy = Play()
    busy("09:00", arrive="n1")
    busy("09:01", arrive="n2")
    out = busy("09:05", flag="n1", offender="B", rightful="A")
    assert out["states"]["A"] == "RECEIVING_NEW"
    assert out["states"]["B"] == "RECEIVING_NEW"
    assert busy.state.customers["n1"].poachers == ("B",)


def test_a_wrong_turn_that_proves_to_be_poaching_costs_one_turn_only() -> None:
    play = Play(preset("P12").policy({"rotation.offender_next_turn": "forfeit_next"}))
    play("09:00", arrive="n1", received_by="C", flag="wrong_turn")
    play("09:05", flag="n1", kind="poach", offender="C")
    assert len(play.state.floor.reps["C"].prepaid) == 1


def test_a_report_finds_the_offenders_own_reception() -> None:
    play = Play(customers={"oA": "A"})
    play("09:00", arrive="oA", received_by="B", flag="none")
    play("09:10", end="B")
    play("09:20", arrive="oA")
    play("09:30", end="A")
    play("09:40", flag="oA", offender="B")
    assert [note.flag for note in play.state.customers["oA"].visits] == ["poach", ""]


def test_a_poached_visit_handed_to_a_third_is_help() -> None:
    play = Play()
    play("09:00", arrive="n1", received_by="C", flag="poach")
    out = play("09:05", hand_over="n1", to="B")
    assert (out["assigned"], out["rightful"], out["states"]["B"]) == ("B", "A", "ASSISTING")


def test_out_of_turn_with_a_swap_or_a_call_moves_nobody_else() -> None:
    play = Play(customers={"oA": "A"})
    play("09:00", arrive="n1")
    out = play("09:01", arrive=["oA", "n2"], received_by="C", flag="poach")
    assert (out["rightful"], out["received_by"], out["owners"]) == ("A", "C", {"n2": "A"})
    assert play.state.floor.reps["A"].visit == "v1"
    assert play("10:00", sign="n2")["credit"]["performance"] == {"A": 10_000}


def test_a_poached_visitor_is_not_handed_to_the_poacher_in_his_turn() -> None:
    play = Play(customers={"oA": "A"})
    play("09:00", arrive="n1", received_by="B", flag="poach")  # A's turn; B stands first now
    play("09:01", hand_over="n1")
    out = play("09:02", arrive="oA")
    assert [line["rep"] for line in out["assignments"]] == ["A", "C"]


def test_a_poacher_who_helps_later_has_no_helper_s_share() -> None:
    play = Play(preset("P12").policy({"split.helper": 1000}))
    play("09:00", arrive="n1", received_by="C", flag="poach")
    play("09:01", hand_over="n1")
    play("09:02", help="C", customer="n1")
    assert play("10:00", sign="n1")["credit"]["performance"] == {"A": 10_000}
