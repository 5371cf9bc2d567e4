"""The 认购书 (SFF-14): issued once with its terms, printed in copies, voided by every change."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    Conflict,
    Party,
    UserError,
    _,
    clock,
    ledger,
    lock_row,
    numbering,
    organisation,
    parties,
    policies,
)
from zhike_sales_floor.models import Customer, Deal
from zhike_sales_floor.models_sales import House, Instalment, Paper
from zhike_sales_floor.services import blanks, live

NUMBERS = "sales_floor.subscription"
#: How many copies go to customer, finance and sales where the regulation does not say (SF-D-57).
COPIES = (1, 1, 2)


def of_deal(s: CompanySession, deal_id: uuid.UUID) -> Paper | None:
    """The paper that is valid now, if one was issued."""
    return s.scalars(
        select(Paper).where(Paper.deal_id == deal_id, Paper.voided_at.is_(None))
    ).first()


def every(s: CompanySession, deal_id: uuid.UUID) -> list[Paper]:
    """All papers of a deal, the voided ones too, newest first."""
    query = select(Paper).where(Paper.deal_id == deal_id)
    return list(s.scalars(query.order_by(Paper.issued_at.desc())))


@dataclass(frozen=True)
class Holder:
    """Whose name stands on the paper."""

    customer: Customer
    party: Party | None


def holder_of(s: CompanySession, deal: Deal) -> Holder:
    """Who holds the deal: who took it over, else who signed."""
    customer = s.require(Customer, deal.holder_id or deal.customer_id)
    return Holder(customer, s.find(Party, customer.party_id) if customer.party_id else None)


def missing(s: CompanySession, deal: Deal) -> list[str]:
    """What has to be known before a 认购书 is written (SF-D-58), as sentences; empty: all is."""
    holder = holder_of(s, deal)
    found = []
    if holder.party is None or not holder.party.name:
        found.append(_("The customer's name is missing."))
    if holder.party is None or not holder.party.phone_masked:
        found.append(_("A phone at which the customer can be reached is missing."))
    if not deal.mail_address:
        found.append(_("The mailing address is missing."))
    if not re.fullmatch(r"\d{6}", deal.postcode):
        found.append(_("The postcode has six digits."))
    if not deal.property:
        found.append(_("The unit is missing."))
    if deal.amount_fen <= 0:
        found.append(_("The price is missing."))
    planned = sum(
        s.scalars(select(Instalment.amount_fen).where(Instalment.deal_id == deal.id)).all()
    )
    if planned and planned != deal.amount_fen:
        found.append(
            _(
                "The sums due add up to %(sum)s yuan, the price is %(price)s.",
                sum=f"{planned / 100:,.2f}",
                price=f"{deal.amount_fen / 100:,.2f}",
            )
        )
    return found


def set_address(s: CompanySession, deal_id: uuid.UUID, address: str, postcode: str) -> Deal:
    """Write down where the buyer is reached by mail; not once a paper says so already."""
    deal = lock_row(s, Deal, deal_id)
    if of_deal(s, deal_id) is not None and (deal.mail_address, deal.postcode) != (
        address.strip(),
        postcode.strip(),
    ):
        raise Conflict(_("The paper is issued; a correction of the deal voids it first."))
    deal.mail_address, deal.postcode = address.strip(), postcode.strip()
    s.flush()
    return deal


def issue(s: CompanySession, deal_id: uuid.UUID, blank_no: str = "") -> Paper:
    """Issue the 认购书 of a subscribed deal under a number of its own.

    ``blank_no`` is the number printed on a blank form, which has to have been drawn (SF-D-55).
    Raises UserError with everything that is missing, Conflict where a valid one exists.
    """
    deal = lock_row(s, Deal, deal_id)
    if deal.state != "closed":
        raise Conflict(_("A paper is written for a subscription that stands."))
    if of_deal(s, deal_id) is not None:
        raise Conflict(_("This deal has a valid paper already."))
    if gaps := missing(s, deal):
        raise UserError(" ".join(gaps), code="incomplete")
    if blank_no.strip():
        blanks.check(s, deal.unit_id, "subscription", blank_no.strip())
    house = s.find(House, deal.house_id) if deal.house_id else None
    day = organisation.today(s, deal.unit_id)
    paper = Paper(
        unit_id=deal.unit_id,
        deal_id=deal_id,
        number=numbering.take(s, NUMBERS, deal.unit_id, day),
        blank_no=blank_no.strip(),
        body={
            "unit": deal.property,
            "building": house.building if house else "",
            "layout": house.layout if house else "",
            "area": house.area if house else 0,
            "price": deal.amount_fen,
            "deposit": deal.deposit_fen,
            "balance": deal.amount_fen - deal.deposit_fen,
            "day": day.isoformat(),
            "copies": list(copies_of(s, deal)),
        },
        by=s.actor.name,
        issued_at=clock.now(),
    )
    s.add(paper)
    s.flush()
    _ledger(s, paper, "issued")
    return paper


def void(s: CompanySession, deal: Deal, why: str) -> None:
    """The valid paper of a deal, if there is one, holds no more: another has to be issued."""
    paper = of_deal(s, deal.id)
    if paper is None:
        return
    paper.voided_at, paper.void_why = clock.now(), why
    s.flush()
    _ledger(s, paper, "voided", why)


def printed(s: CompanySession, paper_id: uuid.UUID) -> int:
    """Note that a paper is printed; returns which print this is. The ledger knows every one."""
    paper = lock_row(s, Paper, paper_id)
    paper.prints += 1
    s.flush()
    ledger.append(
        s,
        "sales_floor.paper_printed",
        object=f"{live.PLUGIN}:deal:{paper.deal_id}",
        body={"number": paper.number, "print": paper.prints},
    )
    return paper.prints


def _ledger(s: CompanySession, paper: Paper, kind: str, reason: str = "") -> None:
    ledger.append(
        s,
        "sales_floor.paper",
        object=f"{live.PLUGIN}:deal:{paper.deal_id}",
        body={"kind": kind, "number": paper.number},
        reason=reason,
    )


def phone_for(s: CompanySession, deal_id: uuid.UUID) -> str:
    """The whole phone number for the print of a deal's paper; the ledger says who asked for it."""
    holder = holder_of(s, s.require(Deal, deal_id))
    if holder.party is None or not holder.party.phone_masked:
        return ""
    return parties.reveal_phone(s, holder.party.id, reason=_("subscription paper"))


def copies_of(s: CompanySession, deal: Deal) -> Sequence[int]:
    """How many copies customer, finance and sales get, as ``subscription.copies`` says (1/1/2)."""
    rules = (
        policies.resolved_version(s, deal.policy_version_id)
        if deal.policy_version_id
        else policies.in_force(s, live.PLUGIN, deal.unit_id, clock.now())
    )
    parts = str(rules.policy.get("subscription.copies") or "").split("/")
    if len(parts) != 3 or not all(part.strip().isdigit() for part in parts):
        return COPIES
    return tuple(min(int(part), 9) for part in parts)


def copy_names(numbers: Sequence[int]) -> tuple[str, ...]:
    """Who keeps which copy, in order: 第一联 客户, 第二联 财务 …"""
    names = [
        who
        for who, number in zip(("客户", "财务", "销售"), numbers, strict=False)
        for _n in range(number)
    ]
    digits = "一二三四五六七八九十"
    return tuple(
        f"第{digits[place] if place < len(digits) else place + 1}联 {who}"
        for place, who in enumerate(names)
    )
