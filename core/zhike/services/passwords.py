"""Passwords 密码: how they are hashed, and which ones are too easily guessed.

Argon2id with 19 MiB, two passes, one lane (OWASP's minimum). A hash takes tens of milliseconds
and 19 MiB, so it is never made inside a transaction, and at most two run at a time per process:
a burst at the door must not take the memory and the cores away from those already inside.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files
from threading import BoundedSemaphore

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from zhike.errors import Busy, UserError
from zhike.i18n import _

MIN_LENGTH = 8
MAX_LENGTH = 200
WAIT_SECONDS = 10.0

_hasher = PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
_slots = BoundedSemaphore(2)
_LEET = str.maketrans("013457$@!", "oieastsai")
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_COLUMNS = "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/"
_DATE = re.compile(r"(?:19|20)\d\d[-./]?(?:0?[1-9]|1[0-2])[-./]?(?:0?[1-9]|[12]\d|3[01])")
_PHONE = re.compile(r"1[3-9]\d{9}")


def _clean(password: str) -> str:
    """One spelling for what different keyboards and systems send for the same characters."""
    return unicodedata.normalize("NFKC", password)


class _Slot:
    """One of the process's two places for hashing; waits up to :data:`WAIT_SECONDS`."""

    def __enter__(self) -> None:
        if not _slots.acquire(timeout=WAIT_SECONDS):
            raise Busy(_("Too many people are signing in at this moment. Please try again."))

    def __exit__(self, *exc: object) -> None:
        _slots.release()


def hash_password(password: str) -> str:
    """Return the Argon2id hash of ``password`` in PHC form; call it outside any transaction."""
    with _Slot():
        return _hasher.hash(_clean(password))


def verify(stored: str, password: str) -> bool:
    """Whether ``password`` is the one behind ``stored``; costs one hash, whatever the answer.

    An empty ``stored`` (no such user, or one without a password) is compared with a hash made at
    first use, so that a missing user takes as long as an existing one.
    """
    if len(password) > MAX_LENGTH:
        password = password[:MAX_LENGTH]
        stored = ""
    with _Slot():
        try:
            _hasher.verify(stored or _decoy(), _clean(password))
            return bool(stored)
        except (VerificationError, InvalidHashError):
            return False


@cache
def _decoy() -> str:
    return _hasher.hash("no password has this text")


def needs_rehash(stored: str) -> bool:
    """Whether ``stored`` was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def _common() -> frozenset[str]:
    text = (files("zhike.services") / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(
        w for line in text.splitlines() if not line.startswith("#") for w in line.split()
    )


def _is_run(text: str) -> bool:
    """Whether the text walks along a keyboard row, the alphabet or the digits, or repeats."""
    for row in (*_ROWS, _COLUMNS):
        if text in row * 2 or text in row[::-1] * 2:
            return True
    return any(
        len(text) % size == 0 and text == text[:size] * (len(text) // size)
        for size in range(1, len(text) // 2 + 1)
    )


def _is_strung(digits: str, common: frozenset[str]) -> bool:
    """Whether digits are few, or strung together from at most three well-known numbers."""
    if len(set(digits)) <= 2:
        return True
    reach = {0: 0}  # position -> fewest pieces that lead there
    for end in range(3, len(digits) + 1):
        for start in [s for s in reach if end - s >= 3]:
            piece = digits[start:end]
            if piece in common or _is_run(piece):
                reach[end] = min(reach.get(end, 9), reach[start] + 1)
    return reach.get(len(digits), 9) <= 3


def is_guessable(password: str) -> bool:
    """Whether the password is among the first that anybody would try.

    A word of our own list (read with the usual swaps of letters, and with digits or signs around
    it), a walk along the keyboard, a repetition, a date or a mobile number.
    """
    plain = _clean(password).casefold()
    common = _common()
    if plain in common or _is_run(plain):
        return True
    if _DATE.fullmatch(plain) or _PHONE.fullmatch(plain):
        return True
    core = plain.strip("0123456789!@#$%^&*()_+-=.,?~ ")
    if not core:
        return _is_strung(re.sub(r"\D", "", plain), common)
    return any(
        form in common or (len(form) >= 4 and _is_run(form))
        for form in (core, core.translate(_LEET), plain.translate(_LEET))
    )


def check(password: str, *, login: str = "", name: str = "") -> None:
    """Refuse a password that is too short, too long, guessable or made from the login or name.

    Raises ``UserError`` on the field ``password``. No rule asks for classes of characters and
    none for regular change (ASVS 5.0 6.2.5, 6.2.10).
    """
    if len(password) < MIN_LENGTH:
        raise UserError(
            _("Use at least %(n)s characters.", n=MIN_LENGTH), field="password", code="too_short"
        )
    if len(password) > MAX_LENGTH:
        raise UserError(
            _("Use at most %(n)s characters.", n=MAX_LENGTH), field="password", code="too_long"
        )
    plain = _clean(password).casefold()
    own = [_clean(part).casefold() for part in (login, name) if len(part.strip()) >= 3]
    if any(part in plain for part in own) or (len(plain) >= 4 and any(plain in p for p in own)):
        raise UserError(
            _("The password must not contain your user name."), field="password", code="own_name"
        )
    if is_guessable(password):
        raise UserError(
            _("This password is among the first ones to be guessed. Please choose another."),
            field="password",
            code="common",
        )
