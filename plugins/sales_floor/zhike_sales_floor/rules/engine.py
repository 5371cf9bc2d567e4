"""The engine itself: one event in, one step out, for every preset of the sales floor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from zhike.rules import Decision, EventInvalid, EventRefused, Policy, Step
from zhike.rules.windows import later
from zhike_sales_floor.rules import (
    by_hand,
    duty,
    followup,
    given,
    merging,
    pool,
    records,
    sales,
    stepping_in,
    visits,
    wishes,
)
from zhike_sales_floor.rules.compare import differences, read_words
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.orders import ARRIVAL
from zhike_sales_floor.rules.parse import Event, read_event, read_names
from zhike_sales_floor.rules.receive import call_fails, settle
from zhike_sales_floor.rules.rotation import expire_tickets, next_up
from zhike_sales_floor.rules.schema import schema
from zhike_sales_floor.rules.state import Customer, Floor, State, Visit
from zhike_sales_floor.rules.validity import holder
from zhike_sales_floor.rules.words import explain, refusal

Handler = Callable[[Draft, Event], None]


def _nothing(d: Draft, event: Event) -> None:
    """Only time has passed."""


HANDLERS: dict[str, Handler] = {
    "arrive": visits.arrive,
    "end": visits.end,
    "visitor_leaves": visits.visitor_leaves,
    "assign": visits.assign,
    "call_owner": visits.call_owner,
    "answer": visits.answer,
    "void": stepping_in.void,
    "hand_over": stepping_in.hand_over,
    "take_over": stepping_in.take_over,
    "confirm_fault": stepping_in.confirm_fault,
    "help": stepping_in.help_,
    "flag": stepping_in.flag,
    "sign_in": duty.sign_in,
    "sign_out": duty.sign_out,
    "out": duty.out,
    "absent": duty.absent,
    "back": duty.back,
    "reclass": duty.reclass,
    "leave": duty.leave,
    "reassign": duty.reassign,
    "day_open": duty.day_open,
    "day_close": duty.day_close,
    "event_mode": duty.event_mode,
    "contact": followup.contact,
    "relation": records.relation,
    "ruling": records.ruling,
    "quarrel": records.quarrel,
    "close": records.close,
    "cancel": records.cancel,
    "commission_paid": records.commission_paid,
    "merge": merging.merge,
    "unmerge": merging.unmerge,
    "release": pool.release,
    "claim": pool.claim,
    "swap_unit": sales.swap_unit,
    "change_name": sales.change_name,
    "default": sales.default,
    "found": wishes.found,
    "complaint": wishes.complaint,
    "discount_shopping": wishes.discount,
    "conduct": wishes.conduct,
    "set_floor": by_hand.set_floor,
    "paper": by_hand.paper,
    "tick": _nothing,
    **followup.HANDLERS,
}
_PAPER = frozenset(
    (
        "cancel",
        "change_name",
        "claim",
        "close",
        "commission_paid",
        "complaint",
        "conduct",
        "confirm_fault",
        "contact",
        "default",
        "discount_shopping",
        "flag",
        "found",
        "merge",
        "quarrel",
        "reassign",
        "relation",
        "release",
        "ruling",
        "swap_unit",
        "tick",
        "unmerge",
    )
).union(followup.HANDLERS)
"""Verbs about papers: logged on any date, they open no day on the floor."""
_OWN_VISIT = frozenset(("arrive", "assign", "answer", "hand_over", "take_over"))
_CREDIT = frozenset(
    ("close", "flag", "ruling", "quarrel", "cancel", "commission_paid", "merge", "unmerge")
)
_PARTIES = frozenset(
    (
        "confirm_fault",
        "discount_shopping",
        "flag",
        "found",
        "merge",
        "take_over",
        "unmerge",
        "void",
    )
)
"""Verbs that change the facts of everybody who came along."""


class SalesFloor:
    """The rule engine 售楼现场轮见; stateless, so one instance serves everybody."""

    plugin = "sales_floor"

    def schema(self) -> dict[str, Any]:
        """JSON Schemas of ``given``, ``event`` and ``expect``, with descriptions and examples."""
        return schema()

    def check(self, part: str, stated: Mapping[str, Any]) -> None:
        """Read a drill's ``given``, ``event`` or ``expect`` without playing it, by words alone."""
        if part == "given":
            given.start(stated, Policy(self.plugin, "", "", {}))
        elif part == "event":
            read_event(stated)
        else:
            read_words(stated)

    def start(self, facts: Mapping[str, Any], policy: Policy) -> State:
        """The state from a drill's initial facts. EventInvalid names what cannot be read."""
        if policy.preset not in ARRIVAL:
            raise EventInvalid(
                f"no rules for preset {policy.preset!r}",
                code="preset",
                field="policy",
                allowed=tuple(ARRIVAL),
            )
        state = given.start(facts, policy)
        d = Draft(state, state.floor.now)
        followup.begin(d)
        return replace(state, floor=replace(state.floor, follow_up=d.follow_up))

    def handle(self, state: State, event: Mapping[str, Any]) -> Step:
        """Apply one event. EventInvalid, EventRefused: nothing has happened."""
        read = read_event(event)
        d = Draft(state, read.at)
        earlier = _time_outs(d, read.at)
        d.at = read.at
        if read.verb not in _PAPER and read.at[:10] > d.day:
            duty.next_day(d, read.at)
        duty.event_mode_over(d)
        expire_tickets(d)
        _must_stand(d, read)
        followup.begin(d)
        HANDLERS[read.verb](d, read)
        settle(d)
        return _finish(d, read, earlier)

    def needs(self, event: Mapping[str, Any], state: State) -> set[str]:
        """Customers whose facts the event needs and the state does not hold yet.

        Facts name further customers, so ask again after loading until the answer is empty.
        """
        read = read_event(event)
        wanted = set(_named(read, state.floor))
        known = state.customers
        waiting = list(state.floor.queue)
        for visit in state.floor.visits.values():
            if visit.call is not None or visit.id in waiting:
                wanted.update(visit.customers)
                if visit.introducer:
                    wanted.add(visit.introducer)
        if (read.verb not in _PAPER and read.at[:10] > state.floor.day) or read.verb == "day_close":
            for visit in state.floor.visits.values():
                wanted.update(visit.customers)
        todo = list(wanted)
        while todo:
            facts = known.get(todo.pop())
            if facts is None:
                continue
            # An owner may hand over the visitor in hand (SF-A-02), who may have an owner too, or
            # fall back to an earlier one.
            for rep_id in {entry.rep for entry in facts.owning if not entry.void}:
                rep = state.floor.reps.get(rep_id)
                if rep is not None and rep.visit:
                    in_hand = set(state.floor.visits[rep.visit].customers) - wanted
                    wanted |= in_hand
                    todo.extend(in_hand)
            if read.verb in _PARTIES:
                for note in facts.visits:
                    wanted.update(note.party)
            if read.verb == "unmerge":
                wanted |= merging.parts(facts)
        if read.verb in _CREDIT:
            wanted.update(_tied(wanted, known))
        return wanted - known.keys()

    def differences(
        self, expected: Mapping[str, Any], step: Step, final: State
    ) -> list[tuple[str, Any, Any]]:
        """What a drill states against what happened; only what is stated is compared."""
        return differences(expected, step, final)

    def explain(
        self,
        decision: Decision,
        policy: Policy,
        names: Mapping[str, str] | None = None,
        locale: str = "zh_Hans",
    ) -> list[str]:
        """The sentences behind 为什么?: outcome, facts, each clause and what it did."""
        return explain(decision, policy, names or {}, locale)

    def refusal(
        self,
        error: EventRefused,
        names: Mapping[str, str] | None = None,
        locale: str = "zh_Hans",
    ) -> str:
        """Why an event was refused, in the reader's language."""
        return refusal(error, names, locale)


