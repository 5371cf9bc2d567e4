"""Tables of the sales floor.

What happened stands in :class:`FloorEvent` and is never changed; everything else is a projection
of it that pages can query. The engine's own state is one JSON document on the site's
:class:`Floor` row, whose lock is what keeps two desks from giving one turn twice. The event log
holds no personal data: people in it are ids.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, UniqueConstraint, column
from sqlalchemy.orm import Mapped, mapped_column

from zhike.api import ScopedModel, clock, ref


class Model(ScopedModel):
    """Base of this plugin's tables."""

    __abstract__ = True
    __plugin__ = "sales_floor"


class Floor(Model):
    """One site's floor 案场; ``id`` is the id of its unit, so that one statement locks it.

    ``version`` grows with every act and is what boards poll. ``day`` is the business day that is
    open, empty between closing and opening. ``turns`` counts turns given since the beginning:
    the number a visit takes from it is unique.
    """

    __tablename__ = "floor"
    __table_args__ = (ref("id", "core__unit"),)

    version: Mapped[int] = mapped_column(Integer(), default=0)
    seq: Mapped[int] = mapped_column(Integer(), default=0)
    turns: Mapped[int] = mapped_column(Integer(), default=0)
    visitors: Mapped[int] = mapped_column(Integer(), default=0)
    day: Mapped[date | None]
    state: Mapped[dict[str, Any]] = mapped_column(default=dict)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)


class Rep(Model):
    """A member of a site's ring 轮见表: a staff member who receives visitors there."""

    __tablename__ = "rep"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("staff_id", "core__staff"),
        UniqueConstraint("company_id", "unit_id", "staff_id"),
        Index(None, "company_id", "staff_id"),
    )

    unit_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    joined_on: Mapped[date]
    left_on: Mapped[date | None]
    left_why: Mapped[str] = mapped_column(default="")


class Day(Model):
    """One business day of a site: its opening state, from which the day can be replayed."""

    __tablename__ = "day"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        UniqueConstraint("company_id", "unit_id", "day"),
    )

    unit_id: Mapped[uuid.UUID]
    day: Mapped[date]
    first_seq: Mapped[int] = mapped_column(Integer())
    last_seq: Mapped[int | None] = mapped_column(Integer())
    opening: Mapped[dict[str, Any]] = mapped_column(default=dict)
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)
    closed_at: Mapped[datetime | None]


class FloorEvent(Model):
    """One act on the floor, as it was recorded, with the facts the engine was given and its answer.

    ``occurred_at`` is as stated, ``recorded_at`` by the server; order is ``seq``, the order of
    recording. ``actor`` names who did it. Never updated, never deleted.
    """

    __tablename__ = "event"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        UniqueConstraint("company_id", "unit_id", "seq"),
        Index(None, "company_id", "unit_id", "day", "seq"),
    )

    unit_id: Mapped[uuid.UUID]
    seq: Mapped[int] = mapped_column(Integer())
    day: Mapped[date]
    verb: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict)
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)
    policy_version_id: Mapped[uuid.UUID | None]
    mode: Mapped[str] = mapped_column(default="enforce")
    decision_id: Mapped[uuid.UUID | None]
    actor: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Customer(Model):
    """A customer of one site 客户: who owns the business, since when silent, how far along.

    ``party_id`` is empty while nobody knows who the visitor is. ``facts`` is what the engine knows
    about the customer; the other columns are read from it for lists. ``protected_until`` is the
    last day on which the owner keeps a silent customer (CV-2). ``lost_reason`` is why he has not
    bought, as last heard. ``owned_since`` is the day on which the owner got the customer,
    ``followed_on`` that of the last contact in a way that counts as a follow-up. Records of two
    sites are apart.
    ``merged_into`` is the record that this one became part of; such a one is in no list.
    """

    __tablename__ = "customer"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("party_id", "core__party"),
        ref("owner_id", "core__staff"),
        ref("first_rep_id", "core__staff"),
        ref("introducer_id", "sales_floor__customer"),
        ref("merged_into", "sales_floor__customer"),
        UniqueConstraint("company_id", "unit_id", "party_id"),
        Index(None, "company_id", "unit_id", "id"),
        Index(None, "company_id", "unit_id", "owner_id", "id"),
        Index(None, "company_id", "owner_id", "follow_up_on"),
        Index(None, "company_id", "unit_id", "protected_until"),
        Index(None, "company_id", "introducer_id"),
        # Of the merged ones only: a list of the others must not take this index for its own.
        Index(
            "ix_sales_floor__customer_merged_into",
            "company_id",
            "merged_into",
            sqlite_where=column("merged_into").is_not(None),
        ),
        Index(None, "company_id", "party_id"),
    )

    unit_id: Mapped[uuid.UUID]
    party_id: Mapped[uuid.UUID | None]
    owner_id: Mapped[uuid.UUID | None]
    first_rep_id: Mapped[uuid.UUID | None]
    introducer_id: Mapped[uuid.UUID | None]
    merged_into: Mapped[uuid.UUID | None]
    stage: Mapped[str] = mapped_column(default="visited")
    grade: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="")
    first_visit_on: Mapped[date | None]
    last_contact_on: Mapped[date | None]
    protected_until: Mapped[date | None]
    closed_on: Mapped[date | None]
    owned_since: Mapped[date | None]
    followed_on: Mapped[date | None]
    follow_up_on: Mapped[date | None]
    follow_up_note: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    lost_reason: Mapped[str] = mapped_column(default="")
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)


