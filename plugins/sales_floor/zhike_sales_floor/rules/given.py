"""The initial facts of a drill: ring, tickets, states of reps, customers, short or in full."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from zhike.rules import FULL, EventInvalid, Policy, on_day
from zhike_sales_floor.rules.parse import list_names, read_instant, read_names
from zhike_sales_floor.rules.relations import inverse, relation_word
from zhike_sales_floor.rules.state import (
    ABSENT,
    OUT_PRIVATE,
    OUT_PUBLIC,
    RECEIVING_INVALID,
    RECEIVING_NEW,
    STATES,
    WITH_VISITOR,
    Absence,
    Customer,
    Deal,
    Floor,
    Owning,
    Relation,
    Rep,
    State,
    Tally,
    Ticket,
    Visit,
    VisitNote,
)
from zhike_sales_floor.rules.validity import months_of, valid_through

DEFAULT_DATE = "2024-05-06"
"""The date of a drill that states none: a Monday."""

KEYS = ("date", "ring", "roster", "tickets", "reps", "customers")
CUSTOMER_KEYS = (
    "owner",
    "last_contact",
    "first_rep",
    "closed",
    "introducer",
    "relations",
    "poachers",
    "opened",
    "records",
    "id",
)
_ALIASES = {"states": "reps", "rotation": "ring", "start": "date", "on": "date"}
_TICKET = re.compile(r"(.+?)\s*\(\s*(c|comp|r|refund|补|退)\s*\)|([^()]+)")
_AGO = re.compile(r"(\d+)\s*(?:d|days?|天)?\s*(?:ago|前)?")
_STATE_WORDS = {
    "FREE": "AVAILABLE",
    "PUBLIC": OUT_PUBLIC,
    "OUT": OUT_PRIVATE,
    "PRIVATE": OUT_PRIVATE,
    "OFF": "OFF_DUTY",
    "RECEIVING": RECEIVING_NEW,
}
_KINDS = {OUT_PUBLIC: "public", OUT_PRIVATE: "private", ABSENT: "none"}


def _wrong(field: str, value: Any, *allowed: str) -> EventInvalid:
    return EventInvalid(
        f"{value!r} cannot be read",
        code="given",
        field=field,
        allowed=allowed,
        facts={"word": str(value)},
    )


def read_state(value: Any, field: str) -> str:
    """A rep's state, in any case, also ``free``, ``public``, ``private``, ``off``."""
    word = re.sub(r"[\s-]+", "_", str(value).strip()).upper()
    word = _STATE_WORDS.get(word, word)
    if word not in STATES:
        raise _wrong(field, value, *STATES)
    return word


def read_tickets(value: Any, field: str = "tickets") -> list[tuple[str, str]]:
    """Rep and kind of each ticket from ``[A(c), B(r)]``, ``A(c), B(r)``, ``-`` or mappings."""
    if value is None or value in ("-", "–", "", "none"):
        return []
    parts = re.split(r"[,;、]\s*", value) if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)):
        raise _wrong(field, value, "[A(c), B(r)]")
    found = []
    for part in parts:
        if isinstance(part, Mapping) and "rep" in part:
            part = f"{part['rep']}({part.get('kind', 'comp')!s})"
        match = _TICKET.fullmatch(str(part).strip())
        if match is None:
            raise _wrong(field, part, "A(c)", "A(r)")
        kind = "refund" if (match[2] or "c")[0] in "r退" else "comp"
        found.append((match[1] or match[3], kind))
    return found


def start(given: Mapping[str, Any], policy: Policy) -> State:
    """The state a drill begins with. EventInvalid names the field that cannot be read."""
    facts = {_ALIASES.get(str(key), str(key)): value for key, value in given.items()}
    for key in facts:
        if key not in KEYS:
            raise EventInvalid("given has no such field", code="field", field=key, allowed=KEYS)
    now = read_instant(facts.get("date", DEFAULT_DATE), "date")
    ring = _once("ring", facts.get("ring", facts.get("roster", ())))
    if not ring:
        raise EventInvalid(
            "a floor needs its ring", code="missing", field="ring", allowed=("A>B>C>D",)
        )
    roster = _once("roster", facts.get("roster", ring))
    reps = {rep_id: Rep(rep_id, since=now) for rep_id in ring}
    tickets = []
    for number, (rep_id, kind) in enumerate(read_tickets(facts.get("tickets")), 1):
        if rep_id not in reps:
            raise _wrong("tickets", rep_id, *ring)
        tickets.append(Ticket(number, rep_id, kind, now, "SF-A-04"))
    customers = _customers(facts.get("customers") or {}, now, months_of(policy.params))
    visits: dict[str, Visit] = {}
    for rep_id, stated in _mapping(facts.get("reps"), "reps").items():
        if rep_id not in reps:
            raise _wrong("reps", rep_id, *ring)
        reps[rep_id] = _rep(rep_id, stated, now, visits, customers)
    floor = Floor(
        ring=ring,
        roster=roster,
        reps=reps,
        tickets=tuple(tickets),
        visits=visits,
        now=now,
        day=now[:10],
        tally=Tally(issued=len(tickets)),
    )
    return State(floor, customers, policy)


