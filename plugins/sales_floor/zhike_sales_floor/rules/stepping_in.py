"""Verbs by which others step in: void, hand-over, take-over, help, reports of poaching."""

from __future__ import annotations

from dataclasses import replace

from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.lookup import last_note, need, note_of, open_visit
from zhike_sales_floor.rules.ownership import (
    gain,
    met_by_owner,
    note_help,
    strike,
    substitute,
)
from zhike_sales_floor.rules.parse import Event
from zhike_sales_floor.rules.rotation import peek, refund, take_own_turn
from zhike_sales_floor.rules.seating import announce, cite_consequence, forfeit
from zhike_sales_floor.rules.settling import recompute
from zhike_sales_floor.rules.state import (
    ASSISTING,
    AVAILABLE,
    RECEIVING_INVALID,
    RECEIVING_NEW,
    RECEIVING_OLD,
    Visit,
    VisitNote,
)
from zhike_sales_floor.rules.validity import holder
from zhike_sales_floor.rules.visits import close_visit


def void(d: Draft, event: Event) -> None:
    """SF-A-12: scouting or other material; the turn comes back as a refund ticket."""
    visit = open_visit(d, event)
    note = None if visit is not None else last_note(d, event)
    if visit is None and (note is None or note.void):
        need(d, event, None)
    visit_id = visit.id if visit is not None else note.visit if note is not None else ""
    d.outcome["visit"] = visit_id
    facts = {"by": event.text("by"), "reason": event.text("reason")}
    if d.param("rotation.void_needs_confirmation") and not event.get("confirmed"):
        d.cite("SF-A-12", "unconfirmed", param="rotation.void_needs_confirmation", **facts)
        d.outcome["ignored"] = "not confirmed"
        d.decide("void", visit_id, {"visit": visit_id, "pending": True})
        return
    kept = note or note_of(d, visit)
    assert kept is not None
    people = kept.party or (visit.customers if visit is not None else (event.text("customer"),))
    for person in people:
        if any(deal.closed and deal.seq > kept.seq for deal in d.customer(person).deals):
            raise d.refuse("closed", "customer", who=person)
    turn_of = kept.turn_of
    if visit is not None:
        close_visit(d, visit, void="SF-A-12")
    else:
        for person in people:
            seen = d.customer(person)
            marked = tuple(
                replace(n, void="SF-A-12") if n.visit == visit_id else n for n in seen.visits
            )
            d.put_customer(replace(seen, visits=marked))
    for person in people:
        strike(d, person, visit_id, "SF-A-12")
    d.cite("SF-A-12", "void", **facts)
    if not turn_of:
        d.cite("SF-A-12", "nothing_used")
    elif d.param("rotation.void_refund") and refund(d, turn_of, "SF-A-12", visit_id):
        d.cite("SF-A-12", "refund", rep=turn_of, param="rotation.void_refund")
    d.outcome["status"] = "voided"
    d.decide("void", visit_id, {"visit": visit_id, "refund_to": turn_of})


# --- others step in -------------------------------------------------------------------------------
def hand_over(d: Draft, event: Event) -> None:
    """A visit in hand goes to the rightful rep (SF-A-08), to its owner, or to a helper (06)."""
    visit = need(d, event, open_visit(d, event))
    if visit.status != "IN_RECEPTION":
        raise d.refuse("not_received", "customer")
    d.outcome["visit"] = visit.id
    to = event.text("to") or (visit.due if visit.flag else peek(d) or "")
    if not to:
        raise d.refuse("not_available.nobody", "to")
    d.rep(to, "to")
    if not d.is_free(to):
        raise d.refuse("not_available", "to", who=to)
    pass_to(d, visit, to, event.text("reason"))
    d.outcome["status"] = "handed_over"


def pass_to(d: Draft, visit: Visit, to: str, reason: str = "") -> None:
    """Move a visit from its rep to another; nothing in the ring moves."""
    giver = visit.rep
    d.release(giver, visit.id)
    owns = any(holder(d, d.customer(person)) == to for person in visit.customers)
    if visit.flag and to == visit.due:
        state = RECEIVING_NEW if visit.turn_of == to else RECEIVING_OLD
        d.cite("SF-A-08", "to_rightful", offender=giver, rightful=to, reason=reason)
        visit = replace(visit, flag="")
    elif owns:
        state = RECEIVING_OLD
        d.cite("SF-A-03a", "to_owner", giver=giver, owner=to, reason=reason)
    else:
        state = ASSISTING
        owner = holder(d, d.customer(visit.customers[0])) or visit.due
        d.cite("SF-A-06", "handed_to_helper", giver=giver, helper=to, owner=owner, reason=reason)
        note_help(d, visit.customers, to, owner, visit.id, away=False)
    helpers = visit.helpers if state != ASSISTING else (*visit.helpers, to)
    visit = d.put_visit(replace(visit, rep=to, helpers=helpers))
    d.move(to, state, visit.id)
    d.note_visit(visit, rep=to, helpers=helpers)
    if state != ASSISTING:
        met_by_owner(d, visit.customers, to)
    # Nothing in the ring moves: the turn, if one was used, was used at the arrival.
    kind = "assisted" if state == ASSISTING else visit.kind
    shown = replace(visit, via="uncounted", kind=kind)
    announce(d, shown, to if owns else visit.due, giver=giver)