class Visit(Model):
    """A reception 接待: one line of 轮见表 (SFF-01) and of 来人登记表 (SFF-03).

    ``state`` is ``calling_owner``, ``waiting``, ``reception``, ``ended``, ``voided`` or
    ``left_unserved``; ``via`` is ``turn``, ``ticket`` or ``uncounted``. ``due_id`` is who was due
    by the rules, ``staff_id`` who receives. ``turn_no`` is unique per site: one turn, one visit.
    ``entered_at`` is set where the visit was entered afterwards 补录: its times are as stated.
    ``continues_id`` is the reception that had been ended by mistake: the same party, under the same
    number, counted once.
    """

    __tablename__ = "visit"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("customer_id", "sales_floor__customer"),
        ref("staff_id", "core__staff"),
        ref("due_id", "core__staff"),
        ref("continues_id", "sales_floor__visit"),
        UniqueConstraint("company_id", "unit_id", "turn_no"),
        Index(None, "company_id", "customer_id", "arrived_at"),
        Index(None, "company_id", "unit_id", "day", "arrived_at"),
        Index(None, "company_id", "staff_id", "arrived_at"),
        CheckConstraint(
            "state IN ('calling_owner', 'waiting', 'reception', 'ended', 'voided', "
            "'left_unserved')",
            name="state",
        ),
    )

    unit_id: Mapped[uuid.UUID]
    day: Mapped[date]
    number: Mapped[int] = mapped_column(Integer())
    customer_id: Mapped[uuid.UUID | None]
    label: Mapped[str] = mapped_column(default="", info={"personal": "name"})
    people: Mapped[int] = mapped_column(Integer(), default=1)
    kind: Mapped[str] = mapped_column(default="")
    via: Mapped[str] = mapped_column(default="")
    state: Mapped[str]
    staff_id: Mapped[uuid.UUID | None]
    due_id: Mapped[uuid.UUID | None]
    turn_no: Mapped[int | None] = mapped_column(Integer())
    helpers: Mapped[list[Any]] = mapped_column(default=list)
    passed: Mapped[list[Any]] = mapped_column(default=list)
    tickets: Mapped[list[Any]] = mapped_column(default=list)
    arrived_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    result: Mapped[str] = mapped_column(default="")
    lost_reason: Mapped[str] = mapped_column(default="")
    grade: Mapped[str] = mapped_column(default="")
    need: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    source: Mapped[str] = mapped_column(default="")
    relation: Mapped[str] = mapped_column(default="")
    flag: Mapped[dict[str, Any]] = mapped_column(default=dict)
    seq: Mapped[int] = mapped_column(Integer())
    decision_id: Mapped[uuid.UUID | None]
    continues_id: Mapped[uuid.UUID | None]
    entered_at: Mapped[datetime | None]


