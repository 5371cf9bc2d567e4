"""Roles 角色: who may do what, as a matrix, with what a plugin suggested beside it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from zhike.contributions import Permission, RolePreset
from zhike.db.session import CompanySession
from zhike.i18n import _
from zhike.models.people import Role, RoleGrant
from zhike.services import access
from zhike.services.lifecycle.words import title as plugin_title
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, current, reading
from zhike.web.form import PageForm
from zhike.web.page import keeping, page

bp = CoreBlueprint("admin_roles", __name__, url_prefix="/admin/roles")
PERMISSION = "core.roles"


class RoleForm(PageForm):
    """A role's name; its permissions are ticked in the table beside it."""

    title = StringField(_l("Designation"), [InputRequired(), Length(max=40)])


def _groups() -> list[tuple[str, list[Permission]]]:
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


@bp.get("", permission=PERMISSION)
def roles() -> str:
    """The matrix: permissions down, roles across."""
    s = reading()
    rows = s.scalars(select(Role).order_by(Role.is_admin.desc(), Role.title)).all()
    held: dict[uuid.UUID, int] = {
        row.role_id: row.people
        for row in s.execute(
            select(
                RoleGrant.role_id, func.count(func.distinct(RoleGrant.user_id)).label("people")
            ).group_by(RoleGrant.role_id)
        )
    }
    return page(
        "zhike/admin/roles.html",
        roles=rows,
        held=held,
        groups=_groups(),
        title_of=access.role_title,
    )


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
        groups=_groups(),
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
    preset: Any = current().active.get(RolePreset, row.preset) if row.preset else None
    return page(
        "zhike/admin/role.html",
        form=form,
        role=row,
        title_of=access.role_title,
        groups=_groups(),
        ticked=ticked if ticked is not None else set(row.permissions),
        presets=(),
        suggested=set(preset.permissions) if preset else None,
    ), (422 if request.method == "POST" else 200)


@bp.post("/<uuid:role_id>/delete", permission=PERMISSION)
def delete(role_id: uuid.UUID) -> ResponseReturnValue:
    """Delete a role nobody holds."""

    def remove(s: CompanySession) -> str:
        access.delete_role(s, role_id)
        return ""

    act(remove)
    flash(_("The role has been deleted."), "success")
    return redirect(url_for("admin_roles.roles"))
