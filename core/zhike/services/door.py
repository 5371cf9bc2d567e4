"""The door 登录: signing in, and the counters that keep guessers out.

Five wrong tries in fifteen minutes or ten in a day close an account's door, thirty in fifteen
minutes that of a network (/24, or /56 of IPv6). The counters are rows, so that they hold for all
processes; a try is written, and so counted as failed, before its password is looked at, and a row
of success takes it out of the count afterwards, so that many tries at once cannot slip past. Rows
are only ever added: they are sealed into the site's chain. A missing account is counted, costs one
hash and is answered exactly like an existing one.
"""

from __future__ import annotations

import hashlib
import ipaddress
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from zhike import clock
from zhike.db.session import CompanySession, SystemSession
from zhike.models.people import AuthEvent, User
from zhike.services import passwords, people, sessions
from zhike.services import second_step as second_steps
from zhike.site import Site

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
ACCOUNT_LIMITS = ((5, QUARTER), (10, DAY))
NETWORK_LIMITS = ((30, QUARTER),)
GOOD = ("signed_in", "proved")  #: kinds that take a try out of the count


@dataclass(frozen=True)
class SignedIn:
    """The door opened: the token for the cookie, and the company the session begins in."""

    token: str
    user_id: uuid.UUID
    company_id: int | None


@dataclass(frozen=True)
class SecondWanted:
    """The password was right; the door asks for a code of the phone before it opens.

    ``try_id`` is the try that waits to be taken out of the count, ``stamp`` changes with the
    password. All of it may travel in a signed cookie: nothing opens by it alone.
    """

    user_id: uuid.UUID
    try_id: uuid.UUID
    stamp: str


@dataclass(frozen=True)
class Refused:
    """The door stayed shut. ``retry_after`` is seconds to wait where it is locked, else None."""

    retry_after: int | None = None


