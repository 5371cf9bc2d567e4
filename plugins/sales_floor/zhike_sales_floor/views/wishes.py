"""Pages about the customer's word: an earlier rep is found, complaints, a better price, conduct."""

from __future__ import annotations

import uuid
from typing import Any

from flask import request, url_for

from zhike.api import _, options, reading
from zhike_sales_floor import forms_wishes as forms
from zhike_sales_floor import permissions as may
from zhike_sales_floor.forms import uuid_of
from zhike_sales_floor.services import floor, wishes
from zhike_sales_floor.views._common import (
    bp,
    customer_at,
    form_act,
    rep_choices,
    staff_names,
    visit_at,
)
from zhike_sales_floor.views.visits import visit_title


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/earlier-rep",
    methods=["GET", "POST"],
    permission=may.MANAGE,
)
def found(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """The files show who received this visitor before."""
    s = reading()
    row = visit_at(s, unit_id, visit_id)
    names, reps = staff_names(s), floor.reps_of(s, unit_id)
    form = forms.FoundForm()
    form.rep.choices = rep_choices(reps, names, _("whoever registered first"))
    form.follow_up.choices = rep_choices(reps, names, _("as the regulation says"))
    here = row.state == "reception"
    return form_act(
        form,
        _("Earlier rep found: %(who)s", who=visit_title(row)),
        lambda t: wishes.found_earlier(
            t,
            visit_id,
            uuid_of(form.rep.data),
            opened=form.opened.data,
            follow_up=uuid_of(form.follow_up.data),
            reason=form.reason.data or "",
        ),
        submit=_("Save"),
        back=url_for(".visit", unit_id=unit_id, visit_id=visit_id),
        lead=_(
            "The visitor is still here: the earlier rep takes over if free, the turn comes back."
        )
        if here
        else _("The visit is over: only the closing is affected, no turn moves any more."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/better-price",
    methods=["GET", "POST"],
    permission=may.RULE,
)
def better_price(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """The visit was for a better price only."""
    row = visit_at(reading(), unit_id, visit_id)
    form = forms.BetterPriceForm()
    return form_act(
        form,
        _("For a better price only: %(who)s", who=visit_title(row)),
        lambda t: wishes.better_price(t, visit_id, form.reason.data),
        submit=_("Save"),
        back=url_for(".visit", unit_id=unit_id, visit_id=visit_id),
        lead=_("The visit moves nothing: the customer is again whose he was before it."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/conduct",
    methods=["GET", "POST"],
    permission=may.RULE,
)
def conduct(unit_id: uuid.UUID) -> Any:
    """Put a breach of conduct on record."""
    s = reading()
    form = forms.ConductForm()
    names = staff_names(s)
    form.rep.choices = options(
        [(str(one), names.get(one, "")) for one in floor.reps_of(s, unit_id)]
    )
    visit_id = uuid_of(request.args.get("visit"))
    if visit_id is not None:
        row = visit_at(s, unit_id, visit_id)
        if request.method == "GET":
            form.rep.data = str(row.staff_id or "")
    back = (
        url_for(".visit", unit_id=unit_id, visit_id=visit_id)
        if visit_id
        else url_for(".day", unit_id=unit_id)
    )
    return form_act(
        form,
        _("Breach of conduct"),
        lambda t: wishes.note_conduct(
            t,
            unit_id,
            uuid.UUID(form.rep.data),
            form.kind.data,
            form.reason.data,
            serious=bool(form.serious.data),
            visit_id=visit_id,
        ),
        submit=_("Put on record"),
        back=back,
        lead=_(
            "What the regulation says follows is only proposed; nothing is deducted by the system."
        ),
    )


@bp.route(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/complaint",
    methods=["GET", "POST"],
    permission=may.CUSTOMER_EDIT,
)
def complaint(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """Log a customer's complaint about a rep."""
    s = reading()
    customer_at(s, unit_id, customer_id, may.CUSTOMER_EDIT)
    form = forms.ComplaintForm()
    names = staff_names(s)
    form.about.choices = options([(str(r), names.get(r, "")) for r in floor.reps_of(s, unit_id)])
    return form_act(
        form,
        _("Complaint about a rep"),
        lambda t: wishes.complain(t, customer_id, uuid.UUID(form.about.data), form.reason.data),
        submit=_("Save"),
        back=url_for(".customer", unit_id=unit_id, customer_id=customer_id),
        lead=_("A supervisor looks into it; what he finds before the closing decides."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/complaint/<uuid:about>",
    methods=["GET", "POST"],
    permission=may.RULE,
)
def finding(unit_id: uuid.UUID, customer_id: uuid.UUID, about: uuid.UUID) -> Any:
    """Say what was found about a complaint."""
    s = reading()
    customer_at(s, unit_id, customer_id, may.CUSTOMER_VIEW)
    form = forms.FindingForm()
    return form_act(
        form,
        _("Complaint about %(name)s", name=staff_names(s).get(about, "")),
        lambda t: wishes.complain(
            t,
            customer_id,
            about,
            form.reason.data,
            verified=form.found.data == "verified",
        ),
        submit=_("Save"),
        back=url_for(".customer", unit_id=unit_id, customer_id=customer_id),
    )
