"""Search terms 搜索词: what a record is found under, derived and replaceable at any time."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.base import ref
from zhike.models.base import CoreModel

# Compared byte by byte on both databases: a range of terms is then a prefix, whatever the locale.
_Term = String(32).with_variant(String(32, collation="C"), "postgresql")


class SearchRecord(CoreModel):
    """What a hit shows, and who may see it. One row per kind and record.

    ``id`` is derived from both (:func:`zhike.services.search.record_id`), so that indexing twice
    meets the same row. ``title`` and ``subtitle`` are as any reader with the right to the kind may
    see them: masked where the record is. ``unit_id`` and ``owner_id`` (staff) narrow that right.
    """

    __tablename__ = "search_record"

    kind: Mapped[str]
    ref_id: Mapped[uuid.UUID]
    title: Mapped[str]
    subtitle: Mapped[str] = mapped_column(default="")
    unit_id: Mapped[uuid.UUID | None]
    owner_id: Mapped[uuid.UUID | None]
    indexed_at: Mapped[datetime] = mapped_column(default=clock.now)


class SearchTerm(CoreModel):
    """One term of one record; ``id`` is the record's, the key is the record and the term.

    A derived row that nothing refers to: it has no identity of its own, which makes the table a
    third as large as with one.
    """

    __tablename__ = "search_term"
    __table_args__ = (
        ref("id", "core__search_record", ondelete="CASCADE"),
        Index(None, "company_id", "kind", "term", "id"),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, sort_order=-19)
    term: Mapped[str] = mapped_column(_Term, primary_key=True)
    kind: Mapped[str]
