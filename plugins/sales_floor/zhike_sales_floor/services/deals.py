"""Deals: reservation, closing, ruling; the engine says who earns what, and by which clause.

What becomes of a deal afterwards stands in :mod:`.sales`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select

from zhike.api import (
    CompanySession,
    Conflict,
    Staff,
    UserError,
    _,
    clock,
    deadlines,
    ledger,
    numbering,
    organisation,
    policies,
    settings,
    uuid7,
)
from zhike_sales_floor.models import Credit, Customer, Deal, Floor, Ruling
from zhike_sales_floor.services import houses, live
from zhike_sales_floor.services.live import Act

STEPS = ("small_reservation", "subscription")
#: What each first step makes of a house.
HOUSE_STATES = {"small_reservation": "reserved", "subscription": "subscribed"}
#: The deadline of a small reservation.
RESERVATION = "sales_floor.reservation"


def start(
    s: CompanySession,
    customer_id: uuid.UUID,
    step: str,
    *,
    property: str = "",
    amount_fen: int = 0,
    staff_id: uuid.UUID | None = None,
    house_id: uuid.UUID | None = None,
    deposit_fen: int = 0,
    reserved_until: date | None = None,
) -> tuple[Deal, Act]:
    """The first paper of a deal is signed: a small reservation 小订 or the subscription 认购.

    The policy version in force now is pinned: credit is computed under it, whenever the deal
    closes. ``amount_fen`` is the price, ``deposit_fen`` the deposit, in fen; ``house_id`` what is
    sold, ``property`` its name where the site keeps no houses. A small reservation holds until the
    end of ``reserved_until``, by default so many days as the company set. Conflict where the house
    is not free (SF-D-56).
    """
    if step not in STEPS:
        raise UserError(_("Please choose the step."), field="step")
    check_sums(amount_fen, deposit_fen)
    customer = s.require(Customer, customer_id)
    if staff_id is not None:
        s.require(Staff, staff_id)
    if house_id is None and houses.kept(s, customer.unit_id):
        raise UserError(_("Please choose the unit from the list."), field="house")
    locked = live.lock_floor(s, customer.unit_id)
    house = houses.lock(s, customer.unit_id, [house_id])[house_id] if house_id else None
    now = clock.now()
    today = organisation.today(s, customer.unit_id)
    pinned = policies.in_force(s, live.PLUGIN, customer.unit_id, now).version_id
    deal = Deal(
        id=uuid7(),
        unit_id=customer.unit_id,
        number=numbering.take(s, "sales_floor.deal", customer.unit_id, today),
        customer_id=customer_id,
        property=property.strip(),
        amount_fen=amount_fen,
        deposit_fen=deposit_fen,
        staff_id=staff_id,
        policy_version_id=pinned,
    )
    if step == "small_reservation":
        days = int(settings.get(s, live.PLUGIN, "reserve_days"))
        deal.reserved_until = reserved_until or today + timedelta(days=days)
        if deal.reserved_until < today:
            raise UserError(_("This date lies in the past."), field="until")
    s.add(deal)
    s.flush()
    if house is not None:
        houses.take(s, house, deal, HOUSE_STATES[step])
    done = _step(s, deal, step, locked)
    watch(s, deal)
    return deal, done


def check_sums(amount_fen: int, deposit_fen: int) -> None:
    """Raise UserError for a negative price or a deposit above the price."""
    if amount_fen < 0:
        raise UserError(_("A price cannot be negative."), field="amount")
    if deposit_fen < 0 or deposit_fen > amount_fen:
        raise UserError(_("The deposit cannot be above the price."), field="deposit")


def end_of(s: CompanySession, unit_id: uuid.UUID, day: date) -> datetime:
    """The first instant after a day of the site."""
    zone = ZoneInfo(live.tz_of(s, unit_id))
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def watch(s: CompanySession, deal: Deal) -> None:
    """Set the deadline of a small reservation: the first instant after its last day."""
    subject = f"{live.PLUGIN}:deal:{deal.id}"
    if deal.state != "reserved" or deal.reserved_until is None:
        deadlines.cancel(s, RESERVATION, subject)
        return
    over = end_of(s, deal.unit_id, deal.reserved_until)
    data = {"unit": str(deal.unit_id), "deal": str(deal.id)}
    deadlines.schedule(s, RESERVATION, subject, over, data=data)


def sign(
    s: CompanySession,
    deal_id: uuid.UUID,
    *,
    amount_fen: int | None = None,
    deposit_fen: int | None = None,
) -> Act:
    """The subscription of a reserved deal is signed 认购: it closes, credit is computed.

    Price and deposit, in fen, where they are other than at the reservation.
    """
    deal = s.require(Deal, deal_id)
    locked = live.lock_floor(s, deal.unit_id)
    if deal.state != "reserved":
        raise Conflict(_("This deal is not open any more."))
    deal.amount_fen = deal.amount_fen if amount_fen is None else amount_fen
    deal.deposit_fen = deal.deposit_fen if deposit_fen is None else deposit_fen
    check_sums(deal.amount_fen, deal.deposit_fen)
    done = _step(s, deal, "subscription", locked)
    houses.advance(s, deal, "subscribed")
    deal.reserved_until = None
    watch(s, deal)
    s.flush()
    return done


def _step(s: CompanySession, deal: Deal, step: str, locked: Floor) -> Act:
    fields = {"customer": str(deal.customer_id), "deal": str(deal.id), "step": step}
    if deal.staff_id is not None:
        fields["rep"] = str(deal.staff_id)
    return live.act(s, deal.unit_id, "close", fields, pinned=deal.policy_version_id, locked=locked)


def commission_paid(s: CompanySession, deal_id: uuid.UUID, *, despite: str = "") -> Act:
    """The commission of a deal has been paid 提成已发: its credit is final.

    Refused while a dispute about it is running; ``despite`` is the reason for paying all the same,
    which the caller may only take from somebody with the right to override, and the ledger keeps.
    """
    from zhike_sales_floor.services import dockets

    deal = s.require(Deal, deal_id)
    docket = dockets.about_deal(s, deal)
    if docket is not None:
        if not despite.strip():
            raise Conflict(
                _(
                    "Docket %(number)s about this deal is running: the commission waits until it "
                    "is decided.",
                    number=docket.number,
                ),
                code="disputed",
            )
        ledger.append(
            s,
            "sales_floor.paid_despite",
            object=f"{live.PLUGIN}:deal:{deal.id}",
            body={"docket": docket.number},
            reason=despite.strip(),
        )
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


def of_staff(staff_id: uuid.UUID) -> ColumnElement[bool]:
    """The condition of 仅本人: of one's own customers, with credit of one's own, or handled."""
    owned = select(Customer.id).where(Customer.owner_id == staff_id)
    credited = select(Credit.deal_id).where(Credit.staff_id == staff_id)
    return or_(Deal.staff_id == staff_id, Deal.customer_id.in_(owned), Deal.id.in_(credited))


def is_of(s: CompanySession, deal: Deal, staff_id: uuid.UUID | None) -> bool:
    """Whether a deal is this person's own, see :func:`of_staff`."""
    if staff_id is None:
        return False
    query = select(Deal.id).where(Deal.id == deal.id, of_staff(staff_id))
    return s.scalar(query) is not None


