"""Verbs about customers and deals: contacts, relations, rulings, closings, reversals."""

from __future__ import annotations

from dataclasses import replace

from zhike.rules import EventInvalid
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.ownership import gain, renew
from zhike_sales_floor.rules.parse import Event
from zhike_sales_floor.rules.relations import inverse, relation_word
from zhike_sales_floor.rules.sales import cite_return, standing
from zhike_sales_floor.rules.settling import recompute, settle_deal, write_deal
from zhike_sales_floor.rules.state import Customer, Deal, Relation, Ruling
from zhike_sales_floor.rules.validity import holder, months


def contact(d: Draft, event: Event) -> None:
    """A contact restarts the seven days if the owner made it and its kind counts (SF-A-05).

    Where records have a life instead it is tracking, and lengthens a record only if the policy
    renews records so (SF-D-25, 36).
    """
    customer_id = event.text("customer")
    facts = d.customer(customer_id)
    owner = holder(d, facts)
    rep_id = event.text("rep") or owner
    kind = event.text("kind") or "call"
    at = event.text("occurred_at") or d.at
    if months(d) is not None:
        _track(d, customer_id, rep_id, owner, kind, at)
        return
    counted = bool(rep_id) and rep_id == owner
    counted = counted and kind in (d.param("owner.contact_kinds") or ()) and at <= d.at
    d.cite(
        "SF-A-05",
        "clock_restarted" if counted else "not_counted",
        rep=rep_id,
        kind=kind,
        owner=owner,
        param="owner.contact_kinds",
    )
    if counted:
        d.set_contact(customer_id, rep_id, at)
    d.outcome["counted"] = counted
    d.decide("contact", customer_id, {"customer": customer_id, "kind": kind, "counted": counted})


def _track(d: Draft, customer_id: str, rep_id: str, owner: str, kind: str, at: str) -> None:
    """Tracking by the rep who holds the customer (SF-D-36); it renews nothing by default."""
    mine = bool(rep_id) and rep_id == owner and at <= d.at
    renews = mine and d.param("owner.record_renewal") == "on_tracking"
    d.cite("SF-D-36", "tracked" if mine else "not_the_holders", rep=rep_id, owner=owner, kind=kind)
    if mine:
        d.set_contact(customer_id, rep_id, at)
    if renews:
        renew(d, customer_id, rep_id)
        d.cite("SF-D-25", "renewed", rep=rep_id, param="owner.record_renewal")
    d.outcome["counted"] = renews
    d.decide("contact", customer_id, {"customer": customer_id, "kind": kind, "counted": renews})


def relation(d: Draft, event: Event) -> None:
    """A relation is logged with both customers; proof shown later replaces an unproven entry."""
    people = event.get("customers")
    others = event.get("of", ())
    kind = relation_word(event.text("relation"))
    proven = event.get("proven", True)
    pairs = [(one, two) for one in people for two in others if one != two]
    if not others:
        pairs = [(one, two) for n, one in enumerate(people) for two in people[n + 1 :]]
    if not pairs:
        raise EventInvalid("a relation needs two customers", code="missing", field="of")
    for one, two in pairs:
        _relate(d, one, Relation(two, kind, d.at, d.seq, proven))
        _relate(d, two, Relation(one, inverse(kind), d.at, d.seq, proven))
    d.cite("SF-A-10", "relation_logged", kind=kind, proven=proven, by=event.text("by"))
    outcome = {"customers": list(dict.fromkeys((*people, *others))), "kind": kind, "proven": proven}
    d.decide("relation", people[0], outcome)


def _relate(d: Draft, customer_id: str, made: Relation) -> None:
    facts = d.customer(customer_id)
    for known in facts.relations:
        if known.other == made.other and known.kind == made.kind and known.proven:
            return
    kept = tuple(k for k in facts.relations if k.other != made.other or k.kind != made.kind)
    d.put_customer(replace(facts, relations=(*kept, made)))


def ruling(d: Draft, event: Event) -> None:
    """The manager rules: shares of a deal (now or to come), or who owns a customer from now on."""
    customer_id = event.text("customer")
    facts = d.customer(customer_id)
    performance = event.get("performance") or event.get("shares")
    commission = event.get("commission") or event.get("shares") or performance
    owner = event.text("owner")
    if not performance and not commission and not owner:
        raise EventInvalid("a ruling states shares or an owner", code="missing", field="shares")
    about = {"by": event.text("by"), "reason": event.text("reason")}
    if owner:
        d.known_holder(owner, "owner")
        d.cite("SF-D-41", "owner_ruled", owner=owner, **about)
        gain(d, customer_id, owner, "ruling", rule="SF-D-41")
    if performance or commission:
        performance = performance or commission
        for holder in {*performance, *commission}:
            d.known_holder(holder, "shares")
        facts = d.customer(customer_id)
        deal_id = _meant(facts, event)
        made = Ruling(d.at, d.seq, about["by"], about["reason"], deal_id, performance, commission)
        d.put_customer(replace(facts, rulings=(*facts.rulings, made)))
        d.cite("SF-D-41", "ruling", **about)
    outcome = {"customer": customer_id, "owner": owner, "deal": event.text("deal")}
    d.decide("ruling", customer_id, outcome)
    if performance or commission:
        recompute(d, customer_id)
        _show_credit(d, customer_id, event)


