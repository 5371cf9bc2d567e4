"""Deals: reservation, closing, refund; the engine says who earns what, and by which clause."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    Conflict,
    Staff,
    UserError,
    _,
    clock,
    numbering,
    organisation,
    policies,
    uuid7,
)
from zhike_sales_floor.models import Credit, Customer, Deal, Ruling
from zhike_sales_floor.services import live
from zhike_sales_floor.services.live import Act

STEPS = ("small_reservation", "subscription")


def start(
    s: CompanySession,
    customer_id: uuid.UUID,
    step: str,
    *,
    property: str = "",
    amount_fen: int = 0,
    staff_id: uuid.UUID | None = None,
) -> tuple[Deal, Act]:
    """The first paper of a deal is signed: a small reservation 小订 or the subscription 认购.

    The policy version in force now is pinned: credit is computed under it, whenever the deal
    closes. ``amount_fen`` is the price in fen.
    """
    if step not in STEPS:
        raise UserError(_("Please choose the step."), field="step")
    if amount_fen < 0:
        raise UserError(_("A price cannot be negative."), field="amount")
    customer = s.require(Customer, customer_id)
    if staff_id is not None:
        s.require(Staff, staff_id)
    now = clock.now()
    pinned = policies.in_force(s, live.PLUGIN, customer.unit_id, now).version_id
    deal = Deal(
        id=uuid7(),
        unit_id=customer.unit_id,
        number=numbering.take(
            s, "sales_floor.deal", customer.unit_id, organisation.today(s, customer.unit_id)
        ),
        customer_id=customer_id,
        property=property.strip(),
        amount_fen=amount_fen,
        staff_id=staff_id,
        policy_version_id=pinned,
    )
    s.add(deal)
    s.flush()
    return deal, _step(s, deal, step)


def sign(s: CompanySession, deal_id: uuid.UUID) -> Act:
    """The subscription of a reserved deal is signed 认购: it closes, credit is computed."""
    deal = s.require(Deal, deal_id)
    if deal.state != "reserved":
        raise Conflict(_("This deal is not open any more."))
    return _step(s, deal, "subscription")


def _step(s: CompanySession, deal: Deal, step: str) -> Act:
    fields = {"customer": str(deal.customer_id), "deal": str(deal.id), "step": step}
    if deal.staff_id is not None:
        fields["rep"] = str(deal.staff_id)
    return live.act(s, deal.unit_id, "close", fields, pinned=deal.policy_version_id)


def refund(s: CompanySession, deal_id: uuid.UUID, reason: str) -> Act:
    """A deal is cancelled 退房/退订: both vectors are reversed with this date (G-31)."""
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    deal = s.require(Deal, deal_id)
    if deal.state == "refunded":
        raise Conflict(_("This deal is refunded already."))
    fields = {
        "customer": str(deal.customer_id),
        "deal": str(deal.id),
        "by": s.actor.name,
        "reason": reason.strip(),
    }
    return live.act(s, deal.unit_id, "cancel", fields, pinned=deal.policy_version_id, reason=reason)


def commission_paid(s: CompanySession, deal_id: uuid.UUID) -> Act:
    """The commission of a deal has been paid 提成已发: its credit is final."""
    deal = s.require(Deal, deal_id)
    fields = {"customer": str(deal.customer_id), "deal": str(deal.id)}
    return live.act(s, deal.unit_id, "commission_paid", fields, pinned=deal.policy_version_id)


def rule_shares(
    s: CompanySession,
    deal_id: uuid.UUID,
    shares: Mapping[uuid.UUID, int],
    *,
    facts: str,
    reason: str,
) -> tuple[Ruling, Act]:
    """A manager rules on the credit of a deal 裁定 (SFF-65); shares in basis points, sum 10 000."""
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    if sum(shares.values()) != 10_000:
        raise UserError(_("The shares have to add up to 100 %."), field="shares")
    deal = s.require(Deal, deal_id)
    act = live.act(
        s,
        deal.unit_id,
        "ruling",
        {
            "customer": str(deal.customer_id),
            "deal": str(deal.id),
            "shares": {str(who): share for who, share in shares.items()},
            "by": s.actor.name,
            "reason": reason.strip(),
        },
        pinned=deal.policy_version_id,
        reason=reason,
    )
    ruling = Ruling(
        unit_id=deal.unit_id,
        customer_id=deal.customer_id,
        subject=f"sales_floor:deal:{deal.id}",
        facts=facts.strip(),
        outcome={"shares": {str(who): share for who, share in shares.items()}},
        reason=reason.strip(),
        by=s.actor.name,
        at=act.at,
        seq=act.seq,
    )
    s.add(ruling)
    s.flush()
    return ruling, act


def quarrel(s: CompanySession, deal_id: uuid.UUID, reason: str) -> Act:
    """Reps quarrel over a deal or refuse the ruling 争单; costs them what the policy says."""
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    deal = s.require(Deal, deal_id)
    fields = {
        "customer": str(deal.customer_id),
        "deal": str(deal.id),
        "by": s.actor.name,
        "reason": reason.strip(),
    }
    return live.act(
        s, deal.unit_id, "quarrel", fields, pinned=deal.policy_version_id, reason=reason
    )


@dataclass(frozen=True)
class Share:
    """What one rep (None: the department) has of a deal, in basis points."""

    staff_id: uuid.UUID | None
    performance: int
    commission: int
    rules: Sequence[str]


def shares_of(s: CompanySession, deal_id: uuid.UUID) -> list[Share]:
    """The credit that stands, all entries added up, the largest share first.

    For a refunded deal, what stood before the refund: the page shows it as reversed.
    """
    total: dict[uuid.UUID | None, list[Any]] = {}
    for entry in s.scalars(
        select(Credit)
        .where(Credit.deal_id == deal_id, Credit.entry != "refund")
        .order_by(Credit.id)
    ):
        line = total.setdefault(entry.staff_id, [0, 0, []])
        line[0] += entry.performance
        line[1] += entry.commission
        if entry.performance > 0 or entry.commission > 0:
            line[2] = entry.rules
    found = [Share(who, line[0], line[1], line[2]) for who, line in total.items()]
    kept = [share for share in found if share.performance or share.commission]
    return sorted(kept, key=lambda share: (-share.performance, -share.commission))


def of_unit(
    s: CompanySession, unit_id: uuid.UUID, *, after: str = "", limit: int = 25
) -> tuple[list[Deal], str]:
    """A page of a site's deals, newest first, and the cursor of the next page."""
    statement = select(Deal).where(Deal.unit_id == unit_id)
    if after:
        with suppress(ValueError):
            statement = statement.where(Deal.id < uuid.UUID(after))
    rows = list(s.scalars(statement.order_by(Deal.id.desc()).limit(limit + 1)))
    more = len(rows) > limit
    return rows[:limit], str(rows[limit - 1].id) if more else ""
