"""Access 权限: what a person may do where, and why.

A permission is granted by a role, a role is given in the whole company or at one unit with one of
five data scopes (全部 / 自定义 / 本部门 / 本部门及以下 / 仅本人). Every answer says which role and
which unit made it, so that "why can / can't X do this?" has one source. A permission of a plugin
that is not active is refused to everybody, administrators included; an unknown one likewise.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select

from zhike.contributions import N_, Permission, RolePreset
from zhike.db.session import CompanySession
from zhike.db.types import uuid7
from zhike.errors import Conflict, UserError
from zhike.i18n import _, ngettext
from zhike.models.organisation import Staff
from zhike.models.people import Membership, Role, RoleGrant, User
from zhike.services import ledger, sessions
from zhike.services.companies import bump_generation, generation_of
from zhike.services.organisation import Tree, homes_of_all, today, tree, units_of

CORE_PERMISSIONS: tuple[Permission, ...] = (
    Permission(name="core.apps", title=N_("Switch apps on and off"), risk="critical", weight=10),
    Permission(name="core.settings", title=N_("Change settings"), risk="critical", weight=11),
    Permission(name="core.organisation", title=N_("Keep sites, departments and staff"), weight=12),
    Permission(
        name="core.users",
        title=N_("Keep user accounts"),
        risk="critical",
        implies=("core.access",),
        weight=13,
    ),
    Permission(
        name="core.roles",
        title=N_("Keep roles and grants"),
        risk="critical",
        implies=("core.access",),
        weight=14,
    ),
    Permission(name="core.access", title=N_("Look up who may do what, and why"), weight=15),
    Permission(
        name="core.view_as",
        title=N_("Look at pages as somebody else, read-only"),
        risk="critical",
        implies=("core.access",),
        weight=16,
    ),
    Permission(name="core.policy.view", title=N_("Read regulations"), weight=20),
    Permission(
        name="core.policy.edit",
        title=N_("Draft regulations"),
        implies=("core.policy.view",),
        weight=21,
    ),
    Permission(
        name="core.policy.publish",
        title=N_("Publish regulations"),
        risk="critical",
        implies=("core.policy.edit",),
        weight=22,
    ),
    Permission(name="core.drill", title=N_("Run drills"), implies=("core.policy.view",), weight=23),
    Permission(name="core.decision.view", title=N_("Read decisions"), weight=24),
    Permission(name="core.ledger.view", title=N_("Read the ledger"), risk="sensitive", weight=30),
    Permission(name="core.jobs", title=N_("See and retry background jobs"), weight=31),
    Permission(name="core.health", title=N_("See the health of the site"), weight=32),
    Permission(name="core.party.view", title=N_("See customers"), weight=40),
    Permission(
        name="core.party.edit", title=N_("Edit customers"), implies=("core.party.view",), weight=41
    ),
    Permission(
        name="core.party.reveal",
        title=N_("Unmask phone numbers"),
        risk="sensitive",
        implies=("core.party.view",),
        weight=42,
    ),
    Permission(name="core.import", title=N_("Import from workbooks"), risk="sensitive", weight=50),
    Permission(name="core.export", title=N_("Export to workbooks"), risk="sensitive", weight=51),
)


@dataclass(frozen=True)
class Grant:
    """A role as given: its permissions (implied ones included), where, and with which scope.

    ``named`` are the permissions that the role itself lists, ``preset`` as in
    :class:`~zhike.models.people.Role`.
    """

    role_id: uuid.UUID
    role: str
    permissions: frozenset[str]
    is_admin: bool
    unit_id: uuid.UUID | None
    scope: str
    custom: frozenset[uuid.UUID]
    preset: str = ""
    named: frozenset[str] = frozenset()
    since: datetime | None = None

    @property
    def title(self) -> str:
        """The role's name as the reader sees it."""
        return role_title(self.role, self.preset)

    def holds(self, permission: str) -> bool:
        """Whether the role carries the permission at all."""
        return self.is_admin or permission in self.permissions


@dataclass(frozen=True)
class Reach:
    """How far a permission reaches: everything, some units, and one's own records.

    ``own`` means records that belong to the person, wherever they are in ``own_units`` (empty:
    anywhere in the company).
    """

    everything: bool = False
    units: frozenset[uuid.UUID] = frozenset()
    own: bool = False
    own_units: frozenset[uuid.UUID] = frozenset()

    @property
    def nothing(self) -> bool:
        """True for a person who may see no record at all."""
        return not (self.everything or self.units or self.own)


