"""Arrivals under the thirteen rules of SF-D (preset P13): the customer's wish, then the records.

Here *valid* is a record inside its months (SF-D-25) on the day of the visit. Reps who may be meant:
B holds a valid record already, A is the one now receiving, C helps for somebody who cannot.
"""

from __future__ import annotations

from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.plans import Plan, state_of
from zhike_sales_floor.rules.state import (
    ASSISTING,
    AWAY,
    LEFT,
    OFF_DUTY,
    RECEIVING_NEW,
    RECEIVING_OLD,
    Customer,
    Visit,
)
from zhike_sales_floor.rules.validity import (
    holder,
    months,
    opened,
    records,
    valid_reps,
    valid_through,
)

REVISIT = "rotation.revisit_counts_turn"
ASSIST = "rotation.assist_counts_turn"


def is_away(d: Draft, rep_id: str) -> bool:
    """Whether a rep is off the site: out for any reason, absent or off duty (4.2)."""
    rep = d.reps.get(rep_id)
    return rep is None or rep.state in (*AWAY, OFF_DUTY, LEFT)


def to_holder(
    d: Draft,
    visit: Visit,
    rep_id: str,
    rule: str,
    kind: str = "old",
    gains: tuple[tuple[str, str], ...] = (),
    counts: str = REVISIT,
) -> Plan:
    """B receives if he is free; else the next free one helps for him (SF-D-28, 30, 06)."""
    if d.is_free(rep_id):
        if rule == "SF-D-28":
            d.cite("SF-D-28", "holder_receives", owner=rep_id)
        d.cite("SF-D-08", "revisit_uncounted", owner=rep_id, param=counts)
        return Plan("rep", kind, rule, RECEIVING_OLD, rep_id, gains, counts=counts)
    away = is_away(d, rep_id)
    facts = {"owner": rep_id, "owner_state": state_of(d, rep_id)}
    if away:
        d.cite("SF-D-30", "helps_absent", param="split.absent_assist", **facts)
    else:
        d.cite("SF-D-06", "helps_busy", param="split.same_day_assist", **facts)
    d.cite("SF-D-08", "revisit_uncounted", owner=rep_id, param=ASSIST)
    if rule == "SF-D-28":
        rule = "SF-D-30" if away else "SF-D-06"
    return Plan(
        "peek", "assisted", rule, ASSISTING, rep_id, gains, rep_id, ASSIST, helped=rep_id, away=away
    )


def _hosted(d: Draft, rep_id: str, rule: str, gains: tuple[tuple[str, str], ...]) -> Plan:
    """The rep asked for cannot receive: a colleague hosts as plain obligation, unpaid (G-41)."""
    d.cite("SF-D-06", "hosts_unpaid", owner=rep_id, owner_state=state_of(d, rep_id))
    return Plan("peek", "assisted", rule, ASSISTING, rep_id, gains, rep_id, ASSIST)


def _returning(d: Draft, visit: Visit) -> list[Customer]:
    """Those of the party somebody holds a valid record of."""
    everybody = [d.customer(customer_id) for customer_id in visit.customers]
    return [facts for facts in everybody if valid_reps(d, facts)]


def _wishes(visit: Visit) -> tuple[tuple[str, str], ...]:
    return tuple((customer_id, "wish") for customer_id in visit.customers)


def _firsts(visit: Visit) -> tuple[tuple[str, str], ...]:
    return tuple((customer_id, "first") for customer_id in visit.customers)


def brings(d: Draft, visit: Visit) -> Plan | None:
    """SF-D-37: an old customer brings a new one; both are the original rep's."""
    old = [facts for facts in _returning(d, visit) if holder(d, facts)]
    if visit.forgot or not visit.recognised or not old or len(old) == len(visit.customers):
        return None
    known = {facts.id for facts in old}
    new = [customer_id for customer_id in visit.customers if customer_id not in known]
    owner = holder(d, old[0])
    d.cite("SF-D-37", "brings_new", owner=owner, old=old[0].id, new=new)
    gains = tuple((customer_id, "first") for customer_id in new)
    counts = "rotation.referral_counts_turn"
    return to_holder(d, visit, owner, "SF-D-37", "referral", gains, counts)


def asks_for(d: Draft, visit: Visit) -> Plan | None:
    """The customer asks for one rep: SF-D-28/30, 07, 31, 29, 33 or 35 (SF-D-27: the wish first)."""
    wish = visit.asks_for
    old = _returning(d, visit)
    if not wish or state_of(d, wish) == LEFT:
        return None
    if not old:
        return _first_visit(d, visit, wish)
    valid = valid_reps(d, old[0])
    if wish in valid:
        switch = tuple((c.id, "wish") for c in old if holder(d, c) != wish)
        d.cite("SF-D-27", "wish_first", rep=wish)
        return to_holder(d, visit, wish, "SF-D-28", gains=switch)
    if visit.discount:
        return _for_discount(d, visit, wish, holder(d, old[0]))
    unwanted = [rep for rep in visit.refuses if rep in valid]
    accused = [rep for rep in visit.complains_about if rep in valid]
    if accused:
        rule = "SF-D-31"
        d.cite(rule, "complains", about=accused, rep=wish)
    elif unwanted:
        rule = "SF-D-29"
        d.cite(rule, "refuses", refused=unwanted, rep=wish)
    else:
        rule = "SF-D-35"
        d.cite(rule, "designates", rep=wish, earlier=list(valid))
    d.cite("SF-D-08", "revisit_uncounted", owner=wish, param=REVISIT)
    if not d.is_free(wish):
        return _hosted(d, wish, rule, _wishes(visit))
    return Plan("rep", "named", rule, RECEIVING_OLD, wish, _wishes(visit), counts=REVISIT)


