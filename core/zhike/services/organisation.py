"""Organisation 组织: the tree of units, and who heads, outranks and stands in for whom.

Everything is resolved at the moment of use from posts and stand-ins; nothing is copied, so a
change of post takes effect at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import or_, select

from zhike import clock
from zhike.db.session import CompanySession
from zhike.errors import Conflict, UserError
from zhike.i18n import _
from zhike.models.organisation import Post, Staff, StandIn, Unit
from zhike.services import ledger
from zhike.services.companies import bump_generation, company_of, remembered


@dataclass(frozen=True)
class UnitInfo:
    """What everybody needs to know about a unit, without a row of the database.

    ``tz`` is its own zone, else that of the nearest unit above that has one, else the company's.
    """

    id: uuid.UUID
    parent_id: uuid.UUID | None
    kind: str
    code: str
    name: str
    tz: str
    open: bool


@dataclass(frozen=True)
class Tree:
    """A company's units as one immutable value, cached by the company's generation."""

    units: Mapping[uuid.UUID, UnitInfo]

    @cached_property
    def children(self) -> Mapping[uuid.UUID | None, tuple[uuid.UUID, ...]]:
        """Unit ids below each unit (``None``: the top), in the order of the panel."""
        below: dict[uuid.UUID | None, list[uuid.UUID]] = {}
        for unit in self.units.values():
            below.setdefault(unit.parent_id, []).append(unit.id)
        return {parent: tuple(ids) for parent, ids in below.items()}

    def subtree(self, unit_id: uuid.UUID) -> frozenset[uuid.UUID]:
        """``unit_id`` and everything below it (本部门及以下)."""
        found: set[uuid.UUID] = set()
        todo = [unit_id]
        while todo:
            here = todo.pop()
            if here not in found:
                found.add(here)
                todo.extend(self.children.get(here, ()))
        return frozenset(found)

    def ancestors(self, unit_id: uuid.UUID | None) -> tuple[uuid.UUID, ...]:
        """``unit_id`` itself, then its parent, up to the top: the nearest first."""
        chain: list[uuid.UUID] = []
        while unit_id is not None and unit_id in self.units and unit_id not in chain:
            chain.append(unit_id)
            unit_id = self.units[unit_id].parent_id
        return tuple(chain)

    def site_of(self, unit_id: uuid.UUID | None) -> UnitInfo | None:
        """The nearest site 案场/门店 at or above ``unit_id``."""
        for step in self.ancestors(unit_id):
            if self.units[step].kind == "site":
                return self.units[step]
        return None

    @cached_property
    def sites(self) -> tuple[UnitInfo, ...]:
        """The open sites, in the order of the panel."""
        return tuple(u for u in self.units.values() if u.kind == "site" and u.open)


def tree(s: CompanySession) -> Tree:
    """The company's units; read from the database only when its generation has changed."""
    return remembered(s, "organisation", lambda: _read_tree(s))


def _read_tree(s: CompanySession) -> Tree:
    company_tz = company_of(s).tz
    rows = s.execute(
        select(
            Unit.id, Unit.parent_id, Unit.kind, Unit.code, Unit.name, Unit.tz, Unit.closed_at
        ).order_by(Unit.sort, Unit.code)
    ).all()
    above = {row.id: (row.parent_id, row.tz) for row in rows}
    return Tree(
        {
            row.id: UnitInfo(
                row.id,
                row.parent_id,
                row.kind,
                row.code,
                row.name,
                _zone(row.id, above) or company_tz,
                row.closed_at is None,
            )
            for row in rows
        }
    )


def _zone(unit_id: uuid.UUID | None, above: Mapping[uuid.UUID, tuple[Any, str]]) -> str:
    """The zone of the nearest unit at or above ``unit_id`` that has one; empty for none."""
    seen = set()
    while unit_id is not None and unit_id in above and unit_id not in seen:
        seen.add(unit_id)
        unit_id, tz = above[unit_id]
        if tz:
            return tz
    return ""


def _changed(s: CompanySession, action: str, row_id: uuid.UUID, **body: object) -> None:
    bump_generation(s)
    kind = action.split(".")[1]
    ledger.append(s, action, object=f"core:{kind}:{row_id}", body=body)


