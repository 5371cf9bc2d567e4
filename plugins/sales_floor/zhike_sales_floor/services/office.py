"""The office's working days 工作日 as data for the pure engine."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from zhike.api import CompanySession, calendars

#: What a calendar that never closes writes for the end of its day.
_MIDNIGHT = "24:00"


def closing_times(s: CompanySession, unit_id: uuid.UUID, first: date, days: int) -> dict[str, str]:
    """Closing time per date from ``first`` to the next working day, empty where nobody works.

    At most ``days`` dates: where the office is shut for longer, the engine takes Monday to Friday.
    """
    calendar = calendars.calendar_of(s, unit_id)
    found: dict[str, str] = {}
    for number in range(days):
        day = first + timedelta(days=number)
        windows = calendar.windows(day)
        closing = windows[-1][1] if windows else ""
        found[day.isoformat()] = "23:59:59" if closing == _MIDNIGHT else closing
        if windows:
            break
    return found
