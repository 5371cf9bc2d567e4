"""Registers of the office: 来电登记表, 疑难请示登记."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from zhike.api import CompanySession, Party, _, organisation
from zhike_sales_floor import documents_office as documents
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.models import Customer, Visit
from zhike_sales_floor.models_office import Call, Question
from zhike_sales_floor.services.registers.model import Register, Scope
from zhike_sales_floor.services.sheets import visitor_name

Lines = Iterator[dict[str, Any]]


def _calls(s: CompanySession, scope: Scope) -> Lines:
    names = organisation.staff_names(s)
    query = (
        select(Call, Party.name, Party.phone_masked)
        .outerjoin(Customer, Customer.id == Call.customer_id)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(Call.unit_id == scope.unit_id, Call.day.between(scope.since, scope.until))
        .order_by(Call.day, Call.number)
        .execution_options(yield_per=500)
    )
    if scope.rep is not None:
        query = query.where(Call.staff_id == scope.rep)
    if scope.kind:
        query = query.where(Call.direction == scope.kind)
    for call, name, phone in s.execute(query):
        yield {
            "number": call.number,
            "at": call.called_at,
            "direction": _(words.CALL_DIRECTIONS[call.direction]),
            "caller": name or call.label,
            "phone": phone or "",
            "question": call.question,
            "source": call.source,
            "appointment": None if call.dropped_at else call.appointment_at,
            "rep": names.get(call.staff_id, "") if call.staff_id else "",
            "state": _state(call),
        }


def _state(call: Call) -> str:
    if call.voided_at is not None:
        return _("struck out: %(reason)s", reason=call.void_reason)
    said = []
    if not call.answered:
        said.append(_("not reached"))
    if call.dropped_at is not None:
        said.append(_("dropped appointment"))
    if (call.recorded_at - call.called_at).total_seconds() > 60:
        said.append(_("entered later"))
    return "、".join(said)


def _questions(s: CompanySession, scope: Scope) -> Lines:
    names = organisation.staff_names(s)
    query = (
        select(Question, Visit)
        .join(Visit, Visit.id == Question.visit_id)
        .where(Question.unit_id == scope.unit_id, Question.day.between(scope.since, scope.until))
        .order_by(Question.asked_at)
        .execution_options(yield_per=500)
    )
    if scope.rep is not None:
        query = query.where(Question.staff_id == scope.rep)
    for row, visit in s.execute(query):
        yield {
            "at": row.asked_at,
            "visitor": visitor_name(visit),
            "rep": names.get(row.staff_id, "") if row.staff_id else "",
            "question": row.question,
            "brought": names.get(row.brought_id, "") if row.brought_id else "",
            "answer": row.answer,
        }


REGISTERS = (
    Register(
        form=documents.CALLS,
        rows=_calls,
        by_rep=True,
        kinds=words.CALL_DIRECTIONS,
        own=may.SELF,
        group="customers",
    ),
    Register(form=documents.QUESTIONS, rows=_questions, days=7, by_rep=True, group="customers"),
)
