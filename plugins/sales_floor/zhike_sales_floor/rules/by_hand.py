"""What people set and write up themselves: the floor as it stands, receptions kept on paper.

Two verbs. ``set_floor`` says how ring, tickets, states and visits in hand stand from now on: at the
cut-over from paper, and after a stretch that was kept on paper. ``paper`` writes up one reception
of such a stretch with its real times. Neither rewinds anything (CV-8): what was decided stands, and
who owns a customer follows the order of recording (CV-1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from zhike.rules import EventInvalid
from zhike.rules.windows import later
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.given import read_state, read_tickets
from zhike_sales_floor.rules.ownership import gain, met_by_owner
from zhike_sales_floor.rules.parse import Event, read_instant, read_names
from zhike_sales_floor.rules.receive import enqueue
from zhike_sales_floor.rules.state import (
    ABSENT,
    ASSISTING,
    AVAILABLE,
    OFF_DUTY,
    OUT_PRIVATE,
    OUT_PUBLIC,
    RECEIVING_NEW,
    RECEIVING_OLD,
    WITH_VISITOR,
    Absence,
    Owning,
    Rep,
    SetByHand,
    Ticket,
    Visit,
    VisitNote,
)

RULE = "SF-A-01"
"""What a hand sets is the ring's business; the clause that knows the ring is named with it."""

SETTABLE = (AVAILABLE, OFF_DUTY, OUT_PUBLIC, OUT_PRIVATE, ABSENT)
_KINDS = {OUT_PUBLIC: "public", OUT_PRIVATE: "private", ABSENT: "none"}
_SITTING = {"new": RECEIVING_NEW, "old": RECEIVING_OLD, "assisted": ASSISTING}
_TICKET_KEYS = ("rep", "kind", "at", "reason")
_HAND_KEYS = ("visit", "customers", "rep", "since")


# --- the floor as it stands ----------------------------------------------------------------------
def set_floor(d: Draft, event: Event) -> None:
    """Ring, tickets, states and visits in hand are what the manager says; the rest stays."""
    by, reason = event.text("by"), event.text("reason")
    if not reason.strip():
        raise d.refuse("no_reason", "reason")
    for visit_id in event.get("withdraw") or ():
        _withdraw(d, visit_id)
    _set_ring(d, event.get("ring") or ())
    for rep_id, word in (event.get("states") or {}).items():
        _set_state(d, rep_id, read_state(word, f"states.{rep_id}"))
    for row in event.get("in_hand") or ():
        _take_in_hand(d, row)
    tickets = event.get("tickets")
    if tickets is not None:
        _set_tickets(d, tickets)
    d.by_hand = SetByHand(d.at, by, reason)
    facts = {"ring": list(d.ring), "owed": [ticket.rep for ticket in d.tickets]}
    d.cite(RULE, "set_by_hand", by=by, reason=reason, **facts)
    d.decide("floor", d.day, {**facts, "by": by, "reason": reason})


def _set_ring(d: Draft, order: Sequence[str]) -> None:
    """The stated reps stand in this order from the pointer on, whoever is not named behind them."""
    for rep_id in order:
        if rep_id in d.reps:
            d.staying(rep_id, "ring")
            continue
        d.roster = (*d.roster, rep_id)
        d.set_rep(Rep(rep_id, OFF_DUTY, since=d.at))
    d.ring = (*order, *(rep_id for rep_id in d.ring if rep_id not in order))


def _set_state(d: Draft, rep_id: str, state: str) -> None:
    rep = d.staying(rep_id, "states")
    if state not in SETTABLE:
        raise EventInvalid(
            f"{state} cannot be set", code="value", field=f"states.{rep_id}", allowed=SETTABLE
        )
    if rep.state == state:
        return
    if rep.state in WITH_VISITOR:
        raise d.refuse("visit_in_hand", "states", who=rep_id)
    absences = rep.absences
    if absences and not absences[-1].back:
        absences = (*absences[:-1], replace(absences[-1], back=d.at))
    if state in _KINDS:
        absences = (*absences, Absence(_KINDS[state], d.at))
    d.set_rep(replace(rep, absences=absences))
    d.move(rep_id, state)