@dataclass(frozen=True)
class Answer:
    """A yes or no with its reason.

    ``why`` is one of ``admin``, ``role``, ``own`` (only the person's own records), ``inactive``
    (the plugin is off), ``unknown`` (nobody registers such a permission: refused to everybody),
    ``no_role``, ``elsewhere`` (the role is held, but not for this unit), ``viewer`` (somebody looks
    as this person who may not himself). ``grant`` is the role as given that decided, where one did.
    """

    ok: bool
    why: Literal["admin", "role", "own", "inactive", "unknown", "no_role", "elsewhere", "viewer"]
    role: str = ""
    unit_id: uuid.UUID | None = None
    grant: Grant | None = None

    def __bool__(self) -> bool:
        return self.ok


@dataclass(frozen=True)
class Principal:
    """A person in one company: identity, grants, and what is active, frozen for a request."""

    user_id: uuid.UUID | None
    staff_id: uuid.UUID | None
    name: str
    company_id: int
    grants: tuple[Grant, ...]
    active: frozenset[str]
    tree: Tree
    home_units: frozenset[uuid.UUID]
    known: frozenset[str]

    def can(self, permission: str, unit_id: uuid.UUID | None = None) -> Answer:
        """Whether the person may use ``permission`` (at ``unit_id``, if one is named), and why."""
        owner = permission.partition(".")[0]
        if owner != "core" and owner not in self.active:
            return Answer(False, "inactive")
        if permission not in self.known:
            return Answer(False, "unknown")
        held: Grant | None = None
        for grant in self.grants:
            if not grant.holds(permission):
                continue
            held = grant
            if unit_id is None:
                why: Literal["admin", "role"] = "admin" if grant.is_admin else "role"
                return Answer(True, why, grant.role, grant.unit_id, grant)
            reach = self.reach_of(grant)
            if reach.everything or unit_id in reach.units:
                why = "admin" if grant.is_admin else "role"
                return Answer(True, why, grant.role, grant.unit_id, grant)
            if reach.own and (not reach.own_units or unit_id in reach.own_units):
                return Answer(True, "own", grant.role, grant.unit_id, grant)
        if held is not None:
            return Answer(False, "elsewhere", held.role, held.unit_id, held)
        return Answer(False, "no_role")

    def reach(self, permission: str) -> Reach:
        """How far the permission reaches, all grants taken together; for filtering lists."""
        owner = permission.partition(".")[0]
        if (owner != "core" and owner not in self.active) or permission not in self.known:
            return Reach()
        everything, own, anywhere = False, False, False
        units: frozenset[uuid.UUID] = frozenset()
        own_units: frozenset[uuid.UUID] = frozenset()
        for grant in self.grants:
            if not grant.holds(permission):
                continue
            part = self.reach_of(grant)
            everything = everything or part.everything
            units |= part.units
            if part.own:
                own = True
                anywhere = anywhere or not part.own_units
                own_units |= part.own_units
        return Reach(everything, units, own, frozenset() if anywhere else own_units)

    def reach_of(self, grant: Grant) -> Reach:
        """How far one role as given reaches."""
        if grant.is_admin and grant.unit_id is None:
            return Reach(everything=True)
        base = frozenset({grant.unit_id}) if grant.unit_id is not None else self.home_units
        if grant.scope == "all":
            return Reach(everything=True)
        if grant.scope == "custom":
            return Reach(units=grant.custom)
        if grant.scope == "unit":
            return Reach(units=base)
        below = frozenset().union(*(self.tree.subtree(unit) for unit in base)) if base else base
        if grant.scope == "unit_tree":
            return Reach(units=below)
        return Reach(own=True, own_units=below if grant.unit_id is not None else frozenset())


def expand(names: Iterable[str], known: Iterable[Permission]) -> frozenset[str]:
    """``names`` with everything they imply; names nobody registered are dropped."""
    by_name = {permission.name: permission for permission in known}
    found: set[str] = set()
    todo = [name for name in names if name in by_name]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(other for other in by_name[name].implies if other in by_name)
    return frozenset(found)


def known_permissions(s: CompanySession) -> tuple[Permission, ...]:
    """Every permission of the core and of the plugins registered in this process."""
    registered: Iterable[Permission] = s.site.plugins.registry.items(Permission)
    return (*CORE_PERMISSIONS, *(p for p in registered if not p.name.startswith("core.")))


_REMEMBERED_MOST = 5000
_GRANTS = (
    select(
        RoleGrant.user_id,
        RoleGrant.unit_id,
        RoleGrant.data_scope,
        RoleGrant.custom_units,
        RoleGrant.created_at,
        Role.id,
        Role.title,
        Role.preset,
        Role.permissions,
        Role.is_admin,
    )
    .join(Role, Role.id == RoleGrant.role_id)
    .order_by(RoleGrant.id)
)


