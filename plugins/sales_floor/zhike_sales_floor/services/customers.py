"""Customers of a site: lists, one customer's record, contacts, relations, follow-ups."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, select

from zhike.api import (
    CompanySession,
    Conflict,
    Party,
    RecordRef,
    UserError,
    _,
    contacts,
    organisation,
    parties,
)
from zhike_sales_floor.models import Customer, Ruling
from zhike_sales_floor.services import callbook, live
from zhike_sales_floor.services.follow_ups import keep_in_step
from zhike_sales_floor.services.live import Act

CONTACT_KINDS = ("call", "message", "visit", "letter")
#: Before this day nothing happened that anybody writes down here; earlier is a slip of the pen.
EARLIEST = date(1990, 1, 1)
GRADES = ("A", "B", "C", "D")
STAGES = ("called", "visited", "reserved", "closed", "returned")


@dataclass(frozen=True)
class Filter:
    """What narrows a list of customers; empty means everything the reader may see.

    own        only customers of this staff member (data scope 仅本人).
    due        ``follow_up`` (due today or overdue) or ``protection`` (runs out within two days).
    text       last digits, pinyin or name.
    ids        only these, as somebody chose them.
    """

    owner: uuid.UUID | None = None
    own: uuid.UUID | None = None
    grade: str = ""
    stage: str = ""
    due: str = ""
    text: str = ""
    ids: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True)
class Line:
    """One line of the list; names are resolved, the phone is masked."""

    id: uuid.UUID
    name: str
    phone: str
    owner_id: uuid.UUID | None
    grade: str
    stage: str
    first_visit_on: date | None
    last_contact_on: date | None
    protected_until: date | None
    follow_up_on: date | None
    follow_up_note: str
    closed_on: date | None


@dataclass(frozen=True)
class PageOf:
    """A page of lines with opaque cursors, empty at either end."""

    lines: Sequence[Line]
    after: str = ""
    before: str = ""


_COLUMNS = (
    Customer.id,
    Party.name,
    Party.phone_masked,
    Customer.owner_id,
    Customer.grade,
    Customer.stage,
    Customer.first_visit_on,
    Customer.last_contact_on,
    Customer.protected_until,
    Customer.follow_up_on,
    Customer.follow_up_note,
    Customer.closed_on,
)


#: What each part of a :class:`Filter` adds to the statement, and which way a page goes on.
_CONDITIONS = {
    "own": Customer.owner_id == bindparam("own"),
    "owner": Customer.owner_id == bindparam("owner"),
    "grade": Customer.grade == bindparam("grade"),
    "stage": Customer.stage == bindparam("stage"),
    "follow_up": Customer.follow_up_on <= bindparam("today"),
    "protection": Customer.protected_until.between(bindparam("today"), bindparam("soon")),
    "lapsed": Customer.protected_until < bindparam("today"),
    "text": Customer.party_id.in_(bindparam("hits", expanding=True)),
    "ids": Customer.id.in_(bindparam("chosen", expanding=True)),
    "older": Customer.id < bindparam("cursor"),
    "newer": Customer.id > bindparam("cursor"),
}
_DUE = ("follow_up", "protection", "lapsed")


@lru_cache(maxsize=256)
def _page_statement(*parts: str) -> Select[Any]:
    """The statement of a page with these conditions, newest first; made once.

    Putting a statement together costs as much as running it.
    """
    columns: Any = select(*_COLUMNS)
    order = Customer.id if "newer" in parts else Customer.id.desc()
    statement: Select[Any] = (
        columns.outerjoin(Party, Party.id == Customer.party_id)
        .where(
            Customer.unit_id == bindparam("unit_id"),
            Customer.merged_into.is_(None),
            *(_CONDITIONS[part] for part in parts),
        )
        .order_by(order)
        .limit(bindparam("limit", type_=Integer))
    )
    return statement


def _line(row: Any) -> Line:
    return Line(row[0], row[1] or "", row[2] or "", *row[3:])


def list_page(
    s: CompanySession,
    unit_id: uuid.UUID,
    f: Filter,
    *,
    after: str = "",
    before: str = "",
    limit: int = 25,
) -> PageOf:
    """One page of a site's customers, newest first, by key: as quick in the middle as in front."""
    today = organisation.today(s, unit_id)
    try:
        cursor = uuid.UUID(after or before) if (after or before) else None
    except ValueError:
        cursor = None  # a mangled address shows the first page
    back = cursor is not None and not after
    values: dict[str, Any] = {
        "unit_id": unit_id,
        "limit": limit + 1,
        "today": today,
        "soon": today + timedelta(days=2),
        "cursor": cursor,
        "own": f.own,
        "owner": f.owner,
        "grade": f.grade,
        "stage": f.stage,
    }
    parts = [name for name in ("own", "owner", "grade", "stage") if values[name]]
    if f.due in _DUE:
        parts.append(f.due)
    if f.text.strip():
        parts.append("text")
        values["hits"] = [hit.id for hit in parties.suggest(s, f.text, limit=50)]
    if f.ids:
        parts.append("ids")
        values["chosen"] = list(f.ids)
    if cursor is not None:
        parts.append("newer" if back else "older")
    rows = s.execute(_page_statement(*parts), values).all()
    more, rows = len(rows) > limit, list(rows[:limit])
    if back:
        rows.reverse()
    lines = [_line(row) for row in rows]
    if not lines:
        return PageOf(())
    has_next = more if not back else True
    has_previous = (cursor is not None) if not back else more
    return PageOf(
        lines,
        after=str(lines[-1].id) if has_next else "",
        before=str(lines[0].id) if has_previous else "",
    )


