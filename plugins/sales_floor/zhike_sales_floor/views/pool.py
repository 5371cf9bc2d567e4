"""The public pool 公海: listed, claimed, and giving a customer back."""

from __future__ import annotations

import uuid
from typing import Any

from flask import request, url_for

from zhike.api import (
    Empty,
    Facet,
    Forbidden,
    NotFound,
    State,
    Table,
    TableColumn,
    _,
    current,
    page,
    reading,
    settings,
    textkit,
)
from zhike_sales_floor import forms, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Customer
from zhike_sales_floor.services import floor, live, pool
from zhike_sales_floor.views._common import (
    bp,
    customer_at,
    doing,
    form_act,
    own_staff,
    site_of,
    staff_names,
    unit_name,
)


@bp.get("/pool", permission=may.CLAIM)
def pool_home() -> Any:
    """The pool of the site at which the reader works."""
    unit_id = site_of()
    current().require(may.CLAIM, unit_id)
    return pool_list(unit_id)


@bp.get("/floor/<uuid:unit_id>/pool", permission=may.CLAIM)
def pool_list(unit_id: uuid.UUID) -> Any:
    """Whom nobody owns, how he came here, and the button to claim him."""
    s = reading()
    me = own_staff()
    names = staff_names(s)
    with_lapsed = bool(settings.get(s, live.PLUGIN, "pool_lapsed"))
    lapsed = with_lapsed and request.args.get("why") == "lapsed"
    rows, after = pool.listing(s, unit_id, lapsed=lapsed, after=request.args.get("after", ""))
    is_rep = me is not None and me in floor.reps_of(s, unit_id)
    left = pool.left(s, unit_id, me) if me is not None and is_rep else 0
    rules = current().can(may.RULE, unit_id)
    masked = current().can(may.CUSTOMER_VIEW, unit_id).why == "own"
    table = Table(
        caption=_("Public pool"),
        columns=(
            TableColumn("name", _("Customer"), phone="title"),
            TableColumn("phone", _("Phone")),
            TableColumn("why", _("Why here"), kind="state", phone="state"),
            TableColumn("former", _("Owner before")),
            TableColumn("grade", _("Class")),
            TableColumn("last_contact_on", _("Last contact"), kind="date"),
            TableColumn("reason", _("Reason")),
            TableColumn("act", _("Claim"), kind="custom"),
        ),
        rows=[
            {
                "id": line.id,
                "name": textkit.mask_name(line.name) if masked else line.name,
                "phone": line.phone,
                "why": State(_(words.POOL[line.why][0]), words.POOL[line.why][1]),
                "former": names.get(line.former_id, "") if line.former_id else "",
                "grade": line.grade,
                "last_contact_on": line.last_contact_on,
                "reason": line.reason,
                "mine": line.former_id == me and line.why == "lapsed",
            }
            for line in rows
        ],
        base_url=url_for(".pool_list", unit_id=unit_id),
        args=list(request.args.items(multi=True)),
        after=after,
        facets=[
            Facet(
                "why",
                _("Why here"),
                (("", _("nobody's")), ("lapsed", _("owner silent too long"))),
            )
        ]
        if with_lapsed
        else (),
        empty=Empty(
            _("The pool is empty."),
            _("Customers whom nobody owns stand here until somebody claims them."),
            icon="water",
        ),
    )
    return page(
        "sales_floor/pool.html",
        table=table,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        is_rep=is_rep,
        left=left,
        rules=rules,
        limit=settings.get(s, live.PLUGIN, "pool_claims_per_day"),
        fragment=False,
    )


@bp.post("/floor/<uuid:unit_id>/pool/<uuid:customer_id>/claim", permission=may.CLAIM)
def pool_claim(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """The reader takes a customer out of the pool; who is quicker has him."""
    me = own_staff()
    if me is None or me not in floor.reps_of(reading(), unit_id):
        raise NotFound(_("Only a rep of this site claims customers."))

    def work(s: Any) -> str:
        row = s.require(Customer, customer_id)
        if row.unit_id != unit_id:
            raise NotFound(_("This customer belongs to another site."))
        pool.claim(s, customer_id, me)
        return _("The customer is yours now: get in touch, the days run from today.")

    return doing(work, back=url_for(".customer", unit_id=unit_id, customer_id=customer_id))


@bp.route(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/release",
    methods=["GET", "POST"],
    permission=may.CUSTOMER_EDIT,
)
def release(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """The owner, or a manager, gives a customer back to everybody."""
    row = customer_at(reading(), unit_id, customer_id, may.CUSTOMER_EDIT)
    if row.owner_id != own_staff() and not current().can(may.RULE, unit_id):
        raise Forbidden(_("Only the owner or a manager gives a customer back."))
    form = forms.ReasonForm()

    def work(s: Any) -> str:
        pool.release(s, [customer_id], form.reason.data)
        return _("Given back: whoever claims the customer first owns him.")

    return form_act(
        form,
        _("Give back to the pool"),
        work,
        submit=_("Give back"),
        back=url_for(".pool_list", unit_id=unit_id)
        if current().can(may.CLAIM, unit_id)
        else url_for(".customer_list", unit_id=unit_id),
        cancel=url_for(".customer", unit_id=unit_id, customer_id=customer_id),
        lead=_(
            "The customer has no owner from now on; any rep may claim him. Visits and contacts "
            "stay on record."
        ),
    )
