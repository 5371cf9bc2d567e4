"""Follow-ups as their leader meets them: the team's cycle, stand-ins, points, cycles gone by."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, request, url_for

from zhike.api import (
    CompanySession,
    NotFound,
    _,
    clock,
    current,
    organisation,
    page,
    policies,
    reading,
)
from zhike_sales_floor import forms, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models_follow_up import CustomerProblem, Point
from zhike_sales_floor.services import (
    floor,
    follow_up_board,
    follow_up_points,
    follow_ups,
    live,
)
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.views._common import (
    bp,
    doing,
    form_act,
    own_staff,
    rep_choices,
    site_of,
    staff_names,
    unit_name,
)
from zhike_sales_floor.views.follow_ups import standing_words


@bp.get("/floor/<uuid:unit_id>/follow-ups/team", permission=may.FOLLOW_UP_LEAD)
def follow_up_team(unit_id: uuid.UUID) -> Any:
    """Per rep who is done and who is left; problems, answers due, notices without a stand-in."""
    s = reading()
    found = follow_ups.standing(s, unit_id)
    lines = follow_up_board.team(s, unit_id, found)
    problems = follow_up_board.open_problems(s, unit_id)
    return page(
        "sales_floor/follow_up_team.html",
        **standing_words(s, found),
        lines=lines,
        owed=sum(line.owed for line in lines),
        left=sum(line.left for line in lines),
        problems=problems,
        people=names_for(s, [problem.customer_id for problem in problems]),
        totals=follow_up_points.totals(s, unit_id),
        names=staff_names(s),
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        words=words,
        may=may,
        fragment=False,
    )


@bp.get("/floor/<uuid:unit_id>/follow-ups/rep/<uuid:staff_id>", permission=may.FOLLOW_UP_LEAD)
def follow_up_rep(unit_id: uuid.UUID, staff_id: uuid.UUID) -> Any:
    """One rep's running cycle for his leader: who is left, what is missing, cycles gone by."""
    s = reading()
    names = staff_names(s)
    if staff_id not in floor.reps_of(s, unit_id):
        raise NotFound(_("This rep belongs to another site."))
    found = follow_ups.standing(s, unit_id)
    problems = follow_up_board.open_problems(s, unit_id, person=staff_id)
    return page(
        "sales_floor/follow_up_rep.html",
        **standing_words(s, found),
        title=names.get(staff_id, ""),
        left=follow_up_board.left_of(s, unit_id, [staff_id], found),
        records=follow_up_board.missing_records(s, unit_id, staff_id),
        problems=problems,
        people=names_for(s, [problem.customer_id for problem in problems]),
        cycles=follow_up_board.cycles(s, unit_id, rep=staff_id, limit=26),
        names=names,
        today=organisation.today(s, unit_id),
        staff_id=staff_id,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        words=words,
        may=may,
        fragment=False,
    )


@bp.route(
    "/floor/<uuid:unit_id>/follow-ups/cover/<uuid:staff_id>",
    methods=["GET", "POST"],
    permission=may.FOLLOW_UP_LEAD,
)
def follow_up_cover(unit_id: uuid.UUID, staff_id: uuid.UUID) -> Any:
    """Say who stands in for a rep who gave notice."""
    s = reading()
    names = staff_names(s)
    form = forms.CoverForm()
    reps = floor.reps_of(s, unit_id)
    if staff_id not in reps:
        raise NotFound(_("This rep belongs to another site."))
    others = [one for one in reps if one != staff_id]
    form.to.choices = rep_choices(others, names)[1:]

    def work(t: CompanySession) -> str:
        follow_ups.name_cover(t, unit_id, staff_id, uuid.UUID(form.to.data))
        return _("%(name)s stands in and was told.", name=names.get(uuid.UUID(form.to.data), ""))

    return form_act(
        form,
        _("Who stands in for %(name)s", name=names.get(staff_id, "")),
        work,
        submit=_("Name the stand-in"),
        back=url_for(".follow_up_team", unit_id=unit_id),
    )


# -- points -----------------------------------------------------------------------------------


@bp.get("/follow-ups/points", permission=may.CUSTOMER_EDIT)
def points_home() -> Any:
    """The ledger of points of the site at which the reader works."""
    return redirect(url_for(".points", unit_id=site_of()), 302)


