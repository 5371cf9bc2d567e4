"""Where acts and regulation lie apart, counted by day, mode and rep."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from zhike.api import CompanySession
from zhike_sales_floor.models import Difference


@dataclass(frozen=True, slots=True)
class Apart:
    """Differences of a period: how many a day, and how many in each mode."""

    by_day: dict[date, int]
    by_mode: dict[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_day.values())


def apart(
    s: CompanySession,
    unit_id: uuid.UUID,
    since: date,
    until: date,
    *,
    own: uuid.UUID | None = None,
) -> Apart:
    """The differences of these days; ``own`` leaves those in which this rep received."""
    statement = (
        select(Difference.day, Difference.mode, func.count())
        .where(Difference.unit_id == unit_id, Difference.day >= since, Difference.day <= until)
        .group_by(Difference.day, Difference.mode)
    )
    if own is not None:
        statement = statement.where(Difference.acted_id == own)
    by_day: Counter[date] = Counter()
    by_mode: Counter[str] = Counter()
    for day, mode, count in s.execute(statement):
        by_day[day] += count
        by_mode[mode] += count
    return Apart(dict(by_day), dict(by_mode))
