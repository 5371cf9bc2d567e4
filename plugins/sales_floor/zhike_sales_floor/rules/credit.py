"""Who is paid and ranked for a deal: the order of decision at closing (4.1), P12.

Credit is computed from the log at the closing, and again when something named in the rules changes
it before the commission is paid: a second closing of the same date (SF-A-09d), a poaching found
late (SF-A-08), a ruling. Under P12 both vectors are always equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from zhike.rules import FULL, Cite, days_between, equal_split, share_part
from zhike.rules.shares import combine
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.relations import is_immediate
from zhike_sales_floor.rules.state import DEPARTMENT, Customer, Deal, Owning, VisitNote


@dataclass(frozen=True, slots=True)
class Credit:
    """Both vectors of a deal, in basis points, and the rules behind them; empty while pending."""

    performance: dict[str, int]
    commission: dict[str, int]
    cites: tuple[Cite, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """``{"performance": …, "commission": …}``, with ``pending`` where nobody is named."""
        data: dict[str, Any] = {
            "performance": dict(self.performance),
            "commission": dict(self.commission),
        }
        if not self.performance:
            data["pending"] = True
        return data


@dataclass(slots=True)
class Case:
    """One deal being decided, and what the rules found out so far."""

    d: Draft
    customer: Customer
    deal: Deal
    cites: list[Cite] = field(default_factory=list)

    def cite(self, rule: str, effect: str, **facts: Any) -> None:
        """Note a rule that bears on this deal."""
        self.cites.append(Cite(rule, effect, facts))

    def both(self, shares: dict[str, int]) -> Credit:
        """The same shares in both vectors."""
        return Credit(shares, dict(shares), tuple(self.cites))

    def owner(self, customer_id: str) -> Owning | None:
        """The current owner of a customer at this closing, whatever was logged later (CV-9)."""
        return self.d.customer(customer_id).owner_at(self.deal.seq)

    def owners(self, customers: Iterable[str]) -> list[str]:
        """Distinct owners, the signer's first, the others by first reception (CV-6)."""
        order: list[tuple[bool, int, str]] = []
        for customer_id in customers:
            entry = self.owner(customer_id)
            first = self.d.customer(customer_id).first
            if entry is not None and first is not None:
                order.append((customer_id != self.customer.id, first.seq, entry.rep))
        return list(dict.fromkeys(rep for _signer, _seq, rep in sorted(order)))


CreditRule = Callable[[Case], Credit | None]


def ruling(case: Case) -> Credit | None:
    """A manager's ruling, or a forfeit to the department (SF-D-41, borrowed), for this deal."""
    for made in reversed(case.customer.rulings):
        if made.deal and made.deal != case.deal.id:
            continue
        if made.forfeit:
            if not case.d.param("split.quarrel_to_department"):
                case.cite("SF-D-41", "quarrel_without_effect", reason=made.reason)
                continue
            case.cite("SF-D-41", "to_department", reason=made.reason)
            return case.both({DEPARTMENT: FULL})
        case.cite("SF-D-41", "ruling", by=made.by, reason=made.reason)
        return Credit(dict(made.performance), dict(made.commission), tuple(case.cites))
    return None


def relatives(case: Case) -> Credit | None:
    """SF-A-10: batches of relatives, overlapping or one after the other; friends change nothing."""
    family = kin(case)
    together = overlapping(case, family)
    if len(together) > 1 and case.d.param("split.relatives") == "equal":
        owners = case.owners(together)
        if owners and case.owner(case.customer.id) is not None:
            case.cite("SF-A-10a", "pooled", customers=together, owners=owners)
            _cite_chain(case, together)
            return case.both(equal_split(owners))
    apart = _came_apart(case, family)
    if len(apart) > 1 and len(together) == 1:
        return _one_after_another(case, apart)
    _cite_friends(case)
    return None


