"""Operations on the floor: board, arrivals, reps, visits, day, roster."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    Forbidden,
    NotFound,
    UserError,
    _,
    act,
    clock,
    current,
    organisation,
    policies,
    reading,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor.api import models as m
from zhike_sales_floor.models import Outing, Visit
from zhike_sales_floor.services import arrivals, floor, handovers, live
from zhike_sales_floor.services import board as boards
from zhike_sales_floor.services.live import Act
from zhike_sales_floor.views._common import own_staff, sentence, staff_names, told, visit_at


def answer(done: Act, s: CompanySession) -> dict[str, Any]:
    """An act as JSON."""
    outcome = done.outcome
    return {
        "seq": done.seq,
        "verb": done.verb,
        "visit_id": str(done.visit_id) if done.visit_id else None,
        "status": outcome.get("status", ""),
        "assigned": outcome.get("assigned") or None,
        "received_by": outcome.get("received_by") or None,
        "rightful": outcome.get("rightful") or None,
        "handed_over_by": outcome.get("from") or None,
        "via": outcome.get("via", ""),
        "kind": outcome.get("kind", ""),
        "owner": outcome.get("owner") or None,
        "rules": list(outcome.get("rules", ())),
        "ring": list(outcome.get("ring", ())),
        "tickets": list(outcome.get("tickets", ())),
        "waiting": list(outcome.get("waiting", ())),
        "decision_id": told(done, {})["why"] or None,
        "sentence": sentence(done, staff_names(s)),
    }


def doing(work: Callable[[CompanySession], Act]) -> m.ActOut:
    """Do an act once and give what it came to."""
    return m.ActOut.model_validate(act(lambda s: answer(work(s), s)))


def _card(card: boards.VisitCard) -> m.VisitOut:
    return m.VisitOut(
        id=card.id,
        number=card.number,
        label=card.label,
        state=card.state,
        kind=card.kind,
        via=card.via,
        staff_id=card.rep_id,
        due_id=card.due_id,
        flag=card.flag,
        offender_id=card.offender_id,
        customer_id=card.customer_id,
        since=card.since,
        decision_id=card.decision_id,
    )


def get_board(unit_id: uuid.UUID) -> m.BoardOut:
    """The board; an empty one before the site's floor is set up."""
    data = boards.board(reading(), unit_id)
    if data is None:
        return m.BoardOut(version=0, as_of=clock.now())
    return m.BoardOut(
        version=data.version,
        day=data.day,
        as_of=data.as_of,
        reps=[
            m.RepOut(
                id=rep.id,
                name=rep.name,
                place=rep.place,
                state=rep.state,
                since=rep.since,
                comp=rep.comp,
                refund=rep.refund,
                visit_id=rep.visit.id if rep.visit else None,
            )
            for rep in data.reps
        ],
        in_reception=[_card(rep.visit) for rep in data.reps if rep.visit],
        waiting=[_card(card) for card in data.waiting],
        calling=[_card(card) for card in data.calling],
        next_up=list(data.next_up),
    )


def post_arrival(unit_id: uuid.UUID, body: m.ArrivalIn) -> m.ActOut:
    """Receive a party."""
    if body.receiver is not None:
        mode = policies.in_force(reading(), live.PLUGIN, unit_id, clock.now()).mode
        if mode == "enforce":
            current().require(may.OVERRIDE, unit_id)
    given = body.model_dump(exclude={"persons"})
    wanted = arrivals.Arrival(
        persons=[arrivals.Person(**person.model_dump()) for person in body.persons], **given
    )
    return doing(lambda s: arrivals.arrive(s, unit_id, wanted))


def post_rep(unit_id: uuid.UUID, staff_id: uuid.UUID, body: m.RepActIn) -> m.ActOut:
    """Sign in or out, leave the floor, come back, be marked absent."""
    me = current()
    own = staff_id == own_staff() and bool(me.can(may.SELF, unit_id)) and body.action != "absent"
    if not own:
        me.require(may.MANAGE, unit_id)
    work: dict[str, Callable[[CompanySession], Act]] = {
        "sign_in": lambda s: floor.sign_in(s, unit_id, staff_id),
        "sign_out": lambda s: floor.sign_out(s, unit_id, staff_id, body.words),
        "out": lambda s: floor.go_out(s, unit_id, staff_id, body.reason, body.words),
        "back": lambda s: floor.come_back(s, unit_id, staff_id),
        "absent": lambda s: floor.mark_absent(s, unit_id, staff_id),
    }
    return doing(work[body.action])


def get_visits(unit_id: uuid.UUID, body: m.DayQuery) -> m.VisitsOut:
    """The visits of a day, in order of arrival."""
    s = reading()
    day = body.day or organisation.today(s, unit_id)
    rows = s.scalars(
        select(Visit)
        .where(Visit.unit_id == unit_id, Visit.day == day)
        .order_by(Visit.arrived_at, Visit.number)
    )
    return m.VisitsOut(
        day=day,
        visits=[
            m.VisitOut(
                id=row.id,
                number=row.number,
                label=row.label,
                state=row.state,
                kind=row.kind,
                via=row.via,
                staff_id=row.staff_id,
                due_id=row.due_id,
                flag=row.flag.get("kind", ""),
                offender_id=row.flag.get("offender") or None,
                customer_id=row.customer_id,
                since=row.arrived_at,
                decision_id=row.decision_id,
                continues_id=row.continues_id,
            )
            for row in rows
        ],
    )


