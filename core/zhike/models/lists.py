"""What people keep about lists: saved views 保存的视图, and acts on many rows 批量操作."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.base import ref
from zhike.db.types import JSONType
from zhike.models.base import CoreModel


class SavedView(CoreModel):
    """A list as somebody wants to see it again: filters, columns and order under a name.

    ``query`` are the pairs of the address. ``shared_with`` are ids of roles, ``*`` everybody of the
    company; empty for its owner alone.
    """

    __tablename__ = "saved_view"
    __table_args__ = (Index(None, "company_id", "list_name"),)

    list_name: Mapped[str]
    name: Mapped[str]
    query: Mapped[Any] = mapped_column(JSONType)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("core__user.id", ondelete="RESTRICT"))
    shared_with: Mapped[list[str]] = mapped_column(default=list)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class DefaultView(CoreModel):
    """The view with which a list opens for one person."""

    __tablename__ = "default_view"
    __table_args__ = (
        ref("view_id", "core__saved_view"),
        UniqueConstraint("company_id", "user_id", "list_name"),
        Index(None, "company_id", "view_id"),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("core__user.id", ondelete="RESTRICT"))
    list_name: Mapped[str]
    view_id: Mapped[uuid.UUID]


class BulkRun(CoreModel):
    """An act on many rows of a list: who, what, with which values, how far it has come.

    ``state`` is ``waiting`` (rows are left), ``done``, ``undoing`` or ``undone``.
    """

    __tablename__ = "bulk_run"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        Index(None, "company_id", "user_id", "created_at"),
        CheckConstraint("state IN ('waiting', 'done', 'undoing', 'undone')", name="state"),
    )

    act: Mapped[str]
    unit_id: Mapped[uuid.UUID | None]
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("core__user.id", ondelete="RESTRICT"))
    locale: Mapped[str] = mapped_column(default="")
    back: Mapped[str] = mapped_column(default="")
    total: Mapped[int] = mapped_column(Integer())
    state: Mapped[str] = mapped_column(default="waiting")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    finished_at: Mapped[datetime | None]


class BulkItem(CoreModel):
    """One row of a bulk act. ``undo`` is what taking it back needs; ``message`` why it failed.

    ``state`` is ``waiting``, ``done``, ``failed``, ``undone`` or ``stays`` (could not be undone).
    """

    __tablename__ = "bulk_item"
    __table_args__ = (
        ref("run_id", "core__bulk_run"),
        UniqueConstraint("company_id", "run_id", "place"),
        Index(None, "company_id", "run_id", "state", "place"),
        CheckConstraint("state IN ('waiting', 'done', 'failed', 'undone', 'stays')", name="state"),
    )

    run_id: Mapped[uuid.UUID]
    place: Mapped[int] = mapped_column(Integer())
    record_id: Mapped[uuid.UUID]
    state: Mapped[str] = mapped_column(default="waiting")
    message: Mapped[str] = mapped_column(default="")
    undo: Mapped[Any] = mapped_column(JSONType, nullable=True)
