"""Two records of one person become one (合并), and can be told apart again while nothing happened.

The facts of both are put together in the order of recording. Who owns the person follows from the
same rules as ever: the first reception holds, unless a later change was lawful (the owner had been
silent for too long, or a ruling, a draw or a take-over passed the customer on). An entry that only
exists because nobody knew the person is struck out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from zhike.rules import EventInvalid, days_between, from_json, on_day, to_json
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.followup_state import joined
from zhike_sales_floor.rules.parse import Event
from zhike_sales_floor.rules.settling import recompute
from zhike_sales_floor.rules.state import Customer, Deal, Link, Merged, Owning, Relation, VisitNote
from zhike_sales_floor.rules.validity import months, valid_through

_OTHERS = ("relations", "links", "introducer")


def merge(d: Draft, event: Event) -> None:
    """Another record (``of``) is found to be this customer: its facts become his."""
    kept_id, of = event.text("customer"), tuple[str, ...](event.get("of") or ())
    if len(of) != 1 or of[0] == kept_id:
        raise EventInvalid("a merge names one other record", code="missing", field="of")
    other_id = of[0]
    kept, other = d.customer(kept_id), d.customer(other_id)
    for customer_id in (kept_id, other_id):
        _not_here(d, customer_id)
    if {note.visit for note in kept.visits} & {note.visit for note in other.visits}:
        raise d.refuse("together", "of", who=other_id, what=kept_id)
    was = {kept_id: to_json(kept), other_id: to_json(other)}
    others = {}
    for facts in _everybody(d, but=(kept_id, other_id)):
        after = _repointed(facts, other_id, kept_id)
        if after != facts:
            others[facts.id] = _told(facts)
            d.put_customer(after)
    whole = _union(kept, other)
    owning = _chain(d, whole, kept.owning, other.owning)
    d.put_customer(replace(whole, owning=owning))
    d.put_customer(Customer(other_id, merged_into=kept_id))
    d.cite("SF-D-41", "merged", by=event.text("by"), reason=event.text("reason"))
    owner = d.customer(kept_id).owner
    if owner != kept.owner:
        d.owners[kept_id] = owner or None
    outcome = {"customer": kept_id, "other": other_id, "owner": owner}
    d.outcome["merged"] = {**outcome, "owners": [kept.owner, other.owner]}
    d.decide("merge", kept_id, outcome)
    recompute(d, kept_id)
    facts = d.customer(kept_id)
    made = Merged(other_id, d.at, d.seq, was, others, fingerprint(facts))
    d.put_customer(replace(facts, merges=(*facts.merges, made)))


def unmerge(d: Draft, event: Event) -> None:
    """The latest merge was a mistake: both records are again what they were before it.

    Refused once anything has happened to the customer since, because nobody can say to which of
    the two it belongs; :func:`in_the_way` names it.
    """
    kept_id = event.text("customer")
    facts = d.customer(kept_id)
    if not facts.merges:
        raise d.refuse("not_merged", "customer", who=kept_id)
    made = facts.merges[-1]
    _not_here(d, kept_id)
    if in_the_way(facts, made) or any(
        _repointed(_restored(d.customer(key), told), made.other, kept_id) != d.customer(key)
        for key, told in made.others.items()
    ):
        raise d.refuse("happened_since", "customer", who=kept_id)
    before = {deal.id: deal for deal in facts.deals}
    for key, stated in made.was.items():
        d.put_customer(from_json(Customer, stated))
        d.owners[key] = d.customer(key).owner or None
    for key, told in made.others.items():
        d.put_customer(_restored(d.customer(key), told))
    d.cite("SF-D-41", "unmerged", by=event.text("by"), reason=event.text("reason"))
    d.outcome["unmerged"] = made.other
    d.decide("unmerge", kept_id, {"customer": kept_id, "other": made.other})
    for key in made.was:
        for deal in d.customer(key).deals:
            _credit_back(d, key, before[deal.id], deal)
    for key in made.was:
        recompute(d, key)


def _credit_back(d: Draft, customer_id: str, was: Deal, now: Deal) -> None:
    """Say that a deal's credit is again what it was before the merge."""
    if (was.performance, was.commission) == (now.performance, now.commission):
        return
    shares = {"performance": dict(now.performance), "commission": dict(now.commission)}
    d.outcome.setdefault("deals", {})[now.id] = {**shares, "rules": list(now.rules)}
    d.cite("SF-D-41", "credit_back", deal=now.id)
    told = {"performance": dict(was.performance), "commission": dict(was.commission)}
    d.decide("credit", now.id, {"deal": now.id, "customer": customer_id, **shares, "was": told})


def parts(facts: Customer) -> set[str]:
    """Whom undoing the latest merge of this customer touches."""
    if not facts.merges:
        return set()
    return {*facts.merges[-1].was, *facts.merges[-1].others}