def _came_apart(case: Case, family: list[str]) -> list[str]:
    """The signer and those relatives who came, and never in one party with him (09, not 10)."""
    mine = {note.visit for note in _batches(case.customer, case.deal.seq)}
    apart = [case.customer.id]
    for person in family[1:]:
        theirs = {note.visit for note in _batches(case.d.customer(person), case.deal.seq)}
        if case.owner(person) is not None and not theirs & mine:
            apart.append(person)
    return apart


def _one_after_another(case: Case, family: list[str]) -> Credit | None:
    policy = case.d.param("owner.sequential_relatives_policy")
    facts = {"param": "owner.sequential_relatives_policy", "value": policy, "customers": family}
    owners = case.owners(family)
    if policy == "equal_split" and owners:
        case.cite("SF-A-10", "sequential_equal", **facts)
        return case.both(equal_split(owners))
    if policy == "family_first_receiver":
        seen = [case.d.customer(person) for person in family]
        first = min(
            (facts_ for facts_ in seen if facts_.first is not None and case.owner(facts_.id)),
            key=lambda facts_: facts_.first.seq if facts_.first is not None else 0,
            default=None,
        )
        entry = case.owner(first.id) if first is not None else None
        if entry is not None and first is not None:
            case.cite("SF-A-10", "sequential_first", first=first.id, owner=entry.rep, **facts)
            return case.both({entry.rep: FULL})
    case.cite("SF-A-10", "sequential_own", **facts)
    return None


def kin(case: Case) -> list[str]:
    """The signer and everybody tied to him by proven immediate relations logged before he signed.

    Relations carry on from one to the next: mother and father of one son are one family here.
    """
    limit = case.deal.signed_seq or case.deal.seq
    wanted = case.d.param("owner.immediate_relations") or ()
    found, todo = [case.customer.id], [case.customer.id]
    while todo:
        for relation in case.d.customer(todo.pop()).relations:
            known = relation.other in found
            if known or not relation.proven or relation.seq > limit:
                continue
            if is_immediate(relation.kind, wanted):
                found.append(relation.other)
                todo.append(relation.other)
    return found


def _batches(facts: Customer, limit: int) -> list[VisitNote]:
    return [n for n in facts.visits if n.seq <= limit and not n.void and (n.rep or n.end == "")]


def overlapping(case: Case, family: list[str]) -> list[str]:
    """Those of the family whose batch was on the floor together with another of its batches.

    Starting from the signer; who came as one party with somebody is not another batch (09, not 10).
    """
    notes = {p: _batches(case.d.customer(p), case.deal.seq) for p in family}
    found, todo = [case.customer.id], [case.customer.id]
    while todo:
        here = notes[todo.pop()]
        for person in family:
            if person not in found and any(
                _at_once(one, two) for one in here for two in notes[person]
            ):
                found.append(person)
                todo.append(person)
    return found


def _at_once(one: VisitNote, two: VisitNote) -> bool:
    """Whether two different visits were on the floor at overlapping times."""
    if one.visit == two.visit:
        return False
    if one.at == two.at:
        return True
    return (not one.end or two.at < one.end) and (not two.end or one.at < two.end)


def _cite_friends(case: Case) -> None:
    others = [r for r in case.customer.relations if r.seq <= case.deal.seq]
    late = case.deal.signed_seq or case.deal.seq
    for relation in case.customer.relations:
        immediate = is_immediate(relation.kind, case.d.param("owner.immediate_relations") or ())
        if immediate and (relation.seq > late or not relation.proven):
            case.cite("SF-A-10", "unproven_in_time", other=relation.other, kind=relation.kind)
        elif not immediate and relation in others:
            case.cite("SF-A-10b", "other_relation", other=relation.other, kind=relation.kind)


