"""The two-week follow-up SF-B: its calendar, its limits to the second, what it must not touch."""

from __future__ import annotations

import importlib.util
import random
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.rules import EventInvalid, EventRefused, ParameterError
from zhike_sales_floor.policies import preset
from zhike_sales_floor.rules import ENGINE, State
from zhike_sales_floor.rules.followup_state import (
    anchor_day,
    answer_due,
    cycle_at,
    days_end,
    first_cycle,
)

from .conftest import Play

ON = {"followup.on": True}
#: How long a machine takes is no part of what is tested here.
calmly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


def _play(customers: dict[str, Any] | None = None, **overrides: Any) -> Play:
    policy = preset("P12").policy({**ON, **overrides})
    return Play(policy, date="2024-05-06", customers=customers or {"o1": "A"})


# --- the calendar ---------------------------------------------------------------------------------
@calmly
@given(DAYS, DAYS, st.integers(1, 60))
def test_every_day_lies_in_exactly_one_cycle(day: date, anchor: date, days: int) -> None:
    cycle = cycle_at(day, anchor, days)
    assert cycle.start <= day <= cycle.last
    assert (cycle.last - cycle.start).days == days - 1
    assert (cycle.start - anchor).days % days == 0
    after = cycle_at(cycle.last + timedelta(days=1), anchor, days)
    assert after.start == cycle.last + timedelta(days=1)


@calmly
@given(DAYS, DAYS, st.integers(1, 60))
def test_the_first_cycle_had_not_begun_when_the_rule_did(
    since: date, anchor: date, days: int
) -> None:
    first = first_cycle(since, anchor, days)
    assert first.start >= max(since, anchor)
    assert (first.start - max(since, anchor)).days < days
    assert first == cycle_at(first.start, anchor, days)


def test_the_first_monday_is_that_day_where_it_is_one() -> None:
    assert anchor_day("首个周一", date(2024, 5, 6)) == date(2024, 5, 6)
    assert anchor_day("first_monday", date(2024, 5, 7)) == date(2024, 5, 13)
    assert anchor_day("2024-01-10", date(2024, 5, 7)) == date(2024, 1, 10)


@calmly
@given(DAYS)
def test_an_answer_is_due_on_a_working_day_at_closing_time(day: date) -> None:
    due = answer_due(f"{day}T10:00:00", 2, None)
    on = date.fromisoformat(due[:10])
    assert due.endswith("T18:00:00")
    assert on.weekday() < 5
    assert 2 <= (on - day).days <= 4


def test_an_office_that_never_opens_leaves_a_date_all_the_same() -> None:
    shut = {(date(2024, 5, 6) + timedelta(days=n)).isoformat(): "" for n in range(900)}
    assert answer_due("2024-05-06T10:00:00", 2, shut).endswith("T23:59:59")
    assert days_end("2024-05-06T10:00:00+08:00", 0) == "2024-05-06T23:59:59"


def test_the_anchor_is_checked_where_it_is_edited() -> None:
    assert preset("P12").policy({"followup.cycle_anchor": "2026-01-05"})
    assert preset("P12").policy({"followup.cycle_anchor": "首个周一"})
    with pytest.raises(ParameterError):
        preset("P12").policy({"followup.cycle_anchor": "下周三"})


# --- state ----------------------------------------------------------------------------------------
def test_the_state_with_follow_ups_turns_into_json_and_back() -> None:
    play = _play()
    play("2024-05-06T09:00", contact="o1", rep="A", record=False)
    play("2024-05-06T09:01", problem="o1", solvable=False)
    play("2024-05-06T09:02", problem_reported="o1", to="M")
    play("2024-05-06T09:03", follow_up_notice="A", reason="出差")
    again = State.from_json(play.state.to_json(), play.state.policy)
    assert again == play.state
    assert again.customers["o1"].follow_up.questions[0].due == "2024-05-08T18:00:00"


def test_an_offset_changes_no_limit() -> None:
    play = Play(preset("P12").policy(ON), date="2024-05-06T08:00:00+08:00", customers={"o1": "A"})
    play("2024-05-06T09:00:00+08:00", problem="o1")
    assert not play("2024-05-06T23:59:59+08:00", event="follow_up_due")["breaches"]
    (breach,) = play("2024-05-07T00:00:00+08:00", event="follow_up_due")["breaches"]
    assert breach["due"] == "2024-05-06T23:59:59"


def test_what_is_over_is_forgotten_and_what_is_owed_is_not() -> None:
    play = _play()
    for week in range(30):
        at = date(2024, 5, 6) + timedelta(days=7 * week)
        play(f"{at}T09:00", contact="o1", rep="A")
        play(f"{at}T09:01", problem="o1")
        play(f"{at}T09:02", problem_solved="o1")
        assert not play(f"{at}T23:00", event="follow_up_due")["breaches"]
    facts = play.state.customers["o1"].follow_up
    assert len(facts.met) < 8
    assert len(facts.questions) < 8
    assert facts.asked == 30


