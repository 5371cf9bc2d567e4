"""Random histories of a sales floor, checked after every event; used by the property tests."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from zhike.rules import Decision, EventInvalid, EventRefused, Policy, Step, from_json, to_json
from zhike_sales_floor.policies import preset
from zhike_sales_floor.rules import ENGINE, State
from zhike_sales_floor.rules.state import (
    ABSENT,
    ASSISTING,
    AVAILABLE,
    LEFT,
    OUT_PRIVATE,
    OUT_PUBLIC,
    RECEIVING_INVALID,
    RECEIVING_NEW,
    RECEIVING_OLD,
    WITH_VISITOR,
    Customer,
)

REPS = "ABCDE"
CUSTOMERS = [f"c{n}" for n in range(9)]

CHOICES: dict[str, list[Any]] = {
    "rotation.owed_cap": [1, 2, None, 0],
    "rotation.ticket_order": ["fifo", "ring_order"],
    "rotation.carryover": ["continue", "reset"],
    "rotation.ticket_expiry_days": [None, 1],
    "rotation.swap_automatic": [True, False],
    "rotation.handover_refund": [True, False],
    "rotation.nobody_available": ["queue", "keep", "manager"],
    "rotation.offender_next_turn": ["unchanged", "forfeit_next"],
    "rotation.late_join_position": ["own_place", "before_pointer"],
    "rotation.revisit_counts_turn": [False, True],
    "rotation.assist_counts_turn": [False, True],
    "rotation.referral_counts_turn": [False, True],
    "owner.contact_lapse_days": [1, 7, None],
    "owner.lapse_requires": ["unavailable_or_unrecognised", "none"],
    "owner.first_visit_named_policy": ["honour_if_available", "honour_always", "ignore"],
    "owner.friend_intro_policy": ["introducer_first_rep", "own_first_receiver"],
    "owner.sequential_relatives_policy": [
        "signer_first_receiver",
        "family_first_receiver",
        "equal_split",
    ],
    "owner.simultaneous_closing_days": [0, 2],
    "split.helper": [0, 2000],
    "split.takeover": ["100/0", "70/30"],
    "split.lapsed_owner": [0, 1000],
    "split.quarrel_to_department": [False, True],
    "split.takeover_needs_confirmation": [True, False],
}


RECORD_CHOICES: dict[str, list[Any]] = {
    **{
        key: values
        for key, values in CHOICES.items()
        if key.startswith("rotation.") and "handover" not in key and "swap" not in key
    },
    "owner.record_validity_months": [1, 2, 6],
    "owner.record_renewal": ["none", "on_visit", "on_tracking"],
    "owner.validity_test_at": ["closing", "visit", "small_reservation"],
    "owner.first_visit_named_policy": CHOICES["owner.first_visit_named_policy"],
    "owner.sequential_relatives_policy": CHOICES["owner.sequential_relatives_policy"],
    "split.assist_policy": ["sameday_first", "absent_80_20_only", "sameday_only"],
    "split.forgotten_performance": ["current", "earlier"],
    "split.refused": ["70/30"],
    "split.designated": ["60/40"],
    "split.quarrel_to_department": [False, True],
    "split.takeover_needs_confirmation": [True, False],
}


def random_policy(rng: random.Random) -> Policy:
    """P12 or P13, as shipped in half of the cases, else with some parameters changed."""
    name, choices = rng.choice([("P12", CHOICES), ("P13", RECORD_CHOICES)])
    if rng.random() < 0.5:
        return preset(name).policy()
    keys = rng.sample(sorted(choices), rng.randint(1, 8))
    return preset(name).policy({key: rng.choice(choices[key]) for key in keys})


class History:
    """A floor, its full state, and beside it a live site that keeps everything as JSON."""

    def __init__(self, policy: Policy, rng: random.Random) -> None:
        self.policy = policy
        self.rng = rng
        self.now = datetime.fromisoformat("2024-05-08T08:30:00")
        self.given = {
            "date": "2024-05-08",
            "ring": list(REPS),
            "reps": {"E": rng.choice(["AVAILABLE", "OFF_DUTY", "ABSENT"])},
            "customers": {
                "c0": {"owner": "A", "last_contact": "2 days ago"},
                "c1": {"owner": "B", "last_contact": "12 days ago"},
                "c2": {"owner": "C", "last_contact": "1 day ago", "closed": "2024-05-01"},
                "c3": {"records": {"B": "40 days ago", "A": "9 days ago", "D": "80 days ago"}},
                "c4": {"owner": "D", "opened": "58 days ago"},
            },
        }
        self.state: State = ENGINE.start(self.given, policy)
        self.floor_json = json.dumps(to_json(self.state.floor))
        self.stored = {key: json.dumps(to_json(c)) for key, c in self.state.customers.items()}
        self.events: list[dict[str, Any]] = []
        self.outcomes: list[Any] = []

    # --- choosing ---------------------------------------------------------------------------
    def next_event(self) -> dict[str, Any]:
        """Some event, mostly a sensible one."""
        rng = self.rng
        if rng.random() < 0.04:
            self.now += timedelta(days=rng.choice([1, 1, 2, 9]))
        else:
            self.now += timedelta(minutes=rng.choice([0, 1, 1, 3, 8, 25]))
        at = self.now.isoformat()
        verb = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        return {"at": at, "event": verb, **_MAKERS[verb](self)}

    def rep(self, *states: str) -> str:
        """A rep, in one of these states if there is one."""
        fitting = [r.id for r in self.state.floor.reps.values() if r.state in states]
        return self.rng.choice(fitting or list(REPS))

    def customer(self, *, here: bool = False) -> str:
        """A customer; ``here``: on the floor, if anybody is."""
        inside = [c for v in self.state.floor.visits.values() for c in v.customers]
        return self.rng.choice(inside if here and inside else CUSTOMERS)

    # --- playing ------------------------------------------------------------------------------
    def play(self, event: dict[str, Any]) -> None:
        """Hand the event to both and check everything that must always hold."""
        before = self.state
        try:
            step = ENGINE.handle(before, event)
        except EventRefused as refusal:
            self.outcomes.append(refusal.code)
            self.events.append(event)
            self._play_live(event, None)
            return
        self.events.append(event)
        self.outcomes.append(step.outcome)
        self.state = step.state
        self._play_live(event, step)
        check_step(before, step, event, self.policy)

    def _play_live(self, event: dict[str, Any], full: Step | None) -> None:
        floor = {"floor": json.loads(self.floor_json)}
        state = State.from_json(floor, self.policy)
        while missing := ENGINE.needs(event, state):
            state = state.with_customers(
                json.loads(self.stored[key]) if key in self.stored else key for key in missing
            )
        try:
            step = ENGINE.handle(state, event)
        except EventRefused:
            assert full is None, event
            return
        assert full is not None, event
        assert step.outcome == full.outcome
        assert step.decisions == full.decisions
        assert set(step.changed) == set(full.changed)
        for key in step.changed:
            self.stored[key] = json.dumps(to_json(step.state.customers[key]))
        self.floor_json = json.dumps(to_json(step.state.floor))
        assert self.floor_json == json.dumps(to_json(full.state.floor))
        for key, facts in full.state.customers.items():
            if key in self.stored:
                assert from_json(Customer, json.loads(self.stored[key])) == facts

    def replay(self) -> None:
        """The stored events, played again, give the same outcomes and the same state."""
        state = ENGINE.start(self.given, self.policy)
        for event, outcome in zip(self.events, self.outcomes, strict=True):
            again = json.loads(json.dumps(event))
            if isinstance(outcome, str):
                with pytest.raises(EventRefused) as refusal:
                    ENGINE.handle(state, again)
                assert refusal.value.code == outcome
                continue
            step = ENGINE.handle(state, again)
            assert step.outcome == outcome
            state = State.from_json(json.loads(json.dumps(step.state.to_json())), self.policy)
            assert state == step.state
        assert state == self.state


def _arrival(h: History) -> dict[str, Any]:
    rng = h.rng
    event: dict[str, Any] = {"customers": [h.customer()]}
    roll = rng.random()
    if roll < 0.2:
        event["customers"] = rng.sample(CUSTOMERS, 2)
    elif roll < 0.3:
        event["introducer"] = h.customer()
    elif roll < 0.4:
        event["asks_for"] = h.rep()
    elif roll < 0.45:
        event["purpose"] = "non_buying"
    elif roll < 0.6:
        event["received_by"] = h.rep(AVAILABLE)
        event["flag"] = rng.choice(["poach", "wrong_turn", "none"])
    elif roll < 0.65:
        event.update(assign_to=h.rep(AVAILABLE), counts=rng.random() < 0.5, reason="x")
    event["recognised"] = rng.random() < 0.8
    for key, odds in (("refuses", 0.12), ("complains_about", 0.06), ("names", 0.15)):
        if rng.random() < odds:
            event[key] = rng.sample(REPS, rng.choice([1, 1, 2]))
    if rng.random() < 0.1:
        event["came_before"] = "forgot"
    if rng.random() < 0.05:
        event["discount"] = True
    if rng.random() < 0.2:
        event["owner_answer"] = rng.choice(["accept", "decline", "no_answer"])
    return event


_WEIGHTS = {
    "arrive": 30,
    "end": 18,
    "out": 6,
    "back": 7,
    "sign_in": 3,
    "sign_out": 2,
    "absent": 2,
    "reclass": 3,
    "void": 3,
    "hand_over": 3,
    "take_over": 3,
    "confirm_fault": 2,
    "help": 3,
    "answer": 5,
    "flag": 3,
    "contact": 3,
    "relation": 3,
    "close": 5,
    "cancel": 1,
    "commission_paid": 1,
    "ruling": 1,
    "quarrel": 1,
    "visitor_leaves": 2,
    "assign": 2,
    "day_close": 1,
    "leave": 1,
    "event_mode": 1,
    "merge": 1,
    "unmerge": 1,
    "release": 1,
    "claim": 2,
    "found": 3,
    "complaint": 2,
    "discount_shopping": 1,
    "conduct": 1,
    "set_floor": 1,
    "paper": 2,
    "tick": 2,
}
_MAKERS: dict[str, Any] = {
    "arrive": _arrival,
    "end": lambda h: {"reps": [h.rep(*WITH_VISITOR)]},
    "out": lambda h: {
        "reps": [h.rep(AVAILABLE)],
        "reason": h.rng.choice(["public", "private", "lunch", "none"]),
    },
    "back": lambda h: {"reps": [h.rep(OUT_PUBLIC, OUT_PRIVATE, ABSENT)]},
    "sign_in": lambda h: {"reps": [h.rep("OFF_DUTY", ABSENT, LEFT)]},
    "sign_out": lambda h: {"reps": [h.rep(AVAILABLE)]},
    "absent": lambda h: {"reps": [h.rep(AVAILABLE)]},
    "reclass": lambda h: {"rep": h.rep(OUT_PRIVATE, ABSENT), "by": "m"},
    "void": lambda h: {"customer": h.customer(here=True), "confirmed": h.rng.random() < 0.8},
    "hand_over": lambda h: {"customer": h.customer(here=True)},
    "take_over": lambda h: {
        "customer": h.customer(here=True),
        "rep": h.rep(AVAILABLE, ASSISTING),
        "confirmed": h.rng.random() < 0.5,
    },
    "confirm_fault": lambda h: {
        "customer": h.customer(here=True),
        "confirmed": h.rng.random() < 0.8,
    },
    "help": lambda h: {"customer": h.customer(here=True), "rep": h.rep(AVAILABLE)},
    "answer": lambda h: {"answer": h.rng.choice(["accept", "accept", "decline", "no_answer"])},
    "flag": lambda h: {
        "customer": h.customer(here=True),
        **({"offender": h.rep(), "rightful": h.rep()} if h.rng.random() < 0.7 else {}),
    },
    "contact": lambda h: {
        "customer": h.customer(),
        "kind": h.rng.choice(["call", "letter"]),
        **({"rep": h.rep()} if h.rng.random() < 0.3 else {}),
    },
    "relation": lambda h: {
        "customers": h.rng.sample(CUSTOMERS, 2),
        "relation": h.rng.choice(["parent", "spouse", "sibling", "friend"]),
        "proven": h.rng.random() < 0.8,
    },
    "close": lambda h: {
        "customer": h.customer(here=h.rng.random() < 0.5),
        **({"step": "small_reservation"} if h.rng.random() < 0.1 else {}),
    },
    "cancel": lambda h: {"customer": h.customer()},
    "commission_paid": lambda h: {"customer": h.customer()},
    "ruling": lambda h: {
        "customer": h.customer(),
        **({"owner": h.rep()} if h.rng.random() < 0.5 else {"shares": {"A": 60, "B": 40}}),
    },
    "quarrel": lambda h: {"customer": h.customer()},
    "visitor_leaves": lambda h: {"customer": h.customer(here=True)},
    "assign": lambda h: {
        "customer": h.customer(here=True),
        "rep": h.rep(AVAILABLE),
        "counts": h.rng.random() < 0.5,
    },
    "day_close": lambda h: {},
    "leave": lambda h: {
        "rep": h.rep(),
        "reason": "transferred",
        "customers": CUSTOMERS,
        "seed": str(h.rng.random()),
    },
    "event_mode": lambda h: {
        "on": h.rng.random() < 0.5,
        "method": h.rng.choice(["ring", "first_free"]),
        "overrides": {"rotation.owed_cap": 2},
    },
    "merge": lambda h: {
        **dict(zip(("customer", "of"), h.rng.sample(CUSTOMERS, 2), strict=True)),
        "others": CUSTOMERS,
    },
    "unmerge": lambda h: {"customer": h.customer()},
    "release": lambda h: {"customers": [h.customer()]},
    "claim": lambda h: {
        "customer": h.customer(),
        "rep": h.rep(),
        "lapsed": h.rng.random() < 0.5,
    },
    "found": lambda h: {
        "customer": h.customer(here=True),
        **({"rep": h.rep()} if h.rng.random() < 0.5 else {}),
        **({"follow_up": h.rep()} if h.rng.random() < 0.2 else {}),
    },
    "complaint": lambda h: {
        "customer": h.customer(),
        "about": h.rep(),
        **({"verified": h.rng.random() < 0.5} if h.rng.random() < 0.6 else {}),
    },
    "discount_shopping": lambda h: {"customer": h.customer(here=True)},
    "conduct": lambda h: {
        "rep": h.rep(),
        "kind": h.rng.choice(["poach", "neglect", "trouble", "private_cash"]),
        "serious": h.rng.random() < 0.3,
    },
    "set_floor": lambda h: {
        "ring": h.rng.sample(["A", "B", "C"], 2),
        "tickets": h.rng.choice([[], ["A(c)"], ["B(r)", "A(c)"]]),
        "states": {h.rep(AVAILABLE, OUT_PUBLIC, ABSENT): h.rng.choice([AVAILABLE, ABSENT])},
        "reason": "on paper",
    },
    "paper": lambda h: {
        "customers": [h.customer()],
        "rep": h.rep(),
        "began": f"{h.now.date().isoformat()}T00:00:01",
        **({"ended": f"{h.now.date().isoformat()}T00:00:02"} if h.rng.random() < 0.7 else {}),
    },
    "tick": lambda h: {},
}


# --- what must always hold ----------------------------------------------------------------------
def check_step(before: State, step: Step, event: dict[str, Any], policy: Policy) -> None:
    """Every invariant of the rules, worked out here without the engine's own helpers."""
    check_floor(step.state, policy)
    check_turns(before, step, event, policy)
    check_shares(step.state)
    raw = step.state.to_json()
    assert State.from_json(json.loads(json.dumps(raw)), policy) == step.state
    for decision in step.decisions:
        stored = json.loads(json.dumps(decision.to_json()))
        assert Decision.from_json(stored).to_json() == stored
        for locale in ("zh_Hans", "en"):
            for line in ENGINE.explain(decision, policy, {"A": "甲"}, locale):
                assert "{" not in line, line


