"""Sums due and payments as people state them; nothing here is an account (SF-D-44, 46, 47, 57)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    Conflict,
    UserError,
    _,
    clock,
    ledger,
    lock_row,
    organisation,
)
from zhike_sales_floor.models import Deal
from zhike_sales_floor.models_sales import Dunning, Instalment, Receipt
from zhike_sales_floor.services import blanks, deals, live


def of_deal(s: CompanySession, deal_id: uuid.UUID) -> list[Instalment]:
    """The sums due on a deal, the earliest first."""
    query = select(Instalment).where(Instalment.deal_id == deal_id)
    return list(s.scalars(query.order_by(Instalment.due_on, Instalment.id)))


def receipts_of(s: CompanySession, deal_id: uuid.UUID) -> list[Receipt]:
    """The receipts of a deal, newest first."""
    query = select(Receipt).where(Receipt.deal_id == deal_id)
    return list(s.scalars(query.order_by(Receipt.at.desc())))


def _open_deal(s: CompanySession, deal_id: uuid.UUID) -> Deal:
    deal = lock_row(s, Deal, deal_id)
    if deal.state == "refunded":
        raise Conflict(_("This deal is over."))
    return deal


def plan(
    s: CompanySession, deal_id: uuid.UUID, title: str, amount_fen: int, due_on: date
) -> Instalment:
    """Write down a sum that is due 应付款; all of them together are at most the price."""
    deal = _open_deal(s, deal_id)
    if not title.strip():
        raise UserError(_("Please say what is due."), field="title")
    if amount_fen <= 0:
        raise UserError(_("A sum is more than nothing."), field="amount")
    planned = sum(one.amount_fen for one in of_deal(s, deal_id))
    if planned + amount_fen > deal.amount_fen:
        raise UserError(
            _(
                "The sums due would add up to more than the price: %(rest)s yuan are left.",
                rest=f"{max(deal.amount_fen - planned, 0) / 100:,.2f}",
            ),
            field="amount",
        )
    row = Instalment(
        unit_id=deal.unit_id,
        deal_id=deal_id,
        title=title.strip(),
        amount_fen=amount_fen,
        due_on=due_on,
    )
    s.add(row)
    s.flush()
    return row


def unplan(s: CompanySession, instalment_id: uuid.UUID) -> str:
    """Take a sum due out again while nothing of it was paid and nobody was reminded."""
    row = lock_row(s, Instalment, instalment_id)
    _open_deal(s, row.deal_id)
    if row.paid_fen or row.dunned_on is not None:
        raise Conflict(_("Something was paid on it, or a reminder was sent: it stays."))
    title = row.title
    s.delete(row)
    s.flush()
    return _("Taken out: %(what)s.", what=title)


def pay(
    s: CompanySession,
    instalment_id: uuid.UUID,
    amount_fen: int,
    paid_on: date,
    number: str = "",
) -> Receipt:
    """State that (part of) a sum was paid at finance, under the number of a receipt 收据.

    Without a number the next blank that was drawn is taken. Raises UserError for more than is due,
    for a number that nobody drew and for one that is used.
    """
    row = lock_row(s, Instalment, instalment_id)
    deal = _open_deal(s, row.deal_id)
    rest = row.amount_fen - row.paid_fen
    if amount_fen <= 0:
        raise UserError(_("A sum is more than nothing."), field="amount")
    if amount_fen > rest:
        raise UserError(
            _("Only %(rest)s yuan are due on this.", rest=f"{rest / 100:,.2f}"), field="amount"
        )
    if paid_on > organisation.today(s, deal.unit_id):
        raise UserError(_("This date lies in the future."), field="paid_on")
    live.lock_floor(s, deal.unit_id)
    number = number.strip() or blanks.next_number(s, deal.unit_id, "receipt")
    if not number:
        raise UserError(_("Please give the receipt's number."), field="number")
    blanks.check(s, deal.unit_id, "receipt", number)
    row.paid_fen += amount_fen
    row.paid_on = paid_on
    receipt = Receipt(
        unit_id=deal.unit_id,
        deal_id=deal.id,
        instalment_id=row.id,
        number=number,
        amount_fen=amount_fen,
        paid_on=paid_on,
        by=s.actor.name,
        at=clock.now(),
    )
    s.add(receipt)
    s.flush()
    ledger.append(
        s,
        "sales_floor.receipt",
        object=f"{live.PLUGIN}:deal:{deal.id}",
        body={"number": number, "sum": amount_fen, "on": paid_on.isoformat()},
    )
    return receipt


def void(s: CompanySession, receipt_id: uuid.UUID, why: str) -> str:
    """A receipt was written by mistake 作废: the sum is due again, the number stays used."""
    if not why.strip():
        raise UserError(_("Please give the reason."), field="reason")
    receipt = lock_row(s, Receipt, receipt_id)
    if receipt.voided_at is not None:
        raise Conflict(_("Nothing to do: it is so already."), code="nothing")
    receipt.voided_at, receipt.void_why = clock.now(), why.strip()
    if receipt.instalment_id is not None:
        row = lock_row(s, Instalment, receipt.instalment_id)
        row.paid_fen -= receipt.amount_fen
        row.paid_on = row.paid_on if row.paid_fen else None
    s.flush()
    ledger.append(
        s,
        "sales_floor.receipt_void",
        object=f"{live.PLUGIN}:deal:{receipt.deal_id}",
        body={"number": receipt.number, "sum": receipt.amount_fen},
        reason=receipt.void_why,
    )
    return _("Receipt %(number)s is void.", number=receipt.number)


def dun(s: CompanySession, instalment_id: uuid.UUID) -> Dunning:
    """A reminder of a sum overdue is issued 催款通知单 (SFF-16), dated today."""
    row = lock_row(s, Instalment, instalment_id)
    deal = _open_deal(s, row.deal_id)
    today = organisation.today(s, deal.unit_id)
    if row.paid_fen >= row.amount_fen or row.due_on >= today:
        raise Conflict(_("This is not overdue."))
    made = Dunning(
        unit_id=deal.unit_id,
        deal_id=deal.id,
        instalment_id=row.id,
        amount_fen=row.amount_fen - row.paid_fen,
        due_on=row.due_on,
        sent_on=today,
        by=s.actor.name,
        at=clock.now(),
    )
    s.add(made)
    row.dunned_on = today
    s.flush()
    ledger.append(
        s,
        "sales_floor.dunning",
        object=f"{live.PLUGIN}:deal:{deal.id}",
        body={"sum": made.amount_fen, "due": made.due_on.isoformat()},
    )
    return made


@dataclass(frozen=True)
class Due:
    """A line of the list of sums due: what, of which deal, how late."""

    row: Instalment
    deal: Deal
    days: int

    @property
    def rest_fen(self) -> int:
        """What is still to be paid, in fen."""
        return self.row.amount_fen - self.row.paid_fen


def due_list(
    s: CompanySession,
    unit_id: uuid.UUID,
    *,
    until: date,
    own: uuid.UUID | None = None,
    limit: int | None = None,
) -> Sequence[Due]:
    """Sums of standing deals that are due up to a day and not paid, the oldest first."""
    query = (
        select(Instalment, Deal)
        .join(Deal, Deal.id == Instalment.deal_id)
        .where(
            Instalment.unit_id == unit_id,
            Instalment.due_on <= until,
            Instalment.paid_fen < Instalment.amount_fen,
            Deal.state != "refunded",
        )
        .order_by(Instalment.due_on, Instalment.id)
    )
    if own is not None:
        query = query.where(deals.of_staff(own))
    if limit is not None:
        query = query.limit(limit)
    today = organisation.today(s, unit_id)
    return [Due(row, deal, (today - row.due_on).days) for row, deal in s.execute(query).all()]
