"""Finding the visit an event is about, on the floor or in a customer's facts."""

from __future__ import annotations

from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.parse import Event
from zhike_sales_floor.rules.state import Visit, VisitNote


def open_visit(d: Draft, event: Event, rep_field: str = "rep") -> Visit | None:
    """The open visit an event names by visit, customer or rep; None if there is none."""
    if event.get("visit"):
        return d.visits.get(event.text("visit"))
    customer = event.text("customer")
    if customer:
        return next((v for v in d.visits.values() if customer in v.customers), None)
    rep_id = event.text(rep_field)
    if rep_id:
        return d.visits.get(d.rep(rep_id, rep_field).visit)
    return None


def last_note(d: Draft, event: Event) -> VisitNote | None:
    """The customer's visit an event names, or the latest, from the customer's facts."""
    notes = d.customer(event.text("customer")).visits if event.get("customer") else ()
    wanted = event.text("visit")
    for note in reversed(notes):
        if not wanted or note.visit == wanted:
            return note
    return None


def note_of(d: Draft, visit: Visit | None) -> VisitNote | None:
    """What the customers' facts remember of an open visit."""
    if visit is None:
        return None
    notes = d.customer(visit.customers[0]).visits
    return next((note for note in notes if note.visit == visit.id), None)


def need(d: Draft, event: Event, visit: Visit | None) -> Visit:
    """The visit, or EventRefused naming what was looked for."""
    if visit is None:
        what = event.text("visit") or event.text("customer") or event.text("rep")
        raise d.refuse("no_visit", "customer", who=what or "?")
    return visit
