"""What is kept: entries, and how many visits a day saw."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike.api import ScopedModel, clock, ref


class GuestbookModel(ScopedModel):
    """The base that says whose tables these are."""

    __abstract__ = True
    __plugin__ = "acme_guestbook"


class Entry(GuestbookModel):
    """One guest's words 留言; ``party_id`` where the guest is a known customer."""

    __tablename__ = "entry"
    __table_args__ = (
        ref("party_id", "core__party"),
        Index(None, "company_id", "written_at"),
    )

    signed_by: Mapped[str] = mapped_column(info={"personal": "name"})
    words: Mapped[str] = mapped_column(info={"personal": "note"})
    party_id: Mapped[uuid.UUID | None]
    present: Mapped[bool] = mapped_column(default=False)
    written_at: Mapped[datetime] = mapped_column(default=clock.now)


class Tally(GuestbookModel):
    """How many visits a day saw 来访计数."""

    __tablename__ = "tally"
    __table_args__ = (UniqueConstraint("company_id", "day"),)

    day: Mapped[date]
    visits: Mapped[int] = mapped_column(default=0)
