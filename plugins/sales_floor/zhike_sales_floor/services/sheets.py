"""Sheets, filled in: 业绩分配单, 争议裁定单; and the words that registers share with pages."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    _,
    clock,
    decisions,
    forms,
    organisation,
    policies,
)
from zhike_sales_floor import documents, words
from zhike_sales_floor.models import (
    Deal,
    Ruling,
    Visit,
)
from zhike_sales_floor.services import customers, deals, live
from zhike_sales_floor.services.names import names_for


def visitor_name(visit: Visit) -> str:
    """The visitors' names, or the number of the party that day."""
    return visit.label or _("Visitor no. %(n)s", n=visit.number)


def receiver_words(visit: Visit, names: Mapping[uuid.UUID, str]) -> str:
    """Who received; where a reception was out of turn, who took it and how that was reported."""
    name = names.get(visit.staff_id, "") if visit.staff_id else ""
    if not visit.flag:
        return name
    kind = _(words.FLAGS.get(visit.flag["kind"], visit.flag["kind"]))
    offender = str(visit.flag.get("offender", ""))
    if offender in ("", str(visit.staff_id)):
        return f"{name}({kind})"
    return f"{name}({names.get(uuid.UUID(offender), '')}:{kind})"


def passed_words(visit: Visit, names: Mapping[uuid.UUID, str]) -> str:
    """Whom the pointer stepped over, and what that did."""
    return "；".join(
        f"{names.get(uuid.UUID(one['rep']), '')} {_(words.PASS_EFFECTS.get(one['effect'], ''))}"
        for one in visit.passed
        if one["effect"] != "none"
    )


def ticket_words(visit: Visit, names: Mapping[uuid.UUID, str]) -> str:
    """Tickets issued and used with this visit."""
    how = {"issued": _("issued"), "used": _("used")}
    return "；".join(
        f"{how.get(one['how'], '')} {names.get(uuid.UUID(one['rep']), '')}"
        f"({_(words.TICKET_KINDS.get(one['kind'], one['kind']))})"
        for one in visit.tickets
    )


def clause_words(s: CompanySession, rules: Sequence[str], version_id: uuid.UUID | None) -> str:
    """Rules as the numbers of the company's clauses, as the version has them."""
    if version_id is None:
        return "、".join(rules)
    policy = policies.resolved_version(s, version_id).policy
    numbers = []
    for rule in rules:
        clause = policy.clause(rule)
        numbers.append(clause.number if clause else rule)
    return _("clause %(n)s", n="、".join(dict.fromkeys(numbers))) if numbers else ""


# -- credit sheet and ruling ------------------------------------------------------------------


@dataclass(frozen=True)
class ShareLine:
    """A share of a deal with the company's clauses behind it."""

    staff_id: uuid.UUID | None
    performance: int
    commission: int
    clauses: str


def shares_with_clauses(s: CompanySession, deal: Deal) -> list[ShareLine]:
    """The standing shares of a deal, each with the numbers of its clauses."""
    version = deal.policy_version_id
    return [
        ShareLine(
            share.staff_id,
            share.performance,
            share.commission,
            clause_words(s, share.rules, version),
        )
        for share in deals.shares_of(s, deal.id)
    ]


def credit_sheet(s: CompanySession, deal: Deal) -> tuple[forms.Form, forms.FormData]:
    """业绩分配单 (SFF-64): both vectors, the clauses and what each did in this deal."""
    names = organisation.staff_names(s)
    customer = names_for(s, [deal.customer_id]).get(str(deal.customer_id), "")
    clauses: list[dict[str, Any]] = []
    policy = ""
    if deal.decision_id is not None:
        row = decisions.get(s, deal.decision_id)
        told = decisions.explain(s, row, names=names_for(s, _ids(row)))
        policy = f"{told.policy} v{told.version}"
        rest = words.effects(told.sentences, len(told.lines))
        clauses = [
            {
                "number": _("clause %(n)s", n=line.number) if line.number else line.rule,
                "text": line.clause,
                "effect": rest[place],
            }
            for place, line in enumerate(told.lines)
        ]
    shares = [
        {
            "rep": names.get(line.staff_id, "") if line.staff_id else _("department"),
            "performance": line.performance,
            "commission": line.commission,
            "rules": line.clauses,
        }
        for line in shares_with_clauses(s, deal)
    ]
    data = forms.FormData(
        values={
            "customer": customer,
            "property": deal.property,
            "amount": deal.amount_fen,
            "closed": deal.closed_at,
            "state": _(words.DEAL_STEPS[deals.step_of(deal)][0]),
            "policy": policy,
        },
        rows={"shares": shares, "clauses": clauses},
        number=deal.number,
        tz=live.tz_of(s, deal.unit_id),
        mark="作废" if deal.state == "refunded" else "",
        printed_at=clock.now(),
    )
    return documents.CREDIT, data


def _ids(row: Any) -> set[uuid.UUID]:
    from zhike_sales_floor.services.names import ids_in

    return ids_in([row.inputs, row.outcome, row.cites])


def rulings_of(s: CompanySession, customer_id: uuid.UUID) -> list[Ruling]:
    """The rulings about a customer and his deals, newest first."""
    return list(
        s.scalars(
            select(Ruling).where(Ruling.customer_id == customer_id).order_by(Ruling.at.desc())
        )
    )


def ruling_sheet(s: CompanySession, ruling: Ruling) -> tuple[forms.Form, forms.FormData]:
    """争议裁定单 (SFF-65)."""
    names = organisation.staff_names(s)
    shares = ruling.outcome.get("shares", {})
    owner = ruling.outcome.get("owner")
    parties_ = [*shares, *([owner] if owner else [])]
    outcome = "、".join(
        f"{names.get(uuid.UUID(who), '')} {part / 100:g}%" for who, part in shares.items()
    )
    if owner:
        outcome = _("Owner: %(name)s", name=names.get(uuid.UUID(owner), ""))
    unit = organisation.tree(s).units.get(ruling.unit_id)
    data = forms.FormData(
        values={
            "site": unit.name if unit else "",
            "at": ruling.at,
            "subject": names_for(s, [ruling.customer_id] if ruling.customer_id else []).get(
                str(ruling.customer_id), ""
            ),
            "parties": "、".join(names.get(uuid.UUID(who), "") for who in parties_),
            "facts": ruling.facts,
            "outcome": outcome,
            "reason": f"{ruling.reason}({ruling.by})",
        },
        tz=live.tz_of(s, ruling.unit_id),
        printed_at=clock.now(),
    )
    return documents.RULING, data


# -- exports ----------------------------------------------------------------------------------


def customer_rows(
    s: CompanySession, unit_id: uuid.UUID, f: customers.Filter
) -> Iterator[dict[str, Any]]:
    """Every customer that matches, page by page, so that memory stays flat."""
    names = organisation.staff_names(s)
    after = ""
    while True:
        found = customers.list_page(s, unit_id, f, after=after, limit=500)
        for line in found.lines:
            yield {
                "name": line.name,
                "phone": line.phone,
                "owner": names.get(line.owner_id, "") if line.owner_id else "",
                "grade": line.grade,
                "stage": _(words.STAGES.get(line.stage, (line.stage, ""))[0]),
                "first_visit_on": line.first_visit_on,
                "last_contact_on": line.last_contact_on,
                "protected_until": line.protected_until,
                "follow_up_on": line.follow_up_on,
                "follow_up_note": line.follow_up_note,
            }
        after = found.after
        if not after or not found.lines:
            return
