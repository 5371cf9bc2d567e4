"""The order of decision at an arrival (4.1): rule functions, the first that answers wins.

A function looks at the visit and the floor, cites what it relies on and returns a :class:`Plan`, or
None to pass on. Another regulation is another list of such functions, not another engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.ownership import is_lapsed, loses_by_lapse, silence
from zhike_sales_floor.rules.state import (
    ASSISTING,
    LEFT,
    RECEIVING_NEW,
    RECEIVING_OLD,
    Customer,
    Visit,
)
from zhike_sales_floor.rules.validity import holder


@dataclass(frozen=True, slots=True)
class Plan:
    """How a visit is to be received.

    how       rep (that very rep), ring, peek, call (ask that rep), swap, manager.
    state     the receiver's state; kind: of the visit; rule: whose plan it is.
    gains     customers whom the receiver (or ``for_rep``) comes to own, each with the cause.
    counts    the parameter that would make this reception use a turn.
    helped    the owner for whom the receiver helps; away: whether he is off the site (4.2).
    """

    how: str
    kind: str
    rule: str
    state: str
    rep: str = ""
    gains: tuple[tuple[str, str], ...] = ()
    for_rep: str = ""
    counts: str = ""
    excluded: tuple[str, ...] = ()
    helped: str = ""
    away: bool = False


Rule = Callable[[Draft, Visit], Plan | None]


def _split(d: Draft, visit: Visit) -> tuple[list[Customer], list[str]]:
    """The party's old customers and the ids of the new ones, in the order they are named."""
    old: list[Customer] = []
    new: list[str] = []
    for customer_id in visit.customers:
        facts = d.customer(customer_id)
        if holder(d, facts):
            old.append(facts)
        else:
            new.append(customer_id)
    return old, new


def _firsts(new: list[str]) -> tuple[tuple[str, str], ...]:
    return tuple((customer_id, "first") for customer_id in new)


def event_mode(d: Draft, visit: Visit) -> Plan | None:
    """SF-D-40: the manager's method for an exhibition or launch, before everything else."""
    mode = d.event_mode
    if mode is None:
        return None
    d.cite(
        "SF-D-40",
        "event_mode",
        method=mode.method,
        begun=mode.since,
        until=mode.until,
        by=mode.by,
        reason=mode.reason,
    )
    old, new = _split(d, visit)
    if mode.method == "manual":
        return Plan("manager", "event", "SF-D-40", RECEIVING_NEW, gains=_firsts(new))
    if mode.method == "first_free" and not old:
        return Plan("peek", "event", "SF-D-40", RECEIVING_OLD, gains=_firsts(new))
    return None


def non_buying(d: Draft, visit: Visit) -> Plan | None:
    """SF-A-12 at the door: wants other material, or is scouting."""
    if visit.purpose not in ("non_buying", "scouting"):
        return None
    d.cite("SF-A-12", "not_counted", purpose=visit.purpose)
    return Plan("peek", "non_buying", "SF-A-12", ASSISTING, counts="rotation.assist_counts_turn")


def _lapse(d: Draft, visit: Visit, old: list[Customer], new: list[str]) -> Plan | None:
    """SF-A-05, judged by the party's first old customer; companions are judged one by one."""
    if not loses_by_lapse(d, old[0], visit.recognised):
        return None
    lost = [facts for facts in old if loses_by_lapse(d, facts, visit.recognised)]
    first = lost[0]
    d.cite(
        "SF-A-05",
        "lapsed",
        owner=first.owner,
        days=silence(d, first),
        limit=d.param("owner.contact_lapse_days"),
        owner_state=state_of(d, first.owner),
        recognised=visit.recognised,
        param="owner.contact_lapse_days",
    )
    barred = tuple(rep for facts in lost for rep in facts.poachers)
    if barred:
        d.cite("SF-A-08", "barred", reps=list(barred))
    gains = (*((facts.id, "lapse") for facts in lost), *_firsts(new))
    return Plan("ring", "lapsed", "SF-A-05", RECEIVING_NEW, gains=gains, excluded=barred)


