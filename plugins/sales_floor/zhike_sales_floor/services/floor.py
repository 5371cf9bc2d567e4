"""The floor's daily acts: signing in and out, absences, receptions, day, roster."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    Conflict,
    NotFound,
    RecordRef,
    Staff,
    UserError,
    _,
    bump_generation,
    clock,
    contacts,
    organisation,
    remembered,
)
from zhike.rules import to_json
from zhike_sales_floor.models import Customer, Floor, Rep, Visit
from zhike_sales_floor.rules import state as st
from zhike_sales_floor.rules.vocabulary import EVENT_METHODS
from zhike_sales_floor.services import arrivals, corrections, live
from zhike_sales_floor.services.live import Act

LONGEST_EVENT = timedelta(days=366)
OUT_REASONS = ("public", "private", "lunch", "meeting", "training")


def add_reps(s: CompanySession, unit_id: uuid.UUID, staff_ids: Sequence[uuid.UUID]) -> list[Rep]:
    """Put staff members on a site's roster, in this order; who is there already stays.

    Before the first act of a site the ring takes this order; later a newcomer joins when he
    first signs in, directly before the pointer.
    """
    floor = live.set_up(s, unit_id)
    known = {rep.staff_id: rep for rep in s.scalars(select(Rep).where(Rep.unit_id == unit_id))}
    today = organisation.today(s, unit_id)
    rows: list[Rep] = []
    for staff_id in dict.fromkeys(staff_ids):
        row = known.get(staff_id)
        if row is None:
            s.require(Staff, staff_id)
            row = Rep(unit_id=unit_id, staff_id=staff_id, joined_on=today)
            s.add(row)
        elif row.left_on is not None:
            row.left_on, row.left_why, row.joined_on = None, "", today
        rows.append(row)
    if floor.seq == 0:
        state = live.load_floor(floor)
        ring = (*state.ring, *(str(i) for i in staff_ids if str(i) not in state.ring))
        reps = {key: state.reps.get(key, st.Rep(key, st.OFF_DUTY)) for key in ring}
        floor.state = to_json(st.Floor(ring=ring, roster=ring, reps=reps))
    floor.version += 1
    s.flush()
    bump_generation(s)  # rosters are remembered
    return rows


def _must_be_rep(s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID) -> None:
    row = s.scalars(
        select(Rep.id).where(
            Rep.unit_id == unit_id, Rep.staff_id == staff_id, Rep.left_on.is_(None)
        )
    ).first()
    if row is None:
        raise Conflict(_("This person is not on the roster of this site."))


def must_be_known(s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID) -> None:
    """NotFound unless this staff member is or was a rep of the site."""
    known = select(Rep.id).where(Rep.unit_id == unit_id, Rep.staff_id == staff_id)
    if s.scalar(known) is None:
        raise NotFound(_("This rep belongs to another site."))


def sign_in(s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID) -> Act:
    """A rep comes on duty 签到."""
    _must_be_rep(s, unit_id, staff_id)
    return live.act(s, unit_id, "sign_in", {"rep": str(staff_id)})


def sign_out(s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID, reason: str = "") -> Act:
    """A rep goes off duty 签退; a visit in hand has to be ended or handed over first."""
    fields = {"rep": str(staff_id)}
    if reason.strip():
        fields["reason"] = reason.strip()
    return live.act(s, unit_id, "sign_out", fields)


def go_out(
    s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID, reason: str, words: str = ""
) -> Act:
    """A rep leaves the floor 外出; ``reason`` is one of :data:`OUT_REASONS` (SFF-02)."""
    if reason not in OUT_REASONS:
        raise UserError(_("Please choose the reason."), field="reason")
    fields = {"rep": str(staff_id), "reason": reason, "by": s.actor.name}
    return live.act(s, unit_id, "out", fields, extra={"reason_text": words.strip() or reason})


def mark_absent(s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID) -> Act:
    """A rostered rep is not there and nobody knows why 无故缺位."""
    return live.act(s, unit_id, "absent", {"rep": str(staff_id)})


def come_back(s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID) -> Act:
    """A rep is back on the floor 返回."""
    return live.act(s, unit_id, "back", {"rep": str(staff_id)})


def reclass(
    s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID, reason: str, out_at: str = ""
) -> Act:
    """A manager re-classes an absence of today as company business 改判公出 (SF-A-04)."""
    fields = {"rep": str(staff_id), "by": s.actor.name, "reason": _need(reason)}
    if out_at:
        fields["out_at"] = out_at
    return live.act(s, unit_id, "reclass", fields, reason=reason)


def _need(reason: str) -> str:
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    return reason.strip()


# -- receptions -------------------------------------------------------------------------------


def end_visit(
    s: CompanySession,
    visit_id: uuid.UUID,
    *,
    result: str = "",
    grade: str = "",
    need: str = "",
    lost_reason: str = "",
    follow_up_on: date | None = None,
    follow_up_note: str = "",
    name: str = "",
    phone: str = "",
) -> Act:
    """A reception ends 接待结束: what came of it, intention class A–D, when to follow up.

    ``lost_reason`` is why the customer has not bought, in the words of the company's own list.
    A name or phone given now says who a so far unknown visitor was. The visit becomes a contact
    of the customer, in the core's register.
    """
    visit = s.require(Visit, visit_id)
    act = live.act(
        s,
        visit.unit_id,
        "end",
        {"visit": str(visit_id), **({"outcome": result} if result else {})},
        extra={"result": result, "grade": grade, "need": need},
    )
    visit.lost_reason = lost_reason.strip()
    customer = s.find(Customer, visit.customer_id)
    if customer is None:
        return act
    if visit.lost_reason:
        customer.lost_reason = visit.lost_reason
    if name.strip() or phone.strip():
        arrivals.identify(s, customer.id, name=name, phone=phone)
    if grade:
        customer.grade = grade
    if follow_up_on is not None:
        customer.follow_up_on, customer.follow_up_note = follow_up_on, follow_up_note.strip()
    if customer.party_id is not None:
        contacts.log(
            s,
            "visit",
            party_id=customer.party_id,
            staff_id=visit.staff_id,
            unit_id=visit.unit_id,
            occurred_at=visit.arrived_at,
            note=need,
            source=live.PLUGIN,
            subject=RecordRef(live.PLUGIN, "visit", visit.id),
        )
    s.flush()
    return act


def visitor_leaves(s: CompanySession, visit_id: uuid.UUID) -> Act:
    """A waiting visitor goes unserved 未接待离开."""
    visit = s.require(Visit, visit_id)
    return live.act(s, visit.unit_id, "visitor_leaves", {"visit": str(visit_id)})


def void_visit(s: CompanySession, visit_id: uuid.UUID, reason: str, *, confirmed: bool) -> Act:
    """The visitor was scouting or after other material 判定踩盘: the turn comes back (SF-A-12).

    Of a reception that went on after it had been ended by mistake every part is void, the first one
    too, which used the turn. Returns the act by which it came back, else the last one. Raises
    Conflict for a part that has gone on: what is said of the party is said of its last part.
    """
    visit = s.require(Visit, visit_id)
    live.lock_floor(s, visit.unit_id)  # nobody lets it go on meanwhile
    if corrections.continuation(s, visit) is not None:
        raise Conflict(_("This reception went on; please void its continuation."))
    acts = []
    part: Visit | None = visit
    while part is not None:
        if part is visit or part.state == "ended":
            acts.append(_void(s, part, _need(reason), confirmed=confirmed))
        part = s.find(Visit, part.continues_id) if confirmed else None
    return next((act for act in acts if act.outcome.get("issued")), acts[-1])


def _void(s: CompanySession, visit: Visit, reason: str, *, confirmed: bool) -> Act:
    fields = {
        "visit": str(visit.id),
        "confirmed": confirmed,
        "by": s.actor.name,
        "reason": reason,
    }
    if visit.customer_id is not None:
        fields["customer"] = str(visit.customer_id)
    return live.act(s, visit.unit_id, "void", fields, extra={"result": reason}, reason=reason)


def hand_over(
    s: CompanySession, visit_id: uuid.UUID, to: uuid.UUID | None, reason: str = ""
) -> Act:
    """A visit in hand goes to another rep 转交; without ``to`` the rules choose."""
    visit = s.require(Visit, visit_id)
    fields = {"visit": str(visit_id), "by": s.actor.name}
    if to is not None:
        fields["to"] = str(to)
    if reason.strip():
        fields["reason"] = reason.strip()
    return live.act(s, visit.unit_id, "hand_over", fields)


def take_over(
    s: CompanySession, visit_id: uuid.UUID, rep: uuid.UUID, reason: str, *, confirmed: bool
) -> Act:
    """A colleague takes over after the rep's own fault 接手 (SF-A-07)."""
    visit = s.require(Visit, visit_id)
    fields = {
        "visit": str(visit_id),
        "rep": str(rep),
        "confirmed": confirmed,
        "by": s.actor.name,
        "reason": _need(reason),
    }
    return live.act(s, visit.unit_id, "take_over", fields, reason=reason)


