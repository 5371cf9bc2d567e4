"""What becomes of a deal after its first paper: contract, swap, new name, default, return (5.5)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    Conflict,
    NotFound,
    UserError,
    _,
    clock,
    emit,
    ledger,
    organisation,
    policies,
)
from zhike_sales_floor import events
from zhike_sales_floor.models import Customer, Deal, Floor
from zhike_sales_floor.models_sales import DealChange, House, Instalment
from zhike_sales_floor.services import deals, houses, live, papers
from zhike_sales_floor.services.live import Act


def _locked(s: CompanySession, deal_id: uuid.UUID) -> tuple[Deal, Floor]:
    """The deal as it stands once nobody else can act on its site."""
    found = s.require(Deal, deal_id)
    floor = live.lock_floor(s, found.unit_id)
    s.refresh(found)
    if found.state == "refunded":
        raise Conflict(_("This deal is over."))
    return found, floor


def _needed(reason: str) -> str:
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    return reason.strip()


def _note(
    s: CompanySession,
    deal: Deal,
    kind: str,
    body: Mapping[str, Any],
    *,
    reason: str = "",
    fee_fen: int = 0,
    decision_id: uuid.UUID | None = None,
) -> DealChange:
    row = DealChange(
        unit_id=deal.unit_id,
        deal_id=deal.id,
        kind=kind,
        body=dict(body),
        fee_fen=fee_fen,
        reason=reason.strip(),
        by=s.actor.name,
        at=clock.now(),
        decision_id=decision_id,
    )
    s.add(row)
    s.flush()
    return row


def _act(
    s: CompanySession, deal: Deal, floor: Floor, verb: str, reason: str = "", **fields: Any
) -> Act:
    stated = {
        "customer": str(deal.customer_id),
        "deal": str(deal.id),
        **{key: value for key, value in fields.items() if value not in ("", None, False)},
    }
    if reason:
        stated |= {"by": s.actor.name, "reason": reason}
    return live.act(
        s,
        deal.unit_id,
        verb,
        stated,
        pinned=deal.policy_version_id,
        reason=reason,
        locked=floor,
    )


def _decision(done: Act, kind: str) -> uuid.UUID | None:
    found = done.decision_of(kind)
    return found[1] if found else None


def rules_of(s: CompanySession, deal: Deal) -> policies.ResolvedPolicy:
    """The policy version under which the deal began: it decides all that becomes of it."""
    if deal.policy_version_id is not None:
        return policies.resolved_version(s, deal.policy_version_id)
    return policies.in_force(s, live.PLUGIN, deal.unit_id, clock.now())


# -- contract ---------------------------------------------------------------------------------


def contract(
    s: CompanySession, deal_id: uuid.UUID, *, number: str, on: date, pay_way: str = ""
) -> Act:
    """The contract of a subscribed deal is signed 签约: its number, its date, the way of paying."""
    deal, floor = _locked(s, deal_id)
    if deal.state != "closed":
        raise Conflict(_("The subscription is signed first, then the contract."))
    if deal.contracted_at is not None:
        raise Conflict(_("This deal has its contract already."))
    if not number.strip():
        raise UserError(_("Please give the contract's number."), field="number")
    if on > organisation.today(s, deal.unit_id):
        raise UserError(_("This date lies in the future."), field="on")
    same = select(Deal.number).where(
        Deal.unit_id == deal.unit_id,
        Deal.contract_no == number.strip(),
        Deal.state != "refunded",
    )
    if (other := s.scalar(same)) is not None:
        raise UserError(
            _("Deal %(number)s has this contract number.", number=other), field="number"
        )
    done = _act(s, deal, floor, "close", step="contract", rep=_text(deal.staff_id))
    deal.contract_no, deal.contract_on = number.strip(), on
    deal.pay_way, deal.contracted_at = pay_way.strip(), done.at
    houses.advance(s, deal, "contracted")
    body = {"number": deal.contract_no, "on": on.isoformat(), "pay_way": deal.pay_way}
    _note(s, deal, "contract", body, decision_id=_decision(done, "credit"))
    return done


def _text(value: uuid.UUID | None) -> str:
    return str(value) if value else ""


# -- swap and new name ------------------------------------------------------------------------


def swap(
    s: CompanySession,
    deal_id: uuid.UUID,
    house_id: uuid.UUID,
    *,
    amount_fen: int,
    reason: str,
    harder: bool = False,
    override: bool = False,
) -> Act:
    """The buyer takes another house 换房 for ``amount_fen``; ownership and credit move along.

    The regulation may let nobody swap downward (SF-D-42): ``override`` is a manager's leave to do
    so. While the regulation is only observed it stops nobody; while it advises, the reason does.
    """
    reason = _needed(reason)
    deal, floor = _locked(s, deal_id)
    if deal.house_id is None:
        raise Conflict(_("This deal names no unit of the sales control: correct it first."))
    if house_id == deal.house_id:
        raise UserError(_("This is the unit the deal has."), field="house")
    found = houses.lock(s, deal.unit_id, [deal.house_id, house_id])
    old, new = found[deal.house_id], found[house_id]
    if new.state != "available":
        raise houses.refuse_second(s, new)
    deals.check_sums(amount_fen, deal.deposit_fen)
    mode = rules_of(s, deal).mode
    areas = {"area_from": old.area, "area_to": new.area} if old.area and new.area else {}
    done = _act(
        s,
        deal,
        floor,
        "swap_unit",
        reason,
        unit_from=old.code,
        unit_to=new.code,
        price_from=deal.amount_fen,
        price_to=amount_fen,
        harder=harder,
        override=override or mode != "enforce",
        **areas,
    )
    was = deal.amount_fen
    state = old.state if old.state in houses.BY_DEAL else "subscribed"
    houses.free(s, deal, "swapped", reason)
    deal.amount_fen = amount_fen
    houses.take(s, new, deal, state)
    papers.void(s, deal, _("unit swapped"))
    body = {"from": old.code, "to": new.code, "price_from": was, "price_to": amount_fen}
    _note(s, deal, "swap", body, reason=reason, decision_id=_decision(done, "swap"))
    return done


def change_name(
    s: CompanySession,
    deal_id: uuid.UUID,
    holder_id: uuid.UUID,
    *,
    reason: str,
    fee_fen: int | None = None,
) -> Act:
    """Another customer of the site takes the deal over 换名; credit stays (SF-D-43).

    ``fee_fen`` is what is proposed to be charged; by default what the regulation states, after the
    contract only. Nothing is charged here.
    """
    reason = _needed(reason)
    deal, floor = _locked(s, deal_id)
    holder = s.require(Customer, holder_id)
    if holder.unit_id != deal.unit_id:
        raise NotFound(_("This customer belongs to another site."))
    before = deal.holder_id or deal.customer_id
    done = _act(s, deal, floor, "change_name", reason, holder=str(holder_id))
    stated = done.outcome.get("fee")
    fee = fee_fen if fee_fen is not None else int(stated) * 100 if stated is not None else 0
    deal.holder_id = None if holder_id == deal.customer_id else holder_id
    deal.mail_address, deal.postcode = "", ""
    papers.void(s, deal, _("name changed"))
    body = {"from": str(before), "to": str(holder_id)}
    _note(
        s, deal, "name", body, reason=reason, fee_fen=fee,
        decision_id=_decision(done, "name_change"),
    )  # fmt: skip
    return done


# -- default and return -----------------------------------------------------------------------


def mark_default(s: CompanySession, deal_id: uuid.UUID, reason: str) -> Act:
    """A sum of the contract is overdue for too long: the deal is in default 违约 (SF-D-44)."""
    reason = _needed(reason)
    deal, floor = _locked(s, deal_id)
    overdue = s.scalars(
        select(Instalment)
        .where(
            Instalment.deal_id == deal_id,
            Instalment.paid_fen < Instalment.amount_fen,
            Instalment.due_on < organisation.today(s, deal.unit_id),
        )
        .order_by(Instalment.due_on)
    ).first()
    if overdue is None:
        raise Conflict(_("Nothing is overdue on this deal."))
    zone = ZoneInfo(live.tz_of(s, deal.unit_id))
    due = datetime.combine(overdue.due_on, time(), zone).isoformat(timespec="seconds")
    done = _act(s, deal, floor, "default", reason, due=due)
    deal.defaulted_at = done.at
    body = {"due": overdue.due_on.isoformat(), "sum": overdue.amount_fen - overdue.paid_fen}
    _note(s, deal, "default", body, reason=reason, decision_id=_decision(done, "default"))
    return done


def ask_refund(s: CompanySession, deal_id: uuid.UUID, reason: str) -> str:
    """Note that the customer wants out 申请退房; the manager is told and decides (SF-D-45)."""
    reason = _needed(reason)
    deal, _floor = _locked(s, deal_id)
    deal.asked_at, deal.asked_by, deal.asked_why = clock.now(), s.actor.name, reason
    ledger.append(
        s, "sales_floor.refund_asked", object=f"{live.PLUGIN}:deal:{deal.id}", reason=reason
    )
    emit(
        s,
        events.RefundAsked(
            unit_id=str(deal.unit_id), deal_id=str(deal.id), staff_id=_text(s.actor.staff_id)
        ),
    )
    s.flush()
    return _("Asked for: the manager decides on the refund of %(number)s.", number=deal.number)


def keep(s: CompanySession, deal_id: uuid.UUID, reason: str) -> str:
    """The customer stays 挽留成功, or the manager refuses: what was asked for is over."""
    reason = _needed(reason)
    deal, _floor = _locked(s, deal_id)
    if deal.asked_at is None:
        raise Conflict(_("Nobody has asked for a refund of this deal."))
    body = {"asked_by": deal.asked_by, "asked_why": deal.asked_why}
    deal.asked_at, deal.asked_by, deal.asked_why = None, "", ""
    _note(s, deal, "kept", body, reason=reason)
    return _("The deal %(number)s goes on.", number=deal.number)


def refund(s: CompanySession, deal_id: uuid.UUID, reason: str, *, override: bool = False) -> Act:
    """A deal is cancelled 退房/退订: both vectors are reversed with this date (G-31).

    After the contract the regulation may refuse it (SF-D-45), unless the deal is in default:
    ``override`` is a manager's leave. While the regulation is not binding, the reason is enough.
    """
    reason = _needed(reason)
    found = s.require(Deal, deal_id)
    if found.state == "refunded":
        raise Conflict(_("This deal is refunded already."))
    deal, floor = _locked(s, deal_id)
    rules = rules_of(s, deal)
    refused = deal.contracted_at is not None and deal.defaulted_at is None
    refused = refused and rules.policy.get("return.after_contract") == "refuse"
    if refused and rules.mode == "enforce" and not override:
        raise Conflict(
            _(
                "After the contract a unit is not taken back, by %(clause)s. A manager may allow "
                "it with a reason.",
                clause=clause_of(rules, "SF-D-45"),
            ),
            code="after_contract",
        )
    done = _act(s, deal, floor, "cancel", reason)
    _end(s, deal, "refund", reason, done)
    return done


def _end(s: CompanySession, deal: Deal, how: str, reason: str, done: Act) -> None:
    body = {"unit": deal.property, "price": deal.amount_fen, "contract": deal.contract_no}
    if deal.asked_by:
        body |= {"asked_by": deal.asked_by, "asked_why": deal.asked_why}
    deal.ended_how, deal.asked_at = how, None
    if deal.state != "refunded":  # nothing was credited yet, so nothing was reversed
        deal.state, deal.refunded_at = "refunded", done.at
    houses.free(s, deal, "expired" if how == "expired" else "given_back", reason)
    papers.void(s, deal, _("deal cancelled"))
    deals.watch(s, deal)
    _note(s, deal, how, body, reason=reason, decision_id=_decision(done, "reversal"))


def expire(s: CompanySession, deal_id: uuid.UUID) -> Act | None:
    """A small reservation ran out: the house is free again, the rep is told. None if it is over."""
    found = s.find(Deal, deal_id)
    if found is None or found.state != "reserved" or found.reserved_until is None:
        return None
    if found.reserved_until >= organisation.today(s, found.unit_id):
        return None
    deal, floor = _locked(s, deal_id)
    reason = _("small reservation ran out on %(day)s", day=str(deal.reserved_until))
    done = _act(s, deal, floor, "cancel", reason)
    _end(s, deal, "expired", reason, done)
    emit(s, events.ReservationExpired(unit_id=str(deal.unit_id), deal_id=str(deal.id)))
    return done


def extend(s: CompanySession, deal_id: uuid.UUID, until: date, reason: str) -> str:
    """Let a small reservation hold for longer, with a reason."""
    reason = _needed(reason)
    deal, _floor = _locked(s, deal_id)
    if deal.state != "reserved":
        raise Conflict(_("This deal is not open any more."))
    if until < organisation.today(s, deal.unit_id):
        raise UserError(_("This date lies in the past."), field="until")
    body = {"from": str(deal.reserved_until or ""), "to": until.isoformat()}
    deal.reserved_until = until
    deals.watch(s, deal)
    _note(s, deal, "extended", body, reason=reason)
    return _("The reservation %(number)s holds until %(day)s.", number=deal.number, day=str(until))


# -- corrections ------------------------------------------------------------------------------


def correct(
    s: CompanySession,
    deal_id: uuid.UUID,
    *,
    amount_fen: int,
    deposit_fen: int,
    house_id: uuid.UUID | None = None,
    property: str = "",
    reason: str,
) -> Deal:
    """Put a slip of the pen right: unit, price or deposit; what was is in ledger and history.

    No refund and no swap: credit and dates stay. A paper that was issued is void.
    """
    reason = _needed(reason)
    deal, _floor = _locked(s, deal_id)
    deals.check_sums(amount_fen, deposit_fen)
    before: dict[str, Any] = {"price": deal.amount_fen, "deposit": deal.deposit_fen}
    before |= {"unit": deal.property}
    if house_id is not None and house_id != deal.house_id:
        ids = [house_id, *([deal.house_id] if deal.house_id else [])]
        new: House = houses.lock(s, deal.unit_id, ids)[house_id]
        if new.state != "available":
            raise houses.refuse_second(s, new)
        houses.free(s, deal, "corrected", reason)
        step = deals.step_of(deal)
        houses.take(s, new, deal, "contracted" if step == "defaulted" else step)
    elif house_id is None and deal.house_id is None and property.strip():
        deal.property = property.strip()
    deal.amount_fen, deal.deposit_fen = amount_fen, deposit_fen
    after = {"price": amount_fen, "deposit": deposit_fen, "unit": deal.property}
    changed = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
    if not changed:
        raise UserError(_("Nothing is different."), field="amount")
    papers.void(s, deal, _("entry corrected"))
    _note(s, deal, "correction", changed, reason=reason)
    ledger.append(
        s,
        "sales_floor.corrected",
        object=f"{live.PLUGIN}:deal:{deal.id}",
        body={"changed": changed},
        reason=reason,
    )
    s.flush()
    return deal


def clause_of(rules: policies.ResolvedPolicy, rule: str) -> str:
    """The company's number of a clause, as 第 17 条; the rule's own name where it has none."""
    clause = rules.policy.clause(rule)
    return _("clause %(n)s", n=clause.number) if clause else rule


def changes_of(s: CompanySession, deal_id: uuid.UUID) -> list[DealChange]:
    """What was changed on a deal, newest first."""
    return list(
        s.scalars(
            select(DealChange)
            .where(DealChange.deal_id == deal_id)
            .order_by(DealChange.at.desc(), DealChange.id.desc())
        )
    )
