"""Who owns a customer (归属): entries of the chain, the lapse of seven days, poaching, the draw."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from zhike.rules import days_between
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.state import Customer, Help, Owning
from zhike_sales_floor.rules.validity import holder, months, opened, valid_reps


def gain(
    d: Draft, customer_id: str, rep_id: str, cause: str, visit: str = "", rule: str = ""
) -> None:
    """Give a customer an owner from now on, and start that rep's contact clock.

    Where records have a life, the entry keeps what the closing has to know about this visit: the
    ``rule``, who was refused, and who held a valid record (SF-D-26, 29, 35).
    """
    facts = d.customer(customer_id)
    entry = Owning(rep_id, d.at, d.seq, cause, visit, facts.owner)
    if months(d) is not None:
        entry = _as_record(d, facts, entry, rule)
    contacts = {**facts.contacts, rep_id: max(d.at, facts.contacts.get(rep_id, ""))}
    d.put_customer(replace(facts, owning=(*facts.owning, entry), contacts=contacts))
    d.owners[customer_id] = rep_id


def _as_record(d: Draft, facts: Customer, entry: Owning, rule: str) -> Owning:
    running = valid_reps(d, facts)
    own = running.pop(entry.rep, None)
    visit = d.visits.get(entry.visit)
    unwanted = (*visit.refuses, *visit.complains_about) if visit is not None else ()
    return replace(
        entry,
        rule=rule,
        opened=opened(own) if own is not None else "",
        earlier=tuple(running),
        refused=tuple(rep for rep in dict.fromkeys(unwanted) if rep in running),
    )


def renew(d: Draft, customer_id: str, rep_id: str) -> bool:
    """Let the life of a record begin anew, where the policy renews records (SF-D-25)."""
    facts = d.customer(customer_id)
    owning = list(facts.owning)
    for place in range(len(owning) - 1, -1, -1):
        if owning[place].rep == rep_id and not owning[place].void:
            owning[place] = replace(owning[place], opened=d.at)
            d.put_customer(replace(facts, owning=tuple(owning)))
            return True
    return False


def strike(d: Draft, customer_id: str, visit: str, rule: str) -> Owning | None:
    """Strike out what a visit gave: the ownership before it holds again. The entry struck, if any.

    ``rule`` is the reason; striking twice changes nothing.
    """
    facts = d.customer(customer_id)
    if any(help_.visit == visit and not help_.void for help_ in facts.helps):
        marked = (replace(h, void=rule) if h.visit == visit else h for h in facts.helps)
        facts = replace(facts, helps=tuple(marked))
        d.put_customer(facts)
    for place in range(len(facts.owning) - 1, -1, -1):
        entry = facts.owning[place]
        if entry.visit == visit and not entry.void:
            owning = list(facts.owning)
            owning[place] = replace(entry, void=rule)
            after = replace(facts, owning=tuple(owning))
            d.put_customer(after)
            d.owners[customer_id] = holder(d, after) or None
            return entry
    return None


def note_help(
    d: Draft, customers: Sequence[str], helper: str, owner: str, visit: str, *, away: bool
) -> None:
    """Keep that ``helper`` received these customers for ``owner``, who could not (4.2)."""
    if months(d) is None or helper == owner:
        return
    for customer_id in customers:
        facts = d.customer(customer_id)
        made = Help(helper, owner, d.at, d.seq, visit, away)
        d.put_customer(replace(facts, helps=(*facts.helps, made)))


def silence(d: Draft, facts: Customer) -> int:
    """Calendar days since the owner's last contact that counts."""
    since = facts.contacts.get(facts.owner)
    return days_between(since, d.at) if since else 0


def is_lapsed(d: Draft, facts: Customer) -> bool:
    """More days of silence than the policy allows (CV-2); who has closed never lapses."""
    days = d.param("owner.contact_lapse_days")
    return days is not None and not facts.has_closed and silence(d, facts) > int(days)


def loses_by_lapse(d: Draft, facts: Customer, recognised: bool) -> bool:
    """Whether this return frees the customer (SF-A-05): lapsed, and the further condition holds."""
    if not is_lapsed(d, facts):
        return False
    needs = d.param("owner.lapse_requires")
    away = not d.is_free(facts.owner)
    if needs == "none":
        return True
    if needs == "unavailable":
        return away
    if needs == "unrecognised":
        return not recognised
    return away or not recognised


def met_by_owner(d: Draft, customers: Sequence[str], rep_id: str) -> None:
    """The owner received the customer: a visit restarts the seven days if visits count."""
    renews = d.param("owner.record_renewal") == "on_visit"
    if months(d) is None and "visit" not in (d.param("owner.contact_kinds") or ()):
        return
    for customer_id in customers:
        if holder(d, d.customer(customer_id)) == rep_id:
            d.set_contact(customer_id, rep_id, d.at)
            if renews and renew(d, customer_id, rep_id):
                d.cite("SF-D-25", "renewed", rep=rep_id, param="owner.record_renewal")


def substitute(d: Draft, visit_id: str, customer_id: str, offender: str, rightful: str) -> None:
    """Put the rightful rep in the offender's place for one visit, and bar the offender (SF-A-08).

    What the offender won later by lapse or take-over is struck out; what others won stays.
    """
    facts = d.customer(customer_id)
    taken = next((note.seq for note in facts.visits if note.visit == visit_id), 0)
    owning: list[Owning] = []
    since = ""
    for entry in facts.owning:
        if entry.visit == visit_id and not entry.void:
            since = entry.at
            owning.append(replace(entry, rep=rightful, poacher=offender))
        elif (
            entry.rep == offender
            and entry.seq > taken
            and entry.cause in ("lapse", "takeover")
            and not entry.void
        ):
            owning.append(replace(entry, void="SF-A-08"))
        else:
            owning.append(entry)
    contacts = facts.contacts
    if since and since > contacts.get(rightful, ""):
        contacts = {**contacts, rightful: since}
    poachers = facts.poachers if offender in facts.poachers else (*facts.poachers, offender)
    helps = tuple(
        replace(h, void="SF-A-08") if (h.visit, h.helper) == (visit_id, offender) else h
        for h in facts.helps
    )
    after = replace(facts, owning=tuple(owning), poachers=poachers, contacts=contacts, helps=helps)
    d.put_customer(after)
    if after.owner != facts.owner:
        d.owners[customer_id] = holder(d, after) or None


def draw(seed: str, customers: Sequence[str], receivers: Sequence[str]) -> dict[str, str]:
    """Distribute customers by a random draw anybody can repeat (SF-D-39).

    Lots are the SHA-256 of ``<seed>:c:<place in the list>`` and ``<seed>:r:<place>``; customers in
    the order of their lots are dealt round to the receivers in the order of theirs. Places, not
    names, are drawn: the same list under other names gives the same result.
    """

    def lots(kind: str, count: int) -> list[int]:
        keys = [hashlib.sha256(f"{seed}:{kind}:{n}".encode()).digest() for n in range(count)]
        return sorted(range(count), key=lambda n: keys[n])

    dealt = [receivers[n] for n in lots("r", len(receivers))]
    order = lots("c", len(customers))
    given = {customers[n]: dealt[turn % len(dealt)] for turn, n in enumerate(order)}
    return {customer: given[customer] for customer in customers}
