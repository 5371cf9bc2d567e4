"""Verbs of SF-D: an earlier rep is found, a complaint, a better price elsewhere, conduct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zhike.rules import EventInvalid
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.lookup import last_note, need, note_of, open_visit
from zhike_sales_floor.rules.ownership import gain, note_help, strike
from zhike_sales_floor.rules.parse import Event
from zhike_sales_floor.rules.rotation import refund
from zhike_sales_floor.rules.state import ASSISTING, Customer, Grievance, Owning, Visit, VisitNote
from zhike_sales_floor.rules.stepping_in import pass_to
from zhike_sales_floor.rules.thirteen import is_away
from zhike_sales_floor.rules.validity import holder, months, opened, valid_reps


def _only_with_records(d: Draft) -> None:
    if months(d) is None:
        raise d.refuse("no_records")


# --- an earlier rep is found in the files ---------------------------------------------------------
def found(d: Draft, event: Event) -> None:
    """The earlier rep B is found: on the floor SF-D-28 or 30, after the visit SF-D-34 or 24."""
    _only_with_records(d)
    visit = open_visit(d, event)
    note = last_note(d, event) or note_of(d, visit)
    if note is None:
        need(d, event, None)
        return
    people = _people(event, visit, note)
    earlier = _earlier(d, event, people, note)
    d.outcome["visit"] = note.visit
    about = {"owner": earlier, "rep": note.rep, "by": event.text("by")}
    if visit is not None and visit.status == "IN_RECEPTION":
        _found_here(d, visit, earlier, people, about)
        return
    if visit is not None:
        # Still waiting: he is known now, and served as who he is.
        d.put_visit(replace(visit, forgot=False, recognised=True))
        d.cite("SF-D-28", "found_here", **about)
        d.decide("found", note.visit, {"visit": note.visit, "rep": earlier})
        return
    keeps = event.text("follow_up")
    if keeps:
        d.rep(keeps, "follow_up")
    for customer_id in people:
        facts = d.customer(customer_id)
        if any(deal.closed and deal.seq > note.seq for deal in facts.deals):
            d.cite("SF-D-34", "found_too_late", **about)
            d.outcome["ignored"] = "the deal has closed"
        else:
            _mark_found(d, facts, note.visit, earlier, keeps)
            d.cite("SF-D-34" if note.kind == "forgotten" else "SF-D-24", "found_later", **about)
    d.decide("found", note.visit, {"visit": note.visit, "rep": earlier})


def _people(event: Event, visit: Visit | None, note: VisitNote) -> tuple[str, ...]:
    if event.get("customer"):
        return (event.text("customer"),)
    return visit.customers if visit is not None else note.party


def _earlier(d: Draft, event: Event, people: Sequence[str], note: VisitNote) -> str:
    """The rep who is named, with the record that is shown; else the earliest valid one."""
    stated = event.text("rep")
    if stated:
        d.rep(stated)
    for customer_id in people:
        facts = d.customer(customer_id)
        running = {r: e for r, e in valid_reps(d, facts).items() if e.visit != note.visit}
        if stated and (stated in running or not event.get("opened")):
            if stated in running:
                return stated
            continue
        if stated:
            made = Owning(stated, event.text("opened"), 0, "given", rule="SF-D-24")
            d.put_customer(replace(facts, owning=(made, *facts.owning)))
            return stated
        if running:
            return min(running, key=lambda rep_id: opened(running[rep_id]))
    raise d.refuse("no_record", "rep", who=stated or (people[0] if people else "?"))


def _mark_found(d: Draft, facts: Customer, visit_id: str, earlier: str, keeps: str) -> None:
    owning = tuple(
        replace(e, found=tuple(dict.fromkeys((*e.found, earlier))), keeps=keeps or e.keeps)
        if e.visit == visit_id and not e.void and e.rep != earlier
        else e
        for e in facts.owning
    )
    d.put_customer(replace(facts, owning=owning))


def _found_here(
    d: Draft, visit: Visit, earlier: str, people: Sequence[str], about: dict[str, str]
) -> None:
    """The visitor is still there: he is B's, the turn comes back, B takes him if he is free."""
    receiver = visit.rep
    for customer_id in visit.customers:
        strike(d, customer_id, visit.id, "SF-D-28")
        if holder(d, d.customer(customer_id)) != earlier:
            rule = "SF-D-28" if customer_id in people else "SF-D-37"
            gain(d, customer_id, earlier, "wish", visit.id, rule)
    turn_of = visit.turn_of
    visit = d.put_visit(replace(visit, turn_of="", via="uncounted", kind="old", due=earlier))
    d.note_visit(visit, turn_of="", via="uncounted", kind="old", due=earlier)
    if turn_of:
        d.cite("SF-D-08", "revisit_refund", rep=turn_of)
        refund(d, turn_of, "SF-D-08", visit.id)
    if earlier != receiver and d.is_free(earlier):
        d.cite("SF-D-28", "found_here", **about)
        pass_to(d, visit, earlier)
        d.outcome["status"] = "handed_over"
        return
    away = is_away(d, earlier)
    if earlier != receiver:
        param = "split.absent_assist" if away else "split.same_day_assist"
        effect = "helps_absent" if away else "helps_busy"
        d.cite(
            "SF-D-30" if away else "SF-D-06", effect,
            owner=earlier, owner_state=d.reps[earlier].state, param=param,
        )  # fmt: skip
        note_help(d, visit.customers, receiver, earlier, visit.id, away=away)
        visit = d.put_visit(replace(visit, kind="assisted"))
        d.note_visit(visit, kind="assisted")
        d.set_rep(replace(d.reps[receiver], state=ASSISTING))
    d.decide("found", visit.id, {"visit": visit.id, "rep": earlier})


