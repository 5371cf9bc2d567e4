"""Roles 角色: one at a time, with what a plugin suggested beside it and who holds it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from zhike.admin.grants import place_words, reach_words
from zhike.contributions import Permission, RolePreset
from zhike.db.session import CompanySession
from zhike.errors import NotFound
from zhike.i18n import _
from zhike.models.people import Role
from zhike.services import access
from zhike.services.lifecycle.words import title as plugin_title
from zhike.services.organisation import tree
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, current, reading
from zhike.web.form import PageForm
from zhike.web.page import keeping, page

bp = CoreBlueprint("admin_roles", __name__, url_prefix="/admin/roles")
PERMISSION = "core.roles"


class RoleForm(PageForm):
    """A role's name; its permissions are ticked in the table beside it."""

    title = StringField(_l("Designation"), [InputRequired(), Length(max=40)])


def permission_groups() -> list[tuple[str, list[Permission]]]:
    """Permissions of the core and of the active plugins, by owner, as a person reads them."""
    groups: dict[str, list[Permission]] = {"core": list(access.CORE_PERMISSIONS)}
    for entry in current().active.of(Permission):
        if entry.owner.plugin != "core":
            groups.setdefault(entry.owner.plugin, []).append(entry.value)
    host = current().site.plugins
    return [
        (_("Zhike itself") if owner == "core" else plugin_title(host, owner), permissions)
        for owner, permissions in groups.items()
    ]


@bp.route("/new", methods=["GET", "POST"], permission=PERMISSION)
def new() -> ResponseReturnValue:
    """Add a role, from a suggestion or from nothing."""
    presets = {entry.value.name: entry.value for entry in current().active.of(RolePreset)}
    chosen = presets.get(request.args.get("preset", ""))
    form = RoleForm(title=_(chosen.title) if chosen else "")
    ticked = set(request.form.getlist("permissions")) if request.method == "POST" else set()
    if chosen and request.method == "GET":
        ticked = set(chosen.permissions)
    if form.validate_on_submit():
        with keeping(form):
            act(
                lambda s: str(
                    access.save_role(
                        s,
                        role_id=None,
                        title=form.title.data,
                        permissions=ticked,
                        preset=chosen.name if chosen else "",
                    ).id
                )
            )
            flash(_("The role has been added."), "success")
            return redirect(url_for("admin_roles.roles"))
    return page(
        "zhike/admin/role.html",
        form=form,
        role=None,
        groups=permission_groups(),
        ticked=ticked,
        presets=presets.values(),
        suggested=None,
    ), (422 if request.method == "POST" else 200)


@bp.route("/<uuid:role_id>", methods=["GET", "POST"], permission=PERMISSION)
def role(role_id: uuid.UUID) -> ResponseReturnValue:
    """Change a role's name and permissions."""
    s = reading()
    row = s.require(Role, role_id)
    form = RoleForm(title=access.role_title(row.title, row.preset))
    ticked = set(request.form.getlist("permissions")) if request.method == "POST" else None
    if form.validate_on_submit():
        with keeping(form):
            act(
                lambda s: str(
                    access.save_role(
                        s, role_id=role_id, title=form.title.data, permissions=ticked or ()
                    ).id
                )
            )
            flash(_("Saved. It holds from now on."), "success")
            return redirect(url_for("admin_roles.roles"))
    return page(
        "zhike/admin/role.html",
        form=form,
        role=row,
        title_of=access.role_title,
        groups=permission_groups(),
        ticked=ticked if ticked is not None else set(row.permissions),
        presets=(),
        suggested=suggested_of(row),
        change=change_to_suggestion(row),
        holders=_holders(s, row),
    ), (422 if request.method == "POST" else 200)


def suggested_of(role: Role) -> frozenset[str] | None:
    """What the app that suggested a role gave it; None for a role of the company's own."""
    preset = current().active.get(RolePreset, role.preset) if role.preset else None
    return frozenset(preset.permissions) if preset else None


def change_to_suggestion(role: Role) -> tuple[list[str], list[str]] | None:
    """What going back to the suggestion adds and takes away, in words; None where nothing would
    change or there is no suggestion."""
    suggested = suggested_of(role)
    if suggested is None:
        return None
    known = {p.name: p for p in access.known_permissions(reading())}
    added = [_(known[p].title) for p in sorted(suggested - set(role.permissions)) if p in known]
    taken = [_(known[p].title) for p in sorted(set(role.permissions) - suggested) if p in known]
    return (added, taken) if added or taken else None


def _holders(s: CompanySession, role: Role) -> list[dict[str, Any]]:
    """Who holds a role, where and how far, by user name."""
    here = tree(s)
    found = []
    for person in access.principals(s, current().active.names):
        for grant in person.grants:
            if grant.role_id == role.id:
                found.append(
                    {
                        "id": person.user_id,
                        "name": person.name,
                        "where": place_words(here, grant.unit_id),
                        "reach": reach_words(here, grant),
                    }
                )
    return found


@bp.post("/<uuid:role_id>/reset", permission=PERMISSION)
def reset(role_id: uuid.UUID) -> ResponseReturnValue:
    """Give a role the permissions that its app suggests; its name stays."""

    def back(s: CompanySession) -> str:
        row = s.require(Role, role_id)
        suggested = suggested_of(row)
        if suggested is None:
            raise NotFound(_("No app suggests this role."))
        access.save_role(s, role_id=role_id, title=row.title, permissions=suggested)
        return ""

    act(back)
    flash(_("The role is as suggested again. It holds from now on."), "success")
    return redirect(url_for("admin_roles.role", role_id=role_id))


@bp.post("/<uuid:role_id>/delete", permission=PERMISSION)
def delete(role_id: uuid.UUID) -> ResponseReturnValue:
    """Delete a role nobody holds."""

    def remove(s: CompanySession) -> str:
        access.delete_role(s, role_id)
        return ""

    act(remove)
    flash(_("The role has been deleted."), "success")
    return redirect(url_for("admin_roles.roles"))
