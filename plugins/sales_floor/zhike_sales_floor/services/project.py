"""Projections: from one step of the engine to the rows that pages, registers and lists read.

Each function compares the floor before with the floor after, so whatever way a change came about
(an act, a call that ran out, the close of day) its rows are written.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from zhike.api import CompanySession, bump_generation, clock, emit
from zhike.rules import to_json
from zhike_sales_floor import events
from zhike_sales_floor.models import (
    Customer,
    Day,
    Outing,
    Rep,
    Ticket,
    Visit,
    VisitGuest,
)
from zhike_sales_floor.rules import state as st
from zhike_sales_floor.rules.validity import months_of, valid_through
from zhike_sales_floor.services import credit, follow_up_rows, pool
from zhike_sales_floor.services.live import Work

#: Verbs by which people say what happened while nobody logged it: times are as stated.
BY_HAND = frozenset({"set_floor", "paper"})

STATE = {
    "WAITING": "waiting",
    "CALLING_OWNER": "calling_owner",
    "IN_RECEPTION": "reception",
}


def project(s: CompanySession, work: Work) -> None:
    """Write everything that follows from one step, in the step's transaction."""
    _visits(s, work)
    _tickets(s, work)
    _outings(s, work)
    _customers(s, work)
    pool.project(s, work)
    credit.project(s, work)
    follow_up_rows.project(s, work)
    _reps(s, work)
    if work.event["event"] == "day_close":
        _close_day(s, work)


def utc(text: str) -> datetime:
    """The instant that the engine wrote with its offset."""
    return datetime.fromisoformat(text)


def _maybe(text: str) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None


# -- visits -----------------------------------------------------------------------------------


def _visits(s: CompanySession, work: Work) -> None:
    before, after = work.before.floor.visits, work.after.visits
    changed = [key for key in before if before[key] != after.get(key)]
    rows: dict[str, Visit] = {}
    if changed:
        ids = [uuid.UUID(key) for key in changed]
        rows = {str(v.id): v for v in s.scalars(select(Visit).where(Visit.id.in_(ids)))}
    for key in changed:
        now = after.get(key)
        if now is None:
            _end_visit(s, work, rows[key], before[key])
        else:
            _fill(s, work, rows[key], now, before[key])
    added = [visit for key, visit in after.items() if key not in before]
    if added and changed:
        # An update must reach the database before the insert that takes the rep it sets free.
        s.flush()
    for visit in added:
        _add_visit(s, work, visit)
    key = str(work.step.outcome.get("visit", ""))
    if not key or key in before or key in after:
        return
    if work.event["event"] == "arrive":
        _passed_through(s, work, key)
    elif work.event["event"] == "paper":
        _written_up(s, work, key)
    else:
        _afterwards(s, work, key)


def _afterwards(s: CompanySession, work: Work, key: str) -> None:
    """A visit that was over is found to have been void or out of turn: its line says so."""
    row = s.find(Visit, uuid.UUID(key))
    if row is None:
        return
    outcome = work.step.outcome
    if outcome.get("status") == "voided":
        row.state = "voided"
    if outcome.get("flag"):
        row.due_id = uuid.UUID(str(outcome["rightful"]))
        _note_flag(work, row, str(outcome["flag"]), str(outcome["received_by"]))


def _note_flag(work: Work, row: Visit, kind: str, offender: str) -> None:
    row.flag = {
        "kind": kind,
        "offender": offender,
        "rightful": str(row.due_id or ""),
        "by": str(work.event.get("reporter") or work.event.get("by") or ""),
        "reason": str(work.event.get("reason", "")),
        "at": work.at.isoformat(),
    }


def _passed_through(s: CompanySession, work: Work, key: str) -> None:
    """A visit that came and went within one step: a caller turned away at once has no row."""
    visit = st.Visit(
        id=key, customers=tuple(work.event.get("customers", ())), at=str(work.event["at"])
    )
    row = _add_visit(s, work, visit)
    row.state, row.ended_at = "left_unserved", work.at


def _written_up(s: CompanySession, work: Work, key: str) -> None:
    """A reception that was kept on paper and is over: its line has the stated times."""
    outcome, event = work.step.outcome, work.event
    rep = str(event["rep"])
    visit = st.Visit(
        id=key,
        customers=tuple(event["customers"]),
        at=str(event["began"]),
        status="IN_RECEPTION",
        kind=str(outcome["kind"]),
        via=str(outcome["via"]),
        rep=rep,
        due=str(outcome["rightful"]),
        turn_of=rep if outcome["via"] == "turn" else "",
    )
    row = _add_visit(s, work, visit)
    row.state, row.ended_at = "ended", utc(str(event["ended"]))
    row.result, row.grade = str(work.extra.get("result", "")), str(work.extra.get("grade", ""))


