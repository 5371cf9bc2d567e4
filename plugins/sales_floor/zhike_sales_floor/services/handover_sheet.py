"""客户交接单: a hand-over line by line, on the page and on the paper that is signed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from zhike.api import CompanySession, Party, _, clock, forms, organisation
from zhike_sales_floor import documents, words
from zhike_sales_floor.models import Customer, Deal
from zhike_sales_floor.models_cases import Docket, Handover
from zhike_sales_floor.services import live
from zhike_sales_floor.services.names import names_for


def lines(s: CompanySession, row: Handover, names: Mapping[uuid.UUID, str]) -> list[dict[str, Any]]:
    """The customers of a hand-over in its order; the phone is masked, also on paper."""
    ids = [uuid.UUID(line["customer"]) for line in row.lines]
    known = {
        customer.id: (customer, name, phone)
        for customer, name, phone in s.execute(
            select(Customer, Party.name, Party.phone_masked)
            .outerjoin(Party, Party.id == Customer.party_id)
            .where(Customer.id.in_(ids))
        )
    }
    found = []
    for line in row.lines:
        customer, name, phone = known[uuid.UUID(line["customer"])]
        found.append(
            {
                "customer": customer.id,
                "name": name or _("unknown visitor"),
                "phone": phone or "",
                "grade": customer.grade,
                "stage": _(words.STAGES.get(customer.stage, (customer.stage, ""))[0]),
                "contact": customer.last_contact_on,
                "follow": customer.follow_up_on,
                "to_id": line["to"],
                "to": names.get(uuid.UUID(line["to"]), "") if line["to"] else "",
                "returned": bool(line.get("returned")),
                "signed": "",
            }
        )
    return found


def sheet(s: CompanySession, row: Handover) -> tuple[forms.Form, forms.FormData]:
    """The form with everything that changes hands; 草稿 across it before it is done."""
    names = organisation.staff_names(s)
    unit = organisation.tree(s).units.get(row.unit_id)
    data = forms.FormData(
        values={
            "site": unit.name if unit else "",
            "rep": names.get(row.staff_id, ""),
            "why": _(words.LEAVE_REASONS[row.why])
            + (_(" (%(n)s days)", n=row.days) if row.days else ""),
            "at": row.done_at,
            "method": _(words.METHODS_SHORT[row.method]),
            "seed": row.seed,
            "receivers": "、".join(names.get(uuid.UUID(one), "") for one in row.receivers),
            "reason": row.reason,
        },
        rows={"lines": lines(s, row, names), "others": _others(s, row)},
        number=row.number,
        tz=live.tz_of(s, row.unit_id),
        mark="" if row.state == "done" else "草稿",
        printed_at=clock.now(),
    )
    return documents.HANDOVER, data


def _others(s: CompanySession, row: Handover) -> list[dict[str, str]]:
    """What else the rep held when it was done: owed turns, follow-ups, deals, disputes."""
    held = row.holding
    if not held:
        return []
    deal_ids = [uuid.UUID(one) for one in held.get("deals", ())]
    deals = s.scalars(select(Deal).where(Deal.id.in_(deal_ids)).order_by(Deal.id)).all()
    who = names_for(s, [deal.customer_id for deal in deals])
    dockets = s.scalars(
        select(Docket.number).where(
            Docket.id.in_([uuid.UUID(one) for one in held.get("dockets", ())])
        )
    )
    told = [
        (_("Owed turns, deleted"), str(held.get("tickets", 0))),
        (_("Receptions passed on"), str(len(held.get("visits", ())))),
        (_("Follow-ups planned"), str(held.get("follow_ups", 0))),
        (
            _("Deals in progress"),
            "、".join(
                f"{deal.number} {who.get(str(deal.customer_id), '')} {deal.property}".strip()
                for deal in deals
            ),
        ),
        (_("Disputes not decided"), "、".join(dockets)),
    ]
    return [{"what": what, "which": which} for what, which in told if which not in ("", "0")]
