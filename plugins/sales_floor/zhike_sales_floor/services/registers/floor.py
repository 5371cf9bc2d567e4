"""Registers of the floor itself: 轮见表, 外出登记, 来人登记表, 补接券台账."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from zhike.api import CompanySession, Party, _, clock, organisation, policies
from zhike_sales_floor import documents, words
from zhike_sales_floor.models import Customer, Day, FloorEvent, Outing, Ticket, Visit
from zhike_sales_floor.services import live
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.services.registers.marks import afterwards, set_by_hand
from zhike_sales_floor.services.registers.model import Register, Scope
from zhike_sales_floor.services.sheets import (
    clause_words,
    passed_words,
    receiver_words,
    ticket_words,
    visitor_name,
)

Names = Mapping[uuid.UUID, str]
Lines = Iterator[dict[str, Any]]


def _days(s: CompanySession, scope: Scope, column: Any, unit: Any) -> list[date]:
    """The days of the scope on which something is written, in order."""
    if scope.one_day:
        return [scope.since]
    query = select(column).where(unit == scope.unit_id, column.between(scope.since, scope.until))
    return list(s.scalars(query.distinct().order_by(column)))


def _roster_head(s: CompanySession, scope: Scope) -> dict[str, Any]:
    """The ring as it stood in the morning; of several days there is no one order."""
    by_hand = set_by_hand(s, scope)
    if not scope.one_day:
        return {"ring": "", "by_hand": by_hand}
    names = organisation.staff_names(s)
    day = s.scalars(select(Day).where(Day.unit_id == scope.unit_id, Day.day == scope.since)).first()
    ring = day.opening.get("ring", ()) if day else ()
    return {"ring": " → ".join(names.get(uuid.UUID(key), "") for key in ring), "by_hand": by_hand}


def _roster(s: CompanySession, scope: Scope) -> Lines:
    names, zone = organisation.staff_names(s), live.tz_of(s, scope.unit_id)
    for on in _days(s, scope, Visit.day, Visit.unit_id):
        query = select(Visit).where(Visit.unit_id == scope.unit_id, Visit.day == on)
        if scope.rep is not None:
            query = query.where(Visit.staff_id == scope.rep)
        cited = {
            row.seq: row
            for row in s.execute(
                select(FloorEvent.seq, FloorEvent.outcome, FloorEvent.policy_version_id).where(
                    FloorEvent.unit_id == scope.unit_id,
                    FloorEvent.day == on,
                    FloorEvent.verb == "arrive",
                )
            )
        }
        for visit in s.scalars(query.order_by(Visit.arrived_at, Visit.number)):
            event = cited.get(visit.seq)
            yield {
                "at": visit.arrived_at,
                "visitor": visitor_name(visit)
                + (_(" (goes on)") if visit.continues_id else "")
                + afterwards(visit, zone),
                "due": names.get(visit.due_id, "") if visit.due_id else "",
                "rep": receiver_words(visit, names),
                "via": _how(visit),
                "passed": passed_words(visit, names),
                "tickets": ticket_words(visit, names),
                "rules": clause_words(s, event.outcome["rules"], event.policy_version_id)
                if event
                else "",
            }


def _how(visit: Visit) -> str:
    """By turn, ticket or uncounted; a visit that was voided afterwards says so."""
    if not visit.via:
        return _state(visit)
    via = _(words.VIAS.get(visit.via, visit.via))
    return f"{via}（{_state(visit)}）" if visit.state == "voided" else via


def _state(visit: Visit) -> str:
    return _(words.VISIT_STATES[visit.state][0])


def _outings(s: CompanySession, scope: Scope) -> Lines:
    names = organisation.staff_names(s)
    query = select(Outing).where(
        Outing.unit_id == scope.unit_id, Outing.day.between(scope.since, scope.until)
    )
    if scope.rep is not None:
        query = query.where(Outing.staff_id == scope.rep)
    if scope.kind:
        query = query.where(Outing.kind == scope.kind)
    ordered = query.order_by(Outing.out_at, Outing.id).execution_options(yield_per=500)
    for row in s.scalars(ordered):
        yield {
            "rep": names.get(row.staff_id, ""),
            "kind": _(words.OUT_REASONS.get(row.kind, row.kind)),
            "reason": _(words.OUT_REASONS[row.reason])
            if row.reason in words.OUT_REASONS
            else row.reason,
            "at": row.out_at,
            "back": row.back_at,
            "reclass": "；".join(part for part in (row.reclassed_by, row.reclass_reason) if part),
        }


def _visitors(s: CompanySession, scope: Scope) -> Lines:
    names = organisation.staff_names(s)
    for on in _days(s, scope, Visit.day, Visit.unit_id):
        yield from _visitors_of(s, scope, on, names)


def _visitors_of(s: CompanySession, scope: Scope, on: date, names: Names) -> Lines:
    found: Any = s.execute(
        select(Visit, Customer, Party.name, Party.phone_masked)
        .outerjoin(Customer, Customer.id == Visit.customer_id)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(Visit.unit_id == scope.unit_id, Visit.day == on)
        .order_by(Visit.arrived_at, Visit.number)
    ).all()
    introducers = names_for(
        s, {c.introducer_id for _v, c, _n, _p in found if c and c.introducer_id}
    )
    zone = live.tz_of(s, scope.unit_id)
    parts: dict[int, list[Visit]] = {}
    for visit, *_rest in found:  # a party has one number, whatever was ended by mistake
        parts.setdefault(visit.number, []).append(visit)
    for visit, customer, name, phone in found:
        receptions = parts[visit.number]
        if visit.continues_id or not _wanted(scope, receptions):
            continue
        before = bool(customer and customer.first_visit_on and customer.first_visit_on < on)
        yield {
            "at": visit.arrived_at,
            "name": (name or visitor_name(visit)) + afterwards(visit, zone),
            "phone": phone or "",
            "before": before or visit.kind in ("old", "lapsed"),
            "earlier": names.get(customer.first_rep_id, "") if customer and before else "",
            "source": visit.source,
            "introducer": introducers.get(str(customer.introducer_id), "")
            if customer and customer.introducer_id
            else "",
            "relation": visit.relation,
            "need": next((one.need for one in reversed(receptions) if one.need), ""),
            "grade": next((one.grade for one in reversed(receptions) if one.grade), "")
            or (customer.grade if customer else ""),
            "rep": _people(names, [one.staff_id for one in receptions]),
            "helper": _people(names, [uuid.UUID(h) for one in receptions for h in one.helpers]),
        }


def _wanted(scope: Scope, receptions: Sequence[Visit]) -> bool:
    if scope.rep is not None and scope.rep not in {one.staff_id for one in receptions}:
        return False
    return not scope.kind or (receptions[0].kind in ("old", "lapsed")) == (scope.kind == "old")


def _people(names: Names, ids: Sequence[uuid.UUID | None]) -> str:
    return "、".join(names.get(one, "") for one in dict.fromkeys(ids) if one)


def _tickets(s: CompanySession, scope: Scope) -> Lines:
    names = organisation.staff_names(s)
    version = policies.in_force(s, live.PLUGIN, scope.unit_id, clock.now()).version_id
    begin, end = scope.instants(live.tz_of(s, scope.unit_id))
    query = select(Ticket).where(
        Ticket.unit_id == scope.unit_id, Ticket.issued_at >= begin, Ticket.issued_at < end
    )
    if scope.rep is not None:
        query = query.where(Ticket.staff_id == scope.rep)
    if scope.kind:
        query = query.where(Ticket.kind == scope.kind)
    ordered = query.order_by(Ticket.issued_at, Ticket.id).execution_options(yield_per=500)
    for row in s.scalars(ordered):
        yield {
            "number": row.number,
            "rep": names.get(row.staff_id, ""),
            "kind": _(words.TICKET_KINDS.get(row.kind, row.kind)),
            "issued": row.issued_at,
            "rule": _("set by hand: %(why)s", why=row.by_hand)
            if row.by_hand
            else clause_words(s, [row.rule] if row.rule else [], version),
            "ended": row.ended_at,
            "how": _(words.TICKET_ENDS.get(row.ended_how, row.ended_how)),
        }


REGISTERS = (
    Register(form=documents.ROSTER, rows=_roster, head=_roster_head, by_rep=True),
    Register(form=documents.OUTINGS, rows=_outings, by_rep=True, kinds=words.OUT_REASONS),
    Register(
        form=documents.VISITORS,
        rows=_visitors,
        by_rep=True,
        kinds=words.NEW_OR_OLD,
        group="customers",
    ),
    Register(form=documents.TICKETS, rows=_tickets, days=30, by_rep=True, kinds=words.TICKET_KINDS),
)