def _tied(start: Iterable[str], known: Mapping[str, Customer]) -> set[str]:
    found, todo = set(start), list(start)
    while todo:
        facts = known.get(todo.pop())
        if facts is None:
            continue
        for other in (*(r.other for r in facts.relations), *(li.other for li in facts.links)):
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def _must_stand(d: Draft, event: Event) -> None:
    """EventRefused for a record that became part of another one (合并)."""
    if event.verb in ("unmerge", "leave", "reassign"):
        return
    bystanders = event.get("others") or ()
    for customer_id in _named(event, d.base.floor):
        if customer_id not in bystanders and d.customer(customer_id).merged_into:
            raise d.refuse("merged", "customer", who=customer_id)


def _named(event: Event, floor: Floor) -> Iterable[str]:
    """Customers an event names, directly or through a visit or a rep who sits with them."""
    for key in ("customer", "brought_by", "introducer", "holder"):
        if event.get(key):
            yield event.text(key)
    for key in ("customers", "brings", "of", "others"):
        yield from event.get(key) or ()
    result = event.get("result")
    if isinstance(result, Mapping):
        yield from result
    for row in event.get("in_hand") or ():
        yield from read_names(row.get("customers") or ()) if isinstance(row, Mapping) else ()
    open_visits: list[Visit] = [
        floor.visits[key] for key in event.get("withdraw") or () if key in floor.visits
    ]
    if event.text("visit") in floor.visits:
        open_visits.append(floor.visits[event.text("visit")])
    reps = [*(event.get("reps") or ()), *(event.text(k) for k in ("rep", "offender", "helps"))]
    for rep_id in reps:
        rep = floor.reps.get(rep_id)
        if rep is not None and rep.visit:
            open_visits.append(floor.visits[rep.visit])
    customer = event.text("customer")
    if customer:
        open_visits.extend(v for v in floor.visits.values() if customer in v.customers)
    for visit in open_visits:
        yield from visit.customers


