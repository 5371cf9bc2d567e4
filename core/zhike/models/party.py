"""Party 客户: whom every regulation speaks of; and contact 接触记录: who was in touch, when, how.

The core keeps name, contacts, kind, owner unit and links between parties. The file about the
customer is the archives plugin's; who owns the customer's business is the sales floor's.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, column
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.base import ref
from zhike.models.base import CoreModel

_MERGED = column("merged_into").is_not(None)


class Party(CoreModel):
    """A customer 客户: a person or an organisation known to the company.

    Phone and identity number are sealed under the party's own data key (``key_id``) and matched
    by blind indexes: the whole normalised value, and the last four digits for the desk.
    ``merged_into`` points at the party that took this one's place.
    """

    __tablename__ = "party"
    __table_args__ = (
        ref("owner_unit_id", "core__unit"),
        ref("merged_into", "core__party"),
        # With the id, by which the finds are ordered: else SQLite reads the whole table in order.
        Index(None, "company_id", "name", "id"),
        Index(None, "company_id", "phone_index", "id"),
        Index(None, "company_id", "phone_tail", "id"),
        Index(None, "company_id", "identity_index"),
        Index(None, "company_id", "owner_unit_id"),
        # Deleting a party asks who was merged into it: without this, by reading the whole table.
        # Of the merged ones only: a search for the others must not take this index for its own.
        Index(
            "ix_core__party_merged_into",
            "company_id",
            "merged_into",
            sqlite_where=_MERGED,
        ),
        CheckConstraint("kind IN ('person', 'organisation')", name="kind"),
    )

    kind: Mapped[str] = mapped_column(default="person")
    name: Mapped[str] = mapped_column(info={"personal": "name"})
    salutation: Mapped[str] = mapped_column(default="")
    owner_unit_id: Mapped[uuid.UUID | None]
    key_id: Mapped[uuid.UUID | None]
    phone_sealed: Mapped[bytes | None] = mapped_column(info={"personal": "phone"})
    phone_index: Mapped[bytes | None]
    phone_tail: Mapped[bytes | None]
    phone_masked: Mapped[str] = mapped_column(default="")
    identity_sealed: Mapped[bytes | None] = mapped_column(info={"personal": "identity"})
    identity_index: Mapped[bytes | None]
    note: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    source: Mapped[str] = mapped_column(default="")
    merged_into: Mapped[uuid.UUID | None]
    restricted_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class PartyLink(CoreModel):
    """A tie between two parties: kinship 亲属, introducer 介绍人, employer …

    ``other_id`` is the ``kind`` of ``party_id`` (``parent``: the other is this one's parent;
    ``introduced_by``: the other introduced this one): ``spouse``, ``parent``, ``child``,
    ``grandparent``, ``grandchild``, ``sibling``, ``introduced_by``, ``friend``, ``colleague``.
    ``proved_at`` is when proof was logged; a relation without proof has no effect (CV-11).
    """

    __tablename__ = "party_link"
    __table_args__ = (
        ref("party_id", "core__party"),
        ref("other_id", "core__party"),
        Index(None, "company_id", "party_id"),
        Index(None, "company_id", "other_id"),
        UniqueConstraint("company_id", "party_id", "other_id", "kind"),
        CheckConstraint("party_id <> other_id", name="other"),
    )

    party_id: Mapped[uuid.UUID]
    other_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    proof: Mapped[str] = mapped_column(default="")
    proved_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Contact(CoreModel):
    """One contact 接触: a visit, call, message or letter, whoever logged it.

    ``occurred_at`` is as stated, ``recorded_at`` by the server; the two differ when somebody
    back-dates, which shows and rewinds nothing. ``source`` is the plugin that logged it.
    """

    __tablename__ = "contact"
    __table_args__ = (
        ref("party_id", "core__party"),
        ref("staff_id", "core__staff"),
        ref("unit_id", "core__unit"),
        Index(None, "company_id", "party_id", "occurred_at"),
        Index(None, "company_id", "staff_id", "occurred_at"),
        CheckConstraint("kind IN ('visit', 'call', 'message', 'letter')", name="kind"),
        CheckConstraint("direction IN ('in', 'out')", name="direction"),
    )

    party_id: Mapped[uuid.UUID | None]
    staff_id: Mapped[uuid.UUID | None]
    unit_id: Mapped[uuid.UUID | None]
    kind: Mapped[str]
    direction: Mapped[str] = mapped_column(default="in")
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)
    note: Mapped[str] = mapped_column(default="", info={"personal": "note"})
    answered: Mapped[bool] = mapped_column(default=True)
    source: Mapped[str] = mapped_column(default="core")
    subject: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
