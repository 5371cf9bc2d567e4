"""The customers as a list: saved views, and what can be done to many of them at once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import url_for
from sqlalchemy import select

from zhike.api import (
    N_,
    BulkAct,
    CompanySession,
    Conflict,
    NotFound,
    QuickAction,
    RecordList,
    _,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Customer
from zhike_sales_floor.services import customers
from zhike_sales_floor.services.customers import Filter
from zhike_sales_floor.services.names import names_for

CUSTOMERS = "sales_floor.customers"
_NOBODY = uuid.UUID(int=0)


def filter_of(query: Mapping[str, str], principal: Any, unit_id: uuid.UUID) -> Filter:
    """A query of the list's address as a filter; the scope 仅本人 sees his own customers only."""
    grade, stage = query.get("grade", ""), query.get("stage", "")
    own = None
    if principal.can(may.CUSTOMER_VIEW, unit_id).why == "own":
        own = principal.staff_id or _NOBODY
    return Filter(
        owner=_id(query.get("owner", "")),
        own=own,
        grade=grade if grade in customers.GRADES else "",
        stage=stage if stage in customers.STAGES else "",
        due=query.get("due", ""),
        text=query.get("q", "")[:60],
    )


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


def _find(
    s: CompanySession,
    principal: Any,
    unit_id: uuid.UUID | None,
    query: Mapping[str, str],
    limit: int,
) -> Sequence[uuid.UUID]:
    if unit_id is None:
        return ()
    asked = filter_of(query, principal, unit_id)
    return [line.id for line in customers.list_page(s, unit_id, asked, limit=limit).lines]


def _names(s: CompanySession, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    return {uuid.UUID(key): name for key, name in names_for(s, ids).items()}


def _url(unit_id: uuid.UUID | None, customer_id: uuid.UUID) -> str:
    if unit_id is None:
        return ""
    return url_for("sales_floor.customer", unit_id=unit_id, customer_id=customer_id)


LISTS = (
    RecordList(
        name=CUSTOMERS,
        title=N_("Customers"),
        endpoints=("sales_floor.customers_home", "sales_floor.customer_list"),
        permission=may.CUSTOMER_VIEW,
        find=_find,
        names=_names,
        url=_url,
    ),
)


# -- rights, row by row ------------------------------------------------------------------------


def _refusal(principal: Any, unit_id: uuid.UUID | None, customer: Any) -> str:
    """Why this person may not change this customer; empty where he may."""
    if customer.unit_id != unit_id:
        return _("This customer belongs to another site.")
    answer = principal.can(may.CUSTOMER_EDIT, customer.unit_id)
    if not answer:
        return _("Your role does not include this at this site.")
    if answer.why == "own" and customer.owner_id != principal.staff_id:
        return _("This customer is not one of yours.")
    return ""


def _check(
    s: CompanySession, principal: Any, unit_id: uuid.UUID | None, ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, str]:
    refused: dict[uuid.UUID, str] = {}
    for begin in range(0, len(ids), 500):
        part = list(ids[begin : begin + 500])
        rows = {
            row.id: row
            for row in s.execute(
                select(Customer.id, Customer.unit_id, Customer.owner_id).where(
                    Customer.id.in_(part)
                )
            )
        }
        for one in part:
            why = (
                _refusal(principal, unit_id, rows[one])
                if one in rows
                else _("This customer does not exist.")
            )
            if why:
                refused[one] = why
    return refused


def _editable(
    s: CompanySession, principal: Any, unit_id: uuid.UUID | None, customer_id: uuid.UUID
) -> Customer:
    customer = s.require(Customer, customer_id)
    why = _refusal(principal, unit_id, customer)
    if why:
        raise NotFound(why)
    return customer


# -- follow-up and class -----------------------------------------------------------------------


def _follow_up(
    s: CompanySession,
    principal: Any,
    unit_id: uuid.UUID | None,
    customer_id: uuid.UUID,
    values: Mapping[str, Any],
) -> Any:
    row = _editable(s, principal, unit_id, customer_id)
    on = date.fromisoformat(values["on"]) if values.get("on") else None
    before = _planned(row)
    customers.set_follow_up(s, customer_id, on, values.get("note") or "")
    return {"before": before, "after": _planned(row)}


def _planned(row: Customer) -> list[str]:
    return [row.follow_up_on.isoformat() if row.follow_up_on else "", row.follow_up_note]


def _undo_follow_up(s: CompanySession, principal: Any, customer_id: uuid.UUID, kept: Any) -> None:
    row = s.require(Customer, customer_id)
    _editable(s, principal, row.unit_id, customer_id)
    if _planned(row) != kept["after"]:
        raise Conflict(_("Somebody has planned another follow-up since."))
    on, note = kept["before"]
    customers.set_follow_up(s, customer_id, date.fromisoformat(on) if on else None, note)


def _grade(
    s: CompanySession,
    principal: Any,
    unit_id: uuid.UUID | None,
    customer_id: uuid.UUID,
    values: Mapping[str, Any],
) -> Any:
    row = _editable(s, principal, unit_id, customer_id)
    before = row.grade
    customers.set_grade(s, customer_id, values.get("grade") or "")
    return {"before": before, "after": row.grade}


def _undo_grade(s: CompanySession, principal: Any, customer_id: uuid.UUID, kept: Any) -> None:
    row = s.require(Customer, customer_id)
    _editable(s, principal, row.unit_id, customer_id)
    if row.grade != kept["after"]:
        raise Conflict(_("Somebody has set another class since."))
    customers.set_grade(s, customer_id, kept["before"])


BULK_ACTS = (
    BulkAct(
        name="sales_floor.plan_follow_ups",
        list=CUSTOMERS,
        title=N_("Plan the follow-up"),
        permission=may.CUSTOMER_EDIT,
        consequence=N_("%(n)s customers get this follow-up; what was planned before is replaced."),
        apply=_follow_up,
        check=_check,
        undo=_undo_follow_up,
        form="zhike_sales_floor.forms:BulkFollowUpForm",
        icon="calendar-check",
        weight=10,
    ),
    BulkAct(
        name="sales_floor.set_grades",
        list=CUSTOMERS,
        title=N_("Set the class"),
        permission=may.CUSTOMER_EDIT,
        consequence=N_("%(n)s customers get this class."),
        apply=_grade,
        check=_check,
        undo=_undo_grade,
        form="zhike_sales_floor.forms:BulkGradeForm",
        icon="tag",
        weight=20,
    ),
)

ACTIONS = (
    QuickAction(
        name="sales_floor.receive",
        title=N_("Register an arrival"),
        endpoint="sales_floor.arrive",
        permission=may.ARRIVE,
        at_site=True,
        icon="person-plus",
        weight=10,
    ),
    QuickAction(
        name="sales_floor.new_deal",
        title=N_("New deal"),
        endpoint="sales_floor.deal_new",
        permission=may.CLOSING,
        at_site=True,
        icon="file-earmark-plus",
        weight=20,
    ),
)


def choice(ids: Sequence[str]) -> list[uuid.UUID]:
    """Chosen rows as ids, each once; ``NotFound`` for what is no id."""
    try:
        return list(dict.fromkeys(uuid.UUID(text) for text in ids))
    except ValueError:
        raise NotFound(_("This customer does not exist.")) from None
