"""A stored day, played again: to prove that it was recorded whole, and as a drill.

A day needs its opening state, its events in order and the customers' facts as each event first
met them; all three are stored, so a replay reads nothing that later days have changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from zhike.api import CompanySession, NotFound, _, policies
from zhike.rules import Policy, from_json
from zhike_sales_floor.models import Day, FloorEvent
from zhike_sales_floor.rules import ENGINE
from zhike_sales_floor.rules.state import AVAILABLE, WITH_VISITOR, Customer, State
from zhike_sales_floor.rules.state import Floor as FloorState
from zhike_sales_floor.rules.validity import opened, records


@dataclass(frozen=True)
class Stored:
    """A day as it was recorded."""

    day: Day
    events: tuple[FloorEvent, ...]


@dataclass(frozen=True)
class Divergence:
    """Where a replay differs from what happened: the event and the first key that differs."""

    seq: int
    what: str
    stored: Any
    replayed: Any


def stored_day(s: CompanySession, unit_id: uuid.UUID, on: date) -> Stored:
    """The day with its events in order of recording; NotFound where the site was closed."""
    day = s.scalars(select(Day).where(Day.unit_id == unit_id, Day.day == on)).first()
    if day is None:
        raise NotFound(_("There is no such day at this site."))
    query = select(FloorEvent).where(FloorEvent.unit_id == unit_id, FloorEvent.seq >= day.first_seq)
    if day.last_seq is not None:
        query = query.where(FloorEvent.seq <= day.last_seq)
    return Stored(day, tuple(s.scalars(query.order_by(FloorEvent.seq))))


def replay(s: CompanySession, unit_id: uuid.UUID, on: date) -> list[Divergence]:
    """Play a stored day again, each event under the policy version it was decided under.

    Returns where the answers differ from the stored ones; an empty list proves that the day is
    recorded whole and the engine answers the same.
    """
    stored = stored_day(s, unit_id, on)
    known: dict[uuid.UUID | None, Policy] = {}
    found: list[Divergence] = []
    state: State | None = None
    for event in stored.events:
        if event.policy_version_id not in known:
            known[event.policy_version_id] = _policy(s, unit_id, event)
        policy = known[event.policy_version_id]
        if state is None:
            state = State(from_json(FloorState, stored.day.opening), {}, policy)
        state = state.with_policy(policy)
        state = _with_stored_facts(state, event)
        step = ENGINE.handle(state, event.body)
        outcome = dict(step.outcome)
        for key in sorted({*outcome, *event.outcome}):
            if outcome.get(key) != event.outcome.get(key):
                found.append(Divergence(event.seq, key, event.outcome.get(key), outcome.get(key)))
                break
        state = step.state
    return found


def _policy(s: CompanySession, unit_id: uuid.UUID, event: FloorEvent) -> Policy:
    if event.policy_version_id is None:
        return policies.in_force(s, "sales_floor", unit_id, event.recorded_at).policy
    return policies.resolved_version(s, event.policy_version_id).policy


def _with_stored_facts(state: State, event: FloorEvent) -> State:
    """Facts of customers met for the first time today; the state itself carries on the others."""
    missing = [facts for key, facts in event.facts.items() if key not in state.customers]
    return state.with_customers(missing)


#: What people typed; a drill needs none of it.
_TYPED = frozenset({"by", "reporter", "confirm", "note"})


def day(s: CompanySession, unit_id: uuid.UUID, on: date) -> dict[str, Any]:
    """The day as a drill document: the facts it began with, its events in order of recording.

    Ids stand as they are; ``people`` says what each is (rep, customer, visit, deal), so that the
    core can give pseudonyms. It states no expectation: run it under any version and compare.
    """
    stored = stored_day(s, unit_id, on)
    opening = from_json(FloorState, stored.day.opening)
    facts: dict[str, Any] = {}
    people: dict[str, str] = dict.fromkeys(opening.reps, "rep")
    events: list[dict[str, Any]] = []
    for event in stored.events:
        for key, value in event.facts.items():
            if key not in people:  # met before today; whoever came new today has no past
                facts[key] = value
        people |= dict.fromkeys(event.facts, "customer")
        body = {key: value for key, value in event.body.items() if key not in _TYPED}
        if event.verb not in ("out", "leave") and body.get("reason"):
            body["reason"] = "…"
        if body.get("tickets"):
            rows = ({k: v for k, v in row.items() if k != "reason"} for row in body["tickets"])
            body["tickets"] = list(rows)
        _learn(people, body)
        for row in body.get("in_hand", ()):
            _learn(people, row)
        events.append(body)
    first = stored.events[0]
    return {
        "title": f"{on.isoformat()}",
        "given": _given(opening, facts, str(first.body["at"]), people),
        "events": events,
        "people": people,
    }


def _learn(people: dict[str, str], body: Mapping[str, Any]) -> None:
    """Note what the ids in an event are, by the field they stand in."""
    kinds = {
        "customers": "customer",
        "customer": "customer",
        "introducer": "customer",
        "holder": "customer",
        "of": "customer",
        "visit": "visit",
        "deal": "deal",
    }
    for name, kind in kinds.items():
        value = body.get(name)
        for one in [value] if isinstance(value, str) else (value or ()):
            people.setdefault(str(one), kind)


def _given(
    opening: FloorState, facts: Mapping[str, Any], at: str, people: dict[str, str]
) -> dict[str, Any]:
    """The opening state in the words of a drill; a customer's history is told in short."""
    given: dict[str, Any] = {"date": at, "ring": list(opening.ring)}
    if opening.roster and opening.roster != opening.ring:
        given["roster"] = list(opening.roster)
    if opening.tickets:
        given["tickets"] = [f"{t.rep}({t.kind[0]})" for t in opening.tickets]
    states = {key: rep.state for key, rep in opening.reps.items() if key in opening.ring}
    given["reps"] = {
        key: state if state not in WITH_VISITOR else AVAILABLE for key, state in states.items()
    }
    customers = {key: _told(from_json(Customer, value)) for key, value in facts.items()}
    if customers:
        given["customers"] = customers
    for value in facts.values():
        for relation in value.get("relations", ()):
            people.setdefault(str(relation["other"]), "customer")
    return given


def _told(facts: Customer) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if facts.owner:
        row["owner"] = facts.owner
        row["last_contact"] = facts.contacts.get(facts.owner) or facts.owning[-1].at
        if facts.first is not None and facts.first.rep != facts.owner:
            row["first_rep"] = facts.first.rep
        # Under a regulation whose records have a life, when each was opened decides.
        held = {rep: opened(entry) for rep, entry in records(facts).items()}
        if len(held) > 1 or held.get(facts.owner) != row["last_contact"]:
            row["records"] = held
    closed = [deal for deal in facts.deals if deal.closed and not deal.reversed]
    if closed:
        row["closed"] = closed[-1].at
    if facts.introducer:
        row["introducer"] = facts.introducer
    if facts.poachers:
        row["poachers"] = list(facts.poachers)
    if facts.relations:
        row["relations"] = [
            {"relation": tie.kind, "of": tie.other, "proven": tie.proven} for tie in facts.relations
        ]
    return row


def days(s: CompanySession, unit_id: uuid.UUID, limit: int = 60) -> Iterable[Day]:
    """The site's days, newest first."""
    return s.scalars(
        select(Day).where(Day.unit_id == unit_id).order_by(Day.day.desc()).limit(limit)
    ).all()
