"""What a switch would do, before anybody clicks it, in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import func, or_, select

from zhike.contributions import (
    N_,
    DashboardCard,
    Job,
    Listener,
    MenuItem,
    OpenItems,
    Permission,
    RolePreset,
)
from zhike.db.base import Base
from zhike.models.jobs import Deadline
from zhike.plugins import graph
from zhike.plugins.active import active_in, enabled_names
from zhike.plugins.registry import Entry
from zhike.services.lifecycle.errors import LifecycleError
from zhike.services.lifecycle.status import loaded
from zhike.services.lifecycle.toggle import check_ready

if TYPE_CHECKING:
    from zhike.db.session import CompanySession
    from zhike.plugins.manager import PluginHost

T = TypeVar("T")
OPEN_CAP = 100

#: Kinds of contributions without a place of their own in the preview: message id and hook.
MORE = (
    (N_("Regulations"), "register_policies"),
    (N_("Forms"), "register_documents"),
    (N_("Imports"), "register_importers"),
    (N_("Exports"), "register_exporters"),
    (N_("Notices"), "register_notifications"),
    (N_("Search"), "register_search"),
    (N_("Personal data"), "register_subject_data"),
    (N_("Kinds of records"), "register_record_kinds"),
    (N_("Health checks"), "register_health_checks"),
)


@dataclass(frozen=True)
class Contributed:
    """What some plugins bring, as the panel lists it before a switch.

    ``more`` is everything else: (kind, titles), both message ids, kinds without any left out.
    """

    tables: tuple[str, ...]
    permissions: tuple[Entry[Permission], ...]
    roles: tuple[Entry[RolePreset], ...]
    menu: tuple[Entry[MenuItem], ...]
    cards: tuple[Entry[DashboardCard], ...]
    jobs: tuple[Entry[Job], ...]
    listeners: tuple[Entry[Listener], ...]
    network: tuple[str, ...]
    more: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class EnablePreview:
    """Switching ``plugin`` on: ``also`` is what it needs and is off, in the order of switching.

    ``adds`` covers all of them; ``bridges`` are (plugin, other) pairs that come alive;
    ``problems`` are refusals to be expected, empty when the switch will work.
    """

    plugin: str
    also: tuple[str, ...]
    adds: Contributed
    bridges: tuple[tuple[str, str], ...]
    problems: tuple[LifecycleError, ...]


@dataclass(frozen=True)
class DisablePreview:
    """Switching ``plugin`` off: ``also`` is what needs it and is on, dependants first.

    ``stops`` covers all of them.  ``open_items`` are (title message id, how many, counted up to
    100), ``deadlines`` how many running due times will sleep.  No data is lost.
    """

    plugin: str
    also: tuple[str, ...]
    stops: Contributed
    bridges: tuple[tuple[str, str], ...]
    open_items: tuple[tuple[str, int], ...]
    deadlines: int


def preview_enable(s: CompanySession, name: str) -> EnablePreview:
    """What switching ``name`` on would add; raises LifecycleError for one that cannot be loaded."""
    host = s.site.plugins
    loaded(host, name)
    enabled = enabled_names(s)
    also = tuple(n for n in graph.closure_up(name, host.manifests) if n not in enabled)
    wanted = also if name in enabled else (*also, name)
    problems = []
    for one in wanted:
        try:
            check_ready(s, one)
        except LifecycleError as error:
            problems.append(error)
    after = enabled | set(wanted)
    return EnablePreview(
        name,
        also,
        contributed(host, wanted),
        tuple(p for p in _bridges(host, after) if p not in _bridges(host, enabled)),
        tuple(problems),
    )


def preview_disable(s: CompanySession, name: str) -> DisablePreview:
    """What switching ``name`` off would stop; works for broken plugins too."""
    host = s.site.plugins
    enabled = enabled_names(s)
    also = tuple(d for d in graph.closure_down(name, host.described) if d in enabled)
    wanted = (*also, name)
    before, after = _bridges(host, enabled), _bridges(host, enabled - set(wanted))
    prefixes = [Deadline.kind.startswith(f"{n}.", autoescape=True) for n in wanted]
    deadlines = s.scalar(
        select(func.count())
        .select_from(Deadline)
        .where(Deadline.state == "running", or_(*prefixes))
    )
    return DisablePreview(
        name,
        also,
        contributed(host, wanted),
        tuple(p for p in before if p not in after),
        _open_items(s, wanted),
        deadlines or 0,
    )


def contributed(host: PluginHost, names: tuple[str, ...]) -> Contributed:
    """Everything ``names`` bring; pages are looked at too, so their modules are imported."""
    registry = host.collect_web()

    def of(kind: type[T]) -> tuple[Entry[T], ...]:
        return tuple(e for e in registry.of(kind) if e.owner.plugin in names)

    def titled(hook: str) -> tuple[str, ...]:
        mine = (e.value for e in registry.of_hook(hook) if e.owner.plugin in names)
        return tuple(str(getattr(value, "title", "") or value.name) for value in mine)

    return Contributed(
        tables_of(names),
        of(Permission),
        of(RolePreset),
        of(MenuItem),
        of(DashboardCard),
        of(Job),
        of(Listener),
        tuple(sorted({h for n in names if n in host.described for h in host.described[n].network})),
        tuple((kind, titles) for kind, hook in MORE if (titles := titled(hook))),
    )


def tables_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Full names of the tables that loaded models give to ``names``."""
    tables = Base.metadata.tables.values()
    return tuple(sorted(t.name for t in tables if t.info.get("plugin") in names))


def _bridges(host: PluginHost, names: frozenset[str] | set[str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, other)
        for name in host.names
        if name in names
        for other in host.manifests[name].bridges
        if other in names and f"{name}/{other}" not in host.broken
    )


def _open_items(s: CompanySession, names: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    counts: list[tuple[str, int]] = []
    for entry in active_in(s).of(OpenItems):
        if entry.owner.plugin not in names:
            continue
        try:
            items: Any = entry.value.query(s, None, OPEN_CAP)
        except Exception as error:  # noqa: BLE001 - a preview must appear, above all this one
            s.site.plugins.note_failure(entry.owner.plugin, "open_items", error, s.company_id)
            continue
        counts.append((entry.value.title, len(items)))
    return tuple(counts)
