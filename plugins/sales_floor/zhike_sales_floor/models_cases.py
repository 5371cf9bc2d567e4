"""Tables about whose customer somebody is: the public pool, merges, dockets, hand-overs.

What decides stands in the floor's event log; these tables say what people asked, claimed and ruled
around it, and what a page has to find again.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike.api import clock, ref
from zhike_sales_floor.models import Model


class PoolEntry(Model):
    """One stay of a customer in the public pool 公海: how he came there and who took him out.

    ``why`` is ``released``, ``struck`` (what made his owner was struck out), ``lapsed`` (claimed
    from an owner who had been silent too long) or ``unowned`` (nobody ever owned him). ``left_how``
    is empty while he is there, else ``claim`` or the act by which he got an owner.
    """

    __tablename__ = "pool_entry"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("customer_id", "sales_floor__customer"),
        ref("former_id", "core__staff"),
        ref("claimed_id", "core__staff"),
        Index(None, "company_id", "customer_id"),
        Index(None, "company_id", "unit_id", "entered_at"),
        Index(None, "company_id", "claimed_id", "left_on"),
    )

    unit_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID]
    former_id: Mapped[uuid.UUID | None]
    why: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column(default="")
    entered_at: Mapped[datetime] = mapped_column(default=clock.now)
    left_at: Mapped[datetime | None]
    left_on: Mapped[date | None]
    left_how: Mapped[str] = mapped_column(default="")
    claimed_id: Mapped[uuid.UUID | None]


class Merge(Model):
    """Two records that were found to be one person 合并, and what it takes to part them again.

    ``moved`` names the rows that were led to the record that stands, ``columns`` what the two rows
    said before.
    """

    __tablename__ = "merge"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("kept_id", "sales_floor__customer"),
        ref("other_id", "sales_floor__customer"),
        Index(None, "company_id", "unit_id", "at"),
        Index(None, "company_id", "kept_id"),
        Index(None, "company_id", "other_id"),
    )

    unit_id: Mapped[uuid.UUID]
    kept_id: Mapped[uuid.UUID]
    other_id: Mapped[uuid.UUID]
    reason: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)
    seq: Mapped[int] = mapped_column(Integer())
    decision_id: Mapped[uuid.UUID | None]
    moved: Mapped[dict[str, Any]] = mapped_column(default=dict)
    columns: Mapped[dict[str, Any]] = mapped_column(default=dict)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str] = mapped_column(default="")
    undone_reason: Mapped[str] = mapped_column(default="")


class Handover(Model):
    """A rep's customers handed over 客户交接: long leave, transfer, resignation.

    ``state`` is ``prepared`` (seed or list are fixed, nothing has happened), ``done`` or
    ``dropped``. ``lines`` holds one mapping per customer: ``customer``, ``to`` and, where the
    customer was given back later, ``returned``. ``holding`` is what else the rep held then.
    """

    __tablename__ = "handover"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("staff_id", "core__staff"),
        UniqueConstraint("company_id", "number"),
        Index(None, "company_id", "unit_id", "id"),
        Index(None, "company_id", "staff_id"),
        CheckConstraint("state IN ('prepared', 'done', 'dropped')", name="state"),
    )

    unit_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    number: Mapped[str]
    state: Mapped[str] = mapped_column(default="prepared")
    why: Mapped[str]
    days: Mapped[int | None] = mapped_column(Integer())
    reason: Mapped[str] = mapped_column(default="")
    method: Mapped[str] = mapped_column(default="draw")
    seed: Mapped[str] = mapped_column(default="")
    receivers: Mapped[list[Any]] = mapped_column(default=list)
    lines: Mapped[list[Any]] = mapped_column(default=list)
    holding: Mapped[dict[str, Any]] = mapped_column(default=dict)
    by: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)
    done_by: Mapped[str] = mapped_column(default="")
    done_at: Mapped[datetime | None]
    seq: Mapped[int | None] = mapped_column(Integer())


class Docket(Model):
    """A dispute about a customer or a deal 争议 (SF-D-41, SFF-65), from the claim to the end.

    ``state`` is ``open``, ``ruled`` (an appeal is possible until ``appeal_until``), ``appealed``
    or ``closed``; ``ended`` says how it was closed: ``ruled``, ``settled``, ``withdrawn`` or
    ``refused``. ``ruling`` and ``appeal_ruling`` hold what was ruled: ``kind`` (``regulation``,
    ``owner``, ``shares`` or ``poach``), its values and the number of the act on the floor.
    ``ruler`` is who ruled, so that somebody else decides the appeal.
    """

    __tablename__ = "docket"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("customer_id", "sales_floor__customer"),
        ref("deal_id", "sales_floor__deal"),
        ref("visit_id", "sales_floor__visit"),
        ref("opened_id", "core__staff"),
        ref("appealed_id", "core__staff"),
        ref("refused_id", "core__staff"),
        UniqueConstraint("company_id", "number"),
        Index(None, "company_id", "unit_id", "id"),
        Index(None, "company_id", "unit_id", "state"),
        Index(None, "company_id", "customer_id"),
        Index(None, "company_id", "deal_id"),
        CheckConstraint("state IN ('open', 'ruled', 'appealed', 'closed')", name="state"),
    )

    unit_id: Mapped[uuid.UUID]
    number: Mapped[str]
    customer_id: Mapped[uuid.UUID]
    deal_id: Mapped[uuid.UUID | None]
    visit_id: Mapped[uuid.UUID | None]
    state: Mapped[str] = mapped_column(default="open")
    ended: Mapped[str] = mapped_column(default="")
    question: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    opened_id: Mapped[uuid.UUID | None]
    opened_by: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)
    facts: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    ruling: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    ruler: Mapped[str] = mapped_column(default="")
    ruled_by: Mapped[str] = mapped_column(default="")
    ruled_at: Mapped[datetime | None]
    appeal_until: Mapped[datetime | None]
    appealed_id: Mapped[uuid.UUID | None]
    appealed_at: Mapped[datetime | None]
    appeal: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    appeal_ruling: Mapped[dict[str, Any]] = mapped_column(default=dict)
    appeal_reason: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    appeal_by: Mapped[str] = mapped_column(default="")
    refused_id: Mapped[uuid.UUID | None]
    refusal: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(default="")


class DocketParty(Model):
    """A rep who is a party to a dispute 当事人, and what he claims.

    ``claim`` is empty until he has said something, else ``owner`` (the customer is mine),
    ``poached`` (the visit was taken from me), ``share`` (``share`` basis points are mine) or
    ``nothing``.
    """

    __tablename__ = "docket_party"
    __table_args__ = (
        ref("docket_id", "sales_floor__docket"),
        ref("staff_id", "core__staff"),
        UniqueConstraint("company_id", "docket_id", "staff_id"),
        Index(None, "company_id", "staff_id"),
    )

    docket_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    claim: Mapped[str] = mapped_column(default="")
    share: Mapped[int] = mapped_column(Integer(), default=0)
    words: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    stated_at: Mapped[datetime | None]


class DocketNote(Model):
    """A note in a docket: what a party added (``statement``) or what a hearing brought up."""

    __tablename__ = "docket_note"
    __table_args__ = (
        ref("docket_id", "sales_floor__docket"),
        ref("staff_id", "core__staff"),
        Index(None, "company_id", "docket_id"),
    )

    docket_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID | None]
    kind: Mapped[str] = mapped_column(default="hearing")
    text: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    by: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)
