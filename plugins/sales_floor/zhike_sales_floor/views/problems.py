"""Customers' problems 客户问题: raised, solved, reported to a leader, answered (SF-B-04, 05)."""

from __future__ import annotations

import uuid
from typing import Any

from flask import request, url_for

from zhike.api import (
    CompanySession,
    Forbidden,
    NotFound,
    State,
    _,
    calendars,
    current,
    page,
    policies,
    reading,
)
from zhike_sales_floor import forms, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models_follow_up import CustomerProblem
from zhike_sales_floor.services import follow_up_points, follow_ups, live
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.services.registers.follow_up import feedback_sheet
from zhike_sales_floor.views._common import (
    bp,
    customer_at,
    form_act,
    own_staff,
    rep_choices,
    staff_names,
)
from zhike_sales_floor.views._papers import answer


def _problem_at(s: CompanySession, unit_id: uuid.UUID, problem_id: uuid.UUID) -> CustomerProblem:
    """The problem, for its rep, for whom it was reported to, and for who leads."""
    row = s.require(CustomerProblem, problem_id)
    me = current()
    mine = own_staff() in (row.staff_id, row.reported_to_id) and own_staff() is not None
    if row.unit_id != unit_id or not (mine or me.can(may.FOLLOW_UP_LEAD, unit_id)):
        raise NotFound(_("This problem is not one of yours."))
    return row


