"""Two records of one person: found, compared, merged 合并, and parted again while nothing happened.

Whose customer it is the engine decides (:mod:`zhike_sales_floor.rules.merging`); here the rows are
led to the record that stands, and back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, func, select

from zhike.api import (
    N_,
    CompanySession,
    Conflict,
    NotFound,
    Party,
    UserError,
    _,
    parties,
    textkit,
)
from zhike.rules import from_json
from zhike_sales_floor.models import Customer, Model
from zhike_sales_floor.models_cases import Merge, PoolEntry
from zhike_sales_floor.rules import merging as rules
from zhike_sales_floor.rules.state import Customer as Facts
from zhike_sales_floor.services import live
from zhike_sales_floor.services.live import Act

#: Why two records may be one person, the surest first.
WHY = {
    "phone": N_("same phone"),
    "tail": N_("same name, same last four digits"),
    "near": N_("same last four digits, name sounds alike"),
    "name": N_("same name"),
}
#: What may have happened since a merge, as :func:`zhike_sales_floor.rules.merging.in_the_way` says.
IN_THE_WAY = {
    "owning": N_("the owner has changed"),
    "visits": N_("the customer has been here"),
    "deals": N_("a deal was begun"),
    "rulings": N_("a manager has ruled"),
    "relations": N_("a relation was logged"),
    "links": N_("the customer brought or was brought by somebody"),
    "contacts": N_("there was a contact"),
    "other": N_("the record has changed"),
}
#: Columns of a customer's row that a merge changes.
_COLUMNS = (
    "party_id",
    "introducer_id",
    "grade",
    "source",
    "first_visit_on",
    "last_contact_on",
    "follow_up_on",
)
_DAYS = ("first_visit_on", "last_contact_on", "follow_up_on")
_IDS = ("party_id", "introducer_id")


@dataclass(frozen=True)
class Pair:
    """Two customers of a site who may be one person; ``why`` is a key of :data:`WHY`."""

    one: uuid.UUID
    two: uuid.UUID
    why: str


@dataclass(frozen=True)
class _Known:
    id: uuid.UUID
    name: str
    phone_index: bytes | None
    phone_tail: bytes | None


def duplicates(s: CompanySession, unit_id: uuid.UUID, *, limit: int = 100) -> list[Pair]:
    """Records of a site that may be one person, the surest first; the older record stands first."""
    found: dict[tuple[uuid.UUID, uuid.UUID], Pair] = {}
    for column in (Party.phone_index, Party.phone_tail, Party.name):
        twice = (
            select(column)
            .join(Customer, Customer.party_id == Party.id)
            .where(Customer.unit_id == unit_id, Customer.merged_into.is_(None))
            .where(column.is_not(None), column != ("" if column is Party.name else b""))
            .group_by(column)
            .having(func.count() > 1)
            .order_by(func.max(Customer.id).desc())
            .limit(limit)
        )
        values = list(s.scalars(twice))
        groups: dict[Any, list[_Known]] = {}
        for row in _known(s, unit_id, column, values):
            groups.setdefault(getattr(row, column.key), []).append(row)
        for rows in groups.values():
            for pair in _pairs(rows):
                found.setdefault((pair.one, pair.two), pair)
    order = list(WHY)
    return sorted(found.values(), key=lambda pair: order.index(pair.why))[:limit]


def like(s: CompanySession, customer: Customer, *, limit: int = 20) -> list[Pair]:
    """Other records of the site that may be this customer, the surest first."""
    party = s.find(Party, customer.party_id)
    if party is None:
        return []
    found: dict[uuid.UUID, Pair] = {}
    me = _Known(customer.id, party.name, party.phone_index, party.phone_tail)
    for column in (Party.phone_index, Party.phone_tail, Party.name):
        value = getattr(party, column.key)
        if not value:
            continue
        for other in _known(s, customer.unit_id, column, [value]):
            pair = _pair(me, other) if other.id != me.id else None
            if pair is not None:
                found.setdefault(other.id, pair)
    order = list(WHY)
    return sorted(found.values(), key=lambda pair: order.index(pair.why))[:limit]


def _known(
    s: CompanySession, unit_id: uuid.UUID, column: Any, values: Sequence[Any]
) -> list[_Known]:
    if not values:
        return []
    rows = s.execute(
        select(Customer.id, Party.name, Party.phone_index, Party.phone_tail)
        .join(Party, Party.id == Customer.party_id)
        .where(
            Customer.unit_id == unit_id,
            Customer.merged_into.is_(None),
            Party.restricted_at.is_(None),
            column.in_(values),
        )
        .order_by(Customer.id)
        .limit(500)
    )
    return [_Known(*row) for row in rows]


def _pairs(rows: Sequence[_Known]) -> Iterator[Pair]:
    for place, one in enumerate(rows):
        for two in rows[place + 1 :]:
            pair = _pair(one, two)
            if pair is not None:
                yield pair


def _pair(one: _Known, two: _Known) -> Pair | None:
    """Whether two records look like one person, and by what."""
    why = ""
    if one.phone_index and one.phone_index == two.phone_index:
        why = "phone"
    elif one.phone_index and two.phone_index and one.phone_tail == two.phone_tail:
        if one.name and one.name == two.name:
            why = "tail"
        elif _sounds_alike(one.name, two.name):
            why = "near"
    elif one.name and one.name == two.name and not (one.phone_index and two.phone_index):
        why = "name"  # two numbers that differ are two people of one name
    first, second = sorted((one.id, two.id))
    return Pair(first, second, why) if why else None


def _sounds_alike(one: str, two: str) -> bool:
    """Written otherwise with the same sound, or a form of address (张先生) beside a full name."""
    if not one or not two:
        return True  # the digits agree and only one of them has a name
    if textkit.name_terms(one) & textkit.name_terms(two):
        return True
    return one[0] == two[0] and any(word in one + two for word in ("先生", "女士", "小姐"))


def compared(s: CompanySession, unit_id: uuid.UUID, *ids: uuid.UUID) -> list[Customer]:
    """The records to compare, each of this site and still standing. NotFound, Conflict else."""
    rows = []
    for one in ids:
        row = s.require(Customer, one)
        if row.unit_id != unit_id:
            raise NotFound(_("This customer belongs to another site."))
        if row.merged_into is not None:
            raise Conflict(_("This record has become part of another customer."), code="merged")
        rows.append(row)
    if len({row.id for row in rows}) != len(rows):
        raise UserError(_("Please choose another record."), field="other")
    return rows


def event_of(
    s: CompanySession, kept_id: uuid.UUID, other_id: uuid.UUID, reason: str
) -> dict[str, Any]:
    """The merge in the engine's words, for doing it and for asking what would come of it."""
    others = s.scalars(select(Customer.id).where(Customer.introducer_id == other_id))
    fields: dict[str, Any] = {
        "customer": str(kept_id),
        "of": [str(other_id)],
        "by": s.actor.name,
        "reason": reason,
    }
    named = [str(one) for one in others if one != kept_id]
    return {**fields, "others": named} if named else fields


