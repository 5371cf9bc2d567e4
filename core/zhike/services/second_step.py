"""The second step of a sign-in 两步登录: a code from the person's phone (TOTP, RFC 6238).

Optional for everybody, and demanded of those whom the company's setting names. The secret is
sealed by the site's keys; a code opens once; recovery codes are shown once and kept as hashes.
Guessing is counted by the door (:mod:`zhike.services.door`), which asks here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, func, select, update

from zhike import clock
from zhike.contributions import Permission
from zhike.db.session import CompanySession, SystemSession
from zhike.errors import Conflict
from zhike.i18n import _
from zhike.models.people import User
from zhike.models.second_step import RecoveryCode, SecondStep
from zhike.services import settings
from zhike.services.access import Principal, known_permissions

AnySession = SystemSession | CompanySession

SECONDS = 30  #: how long a code stands
DRIFT = 1  #: codes before and after the present one that count: phones' clocks differ
CODES = 10  #: recovery codes of an account
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without what is mistaken for something else
DEMANDS = ("none", "admins", "critical", "sensitive", "all")
"""Of whom a company may demand it: nobody; administrators; who holds a critical right; who holds a
critical or a sensitive one; everybody."""


def new_secret() -> str:
    """A fresh secret, 160 bits in base 32, as authenticators take it."""
    import pyotp

    return str(pyotp.random_base32())


def address(secret: str, login: str, issuer: str) -> str:
    """The ``otpauth:`` address that a QR code carries to the phone."""
    import pyotp

    return str(
        pyotp.TOTP(secret, interval=SECONDS).provisioning_uri(name=login, issuer_name=issuer)
    )


def begin(s: AnySession, user_id: uuid.UUID) -> None:
    """Make a secret that waits for its first right code; a waiting one from before is replaced.

    Raises ``Conflict`` where the account already has a second step.
    """
    if _user(s, user_id).second_step_at is not None:
        raise Conflict(_("The two-step sign-in is already on."), code="already")
    sealed = s.site.keys.seal_for_site("core__second_step", user_id, new_secret())
    row = s.get(SecondStep, user_id)
    if row is None:
        s.add(SecondStep(user_id=user_id, sealed=sealed))
    else:
        row.sealed, row.last_step, row.created_at = sealed, 0, clock.now()
    s.flush()


def waiting_secret(s: AnySession, user_id: uuid.UUID) -> str | None:
    """The secret that waits for its first code; None where there is none or it counts already."""
    if _user(s, user_id).second_step_at is not None:
        return None
    return _secret(s, user_id)


def confirm(s: AnySession, user_id: uuid.UUID, code: str) -> list[str] | None:
    """Switch the second step on by its first right code; the recovery codes, or None for a wrong
    code. The account's other sign-ins are the caller's to end."""
    if waiting_secret(s, user_id) is None or not _take(s, user_id, code):
        return None
    _user(s, user_id).second_step_at = clock.now()
    return renew_codes(s, user_id)


def renew_codes(s: AnySession, user_id: uuid.UUID) -> list[str]:
    """New recovery codes in place of all old ones; returned this once, kept only as hashes."""
    s.execute(
        delete(RecoveryCode)
        .where(RecoveryCode.user_id == user_id)
        .execution_options(synchronize_session=False)
    )
    made = ["-".join(_group() for _n in range(4)) for _n in range(CODES)]
    for code in made:
        s.add(RecoveryCode(user_id=user_id, code_hash=_digest(code)))
    s.flush()
    return made


def codes_left(s: AnySession, user_id: uuid.UUID) -> int:
    """How many recovery codes were not used yet."""
    unused = select(func.count()).where(
        RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)
    )
    return s.scalar(unused.select_from(RecoveryCode)) or 0


def check(s: AnySession, user_id: uuid.UUID, text: str) -> str:
    """Use a code: ``code`` for one of the phone, ``recovery`` for a recovery code, "" for a wrong
    one, one that was used, or an account without a second step. What was right is used up."""
    if _user(s, user_id).second_step_at is None:
        return ""
    if _take(s, user_id, text):
        return "code"
    done: Any = s.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash == _digest(text),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return "recovery" if done.rowcount else ""


def remove(s: AnySession, user_id: uuid.UUID) -> bool:
    """Switch the second step off and forget secret and codes; whether there was one."""
    user = _user(s, user_id)
    was = user.second_step_at is not None
    user.second_step_at = None
    for model in (RecoveryCode, SecondStep):
        s.execute(
            delete(model)
            .where(model.user_id == user_id)
            .execution_options(synchronize_session=False)
        )
    s.flush()
    return was


def demanded(s: CompanySession, principal: Principal) -> bool:
    """Whether the company demands a second step of this person (setting ``core.second_step``)."""
    whom = settings.get(s, "core", "second_step")
    if whom == "none":
        return False
    return demanded_by(str(whom), principal, known_permissions(s))


def demanded_by(whom: str, principal: Principal, known: Iterable[Permission]) -> bool:
    """As :func:`demanded`, for a value of the setting: by what a person may do, not by the names
    of roles, so that a right that is added to a role brings the demand along."""
    if whom == "all":
        return True
    if any(grant.is_admin for grant in principal.grants):
        return whom != "none"
    risks = {"critical": {"critical"}, "sensitive": {"critical", "sensitive"}}.get(whom, set())
    return any(one.risk in risks and principal.can(one.name) for one in known)


def _user(s: AnySession, user_id: uuid.UUID) -> User:
    from zhike.services import people

    return people.get_user(s, user_id)


def _secret(s: AnySession, user_id: uuid.UUID) -> str | None:
    row = s.get(SecondStep, user_id)
    if row is None:
        return None
    return s.site.keys.unseal_for_site("core__second_step", user_id, row.sealed)


def _take(s: AnySession, user_id: uuid.UUID, text: str) -> bool:
    """Whether ``text`` is a right code of the phone that was not used yet; uses it up."""
    import pyotp

    digits = re.sub(r"\s", "", text)
    secret = _secret(s, user_id)
    if secret is None or not re.fullmatch(r"[0-9]{6}", digits):
        return False
    totp, now = pyotp.TOTP(secret, interval=SECONDS), int(clock.now().timestamp()) // SECONDS
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(str(totp.generate_otp(step)), digits):
            done: Any = s.execute(
                update(SecondStep)
                .where(SecondStep.user_id == user_id, SecondStep.last_step < step)
                .values(last_step=step)
                .execution_options(synchronize_session=False)
            )
            return bool(done.rowcount)
    return False


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _n in range(4))


def _digest(code: str) -> bytes:
    """SHA-256 of a recovery code as typed in any way: 80 random bits need no salt."""
    return hashlib.sha256(re.sub(r"[\s-]", "", code).lower().encode()).digest()