def take_over(d: Draft, event: Event) -> None:
    """SF-A-07: a colleague takes over after the rep's own fault; unconfirmed it is help."""
    rep_id = event.text("rep")
    d.rep(rep_id)
    visit = open_visit(d, event, "nobody")
    note = None if visit is not None else last_note(d, event)
    if visit is None and note is None:
        need(d, event, None)
    if visit is not None and visit.status != "IN_RECEPTION":
        raise d.refuse("not_received", "customer")
    needed = bool(d.param("split.takeover_needs_confirmation"))
    sure = bool(event.get("confirmed")) or not needed
    facts = {"reason": event.text("reason"), "by": event.text("by")}
    if visit is not None:
        d.outcome["visit"] = visit.id
        joined = d.reps[rep_id].visit == visit.id
        if not joined and not d.is_free(rep_id):
            raise d.refuse("not_available.help", "rep", who=rep_id)
        visit = _join(d, visit, rep_id)
    if not sure:
        d.cite("SF-A-07", "unconfirmed", rep=rep_id, **facts)
        d.cite("SF-A-06", "helps", helper=rep_id)
        if visit is not None:
            d.put_visit(replace(visit, takeover=rep_id))
            d.note_visit(visit, takeover=rep_id)
        else:
            assert note is not None
            _mark_takeover(d, event.text("customer"), note.visit, rep_id)
        d.decide("take_over", event.text("customer"), {"rep": rep_id, "confirmed": False})
        return
    _take(d, event, visit, note, rep_id, facts)


def _join(d: Draft, visit: Visit, rep_id: str) -> Visit:
    """Sit down with a visit as a helper."""
    if rep_id == visit.rep:
        return visit
    if d.reps[rep_id].visit != visit.id:
        d.move(rep_id, ASSISTING, visit.id)
    if rep_id not in visit.helpers:
        visit = d.put_visit(replace(visit, helpers=(*visit.helpers, rep_id)))
        d.note_visit(visit, helpers=visit.helpers)
    return visit


def _mark_takeover(d: Draft, customer_id: str, visit_id: str, rep_id: str) -> None:
    facts = d.customer(customer_id)
    notes = tuple(replace(n, takeover=rep_id) if n.visit == visit_id else n for n in facts.visits)
    d.put_customer(replace(facts, visits=notes))


def _take(
    d: Draft,
    event: Event,
    visit: Visit | None,
    note: VisitNote | None,
    rep_id: str,
    facts: dict[str, str],
) -> None:
    """The fault is confirmed: the customers of the faulty rep pass to who took over."""
    visit_id = visit.id if visit is not None else note.visit if note is not None else ""
    if visit is not None:
        faulty, people = visit.rep, visit.customers
        if faulty == rep_id:
            faulty = visit.due
    else:
        assert note is not None
        faulty, people = note.rep, note.party or (event.text("customer"),)
    d.cite("SF-A-07", "fault_confirmed", faulty=faulty, rep=rep_id, **facts)
    for person in people:
        seen = d.customer(person)
        if rep_id in seen.poachers:
            d.cite("SF-A-08", "barred", reps=[rep_id])
        elif holder(d, seen) == faulty and faulty != rep_id:
            gain(d, person, rep_id, "takeover", visit_id, "SF-A-07")
    _mark_takeover(d, people[0], visit_id, "")
    # Confirmed later, who took over may be elsewhere by now: then only the ownership passes.
    if visit is not None and visit.rep != rep_id and d.reps[rep_id].visit == visit.id:
        giver = visit.rep
        d.release(giver, visit.id)
        helpers = tuple(helper for helper in visit.helpers if helper != rep_id)
        visit = d.put_visit(replace(visit, rep=rep_id, due=rep_id, helpers=helpers, takeover=""))
        d.note_visit(visit, rep=rep_id, due=rep_id, helpers=helpers)
        d.outcome["status"] = "taken_over"
        announce(d, replace(visit, via="uncounted", kind="assisted"), rep_id, giver=giver)
        return
    d.decide("take_over", visit_id, {"rep": rep_id, "faulty": faulty, "confirmed": True})


