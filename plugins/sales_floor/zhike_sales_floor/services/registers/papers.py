"""Registers of what people write: 笔记本, 晚会记录, 追踪表, 计划表, 每日上交, 现场事件."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select

from zhike.api import CompanySession, Party, _, clock, organisation
from zhike_sales_floor import documents_office as documents
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.models import Customer, Visit
from zhike_sales_floor.models_office import HandIn, Incident, Minutes, Plan, Track, TrackCheck
from zhike_sales_floor.services import live, minutes
from zhike_sales_floor.services.registers.model import Register, Scope

Lines = Iterator[dict[str, Any]]
#: Customers of a notebook that are read at a time.
_PIECE = 200


def _notebook(s: CompanySession, scope: Scope) -> Lines:
    """Who came in these days, by rep: background, visits, sale, what next, why not."""
    names = organisation.staff_names(s)
    met = select(Visit.customer_id).where(
        Visit.unit_id == scope.unit_id, Visit.day.between(scope.since, scope.until)
    )
    query = select(Customer.id).where(
        Customer.unit_id == scope.unit_id, Customer.owner_id.is_not(None), Customer.id.in_(met)
    )
    if scope.rep is not None:
        query = query.where(Customer.owner_id == scope.rep)
    ids = list(s.scalars(query.order_by(Customer.owner_id, Customer.id)))
    tz = live.tz_of(s, scope.unit_id)
    for start in range(0, len(ids), _PIECE):
        yield from _pages(s, ids[start : start + _PIECE], names, tz)


def _pages(s: CompanySession, ids: Sequence[uuid.UUID], names: Any, tz: str) -> Lines:
    rows = s.execute(
        select(Customer, Party.name, Party.phone_masked)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(Customer.id.in_(ids))
        .order_by(Customer.owner_id, Customer.id)
    ).all()
    visits: dict[uuid.UUID, list[Visit]] = {}
    for visit in s.scalars(
        select(Visit).where(Visit.customer_id.in_(ids)).order_by(Visit.arrived_at)
    ):
        if visit.customer_id is not None and visit.continues_id is None:
            visits.setdefault(visit.customer_id, []).append(visit)
    tracks: dict[uuid.UUID, Track] = {
        row.customer_id: row
        for row in s.scalars(select(Track).where(Track.customer_id.in_(ids)).order_by(Track.at))
    }
    for row, name, phone in rows:
        seen = visits.get(row.id, [])
        said = tracks.get(row.id)
        advice = said.next_step or said.content if said else row.follow_up_note
        if row.follow_up_on is not None:
            advice = f"{row.follow_up_on.isoformat()} {advice}".strip()
        yield {
            "rep": names.get(row.owner_id, ""),
            "customer": name or _("unknown visitor"),
            "phone": phone or "",
            "grade": row.grade,
            "background": "；".join(dict.fromkeys(one.need for one in seen if one.need)),
            "visits": "、".join(
                f"{clock.local(one.arrived_at, tz):%m-%d %H:%M}" for one in seen[-5:]
            ),
            "closed": row.closed_on,
            "suggestion": advice,
            "lost": row.lost_reason,
        }


def _minutes(s: CompanySession, scope: Scope) -> Lines:
    names = organisation.staff_names(s)
    known = s.scalars(
        select(Minutes)
        .where(Minutes.unit_id == scope.unit_id, Minutes.day.between(scope.since, scope.until))
        .order_by(Minutes.day)
    ).all()
    for row in known:
        found = (
            minutes.written(s, row) if row.closed_at else minutes.entries(s, row.unit_id, row.day)
        )
        for one in found:
            if scope.rep in (None, one.staff_id) and scope.kind in ("", one.kind):
                yield minutes.on_paper(one, names)


def _minutes_head(s: CompanySession, scope: Scope) -> dict[str, Any]:
    row = minutes.of_day(s, scope.unit_id, scope.since) if scope.one_day else None
    return {} if row is None else minutes.head(s, row)


def _tracking(s: CompanySession, scope: Scope) -> Lines:
    names = organisation.staff_names(s)
    checks: dict[uuid.UUID, list[TrackCheck]] = {}
    signs = select(TrackCheck).where(
        TrackCheck.unit_id == scope.unit_id, TrackCheck.day >= scope.since
    )
    for sign in s.scalars(signs.order_by(TrackCheck.at)):
        checks.setdefault(sign.customer_id, []).append(sign)
    query = (
        select(Track, Party.name)
        .join(Customer, Customer.id == Track.customer_id)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(Track.unit_id == scope.unit_id, Track.day.between(scope.since, scope.until))
        .order_by(Track.at, Track.id)
        .execution_options(yield_per=500)
    )
    if scope.rep is not None:
        query = query.where(Track.staff_id == scope.rep)
    if scope.kind:
        query = query.where(Track.grade == scope.kind)
    for row, name in s.execute(query):
        signed = next((one for one in checks.get(row.customer_id, ()) if one.at >= row.at), None)
        yield {
            "at": row.at,
            "customer": name or _("unknown visitor"),
            "grade": row.grade,
            "way": _(words.CONTACT_KINDS.get(row.way, row.way))
            + ("" if row.answered else f"（{_('not reached')}）"),
            "content": row.content,
            "resistance": row.resistance,
            "next": f"{row.next_on.isoformat() if row.next_on else ''} {row.next_step}".strip(),
            "rep": names.get(row.staff_id, "") if row.staff_id else "",
            "check": f"{signed.by} {signed.day.isoformat()}" if signed else "",
        }


def _plans(s: CompanySession, scope: Scope) -> Lines:
    names = organisation.staff_names(s)
    query = select(Plan).where(
        Plan.unit_id == scope.unit_id, Plan.starts_on.between(scope.since, scope.until)
    )
    if scope.rep is not None:
        query = query.where(Plan.staff_id == scope.rep)
    if scope.kind:
        query = query.where(Plan.kind == scope.kind)
    for row in s.scalars(query.order_by(Plan.starts_on, Plan.kind, Plan.id)):
        yield {
            "starts": row.starts_on,
            "kind": _(words.PLANS[row.kind]),
            "rep": names.get(row.staff_id, ""),
            "plan": row.plan,
            "planned": row.planned_at,
            "summary": row.summary,
            "summed": row.summed_at,
            "received": row.received_by,
        }


def _hand_ins(s: CompanySession, scope: Scope) -> Lines:
    names = organisation.staff_names(s)
    query = select(HandIn).where(
        HandIn.unit_id == scope.unit_id, HandIn.day.between(scope.since, scope.until)
    )
    if scope.rep is not None:
        query = query.where(HandIn.staff_id == scope.rep)
    for row in s.scalars(query.order_by(HandIn.day, HandIn.handed_at)):
        yield {
            "day": row.day,
            "rep": names.get(row.staff_id, ""),
            "visits": row.visits,
            "calls": row.calls,
            "tracks": row.tracks,
            "lacking": row.lacking,
            "note": row.note,
            "handed": row.handed_at,
            "received": row.received_by,
        }


def _incidents(s: CompanySession, scope: Scope) -> Lines:
    names = {str(key): name for key, name in organisation.staff_names(s).items()}
    query = select(Incident).where(
        Incident.unit_id == scope.unit_id, Incident.day.between(scope.since, scope.until)
    )
    if scope.kind:
        query = query.where(Incident.kind == scope.kind)
    for row in s.scalars(query.order_by(Incident.at)):
        yield {
            "at": row.at,
            "kind": _(words.INCIDENTS[row.kind]),
            "what": row.what,
            "people": "、".join(names.get(one, "") for one in row.people),
            "off": "、".join(names.get(one, "") for one in row.taken_off),
            "done": row.done,
            "outcome": row.outcome,
            "by": row.by,
        }


REGISTERS = (
    Register(
        form=documents.NOTEBOOK,
        rows=_notebook,
        days=30,
        by_rep=True,
        own=may.SELF,
        group="customers",
    ),
    Register(
        form=documents.TRACKING,
        rows=_tracking,
        days=7,
        by_rep=True,
        kinds={"A": "A", "B": "B", "C": "C", "D": "D"},
        own=may.SELF,
        group="customers",
    ),
    Register(
        form=documents.MINUTES,
        rows=_minutes,
        head=_minutes_head,
        by_rep=True,
        kinds=words.MINUTES_KINDS,
        group="office",
    ),
    Register(
        form=documents.PLANS,
        rows=_plans,
        days=7,
        by_rep=True,
        kinds=words.PLANS,
        own=may.SELF,
        group="office",
    ),
    Register(form=documents.HAND_INS, rows=_hand_ins, days=7, by_rep=True, group="office"),
    Register(
        form=documents.INCIDENTS,
        rows=_incidents,
        days=30,
        kinds=words.INCIDENTS,
        permission=may.OFFICE,
        group="office",
    ),
)
