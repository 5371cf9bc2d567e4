"""The team: going out, absences, the day, the roster."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import redirect, request, url_for
from sqlalchemy import select

from zhike.api import CompanySession, NotFound, _, current, options, organisation, page, reading
from zhike_sales_floor import forms, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Outing
from zhike_sales_floor.services import board as boards
from zhike_sales_floor.services import floor, live
from zhike_sales_floor.views._common import (
    bp,
    doing,
    form_act,
    posted,
    shown_status,
    site_of,
    staff_names,
    unit_name,
)
from zhike_sales_floor.views.board import back_to, self_or_manage
from zhike_sales_floor.views.calls import appointment_lines, appointments_of


def rep_at(s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID) -> str:
    """The rep's name, if he is on this site's roster; NotFound otherwise."""
    if staff_id not in floor.reps_of(s, unit_id):
        raise NotFound(_("This rep belongs to another site."))
    return staff_names(s).get(staff_id, "")


@bp.route(
    "/floor/<uuid:unit_id>/rep/<uuid:staff_id>/out",
    methods=["GET", "POST"],
    permission=may.VIEW_BOARD,
)
def out(unit_id: uuid.UUID, staff_id: uuid.UUID) -> Any:
    """A rep leaves the floor, with the reason that decides what becomes of his turn."""
    self_or_manage(unit_id, staff_id)
    name = rep_at(reading(), unit_id, staff_id)
    form = forms.OutForm()
    return form_act(
        form,
        _("%(name)s goes out", name=name),
        lambda s: floor.go_out(s, unit_id, staff_id, form.reason.data, form.words.data or ""),
        submit=_("Go out"),
        back=back_to(unit_id),
        lead=_("Company business keeps the turn, a private errand loses it if it comes."),
    )


@bp.get("/day", permission=may.VIEW_BOARD)
def day_home() -> Any:
    """Day and absences of the site at which the reader works."""
    return redirect(url_for(".day", unit_id=site_of()), 302)


@bp.route("/floor/<uuid:unit_id>/day", methods=["GET", "POST"], permission=may.VIEW_BOARD)
def day(unit_id: uuid.UUID) -> Any:
    """Open and close the business day; today's absences with re-classing."""
    s = reading()
    data = boards.board(s, unit_id)
    names = staff_names(s)
    reps = floor.reps_of(s, unit_id)
    today = organisation.today(s, unit_id)
    form = forms.DayForm()
    form.on_duty.choices = options([(str(one), names.get(one, "")) for one in reps])
    if request.method == "GET":
        form.on_duty.data = [str(one) for one in reps]
    elif request.method == "POST":
        current().require(may.DAY, unit_id)

    def work(t: CompanySession) -> live.Act:
        return floor.open_day(t, unit_id, [uuid.UUID(one) for one in form.on_duty.data or []])

    answer = posted(form, work, back=url_for(".board", unit_id=unit_id))
    if answer is not None:
        return answer
    outings = s.scalars(
        select(Outing)
        .where(Outing.unit_id == unit_id, Outing.day == today)
        .order_by(Outing.out_at.desc())
    ).all()
    html = page(
        "sales_floor/day.html",
        data=data,
        form=form,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        today=today,
        is_open=data is not None and data.day == today,
        stale=data is not None and data.day is not None and data.day != today,
        outings=outings,
        appointments=appointment_lines(appointments_of(s, unit_id), names, unit_id),
        names=names,
        words=words,
        may=may,
    )
    return html, shown_status()


@bp.post("/floor/<uuid:unit_id>/day/close", permission=may.DAY)
def day_close(unit_id: uuid.UUID) -> Any:
    """Close the business day."""
    return doing(lambda s: floor.close_day(s, unit_id), back=url_for(".day", unit_id=unit_id))


@bp.route("/floor/<uuid:unit_id>/event-mode", methods=["GET", "POST"], permission=may.RULE)
def event_mode(unit_id: uuid.UUID) -> Any:
    """Another way of receiving for an exhibition or a launch, or the end of it (SF-D-40)."""
    data = boards.board(reading(), unit_id)
    back = url_for(".day", unit_id=unit_id)
    if data is not None and data.event:
        ending = forms.ReasonForm()
        return form_act(
            ending,
            _("End the event days"),
            lambda t: floor.set_event_mode(t, unit_id, on=False, reason=ending.reason.data),
            submit=_("End the event days"),
            back=back,
            lead=_("From now on the regulation decides again who receives."),
        )
    form = forms.EventModeForm()
    return form_act(
        form,
        _("Event days"),
        lambda t: floor.set_event_mode(
            t,
            unit_id,
            on=True,
            method=form.method.data,
            until=_instant(t, unit_id, form.until.data),
            reason=form.reason.data,
        ),
        submit=_("Begin"),
        back=back,
        lead=_("For an exhibition or a launch: replaces the turns of this site until it ends."),
    )


def _instant(s: CompanySession, unit_id: uuid.UUID, local: datetime | None) -> datetime | None:
    """A time typed at the site, in its own time zone."""
    return local and local.replace(tzinfo=ZoneInfo(live.tz_of(s, unit_id)))


@bp.route(
    "/floor/<uuid:unit_id>/outing/<uuid:outing_id>/reclass",
    methods=["GET", "POST"],
    permission=may.RECLASS,
)
def reclass(unit_id: uuid.UUID, outing_id: uuid.UUID) -> Any:
    """Re-class an absence as company business, until the day closes."""
    s = reading()
    outing = s.require(Outing, outing_id)
    if outing.unit_id != unit_id:
        raise NotFound(_("This absence belongs to another site."))
    name = staff_names(s).get(outing.staff_id, "")
    form = forms.ReclassForm()
    out_at = live.local_text(outing.out_at, live.tz_of(s, unit_id))
    return form_act(
        form,
        _("Absence of %(name)s was company business", name=name),
        lambda t: floor.reclass(t, unit_id, outing.staff_id, form.reason.data, out_at),
        submit=_("Re-class"),
        back=url_for(".day", unit_id=unit_id),
        lead=_("For every turn missed since leaving a ticket is issued now, up to the cap."),
    )


@bp.get("/team", permission=may.ROSTER)
def team_home() -> Any:
    """The roster of the site at which the reader works."""
    return redirect(url_for(".team", unit_id=site_of()), 302)


@bp.route("/floor/<uuid:unit_id>/team", methods=["GET", "POST"], permission=may.ROSTER)
def team(unit_id: uuid.UUID) -> Any:
    """The roster: who receives at this site; newcomers join before the pointer."""
    s = reading()
    names = staff_names(s)
    reps = floor.reps_of(s, unit_id)
    today = organisation.today(s, unit_id)
    others = [one for one in organisation.staff_at(s, unit_id, today) if one.id not in reps]
    form = forms.RosterForm()
    form.staff.choices = options([(str(one.id), one.name) for one in others])

    def work(t: CompanySession) -> str:
        rows = floor.add_reps(t, unit_id, [uuid.UUID(one) for one in form.staff.data or []])
        return _("Joined the roster: %(n)s.", n=len(rows))

    answer = posted(form, work, back=url_for(".team", unit_id=unit_id))
    if answer is not None:
        return answer
    html = page(
        "sales_floor/team.html",
        form=form,
        others=others,
        reps=reps,
        names=names,
        data=boards.board(s, unit_id),
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        words=words,
    )
    return html, shown_status()