def check_floor(state: State, policy: Policy) -> None:
    """Nobody sits with two visits, nobody is in the ring twice, no ticket appears or vanishes."""
    floor = state.floor
    tally = floor.tally
    assert tally.issued == tally.used + tally.dropped + len(floor.tickets)
    assert len(set(floor.ring)) == len(floor.ring)
    assert set(floor.ring) == {r.id for r in floor.reps.values() if r.state != LEFT}
    assert all(t.rep in floor.ring for t in floor.tickets)
    for rep in floor.reps.values():
        if rep.state in WITH_VISITOR:
            visit = floor.visits[rep.visit]
            assert visit.status == "IN_RECEPTION"
            assert rep.id == visit.rep or rep.id in visit.helpers
        else:
            assert not rep.visit
    seated = [v.rep for v in floor.visits.values() if v.status == "IN_RECEPTION"]
    assert len(set(seated)) == len(seated)
    for visit in floor.visits.values():
        if visit.status == "IN_RECEPTION":
            assert floor.reps[visit.rep].visit == visit.id
        elif visit.call is not None and not visit.call.accepted:
            assert visit.status == "CALLING_OWNER"
        else:
            assert visit.id in floor.queue
    people = [person for v in floor.visits.values() for person in v.customers]
    assert len(set(people)) == len(people)
    free = {r.id for r in floor.reps.values() if r.state == AVAILABLE}
    for key in floor.queue:
        visit = floor.visits[key]
        if not visit.keep_for:
            barred = {p for c in visit.customers for p in state.customers[c].poachers}
            barred |= {*visit.refuses, *visit.complains_about}
            assert free <= barred, "somebody waits while a rep is free"


