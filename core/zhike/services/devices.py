"""Paired devices 配对设备: a shared desk signs in as itself; who acts there says so by a PIN.

A device belongs to one site and has one role there. It is paired with a code that is shown once in
the panel and typed at the device within a quarter of an hour; revoking it ends it at its next
request. What is done at it carries both in ledger and event log: the acting person, and the desk.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, or_, select, update

from zhike import clock
from zhike.db.session import Actor, CompanySession, SystemSession
from zhike.db.types import uuid7
from zhike.errors import NotFound, UserError
from zhike.i18n import _
from zhike.models.company import Company
from zhike.models.device import Device, StaffPin
from zhike.models.organisation import Post, Staff, Unit
from zhike.models.people import Membership, Role, User
from zhike.services import access, door, ledger, organisation, people, pins, settings
from zhike.services.companies import bump_generation
from zhike.services.sessions import (
    PERSON_COLUMNS,
    TOUCH_EVERY,
    Identity,
    digest,
    new_token,
    person_and_company,
)
from zhike.services.textkit import nfkc
from zhike.site import Site

CODE_VALID = timedelta(minutes=15)
CODE_LIMITS = ((10, timedelta(minutes=15)), (40, timedelta(days=1)))
DESK_LIMITS = ((20, timedelta(minutes=15)), (100, timedelta(days=1)))
ONCE = timedelta(minutes=2)  #: how long somebody named for a single act may take for it
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without what is mistaken for something else
_CODE = 8


@dataclass(frozen=True, slots=True)
class Desk:
    """The device behind a request, and who acts at it now (``staff_id`` None: nobody)."""

    id: uuid.UUID
    name: str
    unit_id: uuid.UUID
    staff_id: uuid.UUID | None = None
    staff_name: str = ""
    until: datetime | None = None
    once: bool = False


def _new_code() -> tuple[str, bytes]:
    code = "".join(secrets.choice(_ALPHABET) for _n in range(_CODE))
    return f"{code[:4]}-{code[4:]}", digest(code)


def add(
    s: CompanySession, *, name: str, unit_id: uuid.UUID, role_id: uuid.UUID
) -> tuple[uuid.UUID, str]:
    """Add a device of a site with its role; returns its id and the pairing code, shown once.

    Raises ``UserError`` for an empty name, a role that administers, or a unit that is no place to
    stand at.
    """
    unit = s.require(Unit, unit_id)
    role = s.require(Role, role_id)
    if role.is_admin:
        raise UserError(_("A desk cannot be an administrator."), field="role_id")
    if not name.strip():
        raise UserError(_("Please give a name."), field="name")
    device_id = uuid7()
    user = people.add_user(
        s, login=f"desk-{device_id.hex[-12:]}", name=name, must_change_password=False
    )
    people.add_membership(s, user.id, s.company_id)
    access.grant_role(s, user.id, role_id, unit_id=unit_id, scope="unit_tree")
    code, code_hash = _new_code()
    s.add(
        Device(
            id=device_id,
            company_id=s.company_id,
            user_id=user.id,
            unit_id=unit_id,
            name=name.strip(),
            code_hash=code_hash,
            code_until=clock.now() + CODE_VALID,
            created_by=s.actor.name,
        )
    )
    s.flush()
    ledger.append(
        s,
        "core.device.added",
        object=f"core:device:{device_id}",
        body={"name": name.strip(), "unit": str(unit.id), "role": str(role_id)},
    )
    return device_id, code


def get(s: CompanySession, device_id: uuid.UUID) -> Device:
    """A device of this company. Raises ``NotFound``."""
    row = s.get(Device, device_id)
    if row is None or row.company_id != s.company_id:
        raise NotFound(_("This device does not exist."))
    return row


def listed(s: CompanySession) -> Sequence[Device]:
    """The company's devices, those in use first."""
    return s.scalars(
        select(Device)
        .where(Device.company_id == s.company_id)
        .order_by(Device.revoked_at.is_not(None), Device.name, Device.id)
    ).all()


def renew_code(s: CompanySession, device_id: uuid.UUID) -> str:
    """A new pairing code; the device that was paired before goes on until the code is used."""
    row = get(s, device_id)
    if row.revoked_at is not None:
        raise UserError(_("This device has been revoked; add a new one."), status=409)
    code, row.code_hash = _new_code()
    row.code_until = clock.now() + CODE_VALID
    s.flush()
    ledger.append(s, "core.device.code", object=f"core:device:{device_id}")
    return code


