"""What a dispute is judged by: the log in order of time, and what the regulation would say."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    LedgerLine,
    RecordRef,
    UserError,
    _,
    clock,
    policies,
)
from zhike.rules import Decision, Policy
from zhike_sales_floor import words
from zhike_sales_floor.models import Customer, Deal, Floor, FloorEvent, Visit
from zhike_sales_floor.models_cases import Docket, DocketParty
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.settling import compute
from zhike_sales_floor.rules.state import Deal as DealFacts
from zhike_sales_floor.rules.state import State
from zhike_sales_floor.services import asking, live, record
from zhike_sales_floor.services.asking import Told


@dataclass(frozen=True)
class Fact:
    """One thing on record about the customer.

    text     what people wrote about it, for those who may read it.
    visit    the visit it links to; why: the decision behind it.
    stated   the instant as people stated it, where it was entered later.
    """

    at: datetime
    kind: str
    title: str
    who: str = ""
    text: str = ""
    visit: uuid.UUID | None = None
    why: uuid.UUID | None = None
    stated: datetime | None = None


@dataclass(frozen=True)
class Proposal:
    """What the credit would be: as the log stands (no party), or were a party's claim true.

    refused  why the engine can say nothing about it.
    """

    party: uuid.UUID | None
    told: Told | None
    refused: str = ""


#: Lines of the ledger that say who looked at a customer or changed what stands in the record.
_LEDGER = ("core.party.reveal", "sales_floor.corrected", "sales_floor.customer_opened")


def timeline(s: CompanySession, row: Docket, names: Mapping[uuid.UUID, str]) -> list[Fact]:
    """Everything on record about the customer, the oldest first: receptions, contacts, relations,
    reports, rulings, deals, merges, and who unmasked or corrected the record."""
    found = record.record(s, row.customer_id)
    facts = [_visit(one, names) for one in found.visits]
    for one in found.contacts:
        if one.kind == "visit" and one.source == live.PLUGIN:
            continue
        late = (one.recorded_at - one.occurred_at).total_seconds() > 60
        facts.append(
            Fact(
                one.recorded_at,
                "note",
                _(words.CONTACT_KINDS.get(one.kind, one.kind))
                + ("" if one.answered else f"（{_('not reached')}）"),
                names.get(one.staff_id, "") if one.staff_id else "",
                one.note,
                stated=one.occurred_at if late else None,
            )
        )
    facts += [_event(event, names) for event in _events(s, found.customer)]
    facts += _looked(s, found.customer, [deal.id for deal in found.deals])
    return sorted(facts, key=lambda fact: fact.at)


def _visit(visit: Visit, names: Mapping[uuid.UUID, str]) -> Fact:
    state = _(words.VISIT_STATES[visit.state][0])
    kind = _(words.VISIT_KINDS.get(visit.kind, visit.kind))
    title = _("Visit: %(state)s", state="，".join(part for part in (kind, state) if part))
    rep = names.get(visit.staff_id, "") if visit.staff_id else ""
    due = names.get(visit.due_id, "") if visit.due_id else ""
    if due and rep and due != rep:
        rep = _("%(rep)s, though %(due)s was due", rep=rep, due=due)
    return Fact(visit.arrived_at, "act", title, rep, visit.need, visit.id, visit.decision_id)


def _events(s: CompanySession, customer: Customer) -> Sequence[FloorEvent]:
    """Acts on the floor that the customer's facts name, but receptions, which are visits."""
    facts = customer.facts
    seqs = {
        entry.get("seq", 0)
        for name in ("owning", "relations", "rulings", "deals", "merges")
        for entry in facts.get(name, ())
    }
    known = select(FloorEvent).where(
        FloorEvent.unit_id == customer.unit_id,
        FloorEvent.seq.in_(sorted(seqs - {0})),
        FloorEvent.verb.not_in(("arrive", "assign", "end")),
    )
    flagged = select(FloorEvent).where(
        FloorEvent.unit_id == customer.unit_id,
        FloorEvent.verb.in_(("flag", "take_over", "confirm_fault", "void")),
        FloorEvent.seq >= min(seqs - {0}, default=0),
        FloorEvent.body["customer"].as_string() == str(customer.id),
    )
    rows = {row.id: row for row in (*s.scalars(known), *s.scalars(flagged.limit(200)))}
    return list(rows.values())


def _event(event: FloorEvent, names: Mapping[uuid.UUID, str]) -> Fact:
    verb = words.act_of(event.body)
    title = _(words.VERBS.get(verb, verb))
    owner = event.outcome.get("owner")
    if owner:
        title = _(
            "%(what)s; owner: %(name)s", what=title, name=names.get(uuid.UUID(str(owner)), "")
        )
    who = str(event.body.get("by") or event.body.get("reporter") or event.actor.get("name", ""))
    reason = str(event.body.get("reason", ""))
    if verb == "leave":
        reason = ""
    late = abs((event.recorded_at - event.occurred_at).total_seconds()) > 60
    return Fact(
        event.recorded_at,
        "decision",
        title,
        who,
        reason,
        why=event.decision_id,
        stated=event.occurred_at if late else None,
    )


