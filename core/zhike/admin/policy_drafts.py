"""A regulation's drafts: begin, edit, throw away, publish, and withdraw what has not begun."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from zhike import clock
from zhike.admin import policies as pages
from zhike.admin.policies import EDIT, PUBLISH, instant
from zhike.admin.policy_words import (
    MODE_WORDS,
    differences,
    drill_rows,
    grouped,
    head,
    shipped_examples,
)
from zhike.db.session import CompanySession
from zhike.errors import Conflict, UserError
from zhike.i18n import _
from zhike.models.policy import PolicyVersion
from zhike.rules.params import Parameter
from zhike.services import policies
from zhike.web.context import act, current, reading
from zhike.web.form import PageForm
from zhike.web.page import chosen_id, form_errors, page

bp = pages.bp


class PublishForm(PageForm):
    """From when a draft holds, and why."""

    effective_from = DateTimeLocalField(
        _l("Holds from"),
        [Optional()],
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        description=_l("Empty means: from now. Local time; never in the past."),
    )
    reason = TextAreaField(_l("Reason"), [InputRequired(), Length(max=500)])
    lock = HiddenField()


@bp.post("/<uuid:policy_id>/draft", permission=EDIT)
def draft(policy_id: uuid.UUID) -> ResponseReturnValue:
    """A new draft from the newest version or from the one named; the open one, where there is."""
    based_on = chosen_id(request.form.get("based_on"))
    try:
        draft_id = act(lambda s: str(policies.draft(s, policy_id, based_on=based_on).id))
    except Conflict as error:
        if error.code != "draft_open":
            raise
        draft_id = error.extra["draft"]
        flash(error.message, "warning")
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
    posted_lock = request.form.get("lock", "")
    seen = _lock(posted_lock) if request.method == "POST" else row.lock
    if request.method == "POST":
        params = _posted_params(source.parameters)
        clauses = _posted_clauses(source)
        try:
            act(
                lambda s: str(
                    policies.save_draft(
                        s,
                        version_id,
                        lock=seen,
                        params=params,
                        clauses=clauses,
                        mode=request.form.get("mode", ""),
                    ).id
                )
            )
        except Conflict as error:
            # Told once, the person may save over it: the form carries the present lock.
            problems[""] = error.message
            row = reading().require(PolicyVersion, version_id)
            seen = row.lock
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
    figures = []
    default = source.policy()
    for parameter in source.parameters:
        key = f"params.{parameter.key}"
        shown = typed(parameter, found.policy.get(parameter.key))
        if request.method == "POST":
            posted = request.form.getlist(key)
            shown = ",".join(posted) if parameter.type == "choices" else (posted or [""])[0]
        field = {
            "name": key,
            "parameter": parameter,
            "value": shown,
            "default": default.show(parameter.key),
            "allowed": policies.allowed_words(parameter),
            "error": problems.get(key, ""),
        }
        figures.append((parameter.key, field))
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
        lock=seen,
        mine=row.author_id == current().actor.user_id,
        mode=request.form.get("mode", row.mode),
        modes=[(mode, _(words)) for mode, words in MODE_WORDS.items()],
        groups=grouped(source, figures),
        clauses=clauses_shown,
        problems=problems,
    ), (422 if problems else 200)


def _lock(stated: object) -> int:
    """The state of the draft a form was made from; what no draft has where it is mangled."""
    text = str(stated)
    return int(text[:18]) if text.isdecimal() else -1


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
    if row.state != "draft":
        return redirect(url_for("admin_policies.version", version_id=version_id))
    form = PublishForm(lock=row.lock)
    if form.validate_on_submit():
        try:
            act(
                lambda s: str(
                    policies.publish(
                        s,
                        version_id,
                        effective_from=instant(form.effective_from.data),
                        reason=form.reason.data,
                        lock=_lock(form.lock.data),
                    ).id
                )
            )
        except UserError as error:
            if error.status in (403, 404, 503):
                raise
            form_errors(form, error)
            form.lock.data = reading().require(PolicyVersion, version_id).lock
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
        policy=head(found, []),
        diff=differences(
            policies.diff_versions(s, holding.version_id if holding else None, version_id)
        ),
        drills=drill_rows(s, found),
        shipped=shipped_examples(found),
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