# --- complaints -----------------------------------------------------------------------------------
def complaint(d: Draft, event: Event) -> None:
    """A customer complains about a rep (SF-D-31); the supervisor's finding may come with it."""
    _only_with_records(d)
    customer_id, about = event.text("customer"), event.text("about")
    d.rep(about, "about")
    facts = d.customer(customer_id)
    open_ = [g for g in facts.grievances if g.about == about and not g.found]
    if not open_ or event.get("verified") is None:
        facts = replace(facts, grievances=(*facts.grievances, Grievance(about, d.at, d.seq)))
        d.put_customer(facts)
        d.cite("SF-D-31", "complaint_logged", about=[about], by=event.text("by"))
    if event.get("verified") is None:
        d.decide("complaint", customer_id, {"customer": customer_id, "about": about})
        return
    found_ = "verified" if event.get("verified") else "rejected"
    judged = tuple(
        replace(g, found=found_, judged=d.seq) if g.about == about and not g.found else g
        for g in facts.grievances
    )
    d.put_customer(replace(facts, grievances=judged))
    d.cite("SF-D-31", f"complaint_{found_}", about=[about], by=event.text("by"),
           param="split.verified_complaint")  # fmt: skip
    if any(deal.closed and not deal.reversed for deal in facts.deals):
        d.cite("SF-D-31", "complaint_too_late", about=[about])
        d.outcome["ignored"] = "the deal has closed"
    outcome = {"customer": customer_id, "about": about, "found": found_}
    d.decide("complaint", customer_id, outcome)


# --- a better price elsewhere ---------------------------------------------------------------------
def discount(d: Draft, event: Event) -> None:
    """A visit turns out to have been made for a better price only: it moves nothing (SF-D-33)."""
    _only_with_records(d)
    visit = open_visit(d, event)
    note = last_note(d, event) or note_of(d, visit)
    if note is None:
        need(d, event, None)
        return
    d.outcome["visit"] = note.visit
    people = note.party or (visit.customers if visit is not None else (event.text("customer"),))
    about = {"rep": note.rep, "by": event.text("by"), "reason": event.text("reason")}
    closed = any(
        deal.closed and deal.seq > note.seq for p in people for deal in d.customer(p).deals
    )
    if closed:
        d.cite("SF-D-33", "discount_too_late", **about)
        d.outcome["ignored"] = "the deal has closed"
    else:
        for person in people:
            strike(d, person, note.visit, "SF-D-33")
        d.cite("SF-D-33", "discount_only", **about)
    d.decide("discount", note.visit, {"visit": note.visit, "rep": note.rep})


# --- conduct --------------------------------------------------------------------------------------
#: What each kind of breach is under, and the parameters that state its consequence.
BREACHES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "on_deck": ("SF-D-03", (), ()),
    "poach": (
        "SF-D-05",
        ("penalty.poach_general",),
        ("penalty.poach_serious_base", "penalty.poach_serious_bonus"),
    ),
    "neglect": (
        "SF-D-05",
        ("penalty.poach_general",),
        ("penalty.poach_serious_base", "penalty.poach_serious_bonus"),
    ),
    "refuses_help": ("SF-D-06", (), ()),
    "cold_shoulder": (
        "SF-D-27",
        ("penalty.poach_general",),
        ("penalty.poach_serious_base", "penalty.poach_serious_bonus"),
    ),
    "trouble": ("SF-D-09", ("penalty.trouble_bonus",), ("penalty.trouble_bonus",)),
    "private_cash": ("SF-D-47", ("penalty.private_cash",), ("penalty.private_cash",)),
}


def conduct(d: Draft, event: Event) -> None:
    """A breach of conduct is put on record; what the policy says follows is proposed, never taken.

    Nothing in ring or credit moves: a person confirms or waives the consequence.
    """
    rep_id = event.text("rep")
    d.rep(rep_id)
    kind = event.text("kind")
    rule, ordinary, serious = BREACHES[kind]
    if kind == "on_deck" and not d.param("rotation.on_deck_required"):
        raise EventInvalid(
            "this policy asks nobody to be on deck", code="value", field="kind", allowed=()
        )
    keys = serious if event.get("serious") else ordinary
    proposed = {key: d.param(key) for key in keys if d.param(key) is not None}
    facts = {"rep": rep_id, "kind": kind, "by": event.text("by"), "reason": event.text("reason")}
    d.cite(rule, "breach", serious=bool(event.get("serious")), **facts)
    for key in proposed:
        d.cite(rule, "proposed", rep=rep_id, param=key)
    d.outcome["proposed"] = proposed
    d.decide("conduct", rep_id, {"rep": rep_id, "kind": kind, "proposed": proposed})
