"""Tables of the office behind the floor: calls, tracking, minutes, plans, incidents, sheets.

None of it is asked by the rule engine, so none of it is an event of the floor; contacts that the
engine counts reach it through :func:`zhike_sales_floor.services.customers.log_contact`.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike.api import clock, ref
from zhike_sales_floor.models import Model


class Call(Model):
    """A call 来电, a line of the call register (SFF-04).

    ``called_at`` is as stated. ``label`` is the caller's name where no customer is known;
    ``customer_id`` and ``contact_id`` where one is. ``appointment_at`` is when the caller wants to
    come, ``dropped_at`` says that he will not. A line entered by mistake is struck out
    (``voided_at``), never deleted; its number stays used.
    """

    __tablename__ = "call"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("customer_id", "sales_floor__customer"),
        ref("staff_id", "core__staff"),
        ref("contact_id", "core__contact"),
        UniqueConstraint("company_id", "unit_id", "day", "number"),
        Index(None, "company_id", "customer_id"),
        Index(None, "company_id", "unit_id", "appointment_at"),
        CheckConstraint("direction IN ('in', 'out')", name="direction"),
    )

    unit_id: Mapped[uuid.UUID]
    day: Mapped[date]
    number: Mapped[int] = mapped_column(Integer())
    customer_id: Mapped[uuid.UUID | None]
    staff_id: Mapped[uuid.UUID | None]
    contact_id: Mapped[uuid.UUID | None]
    direction: Mapped[str] = mapped_column(default="in")
    answered: Mapped[bool] = mapped_column(default=True)
    called_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)
    label: Mapped[str] = mapped_column(default="", info={"personal": "name"})
    question: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    source: Mapped[str] = mapped_column(default="")
    appointment_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column(default="")


class Track(Model):
    """A line of a customer's tracking sheet 客户追踪表 (SFF-10).

    ``way`` is how the customer was reached (a kind of contact), ``grade`` the class at that time.
    """

    __tablename__ = "track"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("customer_id", "sales_floor__customer"),
        ref("staff_id", "core__staff"),
        Index(None, "company_id", "customer_id", "at"),
        Index(None, "company_id", "unit_id", "day"),
    )

    unit_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID | None]
    day: Mapped[date]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)
    grade: Mapped[str] = mapped_column(default="")
    way: Mapped[str] = mapped_column(default="call")
    answered: Mapped[bool] = mapped_column(default=True)
    content: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    resistance: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    next_step: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    next_on: Mapped[date | None]


class TrackCheck(Model):
    """A supervisor's sign on a tracking sheet 检查签字: seen that day, with what was said."""

    __tablename__ = "track_check"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("customer_id", "sales_floor__customer"),
        ref("staff_id", "core__staff"),
        Index(None, "company_id", "customer_id", "day"),
        Index(None, "company_id", "unit_id", "day"),
    )

    unit_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID | None]
    day: Mapped[date]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="", info={"personal": "note"})


class Question(Model):
    """A question a rep could not answer on the spot 疑难请示 (SF-D-10), and who was brought."""

    __tablename__ = "question"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("visit_id", "sales_floor__visit"),
        ref("staff_id", "core__staff"),
        ref("brought_id", "core__staff"),
        Index(None, "company_id", "visit_id"),
        Index(None, "company_id", "unit_id", "day"),
    )

    unit_id: Mapped[uuid.UUID]
    day: Mapped[date]
    visit_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID | None]
    brought_id: Mapped[uuid.UUID | None]
    question: Mapped[str] = mapped_column(info={"personal": "note"})
    asked_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    answered_at: Mapped[datetime | None]
    by: Mapped[str] = mapped_column(default="")


class Minutes(Model):
    """The minutes of an evening meeting 晚会记录 (SFF-06), one per site and day.

    Open until the manager closes and so signs them; what is said later is an addition. ``notes``
    holds what each rep reported, by staff id. ``version`` grows with every saving.
    """

    __tablename__ = "minutes"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        UniqueConstraint("company_id", "unit_id", "day"),
    )

    unit_id: Mapped[uuid.UUID]
    day: Mapped[date]
    version: Mapped[int] = mapped_column(Integer(), default=1)
    present: Mapped[list[Any]] = mapped_column(default=list)
    notes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tracking: Mapped[str] = mapped_column(default="")
    disputes: Mapped[str] = mapped_column(default="")
    tomorrow: Mapped[str] = mapped_column(default="")
    begun_by: Mapped[str] = mapped_column(default="")
    begun_at: Mapped[datetime] = mapped_column(default=clock.now)
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(default="")


