"""Regulations 制度: what is in force where, versions, the editor, publishing, taking along."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, FileField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from zhike import clock
from zhike.admin.organisation import unit_choices
from zhike.contributions import N_
from zhike.db.session import CompanySession
from zhike.errors import Conflict, NotFound, UserError
from zhike.i18n import _
from zhike.models.policy import PolicyRecord, PolicyVersion
from zhike.rules.params import Parameter
from zhike.services import drills, organisation, policies
from zhike.services.lifecycle.words import title as plugin_title
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, current, reading
from zhike.web.form import PageForm
from zhike.web.page import chosen_id, form_errors, keeping, page
from zhike.web.ui import State

bp = CoreBlueprint("admin_policies", __name__, url_prefix="/admin/policies")
VIEW, EDIT, PUBLISH = "core.policy.view", "core.policy.edit", "core.policy.publish"

MODE_WORDS = {
    "observe": N_("observe: people act as before, the decision is recorded"),
    "advise": N_("advise: it proposes, doing otherwise takes a reason"),
    "enforce": N_("enforce: it decides"),
}
_MODE_SHORT = {"observe": N_("observe"), "advise": N_("advise"), "enforce": N_("enforce")}
_MODE_TONES = {"observe": "idle", "advise": "wait", "enforce": "active"}
_FAMILIES = {
    "rotation": N_("Turns"),
    "assignment": N_("Assignment"),
    "owner": N_("Ownership"),
    "split": N_("Shares"),
    "penalty": N_("Penalties"),
    "event_mode": N_("Events"),
    "followup": N_("Follow-up"),
    "register": N_("Registers"),
    "tracking": N_("Tracking"),
    "report": N_("Reports"),
    "sales_control": N_("Units for sale"),
    "reassign": N_("Passing customers on"),
    "meeting": N_("Meetings"),
    "project": N_("Projects"),
    "lead": N_("Leads"),
    "account": N_("Account papers"),
    "greet": N_("Greeting"),
    "contact": N_("Keeping in touch"),
    "reply": N_("Answers to customers"),
    "inspect": N_("Spot checks"),
    "call": N_("Calls on record"),
    "store": N_("Store visits"),
    "referral": N_("Referrals"),
}
_FILE_MOST = 512 * 1024


class NewPolicyForm(PageForm):
    """A new regulation from a shipped one."""

    preset = SelectField(_l("Begin with"), [InputRequired()])
    name = StringField(
        _l("Designation"),
        [InputRequired(), Length(max=80)],
        description=_l("As the company calls it, for example “现场轮接制度（2026 版）”."),
    )


class PublishForm(PageForm):
    """From when a draft holds, and why."""

    effective_from = DateTimeLocalField(
        _l("Holds from"),
        [Optional()],
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        description=_l("Empty means: from now. Local time; never in the past."),
    )
    reason = TextAreaField(_l("Reason"), [InputRequired(), Length(max=500)])


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


def _instant(local: datetime | None) -> datetime | None:
    """What was typed as local time of the site at hand, as an instant."""
    return None if local is None else local.replace(tzinfo=ZoneInfo(current().tz))


def mode_state(mode: str) -> State:
    """A mode as a badge."""
    return State(_(_MODE_SHORT[mode]), _MODE_TONES[mode])


def _version_state(row: PolicyVersion, holds: uuid.UUID | None) -> State:
    if row.state == "draft":
        return State(_("draft"), "wait")
    if row.state == "withdrawn":
        return State(_("withdrawn"), "void")
    if row.id == holds:
        return State(_("in force"), "done")
    if row.effective_from is not None and row.effective_from > clock.now():
        return State(_("coming"), "attention")
    return State(_("past"), "idle")


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
    form.preset.choices = [(p.name, p.preset.title_zh) for p in offered]
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
        versions=[(v, _version_state(v, holds), mode_state(v.mode)) for v in versions],
        policy=_head(found, coming) if found else None,
        groups=_groups(s, found.version_id) if found else [],
        drills=_drill_rows(s, found) if found else [],
        found=found,
    )


def _head(found: Any, coming: list[PolicyVersion]) -> dict[str, Any]:
    return {
        "name": found.name,
        "version": found.number or _("draft"),
        "mode": mode_state(found.mode),
        "since": found.effective_from,
        "next_since": coming[0].effective_from if coming else None,
    }


def _groups(s: CompanySession, version_id: uuid.UUID) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in policies.parameter_rows(s, version_id, after=clock.now()):
        parameter = row.parameter
        future = row.future[0] if row.future else None
        groups.setdefault(parameter.key.split(".")[0], []).append(
            {
                "label": parameter.title_zh,
                "help": parameter.help_zh,
                "key": parameter.key,
                "clause": "",
                "default": row.default_words,
                "current": row.words,
                "future": future.words if future else "",
                "since": future.at if future else None,
            }
        )
    return [
        {"title": _(_FAMILIES[key]) if key in _FAMILIES else key, "rows": rows}
        for key, rows in groups.items()
    ]


def _drill_rows(s: CompanySession, found: Any) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "ok": one.passed, "text": getattr(one, "summary", ""), "url": ""}
        for one in drills.run_all(s, found)
    ]


def _shipped(found: Any) -> dict[str, Any]:
    """The shipped examples under a version: how many come out as written, and which do not."""
    changes = drills.shipped_changes(current().site, found)
    return {"all": len(changes), "otherwise": [one.drill for one in changes if one.differs]}


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
        policy=_head(found, []),
        state=_version_state(row, holding.version_id if holding else None),
        groups=_groups(s, version_id),
        clauses=_clauses(found),
        diff=_diff(policies.diff_versions(s, against, version_id)),
        against_preset=against is None,
        drills=_drill_rows(s, found),
    )


def _clauses(found: Any) -> list[dict[str, str]]:
    return [
        {"rule": rule, "number": clause.number, "text": found.policy.sentence(rule)}
        for rule, clause in found.policy.clauses.items()
    ]


def _diff(rows: list[policies.Row]) -> list[dict[str, str]]:
    words = {
        "clause": _("Clause"),
        "mode": _("Mode"),
        "preset": _("Shipped regulation"),
    }
    return [
        {
            "label": row.title or words.get(row.kind, row.key),
            "clause": row.key if row.kind == "clause" else "",
            "before": _(row.before_words) if row.kind == "mode" else row.before_words,
            "after": _(row.after_words) if row.kind == "mode" else row.after_words,
        }
        for row in rows
    ]


@bp.post("/<uuid:policy_id>/draft", permission=EDIT)
def draft(policy_id: uuid.UUID) -> ResponseReturnValue:
    """A new draft from the newest version, or from the one named."""
    based_on = request.form.get("based_on", "")
    draft_id = act(
        lambda s: str(
            policies.draft(s, policy_id, based_on=uuid.UUID(based_on) if based_on else None).id
        )
    )
    return redirect(url_for("admin_policies.edit", version_id=draft_id))


def typed(parameter: Parameter, value: Any) -> str:
    """A parameter's value as a person types it."""
    if value is None:
        return ""
    if parameter.type == "split":
        return "/".join(f"{part / 100:g}" for part in value)
    if parameter.type == "share":
        return f"{value / 100:g}%"
    if parameter.type == "bool":
        return "true" if value else "false"
    if parameter.type == "choices":
        return ",".join(value)
    if parameter.type == "table":
        return "\n".join(f"{key} {amount}" for key, amount in value.items())
    return str(value)


