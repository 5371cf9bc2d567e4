"""Events on their way to those who listen, and what became of each delivery."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, UniqueConstraint, column
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.base import ref
from zhike.models.base import CoreModel


class OutboxEvent(CoreModel):
    """Something that happened, written in the transaction in which it happened 事件.

    ``id`` is the event's id, the key by which listeners are idempotent.  ``available_at`` is when
    it is next looked at; ``done_at`` is set when every active listener has had it or given up.
    """

    __tablename__ = "outbox"
    # One of the two indexes that do not begin with the company: the dispatcher works across them.
    __table_args__ = (
        Index(
            "ix_core__outbox_due",
            "available_at",
            sqlite_where=column("done_at").is_(None),
        ),
    )

    topic: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    available_at: Mapped[datetime] = mapped_column(default=clock.now)
    attempts: Mapped[int] = mapped_column(Integer(), default=0)
    lease_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]


class OutboxDelivery(CoreModel):
    """One event and one listener 投递.

    done     the listener's transaction committed, this row in it;
    failed   it raised and is tried again from ``available_at`` on;
    parked   it raised too often; an administrator may retry it;
    skipped  its plugin was switched off before it came through.
    """

    __tablename__ = "outbox_delivery"
    __table_args__ = (
        UniqueConstraint("company_id", "event_id", "listener"),
        ref("event_id", "core__outbox", ondelete="CASCADE"),
        CheckConstraint("state IN ('done', 'failed', 'parked', 'skipped')", name="state"),
        Index(None, "company_id", "state"),
    )

    event_id: Mapped[uuid.UUID]
    listener: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(Integer(), default=1)
    error: Mapped[str] = mapped_column(default="")
    available_at: Mapped[datetime | None]
    at: Mapped[datetime] = mapped_column(default=clock.now)