def _as_given(row: Any, permissions: Iterable[Permission]) -> Grant:
    return Grant(
        role_id=row.id,
        role=row.title,
        permissions=expand(row.permissions, permissions),
        is_admin=row.is_admin,
        unit_id=row.unit_id,
        scope=row.data_scope,
        custom=frozenset(uuid.UUID(unit) for unit in row.custom_units),
        preset=row.preset,
        named=frozenset(row.permissions),
        since=row.created_at,
    )


def principal_for(
    s: CompanySession, user_id: uuid.UUID, active: frozenset[str], *, name: str = ""
) -> Principal:
    """The person behind ``user_id`` in the session's company, with every grant resolved.

    Cached per process until the company's generation changes; posts that begin or end with a new
    day take effect with the next change or restart at the latest, and at midnight through the
    daily job that bumps the generation.
    """
    generation = generation_of(s)
    remembered = s.site.remembered
    key = ("access", s.company_id, user_id)
    known = remembered.get(key)
    if known is not None and known[0] == generation and known[1].active == active:
        before: Principal = known[1]
        return before
    staff = s.execute(
        select(Staff.id, Staff.name).where(Staff.user_id == user_id, Staff.status == "active")
    ).first()
    permissions = known_permissions(s)
    rows = s.execute(_GRANTS.where(RoleGrant.user_id == user_id)).all()
    principal = Principal(
        user_id=user_id,
        staff_id=staff.id if staff else None,
        name=staff.name if staff else name,
        company_id=s.company_id,
        grants=tuple(_as_given(row, permissions) for row in rows),
        active=active,
        tree=tree(s),
        home_units=units_of(s, staff.id, today(s)) if staff else frozenset(),
        known=frozenset(one.name for one in permissions),
    )
    if s.read_only:
        if len(remembered) >= _REMEMBERED_MOST:
            remembered.clear()
        remembered[key] = (generation, principal)
    return principal


def principals(s: CompanySession, active: frozenset[str]) -> list[Principal]:
    """Everybody who can sign in to the company and holds a role, by name; for looking at all.

    Four statements, however many people there are.
    """
    permissions = known_permissions(s)
    grants: dict[uuid.UUID, list[Grant]] = {}
    for row in s.execute(_GRANTS):
        grants.setdefault(row.user_id, []).append(_as_given(row, permissions))
    people = s.execute(
        select(User.id, User.name, Staff.id.label("staff_id"), Staff.name.label("staff_name"))
        .join(Membership, Membership.user_id == User.id)
        .outerjoin(
            Staff,
            (Staff.user_id == User.id)
            & (Staff.company_id == s.company_id)
            & (Staff.status == "active"),
        )
        .where(Membership.company_id == s.company_id, User.disabled_at.is_(None))
        .order_by(User.login_key)
    ).all()
    here, homes = tree(s), homes_of_all(s, today(s))
    known = frozenset(one.name for one in permissions)
    return [
        Principal(
            user_id=row.id,
            staff_id=row.staff_id,
            name=row.staff_name or row.name,
            company_id=s.company_id,
            grants=tuple(grants[row.id]),
            active=active,
            tree=here,
            home_units=homes.get(row.staff_id, frozenset()),
            known=known,
        )
        for row in people
        if row.id in grants
    ]


def grant_role(
    s: CompanySession,
    user_id: uuid.UUID,
    role_id: uuid.UUID,
    *,
    unit_id: uuid.UUID | None = None,
    scope: str = "all",
    custom_units: Iterable[uuid.UUID] = (),
) -> RoleGrant:
    """Give a user a role, in the whole company or at one unit; takes effect at once."""
    s.require(Role, role_id)
    grant = RoleGrant(
        user_id=user_id,
        role_id=role_id,
        unit_id=unit_id,
        data_scope=scope,
        custom_units=[str(unit) for unit in custom_units],
    )
    s.add(grant)
    s.flush()
    bump_generation(s)
    ledger.append(
        s,
        "core.grant.given",
        object=f"core:user:{user_id}",
        body={"role": str(role_id), "unit": str(unit_id or ""), "scope": scope},
    )
    sessions.roles_changed(s, user_id)
    return grant


def withdraw_grant(s: CompanySession, grant_id: uuid.UUID) -> None:
    """Take a role back; refuses to take the last administrator's (最后一名管理员)."""
    grant = s.require(RoleGrant, grant_id)
    role = s.require(Role, grant.role_id)
    s.delete(grant)
    s.flush()
    if role.is_admin and grant.unit_id is None:
        guard_last_admin(s)
    bump_generation(s)
    ledger.append(
        s,
        "core.grant.withdrawn",
        object=f"core:user:{grant.user_id}",
        body={"role": str(role.id), "unit": str(grant.unit_id or "")},
    )
    sessions.roles_changed(s, grant.user_id)


