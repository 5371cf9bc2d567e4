"""Deadlines 期限 and background work 后台任务: truth is in these rows, the worker only looks."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, column
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.types import uuid7
from zhike.models.base import CoreGlobal, CoreModel

_RUNNING = column("state") == "running"
_FAILED = column("state") == "failed"


class Deadline(CoreModel):
    """Something falls due 到期. ``kind`` names the handler, ``subject`` the record (RecordRef).

    ``state``: ``running``, ``fired``, ``cancelled``, or ``failed`` after too many tries. Overdue
    is computed from ``due_at`` when read: a stopped worker delays notices, never truth.
    """

    __tablename__ = "deadline"
    __table_args__ = (
        # One of the two indexes that do not begin with the company: the sweeper reads across all.
        Index(
            "ix_core__deadline_due",
            "due_at",
            sqlite_where=_RUNNING,
        ),
        Index(
            "uq_core__deadline_running",
            "company_id",
            "kind",
            "subject",
            unique=True,
            sqlite_where=_RUNNING,
        ),
    )

    kind: Mapped[str]
    subject: Mapped[str]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="running")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attempt: Mapped[int] = mapped_column(Integer(), default=0)
    lease_until: Mapped[datetime | None]
    fired_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class JobLease(CoreGlobal):
    """Whoever inserts (job, slot) runs it: one firing, however many workers look."""

    __tablename__ = "job_lease"

    job: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(default=clock.now)


class JobRun(CoreGlobal):
    """One run of a job, for one company or for the site; failures stay visible here.

    ``worker`` says whose hand it is in, see :mod:`zhike.services.jobs.hands`; also in the next.
    """

    __tablename__ = "job_run"
    __table_args__ = (
        Index(None, "job", "started_at"),
        Index(
            "ix_core__job_run_retry",
            "next_try_at",
            sqlite_where=_FAILED,
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    job: Mapped[str]
    company_id: Mapped[int | None] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"))
    slot: Mapped[str]
    state: Mapped[str] = mapped_column(default="running")
    attempt: Mapped[int] = mapped_column(Integer(), default=1)
    worker: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime] = mapped_column(default=clock.now)
    finished_at: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")


class JobRequest(CoreGlobal):
    """Work that a person asked for in the panel and the worker does (install, backup, import …)."""

    __tablename__ = "job_request"
    __table_args__ = (Index(None, "state", "created_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str]
    company_id: Mapped[int | None] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"))
    requested_by: Mapped[uuid.UUID | None]
    args: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default="waiting")
    progress: Mapped[int] = mapped_column(Integer(), default=0)
    message: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    worker: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Heartbeat(CoreGlobal):
    """When something last showed that it is alive (``worker`` …), with a few details."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
