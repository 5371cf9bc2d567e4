"""Who is active for a company: one immutable set, asked by everyone, correct on every request.

The company's ``generation`` is a column of a row that each request reads anyway.  A process keeps
one set per company and reads it anew when the number differs; so no request that begins after a
switch has committed can see the old state, whichever process serves it, and in between nothing is
asked of the database.  (A cache with a time to live gave wrong answers in every trial.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import select

from zhike.models.company import Company
from zhike.models.plugin import CompanyPlugin, PluginState
from zhike.plugins.registry import Entry, Owner

if TYPE_CHECKING:
    from zhike.db.session import CompanySession
    from zhike.plugins.manager import PluginHost
    from zhike.site import Site

T = TypeVar("T")


class ActiveSet:
    """The plugins that take part for one company at one generation; never changes.

    Active means: loaded in this process, installed in the version and at the revision this process
    ships, switched on for the company, and everything it depends on active too.
    """

    __slots__ = ("_of", "company_id", "generation", "host", "names")

    def __init__(
        self, host: PluginHost, company_id: int, generation: int, names: frozenset[str]
    ) -> None:
        self.host = host
        self.company_id = company_id
        self.generation = generation
        self.names = names
        self._of: dict[type, tuple[Entry[Any], ...]] = {}

    def __contains__(self, plugin: object) -> bool:
        return plugin in self.names

    def __iter__(self) -> Iterator[str]:
        """Names in the order of the graph, dependencies first."""
        return iter(name for name in self.host.names if name in self.names)

    def __repr__(self) -> str:
        listed = ", ".join(self)
        return f"<ActiveSet company={self.company_id} generation={self.generation}: {listed}>"

    def has(self, owner: Owner) -> bool:
        """Whether contributions of ``owner`` count: its plugin, and the bridged one, are active."""
        return owner.active_in(self.names)

    def of(self, kind: type[T]) -> tuple[Entry[T], ...]:
        """What active owners contribute of one class, by weight, owner and name."""
        known = self._of.get(kind)
        if known is None:
            known = tuple(e for e in self.host.registry.of(kind) if self.has(e.owner))
            self._of[kind] = known
        return known

    def items(self, kind: type[T]) -> tuple[T, ...]:
        """The same without owners."""
        return tuple(entry.value for entry in self.of(kind))

    def get(self, kind: type[T], name: str) -> T | None:
        """One contribution by name; None where it is unknown or its owner is not active."""
        entry = self.host.registry.get(kind, name)
        return entry.value if entry is not None and self.has(entry.owner) else None

    def first(self, hook: str, **arguments: Any) -> Any:
        """Ask a hook with one answer of the active plugins; see :meth:`PluginHost.first`."""
        return self.host.first(hook, self.names, **arguments)

    def each(self, hook: str, **arguments: Any) -> list[tuple[Owner, Any, Exception | None]]:
        """Ask a list hook of the active plugins; see :meth:`PluginHost.each`."""
        return self.host.each(hook, self.names, **arguments)


def active_for(site: Site, company_id: int, generation: int) -> ActiveSet:
    """The active set of a company whose row, as the caller read it, shows ``generation``.

    On a difference the set is read anew, in one state of the data together with the generation it
    belongs to; so a set is never kept under a number older than what it was read from.
    """
    host = site.plugins
    known: ActiveSet | None = host.active_sets.get(company_id)
    if known is not None and known.generation == generation:
        return known
    with site.reader(company_id) as s:
        fresh = s.scalar(select(Company.generation).where(Company.id == company_id))
        if fresh is None:
            return ActiveSet(host, company_id, generation, frozenset())
        computed = ActiveSet(host, company_id, fresh, _names(s, host))
    host.active_sets[company_id] = computed
    return computed


def active_in(s: CompanySession) -> ActiveSet:
    """The active set as this session's company row shows it; for jobs, commands and services.

    The generation is read once per session (``s.info["generation"]``, which a request fills from
    the company row it has read).
    """
    generation = s.info.get("generation")
    if not isinstance(generation, int):
        generation = s.scalar(select(Company.generation).where(Company.id == s.company_id)) or 0
        s.info["generation"] = generation
    return active_for(s.site, s.company_id, generation)


def enabled_names(s: CompanySession) -> frozenset[str]:
    """What the company has switched on, whether or not this process can run it."""
    rows = s.scalars(select(CompanyPlugin.plugin).where(CompanyPlugin.enabled.is_(True)))
    return frozenset(rows)


def _names(s: CompanySession, host: PluginHost) -> frozenset[str]:
    enabled = enabled_names(s)
    if not enabled:
        return frozenset()
    rows = s.execute(
        select(PluginState.name, PluginState.state, PluginState.version, PluginState.revision)
    )
    states = {row.name: (row.state, row.version, row.revision) for row in rows}
    names: set[str] = set()
    for name, manifest in host.manifests.items():  # dependencies come first
        ready = ("installed", manifest.version, host.heads[name])
        if name in enabled and states.get(name) == ready and names.issuperset(manifest.depends):
            names.add(name)
    return frozenset(names)