def _set_tickets(d: Draft, stated: Sequence[Any]) -> None:
    """The queue of tickets is the stated one; a ticket that is in it already stays the same."""
    held = list(d.tickets)
    kept: list[Ticket] = []
    for row in stated:
        rep_id, kind, at = _ticket(d, row)
        known = next((t for t in held if t.rep == rep_id and t.kind == kind), None)
        if known is not None:
            held.remove(known)
            kept.append(known)
            continue
        d.issue(rep_id, kind, RULE, "")
        kept.append(replace(d.tickets[-1], at=at))
    d.drop_tickets(held)
    d.tickets = tuple(kept)


def _ticket(d: Draft, row: Any) -> tuple[str, str, str]:
    if not isinstance(row, Mapping):
        ((rep_id, kind),) = read_tickets([row])
        return d.staying(rep_id, "tickets").id, kind, d.at
    _known(row, _TICKET_KEYS, "tickets")
    ((rep_id, kind),) = read_tickets([{"rep": row.get("rep", ""), "kind": row.get("kind", "comp")}])
    at = read_instant(row.get("at") or d.at, "tickets.at", d.at[:10])
    at = _past(d, at, "tickets.at")
    return d.staying(rep_id, "tickets").id, kind, at


def _known(row: Mapping[str, Any], keys: Sequence[str], field: str) -> None:
    for key in row:
        if key not in keys:
            raise EventInvalid(
                f"{field} has no such field", code="field", field=f"{field}.{key}", allowed=keys
            )


def _past(d: Draft, stated: str, field: str) -> str:
    """A stated instant in the event's own way of writing; EventRefused for one still to come."""
    at = stated[:19] + d.at[19:] if (len(stated) > 19) != (len(d.at) > 19) else stated
    if later(at, d.at):
        raise d.refuse("not_yet", field, what=at)
    return at


# --- visits in hand ------------------------------------------------------------------------------
def _take_in_hand(d: Draft, row: Any) -> None:
    if not isinstance(row, Mapping):
        raise EventInvalid(f"{row!r} cannot be read", code="value", field="in_hand")
    _known(row, _HAND_KEYS, "in_hand")
    since = read_instant(row.get("since") or d.at, "in_hand.since", d.at[:10])
    since = _past(d, since, "in_hand.since")
    customers = read_names(row.get("customers") or ())
    if not customers:
        raise EventInvalid("a visit needs its visitors", code="missing", field="in_hand.customers")
    visit_id = str(row.get("visit") or _next_visit(d))
    seat_by_hand(d, visit_id, customers, str(row.get("rep") or ""), since)


def _next_visit(d: Draft) -> str:
    d.visit_seq += 1
    return f"v{d.visit_seq}"


def seat_by_hand(
    d: Draft, visit_id: str, customers: Sequence[str], rep_id: str, since: str
) -> Visit:
    """Put a party on the floor that came while nobody logged it; without a rep it waits.

    A party whose first customer nobody owns took the rep's turn on paper: it is marked as used, and
    the ring does not move. Its customers are the rep's, as ``given``.
    """
    _must_be_new(d, visit_id, customers)
    free = tuple(one for one in customers if not d.customer(one).owner)
    visit = Visit(visit_id, tuple(customers), since, new=free)
    if not rep_id:
        enqueue(d, d.put_visit(visit))
        return visit
    rep = d.staying(rep_id, "in_hand.rep")
    if rep.state in WITH_VISITOR:
        raise d.refuse("visit_in_hand", "in_hand.rep", who=rep_id)
    kind = kind_of(d, customers, rep_id)
    owner = d.customer(customers[0]).owner
    counted = kind == "new"
    visit = replace(
        visit,
        status="IN_RECEPTION",
        kind=kind,
        via="turn" if counted else "uncounted",
        rep=rep_id,
        due=owner or rep_id,
        turn_of=rep_id if counted else "",
        served=since,
    )
    if rep.absences and not rep.absences[-1].back:
        last = replace(rep.absences[-1], back=d.at)
        d.set_rep(replace(rep, absences=(*rep.absences[:-1], last)))
    d.put_visit(visit)
    d.move(rep_id, _SITTING[kind], visit_id)
    d.note_visit(
        visit, rep=rep_id, due=visit.due, turn_of=visit.turn_of, kind=kind, via=visit.via, end=""
    )
    for customer_id in free:
        gain(d, customer_id, rep_id, "given", visit_id)
    met_by_owner(d, customers, rep_id)
    return visit


