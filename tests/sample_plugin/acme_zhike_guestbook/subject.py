"""Finding, exporting and erasing what the guestbook knows about a person."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from acme_zhike_guestbook.models import Entry
from zhike.api import CompanySession


def export(s: CompanySession, party_id: uuid.UUID) -> Sequence[Mapping[str, Any]]:
    """What this customer wrote."""
    rows = s.execute(
        select(Entry.signed_by, Entry.words, Entry.written_at).where(Entry.party_id == party_id)
    )
    return [
        {"signed_by": r.signed_by, "words": r.words, "at": r.written_at.isoformat()} for r in rows
    ]


def erase(s: CompanySession, party_id: uuid.UUID) -> int:
    """Blank this customer's words; the entry stays counted."""
    result = s.execute(
        update(Entry).where(Entry.party_id == party_id).values(signed_by="", words=""),
        execution_options={"synchronize_session": False},
    )
    return int(getattr(result, "rowcount", 0))
