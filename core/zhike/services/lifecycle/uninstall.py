"""Uninstalling: the one act that loses a plugin's data, after showing, saving and asking.

Order: off in every company; nobody installed needs it; what will be lost is counted; objections
(legal hold, retention) are heard; everything is written to an archive; the name is typed; then the
plugin's own clean-up, its migrations down to nothing, its rows in the core's tables.  The ledger
keeps its lines.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import select

from zhike import clock
from zhike.contributions import LifecycleContext, Objection
from zhike.db import migrate
from zhike.db.base import Base
from zhike.db.session import SYSTEM, Actor, UnscopedSession
from zhike.models.company import Company
from zhike.models.people import Role, RoleGrant
from zhike.models.plugin import CompanyPlugin, PluginState
from zhike.services import ledger
from zhike.services.lifecycle.archive import Counted, count_rows, write_archive
from zhike.services.lifecycle.errors import LifecycleError
from zhike.services.lifecycle.install import bump_all, companies
from zhike.services.lifecycle.lock import operation
from zhike.services.lifecycle.owned import core_conditions, plugin_tables
from zhike.services.lifecycle.status import lineage

if TYPE_CHECKING:
    from zhike.site import Site

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UninstallPreview:
    """What uninstalling would lose, and what stands against it.

    enabled_in  short names of companies where it is still on.
    needed_by   installed plugins that need it.
    counts      rows per table and company; the plugin's tables and its rows in the core's.
    objections  what its own code says against it; ``faults`` what could not be asked.
    """

    plugin: str
    enabled_in: tuple[str, ...]
    needed_by: tuple[str, ...]
    counts: tuple[Counted, ...]
    objections: tuple[Objection, ...]
    faults: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many rows in all."""
        return sum(count.rows for count in self.counts)


def preview_uninstall(site: Site, name: str) -> UninstallPreview:
    """Look, change nothing.  Raises LifecycleError where nothing of that name is installed."""
    host = site.plugins
    with site.system_reader() as r:
        installed = set(r.scalars(select(PluginState.name)))
    if name not in installed:
        raise LifecycleError("not_installed", f"{name} is not installed.", name)
    needed_by = tuple(
        sorted(n for n in installed if n in host.described and name in host.described[n].depends)
    )
    with site.unscoped(f"uninstall preview of {name}", write=False) as s:
        enabled_in = tuple(
            s.scalars(
                select(Company.slug)
                .join(CompanyPlugin, CompanyPlugin.company_id == Company.id)
                .where(CompanyPlugin.plugin == name, CompanyPlugin.enabled.is_(True))
                .order_by(Company.slug)
            )
        )
        counts = count_rows(s, name)
    objections, faults = _objections(site, name)
    return UninstallPreview(name, enabled_in, needed_by, counts, objections, faults)


def uninstall(
    site: Site,
    name: str,
    *,
    typed: str,
    actor: Actor = SYSTEM,
    folder: Path | None = None,
    ignore_faults: bool = False,
) -> Path:
    """Take a plugin's data away; returns the archive they were written to.

    typed          the name once more, typed by whoever decides.
    folder         where the archive goes; ``<home>/exports`` if not said.
    ignore_faults  go on although the plugin's own code fails while being asked or cleaning up.  An
                   objection that it does state is never ignored.

    Raises LifecycleError naming what is in the way; until the archive is complete and verified
    nothing has been changed.  A failure after that leaves the plugin ``uninstalling``, off for
    everybody, and the call may be repeated.
    """
    if typed != name:
        raise LifecycleError("name", f"Type {name!r} to uninstall it.", name)
    with operation(site, name):
        _refuse(preview_uninstall(site, name), ignore_faults)
        # From here on it is active nowhere and can be switched on nowhere, so nothing is written
        # into tables that are about to be archived and dropped.
        before = _set_state(site, name, "uninstalling", actor)
        target = folder or site.config.home / "exports"
        stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
        try:
            archive = write_archive(site, name, target / f"{name}-{stamp}.zip")
        except BaseException:  # interrupted too: nothing was lost yet, so it goes on working
            _set_state(site, name, before, actor)
            raise
        _clean_up(site, name, ignore_faults)
        _drop_tables(site, name)
        _drop_rows(site, name, archive, actor)
    return archive


def _refuse(preview: UninstallPreview, ignore_faults: bool) -> None:
    name = preview.plugin
    if preview.enabled_in:
        where = ", ".join(preview.enabled_in)
        raise LifecycleError(
            "enabled", f"{name} is still switched on in: {where}.", name,
            companies=list(preview.enabled_in),
        )  # fmt: skip
    if preview.needed_by:
        others = ", ".join(preview.needed_by)
        raise LifecycleError(
            "dependants", f"{others} need {name}; uninstall them first.", name, preview.needed_by
        )
    if preview.objections:
        reasons = "; ".join(o.reason for o in preview.objections)
        raise LifecycleError("objection", f"{name} objects: {reasons}", name, reason=reasons)
    if preview.faults and not ignore_faults:
        raise LifecycleError(
            "hook", f"{name} could not be asked whether it objects: {preview.faults[0]}", name
        )