def confirm_fault(s: CompanySession, visit_id: uuid.UUID, *, confirmed: bool, reason: str) -> Act:
    """A manager confirms or rejects the fault behind a take-over (SF-A-07)."""
    visit = s.require(Visit, visit_id)
    fields = {
        "visit": str(visit_id),
        "confirmed": confirmed,
        "by": s.actor.name,
        "reason": _need(reason),
    }
    if visit.customer_id is not None:
        fields["customer"] = str(visit.customer_id)
    return live.act(s, visit.unit_id, "confirm_fault", fields, reason=reason)


def help_with(s: CompanySession, visit_id: uuid.UUID, helper: uuid.UUID) -> Act:
    """A colleague helps during a talk 协助; owner and turn stay as they are (SF-A-06)."""
    visit = s.require(Visit, visit_id)
    return live.act(s, visit.unit_id, "help", {"rep": str(helper), "visit": str(visit_id)})


def answer_call(s: CompanySession, visit_id: uuid.UUID, answer: str) -> Act:
    """The called owner answers: accept, decline or no_answer (SF-A-09b)."""
    visit = s.require(Visit, visit_id)
    fields = {"answer": answer, "visit": str(visit_id)}
    return live.act(s, visit.unit_id, "answer", fields)


def flag_visit(
    s: CompanySession,
    visit_id: uuid.UUID,
    kind: str,
    *,
    offender: uuid.UUID | None = None,
    rightful: uuid.UUID | None = None,
    reason: str = "",
) -> Act:
    """Somebody reports a reception out of turn: ``poach`` 抢客 or ``wrong_turn`` 轮错 (SF-A-08)."""
    visit = s.require(Visit, visit_id)
    fields: dict[str, str] = {
        "visit": str(visit_id),
        "kind": kind,
        "reporter": s.actor.name,
        "reason": _need(reason),
    }
    if visit.customer_id is not None:
        fields["customer"] = str(visit.customer_id)
    if offender is not None:
        fields["offender"] = str(offender)
    if rightful is not None:
        fields["rightful"] = str(rightful)
    return live.act(s, visit.unit_id, "flag", fields, reason=reason)