def ip_prefix(ip: str) -> str:
    """The network that is counted as one source: /24 of IPv4, /56 of IPv6; empty for no address."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = 24 if address.version == 4 else 56
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


def _counted_as(login: str, user: User | None) -> str:
    """The name tries are counted under. What was typed for a missing account is kept as a digest:
    people type passwords into the wrong field."""
    key = people.login_key(login)
    if user is not None:
        return user.login_key
    return "?" + hashlib.sha256(key.encode()).hexdigest()[:32]


def _wait(tries: list[datetime], limits: tuple[tuple[int, timedelta], ...]) -> int | None:
    """Seconds until the next try is allowed, None for now; ``tries`` are newest first."""
    now, longest = clock.now(), 0.0
    for most, window in limits:
        recent = [at for at in tries if now - at < window]
        if len(recent) >= most:
            longest = max(longest, (recent[most - 1] + window - now).total_seconds())
    return int(longest) + 1 if longest > 0 else None


_COUNTED = ("tried", *GOOD, "unlocked")


def _failed(rows: Iterable[Any]) -> list[datetime]:
    """Times of the tries that did not succeed, newest first; ``rows`` are newest first too."""
    succeeded: set[str] = set()
    tries: list[datetime] = []
    for row in rows:
        if row.kind == "unlocked":
            break
        if row.kind in GOOD:
            succeeded.add(str(row.detail.get("try", "")))
        elif str(row.id) not in succeeded:
            tries.append(row.at)
    return tries


def _events_since(s: SystemSession | CompanySession, what: Any, since: datetime) -> Sequence[Any]:
    return s.execute(
        select(AuthEvent.id, AuthEvent.kind, AuthEvent.at, AuthEvent.detail)
        .where(what, AuthEvent.at > since, AuthEvent.kind.in_(_COUNTED))
        .order_by(AuthEvent.at.desc(), AuthEvent.id.desc())
        .limit(2000)
    ).all()


def _locked_for(s: SystemSession, counted_as: str, prefix: str) -> int | None:
    """Seconds for which this door is shut; None where it is open."""
    now = clock.now()
    own = _failed(_events_since(s, AuthEvent.login_key == counted_as, now - DAY))
    waits = [_wait(own, ACCOUNT_LIMITS)]
    if prefix:
        network = _events_since(s, AuthEvent.ip_prefix == prefix, now - QUARTER)
        waits.append(_wait(_failed(r for r in network if r.kind != "unlocked"), NETWORK_LIMITS))
    return max((w for w in waits if w is not None), default=None)


@dataclass(frozen=True)
class _Try:
    event_id: uuid.UUID
    prefix: str
    user_id: uuid.UUID | None
    stored: str
    usable: bool


def _begin(site: Site, login: str, ip: str) -> _Try | Refused:
    """Count the try before anything is compared, or refuse it unseen."""
    prefix = ip_prefix(ip)
    with site.system() as s:
        user = people.find_user(s, login) if len(login) <= 200 else None
        counted_as = _counted_as(login[:200], user)
        _queue(s, f"door:{counted_as}", f"door:{prefix}")
        wait = _locked_for(s, counted_as, prefix)
        if wait is not None:
            _note_lock(s, counted_as, user, prefix)
            return Refused(wait)
        event = AuthEvent(
            kind="tried",
            login_key=counted_as,
            user_id=user.id if user else None,
            ip_prefix=prefix,
        )
        s.add(event)
        s.flush()
        return _Try(
            event.id,
            prefix,
            user.id if user else None,
            user.password_hash if user else "",
            user is not None and user.disabled_at is None,
        )


def _queue(s: SystemSession, *names: str) -> None:
    """Let tries at the same account or from the same network count one after the other.

    Without it PostgreSQL shows none of several tries at once to the others. On SQLite the write
    transaction itself is the queue.
    """
    connection = s.connection()
    if connection.dialect.name == "postgresql":
        for name in sorted(names):  # always in one order, so that nobody waits in a circle
            number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
            connection.execute(select(func.pg_advisory_xact_lock(number)))


def _note_lock(s: SystemSession, counted_as: str, user: User | None, prefix: str) -> None:
    """One row for a door that is shut, not one for every knock."""
    known = s.scalar(
        select(AuthEvent.id).where(
            AuthEvent.login_key == counted_as,
            AuthEvent.kind == "locked",
            AuthEvent.at > clock.now() - QUARTER,
        )
    )
    if known is None:
        s.add(
            AuthEvent(
                kind="locked",
                login_key=counted_as,
                user_id=user.id if user else None,
                ip_prefix=prefix,
            )
        )


def sign_in(
    site: Site, login: str, password: str, *, ip: str, agent: str
) -> SignedIn | SecondWanted | Refused:
    """Try to open the door with a login and a password.

    ``ip`` is the peer's address as far as it may be believed. The password is compared outside any
    transaction. The session begins in the company used last, or the only one there is. Where the
    account has a second step, the door stays shut until :func:`second_step`, and so long the try
    counts as failed: who has only the password gets no more tries than who has none.
    """
    tried = _begin(site, login, ip)
    if isinstance(tried, Refused):
        return tried
    good = passwords.verify(tried.stored, password) and tried.usable
    if not good or tried.user_id is None:
        return Refused()
    fresh = passwords.hash_password(password) if passwords.needs_rehash(tried.stored) else None
    with site.system() as s:
        user = s.get(User, tried.user_id)
        if user is None or user.disabled_at is not None or user.password_hash != tried.stored:
            return Refused()  # closed or changed while the password was being compared
        if fresh is not None:
            user.password_hash = fresh
        if user.second_step_at is not None:
            s.flush()
            return SecondWanted(user.id, tried.event_id, _stamp(site, user))
        _succeed(s, tried, "signed_in")
        return _open(s, user.id, ip, agent)


def _stamp(site: Site, user: User) -> str:
    """What changes with an account's password and its second step."""
    return site.keys.fingerprint(0, f"{user.id}:{user.password_hash}:{user.second_step_at}")


def second_step(
    site: Site, wanted: SecondWanted, code: str, *, ip: str, agent: str
) -> SignedIn | Refused:
    """Open the door with a code of the phone, or a recovery code, after a right password.

    Counted like any try. Refused, too, where password or second step changed since the password
    was compared: the person then begins anew.
    """
    with site.system_reader() as s:
        user = s.get(User, wanted.user_id)
        login = user.login if user is not None else ""
    if user is None:
        return Refused()
    tried = _begin(site, login, ip)
    if isinstance(tried, Refused):
        return tried
    with site.system() as s:
        user = s.get(User, wanted.user_id)
        if user is None or user.disabled_at is not None or _stamp(site, user) != wanted.stamp:
            return Refused()
        by = second_steps.check(s, wanted.user_id, code)
        if not by:
            return Refused()
        password_try = s.get(AuthEvent, wanted.try_id)
        if password_try is not None:
            before = replace(tried, event_id=wanted.try_id, prefix=password_try.ip_prefix)
            _succeed(s, before, "proved")
        _succeed(s, tried, "signed_in")
        if by == "recovery":
            note(s, "recovery_code_used", user, ip=ip)
        return _open(s, user.id, ip, agent)


def open_for(site: Site, user_id: uuid.UUID, *, ip: str, agent: str) -> SignedIn | None:
    """Open the door for somebody whom a plugin has proved (single sign-on), or None."""
    with site.system() as s:
        user = s.get(User, user_id)
        if user is None or user.disabled_at is not None:
            return None
        note(s, "signed_in", user, ip=ip, by="plugin")
        return _open(s, user.id, ip, agent)