def state_of(d: Draft, rep_id: str) -> str:
    """A rep's state on the floor; who is not of this floor any more has left."""
    rep = d.reps.get(rep_id)
    return rep.state if rep is not None else LEFT


def _cite_inside(d: Draft, facts: Customer, lapsed: str = "kept") -> None:
    if facts.has_closed:
        d.cite("SF-A-05", "closed_never_lapses", owner=facts.owner)
    elif d.param("owner.contact_lapse_days") is not None:
        d.cite(
            "SF-A-05",
            lapsed if is_lapsed(d, facts) else "inside",
            owner=facts.owner,
            days=silence(d, facts),
            limit=d.param("owner.contact_lapse_days"),
            param="owner.contact_lapse_days",
        )


def _swap(d: Draft, visit: Visit, facts: Customer) -> str:
    """What SF-A-02 says: yes (hand over), ask, or ``""`` (not its case).

    The rule speaks of an arrival: who waits in the queue does not arrive again when somebody is
    served, and a rep who was asked and did not come hands nobody over.
    """
    if state_of(d, facts.owner) != RECEIVING_NEW or is_lapsed(d, facts):
        return ""
    if visit.id in d.queue or visit.asked:
        return ""
    if visit.swap:
        return visit.swap if visit.swap == "yes" else ""
    return "yes" if d.param("rotation.swap_automatic") else "ask"


def party(d: Draft, visit: Visit) -> Plan | None:
    """SF-A-09: an old customer comes in person with somebody new."""
    old, new = _split(d, visit)
    if not old or not new:
        return None
    first = old[0]
    owner = first.owner
    # An AVAILABLE owner receives who brings somebody, recognised or not (4.1 step 2), unless the
    # company lets silence alone free a customer.
    if not d.is_free(owner) or d.param("owner.lapse_requires") == "none":
        lapse = _lapse(d, visit, old, new)
        if lapse is not None:
            d.cite("SF-A-09", "lapse_first", brings=new)
            return lapse
    gains = _firsts(new)
    if d.is_free(owner):
        _cite_inside(d, first, "kept_with_party")
        d.cite("SF-A-09a", "owner_receives", owner=owner, old=first.id, new=new)
        return Plan(
            "rep",
            "referral",
            "SF-A-09a",
            RECEIVING_OLD,
            owner,
            gains,
            counts="rotation.referral_counts_turn",
        )
    swap = _swap(d, visit, first)
    if swap == "yes":
        _cite_inside(d, first)
        d.cite("SF-A-09", "swap", owner=owner)
        counts = "rotation.referral_counts_turn"
        return Plan("swap", "referral", "SF-A-02", RECEIVING_OLD, owner, gains, counts=counts)
    if visit.asked or state_of(d, owner) == LEFT:
        d.cite("SF-A-09b", "by_ring", owner=owner, asked=visit.asked)
        return Plan("ring", "new", "SF-A-09b", RECEIVING_NEW, gains=gains)
    d.cite("SF-A-09b", "ask_owner", owner=owner, owner_state=state_of(d, owner))
    return Plan("call", "referral", "SF-A-09b", RECEIVING_OLD, owner, gains)


def old_customer(d: Draft, visit: Visit) -> Plan | None:
    """SF-A-05, 03, 02, 06: everybody in the party has an owner."""
    old, new = _split(d, visit)
    if not old or new:
        return None
    lapse = _lapse(d, visit, old, new)
    if lapse is not None:
        return lapse
    first = old[0]
    owner = first.owner
    _cite_inside(d, first)
    if visit.names or visit.asks_for or visit.refuses:
        d.cite("SF-A-03", "wish_has_no_effect", owner=owner)
    if d.is_free(owner):
        d.cite("SF-A-03a", "owner_receives", owner=owner)
        return Plan(
            "rep",
            "old",
            "SF-A-03a",
            RECEIVING_OLD,
            owner,
            counts="rotation.revisit_counts_turn",
        )
    swap = _swap(d, visit, first)
    if swap == "yes":
        counts = "rotation.revisit_counts_turn"
        return Plan("swap", "old", "SF-A-02", RECEIVING_OLD, owner, counts=counts)
    if swap == "ask":
        d.cite("SF-A-02", "ask_owner", owner=owner, param="rotation.swap_automatic")
        return Plan("call", "old", "SF-A-02", RECEIVING_OLD, owner)
    d.cite("SF-A-06", "obligation", owner=owner, owner_state=state_of(d, owner))
    return Plan(
        "peek", "assisted", "SF-A-06", ASSISTING, owner, counts="rotation.assist_counts_turn"
    )


