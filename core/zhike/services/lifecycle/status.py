"""How a plugin stands on this site, put together from its package, its row and its lineage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from packaging.version import Version
from sqlalchemy import or_, select

from zhike.db.migrate import Lineage
from zhike.manifest import Plugin
from zhike.models.plugin import PluginFailure, PluginState
from zhike.services.lifecycle.errors import LifecycleError

if TYPE_CHECKING:
    from zhike.db.session import CompanySession, SystemSession
    from zhike.plugins.manager import PluginHost
    from zhike.site import Site

State = Literal[
    "discovered", "installing", "installed", "upgrading", "behind", "uninstalling", "broken", "gone"
]


@dataclass(frozen=True)
class Status:
    """One plugin on this site.

    state      discovered (package present), installed (migrated, usable), behind (the package is
               newer than what is installed: upgrade), broken (``reason`` says why), gone (installed
               once, the package is no longer here), or an operation that runs or was interrupted.
    version    of the package, empty where it is gone; ``installed`` of the data.
    """

    name: str
    state: State
    version: str = ""
    installed: str = ""
    reason: str = ""
    source: str = ""
    manifest: Plugin | None = None


def statuses(site: Site) -> list[Status]:
    """All plugins, by name."""
    with site.system_reader() as s:
        rows = {row.name: row for row in s.scalars(select(PluginState))}
    host = site.plugins
    names = sorted({*rows, *(n for n in (*host.found, *host.broken) if "/" not in n)})
    return [_status(host, name, rows.get(name)) for name in names]


def status(s: CompanySession | SystemSession, name: str) -> Status:
    """One plugin as this session sees it; raises LifecycleError where nobody knows the name."""
    found = _status(s.site.plugins, name, s.get(PluginState, name))
    if found.state == "gone" and not found.installed:
        raise LifecycleError("unknown", f"There is no plugin {name!r} here.", name)
    return found


def _status(host: PluginHost, name: str, row: PluginState | None) -> Status:
    found = host.found.get(name)
    manifest = found.manifest if found else None
    version = manifest.version if manifest else ""
    installed = row.version if row else ""
    reason = ""
    state: State
    if found is None:
        state = "gone"
    elif name in host.broken:
        state, reason = "broken", host.broken[name].reason
    elif row is None:
        state = "discovered"
    elif row.state == "failed":
        state, reason = "broken", row.error
    elif row.state != "installed":
        state = row.state  # type: ignore[assignment]  # the table's check constraint says which
    elif (row.version, row.revision) != (version, host.heads[name]):
        state = "behind"
        if version and Version(row.version) > Version(version):
            reason = f"version {row.version} is installed, the package is older ({version})"
    else:
        state = "installed"
    return Status(name, state, version, installed, reason, found.source if found else "", manifest)


@dataclass(frozen=True)
class Trouble:
    """Something a plugin did wrong while running: where, what, how often, when last."""

    place: str
    error: str
    count: int
    last_at: datetime


def failures(s: CompanySession, name: str, limit: int = 20) -> list[Trouble]:
    """What the plugin did wrong in this company or where no company was at hand, newest first."""
    rows = s.execute(
        select(PluginFailure.place, PluginFailure.error, PluginFailure.count, PluginFailure.last_at)
        .where(
            PluginFailure.plugin == name,
            or_(PluginFailure.company_id.is_(None), PluginFailure.company_id == s.company_id),
        )
        .order_by(PluginFailure.last_at.desc(), PluginFailure.id.desc())
        .limit(limit)
    )
    return [Trouble(*row) for row in rows]


def loaded(host: PluginHost, name: str) -> Plugin:
    """The manifest of a plugin this process runs; raises LifecycleError saying why it does not."""
    manifest = host.manifests.get(name)
    if manifest is not None:
        return manifest
    if name in host.broken:
        why = host.broken[name].reason
        raise LifecycleError("broken", f"{name} is broken: {why}", name, reason=why)
    raise LifecycleError("unknown", f"There is no plugin {name!r} here.", name)


def lineage(host: PluginHost, name: str) -> Lineage:
    """The plugin's line of migrations, also where its code cannot be loaded."""
    return Lineage(name, host.found[name].root / "migrations")
