"""Two records of one person: whose customer he is, what goes over, and the way back."""

from __future__ import annotations

import pytest

from zhike.rules import EventInvalid, to_json
from zhike_sales_floor.policies import preset

from .conftest import Play


def _twice(first: str = "09:00", again: str = "14:00", play: Play | None = None) -> Play:
    """One person received as n1 by A and, not recognised, as n2 by B."""
    play = play or Play()
    play(first, arrive="n1")
    play(first[:-2] + "20", end="A")
    play(again, arrive="n2")
    play(again[:-2] + "20", end="B")
    return play


def test_the_first_reception_holds_and_the_later_one_is_struck() -> None:
    play = _twice()
    step = play.step("18:00", merge="n2", of="n1", by="m", reason="same phone")
    assert (step.outcome["owner"], step.outcome["owners"]) == ("A", {"n2": "A"})
    facts = step.state.customers["n2"]
    assert [(e.rep, e.void) for e in facts.owning] == [("A", ""), ("B", "SF-A-01")]
    assert [note.visit for note in facts.visits] == ["v1", "v2"]
    assert step.state.customers["n1"].merged_into == "n2"
    (decision,) = [made for made in step.decisions if made.kind == "merge"]
    assert [cite.effect for cite in decision.cites] == ["merged_first", "merged"]


def test_who_had_lost_him_by_then_does_not_get_him_back() -> None:
    play = _twice(again="2024-05-17T14:00")
    step = play.step("2024-05-17T18:00", merge="n1", of="n2")
    assert step.outcome["owner"] == "B"
    assert play.state.customers["n1"].holding.cause == "lapse"
    assert "SF-A-05" in step.outcome["rules"]


def test_eight_days_of_silence_free_him_only_if_the_policy_says_so() -> None:
    for changed, owner in (
        ({"owner.contact_lapse_days": 30}, "A"),
        ({"owner.contact_lapse_days": None}, "A"),
        ({"owner.lapse_requires": "unavailable"}, "A"),
        ({"owner.lapse_requires": "none"}, "B"),
    ):
        play = _twice(again="2024-05-17T14:00", play=Play(preset("P12").policy(changed)))
        assert play("2024-05-17T18:00", merge="n1", of="n2")["owner"] == owner, changed


def test_who_kept_in_touch_until_later_is_taken_to_have_kept_him() -> None:
    play = Play()
    play("09:00", arrive="n1")
    play("09:20", end="A")
    play("2024-05-17T14:00", arrive="n2")
    play("2024-05-17T14:20", end="B")
    play("2024-05-17T15:00", contact="n1", kind="call", rep="A")
    assert play("2024-05-17T18:00", merge="n1", of="n2")["owner"] == "A"


def test_a_signed_customer_was_never_free() -> None:
    play = Play()
    play("09:00", arrive="n1")
    play("09:20", end="A")
    play("10:00", sign="n1")
    play("2024-06-17T14:00", arrive="n2")
    play("2024-06-17T14:20", end="B")
    assert play("2024-06-17T18:00", merge="n1", of="n2")["owner"] == "A"


@pytest.mark.parametrize(
    ("then", "owner"),
    [
        ({"event": "ruling", "customer": "n2", "owner": "C"}, "C"),  # a ruling holds in any case
        ({"event": "reassign", "rep": "B", "customers": ["n2"], "to": "C"}, "A"),  # not B's to give
        ({"event": "reassign", "rep": "A", "customers": ["n1"], "to": "C"}, "C"),
        ({"event": "release", "customers": ["n1"]}, None),
        ({"event": "release", "customers": ["n2"]}, "A"),
    ],
)
def test_what_came_later_holds_where_it_was_lawful(then, owner) -> None:
    play = _twice()
    play("15:00", **then)
    assert play("18:00", merge="n1", of="n2")["owner"] == owner