def _for_discount(d: Draft, visit: Visit, wish: str, owner: str) -> Plan:
    """SF-D-33: he comes to another rep for a better price; that rep serves and wins nothing."""
    d.cite("SF-D-33", "serves_unpaid", rep=wish, owner=owner, param="split.discount_shopping")
    if not d.is_free(wish):
        return _hosted(d, wish, "SF-D-33", ())
    return Plan("rep", "assisted", "SF-D-33", ASSISTING, wish, counts=REVISIT)


def _first_visit(d: Draft, visit: Visit, wish: str) -> Plan | None:
    """SF-D-07: nobody holds a valid record, and the visitor asks for a rep on entering."""
    policy = d.param("owner.first_visit_named_policy")
    facts = {"rep": wish, "param": "owner.first_visit_named_policy", "value": policy}
    if policy in ("honour_if_available", "honour_always") and d.is_free(wish):
        d.cite("SF-D-07", "named_receives", **facts)
        return Plan("rep", "named", "SF-D-07", RECEIVING_OLD, wish, _firsts(visit))
    if policy == "honour_always":
        d.cite("SF-D-07", "named_owns", **facts)
        return to_holder(d, visit, wish, "SF-D-07", "named", _firsts(visit))
    d.cite("SF-D-07", "by_ring", **facts)
    return None


def names_several(d: Draft, visit: Visit) -> Plan | None:
    """SF-D-32: several names and no wish: the first of them who holds a record and is free."""
    old = _returning(d, visit)
    if visit.asks_for or len(visit.names) < 2 or not old:
        return None
    valid = valid_reps(d, old[0])
    meant = [rep for rep in visit.names if rep in valid and rep not in visit.refuses]
    expired = [rep for rep in visit.names if rep not in valid]
    if not meant:
        return None
    d.cite("SF-D-32", "names_several", names=list(visit.names), valid=meant)
    if expired:
        d.cite("SF-D-25", "no_valid_record", reps=expired, param="owner.record_validity_months")
    rep_id = next((rep for rep in meant if d.is_free(rep)), meant[0])
    return to_holder(d, visit, rep_id, "SF-D-32", "named", _wishes(visit))


def matched(d: Draft, visit: Visit) -> Plan | None:
    """He names, or the register knows, one earlier rep: SF-D-28/30, or 29/31 if he refuses him."""
    old = _returning(d, visit)
    if not old or visit.forgot or not visit.recognised:
        return None
    valid = valid_reps(d, old[0])
    named = next((rep for rep in visit.names if rep in valid), "")
    rep_id = named or holder(d, old[0])
    refused = rep_id in visit.refuses
    if rep_id in visit.complains_about or refused:
        rule = "SF-D-31" if rep_id in visit.complains_about else "SF-D-29"
        unwanted = tuple(dict.fromkeys((*visit.refuses, *visit.complains_about)))
        if rule == "SF-D-31":
            d.cite(rule, "complains", about=list(visit.complains_about), rep="")
        else:
            d.cite(rule, "refuses", refused=[rep for rep in unwanted if rep in valid], rep="")
        d.cite("SF-D-08", "revisit_uncounted", owner=rep_id, param=REVISIT)
        return Plan(
            "peek",
            "named",
            rule,
            RECEIVING_OLD,
            gains=_wishes(visit),
            counts=REVISIT,
            excluded=unwanted,
        )
    switch = tuple((c.id, "wish") for c in old if named and holder(d, c) != named)
    return to_holder(d, visit, rep_id, "SF-D-28", gains=switch)


def forgotten(d: Draft, visit: Visit) -> Plan | None:
    """SF-D-34: was here before and forgot with whom: by the ring, and it counts."""
    if not visit.forgot:
        return None
    d.cite("SF-D-34", "forgot")
    return Plan("ring", "forgotten", "SF-D-34", RECEIVING_NEW, gains=_firsts(visit))


def first_name(d: Draft, visit: Visit) -> Plan | None:
    """SF-D-07 for a visitor nobody has on record who mentions one rep only."""
    if visit.asks_for or len(visit.names) != 1 or state_of(d, visit.names[0]) == LEFT:
        return None
    if any(d.customer(customer_id).owning for customer_id in visit.customers):
        return None
    return _first_visit(d, visit, visit.names[0])


def by_ring(d: Draft, visit: Visit) -> Plan:
    """SF-D-02: new, or with expired records only. Always answers."""
    limit = months(d)
    for customer_id in visit.customers:
        for rep_id, entry in records(d.customer(customer_id)).items():
            if limit is None or rep_id in valid_reps(d, d.customer(customer_id)):
                continue
            d.cite(
                "SF-D-25",
                "expired",
                owner=rep_id,
                opened=opened(entry)[:10],
                through=valid_through(entry, limit).isoformat(),
                param="owner.record_validity_months",
            )
    return Plan("ring", "new", "SF-D-02", RECEIVING_NEW, gains=_firsts(visit))