def _read_table(text: str) -> Any:
    rows = [line.split() for line in text.splitlines() if line.strip()]
    if any(len(row) != 2 for row in rows):
        return text  # refused by the parameter itself, with what is allowed
    return {row[0]: row[1] for row in rows}


@bp.route("/versions/<uuid:version_id>/edit", methods=["GET", "POST"], permission=EDIT)
def edit(version_id: uuid.UUID) -> ResponseReturnValue:
    """The editor of a draft: figures, the company's clause numbers and sentences, the mode."""
    s = reading()
    row = s.require(PolicyVersion, version_id)
    if row.state != "draft":
        return redirect(url_for("admin_policies.version", version_id=version_id))
    source = policies.shipped(current().site, row.preset).preset
    problems: dict[str, str] = {}
    if request.method == "POST":
        params = _posted_params(source.parameters)
        clauses = _posted_clauses(source)
        lock = request.form.get("lock", "")
        try:
            act(
                lambda s: str(
                    policies.save_draft(
                        s,
                        version_id,
                        lock=int(lock) if lock.isdigit() else 0,
                        params=params,
                        clauses=clauses,
                        mode=request.form.get("mode", ""),
                    ).id
                )
            )
        except Conflict as error:
            problems[""] = error.message
        except UserError as error:
            listed = error.extra.get("problems") or [
                {"field": error.field or "", "message": error.message}
            ]
            problems = {one["field"]: one["message"] for one in listed}
        else:
            flash(_("The draft is kept; it holds nowhere yet."), "success")
            if request.form.get("then") == "publish":
                return redirect(url_for("admin_policies.publish", version_id=version_id))
            return redirect(url_for("admin_policies.version", version_id=version_id))
    found = policies.resolved_version(reading(), version_id)
    groups: dict[str, list[dict[str, Any]]] = {}
    default = source.policy()
    for parameter in source.parameters:
        key = f"params.{parameter.key}"
        shown = typed(parameter, found.policy.get(parameter.key))
        if request.method == "POST":
            posted = request.form.getlist(key)
            shown = ",".join(posted) if parameter.type == "choices" else (posted or [""])[0]
        groups.setdefault(parameter.key.split(".")[0], []).append(
            {
                "name": key,
                "parameter": parameter,
                "value": shown,
                "default": default.show(parameter.key),
                "allowed": policies.allowed_words(parameter),
                "error": problems.get(key, ""),
            }
        )
    clauses_shown = []
    for clause in source.clauses:
        own = found.policy.clauses.get(clause.rule, clause)
        name = f"clauses.{clause.rule}"
        clauses_shown.append(
            {
                "name": name,
                "rule": clause.rule,
                "number": request.form.get(f"{name}.number", own.number),
                "text": request.form.get(f"{name}.text", own.text),
                "shipped": clause.text,
                "error": problems.get(name, ""),
            }
        )
    return page(
        "zhike/admin/policy_edit.html",
        row=row,
        found=found,
        lock=request.form.get("lock", row.lock),
        mode=request.form.get("mode", row.mode),
        modes=[(mode, _(words)) for mode, words in MODE_WORDS.items()],
        groups=[
            {"title": _(_FAMILIES[key]) if key in _FAMILIES else key, "fields": fields}
            for key, fields in groups.items()
        ],
        clauses=clauses_shown,
        problems=problems,
    ), (422 if problems else 200)


