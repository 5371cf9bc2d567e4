"""Settings 设置: each app's form as it is, typed and checked, with its default beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from wtforms.fields.choices import SelectChoice

from zhike.contributions import SettingsSchema
from zhike.db.session import CompanySession
from zhike.errors import NotFound
from zhike.i18n import _
from zhike.services import settings
from zhike.services.lifecycle.words import title
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, current, reading
from zhike.web.page import keeping, page

bp = CoreBlueprint("admin_settings", __name__, url_prefix="/admin/settings")
PERMISSION = "core.settings"


def _schemas() -> list[tuple[str, SettingsSchema]]:
    return [
        (entry.owner.plugin, entry.value)
        for entry in current().active.of(SettingsSchema)
        if entry.value.level == "company"
    ]


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return "、".join(str(one) for one in value)
    return "–" if value in (None, "") else str(value)


def in_words(form: Any) -> Any:
    """The form with labels in the reader's language: plugins mark them, the core translates."""
    for field in form:
        field.label.text = _(str(field.label.text)) if field.label.text else ""
        field.description = _(str(field.description)) if field.description else ""
        if isinstance(getattr(field, "choices", None), list):
            known = map(SelectChoice.from_input, field.choices)  # of plain words, too
            field.choices = [replace(one, label=_(str(one.label))) for one in known]
    return form


def _forms(posted: str = "", form: Any = None) -> list[dict[str, Any]]:
    s = reading()
    groups = []
    for plugin, schema in _schemas():
        shown = {one.key: one for one in settings.shown(s, plugin)}
        drawn = form
        if plugin != posted:
            drawn = schema.form(data={key: one.value for key, one in shown.items()}, prefix="")
        groups.append(
            {
                "plugin": plugin,
                "title": _(schema.title) if schema.title else title(current().site.plugins, plugin),
                "form": in_words(drawn),
                "shown": shown,
                "defaults": {key: _words(one.default) for key, one in shown.items()},
                "chosen": [key for key, one in shown.items() if one.chosen],
            }
        )
    return groups


@bp.get("", permission=PERMISSION)
def all_settings() -> str:
    """Every setting of the active apps on one page."""
    return page("zhike/admin/settings.html", groups=_forms(), query=request.args.get("q", ""))


@bp.post("/<plugin>", permission=PERMISSION)
def save(plugin: str) -> ResponseReturnValue:
    """Keep one app's settings, all or none."""
    schema = next((schema for owner, schema in _schemas() if owner == plugin), None)
    if schema is None:
        raise NotFound(_("There is no such app."))
    form = schema.form(MultiDict(request.form))
    if form.validate():
        with keeping(form):
            changed = act(lambda s: sorted(settings.set_many(s, plugin, form.data)))
            flash(_("Saved.") if changed else _("Nothing was changed."), "success")
            return redirect(url_for("admin_settings.all_settings") + f"#{plugin}")
    return page("zhike/admin/settings.html", groups=_forms(plugin, form), query=""), 422


@bp.post("/<plugin>/reset", permission=PERMISSION)
def reset(plugin: str) -> ResponseReturnValue:
    """Return one app's settings to their defaults."""
    if all(owner != plugin for owner, schema in _schemas()):
        raise NotFound(_("There is no such app."))

    def back(s: CompanySession) -> str:
        keys = [one.key for one in settings.shown(s, plugin) if one.chosen]
        settings.reset(s, plugin, keys)
        return ""

    act(back)
    flash(_("Back to the defaults."), "success")
    return redirect(url_for("admin_settings.all_settings") + f"#{plugin}")