def _once(field: str, value: Any) -> tuple[str, ...]:
    """Reps in an order where everybody has one place."""
    names = list_names(value)
    for place, name in enumerate(names):
        if name in names[:place]:
            raise EventInvalid(f"{name} stands there twice", code="given", field=field)
    return names


def _past(instant: str, now: str, field: str) -> str:
    """What has happened before a drill begins is not dated after its date."""
    if instant[:10] > now[:10]:
        raise EventInvalid(
            f"{instant[:10]} is after the drill's date {now[:10]}", code="given", field=field
        )
    return instant


def _mapping(value: Any, field: str) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(key): part for key, part in value.items()}
    raise _wrong(field, value, "a mapping")


def _rep(
    rep_id: str,
    stated: Any,
    now: str,
    visits: dict[str, Visit],
    customers: dict[str, Customer],
) -> Rep:
    parts = stated if isinstance(stated, Mapping) else {"state": stated}
    for key in parts:
        if key not in ("state", "since", "with", "prepaid"):
            raise _wrong(f"reps.{rep_id}", key, "state", "since", "with")
    state = read_state(parts.get("state", "AVAILABLE"), f"reps.{rep_id}")
    since = read_instant(parts.get("since", now), f"reps.{rep_id}.since", now[:10])
    rep = Rep(rep_id, state, since)
    if state in _KINDS:
        return replace(rep, absences=(Absence(_KINDS[state], since),))
    if state not in WITH_VISITOR:
        return rep
    people = read_names(parts["with"]) if "with" in parts else (f"visitor of {rep_id}",)
    visit_id = f"at start {rep_id}"
    counted = state == RECEIVING_NEW
    kind = {RECEIVING_NEW: "new", "RECEIVING_OLD": "old"}.get(state, "assisted")
    visit = Visit(
        visit_id,
        people,
        since,
        status="IN_RECEPTION",
        kind=kind,
        via="turn" if counted else "uncounted",
        rep=rep_id,
        due=rep_id,
        turn_of=rep_id if counted else "",
        flag="wrong_turn" if state == RECEIVING_INVALID else "",
        served=since,
    )
    visits[visit_id] = visit
    for person in people:
        facts = customers.get(person, Customer(person))
        if counted and not facts.owner:
            facts = replace(
                facts,
                owning=(Owning(rep_id, since, 0, "first", visit_id),),
                contacts={rep_id: since},
            )
        note = VisitNote(
            visit_id,
            since,
            0,
            rep_id,
            rep_id,
            visit.turn_of,
            kind,
            visit.via,
            party=people[1:] and people,
        )
        customers[person] = replace(facts, visits=(*facts.visits, note))
    return replace(rep, visit=visit_id)


# --- customers ---------------------------------------------------------------------------------
def _customers(stated: Any, now: str, months: int | None) -> dict[str, Customer]:
    if isinstance(stated, (list, tuple)):
        rows = {str(row.get("id")): row for row in stated if isinstance(row, Mapping)}
        if len(rows) != len(stated):
            raise _wrong("customers", stated, "{o1: {owner: A, last_contact: 3 days ago}}")
    else:
        rows = _mapping(stated, "customers")
    found = {key: _customer(key, row, now, months) for key, row in rows.items()}
    for key, row in rows.items():
        if isinstance(row, Mapping):
            _relations(found, key, row.get("relations"), now)
    return found


def _customer(key: str, stated: Any, now: str, months: int | None) -> Customer:
    field = f"customers.{key}"
    if isinstance(stated, str):
        owner, _, rest = stated.partition(",")
        stated = {"owner": owner.strip(), **({"last_contact": rest.strip()} if rest else {})}
    row = _mapping(stated, field)
    for name in row:
        if name not in CUSTOMER_KEYS:
            raise EventInvalid(
                "a customer has no such field",
                code="field",
                field=f"{field}.{name}",
                allowed=CUSTOMER_KEYS,
            )
    facts = Customer(key, introducer=str(row.get("introducer") or ""))
    owner = str(row.get("owner") or "")
    held = _records(row.get("records"), now, f"{field}.records")
    if held:
        return _with_records(facts, row, held, owner, now, months)
    if not owner:
        return facts
    contact = _day(row.get("last_contact", now), now, f"{field}.last_contact")
    first = str(row.get("first_rep") or owner)
    since = _day(row["opened"], now, f"{field}.opened") if row.get("opened") else contact
    owning = [Owning(first, since, 0, "given")]
    if first != owner:
        owning.append(Owning(owner, since, 0, "given", former=first))
    return _on_record(facts, row, owning, owner, contact, now)


