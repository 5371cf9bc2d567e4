"""Evening minutes 晚会记录 (SFF-06): the day's customers, told and signed the same evening.

Closed minutes are evidence of who registered a customer first (SF-D-24): their lines are written
once and stay; what is said later is an addition with its own time.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    Conflict,
    Party,
    RecordRef,
    UserError,
    _,
    clock,
    ledger,
    organisation,
)
from zhike_sales_floor import words
from zhike_sales_floor.models import Customer, Visit
from zhike_sales_floor.models_office import (
    Call,
    Incident,
    Minutes,
    MinutesAddition,
    MinutesLine,
    Track,
)
from zhike_sales_floor.services import live
from zhike_sales_floor.services.sheets import visitor_name


@dataclass(frozen=True)
class Entry:
    """A customer of the day: who had him, how, whether he was new, what came of it."""

    kind: str
    at: datetime
    staff_id: uuid.UUID | None
    customer_id: uuid.UUID | None
    visit_id: uuid.UUID | None
    name: str
    fresh: bool
    grade: str
    result: str
    note: str


def entries(s: CompanySession, unit_id: uuid.UUID, on: date) -> list[Entry]:
    """Everything the day's registers say of customers, by time; void lines are left out."""
    found = [*_visits(s, unit_id, on), *_calls(s, unit_id, on), *_tracks(s, unit_id, on)]
    return sorted(found, key=lambda entry: entry.at)


def _named(query: Any, customer_id: Any) -> Any:
    return query.outerjoin(Customer, Customer.id == customer_id).outerjoin(
        Party, Party.id == Customer.party_id
    )


def _visits(s: CompanySession, unit_id: uuid.UUID, on: date) -> list[Entry]:
    query = _named(select(Visit, Customer.first_visit_on, Party.name), Visit.customer_id).where(
        Visit.unit_id == unit_id,
        Visit.day == on,
        Visit.continues_id.is_(None),
        Visit.state.notin_(("voided", "left_unserved")),
    )
    return [
        Entry(
            "visit",
            visit.arrived_at,
            visit.staff_id,
            visit.customer_id,
            visit.id,
            name or visitor_name(visit),
            first == on,
            visit.grade,
            visit.result,
            visit.need,
        )
        for visit, first, name in s.execute(query)
    ]


def _calls(s: CompanySession, unit_id: uuid.UUID, on: date) -> list[Entry]:
    query = _named(select(Call, Customer.created_at, Party.name), Call.customer_id).where(
        Call.unit_id == unit_id, Call.day == on, Call.voided_at.is_(None)
    )
    return [
        Entry(
            "call",
            call.called_at,
            call.staff_id,
            call.customer_id,
            None,
            name or call.label or _("unknown caller"),
            # A customer who was made for this very call has called for the first time.
            bool(created and abs((call.recorded_at - created).total_seconds()) < 5),
            "",
            "",
            call.question,
        )
        for call, created, name in s.execute(query)
    ]


def _tracks(s: CompanySession, unit_id: uuid.UUID, on: date) -> list[Entry]:
    query = _named(select(Track, Party.name), Track.customer_id).where(
        Track.unit_id == unit_id, Track.day == on
    )
    return [
        Entry(
            "track",
            track.at,
            track.staff_id,
            track.customer_id,
            None,
            name or _("unknown visitor"),
            False,
            track.grade,
            "",
            "；".join(part for part in (track.content, track.resistance, track.next_step) if part),
        )
        for track, name in s.execute(query)
    ]


def quarrels(s: CompanySession, unit_id: uuid.UUID, on: date) -> list[str]:
    """What the day's records say of wrong turns and incidents: the beginning of the minutes."""
    names = organisation.staff_names(s)
    flagged = s.scalars(
        select(Visit).where(Visit.unit_id == unit_id, Visit.day == on).order_by(Visit.arrived_at)
    )
    said = []
    for visit in flagged:
        if visit.flag:
            taker = str(visit.flag.get("offender", ""))
            kind = _(words.FLAGS.get(visit.flag["kind"], visit.flag["kind"]))
            who = names.get(uuid.UUID(taker), "") if taker else ""
            said.append(
                f"{kind}：{visitor_name(visit)} {who} {visit.flag.get('reason', '')}".strip()
            )
    incidents = s.scalars(
        select(Incident)
        .where(Incident.unit_id == unit_id, Incident.day == on)
        .order_by(Incident.at)
    )
    said += [f"{_(words.INCIDENTS[row.kind])}：{row.what}" for row in incidents]
    return said


def of_day(s: CompanySession, unit_id: uuid.UUID, on: date) -> Minutes | None:
    """The minutes of a day, if anybody has begun them."""
    return s.scalars(select(Minutes).where(Minutes.unit_id == unit_id, Minutes.day == on)).first()


@dataclass(frozen=True)
class Text:
    """What the manager writes: who was there, what each rep reported, and the rest in words."""

    present: Sequence[uuid.UUID] = ()
    notes: Mapping[uuid.UUID, str] = field(default_factory=dict)
    tracking: str = ""
    disputes: str = ""
    tomorrow: str = ""