def merge(s: CompanySession, kept_id: uuid.UUID, other_id: uuid.UUID, reason: str) -> Act:
    """Find that two records are one person: ``other`` becomes part of ``kept``.

    Visits, deals, rulings, contacts and whatever else belonged to the other record are led to the
    one that stands. Raises Conflict where they cannot be one person or one is on the floor now.
    """
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    unit_id = s.require(Customer, kept_id).unit_id
    live.lock_floor(s, unit_id)
    kept, other = compared(s, unit_id, kept_id, other_id)
    columns = {str(row.id): _columns(row) for row in (kept, other)}
    done = live.act(
        s, unit_id, "merge", event_of(s, kept_id, other_id, reason.strip()), reason=reason
    )
    moved = {"rows": _lead(s, other_id, kept_id), "party": _one_party(s, kept, other)}
    _one_row(kept, other, columns[str(other_id)])
    decided = done.decision_of("merge")
    s.add(
        Merge(
            unit_id=unit_id,
            kept_id=kept_id,
            other_id=other_id,
            reason=reason.strip(),
            by=s.actor.name,
            at=done.at,
            seq=done.seq,
            decision_id=decided[1] if decided else None,
            moved=moved,
            columns=columns,
        )
    )
    s.flush()
    return done


def unmerge(s: CompanySession, kept_id: uuid.UUID, reason: str) -> Act:
    """Undo the latest merge of a customer: both are again what they were.

    Raises Conflict, naming what stands in the way, once anything has happened since.
    """
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    kept = s.require(Customer, kept_id)
    live.lock_floor(s, kept.unit_id)
    row = latest(s, kept_id)
    if row is None:
        raise Conflict(_("This customer was not merged with anybody."))
    hindered = hindrances(kept)
    if hindered:
        raise Conflict(
            _("The merge cannot be undone any more: %(what)s.", what="、".join(hindered)),
            code="happened_since",
        )
    other = s.require(Customer, row.other_id)
    fields = {"customer": str(kept_id), "by": s.actor.name, "reason": reason.strip()}
    done = live.act(s, kept.unit_id, "unmerge", fields, reason=reason)
    _two_parties(s, kept, other, row.moved["party"], row.columns)
    for place, ids in row.moved["rows"].items():
        table, _dot, column = place.partition(".")
        model = next(
            one for one, name in _references() if (one.__tablename__, name) == (table, column)
        )
        for one in s.scalars(select(model).where(model.id.in_([uuid.UUID(i) for i in ids]))):
            setattr(one, column, other.id)
    for record in (kept, other):
        for name, value in row.columns[str(record.id)].items():
            if name not in _IDS:
                setattr(record, name, _read(name, value))
        record.introducer_id = _read("introducer_id", row.columns[str(record.id)]["introducer_id"])
    row.undone_at, row.undone_by, row.undone_reason = done.at, s.actor.name, reason.strip()
    s.flush()
    return done


