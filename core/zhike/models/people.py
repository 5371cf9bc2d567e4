"""Users 用户, memberships, roles 角色, grants, login sessions and what guards the door."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zhike import clock
from zhike.db.base import ref
from zhike.db.types import uuid7
from zhike.models.base import CoreGlobal, CoreModel

DATA_SCOPES = ("all", "custom", "unit", "unit_tree", "own")
"""全部 / 自定义 / 本部门 / 本部门及以下 / 仅本人."""


class User(CoreGlobal):
    """A login 账号. ``login`` is shown, ``login_key`` (NFKC, case-folded) is unique.

    A system administrator looks after packages, companies and health, and reads no company's
    data by that right. ``second_step_at``: since when a sign-in asks for a code of the phone too.
    """

    __tablename__ = "user"
    __table_args__ = (UniqueConstraint("login_key"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    login: Mapped[str]
    login_key: Mapped[str]
    name: Mapped[str] = mapped_column(info={"personal": "name"})
    password_hash: Mapped[str] = mapped_column(default="")
    password_changed_at: Mapped[datetime | None]
    must_change_password: Mapped[bool] = mapped_column(default=False)
    is_system_admin: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str] = mapped_column(default="")
    theme: Mapped[str] = mapped_column(default="")
    disabled_at: Mapped[datetime | None]
    second_step_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Membership(CoreGlobal):
    """A user's belonging to a company; what he may do there is said by role grants."""

    __tablename__ = "membership"
    __table_args__ = (Index(None, "user_id"),)

    company_id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"),
        ForeignKey("core__company.id", ondelete="RESTRICT"),
        primary_key=True,
    )
    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("core__user.id", ondelete="RESTRICT"), primary_key=True
    )
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Role(CoreModel):
    """A role 角色: a named set of permissions of one company.

    ``preset`` names the shipped role it came from (``plugin:key``), so that the panel can show
    what was changed. ``is_admin`` grants everything of the active plugins (公司管理员).
    """

    __tablename__ = "role"
    __table_args__ = (UniqueConstraint("company_id", "key"),)

    key: Mapped[str]
    title: Mapped[str]
    permissions: Mapped[list[str]]
    preset: Mapped[str] = mapped_column(default="")
    is_admin: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class RoleGrant(CoreModel):
    """A role given to a user in the whole company (``unit_id`` empty) or at one unit.

    ``data_scope`` is one of :data:`DATA_SCOPES`; ``custom_units`` lists unit ids for ``custom``.
    """

    __tablename__ = "role_grant"
    __table_args__ = (
        ref("role_id", "core__role"),
        ref("unit_id", "core__unit"),
        Index(None, "company_id", "user_id"),
        CheckConstraint(
            "data_scope IN ('all', 'custom', 'unit', 'unit_tree', 'own')", name="data_scope"
        ),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("core__user.id", ondelete="RESTRICT"))
    role_id: Mapped[uuid.UUID]
    unit_id: Mapped[uuid.UUID | None]
    data_scope: Mapped[str] = mapped_column(default="all")
    custom_units: Mapped[list[str]] = mapped_column(default=list)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class LoginSession(CoreGlobal):
    """A signed-in browser; the cookie holds a random token, this row only its SHA-256.

    Idle 30 minutes, absolute 12 hours, a new token at login, re-authentication, company switch
    and change of role (``must_rotate``: at the next request). ``revoked_at`` ends it on the server
    at once. ``viewing_as`` is the user whose pages are looked at, read-only, until
    ``viewing_until``.
    """

    __tablename__ = "login_session"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "user_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    token_hash: Mapped[bytes]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("core__user.id", ondelete="RESTRICT"))
    company_id: Mapped[int | None] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"),
        ForeignKey("core__company.id", ondelete="RESTRICT"),
    )
    unit_id: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    reauth_at: Mapped[datetime] = mapped_column(default=clock.now)
    ip: Mapped[str] = mapped_column(default="", info={"personal": "ip"})
    agent: Mapped[str] = mapped_column(default="")
    must_rotate: Mapped[bool] = mapped_column(default=False)
    viewing_as: Mapped[uuid.UUID | None]
    viewing_until: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuthEvent(CoreGlobal):
    """What happened at the door: attempts, lock-outs, sign-ins, sign-outs.

    Kept apart from the ledger so that anonymous noise never takes a company's chain lock; the
    counters of lock-out and throttling are read from its indexes.
    """

    __tablename__ = "auth_event"
    __table_args__ = (
        Index(None, "login_key", "at"),
        Index(None, "ip_prefix", "at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[datetime] = mapped_column(default=clock.now)
    kind: Mapped[str]
    login_key: Mapped[str] = mapped_column(default="")
    user_id: Mapped[uuid.UUID | None]
    ip_prefix: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class ApiToken(CoreGlobal):
    """A bearer token for the JSON API: belongs to a user in one company, narrowed by scopes."""

    __tablename__ = "api_token"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "user_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    token_hash: Mapped[bytes]
    company_id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"),
        ForeignKey("core__company.id", ondelete="RESTRICT"),
    )
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("core__user.id", ondelete="RESTRICT"))
    title: Mapped[str]
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
