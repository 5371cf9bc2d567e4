"""Operations on customers, deals, registers and decisions."""

from __future__ import annotations

import json
import uuid
from datetime import date, datetime
from typing import Any

from zhike.api import (
    CompanySession,
    NotFound,
    UserError,
    _,
    act,
    clock,
    current,
    decisions,
    parties,
    reading,
    transaction,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor.api import models as m
from zhike_sales_floor.api import models_sales as ms
from zhike_sales_floor.api.floor import answer, doing
from zhike_sales_floor.models import Deal
from zhike_sales_floor.services import customers, deals, live, record, registers, sales, sheets
from zhike_sales_floor.services.names import names_in
from zhike_sales_floor.views._common import customer_at, deal_at, own_only, own_staff


def _line(line: customers.Line) -> m.CustomerOut:
    return m.CustomerOut.model_validate(
        {key: getattr(line, key) for key in m.CustomerOut.model_fields}
    )


def get_customers(unit_id: uuid.UUID, body: m.CustomersQuery) -> m.CustomersOut:
    """A page of a site's customers, newest first."""
    own = current().can(may.CUSTOMER_VIEW, unit_id).why == "own"
    wanted = customers.Filter(
        owner=body.owner,
        own=(own_staff() or uuid.UUID(int=0)) if own else None,
        grade=body.grade,
        stage=body.stage,
        due=body.due,
        text=body.q,
    )
    found = customers.list_page(reading(), unit_id, wanted, after=body.after, limit=body.limit)
    return m.CustomersOut(customers=[_line(line) for line in found.lines], after=found.after)


def get_customer(unit_id: uuid.UUID, customer_id: uuid.UUID) -> m.CustomerOut:
    """One customer."""
    s = reading()
    row = customer_at(s, unit_id, customer_id, may.CUSTOMER_VIEW)
    party = record.record(s, row.id).party
    facts = {key: getattr(row, key, None) for key in m.CustomerOut.model_fields}
    return m.CustomerOut.model_validate(
        {**facts, "name": party.name if party else "", "phone": party.phone_masked if party else ""}
    )


def post_contact(unit_id: uuid.UUID, customer_id: uuid.UUID, body: m.ContactIn) -> m.ContactOut:
    """Log a contact."""
    row = customer_at(reading(), unit_id, customer_id, may.CUSTOMER_EDIT)
    if body.occurred_at is not None and body.occurred_at.tzinfo is None:
        raise UserError(_("Give the time with its offset."), field="occurred_at")
    owner, staff = row.owner_id, own_staff()

    def work(s: CompanySession) -> dict[str, bool]:
        done = customers.log_contact(
            s,
            customer_id,
            body.kind,
            staff_id=staff or owner,
            note=body.note,
            occurred_at=body.occurred_at,
            answered=body.answered,
        )
        return {"counted": bool(done and done.outcome.get("counted"))}

    return m.ContactOut.model_validate(act(work))


def put_follow_up(unit_id: uuid.UUID, customer_id: uuid.UUID, body: m.FollowUpIn) -> None:
    """Set the next follow-up and, if given, the class."""
    customer_at(reading(), unit_id, customer_id, may.CUSTOMER_EDIT)

    def work(s: CompanySession) -> None:
        customers.set_follow_up(s, customer_id, body.on, body.note)
        if body.grade is not None:
            customers.set_grade(s, customer_id, body.grade)

    act(work)


def post_relation(unit_id: uuid.UUID, customer_id: uuid.UUID, body: m.RelationIn) -> m.ActOut:
    """Log a relation; its proof only by whoever may."""
    customer_at(reading(), unit_id, customer_id, may.CUSTOMER_EDIT)
    proof = body.proof if current().can(may.RECLASS, unit_id) else ""
    return doing(
        lambda s: customers.prove_relation(s, customer_id, body.other, body.relation, proof=proof)
    )


def post_owner(unit_id: uuid.UUID, customer_id: uuid.UUID, body: m.OwnerIn) -> m.ActOut:
    """Rule on the owner."""
    customer_at(reading(), unit_id, customer_id, may.RULE)
    return doing(lambda s: customers.rule_owner(s, customer_id, body.owner, body.reason))


def post_reveal(unit_id: uuid.UUID, customer_id: uuid.UUID) -> m.PhoneOut:
    """The phone in clear; the ledger says who asked."""
    row = customer_at(reading(), unit_id, customer_id, may.CUSTOMER_REVEAL)
    if row.party_id is None:
        raise NotFound(_("No phone is known."))
    party_id = row.party_id
    with transaction() as s:
        return m.PhoneOut(phone=parties.reveal_phone(s, party_id))


# -- deals ------------------------------------------------------------------------------------


def _deal(s: CompanySession, row: Deal) -> m.DealOut:
    shares = [
        m.ShareOut(
            staff_id=line.staff_id,
            performance=line.performance,
            commission=line.commission,
            clauses=line.clauses,
        )
        for line in sheets.shares_with_clauses(s, row)
    ]
    facts = {key: getattr(row, key) for key in m.DealOut.model_fields if key != "shares"}
    return m.DealOut.model_validate({**facts, "shares": shares})


def get_deals(unit_id: uuid.UUID, body: m.DealsQuery) -> m.DealsOut:
    """A page of deals, newest first."""
    s = reading()
    rows, after = deals.of_unit(
        s, unit_id, after=body.after, own=own_only(may.CLOSING, unit_id), step=body.step
    )
    return m.DealsOut(deals=[_deal(s, row) for row in rows], after=after)


def get_deal(unit_id: uuid.UUID, deal_id: uuid.UUID) -> m.DealOut:
    """One deal with its credit."""
    s = reading()
    return _deal(s, deal_at(s, unit_id, deal_id, may.CLOSING))


def post_deal(unit_id: uuid.UUID, body: m.DealIn) -> m.DealActOut:
    """The first paper of a deal."""
    customer_at(reading(), unit_id, body.customer_id, may.CUSTOMER_VIEW)

    def work(s: CompanySession) -> dict[str, Any]:
        row, done = deals.start(
            s,
            body.customer_id,
            body.step,
            property=body.property,
            amount_fen=body.amount_fen,
            staff_id=body.staff_id,
            house_id=body.house_id,
            deposit_fen=body.deposit_fen,
            reserved_until=body.reserved_until,
        )
        return {**answer(done, s), "deal_id": str(row.id)}

    return m.DealActOut.model_validate(act(work))


def post_sign(unit_id: uuid.UUID, deal_id: uuid.UUID, body: ms.SignIn) -> m.ActOut:
    """The subscription is signed."""
    deal_at(reading(), unit_id, deal_id, may.CLOSING)
    return doing(
        lambda s: deals.sign(s, deal_id, amount_fen=body.amount_fen, deposit_fen=body.deposit_fen)
    )


def post_refund(unit_id: uuid.UUID, deal_id: uuid.UUID, body: ms.RefundIn) -> m.ActOut:
    """Cancel a deal; its credit is reversed. Once subscribed, by whoever may rule."""
    row = deal_at(reading(), unit_id, deal_id, may.CLOSING)
    if row.state != "reserved":
        current().require(may.RULE, unit_id)
    return doing(lambda s: sales.refund(s, deal_id, body.reason, override=body.override))


def post_paid(unit_id: uuid.UUID, deal_id: uuid.UUID) -> m.ActOut:
    """The commission is paid."""
    deal_at(reading(), unit_id, deal_id, may.CLOSING)
    return doing(lambda s: deals.commission_paid(s, deal_id))


def post_shares(unit_id: uuid.UUID, deal_id: uuid.UUID, body: m.SharesIn) -> m.ActOut:
    """Rule on the credit of a deal."""
    deal_at(reading(), unit_id, deal_id, may.RULE)
    return doing(
        lambda s: deals.rule_shares(s, deal_id, body.shares, facts=body.facts, reason=body.reason)[
            1
        ]
    )


def post_quarrel(unit_id: uuid.UUID, deal_id: uuid.UUID, body: m.ReasonIn) -> m.ActOut:
    """Reps quarrel over a deal."""
    deal_at(reading(), unit_id, deal_id, may.RULE)
    return doing(lambda s: deals.quarrel(s, deal_id, body.reason))


# -- registers and decisions ------------------------------------------------------------------


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value


def get_register(unit_id: uuid.UUID, code: str, body: m.DayQuery) -> m.RegisterOut:
    """A register of a day."""
    s = reading()
    register = registers.find(code)
    current().require(register.permission, unit_id)
    scope = registers.scope_of(s, register, unit_id, until=body.day)
    form, data, _more = registers.fill(s, register, scope, limit=registers.ON_PAPER)
    return m.RegisterOut(
        code=code,
        title=form.title,
        day=scope.until,
        values={key: _plain(value) for key, value in data.values.items()},
        lines=[
            {key: _plain(value) for key, value in row.items()} for row in data.rows[registers.LINES]
        ],
    )


def get_why(decision_id: uuid.UUID) -> m.WhyOut:
    """A decision in words."""
    s = reading()
    row = decisions.get(s, decision_id)
    if row.plugin != live.PLUGIN:
        raise NotFound(_("This decision does not exist."))
    if row.unit_id is not None:
        current().require(may.VIEW_BOARD, row.unit_id)
    told = decisions.explain(s, row, names=names_in(s, row))
    return m.WhyOut(
        id=row.id,
        kind=row.kind,
        at=clock.local(row.at, "UTC"),
        sentences=list(told.sentences),
        rules=json.loads(json.dumps(row.rules)),
        policy=told.policy,
        version=told.version,
        mode=row.mode,
    )