def _posted_params(parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for parameter in parameters:
        values = request.form.getlist(f"params.{parameter.key}")
        if parameter.type == "choices":
            given[parameter.key] = values
        elif values:
            text = values[0].strip()
            if parameter.type == "table":
                given[parameter.key] = _read_table(text)
            else:
                given[parameter.key] = text if text else None
    return given


def _posted_clauses(source: Any) -> Mapping[str, Mapping[str, str]]:
    given = {}
    for clause in source.clauses:
        name = f"clauses.{clause.rule}"
        if f"{name}.text" in request.form:
            given[clause.rule] = {
                "number": request.form.get(f"{name}.number", ""),
                "text": request.form.get(f"{name}.text", ""),
            }
    return given


@bp.post("/versions/<uuid:version_id>/discard", permission=EDIT)
def discard(version_id: uuid.UUID) -> ResponseReturnValue:
    """Throw a draft away."""
    policy_id = reading().require(PolicyVersion, version_id).policy_id

    def drop(s: CompanySession) -> str:
        policies.discard_draft(s, version_id)
        return ""

    act(drop)
    flash(_("The draft has been thrown away."), "success")
    return redirect(url_for("admin_policies.policy", policy_id=policy_id))


@bp.route("/versions/<uuid:version_id>/publish", methods=["GET", "POST"], permission=PUBLISH)
def publish(version_id: uuid.UUID) -> ResponseReturnValue:
    """Publish a draft, with what it changes and how the drills come out before one's eyes."""
    s = reading()
    row = s.require(PolicyVersion, version_id)
    form = PublishForm()
    if form.validate_on_submit():
        try:
            act(
                lambda s: str(
                    policies.publish(
                        s,
                        version_id,
                        effective_from=_instant(form.effective_from.data),
                        reason=form.reason.data,
                    ).id
                )
            )
        except UserError as error:
            if error.status in (403, 404, 503):
                raise
            form_errors(form, error)
        else:
            flash(_("Published."), "success")
            return redirect(url_for("admin_policies.policy", policy_id=row.policy_id))
    s = reading()
    found = policies.resolved_version(s, version_id)
    holding = policies.current(s, row.policy_id, clock.now())
    return page(
        "zhike/admin/policy_publish.html",
        form=form,
        row=row,
        found=found,
        policy=_head(found, []),
        diff=_diff(policies.diff_versions(s, holding.version_id if holding else None, version_id)),
        drills=_drill_rows(s, found),
        shipped=_shipped(found),
        coming=policies.later_versions(s, row.policy_id, clock.now()),
    ), (422 if request.method == "POST" else 200)


@bp.post("/versions/<uuid:version_id>/withdraw", permission=PUBLISH)
def withdraw(version_id: uuid.UUID) -> ResponseReturnValue:
    """Take back a version that is still to come."""
    policy_id = reading().require(PolicyVersion, version_id).policy_id
    reason = request.form.get("reason", "")
    act(lambda s: str(policies.withdraw(s, version_id, reason=reason).id))
    flash(_("Withdrawn; it will not come into force."), "success")
    return redirect(url_for("admin_policies.policy", policy_id=policy_id))


@bp.route("/choose/<plugin>", methods=["GET", "POST"], permission=PUBLISH)
def choose(plugin: str) -> ResponseReturnValue:
    """Choose which regulation holds for the company, a site or a department."""
    if plugin not in _engaged():
        raise NotFound(_("There is no such app."))
    s = reading()
    form = ChoiceForm()
    form.unit_id.choices = unit_choices(s, empty=_("The whole company"))
    form.policy_id.choices = [
        *((str(p.id), p.name) for p in policies.policies_of(s, plugin) if not p.archived_at),
        ("", _("What the place above chooses")),
    ]
    if form.validate_on_submit():
        with keeping(form):
            act(
                lambda s: str(
                    policies.choose(
                        s,
                        plugin,
                        chosen_id(form.unit_id.data),
                        chosen_id(form.policy_id.data),
                        valid_from=_instant(form.valid_from.data),
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
        cancel=url_for("admin_policies.all_policies"),
    ), (422 if request.method == "POST" else 200)
