"""Verbs about visits: arrival, end, leaving, assignment by hand, answers of a rep who was asked."""

from __future__ import annotations

from dataclasses import replace

from zhike.rules import EventInvalid
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.lookup import need, open_visit
from zhike_sales_floor.rules.ownership import strike
from zhike_sales_floor.rules.parse import Event
from zhike_sales_floor.rules.plans import Plan
from zhike_sales_floor.rules.receive import (
    accept_call,
    call_fails,
    receive,
    refused_at_once,
)
from zhike_sales_floor.rules.rotation import take_own_turn
from zhike_sales_floor.rules.seating import seat
from zhike_sales_floor.rules.state import (
    ASSISTING,
    AVAILABLE,
    RECEIVING_NEW,
    RECEIVING_OLD,
    WITH_VISITOR,
    Link,
    Visit,
)
from zhike_sales_floor.rules.validity import holder

#: Answers of a rep who is asked that leave the party to the ring, and how they are cited.
FAILS = {"decline": "declined", "no_answer": "no_answer"}


# --- arrival --------------------------------------------------------------------------------------
def arrive(d: Draft, event: Event) -> None:
    """A party comes in (SF-A-01 to 12): decide, seat, wait or ask, and note who came with whom."""
    people = (event.get("customers"), event.get("brings"))
    named = [event.text("brought_by"), *(p for group in people for p in group or ())]
    customers = tuple(dict.fromkeys(person for person in named if person))
    if not customers:
        raise EventInvalid("somebody must come", code="missing", field="customers")
    for visit in d.visits.values():
        for person in customers:
            if person in visit.customers:
                raise d.refuse("already_here", "customers", who=person)
    visit_id = event.text("visit")
    if not visit_id:
        d.visit_seq += 1
        visit_id = f"v{d.visit_seq}"
    if visit_id in d.visits:
        raise d.refuse("visit_exists", "visit", what=visit_id)
    actual, flag = event.text("received_by"), event.text("flag")
    if flag and not actual:
        raise EventInvalid("a flag needs who received", code="missing", field="received_by")
    if actual:
        d.rep(actual, "received_by")
    swap = event.get("swap")
    visit = Visit(
        visit_id,
        customers,
        d.at,
        new=tuple(person for person in customers if not holder(d, d.customer(person))),
        batch=event.text("batch"),
        asks_for=event.text("asks_for"),
        names=event.get("names", ()),
        refuses=event.get("refuses", ()),
        introducer=event.text("introducer"),
        recognised=event.get("recognised", True),
        purpose=event.text("purpose"),
        swap="" if swap is None else "yes" if swap else "no",
        forgot=event.text("came_before") == "forgot",
        complains_about=event.get("complains_about", ()),
        discount=bool(event.get("discount")),
    )
    d.outcome["visit"] = visit_id
    d.put_visit(visit)
    _remember_company(d, visit)
    if event.get("assign_to"):
        _by_hand(d, visit, event, event.text("assign_to"))
        return
    said = event.text("owner_answer")
    if actual and said in FAILS:
        visit = refused_at_once(d, visit, FAILS[said])
    receive(d, visit, actual=actual, flag=flag or ("wrong_turn" if actual else ""))
    after = d.visits[visit_id]
    if after.call is not None and said:
        _answer(d, after, said)


def _remember_company(d: Draft, visit: Visit) -> None:
    """Links of a party of old and new (SF-A-09) and the introducer (SF-A-11)."""
    old = [person for person in visit.customers if person not in visit.new]
    if old and visit.new:
        first = d.customer(old[0])
        closed = first.has_closed
        for person in visit.new:
            facts = d.customer(person)
            link = Link("brought_by", first.id, visit.id, d.at, d.seq, closed)
            d.put_customer(replace(facts, links=(*facts.links, link)))
        made = tuple(Link("brought", p, visit.id, d.at, d.seq, closed) for p in visit.new)
        d.put_customer(replace(first, links=(*first.links, *made)))
    if visit.introducer:
        for person in visit.new:
            facts = d.customer(person)
            if not facts.introducer:
                d.put_customer(replace(facts, introducer=visit.introducer))


def _by_hand(d: Draft, visit: Visit, event: Event, rep_id: str) -> None:
    """The manager gives a visit to a rep, with a reason; it uses a turn only if so stated."""
    d.rep(rep_id)
    if not d.is_free(rep_id):
        raise d.refuse("not_available", "rep", who=rep_id)
    owners = {person: holder(d, d.customer(person)) for person in visit.customers}
    new = [person for person, owner in owners.items() if not owner]
    owns = rep_id in owners.values()
    d.cite("SF-A-01", "by_hand", rep=rep_id, by=event.text("by"), reason=event.text("reason"))
    via, turn_of = "uncounted", ""
    if event.get("counts"):
        via, turn_of = take_own_turn(d, rep_id, "SF-A-01"), rep_id
    state = RECEIVING_OLD if new or owns else ASSISTING
    if turn_of:
        state = RECEIVING_NEW
    mode = "event" if d.event_mode is not None else "new" if new else "old"
    kind = mode if new or owns else "assisted"
    gains = tuple((person, "first") for person in new)
    plan = Plan("rep", kind, "SF-A-01", state, rep_id, gains)
    if state == ASSISTING:
        plan = replace(plan, helped=next(owner for owner in owners.values() if owner))
    seat(d, visit, plan, rep_id, rep_id, state, via, turn_of)


