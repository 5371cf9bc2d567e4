"""Settings 设置: each app's form as it is, typed and checked, with its default beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from wtforms.fields.choices import SelectChoice

from zhike.admin.setting_search import history, matches
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


def _words(value: Any, field: Any = None) -> str:
    """A value as a person reads it; of a choice its words."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return "、".join(_words(one, field) for one in value)
    if isinstance(getattr(field, "choices", None), list):
        known = {str(c.value): str(c.label) for c in map(SelectChoice.from_input, field.choices)}
        if str(value) in known:
            return known[str(value)]
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


@dataclass(frozen=True)
class _Asked:
    """What narrows the page: words looked for, and whether only chosen values are shown."""

    text: str
    changed: bool


def _asked() -> _Asked:
    return _Asked(request.args.get("q", "").strip()[:100], request.args.get("changed") == "1")


def _forms(asked: _Asked, posted: str = "", form: Any = None) -> list[dict[str, Any]]:
    """The apps with those of their settings that were asked for."""
    s = reading()
    groups = []
    for plugin, schema in _schemas():
        values = {one.key: one for one in settings.shown(s, plugin)}
        drawn = form
        if plugin != posted:
            drawn = schema.form(data={key: one.value for key, one in values.items()}, prefix="")
        name = _(schema.title) if schema.title else title(current().site.plugins, plugin)
        drawn = in_words(drawn)
        keys = [
            field.short_name
            for field in drawn
            if field.short_name in values
            and not (asked.changed and not values[field.short_name].chosen)
            and matches(
                asked.text,
                name,
                str(field.label.text),
                str(field.description or ""),
                f"{plugin}.{field.short_name}",
            )
        ]
        if not keys:
            continue
        groups.append(
            {
                "plugin": plugin,
                "title": name,
                "form": drawn,
                "keys": keys,
                "whole": len(keys) == len(values),
                "defaults": {key: _words(one.default, drawn[key]) for key, one in values.items()},
                "chosen": [key for key, one in values.items() if one.chosen],
            }
        )
    return groups


def _page(asked: _Asked, posted: str = "", form: Any = None) -> str:
    every = [one for plugin, _schema in _schemas() for one in settings.shown(reading(), plugin)]
    groups = _forms(asked, posted, form)
    return page(
        "zhike/admin/settings.html",
        groups=groups,
        query=asked.text,
        changed=asked.changed,
        found=sum(len(group["keys"]) for group in groups),
        total=len(every),
        chosen_total=sum(1 for one in every if one.chosen),
    )


def _back(plugin: str) -> str:
    """The page as it was narrowed, at this app."""
    asked = _asked()
    return url_for(
        "admin_settings.all_settings",
        q=asked.text or None,
        changed="1" if asked.changed else None,
        _anchor=plugin,
    )


@bp.get("", permission=PERMISSION)
def all_settings() -> str:
    """Every setting of the active apps on one page, or those that are looked for."""
    return _page(_asked())


@bp.post("/<plugin>", permission=PERMISSION)
def save(plugin: str) -> ResponseReturnValue:
    """Keep one app's settings, all or none."""
    schema = next((schema for owner, schema in _schemas() if owner == plugin), None)
    if schema is None:
        raise NotFound(_("There is no such app."))
    form = schema.form(MultiDict(request.form))
    sent = set(request.form.getlist("shown"))
    for key in [field.short_name for field in form if sent and field.short_name not in sent]:
        del form[key]  # a narrowed page sends a part; what it did not show stays as it is
    if form.validate():
        with keeping(form):
            changed = act(lambda s: sorted(settings.set_many(s, plugin, form.data)))
            flash(_("Saved.") if changed else _("Nothing was changed."), "success")
            return redirect(_back(plugin))
    whole = schema.form(
        MultiDict(request.form),
        data={one.key: one.value for one in settings.shown(reading(), plugin)},
    )
    for key in (field.short_name for field in form):
        whole[key].errors = form[key].errors
    return _page(_asked(), plugin, whole), 422


@bp.post("/<plugin>/reset", permission=PERMISSION)
def reset(plugin: str) -> ResponseReturnValue:
    """Return one app's settings to their defaults."""
    if all(owner != plugin for owner, schema in _schemas()):
        raise NotFound(_("There is no such app."))

    one_key = request.form.get("key", "")

    def back(s: CompanySession) -> str:
        keys = [one.key for one in settings.shown(s, plugin) if one.chosen]
        if one_key:
            keys = [key for key in keys if key == one_key]
        settings.reset(s, plugin, keys)
        return ""

    act(back)
    flash(_("Back to the defaults."), "success")
    if one_key:
        return redirect(url_for("admin_settings.one", plugin=plugin, key=one_key))
    return redirect(_back(plugin))


@bp.get("/<plugin>/<key>", permission=PERMISSION)
def one(plugin: str, key: str) -> str:
    """One setting: what it is, what holds, and who changed it when."""
    schema = next((schema for owner, schema in _schemas() if owner == plugin), None)
    s = reading()
    known = {one.key: one for one in settings.shown(s, plugin)} if schema is not None else {}
    if schema is None or key not in known:
        raise NotFound(_("There is no such setting."))
    value = known[key]
    field = in_words(schema.form())[key]
    return page(
        "zhike/admin/setting.html",
        plugin=plugin,
        key=key,
        field=field,
        app=_(schema.title) if schema.title else title(current().site.plugins, plugin),
        value=_words(value.value, field),
        default=_words(value.default, field),
        chosen=value.chosen,
        changes=[
            {
                "change": change,
                "old": _words(change.old, field),
                "new": _words(value.default if change.reset else change.new, field),
            }
            for change in history(s, plugin, key)
        ],
    )