def _records(stated: Any, now: str, field: str) -> list[tuple[str, str]]:
    """Reps and when their records were opened, the earliest first.

    Written as ``{B: 2024-03-01, A: 10 days ago}``, as rows ``{rep: B, opened: …}``, or in one text
    ``B 2024-03-01, A 2024-03-10``.
    """
    if not stated:
        return []
    pairs: list[tuple[Any, Any]] = []
    if isinstance(stated, Mapping):
        pairs = list(stated.items())
    elif isinstance(stated, str):
        for part in re.split(r"[,;、，；]\s*", stated):
            rep, _, day = part.strip().partition(" ")
            pairs.append((rep, day.strip(" ()")))
    elif isinstance(stated, (list, tuple)):
        for part in stated:
            if not isinstance(part, Mapping) or "rep" not in part:
                raise _wrong(field, part, "{rep: B, opened: 2024-03-01}")
            pairs.append((part["rep"], part.get("opened", now)))
    else:
        raise _wrong(field, stated, "{B: 2024-03-01}")
    found = [(str(rep), _day(day or now, now, f"{field}.{rep}")) for rep, day in pairs]
    return sorted(found, key=lambda pair: pair[1])


def _with_records(
    facts: Customer,
    row: Mapping[str, Any],
    held: list[tuple[str, str]],
    owner: str,
    now: str,
    months: int | None,
) -> Customer:
    """A customer several reps hold records of; ``owner`` says who has the performance, if stated.

    Without that it is who registered first among those whose record still runs (G-40).
    """
    owning = [Owning(rep, day, 0, "given") for rep, day in held]
    today = on_day(now)
    running = [e for e in owning if months is None or today <= valid_through(e, months)]
    holder = owner or (running or owning)[0].rep
    if holder != owning[-1].rep:
        since = dict(held).get(holder, now)
        owning.append(Owning(holder, now, 0, "given", former=owning[-1].rep, opened=since))
    stated = row.get("last_contact")
    field = f"customers.{facts.id}.last_contact"
    contact = _day(stated, now, field) if stated else held[-1][1]
    return _on_record(facts, row, owning, holder, contact, now)


def _on_record(
    facts: Customer,
    row: Mapping[str, Any],
    owning: list[Owning],
    owner: str,
    contact: str,
    now: str,
) -> Customer:
    key, field = facts.id, f"customers.{facts.id}"
    deals = []
    closed = row.get("closed")
    if closed not in (None, False, "", "no"):
        day = contact if closed is True or closed == "yes" else _day(closed, now, f"{field}.closed")
        shares = {owner: FULL}
        deals.append(Deal(f"{key}/1", day, 0, closed=True, performance=shares, commission=shares))
    poachers = read_names(row["poachers"]) if row.get("poachers") else ()
    return replace(
        facts,
        owning=tuple(owning),
        contacts={owner: contact},
        deals=tuple(deals),
        poachers=poachers,
    )


def _day(value: Any, now: str, field: str) -> str:
    """An instant, a date, or so many days before the start (``3 days ago``, ``3``)."""
    match = _AGO.fullmatch(str(value).strip().lower())
    if match is not None and len(match[1]) < 5:
        with suppress(OverflowError):  # before the first day there is: no instant either
            return (on_day(now) - timedelta(days=int(match[1]))).isoformat() + "T00:00:00"
    return _past(read_instant(value, field, now[:10]), now, field)


def _relations(found: dict[str, Customer], key: str, stated: Any, now: str) -> None:
    for row in stated or ():
        if not isinstance(row, Mapping) or "of" not in row:
            raise _wrong(f"customers.{key}.relations", row, "{relation: mother, of: p2}")
        kind, other = relation_word(str(row.get("relation", "immediate"))), str(row["of"])
        for one, two, seen in ((key, other, kind), (other, key, inverse(kind))):
            facts = found.get(one, Customer(one))
            made = Relation(two, seen, now, 0, row.get("proven", True) is not False)
            found[one] = replace(facts, relations=(*facts.relations, made))
