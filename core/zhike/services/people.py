"""People with a login 用户: accounts, their passwords, and which companies they belong to.

What a user may do in a company is said by roles (:mod:`zhike.services.access`); whether he comes
in at all is decided here and at the door (:mod:`zhike.services.door`). Ending an account or a
membership ends every open session and token of it in the same transaction.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Sequence

from sqlalchemy import delete, select, update

from zhike import clock
from zhike.db.session import CompanySession, SystemSession
from zhike.errors import NotFound, UserError
from zhike.i18n import _
from zhike.models.company import Company
from zhike.models.people import Membership, User
from zhike.services import passwords, sessions, tokens
from zhike.services.access import guard_last_admin

MAX_LOGIN = 60

AnySession = SystemSession | CompanySession


def login_key(login: str) -> str:
    """The one spelling by which a login 账号 is unique: NFKC, case-folded, trimmed.

    Full-width letters, other cases and compatibility forms of a login are the same login, so that
    nobody can take over an account by spelling its name differently.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", login).casefold()).strip()


def _check_login(s: AnySession, login: str, *, besides: uuid.UUID | None = None) -> tuple[str, str]:
    shown = unicodedata.normalize("NFC", login).strip()
    key = login_key(login)
    if not key or len(shown) > MAX_LOGIN or any(c.isspace() or not c.isprintable() for c in key):
        raise UserError(
            _("A user name has 1 to %(n)s characters and no spaces.", n=MAX_LOGIN),
            field="login",
            code="login",
        )
    taken = s.scalar(select(User.id).where(User.login_key == key))
    if taken is not None and taken != besides:
        raise UserError(_("This user name is already taken."), field="login", code="taken")
    return shown, key


def add_user(
    s: AnySession,
    *,
    login: str,
    name: str,
    password_hash: str = "",
    must_change_password: bool = True,
    is_system_admin: bool = False,
    locale: str = "",
) -> User:
    """Create an account. ``password_hash`` comes from :func:`passwords.hash_password`, made before
    the transaction; empty means that nobody can sign in with it yet.

    Raises ``UserError`` for a bad or taken login or an empty name.
    """
    shown, key = _check_login(s, login)
    if not name.strip():
        raise UserError(_("Please give a name."), field="name")
    user = User(
        login=shown,
        login_key=key,
        name=name.strip(),
        password_hash=password_hash,
        password_changed_at=clock.now() if password_hash else None,
        must_change_password=must_change_password,
        is_system_admin=is_system_admin,
        locale=locale,
    )
    s.add(user)
    s.flush()
    return user


def rename_login(s: AnySession, user_id: uuid.UUID, login: str) -> None:
    """Give an account another login; ends its sessions. Raises as :func:`add_user`."""
    user = get_user(s, user_id)
    user.login, user.login_key = _check_login(s, login, besides=user_id)
    s.flush()
    sessions.revoke_all(s, user_id)


def any_user(s: AnySession) -> bool:
    """Whether there is any account at all; a fresh site has none."""
    return s.execute(select(User.id).limit(1)).first() is not None


def get_user(s: AnySession, user_id: uuid.UUID) -> User:
    """The account, or ``NotFound``."""
    user = s.get(User, user_id)
    if user is None:
        raise NotFound(_("This user does not exist."))
    return user


def find_user(s: AnySession, login: str) -> User | None:
    """The account behind a login in any spelling, or None."""
    return s.scalars(select(User).where(User.login_key == login_key(login))).first()


def list_users(s: AnySession, *, company_id: int | None = None) -> Sequence[User]:
    """All accounts by login; with ``company_id`` only those that belong to the company."""
    statement = select(User).order_by(User.login_key)
    if company_id is not None:
        statement = statement.join(Membership, Membership.user_id == User.id).where(
            Membership.company_id == company_id
        )
    return s.scalars(statement).all()


def set_password(
    s: AnySession,
    user_id: uuid.UUID,
    password_hash: str,
    *,
    must_change: bool,
    keep_session: uuid.UUID | None = None,
) -> None:
    """Store a new hash and end all sessions of the account but ``keep_session``.

    ``must_change`` sends the person to the password page at the next sign-in: set it whenever
    somebody else chose the password.
    """
    user = get_user(s, user_id)
    user.password_hash = password_hash
    user.password_changed_at = clock.now()
    user.must_change_password = must_change
    s.flush()
    sessions.revoke_all(s, user_id, besides=keep_session)


def new_password_hash(password: str, *, login: str, name: str) -> str:
    """Check a new password and hash it; call outside any transaction. Raises ``UserError``."""
    passwords.check(password, login=login, name=name)
    return passwords.hash_password(password)


def disable(s: AnySession, user_id: uuid.UUID) -> None:
    """Close an account 停用: sessions and tokens end with this transaction. Safe to repeat.

    Whoever calls this asks :func:`~zhike.services.access.guard_last_admin` in each company.
    """
    user = get_user(s, user_id)
    user.disabled_at = user.disabled_at or clock.now()
    s.flush()
    sessions.revoke_all(s, user_id)
    tokens.revoke_all(s, user_id)


def enable(s: AnySession, user_id: uuid.UUID) -> None:
    """Open a closed account again; its old sessions and tokens stay ended."""
    get_user(s, user_id).disabled_at = None
    s.flush()


def disable_in(s: CompanySession, user_id: uuid.UUID) -> None:
    """:func:`disable` by a company's administrator: only a member of this company, never its last
    administrator (``Conflict``), and never somebody who also belongs to another company."""
    companies = {company.id for company in companies_of(s, user_id)}
    if s.company_id not in companies:
        raise NotFound(_("This user does not exist."))
    if companies != {s.company_id}:
        raise UserError(
            _("This user also belongs to another company; end the membership here instead."),
            code="shared_user",
            status=409,
        )
    disable(s, user_id)
    guard_last_admin(s)


def add_membership(s: AnySession, user_id: uuid.UUID, company_id: int) -> None:
    """Make a user belong to a company; what he may do there comes with roles. Safe to repeat."""
    if s.get(Membership, (company_id, user_id)) is None:
        s.add(Membership(company_id=company_id, user_id=user_id))
        s.flush()


def end_membership(s: CompanySession, user_id: uuid.UUID) -> None:
    """End a user's belonging to this company: its sessions and tokens end at once.

    Raises ``Conflict`` where this would leave the company without an administrator.
    """
    s.execute(
        delete(Membership)
        .where(Membership.company_id == s.company_id, Membership.user_id == user_id)
        .execution_options(synchronize_session=False)
    )
    sessions.revoke_all(s, user_id, company_id=s.company_id)
    tokens.revoke_all(s, user_id, company_id=s.company_id)
    guard_last_admin(s)


def companies_of(s: AnySession, user_id: uuid.UUID) -> Sequence[Company]:
    """The open companies a user belongs to, by name."""
    return s.scalars(
        select(Company)
        .join(Membership, Membership.company_id == Company.id)
        .where(Membership.user_id == user_id, Company.closed_at.is_(None))
        .order_by(Company.name, Company.id)
    ).all()


def set_preference(
    s: AnySession, user_id: uuid.UUID, *, locale: str | None = None, theme: str | None = None
) -> None:
    """Remember the language or the appearance somebody chose."""
    values = {k: v for k, v in (("locale", locale), ("theme", theme)) if v is not None}
    if values:
        s.execute(
            update(User)
            .where(User.id == user_id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
