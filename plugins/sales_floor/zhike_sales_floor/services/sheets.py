"""Registers and sheets, filled in: 轮见表, 外出登记, 来人登记表, 补接券台账, 业绩分配单."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    NotFound,
    Party,
    UserError,
    _,
    clock,
    decisions,
    forms,
    organisation,
    policies,
)
from zhike_sales_floor import documents, words
from zhike_sales_floor.models import (
    Customer,
    Day,
    Deal,
    FloorEvent,
    Outing,
    Ruling,
    Ticket,
    Visit,
)
from zhike_sales_floor.services import customers, deals, live
from zhike_sales_floor.services.names import names_for

REGISTERS: Mapping[str, forms.Form] = {
    form.code: form
    for form in (documents.ROSTER, documents.OUTINGS, documents.VISITORS, documents.TICKETS)
}


def register(s: CompanySession, code: str, unit_id: uuid.UUID, on: date) -> forms.FormData:
    """A register of one day (the ticket ledger: of thirty days up to it); NotFound for a code.

    Raises UserError for a day of no calendar that is kept here.
    """
    if on < customers.EARLIEST:
        raise UserError(_("This date lies before %(day)s.", day=customers.EARLIEST), field="day")
    if on > organisation.today(s, unit_id) + timedelta(days=366):
        raise UserError(_("This date lies in the future."), field="day")
    filled = {
        "SFF-01": _roster,
        "SFF-02": _outings,
        "SFF-03": _visitors,
        "SFF-63": _tickets,
    }.get(code)
    if filled is None:
        raise NotFound(_("There is no such register."))
    return filled(s, unit_id, on)


def _base(s: CompanySession, unit_id: uuid.UUID, on: date) -> dict[str, Any]:
    unit = organisation.tree(s).units.get(unit_id)
    return {"site": unit.name if unit else "", "day": on}


def _data(
    s: CompanySession, unit_id: uuid.UUID, values: dict[str, Any], rows: list[dict[str, Any]]
) -> forms.FormData:
    return forms.FormData(
        values=values,
        rows={"lines": rows},
        tz=live.tz_of(s, unit_id),
        printed_at=clock.now(),
    )


def _visits(s: CompanySession, unit_id: uuid.UUID, on: date) -> list[Visit]:
    return list(
        s.scalars(
            select(Visit)
            .where(Visit.unit_id == unit_id, Visit.day == on)
            .order_by(Visit.arrived_at, Visit.number)
        )
    )


def visitor_name(visit: Visit) -> str:
    """The visitors' names, or the number of the party that day."""
    return visit.label or _("Visitor no. %(n)s", n=visit.number)


def _roster(s: CompanySession, unit_id: uuid.UUID, on: date) -> forms.FormData:
    names = organisation.staff_names(s)
    visits = _visits(s, unit_id, on)
    cited = {
        row.seq: row
        for row in s.execute(
            select(FloorEvent.seq, FloorEvent.outcome, FloorEvent.policy_version_id).where(
                FloorEvent.unit_id == unit_id,
                FloorEvent.day == on,
                FloorEvent.verb == "arrive",
            )
        )
    }
    day = s.scalars(select(Day).where(Day.unit_id == unit_id, Day.day == on)).first()
    ring = [names.get(uuid.UUID(key), "") for key in (day.opening.get("ring", ()) if day else ())]
    rows = []
    for visit in visits:
        event = cited.get(visit.seq)
        rows.append(
            {
                "at": visit.arrived_at,
                "visitor": visitor_name(visit) + (_(" (goes on)") if visit.continues_id else ""),
                "due": names.get(visit.due_id, "") if visit.due_id else "",
                "rep": receiver_words(visit, names),
                "via": _how(visit),
                "passed": passed_words(visit, names),
                "tickets": ticket_words(visit, names),
                "rules": clause_words(s, event.outcome["rules"], event.policy_version_id)
                if event
                else "",
            }
        )
    return _data(s, unit_id, {**_base(s, unit_id, on), "ring": " → ".join(ring)}, rows)


def _how(visit: Visit) -> str:
    """By turn, ticket or uncounted; a visit that was voided afterwards says so."""
    if not visit.via:
        return _state(visit)
    via = _(words.VIAS.get(visit.via, visit.via))
    return f"{via}（{_state(visit)}）" if visit.state == "voided" else via


def _state(visit: Visit) -> str:
    return _(words.VISIT_STATES[visit.state][0])


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