def add_unit(
    s: CompanySession,
    *,
    name: str,
    code: str,
    kind: str = "department",
    parent_id: uuid.UUID | None = None,
    tz: str = "",
    sort: int = 0,
) -> Unit:
    """Add a site or department. Raises ``UserError`` for an empty name or a taken code."""
    name, code = name.strip(), code.strip()
    if not name:
        raise UserError(_("Please give a name."), field="name")
    if not code:
        raise UserError(_("Please give a short code."), field="code")
    if s.scalar(select(Unit.id).where(Unit.code == code)) is not None:
        raise UserError(_("This code is already taken."), field="code", code="taken")
    if parent_id is not None:
        s.require(Unit, parent_id)
    _check_tz(tz)
    unit = Unit(name=name, code=code, kind=kind, parent_id=parent_id, tz=tz, sort=sort)
    s.add(unit)
    s.flush()
    _changed(s, "core.unit.added", unit.id, name=name, code=code, kind=kind)
    return unit


def change_unit(
    s: CompanySession,
    unit_id: uuid.UUID,
    *,
    name: str,
    parent_id: uuid.UUID | None,
    tz: str = "",
    sort: int = 0,
) -> Unit:
    """Change a unit's name, place, zone and order; its code is in numbers already and stays."""
    unit = s.require(Unit, unit_id)
    if not name.strip():
        raise UserError(_("Please give a name."), field="name")
    _check_tz(tz)
    if parent_id != unit.parent_id:
        move_unit(s, unit_id, parent_id)
    unit.name, unit.tz, unit.sort = name.strip(), tz, sort
    s.flush()
    _changed(s, "core.unit.changed", unit_id, name=unit.name, tz=tz)
    return unit


def close_unit(s: CompanySession, unit_id: uuid.UUID, *, reopen: bool = False) -> None:
    """Close a unit (nothing is deleted), or open it again.

    Refused while units below it are open or people hold posts there now.
    """
    unit = s.require(Unit, unit_id)
    if reopen:
        unit.closed_at = None
        _changed(s, "core.unit.reopened", unit_id)
        return
    here = tree(s)
    below = [u for u in here.subtree(unit_id) - {unit_id} if here.units[u].open]
    if below:
        raise Conflict(_("Close the units below it first."), code="units_below")
    if staff_at(s, unit_id, today(s, unit_id)):
        raise Conflict(_("People still hold posts here; end their posts first."), code="posts")
    unit.closed_at = clock.now()
    s.flush()
    _changed(s, "core.unit.closed", unit_id)


def _check_tz(tz: str) -> None:
    if tz and tz not in available_timezones():
        raise UserError(_("This time zone is unknown."), field="tz")


def move_unit(s: CompanySession, unit_id: uuid.UUID, parent_id: uuid.UUID | None) -> None:
    """Hang a unit elsewhere in the tree; refuses to hang it below itself."""
    unit = s.require(Unit, unit_id)
    if parent_id is not None and parent_id in tree(s).subtree(unit_id):
        raise Conflict(_("A unit cannot stand below itself."), field="parent_id")
    unit.parent_id = parent_id
    s.flush()
    _changed(s, "core.unit.moved", unit_id, parent=str(parent_id or ""))


def add_staff(
    s: CompanySession,
    *,
    name: str,
    number: str | None = None,
    user_id: uuid.UUID | None = None,
    joined_on: date | None = None,
) -> Staff:
    """Add a staff member 员工. Raises ``UserError`` for an empty name or a taken number (工号)."""
    name, number = name.strip(), (number or "").strip() or None
    if not name:
        raise UserError(_("Please give a name."), field="name")
    if number and s.scalar(select(Staff.id).where(Staff.number == number)) is not None:
        raise UserError(_("This staff number is already taken."), field="number", code="taken")
    staff = Staff(name=name, number=number, user_id=user_id, joined_on=joined_on)
    s.add(staff)
    s.flush()
    _changed(s, "core.staff.added", staff.id, number=number or "")
    return staff