def _time_outs(d: Draft, now: str) -> list[dict[str, Any]]:
    """Settle calls that ran out before ``now``, each dated at its due instant (CV-3)."""
    while True:
        over = [
            (call.return_by if call.accepted else call.due, visit.id)
            for visit in d.visits.values()
            if (call := visit.call) is not None
            and later(now, call.return_by if call.accepted else call.due)
        ]
        if not over:
            break
        due, visit_id = min(over)
        visit = d.visits[visit_id]
        d.at = due
        accepted = visit.call is not None and visit.call.accepted
        call_fails(d, visit, "not_back" if accepted else "no_answer")
        settle(d)
    earlier, d.assignments = d.assignments, []
    return earlier


def _finish(d: Draft, event: Event, earlier: list[dict[str, Any]]) -> Step:
    base = d.base
    if d.cites:
        d.decide("note", d.outcome.get("visit", ""), {})
    floor = Floor(
        d.ring,
        d.roster,
        d.reps,
        d.tickets,
        d.visits,
        d.queue,
        max(d.now, d.at),
        d.day,
        d.open,
        d.seq,
        d.visit_seq,
        d.counted_today,
        d.event_mode,
        d.tally,
        d.follow_up,
        d.by_hand,
    )
    customers = {**base.customers, **d.customers} if d.customers else base.customers
    state = State(floor, customers, base.policy)
    changed = tuple(key for key, facts in d.customers.items() if base.customers.get(key) != facts)
    outcome = _outcome(d, event, earlier)
    return Step(state, outcome, tuple(d.decisions), changed)


def _outcome(d: Draft, event: Event, earlier: list[dict[str, Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {"verb": event.verb, "at": event.at, **d.outcome}
    if event.at < d.now:
        out["backdated"] = True
    visit_id = out.get("visit", "")
    visit = d.visits.get(visit_id)
    if visit is not None:
        out.setdefault("status", visit.status.lower())
        if visit.helpers:
            out["helpers"] = list(visit.helpers)
    lines = d.assignments
    own = [line for line in lines if line["visit"] == visit_id]
    main = own[0] if own else None
    if main is None and event.verb not in _OWN_VISIT:
        shown = lines or (earlier if event.verb == "tick" else [])
        main = shown[0] if shown else None
    out["assigned"] = main["rep"] if main is not None else None
    if main is not None:
        out["via"], out["kind"] = main["via"], main["kind"]
        out.setdefault("rightful", main.get("rightful", main["rep"]))
        for key in ("received_by", "flag", "from"):
            if key in main:
                out[key] = main[key]
    people = visit.customers if visit is not None else main["customers"] if main else ()
    person = event.text("customer") or next(iter(event.get("customers") or people), "")
    if person:
        out["owner"] = holder(d, d.customer(person)) or None
    for key, value in (
        ("assignments", lines),
        ("earlier", earlier),
        ("passes", d.passes),
        ("issued", d.issued),
        ("used", d.used),
        ("dropped", d.dropped),
        ("owners", d.owners),
    ):
        if value:
            out[key] = value
    out["ring"] = list(d.ring)
    out["tickets"] = [f"{t.rep}({t.kind[0]})" for t in d.tickets]
    out["states"] = {rep_id: rep.state for rep_id, rep in d.reps.items()}
    out["next_up"] = next_up(d, str(d.param("rotation.ticket_order")))
    out["on_deck"] = next((r for r in d.ring if d.is_free(r)), None)
    out["waiting"] = [person for key in d.queue for person in d.visits[key].customers]
    out["rules"] = sorted({cite.rule for made in d.decisions for cite in made.cites})
    return out
