"""The search box finds customers by last digits, pinyin or name, within the reader's rights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from zhike.api import (
    N_,
    CompanySession,
    RecordRef,
    SearchHit,
    SearchProvider,
    _,
    organisation,
    parties,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Customer


def find_customers(s: CompanySession, principal: Any, text: str, limit: int) -> Sequence[SearchHit]:
    """At most ``limit`` customers; a party is shown once for each site the reader may see."""
    reach = principal.reach(may.CUSTOMER_VIEW)
    if reach.nothing:
        return []
    hits = {hit.id: hit for hit in parties.suggest(s, text, limit=limit)}
    if not hits:
        return []
    query = select(Customer.id, Customer.party_id, Customer.unit_id, Customer.owner_id).where(
        Customer.party_id.in_(list(hits))
    )
    units = organisation.tree(s).units
    names = organisation.staff_names(s)
    found: list[SearchHit] = []
    for row in s.execute(query.order_by(Customer.id.desc())):
        mine = row.owner_id is not None and row.owner_id == principal.staff_id
        own = reach.own and mine and (not reach.own_units or row.unit_id in reach.own_units)
        if not (reach.everything or row.unit_id in reach.units or own):
            continue
        hit = hits[row.party_id]
        unit = units.get(row.unit_id)
        owner = names.get(row.owner_id, "") if row.owner_id else ""
        parts = (
            hit.phone_masked,
            unit.name if unit else "",
            _("customer of %(name)s", name=owner) if owner else "",
        )
        found.append(
            SearchHit(
                RecordRef("sales_floor", "customer", row.id),
                hit.name or hit.phone_masked,
                " · ".join(part for part in parts if part),
                f"/p/sales_floor/floor/{row.unit_id}/customers/{row.id}",
                row.party_id,
            )
        )
    return found[:limit]


SEARCH = (
    SearchProvider(
        name="sales_floor.customers",
        title=N_("Customers"),
        permission=may.CUSTOMER_VIEW,
        query=find_customers,
        weight=10,
    ),
)
