"""Login sessions 登录会话: what a browser's cookie stands for, kept on the server.

The cookie holds 256 random bits, the row only their SHA-256. A session ends when it was idle for
30 minutes, 12 hours after it began, at sign-out, and at once when the account is closed or the
membership ends. Its token is new after sign-in, a repeated proof of password, a change of company
and a change of role.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, select, update

from zhike import clock
from zhike.db.session import CompanySession, SystemSession
from zhike.models.company import Company
from zhike.models.people import LoginSession, Membership, User

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)

AnySession = SystemSession | CompanySession


@dataclass(frozen=True, slots=True)
class UserInfo:
    """The account behind a request."""

    id: uuid.UUID
    login: str
    name: str
    locale: str
    theme: str
    is_system_admin: bool
    must_change_password: bool
    second_step: bool = False


@dataclass(frozen=True, slots=True)
class CompanyInfo:
    """The company a request is for. ``generation`` keys every cache about it."""

    id: int
    slug: str
    name: str
    tz: str
    locale: str
    generation: int


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is behind a request, as proved by a session cookie or a bearer token.

    ``via`` is ``cookie`` or ``token``; ``scopes`` narrow a token (``read``, ``write``);
    ``session_id`` is the login session's or the token's id; ``seen_at`` when it was last used.
    """

    via: str
    session_id: uuid.UUID
    user: UserInfo
    company: CompanyInfo | None
    unit_id: uuid.UUID | None
    seen_at: datetime | None
    reauth_at: datetime | None = None
    must_rotate: bool = False
    scopes: frozenset[str] = frozenset({"read", "write"})
    viewing_as: uuid.UUID | None = None
    viewing_until: datetime | None = None


def digest(token: str) -> bytes:
    """What is stored of a token: its SHA-256. The token is random, so no salt is needed."""
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


PERSON_COLUMNS = (
    User.id.label("user_id"),
    User.login,
    User.name.label("user_name"),
    User.locale.label("user_locale"),
    User.theme,
    User.is_system_admin,
    User.must_change_password,
    User.second_step_at,
    User.disabled_at,
    Company.id.label("company_id"),
    Company.slug,
    Company.name.label("company_name"),
    Company.tz,
    Company.locale.label("company_locale"),
    Company.generation,
    Company.closed_at.label("company_closed_at"),
    Membership.user_id.label("member_id"),
)
"""Columns from which :func:`person_and_company` makes its pair."""


def person_and_company(row: Any) -> tuple[UserInfo, CompanyInfo | None] | None:
    """User and company of a joined row; None where the account is closed or membership ended."""
    if row.disabled_at is not None:
        return None
    user = UserInfo(
        row.user_id,
        row.login,
        row.user_name,
        row.user_locale,
        row.theme,
        row.is_system_admin,
        row.must_change_password,
        row.second_step_at is not None,
    )
    if row.company_id is None:
        return user, None
    if row.member_id is None or row.company_closed_at is not None:
        return None
    company = CompanyInfo(
        row.company_id,
        row.slug,
        row.company_name,
        row.tz,
        row.company_locale,
        row.generation,
    )
    return user, company


_LOOK_UP = (
    select(
        LoginSession.id.label("session_id"),
        LoginSession.unit_id,
        LoginSession.seen_at,
        LoginSession.expires_at,
        LoginSession.reauth_at,
        LoginSession.revoked_at,
        LoginSession.must_rotate,
        LoginSession.viewing_as,
        LoginSession.viewing_until,
        *PERSON_COLUMNS,
    )
    .join(User, User.id == LoginSession.user_id)
    .outerjoin(Company, Company.id == LoginSession.company_id)
    .outerjoin(
        Membership,
        and_(Membership.company_id == Company.id, Membership.user_id == User.id),
    )
    .where(LoginSession.token_hash == bindparam("token_hash"))
)


def look_up(connection: Connection, token: str) -> Identity | None:
    """Who holds ``token``, in one statement; None where it is unknown, ended or too old.

    Asked by every request, of global tables only: a bare connection costs half of what a session
    does.
    """
    if not token or len(token) > 100:
        return None
    row = connection.execute(_LOOK_UP, {"token_hash": digest(token)}).first()
    now = clock.now()
    if row is None or row.revoked_at is not None:
        return None
    if now >= row.expires_at or now - row.seen_at > IDLE:
        return None
    pair = person_and_company(row)
    if pair is None:
        return None
    return Identity(
        via="cookie",
        session_id=row.session_id,
        user=pair[0],
        company=pair[1],
        unit_id=row.unit_id,
        seen_at=row.seen_at,
        reauth_at=row.reauth_at,
        must_rotate=row.must_rotate,
        viewing_as=row.viewing_as,
        viewing_until=row.viewing_until,
    )