def assign(s: CompanySession, visit_id: uuid.UUID, rep: uuid.UUID, reason: str) -> Act:
    """A manager gives a waiting visitor to a rep by hand 指派, against or before the ring."""
    visit = s.require(Visit, visit_id)
    fields = {
        "visit": str(visit_id),
        "rep": str(rep),
        "by": s.actor.name,
        "reason": _need(reason),
    }
    return live.act(s, visit.unit_id, "assign", fields, reason=reason)


def tick(s: CompanySession, unit_id: uuid.UUID) -> Act:
    """Nothing happens but time: calls that ran out are settled."""
    return live.act(s, unit_id, "tick", {})


# -- the day ----------------------------------------------------------------------------------


def open_day(
    s: CompanySession,
    unit_id: uuid.UUID,
    on_duty: Sequence[uuid.UUID],
    *,
    ring: Sequence[uuid.UUID] = (),
) -> Act:
    """Open the business day 开场 with the reps rostered today, perhaps in a new ring order.

    Rostered reps are absent until they sign in; the others are off duty.
    """
    floor = live.lock_floor(s, unit_id)
    today = clock.local(clock.now(), live.tz_of(s, unit_id)).date()
    if floor.day == today:
        raise Conflict(_("The day is open already."))
    if floor.day is not None:
        live.act(s, unit_id, "day_close", {})
    fields: dict[str, list[str]] = {"on_duty": [str(i) for i in on_duty], "present": []}
    if ring:
        fields["ring"] = [str(i) for i in ring]
    return live.act(s, unit_id, "day_open", fields)


