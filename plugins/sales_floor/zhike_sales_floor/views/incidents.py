"""Incidents on the floor: written down at once, ended later."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, url_for

from zhike.api import CompanySession, NotFound, _, options, page, reading
from zhike_sales_floor import forms_office, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models_office import Incident
from zhike_sales_floor.services import floor, incidents, live
from zhike_sales_floor.views._common import bp, form_act, site_of, staff_names, unit_name
from zhike_sales_floor.views.calls import instant


@bp.get("/incidents", permission=may.OFFICE)
def incidents_home() -> Any:
    """The incidents of the site at which the reader works."""
    return redirect(url_for(".incident_list", unit_id=site_of()), 302)


@bp.get("/floor/<uuid:unit_id>/incidents", permission=may.OFFICE)
def incident_list(unit_id: uuid.UUID) -> Any:
    """The incident log of a site."""
    s = reading()
    names = {str(key): name for key, name in staff_names(s).items()}
    return page(
        "sales_floor/incidents.html",
        rows=incidents.recent(s, unit_id),
        people=lambda ids: "、".join(names.get(one, "") for one in ids),
        words=words,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        may=may,
        fragment=False,
    )


@bp.route("/floor/<uuid:unit_id>/incidents/new", methods=["GET", "POST"], permission=may.OFFICE)
def incident_new(unit_id: uuid.UUID) -> Any:
    """Write an incident down; whoever is taken off the floor is checked out in the same act."""
    s = reading()
    names = staff_names(s)
    tz = live.tz_of(s, unit_id)
    form = forms_office.IncidentForm()
    known = options([(str(one), names.get(one, "")) for one in floor.reps_of(s, unit_id)])
    form.people.choices = form.taken_off.choices = known

    def work(t: CompanySession) -> str:
        incidents.log(
            t,
            unit_id,
            incidents.Report(
                kind=form.kind.data,
                what=form.what.data,
                done=form.done.data or "",
                people=[uuid.UUID(one) for one in form.people.data or []],
                taken_off=[uuid.UUID(one) for one in form.taken_off.data or []],
                occurred_at=instant(form.occurred_at.data, tz),
            ),
        )
        return _("Noted; the ledger has it too.")

    return form_act(
        form,
        _("Incident on the floor"),
        work,
        submit=_("Note"),
        back=url_for(".incident_list", unit_id=unit_id),
        lead=_("First step: take whoever makes trouble off the floor."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/incidents/<uuid:incident_id>/close",
    methods=["GET", "POST"],
    permission=may.OFFICE,
)
def incident_close(unit_id: uuid.UUID, incident_id: uuid.UUID) -> Any:
    """Write down how an incident ended."""
    row = reading().require(Incident, incident_id)
    if row.unit_id != unit_id:
        raise NotFound(_("This incident belongs to another site."))
    form = forms_office.OutcomeForm()

    def work(s: CompanySession) -> str:
        incidents.close(s, incident_id, form.outcome.data)
        return _("Closed.")

    return form_act(
        form,
        _("How it ended"),
        work,
        submit=_("Save"),
        back=url_for(".incident_list", unit_id=unit_id),
        facts=[(_("What happened"), row.what)],
    )