def change_staff(
    s: CompanySession,
    staff_id: uuid.UUID,
    *,
    name: str,
    number: str | None,
    user_id: uuid.UUID | None,
) -> Staff:
    """Change a staff member's name, number and login; raises as :func:`add_staff`."""
    staff = s.require(Staff, staff_id)
    name, number = name.strip(), (number or "").strip() or None
    if not name:
        raise UserError(_("Please give a name."), field="name")
    if number:
        other = s.scalar(select(Staff.id).where(Staff.number == number, Staff.id != staff_id))
        if other is not None:
            raise UserError(_("This staff number is already taken."), field="number", code="taken")
    if user_id is not None:
        other = s.scalar(select(Staff.id).where(Staff.user_id == user_id, Staff.id != staff_id))
        if other is not None:
            raise UserError(_("This login belongs to somebody else."), field="user_id")
    staff.name, staff.number, staff.user_id = name, number, user_id
    s.flush()
    _changed(s, "core.staff.changed", staff_id, number=number or "")
    return staff


def leave(s: CompanySession, staff_id: uuid.UUID, *, on: date, back: bool = False) -> None:
    """A staff member leaves 离职 on ``on`` (his last day: posts end with it), or comes back.

    A last day still to come leaves him at work until it is over (:func:`begin_day`); posts that
    would have begun after it are taken back. Plugins learn of it by the change of posts; what he
    held is handed over by each of them.
    """
    staff = s.require(Staff, staff_id)
    if back:
        staff.status, staff.left_on = "active", None
        s.flush()
        _changed(s, "core.staff.returned", staff_id)
        return
    staff.status, staff.left_on = "left" if on <= today(s) else "active", on
    for post in s.scalars(
        select(Post).where(
            Post.staff_id == staff_id, or_(Post.valid_until.is_(None), Post.valid_until > on)
        )
    ):
        if post.valid_from > on:
            s.delete(post)
        else:
            post.valid_until = on
    s.flush()
    _changed(s, "core.staff.left", staff_id, on=on.isoformat())


def begin_day(s: CompanySession) -> None:
    """What a new day brings: whose last day is over has left, posts and stand-ins begin and end."""
    gone = s.scalars(select(Staff).where(Staff.status == "active", Staff.left_on < today(s)))
    for staff in gone:
        staff.status = "left"
    s.flush()
    bump_generation(s)


def end_post(s: CompanySession, post_id: uuid.UUID, *, on: date) -> None:
    """End a post with the day ``on`` (included)."""
    post = s.require(Post, post_id)
    if on < post.valid_from:
        raise UserError(_("The last day lies before the first."), field="on")
    post.valid_until = on
    s.flush()
    _changed(s, "core.post.ended", post_id, on=on.isoformat())


def name_stand_in(
    s: CompanySession,
    staff_id: uuid.UUID,
    deputy_id: uuid.UUID,
    *,
    valid_from: date,
    valid_until: date | None,
    reason: str = "",
) -> StandIn:
    """Name who acts for a staff member from–until (last day included)."""
    if staff_id == deputy_id:
        raise UserError(_("Nobody stands in for himself."), field="deputy_id")
    if valid_until is not None and valid_until < valid_from:
        raise UserError(_("The last day lies before the first."), field="valid_until")
    s.require(Staff, staff_id)
    s.require(Staff, deputy_id)
    row = StandIn(
        staff_id=staff_id,
        deputy_id=deputy_id,
        valid_from=valid_from,
        valid_until=valid_until,
        reason=reason.strip(),
    )
    s.add(row)
    s.flush()
    _changed(s, "core.stand_in.named", row.id)
    return row


def drop_stand_in(s: CompanySession, stand_in_id: uuid.UUID) -> None:
    """Take a stand-in back; what was done under it stays as it is."""
    row = s.require(StandIn, stand_in_id)
    s.delete(row)
    s.flush()
    _changed(s, "core.stand_in.dropped", stand_in_id)