_MISS = {OUT_PRIVATE, ABSENT, RECEIVING_INVALID}
_EXCUSED = {RECEIVING_NEW, RECEIVING_OLD, ASSISTING, OUT_PUBLIC}


def check_turns(before: State, step: Step, event: dict[str, Any], policy: Policy) -> None:
    """Pointer and tickets move exactly by the turns and tickets used, each with its rule."""
    out = step.outcome
    lines = [*out.get("earlier", []), *out.get("assignments", [])]
    cited = {cite.rule for made in step.decisions for cite in made.cites}
    counting = any(
        policy[f"rotation.{key}_counts_turn"] for key in ("revisit", "assist", "referral")
    )
    by_hand = "assign_to" in event or event["event"] == "assign"
    plain = not counting and not by_hand and policy["rotation.nobody_available"] != "keep"
    tickets = sum(1 for line in lines if line["via"] == "ticket")
    if plain:
        assert len(out.get("used", [])) == tickets
    moved = event["event"] in ("leave", "sign_in", "day_open", "set_floor") or (
        policy["rotation.carryover"] == "reset"
    )
    if plain and not moved:
        ring, passed = list(before.floor.ring), list(out.get("passes", []))
        for line in lines:
            if line["via"] != "turn":
                continue
            place = ring.index(line["rep"])
            assert [p["rep"] for p in passed[:place]] == ring[:place]
            passed = passed[place:]
            ring = [*ring[place + 1 :], *ring[: place + 1]]
        assert not passed
        assert ring == list(step.state.floor.ring)
    if step.state.floor.ring != before.floor.ring or out.get("issued") or out.get("used"):
        assert cited
    for line in out.get("passes", []):
        assert line["rule"] in cited
        state = before.floor.reps[line["rep"]].state
        if line["effect"] in ("comp", "capped") and len(lines) == 1:
            assert state in _EXCUSED or event["event"] != "arrive"
        if line["effect"] == "miss" and len(lines) == 1 and event["event"] == "arrive":
            lunch = before.floor.reps[line["rep"]].absences
            assert state in _MISS or (lunch and lunch[-1].kind == "lunch")
    _check_absences(before, step, event)


