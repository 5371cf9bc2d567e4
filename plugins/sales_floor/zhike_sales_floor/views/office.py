"""A rep's papers of the day, and what the whole team has handed in: plans, summaries, hand-ins."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from zhike.api import CompanySession, NotFound, _, organisation, page, reading
from zhike_sales_floor import forms_office, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models_office import Plan
from zhike_sales_floor.services import floor, plans
from zhike_sales_floor.services.duties import duties
from zhike_sales_floor.services.registers import REGISTERS
from zhike_sales_floor.views._bulk import chosen
from zhike_sales_floor.views._common import (
    bp,
    doing,
    form_act,
    own_staff,
    site_of,
    staff_names,
    unit_name,
)
from zhike_sales_floor.views.calls import appointments_of


def _nobody() -> Response:
    """Where a login goes that belongs to no member of staff: the page that says so."""
    return redirect(url_for(".my_papers"), 302)


@bp.get("/my-papers", permission=may.SELF)
def my_papers() -> Any:
    """My plan of today, its summary, the week's plan, the hand-in, and my registers."""
    s = reading()
    unit_id, me = site_of(), own_staff()
    today = organisation.today(s, unit_id)
    asked = duties(s, unit_id)
    return page(
        "sales_floor/my_papers.html",
        unit_name=unit_name(unit_id),
        me=me,
        today=today,
        asked=asked,
        day_plan=plans.find(s, unit_id, me, "day", today) if me else None,
        week_plan=plans.find(s, unit_id, me, "week", today) if me else None,
        next_week=plans.find(s, unit_id, me, "week", today + timedelta(days=7)) if me else None,
        next_start=today + timedelta(days=7),
        counts=plans.counts(s, unit_id, me, today, asked) if me else plans.Counts(),
        handed=plans.handed(s, unit_id, today).get(me) if me else None,
        tasks=plans.tasks(s, unit_id, me, today) if me else [],
        registers=[(code, one.form.title) for code, one in REGISTERS.items() if one.own],
        unit_id=unit_id,
        words=words,
        fragment=False,
    )


@bp.route("/my-plan/<any(day, week):kind>", methods=["GET", "POST"], permission=may.SELF)
def my_plan(kind: str) -> Any:
    """Write my plan of a day or week, or its summary before closing."""
    s = reading()
    unit_id, me = site_of(), own_staff()
    if me is None:
        return _nobody()
    on = _asked_day(organisation.today(s, unit_id))
    row = plans.find(s, unit_id, me, kind, on)
    start = plans.starts(kind, on)
    form = forms_office.PlanForm()
    if request.method == "GET":
        form.plan.data = row.plan if row else _suggested(s, unit_id, me, kind, on)
        form.summary.data = row.summary if row else ""

    def work(t: CompanySession) -> str:
        plans.save(
            t, unit_id, me, kind, on, plan=form.plan.data or "", summary=form.summary.data or ""
        )
        return _("Saved.")

    title = (
        _("My plan of %(day)s", day=start.isoformat())
        if kind == "day"
        else _("My plan of the week from %(day)s", day=start.isoformat())
    )
    return form_act(
        form,
        title,
        work,
        submit=_("Save"),
        back=url_for(".my_papers"),
        lead=_("In the morning the plan, before closing the summary."),
    )


def _asked_day(today: date) -> date:
    try:
        asked = date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        return today
    return asked if abs((asked - today).days) <= 31 else today


def _suggested(s: CompanySession, unit_id: uuid.UUID, me: uuid.UUID, kind: str, on: date) -> str:
    """What the day asks for, as the beginning of a plan; a week begins empty."""
    if kind != "day":
        return ""
    lines = [
        f"{_(words.TASKS[task.kind])}：{task.name} {task.note}".strip()
        for task in plans.tasks(s, unit_id, me, on)
    ]
    lines += [
        f"{_('Appointment')}：{one.name} {one.call.question}".strip()
        for one in appointments_of(s, unit_id, staff_id=me)
    ]
    return "\n".join(lines)


