"""Decisions 决定: what a rule engine answered, under which policy version, and what was done."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.base import ref
from zhike.models.base import CoreModel


class DecisionRecord(CoreModel):
    """One decision 决定, kept with everything that is needed to explain it years later.

    ``subject`` is a record reference (``plugin:kind:<uuid>``). ``cites`` lists the rules that
    decided, in order, each ``{"rule", "effect", "facts"}``. ``day`` is the calendar date at the
    site. ``followed`` stays empty until it is known what was done: in the mode ``enforce`` that is
    at once; in ``observe`` and ``advise`` ``done`` says what people did and ``deviation`` why.
    """

    __tablename__ = "decision"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        ref("policy_version_id", "core__policy_version"),
        Index(None, "company_id", "subject"),
        Index(None, "company_id", "unit_id", "day"),
        CheckConstraint("mode IN ('observe', 'advise', 'enforce')", name="mode"),
    )

    plugin: Mapped[str]
    engine: Mapped[str]
    kind: Mapped[str]
    unit_id: Mapped[uuid.UUID | None]
    subject: Mapped[str]
    inputs: Mapped[dict[str, Any]]
    outcome: Mapped[dict[str, Any]]
    cites: Mapped[list[Any]]
    rules: Mapped[list[str]]
    policy_version_id: Mapped[uuid.UUID | None]
    mode: Mapped[str]
    at: Mapped[datetime]
    day: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)
    followed: Mapped[bool | None]
    done: Mapped[dict[str, Any] | None]
    deviation: Mapped[str] = mapped_column(default="")
    settled_at: Mapped[datetime | None]
