"""Arrivals: from what the desk typed to one party on the floor."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    NotFound,
    Party,
    UserError,
    _,
    organisation,
    parties,
    textkit,
    uuid7,
)
from zhike_sales_floor.models import Customer
from zhike_sales_floor.services import live
from zhike_sales_floor.services.live import Act


@dataclass(frozen=True)
class Person:
    """One of the visitors: a customer of this site, a party of the company, or words.

    Nothing at all is a visitor who has not said who he is. ``another`` says that the phone is
    known and the person is somebody else all the same.
    """

    customer_id: uuid.UUID | None = None
    party_id: uuid.UUID | None = None
    name: str = ""
    phone: str = ""
    another: bool = False


@dataclass(frozen=True)
class Arrival:
    """A party at the door 来访: who, how they came, what the desk was told.

    introducer  a customer who sent them and is not here (SF-A-11).
    asks_for    staff id of the rep they ask for; names, refuses, complains_about likewise.
    came_before  what they say on being asked: yes, no or forgot (SF-D-34).
    discount    True where they come to the rep asked for only for a better price (SF-D-33).
    purpose     buy, non_buying or scouting, as known at the door (SF-A-12).
    recognised  False where the owner does not recognise the returning customer (SF-A-05).
    batch       name of a batch, where several parties belong together (SF-A-10).
    receiver    who receives by a person's choice: an override, or what happened (observe mode).
    continues   the visit that had been ended by mistake: the party has been here all the time.
    taken_by    who sat down with the visitor out of turn; ``flag`` poach, wrong_turn or none.
    """

    persons: Sequence[Person] = (Person(),)
    introducer: uuid.UUID | None = None
    asks_for: uuid.UUID | None = None
    names: Sequence[uuid.UUID] = ()
    refuses: Sequence[uuid.UUID] = ()
    complains_about: Sequence[uuid.UUID] = ()
    discount: bool = False
    recognised: bool = True
    came_before: str = ""
    purpose: str = "buy"
    batch: str = ""
    receiver: uuid.UUID | None = None
    taken_by: uuid.UUID | None = None
    flag: str = ""
    reason: str = ""
    people: int = 1
    need: str = ""
    source: str = ""
    relation: str = ""
    occurred_at: datetime | None = None
    continues: uuid.UUID | None = None


@dataclass(frozen=True)
class Match:
    """A known party whose phone was typed, for the duplicate warning."""

    party_id: uuid.UUID
    name: str
    phone_masked: str


def matches(s: CompanySession, phone: str) -> list[Match]:
    """Parties with exactly this phone, the oldest first."""
    if not phone.strip():
        return []
    return [
        Match(party.id, party.name, party.phone_masked) for party in parties.find_by_phone(s, phone)
    ]


def namesakes(s: CompanySession, person: Person) -> list[Match]:
    """Parties of exactly the typed name, where no phone tells them apart.

    A returning customer whose name was typed but not picked must not become somebody new and be
    lost to his owner.
    """
    name = person.name.strip()
    if not name or person.phone.strip():
        return []
    return [Match(hit.id, hit.name, hit.phone_masked) for hit in parties.find_by_name(s, name)]


def arrive(s: CompanySession, unit_id: uuid.UUID, arrival: Arrival) -> Act:
    """Receive a party: register who is new, let the regulation decide, store all of it.

    Raises UserError with code ``duplicate`` (``extra["matches"]``) where a typed phone is known
    and nobody said whose it is, and what :func:`~.live.act` raises.
    """
    if not arrival.persons:
        raise UserError(_("Please say who has come."), field="who")
    # Whatever has to be read comes before the first new row: what is read later flushes it early.
    locked = live.lock_floor(s, unit_id)
    live.tz_of(s, unit_id)
    if arrival.introducer is not None and (
        s.require(Customer, arrival.introducer).unit_id != unit_id
    ):
        raise NotFound(_("This customer belongs to another site."))
    wished = (*arrival.names, *arrival.refuses, *arrival.complains_about)
    named = {*wished, *filter(None, [arrival.asks_for])}
    if not named <= organisation.staff_names(s).keys():
        raise NotFound(_("There is no such staff member."))
    customers: list[Customer] = []
    fresh: list[Customer] = []
    labels: list[str] = []
    for person in arrival.persons:
        customer, is_new, label = _customer(s, unit_id, person, arrival)
        if customer not in customers:
            customers.append(customer)
            labels.append(label)
        if is_new:
            fresh.append(customer)
    visit_id = uuid7()
    fields: dict[str, object] = {
        "customers": [str(customer.id) for customer in customers],
        "visit": str(visit_id),
    }
    optional = {
        "introducer": _text(arrival.introducer),
        "asks_for": _text(arrival.asks_for),
        "names": [str(rep) for rep in arrival.names],
        "refuses": [str(rep) for rep in arrival.refuses],
        "complains_about": [str(rep) for rep in arrival.complains_about],
        "discount": arrival.discount,
        "came_before": arrival.came_before,
        "purpose": "" if arrival.purpose == "buy" else arrival.purpose,
        "batch": arrival.batch.strip(),
        "received_by": _text(arrival.taken_by),
        "flag": arrival.flag if arrival.taken_by else "",
        "by": s.actor.name,
        "reason": arrival.reason.strip(),
    }
    fields |= {key: value for key, value in optional.items() if value}
    if not arrival.recognised:
        fields["recognised"] = False
    extra = {
        "label": "、".join(label for label in labels if label),
        "people": max(arrival.people, len(customers)),
        "need": arrival.need.strip(),
        "source": arrival.source.strip(),
        "relation": (arrival.relation or arrival.batch).strip(),
        "continues": arrival.continues,
    }
    return live.act(
        s,
        unit_id,
        "arrive",
        fields,
        extra=extra,
        fresh=fresh,
        occurred_at=arrival.occurred_at,
        acted=arrival.receiver,
        reason=arrival.reason,
        locked=locked,
    )


def enrol(s: CompanySession, unit_id: uuid.UUID, person: Person, arrival: Arrival) -> uuid.UUID:
    """Register somebody at a site without a visit, as who takes a deal over; the customer's id.

    Raises UserError with code ``duplicate`` where phone or name are known: then choose the person.
    """
    live.lock_floor(s, unit_id)
    customer, _is_new, _label = _customer(s, unit_id, person, arrival)
    s.flush()
    return customer.id


def _text(value: uuid.UUID | None) -> str:
    return str(value) if value else ""


def _customer(
    s: CompanySession, unit_id: uuid.UUID, person: Person, arrival: Arrival
) -> tuple[Customer, bool, str]:
    """The person's customer row at this site, whether it is new, and the name to show."""
    if person.customer_id is not None:
        customer = s.require(Customer, person.customer_id)
        if customer.unit_id != unit_id:
            raise NotFound(_("This customer belongs to another site."))
        name = parties.names(s, [customer.party_id]) if customer.party_id else {}
        return customer, False, name.get(customer.party_id, "") if customer.party_id else ""
    party_id, label = person.party_id, person.name.strip()
    if party_id is None and (person.phone.strip() or label):
        found = [] if person.another else matches(s, person.phone) or namesakes(s, person)
        if found:
            by_phone = bool(person.phone.strip())
            raise UserError(
                _("This phone is already registered. Is it the same person?")
                if by_phone
                else _("A customer of this name is known. Is it the same person?"),
                field="phone" if by_phone else "who",
                code="duplicate",
                extra={
                    "matches": [
                        {"party_id": str(m.party_id), "name": m.name, "phone": m.phone_masked}
                        for m in found
                    ]
                },
            )
        party = parties.create(
            s, name=label, phone=person.phone, owner_unit_id=unit_id, source=arrival.source
        )
        return *_new(s, unit_id, party.id, arrival), party.name or party.phone_masked
    if party_id is None:
        return *_new(s, unit_id, None, arrival), ""
    s.require(Party, party_id)
    label = parties.names(s, [party_id]).get(party_id, label)
    known = s.scalars(
        select(Customer).where(Customer.unit_id == unit_id, Customer.party_id == party_id)
    ).first()
    if known is not None:
        return known, False, label
    return *_new(s, unit_id, party_id, arrival), label


