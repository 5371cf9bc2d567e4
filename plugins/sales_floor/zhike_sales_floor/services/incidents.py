"""Incidents on the floor 现场事件 (SF-D-48): what happened, what was done at once, the end."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    Conflict,
    RecordRef,
    UserError,
    _,
    clock,
    ledger,
    organisation,
)
from zhike_sales_floor import words
from zhike_sales_floor.models_office import Incident
from zhike_sales_floor.rules import state as st
from zhike_sales_floor.services import floor, live

#: Who is on the floor and can be taken off it by signing out.
_PRESENT = (st.AVAILABLE, st.OUT_PUBLIC, st.OUT_PRIVATE)


@dataclass(frozen=True)
class Report:
    """An incident as it is written down; ``taken_off`` are those sent off the floor at once."""

    kind: str
    what: str
    done: str = ""
    people: Sequence[uuid.UUID] = ()
    taken_off: Sequence[uuid.UUID] = ()
    occurred_at: datetime | None = None


def log(s: CompanySession, unit_id: uuid.UUID, report: Report) -> Incident:
    """Write an incident down and take off the floor whoever is to go, in one act.

    A rep with a visitor in hand cannot be signed out: raises Conflict naming him, so that the
    visitor is handed over first. Who is off the floor already is only noted.
    """
    if report.kind not in words.INCIDENTS:
        raise UserError(_("Please choose what it was."), field="kind")
    if not report.what.strip():
        raise UserError(_("Please write down what happened."), field="what")
    now = clock.now()
    at = report.occurred_at or now
    if at > now:
        raise UserError(_("This time lies in the future."), field="occurred_at")
    names = organisation.staff_names(s)
    known = floor.floor_state(s, unit_id)
    for one in report.taken_off:
        rep = known[1].reps.get(str(one)) if known else None
        if rep is None:
            continue
        if rep.state in _PRESENT:
            floor.sign_out(s, unit_id, one, reason=_(words.INCIDENTS[report.kind]))
        elif rep.state not in (st.OFF_DUTY, st.ABSENT, st.LEFT):
            raise Conflict(
                _(
                    "%(name)s has a visitor in hand: hand the visitor over first.",
                    name=names.get(one, ""),
                )
            )
    row = Incident(
        unit_id=unit_id,
        day=clock.local(at, live.tz_of(s, unit_id)).date(),
        at=at,
        recorded_at=now,
        kind=report.kind,
        people=[str(one) for one in dict.fromkeys((*report.people, *report.taken_off))],
        taken_off=[str(one) for one in report.taken_off],
        what=report.what.strip(),
        done=report.done.strip(),
        by=s.actor.name,
    )
    s.add(row)
    s.flush()
    ledger.append(
        s,
        "sales_floor.incident",
        object=str(RecordRef(live.PLUGIN, "incident", row.id)),
        body={"kind": row.kind, "people": row.people, "taken_off": row.taken_off},
        reason=row.what,
    )
    return row


def close(s: CompanySession, incident_id: uuid.UUID, outcome: str) -> Incident:
    """Write down how an incident ended; it is then closed."""
    row = s.require(Incident, incident_id)
    if row.closed_at is not None:
        raise Conflict(_("This incident is closed already."))
    if not outcome.strip():
        raise UserError(_("Please write down how it ended."), field="outcome")
    row.outcome, row.closed_at, row.closed_by = outcome.strip(), clock.now(), s.actor.name
    ledger.append(
        s,
        "sales_floor.incident_closed",
        object=str(RecordRef(live.PLUGIN, "incident", row.id)),
        reason=row.outcome,
    )
    s.flush()
    return row


def recent(s: CompanySession, unit_id: uuid.UUID, *, limit: int = 100) -> Sequence[Incident]:
    """A site's incidents, the open ones first, then the latest."""
    query = select(Incident).where(Incident.unit_id == unit_id)
    ordered = query.order_by(Incident.closed_at.is_not(None), Incident.at.desc())
    return s.scalars(ordered.limit(limit)).all()
