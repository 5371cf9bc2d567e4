"""Acts on one visit, each a small form."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import request, url_for

from zhike.api import CompanySession, _, current, options, organisation, reading, settings
from zhike_sales_floor import forms
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Customer, Visit
from zhike_sales_floor.services import board as boards
from zhike_sales_floor.services import corrections, floor, live
from zhike_sales_floor.views._common import (
    Work,
    bp,
    form_act,
    listed,
    own_staff,
    rep_choices,
    staff_names,
    visit_at,
)
from zhike_sales_floor.views.board import back_to
from zhike_sales_floor.views.visits import visit_title


def own_or(unit_id: uuid.UUID, visit: Visit, permission: str) -> None:
    """The rep who sits with the visitor may, and whoever holds the permission."""
    me = current()
    mine = visit.staff_id is not None and visit.staff_id == own_staff()
    if not (mine and me.can(may.SELF, unit_id)):
        me.require(permission, unit_id)


def _reps(s: CompanySession, unit_id: uuid.UUID, *, without: uuid.UUID | None = None) -> Any:
    """The roster, free ones first and marked, as choices."""
    names = staff_names(s)
    data = boards.board(s, unit_id)
    if data is None:
        return []
    cards = sorted(
        (card for card in data.reps if card.id != without and card.in_ring),
        key=lambda card: (card.state != "AVAILABLE", card.place),
    )
    return [(str(card.id), f"{names.get(card.id, '')}({_(card.shown[0])})") for card in cards]


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/end",
    methods=["GET", "POST"],
    permission=may.VIEW_BOARD,
)
def end(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """End a reception: outcome, class, follow-up; who it was, if that is only known now."""
    s = reading()
    row = visit_at(s, unit_id, visit_id)
    own_or(unit_id, row, may.MANAGE)
    customer = s.find(Customer, row.customer_id)
    unknown = customer is not None and customer.party_id is None
    form = forms.EndForm()
    form.lost_reason.choices = listed(s, "lost_reasons")
    if request.method == "GET" and customer is not None:
        form.grade.data = customer.grade
        form.need.data = row.need
    suggestions = {
        grade: settings.get(s, live.PLUGIN, f"follow_up_{grade.lower()}") for grade in "ABCD"
    }
    today = organisation.today(s, unit_id)
    if not unknown:
        del form.name, form.phone

    def work(session: CompanySession) -> live.Act:
        follow = form.follow_up_on.data
        if follow is None and form.grade.data and suggestions[form.grade.data]:
            follow = today + timedelta(days=suggestions[form.grade.data])
        return floor.end_visit(
            session,
            visit_id,
            result=form.result.data,
            grade=form.grade.data,
            need=form.need.data or "",
            lost_reason=form.lost_reason.data or "",
            follow_up_on=follow,
            follow_up_note=form.follow_up_note.data or "",
            name=form.name.data or "" if unknown else "",
            phone=form.phone.data or "" if unknown else "",
        )

    hint = "、".join(
        _("class %(grade)s in %(n)s days", grade=grade, n=n)
        for grade, n in suggestions.items()
        if n
    )
    form.follow_up_on.description = _("Left empty: %(hint)s.", hint=hint) if hint else ""
    return form_act(
        form,
        _("End of reception: %(who)s", who=visit_title(row)),
        work,
        submit=_("End reception"),
        back=back_to(unit_id),
        template="sales_floor/end.html",
        unknown=unknown,
    )


def _simple(
    unit_id: uuid.UUID,
    visit_id: uuid.UUID,
    form: Any,
    title: str,
    submit: str,
    work: Work,
    lead: str = "",
) -> Any:
    """A small form about one visit: done, back to the board; given up, back to the visit."""
    return form_act(
        form,
        title,
        work,
        submit=submit,
        back=url_for(".board", unit_id=unit_id),
        cancel=url_for(".visit", unit_id=unit_id, visit_id=visit_id),
        lead=lead,
    )


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/void",
    methods=["GET", "POST"],
    permission=may.VIEW_BOARD,
)
def void(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """The visitor is no customer: whoever may confirm does, others ask for it."""
    row = visit_at(reading(), unit_id, visit_id)
    own_or(unit_id, row, may.VOID_CONFIRM)
    form = forms.VoidForm()
    confirmer = bool(current().can(may.VOID_CONFIRM, unit_id))
    if not confirmer:
        del form.confirmed
    elif request.method == "GET":
        form.confirmed.data = True

    def work(s: CompanySession) -> live.Act:
        confirmed = confirmer and bool(form.confirmed.data)
        return floor.void_visit(s, visit_id, form.reason.data, confirmed=confirmed)

    return _simple(
        unit_id,
        visit_id,
        form,
        _("No customer: %(who)s", who=visit_title(row)),
        _("Void the visit"),
        work,
        lead=_("The visit leaves no owner; the turn or ticket it used comes back."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/hand-over",
    methods=["GET", "POST"],
    permission=may.VIEW_BOARD,
)
def hand_over(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """Give the visit to a colleague, or a poached one to whom it belongs."""
    s = reading()
    row = visit_at(s, unit_id, visit_id)
    own_or(unit_id, row, may.MANAGE)
    form = forms.ToForm()
    form.to.choices = options(
        [("", _("as the regulation says")), *_reps(s, unit_id, without=row.staff_id)]
    )
    return _simple(
        unit_id,
        visit_id,
        form,
        _("Hand over: %(who)s", who=visit_title(row)),
        _("Hand over"),
        lambda t: floor.hand_over(t, visit_id, forms.uuid_of(form.to.data), form.reason.data or ""),
    )


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/take-over",
    methods=["GET", "POST"],
    permission=may.MANAGE,
)
def take_over(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """A colleague takes over after the rep's own fault; only a manager confirms the fault."""
    s = reading()
    row = visit_at(s, unit_id, visit_id)
    form = forms.TakeOverForm()
    form.to.choices = options(_reps(s, unit_id, without=row.staff_id))
    judge = bool(current().can(may.RULE, unit_id))
    if not judge:
        del form.confirmed

    def work(t: CompanySession) -> live.Act:
        confirmed = judge and bool(form.confirmed.data)
        return floor.take_over(
            t, visit_id, uuid.UUID(form.to.data), form.reason.data, confirmed=confirmed
        )

    return _simple(
        unit_id,
        visit_id,
        form,
        _("Take over: %(who)s", who=visit_title(row)),
        _("Take over"),
        work,
        lead=_("Without the manager's confirmation, now or later, this counts as help."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/fault",
    methods=["GET", "POST"],
    permission=may.RULE,
)
def fault(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """Confirm or reject the fault behind a take-over."""
    row = visit_at(reading(), unit_id, visit_id)
    form = forms.FaultForm()
    return _simple(
        unit_id,
        visit_id,
        form,
        _("Rule on a fault: %(who)s", who=visit_title(row)),
        _("Save"),
        lambda t: floor.confirm_fault(
            t, visit_id, confirmed=form.confirmed.data == "yes", reason=form.reason.data
        ),
    )


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/help",
    methods=["GET", "POST"],
    permission=may.VIEW_BOARD,
)
def help_with(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """Somebody helps; owner and turn stay as they are."""
    s = reading()
    row = visit_at(s, unit_id, visit_id)
    own_or(unit_id, row, may.MANAGE)
    form = forms.HelpForm()
    form.to.choices = options(_reps(s, unit_id, without=row.staff_id))
    return _simple(
        unit_id,
        visit_id,
        form,
        _("Helper for %(who)s", who=visit_title(row)),
        _("Save"),
        lambda t: floor.help_with(t, visit_id, uuid.UUID(form.to.data)),
    )


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/assign",
    methods=["GET", "POST"],
    permission=may.OVERRIDE,
)
def assign(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """The manager gives a waiting visitor to a rep, with a reason."""
    s = reading()
    row = visit_at(s, unit_id, visit_id)
    form = forms.AssignForm()
    form.to.choices = options(_reps(s, unit_id))
    return _simple(
        unit_id,
        visit_id,
        form,
        _("Assign: %(who)s", who=visit_title(row)),
        _("Assign"),
        lambda t: floor.assign(t, visit_id, uuid.UUID(form.to.data), form.reason.data),
    )


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/flag",
    methods=["GET", "POST"],
    permission=may.REPORT,
)
def flag(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """Report a reception out of turn."""
    s = reading()
    row = visit_at(s, unit_id, visit_id)
    names = staff_names(s)
    reps = list(floor.reps_of(s, unit_id))
    form = forms.FlagForm()
    form.offender.choices = rep_choices(reps, names, _("Please choose"))
    form.rightful.choices = rep_choices(reps, names, _("as computed at the arrival"))
    if request.method == "GET" and row.staff_id and row.staff_id != row.due_id:
        form.offender.data = str(row.staff_id)  # not where the desk logged whose turn it was
    return _simple(
        unit_id,
        visit_id,
        form,
        _("Report: %(who)s", who=visit_title(row)),
        _("Report"),
        lambda t: floor.flag_visit(
            t,
            visit_id,
            form.kind.data,
            offender=forms.uuid_of(form.offender.data),
            rightful=forms.uuid_of(form.rightful.data),
            reason=form.reason.data,
        ),
    )


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/answer",
    methods=["GET", "POST"],
    permission=may.MANAGE,
)
def answer(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """Note the called owner's answer."""
    row = visit_at(reading(), unit_id, visit_id)
    form = forms.AnswerForm()
    return _simple(
        unit_id,
        visit_id,
        form,
        _("Answer of the owner: %(who)s", who=visit_title(row)),
        _("Save"),
        lambda t: floor.answer_call(t, visit_id, form.answer.data),
    )


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/left",
    methods=["GET", "POST"],
    permission=may.MANAGE,
)
def left(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """A waiting visitor goes."""
    row = visit_at(reading(), unit_id, visit_id)
    return _simple(
        unit_id,
        visit_id,
        forms.EmptyForm(),
        _("Left unserved: %(who)s", who=visit_title(row)),
        _("Left unserved"),
        lambda t: floor.visitor_leaves(t, visit_id),
        lead=_("The visitor leaves the queue and is nobody's customer."),
    )


# -- put right --------------------------------------------------------------------------------


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/still-here",
    methods=["GET", "POST"],
    permission=may.MANAGE,
)
def still_here(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """The wrong reception was ended: the visitor is received again, without a turn."""
    row = visit_at(reading(), unit_id, visit_id)
    form = forms.ReasonForm()
    return _simple(
        unit_id,
        visit_id,
        form,
        _("Still here: %(who)s", who=visit_title(row)),
        _("Go on receiving"),
        lambda t: corrections.still_here(t, visit_id, form.reason.data),
        lead=_(
            "For a reception ended by mistake. The party comes in again as returning: the owner "
            "receives if free, no turn is used. The visitor register has one line for both; the "
            "ledger keeps the first ending."
        ),
    )


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/result",
    methods=["GET", "POST"],
    permission=may.VIEW_BOARD,
)
def result(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """Correct what came of an ended reception."""
    row = visit_at(reading(), unit_id, visit_id)
    own_or(unit_id, row, may.MANAGE)
    form = forms.ResultForm()
    form.lost_reason.choices = listed(reading(), "lost_reasons", row.lost_reason)
    if request.method == "GET":
        form.result.data, form.need.data = row.result, row.need
        form.lost_reason.data = row.lost_reason

    def work(t: CompanySession) -> str:
        corrections.result(
            t,
            visit_id,
            form.result.data,
            form.need.data or "",
            reason=form.reason.data,
            lost_reason=form.lost_reason.data or "",
        )
        return _("Corrected; the ledger keeps what stood before.")

    back = url_for(".visit", unit_id=unit_id, visit_id=visit_id)
    title = _("Result of the reception: %(who)s", who=visit_title(row))
    return form_act(form, title, work, submit=_("Correct"), back=back)