def _open(s: SystemSession, user_id: uuid.UUID, ip: str, agent: str) -> SignedIn:
    """A session in the company used last, or the only one; else the person is asked."""
    companies = [company.id for company in people.companies_of(s, user_id)]
    company_id = companies[0] if len(companies) == 1 else None
    if len(companies) > 1:
        last = sessions.last_company(s, user_id)
        company_id = last if last in companies else None
    token = sessions.open_session(s, user_id, company_id=company_id, ip=ip, agent=agent)
    return SignedIn(token, user_id, company_id)


def prove_again(site: Site, user_id: uuid.UUID, password: str, *, ip: str) -> bool | Refused:
    """Compare the password of somebody who is signed in; counted like a try at the door."""
    with site.system() as s:
        login = people.get_user(s, user_id).login
    tried = _begin(site, login, ip)
    if isinstance(tried, Refused):
        return tried
    if not (passwords.verify(tried.stored, password) and tried.usable):
        return False
    with site.system() as s:
        _succeed(s, tried, "proved")
    return True


def prove_code(site: Site, user_id: uuid.UUID, code: str, *, ip: str) -> Refused | None:
    """Use up a code of somebody who is signed in, None for a right one; counted like a try at the
    door."""
    with site.system() as s:
        login = people.get_user(s, user_id).login
    tried = _begin(site, login, ip)
    if isinstance(tried, Refused):
        return tried
    with site.system() as s:
        if not second_steps.check(s, user_id, code):
            return Refused()
        _succeed(s, tried, "proved")
    return None


def _succeed(s: SystemSession, tried: _Try, kind: str) -> None:
    user = people.get_user(s, tried.user_id) if tried.user_id else None
    assert user is not None
    s.add(
        AuthEvent(
            kind=kind,
            login_key=user.login_key,
            user_id=user.id,
            ip_prefix=tried.prefix,
            detail={"try": str(tried.event_id)},
        )
    )
    s.flush()


def note(
    s: SystemSession | CompanySession, kind: str, user: Any, *, ip: str = "", **detail: Any
) -> None:
    """Write what else happened at the door: ``signed_out``, ``password_changed``, ``unlocked`` …"""
    s.add(
        AuthEvent(
            kind=kind,
            login_key=user.login_key,
            user_id=user.id,
            ip_prefix=ip_prefix(ip),
            detail=detail,
        )
    )
    s.flush()


def unlock(s: SystemSession, user_id: uuid.UUID, *, by: str) -> None:
    """Forget the failed tries of an account; ``by`` names who did it, for the record."""
    note(s, "unlocked", people.get_user(s, user_id), by=by)


def failed_tries(s: SystemSession | CompanySession, user_id: uuid.UUID) -> int:
    """Failed tries of an account within a day, for the panel."""
    return len(_failed(_events_since(s, AuthEvent.user_id == user_id, clock.now() - DAY)))


# -- other doors: a PIN at a desk, a pairing code --------------------------------------------------


def count_try(
    site: Site,
    key: str,
    *,
    limits: tuple[tuple[int, timedelta], ...],
    about: str = "",
    prefix: str = "",
) -> uuid.UUID | Refused:
    """Count a try before it is looked at, or refuse it unseen; returns what to give back later.

    ``limits`` hold for all tries under ``key``; with ``about`` (a person) those of an account hold
    for its own tries besides. ``prefix`` also counts it against that network.
    """
    with site.system() as s:
        _queue(s, f"door:{key}")
        rows = _events_since(s, AuthEvent.login_key == key, clock.now() - DAY)
        waits = [_wait(_failed(row for row in rows if row.kind != "unlocked"), limits)]
        if about:
            own = [row for row in rows if row.detail.get("about") == about]
            waits.append(_wait(_failed(own), ACCOUNT_LIMITS))
        wait = max((one for one in waits if one is not None), default=None)
        if wait is not None:
            return Refused(wait)
        event = AuthEvent(kind="tried", login_key=key, ip_prefix=prefix, detail={"about": about})
        s.add(event)
        s.flush()
        return event.id


def count_good(
    s: SystemSession, key: str, tried: uuid.UUID, *, about: str = "", prefix: str = ""
) -> None:
    """Take a try out of the count: it was good."""
    s.add(
        AuthEvent(
            kind="proved",
            login_key=key,
            ip_prefix=prefix,
            detail={"try": str(tried), "about": about},
        )
    )
    s.flush()


def forget_tries(s: Any, key: str, *, about: str) -> None:
    """Forget the failed tries of ``about`` under ``key``; whoever calls it writes the ledger."""
    s.add(AuthEvent(kind="unlocked", login_key=key, detail={"about": about}))
    s.flush()
