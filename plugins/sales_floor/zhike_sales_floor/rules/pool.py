"""The public pool (公海): customers whom nobody owns are given back and claimed."""

from __future__ import annotations

from dataclasses import replace

from zhike.rules import EventInvalid
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.ownership import gain, is_lapsed
from zhike_sales_floor.rules.parse import Event
from zhike_sales_floor.rules.state import Owning
from zhike_sales_floor.rules.validity import holder


def release(d: Draft, event: Event) -> None:
    """Owned customers are given back to everybody: nobody owns them until somebody claims them.

    The chain of owners stays; who has a deal that stands keeps his owner.
    """
    people = event.get("customers") or ()
    if not people:
        raise EventInvalid("a release names customers", code="missing", field="customers")
    for customer_id in people:
        facts = d.customer(customer_id)
        if not facts.owner:
            raise d.refuse("unowned", "customers", who=customer_id)
        if any(not deal.reversed for deal in facts.deals):
            raise d.refuse("deal_stands", "customers", who=customer_id)
        _not_here(d, customer_id)
    by, reason = event.text("by"), event.text("reason")
    for customer_id in people:
        facts = d.customer(customer_id)
        entry = Owning("", d.at, d.seq, "release", "", facts.owner)
        d.put_customer(replace(facts, owning=(*facts.owning, entry)))
        d.owners[customer_id] = None
        d.cite("SF-D-41", "released", owner=facts.owner, by=by, reason=reason)
        d.decide("pool", customer_id, {"customer": customer_id, "owner": facts.owner})


def claim(d: Draft, event: Event) -> None:
    """A rep takes a customer out of the pool and owns him from now on.

    ``lapsed`` says that the company lets silent customers be claimed too; whether this one has
    been silent for too long is the policy's answer. Who took the customer out of turn once cannot
    win him so (SF-A-08).
    """
    customer_id, rep_id = event.text("customer"), event.text("rep")
    facts = d.customer(customer_id)
    d.staying(rep_id)
    owner = holder(d, facts)
    if owner and (not event.get("lapsed") or not is_lapsed(d, facts)):
        raise d.refuse("owned", "customer", who=customer_id)
    if owner == rep_id:
        raise d.refuse("owned", "customer", who=customer_id)
    if rep_id in facts.poachers:
        raise d.refuse("barred", "rep", who=rep_id)
    _not_here(d, customer_id)
    former = owner
    if former:
        limit = d.param("owner.contact_lapse_days")
        since = facts.contacts.get(former, "")
        d.cite("SF-A-05", "lapsed_in_pool", owner=former, since=since, limit=limit)
    gain(d, customer_id, rep_id, "claim", rule="SF-D-41")
    d.cite("SF-D-41", "claimed", rep=rep_id)
    d.decide("pool", customer_id, {"customer": customer_id, "rep": rep_id, "former": former})


def _not_here(d: Draft, customer_id: str) -> None:
    """Who is on the floor now is being decided there."""
    if any(customer_id in visit.customers for visit in d.visits.values()):
        raise d.refuse("already_here", "customer", who=customer_id)
