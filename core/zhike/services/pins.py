"""PINs 操作密码: four to six digits by which a person names himself at a shared desk.

A PIN is no password: it opens nothing but a desk of one's own site, which is paired and has its own
rights. So it may be short; tries are counted like those at the door, for each person and each desk.
"""

from __future__ import annotations

import secrets
import uuid

from sqlalchemy import select

from zhike import clock
from zhike.db.session import CompanySession
from zhike.errors import UserError
from zhike.i18n import _
from zhike.models.device import StaffPin
from zhike.models.organisation import Staff
from zhike.services import ledger, passwords
from zhike.site import Site

SHORTEST, LONGEST = 4, 6
_RUNS = ("01234567890", "09876543210")


def check(pin: str, *, number: str = "") -> None:
    """Refuse what is no PIN, or the first that anybody would try. Raises ``UserError``."""
    if not (pin.isascii() and pin.isdecimal() and SHORTEST <= len(pin) <= LONGEST):
        raise UserError(
            _("A PIN has %(least)s to %(most)s digits.", least=SHORTEST, most=LONGEST), field="new"
        )
    repeats = any(
        len(pin) % size == 0 and pin == pin[:size] * (len(pin) // size)
        for size in range(1, len(pin) // 2 + 1)
    )
    if repeats or any(pin in run for run in _RUNS) or pin == number:
        raise UserError(_("This PIN is too easy to guess. Please choose another."), field="new")


def make() -> str:
    """A random PIN of six digits, for whoever has none or has forgotten his."""
    while True:
        pin = f"{secrets.randbelow(10**LONGEST):0{LONGEST}d}"
        try:
            check(pin)
        except UserError:
            continue
        return pin


def hashed(site: Site, company_id: int, staff_id: uuid.UUID, pin: str) -> str:
    """What is stored of a PIN; call it outside any transaction, it costs a hash."""
    return passwords.hash_password(_peppered(site, company_id, staff_id, pin))


def _peppered(site: Site, company_id: int, staff_id: uuid.UUID, pin: str) -> str:
    # A million PINs are tried in hours; without the key of the site there is nothing to try.
    return site.keys.fingerprint(company_id, f"pin:{staff_id}:{pin}")


def fits(site: Site, company_id: int, staff_id: uuid.UUID | None, stored: str, pin: str) -> bool:
    """Whether ``pin`` is the one behind ``stored``; costs one hash, whatever the answer."""
    text = _peppered(site, company_id, staff_id or uuid.UUID(int=0), pin[:50])
    return passwords.verify(stored, text)


def pin_of(s: CompanySession, staff_id: uuid.UUID) -> StaffPin | None:
    """The row of a staff member's PIN."""
    return s.scalar(select(StaffPin).where(StaffPin.staff_id == staff_id))


def store(
    s: CompanySession, staff_id: uuid.UUID, hash_: str, *, by: str, must_change: bool = False
) -> None:
    """Keep a new PIN's hash; ``by`` is ``self`` or ``admin``. The ledger says whose it is."""
    s.require(Staff, staff_id)
    row = pin_of(s, staff_id)
    if row is None:
        row = StaffPin(staff_id=staff_id)
        s.add(row)
    row.hash, row.must_change, row.set_by, row.set_at = hash_, must_change, by, clock.now()
    s.flush()
    ledger.append(
        s,
        "core.pin.set" if by == "self" else "core.pin.reset",
        object=f"core:staff:{staff_id}",
    )


def drop(s: CompanySession, staff_id: uuid.UUID) -> None:
    """Take a PIN away: the person can act at no desk until there is a new one."""
    s.require(Staff, staff_id)
    row = pin_of(s, staff_id)
    if row is not None:
        s.delete(row)
        s.flush()
        ledger.append(s, "core.pin.dropped", object=f"core:staff:{staff_id}")
