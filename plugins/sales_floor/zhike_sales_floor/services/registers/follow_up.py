"""Registers of the follow-up 客户回访: records, problems, points; the sheet SFF-20."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from zhike.api import CompanySession, Party, _, clock, forms, organisation, policies
from zhike_sales_floor import documents_follow_up as documents
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.models import Customer
from zhike_sales_floor.models_follow_up import CustomerProblem, FollowUpContact, Point
from zhike_sales_floor.services import live
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.services.registers.model import Register, Scope
from zhike_sales_floor.services.sheets import clause_words

Lines = Iterator[dict[str, Any]]


def _records(s: CompanySession, scope: Scope) -> Lines:
    names = organisation.staff_names(s)
    tz = live.tz_of(s, scope.unit_id)
    begin, end = scope.instants(tz)
    query = (
        select(FollowUpContact, Party.name, Party.phone_masked)
        .join(Customer, Customer.id == FollowUpContact.customer_id)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(
            FollowUpContact.unit_id == scope.unit_id,
            FollowUpContact.met_at >= begin,
            FollowUpContact.met_at < end,
        )
    )
    if scope.rep is not None:
        query = query.where(FollowUpContact.staff_id == scope.rep)
    if scope.kind:
        query = query.where(FollowUpContact.way == scope.kind)
    ordered = query.order_by(FollowUpContact.met_at, FollowUpContact.id)
    raised = _problems_by_day(s, scope, tz)
    for row, name, phone in s.execute(ordered.execution_options(yield_per=500)):
        day = clock.local(row.logged_at, tz).date()
        asked = raised.get((row.customer_id, day), ())
        parts = [row.asked, *(problem.question for problem in asked)]
        yield {
            "at": row.met_at,
            "name": name or _("unknown visitor"),
            "phone": phone or "",
            "way": _(words.WAYS[row.way]),
            "asked": "；".join(part for part in parts if part),
            "solved": "、".join(_solved_words(problem, tz) for problem in asked),
            "rep": names.get(row.staff_id, ""),
            "filled": row.filled_at,
        }


def _problems_by_day(
    s: CompanySession, scope: Scope, tz: str
) -> dict[tuple[uuid.UUID, Any], list[CustomerProblem]]:
    """Problems of the scope by customer and day: what the record says of questions."""
    begin, end = scope.instants(tz)
    found: dict[tuple[uuid.UUID, Any], list[CustomerProblem]] = {}
    for row in s.scalars(
        select(CustomerProblem)
        .where(
            CustomerProblem.unit_id == scope.unit_id,
            CustomerProblem.raised_at >= begin,
            CustomerProblem.raised_at < end,
        )
        .order_by(CustomerProblem.raised_at)
    ):
        key = (row.customer_id, clock.local(row.raised_at, tz).date())
        found.setdefault(key, []).append(row)
    return found


def _solved_words(row: CustomerProblem, tz: str) -> str:
    """Whether a problem was solved on the day it was raised, or where it went."""
    raised = clock.local(row.raised_at, tz).date()
    if row.solved_at is not None and row.reported_at is None:
        same = clock.local(row.solved_at, tz).date() == raised
        return _("yes") if same else _("later")
    return _("handed on to a leader") if row.reported_at is not None else _("not yet")


def _problems(s: CompanySession, scope: Scope) -> Lines:
    names = organisation.staff_names(s)
    begin, end = scope.instants(live.tz_of(s, scope.unit_id))
    query = (
        select(CustomerProblem, Party.name)
        .join(Customer, Customer.id == CustomerProblem.customer_id)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(
            CustomerProblem.unit_id == scope.unit_id,
            CustomerProblem.raised_at >= begin,
            CustomerProblem.raised_at < end,
        )
    )
    if scope.rep is not None:
        query = query.where(CustomerProblem.staff_id == scope.rep)
    if scope.kind:
        query = query.where(CustomerProblem.state == scope.kind)
    ordered = query.order_by(CustomerProblem.raised_at, CustomerProblem.id)
    for row, name in s.execute(ordered.execution_options(yield_per=500)):
        yield {
            "number": row.number,
            "at": row.raised_at,
            "name": name or _("unknown visitor"),
            "question": row.question,
            "rep": names.get(row.staff_id, ""),
            "to": names.get(row.reported_to_id, "") if row.reported_to_id else "",
            "reported": row.reported_at,
            "due": row.answer_due_at or row.due_at,
            "answer": row.answer or row.solution,
            "over": row.answered_at or row.solved_at,
            "state": _(words.PROBLEM_STATES[row.state][0]),
        }


def _points(s: CompanySession, scope: Scope) -> Lines:
    names = organisation.staff_names(s)
    begin, end = scope.instants(live.tz_of(s, scope.unit_id))
    version = policies.in_force(s, live.PLUGIN, scope.unit_id, clock.now()).version_id
    query = select(Point).where(
        Point.unit_id == scope.unit_id, Point.due_at >= begin, Point.due_at < end
    )
    if scope.rep is not None:
        query = query.where(Point.staff_id == scope.rep)
    if scope.kind:
        query = query.where(Point.state == scope.kind)
    rows = list(s.scalars(query.order_by(Point.due_at, Point.id)))
    people = names_for(
        s,
        {row.customer_id for row in rows if row.customer_id}
        | {uuid.UUID(str(one)) for row in rows for one in row.customers},
    )
    for row in rows:
        whom = [str(row.customer_id)] if row.customer_id else [str(one) for one in row.customers]
        yield {
            "at": row.due_at,
            "rep": names.get(row.staff_id, "") if row.staff_id else "",
            "rule": clause_words(s, [row.rule], version),
            "what": _(words.POINT_RULES[row.rule]),
            "name": "、".join(people.get(one, "") for one in whom),
            "points": row.points,
            "state": _(words.POINT_STATES[row.state][0]),
            "by": row.decided_by,
            "reason": row.reason,
        }


def feedback_sheet(s: CompanySession, row: CustomerProblem) -> tuple[forms.Form, forms.FormData]:
    """客户回访反馈表 (SFF-20) of one problem."""
    names = organisation.staff_names(s)
    unit = organisation.tree(s).units.get(row.unit_id)
    data = forms.FormData(
        values={
            "site": unit.name if unit else "",
            "number": row.number,
            "name": names_for(s, [row.customer_id]).get(str(row.customer_id), ""),
            "rep": names.get(row.staff_id, ""),
            "at": row.raised_at,
            "reported": row.reported_at,
            "to": names.get(row.reported_to_id, "") if row.reported_to_id else "",
            "due": row.answer_due_at,
            "question": row.question,
            "answer": row.answer or row.solution,
            "over": row.answered_at or row.solved_at,
            "by": row.answered_by or (names.get(row.staff_id, "") if row.solved_at else ""),
        },
        tz=live.tz_of(s, row.unit_id),
        printed_at=clock.now(),
    )
    return documents.FEEDBACK, data


REGISTERS = (
    Register(
        form=documents.RECORDS,
        rows=_records,
        days=14,
        by_rep=True,
        kinds=words.WAYS,
        own=may.CUSTOMER_EDIT,
        group="customers",
    ),
    Register(
        form=documents.PROBLEMS,
        rows=_problems,
        days=30,
        by_rep=True,
        kinds={key: value[0] for key, value in words.PROBLEM_STATES.items()},
        own=may.CUSTOMER_EDIT,
        group="customers",
    ),
    Register(
        form=documents.POINTS,
        rows=_points,
        days=90,
        by_rep=True,
        kinds={key: value[0] for key, value in words.POINT_STATES.items()},
        permission=may.FOLLOW_UP_LEAD,
        own=may.CUSTOMER_EDIT,
        group="figures",
    ),
)
