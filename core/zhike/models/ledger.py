"""The ledger 台账: append-only, hash-chained lines; one chain per company and one for the site.

Two tables of one shape: a company's lines are scoped like all of its data, the site's own lines
(chain 0: keys, packages, companies, sealed sign-in events) belong to no company.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from zhike.db.guards import forbid_changes
from zhike.db.types import uuid7
from zhike.models.base import CoreGlobal, CoreModel

_Big = BigInteger().with_variant(Integer(), "sqlite")


class _Line:
    """Columns of a line. ``hash`` covers everything else in the row and ``prev``."""

    seq: Mapped[int] = mapped_column(_Big)
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    user_id: Mapped[uuid.UUID | None]
    staff_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str] = mapped_column(default="")
    ip: Mapped[str] = mapped_column(default="", info={"personal": "ip"})
    action: Mapped[str]
    object: Mapped[str | None]
    result: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    body: Mapped[dict[str, Any]]
    prev: Mapped[bytes]
    hash: Mapped[bytes]


class _Head:
    """The end of a chain: the lock that makes writers queue, and the next line's ``prev``."""

    seq: Mapped[int] = mapped_column(_Big, default=0)
    hash: Mapped[bytes]


class LedgerLine(_Line, CoreModel):
    """One line of a company's ledger 台账. Never changed, never deleted (guarded by triggers)."""

    __tablename__ = "ledger"
    __table_args__ = (
        UniqueConstraint("company_id", "seq"),
        Index(None, "company_id", "action", "seq"),
        Index(None, "company_id", "object", "seq"),
        Index(None, "company_id", "at"),
    )


class LedgerHead(_Head, CoreModel):
    """The end of a company's chain; one row per company."""

    __tablename__ = "ledger_head"
    __table_args__ = (UniqueConstraint("company_id"),)


class SiteLedgerLine(_Line, CoreGlobal):
    """One line of the site's own ledger (chain 0)."""

    __tablename__ = "site_ledger"
    __table_args__ = (
        UniqueConstraint("seq"),
        Index(None, "action", "seq"),
        Index(None, "at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)


class SiteLedgerHead(_Head, CoreGlobal):
    """The end of the site's chain: exactly one row, number 1."""

    __tablename__ = "site_ledger_head"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(Integer(), primary_key=True, autoincrement=False, default=1)


for _model in (LedgerLine, SiteLedgerLine):
    event.listen(
        _model.__table__,
        "after_create",
        lambda table, connection, **kw: forbid_changes(connection, table.name),
    )
