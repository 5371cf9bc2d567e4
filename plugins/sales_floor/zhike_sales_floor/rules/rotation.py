"""The rotation ledger: who is next, and exactly what moves when (5.2)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from zhike.rules import days_between, instant
from zhike_sales_floor.rules.borrowing import cited_as
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.state import (
    ABSENT,
    ASSISTING,
    AVAILABLE,
    AWAY,
    OFF_DUTY,
    OUT_PRIVATE,
    OUT_PUBLIC,
    RECEIVING_INVALID,
    RECEIVING_NEW,
    RECEIVING_OLD,
    Floor,
    Rep,
    Ticket,
)


@dataclass(frozen=True, slots=True)
class Pick:
    """Who was chosen for a new visitor, and by what: the ring or a ticket."""

    rep: str
    via: str
    ticket: str = ""


def select_new(d: Draft, visit: str, excluded: Collection[str] = ()) -> Pick | None:
    """Choose the receiver of a new visitor: oldest usable ticket, else the ring from the pointer.

    Applies what moves (ticket used, pass effects, pointer). None, and nothing moved, if nobody is
    AVAILABLE. ``excluded`` reps cannot be chosen, by ticket or by ring.
    """
    ticket = usable_ticket(d, excluded)
    if ticket is not None:
        d.use(ticket)
        d.cite("SF-A-01", "ticket", rep=ticket.rep, kind=ticket.kind, issued=ticket.at)
        return Pick(ticket.rep, "ticket", ticket.kind)
    place = _place_in_ring(d, excluded)
    if place is None:
        return None
    chosen = d.ring[place]
    for passed in d.ring[:place]:
        _pass(d, d.reps[passed], visit)
    d.cite("SF-A-01", "turn", rep=chosen, passed=place)
    d.ring = d.ring[place + 1 :] + d.ring[: place + 1]
    d.counted_today += 1
    return Pick(chosen, "turn")


def usable_ticket(d: Draft, excluded: Collection[str] = ()) -> Ticket | None:
    """The ticket to be used next, in the policy's order, among holders who are AVAILABLE."""
    usable = [t for t in d.tickets if t.rep not in excluded and d.is_free(t.rep)]
    if not usable:
        return None
    if d.param("rotation.ticket_order") == "ring_order":
        return min(usable, key=lambda t: (d.ring.index(t.rep), t.id))
    return usable[0]


def _place_in_ring(d: Draft, excluded: Collection[str]) -> int | None:
    fallback: int | None = None
    for place, rep_id in enumerate(d.ring):
        rep = d.reps[rep_id]
        if rep.state != AVAILABLE or rep_id in excluded:
            continue
        if not rep.prepaid:
            return place
        # A forfeited turn steps aside for a colleague, never so that a visitor is left standing.
        fallback = place if fallback is None else fallback
    return fallback


def _pass(d: Draft, rep: Rep, visit: str) -> None:
    """Apply the last column of 5.1 to a rep the pointer steps over."""
    if rep.prepaid and rep.state != OFF_DUTY:
        # The turn that comes now was forfeited, or had been taken ahead: it earns nothing.
        rule, effect = rep.prepaid[0], "skipped"
        d.set_rep(replace(rep, prepaid=rep.prepaid[1:]))
    elif rep.state == AVAILABLE:
        rule, effect = "SF-A-08", "none"
    else:
        rule, effect = pass_effect(d, rep)
        if effect == "comp" and not d.comp(rep.id, rule, visit):
            effect = "capped"
        after = replace(rep, passed=rep.passed + 1)
        if effect == "miss" and after.absences and rep.state in AWAY:
            last = after.absences[-1]
            last = replace(last, misses=(*last.misses, visit))
            after = replace(after, absences=(*after.absences[:-1], last))
        d.set_rep(after)
    rule = cited_as(d.policy.preset, rule, f"pass_{effect}")
    d.passes.append({"rep": rep.id, "effect": effect, "rule": rule, "visit": visit})
    d.cite(rule, f"pass_{effect}", rep=rep.id, state=rep.state, **_cap_fact(d, effect))


def _cap_fact(d: Draft, effect: str) -> dict[str, object]:
    if effect not in ("comp", "capped"):
        return {}
    return {"param": "rotation.owed_cap", "value": d.param("rotation.owed_cap")}


