"""Switching a plugin on and off for one company, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from zhike import clock
from zhike.errors import UserError
from zhike.i18n import _
from zhike.models.company import Company
from zhike.models.plugin import CompanyPlugin
from zhike.plugins import fingerprints, graph
from zhike.plugins.active import enabled_names
from zhike.services import ledger
from zhike.services.companies import bump_generation
from zhike.services.lifecycle.errors import LifecycleError
from zhike.services.lifecycle.status import loaded, status
from zhike.services.lifecycle.words import listed, title

if TYPE_CHECKING:
    from zhike.db.session import CompanySession


def enable(s: CompanySession, name: str, *, with_missing: bool = False) -> tuple[str, ...]:
    """Switch ``name`` on for the session's company; returns what was switched on, in order.

    With ``with_missing`` what it needs is switched on with it; otherwise the refusal names it.
    Empty when it was on already: a second click finds the state there.  State, ledger lines and the
    new generation are in the caller's transaction.  Raises LifecycleError, changing nothing.
    """
    host = s.site.plugins
    _lock_company(s)
    enabled = enabled_names(s)
    if name in enabled:
        return ()
    loaded(host, name)
    missing = tuple(n for n in graph.closure_up(name, host.manifests) if n not in enabled)
    if missing and not with_missing:
        raise LifecycleError(
            "missing",
            _(
                "%(app)s needs %(others)s to be switched on first.",
                app=title(host, name),
                others=listed(host, missing),
            ),
            name,
            missing,
        )
    wanted = (*missing, name)
    for one in wanted:
        check_ready(s, one)
    for one in wanted:
        _write(s, one, enabled=True)
        enabled |= {one}
        try:
            host.lifecycle(one, "on_enable", enabled, session=s)
            s.flush()
        except UserError:
            raise
        except Exception as error:  # whatever it is, the company must read which plugin refused
            host.note_failure(one, "on_enable", error, s.company_id)
            raise LifecycleError(
                "hook",
                _("%(app)s failed while being switched on: %(why)s",
                  app=title(host, one), why=f"{type(error).__name__}: {error}"),
                one,
            ) from error  # fmt: skip
        ledger.append(
            s,
            "core.plugin.enabled",
            object=one,
            body={"version": host.manifests[one].version, "for": name},
        )
    bump_generation(s)
    return wanted


def disable(s: CompanySession, name: str, *, with_dependants: bool = False) -> tuple[str, ...]:
    """Switch ``name`` off; its data stay.  Returns what was switched off, dependants first.

    With ``with_dependants`` whatever needs it goes off too; otherwise the refusal names them.  A
    plugin that is broken or gone can be switched off; one whose ``on_disable`` raises too: what
    that hook changed is undone, the failure is noted, the switch goes on.
    """
    host = s.site.plugins
    _lock_company(s)
    enabled = enabled_names(s)
    if name not in enabled:
        return ()
    dependants = tuple(d for d in graph.closure_down(name, host.described) if d in enabled)
    if dependants and not with_dependants:
        raise LifecycleError(
            "dependants",
            _(
                "%(others)s need %(app)s; switch them off first.",
                app=title(host, name),
                others=listed(host, dependants),
            ),
            name,
            dependants,
        )
    wanted = (*dependants, name)
    for one in wanted:
        if one in host.manifests:
            savepoint = s.begin_nested()
            try:
                host.lifecycle(one, "on_disable", enabled, session=s)
                savepoint.commit()
            except Exception as error:  # noqa: BLE001 - what fails is the very one to switch off
                savepoint.rollback()
                host.note_failure(one, "on_disable", error, s.company_id)
        _write(s, one, enabled=False)
        enabled -= {one}
        ledger.append(s, "core.plugin.disabled", object=one, body={"for": name})
    bump_generation(s)
    return wanted


def check_ready(s: CompanySession, name: str) -> None:
    """Refuse what is not installed, not at its package's version, or not in every process."""
    host = s.site.plugins
    manifest = loaded(host, name)
    found = status(s, name)
    if found.state != "installed":
        code = "behind" if found.state == "behind" else "not_installed"
        if found.state == "broken":
            code = "broken"
        raise LifecycleError(
            code,
            _("%(app)s is not installed completely; a system administrator can do that.",
              app=title(host, name)),
            name,
            state=found.state,
            reason=found.reason,
        )  # fmt: skip
    stale = fingerprints.without(s.site, name, manifest.version)
    if stale:
        raise LifecycleError(
            "restart",
            _(
                "%(number)s running processes do not have %(app)s yet; they must be restarted.",
                number=len(stale),
                app=title(host, name),
            ),
            name,
            processes=[f"{p.host}/{p.pid}" for p in stale],
        )


def _lock_company(s: CompanySession) -> None:
    """Two switches of one company happen one after the other (SQLite: the transaction is it)."""
    s.execute(select(Company.id).where(Company.id == s.company_id).with_for_update())


def _write(s: CompanySession, name: str, *, enabled: bool) -> None:
    row = s.scalars(select(CompanyPlugin).where(CompanyPlugin.plugin == name)).first()
    if row is None:
        row = CompanyPlugin(plugin=name)
        s.add(row)
    row.enabled, row.changed_at, row.changed_by = enabled, clock.now(), s.actor.name
    s.flush()
