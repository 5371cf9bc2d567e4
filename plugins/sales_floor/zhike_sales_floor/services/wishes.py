"""What a regulation with records asks beside the arrival: earlier reps, complaints, conduct.

Each act is one event of the floor (SF-D-28 to 34); under a regulation whose records have no life
the engine refuses the first three.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from zhike.api import CompanySession, UserError, _
from zhike.rules import from_json
from zhike_sales_floor.models import Customer, Visit
from zhike_sales_floor.rules.state import Customer as Facts
from zhike_sales_floor.services import live
from zhike_sales_floor.services.live import Act


@dataclass(frozen=True)
class Complaint:
    """A customer's complaint about a rep 投诉: about whom, when, and what the supervisor found.

    found  ``verified``, ``rejected``, or ``""`` while it is open.
    """

    about: uuid.UUID
    at: str
    found: str


def found_earlier(
    s: CompanySession,
    visit_id: uuid.UUID,
    rep: uuid.UUID | None = None,
    *,
    opened: date | None = None,
    follow_up: uuid.UUID | None = None,
    reason: str = "",
) -> Act:
    """The files show who received this visitor before 查到原接待人 (SF-D-28, 30, 34).

    Without ``rep`` it is the earliest one with a valid record. ``opened`` is the day on which that
    record was opened, where only a paper register shows it; ``follow_up`` who follows up and has
    the performance. Raises Conflict where nobody holds such a record.
    """
    visit = s.require(Visit, visit_id)
    fields = {
        "visit": str(visit_id),
        "customer": str(visit.customer_id),
        "rep": str(rep) if rep else "",
        "opened": opened.isoformat() if opened else "",
        "follow_up": str(follow_up) if follow_up else "",
        "by": s.actor.name,
        "reason": reason.strip(),
    }
    if opened is not None and rep is None:
        raise UserError(_("Please say whose record the paper register shows."), field="rep")
    stated = {key: value for key, value in fields.items() if value}
    return live.act(s, visit.unit_id, "found", stated, reason=reason.strip())


def complain(
    s: CompanySession,
    customer_id: uuid.UUID,
    about: uuid.UUID,
    reason: str,
    *,
    verified: bool | None = None,
) -> Act:
    """A customer complains about a rep 投诉, or the supervisor says what he found (SF-D-31)."""
    customer = s.require(Customer, customer_id)
    if not reason.strip():
        raise UserError(_("Please give a reason."), field="reason")
    fields: dict[str, object] = {
        "customer": str(customer_id),
        "about": str(about),
        "by": s.actor.name,
        "reason": reason.strip(),
    }
    if verified is not None:
        fields["verified"] = verified
    return live.act(s, customer.unit_id, "complaint", fields, reason=reason.strip())


def complaints(customer: Customer) -> list[Complaint]:
    """The customer's complaints about reps, the latest first."""
    facts = from_json(Facts, customer.facts) if customer.facts else Facts(str(customer.id))
    made = [Complaint(uuid.UUID(g.about), g.at, g.found) for g in facts.grievances]
    return made[::-1]


def better_price(s: CompanySession, visit_id: uuid.UUID, reason: str) -> Act:
    """The visit was for a better price only 为折扣转找他人: it moves nothing (SF-D-33)."""
    visit = s.require(Visit, visit_id)
    if not reason.strip():
        raise UserError(_("Please give a reason."), field="reason")
    fields = {
        "visit": str(visit_id),
        "customer": str(visit.customer_id),
        "by": s.actor.name,
        "reason": reason.strip(),
    }
    return live.act(s, visit.unit_id, "discount_shopping", fields, reason=reason.strip())


def note_conduct(
    s: CompanySession,
    unit_id: uuid.UUID,
    rep: uuid.UUID,
    kind: str,
    reason: str,
    *,
    serious: bool = False,
    visit_id: uuid.UUID | None = None,
) -> Act:
    """Put a breach of conduct on record 行为记录 (SF-D-03, 05, 06, 09, 27, 47).

    What the regulation says follows is in the outcome's ``proposed``; nothing is deducted.
    """
    if not reason.strip():
        raise UserError(_("Please give a reason."), field="reason")
    fields: dict[str, object] = {
        "rep": str(rep),
        "kind": kind,
        "serious": serious,
        "by": s.actor.name,
        "reason": reason.strip(),
    }
    if visit_id is not None:
        fields["visit"] = str(visit_id)
    return live.act(s, unit_id, "conduct", fields, reason=reason.strip())