def fingerprint(facts: Customer) -> str:
    """What the facts are, in short; earlier merges left out."""
    plain = json.dumps(to_json(replace(facts, merges=())), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


def in_the_way(facts: Customer, made: Merged) -> tuple[str, ...]:
    """What has happened since a merge, as words: owning, visits, deals, rulings, relations, links,
    contacts, or other; nothing where it can be undone."""
    if fingerprint(facts) == made.after:
        return ()
    found = [
        name
        for name in ("owning", "visits", "deals", "rulings", "relations", "links")
        if any(entry.seq > made.seq for entry in getattr(facts, name))
    ]
    late = [at for at in facts.contacts.values() if at > made.at]
    return tuple(found) or (("contacts",) if late else ("other",))


# --- putting together -----------------------------------------------------------------------------
def _not_here(d: Draft, customer_id: str) -> None:
    for visit in d.visits.values():
        if customer_id in (*visit.customers, visit.introducer):
            raise d.refuse("already_here", "customer", who=customer_id)


def _everybody(d: Draft, *, but: Iterable[str]) -> list[Customer]:
    known = {**d.base.customers, **d.customers}
    return [known[key] for key in sorted(known) if key not in but]


def _union(kept: Customer, other: Customer) -> Customer:
    """The facts of both but for who owns: lists by order of recording, contacts the later one."""
    values: dict[str, Any] = {}
    for spec in fields(Customer):
        one, two = getattr(kept, spec.name), getattr(other, spec.name)
        if isinstance(one, tuple):
            values[spec.name] = _in_order((*one, *two))
        elif isinstance(one, Mapping):
            later = {key: max(one[key], two[key]) for key in one.keys() & two.keys()}
            values[spec.name] = {**two, **one, **later}
        else:
            values[spec.name] = one or two
    whole = replace(Customer(kept.id), **values)
    together = joined(kept.follow_up, other.follow_up)
    whole = replace(whole, id=kept.id, merges=kept.merges, merged_into="", follow_up=together)
    return _repointed(whole, other.id, kept.id)


def _in_order(entries: Iterable[Any]) -> tuple[Any, ...]:
    found = list(dict.fromkeys(entries)) if all(isinstance(e, str) for e in entries) else entries
    return tuple(sorted(found, key=lambda e: (getattr(e, "seq", 0), getattr(e, "at", ""))))


def _repointed(facts: Customer, old: str, new: str) -> Customer:
    """The facts with one record named instead of another; nobody is tied to himself."""
    relations: dict[tuple[str, str], Relation] = {}
    for tie in facts.relations:
        named = replace(tie, other=new) if tie.other == old else tie
        known = relations.get((named.other, named.kind))
        if named.other != facts.id and (known is None or (named.proven and not known.proven)):
            relations[named.other, named.kind] = named
    links: dict[tuple[str, str, str], Link] = {}
    for link in facts.links:
        moved = replace(link, other=new) if link.other == old else link
        if moved.other != facts.id:
            links.setdefault((moved.role, moved.other, moved.visit), moved)
    introducer = new if facts.introducer == old else facts.introducer
    visits = tuple(
        replace(note, party=tuple(new if one == old else one for one in note.party))
        if old in note.party
        else note
        for note in facts.visits
    )
    return replace(
        facts,
        relations=tuple(relations.values()),
        links=tuple(links.values()),
        introducer="" if introducer == facts.id else introducer,
        visits=visits,
    )


def _told(facts: Customer) -> dict[str, Any]:
    """What a customer's facts say of others, to be put back."""
    plain = to_json(facts)
    parties = {note.visit: list(note.party) for note in facts.visits if note.party}
    return {**{name: plain.get(name) for name in _OTHERS}, "parties": parties}


def _restored(facts: Customer, told: Mapping[str, Any]) -> Customer:
    """The facts with what they said of others put back as it was."""
    parties = told["parties"]
    visits: tuple[VisitNote, ...] = tuple(
        replace(note, party=tuple(parties[note.visit])) if note.visit in parties else note
        for note in facts.visits
    )
    return replace(
        facts,
        relations=tuple(from_json(Relation, one) for one in told["relations"] or ()),
        links=tuple(from_json(Link, one) for one in told["links"] or ()),
        introducer=told["introducer"] or "",
        visits=visits,
    )


# --- whose customer it is -------------------------------------------------------------------------
def _chain(
    d: Draft, whole: Customer, one: tuple[Owning, ...], two: tuple[Owning, ...]
) -> tuple[Owning, ...]:
    """Both chains as one: what could not have happened, had the person been known, is struck."""
    made: list[Owning] = []
    holder: Owning | None = None
    for entry in _in_order((*one, *two)):
        if entry.void:
            made.append(entry)
            continue
        if holder is None or entry.cause == "ruling" or entry.rep == holder.rep:
            stands = bool(entry.rep)
        elif entry.former == holder.rep and entry.cause not in ("first", "given"):
            stands = True
        elif entry.rep and _free_by_then(d, whole, holder, entry.at):
            d.cite("SF-A-05", "merged_lapse", owner=holder.rep, rep=entry.rep, since=entry.at)
            entry = replace(entry, cause="lapse", former=holder.rep)
            stands = True
        else:
            stands = False
        if stands:
            holder = entry if entry.rep else None
            made.append(entry)
            continue
        rule = _first_rule(d)
        if holder is not None:
            d.cite(rule, "merged_first", owner=holder.rep, rep=entry.rep, since=entry.at)
        made.append(replace(entry, void=rule))
    return tuple(made)


def _first_rule(d: Draft) -> str:
    """Under which rule the earliest reception holds: the company's own, else that of SF-A."""
    return "SF-D-24" if d.policy.clause("SF-D-24") is not None else "SF-A-01"


def _free_by_then(d: Draft, whole: Customer, holder: Owning, at: str) -> bool:
    """Whether the holder had lost the customer by an instant, as far as the facts tell.

    Only the last contact of a rep is on record: where it is later than ``at``, he is taken to have
    kept in touch. Nobody knew the person, so ``unrecognised`` is fulfilled.
    """
    if any(deal.closed and not deal.reversed and deal.at <= at for deal in whole.deals):
        return False
    days = d.param("owner.contact_lapse_days")
    if days is None:
        limit = months(d)
        return limit is not None and on_day(at) > valid_through(holder, limit)
    if d.param("owner.lapse_requires") == "unavailable" or whole.contacts.get(holder.rep, "") > at:
        return False
    met = (n.at for n in whole.visits if n.rep == holder.rep and not n.void and n.at <= at)
    last = max((holder.at, whole.contacts.get(holder.rep, ""), *met))
    return days_between(last, at) > int(days)
