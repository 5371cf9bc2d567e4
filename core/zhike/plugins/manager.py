"""The plugins of one process: loaded behind barriers, asked in a fixed order.

List hooks are called by our own loop, one barrier per plugin, because pluggy stops at the first
exception.  Hooks with one answer go through pluggy's subset caller, cached per set of plugins left
out, which costs a microsecond instead of building one per call.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import logging
import pkgutil
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pluggy

from zhike import builtin, clock, hookspecs
from zhike.config import Config
from zhike.db.base import Base
from zhike.hookspecs import LIFECYCLE_HOOKS, PROJECT, RESULT_TYPES, WEB_HOOKS
from zhike.manifest import CORE, Plugin
from zhike.plugins import graph
from zhike.plugins.discovery import Fault, Found, discover, optional_module
from zhike.plugins.heads import shipped_head
from zhike.plugins.registry import ContributionError, Owner, Registry

log = logging.getLogger(__name__)

CORE_HOOKS = tuple(hook for hook in RESULT_TYPES if hook not in WEB_HOOKS)


@dataclass(frozen=True)
class Failure:
    """Something a plugin did wrong while the site ran."""

    plugin: str
    where: str
    error: str
    at: datetime
    company_id: int | None = None


@dataclass(frozen=True)
class _Call:
    """One implementation of a hook, and the arguments it names (it may take fewer than all)."""

    owner: Owner
    function: Callable[..., Any]
    names: tuple[str, ...]

    @classmethod
    def of(cls, owner: Owner, function: Callable[..., Any]) -> _Call:
        return cls(owner, function, tuple(inspect.signature(function).parameters))

    def __call__(self, arguments: Mapping[str, Any]) -> Any:
        return self.function(**{n: arguments[n] for n in self.names if n in arguments})


class PluginHost:
    """What is found, what is loaded, what is broken, and everything contributed.

    ``found`` and ``broken`` are by plugin name (a broken bridge is ``"a/b"``); ``manifests`` holds
    the loaded plugins in the order of the graph, ``heads`` the newest revision each one ships.
    ``active_sets`` is the cache of :mod:`zhike.plugins.active`, ``caches`` those of services, by
    name; both are emptied when a plugin is taken out.  Otherwise fixed once loaded, except that a
    web application may still declare a plugin broken while it mounts it.
    """

    def __init__(self, found: Mapping[str, Found]) -> None:
        self.found: dict[str, Found] = dict(found)
        self.broken: dict[str, Fault] = {n: f.fault for n, f in found.items() if f.fault}
        self.manifests: dict[str, Plugin] = {}
        self.heads: dict[str, str | None] = {}
        self.registry = Registry()
        self.failures: deque[Failure] = deque(maxlen=500)
        self.active_sets: dict[int, Any] = {}
        self.caches: dict[str, Any] = {}
        self._web_collected = False
        self._owners: dict[Owner, list[Any]] = {}
        self._calls: dict[str, tuple[_Call, ...]] = {}
        self._pm = self._new_manager(())
        self._specs: list[Any] = []
        self._subset: dict[tuple[str, frozenset[Owner]], pluggy.HookCaller] = {}
        self._load()

    # -- loading --------------------------------------------------------------------------------

    def _new_manager(self, specs: Iterable[Any]) -> pluggy.PluginManager:
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(hookspecs.CoreHooks)
        for module in specs:
            manager.add_hookspecs(module)
        return manager

    def _load(self) -> None:
        for name in _core_modules():
            # The core's own hooks stand outside every barrier: a core that fails must not start.
            self._adopt(Owner(CORE), importlib.import_module(name), CORE_HOOKS, key=name)
        good = {n: f.manifest for n, f in self.found.items() if f.manifest is not None}
        absent = {n: fault.reason for n, fault in self.broken.items()}
        ordered = graph.order(good, absent)
        for name, why in ordered.refused.items():
            self.broken[name] = Fault("dependencies", why)
        for name in ordered.names:
            self._load_one(name, good[name])
        for name in tuple(self.manifests):
            for other in self.manifests[name].bridges:
                if other in self.manifests:
                    self._load_bridge(name, other)
        self._settle()

    def _load_one(self, name: str, manifest: Plugin) -> None:
        for needed in manifest.depends:
            if needed not in self.manifests:
                fault = self.broken[needed]
                reason = f"needs {needed!r}, which is broken: {fault.reason}"
                self.broken[name] = Fault("dependencies", reason)
                return
        self.manifests[name] = manifest
        try:
            hooks = optional_module(f"{self.found[name].module}.hooks")
            self.heads[name] = shipped_head(self.root(name) / "migrations")
            if hooks is not None:
                self._adopt(Owner(name), hooks, CORE_HOOKS)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the barrier around a plugin
            self.mark_broken(name, "loading", error)

    def _load_bridge(self, name: str, other: str) -> None:
        owner = Owner(name, other)
        module = f"{self.found[name].module}.bridges.{other}"
        try:
            self._adopt(owner, importlib.import_module(module), CORE_HOOKS)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the barrier around a bridge
            self._owners.pop(owner, None)
            self.broken[str(owner)] = Fault.of("loading", error)
            log.warning("bridge %s is broken: %s", owner, error)

    def _adopt(self, owner: Owner, module: Any, hooks: Sequence[str], key: str = "") -> None:
        """Check and collect one module of hook implementations, or raise with nothing kept."""
        manager = self._pm
        manager.register(module, name=key or str(owner))
        try:
            for caller in manager.get_hookcallers(module) or []:
                self._check_caller(owner, module, caller)
            collected = {h: self._collect_one(owner, module, h) for h in hooks}
            self._import_models(owner, collected["register_models"])
            self._add_specs(owner, collected["register_hookspecs"])
        except BaseException:  # SystemExit too is a fault of the plugin, see whoever calls this
            manager.unregister(module)
            raise
        for hook, checked in collected.items():
            self.registry.add(owner, hook, checked)
        self._owners.setdefault(owner, []).append(module)

    def _check_caller(self, owner: Owner, module: Any, caller: pluggy.HookCaller) -> None:
        for impl in caller.get_hookimpls():
            if impl.plugin is not module:
                continue
            if not caller.has_spec() and not impl.optionalhook:
                raise ContributionError(f"plugin {str(owner)!r}: there is no hook {caller.name!r}")
            wraps = impl.hookwrapper or impl.wrapper
            if wraps and not (caller.spec and caller.spec.opts.get("firstresult")):
                raise ContributionError(
                    f"plugin {str(owner)!r}: {caller.name} is asked plugin by plugin "
                    "and cannot be wrapped"
                )

    def _collect_one(self, owner: Owner, module: Any, hook: str) -> list[tuple[str, Any]]:
        function = _implementation(module, hook)
        return [] if function is None else self.registry.check(owner, hook, function())

    def _import_models(self, owner: Owner, modules: Sequence[tuple[str, Any]]) -> None:
        for name, _ in modules:
            importlib.import_module(name)
        if owner.plugin == CORE:
            return
        package = self.found[owner.plugin].module
        for mapper in Base.registry.mappers:
            home = mapper.class_.__module__
            inside = home == package or home.startswith(f"{package}.")
            table: Any = mapper.local_table
            if inside != (table.info.get("plugin") == owner.plugin):
                raise ContributionError(
                    f"plugin {owner.plugin!r}: table {table.name!r} of {home} does not "
                    f"belong there; a plugin's tables are its own, named {owner.plugin}__…"
                )

    def _add_specs(self, owner: Owner, modules: Sequence[tuple[str, Any]]) -> None:
        for name, _ in modules:
            module = importlib.import_module(name)
            own = [n for n in vars(module) if hasattr(getattr(module, n), f"{PROJECT}_spec")]
            for hook in own:
                if not hook.startswith(f"{owner.plugin}_"):
                    raise ContributionError(
                        f"plugin {owner.plugin!r}: its hook {hook!r} "
                        f"must begin with '{owner.plugin}_'"
                    )
            self._pm.add_hookspecs(module)
            self._specs.append(module)

    def _settle(self) -> None:
        """Build the manager that is used from now on.

        pluggy calls what was registered last first; registering in reverse makes the calls follow
        the graph.  ``check_pending`` repeats, for all together, what was checked one by one.
        """
        manager = self._new_manager(self._specs)
        for owner, modules in reversed(self._owners.items()):
            for number, module in enumerate(reversed(modules)):
                manager.register(module, name=f"{owner}#{number}")
        manager.check_pending()
        self._pm = manager
        self._subset.clear()
        self._calls.clear()

    def collect_web(self) -> Registry:
        """Collect what only a web application needs (pages, menu, cards …), once; the registry.

        A plugin that fails here is broken from then on, like any other.
        """
        if not self._web_collected:
            self._web_collected = True
            for owner, modules in tuple(self._owners.items()):
                if owner.plugin != CORE and owner.plugin not in self.manifests:
                    continue
                try:
                    for module in modules:
                        for hook in WEB_HOOKS:
                            checked = self._collect_one(owner, module, hook)
                            self.registry.add(owner, hook, checked)
                except (Exception, SystemExit) as error:
                    if owner.plugin == CORE:
                        raise
                    self.mark_broken(owner.plugin, "pages", error)
        return self.registry

    def mark_broken(self, name: str, stage: str, error: BaseException | str) -> None:
        """Take a loaded plugin out, with everything that depends on it; say why in ``broken``."""
        fault = Fault(stage, error) if isinstance(error, str) else Fault.of(stage, error)
        log.warning("plugin %s is broken (%s): %s", name, stage, fault.reason)
        for dependant in graph.closure_down(name, self.manifests):
            reason = f"needs {name!r}, which is broken: {fault.reason}"
            self._forget(dependant, Fault("dependencies", reason))
        self._forget(name, fault)
        self._settle()

    def _forget(self, name: str, fault: Fault) -> None:
        self.manifests.pop(name, None)
        self.broken[name] = fault
        self.registry.drop(name)
        gone = {o for o in self._owners if name in (o.plugin, o.bridge)}
        self._owners = {o: m for o, m in self._owners.items() if o not in gone}
        self.active_sets.clear()
        self.caches.clear()

    # -- what there is --------------------------------------------------------------------------

    @property
    def loaded(self) -> frozenset[str]:
        """Names of the plugins this process can run."""
        return frozenset(self.manifests)

    @property
    def described(self) -> dict[str, Plugin]:
        """Every manifest that could be read, those of broken plugins included."""
        return {n: f.manifest for n, f in self.found.items() if f.manifest is not None}

    @property
    def names(self) -> tuple[str, ...]:
        """Loaded plugins, dependencies first."""
        return tuple(self.manifests)

    def root(self, name: str) -> Path:
        """The folder of a loaded plugin's package."""
        return self.found[name].root

    @property
    def fingerprint(self) -> str:
        """Hash of what this process has loaded; the order of discovery plays no part in it."""
        pairs = [f"{CORE} {_core_version()}"]
        pairs += sorted(f"{name} {m.version}" for name, m in self.manifests.items())
        return hashlib.sha256("\n".join(pairs).encode()).hexdigest()[:16]

    # -- asking ---------------------------------------------------------------------------------

    def first(self, hook: str, active: Iterable[str] | None, **arguments: Any) -> Any:
        """Ask a ``firstresult`` hook; the first answer that is not None, or None.

        ``active`` are the names of plugins to ask, None for every loaded one.  What a plugin raises
        counts as no answer and is noted.
        """
        names = self.loaded if active is None else frozenset(active)
        out = frozenset(o for o in self._owners if not o.active_in(names))
        caller = self._subset.get((hook, out))
        if caller is None:
            modules = [module for owner in out for module in self._owners[owner]]
            caller = self._pm.subset_hook_caller(hook, remove_plugins=modules)
            self._subset[(hook, out)] = caller
        try:
            return caller(**arguments)
        except Exception:  # noqa: BLE001 - pluggy neither goes on nor says whose it was
            return self._first_behind_barriers(hook, names, arguments)

    def _first_behind_barriers(
        self, hook: str, names: frozenset[str], arguments: Mapping[str, Any]
    ) -> Any:
        """Ask one by one, noting who raises; the slow way, taken when the quick one failed."""
        for call in self._calls_of(hook):
            if not call.owner.active_in(names):
                continue
            try:
                answer = call(arguments)
            except Exception as error:  # noqa: BLE001 - one plugin must not silence the rest
                self.note_failure(call.owner.plugin, hook, error)
                continue
            if answer is not None:
                return answer
        return None

    def each(
        self, hook: str, active: Iterable[str] | None, **arguments: Any
    ) -> list[tuple[Owner, Any, Exception | None]]:
        """Ask a list hook of every active owner: (owner, result, error), in graph order.

        An owner that answers None or nothing is left out; one that raises is noted and returned
        with its error, so that the caller decides what a missing answer means.
        """
        names = self.loaded if active is None else frozenset(active)
        answers: list[tuple[Owner, Any, Exception | None]] = []
        for call in self._calls_of(hook):
            if not call.owner.active_in(names):
                continue
            try:
                result = call(arguments)
            except Exception as error:  # noqa: BLE001 - one plugin must not silence the rest
                self.note_failure(call.owner.plugin, hook, error)
                answers.append((call.owner, None, error))
                continue
            if result is not None and result != []:
                answers.append((call.owner, result, None))
        return answers

    def lifecycle(
        self, name: str, hook: str, active: Iterable[str] | None = None, **arguments: Any
    ) -> list[Any]:
        """Call a lifecycle hook of one plugin; what it raises is raised on.

        With ``active`` (names that are, or will be, switched on) its bridges to them are called
        too, and the bridges of those to ``name``: both ends are there then.
        """
        if hook not in LIFECYCLE_HOOKS:
            raise ValueError(f"{hook!r} is no lifecycle hook")
        names = frozenset(active or ())
        return [
            call(arguments)
            for call in self._calls_of(hook)
            if call.owner == Owner(name)
            or (
                call.owner.bridge
                and name in (call.owner.plugin, call.owner.bridge)
                and names >= {call.owner.plugin, call.owner.bridge}
            )
        ]

    def _calls_of(self, hook: str) -> tuple[_Call, ...]:
        calls = self._calls.get(hook)
        if calls is None:
            calls = tuple(
                _Call.of(owner, function)
                for owner, modules in self._owners.items()
                for module in modules
                if (function := _implementation(module, hook)) is not None
            )
            self._calls[hook] = calls
        return calls

    def note_failure(
        self, plugin: str, where: str, error: BaseException, company_id: int | None = None
    ) -> None:
        """Remember what went wrong; stored with the next heartbeat, since the caller may be inside
        a transaction that is about to be rolled back."""
        log.error("plugin %s failed in %s", plugin, where, exc_info=error)
        text = f"{type(error).__name__}: {error}"[:500]
        self.failures.append(Failure(plugin, where, text, clock.now(), company_id))


def _core_modules() -> list[str]:
    return sorted(m.name for m in pkgutil.iter_modules(builtin.__path__, f"{builtin.__name__}."))


def _core_version() -> str:
    try:
        return metadata.version("zhike")
    except metadata.PackageNotFoundError:
        return "0"


def _implementation(module: Any, hook: str) -> Callable[..., Any] | None:
    function = getattr(module, hook, None)
    return function if function is not None and hasattr(function, f"{PROJECT}_impl") else None


def load_plugins(
    config: Config, *, entry_points: Iterable[metadata.EntryPoint] | None = None
) -> PluginHost:
    """Find and load the plugins that ``config`` allows.

    ``entry_points`` stand in for those of the installed distributions, for tests.  Never raises
    for a plugin's sake: what fails is in ``broken`` with its reason.
    """
    return PluginHost(
        discover(
            path=config.plugin_path,
            allow=config.plugin_allow,
            safe_mode=config.safe_mode,
            entry_points=entry_points,
        )
    )
