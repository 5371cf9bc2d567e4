"""Reports: where acts and the regulation differ, and days to be replayed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import Response, request
from sqlalchemy import select

from zhike.api import NotFound, _, current, drills, organisation, page, reading
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.models import Difference, Visit
from zhike_sales_floor.services import live
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.views._common import bp, site_of, staff_names, unit_name


def _span(unit_id: uuid.UUID) -> tuple[date, date]:
    today = organisation.today(reading(), unit_id)

    def read(name: str, default: date) -> date:
        try:
            return date.fromisoformat(request.args.get(name, ""))
        except ValueError:
            return default

    return read("since", today - timedelta(days=29)), read("until", today)


@bp.get("/differences", permission=may.RULE)
def differences_home() -> Any:
    """Differences at the site at which the reader works."""
    unit_id = site_of()
    current().require(may.RULE, unit_id)
    return differences(unit_id)


@bp.get("/floor/<uuid:unit_id>/differences", permission=may.RULE)
def differences(unit_id: uuid.UUID) -> Any:
    """Where people did otherwise than the regulation said, or would have said."""
    s = reading()
    since, until = _span(unit_id)
    rows = s.scalars(
        select(Difference)
        .where(Difference.unit_id == unit_id, Difference.day >= since, Difference.day <= until)
        .order_by(Difference.day.desc(), Difference.seq.desc())
        .limit(500)
    ).all()
    names = staff_names(s)
    ids = {row.visit_id for row in rows if row.visit_id}
    visits = names_for(s, ids)
    flags = {v.id: v.flag for v in s.scalars(select(Visit).where(Visit.id.in_(ids))) if v.flag}
    arrivals = s.scalars(
        select(Visit.id)
        .where(
            Visit.unit_id == unit_id,
            Visit.day >= since,
            Visit.day <= until,
            Visit.continues_id.is_(None),
        )
        .limit(100_001)
    ).all()
    going_on = select(Visit.id, Visit.continues_id).where(
        Visit.unit_id == unit_id,
        Visit.day >= since,
        Visit.day <= until,
        Visit.continues_id.is_not(None),
    )
    goes_on = {row.id: row.continues_id for row in s.execute(going_on)}
    return page(
        "sales_floor/differences.html",
        rows=rows,
        names=names,
        visits=visits,
        flags=flags,
        differing=len({_party(goes_on, row.visit_id) or row.id for row in rows}),
        arrivals=len(arrivals),
        since=since,
        until=until,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        words=words,
        fragment=False,
    )


def _party(
    goes_on: Mapping[uuid.UUID, uuid.UUID | None], visit: uuid.UUID | None
) -> uuid.UUID | None:
    """The first reception of a visit's party: one that went on counts with it."""
    while visit is not None and goes_on.get(visit) is not None:
        visit = goes_on[visit]
    return visit


@bp.get("/floor/<uuid:unit_id>/days/<day>", permission=may.RULE)
def day_drill(unit_id: uuid.UUID, day: str) -> Response:
    """A real day as the text of a drill, people under pseudonyms."""
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise NotFound(_("There is no such day at this site.")) from None
    text = drills.day_text(reading(), live.PLUGIN, unit_id, on)
    return Response(
        text,
        mimetype="text/plain",
        headers={"Content-Disposition": f'attachment; filename="{on.isoformat()}.yaml"'},
    )
