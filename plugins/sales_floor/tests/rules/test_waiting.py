"""Reps who are asked to come, and visitors who wait for them or for the manager."""

from __future__ import annotations

from zhike_sales_floor.policies import preset

from .conftest import Play


def test_answers_name_the_visit_they_are_about() -> None:
    play = Play(reps={"A": "OUT_PUBLIC", "B": "OUT_PUBLIC"}, customers={"o1": "A", "o2": "B"})
    play("09:00", arrive=["o1", "n1"])
    play("09:01", arrive=["o2", "n2"])
    out = play("09:02", event="answer", customer="n2", answer="accept")
    assert (out["assigned"], out["rightful"], out["owners"]) == ("C", "B", {"n2": "B"})
    assert play("09:03", event="answer", visit="v2", answer="accept")["assigned"] is None
    assert play("09:04", event="answer", rep="A", answer="accept")["waiting"] == ["o1", "n1"]
    assert play("09:05", end="C")["assigned"] == "C"
    out = play("09:06", visitor_leaves="n1")
    assert out["status"] == "ended"


def test_a_party_waiting_for_its_rep_may_leave_unserved() -> None:
    play = Play(ring="A", reps={"A": "OUT_PUBLIC"}, customers={"o1": "A"})
    play("09:00", arrive=["o1", "n1"])
    play("09:02", accept="A")
    assert play.state.customers["n1"].owner == "A"
    out = play("09:06", visitor_leaves="n1")
    assert (out["status"], out["owners"]) == ("left_unserved", {"n1": None})


def test_who_promised_to_come_owns_nobody_whom_the_day_left_unserved() -> None:
    everybody_out = {"A": "OUT_PUBLIC", "B": "OUT_PUBLIC", "C": "OUT_PUBLIC"}
    play = Play(customers={"oA": "A"}, reps=everybody_out)
    play("17:50", arrive=["oA", "n1"])
    assert play("17:55", accept="A")["owners"] == {"n1": "A"}
    play("18:00", event="day_close")
    assert play.state.customers["n1"].owner == ""
    assert play.state.customers["oA"].owner == "A"


def test_who_was_asked_in_vain_waits_behind_those_who_came_earlier() -> None:
    out = {"A": "OUT_PUBLIC", "B": "OUT_PUBLIC", "C": "OUT_PUBLIC"}
    policy = preset("P12").policy({"rotation.nobody_available": "manager"})
    play = Play(policy, customers={"oA": "A", "oC": "C"}, reps=out)
    play("09:00", arrive="n1")  # waits for the manager's word
    play("09:01", back="A")
    play("09:02", arrive=["oC", "n2"])  # C is asked
    play("09:03", arrive="n3")  # A
    assert play("09:04", arrive="oA")["waiting"] == ["n3", "n1"]  # handed over: at the head
    assert play("09:05", decline="C")["waiting"] == ["n3", "n1", "oC", "n2"]


def test_kept_visitors_when_nobody_is_on_the_floor_or_the_one_goes() -> None:
    policy = preset("P12").policy({"rotation.nobody_available": "keep"})
    play = Play(policy, ring="A>B", reps={"A": "OUT_PUBLIC", "B": "OUT_PUBLIC"})
    assert play("09:00", arrive="n1")["waiting"] == ["n1"]
    assert play("09:01", back="B")["assigned"] == "B"
    assert play("09:02", arrive="n2")["waiting"] == ["n2"]
    assert play.state.floor.visits["v2"].keep_for == "B"
    play("09:03", back="A")
    assert play.state.floor.queue == ("v2",)
    out = play("09:04", transfer="B", customers=[])
    assert out["owners"] == {"n1": "A"}
    assert play("09:05", end="A")["owners"] == {"n2": "A"}


def test_calls_that_ran_out_are_settled_in_their_order_and_at_their_time() -> None:
    out = {"A": "OUT_PRIVATE", "B": "OUT_PRIVATE"}
    play = Play(ring="A>B>C>D", customers={"oA": "A", "oB": "B"}, reps=out)
    play("09:00", arrive=["oB", "n1"])
    play("09:02", arrive=["oA", "n2"])
    step = play.step("09:30", event="tick")
    served = [(line["customers"], line["rep"]) for line in step.outcome["earlier"]]
    assert served == [(["oB", "n1"], "C"), (["oA", "n2"], "D")]
    assert [d.at[11:16] for d in step.decisions if d.kind == "assignment"] == ["09:10", "09:12"]
