"""The change from paper to the software, as it is kept."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from zhike.api import clock, ref
from zhike_sales_floor.models import Model


class CutOver(Model):
    """A site's change from paper to the software 切换, from the first sheet to its confirmation.

    ``parts`` says of each sheet which import batch it became, when, by whom, with how many rows;
    ``seq`` is the event that set the floor, ``before`` what customers' rows held before it, so that
    it can be taken back. ``state``: ``open`` while sheets come in, ``set`` once the floor was set,
    then ``confirmed``; or ``undone``. A site has at most one that is open or set.
    """

    __tablename__ = "cut_over"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        Index(None, "company_id", "unit_id", "begun_at"),
        CheckConstraint("state IN ('open', 'set', 'confirmed', 'undone')", name="state"),
    )

    unit_id: Mapped[uuid.UUID]
    state: Mapped[str] = mapped_column(default="open")
    parts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    seq: Mapped[int | None] = mapped_column(Integer())
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    begun_at: Mapped[datetime] = mapped_column(default=clock.now)
    begun_by: Mapped[str] = mapped_column(default="")
    set_at: Mapped[datetime | None]
    set_by: Mapped[str] = mapped_column(default="")
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(default="")