def save(
    s: CompanySession, unit_id: uuid.UUID, on: date, text: Text, *, version: int = 0
) -> Minutes:
    """Begin a day's minutes or go on with them.

    ``version`` is that of the minutes the person saw, 0 for none. Raises Conflict where somebody
    else has written meanwhile or they are closed, UserError for a day that has not come.
    """
    if on > organisation.today(s, unit_id):
        raise UserError(_("This day has not come yet."), field="day")
    live.set_up(s, unit_id)
    live.lock_floor(s, unit_id)
    row = of_day(s, unit_id, on)
    if row is None:
        row = Minutes(unit_id=unit_id, day=on, version=0, begun_by=s.actor.name)
        s.add(row)
    elif row.closed_at is not None:
        raise Conflict(_("These minutes are closed; add to them instead."))
    if version != row.version:
        raise Conflict(_("Somebody has written these minutes meanwhile. Please look at them anew."))
    row.version += 1
    row.present = [str(one) for one in text.present]
    row.notes = {str(who): said.strip() for who, said in dict(text.notes).items() if said.strip()}
    row.tracking, row.disputes = text.tracking.strip(), text.disputes.strip()
    row.tomorrow = text.tomorrow.strip()
    s.flush()
    return row


def close(s: CompanySession, unit_id: uuid.UUID, on: date) -> Minutes:
    """The manager closes and so signs the minutes: the day's customers are written into them."""
    live.set_up(s, unit_id)
    live.lock_floor(s, unit_id)
    row = of_day(s, unit_id, on)
    if row is None:
        row = save(s, unit_id, on, Text())
    if row.closed_at is not None:
        raise Conflict(_("These minutes are closed already."))
    row.closed_at, row.closed_by = clock.now(), s.actor.name
    for entry in entries(s, unit_id, on):
        s.add(
            MinutesLine(
                unit_id=unit_id,
                minutes_id=row.id,
                staff_id=entry.staff_id,
                customer_id=entry.customer_id,
                visit_id=entry.visit_id,
                kind=entry.kind,
                fresh=entry.fresh,
                at=entry.at,
                grade=entry.grade,
                result=entry.result,
            )
        )
    ledger.append(
        s,
        "sales_floor.minutes_closed",
        object=str(RecordRef(live.PLUGIN, "minutes", row.id)),
        body={"day": on.isoformat()},
    )
    s.flush()
    return row


def add(s: CompanySession, minutes_id: uuid.UUID, text: str) -> MinutesAddition:
    """Add to closed minutes 补记; the addition carries who wrote it and when."""
    row = s.require(Minutes, minutes_id)
    if row.closed_at is None:
        raise Conflict(_("These minutes are still open: write into them."))
    if not text.strip():
        raise UserError(_("Please write something down."), field="text")
    addition = MinutesAddition(
        minutes_id=minutes_id, text=text.strip(), by=s.actor.name, at=clock.now()
    )
    s.add(addition)
    s.flush()
    return addition


def additions(s: CompanySession, minutes_id: uuid.UUID) -> Sequence[MinutesAddition]:
    """What was added after the closing, the oldest first."""
    query = select(MinutesAddition).where(MinutesAddition.minutes_id == minutes_id)
    return s.scalars(query.order_by(MinutesAddition.at)).all()


def written(s: CompanySession, row: Minutes) -> list[Entry]:
    """The lines of closed minutes as they were written; names as they are known now."""
    query = (
        _named(
            select(MinutesLine, Visit, Party.name).outerjoin(
                Visit, Visit.id == MinutesLine.visit_id
            ),
            MinutesLine.customer_id,
        )
        .where(MinutesLine.minutes_id == row.id)
        .order_by(MinutesLine.at)
    )
    return [
        Entry(
            line.kind,
            line.at,
            line.staff_id,
            line.customer_id,
            line.visit_id,
            name or (visitor_name(visit) if visit else _("unknown caller")),
            line.fresh,
            line.grade,
            line.result,
            visit.need if visit else "",
        )
        for line, visit, name in s.execute(query)
    ]


def evidence(s: CompanySession, customer_id: uuid.UUID) -> list[tuple[Minutes, MinutesLine]]:
    """In which closed minutes a customer stands, the oldest first: who had him when (SF-D-24)."""
    rows = s.execute(
        select(Minutes, MinutesLine)
        .join(MinutesLine, MinutesLine.minutes_id == Minutes.id)
        .where(MinutesLine.customer_id == customer_id)
        .order_by(MinutesLine.at)
    )
    return [(row[0], row[1]) for row in rows]


# -- on paper ---------------------------------------------------------------------------------


def head(s: CompanySession, row: Minutes) -> dict[str, Any]:
    """What stands above and below the lines of minutes on paper."""
    names = organisation.staff_names(s)
    said = [f"{names.get(uuid.UUID(who), '')}：{text}" for who, text in row.notes.items() if text]
    added = [
        _("%(text)s (added by %(name)s)", text=one.text, name=one.by)
        for one in additions(s, row.id)
    ]
    return {
        "present": "、".join(names.get(uuid.UUID(one), "") for one in row.present),
        "notes": "\n".join(said),
        "tracking": row.tracking,
        "disputes": row.disputes,
        "tomorrow": row.tomorrow,
        "additions": "\n".join(added),
        "closed": row.closed_at,
        "closed_by": row.closed_by,
    }


def on_paper(one: Entry, names: Mapping[uuid.UUID, str]) -> dict[str, Any]:
    """A customer in the minutes on paper."""
    return {
        "at": one.at,
        "rep": names.get(one.staff_id, "") if one.staff_id else "",
        "customer": one.name,
        "kind": _(words.MINUTES_KINDS[one.kind]),
        "fresh": one.fresh,
        "grade": one.grade,
        "result": _(words.RESULTS[one.result]) if one.result in words.RESULTS else one.result,
        "note": one.note,
    }
