"""What the present state forbids is refused with its reason and changes nothing."""

from __future__ import annotations

from .conftest import Play


def test_what_the_state_forbids_is_refused_and_changes_nothing() -> None:
    play = Play(customers={"oA": "A"})
    play("09:00", arrive="n1")
    assert play.refused("09:01", arrive="n1") == "already_here"
    assert play.refused("09:01", arrive="n2", visit="v1") == "visit_exists"
    assert play.refused("09:01", arrive="n2", received_by="A") == "not_available"
    assert play.refused("09:01", arrive="n2", assign_to="A") == "not_available"
    assert play.refused("09:01", out="A", reason="public") == "visit_in_hand"
    assert play.refused("09:01", end="", customer="nobody") == "no_visit"
    assert play.refused("09:01", void="nobody", confirmed=True) == "no_visit"
    assert play.refused("09:01", flag="nobody") == "no_visit"
    assert play.refused("09:01", flag="n1") == "no_rightful"
    assert play.refused("09:01", flag="n1", offender="A", rightful="A") == "no_rightful"
    assert play.refused("09:01", hand_over="n1", to="A") == "not_available"
    assert play.refused("09:01", take_over="nobody", rep="B") == "no_visit"
    assert play.refused("09:01", confirm_fault="n1") == "no_takeover"
    assert play.refused("09:01", assign="n1", rep="B") == "received"
    assert play.refused("09:01", cancel="n1") == "no_deal"
    assert play.refused("09:01", commission_paid="n1") == "no_deal"
    assert play.refused("09:01", event="reassign") == "missing"
    assert play.refused("09:01", event_mode=True, overrides={"x.y": 1}) == "parameter"
    assert play.refused("09:01", event="day_open", present="A") == "day_running"
    play("09:02", arrive="n2")
    assert play.refused("09:03", take_over="n1", rep="B") == "not_available"
    assert play.refused("09:03", take_over="n1", rep="B", confirmed=True) == "not_available"


def test_waiting_visitors_cannot_be_handed_over_or_helped() -> None:
    play = Play(reps={"A": "OUT_PUBLIC", "B": "OUT_PUBLIC", "C": "OUT_PUBLIC"})
    assert play("09:00", arrive="n1")["status"] == "waiting"
    for event in (
        {"hand_over": "n1"},
        {"take_over": "n1", "rep": "A"},
        {"help": "A", "customer": "n1"},
        {"event": "end", "customer": "n1"},
    ):
        assert play.refused("09:01", **event) == "not_received"
    assert play.refused("09:02", arrive="n2", received_by="A") == "not_available"
