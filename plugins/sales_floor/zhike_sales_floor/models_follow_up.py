"""Tables of the two-week follow-up 客户回访 (SF-B): projections of the engine's events.

Texts that people typed stand here and nowhere else; the event log holds ids and instants only.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike.api import ref
from zhike_sales_floor.models import Model


class FollowUpContact(Model):
    """A contact that counts as a follow-up: a line of 客户回访记录表 (SFF-19).

    ``way`` is the regulation's word (visit, phone, newsletter, message). ``filled_at`` is empty
    while the record is missing, ``due_at`` until when it has to be there. ``settled`` means that
    nothing about it is left to be judged.
    """

    __tablename__ = "follow_up"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("customer_id", "sales_floor__customer"),
        ref("staff_id", "core__staff"),
        UniqueConstraint("company_id", "unit_id", "seq"),
        Index(None, "company_id", "unit_id", "met_at"),
        Index(None, "company_id", "customer_id", "met_at"),
        Index(None, "company_id", "unit_id", "settled"),
        Index(None, "company_id", "staff_id", "met_at"),
    )

    unit_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    seq: Mapped[int] = mapped_column(Integer())
    way: Mapped[str]
    met_at: Mapped[datetime]
    logged_at: Mapped[datetime]
    due_at: Mapped[datetime]
    filled_at: Mapped[datetime | None]
    asked: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    settled: Mapped[bool] = mapped_column(default=False)


class CustomerProblem(Model):
    """A problem a customer raised: 客户回访反馈表 (SFF-20) once it was reported.

    ``state`` is ``open`` (the rep works on it), ``reported`` (a leader owes the answer), ``solved``
    or ``answered``. ``due_at`` is the rep's limit, ``answer_due_at`` the leader's.
    """

    __tablename__ = "problem"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("customer_id", "sales_floor__customer"),
        ref("staff_id", "core__staff"),
        ref("reported_to_id", "core__staff"),
        UniqueConstraint("company_id", "number"),
        Index(None, "company_id", "unit_id", "raised_at"),
        Index(None, "company_id", "customer_id", "raised_at"),
        Index(None, "company_id", "unit_id", "settled"),
        Index(None, "company_id", "staff_id"),
        Index(None, "company_id", "reported_to_id"),
        CheckConstraint("state IN ('open', 'reported', 'solved', 'answered')", name="state"),
    )

    unit_id: Mapped[uuid.UUID]
    number: Mapped[str]
    customer_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    question: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    solvable: Mapped[bool] = mapped_column(default=True)
    state: Mapped[str] = mapped_column(default="open")
    raised_at: Mapped[datetime]
    due_at: Mapped[datetime]
    solved_at: Mapped[datetime | None]
    solution: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    reported_at: Mapped[datetime | None]
    reported_to_id: Mapped[uuid.UUID | None]
    answer_due_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str] = mapped_column(default="")
    answer: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    settled: Mapped[bool] = mapped_column(default=False)


class FollowUpNotice(Model):
    """A notice, before the cycle ends, that it cannot be finished (SF-B-06).

    ``customers`` are the ids it covers, empty for all of the rep's. ``cover_id`` stands in.
    """

    __tablename__ = "follow_notice"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("staff_id", "core__staff"),
        ref("cover_id", "core__staff"),
        Index(None, "company_id", "unit_id", "since"),
        Index(None, "company_id", "staff_id"),
        Index(None, "company_id", "cover_id"),
    )

    unit_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    since: Mapped[date]
    customers: Mapped[list[Any]] = mapped_column(default=list)
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    cover_id: Mapped[uuid.UUID | None]
    covered_by: Mapped[str] = mapped_column(default="")


class FollowUpCycle(Model):
    """How one rep's cycle ended: how many customers were owed, left and excused (SF-B-01)."""

    __tablename__ = "follow_cycle"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("staff_id", "core__staff"),
        UniqueConstraint("company_id", "unit_id", "staff_id", "since"),
        Index(None, "company_id", "staff_id"),
    )

    unit_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    since: Mapped[date]
    until: Mapped[date]
    owed: Mapped[int] = mapped_column(Integer(), default=0)
    missed: Mapped[int] = mapped_column(Integer(), default=0)
    excused: Mapped[int] = mapped_column(Integer(), default=0)
    decision_id: Mapped[uuid.UUID | None]


class Point(Model):
    """Performance points 业绩分 proposed for a breach (SF-B-07): a person confirms or waives them.

    ``key`` is the engine's word for rule, fact and clock, unique at a site: one breach, one line,
    however often and late it is looked at. ``state`` is ``proposed``, ``confirmed`` or ``waived``.
    ``staff_id`` is empty where nobody was named to answer.
    """

    __tablename__ = "point"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("staff_id", "core__staff"),
        ref("customer_id", "sales_floor__customer"),
        ref("problem_id", "sales_floor__problem"),
        UniqueConstraint("company_id", "unit_id", "key"),
        Index(None, "company_id", "unit_id", "id"),
        Index(None, "company_id", "staff_id", "due_at"),
        Index(None, "company_id", "customer_id"),
        Index(None, "company_id", "problem_id"),
        CheckConstraint("state IN ('proposed', 'confirmed', 'waived')", name="state"),
    )

    unit_id: Mapped[uuid.UUID]
    key: Mapped[str]
    rule: Mapped[str]
    staff_id: Mapped[uuid.UUID | None]
    points: Mapped[int] = mapped_column(Integer())
    customer_id: Mapped[uuid.UUID | None]
    problem_id: Mapped[uuid.UUID | None]
    customers: Mapped[list[Any]] = mapped_column(default=list)
    due_at: Mapped[datetime]
    proposed_at: Mapped[datetime]
    decision_id: Mapped[uuid.UUID | None]
    state: Mapped[str] = mapped_column(default="proposed")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
