"""Parties 客户: registered once, found by the last digits, pinyin or name, shown masked.

Phone and identity numbers are sealed under the party's own key; matching goes through blind
indexes of the normalised value. Unmasking is a permission of its own and always in the ledger.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from zhike.contributions import RecordRef
from zhike.db.session import CompanySession
from zhike.errors import Conflict, UserError
from zhike.i18n import _
from zhike.models.party import Contact, Party, PartyLink
from zhike.services import search, textkit

KINSHIP = ("spouse", "parent", "child", "grandparent", "grandchild", "sibling")
_INVERSE = {
    "parent": "child",
    "child": "parent",
    "grandparent": "grandchild",
    "grandchild": "grandparent",
}
SHORTEST = 2
"""Letters of a name or its pinyin that a look-up needs; one Chinese character is a name."""

MOST_HITS = 50
_CHUNK = 500
_DIGITS = re.compile(r"\d{4,}")


@dataclass(frozen=True)
class PartyHit:
    """A line of the type-ahead: enough to recognise the customer, nothing to use."""

    id: uuid.UUID
    name: str
    phone_masked: str
    owner_unit_id: uuid.UUID | None


_FREE = "zhike_free_phones"
_INDEXES = "zhike_phone_indexes"


def _phone_index(s: CompanySession, e164: str) -> bytes:
    """The blind index of a number; an import asks for the same one several times a row."""
    known: dict[str, bytes] = s.info.setdefault(_INDEXES, {})
    found = known.get(e164)
    if found is None:
        found = known[e164] = s.site.keys.blind(s.company_id, "party.phone", e164)
    return found


def _set_phone(s: CompanySession, party: Party, phone: str) -> None:
    keys = s.site.keys
    parsed = textkit.normalise_phone(phone)
    if parsed is None:
        raise UserError(
            _("This does not look like a telephone number."), field="phone", code="phone"
        )
    if party.key_id is None:
        party.key_id = keys.new_data_key(s)
    party.phone_sealed = keys.seal(s, party, "phone", phone.strip(), party.key_id)
    party.phone_index = _phone_index(s, parsed.e164)
    party.phone_tail = keys.blind(s.company_id, "party.phone_tail", parsed.last4)
    party.phone_masked = textkit.mask_phone(phone)
    s.info.get(_FREE, set()).discard(party.phone_index)


def create(
    s: CompanySession,
    *,
    name: str,
    phone: str = "",
    kind: str = "person",
    salutation: str = "",
    owner_unit_id: uuid.UUID | None = None,
    source: str = "",
    note: str = "",
) -> Party:
    """Register a customer and make it findable.

    ``phone`` is kept as written and matched in its normal form. The same phone twice is no error
    here: whoever registers asks :func:`find_by_phone` first and decides. Raises ``UserError`` for
    a phone that is none, or when neither name nor phone is given.
    """
    name = textkit.nfkc(name)
    if not name and not phone.strip():
        raise UserError(_("Please give a name or a telephone number."), field="name")
    party = Party(
        name=name,
        kind=kind,
        salutation=salutation.strip(),
        owner_unit_id=owner_unit_id,
        source=source.strip(),
        note=note.strip(),
    )
    if phone.strip():
        _set_phone(s, party, phone)
    s.add(party)
    _index(s, party, new=True)
    return party


def change(
    s: CompanySession, party_id: uuid.UUID, *, version: int, name: str, phone: str | None = None
) -> Party:
    """Change a customer's name and, when given, phone.

    ``version`` is the one the person was looking at; raises
    :class:`~zhike.errors.Conflict` if somebody else changed the customer meanwhile.
    """
    party = s.require(Party, party_id)
    if party.version != version:
        raise Conflict(_("Somebody changed this customer meanwhile; please look again."))
    party.name = textkit.nfkc(name)
    if phone is not None and phone.strip():
        _set_phone(s, party, phone)
    s.flush()
    _index(s, party)
    return party


def _index(s: CompanySession, party: Party, *, new: bool = False) -> None:
    search.index(
        s,
        "core.party",
        party.id,
        party.name,
        textkit.name_terms(party.name),
        subtitle=party.phone_masked or "",  # not stored yet, it may have no value at all
        new=new,
    )


def look_ahead(s: CompanySession, phones: Iterable[str]) -> None:
    """Look many phones up in a few statements, before they are asked for one by one.

    For imports: in this session :func:`find_by_phone` then knows without asking which of them
    nobody has.
    """
    indexes: set[bytes] = set()
    for phone in phones:
        parsed = textkit.normalise_phone(phone)
        if parsed is not None:
            indexes.add(_phone_index(s, parsed.e164))
    wanted = sorted(indexes)
    for start in range(0, len(wanted), _CHUNK):
        some = wanted[start : start + _CHUNK]
        indexes.difference_update(
            s.scalars(select(Party.phone_index).where(Party.phone_index.in_(some)))
        )
    s.info.setdefault(_FREE, set()).update(indexes)


def find_by_phone(s: CompanySession, phone: str) -> list[Party]:
    """Customers with exactly this phone, whatever way it is written; the oldest first."""
    parsed = textkit.normalise_phone(phone)
    if parsed is None:
        return []
    index = _phone_index(s, parsed.e164)
    if index in s.info.get(_FREE, ()):
        return []
    return list(
        s.scalars(
            select(Party)
            .where(Party.phone_index == index, Party.merged_into.is_(None))
            .order_by(Party.id)
        )
    )


def find_by_name(s: CompanySession, name: str, *, limit: int = 5) -> list[PartyHit]:
    """Customers of exactly this name, the latest first: who may be meant by a name alone."""
    rows = s.execute(
        select(Party.id, Party.name, Party.phone_masked, Party.owner_unit_id)
        .where(
            Party.name == textkit.nfkc(name),
            Party.merged_into.is_(None),
            Party.restricted_at.is_(None),
        )
        .order_by(Party.id.desc())
        .limit(limit)
    )
    return [PartyHit(*row) for row in rows]


def suggest(s: CompanySession, text: str, *, limit: int = 8) -> list[PartyHit]:
    """Type-ahead: a whole phone, its last four digits, pinyin (full or initials) or the name.

    Looks across the company, whatever the reader's data scope: see decision 0008. That is why less
    than :data:`SHORTEST` finds nobody and nobody gets more than :data:`MOST_HITS`.
    """
    text = textkit.nfkc(text)
    typed = "".join(textkit.query_words(text))
    if len(typed) < SHORTEST and not textkit.is_han(typed):
        return []
    limit = min(limit, MOST_HITS)
    columns = select(Party.id, Party.name, Party.phone_masked, Party.owner_unit_id).where(
        Party.merged_into.is_(None), Party.restricted_at.is_(None)
    )
    keys = s.site.keys
    digits = _DIGITS.search(re.sub(r"[\s-]", "", text))
    if digits:
        number = digits.group()
        tail = keys.blind(s.company_id, "party.phone_tail", number[-4:])
        matches = [Party.phone_tail == tail]
        parsed = textkit.normalise_phone(number) if len(number) > 4 else None
        if parsed is not None:
            matches = [Party.phone_index == keys.blind(s.company_id, "party.phone", parsed.e164)]
        rows = s.execute(columns.where(or_(*matches)).order_by(Party.id.desc()).limit(limit)).all()
        return [PartyHit(*row) for row in rows]
    hits = search.query(s, text, kinds=("core.party",), limit=limit)
    order = {hit.ref_id: rank for rank, hit in enumerate(hits)}
    if not order:
        return []
    rows = s.execute(columns.where(Party.id.in_(list(order)))).all()
    return sorted((PartyHit(*row) for row in rows), key=lambda hit: order[hit.id])


def reveal_phone(s: CompanySession, party_id: uuid.UUID, *, reason: str = "") -> str:
    """The phone in clear. The act is in the ledger, in the same transaction: no line, no phone.

    The caller has checked ``core.party.reveal``. Needs a write session (``audit_session``).
    """
    from zhike.services import ledger

    party = s.require(Party, party_id)
    ledger.append(
        s,
        "core.party.reveal",
        object=str(RecordRef("core", "party", party.id)),
        body={"column": "phone"},
        reason=reason,
    )
    if party.phone_sealed is None:
        return ""
    return s.site.keys.unseal(s, party, "phone", party.phone_sealed)


def link(
    s: CompanySession, party_id: uuid.UUID, other_id: uuid.UUID, kind: str, *, proof: str = ""
) -> PartyLink:
    """Tie two customers together; ``proof`` (what was shown) makes a kinship count (CV-11).

    The same tie twice is one tie; a proof given later is added with its own time. A kinship is
    stored once and read from both sides by :func:`links_of`.
    """
    from zhike import clock

    if party_id == other_id:
        raise UserError(_("A customer cannot be linked to itself."), field="other")
    s.require(Party, party_id)
    s.require(Party, other_id)
    tie = s.scalars(
        select(PartyLink).where(
            PartyLink.party_id == party_id, PartyLink.other_id == other_id, PartyLink.kind == kind
        )
    ).first()
    if tie is None:
        tie = PartyLink(party_id=party_id, other_id=other_id, kind=kind)
        s.add(tie)
    if proof.strip() and tie.proved_at is None:
        tie.proof, tie.proved_at = proof.strip(), clock.now()
    s.flush()
    return tie


def links_of(s: CompanySession, party_id: uuid.UUID) -> list[tuple[str, Party, PartyLink]]:
    """Ties of a customer, each as (kind as seen from this customer, the other, the row)."""
    found: list[tuple[str, Party, PartyLink]] = []
    forth = s.execute(
        select(PartyLink, Party)
        .join(Party, Party.id == PartyLink.other_id)
        .where(PartyLink.party_id == party_id)
    ).all()
    back = s.execute(
        select(PartyLink, Party)
        .join(Party, Party.id == PartyLink.party_id)
        .where(PartyLink.other_id == party_id)
    ).all()
    found += [(tie.kind, other, tie) for tie, other in forth]
    for tie, other in back:
        kind = tie.kind
        if kind == "introduced_by":
            kind = "introduced"
        found.append((_INVERSE.get(kind, kind), other, tie))
    return found


def merge(s: CompanySession, kept_id: uuid.UUID, other_id: uuid.UUID) -> dict[str, list[str]]:
    """Find that two customers are one person: ``other`` is found no more, its contacts and ties go
    over. A number or name that only the other has is taken over.

    Answers what was moved, for :func:`unmerge`. Rows of plugins that name the other party stay as
    they are: they are led over by their plugin, or through ``merged_into``. Raises ``Conflict``
    where one of the two is merged already.
    """
    from zhike.services import ledger

    kept, other = s.require(Party, kept_id), s.require(Party, other_id)
    if kept.id == other.id or kept.merged_into or other.merged_into:
        raise Conflict(_("One of these two customers has been merged already."))
    moved: dict[str, list[str]] = {"contacts": [], "party": [], "other": [], "taken": []}
    for contact in s.scalars(select(Contact).where(Contact.party_id == other.id)):
        contact.party_id = kept.id
        moved["contacts"].append(str(contact.id))
    for tie in s.scalars(
        select(PartyLink).where(or_(PartyLink.party_id == other.id, PartyLink.other_id == other.id))
    ):
        side = "party" if tie.party_id == other.id else "other"
        ends = {"party": tie.party_id, "other": tie.other_id, side: kept.id}
        known = select(PartyLink.id).where(
            PartyLink.party_id == ends["party"],
            PartyLink.other_id == ends["other"],
            PartyLink.kind == tie.kind,
        )
        if ends["party"] == ends["other"] or s.scalar(known) is not None:
            continue
        setattr(tie, f"{side}_id", kept.id)
        s.flush()
        moved[side].append(str(tie.id))
    if not kept.phone_index and other.phone_sealed is not None:
        _set_phone(s, kept, s.site.keys.unseal(s, other, "phone", other.phone_sealed))
        moved["taken"].append("phone")
    if not kept.name and other.name:
        kept.name = other.name
        moved["taken"].append("name")
    other.merged_into = kept.id
    search.remove(s, "core.party", other.id)
    s.flush()
    _index(s, kept)
    ledger.append(
        s,
        "core.party.merged",
        object=str(RecordRef("core", "party", kept.id)),
        body={"other": str(other.id)},
    )
    return moved


def unmerge(s: CompanySession, other_id: uuid.UUID, moved: Mapping[str, Iterable[str]]) -> Party:
    """Undo :func:`merge`: the other customer is found again, with what was moved."""
    from zhike.services import ledger

    other = s.require(Party, other_id)
    if other.merged_into is None:
        raise Conflict(_("This customer is not merged."))
    kept = s.require(Party, other.merged_into)
    for one in moved["contacts"]:
        s.require(Contact, uuid.UUID(one)).party_id = other.id
    for side in ("party", "other"):
        for one in moved[side]:
            setattr(s.require(PartyLink, uuid.UUID(one)), f"{side}_id", other.id)
    taken = set(moved["taken"])
    if "phone" in taken:
        kept.phone_sealed = kept.phone_index = kept.phone_tail = None
        kept.phone_masked = ""
    if "name" in taken:
        kept.name = ""
    other.merged_into = None
    s.flush()
    _index(s, kept)
    _index(s, other)
    ledger.append(
        s,
        "core.party.unmerged",
        object=str(RecordRef("core", "party", kept.id)),
        body={"other": str(other.id)},
    )
    return other


def names(s: CompanySession, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Names of some customers, for showing lists and decisions."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    rows = s.execute(select(Party.id, Party.name).where(Party.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def count(s: CompanySession, cap: int = 1000) -> int:
    """How many customers the company knows, counted up to ``cap`` + 1."""
    capped = select(Party.id).where(Party.merged_into.is_(None)).limit(cap + 1).subquery()
    return int(s.scalar(select(func.count()).select_from(capped)) or 0)