def quarrel(d: Draft, event: Event) -> None:
    """Reps quarrel, or refuse a ruling: credit goes to the department where the policy says so."""
    customer_id = event.text("customer")
    facts = d.customer(customer_id)
    deal_id = _meant(facts, event)
    made = Ruling(d.at, d.seq, event.text("by"), event.text("reason"), deal_id, forfeit=True)
    d.put_customer(replace(facts, rulings=(*facts.rulings, made)))
    forfeits = bool(d.param("split.quarrel_to_department"))
    effect = "to_department" if forfeits else "quarrel_without_effect"
    d.cite("SF-D-41", effect, reason=made.reason, param="split.quarrel_to_department")
    d.decide("ruling", customer_id, {"customer": customer_id, "forfeit": forfeits, "quarrel": True})
    recompute(d, customer_id)
    _show_credit(d, customer_id, event)


# --- deals ----------------------------------------------------------------------------------------
def _meant(facts: Customer, event: Event) -> str:
    """The deal a ruling is about: named, else the current one, else "" for those to come."""
    deal = standing(facts, event)
    return event.text("deal") or (deal.id if deal is not None else "")


def close(d: Draft, event: Event) -> None:
    """One step of a deal; the policy's closing event computes the credit (4.1)."""
    customer_id = event.text("customer")
    facts = d.customer(customer_id)
    closing = str(d.param("owner.closing_event") or "subscription")
    step = event.text("step") or closing
    deal = standing(facts, event)
    if deal is None or (not event.get("deal") and step in deal.steps):
        deal_id = event.text("deal") or f"{customer_id}/{len(facts.deals) + 1}"
        if facts.deal(deal_id) is not None:
            raise d.refuse("deal_exists", "deal", what=deal_id)
        deal = Deal(deal_id, d.at, d.seq)
    if deal.reversed:
        raise d.refuse("reversed", "deal", what=deal.id)
    if step in deal.steps:
        raise d.refuse("step_done", "deal", what=deal.id)
    deal = replace(deal, steps={**deal.steps, step: d.at})
    if step == "subscription":
        deal = replace(deal, signed_seq=d.seq)
    d.outcome["deal"] = deal.id
    if step != closing:
        write_deal(d, customer_id, deal)
        d.cite("SF-A-10", "step_logged", step=step, param="owner.closing_event", value=closing)
        d.decide("credit", deal.id, {"deal": deal.id, "customer": customer_id, "step": step})
        return
    deal = replace(deal, at=d.at, seq=d.seq, closed=True)
    write_deal(d, customer_id, deal)
    d.outcome["credit"] = settle_deal(d, customer_id, deal).to_json()
    recompute(d, customer_id, but=deal.id)


def cancel(d: Draft, event: Event) -> None:
    """A deal is cancelled: both vectors are reversed with a dated entry (G-31)."""
    customer_id = event.text("customer")
    deal = standing(d.customer(customer_id), event)
    if deal is None or deal.reversed:
        raise d.refuse("no_deal.cancel", "deal", who=customer_id)
    cite_return(d, deal, event)
    write_deal(d, customer_id, replace(deal, reversed=d.at))
    d.outcome["deal"] = deal.id
    d.outcome["reversed"] = [deal.id]
    d.outcome["credit"] = {"performance": {}, "commission": {}}
    d.cite("SF-D-45", "reversed", deal=deal.id, reason=event.text("reason"))
    outcome = {
        "deal": deal.id,
        "customer": customer_id,
        "performance": {rep: -share for rep, share in deal.performance.items()},
        "commission": {rep: -share for rep, share in deal.commission.items()},
    }
    d.decide("reversal", deal.id, outcome)


def commission_paid(d: Draft, event: Event) -> None:
    """The commission is paid: nothing found later changes this deal (SF-A-08)."""
    customer_id = event.text("customer")
    deal = standing(d.customer(customer_id), event)
    if deal is None or not deal.closed or deal.reversed:
        raise d.refuse("no_deal", "deal", who=customer_id)
    write_deal(d, customer_id, replace(deal, paid=d.at))
    d.outcome["deal"] = deal.id
    d.cite("SF-A-08", "paid_is_final", deal=deal.id)
    d.decide("credit", deal.id, {"deal": deal.id, "customer": customer_id, "paid": d.at})


def _show_credit(d: Draft, customer_id: str, event: Event) -> None:
    deal = standing(d.customer(customer_id), event)
    if deal is not None and deal.closed:
        d.outcome["deal"] = deal.id
        d.outcome["credit"] = {
            "performance": dict(deal.performance),
            "commission": dict(deal.commission),
        }
