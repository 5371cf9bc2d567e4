"""Reports: where acts and the regulation differ, and days to be replayed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Response, request, url_for
from sqlalchemy import func, select

from zhike.api import (
    BarChart,
    Empty,
    LineChart,
    NotFound,
    Report,
    Table,
    TableColumn,
    _,
    asked_period,
    current,
    drills,
    organisation,
    reading,
    report_page,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.models import Difference, Visit
from zhike_sales_floor.services import figures, live
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.views._common import Names, bp, site_of, staff_names, unit_name
from zhike_sales_floor.views._figures import mmdd, others

#: Differences in the table at most.
LISTED = 500


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
    period = asked_period(request.args, organisation.today(s, unit_id))
    since, until = period.since, period.until
    rows = s.scalars(
        select(Difference)
        .where(Difference.unit_id == unit_id, Difference.day >= since, Difference.day <= until)
        .order_by(Difference.day.desc(), Difference.seq.desc())
        .limit(LISTED)
    ).all()
    names = staff_names(s)
    ids = {row.visit_id for row in rows if row.visit_id}
    visits = names_for(s, ids)
    met = {visit.id: visit for visit in s.scalars(select(Visit).where(Visit.id.in_(ids)))}
    # A party keeps its number of the day where a reception of it went on.
    parties = {visit.id: (visit.day, visit.number) for visit in met.values()}
    arrivals = s.scalar(
        select(func.count()).where(
            Visit.unit_id == unit_id,
            Visit.day >= since,
            Visit.day <= until,
            Visit.continues_id.is_(None),
        )
    )
    counted = figures.apart(s, unit_id, since, until)
    report = Report(
        name="sales_floor.differences",
        question=_("Where do we act otherwise than the regulation?"),
        answer=_(
            "%(n)s of %(all)s receptions went to somebody else than the regulation names.",
            n=len({parties[row.visit_id] if row.visit_id else row.id for row in rows}),
            all=arrivals,
        ),
        base_url=url_for(".differences", unit_id=unit_id),
        period=period,
        others=others(unit_id, "differences", period),
        place=unit_name(unit_id),
        may_export=bool(current().can(may.EXPORT, unit_id)),
        charts=(
            LineChart(
                id="days",
                title=_("Differences by day"),
                labels=[mmdd(day) for day in period.dates],
                series=[(_("differences"), [counted.by_day.get(day, 0) for day in period.dates])],
            ),
            BarChart(
                id="modes",
                title=_("By the regulation's mode"),
                rows=[
                    (_(words.MODES[mode]), counted.by_mode[mode])
                    for mode in words.MODES
                    if mode in counted.by_mode
                ],
                unit=_("differences"),
            ),
        ),
        table=Table(
            caption=_("Differences"),
            columns=(
                TableColumn("at", _("When"), kind="time", phone="title"),
                TableColumn("visitor", _("Visitor")),
                TableColumn("named", _("The regulation named")),
                TableColumn("received", _("Received by")),
                TableColumn("mode", _("Mode")),
                TableColumn("reason", _("Reason")),
                TableColumn("by", _("Done by")),
            ),
            rows=[_line(row, met, visits, names) for row in rows],
        ),
        note=_("The newest %(n)s; choose a shorter period for the others.", n=LISTED)
        if len(rows) == LISTED
        else "",
        empty=Empty(
            _("Acts and regulation agree."),
            _(
                "Overrides, and what people did otherwise while the regulation is observed or "
                "advised, stand here."
            ),
            icon="signpost-split",
        ),
    )
    return report_page(report)


def _line(
    row: Difference,
    met: Mapping[uuid.UUID, Visit],
    visits: Mapping[str, str],
    names: Names,
) -> dict[str, Any]:
    """A difference as the table has it; who received out of turn is marked in words."""
    visit = met.get(row.visit_id) if row.visit_id else None
    flag = visit.flag if visit is not None else {}
    received = names.get(row.acted_id, "–") if row.acted_id else "–"
    if flag and flag.get("offender") == str(row.acted_id):
        received = f"{received}({_(words.FLAGS[flag['kind']])})"
    return {
        "id": row.id,
        "at": row.at,
        "visitor": visits.get(str(row.visit_id), ""),
        "named": names.get(row.decided_id, "–") if row.decided_id else "–",
        "received": received,
        "mode": _(words.MODES[row.mode]),
        "reason": row.reason or flag.get("reason", "") or "",
        "by": row.by,
    }


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