def _number_of(s: CompanySession, work: Work, day: date) -> int:
    """The next party's number of a day: today's counter, else behind the last one of that day."""
    if day == work.day:
        work.floor.visitors += 1
        return work.floor.visitors
    on_day = select(func.max(Visit.number)).where(Visit.unit_id == work.floor.id, Visit.day == day)
    return (s.scalar(on_day) or 0) + 1


def _add_visit(s: CompanySession, work: Work, visit: st.Visit) -> Visit:
    extra = {**work.extra, **work.extra.get("visits", {}).get(visit.id, {})}
    stated = utc(visit.at) if work.event["event"] in BY_HAND else None
    day = clock.local(stated, work.tz).date() if stated else work.day
    first = s.find(Visit, extra.get("continues"))
    row = Visit(
        id=uuid.UUID(visit.id),
        unit_id=work.floor.id,
        day=day,
        number=first.number if first else _number_of(s, work, day),
        customer_id=uuid.UUID(visit.customers[0]) if visit.customers else None,
        label=str(extra.get("label", "")),
        people=int(extra.get("people", 1)),
        need=str(extra.get("need", "")),
        source=str(extra.get("source", "")),
        relation=str(extra.get("relation", "")),
        arrived_at=stated or work.at,
        started_at=stated if visit.rep else None,
        entered_at=work.at if stated else None,
        state="waiting",
        helpers=[],
        passed=[],
        tickets=[],
        flag={},
        seq=work.seq,
        continues_id=first.id if first else None,
    )
    _fill(s, work, row, visit, None)
    s.add(row)
    for guest in visit.customers[1:]:
        s.add(VisitGuest(visit_id=row.id, customer_id=uuid.UUID(guest)))
    return row


def _fill(s: CompanySession, work: Work, row: Visit, visit: st.Visit, was: st.Visit | None) -> None:
    before_rep = was.rep if was else ""
    row.state = STATE.get(visit.status, "waiting")
    row.kind, row.via = visit.kind, visit.via if visit.rep else ""
    row.staff_id, row.due_id = _maybe(visit.rep), _maybe(visit.due)
    row.helpers = list(visit.helpers)
    if visit.flag and (was is None or (was.flag, was.due) != (visit.flag, visit.due)):
        _note_flag(work, row, visit.flag, visit.offender)
    if decided := work.decided.get(visit.id):
        row.decision_id = decided
    if visit.turn_of and (was is None or was.turn_of != visit.turn_of):
        work.floor.turns += 1
        row.turn_no = work.floor.turns
        # One step may serve several visits: each line tells only what was moved for its own.
        passes = work.step.outcome.get("passes", ())
        row.passed = [dict(item) for item in passes if item["visit"] == visit.id]
        row.tickets = _ticket_notes(work, visit)
    if row.state == "reception" and visit.rep != before_rep:
        row.started_at = row.started_at or work.at
    told = work.event["event"] not in BY_HAND  # who sits there knows it already
    if told and row.state == "reception" and _whose(visit) != (_whose(was) if was else ""):
        emit(
            s,
            events.VisitAssigned(
                unit_id=str(work.floor.id),
                visit_id=visit.id,
                staff_id=_whose(visit),
                via=visit.via,
                kind=visit.kind,
                rules=tuple(work.step.outcome.get("rules", ())),
            ),
        )
    if visit.call and (was is None or was.call is None or was.call.rep != visit.call.rep):
        emit(
            s,
            events.OwnerCalled(
                unit_id=str(work.floor.id),
                visit_id=visit.id,
                staff_id=visit.call.rep,
                answer_by=utc(visit.call.due).isoformat(),
            ),
        )
    if visit.call and visit.call.accepted and not (was and was.call and was.call.accepted):
        emit(
            s,
            events.OwnerComing(
                unit_id=str(work.floor.id),
                visit_id=visit.id,
                staff_id=visit.call.rep,
                return_by=utc(visit.call.return_by).isoformat(),
            ),
        )


def _whose(visit: st.Visit) -> str:
    """Who is told that the visitor is his: who receives, but never who took him out of turn."""
    return visit.due if visit.flag else visit.rep