@bp.route("/my-hand-in", methods=["GET", "POST"], permission=may.SELF)
def my_hand_in() -> Any:
    """Hand today's registration to the superior."""
    s = reading()
    unit_id, me = site_of(), own_staff()
    if me is None:
        return _nobody()
    today = organisation.today(s, unit_id)
    asked = duties(s, unit_id)
    found = plans.counts(s, unit_id, me, today, asked)
    known = plans.handed(s, unit_id, today).get(me)
    form = forms_office.HandInForm()
    if request.method == "GET" and known is not None:
        form.note.data = known.note

    def work(t: CompanySession) -> str:
        plans.hand_in(t, unit_id, me, today, asked, note=form.note.data or "")
        return _("Handed in.")

    facts = [
        (_("Visitors"), found.visits),
        (_("Calls"), found.calls),
        (_("Tracking"), found.tracks),
    ]
    if found.lacking:
        facts.append((_("Lines that lack something"), found.lacking))
    return form_act(
        form,
        _("Hand in the registration of %(day)s", day=today.isoformat()),
        work,
        submit=_("Hand in"),
        back=url_for(".my_papers"),
        facts=facts,
        lead=_("Your superior sees these figures, the lines behind them and your analysis."),
    )


# -- the team ---------------------------------------------------------------------------------


@bp.get("/papers", permission=may.OFFICE)
def papers_home() -> Any:
    """Plans and hand-ins of the site at which the reader works."""
    return redirect(url_for(".papers", unit_id=site_of()), 302)


@bp.get("/floor/<uuid:unit_id>/papers", permission=may.OFFICE)
def papers(unit_id: uuid.UUID) -> Any:
    """Who has planned, summed up and handed in on a day; taken in from here."""
    s = reading()
    today = organisation.today(s, unit_id)
    try:
        on = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        on = today
    names = staff_names(s)
    found = plans.team(s, unit_id, on)
    handed = plans.handed(s, unit_id, on)
    people = list(
        dict.fromkeys((*floor.reps_of(s, unit_id), *(p.staff_id for p in found), *handed))
    )
    by_kind = {(one.staff_id, one.kind): one for one in found}
    return page(
        "sales_floor/papers.html",
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        on=on,
        earlier=(on - timedelta(days=1)).isoformat(),
        later=(on + timedelta(days=1)).isoformat(),
        rows=[
            {
                "name": names.get(one, ""),
                "day": by_kind.get((one, "day")),
                "week": by_kind.get((one, "week")),
                "hand_in": handed.get(one),
            }
            for one in people
        ],
        waiting=[str(one.id) for one in handed.values() if one.received_at is None],
        asked=duties(s, unit_id),
        may=may,
        fragment=False,
    )


@bp.post("/floor/<uuid:unit_id>/papers/hand-ins", permission=may.OFFICE)
def hand_ins_receive(unit_id: uuid.UUID) -> Response:
    """The superior receives hand-ins."""
    ids = chosen()

    def work(s: CompanySession) -> str:
        return _("%(n)s hand-ins received.", n=plans.receive_hand_ins(s, unit_id, ids))

    return doing(work, back=_back(unit_id))


@bp.post("/floor/<uuid:unit_id>/papers/<uuid:plan_id>/receive", permission=may.OFFICE)
def plan_receive(unit_id: uuid.UUID, plan_id: uuid.UUID) -> Response:
    """The assistant takes a summary in."""
    row = reading().require(Plan, plan_id)
    if row.unit_id != unit_id:
        raise NotFound(_("This plan belongs to another site."))

    def work(s: CompanySession) -> str:
        plans.receive(s, plan_id)
        return _("Taken in.")

    return doing(work, back=_back(unit_id))


def _back(unit_id: uuid.UUID) -> str:
    day = request.form.get("day", "")
    try:
        return url_for(".papers", unit_id=unit_id, day=date.fromisoformat(day).isoformat())
    except ValueError:
        return url_for(".papers", unit_id=unit_id)