def referral_pair(case: Case) -> Credit | None:
    """SF-A-09c, d, e: an old customer brought a new one, and when each of them closes."""
    partners = []
    for link in case.customer.links:
        if link.seq > case.deal.seq:
            continue
        mine, theirs = case.owner(case.customer.id), case.owner(link.other)
        if mine is None or theirs is None:
            continue
        facts = {"other": link.other, "brought": link.role == "brought"}
        if link.closed_before:
            if link.role == "brought_by":
                case.cite("SF-A-09c", "closed_before", **facts)
            continue
        if mine.rep == theirs.rep:
            continue
        if _same_time(case, link.other) and case.d.param("split.referral_simultaneous") == "equal":
            partners.append(link.other)
            case.cite("SF-A-09d", "pooled", owners=[mine.rep, theirs.rep], **facts)
        else:
            case.cite("SF-A-09e", "each_own", **facts)
    if not partners:
        return None
    everyone = [case.customer.id, *partners]
    _cite_chain(case, everyone)
    return case.both(equal_split(case.owners(everyone)))


def _same_time(case: Case, other: str) -> bool:
    days = int(case.d.param("owner.simultaneous_closing_days") or 0)
    return any(
        deal.closed
        and not (deal.reversed and deal.reversed <= case.deal.at)
        and abs(days_between(deal.at, case.deal.at)) <= days
        for deal in case.d.customer(other).deals
    )


def owner_takes_all(case: Case) -> Credit | None:
    """The current owner 100, less the shares a company may have given to others (all 0 in P12)."""
    entry = case.owner(case.customer.id)
    if entry is None:
        return None
    _cite_chain(case, [case.customer.id])
    parts: list[dict[str, int]] = []
    if entry.cause == "takeover" and entry.former:
        parts.append({entry.former: int(case.d.param("split.takeover")[1])})
    if entry.cause == "lapse" and entry.former and entry.former != entry.rep:
        parts.append({entry.former: int(case.d.param("split.lapsed_owner") or 0)})
    helpers = _helpers(case, entry.rep)
    share = int(case.d.param("split.helper") or 0)
    if helpers:
        case.cite("SF-A-06", "helpers", helpers=helpers, share=share, param="split.helper")
        parts.append(share_part(share, helpers))
    given = combine(*parts)
    given.pop(entry.rep, None)
    if sum(given.values()) > FULL:
        given = {}
    return case.both(combine({entry.rep: FULL - sum(given.values())}, given))


def _helpers(case: Case, owner: str) -> list[str]:
    """Distinct reps who helped with this customer before the closing, without the owner."""
    notes = [n for n in case.customer.visits if n.seq <= case.deal.seq and not n.void]
    names = [rep for n in notes for rep in (*n.helpers, n.rep if n.kind == "assisted" else "")]
    barred = {owner, "", *case.customer.poachers}
    return [rep for rep in dict.fromkeys(names) if rep not in barred]


_CAUSE_RULES = {
    "first": ("SF-A-01", "first_receiver"),
    "given": ("SF-A-01", "owner_on_record"),
    "lapse": ("SF-A-05", "passed_by_lapse"),
    "takeover": ("SF-A-07", "passed_by_takeover"),
    "reassign": ("SF-D-39", "passed_by_draw"),
    "ruling": ("SF-D-41", "passed_by_ruling"),
    "claim": ("SF-D-41", "passed_by_claim"),
}


def _cite_chain(case: Case, customers: Iterable[str]) -> None:
    """Cite what made each of these reps the current owner (CV-9)."""
    for customer_id in customers:
        entry = case.owner(customer_id)
        if entry is None:
            continue
        facts = case.d.customer(customer_id)
        rule, effect = _CAUSE_RULES[entry.cause]
        if entry.cause == "first":
            rule = _first_rule(facts, entry)
        about = {"customer": customer_id, "owner": entry.rep, "since": entry.at}
        if entry.former and entry.former != entry.rep:
            about["former"] = entry.former
        case.cite(rule, effect, **about)
        if entry.poacher:
            case.cite("SF-A-08", "substituted", rightful=entry.rep, offender=entry.poacher)
        elif facts.poachers:
            case.cite("SF-A-08", "offender_gets_nothing", offenders=list(facts.poachers))
        _cite_since(case, facts, entry)