def _own_or(unit_id: uuid.UUID, visit_id: uuid.UUID, permission: str) -> None:
    visit = visit_at(reading(), unit_id, visit_id)
    me = current()
    mine = visit.staff_id is not None and visit.staff_id == own_staff()
    if not (mine and me.can(may.SELF, unit_id)) and not me.can(permission, unit_id):
        raise Forbidden(_("Your role does not include this."), extra={"permission": permission})


def post_end(unit_id: uuid.UUID, visit_id: uuid.UUID, body: m.EndIn) -> m.ActOut:
    """End a reception."""
    _own_or(unit_id, visit_id, may.MANAGE)
    return doing(lambda s: floor.end_visit(s, visit_id, **body.model_dump()))


def post_void(unit_id: uuid.UUID, visit_id: uuid.UUID, body: m.VoidIn) -> m.ActOut:
    """The visitor is no customer."""
    _own_or(unit_id, visit_id, may.VOID_CONFIRM)
    confirmed = body.confirmed and bool(current().can(may.VOID_CONFIRM, unit_id))
    return doing(lambda s: floor.void_visit(s, visit_id, body.reason, confirmed=confirmed))


def post_hand_over(unit_id: uuid.UUID, visit_id: uuid.UUID, body: m.HandOverIn) -> m.ActOut:
    """Give a visit to a colleague."""
    _own_or(unit_id, visit_id, may.MANAGE)
    return doing(lambda s: floor.hand_over(s, visit_id, body.to, body.reason))


def post_take_over(unit_id: uuid.UUID, visit_id: uuid.UUID, body: m.TakeOverIn) -> m.ActOut:
    """Take over after a fault; only whoever may rule confirms it."""
    visit_at(reading(), unit_id, visit_id)
    confirmed = body.confirmed and bool(current().can(may.RULE, unit_id))
    return doing(lambda s: floor.take_over(s, visit_id, body.rep, body.reason, confirmed=confirmed))


def post_fault(unit_id: uuid.UUID, visit_id: uuid.UUID, body: m.ConfirmIn) -> m.ActOut:
    """Confirm or reject the fault behind a take-over."""
    visit_at(reading(), unit_id, visit_id)
    return doing(
        lambda s: floor.confirm_fault(s, visit_id, confirmed=body.confirmed, reason=body.reason)
    )


def post_help(unit_id: uuid.UUID, visit_id: uuid.UUID, body: m.HelpIn) -> m.ActOut:
    """Note a helper."""
    _own_or(unit_id, visit_id, may.MANAGE)
    return doing(lambda s: floor.help_with(s, visit_id, body.rep))


def post_answer(unit_id: uuid.UUID, visit_id: uuid.UUID, body: m.AnswerIn) -> m.ActOut:
    """Note the called owner's answer."""
    visit_at(reading(), unit_id, visit_id)
    return doing(lambda s: floor.answer_call(s, visit_id, body.answer))


def post_flag(unit_id: uuid.UUID, visit_id: uuid.UUID, body: m.FlagIn) -> m.ActOut:
    """Report a reception out of turn."""
    visit_at(reading(), unit_id, visit_id)
    return doing(
        lambda s: floor.flag_visit(
            s,
            visit_id,
            body.kind,
            offender=body.offender,
            rightful=body.rightful,
            reason=body.reason,
        )
    )


def post_assign(unit_id: uuid.UUID, visit_id: uuid.UUID, body: m.AssignIn) -> m.ActOut:
    """Give a waiting visitor to a rep by hand."""
    visit_at(reading(), unit_id, visit_id)
    return doing(lambda s: floor.assign(s, visit_id, body.rep, body.reason))


def post_left(unit_id: uuid.UUID, visit_id: uuid.UUID) -> m.ActOut:
    """A waiting visitor goes."""
    visit_at(reading(), unit_id, visit_id)
    return doing(lambda s: floor.visitor_leaves(s, visit_id))


def post_open(unit_id: uuid.UUID, body: m.OpenDayIn) -> m.ActOut:
    """Open the business day."""
    return doing(lambda s: floor.open_day(s, unit_id, body.on_duty, ring=body.ring))


def post_close(unit_id: uuid.UUID) -> m.ActOut:
    """Close the business day."""
    return doing(lambda s: floor.close_day(s, unit_id))


def post_event_mode(unit_id: uuid.UUID, body: m.EventModeIn) -> m.ActOut:
    """Set or end the method of an exhibition or a launch."""
    if body.until is not None and body.until.tzinfo is None:
        raise UserError(_("Give the time with its offset."), field="until")
    return doing(lambda s: floor.set_event_mode(s, unit_id, **body.model_dump()))


def post_reclass(unit_id: uuid.UUID, outing_id: uuid.UUID, body: m.ReasonIn) -> m.ActOut:
    """Re-class an absence of today."""
    s = reading()
    outing = s.require(Outing, outing_id)
    if outing.unit_id != unit_id:
        raise NotFound(_("This site does not exist."))
    staff_id, out_at = outing.staff_id, live.local_text(outing.out_at, live.tz_of(s, unit_id))
    return doing(lambda t: floor.reclass(t, unit_id, staff_id, body.reason, out_at))


def post_roster(unit_id: uuid.UUID, body: m.RosterIn) -> None:
    """Put staff members on the roster."""
    act(lambda s: len(floor.add_reps(s, unit_id, body.staff)))


def post_leave(unit_id: uuid.UUID, staff_id: uuid.UUID, body: m.LeaveIn) -> m.ActOut:
    """A rep leaves; the customers are drawn."""
    return doing(
        lambda s: handovers.at_once(
            s, unit_id, staff_id, body.why, days=body.days, reason=body.note
        )
    )
