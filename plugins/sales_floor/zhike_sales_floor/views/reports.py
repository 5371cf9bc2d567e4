"""Reports: where acts and the regulation differ, and days to be replayed."""

from __future__ import annotations

import uuid
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
    met = {visit.id: visit for visit in s.scalars(select(Visit).where(Visit.id.in_(ids)))}
    flags = {visit.id: visit.flag for visit in met.values() if visit.flag}
    # A party keeps its number of the day where a reception of it went on.
    parties = {visit.id: (visit.day, visit.number) for visit in met.values()}
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
    return page(
        "sales_floor/differences.html",
        rows=rows,
        names=names,
        visits=visits,
        flags=flags,
        differing=len({parties[row.visit_id] if row.visit_id else row.id for row in rows}),
        arrivals=len(arrivals),
        since=since,
        until=until,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        words=words,
        fragment=False,
    )


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
