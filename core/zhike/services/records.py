"""Names for records of any kind: who has a reference asks here what to show (单据名称)."""

from __future__ import annotations

from typing import Any

from zhike.contributions import RecordKind, RecordRef, RecordSummary
from zhike.db.session import CompanySession
from zhike.plugins.active import active_in


def describe(s: CompanySession, ref: RecordRef | str, principal: Any) -> RecordSummary | None:
    """How a record is called and where ``principal`` may open it.

    None where its plugin is off, its kind unknown, the record gone or hidden from the reader; what
    its plugin raises is noted against it and counts as None.  Raises ValueError for a text that is
    no reference.
    """
    ref = RecordRef.parse(ref) if isinstance(ref, str) else ref
    kind = active_in(s).get(RecordKind, f"{ref.plugin}.{ref.kind}")
    if kind is None:
        return None
    try:
        return kind.describe(s, ref, principal)
    except Exception as error:  # noqa: BLE001 - a name that is missing must not take the page with it
        s.site.plugins.note_failure(ref.plugin, f"describe {ref.kind}", error, s.company_id)
        return None
