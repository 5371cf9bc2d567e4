"""Who is paid and ranked for a deal under the twelve rules: order of decision at closing (4.1).

Both vectors are always equal here (CV-5).
"""

from __future__ import annotations

from collections.abc import Iterable

from zhike.rules import FULL, days_between, equal_split, share_part
from zhike.rules.shares import combine
from zhike_sales_floor.rules.case import Case, Credit, CreditRule
from zhike_sales_floor.rules.relations import is_immediate
from zhike_sales_floor.rules.state import DEPARTMENT, Customer, Owning, VisitNote


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


def kin(case: Case, key: str = "owner.immediate_relations") -> list[str]:
    """The signer and everybody tied to him by proven immediate relations logged before he signed.

    ``key`` is the parameter that says which relations are immediate.

    Relations carry on from one to the next: mother and father of one son are one family here.
    """
    limit = case.deal.signed_seq or case.deal.seq
    wanted = case.d.param(key) or ()
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


P12: tuple[CreditRule, ...] = (ruling, relatives, referral_pair, owner_takes_all)
"""Order of decision at closing under the twelve rules; owners are found inside (CV-9)."""
