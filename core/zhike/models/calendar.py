"""The working calendar 工作日历: opening hours, days off, make-up days, and the years known."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, UniqueConstraint, column
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.base import ref
from zhike.models.base import CoreModel

_WHOLE = column("unit_id").is_(None)
_AT_UNIT = column("unit_id").is_not(None)


class CalendarHours(CoreModel):
    """The week's opening windows of the company (``unit_id`` empty) or of one site.

    ``week`` is a list of seven days, Monday first, each a list of ``["08:30", "17:30"]``.
    """

    __tablename__ = "calendar_hours"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        Index("uq_core__calendar_hours_company", "company_id", unique=True, sqlite_where=_WHOLE),
        Index(
            "uq_core__calendar_hours_unit",
            "company_id",
            "unit_id",
            unique=True,
            sqlite_where=_AT_UNIT,
        ),
    )

    unit_id: Mapped[uuid.UUID | None]
    week: Mapped[list[Any]]
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_by: Mapped[str] = mapped_column(default="")


class CalendarDay(CoreModel):
    """A day that differs from its week: off 放假 or a make-up day 调休上班.

    ``unit_id`` empty means the whole company; a site's own day wins over it. ``source`` is
    ``official``, ``file`` or ``hand``: adopting a year again replaces only what is not by hand.
    """

    __tablename__ = "calendar_day"
    __table_args__ = (
        ref("unit_id", "core__unit"),
        Index(
            "uq_core__calendar_day_company", "company_id", "day", unique=True, sqlite_where=_WHOLE
        ),
        Index(
            "uq_core__calendar_day_unit",
            "company_id",
            "unit_id",
            "day",
            unique=True,
            sqlite_where=_AT_UNIT,
        ),
        CheckConstraint("kind IN ('off', 'work')", name="kind"),
        CheckConstraint("source IN ('official', 'file', 'hand')", name="source"),
    )

    unit_id: Mapped[uuid.UUID | None]
    day: Mapped[date]
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="hand")


class CalendarYear(CoreModel):
    """A year whose days off somebody has confirmed; ``source`` as in :class:`CalendarDay`."""

    __tablename__ = "calendar_year"
    __table_args__ = (
        UniqueConstraint("company_id", "year"),
        CheckConstraint("source IN ('official', 'file', 'hand')", name="source"),
    )

    year: Mapped[int] = mapped_column(Integer())
    source: Mapped[str]
    confirmed_at: Mapped[datetime] = mapped_column(default=clock.now)
    confirmed_by: Mapped[str] = mapped_column(default="")