def confirm_fault(d: Draft, event: Event) -> None:
    """The manager confirms (or rejects) the fault behind a take-over logged before."""
    visit = open_visit(d, event)
    note = last_note(d, event) or note_of(d, visit)
    rep_id = note.takeover if note is not None else ""
    if note is None or not rep_id:
        raise d.refuse("no_takeover", "customer")
    facts = {"reason": event.text("reason"), "by": event.text("by")}
    customer_id = event.text("customer") or (visit.customers[0] if visit is not None else "")
    if event.get("confirmed") is False:
        d.cite("SF-A-07", "rejected", rep=rep_id, **facts)
        _mark_takeover(d, customer_id, note.visit, "")
        d.decide("take_over", note.visit, {"rep": rep_id, "confirmed": False})
        return
    if any(deal.closed and deal.seq > note.seq for deal in d.customer(customer_id).deals):
        d.cite("SF-A-07", "too_late", rep=rep_id, **facts)
        d.outcome["ignored"] = "the deal has closed"
        d.decide("take_over", note.visit, {"rep": rep_id, "confirmed": False})
        return
    args = {**event.args, "customer": customer_id}
    _take(d, replace(event, args=args), visit, note, rep_id, facts)


def help_(d: Draft, event: Event) -> None:
    """SF-A-06: a colleague helps during a talk; busy colleagues are noted without sitting down."""
    helper = event.text("rep")
    rep = d.staying(helper)
    visit = need(d, event, open_visit(d, event, "helps"))
    if visit.status != "IN_RECEPTION":
        raise d.refuse("not_received", "customer")
    d.outcome["visit"] = visit.id
    d.cite("SF-A-06", "helps", helper=helper, owner=visit.due)
    if rep.state == AVAILABLE:
        if d.param("rotation.assist_counts_turn"):
            take_own_turn(d, helper, "SF-A-06")
        _join(d, visit, helper)
    elif helper not in visit.helpers and helper != visit.rep:
        visit = d.put_visit(replace(visit, helpers=(*visit.helpers, helper)))
        d.note_visit(visit, helpers=visit.helpers)
    d.decide("help", visit.id, {"visit": visit.id, "helper": helper, "rep": visit.rep})


# --- out of turn, reported later ------------------------------------------------------------------
def flag(d: Draft, event: Event) -> None:
    """SF-A-08 reported after the fact: credit and ownership move, the ring does not."""
    visit = open_visit(d, event, "offender")
    note = last_note(d, event) or note_of(d, visit)
    if note is None:
        raise d.refuse("no_visit.report", "customer")
    offender = event.text("offender")
    if offender and not event.get("visit") and note.rep != offender:
        seen = d.customer(event.text("customer")).visits
        note = next((n for n in reversed(seen) if n.rep == offender), note)
    offender = offender or note.rep
    if not offender:
        raise d.refuse("no_offender", "offender")
    d.rep(offender, "offender")
    rightful = event.text("rightful") or (note.due if note.due != offender else "")
    if not rightful or rightful == offender:
        raise d.refuse("no_rightful", "rightful", who=offender)
    d.rep(rightful, "rightful")
    kind = event.text("kind") or "poach"
    people = note.party or (visit.customers if visit is not None else (event.text("customer"),))
    d.cite(
        "SF-A-08",
        kind,
        offender=offender,
        rightful=rightful,
        reporter=event.text("reporter"),
        reason=event.text("reason"),
    )
    cite_consequence(d, "turns_stay", rightful, offender)
    d.outcome["visit"] = note.visit
    d.outcome |= {"flag": kind, "rightful": rightful, "received_by": offender}
    for person in people:
        substitute(d, note.visit, person, offender, rightful)
        facts = d.customer(person)
        notes = tuple(
            replace(n, flag=kind, due=rightful) if n.visit == note.visit else n
            for n in facts.visits
        )
        d.put_customer(replace(facts, visits=notes))
    if visit is not None and visit.id == note.visit and visit.status == "IN_RECEPTION":
        _reseat_offender(d, visit, offender, rightful, kind)
    if not note.flag:
        forfeit(d, offender)
    d.decide(
        "flag",
        note.visit,
        {
            "visit": note.visit,
            "customers": list(people),
            "kind": kind,
            "offender": offender,
            "rightful": rightful,
        },
    )
    for person in people:
        recompute(d, person)


def _reseat_offender(d: Draft, visit: Visit, offender: str, rightful: str, kind: str) -> None:
    """The offender sits with an invalid reception; a rep who was logged instead is free."""
    if visit.rep != offender:
        if not d.is_free(offender) and d.reps[offender].visit != visit.id:
            # The log knows the offender elsewhere: the desk's report cannot seat him twice.
            d.put_visit(replace(visit, flag=kind, due=rightful, offender=offender))
            return
        d.release(visit.rep, visit.id)
    d.put_visit(replace(visit, rep=offender, due=rightful, flag=kind, offender=offender))
    rep = d.reps[offender]
    d.set_rep(replace(rep, state=RECEIVING_INVALID, visit=visit.id))