def rename(s: CompanySession, device_id: uuid.UUID, name: str) -> None:
    """Call a device otherwise; lines that are written already keep the name they had."""
    row = get(s, device_id)
    if not name.strip():
        raise UserError(_("Please give a name."), field="name")
    before, row.name = row.name, name.strip()
    people.get_user(s, row.user_id).name = row.name
    s.flush()
    bump_generation(s)
    ledger.append(
        s,
        "core.device.renamed",
        object=f"core:device:{device_id}",
        body={"before": before, "name": row.name},
    )


def revoke(s: CompanySession, device_id: uuid.UUID) -> None:
    """End a device at once and for good; what was done at it stays as it is."""
    row = get(s, device_id)
    if row.revoked_at is not None:
        return
    row.revoked_at = clock.now()
    row.token_hash = row.code_hash = None
    _nobody(row)
    people.disable(s, row.user_id)
    s.flush()
    bump_generation(s)
    ledger.append(
        s, "core.device.revoked", object=f"core:device:{device_id}", body={"name": row.name}
    )


def pair(site: Site, code: str, *, ip: str, agent: str) -> str | door.Refused | None:
    """Pair the browser that typed ``code``: returns its token, None for a code that is none.

    A code is good once; whatever was paired as this device before ends with it.
    """
    prefix = door.ip_prefix(ip)
    tried = door.count_try(site, f"?pair:{prefix}", limits=CODE_LIMITS, prefix=prefix)
    if isinstance(tried, door.Refused):
        return tried
    plain = "".join(part for part in nfkc(code).upper() if part in _ALPHABET)
    with site.system() as s:
        row = s.scalars(select(Device).where(Device.code_hash == digest(plain))).first()
        now = clock.now()
        if row is None or row.revoked_at or row.code_until is None or row.code_until < now:
            return None
        token = new_token()
        row.token_hash, row.code_hash, row.code_until = digest(token), None, None
        row.paired_at = row.seen_at = now
        row.agent, row.ip = agent[:200], ip[:45]
        _nobody(row)
        s.flush()
        company_id, device_id, user_id, name = row.company_id, row.id, row.user_id, row.name
        door.count_good(s, f"?pair:{prefix}", tried, prefix=prefix)
    actor = Actor(kind="device", user_id=user_id, name=name, ip=ip)
    with site.transaction(company_id, actor) as c:
        ledger.append(c, "core.device.paired", object=f"core:device:{device_id}")
    return token


def _nobody(row: Device) -> None:
    row.acting_staff_id = row.acting_until = None
    row.acting_name, row.acting_once = "", False


_LOOK_UP = (
    select(
        Device.id.label("device_id"),
        Device.name.label("device_name"),
        Device.unit_id,
        Device.seen_at,
        Device.acting_staff_id,
        Device.acting_name,
        Device.acting_until,
        Device.acting_once,
        *PERSON_COLUMNS,
    )
    .join(User, User.id == Device.user_id)
    .join(Company, Company.id == Device.company_id)
    .outerjoin(Membership, and_(Membership.company_id == Company.id, Membership.user_id == User.id))
    .where(Device.token_hash == bindparam("token_hash"), Device.revoked_at.is_(None))
)


def look_up(connection: Connection, token: str) -> tuple[Identity, Desk] | None:
    """The device that holds ``token``, in one statement; None where it is unknown or revoked."""
    if not token or len(token) > 100:
        return None
    row = connection.execute(_LOOK_UP, {"token_hash": digest(token)}).first()
    pair_ = person_and_company(row) if row is not None else None
    if row is None or pair_ is None or pair_[1] is None:
        return None
    acting = row.acting_until is not None and clock.now() < row.acting_until
    identity = Identity(
        via="device",
        session_id=row.device_id,
        user=pair_[0],
        company=pair_[1],
        unit_id=row.unit_id,
        seen_at=row.seen_at,
    )
    desk = Desk(
        row.device_id,
        row.device_name,
        row.unit_id,
        row.acting_staff_id if acting else None,
        row.acting_name if acting else "",
        row.acting_until if acting else None,
        row.acting_once if acting else False,
    )
    return identity, desk


