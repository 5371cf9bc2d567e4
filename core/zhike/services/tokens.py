"""Bearer tokens 访问令牌 of the JSON API: a user in one company, narrowed by scopes.

A token is shown once, when it is made; the database keeps its SHA-256. It can do no more than its
user, ends with the account or the membership, and never signs in to the pages.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, select, update

from zhike import clock
from zhike.db.session import CompanySession, SystemSession
from zhike.errors import UserError
from zhike.i18n import _
from zhike.models.company import Company
from zhike.models.people import ApiToken, Membership, User
from zhike.services.sessions import (
    PERSON_COLUMNS,
    TOUCH_EVERY,
    Identity,
    digest,
    new_token,
    person_and_company,
)

SCOPES = ("read", "write")
PREFIX = "zk_"
LONGEST = timedelta(days=366)

AnySession = SystemSession | CompanySession


def create(
    s: CompanySession,
    user_id: uuid.UUID,
    *,
    title: str,
    scopes: Iterable[str] = ("read",),
    expires_at: datetime,
) -> tuple[ApiToken, str]:
    """Make a token for a member of this company; returns its row and, this once, its text.

    ``scopes`` out of :data:`SCOPES`; ``write`` includes ``read``. ``expires_at`` (aware) lies ahead
    by at most 366 days. Raises ``UserError`` otherwise.
    """
    wanted = set(scopes)
    if not wanted or wanted - set(SCOPES):
        raise UserError(_("Choose what the token may do."), field="scopes", code="scopes")
    if "write" in wanted:
        wanted.add("read")
    now = clock.now()
    if not now < expires_at <= now + LONGEST:
        raise UserError(
            _("The token must end within a year from now."), field="expires_at", code="expires_at"
        )
    if not title.strip():
        raise UserError(_("Say what the token is for."), field="title")
    text = PREFIX + new_token()
    row = ApiToken(
        token_hash=digest(text),
        company_id=s.company_id,
        user_id=user_id,
        title=title.strip()[:100],
        scopes=sorted(wanted),
        expires_at=expires_at,
    )
    s.add(row)
    s.flush()
    return row, text


_LOOK_UP = (
    select(
        ApiToken.id.label("token_id"),
        ApiToken.scopes,
        ApiToken.expires_at,
        ApiToken.used_at,
        ApiToken.revoked_at,
        *PERSON_COLUMNS,
    )
    .join(User, User.id == ApiToken.user_id)
    .join(Company, Company.id == ApiToken.company_id)
    .outerjoin(
        Membership,
        and_(Membership.company_id == Company.id, Membership.user_id == User.id),
    )
    .where(ApiToken.token_hash == bindparam("token_hash"))
)


def look_up(s: SystemSession, text: str) -> Identity | None:
    """Who holds the token, in one statement; None where it is unknown, ended or expired."""
    if not text.startswith(PREFIX) or len(text) > 100:
        return None
    # Straight to the connection: global tables only, and asked by every request.
    row = s.connection().execute(_LOOK_UP, {"token_hash": digest(text)}).first()
    if row is None or row.revoked_at is not None:
        return None
    if row.expires_at is not None and clock.now() >= row.expires_at:
        return None
    pair = person_and_company(row)
    if pair is None or pair[0].must_change_password:
        return None
    return Identity(
        via="token",
        session_id=row.token_id,
        user=pair[0],
        company=pair[1],
        unit_id=None,
        seen_at=row.used_at,
        scopes=frozenset(row.scopes),
    )


def touch(s: AnySession, token_id: uuid.UUID) -> None:
    """Note that the token was used; asked for at most once a minute."""
    _update(s, ApiToken.id == token_id, used_at=clock.now())


def due_for_touch(used_at: datetime | None) -> bool:
    """Whether the last noted use lies more than a minute back."""
    return used_at is None or clock.now() - used_at > TOUCH_EVERY


def list_open(s: CompanySession, user_id: uuid.UUID) -> Sequence[ApiToken]:
    """A user's tokens in this company that have not been revoked, newest first."""
    return s.scalars(
        select(ApiToken)
        .where(
            ApiToken.company_id == s.company_id,
            ApiToken.user_id == user_id,
            ApiToken.revoked_at.is_(None),
        )
        .order_by(ApiToken.created_at.desc())
    ).all()


def revoke(s: CompanySession, user_id: uuid.UUID, token_id: uuid.UUID) -> bool:
    """End one token of a user in this company; False where there is none such."""
    what = and_(
        ApiToken.id == token_id,
        ApiToken.user_id == user_id,
        ApiToken.company_id == s.company_id,
        ApiToken.revoked_at.is_(None),
    )
    return _update(s, what, revoked_at=clock.now()) > 0


def revoke_all(s: AnySession, user_id: uuid.UUID, *, company_id: int | None = None) -> int:
    """End all tokens of a user (in one company, if named) and return how many."""
    what = and_(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    if company_id is not None:
        what = and_(what, ApiToken.company_id == company_id)
    return _update(s, what, revoked_at=clock.now())


def _update(s: AnySession, what: Any, **values: Any) -> int:
    done: Any = s.execute(
        update(ApiToken).where(what).values(**values).execution_options(synchronize_session=False)
    )
    return int(done.rowcount)