def follow_ups(
    s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID, *, limit: int = 50
) -> list[Line]:
    """A rep's follow-ups up to a week ahead, the most overdue first."""
    horizon = organisation.today(s, unit_id) + timedelta(days=7)
    rows = s.execute(
        select(*_COLUMNS)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(
            Customer.unit_id == unit_id,
            Customer.owner_id == staff_id,
            Customer.follow_up_on <= horizon,
        )
        .order_by(Customer.follow_up_on, Customer.id)
        .limit(limit)
    ).all()
    return [_line(row) for row in rows]


def running_out(
    s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID, *, limit: int = 50
) -> list[Line]:
    """A rep's customers whose protection ends within three days or has ended, soonest first."""
    today = organisation.today(s, unit_id)
    rows = s.execute(
        select(*_COLUMNS)
        .outerjoin(Party, Party.id == Customer.party_id)
        .where(
            Customer.unit_id == unit_id,
            Customer.owner_id == staff_id,
            Customer.protected_until.between(today - timedelta(days=30), today + timedelta(days=3)),
        )
        .order_by(Customer.protected_until, Customer.id)
        .limit(limit)
    ).all()
    return [_line(row) for row in rows]


@dataclass(frozen=True)
class Hit:
    """A line of the desk's type-ahead: the party, and the customer of this site it may be."""

    party_id: uuid.UUID
    customer_id: uuid.UUID | None
    name: str
    phone: str
    owner_id: uuid.UUID | None


def suggest(s: CompanySession, unit_id: uuid.UUID, text: str, *, limit: int = 8) -> list[Hit]:
    """Type-ahead at the desk: last digits, pinyin or name; says whose customer it is here."""
    hits = parties.suggest(s, text, limit=limit)
    if not hits:
        return []
    known = {
        row.party_id: row
        for row in s.execute(
            select(Customer.party_id, Customer.id, Customer.owner_id).where(
                Customer.unit_id == unit_id, Customer.party_id.in_([hit.id for hit in hits])
            )
        )
    }
    found: list[Hit] = []
    for hit in hits:
        row = known.get(hit.id)
        found.append(
            Hit(
                hit.id,
                row.id if row else None,
                hit.name,
                hit.phone_masked,
                row.owner_id if row else None,
            )
        )
    return found


