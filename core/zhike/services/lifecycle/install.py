"""Installing and upgrading: migrations first, then the plugin's own data steps."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from packaging.version import Version
from sqlalchemy import select, update

from zhike import clock
from zhike.contributions import LifecycleContext
from zhike.db import migrate
from zhike.db.session import SYSTEM, Actor, SystemSession
from zhike.models.company import Company
from zhike.models.plugin import PluginState
from zhike.plugins import graph
from zhike.services import ledger
from zhike.services.lifecycle.errors import LifecycleError
from zhike.services.lifecycle.lock import operation
from zhike.services.lifecycle.status import lineage, loaded

if TYPE_CHECKING:
    from zhike.site import Site

log = logging.getLogger(__name__)


def install(site: Site, name: str, actor: Actor = SYSTEM) -> list[str]:
    """Install a plugin and what it depends on; returns the names that were not installed before.

    Safe to repeat, also after a failure or a killed process.  A migration that fails leaves its
    lineage as it was (one transaction) and the plugin ``broken`` with the reason; what was
    installed before it stays.  Raises LifecycleError.
    """
    host = site.plugins
    loaded(host, name)
    done = []
    with operation(site, name):
        for one in (*graph.closure_up(name, host.manifests), name):
            loaded(host, one)
            with site.system_reader() as s:
                row = s.get(PluginState, one)
            if row is None or row.state != "installed":
                # What was once complete and then failed in an upgrade continues as an upgrade.
                _migrate(site, one, row.version if row else "", actor)
                done.append(one)
    return done


def upgrade(site: Site, name: str, actor: Actor = SYSTEM) -> bool:
    """Bring an installed plugin to its package; False where nothing was to do.

    While it runs, the plugin is active for nobody.  Raises LifecycleError for a plugin that is not
    installed, for a package older than what is installed, and where a step fails.
    """
    host = site.plugins
    manifest = loaded(host, name)
    with operation(site, name):
        with site.system_reader() as s:
            row = s.get(PluginState, name)
        if row is None:
            raise LifecycleError("not_installed", f"{name} is not installed.", name)
        if row.version and Version(row.version) > Version(manifest.version):
            raise LifecycleError(
                "newer",
                f"{name} {row.version} is installed; the package is older ({manifest.version}).",
                name,
            )
        ready = ("installed", manifest.version, host.heads[name])
        if (row.state, row.version, row.revision) == ready:
            return False
        _migrate(site, name, row.version, actor)
    return True


def upgrade_all(site: Site, actor: Actor = SYSTEM) -> dict[str, str]:
    """Upgrade every installed plugin in the order of the graph, each for itself.

    Returns name -> ``upgraded``, ``current`` or the reason why it failed; one that fails stops
    nobody else but those that depend on it.
    """
    with site.system_reader() as s:
        installed = set(s.scalars(select(PluginState.name)))
    result: dict[str, str] = {}
    for name, manifest in site.plugins.manifests.items():
        if name not in installed:
            continue
        stuck = [d for d in manifest.depends if result.get(d, "current") not in _GOOD]
        if stuck:
            result[name] = f"needs {stuck[0]!r}, which failed"
            continue
        try:
            result[name] = "upgraded" if upgrade(site, name, actor) else "current"
        except LifecycleError as error:
            result[name] = error.message
    return result


_GOOD = ("upgraded", "current")


def _migrate(site: Site, name: str, from_version: str, actor: Actor) -> None:
    host = site.plugins
    with site.system_reader() as s:
        row = s.get(PluginState, name)
    if row is not None and row.state == "uninstalling":
        # Half of it may be gone; only finishing leads to a state that is known.
        raise LifecycleError(
            "uninstalling", f"{name} is being uninstalled; uninstall it again to finish.", name
        )
    manifest = host.manifests[name]
    word = "upgrading" if from_version else "installing"
    with site.system(actor) as s:
        row = s.get(PluginState, name) or PluginState(name=name, state=word)
        s.add(row)
        row.state, row.error, row.updated_at = word, "", clock.now()
        bump_all(s)
    try:
        migrate.upgrade(site.config, lineage(host, name))
        with site.system(actor) as s:
            context = LifecycleContext(site, s, companies(s))
            if from_version:
                host.lifecycle(name, "on_upgrade", context=context, from_version=from_version)
            else:
                host.lifecycle(name, "on_install", context=context)
            row = s.get_one(PluginState, name)
            row.state, row.version, row.revision = "installed", manifest.version, host.heads[name]
            row.installed_at = row.installed_at or clock.now()
            row.updated_at = clock.now()
            bump_all(s)
            ledger.append(
                s,
                "core.plugin.upgraded" if from_version else "core.plugin.installed",
                object=name,
                body={"from": from_version, "to": manifest.version},
            )
    except Exception as error:  # the plugin's own code: whatever it raises is kept with its state
        log.exception("plugin %s could not be installed", name)
        text = f"{type(error).__name__}: {error}"[:2000]
        with site.system(actor) as s:
            row = s.get_one(PluginState, name)
            row.state, row.error, row.updated_at = "failed", text, clock.now()
            ledger.append(s, "core.plugin.failed", object=name, result="failed")
        raise LifecycleError("hook", f"{name}: {text}", name, reason=text) from error


def companies(s: SystemSession) -> tuple[int, ...]:
    """Ids of all companies."""
    return tuple(s.scalars(select(Company.id).order_by(Company.id)))


def bump_all(s: SystemSession) -> None:
    """Make every process read anew what it caches about any company, once this commits."""
    s.execute(
        update(Company)
        .values(generation=Company.generation + 1)
        .execution_options(synchronize_session=False)
    )