def test_a_deal_goes_over_and_its_credit_is_computed_anew_unless_paid() -> None:
    for paid, share in ((False, {"A": 10_000}), (True, {"B": 10_000})):
        play = _twice()
        play("15:00", sign="n2", deal="d1")
        if paid:
            play("15:10", commission_paid="n2")
        out = play("18:00", merge="n1", of="n2")
        assert play.state.customers["n1"].deal("d1").performance == share
        assert ("deals" in out) is not paid


def test_ties_of_others_lead_to_the_record_that_stands() -> None:
    play = _twice()
    play("15:00", arrive="n3", introducer="n2")
    play("15:20", end=play.state.floor.visits["v3"].rep)
    play("16:00", relation="spouse", customer="n2", of="n3")
    play("16:10", relation="spouse", customer="n1", of="n3")
    play("18:00", merge="n1", of="n2")
    third = play.state.customers["n3"]
    assert third.introducer == "n1"
    assert [(tie.other, tie.kind) for tie in third.relations] == [("n1", "spouse")]
    assert [tie.other for tie in play.state.customers["n1"].relations] == ["n3"]


def test_relatives_who_turn_out_to_be_one_person_are_not_tied_to_themselves() -> None:
    play = _twice()
    play("16:00", relation="sibling", customer="n2", of="n1")
    play("18:00", merge="n1", of="n2")
    assert play.state.customers["n1"].relations == ()


def test_undoing_gives_back_exactly_what_was() -> None:
    play = _twice()
    play("15:00", arrive="n3", introducer="n2")
    play("15:20", end=play.state.floor.visits["v3"].rep)
    play("16:00", relation="spouse", customer="n2", of="n3")
    play("16:10", sign="n2", deal="d1")
    before = to_json(play.state.customers)
    play("18:00", merge="n1", of="n2", by="m")
    assert play.state.customers["n1"].deal("d1").performance == {"A": 10_000}
    step = play.step("18:10", unmerge="n1", by="m", reason="two after all")
    assert to_json(play.state.customers) == before
    assert step.outcome["owners"] == {"n1": "A", "n2": "B"}
    assert step.outcome["deals"]["d1"]["performance"] == {"B": 10_000}


def test_a_relative_may_live_on_meanwhile() -> None:
    play = _twice()
    play("16:00", relation="spouse", customer="n2", of="n3")
    play("18:00", merge="n1", of="n2")
    play("18:10", arrive="n3")
    play("18:20", unmerge="n1")
    third = play.state.customers["n3"]
    assert [tie.other for tie in third.relations] == ["n2"]
    assert len(third.visits) == 1


@pytest.mark.parametrize(
    "since",
    [
        {"event": "contact", "customer": "n1", "kind": "call", "rep": "A"},
        {"event": "relation", "customers": ["n1"], "of": ["n9"], "relation": "friend"},
        {"event": "ruling", "customer": "n1", "owner": "C"},
        {"event": "close", "customer": "n1"},
        {"event": "release", "customers": ["n1"]},
    ],
)
def test_there_is_no_way_back_once_something_has_happened(since) -> None:
    play = _twice()
    play("18:00", merge="n1", of="n2")
    play("18:05", **since)
    assert play.refused("18:10", unmerge="n1") == "happened_since"


def test_merges_are_undone_one_by_one_from_the_last() -> None:
    play = _twice()
    play("15:00", arrive="n3")
    play("15:20", end="C")
    play("18:00", merge="n1", of="n2")
    play("18:01", merge="n1", of="n3")
    assert play("18:02", unmerge="n1")["unmerged"] == "n3"
    assert play("18:03", unmerge="n1")["unmerged"] == "n2"
    assert play.refused("18:04", unmerge="n1") == "not_merged"


def test_what_cannot_be_one_person_is_refused() -> None:
    play = Play()
    play("09:00", arrive=["n1", "n2"])
    assert play.refused("09:10", merge="n1", of="n2") == "already_here"
    play("09:20", end="A")
    assert play.refused("09:30", merge="n1", of="n2") == "together"
    with pytest.raises(EventInvalid):
        play("09:40", merge="n1", of="n1")
    with pytest.raises(EventInvalid):
        play("09:41", merge="n1")