Index(
    "uq_sales_floor__visit_one_number_per_party",
    Visit.company_id,
    Visit.unit_id,
    Visit.day,
    Visit.number,
    unique=True,
    sqlite_where=Visit.continues_id.is_(None),
)

Index(
    "uq_sales_floor__visit_one_open_per_rep",
    Visit.company_id,
    Visit.unit_id,
    Visit.staff_id,
    unique=True,
    sqlite_where=Visit.state == "reception",
)


class VisitGuest(Model):
    """A further customer of the same visit: the old one who brings a new one, a batch together."""

    __tablename__ = "visit_guest"
    __table_args__ = (
        ref("visit_id", "sales_floor__visit"),
        ref("customer_id", "sales_floor__customer"),
        UniqueConstraint("company_id", "visit_id", "customer_id"),
        Index(None, "company_id", "customer_id"),
    )

    visit_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID]


class Ticket(Model):
    """An owed turn 补接券, for the ticket ledger (SFF-63); ``kind`` is ``comp`` or ``refund``.

    ``by_hand`` is why it was given by hand, by whom: ``""`` where the rules gave it.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("staff_id", "core__staff"),
        UniqueConstraint("company_id", "unit_id", "number"),
        Index(None, "company_id", "unit_id", "issued_at"),
    )

    unit_id: Mapped[uuid.UUID]
    number: Mapped[str]
    staff_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    rule: Mapped[str] = mapped_column(default="")
    issued_at: Mapped[datetime]
    issued_seq: Mapped[int] = mapped_column(Integer())
    ended_at: Mapped[datetime | None]
    ended_seq: Mapped[int | None] = mapped_column(Integer())
    ended_how: Mapped[str] = mapped_column(default="")
    by_hand: Mapped[str] = mapped_column(default="")


class Outing(Model):
    """An absence 外出, a line of the out-register (SFF-02).

    ``kind`` is public, private, lunch, meeting, training or none, as it was logged; a re-classed
    one keeps its kind and says by whom and why.
    """

    __tablename__ = "outing"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("staff_id", "core__staff"),
        Index(None, "company_id", "unit_id", "day"),
        Index(None, "company_id", "staff_id", "out_at"),
    )

    unit_id: Mapped[uuid.UUID]
    day: Mapped[date]
    staff_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    out_at: Mapped[datetime]
    back_at: Mapped[datetime | None]
    reclassed_at: Mapped[datetime | None]
    reclassed_by: Mapped[str] = mapped_column(default="")
    reclass_reason: Mapped[str] = mapped_column(default="")


class Deal(Model):
    """A sale 成交单, from small reservation to subscription, contract and, maybe, refund.

    ``amount_fen`` is the price in fen, ``deposit_fen`` the deposit 定金. ``state`` is ``reserved``,
    ``closed`` or ``refunded``; what a contract, a default or a lapsed reservation add to it stands
    in ``contracted_at``, ``defaulted_at`` and ``ended_how`` (``refund``, ``expired``). ``held_id``
    is the house while the deal keeps it from everybody else: one deal at most does (SF-D-56).
    ``holder_id`` is who took the deal over by a change of name 换名, while credit stays with
    ``customer_id`` (SF-D-43). ``reserved_until`` is the last day of a small reservation. A refund
    that was asked for and waits for the manager (SF-D-45) stands in ``asked_at`` to ``asked_why``.
    """

    __tablename__ = "deal"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("customer_id", "sales_floor__customer"),
        ref("holder_id", "sales_floor__customer"),
        ref("staff_id", "core__staff"),
        ref("house_id", "sales_floor__house"),
        ref("held_id", "sales_floor__house"),
        UniqueConstraint("company_id", "number"),
        UniqueConstraint("company_id", "held_id"),
        Index(None, "company_id", "unit_id", "id"),
        Index(None, "company_id", "customer_id"),
        Index(None, "company_id", "holder_id"),
        Index(None, "company_id", "house_id"),
        CheckConstraint("state IN ('reserved', 'closed', 'refunded')", name="state"),
    )

    unit_id: Mapped[uuid.UUID]
    number: Mapped[str]
    customer_id: Mapped[uuid.UUID]
    holder_id: Mapped[uuid.UUID | None]
    house_id: Mapped[uuid.UUID | None]
    held_id: Mapped[uuid.UUID | None]
    property: Mapped[str] = mapped_column(default="")
    amount_fen: Mapped[int] = mapped_column(BigInteger(), default=0)
    deposit_fen: Mapped[int] = mapped_column(BigInteger(), default=0)
    state: Mapped[str] = mapped_column(default="reserved")
    staff_id: Mapped[uuid.UUID | None]
    policy_version_id: Mapped[uuid.UUID | None]
    reserved_at: Mapped[datetime | None]
    reserved_until: Mapped[date | None]
    closed_at: Mapped[datetime | None]
    contract_no: Mapped[str] = mapped_column(default="")
    contract_on: Mapped[date | None]
    contracted_at: Mapped[datetime | None]
    pay_way: Mapped[str] = mapped_column(default="")
    defaulted_at: Mapped[datetime | None]
    refunded_at: Mapped[datetime | None]
    ended_how: Mapped[str] = mapped_column(default="")
    asked_at: Mapped[datetime | None]
    asked_by: Mapped[str] = mapped_column(default="")
    asked_why: Mapped[str] = mapped_column(default="")
    mail_address: Mapped[str] = mapped_column(default="", info={"personal": "address"})
    postcode: Mapped[str] = mapped_column(default="", info={"personal": "address"})
    decision_id: Mapped[uuid.UUID | None]


class Credit(Model):
    """A share of a deal's credit in basis points; a refund adds the same with the sign turned.

    ``staff_id`` is empty where credit goes to the department. For every deal and entry kind both
    columns sum to 10 000 (or to its negative).
    """

    __tablename__ = "credit"
    __table_args__ = (
        ref("deal_id", "sales_floor__deal"),
        ref("staff_id", "core__staff"),
        Index(None, "company_id", "deal_id"),
        Index(None, "company_id", "staff_id", "at"),
    )

    deal_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID | None]
    entry: Mapped[str] = mapped_column(default="closing")
    performance: Mapped[int] = mapped_column(Integer())
    commission: Mapped[int] = mapped_column(Integer())
    rules: Mapped[list[str]] = mapped_column(default=list)
    at: Mapped[datetime]


class Ruling(Model):
    """A manager's ruling on a case 争议裁定 (SFF-65): parties, facts, what was ruled, by whom."""

    __tablename__ = "ruling"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("customer_id", "sales_floor__customer"),
        Index(None, "company_id", "unit_id", "at"),
    )

    unit_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID | None]
    subject: Mapped[str]
    facts: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    seq: Mapped[int] = mapped_column(Integer())


class Difference(Model):
    """An act that did otherwise than the regulation said, or would have said.

    In observe mode every such act, in advise mode with its reason, in enforce mode an override. In
    every mode a reception by a rep who was not due, whether seen at the door or reported later.
    """

    __tablename__ = "difference"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("visit_id", "sales_floor__visit"),
        ref("decided_id", "core__staff"),
        ref("acted_id", "core__staff"),
        Index(None, "company_id", "unit_id", "day"),
    )

    unit_id: Mapped[uuid.UUID]
    day: Mapped[date]
    seq: Mapped[int] = mapped_column(Integer())
    mode: Mapped[str]
    visit_id: Mapped[uuid.UUID | None]
    decided_id: Mapped[uuid.UUID | None]
    acted_id: Mapped[uuid.UUID | None]
    reason: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
