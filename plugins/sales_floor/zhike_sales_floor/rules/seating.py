"""Who sits with a visitor, in turn or out of turn (SF-A-08), and what that gives."""

from __future__ import annotations

from dataclasses import replace

from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.ownership import gain, met_by_owner, note_help, substitute
from zhike_sales_floor.rules.plans import Plan
from zhike_sales_floor.rules.state import (
    ASSISTING,
    RECEIVING_INVALID,
    RECEIVING_NEW,
    RECEIVING_OLD,
    Visit,
)


def seat(
    d: Draft,
    visit: Visit,
    plan: Plan,
    due: str,
    rep_id: str,
    state: str,
    via: str,
    turn_of: str,
    *,
    flag: str = "",
    chosen: str = "",
    giver: str = "",
) -> Visit:
    """Put a rep with the visitors and note who owns them; closes the decision.

    due      who the visit belongs to by the rules: gains the customers the plan names.
    turn_of  whose turn or ticket was used, ``""`` for none.
    chosen   whom the rules chose, where somebody else sat down.
    giver    who sat with the visitors until now and hands them over.
    """
    visit = replace(
        visit,
        status="IN_RECEPTION",
        kind=plan.kind,
        via=via,
        rep=rep_id,
        due=due,
        turn_of=turn_of,
        flag=flag,
        offender=rep_id if flag else visit.offender,
        call=None,
        keep_for="",
        served=d.at,
    )
    d.unqueue(visit.id)
    d.put_visit(visit)
    d.move(rep_id, state, visit.id)
    d.note_visit(
        visit, rep=rep_id, due=due, turn_of=turn_of, kind=plan.kind, via=via, flag=flag, end=""
    )
    for customer_id, cause in plan.gains:
        gain(d, customer_id, plan.for_rep or due, cause, visit.id, plan.rule)
    if plan.helped and state == ASSISTING:
        note_help(d, visit.customers, rep_id, plan.helped, visit.id, away=plan.away)
    if state in (RECEIVING_OLD, RECEIVING_NEW):
        met_by_owner(d, visit.customers, rep_id)
    rightful = due if chosen else plan.for_rep or plan.rep or due
    announce(d, visit, rightful, chosen, giver)
    return visit


def announce(d: Draft, visit: Visit, rightful: str, chosen: str = "", giver: str = "") -> None:
    """Close the decision about who receives: whom the rules chose, who really sits there."""
    line = {
        "visit": visit.id,
        "customers": list(visit.customers),
        "rep": chosen or visit.rep,
        "via": visit.via,
        "kind": visit.kind,
        "status": visit.status.lower(),
    }
    if giver:
        line["from"] = giver
    if line["rep"] != visit.rep:
        line["received_by"] = visit.rep
        if visit.flag:
            line["flag"] = visit.flag
    if rightful != line["rep"] or "flag" in line:
        line["rightful"] = rightful
    d.assignments.append(line)
    d.decide("assignment", visit.id, line)


def out_of_turn(
    d: Draft,
    visit: Visit,
    plan: Plan,
    due: str,
    actual: str,
    flag: str,
    via: str,
    turn_of: str,
) -> None:
    """Somebody else sat down: the ring moves as if the rightful rep had received (SF-A-08).

    Not flagged, the receiver keeps what the plan gives; who was due stays on record, so that a
    later report finds the rightful rep.
    """
    if not d.is_free(actual):
        raise d.refuse("not_available", "received_by", who=actual)
    rightful = plan.for_rep or plan.rep or due
    if flag == "none":
        d.cite("SF-A-08", "not_flagged", rightful=rightful, received_by=actual)
        own = replace(plan, for_rep=actual)
        seat(d, visit, own, rightful, actual, plan.state, via, turn_of, chosen=due)
        return
    d.cite("SF-A-08", flag, rightful=rightful, offender=actual)
    cite_consequence(d, "turn_of_rightful" if turn_of else "no_turn_moves", rightful, actual)
    for customer_id, cause in plan.gains:
        gain(d, customer_id, rightful, cause, visit.id, plan.rule)
    forfeit(d, actual)
    bare = replace(plan, gains=())
    seat(
        d,
        visit,
        bare,
        rightful,
        actual,
        RECEIVING_INVALID,
        via,
        turn_of,
        flag=flag,
        chosen=due,
    )
    for customer_id in visit.customers:
        substitute(d, visit.id, customer_id, actual, rightful)


def cite_consequence(d: Draft, effect: str, rightful: str, offender: str) -> None:
    """Say how the rightful rep is made good, and what the offender's time with the visitor is."""
    d.cite(
        "SF-A-08",
        effect,
        rightful=rightful,
        offender=offender,
        param="rotation.poach_busy_effect",
        value=d.param("rotation.poach_busy_effect"),
    )


def forfeit(d: Draft, offender: str) -> None:
    """The offender's next base turn is skipped where the policy says so."""
    if d.param("rotation.offender_next_turn") == "forfeit_next" and d.in_ring(offender):
        rep = d.reps[offender]
        d.set_rep(replace(rep, prepaid=(*rep.prepaid, "SF-A-08")))
        d.cite("SF-A-08", "next_turn_forfeited", offender=offender)