def _ticket_notes(work: Work, visit: st.Visit) -> list[dict[str, str]]:
    before = {t.id for t in work.before.floor.tickets}
    issued = [t for t in work.after.tickets if t.id not in before and t.visit == visit.id]
    used = [
        t
        for t, how in _gone(work)
        if how == "used" and visit.via == "ticket" and t.rep == visit.turn_of
    ]
    return [
        *({"how": "used", "rep": t.rep, "kind": t.kind} for t in used),
        *({"how": "issued", "rep": t.rep, "kind": t.kind} for t in issued),
    ]


def _gone(work: Work) -> list[tuple[st.Ticket, str]]:
    """Tickets the step took out of the queue, each ``used`` or ``dropped``, the oldest first."""
    left = {t.id for t in work.after.tickets}
    dropped = list(work.step.outcome.get("dropped", ()))
    found = []
    for ticket in work.before.floor.tickets:
        if ticket.id in left:
            continue
        label = f"{ticket.rep}({ticket.kind[0]})"
        if label in dropped:
            dropped.remove(label)
            found.append((ticket, "dropped"))
        else:
            found.append((ticket, "used"))
    return found


def _end_visit(s: CompanySession, work: Work, row: Visit, was: st.Visit) -> None:
    if str(row.id) in work.event.get("withdraw", ()):
        row.state, row.ended_at = "voided", work.at
        return
    own = str(work.step.outcome.get("visit", "")) == str(row.id)
    status = str(work.step.outcome.get("status", "")) if own else ""
    if status not in ("ended", "voided", "left_unserved"):
        status = "ended" if was.rep else "left_unserved"
    row.state, row.ended_at = status, work.at
    extra = work.extra if own else {}
    row.result = str(extra.get("result", row.result))
    row.grade = str(extra.get("grade", row.grade))
    row.need = str(extra.get("need") or row.need)
    emit(
        s,
        events.VisitEnded(
            unit_id=str(work.floor.id),
            visit_id=str(row.id),
            staff_id=was.rep,
            result=status,
        ),
    )


# -- tickets and absences ---------------------------------------------------------------------


def _tickets(s: CompanySession, work: Work) -> None:
    before = {t.id: t for t in work.before.floor.tickets}
    after = {t.id: t for t in work.after.tickets}
    by_hand = work.event["event"] == "set_floor"
    for number, ticket in after.items():
        if number not in before:
            s.add(
                Ticket(
                    unit_id=work.floor.id,
                    number=str(number),
                    staff_id=uuid.UUID(ticket.rep),
                    kind=ticket.kind,
                    rule=ticket.rule,
                    issued_at=utc(ticket.at) if by_hand else work.at,
                    issued_seq=work.seq,
                    by_hand=_why(work, ticket.rep) if by_hand else "",
                )
            )
    gone = {str(ticket.id): how for ticket, how in _gone(work)}
    if not gone:
        return
    rows = s.scalars(select(Ticket).where(Ticket.unit_id == work.floor.id, Ticket.number.in_(gone)))
    for row in rows:
        row.ended_at, row.ended_seq = work.at, work.seq
        row.ended_how = gone[row.number]


def _why(work: Work, rep: str) -> str:
    """Why a ticket was given by hand: its own reason, else that of the whole act; and by whom."""
    own = [row for row in work.event.get("tickets", ()) if row.get("rep") == rep]
    reason = next((row["reason"] for row in own if row.get("reason")), work.event["reason"])
    return f"{reason}({work.event.get('by', '')})"


def _outings(s: CompanySession, work: Work) -> None:
    for key, rep in work.after.reps.items():
        was = work.before.floor.reps.get(key)
        if was is None or rep.absences == was.absences:
            continue
        for place, absence in enumerate(rep.absences):
            old = was.absences[place] if place < len(was.absences) else None
            if old == absence:
                continue
            if old is None:
                s.add(
                    Outing(
                        unit_id=work.floor.id,
                        day=work.day,
                        staff_id=uuid.UUID(key),
                        kind=absence.kind,
                        reason=str(work.extra.get("reason_text", "")),
                        out_at=utc(absence.out),
                        back_at=utc(absence.back) if absence.back else None,
                    )
                )
                continue
            row = s.scalars(
                select(Outing).where(
                    Outing.unit_id == work.floor.id,
                    Outing.staff_id == uuid.UUID(key),
                    Outing.out_at == utc(absence.out),
                )
            ).first()
            if row is None:
                continue
            row.kind = absence.kind
            row.back_at = utc(absence.back) if absence.back else None
            if absence.reclassed and not old.reclassed:
                row.reclassed_at = work.at
                row.reclassed_by = str(work.event.get("by", ""))
                row.reclass_reason = str(work.event.get("reason", ""))


