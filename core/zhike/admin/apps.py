"""Apps 应用中心: what is there, what it needs, what switching it on or off would do."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from zhike.contributions import HealthCheck
from zhike.db.session import CompanySession
from zhike.errors import NotFound
from zhike.i18n import _
from zhike.plugins import fingerprints, graph
from zhike.plugins.active import enabled_names
from zhike.services import access, events, jobs, lifecycle
from zhike.services.health import run_checks
from zhike.services.lifecycle.words import listed, summary, title
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, current, reading
from zhike.web.page import page
from zhike.web.ui import State

bp = CoreBlueprint("admin_apps", __name__, url_prefix="/admin/apps")
PERMISSION = "core.apps"
WHY = "system administrators look after apps without belonging to a company"


def _state(status: lifecycle.Status, *, enabled: bool, active: bool) -> State:
    if status.state == "broken":
        return State(_("broken"), "breach")
    if status.state == "gone":
        return State(_("package missing"), "breach")
    if status.state in ("installing", "upgrading", "uninstalling"):
        return State(_("being worked on"), "wait")
    if status.state == "discovered":
        return State(_("not installed"), "idle")
    if status.state == "behind":
        return State(_("upgrade needed"), "attention")
    if current().company is None:
        return State(_("installed"), "done")
    if active:
        return State(_("on"), "done")
    if enabled:
        return State(_("on, but not running"), "attention")
    return State(_("off"), "idle")


@bp.get("", permission=PERMISSION, or_system=True)
def apps() -> str:
    """A card for each app; without a company, what the site has of it."""
    host = current().site.plugins
    enabled = _enabled()
    active = current().active
    cards: list[dict[str, Any]] = []
    for status in lifecycle.statuses(current().site):
        manifest = status.manifest
        needs = manifest.depends if manifest else ()
        needed_by = [n for n in graph.closure_down(status.name, host.described) if n in enabled]
        missing = fingerprints.without(current().site, status.name, status.version)
        cards.append(
            {
                "name": status.name,
                "title": title(host, status.name),
                "summary": summary(host, status.name),
                "author": manifest.author if manifest else "",
                "status": status,
                "state": _state(
                    status, enabled=status.name in enabled, active=status.name in active
                ),
                "enabled": status.name in enabled,
                "needs": listed(host, needs) if needs else "",
                "needed_by": listed(host, needed_by) if needed_by else "",
                "not_everywhere": len(missing) if status.state == "installed" else 0,
            }
        )
    return page("zhike/admin/apps.html", cards=cards)


def _enabled() -> frozenset[str]:
    """What the company at hand has switched on; nothing without one."""
    return frozenset(enabled_names(reading())) if current().company else frozenset()


def _known(name: str) -> lifecycle.Status:
    for status in lifecycle.statuses(current().site):
        if status.name == name:
            return status
    raise NotFound(_("There is no such app."))


@bp.get("/<name>", permission=PERMISSION, or_system=True)
def app(name: str) -> str:
    """One app: before switching it on or off, what that would do."""
    status = _known(name)
    host = current().site.plugins
    s = reading() if current().company else None
    enabled = name in _enabled()
    preview: Any = None
    if s is not None and enabled:
        preview = lifecycle.preview_disable(s, name)
    elif s is not None and name in host.manifests:
        preview = lifecycle.preview_enable(s, name)
    checks = [entry.value for entry in host.registry.of(HealthCheck) if entry.owner.plugin == name]
    return page(
        "zhike/admin/app.html",
        status=status,
        title=title(host, name),
        summary=summary(host, name),
        state=_state(status, enabled=enabled, active=name in current().active),
        enabled=enabled,
        preview=preview,
        also=listed(host, preview.also) if preview and preview.also else "",
        findings=run_checks(current().site, checks) if enabled else [],
        failures=lifecycle.failures(s, name) if s else (),
        troubles=events.troubles(s, name, 20) if s else (),
    )


@bp.post("/<name>/enable", permission=PERMISSION)
def enable(name: str) -> ResponseReturnValue:
    """Switch an app on for this company, with what it needs."""
    _known(name)

    def switch(s: CompanySession) -> list[str]:
        switched = lifecycle.enable(s, name, with_missing=True)
        for one in switched:
            access.adopt_role_presets(s, one)
        return list(switched)

    switched = act(switch)
    if switched:
        flash(_("%(apps)s is on.", apps=listed(current().site.plugins, switched)), "success")
    return redirect(url_for("admin_apps.apps"))


@bp.post("/<name>/disable", permission=PERMISSION)
def disable(name: str) -> ResponseReturnValue:
    """Switch an app off for this company, with what needs it; no data is lost."""
    _known(name)
    switched = act(lambda s: list(lifecycle.disable(s, name, with_dependants=True)))
    if switched:
        flash(
            _("%(apps)s is off; its data is kept.", apps=listed(current().site.plugins, switched)),
            "success",
        )
    return redirect(url_for("admin_apps.apps"))


@bp.post("/<name>/install", signed_in=WHY, system=True)
def install(name: str) -> ResponseReturnValue:
    """Ask the worker to install or upgrade an app for the whole site."""
    status = _known(name)
    kind = "plugin.upgrade" if status.state == "behind" else "plugin.install"
    me = current()
    jobs.ask(me.site, kind, {"name": name}, requested_by=me.user.id if me.user else None)
    flash(_("The worker has been asked; this page shows when it is done."), "info")
    return redirect(url_for("admin_apps.apps"))