#: What narrows a list of deals: name -> condition. The steps are those of :func:`step_of`.
NARROWED: Mapping[str, ColumnElement[bool]] = {
    "reserved": Deal.state == "reserved",
    "subscribed": and_(Deal.state == "closed", Deal.contracted_at.is_(None)),
    "contracted": and_(
        Deal.state == "closed", Deal.contracted_at.is_not(None), Deal.defaulted_at.is_(None)
    ),
    "defaulted": and_(Deal.state == "closed", Deal.defaulted_at.is_not(None)),
    "asked": and_(Deal.state != "refunded", Deal.asked_at.is_not(None)),
    "refunded": and_(Deal.state == "refunded", Deal.ended_how != "expired"),
    "expired": and_(Deal.state == "refunded", Deal.ended_how == "expired"),
}


def step_of(deal: Deal) -> str:
    """Where a deal stands: reserved, subscribed, contracted, defaulted, refunded or expired."""
    if deal.state == "refunded":
        return "expired" if deal.ended_how == "expired" else "refunded"
    if deal.state == "reserved":
        return "reserved"
    if deal.defaulted_at is not None:
        return "defaulted"
    return "contracted" if deal.contracted_at is not None else "subscribed"


def of_unit(
    s: CompanySession,
    unit_id: uuid.UUID,
    *,
    after: str = "",
    limit: int = 25,
    own: uuid.UUID | None = None,
    step: str = "",
    text: str = "",
) -> tuple[list[Deal], str]:
    """A page of a site's deals, newest first, and the cursor of the next page.

    own   only those of this staff member (data scope 仅本人), see :func:`of_staff`.
    step  a key of :data:`NARROWED`; text is part of a deal's, contract's or house's number.
    """
    statement = select(Deal).where(Deal.unit_id == unit_id)
    if own is not None:
        statement = statement.where(of_staff(own))
    if step in NARROWED:
        statement = statement.where(NARROWED[step])
    if text.strip():
        like = text.strip()
        statement = statement.where(
            or_(
                Deal.number.contains(like, autoescape=True),
                Deal.property.contains(like, autoescape=True),
                Deal.contract_no.contains(like, autoescape=True),
            )
        )
    if after:
        with suppress(ValueError):
            statement = statement.where(Deal.id < uuid.UUID(after))
    rows = list(s.scalars(statement.order_by(Deal.id.desc()).limit(limit + 1)))
    more = len(rows) > limit
    return rows[:limit], str(rows[limit - 1].id) if more else ""