def log_contact(
    s: CompanySession,
    customer_id: uuid.UUID,
    kind: str,
    *,
    staff_id: uuid.UUID | None,
    note: str = "",
    occurred_at: datetime | None = None,
    answered: bool = True,
    direction: str = "out",
    source: str = "",
    appointment_at: datetime | None = None,
    record: bool = True,
) -> Act | None:
    """Log a call, message, visit or letter 接触; the owner's own restarts the seven days.

    A call is a line of the call register too, with ``source`` and ``appointment_at`` where they
    were told. One that nobody answered tells the engine nothing: it is no contact. Where customers
    are followed up in cycles (SF-B) a contact counts there too, and ``note`` is its record
    客户回访记录表; ``record`` False, or no note, leaves that to be filled. Returns the engine's
    act, or None for an unanswered call.
    """
    if kind not in CONTACT_KINDS:
        raise UserError(_("Please choose the kind of contact."), field="kind")
    if occurred_at is not None and occurred_at.year < EARLIEST.year:
        raise UserError(_("This date lies before %(day)s.", day=EARLIEST), field="occurred_at")
    customer = s.require(Customer, customer_id)
    contact = contacts.log(
        s,
        kind,
        party_id=customer.party_id,
        staff_id=staff_id,
        unit_id=customer.unit_id,
        direction=direction,
        occurred_at=occurred_at,
        note=note,
        answered=answered,
        source=live.PLUGIN,
        subject=RecordRef(live.PLUGIN, "customer", customer.id),
    )
    if kind == "call":
        callbook.enter(
            s,
            customer.unit_id,
            called_at=contact.occurred_at,
            staff_id=staff_id,
            direction=direction,
            answered=answered,
            customer_id=customer.id,
            contact_id=contact.id,
            question=note,
            source=source,
            appointment_at=appointment_at,
        )
    if not answered:
        return None
    fields: dict[str, Any] = {"customer": str(customer_id), "kind": kind}
    if staff_id is not None:
        fields["rep"] = str(staff_id)
    filled = record and bool(note.strip())
    if keep_in_step(s, customer.unit_id) and not filled:
        fields["record"] = False
    if occurred_at is not None:
        fields["occurred_at"] = live.local_text(occurred_at, live.tz_of(s, customer.unit_id))
    return live.act(
        s,
        customer.unit_id,
        "contact",
        fields,
        occurred_at=occurred_at,
        extra={"asked": note.strip() if filled else ""},
    )


def prove_relation(
    s: CompanySession,
    customer_id: uuid.UUID,
    other_id: uuid.UUID,
    relation: str,
    *,
    proof: str,
) -> Act:
    """Log that a customer is ``relation`` of another 亲属关系; without proof it has no effect."""
    customer, other = s.require(Customer, customer_id), s.require(Customer, other_id)
    if customer.unit_id != other.unit_id:
        raise Conflict(_("These customers belong to different sites."))
    if customer_id == other_id:
        raise UserError(_("A customer cannot be linked to itself."), field="other")
    if customer.party_id and other.party_id and customer.party_id != other.party_id:
        parties.link(s, customer.party_id, other.party_id, relation, proof=proof)
    return live.act(
        s,
        customer.unit_id,
        "relation",
        {
            "customers": [str(customer_id)],
            "of": [str(other_id)],
            "relation": relation,
            "proven": bool(proof.strip()),
            "by": s.actor.name,
        },
    )


def set_follow_up(
    s: CompanySession, customer_id: uuid.UUID, on: date | None, note: str = ""
) -> Customer:
    """Say when the owner is to follow up 下次跟进, or that nothing is planned (``None``)."""
    customer = s.require(Customer, customer_id)
    customer.follow_up_on, customer.follow_up_note = on, note.strip()
    s.flush()
    return customer


def set_grade(s: CompanySession, customer_id: uuid.UUID, grade: str) -> Customer:
    """Set the intention class 意向等级 A–D, or take it away with an empty text."""
    if grade and grade not in GRADES:
        raise UserError(_("Please choose a class from A to D."), field="grade")
    customer = s.require(Customer, customer_id)
    customer.grade = grade
    s.flush()
    return customer


def rule_owner(s: CompanySession, customer_id: uuid.UUID, owner: uuid.UUID, reason: str) -> Act:
    """A manager rules whose customer this is 裁定归属; the reason is part of the ruling."""
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    customer = s.require(Customer, customer_id)
    done = live.act(
        s,
        customer.unit_id,
        "ruling",
        {
            "customer": str(customer_id),
            "owner": str(owner),
            "by": s.actor.name,
            "reason": reason.strip(),
        },
        reason=reason,
    )
    s.add(
        Ruling(
            unit_id=customer.unit_id,
            customer_id=customer_id,
            subject=f"sales_floor:customer:{customer_id}",
            outcome={"owner": str(owner)},
            reason=reason.strip(),
            by=s.actor.name,
            at=done.at,
            seq=done.seq,
        )
    )
    s.flush()
    return done


def days_left(customer: Customer | Line, today: date) -> int | None:
    """Days until protection ends: 0 is the last day inside (CV-2), negative once lapsed."""
    if customer.protected_until is None:
        return None
    return (customer.protected_until - today).days


def of_party(s: CompanySession, unit_id: uuid.UUID, party_id: uuid.UUID) -> uuid.UUID | None:
    """The id of a party's customer record at a site, or None."""
    return s.scalar(
        select(Customer.id).where(Customer.unit_id == unit_id, Customer.party_id == party_id)
    )
