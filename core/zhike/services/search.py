"""Search 搜索: records found by the beginning of any word, character or pinyin.

Terms are rows in a plain table, and a prefix is a range of them (``term >= x and term < x+1``): the
same statement with the same answer on SQLite and PostgreSQL, an index walk on both. What people
call full-text search is not wanted here: names and numbers are looked up, not read.

Never index what is sealed: telephone and identity numbers are matched by blind indexes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select
from sqlalchemy.orm import aliased

from zhike import clock
from zhike.db.session import CompanySession
from zhike.models.search import SearchRecord, SearchTerm
from zhike.services.access import Reach
from zhike.services.textkit import query_words

BROAD = 2000
"""How many entries of a word that matches very much are looked at when there are several words."""

_DEFERRED = "zhike_search_deferred"
_CHUNK = 400
# Nobody holds these rows as objects; looking through all loaded ones would cost each deletion.
_UNSYNCHRONISED = {"synchronize_session": False}
_Rank = tuple[bool, bool, int]  # words matched apart, not a whole term, length of the term


@dataclass(frozen=True, slots=True)
class Hit:
    """One result; ``exact`` says that a whole term was typed, not only its beginning."""

    kind: str
    ref_id: uuid.UUID
    title: str
    subtitle: str
    exact: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: str
    ref_id: uuid.UUID
    title: str
    terms: frozenset[str]
    subtitle: str
    unit_id: uuid.UUID | None
    owner_id: uuid.UUID | None
    new: bool


def record_id(kind: str, ref_id: uuid.UUID) -> uuid.UUID:
    """The key under which a record of a kind stands in the index."""
    return uuid.uuid5(ref_id, kind)


# --- writing -------------------------------------------------------------------------------------


def index(
    s: CompanySession,
    kind: str,
    ref_id: uuid.UUID,
    title: str,
    terms: Iterable[str],
    subtitle: str = "",
    *,
    unit_id: uuid.UUID | None = None,
    owner_id: uuid.UUID | None = None,
    new: bool = False,
) -> None:
    """Make a record findable under ``terms``, replacing what it was found under before.

    ``kind`` is ``<plugin>.<kind>``; ``terms`` come from :func:`zhike.services.textkit.name_terms`.
    ``unit_id`` and ``owner_id`` (staff) are what :func:`query` narrows by; ``new`` says that the
    record was made in this transaction and cannot be in the index yet. Part of the caller's
    transaction; inside :func:`deferred` it is written at the end of the block.
    """
    kept = frozenset(term[:32] for term in terms if term)
    entry = _Entry(kind, ref_id, title, kept, subtitle, unit_id, owner_id, new)
    waiting: dict[uuid.UUID, _Entry | None] | None = s.info.get(_DEFERRED)
    if waiting is not None:
        waiting[record_id(kind, ref_id)] = entry
        return
    _write(s, {record_id(kind, ref_id): entry})


def remove(s: CompanySession, kind: str, ref_id: uuid.UUID) -> None:
    """Take a record out of the index; no error where it is not in it."""
    key = record_id(kind, ref_id)
    waiting: dict[uuid.UUID, _Entry | None] | None = s.info.get(_DEFERRED)
    if waiting is not None:
        waiting[key] = None
        return
    _write(s, {key: None})


def remove_kind(s: CompanySession, kind: str) -> int:
    """Empty the index of one kind, for a rebuild or an uninstall; return how many records went."""
    s.execute(delete(SearchTerm).where(SearchTerm.kind == kind), execution_options=_UNSYNCHRONISED)
    gone = s.execute(
        delete(SearchRecord).where(SearchRecord.kind == kind), execution_options=_UNSYNCHRONISED
    )
    return int(getattr(gone, "rowcount", 0))


@contextmanager
def deferred(s: CompanySession) -> Iterator[None]:
    """Collect what :func:`index` and :func:`remove` are told and write it at the end of the block.

    For imports: ten thousand records cost dozens of statements instead of tens of thousands.
    Nothing is written when the block raises.
    """
    if _DEFERRED in s.info:  # the outer block writes
        yield
        return
    waiting: dict[uuid.UUID, _Entry | None] = {}
    s.info[_DEFERRED] = waiting
    try:
        yield
    finally:
        del s.info[_DEFERRED]
    keys = list(waiting)
    for start in range(0, len(keys), _CHUNK):
        _write(s, {key: waiting[key] for key in keys[start : start + _CHUNK]})


def _write(s: CompanySession, entries: dict[uuid.UUID, _Entry | None]) -> None:
    """Bring some records of the index to their new state; ``None`` takes one out."""
    s.flush()
    keys = [key for key, entry in entries.items() if entry is None or not entry.new]
    found = select(SearchRecord.id).where(SearchRecord.id.in_(keys))
    known = set(s.scalars(found)) if keys else set()
    if known:
        # Rows of the index are derived: written anew, never changed in place.
        gone = sorted(known)
        terms = delete(SearchTerm).where(SearchTerm.id.in_(gone))
        records = delete(SearchRecord).where(SearchRecord.id.in_(gone))
        s.execute(terms, execution_options=_UNSYNCHRONISED)
        s.execute(records, execution_options=_UNSYNCHRONISED)
    now = clock.now()
    kept = {key: entry for key, entry in entries.items() if entry is not None}
    s.insert_many(
        SearchRecord,
        [
            {
                "id": key,
                "kind": entry.kind,
                "ref_id": entry.ref_id,
                "title": entry.title,
                "subtitle": entry.subtitle,
                "unit_id": entry.unit_id,
                "owner_id": entry.owner_id,
                "indexed_at": now,
            }
            for key, entry in kept.items()
        ],
    )
    s.insert_many(
        SearchTerm,
        [
            {"id": key, "kind": entry.kind, "term": term}
            for key, entry in kept.items()
            for term in sorted(entry.terms)
        ],
    )


# --- asking --------------------------------------------------------------------------------------


def query(
    s: CompanySession,
    text: str,
    kinds: Sequence[str],
    limit: int = 20,
    *,
    reach: Reach | None = None,
    staff_id: uuid.UUID | None = None,
) -> list[Hit]:
    """Return at most ``limit`` records of ``kinds`` that match every word of ``text``.

    Chinese, pinyin, initials and mixtures of them (``张wei``); each word has to begin a term of the
    record. Exact terms come first, then the closest beginnings, then by title. ``kinds`` are those
    the reader may see; ``reach`` (with the reader's ``staff_id``) limits the hits to units and own
    records *in the query*, so that a short list is never short because of what was hidden.

    One word is answered completely. Of several that all match more than :data:`BROAD` entries, the
    first ones are combined: a list to choose from, not a count.
    """
    words = query_words(text)
    if not words or not kinds or limit < 1 or (reach is not None and reach.nothing):
        return []
    found: dict[uuid.UUID, _Rank] = {}

    def note(rows: Iterable[Any], prefix: str, *, apart: bool = False) -> None:
        for key, term in rows:
            rank = (apart, term != prefix, len(term))
            found[key] = min(rank, found.get(key, rank))

    may_see = _visible(reach, staff_id)
    window = max(4 * limit, 40)
    joined = "".join(words)[:32]
    for kind in kinds:
        # "zhang wei" and "张 伟" are most likely one name, written apart.
        note(s.execute(_walk(kind, joined, window, may_see)), joined)
    if len(words) > 1 and len(found) < limit:
        for kind in kinds:
            driver = min(words, key=lambda word: _breadth(s, kind, word))
            others = [word for word in words if word != driver]
            statement = _combined(kind, driver, others, window, may_see)
            note(s.execute(statement), driver, apart=True)
    return _hits(s, found, limit)


def _upper(prefix: str) -> str:
    """The least text greater than every text that begins with ``prefix``."""
    last = ord(prefix[-1]) + 1
    if last == 0xD800:  # surrogates are no characters
        last = 0xE000
    return prefix[:-1] + chr(last)


def _begins(term: Any, prefix: str) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = (term >= prefix) & (term < _upper(prefix))
    return condition


def _visible(reach: Reach | None, staff_id: uuid.UUID | None) -> ColumnElement[bool] | None:
    """The condition on a record, or ``None`` where everything may be seen."""
    if reach is None or reach.everything:
        return None
    choices: list[ColumnElement[bool]] = []
    if reach.units:
        choices.append(SearchRecord.unit_id.in_(sorted(reach.units)))
    if reach.own and staff_id is not None:
        own = SearchRecord.owner_id == staff_id
        if reach.own_units:
            own &= SearchRecord.unit_id.in_(sorted(reach.own_units))
        choices.append(own)
    return or_(*choices) if choices else SearchRecord.id.is_(None)


def _walk(
    kind: str, prefix: str, window: int, may_see: ColumnElement[bool] | None
) -> Select[uuid.UUID, str]:
    """The first entries of one kind under one prefix, in the order of the index."""
    statement = (
        select(SearchTerm.id, SearchTerm.term)
        .where(SearchTerm.kind == kind, _begins(SearchTerm.term, prefix))
        .order_by(SearchTerm.term, SearchTerm.id)
        .limit(window)
    )
    if may_see is None:
        return statement
    return statement.join(SearchRecord, SearchRecord.id == SearchTerm.id).where(may_see)


def _combined(
    kind: str,
    driver: str,
    others: Sequence[str],
    window: int,
    may_see: ColumnElement[bool] | None,
) -> Select[uuid.UUID, str]:
    """Records under ``driver`` that every other word matches too."""
    first = _walk(kind, driver, BROAD, None).subquery()
    statement = select(first.c.id, first.c.term).select_from(first)
    for word in others:
        other = aliased(SearchTerm)
        statement = statement.where(
            exists().where(other.id == first.c.id, _begins(other.term, word))
        )
    if may_see is not None:
        statement = statement.join(SearchRecord, SearchRecord.id == first.c.id).where(may_see)
    return statement.order_by(first.c.term, first.c.id).limit(window)


def _breadth(s: CompanySession, kind: str, word: str) -> int:
    """How many entries a word matches, counted no further than :data:`BROAD`."""
    few = (
        select(SearchTerm.id)
        .where(SearchTerm.kind == kind, _begins(SearchTerm.term, word))
        .limit(BROAD)
        .subquery()
    )
    return s.scalar(select(func.count()).select_from(few)) or 0


def _hits(s: CompanySession, found: dict[uuid.UUID, _Rank], limit: int) -> list[Hit]:
    if not found:
        return []
    rows = s.execute(
        select(
            SearchRecord.id,
            SearchRecord.kind,
            SearchRecord.ref_id,
            SearchRecord.title,
            SearchRecord.subtitle,
        ).where(SearchRecord.id.in_(list(found)))
    ).all()
    ranked = sorted(rows, key=lambda row: (*found[row.id], row.title, str(row.ref_id)))
    return [
        Hit(row.kind, row.ref_id, row.title, row.subtitle, not found[row.id][1])
        for row in ranked[:limit]
    ]
