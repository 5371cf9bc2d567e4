"""Paired devices 配对设备 and the PINs by which people name themselves at a shared desk."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.base import ref
from zhike.db.types import uuid7
from zhike.models.base import CoreGlobal, CoreModel


class Device(CoreGlobal):
    """A device of one site that is signed in as itself, not as a person.

    ``user_id`` is an account of its own that nobody can sign in to: it holds the desk's role, so
    that rights, ledger and caches know a device as they know anybody. The cookie holds a random
    token, this row only its SHA-256; ``code_hash`` is that of the pairing code while one is open.
    ``acting_*`` says which staff member acts there until when; ``acting_once`` for one act only.
    """

    __tablename__ = "device"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        UniqueConstraint("code_hash"),
        UniqueConstraint("user_id"),
        Index(None, "company_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    company_id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"),
        ForeignKey("core__company.id", ondelete="RESTRICT"),
    )
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("core__user.id", ondelete="RESTRICT"))
    unit_id: Mapped[uuid.UUID]
    name: Mapped[str]
    token_hash: Mapped[bytes | None]
    code_hash: Mapped[bytes | None]
    code_until: Mapped[datetime | None]
    paired_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    agent: Mapped[str] = mapped_column(default="")
    ip: Mapped[str] = mapped_column(default="", info={"personal": "ip"})
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by: Mapped[str] = mapped_column(default="")
    revoked_at: Mapped[datetime | None]
    acting_staff_id: Mapped[uuid.UUID | None]
    acting_name: Mapped[str] = mapped_column(default="", info={"personal": "name"})
    acting_until: Mapped[datetime | None]
    acting_once: Mapped[bool] = mapped_column(default=False)


class StaffPin(CoreModel):
    """A staff member's PIN: Argon2id over a keyed digest, so that the table alone opens nothing.

    ``must_change`` after somebody else has chosen it; ``set_by`` is ``self`` or ``admin``.
    """

    __tablename__ = "staff_pin"
    __table_args__ = (
        ref("staff_id", "core__staff"),
        UniqueConstraint("company_id", "staff_id"),
        CheckConstraint("set_by IN ('self', 'admin')", name="set_by"),
    )

    staff_id: Mapped[uuid.UUID]
    hash: Mapped[str]
    must_change: Mapped[bool] = mapped_column(default=False)
    set_at: Mapped[datetime] = mapped_column(default=clock.now)
    set_by: Mapped[str] = mapped_column(default="self")
