"""The household of a customer, and the batches of a day."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import redirect, request, url_for

from zhike.api import _, current, organisation, page, reading
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.services import docket_sheet
from zhike_sales_floor.services import household as households
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.views._common import (
    bp,
    customer_at,
    own_staff,
    site_of,
    staff_names,
    unit_name,
)
from zhike_sales_floor.views.dockets import shown_name


@bp.get(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/household", permission=may.CUSTOMER_VIEW
)
def household(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """Relatives and friends, who received whom when, and what the regulation says of it now."""
    s = reading()
    row = customer_at(s, unit_id, customer_id, may.CUSTOMER_VIEW)
    all_seen = current().can(may.CUSTOMER_VIEW, unit_id).why != "own"
    found = households.household(s, row, owned_by=None if all_seen else own_staff())
    plain = names_for(s, [member.customer.id for member in found.members])
    shown = {
        member.customer.id: shown_name(
            plain.get(str(member.customer.id), ""), unit_id, member.customer.owner_id
        )
        for member in found.members
    }
    return page(
        "sales_floor/household.html",
        customer=row,
        found=found,
        shown=shown,
        opens={
            member.customer.id
            for member in found.members
            if all_seen or member.customer.owner_id == row.owner_id
        },
        names=staff_names(s),
        relations=words.RELATIONS,
        states=words.VISIT_STATES,
        shares=docket_sheet.shares_shown,
        unit_id=unit_id,
        sees_visits=bool(current().can(may.VIEW_BOARD, unit_id)),
    )


@bp.get("/batches", permission=may.VIEW_BOARD)
def batches_home() -> Any:
    """Today's batches at the site at which the reader works."""
    return redirect(url_for(".batches", unit_id=site_of()), 302)


@bp.get("/floor/<uuid:unit_id>/batches", permission=may.VIEW_BOARD)
def batches(unit_id: uuid.UUID) -> Any:
    """Parties of a day (``?day=``) that the desk marked as one batch."""
    s = reading()
    today = organisation.today(s, unit_id)
    try:
        on = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        on = today
    return page(
        "sales_floor/batches.html",
        batches=households.batches(s, unit_id, on),
        day=on,
        today=today,
        names=staff_names(s),
        states=words.VISIT_STATES,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        empty={
            "icon": "people",
            "title": _("No batches on this day."),
            "text": _(
                "The desk writes the same word under “Batch” for parties that belong together."
            ),
        },
    )