class MinutesLine(Model):
    """A customer in closed minutes: who had him that day, how, and whether he was new.

    Evidence of who registered a customer first (SF-D-24). Holds ids, times and figures only; the
    names are looked up when it is shown.
    """

    __tablename__ = "minutes_line"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("minutes_id", "sales_floor__minutes"),
        ref("staff_id", "core__staff"),
        ref("customer_id", "sales_floor__customer"),
        ref("visit_id", "sales_floor__visit"),
        Index(None, "company_id", "minutes_id"),
        Index(None, "company_id", "customer_id", "at"),
        CheckConstraint("kind IN ('visit', 'call', 'track')", name="kind"),
    )

    unit_id: Mapped[uuid.UUID]
    minutes_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID | None]
    customer_id: Mapped[uuid.UUID | None]
    visit_id: Mapped[uuid.UUID | None]
    kind: Mapped[str]
    fresh: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]
    grade: Mapped[str] = mapped_column(default="")
    result: Mapped[str] = mapped_column(default="")


class MinutesAddition(Model):
    """What was added to minutes after they were closed 补记, marked with who and when."""

    __tablename__ = "minutes_addition"
    __table_args__ = (
        ref("minutes_id", "sales_floor__minutes"),
        Index(None, "company_id", "minutes_id"),
    )

    minutes_id: Mapped[uuid.UUID]
    text: Mapped[str]
    by: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)


class Plan(Model):
    """A person's plan for a day or a week 日/周计划表 (SFF-13), and its summary before closing.

    ``starts_on`` is the day, or the Monday of the week. ``received_at`` is when the summary was
    taken in by the assistant.
    """

    __tablename__ = "plan"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("staff_id", "core__staff"),
        UniqueConstraint("company_id", "unit_id", "staff_id", "kind", "starts_on"),
        Index(None, "company_id", "unit_id", "starts_on"),
        CheckConstraint("kind IN ('day', 'week')", name="kind"),
    )

    unit_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    starts_on: Mapped[date]
    plan: Mapped[str] = mapped_column(default="")
    planned_at: Mapped[datetime | None]
    summary: Mapped[str] = mapped_column(default="")
    summed_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    received_by: Mapped[str] = mapped_column(default="")


class HandIn(Model):
    """A rep's registration of a day, handed to the superior 每日上交 (SF-D-23).

    The counts are those at that moment; ``note`` is the rep's own analysis.
    """

    __tablename__ = "hand_in"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("staff_id", "core__staff"),
        UniqueConstraint("company_id", "unit_id", "day", "staff_id"),
    )

    unit_id: Mapped[uuid.UUID]
    day: Mapped[date]
    staff_id: Mapped[uuid.UUID]
    visits: Mapped[int] = mapped_column(Integer(), default=0)
    calls: Mapped[int] = mapped_column(Integer(), default=0)
    tracks: Mapped[int] = mapped_column(Integer(), default=0)
    lacking: Mapped[int] = mapped_column(Integer(), default=0)
    note: Mapped[str] = mapped_column(default="")
    handed_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    received_by: Mapped[str] = mapped_column(default="")


class Incident(Model):
    """A quarrel or deliberate trouble on the site 现场事件 (SF-D-48), and what was done at once."""

    __tablename__ = "incident"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        Index(None, "company_id", "unit_id", "day"),
        CheckConstraint("kind IN ('conflict', 'trouble', 'customer', 'other')", name="kind"),
    )

    unit_id: Mapped[uuid.UUID]
    day: Mapped[date]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)
    kind: Mapped[str]
    people: Mapped[list[Any]] = mapped_column(default=list)
    taken_off: Mapped[list[Any]] = mapped_column(default=list)
    what: Mapped[str]
    done: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column(default="")
    outcome: Mapped[str] = mapped_column(default="")
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(default="")


class Sheet(Model):
    """A site's figures of a day, week or month 统计表, and the manager's words about them.

    While open the figures are computed when read. Closing freezes them with a number; what is
    corrected later shows as the difference between ``figures`` and what is computed then.
    ``lacking`` is what was missing when it was closed, ``reason`` why it was closed all the same.
    """

    __tablename__ = "sheet"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        UniqueConstraint("company_id", "unit_id", "kind", "starts_on"),
        UniqueConstraint("company_id", "number"),
        CheckConstraint("kind IN ('day', 'week', 'month')", name="kind"),
    )

    unit_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    version: Mapped[int] = mapped_column(Integer(), default=1)
    number: Mapped[str | None]
    analysis: Mapped[str] = mapped_column(default="")
    news: Mapped[str] = mapped_column(default="")
    plan: Mapped[str] = mapped_column(default="")
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    lacking: Mapped[list[Any]] = mapped_column(default=list)
    reason: Mapped[str] = mapped_column(default="")
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(default="")
