"""The call register 来电登记表 (SFF-04) as a book: a line for each call, numbered by the day."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, select

from zhike.api import CompanySession, clock
from zhike_sales_floor.models_office import Call
from zhike_sales_floor.services import live


def enter(
    s: CompanySession,
    unit_id: uuid.UUID,
    *,
    called_at: datetime,
    staff_id: uuid.UUID | None,
    direction: str = "in",
    answered: bool = True,
    customer_id: uuid.UUID | None = None,
    contact_id: uuid.UUID | None = None,
    label: str = "",
    question: str = "",
    source: str = "",
    appointment_at: datetime | None = None,
) -> Call:
    """Write the next line of the day on which the call was; two desks get two numbers."""
    live.set_up(s, unit_id)
    live.lock_floor(s, unit_id)
    day = clock.local(called_at, live.tz_of(s, unit_id)).date()
    last = s.scalar(select(func.max(Call.number)).where(Call.unit_id == unit_id, Call.day == day))
    row = Call(
        unit_id=unit_id,
        day=day,
        number=(last or 0) + 1,
        called_at=called_at,
        recorded_at=clock.now(),
        staff_id=staff_id,
        direction=direction,
        answered=answered,
        customer_id=customer_id,
        contact_id=contact_id,
        label=label.strip(),
        question=question.strip(),
        source=source.strip(),
        appointment_at=appointment_at,
        by=s.actor.name,
    )
    s.add(row)
    s.flush()
    return row
