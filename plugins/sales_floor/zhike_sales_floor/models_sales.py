"""Tables of the sales office: houses with their history, papers, payments, number ranges."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike.api import clock, ref
from zhike_sales_floor.models import Model


class House(Model):
    """A home for sale 房源, a line of the sales control 销控表 (SFF-17).

    ``area`` is in hundredths of a square metre, ``price_fen`` the list price 底价 in fen. ``state``
    is ``available``, ``reserved``, ``subscribed`` or ``contracted`` (by the deal that holds it),
    ``held`` back by the company 保留, or ``sold`` outside of these records; ``why`` says why it is
    held. ``changed_at`` is when the state last changed.
    """

    __tablename__ = "house"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        UniqueConstraint("company_id", "unit_id", "code"),
        Index(None, "company_id", "unit_id", "state"),
        CheckConstraint(
            "state IN ('available', 'reserved', 'subscribed', 'contracted', 'held', 'sold')",
            name="state",
        ),
    )

    unit_id: Mapped[uuid.UUID]
    code: Mapped[str]
    building: Mapped[str] = mapped_column(default="")
    entrance: Mapped[str] = mapped_column(default="")
    storey: Mapped[int | None] = mapped_column(Integer())
    layout: Mapped[str] = mapped_column(default="")
    area: Mapped[int] = mapped_column(Integer(), default=0)
    price_fen: Mapped[int] = mapped_column(BigInteger(), default=0)
    state: Mapped[str] = mapped_column(default="available")
    why: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class HouseNote(Model):
    """What happened to a house: never changed, never deleted; ``kind`` is a word of ours."""

    __tablename__ = "house_note"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("house_id", "sales_floor__house"),
        ref("deal_id", "sales_floor__deal"),
        Index(None, "company_id", "house_id", "at"),
        Index(None, "company_id", "deal_id"),
    )

    unit_id: Mapped[uuid.UUID]
    house_id: Mapped[uuid.UUID]
    deal_id: Mapped[uuid.UUID | None]
    kind: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


class DealChange(Model):
    """A line of 换房/换名/退房记录 (SFF-18), and any other change of a deal after its first paper.

    ``kind`` is ``swap``, ``name``, ``refund``, ``expired``, ``contract``, ``default`` or
    ``correction``. ``body`` says what was and what is, ids and sums only; ``fee_fen`` is a fee as
    proposed by the regulation, which nobody here collects.
    """

    __tablename__ = "deal_change"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("deal_id", "sales_floor__deal"),
        Index(None, "company_id", "deal_id", "at"),
        Index(None, "company_id", "unit_id", "at"),
    )

    unit_id: Mapped[uuid.UUID]
    deal_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    fee_fen: Mapped[int] = mapped_column(BigInteger(), default=0)
    reason: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    decision_id: Mapped[uuid.UUID | None]


class Instalment(Model):
    """A sum due 应付款 on a deal: what is due when, and how much of it is stated as paid."""

    __tablename__ = "instalment"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("deal_id", "sales_floor__deal"),
        Index(None, "company_id", "deal_id", "due_on"),
        Index(None, "company_id", "unit_id", "due_on"),
        CheckConstraint("paid_fen >= 0 AND paid_fen <= amount_fen", name="paid"),
    )

    unit_id: Mapped[uuid.UUID]
    deal_id: Mapped[uuid.UUID]
    title: Mapped[str]
    amount_fen: Mapped[int] = mapped_column(BigInteger())
    due_on: Mapped[date]
    paid_fen: Mapped[int] = mapped_column(BigInteger(), default=0)
    paid_on: Mapped[date | None]
    dunned_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Receipt(Model):
    """A numbered receipt 收据 (SFF-15), used for a payment or voided 作废."""

    __tablename__ = "receipt"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("deal_id", "sales_floor__deal"),
        ref("instalment_id", "sales_floor__instalment"),
        UniqueConstraint("company_id", "unit_id", "number"),
        Index(None, "company_id", "deal_id"),
        Index(None, "company_id", "instalment_id"),
        Index(None, "company_id", "unit_id", "paid_on"),
    )

    unit_id: Mapped[uuid.UUID]
    deal_id: Mapped[uuid.UUID | None]
    instalment_id: Mapped[uuid.UUID | None]
    number: Mapped[str]
    amount_fen: Mapped[int] = mapped_column(BigInteger(), default=0)
    paid_on: Mapped[date]
    by: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    voided_at: Mapped[datetime | None]
    void_why: Mapped[str] = mapped_column(default="")


class Blank(Model):
    """A range of blank receipts or 认购书 drawn by a supervisor 空白票据领用 (SF-D-55)."""

    __tablename__ = "blank"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("drawn_by", "core__staff"),
        Index(None, "company_id", "unit_id", "kind"),
        CheckConstraint("kind IN ('receipt', 'subscription')", name="kind"),
        CheckConstraint("first >= 0 AND last >= first", name="order"),
    )

    unit_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    prefix: Mapped[str] = mapped_column(default="")
    digits: Mapped[int] = mapped_column(Integer(), default=6)
    first: Mapped[int] = mapped_column(Integer())
    last: Mapped[int] = mapped_column(Integer())
    drawn_by: Mapped[uuid.UUID | None]
    drawn_on: Mapped[date]
    by: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)


class Paper(Model):
    """A 认购书 (SFF-14) as issued: its terms do not change; a change voids it and issues another.

    ``body`` holds house, sums and copies as they were; names and addresses are read from the
    customer. ``prints`` counts how often it was printed: every print after the first is marked.
    """

    __tablename__ = "paper"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("deal_id", "sales_floor__deal"),
        UniqueConstraint("company_id", "number"),
        Index(None, "company_id", "deal_id"),
        Index(None, "company_id", "unit_id", "blank_no"),
    )

    unit_id: Mapped[uuid.UUID]
    deal_id: Mapped[uuid.UUID]
    number: Mapped[str]
    blank_no: Mapped[str] = mapped_column(default="")
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    prints: Mapped[int] = mapped_column(Integer(), default=0)
    by: Mapped[str] = mapped_column(default="")
    issued_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]
    void_why: Mapped[str] = mapped_column(default="")


Index(
    "uq_sales_floor__paper_one_valid_per_deal",
    Paper.company_id,
    Paper.deal_id,
    unique=True,
    sqlite_where=Paper.voided_at.is_(None),
)


class Dunning(Model):
    """A 催款通知单 (SFF-16) that was sent: for which sum, due when, on which day."""

    __tablename__ = "dunning"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("deal_id", "sales_floor__deal"),
        ref("instalment_id", "sales_floor__instalment"),
        Index(None, "company_id", "deal_id"),
        Index(None, "company_id", "instalment_id"),
        Index(None, "company_id", "unit_id", "sent_on"),
    )

    unit_id: Mapped[uuid.UUID]
    deal_id: Mapped[uuid.UUID]
    instalment_id: Mapped[uuid.UUID]
    amount_fen: Mapped[int] = mapped_column(BigInteger())
    due_on: Mapped[date]
    sent_on: Mapped[date]
    by: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
