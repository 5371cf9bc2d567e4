"""The matrix of roles 角色权限表: read, compared with what apps suggest, edited, printed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from zhike import clock
from zhike.admin.data_exports import handed_out
from zhike.admin.grants import SCOPE_WORDS
from zhike.admin.roles import PERMISSION, bp, permission_groups, suggested_of
from zhike.contributions import Exporter, Permission, RolePreset
from zhike.db.session import CompanySession
from zhike.errors import Conflict
from zhike.i18n import _, ngettext
from zhike.models.people import Role, RoleGrant
from zhike.services import access, transfer
from zhike.web.context import act, current, reading
from zhike.web.page import page
from zhike.web.security import MAX_FIELDS

__all__ = ["bp"]

_MOST_CELLS = MAX_FIELDS - 100  #: what one form may hold; beyond it one app at a time is edited

Groups = list[tuple[str, list[Permission]]]


@dataclass(frozen=True)
class Cell:
    """A role and a permission. ``state`` is given, implied (``by`` names what brings it) or no;
    ``differs`` is added (by this company) or dropped (suggested, not given)."""

    role_id: uuid.UUID
    state: Literal["given", "implied", "no"]
    by: str = ""
    differs: Literal["", "added", "dropped"] = ""


@dataclass(frozen=True)
class Head:
    """A role as a column: its name, who holds it and how far, what its app suggests."""

    id: uuid.UUID
    title: str
    is_admin: bool
    people: int
    scopes: str
    suggested_scope: str
    changed: bool


def _roles(s: CompanySession) -> Sequence[Role]:
    return s.scalars(select(Role).order_by(Role.is_admin.desc(), Role.title)).all()


def _heads(s: CompanySession, roles: Sequence[Role]) -> list[Head]:
    given: dict[uuid.UUID, dict[str, int]] = {}
    for row in s.execute(
        select(RoleGrant.role_id, RoleGrant.data_scope, func.count().label("times")).group_by(
            RoleGrant.role_id, RoleGrant.data_scope
        )
    ):
        given.setdefault(row.role_id, {})[row.data_scope] = row.times
    people: dict[uuid.UUID, int] = {
        row.role_id: row.people
        for row in s.execute(
            select(
                RoleGrant.role_id, func.count(func.distinct(RoleGrant.user_id)).label("people")
            ).group_by(RoleGrant.role_id)
        )
    }
    found = []
    for role in roles:
        preset = current().active.get(RolePreset, role.preset) if role.preset else None
        scopes = given.get(role.id, {})
        suggested = suggested_of(role)
        found.append(
            Head(
                id=role.id,
                title=access.role_title(role.title, role.preset),
                is_admin=role.is_admin,
                people=people.get(role.id, 0),
                scopes="" if role.is_admin else "、".join(
                    f"{_(SCOPE_WORDS[scope])} {scopes[scope]}"
                    for scope in SCOPE_WORDS
                    if scope in scopes
                ),
                suggested_scope=_(SCOPE_WORDS[preset.scope]) if preset else "",
                changed=suggested is not None and suggested != set(role.permissions),
            )
        )  # fmt: skip
    return found


def _cells(roles: Sequence[Role], groups: Groups) -> dict[str, list[Cell]]:
    """A row of cells for each permission, in the order of the roles."""
    every = [one for _owner, group in groups for one in group]
    titles = {one.name: _(one.title) for one in every}
    known = access.known_permissions(reading())
    found: dict[str, list[Cell]] = {one.name: [] for one in every}
    for role in roles:
        own = frozenset(role.permissions)
        carried = access.expand(own, known)
        suggested = suggested_of(role)
        for one in every:
            by = ""
            if role.is_admin or one.name in own:
                state: Literal["given", "implied", "no"] = "given"
            elif one.name in carried:
                state = "implied"
                by = next(p for p in sorted(own) if one.name in access.expand([p], known))
            else:
                state = "no"
            differs: Literal["", "added", "dropped"] = ""
            if suggested is not None and (one.name in suggested) != (one.name in own):
                differs = "dropped" if one.name in suggested else "added"
            found[one.name].append(Cell(role.id, state, titles.get(by, by), differs))
    return found


def _shown(groups: Groups, cells: Mapping[str, list[Cell]]) -> Groups:
    """The rows asked for: those of one app, those that differ from what was suggested."""
    app, only = request.args.get("app", ""), request.args.get("show", "")
    kept: Groups = []
    for owner, group in groups:
        if app and owner != app:
            continue
        rows = [p for p in group if only != "changed" or any(c.differs for c in cells[p.name])]
        if rows:
            kept.append((owner, rows))
    return kept


@bp.get("", permission=PERMISSION)
def roles() -> str:
    """The matrix: permissions down, roles across."""
    s = reading()
    rows, groups = _roles(s), permission_groups()
    cells = _cells(rows, groups)
    return page(
        "zhike/admin/roles.html",
        heads=_heads(s, rows),
        groups=_shown(groups, cells),
        apps=[owner for owner, _group in groups],
        cells=cells,
        app=request.args.get("app", ""),
        only=request.args.get("show", ""),
        differs=sum(1 for row in cells.values() if any(c.differs for c in row)),
    )


@bp.get("/print", permission=PERMISSION)
def paper() -> str:
    """The matrix on paper, with room for who has looked at it."""
    s = reading()
    rows, groups = _roles(s), permission_groups()
    cells = _cells(rows, groups)
    return page(
        "zhike/admin/roles_print.html",
        heads=_heads(s, rows),
        groups=_shown(groups, cells),
        cells=cells,
        paper="a4-landscape",
        printed_at=clock.now(),
        signers=[_("Checked by"), _("Approved by")],
        back_url=url_for("admin_roles.roles"),
    )


def _seen(role: Role) -> str:
    """What a role looked like when a form was made of it: a change in between is noticed."""
    return hashlib.sha256("\n".join(sorted(role.permissions)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Change:
    """What would become of one role; ``names`` are the permissions it would lose."""

    head: Head
    added: list[str]
    removed: list[str]
    names: frozenset[str]


@bp.route("/edit", methods=["GET", "POST"], permission=PERMISSION)
def edit() -> ResponseReturnValue:
    """Tick permissions of all roles at once: first what would change is shown, then it is done."""
    s = reading()
    rows = [role for role in _roles(s) if not role.is_admin]
    groups = permission_groups()
    app = request.args.get("app", "")
    if len(rows) * sum(len(group) for _owner, group in groups) > _MOST_CELLS and not app:
        return redirect(url_for("admin_roles.edit", app=groups[0][0]))
    shown = [(owner, group) for owner, group in groups if app in ("", owner)]
    names = [p.name for _owner, group in shown for p in group]
    posted = request.method == "POST"
    heads = _heads(s, rows)
    wanted = {role.id: _ticked(role, names) if posted else set(role.permissions) for role in rows}
    changes = _changes(rows, wanted, heads)
    seen = {role.id: request.form.get(f"seen-{role.id}", "") or _seen(role) for role in rows}
    _refuse_stale(rows, seen)
    if changes and request.form.get("confirmed") == "1":
        act(lambda s: _save(s, wanted, seen))
        flash(
            ngettext(
                "One role is changed. It holds from now on.",
                "%(num)d roles are changed. It holds from now on.",
                len(changes),
            ),
            "success",
        )
        return redirect(url_for("admin_roles.roles", app=app or None))
    return page(
        "zhike/admin/roles_edit.html",
        heads=heads,
        groups=shown,
        cells=_cells(rows, shown),
        wanted=wanted,
        seen=seen,
        app=app,
        apps=[owner for owner, _group in groups],
        changes=changes,
        ticked=[
            (f"role-{role.id}", name)
            for role in rows
            for name in sorted(wanted[role.id] & {*names})
        ],
        nothing=posted and not changes,
        own=_loses_the_key(changes),
    ), (422 if posted and not changes else 200)


def _ticked(role: Role, names: Iterable[str]) -> set[str]:
    """What a role would carry: what was ticked, and what the form does not show."""
    shown = set(names)
    ticked = set(request.form.getlist(f"role-{role.id}")) & shown
    return ticked | (set(role.permissions) - shown)


def _changes(
    rows: Iterable[Role], wanted: Mapping[uuid.UUID, set[str]], heads: Iterable[Head]
) -> list[Change]:
    titles = {p.name: _(p.title) for p in access.known_permissions(reading())}
    by_id = {head.id: head for head in heads}
    found = []
    for role in rows:
        before, after = set(role.permissions), wanted[role.id]
        if before != after:
            found.append(
                Change(
                    head=by_id[role.id],
                    added=[titles.get(name, name) for name in sorted(after - before)],
                    removed=[titles.get(name, name) for name in sorted(before - after)],
                    names=frozenset(before - after),
                )
            )
    return found


def _loses_the_key(changes: Iterable[Change]) -> bool:
    """Whether the person who edits would not be able to edit any more."""
    lost = {change.head.id for change in changes if PERMISSION in change.names}
    held = [g for g in current().principal.grants if g.holds(PERMISSION)]
    return bool(held) and all(grant.role_id in lost for grant in held)


def _refuse_stale(rows: Iterable[Role], seen: Mapping[uuid.UUID, str]) -> None:
    if any(seen[role.id] != _seen(role) for role in rows):
        raise Conflict(
            _("Somebody else has changed a role meanwhile. Please open the table again.")
        )


def _save(
    s: CompanySession, wanted: Mapping[uuid.UUID, set[str]], seen: Mapping[uuid.UUID, str]
) -> int:
    changed = 0
    for role_id, names in wanted.items():
        role = s.require(Role, role_id)
        _refuse_stale([role], seen)
        if set(role.permissions) != names:
            access.save_role(s, role_id=role_id, title=role.title, permissions=names)
            changed += 1
    return changed


def rows(s: CompanySession, asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The matrix as columns of the exporter ``core.roles``: a row for each role and permission."""
    del asked
    groups, every = permission_groups(), _roles(s)
    cells = _cells(every, groups)
    by_id = {head.id: head for head in _heads(s, every)}
    for owner, group in groups:
        for one in group:
            for cell in cells[one.name]:
                yield {
                    "app": owner,
                    "right": _(one.title),
                    "permission": one.name,
                    "role": by_id[cell.role_id].title,
                    "people": by_id[cell.role_id].people,
                    "may": cell.state != "no",
                    "by": cell.by,
                    "differs": difference_words(cell.differs),
                }


def difference_words(differs: str) -> str:
    """How a cell differs from what the app suggested, in words."""
    return {"added": _("added here"), "dropped": _("suggested, not given")}.get(differs, "")


@bp.get("/matrix.<any(xlsx, csv):kind>", permission=PERMISSION)
def file(kind: Literal["xlsx", "csv"]) -> Response:
    """The matrix as a file; that it was taken is in the ledger."""
    me = current()
    exporter = me.active.get(Exporter, "core.roles")
    assert exporter is not None
    assert me.company is not None
    return handed_out(
        transfer.export(
            me.site,
            me.company.id,
            me.actor,
            exporter,
            file_format=kind,
            tz=me.tz,
            translate=_,
        )
    )
