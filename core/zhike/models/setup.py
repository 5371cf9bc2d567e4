"""Setting a company up 首次设置: which steps somebody has called done or left out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.models.base import CoreModel


class SetupMark(CoreModel):
    """One step that data alone cannot tell: ``done`` by hand, or ``skipped`` for now."""

    __tablename__ = "setup_mark"
    __table_args__ = (
        UniqueConstraint("company_id", "step"),
        CheckConstraint("state IN ('done', 'skipped')", name="state"),
    )

    step: Mapped[str]
    state: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    by: Mapped[str] = mapped_column(default="")
