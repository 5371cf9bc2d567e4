"""Answers already given, by the key of the request that asked for them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.models.base import CoreModel


class IdempotencyRecord(CoreModel):
    """One act under one key: written in the act's own transaction, so both exist or neither.

    ``request_hash`` is the SHA-256 of what was asked; ``answer`` the JSON result given back.
    """

    __tablename__ = "idempotency"
    __table_args__ = (
        UniqueConstraint("company_id", "key"),
        Index(None, "company_id", "created_at"),
    )

    key: Mapped[str]
    action: Mapped[str]
    request_hash: Mapped[bytes]
    user_id: Mapped[uuid.UUID | None]
    status: Mapped[int] = mapped_column(Integer(), default=200)
    answer: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
