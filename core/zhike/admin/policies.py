"""Regulations 制度: what is in force where, versions, choosing, taking along (drafts: beside)."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, FileField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from zhike import clock
from zhike.admin.organisation import unit_choices
from zhike.admin.policy_words import (
    clauses,
    differences,
    drill_rows,
    head,
    mode_state,
    parameter_groups,
    version_state,
)
from zhike.errors import NotFound, UserError
from zhike.i18n import _
from zhike.models.policy import PolicyRecord, PolicyVersion
from zhike.services import organisation, policies
from zhike.services.lifecycle.words import title as plugin_title
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, current, reading
from zhike.web.form import PageForm
from zhike.web.page import chosen_id, keeping, options, page

bp = CoreBlueprint("admin_policies", __name__, url_prefix="/admin/policies")
VIEW, EDIT, PUBLISH = "core.policy.view", "core.policy.edit", "core.policy.publish"

_FILE_MOST = 512 * 1024


class NewPolicyForm(PageForm):
    """A new regulation from a shipped one."""

    preset = SelectField(_l("Begin with"), [InputRequired()])
    name = StringField(
        _l("Designation"),
        [InputRequired(), Length(max=80)],
        description=_l("As the company calls it, for example “现场轮接制度（2026 版）”."),
    )


class ChoiceForm(PageForm):
    """Which regulation holds at which place."""

    unit_id = SelectField(_l("Where"), [Optional()])
    policy_id = SelectField(_l("Regulation"), [Optional()])
    valid_from = DateTimeLocalField(
        _l("Holds from"),
        [Optional()],
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        description=_l("Empty means: from now. Local time; never in the past."),
    )
    reason = StringField(_l("Reason"), [Optional(), Length(max=200)])


class ImportForm(PageForm):
    """A regulation from a file."""

    file = FileField(_l("File"), [InputRequired()])


def instant(local: datetime | None) -> datetime | None:
    """What was typed as local time of the site at hand, as an instant."""
    return None if local is None else local.replace(tzinfo=ZoneInfo(current().tz))


def _engaged() -> list[str]:
    """Active plugins that bring regulations."""
    me = current()
    return [name for name in me.active if policies.presets_of(me.site, name)]


@bp.get("", permission=VIEW)
def all_policies() -> str:
    """Which regulation holds where, and all the company has."""
    s = reading()
    now = clock.now()
    groups: list[dict[str, Any]] = []
    units = organisation.tree(s).units
    for plugin in _engaged():
        rows = policies.policies_of(s, plugin)
        holding = []
        for unit_id in (None, *(u.id for u in organisation.tree(s).sites)):
            try:
                found = policies.in_force(s, plugin, unit_id, now)
            except NotFound:
                continue
            holding.append(
                {
                    "place": units[unit_id].name if unit_id else _("The whole company"),
                    "found": found,
                    "mode": mode_state(found.mode),
                }
            )
        groups.append(
            {
                "plugin": plugin,
                "title": plugin_title(current().site.plugins, plugin),
                "holding": holding,
                "policies": rows,
                "coming": [c for c in policies.scheduled(s, now) if c.plugin == plugin],
            }
        )
    return page(
        "zhike/admin/policies.html",
        groups=groups,
        units=units,
        names={p.id: p.name for g in groups for p in g["policies"]},
    )


@bp.route("/new", methods=["GET", "POST"], permission=EDIT)
def new() -> ResponseReturnValue:
    """Begin a regulation from a shipped one; nothing changes before a version is published."""
    form = NewPolicyForm()
    offered = [p for plugin in _engaged() for p in policies.presets_of(current().site, plugin)]
    form.preset.choices = options((p.name, p.preset.title_zh) for p in offered)
    if form.validate_on_submit():
        with keeping(form):
            draft_id = act(
                lambda s: str(policies.create(s, preset=form.preset.data, name=form.name.data).id)
            )
            return redirect(url_for("admin_policies.edit", version_id=draft_id))
    return page(
        "zhike/admin/form.html",
        form=form,
        title=_("New regulation"),
        lead=_(
            "A shipped regulation is the beginning; the company's own figures and clauses follow."
        ),
        up=_("Regulations"),
        cancel=url_for("admin_policies.all_policies"),
    ), (422 if request.method == "POST" else 200)


@bp.get("/<uuid:policy_id>", permission=VIEW)
def policy(policy_id: uuid.UUID) -> str:
    """One regulation: its versions, and the parameters in force."""
    s = reading()
    row = s.require(PolicyRecord, policy_id)
    now = clock.now()
    found = policies.current(s, policy_id, now)
    holds = found.version_id if found else None
    versions = policies.versions_of(s, policy_id)
    coming = policies.later_versions(s, policy_id, now)
    return page(
        "zhike/admin/policy.html",
        record=row,
        at_work=policies.open_draft(s, policy_id),
        versions=[(v, version_state(v, holds), mode_state(v.mode)) for v in versions],
        policy=head(found, coming) if found else None,
        groups=parameter_groups(s, found) if found else [],
        drills=drill_rows(s, found) if found else [],
        found=found,
    )


@bp.get("/versions/<uuid:version_id>", permission=VIEW)
def version(version_id: uuid.UUID) -> str:
    """One version: every figure, every clause, and what it changed."""
    s = reading()
    row = s.require(PolicyVersion, version_id)
    found = policies.resolved_version(s, version_id)
    holding = policies.current(s, row.policy_id, clock.now())
    against = holding.version_id if holding and holding.version_id != version_id else None
    return page(
        "zhike/admin/policy_version.html",
        row=row,
        found=found,
        policy=head(found, []),
        at_work=policies.open_draft(s, row.policy_id),
        state=version_state(row, holding.version_id if holding else None),
        groups=parameter_groups(s, found),
        clauses=clauses(found),
        diff=differences(policies.diff_versions(s, against, version_id)),
        against_preset=against is None,
        drills=drill_rows(s, found),
    )


@bp.route("/choose/<plugin>", methods=["GET", "POST"], permission=PUBLISH)
def choose(plugin: str) -> ResponseReturnValue:
    """Choose which regulation holds for the company, a site or a department."""
    if plugin not in _engaged():
        raise NotFound(_("There is no such app."))
    s = reading()
    form = ChoiceForm()
    form.unit_id.choices = unit_choices(s, empty=_("The whole company"))
    named = [(str(p.id), p.name) for p in policies.policies_of(s, plugin) if not p.archived_at]
    form.policy_id.choices = options([*named, ("", _("What the place above chooses"))])
    if form.validate_on_submit():
        with keeping(form):
            act(
                lambda s: str(
                    policies.choose(
                        s,
                        plugin,
                        chosen_id(form.unit_id.data),
                        chosen_id(form.policy_id.data),
                        valid_from=instant(form.valid_from.data),
                        reason=form.reason.data or "",
                    ).id
                )
            )
            flash(_("Chosen."), "success")
            return redirect(url_for("admin_policies.all_policies"))
    return page(
        "zhike/admin/form.html",
        form=form,
        title=_("Where which regulation holds"),
        lead=_("The nearest choice wins: a department's before its site's before the company's."),
        up=_("Regulations"),
        cancel=url_for("admin_policies.all_policies"),
    ), (422 if request.method == "POST" else 200)


@bp.get("/versions/<uuid:version_id>/file", permission=VIEW)
def export(version_id: uuid.UUID) -> Response:
    """A version as one file."""
    s = reading()
    row = s.require(PolicyVersion, version_id)
    text = policies.export_version(s, version_id)
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", f"{row.preset}-v{row.number or 'draft'}")
    return Response(
        text,
        mimetype="application/toml",
        headers={"Content-Disposition": f'attachment; filename="{name}.toml"'},
    )


@bp.route("/import", methods=["GET", "POST"], permission=EDIT)
def bring() -> ResponseReturnValue:
    """A regulation from a file, as a draft of a new regulation."""
    form = ImportForm()
    if form.validate_on_submit():
        with keeping(form):
            raw = form.file.data.read(_FILE_MOST + 1)
            if len(raw) > _FILE_MOST:
                raise UserError(_("The file is too large."), field="file", status=422)
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                raise UserError(_("The file is not text in UTF-8."), field="file") from None
            draft_id = act(lambda s: str(policies.import_file(s, text).id))
            flash(_("Taken over as a draft; it holds nowhere yet."), "success")
            return redirect(url_for("admin_policies.version", version_id=draft_id))
    return page(
        "zhike/admin/upload.html",
        form=form,
        title=_("A regulation from a file"),
        up=_("Regulations"),
        cancel=url_for("admin_policies.all_policies"),
    ), (422 if request.method == "POST" else 200)
