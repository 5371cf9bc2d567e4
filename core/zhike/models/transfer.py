"""Imports 导入 and exports 导出: what came in by which file, what left, who did it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.base import ref
from zhike.models.base import CoreModel


class ImportBatch(CoreModel):
    """One applied file 导入批次.

    ``file_hash`` is the SHA-256 of the file and ``batch_key`` the attempt's own key: the same file
    under the same key is applied once. ``mode`` is ``all`` (every row or none) or ``good`` (rows
    without an error). The counts are rows of the file. ``assigned`` is which column a person said a
    head means. A long file comes in by parts: until the last its batch is ``applying``.
    """

    __tablename__ = "import_batch"
    __table_args__ = (
        UniqueConstraint("company_id", "importer", "file_hash", "batch_key"),
        Index(None, "company_id", "importer", "applied_at"),
        CheckConstraint("mode IN ('all', 'good')", name="mode"),
        CheckConstraint("state IN ('applying', 'applied', 'undone')", name="state"),
    )

    importer: Mapped[str]
    file_name: Mapped[str]
    file_hash: Mapped[str] = mapped_column(String(64))
    batch_key: Mapped[str]
    mode: Mapped[str]
    assigned: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default="applied")
    total: Mapped[int] = mapped_column(Integer())
    created: Mapped[int] = mapped_column(Integer(), default=0)
    changed: Mapped[int] = mapped_column(Integer(), default=0)
    refused: Mapped[int] = mapped_column(Integer(), default=0)
    user_id: Mapped[uuid.UUID | None]
    staff_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str] = mapped_column(default="")
    applied_at: Mapped[datetime] = mapped_column(default=clock.now)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str] = mapped_column(default="")
    images_dropped_at: Mapped[datetime | None]


class ImportRow(CoreModel):
    """What one row of a batch did: the record, and the images from which it can be undone.

    ``images`` is a list of ``{"model", "id", "before", "after"}`` in the order of writing;
    ``before`` is null for a created row. They hold personal data and go when the time for undoing
    is over (:func:`zhike.services.transfer.drop_images`).
    """

    __tablename__ = "import_row"
    __table_args__ = (
        ref("batch_id", "core__import_batch", ondelete="CASCADE"),
        Index(None, "company_id", "batch_id", "row_no"),
        Index(None, "company_id", "record"),
        CheckConstraint("effect IN ('created', 'changed')", name="effect"),
    )

    batch_id: Mapped[uuid.UUID]
    row_no: Mapped[int] = mapped_column(Integer())
    record: Mapped[str]
    effect: Mapped[str]
    images: Mapped[list[Any]] = mapped_column(default=list)


class ExportLog(CoreModel):
    """One export 导出: who took what, filtered how, how many rows."""

    __tablename__ = "export_log"
    __table_args__ = (Index(None, "company_id", "at"),)

    exporter: Mapped[str]
    format: Mapped[str]
    filters: Mapped[dict[str, Any]]
    columns: Mapped[list[str]]
    row_count: Mapped[int] = mapped_column(Integer())
    user_id: Mapped[uuid.UUID | None]
    staff_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)