def _outings(s: CompanySession, unit_id: uuid.UUID, on: date) -> forms.FormData:
    names = organisation.staff_names(s)
    found = s.scalars(
        select(Outing).where(Outing.unit_id == unit_id, Outing.day == on).order_by(Outing.out_at)
    )
    rows = [
        {
            "rep": names.get(row.staff_id, ""),
            "kind": _(words.OUT_REASONS.get(row.kind, row.kind)),
            "reason": _(words.OUT_REASONS[row.reason])
            if row.reason in words.OUT_REASONS
            else row.reason,
            "out": row.out_at,
            "back": row.back_at,
            "reclass": "；".join(part for part in (row.reclassed_by, row.reclass_reason) if part),
        }
        for row in found
    ]
    return _data(s, unit_id, _base(s, unit_id, on), rows)


def _visitors(s: CompanySession, unit_id: uuid.UUID, on: date) -> forms.FormData:
    names = organisation.staff_names(s)
    found: Any = s.execute(
        select(Visit, Customer, Party.name, Party.phone_masked)
        .outerjoin(Customer, Customer.id == Visit.customer_id)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(Visit.unit_id == unit_id, Visit.day == on)
        .order_by(Visit.arrived_at, Visit.number)
    ).all()
    introducers = names_for(
        s, {c.introducer_id for _v, c, _n, _p in found if c and c.introducer_id}
    )
    parts: dict[int, list[Visit]] = {}
    for visit, *_rest in found:  # a party has one number, whatever was ended by mistake
        parts.setdefault(visit.number, []).append(visit)
    rows = []
    for visit, customer, name, phone in found:
        if visit.continues_id:
            continue
        receptions = parts[visit.number]
        before = bool(customer and customer.first_visit_on and customer.first_visit_on < on)
        rows.append(
            {
                "at": visit.arrived_at,
                "name": name or visitor_name(visit),
                "phone": phone or "",
                "before": before or visit.kind in ("old", "lapsed"),
                "earlier": names.get(customer.first_rep_id, "") if customer and before else "",
                "source": visit.source,
                "introducer": introducers.get(str(customer.introducer_id), "")
                if customer and customer.introducer_id
                else "",
                "relation": visit.relation,
                "need": next((one.need for one in reversed(receptions) if one.need), ""),
                "grade": next((one.grade for one in reversed(receptions) if one.grade), "")
                or (customer.grade if customer else ""),
                "rep": _people(names, [one.staff_id for one in receptions]),
                "helper": _people(names, [uuid.UUID(h) for one in receptions for h in one.helpers]),
            }
        )
    return _data(s, unit_id, _base(s, unit_id, on), rows)


def _people(names: Mapping[uuid.UUID, str], ids: Sequence[uuid.UUID | None]) -> str:
    return "、".join(names.get(one, "") for one in dict.fromkeys(ids) if one)


def _tickets(s: CompanySession, unit_id: uuid.UUID, on: date) -> forms.FormData:
    names = organisation.staff_names(s)
    zone = live.tz_of(s, unit_id)
    start = on - timedelta(days=29)
    version = policies.in_force(s, live.PLUGIN, unit_id, clock.now()).version_id
    # A day more at either end: the site's own days are told apart below.
    midnight = datetime(on.year, on.month, on.day, tzinfo=UTC)
    found = s.scalars(
        select(Ticket)
        .where(
            Ticket.unit_id == unit_id,
            Ticket.issued_at >= midnight - timedelta(days=30),
            Ticket.issued_at < midnight + timedelta(days=2),
        )
        .order_by(Ticket.issued_at, Ticket.id)
    )
    rows = [
        {
            "number": row.number,
            "rep": names.get(row.staff_id, ""),
            "kind": _(words.TICKET_KINDS.get(row.kind, row.kind)),
            "issued": row.issued_at,
            "rule": clause_words(s, [row.rule] if row.rule else [], version),
            "ended": row.ended_at,
            "how": _(words.TICKET_ENDS.get(row.ended_how, row.ended_how)),
        }
        for row in found
        if start <= clock.local(row.issued_at, zone).date() <= on
    ]
    values = {**_base(s, unit_id, on), "period": f"{start.isoformat()} – {on.isoformat()}"}
    return _data(s, unit_id, values, rows)


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
            "state": _(words.DEAL_STATES[deal.state][0]),
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
