"""Numbering rules 编号规则 and their counters."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.models.base import CoreModel


class NumberingRule(CoreModel):
    """How numbers of one kind are made in this company 编号规则.

    ``pattern`` holds text and the places ``{site}``, ``{yyyy}``, ``{yy}``, ``{mm}``, ``{dd}`` and
    ``{n}``. ``reset`` says when counting starts anew; with ``per_unit`` each site counts for
    itself. ``kind`` is ``gapless`` (连续) or ``scattered`` (the order of numbers tells nothing).
    A series begins after ``base``, so that a rule that was changed repeats no number.
    """

    __tablename__ = "numbering_rule"
    __table_args__ = (
        UniqueConstraint("company_id", "name"),
        CheckConstraint("reset IN ('never', 'year', 'month', 'day')", name="reset"),
        CheckConstraint("kind IN ('gapless', 'scattered')", name="kind"),
        CheckConstraint("digits BETWEEN 1 AND 12", name="digits"),
    )

    name: Mapped[str]
    title: Mapped[str]
    pattern: Mapped[str]
    digits: Mapped[int] = mapped_column(Integer())
    reset: Mapped[str]
    per_unit: Mapped[bool]
    kind: Mapped[str]
    base: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), default=0)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)
    version: Mapped[int] = mapped_column(Integer(), default=1)

    __mapper_args__ = {"version_id_col": version}


class NumberingCounter(CoreModel):
    """The last number taken in one series (rule, site, period); its row is the series' lock."""

    __tablename__ = "numbering_counter"
    __table_args__ = (UniqueConstraint("company_id", "series"),)

    series: Mapped[str]
    last: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), default=0)