def _update(s: SystemSession, device_id: uuid.UUID, **values: Any) -> None:
    s.execute(
        update(Device)
        .where(Device.id == device_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def touch(s: SystemSession, device_id: uuid.UUID) -> None:
    """Note that the device is in use; asked for at most once a minute."""
    now = clock.now()
    s.execute(
        update(Device)
        .where(Device.id == device_id, Device.seen_at < now - TOUCH_EVERY)
        .values(seen_at=now)
        .execution_options(synchronize_session=False)
    )


# -- who acts -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """A person at the desk whose PIN fits; ``must_change`` before anything else is done."""

    staff_id: uuid.UUID
    name: str
    must_change: bool


def people_at(s: CompanySession, desk: Desk) -> list[Staff]:
    """Who may act at a desk: staff with a post at its site or below, today."""
    return organisation.staff_at(s, desk.unit_id, organisation.today(s, desk.unit_id))


def _find(s: CompanySession, desk: Desk, who: str) -> tuple[Staff, StaffPin | None] | None:
    """The one person of the site whose number or name was typed; None for nobody or several."""
    text = nfkc(who)
    today = organisation.today(s, desk.unit_id)
    below = organisation.tree(s).subtree(desk.unit_id)
    rows = s.execute(
        select(Staff, StaffPin)
        .outerjoin(
            StaffPin,
            and_(StaffPin.staff_id == Staff.id, StaffPin.company_id == Staff.company_id),
        )
        .where(
            Staff.status == "active",
            or_(Staff.number == text, Staff.name == text),
            Staff.id.in_(
                select(Post.staff_id).where(
                    Post.unit_id.in_(below),
                    Post.valid_from <= today,
                    or_(Post.valid_until.is_(None), Post.valid_until >= today),
                )
            ),
        )
        .limit(2)
    ).all()
    return (rows[0][0], rows[0][1]) if len(rows) == 1 else None


def prove(
    site: Site, company_id: int, desk: Desk, who: str, pin: str
) -> Known | door.Refused | None:
    """Compare a PIN typed at a desk; counted for person and desk before it is looked at.

    None for a wrong one, a person without one and somebody who does not work here, alike.
    """
    with site.reader(company_id) as s:
        found = _find(s, desk, who[:60])
        staff_id = found[0].id if found else None
        name = found[0].name if found else ""
        stored = found[1].hash if found and found[1] else ""
        must_change = bool(found and found[1] and found[1].must_change)
    key, about = _counted_as(desk.id), str(staff_id or "?")
    tried = door.count_try(site, key, limits=DESK_LIMITS, about=about)
    if isinstance(tried, door.Refused):
        return tried
    if not pins.fits(site, company_id, staff_id, stored, pin) or staff_id is None:
        return None
    with site.system() as s:
        door.count_good(s, key, tried, about=about)
    return Known(staff_id, name, must_change)


def _counted_as(device_id: uuid.UUID) -> str:
    return f"?pin:{device_id}"


def forgive(s: CompanySession, staff_id: uuid.UUID) -> None:
    """Forget the wrong tries of a person at every desk of the company."""
    for device in listed(s):
        door.forget_tries(s, _counted_as(device.id), about=str(staff_id))


def act_as(site: Site, company_id: int, desk: Desk, who: Known) -> None:
    """Let ``who`` act at the desk: for the minutes of the setting, or for one act."""
    with site.reader(company_id) as s:
        minutes = int(settings.get(s, "core", "desk_minutes"))
    with site.system() as s:
        _update(
            s,
            desk.id,
            acting_staff_id=who.staff_id,
            acting_name=who.name,
            acting_until=clock.now() + (timedelta(minutes=minutes) if minutes else ONCE),
            acting_once=not minutes,
        )


def after_act(site: Site, company_id: int, desk: Desk) -> None:
    """An act has been done: the person stays for the minutes of the setting, or is gone."""
    if desk.staff_id is None or desk.until is None:
        return
    if desk.once:
        leave(site, desk.id)
        return
    with site.reader(company_id) as s:
        whole = timedelta(minutes=int(settings.get(s, "core", "desk_minutes")))
    if desk.until - clock.now() < whole - TOUCH_EVERY:  # written at most once a minute
        with site.system() as s:
            s.execute(
                update(Device)
                .where(Device.id == desk.id, Device.acting_staff_id == desk.staff_id)
                .values(acting_until=clock.now() + whole)
                .execution_options(synchronize_session=False)
            )


def now_acting(site: Site, device_id: uuid.UUID) -> Desk | None:
    """The desk as it stands now, after somebody named himself or left."""
    with site.system_reader() as s:
        row = s.get(Device, device_id)
    if row is None or row.revoked_at is not None:
        return None
    acting = row.acting_until is not None and clock.now() < row.acting_until
    return Desk(
        row.id,
        row.name,
        row.unit_id,
        row.acting_staff_id if acting else None,
        row.acting_name if acting else "",
        row.acting_until if acting else None,
        row.acting_once if acting else False,
    )


def leave(site: Site, device_id: uuid.UUID) -> None:
    """Nobody acts at the desk any more."""
    with site.system() as s:
        _update(
            s,
            device_id,
            acting_staff_id=None,
            acting_name="",
            acting_until=None,
            acting_once=False,
        )
