"""Who may do what, and why (权限查询): the same answers that pages ask for, with their grounds.

Nothing is decided here: every yes and no is :class:`~zhike.services.access.Principal`'s own, so
what this says can never differ from what a page does.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from zhike.contributions import Permission, RecordKind, RecordPlace, RecordRef
from zhike.db.session import CompanySession
from zhike.models.ledger import LedgerLine
from zhike.models.organisation import Staff, StandIn
from zhike.models.people import Membership, User
from zhike.plugins.active import ActiveSet
from zhike.services import access
from zhike.services.access import Answer, Grant, Principal, Reach
from zhike.services.objections import objections
from zhike.services.organisation import today

HELPERS = 5  #: colleagues named to somebody who was refused
_LINES = 200  #: latest grants of one person that are looked through for who gave them


@dataclass(frozen=True)
class Looked:
    """One role as given, looked at for one permission.

    ``carries``: the role has the permission; ``through`` names the permission that implies it,
    where the role does not list it itself. ``reaches``: it holds at the place asked about.
    ``given_by`` is who gave it, as far as the ledger knows.
    """

    grant: Grant
    carries: bool
    through: str
    reach: Reach
    reaches: bool
    given_by: str = ""


@dataclass(frozen=True)
class Finding:
    """Why somebody may, or may not.

    ``ok`` is the whole answer; ``answer`` that of the roles alone. What else counts stands beside:

    closed      the account is closed.
    stranger    no member of the company.
    objections  sentences of apps that refuse.
    own_only    it holds for the person's own records and no others.
    own         whether the record asked about is his own; None where that does not matter.
    hidden      the record is not shown to the person at all.
    last_admin  the company has no other administrator.
    stands_in   whom he stands in for today and until when: that lends tasks, never rights.
    """

    ok: bool
    answer: Answer
    looked: tuple[Looked, ...]
    closed: bool = False
    stranger: bool = False
    objections: tuple[str, ...] = ()
    own: bool | None = None
    own_only: bool = False
    hidden: bool = False
    last_admin: bool = False
    stands_in: tuple[tuple[str, date | None], ...] = ()


@dataclass(frozen=True)
class Holder:
    """Somebody who may, and by which role."""

    principal: Principal
    answer: Answer

    @property
    def grant(self) -> Grant:
        """The role as given that decided."""
        assert self.answer.grant is not None
        return self.answer.grant


def through(grant: Grant, permission: str, known: Iterable[Permission]) -> str:
    """The permission listed by the role that brings ``permission`` along; "" where it is listed
    itself, is an administrator's, or is not carried at all."""
    if grant.is_admin or permission in grant.named or permission not in grant.permissions:
        return ""
    every = tuple(known)
    for name in sorted(grant.named):
        if permission in access.expand([name], every):
            return name
    return ""


def place_of(s: CompanySession, active: ActiveSet, ref: RecordRef) -> RecordPlace | None:
    """Where a record belongs, as its plugin says; None where it says nothing or has no such one."""
    kind = active.get(RecordKind, f"{ref.plugin}.{ref.kind}")
    if kind is None or kind.place is None:
        return None
    try:
        return kind.place(s, ref)
    except Exception as error:  # noqa: BLE001 - a plugin's mistake must not take the page with it
        s.site.plugins.note_failure(ref.plugin, f"place {ref.kind}", error, s.company_id)
        return None


def look(
    s: CompanySession,
    active: ActiveSet,
    user: User,
    permission: str,
    *,
    unit_id: uuid.UUID | None = None,
    ref: RecordRef | None = None,
) -> Finding:
    """Why ``user`` may or may not use ``permission`` (at a unit, on a record).

    A record is judged at the place where it belongs, whatever ``unit_id`` says.
    """
    principal = access.principal_for(s, user.id, active.names, name=user.name)
    place = place_of(s, active, ref) if ref is not None else None
    if place is not None:
        unit_id = place.unit_id
    answer = principal.can(permission, unit_id)
    own = None
    if place is not None and place.by_owner and answer.why == "own":
        own = place.owner_id is not None and place.owner_id == principal.staff_id
    hidden = False
    if ref is not None:
        kind = active.get(RecordKind, f"{ref.plugin}.{ref.kind}")
        hidden = kind is None or kind.describe(s, ref, principal) is None
    closed = user.disabled_at is not None
    stranger = s.get(Membership, (s.company_id, user.id)) is None
    against = objections(active, permission, principal, unit_id) if answer else ()
    return Finding(
        ok=bool(answer) and own is not False and not (closed or stranger or against or hidden),
        answer=answer,
        looked=_looked(s, principal, permission, unit_id),
        closed=closed,
        stranger=stranger,
        objections=tuple(one.reason for one in against),
        own=own,
        own_only=_own_only(principal, permission, answer),
        hidden=hidden,
        last_admin=is_last_admin(s, user.id),
        stands_in=_stands_in(s, principal.staff_id),
    )