# -- customers ----------------------------------------------------------------------


def _customers(s: CompanySession, work: Work) -> None:
    for key in work.step.changed:
        row = work.customers.get(key)
        facts = work.step.state.customers.get(key)
        if row is None or facts is None:
            continue
        former = row.owner_id
        fill_customer(row, facts, work.policy.params)
        if former is not None and row.owner_id is not None and former != row.owner_id:
            emit(
                s,
                events.CustomerMoved(
                    unit_id=str(work.floor.id),
                    customer_id=key,
                    from_staff_id=str(former),
                    to_staff_id=str(row.owner_id),
                    rules=tuple(work.step.outcome.get("rules", ())),
                    seq=work.seq,
                ),
            )


def fill_customer(row: Customer, facts: st.Customer, params: Mapping[str, Any]) -> None:
    """Write the columns that lists read from the engine's facts of one customer.

    ``params`` are the policy's: they say how long a customer is protected.
    """
    row.facts = to_json(facts)
    row.merged_into = _maybe(facts.merged_into)
    row.owner_id = _maybe(facts.owner)
    first = facts.first
    row.first_rep_id = _maybe(first.rep) if first else None
    if facts.visits:
        row.first_visit_on = row.first_visit_on or _day(facts.visits[0].at)
    last = facts.contacts.get(facts.owner, "") if facts.owner else ""
    row.last_contact_on = _day(last) if last else row.last_contact_on
    holding = facts.holding
    row.owned_since = _day(holding.at) if holding else None
    row.followed_on = _followed(facts, params)
    closed = [deal for deal in facts.deals if deal.closed and not deal.reversed]
    reserved = [deal for deal in facts.deals if not deal.closed and not deal.reversed]
    row.closed_on = _day(closed[-1].at) if closed else None
    row.stage = (
        "closed"
        if closed
        else "reserved"
        if reserved
        else "returned"
        if any(deal.reversed for deal in facts.deals)
        else "visited"
        if facts.visits or row.stage != "called"
        else "called"
    )
    row.protected_until = None if closed else _protected_until(row, facts, params)
    if facts.introducer and row.introducer_id is None:
        row.introducer_id = uuid.UUID(facts.introducer)


def _protected_until(row: Customer, facts: st.Customer, params: Mapping[str, Any]) -> date | None:
    """The last day on which the owner's claim stands against others, None where it has no end.

    Counted from the last contact (SF-A-05) or from the day the record was opened (SF-D-25).
    """
    entry, months = facts.holding, months_of(params)
    if entry is not None and months is not None:
        return valid_through(entry, months)
    days = params.get("owner.contact_lapse_days")
    if days is None or row.last_contact_on is None or row.owner_id is None:
        return None
    return row.last_contact_on + timedelta(days=int(days))


def _followed(facts: st.Customer, params: Mapping[str, Any]) -> date | None:
    """The day on which the owner, or who covered for him, last followed up."""
    days = [met.at for met in facts.follow_up.met]
    if "visit" in (params.get("followup.kinds") or ("visit",)):
        days += [note.at for note in facts.visits if note.rep == facts.owner and not note.void]
    return _day(max(days)) if days else None


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


# -- roster and day ---------------------------------------------------------------------------


def _reps(s: CompanySession, work: Work) -> None:
    for key, rep in work.after.reps.items():
        was = work.before.floor.reps.get(key)
        if rep.state != st.LEFT or (was is not None and was.state == st.LEFT):
            continue
        row = s.scalars(
            select(Rep).where(Rep.unit_id == work.floor.id, Rep.staff_id == uuid.UUID(key))
        ).first()
        if row is not None:
            bump_generation(s)  # rosters are remembered
            row.left_on = work.day
            row.left_why = str(work.event.get("reason", ""))


def _close_day(s: CompanySession, work: Work) -> None:
    row = s.scalars(
        select(Day).where(Day.unit_id == work.floor.id, Day.day == work.floor.day)
    ).first()
    if row is not None:
        row.last_seq, row.closed_at = work.seq, work.at
    emit(s, events.DayClosed(unit_id=str(work.floor.id), day=str(work.floor.day)))
    work.floor.day = None
