"""Names for the ids in decisions and events, as this reader may see them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from zhike.api import CompanySession, Party, _, organisation
from zhike_sales_floor.models import Customer, Deal, Visit


def ids_in(value: Any) -> set[uuid.UUID]:
    """Every UUID written as text anywhere in a JSON value, in keys too."""
    found: set[uuid.UUID] = set()
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            todo.extend(one)
            todo.extend(one.values())
        elif isinstance(one, (list, tuple)):
            todo.extend(one)
        elif isinstance(one, str) and len(one) == 36:
            try:
                found.add(uuid.UUID(one))
            except ValueError:
                continue
    return found


def names_in(s: CompanySession, row: Any) -> dict[str, str]:
    """Names for every id in a decision: reps, customers, visits, deals."""
    ids = ids_in([row.inputs, row.outcome, row.cites, row.subject.rsplit(":", 1)[-1]])
    return names_for(s, ids)


def names_for(s: CompanySession, ids: Iterable[uuid.UUID]) -> dict[str, str]:
    """Names by id as text; an erased or unknown person has a word in place of a name."""
    wanted = set(ids)
    names = {
        str(staff): name for staff, name in organisation.staff_names(s).items() if staff in wanted
    }
    rest = [one for one in wanted if str(one) not in names]
    if not rest:
        return names
    for row in s.execute(
        select(Customer.id, Party.name)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(Customer.id.in_(rest))
    ):
        names[str(row.id)] = row.name or _("unknown visitor")
    for visit in s.execute(select(Visit.id, Visit.label, Visit.number).where(Visit.id.in_(rest))):
        names[str(visit.id)] = visit.label or _("Visitor no. %(n)s", n=visit.number)
    for deal in s.execute(select(Deal.id, Deal.number).where(Deal.id.in_(rest))):
        names[str(deal.id)] = deal.number
    return names
