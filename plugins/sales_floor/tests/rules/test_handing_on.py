"""A visitor goes from one rep to another: handed over, helped, taken over, swapped."""

from __future__ import annotations

from .conftest import Play


def test_a_helped_customer_goes_back_to_the_owner() -> None:
    play = Play(reps={"A": "OUT_PUBLIC"}, customers={"oA": "A"})
    play("09:00", arrive="oA")
    play("09:05", back="A")
    out = play("09:06", hand_over="oA", to="A")
    assert out["states"] == {"A": "RECEIVING_OLD", "B": "AVAILABLE", "C": "AVAILABLE"}
    out = play("09:07", hand_over="oA")
    assert out["states"]["B"] == "ASSISTING"
    play("09:08", out="C", reason="private")
    play("09:08", out="A", reason="private")
    assert play.refused("09:09", hand_over="oA") == "not_available"


def test_take_over_after_the_visitor_has_gone() -> None:
    play = Play()
    play("09:00", arrive="n1")
    play("09:05", end="A")
    assert play("09:10", take_over="n1", rep="C")["owner"] == "A"
    assert play("09:20", confirm_fault="n1")["owner"] == "C"
    other = Play()
    other("09:00", arrive="n1")
    other("09:05", end="A")
    assert other("09:10", take_over="n1", rep="C", confirmed=True)["owner"] == "C"
    helped = Play()
    helped("09:00", arrive="n1")
    helped("09:01", help="B", customer="n1")
    helped("09:01", help="B", helps="A")
    out = helped("09:10", take_over="n1", rep="B", confirmed=True)
    assert out["states"] == {"A": "AVAILABLE", "B": "ASSISTING", "C": "AVAILABLE"}
    assert helped("09:11", take_over="n1", rep="B", confirmed=True)["owner"] == "B"


def test_busy_helpers_are_noted_without_sitting_down() -> None:
    play = Play()
    play("09:00", arrive="n1")
    play("09:01", arrive="n2")
    out = play("09:02", help="B", customer="n1")
    assert out["states"]["B"] == "RECEIVING_NEW"
    play("09:02", help="B", customer="n1")
    assert play.state.floor.visits["v1"].helpers == ("B",)
    play("09:03", help="C", customer="n1")
    assert play("09:04", free="C")["states"]["A"] == "RECEIVING_NEW"


def test_who_helped_the_giver_is_free_when_the_visitor_goes_on() -> None:
    play = Play(ring="A>B", customers={"oA": "A"})
    play("09:00", arrive="n1")
    play("09:01", help="B", customer="n1")
    out = play("09:05", arrive="oA")
    assert [line["rep"] for line in out["assignments"]] == ["A", "B"]
    assert out["states"]["B"] == "RECEIVING_NEW"


def test_an_old_customer_handed_back_is_an_old_customer_in_hand() -> None:
    play = Play(customers={"oA": "A", "o2": "A"})
    play("09:00", arrive="oA", received_by="C", flag="poach")
    assert play("09:01", hand_over="oA")["states"]["A"] == "RECEIVING_OLD"
    out = play("09:02", arrive="o2")  # no new visitor in hand: nobody is handed on
    assert (out["assigned"], out["kind"], out["tickets"]) == ("B", "assisted", [])


def test_the_fault_of_a_helper_costs_the_owner_nothing() -> None:
    play = Play(customers={"oA": "A"}, reps={"A": "OUT_PUBLIC"})
    play("09:00", arrive="oA")  # B helps
    out = play("09:05", take_over="oA", rep="C", confirmed=True, reason="rude")
    assert (out["assigned"], out["from"], out["owner"]) == ("C", "B", "A")
    assert play("10:00", sign="oA")["credit"]["performance"] == {"A": 10_000}
