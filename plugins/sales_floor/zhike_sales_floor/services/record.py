"""Everything that a customer's page shows."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from zhike.api import CompanySession, Party, contacts
from zhike_sales_floor.models import Customer, Deal, FloorEvent, Visit, VisitGuest


@dataclass(frozen=True)
class Record:
    """Everything a customer's page shows, read in a bounded number of statements."""

    customer: Customer
    party: Party | None
    visits: Sequence[Visit]
    contacts: Sequence[Any]
    deals: Sequence[Deal]
    ties: Sequence[tuple[str, str, uuid.UUID | None, bool]]
    introduced: Sequence[tuple[uuid.UUID, str]]
    introducer: tuple[uuid.UUID, str] | None
    moves: Sequence[FloorEvent]


def record(s: CompanySession, customer_id: uuid.UUID) -> Record:
    """A customer with visits, contacts, deals, kinship and introducer links."""
    customer = s.require(Customer, customer_id)
    guest_of = select(VisitGuest.visit_id).where(VisitGuest.customer_id == customer_id)
    visits = s.scalars(
        select(Visit)
        .where(or_(Visit.customer_id == customer_id, Visit.id.in_(guest_of)))
        .order_by(Visit.arrived_at.desc())
        .limit(100)
    ).all()
    deals = s.scalars(
        select(Deal)
        .where(or_(Deal.customer_id == customer_id, Deal.holder_id == customer_id))
        .order_by(Deal.id.desc())
    ).all()
    party = s.find(Party, customer.party_id)
    introduced = s.execute(
        select(Customer.id, Party.name)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(Customer.introducer_id == customer_id)
        .limit(50)
    ).all()
    introducer = s.execute(
        select(Customer.id, Party.name)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(Customer.id == customer.introducer_id)
    ).first()
    return Record(
        customer,
        party,
        visits,
        contacts.list_for(s, party.id, limit=100) if party else (),
        deals,
        _ties(s, customer),
        [(row.id, row.name or "") for row in introduced],
        (introducer.id, introducer.name or "") if introducer else None,
        _moves(s, customer, visits),
    )


def _ties(s: CompanySession, customer: Customer) -> list[tuple[str, str, uuid.UUID | None, bool]]:
    """Relations as the engine knows them: (kind, name of the other, its customer, proven)."""
    relations = customer.facts.get("relations", [])
    ids = [uuid.UUID(tie["other"]) for tie in relations]
    if not ids:
        return []
    names = {
        row.id: row.name or ""
        for row in s.execute(
            select(Customer.id, Party.name)
            .outerjoin(Party, Party.id == Customer.party_id)
            .where(Customer.id.in_(ids))
        )
    }
    return [
        (
            tie["kind"],
            names.get(uuid.UUID(tie["other"]), ""),
            uuid.UUID(tie["other"]),
            bool(tie.get("proven", True)),
        )
        for tie in relations
    ]


def _moves(s: CompanySession, customer: Customer, visits: Sequence[Visit]) -> list[FloorEvent]:
    """The events that made this customer's ownership what it is, newest first."""
    seqs = [entry["seq"] for entry in customer.facts.get("owning", []) if entry.get("seq")]
    if not seqs:
        return []
    return list(
        s.scalars(
            select(FloorEvent)
            .where(FloorEvent.unit_id == customer.unit_id, FloorEvent.seq.in_(seqs))
            .order_by(FloorEvent.seq.desc())
        )
    )