def _check_absences(before: State, step: Step, event: dict[str, Any]) -> None:
    """A private or unexcused absence never earns a ticket unless it is re-classed."""
    after = step.state.floor
    known = {t.id for t in before.floor.tickets}
    for ticket in after.tickets:
        if (
            ticket.id in known
            or ticket.kind != "comp"
            or event["event"] in ("reclass", "set_floor")
        ):
            continue
        was, now = before.floor.reps[ticket.rep].state, after.reps[ticket.rep].state
        assert not (was in (OUT_PRIVATE, ABSENT) and now == was), ticket


def check_shares(state: State) -> None:
    """Both vectors of every closed deal sum to a whole, or the deal waits for a ruling."""
    for facts in state.customers.values():
        for deal in facts.deals:
            if not deal.closed:
                assert not deal.performance
                continue
            for vector in (deal.performance, deal.commission):
                assert sum(vector.values()) in (0, 10_000)
                assert all(share > 0 for share in vector.values())
            if state.policy.preset == "P12":
                assert deal.performance == deal.commission
            elif deal.performance != deal.commission and not facts.rulings:
                # Only the money is divided: the performance is one rep's (SF-D-06, 29, 30, 34).
                assert list(deal.performance.values()) == [10_000]
                assert len(deal.commission) > 1


__all__ = ["EventInvalid", "History", "check_floor", "random_policy"]