def latest(s: CompanySession, kept_id: uuid.UUID) -> Merge | None:
    """The latest merge into this customer that stands."""
    return s.scalars(
        select(Merge)
        .where(Merge.kept_id == kept_id, Merge.undone_at.is_(None))
        .order_by(Merge.seq.desc())
    ).first()


def hindrances(kept: Customer) -> list[str]:
    """What has happened since the latest merge, in words; nothing where it can be undone."""
    facts = from_json(Facts, kept.facts) if kept.facts else Facts(str(kept.id))
    if not facts.merges:
        return []
    return [_(IN_THE_WAY[word]) for word in rules.in_the_way(facts, facts.merges[-1])]


def merges_of(s: CompanySession, customer_id: uuid.UUID) -> list[Merge]:
    """Every merge into this customer, undone ones too, the newest first."""
    return list(
        s.scalars(select(Merge).where(Merge.kept_id == customer_id).order_by(Merge.seq.desc()))
    )


def standing(s: CompanySession, row: Customer) -> Customer:
    """The record that a merged one became part of; the record itself where it stands."""
    while row.merged_into is not None:
        row = s.require(Customer, row.merged_into)
    return row


# -- rows -------------------------------------------------------------------------------------
def _columns(row: Customer) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in _COLUMNS}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def _read(name: str, value: Any) -> Any:
    if value and name in _DAYS:
        return date.fromisoformat(value)
    return uuid.UUID(value) if value and name in _IDS else value


