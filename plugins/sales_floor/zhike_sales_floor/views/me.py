"""My day 我的一天: a rep's page on a phone."""

from __future__ import annotations

from typing import Any

from zhike.api import organisation, page, reading
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.services import board as boards
from zhike_sales_floor.services import customers
from zhike_sales_floor.views._common import bp, own_staff, site_of, unit_name
from zhike_sales_floor.views.calls import appointment_lines, appointments_of


@bp.get("/me", permission=may.SELF)
def my_day() -> Any:
    """Next turn, the visitor at hand, my follow-ups, what runs out."""
    s = reading()
    unit_id = site_of()
    staff_id = own_staff()
    data = boards.board(s, unit_id)
    card = None
    if data is not None and staff_id is not None:
        card = next((rep for rep in data.reps if rep.id == staff_id), None)
    today = organisation.today(s, unit_id)
    follow = customers.follow_ups(s, unit_id, staff_id) if staff_id else []
    ending = customers.running_out(s, unit_id, staff_id) if staff_id else []
    return page(
        "sales_floor/me.html",
        card=card,
        data=data,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        today=today,
        overdue=[line for line in follow if line.follow_up_on and line.follow_up_on < today],
        due=[line for line in follow if line.follow_up_on == today],
        coming=[line for line in follow if line.follow_up_on and line.follow_up_on > today],
        ending=ending,
        appointments=appointment_lines(
            appointments_of(s, unit_id, days=7, staff_id=staff_id), {}, unit_id
        )
        if staff_id
        else [],
        words=words,
        may=may,
        staff_id=staff_id,
        fragment=False,
    )
