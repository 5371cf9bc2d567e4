"""The second step of a sign-in 两步登录: the sealed secret of an authenticator, recovery codes."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.types import uuid7
from zhike.models.base import CoreGlobal


class SecondStep(CoreGlobal):
    """An authenticator of one account, sealed by the site's keys.

    It counts once ``User.second_step_at`` is set, which the first right code does. ``last_step`` is
    the number of the thirty seconds whose code was used last: none of them opens twice.
    """

    __tablename__ = "second_step"

    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("core__user.id", ondelete="RESTRICT"), primary_key=True
    )
    sealed: Mapped[bytes]
    last_step: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), default=0
    )
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class RecoveryCode(CoreGlobal):
    """A code for the day the phone is lost; only its SHA-256 is kept, and it opens once."""

    __tablename__ = "recovery_code"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("core__user.id", ondelete="RESTRICT"))
    code_hash: Mapped[bytes]
    used_at: Mapped[datetime | None]