def test_a_record_that_became_part_of_another_does_nothing_any_more() -> None:
    play = _twice()
    play("18:00", merge="n1", of="n2")
    assert play.refused("18:10", arrive="n2") == "merged"
    assert play.refused("18:10", sign="n2") == "merged"
    assert play.refused("18:10", merge="n3", of="n2") == "merged"


def test_under_an_expiring_record_the_later_reception_stands_once_it_has_expired() -> None:
    policy = preset("P12").policy({"owner.contact_lapse_days": None})
    params = {**policy.params, "owner.record_validity_months": 2}
    policy = type(policy)(policy.plugin, policy.preset, policy.version, params, policy.clauses)
    play = _twice(again="2024-07-09T14:00", play=Play(policy))
    assert play("2024-07-09T18:00", merge="n1", of="n2")["owner"] == "B"
    play = _twice(again="2024-07-08T14:00", play=Play(policy))
    assert play("2024-07-08T18:00", merge="n1", of="n2")["owner"] == "A"


# --- the pool
def test_a_released_customer_is_nobodys_until_somebody_claims_him() -> None:
    play = Play(customers={"o1": "A"})
    assert play("09:00", release="o1", by="m", reason="x")["owners"] == {"o1": None}
    assert play.state.customers["o1"].first.rep == "A"
    assert play.refused("09:01", release="o1") == "unowned"
    assert play("09:02", claim="o1", rep="B")["owners"] == {"o1": "B"}
    assert play.refused("09:03", claim="o1", rep="C") == "owned"
    play("09:10", sign="o1")
    assert play.state.customers["o1"].deals[0].performance == {"B": 10_000}
    assert play.refused("09:11", release="o1") == "deal_stands"


def test_nobody_is_paid_for_a_customer_in_the_pool() -> None:
    play = Play(customers={"o1": "A"})
    play("09:00", release="o1")
    assert play("09:10", sign="o1")["credit"]["pending"] is True


def test_who_comes_back_from_the_pool_is_received_as_new() -> None:
    play = Play(ring="B>A", customers={"o1": "A"})
    play("09:00", release="o1")
    out = play("09:10", arrive="o1")
    assert (out["assigned"], out["via"], out["kind"]) == ("B", "turn", "new")
    assert play.refused("09:11", claim="o1", rep="A") in ("owned", "already_here")


def test_a_silent_customer_is_claimed_only_where_the_company_allows_it() -> None:
    silent = {"owner": "A", "last_contact": "9 days ago"}
    play = Play(customers={"o1": silent, "o2": {"owner": "A", "last_contact": "1 day ago"}})
    assert play.refused("09:00", claim="o1", rep="B") == "owned"
    assert play.refused("09:00", claim="o2", rep="B", lapsed=True) == "owned"
    assert play.refused("09:00", claim="o1", rep="A", lapsed=True) == "owned"
    step = play.step("09:01", claim="o1", rep="B", lapsed=True)
    assert step.outcome["owners"] == {"o1": "B"}
    assert step.outcome["rules"] == ["SF-A-05", "SF-D-41"]


def test_a_poacher_cannot_claim_whom_he_took_out_of_turn() -> None:
    play = Play()
    play("09:00", arrive="n1", received_by="B", flag="poach")
    play("09:20", end="B")
    play("09:30", release="n1")
    assert play.refused("09:31", claim="n1", rep="B") == "barred"
    assert play("09:32", claim="n1", rep="C")["owners"] == {"n1": "C"}


def test_nobody_is_released_from_under_a_reception() -> None:
    play = Play(customers={"o1": "A"})
    play("09:00", arrive="o1")
    assert play.refused("09:01", release="o1") == "already_here"
    with pytest.raises(EventInvalid):
        play("09:02", event="release")