def _cite_since(case: Case, facts: Customer, entry: Owning) -> None:
    """Cite what happened with this customer and left the owner in place (SF-A-02, 03, 05, 06)."""
    for struck in facts.owning:
        if struck.void == "SF-A-02" and struck.visit == entry.visit:
            case.cite("SF-A-02", "struck_by_handover", former=struck.rep, customer=facts.id)
    later = [n for n in facts.visits if entry.seq < n.seq <= case.deal.seq and not n.void]
    if any(n.kind in ("old", "assisted") for n in later):
        case.cite("SF-A-05", "owner_kept", owner=entry.rep, customer=facts.id)
    if any(n.kind == "old" for n in later):
        case.cite("SF-A-03", "met_again", owner=entry.rep, customer=facts.id)


def _first_rule(facts: Customer, entry: Owning) -> str:
    """The rule under which the first reception made its receiver the owner."""
    kind = next((note.kind for note in facts.visits if note.visit == entry.visit), "new")
    if kind == "referral":
        came_along = any(link.visit == entry.visit for link in facts.links)
        return "SF-A-09a" if came_along else "SF-A-11"
    return {"named": "SF-D-07", "assisted": "SF-D-07", "event": "SF-D-40"}.get(kind, "SF-A-01")


CLOSING: dict[str, tuple[CreditRule, ...]] = {
    "P12": (ruling, relatives, referral_pair, owner_takes_all),
}
"""Order of decision at closing, by preset; current owners are found inside (CV-9)."""


def compute(d: Draft, customer_id: str, deal: Deal) -> Credit:
    """The credit of a closed deal as the log stands; empty vectors where a ruling is needed."""
    case = Case(d, d.customer(customer_id), deal)
    for rule in CLOSING[d.policy.preset]:
        found = rule(case)
        if found is not None:
            return found
    case.cite("SF-D-41", "nobody_owns", customer=customer_id)
    return Credit({}, {}, tuple(case.cites))


def settle_deal(d: Draft, customer_id: str, deal: Deal) -> Credit:
    """Compute a deal's credit and write it down; a correction is a decision of its own."""
    credit = compute(d, customer_id, deal)
    same = credit.performance == dict(deal.performance) and credit.commission == dict(
        deal.commission
    )
    if deal.rules and same:
        return credit
    was = {"performance": dict(deal.performance), "commission": dict(deal.commission)}
    rules = tuple(dict.fromkeys(cite.rule for cite in credit.cites))
    written = replace(
        deal, performance=credit.performance, commission=credit.commission, rules=rules
    )
    write_deal(d, customer_id, written)
    d.cites.extend(credit.cites)
    outcome: dict[str, Any] = {"deal": deal.id, "customer": customer_id, **credit.to_json()}
    if deal.rules:
        outcome["was"] = was
    d.decide("credit", deal.id, outcome)
    d.outcome.setdefault("deals", {})[deal.id] = credit.to_json()
    return credit


def write_deal(d: Draft, customer_id: str, deal: Deal) -> None:
    """Put a deal into its customer's facts."""
    facts = d.customer(customer_id)
    kept = tuple(deal if other.id == deal.id else other for other in facts.deals)
    d.put_customer(replace(facts, deals=kept if deal in kept else (*kept, deal)))


def recompute(d: Draft, customer_id: str, *, but: str = "") -> None:
    """Look again at every deal this customer's facts bear on, unless it is paid or reversed."""
    for person in related(d, customer_id):
        for deal in d.customer(person).deals:
            if deal.closed and not deal.reversed and not deal.paid and deal.id != but:
                settle_deal(d, person, deal)


def related(d: Draft, customer_id: str) -> list[str]:
    """The customer and everybody tied to him by relations or referrals, near and far."""
    found, todo = [customer_id], [customer_id]
    while todo:
        facts = d.customer(todo.pop())
        for other in (*(r.other for r in facts.relations), *(li.other for li in facts.links)):
            if other not in found:
                found.append(other)
                todo.append(other)
    return found