def _looked(s: CompanySession, customer: Customer, deals: Sequence[uuid.UUID]) -> list[Fact]:
    objects = [str(RecordRef(live.PLUGIN, "customer", customer.id))]
    objects += [str(RecordRef(live.PLUGIN, "deal", one)) for one in deals]
    if customer.party_id is not None:
        objects.append(str(RecordRef("core", "party", customer.party_id)))
    titles = {
        "core.party.reveal": _("Phone number seen in full"),
        "sales_floor.corrected": _("Entry corrected"),
    }
    lines = s.scalars(
        select(LedgerLine)
        .where(LedgerLine.object.in_(objects), LedgerLine.action.in_(list(titles)))
        .order_by(LedgerLine.seq.desc())
        .limit(100)
    )
    return [
        Fact(line.at, "system", titles[line.action], line.actor_name, line.reason) for line in lines
    ]


# -- what the regulation would say --------------------------------------------------------------
def proposals(
    s: CompanySession,
    row: Docket,
    parties: Sequence[DocketParty],
    *,
    clear: Collection[uuid.UUID] | None = None,
) -> list[Proposal]:
    """The credit as the log stands, and what it would be if each party were right.

    For a dispute without a deal: were the customer to sign now. What was ruled in this docket
    before is left out, so that an appeal sees what the regulation itself says. ``clear`` as in
    :func:`zhike_sales_floor.services.asking.tell`.
    """
    deal = s.find(Deal, row.deal_id)
    pinned = deal.policy_version_id if deal is not None else None
    found = [_answer(s, row, pinned, None, (), clear)]
    for party in parties:
        if party.claim in ("", "nothing"):
            continue
        if party.claim == "share":
            found.append(_shared(found[0], party))
            continue
        found.append(_answer(s, row, pinned, party.staff_id, _supposed(s, row, party), clear))
    return found


def _supposed(
    s: CompanySession, row: Docket, party: DocketParty
) -> Sequence[tuple[str, Mapping[str, str]]]:
    customer = str(row.customer_id)
    if party.claim == "owner":
        fields = {"customer": customer, "owner": str(party.staff_id), "by": "–", "reason": "–"}
        return (("ruling", fields),)
    visit = s.find(Visit, row.visit_id)
    fields = {
        "customer": customer,
        "kind": "poach",
        "rightful": str(party.staff_id),
        "reporter": "–",
        "reason": "–",
    }
    if visit is not None:
        fields["visit"] = str(visit.id)
        if visit.staff_id is not None:
            fields["offender"] = str(visit.staff_id)
    return (("flag", fields),)


def _answer(
    s: CompanySession,
    row: Docket,
    pinned: uuid.UUID | None,
    party: uuid.UUID | None,
    supposed: Sequence[tuple[str, Mapping[str, str]]],
    clear: Collection[uuid.UUID] | None,
) -> Proposal:
    base = ("commission_paid", {"customer": str(row.customer_id)})
    try:
        if supposed:
            asked = asking.ask(s, row.unit_id, supposed, pinned=pinned)
            state, policy = asked.state, asked.policy
        else:
            state, policy = _as_it_stands(s, row, pinned)
        state, _rows = live.with_facts(
            s, state, {"at": state.floor.now, "event": base[0], **base[1]}
        )
        decision = _credit(s, row, state, policy)
    except UserError as error:
        return Proposal(party, None, str(error))
    return Proposal(party, asking.tell(s, decision, policy, clear=clear))


def _as_it_stands(s: CompanySession, row: Docket, pinned: uuid.UUID | None) -> tuple[State, Policy]:
    known = s.require(Floor, row.unit_id)
    resolved = (
        policies.resolved_version(s, pinned)
        if pinned
        else policies.in_force(s, live.PLUGIN, row.unit_id, clock.now())
    )
    return State(live.load_floor(known), {}, resolved.policy), resolved.policy


def _credit(s: CompanySession, row: Docket, state: State, policy: Policy) -> Decision:
    """The credit of the deal, or of one signed now, without what this docket has ruled."""
    own = {
        ruling["seq"] for ruling in (row.ruling, row.appeal_ruling) if ruling and ruling.get("seq")
    }
    key = str(row.customer_id)
    facts = state.customers[key]
    facts = replace(facts, rulings=tuple(one for one in facts.rulings if one.seq not in own))
    at = live.local_text(clock.now(), live.tz_of(s, row.unit_id))
    d = Draft(state.with_customer(facts), max(at, state.floor.now))
    deal = facts.deal(str(row.deal_id)) if row.deal_id is not None else None
    if deal is None or not deal.closed:
        deal = replace(
            deal or DealFacts(str(row.deal_id or key), d.at, d.seq),
            at=d.at,
            seq=d.seq,
            signed_seq=d.seq,
            closed=True,
        )
    credit = compute(d, key, deal)
    outcome = {"deal": deal.id, "customer": key, **credit.to_json()}
    return Decision("credit", deal.id, outcome, credit.cites, d.at)


def _shared(base: Proposal, party: DocketParty) -> Proposal:
    """The share a party asks for, the rest to those who have it now."""
    if base.told is None:
        return Proposal(party.staff_id, None, base.refused)
    rest = 10_000 - party.share
    others = {
        who: part for who, part in base.told.performance.items() if who != str(party.staff_id)
    }
    total = sum(others.values())
    shares = {str(party.staff_id): party.share}
    for who, part in others.items():
        shares[who] = part * rest // total if total else 0
    if others:
        shares[next(iter(others))] += 10_000 - sum(shares.values())
    return Proposal(party.staff_id, Told("", (), shares, shares))