def assign(d: Draft, event: Event) -> None:
    """The manager gives a waiting (or asked-for) visitor to a rep by hand."""
    visit = need(d, event, open_visit(d, event, "nobody"))
    if visit.status == "IN_RECEPTION":
        raise d.refuse("received", "customer")
    d.outcome["visit"] = visit.id
    _by_hand(d, replace(visit, call=None), event, event.text("rep"))


# --- the end of a visit ---------------------------------------------------------------------------
def close_visit(d: Draft, visit: Visit, **note: str) -> None:
    """Take a visit off the floor and free everybody who sat with it."""
    d.note_visit(visit, end=d.at, **note)
    d.drop_visit(visit.id)
    d.release_all(visit)


def end(d: Draft, event: Event) -> None:
    """Receptions end; reps are free. A helper who is named leaves the others sitting."""
    if not event.get("reps"):
        visit = need(d, event, open_visit(d, event))
        if visit.status != "IN_RECEPTION":
            raise d.refuse("not_received", "customer")
        _end_visit(d, visit)
        return
    for rep_id in event.get("reps"):
        rep = d.rep(rep_id, "reps")
        if rep.state not in WITH_VISITOR:
            d.outcome["ignored"] = f"{rep_id} is not with a visitor"
            d.decide("end", rep_id, {"rep": rep_id, "ignored": True})
            continue
        visit = d.visits[rep.visit]
        if rep_id == visit.rep:
            _end_visit(d, visit)
        else:
            d.move(rep_id, AVAILABLE)
            d.cite("SF-A-06", "helper_free", rep=rep_id)
            d.decide("end", visit.id, {"rep": rep_id, "helper": True})


def _end_visit(d: Draft, visit: Visit) -> None:
    rep = d.reps[visit.rep]
    if rep.state == RECEIVING_OLD and visit.kind == "old":
        if rep.passed:
            d.cite("SF-A-03b", "was_passed", rep=rep.id, times=rep.passed)
        else:
            d.cite("SF-A-03a", "place_kept", rep=rep.id)
    d.outcome.setdefault("visit", visit.id)
    d.outcome["status"] = "ended"
    close_visit(d, visit)
    d.decide("end", visit.id, {"visit": visit.id, "rep": rep.id, "passed": rep.passed})


def visitor_leaves(d: Draft, event: Event) -> None:
    """The visitor goes: unserved from queue or desk, otherwise the reception is over."""
    visit = need(d, event, open_visit(d, event))
    d.outcome["visit"] = visit.id
    if visit.status == "IN_RECEPTION":
        _end_visit(d, visit)
        return
    leave_unserved(d, visit)
    d.outcome["status"] = "left_unserved"
    d.decide("end", visit.id, {"visit": visit.id, "left_unserved": True})


def leave_unserved(d: Draft, visit: Visit) -> None:
    """Nobody received them: whoever had promised to come owns nobody by that."""
    for person in visit.customers:
        strike(d, person, visit.id, "SF-A-01")
    close_visit(d, visit, void="left_unserved")


def call_owner(d: Draft, event: Event) -> None:
    """The desk's phone call is logged; the asking began with the arrival."""
    calls = _calls(d, event)
    if not calls:
        d.outcome["ignored"] = "nobody has to be asked"
        d.decide("call", event.text("rep"), {"ignored": True})
        return
    visit = calls[0]
    assert visit.call is not None
    d.outcome["visit"] = visit.id
    d.outcome["calling"] = {"visit": visit.id, "rep": visit.call.rep, "due": visit.call.due}
    d.cite(visit.call.rule, "phoned", owner=visit.call.rep)
    d.decide("call", visit.id, d.outcome["calling"])


def _calls(d: Draft, event: Event) -> list[Visit]:
    """Visits whose rep is being asked, narrowed by what the event names."""
    rep_id = event.text("rep")
    calls = [v for v in d.visits.values() if v.call is not None]
    if event.get("visit") or event.get("customer"):
        named = open_visit(d, event)
        calls = [v for v in calls if named is not None and v.id == named.id]
    elif rep_id:
        d.rep(rep_id)
        calls = [v for v in calls if v.call is not None and v.call.rep == rep_id]
    return calls


def answer(d: Draft, event: Event) -> None:
    """The rep who was asked answers (SF-A-09b)."""
    calls = _calls(d, event)
    if not calls:
        d.outcome["ignored"] = "nobody is being asked"
        d.decide("call", event.text("rep"), {"ignored": True})
        return
    d.outcome["visit"] = calls[0].id
    _answer(d, calls[0], event.text("answer"))


def _answer(d: Draft, visit: Visit, said: str) -> None:
    call = visit.call
    assert call is not None
    if said == "accept":
        if not call.accepted:
            accept_call(d, visit)
        return
    call_fails(d, visit, FAILS[said])
