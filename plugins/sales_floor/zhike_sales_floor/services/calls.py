"""Calls 来电: who called, what about, whether he comes; the history beside the telephone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    Conflict,
    Contact,
    Party,
    RecordRef,
    UserError,
    _,
    clock,
    contacts,
    ledger,
    parties,
    textkit,
)
from zhike_sales_floor.models import Customer, Visit
from zhike_sales_floor.models_office import Call
from zhike_sales_floor.services import arrivals, callbook, customers, live

DIRECTIONS = ("in", "out")


@dataclass(frozen=True)
class Entry:
    """A call as the person at the telephone writes it down.

    party_id  the caller, where he was chosen from the list; else ``name`` and ``phone`` as told.
    another   the phone is known and the caller is somebody else all the same.
    called_at as stated; None is now. appointment_at when the caller wants to come.
    """

    party_id: uuid.UUID | None = None
    name: str = ""
    phone: str = ""
    another: bool = False
    direction: str = "in"
    answered: bool = True
    staff_id: uuid.UUID | None = None
    question: str = ""
    source: str = ""
    called_at: datetime | None = None
    appointment_at: datetime | None = None


def log(s: CompanySession, unit_id: uuid.UUID, entry: Entry) -> Call:
    """Write a call down: a line of the register, a contact, and for the owner's customers what the
    regulation makes of it.

    A caller whose phone is new becomes a customer of the site without owner: who receives him
    first decides that. Raises UserError with code ``duplicate`` (``extra["matches"]``) where the
    phone belongs to somebody of another name and nobody said whose it is.
    """
    if entry.direction not in DIRECTIONS:
        raise UserError(_("Please say who called whom."), field="direction")
    now = clock.now()
    if entry.appointment_at is not None and entry.appointment_at < now:
        raise UserError(_("The appointment lies in the past."), field="appointment_at")
    if not (entry.party_id or entry.name.strip() or entry.phone.strip() or entry.question.strip()):
        raise UserError(_("Please write down at least the caller or the question."), field="who")
    live.set_up(s, unit_id)
    live.lock_floor(s, unit_id)  # before anything is written: one desk after the other
    customer, label = _caller(s, unit_id, entry)
    if customer is not None and customer.facts:
        customers.log_contact(
            s,
            customer.id,
            "call",
            staff_id=entry.staff_id,
            note=entry.question,
            occurred_at=entry.called_at,
            answered=entry.answered,
            direction=entry.direction,
            source=entry.source,
            appointment_at=entry.appointment_at,
        )
        latest = select(Call).where(Call.customer_id == customer.id).order_by(Call.id.desc())
        return s.scalars(latest.limit(1)).one()
    contact = contacts.log(
        s,
        "call",
        party_id=customer.party_id if customer else None,
        staff_id=entry.staff_id,
        unit_id=unit_id,
        direction=entry.direction,
        occurred_at=entry.called_at,
        note=entry.question,
        answered=entry.answered,
        source=live.PLUGIN,
        subject=RecordRef(live.PLUGIN, "customer", customer.id) if customer else None,
    )
    return callbook.enter(
        s,
        unit_id,
        called_at=contact.occurred_at,
        staff_id=entry.staff_id,
        direction=entry.direction,
        answered=entry.answered,
        customer_id=customer.id if customer else None,
        contact_id=contact.id,
        label="" if customer else label,
        question=entry.question,
        source=entry.source,
        appointment_at=entry.appointment_at,
    )


def _caller(s: CompanySession, unit_id: uuid.UUID, entry: Entry) -> tuple[Customer | None, str]:
    """The customer who called, made now where his phone is new; and the name as told."""
    name = textkit.nfkc(entry.name)
    party_id = entry.party_id
    if party_id is not None:
        s.require(Party, party_id)
    elif entry.phone.strip():
        matches = arrivals.matches(s, entry.phone)
        same = [one for one in matches if not name or one.name in ("", name)]
        if len(same) == 1 and not entry.another:
            party_id = same[0].party_id
        elif matches and not entry.another:
            raise UserError(
                _("This phone is already registered. Is it the same person?"),
                field="phone",
                code="duplicate",
                extra={
                    "matches": [
                        {"party_id": str(m.party_id), "name": m.name, "phone": m.phone_masked}
                        for m in matches
                    ]
                },
            )
        else:
            party = parties.create(
                s, name=name, phone=entry.phone, owner_unit_id=unit_id, source=entry.source
            )
            party_id = party.id
    if party_id is None:
        return None, name
    known = s.scalars(
        select(Customer).where(Customer.unit_id == unit_id, Customer.party_id == party_id)
    ).first()
    if known is None:
        known = Customer(
            unit_id=unit_id, party_id=party_id, stage="called", source=entry.source, facts={}
        )
        s.add(known)
        s.flush()
    return known, name


def void(s: CompanySession, call_id: uuid.UUID, reason: str) -> Call:
    """Strike a line out 作废: it stays readable, its number stays used, the ledger says why."""
    row = s.require(Call, call_id)
    if row.voided_at is not None:
        raise Conflict(_("This line is struck out already."))
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    row.voided_at, row.void_reason = clock.now(), reason.strip()
    ledger.append(
        s,
        "sales_floor.call_voided",
        object=str(RecordRef(live.PLUGIN, "call", row.id)),
        body={"day": row.day.isoformat(), "number": row.number},
        reason=row.void_reason,
    )
    s.flush()
    return row


def set_appointment(s: CompanySession, call_id: uuid.UUID, at: datetime | None) -> Call:
    """Put an appointment off, or drop it with ``None``; the line keeps what was agreed last."""
    row = s.require(Call, call_id)
    if row.voided_at is not None:
        raise Conflict(_("This line is struck out already."))
    if at is not None and at < clock.now():
        raise UserError(_("The appointment lies in the past."), field="appointment_at")
    before = row.appointment_at
    if at is None:
        row.dropped_at = clock.now()
    else:
        row.appointment_at, row.dropped_at = at, None
    ledger.append(
        s,
        "sales_floor.appointment",
        object=str(RecordRef(live.PLUGIN, "call", row.id)),
        body={
            "before": before.isoformat() if before else "",
            "after": at.isoformat() if at else "",
        },
    )
    s.flush()
    return row


@dataclass(frozen=True)
class Appointment:
    """A caller who wants to come: the call, his name, and whether he has been here that day."""

    call: Call
    name: str
    party_id: uuid.UUID | None
    came: bool


def caller(s: CompanySession, call: Call) -> Appointment:
    """A call with the name of who called, as he is known now."""
    customer = s.find(Customer, call.customer_id)
    party = s.find(Party, customer.party_id) if customer else None
    return Appointment(
        call, (party.name if party else "") or call.label, party.id if party else None, False
    )


def appointments(
    s: CompanySession,
    unit_id: uuid.UUID,
    since: datetime,
    until: datetime,
    *,
    staff_id: uuid.UUID | None = None,
) -> list[Appointment]:
    """The appointments from ``since`` until before ``until``, by time, without dropped ones."""
    query = (
        select(Call, Party.id, Party.name)
        .outerjoin(Customer, Customer.id == Call.customer_id)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(
            Call.unit_id == unit_id,
            Call.appointment_at >= since,
            Call.appointment_at < until,
            Call.dropped_at.is_(None),
            Call.voided_at.is_(None),
        )
        .order_by(Call.appointment_at)
    )
    if staff_id is not None:
        query = query.where(Call.staff_id == staff_id)
    rows = s.execute(query).all()
    ids = {call.customer_id for call, *_rest in rows if call.customer_id}
    tz = live.tz_of(s, unit_id)
    seen: set[tuple[uuid.UUID | None, date]] = set()
    if ids:
        found = s.execute(
            select(Visit.customer_id, Visit.day).where(
                Visit.customer_id.in_(ids),
                Visit.arrived_at >= since,
                Visit.arrived_at < until,
            )
        )
        seen = {(row.customer_id, row.day) for row in found}
    return [
        Appointment(
            call,
            name or call.label,
            party_id,
            (call.customer_id, clock.local(call.appointment_at, tz).date()) in seen,
        )
        for call, party_id, name in rows
        if call.appointment_at is not None
    ]


@dataclass(frozen=True)
class History:
    """What is known of a caller, for whoever has him on the line."""

    party: Party
    customer: Customer | None
    visits: Sequence[Visit]
    contacts: Sequence[Contact]


def history(s: CompanySession, unit_id: uuid.UUID, party_id: uuid.UUID) -> History:
    """A caller's last visits and contacts at this site."""
    party = s.require(Party, party_id)
    customer = s.scalars(
        select(Customer).where(Customer.unit_id == unit_id, Customer.party_id == party_id)
    ).first()
    visits: Sequence[Visit] = ()
    if customer is not None:
        visits = s.scalars(
            select(Visit)
            .where(Visit.customer_id == customer.id)
            .order_by(Visit.arrived_at.desc())
            .limit(5)
        ).all()
    calls = [
        one for one in contacts.list_for(s, party_id, limit=8) if one.unit_id in (unit_id, None)
    ]
    return History(party, customer, visits, calls)