def pass_effect(d: Draft, rep: Rep) -> tuple[str, str]:
    """Rule and effect (comp, miss, none) of the pointer passing a rep in this state."""
    state = rep.state
    if state == OUT_PUBLIC and over_lunch(d, rep):
        state = OUT_PRIVATE
    if state == RECEIVING_NEW:
        return "SF-A-04b", _excused(d, "rotation.comp_on_busy_new")
    if state == RECEIVING_OLD:
        return "SF-A-03b", _excused(d, "rotation.comp_on_busy_old")
    if state == ASSISTING:
        return "SF-A-06", _excused(d, "rotation.comp_on_busy_old")
    if state == RECEIVING_INVALID:
        return "SF-A-08", str(d.param("rotation.poach_busy_effect") or "miss")
    if state == OUT_PUBLIC:
        return "SF-A-04b", _excused(d, "rotation.comp_on_public")
    if state == OUT_PRIVATE:
        return "SF-A-04a", str(d.param("rotation.private_absence_effect") or "miss")
    if state == ABSENT:
        return "SF-A-04a", str(d.param("rotation.unexcused_absence_effect") or "miss")
    return "SF-A-04", "none"


def _excused(d: Draft, key: str) -> str:
    return "comp" if d.param(key) else "miss"


def over_lunch(d: Draft, rep: Rep) -> bool:
    """Whether a lunch has lasted longer than the policy excuses (SF-E-214, borrowed)."""
    if not rep.absences or rep.absences[-1].kind != "lunch":
        return False
    minutes = d.param("rotation.lunch_minutes")
    if minutes is None:
        return False
    gone = instant(d.at) - instant(rep.absences[-1].out)
    return gone.total_seconds() > int(minutes) * 60


def peek(d: Draft, excluded: Collection[str] = ()) -> str | None:
    """The first AVAILABLE rep from the pointer; no ticket is used and nothing moves."""
    for rep_id in d.ring:
        if rep_id not in excluded and d.is_free(rep_id):
            return rep_id
    return None


def take_own_turn(d: Draft, rep_id: str, rule: str) -> str:
    """Count a reception outside the ring as this rep's turn, where the policy wants that.

    The rep's oldest ticket goes first; a rep the pointer is on moves behind it; any other rep's
    next base turn is skipped when it comes. Returns how it counted: ticket or turn.
    """
    for ticket in d.tickets:
        if ticket.rep == rep_id:
            d.use(ticket)
            d.cite(rule, "counted_by_ticket", rep=rep_id)
            return "ticket"
    if d.ring and d.ring[0] == rep_id:
        d.ring = (*d.ring[1:], rep_id)
        d.cite(rule, "counted_by_turn", rep=rep_id)
    else:
        rep = d.reps[rep_id]
        d.set_rep(replace(rep, prepaid=(*rep.prepaid, rule)))
        d.cite(rule, "counted_ahead", rep=rep_id)
    d.counted_today += 1
    return "turn"


def refund(d: Draft, rep_id: str, rule: str, visit: str) -> bool:
    """Give a used turn back as a refund ticket, unless its holder has left for good."""
    if not d.in_ring(rep_id):
        return False
    d.issue(rep_id, "refund", rule, visit)
    return True


def next_up(floor: Floor | Draft, ticket_order: str = "fifo") -> list[str]:
    """Who would receive the next new visitors, in order: AVAILABLE ticket holders, then the ring.

    Whose coming turn is forfeited or taken comes after the others.
    """
    free = [rep_id for rep_id in floor.ring if floor.reps[rep_id].state == AVAILABLE]
    owed = {ticket.rep for ticket in floor.tickets}
    if ticket_order == "ring_order":
        holders = [rep_id for rep_id in free if rep_id in owed]
    else:
        holders = [ticket.rep for ticket in floor.tickets if ticket.rep in free]
    turns = sorted(free, key=lambda rep_id: bool(floor.reps[rep_id].prepaid))
    return list(dict.fromkeys([*holders, *turns]))


def remove_from_ring(d: Draft, rep_id: str) -> None:
    """Take a rep out of ring and roster; the pointer falls to the next."""
    d.ring = tuple(other for other in d.ring if other != rep_id)
    d.roster = tuple(other for other in d.roster if other != rep_id)


def expire_tickets(d: Draft) -> None:
    """Delete tickets older than the policy's days (CV-2)."""
    days = d.param("rotation.ticket_expiry_days")
    if days is None or not d.tickets:
        return
    gone = [t for t in d.tickets if days_between(t.at, d.at) > int(days)]
    if not gone:
        return
    d.drop_tickets(gone)
    for ticket in gone:
        d.cite(
            ticket.rule,
            "ticket_expired",
            rep=ticket.rep,
            issued=ticket.at,
            param="rotation.ticket_expiry_days",
            value=days,
        )
        d.decide("ticket", ticket.rep, {"rep": ticket.rep, "kind": ticket.kind, "expired": True})