def open_session(
    s: AnySession, user_id: uuid.UUID, *, company_id: int | None, ip: str, agent: str
) -> str:
    """Begin a session and return its token, which is stored nowhere."""
    token, now = new_token(), clock.now()
    s.add(
        LoginSession(
            token_hash=digest(token),
            user_id=user_id,
            company_id=company_id,
            created_at=now,
            seen_at=now,
            reauth_at=now,
            expires_at=now + ABSOLUTE,
            ip=ip[:45],
            agent=agent[:200],
        )
    )
    s.flush()
    return token


def rotate(s: AnySession, session_id: uuid.UUID, old_token: str, **changes: Any) -> str | None:
    """Replace a session's token, the old one ending at once, and set ``changes`` with it.

    Returns the new token, or None where the session has ended or another request was faster.
    """
    token = new_token()
    done: Any = s.execute(
        update(LoginSession)
        .where(
            LoginSession.id == session_id,
            LoginSession.token_hash == digest(old_token),
            LoginSession.revoked_at.is_(None),
        )
        .values(token_hash=digest(token), must_rotate=False, seen_at=clock.now(), **changes)
        .execution_options(synchronize_session=False)
    )
    return token if done.rowcount else None


def choose_unit(s: AnySession, session_id: uuid.UUID, unit_id: uuid.UUID | None) -> None:
    """Remember the site somebody works at, for this session."""
    _update(s, LoginSession.id == session_id, unit_id=unit_id)


def touch(s: AnySession, session_id: uuid.UUID) -> None:
    """Note that the session is in use; asked for at most once a minute."""
    now = clock.now()
    _update(
        s,
        and_(LoginSession.id == session_id, LoginSession.seen_at < now - TOUCH_EVERY),
        seen_at=now,
    )


def revoke(
    s: AnySession, user_id: uuid.UUID, session_id: uuid.UUID, *, company_id: int | None = None
) -> bool:
    """End one of a user's sessions; False where it is not his (in the company, if one is named)
    or already ended."""
    what = and_(LoginSession.user_id == user_id, LoginSession.id == session_id)
    if company_id is not None:
        what = and_(what, LoginSession.company_id == company_id)
    return _revoke(s, what) > 0


def revoke_all(
    s: AnySession,
    user_id: uuid.UUID,
    *,
    besides: uuid.UUID | None = None,
    company_id: int | None = None,
) -> int:
    """End all sessions of a user (in one company, if named) and return how many."""
    what = LoginSession.user_id == user_id
    if besides is not None:
        what = and_(what, LoginSession.id != besides)
    if company_id is not None:
        what = and_(what, LoginSession.company_id == company_id)
    return _revoke(s, what)


def roles_changed(s: CompanySession, user_id: uuid.UUID) -> None:
    """Make every open session of the user in this company take a new token at its next request."""
    what = and_(
        LoginSession.user_id == user_id,
        LoginSession.company_id == s.company_id,
        LoginSession.revoked_at.is_(None),
    )
    _update(s, what, must_rotate=True)


def list_open(s: AnySession, user_id: uuid.UUID) -> Sequence[LoginSession]:
    """A user's sessions that have not ended, the latest used first."""
    now = clock.now()
    return s.scalars(
        select(LoginSession)
        .where(
            LoginSession.user_id == user_id,
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > now,
            LoginSession.seen_at > now - IDLE,
        )
        .order_by(LoginSession.seen_at.desc())
    ).all()


def last_company(s: AnySession, user_id: uuid.UUID) -> int | None:
    """The company of the user's most recent session, if he chose one."""
    return s.scalar(
        select(LoginSession.company_id)
        .where(LoginSession.user_id == user_id, LoginSession.company_id.is_not(None))
        .order_by(LoginSession.created_at.desc())
        .limit(1)
    )


def prune(s: SystemSession, keep: timedelta) -> int:
    """Delete sessions that ended longer than ``keep`` ago: they hold addresses and devices."""
    done: Any = s.execute(
        delete(LoginSession)
        .where(LoginSession.expires_at < clock.now() - keep)
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)


def _update(s: AnySession, what: Any, **values: Any) -> int:
    done: Any = s.execute(
        update(LoginSession)
        .where(what)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)


def _revoke(s: AnySession, what: Any) -> int:
    return _update(s, and_(what, LoginSession.revoked_at.is_(None)), revoked_at=clock.now())