@bp.route(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/problem",
    methods=["GET", "POST"],
    permission=may.CUSTOMER_EDIT,
)
def problem_new(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """A customer raised a problem: solved, to be solved today, or handed on at once."""
    s = reading()
    row = customer_at(s, unit_id, customer_id, may.CUSTOMER_EDIT)
    form = forms.ProblemForm()
    form.leader.choices = rep_choices(follow_ups.leaders(s, unit_id), staff_names(s))[1:]

    def work(t: CompanySession) -> str:
        return note_problem(
            t, customer_id, own_staff() or row.owner_id,
            form.problem.data, form.question.data, form.leader.data, form.solution.data or "",
        )  # fmt: skip

    return form_act(
        form,
        _("A customer's problem"),
        work,
        submit=_("Save"),
        back=url_for(".customer", unit_id=unit_id, customer_id=customer_id),
    )


def note_problem(
    s: CompanySession,
    customer_id: uuid.UUID,
    staff_id: uuid.UUID | None,
    what: str,
    question: str,
    leader: str | None,
    solution: str = "",
) -> str:
    """Raise a problem and, as the rep says, solve it or hand it on in the same transaction."""
    solvable = what != "report"
    problem_id, _done = follow_ups.raise_problem(
        s, customer_id, question, staff_id=staff_id, solvable=solvable
    )
    if what == "solved":
        follow_ups.solve(s, problem_id, solution or question)
        return _("Noted; the problem is solved.")
    if what == "report" and leader:
        follow_ups.report(s, problem_id, uuid.UUID(leader))
        name = staff_names(s).get(uuid.UUID(leader), "")
        return _("Reported to %(name)s, who owes the answer.", name=name)
    return _("Noted; please solve it today.")


@bp.get("/floor/<uuid:unit_id>/problems/<uuid:problem_id>", permission=may.CUSTOMER_VIEW)
def problem(unit_id: uuid.UUID, problem_id: uuid.UUID) -> Any:
    """One problem: what it is, who holds it, until when, and how that was counted."""
    s = reading()
    row = _problem_at(s, unit_id, problem_id)
    names = staff_names(s)
    word, tone = words.PROBLEM_STATES[row.state]
    leader = names.get(row.reported_to_id, "") if row.reported_to_id else ""
    holder = {"open": names.get(row.staff_id, ""), "reported": leader}.get(row.state, "")
    due = {"open": row.due_at, "reported": row.answer_due_at}.get(row.state)
    counted = None
    if row.reported_at is not None:
        held = policies.in_force(s, live.PLUGIN, unit_id, row.reported_at).policy
        days = int(held.get("followup.answer_days") or 0)
        counted = (days, calendars.due(s, unit_id, row.reported_at, f"{days}d")[1])
    return page(
        "sales_floor/problem.html",
        row=row,
        title=_("A customer's problem"),
        customer=names_for(s, [row.customer_id]).get(str(row.customer_id), ""),
        record={
            "number": row.number,
            "state": State(_(word), tone),
            "holder": holder,
            "due": due,
            "due_label": _("answer due") if row.state == "reported" else _("due"),
        },
        counted=counted,
        charged=follow_up_points.of_problem(s, row.id),
        actions=_actions(unit_id, row),
        entries=_entries(row, names),
        names=names,
        unit_id=unit_id,
        words=words,
        may=may,
    )


def _actions(unit_id: uuid.UUID, row: CustomerProblem) -> list[dict[str, Any]]:
    def url(what: str) -> str:
        return url_for(f".{what}", unit_id=unit_id, problem_id=row.id)

    found: list[dict[str, Any]] = []
    if row.state == "reported":
        found.append(
            {
                "label": _("Answer"), "url": url("problem_answer"), "icon": "chat-left-text",
                "primary": True,
            }
        )  # fmt: skip
    if row.state in ("open", "reported"):
        found.append(
            {
                "label": _("Solved"), "url": url("problem_solve"), "icon": "check2-circle",
                "primary": row.state == "open",
            }
        )  # fmt: skip
    if row.state == "open":
        found.append(
            {"label": _("Report to a leader"), "url": url("problem_report"), "icon": "arrow-up"}
        )
    sheet = {"label": _("Feedback form"), "url": url("problem_sheet"), "icon": "printer"}
    return [*found, sheet]


def _entries(row: CustomerProblem, names: Any) -> list[dict[str, Any]]:
    rep = names.get(row.staff_id, "")
    reported = _("Reported to %(name)s", name=names.get(row.reported_to_id, ""))
    told = [
        (row.answered_at, _("Answered"), row.answered_by, row.answer),
        (row.solved_at, _("Solved"), rep, row.solution),
        (row.reported_at, reported, rep, ""),
        (row.raised_at, _("Raised"), rep, row.question),
    ]
    return [
        {"at": at, "kind": "act", "title": title, "who": who, "text": text, "url": ""}
        for at, title, who, text in told
        if at is not None
    ]


def _back(unit_id: uuid.UUID, problem_id: uuid.UUID) -> str:
    return url_for(".problem", unit_id=unit_id, problem_id=problem_id)


@bp.route(
    "/floor/<uuid:unit_id>/problems/<uuid:problem_id>/solve",
    methods=["GET", "POST"],
    permission=may.CUSTOMER_EDIT,
)
def problem_solve(unit_id: uuid.UUID, problem_id: uuid.UUID) -> Any:
    """The problem is solved; how, in words."""
    row = _problem_at(reading(), unit_id, problem_id)
    form = forms.SolutionForm()

    def work(s: CompanySession) -> str:
        follow_ups.solve(s, problem_id, form.solution.data)
        return _("Solved and noted.")

    return form_act(
        form,
        _("The problem is solved"),
        work,
        submit=_("Save"),
        back=_back(unit_id, problem_id),
        lead=row.question,
    )


@bp.route(
    "/floor/<uuid:unit_id>/problems/<uuid:problem_id>/report",
    methods=["GET", "POST"],
    permission=may.CUSTOMER_EDIT,
)
def problem_report(unit_id: uuid.UUID, problem_id: uuid.UUID) -> Any:
    """Hand the feedback form to a leader, whose clock begins."""
    s = reading()
    row = _problem_at(s, unit_id, problem_id)
    form = forms.LeaderForm()
    names = staff_names(s)
    form.leader.choices = rep_choices(follow_ups.leaders(s, unit_id), names)[1:]

    def work(t: CompanySession) -> str:
        follow_ups.report(t, problem_id, uuid.UUID(form.leader.data))
        name = names.get(uuid.UUID(form.leader.data), "")
        return _("Reported to %(name)s, who owes the answer.", name=name)

    return form_act(
        form,
        _("Report to a leader"),
        work,
        submit=_("Report"),
        back=_back(unit_id, problem_id),
        lead=row.question,
    )


@bp.route(
    "/floor/<uuid:unit_id>/problems/<uuid:problem_id>/answer",
    methods=["GET", "POST"],
    permission=may.CUSTOMER_VIEW,
)
def problem_answer(unit_id: uuid.UUID, problem_id: uuid.UUID) -> Any:
    """The leader's answer to the customer."""
    row = _problem_at(reading(), unit_id, problem_id)
    leads = current().can(may.FOLLOW_UP_LEAD, unit_id)
    if row.reported_to_id != own_staff() and not leads:
        raise Forbidden(_("The leader to whom it was reported gives the answer."))
    form = forms.AnswerTextForm()

    def work(s: CompanySession) -> str:
        done = follow_ups.answer(s, problem_id, form.answer.data)
        if done.outcome.get("late"):
            return _("Answered, after the limit; points may be proposed.")
        return _("Answered in time.")

    return form_act(
        form,
        _("Answer the customer"),
        work,
        submit=_("Answer"),
        back=_back(unit_id, problem_id),
        lead=row.question,
    )


@bp.get("/floor/<uuid:unit_id>/problems/<uuid:problem_id>/sheet", permission=may.CUSTOMER_VIEW)
def problem_sheet(unit_id: uuid.UUID, problem_id: uuid.UUID) -> Any:
    """客户回访反馈表 as a page to print, ``?as=pdf`` or ``?as=xlsx``."""
    s = reading()
    row = _problem_at(s, unit_id, problem_id)
    kind = request.args.get("as", "html")
    if kind == "xlsx":
        current().require(may.EXPORT, unit_id)
    form, data = feedback_sheet(s, row)
    return answer(form, data, kind, back=_back(unit_id, problem_id))
