"""Finding a setting 查找设置: by its words, its help, its key, in Chinese or by pinyin; and what
became of one since the beginning, from the ledger."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from zhike.db.session import CompanySession
from zhike.models.ledger import LedgerLine
from zhike.models.organisation import Staff
from zhike.models.people import User
from zhike.services.textkit import name_terms, query_words

_LINES = 2000  #: latest changes of one app's settings that are looked through
ACTIONS = ("core.settings.set", "core.settings.reset")


def matches(text: str, *said: str) -> bool:
    """Whether every word of ``text`` stands in one of the texts, or begins its pinyin or a word.

    ``gj`` and ``genjin`` find 跟进, and so does 跟进 anywhere in a sentence.
    """
    words = query_words(text)
    if not words:
        return not text.strip()
    plain = " ".join(unicodedata.normalize("NFKC", one).casefold() for one in said)
    terms: set[str] | None = None
    for word in words:
        if word in plain:
            continue
        if terms is None:  # pinyin costs more than looking
            terms = {term for one in said for term in _terms(one)}
        if not any(term.startswith(word) for term in terms):
            return False
    return True


def _terms(text: str) -> set[str]:
    """Terms of a sentence: :func:`name_terms` looks at the first characters of a run only."""
    return {
        term for start in range(0, min(len(text), 120), 12) for term in name_terms(text[start:])
    }


@dataclass(frozen=True)
class Change:
    """One change of a setting: when, by whom, from what to what; ``reset``: back to the default."""

    seq: int
    at: datetime
    who: str
    old: Any
    new: Any
    reset: bool


def history(s: CompanySession, plugin: str, key: str) -> list[Change]:
    """What became of a setting of this company, the latest first, as the ledger has it."""
    lines = s.execute(
        select(
            LedgerLine.seq,
            LedgerLine.at,
            LedgerLine.action,
            LedgerLine.body,
            LedgerLine.user_id,
            LedgerLine.staff_id,
            LedgerLine.actor_name,
        )
        .where(LedgerLine.object == plugin, LedgerLine.action.in_(ACTIONS))
        .order_by(LedgerLine.seq.desc())
        .limit(_LINES)
    ).all()
    found = [line for line in lines if isinstance(line.body.get(key), Mapping)]
    names = _names(s, found)
    return [
        Change(
            seq=line.seq,
            at=line.at,
            who=names.get(line.staff_id) or names.get(line.user_id) or line.actor_name,
            old=line.body[key].get("old"),
            new=line.body[key].get("new"),
            reset=line.action == "core.settings.reset",
        )
        for line in found
    ]


def _names(s: CompanySession, lines: Sequence[Any]) -> dict[uuid.UUID | None, str]:
    users = {line.user_id for line in lines if line.user_id}
    staff = {line.staff_id for line in lines if line.staff_id}
    names: dict[uuid.UUID | None, str] = {
        row.id: row.name for row in s.execute(select(User.id, User.name).where(User.id.in_(users)))
    }
    for row in s.execute(select(Staff.id, Staff.name).where(Staff.id.in_(staff))):
        names[row.id] = row.name
    return names