def _new(
    s: CompanySession, unit_id: uuid.UUID, party_id: uuid.UUID | None, arrival: Arrival
) -> tuple[Customer, bool]:
    customer = Customer(
        unit_id=unit_id,
        party_id=party_id,
        source=arrival.source.strip(),
        facts={},
        introducer_id=arrival.introducer,
    )
    s.add(customer)
    return customer, True


def identify(s: CompanySession, customer_id: uuid.UUID, *, name: str, phone: str) -> Customer:
    """Say who a so far unknown visitor is.

    Raises UserError (code ``duplicate``) where the phone belongs to a known party: whether two
    records are one person moves ownership, so a person with the right to rule decides that.
    """
    customer = s.require(Customer, customer_id)
    name = textkit.nfkc(name)
    if not name and not phone.strip():
        return customer
    if customer.party_id is not None:
        return customer
    found = matches(s, phone)
    if found:
        raise UserError(
            _(
                "This phone is already registered for %(name)s. A manager has to rule whose "
                "customer this is.",
                name=found[0].name or found[0].phone_masked,
            ),
            field="phone",
            code="duplicate",
        )
    party = parties.create(
        s, name=name, phone=phone, owner_unit_id=customer.unit_id, source=customer.source
    )
    customer.party_id = party.id
    s.flush()
    return customer


def registered(
    s: CompanySession, unit_id: uuid.UUID, person: Person, source: str = ""
) -> tuple[Customer, bool, str]:
    """A visitor's customer row at this site, registered where he is new; whether he is; his name.

    Raises as :func:`arrive` does where a phone or a name is known and nobody said whose it is.
    """
    return _customer(s, unit_id, person, Arrival(persons=(person,), source=source))