def give_post(
    s: CompanySession,
    staff_id: uuid.UUID,
    unit_id: uuid.UUID,
    *,
    title: str,
    rank: int = 0,
    is_head: bool = False,
    valid_from: date,
    valid_until: date | None = None,
) -> Post:
    """Give a staff member a post 岗位 in a unit, from–until (last day included)."""
    s.require(Staff, staff_id)
    s.require(Unit, unit_id)
    if valid_until is not None and valid_until < valid_from:
        raise UserError(_("The last day lies before the first."), field="valid_until")
    post = Post(
        staff_id=staff_id,
        unit_id=unit_id,
        title=title.strip(),
        rank=rank,
        is_head=is_head,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    s.add(post)
    s.flush()
    _changed(s, "core.post.given", post.id, staff=str(staff_id), unit=str(unit_id), title=title)
    return post


def today(s: CompanySession, unit_id: uuid.UUID | None = None) -> date:
    """Today's date at the unit, in its own time zone."""
    unit = tree(s).units.get(unit_id) if unit_id else None
    return clock.local(clock.now(), unit.tz if unit else company_of(s).tz).date()


def staff_at(s: CompanySession, unit_id: uuid.UUID, on: date) -> list[Staff]:
    """Active staff members holding a post at the unit or below it on a day, by number and name."""
    below = tree(s).subtree(unit_id)
    holders = (
        select(Post.staff_id)
        .where(
            Post.unit_id.in_(below),
            Post.valid_from <= on,
            or_(Post.valid_until.is_(None), Post.valid_until >= on),
        )
        .distinct()
    )
    return list(
        s.scalars(
            select(Staff)
            .where(Staff.status == "active", Staff.id.in_(holders))
            .order_by(Staff.number, Staff.name)
        )
    )


def units_of(s: CompanySession, staff_id: uuid.UUID, on: date) -> frozenset[uuid.UUID]:
    """The units where a staff member holds a post on a day."""
    return frozenset(
        s.scalars(
            select(Post.unit_id).where(
                Post.staff_id == staff_id,
                Post.valid_from <= on,
                or_(Post.valid_until.is_(None), Post.valid_until >= on),
            )
        )
    )


def homes_of_all(s: CompanySession, on: date) -> dict[uuid.UUID, frozenset[uuid.UUID]]:
    """As :func:`units_of`, of every staff member who holds a post on that day; one statement."""
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for row in s.execute(
        select(Post.staff_id, Post.unit_id).where(
            Post.valid_from <= on,
            or_(Post.valid_until.is_(None), Post.valid_until >= on),
        )
    ):
        found.setdefault(row.staff_id, set()).add(row.unit_id)
    return {staff_id: frozenset(units) for staff_id, units in found.items()}


def head_of(s: CompanySession, unit_id: uuid.UUID, on: date) -> uuid.UUID | None:
    """The head 负责人 of the nearest unit at or above ``unit_id`` that has one on that day."""
    for step in tree(s).ancestors(unit_id):
        head = s.scalar(
            select(Post.staff_id)
            .where(
                Post.unit_id == step,
                Post.is_head.is_(True),
                Post.valid_from <= on,
                or_(Post.valid_until.is_(None), Post.valid_until >= on),
            )
            .order_by(Post.rank.desc(), Post.valid_from)
            .limit(1)
        )
        if head is not None:
            return head
    return None


def acting_for(s: CompanySession, staff_id: uuid.UUID, on: date) -> uuid.UUID:
    """Who acts for a staff member on a day: the stand-in 代理 where one is named, else himself.

    A chain of stand-ins is followed; a circle ends at the last person before it closes.
    """
    seen = {staff_id}
    while True:
        deputy = s.scalar(
            select(StandIn.deputy_id)
            .where(
                StandIn.staff_id == staff_id,
                StandIn.valid_from <= on,
                or_(StandIn.valid_until.is_(None), StandIn.valid_until >= on),
            )
            .order_by(StandIn.valid_from.desc())
            .limit(1)
        )
        if deputy is None or deputy in seen:
            return staff_id
        seen.add(deputy)
        staff_id = deputy


def staff_names(s: CompanySession) -> Mapping[uuid.UUID, str]:
    """Names of all staff members, for showing decisions of any age.

    Read from the database only when the company's generation has changed, as :func:`tree` is.
    """

    def read() -> Mapping[uuid.UUID, str]:
        rows = s.execute(select(Staff.id, Staff.name)).all()
        return MappingProxyType({row.id: row.name for row in rows})

    return remembered(s, "staff_names", read)