def introduced(d: Draft, visit: Visit) -> Plan | None:
    """SF-A-11: a new visitor comes alone and names the customer who sent him."""
    if not visit.introducer:
        return None
    policy = d.param("owner.friend_intro_policy")
    if policy != "introducer_first_rep":
        d.cite("SF-A-11", "own_receiver", param="owner.friend_intro_policy", value=policy)
        return None
    first = d.customer(visit.introducer).first
    if first is None:
        d.cite("SF-A-11", "introducer_unknown", introducer=visit.introducer)
        return None
    rep_id = first.rep
    gains = _firsts(list(visit.customers))
    if d.is_free(rep_id):
        d.cite("SF-A-11", "first_rep_receives", rep=rep_id, introducer=visit.introducer)
        return Plan(
            "rep",
            "referral",
            "SF-A-11",
            RECEIVING_OLD,
            rep_id,
            gains,
            counts="rotation.referral_counts_turn",
        )
    if visit.asked or state_of(d, rep_id) == LEFT:
        d.cite("SF-A-11", "by_ring", rep=rep_id, asked=visit.asked)
        return Plan("ring", "new", "SF-A-11", RECEIVING_NEW, gains=gains)
    d.cite("SF-A-11", "ask_owner", owner=rep_id, owner_state=state_of(d, rep_id))
    return Plan("call", "referral", "SF-A-11", RECEIVING_OLD, rep_id, gains)


def named(d: Draft, visit: Visit) -> Plan | None:
    """SF-D-07, borrowed: a first visit that asks for one rep. Several names designate nobody."""
    wish = visit.asks_for or (visit.names[0] if len(visit.names) == 1 else "")
    if not wish:
        return None
    policy = d.param("owner.first_visit_named_policy")
    facts = {"rep": wish, "param": "owner.first_visit_named_policy", "value": policy}
    gains = _firsts(list(visit.customers))
    if policy in ("honour_if_available", "honour_always") and d.is_free(wish):
        d.cite("SF-D-07", "named_receives", **facts)
        return Plan("rep", "named", "SF-D-07", RECEIVING_OLD, wish, gains)
    if policy == "honour_always" and d.in_ring(wish):
        d.cite("SF-D-07", "named_owns", **facts)
        return Plan(
            "peek",
            "assisted",
            "SF-D-07",
            ASSISTING,
            wish,
            gains,
            for_rep=wish,
            counts="rotation.assist_counts_turn",
        )
    d.cite("SF-D-07", "by_ring", **facts)
    return None


def manual(d: Draft, visit: Visit) -> Plan | None:
    """SF-I-05, borrowed: a site where the manager assigns new visitors by hand."""
    if d.param("assignment.mode") != "manual":
        return None
    d.cite("SF-I-05", "manual", param="assignment.mode")
    gains = _firsts(list(visit.customers))
    return Plan("manager", "new", "SF-I-05", RECEIVING_NEW, gains=gains)


def new_visitor(d: Draft, visit: Visit) -> Plan | None:
    """SF-A-01: the ring. Always answers."""
    gains = _firsts(list(visit.customers))
    return Plan("ring", "new", "SF-A-01", RECEIVING_NEW, gains=gains)


P12: tuple[Rule, ...] = (
    event_mode,
    non_buying,
    party,
    old_customer,
    introduced,
    named,
    manual,
    new_visitor,
)
"""Order of decision at an arrival under the twelve rules; other orders are in :mod:`.orders`."""
