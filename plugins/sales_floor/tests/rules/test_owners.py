"""Whose customer it is: contacts, lapses, owners who are there after all, void visits."""

from __future__ import annotations

from .conftest import Play


def test_a_void_after_the_signing_is_refused() -> None:
    play = Play()
    play("09:00", arrive="n1")
    play("09:05", end="A")
    play("09:06", sign="n1")
    assert play.refused("09:10", void="n1", confirmed=True) == "closed"


def test_a_void_during_the_visit_in_which_he_signed_is_refused_too() -> None:
    play = Play()
    play("09:00", arrive=["n1", "n2"])
    play("09:30", sign="n2")
    assert play.refused("09:31", void="n1", confirmed=True) == "closed"
    play("2024-05-09T09:00", arrive="n2")
    assert play("2024-05-09T09:05", void="n2", confirmed=True)["status"] == "voided"


def test_a_void_of_a_party_frees_all_of_it() -> None:
    play = Play()
    play("09:00", arrive=["n1", "n2"])
    play("09:05", end="A")
    assert play("09:10", void="n2", confirmed=True)["owners"] == {"n1": None, "n2": None}


def test_the_owner_who_is_there_after_all_receives() -> None:
    play = Play(customers={"oA": "A"})
    play("09:00", arrive="n1")
    out = play("09:01", arrive="oA", received_by="A")
    assert out["assigned"] == "A"
    assert out["owners"] == {"n1": "B"}


def test_a_contact_entered_late_does_not_set_the_clock_back() -> None:
    play = Play(customers={"o1": {"owner": "A", "last_contact": "1 day ago"}})
    play("09:00", contact="o1", kind="call", rep="A", occurred_at="2024-05-01 10:00")
    assert play.state.customers["o1"].contacts["A"][:10] == "2024-05-07"


def test_only_who_has_lapsed_passes_when_two_old_customers_come_together() -> None:
    silent = {"owner": "A", "last_contact": "9 days ago"}
    fresh = {"owner": "C", "last_contact": "1 day ago"}
    play = Play(customers={"o1": silent, "o2": fresh}, reps={"A": "OUT_PRIVATE"})
    out = play("09:00", arrive=["o1", "o2"])
    assert (out["assigned"], out["owners"]) == ("B", {"o1": "B"})
    assert play.state.customers["o2"].owner == "C"


def test_going_back_to_the_owner_is_a_visit_with_the_owner() -> None:
    silent = {"owner": "A", "last_contact": "6 days ago"}
    play = Play(customers={"oA": silent}, reps={"A": "OUT_PUBLIC"})
    play("09:00", arrive="oA")
    assert play.state.customers["oA"].contacts["A"][:10] == "2024-05-02"
    play("09:05", back="A")
    play("09:06", hand_over="oA", to="A")
    assert play.state.customers["oA"].contacts["A"][:10] == "2024-05-08"


def test_a_contact_announced_for_tomorrow_is_none_yet() -> None:
    play = Play(customers={"o1": "A"})
    later = {"contact": "o1", "kind": "call", "rep": "A", "occurred_at": "2024-05-09 10:00"}
    assert play("09:00", **later)["counted"] is False


def test_a_colleague_s_customer_given_by_hand_is_help() -> None:
    play = Play(customers={"oA": "A"})
    out = play("09:00", arrive="oA", assign_to="B", by="manager", reason="speaks the dialect")
    assert (out["kind"], out["states"]["B"], out["owner"]) == ("assisted", "ASSISTING", "A")