def _objections(site: Site, name: str) -> tuple[tuple[Objection, ...], tuple[str, ...]]:
    host = site.plugins
    if name not in host.manifests:
        reason = host.broken[name].reason if name in host.broken else "its package is not here"
        return (), (reason,)
    with site.system_reader() as s:
        context = LifecycleContext(site, s, companies(s))
        try:
            answers: list[Any] = host.lifecycle(name, "before_uninstall", context=context)
            objections = tuple(o for answer in answers for o in answer or ())
            if not all(isinstance(o, Objection) for o in objections):
                raise TypeError("before_uninstall must return Objection values")
        except Exception as error:  # noqa: BLE001 - no answer: it takes an explicit word then
            host.note_failure(name, "before_uninstall", error)
            return (), (f"{type(error).__name__}: {error}",)
    return objections, ()


def _set_state(site: Site, name: str, state: str, actor: Actor) -> str:
    """Write the state and return the one before."""
    with site.system(actor) as s:
        row = s.get_one(PluginState, name)
        before, row.state, row.updated_at = row.state, state, clock.now()
        bump_all(s)
    return before


def _clean_up(site: Site, name: str, ignore_faults: bool) -> None:
    if name not in site.plugins.manifests:
        return
    try:
        with site.system() as s:
            context = LifecycleContext(site, s, companies(s))
            site.plugins.lifecycle(name, "on_uninstall", context=context)
    except Exception as error:  # its own clean-up failed; its tables are still whole
        site.plugins.note_failure(name, "on_uninstall", error)
        if not ignore_faults:
            text = f"{type(error).__name__}: {error}"
            raise LifecycleError("hook", f"{name} could not clean up: {text}", name) from error


def _drop_tables(site: Site, name: str) -> None:
    try:
        migrate.downgrade(site.config, lineage(site.plugins, name), "base")
    except Exception as error:  # a plugin's migrations: whatever they raise is told, and repeatable
        log.exception("plugin %s: migrations down failed", name)
        text = f"{type(error).__name__}: {error}"
        raise LifecycleError("hook", f"{name}: its tables could not go: {text}", name) from error
    with site.unscoped(f"uninstall {name}: what its migrations left behind", write=False) as s:
        left = plugin_tables(s.connection(), name)
    if left:
        # A lineage whose way down forgets a table; dropping it is what uninstalling promised.
        log.warning("plugin %s left tables behind: %s", name, ", ".join(t.name for t in left))
        with site.unscoped(f"uninstall {name}: drop forgotten tables") as w:
            for table in reversed(left):
                table.drop(w.connection(), checkfirst=True)


def _drop_rows(site: Site, name: str, archive: Path, actor: Actor) -> None:
    with site.unscoped(f"uninstall {name}: its rows in the core's tables") as s:
        had_it = set(
            s.scalars(select(CompanyPlugin.company_id).where(CompanyPlugin.plugin == name))
        )
        _forget_permissions(s, name)
        _delete(s, name)
    for company_id in sorted(had_it):
        with site.transaction(company_id, actor) as c:
            ledger.append(c, "core.plugin.uninstalled", object=name, body={"file": archive.name})
    with site.system(actor) as g:
        ledger.append(g, "core.plugin.uninstalled", object=name, body={"file": archive.name})
        row = g.get(PluginState, name)
        if row is not None:
            g.delete(row)
        bump_all(g)


def _forget_permissions(s: UnscopedSession, name: str) -> None:
    """Take the plugin's permissions out of every role; one it suggested and that held no others
    goes, with whom it was given to. A role that people have made their own stays with the rest."""
    for role in s.scalars(select(Role)).all():
        suggested = role.preset.partition(".")[0] == name
        rest = [one for one in role.permissions if one.partition(".")[0] != name]
        if suggested and not rest and not role.is_admin:
            s.execute(
                sa.delete(RoleGrant).where(
                    RoleGrant.company_id == role.company_id, RoleGrant.role_id == role.id
                )
            )
            s.delete(role)
        elif suggested or rest != role.permissions:
            role.permissions, role.preset = rest, "" if suggested else role.preset
    s.flush()


def _delete(s: UnscopedSession, name: str) -> None:
    for table, condition in core_conditions(name):
        s.execute(sa.delete(Base.metadata.tables[table]).where(condition))
