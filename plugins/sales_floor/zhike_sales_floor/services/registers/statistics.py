"""Statistics by day as a register: 来人来电逐日统计."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from zhike.api import CompanySession
from zhike_sales_floor import documents_statistics as documents
from zhike_sales_floor.services import counts
from zhike_sales_floor.services.registers.model import Register, Scope

#: Days that are counted at a time, so that memory stays flat over years.
_PIECE = timedelta(days=31)


def _days(s: CompanySession, scope: Scope) -> Iterator[dict[str, Any]]:
    """A line for each day, those without anybody too."""
    since = scope.since
    while since <= scope.until:
        until = min(scope.until, since + _PIECE - timedelta(days=1))
        counted = counts.compute(s, scope.unit_id, since, until)["days"]
        for day in _between(since, until):
            yield {"day": day, **counted.get(day.isoformat(), dict.fromkeys(counts.OF_DAY, 0))}
        since = until + timedelta(days=1)


def _between(since: date, until: date) -> Iterator[date]:
    for number in range((until - since).days + 1):
        yield since + timedelta(days=number)


REGISTERS = (Register(form=documents.BY_DAY, rows=_days, days=7, group="figures"),)
