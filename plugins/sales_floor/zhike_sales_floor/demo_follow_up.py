"""The demo's follow-ups: a cycle that begins today, some of it done, a problem on its way."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from zhike.api import CompanySession, clock, organisation, policies
from zhike_sales_floor.models import Customer
from zhike_sales_floor.models_follow_up import CustomerProblem
from zhike_sales_floor.services import customers, follow_ups, live

QUESTION = "样板间的空调外机对着卧室窗，能不能移位"


def switch_on(s: CompanySession, unit_id: uuid.UUID) -> None:
    """Follow customers up in cycles, the first of which begins today."""
    held = policies.in_force(s, live.PLUGIN, unit_id, clock.now())
    if held.policy.get("followup.on"):
        follow_ups.keep_in_step(s, unit_id)
        return
    row = policies.draft(s, held.policy_id)
    row = policies.save_draft(
        s,
        row.id,
        lock=row.lock,
        params={
            **row.params,
            "followup.on": True,
            "followup.cycle_anchor": organisation.today(s, unit_id).isoformat(),
        },
        clauses=row.clauses,
        mode=row.mode,
    )
    policies.publish(s, row.id, effective_from=clock.now(), reason="实行客户定期回访")
    follow_ups.keep_in_step(s, unit_id)


def some_done(s: CompanySession, unit_id: uuid.UUID) -> None:
    """Every second customer has been phoned; one of the records is still to be filled."""
    for number, customer_id in enumerate(_owned(s, unit_id)):
        if number % 2:
            continue
        note = "" if number == 4 else "问了交房时间，月底前再带家人看一次"
        owner = s.require(Customer, customer_id).owner_id
        customers.log_contact(s, customer_id, "call", staff_id=owner, note=note)


def a_problem(s: CompanySession, unit_id: uuid.UUID) -> None:
    """A customer asks what the rep cannot answer; it goes to the head of the site."""
    asked = next(iter(_owned(s, unit_id)), None)
    leader = next(iter(follow_ups.leaders(s, unit_id)), None)
    if asked is None or leader is None or s.scalar(select(CustomerProblem.id).limit(1)):
        return
    problem_id, _done = follow_ups.raise_problem(s, asked, QUESTION, staff_id=None, solvable=False)
    follow_ups.report(s, problem_id, leader)


def _owned(s: CompanySession, unit_id: uuid.UUID) -> list[uuid.UUID]:
    query = select(Customer.id).where(
        Customer.unit_id == unit_id, Customer.owner_id.is_not(None), Customer.closed_on.is_(None)
    )
    return list(s.scalars(query.order_by(Customer.id).limit(12)))
