"""The engine by itself: refusals, liberal words, partial facts, explanations, schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from zhike.drills import load, schema
from zhike.drills.yamltext import read_documents
from zhike.rules import (
    Engine,
    EventInvalid,
    EventRefused,
    Policy,
    Step,
    from_json,
    load_parameters,
    to_json,
)
from zhike_sales_floor.policies import FOLDER, drills, preset
from zhike_sales_floor.rules import ENGINE, State
from zhike_sales_floor.rules.ownership import draw
from zhike_sales_floor.rules.relations import inverse, is_immediate, relation_word
from zhike_sales_floor.rules.state import Customer, Floor
from zhike_sales_floor.rules.vocabulary import VERBS

P12 = preset("P12").policy()
DAY = "2024-05-08T"


class Play:
    """A floor that is played event by event."""

    def __init__(self, policy: Policy = P12, **given: Any) -> None:
        self.state: State = ENGINE.start({"date": "2024-05-08", "ring": "A>B>C", **given}, policy)

    def __call__(self, at: str, **event: Any) -> dict[str, Any]:
        return dict(self.step(at, **event).outcome)

    def step(self, at: str, **event: Any) -> Step:
        full = at if len(at) > 8 else DAY + at
        step = ENGINE.handle(self.state, {"at": full, **event})
        self.state = step.state
        return step

    def refused(self, at: str, **event: Any) -> str:
        before = self.state
        with pytest.raises(EventRefused) as refusal:
            self(at, **event)
        assert self.state is before
        return refusal.value.code


def test_the_engine_is_an_engine() -> None:
    assert isinstance(ENGINE, Engine)
    with pytest.raises(EventInvalid, match="no rules for preset 'P99'"):
        ENGINE.start({"ring": "A"}, Policy("sales_floor", "P99", "1", {}))


# --- presets as data ---------------------------------------------------------------------------
def test_all_rows_of_the_parameter_table_load_for_every_preset() -> None:
    """Another column of the table is data: rows 1 to 83, each read by its own bounds."""
    every = load_parameters(FOLDER / "parameters.toml")
    assert {p.row for p in every} == set(range(1, 84))
    for key in ("P12", "P13", "P4S", "PZS", "PHY"):
        values = {p.key: p.read(p.defaults[key]) for p in every if key in p.defaults}
        assert values
    assert {p.key: p for p in every}["split.absent_assist"].read([8000, 2000]) == (8000, 2000)
    for parameter in every:
        assert parameter.title_zh
        assert not parameter.choices or set(parameter.labels) <= set(parameter.choices)


def test_every_figure_that_p12_offers_is_read_by_something() -> None:
    """A parameter that changes nothing is a promise nobody keeps; each group has its own name."""
    sources = [*FOLDER.parent.rglob("*.py"), FOLDER / "p12.toml"]
    text = "\n".join(p.read_text(encoding="utf-8") for p in sources)
    shipped = preset("P12")
    assert [p.key for p in shipped.parameters if p.key not in text] == []
    assert {p.key.split(".")[0] for p in shipped.parameters} <= set(shipped.families)


def test_p12_has_its_figures_and_a_clause_for_each_rule() -> None:
    assert P12["rotation.owed_cap"] == 1
    assert P12["owner.contact_lapse_days"] == 7
    assert "split.same_day_assist" not in P12.params
    for number in range(1, 13):
        assert P12.sentence(f"SF-A-{number:02d}")
    changed = preset("P12").policy({"sales_floor.owner.contact_lapse_days": 10})
    assert "10 天" in changed.sentence("SF-A-05")


# --- refusals ----------------------------------------------------------------------------------
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


def test_deals_have_each_step_once() -> None:
    play = Play()
    play("09:00", arrive="n1")
    assert play("10:00", sign="n1", deal="d1")["deal"] == "d1"
    assert play.refused("10:01", sign="n1", deal="d1") == "step_done"
    assert play("10:02", sign="n1", deal="d2")["credit"]["performance"] == {"A": 10_000}
    play("10:03", cancel="n1", deal="d1")
    assert play.refused("10:04", contract="n1", deal="d1") == "reversed"
    assert play("10:05", sign="n1")["deal"] == "n1/3"
    clash = Play()
    clash("10:00", sign="n1", deal="n1/2")
    assert clash.refused("10:01", sign="n1") == "deal_exists"
    clash("10:02", ruling="n1", shares="A", deal="n1/2")
    clash("10:03", sign="n1", deal="x")
    assert clash.state.customers["n1"].deals[-1].performance == {}


def test_who_has_left_is_gone() -> None:
    play = Play(customers={"o1": "A", "o2": "A"})
    play("09:00", leave="A", customers=["o1"], to="B")
    for event in (
        {"sign_out": "A"},
        {"out": "A", "reason": "public"},
        {"absent": "A"},
        {"reclass": "A"},
        {"leave": "A"},
        {"reassign": "A", "customers": ["o2"], "to": "A"},
        {"reassign": "A", "customers": ["o2"], "receivers": ["A"]},
    ):
        assert play.refused("09:01", **event) == "left"
    assert play("09:02", reassign="A", customers=["o2"], seed="1")["seed"] == "1"
    assert play("09:03", event="reassign", customers=["o2"], to="C")["owners"] == {"o2": "C"}
    assert "result" not in play("09:04", reassign="A", customers=["o2"], to="C")


def test_nobody_left_to_draw_for() -> None:
    play = Play(ring="A", customers={"o1": "A"})
    assert play.refused("09:00", leave="A") == "no_receiver"


def test_a_leaver_with_a_visitor_hands_over_or_leaves_him_waiting() -> None:
    play = Play()
    play("09:00", arrive="n1")
    play("09:01", help="B", customer="n1")
    out = play("09:10", resigns="B")
    assert out["states"]["A"] == "RECEIVING_NEW"
    out = play("09:11", transfer="A", result="C", customers=["n1"])
    assert out["assigned"] == "C"
    assert out["states"]["C"] == "ASSISTING"
    assert out["owners"] == {"n1": "C"}
    alone = Play(ring="A>B", reps={"B": "OUT_PRIVATE"})
    alone("09:00", arrive="n1")
    out = alone("09:10", transfer="A", customers=["n1"], result="B")
    assert out["waiting"] == ["n1"]
    assert alone("09:20", back="B")["assigned"] == "B"


def test_a_leaver_who_is_being_asked_cannot_come() -> None:
    play = Play(reps={"A": "OUT_PUBLIC"}, customers={"o1": "A"})
    assert play("09:00", arrive=["o1", "n1"])["calling"]["rep"] == "A"
    out = play("09:05", transfer="A", customers=["o1"], result="C")
    assert (out["assigned"], out["owners"]) == ("B", {"o1": "C", "n1": "B"})
    gone = Play(reps={"A": "LEFT"}, customers={"o1": "A"})
    assert gone("09:00", arrive=["o1", "n1"])["assigned"] == "B"
    assert gone("09:01", arrive="n2", introducer="o1")["assigned"] == "C"


# --- what people write -------------------------------------------------------------------------
def test_events_are_read_liberally() -> None:
    play = Play(ring="A, B, C, D")
    assert play("09:00", leave="A", reason="private")["states"]["A"] == "OUT_PRIVATE"
    assert play("09:01", out=["B", "C"], reason="Company Business")["states"]["C"] == "OUT_PUBLIC"
    assert play("09:02", back="A, B, C")["states"]["B"] == "AVAILABLE"
    assert "already" in play("09:03", back="A")["ignored"]
    assert "already" in play("09:03", sign_in="A")["ignored"]
    assert "nobody" in play("09:03", accept="A")["ignored"]
    assert "not with" in play("09:03", free="A")["ignored"]
    assert play("09:04", arrive=7)["waiting"] == []
    assert play("09:05", event="end", customer="7")["status"] == "ended"
    assert play("09:06", event="Arrive", visitor="n2", recorded_at="x", id="e1")["assigned"] == "B"
    assert play("09:07", event="visitor leaves", customer="n2")["status"] == "ended"
    assert play("09:08", contact=["n2"], kind="sms", occurred_at="08:00")["counted"] is True
    assert play("09:09", poach="n2", who="C", rightful="D")["owner"] == "D"
    assert play("09:10:30", tick=True)["at"] == DAY + "09:10:30"
    assert play(DAY + "09:11:00", event="tick", comment="x")["assigned"] is None


def test_the_short_form_takes_the_other_person_where_the_customer_is_named() -> None:
    play = Play(ring="A>B>C>D", customers={"oA": "A"})
    play("09:00", arrive="n1")
    out = play("09:01", poach="C", customer="n1")
    assert (out["owner"], out["states"]["C"]) == ("A", "RECEIVING_INVALID")
    assert play("09:02", hand_over="A", customer="n1")["assigned"] == "A"
    assert play("09:03", help="n1", rep="B")["states"]["B"] == "ASSISTING"
    assert play("09:04", take_over="D", customer="n1", confirmed=True)["owner"] == "D"
    assert play("09:05", contact="A", customer="oA", kind="call")["counted"] is True
    assert play("09:06", relation="n1", of="oA", kind="mother")["rules"] == ["SF-A-10"]
    assert play("09:07", event_mode=True, preset="P12")["rules"] == ["SF-D-40"]
    assert play("09:08", arrive="n2")["kind"] == "new"
    assert play.refused("09:09", event_mode=True, preset="P99") == "preset"


def test_a_phone_call_is_logged_and_changes_nothing() -> None:
    play = Play(reps={"A": "OUT_PRIVATE"}, customers={"o1": "A"})
    assert "nobody" in play("09:00", call_owner="A")["ignored"]
    play("09:01", arrive=["o1", "n1"])
    assert play("09:02", call="A")["calling"]["rep"] == "A"
    assert play("09:03", decline="A")["assigned"] == "B"


def test_an_event_needs_its_instant_and_its_verb() -> None:
    play = Play()
    with pytest.raises(EventInvalid, match="instant"):
        ENGINE.handle(play.state, {"arrive": "n1"})
    with pytest.raises(EventInvalid, match="no verb among at"):
        ENGINE.handle(play.state, {"at": DAY + "09:00"})
    with pytest.raises(EventInvalid, match="somebody must come"):
        play("09:00", arrive=[])
    with pytest.raises(EventInvalid, match="contact has no such field"):
        play("09:00", contact="n1", reps="A")


def test_backdated_events_show_and_rewind_nothing() -> None:
    play = Play()
    play("10:00", arrive="n1")
    out = play("09:00", arrive="n2")
    assert out["backdated"] is True
    assert out["assigned"] == "B"
    assert play.state.floor.now == DAY + "10:00:00"


def test_offsets_are_kept() -> None:
    play = Play(date="2024-05-08T08:00:00+08:00", reps={"A": "OUT_PUBLIC"}, customers={"o": "A"})
    play(DAY + "09:00+08:00", arrive=["o", "n"])
    out = play(DAY + "09:20:00+08:00", event="tick")
    assert out["earlier"][0]["rep"] == "B"
    out = play("2024-05-09T09:00:00+08:00", arrive="n2")
    assert play.state.customers["n"].visits[0].end == "2024-05-08T23:59:59+08:00"


# --- single rules ------------------------------------------------------------------------------
def test_open_visits_end_with_their_day() -> None:
    play = Play()
    play("17:00", arrive="p1")
    play("2024-05-09T09:00", arrive="p2")
    assert play.state.customers["p1"].visits[0].end == DAY + "23:59:59"
    play("2024-05-09T09:10", relation="spouse", customers=["p1", "p2"])
    out = play("2024-05-09T10:00", sign="p2")
    assert out["credit"]["performance"] == {"B": 10_000}


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


def test_the_turn_of_somebody_who_left_is_not_given_back() -> None:
    play = Play()
    play("09:00", arrive="n1")
    play("09:05", end="A")
    play("09:06", transfer="A", customers=[])
    out = play("09:10", void="n1", confirmed=True)
    assert out["tickets"] == []
    assert play.refused("09:11", void="n1", confirmed=True) == "no_visit"


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


def test_a_day_closed_by_mistake_goes_on() -> None:
    play = Play()
    play("09:00", out="A", reason="private")
    play("09:01", arrive="n1")
    play("12:00", event="day_close")
    assert play.refused("12:01", reclass="A") == "too_late"
    play("12:05", event="day_open")
    assert play("12:06", reclass="A")["issued"] == ["A(c)"]


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


def test_the_owner_who_is_there_after_all_receives() -> None:
    play = Play(customers={"oA": "A"})
    play("09:00", arrive="n1")
    out = play("09:01", arrive="oA", received_by="A")
    assert out["assigned"] == "A"
    assert out["owners"] == {"n1": "B"}


def test_out_of_turn_with_a_swap_or_a_call_moves_nobody_else() -> None:
    play = Play(customers={"oA": "A"})
    play("09:00", arrive="n1")
    out = play("09:01", arrive=["oA", "n2"], received_by="C", flag="poach")
    assert (out["rightful"], out["received_by"], out["owners"]) == ("A", "C", {"n2": "A"})
    assert play.state.floor.reps["A"].visit == "v1"
    assert play("10:00", sign="n2")["credit"]["performance"] == {"A": 10_000}


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


def test_more_than_everything_cannot_be_given_away() -> None:
    policy = preset("P12").policy({"split.helper": 9000, "split.lapsed_owner": 9000})
    play = Play(
        policy, customers={"o1": {"owner": "A", "last_contact": 20}}, reps={"A": "OFF_DUTY"}
    )
    play("09:00", arrive="o1")
    play("09:01", help="C", customer="o1")
    assert play("10:00", sign="o1")["credit"]["performance"] == {"B": 10_000}


def test_relatives_of_whom_nobody_owns_the_signer_need_a_ruling() -> None:
    play = Play(reps={"B": "OFF_DUTY", "C": "OFF_DUTY"})
    play("09:00", arrive="p1")
    play("09:01", arrive="p2")
    play("09:02", relation="spouse", customer="p1", of="p2")
    play("09:02", relation="spouse", customer="p1", of="p2")
    assert len(play.state.customers["p1"].relations) == 1
    assert play("10:00", sign="p2")["credit"]["pending"] is True
    out = play("10:01", ruling="p2", performance={"A": 100}, by="m")
    assert out["credit"]["commission"] == {"A": 10_000}


def test_a_link_of_a_later_visit_does_not_touch_an_earlier_deal() -> None:
    play = Play(customers={"o1": "A"})
    play("09:00", arrive="o1")
    play("09:05", end="A")
    play("09:06", sign="o1")
    play("09:10", arrive=["o1", "n1"], recognised=True)
    play("09:20", ruling="o1", owner="B")
    assert play("09:30", sign="n1")["credit"]["performance"] == {"A": 10_000}
    assert play.state.customers["o1"].deals[0].performance == {"A": 10_000}


def test_a_deal_taken_back_the_same_day_is_no_partner_for_pooling() -> None:
    play = Play(customers={"oA": "A"}, reps={"A": "OUT_PRIVATE"})
    play("09:00", arrive=["oA", "n1"], owner_answer="decline")
    play("10:00", sign="oA")
    play("11:00", cancel="oA", reason="refund")
    assert play("12:00", sign="n1")["credit"]["performance"] == {"B": 10_000}
    both = Play(customers={"oA": "A"}, reps={"A": "OUT_PRIVATE"})
    both("09:00", arrive=["oA", "n1"], owner_answer="decline")
    both("10:00", sign="oA")
    both("12:00", sign="n1")
    both("13:00", cancel="oA", reason="refund")  # what was shared at the closing stays shared
    pooled = both("13:01", ruling="oA", shares={"A": 100}, by="manager")
    assert "n1/1" not in pooled.get("deals", {})


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


def test_who_helped_the_giver_is_free_when_the_visitor_goes_on() -> None:
    play = Play(ring="A>B", customers={"oA": "A"})
    play("09:00", arrive="n1")
    play("09:01", help="B", customer="n1")
    out = play("09:05", arrive="oA")
    assert [line["rep"] for line in out["assignments"]] == ["A", "B"]
    assert out["states"]["B"] == "RECEIVING_NEW"


def test_a_poached_visitor_is_not_handed_to_the_poacher_in_his_turn() -> None:
    play = Play(customers={"oA": "A"})
    play("09:00", arrive="n1", received_by="B", flag="poach")  # A's turn; B stands first now
    play("09:01", hand_over="n1")
    out = play("09:02", arrive="oA")
    assert [line["rep"] for line in out["assignments"]] == ["A", "C"]


def test_calls_that_ran_out_are_settled_in_their_order_and_at_their_time() -> None:
    out = {"A": "OUT_PRIVATE", "B": "OUT_PRIVATE"}
    play = Play(ring="A>B>C>D", customers={"oA": "A", "oB": "B"}, reps=out)
    play("09:00", arrive=["oB", "n1"])
    play("09:02", arrive=["oA", "n2"])
    step = play.step("09:30", event="tick")
    served = [(line["customers"], line["rep"]) for line in step.outcome["earlier"]]
    assert served == [(["oB", "n1"], "C"), (["oA", "n2"], "D")]
    assert [d.at[11:16] for d in step.decisions if d.kind == "assignment"] == ["09:10", "09:12"]


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


def test_going_back_to_the_owner_is_a_visit_with_the_owner() -> None:
    silent = {"owner": "A", "last_contact": "6 days ago"}
    play = Play(customers={"oA": silent}, reps={"A": "OUT_PUBLIC"})
    play("09:00", arrive="oA")
    assert play.state.customers["oA"].contacts["A"][:10] == "2024-05-02"
    play("09:05", back="A")
    play("09:06", hand_over="oA", to="A")
    assert play.state.customers["oA"].contacts["A"][:10] == "2024-05-08"


def test_a_poacher_who_helps_later_has_no_helper_s_share() -> None:
    play = Play(preset("P12").policy({"split.helper": 1000}))
    play("09:00", arrive="n1", received_by="C", flag="poach")
    play("09:01", hand_over="n1")
    play("09:02", help="C", customer="n1")
    assert play("10:00", sign="n1")["credit"]["performance"] == {"A": 10_000}


def test_a_void_visit_of_a_relative_is_no_batch() -> None:
    play = Play(customers={"p1": "A"})
    play("09:00", arrive="p1")
    play("09:01", arrive="p2")
    play("09:02", relation="spouse", customers=["p1", "p2"])
    play("09:05", void="p1", confirmed=True, reason="other material")
    assert play.state.customers["p1"].owner == "A"
    assert play("10:00", sign="p2")["credit"]["performance"] == {"B": 10_000}


def test_who_signs_in_before_the_first_visitor_of_the_day_is_not_late() -> None:
    policy = preset("P12").policy({"rotation.late_join_position": "before_pointer"})
    play = Play(policy, reps={"B": "OFF_DUTY"})
    play("09:00", arrive="n1")
    assert play("2024-05-09T08:50", sign_in="B")["ring"] == ["B", "C", "A"]


def test_a_contact_announced_for_tomorrow_is_none_yet() -> None:
    play = Play(customers={"o1": "A"})
    later = {"contact": "o1", "kind": "call", "rep": "A", "occurred_at": "2024-05-09 10:00"}
    assert play("09:00", **later)["counted"] is False


def test_an_earlier_absence_re_classed_leaves_the_present_one_as_it_is() -> None:
    play = Play()
    play("09:00", out="A", reason="private")
    play("09:10", back="A")
    play("09:20", out="A", reason="private")
    assert play("09:30", reclass="A", out_at="09:00")["states"]["A"] == "OUT_PRIVATE"


def test_a_colleague_s_customer_given_by_hand_is_help() -> None:
    play = Play(customers={"oA": "A"})
    out = play("09:00", arrive="oA", assign_to="B", by="manager", reason="speaks the dialect")
    assert (out["kind"], out["states"]["B"], out["owner"]) == ("assisted", "ASSISTING", "A")


def test_relations_are_read_in_words() -> None:
    assert relation_word("Mother of") == "parent"
    assert relation_word("grand-sons") == "grand_son"
    assert relation_word("儿子") == "child"
    assert inverse("grandparent") == "grandchild"
    assert is_immediate("child", ["parent"])
    assert not is_immediate("sibling", ["parent"])


def test_the_draw_can_be_repeated_by_anybody() -> None:
    customers = [f"k{n}" for n in range(7)]
    result = draw("seed", customers, ["B", "C"])
    assert result == draw("seed", customers, ["B", "C"])
    assert sorted(result) == customers
    assert {list(result.values()).count(rep) for rep in "BC"} == {3, 4}
    other = draw("seed", [f"x{n}" for n in range(7)], ["Y", "Z"])
    assert [v == "B" for v in result.values()] == [v == "Y" for v in other.values()]
    assert draw("other", customers, ["B", "C"]) != result


# --- state and facts ---------------------------------------------------------------------------
def test_given_facts_may_be_short_or_long() -> None:
    play = Play(
        tickets=[{"rep": "A", "kind": "refund"}, "B"],
        reps={"A": {"state": "receiving old", "with": ["o1", "o2"]}, "B": "receiving invalid"},
        customers=[
            {"id": "o1", "owner": "A", "closed": True, "introducer": "o9", "poachers": "B"},
            {"id": "o2"},
            {"id": "o3", "relations": [{"relation": "son", "of": "o4", "proven": False}]},
        ],
    )
    floor = play.state.floor
    assert [(t.rep, t.kind) for t in floor.tickets] == [("A", "refund"), ("B", "comp")]
    assert floor.reps["B"].state == "RECEIVING_INVALID"
    facts = play.state.customers
    assert facts["o1"].has_closed
    assert facts["o1"].visits[0].party == ("o1", "o2")
    assert facts["o4"].relations[0].kind == "parent"
    assert State.from_json(json.loads(json.dumps(play.state.to_json())), P12) == play.state


def test_customers_come_and_go() -> None:
    play = Play(customers={"o1": "A"})
    bare = play.state.without_customers()
    assert bare.customers == {}
    stored = to_json(play.state.customers["o1"])
    again = bare.with_customer(stored).with_customer("new").with_customer(Customer("x"))
    assert again.customers["o1"] == play.state.customers["o1"]
    assert again.customers["new"].owner == ""
    assert again.with_policy(P12).policy is P12
    assert from_json(Floor, to_json(bare.floor)) == bare.floor


def test_needs_names_what_the_event_touches_and_no_more() -> None:
    play = Play(reps={"C": "OUT_PUBLIC"}, customers={"oA": "A", "oC": "C", "far": "B"})
    play("09:00", arrive="n1")
    play("09:01", arrive=["oC", "n3"])
    state = play.state.without_customers()
    event = {"at": DAY + "09:02", "arrive": "oA", "introducer": "far"}
    assert ENGINE.needs(event, state) == {"oA", "far", "oC", "n3"}
    loaded = state.with_customers(play.state.customers[c] for c in ("oA", "oC", "far"))
    assert ENGINE.needs(event, loaded) == {"n3", "n1"}
    ended = {"at": DAY + "09:02", "event": "end", "reps": ["A"]}
    assert ENGINE.needs(ended, state) == {"n1", "oC", "n3"}
    named = {"at": DAY + "09:02", "event": "end", "visit": "v1"}
    assert "n1" in ENGINE.needs(named, state)
    given = {"at": DAY + "09:02", "leave": "A", "result": {"k1": "B"}}
    assert "k1" in ENGINE.needs(given, state)
    assert "far" not in ENGINE.needs({"at": "2024-05-09T09:00", "arrive": "x"}, state)


def test_no_clock_and_no_memory() -> None:
    """The same state and event give the same step, whatever was played in between."""
    play = Play()
    first = play.state
    event = {"at": DAY + "09:00", "arrive": "n1"}
    one = ENGINE.handle(first, event)
    play("09:30", arrive="n9")
    two = ENGINE.handle(first, event)
    assert one.state == two.state
    assert one.outcome == two.outcome
    assert one.changed == ("n1",)


# --- words and schema --------------------------------------------------------------------------
def test_explanations_name_the_clause_and_the_people() -> None:
    play = Play(reps={"A": "OUT_PUBLIC"})
    (decision,) = play.step("09:00", arrive="n1").decisions
    lines = ENGINE.explain(decision, P12, {"A": "陈一", "B": "李二", "n1": "王先生"})
    assert lines[0] == "王先生 由 李二 接待（本轮，新客户）。"
    assert lines[1].startswith("第 4 条〔SF-A-04b〕轮过 陈一（因公外出），补一张补接券。「")
    english = ENGINE.explain(decision, P12, {}, "en")
    assert english[-1] == "Clause 1 [SF-A-01]: it is B's turn."
    (credit,) = play.step("10:00", sign="n1").decisions
    assert ENGINE.explain(credit, P12, {"B": "李二"})[0] == "n1 的这一单：李二 100%。"
    (start,) = play.step("11:00", event_mode=True, method="manual", until="18:00").decisions
    assert ENGINE.explain(start, P12)[0] == "活动办法开始：指派，至 2024-05-08 18:00 止。"
    assert ENGINE.explain(start, P12)[1].startswith("第 15 条〔SF-D-40〕经理 宣布活动办法“指派”。")
    (end,) = play.step("11:30", event_mode=False, by="周经理", reason="展会提前结束").decisions
    assert ENGINE.explain(end, P12)[0] == "活动办法结束，恢复常规接待。"
    assert "〕周经理 结束活动办法：展会提前结束。" in ENGINE.explain(end, P12)[1]


def test_the_company_s_own_number_and_sentence_are_shown() -> None:
    clause = type(P12.clauses["SF-A-01"])("SF-A-01", "3.2", "先到先接。")
    own = Policy("sales_floor", "P12", "7", P12.params, {"SF-A-01": clause})
    (decision,) = Play(own).step("09:00", arrive="n1").decisions
    assert ENGINE.explain(decision, own)[1] == "第 3.2 条〔SF-A-01〕轮到 A。「先到先接。」"


def _documents() -> Iterator[Any]:
    for path in drills():
        for data, _places in read_documents(path.read_text(encoding="utf-8")):
            yield data


def test_every_shipped_drill_fits_the_schema() -> None:
    validator = jsonschema_rs.Draft202012Validator(schema(ENGINE, ["P12"]))
    for data in _documents():
        errors = [f"{e.instance_path}: {e.message}" for e in validator.iter_errors(data)]
        assert not errors, (data["id"], errors)


def test_every_verb_is_shown_by_an_example_that_is_understood() -> None:
    for verb in VERBS:
        shown = dict(verb.example)
        at = str(shown.pop("at"))
        known = {field.name for field in verb.fields}
        assert verb.text
        assert all(field.text for field in verb.fields)
        play = Play(ring="A>B>C>D", reps={"D": "OUT_PRIVATE"}, customers={"o1": "A", "p2": "B"})
        event = {"at": at if len(at) > 8 else DAY + at, **shown}
        assert not known & {"at", "event"}
        try:
            ENGINE.handle(play.state, event)
        except EventRefused:
            assert verb.name not in ("arrive", "out", "close", "contact")


def test_the_drills_of_the_catalogue_load_from_the_package() -> None:
    assert sum(len(load(path)) for path in drills()) > 100