def _own_only(principal: Principal, permission: str, answer: Answer) -> bool:
    """Whether a yes is for the person's own records and no others."""
    if not answer:
        return False
    reach = principal.reach(permission)
    return answer.why == "own" or not (reach.everything or reach.units)


def _looked(
    s: CompanySession, principal: Principal, permission: str, unit_id: uuid.UUID | None
) -> tuple[Looked, ...]:
    known, givers = access.known_permissions(s), _givers(s, principal)
    found = []
    for grant in principal.grants:
        reach = principal.reach_of(grant)
        here = unit_id is None or reach.everything or unit_id in reach.units
        own = reach.own and (not reach.own_units or unit_id in reach.own_units)
        found.append(
            Looked(
                grant=grant,
                carries=grant.holds(permission),
                through=through(grant, permission, known),
                reach=reach,
                reaches=here or own,
                given_by=givers.get((str(grant.role_id), str(grant.unit_id or "")), ""),
            )
        )
    return tuple(found)


def _givers(s: CompanySession, principal: Principal) -> dict[tuple[str, str], str]:
    """Who gave which role where, from the ledger: the latest line of each counts."""
    lines = s.execute(
        select(LedgerLine.body, LedgerLine.staff_id, LedgerLine.user_id, LedgerLine.actor_name)
        .where(
            LedgerLine.object == f"core:user:{principal.user_id}",
            LedgerLine.action == "core.grant.given",
        )
        .order_by(LedgerLine.seq.desc())
        .limit(_LINES)
    ).all()
    staff = {line.staff_id for line in lines if line.staff_id}
    users = {line.user_id for line in lines if line.user_id}
    names: dict[Any, str] = {
        row.id: row.name for row in s.execute(select(User.id, User.name).where(User.id.in_(users)))
    }
    for row in s.execute(select(Staff.id, Staff.name).where(Staff.id.in_(staff))):
        names[row.id] = row.name
    found: dict[tuple[str, str], str] = {}
    for line in lines:
        who = names.get(line.staff_id) or names.get(line.user_id) or line.actor_name
        key = (str(line.body.get("role", "")), str(line.body.get("unit", "")))
        found.setdefault(key, who)
    return found


def _stands_in(
    s: CompanySession, staff_id: uuid.UUID | None
) -> tuple[tuple[str, date | None], ...]:
    if staff_id is None:
        return ()
    now = today(s)
    rows = s.execute(
        select(Staff.name, StandIn.valid_until)
        .join(Staff, Staff.id == StandIn.staff_id)
        .where(
            StandIn.deputy_id == staff_id,
            StandIn.valid_from <= now,
            or_(StandIn.valid_until.is_(None), StandIn.valid_until >= now),
        )
        .order_by(Staff.name)
    )
    return tuple((row.name, row.valid_until) for row in rows)


def is_last_admin(s: CompanySession, user_id: uuid.UUID) -> bool:
    """Whether the company would have no administrator without this person."""
    admins = set(access.administrators(s))
    return admins == {user_id}


def holders(
    s: CompanySession,
    active: ActiveSet,
    permission: str,
    unit_id: uuid.UUID | None = None,
) -> list[Holder]:
    """Everybody who may use ``permission`` (at a unit), by user name."""
    found = []
    for principal in access.principals(s, active.names):
        answer = principal.can(permission, unit_id)
        if answer:
            found.append(Holder(principal, answer))
    return found


def helpers(
    s: CompanySession, active: ActiveSet, permission: str, unit_id: uuid.UUID | None = None
) -> list[str]:
    """Names of a few colleagues who may do it: of the place first, administrators last.

    Who may only do it with his own records is no help and left out.
    """
    able = [
        one
        for one in holders(s, active, permission, unit_id)
        if not _own_only(one.principal, permission, one.answer)
    ]
    able.sort(key=lambda one: (one.answer.why == "admin", one.grant.unit_id is None))
    return list(dict.fromkeys(one.principal.name for one in able))[:HELPERS]