@bp.get("/floor/<uuid:unit_id>/follow-ups/points", permission=may.CUSTOMER_EDIT)
def points(unit_id: uuid.UUID) -> Any:
    """Proposed, confirmed and waived points; a rep sees his own, a leader everybody's."""
    s = reading()
    me = current()
    everybody = bool(me.can(may.POINTS, unit_id) or me.can(may.FOLLOW_UP_LEAD, unit_id))
    rep = forms.uuid_of(request.args.get("rep")) if everybody else own_staff() or uuid.UUID(int=0)
    state = request.args.get("state", "")
    found = follow_up_points.list_page(
        s,
        unit_id,
        state=state,
        rep=rep,
        after=forms.uuid_of(request.args.get("after")),
        before=forms.uuid_of(request.args.get("before")),
    )
    asked = {one.customer_id for one in found.lines if one.customer_id}
    problems = {one.problem_id for one in found.lines if one.problem_id}
    numbers = {one: s.require(CustomerProblem, one).number for one in problems}
    policy = policies.in_force(s, live.PLUGIN, unit_id, clock.now()).policy
    return page(
        "sales_floor/points.html",
        found=found,
        state=state if state in follow_up_points.STATES else "",
        rep=rep,
        everybody=everybody,
        reps=[(one, staff_names(s).get(one, "")) for one in floor.reps_of(s, unit_id)],
        totals=follow_up_points.totals(s, unit_id, rep),
        numbers=numbers,
        clause={rule: policy.clause(rule) for rule in {one.rule for one in found.lines}},
        people=names_for(s, asked),
        names=staff_names(s),
        mine=own_staff(),
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        words=words,
        may=may,
        fragment=False,
    )


def _point_at(s: CompanySession, unit_id: uuid.UUID, point_id: uuid.UUID) -> Point:
    row = s.require(Point, point_id)
    if row.unit_id != unit_id:
        raise NotFound(_("These points belong to another site."))
    return row


@bp.post("/floor/<uuid:unit_id>/follow-ups/points/<uuid:point_id>/confirm", permission=may.POINTS)
def point_confirm(unit_id: uuid.UUID, point_id: uuid.UUID) -> Any:
    """Confirm proposed points; taken back by :func:`point_reopen`."""
    _point_at(reading(), unit_id, point_id)

    def work(s: CompanySession) -> str:
        row = follow_up_points.decide(s, point_id, "confirmed", by=own_staff())
        name = staff_names(s).get(row.staff_id, "") if row.staff_id else ""
        return _("Confirmed: %(n)s points of %(name)s.", n=row.points, name=name)

    return doing(work, back=url_for(".points", unit_id=unit_id, state="proposed"))


@bp.route(
    "/floor/<uuid:unit_id>/follow-ups/points/<uuid:point_id>/waive",
    methods=["GET", "POST"],
    permission=may.POINTS,
)
def point_waive(unit_id: uuid.UUID, point_id: uuid.UUID) -> Any:
    """Waive proposed points, with a reason."""
    return _with_reason(unit_id, point_id, "waived", _("Waive the points"), _("Waived."))


@bp.route(
    "/floor/<uuid:unit_id>/follow-ups/points/<uuid:point_id>/reopen",
    methods=["GET", "POST"],
    permission=may.POINTS,
)
def point_reopen(unit_id: uuid.UUID, point_id: uuid.UUID) -> Any:
    """Take a decision about points back, with a reason."""
    return _with_reason(
        unit_id, point_id, "proposed", _("Take the decision back"), _("Taken back; decide anew.")
    )


def _with_reason(unit_id: uuid.UUID, point_id: uuid.UUID, state: str, title: str, said: str) -> Any:
    s = reading()
    row = _point_at(s, unit_id, point_id)
    form = forms.ReasonForm()

    def work(t: CompanySession) -> str:
        follow_up_points.decide(t, point_id, state, by=own_staff(), reason=form.reason.data)
        return said

    name = staff_names(s).get(row.staff_id, "") if row.staff_id else ""
    return form_act(
        form,
        title,
        work,
        submit=title,
        back=url_for(".points", unit_id=unit_id),
        facts=[
            (_("Person"), name),
            (_("Points"), row.points),
            (_("What for"), _(words.POINT_RULES[row.rule])),
        ],
    )


# -- cycles gone by ---------------------------------------------------------------------------


@bp.get("/floor/<uuid:unit_id>/follow-ups/cycles", permission=may.CUSTOMER_EDIT)
def follow_up_cycles(unit_id: uuid.UUID) -> Any:
    """Cycles that were judged, the newest first; a rep sees his own."""
    s = reading()
    everybody = bool(current().can(may.FOLLOW_UP_LEAD, unit_id))
    rep = None if everybody else own_staff() or uuid.UUID(int=0)
    rows = follow_up_board.cycles(s, unit_id, rep=rep)
    owed = sum(row.owed for row in rows)
    return page(
        "sales_floor/follow_up_cycles.html",
        rows=rows,
        owed=owed,
        reached=owed - sum(row.missed + row.excused for row in rows),
        names=staff_names(s),
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        may=may,
        fragment=False,
    )