def _must_be_new(d: Draft, visit_id: str, customers: Sequence[str]) -> None:
    if visit_id in d.visits:
        raise d.refuse("visit_exists", "visit", what=visit_id)
    here = {one for visit in d.visits.values() for one in visit.customers}
    for customer_id in customers:
        if customer_id in here:
            raise d.refuse("already_here", "customers", who=customer_id)


def kind_of(d: Draft, customers: Sequence[str], rep_id: str) -> str:
    """New where nobody owns who came first, old with the owner, help with anybody else."""
    owner = d.customer(customers[0]).owner
    if not owner:
        return "new"
    return "old" if owner == rep_id else "assisted"


def _withdraw(d: Draft, visit_id: str) -> None:
    """Take a visit off the floor again that was put there by hand, with all it gave."""
    visit = d.visits.get(visit_id)
    if visit is None:
        raise d.refuse("no_visit", "withdraw", who=visit_id)
    d.release_all(visit)
    d.drop_visit(visit_id)
    for customer_id in visit.customers:
        facts = d.customer(customer_id)
        gained = {entry.rep for entry in facts.owning if entry.visit == visit_id}
        d.put_customer(
            replace(
                facts,
                visits=tuple(note for note in facts.visits if note.visit != visit_id),
                owning=tuple(entry for entry in facts.owning if entry.visit != visit_id),
                contacts={key: at for key, at in facts.contacts.items() if key not in gained},
            )
        )


# --- receptions kept on paper --------------------------------------------------------------------
def paper(d: Draft, event: Event) -> None:
    """One reception of a stretch on paper, with its real times; no turn moves by it.

    Who had no owner when it is entered becomes the receiver's, from the stated time; an owner's
    days of silence start again from it. Anybody else's customer stays whose he is: only a ruling
    moves him. Without ``ended`` the party is still there and sits with the receiver now.
    """
    customers: Sequence[str] = event.get("customers")
    rep = d.rep(event.text("rep"))
    began = _past(d, event.text("began"), "began")
    ended = event.text("ended") and _past(d, event.text("ended"), "ended")
    if ended and later(began, ended):
        raise d.refuse("ends_first", "ended")
    visit_id = event.text("visit") or _next_visit(d)
    d.outcome["visit"] = visit_id
    kind, owner = kind_of(d, customers, rep.id), d.customer(customers[0]).owner
    if not ended:
        visit = seat_by_hand(d, visit_id, customers, rep.id, began)
    else:
        _must_be_new(d, visit_id, ())
        d.outcome["status"] = "ended"
        visit = _written_up(d, visit_id, customers, rep.id, kind, began, ended)
    if kind == "new":
        d.counted_today += began[:10] == d.day
    if owner and owner != rep.id:
        d.cite(RULE, "paper_owner_stays", owner=owner, rep=rep.id, customer=customers[0])
    d.cite(RULE, "on_paper", began=began, ended=ended, by=event.text("by"), at=d.at)
    facts = {"customers": list(customers), "rep": rep.id, "kind": kind, "began": began}
    d.outcome |= {"kind": kind, "via": visit.via, "rightful": owner or rep.id}
    over = {"ended": ended} if ended else {"still_there": True}
    d.decide("paper", visit_id, {**facts, **over, "visit": visit_id})


def _written_up(
    d: Draft,
    visit_id: str,
    customers: Sequence[str],
    rep_id: str,
    kind: str,
    began: str,
    ended: str,
) -> Visit:
    owner = d.customer(customers[0]).owner
    counted = kind == "new"
    visit = Visit(
        visit_id,
        tuple(customers),
        began,
        kind=kind,
        via="turn" if counted else "uncounted",
        rep=rep_id,
        due=owner or rep_id,
        turn_of=rep_id if counted else "",
    )
    for customer_id in customers:
        facts = d.customer(customer_id)
        note = VisitNote(
            visit_id,
            began,
            d.seq,
            rep_id,
            visit.due,
            visit.turn_of,
            kind,
            visit.via,
            end=ended,
            party=visit.customers if len(customers) > 1 else (),
        )
        facts = replace(facts, visits=(*facts.visits, note))
        if not facts.owner:
            entry = Owning(rep_id, began, d.seq, "first", visit_id)
            facts = replace(facts, owning=(*facts.owning, entry))
            d.owners[customer_id] = rep_id
        d.put_customer(facts)
        counts = facts.owner == rep_id and "visit" in (d.param("owner.contact_kinds") or ())
        if counts or facts.owning[-1].visit == visit_id:
            d.set_contact(customer_id, rep_id, began)
    return visit
