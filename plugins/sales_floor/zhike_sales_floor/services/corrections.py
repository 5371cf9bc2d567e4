"""Slips put right with a trace: nothing is undone, a line in the ledger says what was."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from zhike.api import CompanySession, Conflict, Party, UserError, _, ledger, parties
from zhike_sales_floor.models import Customer, Visit, VisitGuest
from zhike_sales_floor.services import arrivals, live
from zhike_sales_floor.services.arrivals import Arrival, Person
from zhike_sales_floor.services.live import Act

ACTION = "sales_floor.corrected"


def still_here(s: CompanySession, visit_id: uuid.UUID, reason: str) -> Act:
    """A reception was ended while the visitor is still sitting there: the party comes in again.

    The regulation decides as for any return, so who owns the customer receives and no turn is used
    where he is free. The new reception goes on under the old one's number, and the register of
    visitors has one line for both. Raises Conflict for a visit that has not ended today.
    """
    visit = s.require(Visit, visit_id)
    floor = live.lock_floor(s, visit.unit_id)
    if visit.state != "ended" or visit.day != floor.day or visit.customer_id is None:
        raise Conflict(_("Only a reception that ended today can go on."))
    if continuation(s, visit) is not None:
        raise Conflict(_("This reception goes on already."))
    guests = s.scalars(select(VisitGuest.customer_id).where(VisitGuest.visit_id == visit_id))
    return arrivals.arrive(
        s,
        visit.unit_id,
        Arrival(
            persons=[Person(customer_id=one) for one in (visit.customer_id, *guests)],
            people=visit.people,
            need=visit.need,
            source=visit.source,
            batch=visit.relation,
            reason=_needed(reason),
            continues=visit_id,
        ),
    )


def continuation(s: CompanySession, visit: Visit) -> Visit | None:
    """The reception with which a wrongly ended one went on, that same day."""
    return s.scalars(
        select(Visit).where(
            Visit.unit_id == visit.unit_id,
            Visit.day == visit.day,
            Visit.continues_id == visit.id,
        )
    ).first()


def result(
    s: CompanySession,
    visit_id: uuid.UUID,
    result: str,
    need: str,
    *,
    reason: str,
    lost_reason: str = "",
) -> Visit:
    """Another result, reason or notes of an ended reception; the old result is in the ledger."""
    visit = s.require(Visit, visit_id)
    if visit.state != "ended":
        raise Conflict(_("This reception has not ended."))
    ledger.append(
        s,
        ACTION,
        object=f"{live.PLUGIN}:visit:{visit_id}",
        body={
            "before": visit.result,
            "after": result,
            **(
                {"lost_before": visit.lost_reason, "lost_after": lost_reason}
                if lost_reason != visit.lost_reason
                else {}
            ),
        },
        reason=_needed(reason),
    )
    visit.result, visit.need = result, need.strip()
    visit.lost_reason = lost_reason.strip()
    customer = s.find(Customer, visit.customer_id)
    if customer is not None and visit.lost_reason:
        customer.lost_reason = visit.lost_reason
    s.flush()
    return visit


def identity(
    s: CompanySession,
    customer_id: uuid.UUID,
    *,
    version: int,
    name: str,
    phone: str = "",
    reason: str,
) -> Customer:
    """Put a customer's name right and, where one is given, the telephone number.

    ``version`` is the party's as the person saw it. Raises UserError where the number belongs to
    another customer: whether two records are one person is ruled on, not typed.
    """
    customer = s.require(Customer, customer_id)
    if customer.party_id is None:
        raise Conflict(_("Nobody knows yet who this is."))
    others = [one for one in arrivals.matches(s, phone) if one.party_id != customer.party_id]
    if others:
        raise UserError(
            _(
                "This phone is already registered for %(name)s. A manager has to rule whose "
                "customer this is.",
                name=others[0].name or others[0].phone_masked,
            ),
            field="phone",
            code="duplicate",
        )
    if not name.strip():
        raise UserError(_("Please give a name."), field="name")
    floor = live.lock_floor(s, customer.unit_id)
    was = s.require(Party, customer.party_id).name
    party = parties.change(s, customer.party_id, version=version, name=name, phone=phone)
    ledger.append(
        s,
        ACTION,
        object=f"{live.PLUGIN}:customer:{customer_id}",
        body={
            "name": was != party.name,
            "phone": bool(phone.strip()),
            "was": ledger.fingerprint(s, was),
        },
        reason=_needed(reason),
    )
    for visit in s.scalars(
        select(Visit).where(
            Visit.unit_id == customer.unit_id,
            Visit.day == floor.day,
            Visit.customer_id == customer_id,
            Visit.label == was,
        )
    ):
        visit.label = party.name
    floor.version += 1  # the boards show the name
    s.flush()
    return customer


def _needed(reason: str) -> str:
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    return reason.strip()