def _one_row(kept: Customer, other: Customer, was: dict[str, Any]) -> None:
    """What lists show of the record that stands; the other one shows nothing any more."""
    first = _read("first_visit_on", was["first_visit_on"])
    if first is not None and (kept.first_visit_on is None or first < kept.first_visit_on):
        kept.first_visit_on, kept.source = first, was["source"] or kept.source
    kept.grade = kept.grade or was["grade"]
    if kept.follow_up_on is None and was["follow_up_on"]:
        kept.follow_up_on = _read("follow_up_on", was["follow_up_on"])
    other.first_visit_on = other.last_contact_on = other.follow_up_on = None
    other.introducer_id = None


def _references() -> Iterator[tuple[Any, str]]:
    """Every column of this plugin's tables that names a customer whose rows go over."""
    for mapper in Model.registry.mappers:
        model = mapper.class_
        if not issubclass(model, Model) or model in (Merge, PoolEntry):
            continue
        for constraint in Model.metadata.tables[str(mapper.local_table)].constraints:
            if not isinstance(constraint, ForeignKeyConstraint):
                continue
            if constraint.referred_table is not Customer.__table__:
                continue
            for column in constraint.columns:
                if column.name not in ("company_id", "merged_into"):
                    yield model, column.name


def _lead(s: CompanySession, old: uuid.UUID, new: uuid.UUID) -> dict[str, list[str]]:
    """Let every row name the record that stands; ids of the changed ones by table and column.

    A row that the other record has of its own kind already (one per customer) stays where it is.
    """
    moved: dict[str, list[str]] = {}
    for model, column in _references():
        rows = s.scalars(select(model).where(getattr(model, column) == old)).all()
        for row in rows:
            if row is s.find(Customer, new) or _taken(s, model, column, row, new):
                continue
            setattr(row, column, new)
            moved.setdefault(f"{model.__tablename__}.{column}", []).append(str(row.id))
    s.flush()
    return moved


def _taken(s: CompanySession, model: Any, column: str, row: Any, new: uuid.UUID) -> bool:
    for rule in (*model.__table__.constraints, *model.__table__.indexes):
        if not (isinstance(rule, UniqueConstraint) or (isinstance(rule, Index) and rule.unique)):
            continue
        names = [part.name for part in rule.columns]
        if column not in names:
            continue
        same = [
            getattr(model, name) == (new if name == column else getattr(row, name))
            for name in names
            if name != "company_id"
        ]
        if s.scalar(select(model.id).where(*same).limit(1)) is not None:
            return True
    return False


def _one_party(s: CompanySession, kept: Customer, other: Customer) -> dict[str, Any]:
    """Let both records name one party; what was done, for :func:`_two_parties`."""
    if other.party_id is None or other.party_id == kept.party_id:
        return {"how": "same"}
    if kept.party_id is None:
        party_id, other.party_id = other.party_id, None
        s.flush()  # one record of a site per party
        kept.party_id = party_id
        return {"how": "given"}
    moved = parties.merge(s, kept.party_id, other.party_id)
    elsewhere = []
    for row in s.scalars(select(Customer).where(Customer.party_id == other.party_id)):
        there = select(Customer.id).where(
            Customer.unit_id == row.unit_id, Customer.party_id == kept.party_id
        )
        if row.id != other.id and s.scalar(there) is None:
            row.party_id = kept.party_id
            elsewhere.append(str(row.id))
    return {"how": "merged", "moved": moved, "elsewhere": elsewhere}


def _two_parties(
    s: CompanySession,
    kept: Customer,
    other: Customer,
    done: dict[str, Any],
    columns: dict[str, Any],
) -> None:
    if done["how"] == "same":
        return
    if done["how"] == "given":
        kept.party_id = None
        s.flush()
        other.party_id = _read("party_id", columns[str(other.id)]["party_id"])
        return
    assert other.party_id is not None
    parties.unmerge(s, other.party_id, done["moved"])
    for one in done["elsewhere"]:
        s.require(Customer, uuid.UUID(one)).party_id = other.party_id
