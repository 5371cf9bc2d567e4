"""Inbox 收件箱: what a person is told inside Zhike."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.base import ref
from zhike.models.base import CoreModel


class Notice(CoreModel):
    """One notice to one staff member.

    ``title`` is a message id with its ``values``, translated for the reader when it is shown;
    ``once`` makes a repeated event tell the person only once.
    """

    __tablename__ = "notice"
    __table_args__ = (
        ref("staff_id", "core__staff"),
        Index(None, "company_id", "staff_id", "read_at", "created_at"),
        UniqueConstraint("company_id", "staff_id", "once"),
    )

    staff_id: Mapped[uuid.UUID]
    type: Mapped[str]
    title: Mapped[str]
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    link: Mapped[str] = mapped_column(default="")
    once: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    read_at: Mapped[datetime | None]
