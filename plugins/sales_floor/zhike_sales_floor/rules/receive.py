"""Carrying a plan out: seating, waiting, handing over (SF-A-02), asking a rep (SF-A-09b)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zhike.rules import minutes_after
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.orders import decide
from zhike_sales_floor.rules.ownership import gain, strike
from zhike_sales_floor.rules.plans import Plan
from zhike_sales_floor.rules.rotation import (
    peek,
    refund,
    select_new,
    take_own_turn,
)
from zhike_sales_floor.rules.seating import announce, out_of_turn, seat
from zhike_sales_floor.rules.state import (
    ASSISTING,
    RECEIVING_INVALID,
    RECEIVING_NEW,
    RECEIVING_OLD,
    WITH_VISITOR,
    Call,
    Visit,
)
from zhike_sales_floor.rules.validity import holder


def receive(
    d: Draft, visit: Visit, *, actual: str = "", flag: str = "", quiet: bool = False
) -> bool:
    """Decide and carry out; False if the visit still waits.

    ``actual`` is the rep who really sits with the visitor (SF-A-08), ``flag`` how that was
    reported. With ``quiet`` a visit that cannot be served stays as it was, without a decision.
    """
    cites = list(d.cites)
    plan = decide(d, visit)
    done = _carry_out(d, visit, plan, actual, flag)
    if done or (plan.how == "call" and visit.call is None):
        return done
    if quiet:
        d.cites = cites
        return False
    if actual:
        raise d.refuse("not_available", "received_by", who=actual)
    wait(d, visit, plan)
    return False


def _carry_out(d: Draft, visit: Visit, plan: Plan, actual: str, flag: str) -> bool:
    if plan.how == "manager":
        return False
    if actual == plan.rep and plan.how in ("swap", "call"):
        actual = ""
    if plan.how == "call" and not actual:
        if visit.call is None:
            start_call(d, visit, plan)
        return False
    if plan.how == "swap" and not actual:
        _swap(d, visit, plan)
        return True
    via, ticket_of, due = "uncounted", "", plan.rep
    if plan.how == "ring":
        pick = select_new(d, visit.id, plan.excluded)
        if pick is None:
            return False
        via, ticket_of, due = pick.via, pick.rep, pick.rep
    elif plan.how == "peek":
        helper = peek(d, plan.excluded)
        if helper is None:
            return False
        due = helper
    if actual and actual != due:
        out_of_turn(d, visit, plan, due, actual, flag, via, ticket_of)
        return True
    if plan.counts and d.param(plan.counts):
        via, ticket_of = take_own_turn(d, due, plan.rule), due
    seat(d, visit, plan, due, due, plan.state, via, ticket_of)
    return True


def wait(d: Draft, visit: Visit, plan: Plan, *, head: bool = False) -> None:
    """Nobody is AVAILABLE: queue the visitor, or do what the policy says instead."""
    policy = d.param("rotation.nobody_available")
    keep = ""
    if plan.how == "manager" or policy == "manager":
        keep = "manager"
    elif policy == "keep" and plan.how == "ring" and not head:
        keep = _kept_for(d)
    visit = d.put_visit(replace(visit, status="WAITING", keep_for=keep, rep=""))
    enqueue(d, visit, head=head)
    if plan.how != "manager":
        d.cite(
            "SF-A-01",
            "nobody_available",
            param="rotation.nobody_available",
            value=policy,
            keep_for=keep,
        )
    d.note_visit(visit, kind=plan.kind, rep="", turn_of="", via="")
    d.decide(
        "waiting",
        visit.id,
        {"visit": visit.id, "customers": list(visit.customers), "keep_for": keep, "head": head},
    )


def enqueue(d: Draft, visit: Visit, *, head: bool = False) -> None:
    """Put a visit into the queue: at its head, or in the order of arrival."""
    d.unqueue(visit.id)
    place = 0
    if not head:
        # Behind everybody who came earlier; who was put at the head stays there.
        earlier = (n for n, key in enumerate(d.queue, 1) if d.visits[key].at <= visit.at)
        place = max(earlier, default=0)
    d.queue = (*d.queue[:place], visit.id, *d.queue[place:])


def _kept_for(d: Draft) -> str:
    """With ``keep``: the rep whose turn it is, though busy: first owed, then first in the ring."""
    busy = [t.rep for t in d.tickets] + list(d.ring)
    for rep_id in busy:
        if d.reps[rep_id].state in WITH_VISITOR and d.reps[rep_id].state != RECEIVING_INVALID:
            return rep_id
    return ""


# --- handing over ---------------------------------------------------------------------------------
def _swap(d: Draft, visit: Visit, plan: Plan) -> None:
    """SF-A-02: the owner takes the old customer at once, the new visitor in hand goes on."""
    owner = plan.rep
    in_hand = d.visits[d.reps[owner].visit]
    d.cite("SF-A-02", "owner_takes_old", owner=owner, in_hand=list(in_hand.customers))
    via, turn_of = "uncounted", ""
    if plan.counts and d.param(plan.counts):
        via, turn_of = take_own_turn(d, owner, plan.rule), owner
    seat(d, visit, plan, owner, owner, RECEIVING_OLD, via, turn_of)
    _pass_on(d, in_hand, owner, visit.customers)


def _pass_on(d: Draft, visit: Visit, giver: str, old: Sequence[str]) -> None:
    causes = []
    barred = {giver}
    for customer_id in visit.customers:
        entry = strike(d, customer_id, visit.id, "SF-A-02")
        if entry is not None:
            causes.append((customer_id, entry.cause))
        barred.update(d.customer(customer_id).poachers)
    was_counted = visit.turn_of == giver
    # Whoever helped the giver is free again, and may be the next to receive.
    d.release_all(visit)
    plan = Plan("ring", visit.kind, "SF-A-02", RECEIVING_NEW, gains=tuple(causes))
    pick = select_new(d, visit.id, barred)
    if pick is None:
        d.cite("SF-A-02", "to_head_of_queue", giver=giver, old=list(old))
        wait(d, replace(visit, turn_of="", via="uncounted"), plan, head=True)
    else:
        d.cite("SF-A-02", "handed_over", giver=giver, to=pick.rep, old=list(old))
        receiver = pick.rep
        seat(d, visit, plan, receiver, receiver, RECEIVING_NEW, pick.via, receiver, giver=giver)
    if was_counted and d.param("rotation.handover_refund"):
        d.cite("SF-A-02", "refund", rep=giver, param="rotation.handover_refund")
        refund(d, giver, "SF-A-02", visit.id)
        d.decide("ticket", giver, {"rep": giver, "kind": "refund", "visit": visit.id})


# --- asking a rep to come -------------------------------------------------------------------------
def start_call(d: Draft, visit: Visit, plan: Plan) -> None:
    """The desk asks the rep; the party waits at the desk, no rep is used."""
    minutes = int(d.param("owner.referral_call_timeout_min") or 0)
    call = Call(plan.rep, plan.rule, d.at, minutes_after(d.at, minutes))
    visit = d.put_visit(replace(visit, status="CALLING_OWNER", kind=plan.kind, call=call))
    d.unqueue(visit.id)
    d.note_visit(visit, kind=plan.kind)
    outcome = {"visit": visit.id, "rep": plan.rep, "due": call.due}
    d.outcome["calling"] = outcome
    d.decide("call", visit.id, outcome)


def accept_call(d: Draft, visit: Visit) -> None:
    """The asked rep comes: at once, by handing over a visitor in hand, or within the limit."""
    call = visit.call
    assert call is not None
    rep = d.reps[call.rep]
    d.cite(call.rule, "accepted", rep=call.rep)
    old = any(holder(d, d.customer(c)) == call.rep for c in visit.customers)
    if d.is_free(call.rep) or (old and rep.state == RECEIVING_NEW):
        d.put_visit(replace(visit, call=None, swap="yes"))
        receive(d, d.visits[visit.id])
        return
    minutes = int(d.param("owner.referral_return_min") or 0)
    call = replace(call, accepted=d.at, return_by=minutes_after(d.at, minutes))
    visit = d.put_visit(replace(visit, call=call))
    for customer_id in visit.customers:
        if not holder(d, d.customer(customer_id)):
            gain(d, customer_id, call.rep, "first", visit.id, call.rule)
    d.decide(
        "call",
        visit.id,
        {"visit": visit.id, "rep": call.rep, "answer": "accept", "return_by": call.return_by},
    )
    if not host(d, visit):
        enqueue(d, d.put_visit(replace(d.visits[visit.id], status="WAITING")))


def host(d: Draft, visit: Visit) -> bool:
    """A ``peek`` helper keeps the party company until the asked rep is there."""
    helper = peek(d)
    if helper is None or visit.call is None:
        return False
    owner = visit.call.rep
    d.cite("SF-A-06", "hosts", helper=helper, owner=owner)
    if d.param("rotation.assist_counts_turn"):
        take_own_turn(d, helper, "SF-A-06")
    visit = replace(visit, status="IN_RECEPTION", rep=helper, due=owner, served=d.at)
    d.unqueue(visit.id)
    d.put_visit(visit)
    d.move(helper, ASSISTING, visit.id)
    d.note_visit(visit, rep=helper, due=owner, kind=visit.kind, via="uncounted")
    announce(d, visit, visit.due)
    return True


def owner_comes(d: Draft, visit: Visit) -> None:
    """The rep who accepted is on the floor and free: takes the party, the helper is freed."""
    call = visit.call
    assert call is not None
    host_ = visit.rep
    if host_:
        d.release(host_, visit.id)
        visit = replace(visit, helpers=(*visit.helpers, host_))
        d.note_visit(visit, helpers=visit.helpers)
    d.cite(call.rule, "owner_came", owner=call.rep)
    plan = Plan("rep", visit.kind, call.rule, RECEIVING_OLD, call.rep)
    via, turn_of = "uncounted", ""
    if visit.kind == "referral" and d.param("rotation.referral_counts_turn"):
        via, turn_of = take_own_turn(d, call.rep, call.rule), call.rep
    seat(d, visit, plan, call.rep, call.rep, RECEIVING_OLD, via, turn_of, giver=host_)


def call_fails(d: Draft, visit: Visit, effect: str) -> None:
    """Declined, no answer in time, or not back in time: the ring decides, a helper is freed."""
    call = visit.call
    assert call is not None
    _cite_failed(d, call.rule, call.rep, effect)
    if call.accepted:
        for customer_id in visit.customers:
            strike(d, customer_id, visit.id, call.rule)
    d.release_all(visit)
    visit = d.put_visit(replace(visit, call=None, asked=True, rep="", status="WAITING"))
    d.unqueue(visit.id)
    receive(d, visit)


def _cite_failed(d: Draft, rule: str, rep_id: str, effect: str) -> None:
    key = "owner.referral_return_min" if effect == "not_back" else "owner.referral_call_timeout_min"
    d.cite(rule, effect, rep=rep_id, param=key, value=d.param(key))


def refused_at_once(d: Draft, visit: Visit, effect: str) -> Visit:
    """The rep to be asked had said no before somebody else sat down with the party (SF-A-08).

    Whose turn it was is then what the ring says, not the rep who did not want to come.
    """
    cites = list(d.cites)
    plan = decide(d, visit)
    if plan.how != "call":
        d.cites = cites
        return visit
    _cite_failed(d, plan.rule, plan.rep, effect)
    return d.put_visit(replace(visit, asked=True))


# --- after every event ----------------------------------------------------------------------------
def settle(d: Draft) -> None:
    """Serve who can be served now: reps who were waited for, then the queue from its head."""
    while _serve_one(d):
        pass


def _serve_one(d: Draft) -> bool:
    for visit in d.visits.values():
        call = visit.call
        if call is not None and d.is_free(call.rep):
            if call.accepted:
                owner_comes(d, visit)
            else:
                d.cite(call.rule, "owner_came", owner=call.rep)
                receive(d, d.put_visit(replace(visit, call=None)))
            return True
    return any(_try(d, d.visits[visit_id]) for visit_id in d.queue)


def _try(d: Draft, visit: Visit) -> bool:
    if visit.keep_for == "manager":
        return False
    if visit.call is not None:
        return host(d, visit)
    if visit.keep_for:
        return _serve_kept(d, visit)
    if not any(d.is_free(rep_id) for rep_id in d.ring):
        return False  # the queue moves only while somebody is AVAILABLE (5.2)
    return receive(d, visit, quiet=True)


def _serve_kept(d: Draft, visit: Visit) -> bool:
    """``nobody_available: keep``: this visitor waits for one rep, whose turn it uses."""
    rep = d.reps[visit.keep_for]
    if d.is_free(rep.id):
        plan = replace(decide(d, visit), how="rep", kind=visit.kind or "new")
        d.cite("SF-A-01", "kept_for", rep=rep.id, param="rotation.nobody_available")
        via = take_own_turn(d, rep.id, "SF-A-01")
        seat(d, visit, plan, rep.id, rep.id, RECEIVING_NEW, via, rep.id)
        return True
    if rep.state not in WITH_VISITOR:
        d.put_visit(replace(visit, keep_for=""))
        return True
    return False