def test_switching_the_rule_off_ends_what_was_owed() -> None:
    play = _play({"o1": {"owner": "A", "last_contact": "5 days ago"}})
    play("2024-05-06T09:00", event="tick")
    play.state = play.state.with_policy(preset("P12").policy())
    play("2024-05-10T09:00", event="tick")
    play.state = play.state.with_policy(preset("P12").policy(ON))
    play("2024-05-15T09:00", event="tick")
    assert play.state.floor.follow_up.next["A"] == "2024-05-20"
    assert not play("2024-05-20T09:00", event="follow_up_due")["breaches"]
    assert play("2024-06-03T00:00", event="follow_up_due")["left"] == ["o1"]


def test_judging_part_by_part_gives_what_judging_at_once_gives() -> None:
    known = {name: {"owner": owner, "last_contact": "5 days ago"} for name, owner in
             (("o1", "A"), ("o2", "A"), ("o3", "B"))}  # fmt: skip
    whole, parts = _play(known), _play(known)
    for play in (whole, parts):
        play("2024-05-07T09:00", contact="o1", rep="A", record=False)
    at_once = whole("2024-05-25T08:00", event="follow_up_due")["breaches"]
    by_rep = [
        *parts("2024-05-20T00:00", reps=["A"], customers=["o1", "o2"], event="follow_up_due")[
            "breaches"
        ],
        *parts("2024-05-25T08:00", reps=["B"], customers=["o3"], event="follow_up_due")["breaches"],
    ]
    assert sorted(at_once, key=lambda b: b["key"]) == sorted(by_rep, key=lambda b: b["key"])
    assert len({breach["key"] for breach in at_once}) == len(at_once) == 3


# --- what it must not touch -----------------------------------------------------------------------
def _histories() -> Any:
    name = "sales_floor_history_followup"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("history.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _extra(rng: random.Random, at: str) -> dict[str, Any]:
    customer, rep = f"c{rng.randrange(9)}", rng.choice("ABCDE")
    fields: dict[str, dict[str, Any]] = {
        "problem": {"customer": customer, "solvable": rng.random() < 0.5},
        "problem_solved": {"customer": customer},
        "problem_reported": {"customer": customer, "to": "M"},
        "problem_answered": {"customer": customer},
        "follow_up_record": {"customer": customer},
        "follow_up_notice": {"rep": rep, "reason": "…"},
        "follow_up_cover": {"rep": rep, "cover": rng.choice("ABCDE")},
        "follow_up_due": {},
        "stand_down": {"on": rng.random() < 0.2, "to": "complaints"},
    }
    verb = rng.choice(list(fields))
    return {"at": at, "event": verb, **fields[verb]}


_OURS = ("followed", "rules", "seq")


@pytest.mark.parametrize("seed", range(12))
def test_receiver_ring_and_credit_are_the_same_with_and_without(seed: int) -> None:
    history = _histories()
    rng = random.Random(seed)
    floor = history.History(history.random_policy(rng), rng)
    for _ in range(60):
        floor.play(floor.next_event())
    with_it = ENGINE.start(floor.given, floor.policy.with_params({**ON, "followup.cycle_days": 2}))
    without = ENGINE.start(floor.given, floor.policy)
    noise, played = random.Random(seed), 0
    for event in floor.events:
        if event["event"] in ("merge", "unmerge"):
            continue  # a merge keeps copies of all facts, those of follow-ups too
        try:
            step = ENGINE.handle(without, event)
        except (EventInvalid, EventRefused) as refusal:
            with pytest.raises(type(refusal)):
                ENGINE.handle(with_it, event)
            continue
        without = step.state
        beside = ENGINE.handle(with_it, event)
        with_it = beside.state
        ours = {k: v for k, v in beside.outcome.items() if k not in _OURS}
        assert ours == {k: v for k, v in step.outcome.items() if k not in _OURS}
        assert _plain(with_it) == _plain(without)
        if noise.random() < 0.5:
            try:
                more = ENGINE.handle(with_it, _extra(noise, str(event["at"])))
            except EventRefused:
                continue
            with_it, played = more.state, played + 1
            assert _plain(with_it) == _plain(without)
    assert played > 2


def _plain(state: State) -> Any:
    """Everything but the follow-ups and the count of events."""
    data = state.to_json()
    floor = {k: v for k, v in data["floor"].items() if k not in ("follow_up", "seq", "now")}
    facts = {}
    for key, customer in data["customers"].items():
        kept = {k: v for k, v in customer.items() if k != "follow_up"}
        if set(kept) != {"id"}:
            facts[key] = _without_seq(kept)
    return floor, facts


def _without_seq(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: _without_seq(v) for k, v in value.items() if k not in ("seq", "signed_seq", "judged")
        }
    return [_without_seq(part) for part in value] if isinstance(value, list) else value
