"""One person's data on the sales floor: found, exported, erased."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select

from zhike.api import N_, CompanySession, Party, SubjectData
from zhike_sales_floor import subject_office
from zhike_sales_floor.models import Customer, Deal, Ruling, Visit, VisitGuest
from zhike_sales_floor.models_cases import Docket, DocketNote, DocketParty
from zhike_sales_floor.models_follow_up import CustomerProblem, FollowUpContact


def _customers(s: CompanySession, party_id: uuid.UUID) -> list[Customer]:
    """The records of a person, those included that were found to be of the same person."""
    merged = select(Party.id).where(Party.merged_into == party_id)
    mine = or_(Customer.party_id == party_id, Customer.party_id.in_(merged))
    return list(s.scalars(select(Customer).where(mine)))


def _visits(s: CompanySession, ids: list[uuid.UUID]) -> list[Visit]:
    guests = select(VisitGuest.visit_id).where(VisitGuest.customer_id.in_(ids))
    return list(
        s.scalars(select(Visit).where(or_(Visit.customer_id.in_(ids), Visit.id.in_(guests))))
    )


def _rulings(s: CompanySession, ids: list[uuid.UUID]) -> list[Ruling]:
    return list(s.scalars(select(Ruling).where(Ruling.customer_id.in_(ids))))


def _deals(s: CompanySession, ids: list[uuid.UUID]) -> list[Deal]:
    mine = or_(Deal.customer_id.in_(ids), Deal.holder_id.in_(ids))
    return list(s.scalars(select(Deal).where(mine)))


def _dockets(s: CompanySession, ids: list[uuid.UUID]) -> list[Docket]:
    return list(s.scalars(select(Docket).where(Docket.customer_id.in_(ids))))


def _typed(s: CompanySession, dockets: list[Docket]) -> list[DocketParty | DocketNote]:
    """What parties and those who heard them wrote."""
    ids = [row.id for row in dockets]
    found: list[DocketParty | DocketNote] = []
    found += s.scalars(select(DocketParty).where(DocketParty.docket_id.in_(ids)))
    found += s.scalars(select(DocketNote).where(DocketNote.docket_id.in_(ids)))
    return found


_DOCKET = ("question", "facts", "reason", "appeal", "appeal_reason", "refusal")


def _of(s: CompanySession, model: Any, ids: list[uuid.UUID]) -> list[Any]:
    return list(s.scalars(select(model).where(model.customer_id.in_(ids))))


def export(s: CompanySession, party_id: uuid.UUID) -> Sequence[Mapping[str, Any]]:
    """Customer records, visits, deals and rulings about a person, as JSON-able mappings."""
    customers = _customers(s, party_id)
    ids = [row.id for row in customers]
    found: list[Mapping[str, Any]] = [
        {
            "kind": "customer",
            "stage": row.stage,
            "class": row.grade,
            "source": row.source,
            "first_visit": row.first_visit_on.isoformat() if row.first_visit_on else None,
            "last_contact": row.last_contact_on.isoformat() if row.last_contact_on else None,
            "note": row.follow_up_note,
        }
        for row in customers
    ]
    found += [
        {
            "kind": "visit",
            "at": visit.arrived_at.isoformat(),
            "name": visit.label,
            "need": visit.need,
            "result": visit.result,
        }
        for visit in _visits(s, ids)
    ]
    found += subject_office.export(s, ids, [visit.id for visit in _visits(s, ids)])
    found += [
        {"kind": "follow_up", "at": row.met_at.isoformat(), "way": row.way, "note": row.asked}
        for row in _of(s, FollowUpContact, ids)
    ]
    found += [
        {
            "kind": "problem",
            "at": row.raised_at.isoformat(),
            "question": row.question,
            "solution": row.solution,
            "answer": row.answer,
        }
        for row in _of(s, CustomerProblem, ids)
    ]
    found += [
        {"kind": "ruling", "at": ruling.at.isoformat(), "facts": ruling.facts}
        for ruling in _rulings(s, ids)
    ]
    found += [
        {
            "kind": "deal",
            "number": deal.number,
            "property": deal.property,
            "price_fen": deal.amount_fen,
            "address": deal.mail_address,
            "postcode": deal.postcode,
        }
        for deal in _deals(s, ids)
    ]
    dockets = _dockets(s, ids)
    found += [
        {
            "kind": "dispute",
            "at": row.opened_at.isoformat(),
            **{name: getattr(row, name) for name in _DOCKET if getattr(row, name)},
        }
        for row in dockets
    ]
    found += [
        {
            "kind": "dispute_note",
            "text": one.words if isinstance(one, DocketParty) else one.text,
        }
        for one in _typed(s, dockets)
    ]
    return found


def erase(s: CompanySession, party_id: uuid.UUID) -> int:
    """Take names and notes out; what is left names nobody. Returns how many records changed."""
    customers = _customers(s, party_id)
    ids = [row.id for row in customers]
    for row in customers:
        row.follow_up_note = ""
    visits = _visits(s, ids)
    for visit in visits:
        visit.label, visit.need = "", ""
    rulings = _rulings(s, ids)
    for ruling in rulings:
        ruling.facts = ""
    others = subject_office.erase(s, ids, [visit.id for visit in visits])
    deals = _deals(s, ids)
    for deal in deals:
        deal.mail_address, deal.postcode = "", ""
    dockets = _dockets(s, ids)
    for docket in dockets:
        for name in _DOCKET:
            setattr(docket, name, "")
    for one in _typed(s, dockets):
        if isinstance(one, DocketParty):
            one.words = ""
        else:
            one.text = ""
    met = _of(s, FollowUpContact, ids)
    for contact in met:
        contact.asked = ""
    problems = _of(s, CustomerProblem, ids)
    for problem in problems:
        problem.question = problem.solution = problem.answer = ""
    s.flush()
    others += len(met) + len(problems)
    return len(customers) + len(visits) + len(rulings) + len(deals) + len(dockets) + others


SUBJECT_DATA = (
    SubjectData(
        name="sales_floor.customer",
        title=N_("Visits and follow-ups on the sales floor"),
        columns=(
            "sales_floor__customer.follow_up_note",
            "sales_floor__visit.label",
            "sales_floor__visit.need",
            "sales_floor__ruling.facts",
            *subject_office.COLUMNS,
            "sales_floor__deal.mail_address",
            "sales_floor__deal.postcode",
            *(f"sales_floor__docket.{name}" for name in _DOCKET),
            "sales_floor__docket_party.words",
            "sales_floor__docket_note.text",
            "sales_floor__follow_up.asked",
            "sales_floor__problem.question",
            "sales_floor__problem.solution",
            "sales_floor__problem.answer",
        ),
        export=export,
        erase=erase,
    ),
)