def close_day(s: CompanySession, unit_id: uuid.UUID) -> Act:
    """Close the business day 收场: waiting visitors are cleared, open receptions end."""
    floor = live.lock_floor(s, unit_id)
    if floor.day is None:
        raise Conflict(_("The day is closed already."))
    return live.act(s, unit_id, "day_close", {})


def set_event_mode(
    s: CompanySession,
    unit_id: uuid.UUID,
    *,
    on: bool,
    reason: str,
    method: str = "ring",
    until: datetime | None = None,
) -> Act:
    """The manager sets another method for an exhibition or a launch, or ends it 活动办法 (SF-D-40).

    ``method`` is one of :data:`EVENT_METHODS`; after ``until`` the normal rules hold by themselves.
    """
    fields: dict[str, object] = {"on": on, "by": s.actor.name, "reason": _need(reason)}
    if on:
        if method not in EVENT_METHODS:
            raise UserError(_("Please choose the method."), field="method")
        if until is not None and until <= clock.now():
            raise UserError(_("The end has to be in the future."), field="until")
        if until is not None and until > clock.now() + LONGEST_EVENT:
            raise UserError(_("The end lies more than a year ahead."), field="until")
        fields["method"] = method
        if until is not None:
            fields["until"] = live.local_text(until, live.tz_of(s, unit_id))
    return live.act(s, unit_id, "event_mode", fields, reason=reason)


# -- leaving ----------------------------------------------------------------------------------


def owned_by(s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID) -> list[uuid.UUID]:
    """Ids of the customers a rep owns at a site, the oldest first: the list of a draw."""
    return list(
        s.scalars(
            select(Customer.id)
            .where(Customer.unit_id == unit_id, Customer.owner_id == staff_id)
            .order_by(Customer.id)
        )
    )


def floor_state(s: CompanySession, unit_id: uuid.UUID) -> tuple[Floor, st.Floor] | None:
    """A site's floor and the engine's view of it, without locking; None before set-up."""
    floor = s.find(Floor, unit_id)
    return (floor, live.load_floor(floor)) if floor else None


def reps_of(s: CompanySession, unit_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """Staff ids of the site's present roster, remembered until a roster changes."""
    return remembered(s, "sales_floor.roster", lambda: _rosters(s)).get(unit_id, ())


def _rosters(s: CompanySession) -> Mapping[uuid.UUID, Sequence[uuid.UUID]]:
    rows = s.execute(
        select(Rep.unit_id, Rep.staff_id).where(Rep.left_on.is_(None)).order_by(Rep.id)
    )
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for row in rows:
        found.setdefault(row.unit_id, []).append(row.staff_id)
    return found