def save_role(
    s: CompanySession,
    *,
    role_id: uuid.UUID | None,
    title: str,
    permissions: Iterable[str],
    preset: str = "",
) -> Role:
    """Create a role, or change one's title and permissions; takes effect at once.

    Unknown permissions are refused, so that a typing mistake never looks like a right. The
    administrators' role always carries everything and cannot be narrowed.
    """
    title = title.strip()
    if not title:
        raise UserError(_("Please give a name."), field="title")
    wanted = sorted(set(permissions))
    known = {permission.name for permission in known_permissions(s)}
    role = s.require(Role, role_id) if role_id else None
    # What a plugin that is not loaded now once granted stays in the role untouched.
    kept = [p for p in role.permissions if p not in known] if role else []
    unknown = [p for p in wanted if p not in known and p not in kept]
    if unknown:
        raise UserError(_("There is no permission %(name)s.", name=unknown[0]), field="permissions")
    same = s.scalar(select(Role.id).where(Role.title == title, Role.id != role_id))
    if same is not None:
        raise UserError(_("There is already a role of this name."), field="title", code="taken")
    if role is None:
        role = Role(key=uuid7().hex, title=title, permissions=wanted, preset=preset)
        s.add(role)
        old: list[str] = []
    else:
        if role.is_admin:
            raise Conflict(_("The administrators' role always carries everything."))
        old = role.permissions
        role.title, role.permissions = title, sorted({*wanted, *kept})
    s.flush()
    bump_generation(s)
    ledger.append(
        s,
        "core.role.saved",
        object=f"core:role:{role.id}",
        body={
            "title": title,
            "added": [p for p in wanted if p not in old],
            "removed": [p for p in old if p not in wanted and p not in kept],
        },
    )
    return role


def role_title(title: str, preset: str) -> str:
    """A role's name as the reader sees it: one adopted unchanged from a suggestion keeps its
    message id, since commands create roles without a reader whose language could be used."""
    return _(title) if preset else title


def delete_role(s: CompanySession, role_id: uuid.UUID) -> None:
    """Delete a role nobody holds; refused with the number of people who do."""
    role = s.require(Role, role_id)
    held = s.scalar(select(func.count()).select_from(RoleGrant).where(RoleGrant.role_id == role_id))
    if role.is_admin or held:
        raise Conflict(
            ngettext(
                "One person still holds this role.",
                "%(num)s people still hold this role.",
                held or 1,
            ),
            code="held",
        )
    s.delete(role)
    s.flush()
    bump_generation(s)
    ledger.append(s, "core.role.deleted", object=f"core:role:{role_id}", body={"title": role.title})


def adopt_role_presets(s: CompanySession, plugin: str) -> list[Role]:
    """Create the roles that a plugin suggests and the company does not have yet."""
    made = []
    for entry in s.site.plugins.registry.of(RolePreset):
        preset = entry.value
        if entry.owner.plugin != plugin:
            continue
        if s.scalar(select(Role.id).where(Role.preset == preset.name)) is not None:
            continue
        made.append(
            save_role(
                s,
                role_id=None,
                title=preset.title,
                permissions=preset.permissions,
                preset=preset.name,
            )
        )
    return made


def administrators(s: CompanySession) -> list[uuid.UUID]:
    """The users who administer the whole company and can sign in (公司管理员)."""
    return list(
        s.scalars(
            select(User.id)
            .distinct()
            .join(RoleGrant, RoleGrant.user_id == User.id)
            .join(Role, Role.id == RoleGrant.role_id)
            .join(Membership, Membership.user_id == User.id)
            .where(
                Role.is_admin.is_(True),
                RoleGrant.unit_id.is_(None),
                User.disabled_at.is_(None),
                Membership.company_id == s.company_id,
            )
        )
    )


def guard_last_admin(s: CompanySession, *, besides: uuid.UUID | None = None) -> None:
    """Raise :class:`~zhike.errors.Conflict` if no enabled user administers the company any more.

    Call it after the change and inside its transaction: the change is then rolled back. Takes the
    company's lock first, so that two administrators cannot remove each other at once. Where the
    change is not the company's own (an account of several companies), ask before it, ``besides``
    whom it is about.
    """
    bump_generation(s)
    left = [one for one in administrators(s) if one != besides]
    if not left:
        raise Conflict(
            _(
                "This would leave the company without an administrator. "
                "Give somebody else the role first."
            ),
            code="last_admin",
        )


def ensure_admin_role(s: CompanySession) -> Role:
    """The company's administrator role, created on first use."""
    role = s.scalars(select(Role).where(Role.key == "admin")).first()
    if role is None:
        role = Role(
            key="admin", title="公司管理员", permissions=[], is_admin=True, preset="core:admin"
        )
        s.add(role)
        s.flush()
    return role
