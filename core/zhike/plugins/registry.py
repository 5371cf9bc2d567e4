"""Everything that was contributed, by kind, each thing tagged with its owner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from zhike import contributions as c
from zhike.hookspecs import RESULT_TYPES
from zhike.manifest import CORE
from zhike.plugins.schemas import fields_of

T = TypeVar("T")


class ContributionError(Exception):
    """A plugin returned something that cannot be taken; the message names it and the owner."""


@dataclass(frozen=True, order=True)
class Owner:
    """Who contributed: a plugin, or its bridge to another, active only where both are."""

    plugin: str
    bridge: str = ""

    def __str__(self) -> str:
        return f"{self.plugin}/{self.bridge}" if self.bridge else self.plugin

    def active_in(self, names: frozenset[str]) -> bool:
        """Whether this owner takes part where ``names`` are active; the core always does."""
        if self.bridge and self.bridge not in names:
            return False
        return self.plugin == CORE or self.plugin in names


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One contribution and its owner."""

    owner: Owner
    value: T

    @property
    def name(self) -> str:
        """The name under which it is unique among its kind."""
        return name_of(self.value)


def name_of(value: Any) -> str:
    """The unique name of a contribution of any kind."""
    if isinstance(value, str):
        return value
    if isinstance(value, c.SettingsSchema):
        return value.level  # completed with the owner by the registry: one form per level
    return str(getattr(value, "name", ""))


class Registry:
    """Contributions by hook; filled while plugins load, only read afterwards."""

    def __init__(self) -> None:
        self._by_hook: dict[str, dict[str, Entry[Any]]] = {hook: {} for hook in RESULT_TYPES}
        self._hook_of: dict[type, str] = {
            kind: hook for hook, kind in RESULT_TYPES.items() if isinstance(kind, type)
        }

    def check(self, owner: Owner, hook: str, result: Any) -> list[tuple[str, Any]]:
        """Look at what ``owner`` returned from ``hook``: (unique name, value) pairs.

        Raises ContributionError for a wrong type, a foreign name, or a name that is taken.
        """
        if result is None:
            return []
        if isinstance(result, str) or not isinstance(result, Iterable):
            raise ContributionError(
                f"plugin {str(owner)!r}: {hook} must return a list, not {type(result).__name__}"
            )
        checked: list[tuple[str, Any]] = []
        taken = self._by_hook[hook]
        for value in result:
            self._check_type(owner, hook, value)
            key = self._key(owner, hook, value)
            other = taken.get(key)
            if other is not None:
                raise ContributionError(
                    f"{hook}: {key!r} is contributed by {str(other.owner)!r} and by {str(owner)!r}"
                )
            if any(key == seen for seen, _ in checked):
                raise ContributionError(f"plugin {str(owner)!r}: {hook} returns {key!r} twice")
            checked.append((key, value))
        return checked

    def add(self, owner: Owner, hook: str, checked: Iterable[tuple[str, Any]]) -> None:
        """Keep what :meth:`check` passed."""
        for key, value in checked:
            self._by_hook[hook][key] = Entry(owner, value)

    def drop(self, plugin: str) -> None:
        """Forget everything of a plugin, its bridges included."""
        for hook, entries in self._by_hook.items():
            self._by_hook[hook] = {k: e for k, e in entries.items() if e.owner.plugin != plugin}

    def of_hook(self, hook: str) -> tuple[Entry[Any], ...]:
        """All contributions of one register hook, by weight, owner and name."""
        entries = self._by_hook[hook].values()
        return tuple(
            sorted(entries, key=lambda e: (getattr(e.value, "weight", 100), e.owner, e.name))
        )

    def of(self, kind: type[T]) -> tuple[Entry[T], ...]:
        """All contributions of one class, e.g. ``registry.of(Permission)``."""
        return self.of_hook(self._hook_of[kind])

    def items(self, kind: type[T]) -> tuple[T, ...]:
        """The contributions of one class without their owners."""
        return tuple(entry.value for entry in self.of(kind))

    def get(self, kind: type[T], name: str) -> Entry[T] | None:
        """One contribution by its full name, whoever owns it, or None."""
        return self._by_hook[self._hook_of[kind]].get(name)

    def event(self, name: str) -> type[c.Event] | None:
        """The class of an event by name, or None where no loaded plugin emits it."""
        entry = self._by_hook["register_events"].get(name)
        return entry.value if entry else None

    def settings(self, plugin: str, level: str) -> c.SettingsSchema | None:
        """The settings form of one owner and level, or None."""
        entry = self._by_hook["register_settings"].get(f"{plugin}@{level}")
        return entry.value if entry else None

    def by_owner(self, plugin: str) -> dict[str, tuple[Entry[Any], ...]]:
        """Everything one plugin contributes, by hook; what the app card and previews show."""
        result = {}
        for hook in RESULT_TYPES:
            mine = tuple(e for e in self.of_hook(hook) if e.owner.plugin == plugin)
            if mine:
                result[hook] = mine
        return result

    def _check_type(self, owner: Owner, hook: str, value: Any) -> None:
        wanted = RESULT_TYPES[hook]
        if isinstance(wanted, str):
            # A class of the layer above, which this one must not import: compared by where it is.
            module, _, name = wanted.partition(":")
            fits = any((k.__module__, k.__name__) == (module, name) for k in type(value).__mro__)
            label = name
        elif hook == "register_events":
            fits = isinstance(value, type) and issubclass(value, c.Event) and bool(value.name)
            label = "an event class marked with @event"
        else:
            fits, label = isinstance(value, wanted), wanted.__name__
        if fits and hook == "register_settings":
            fields_of(value)
        if not fits:
            raise ContributionError(
                f"plugin {str(owner)!r}: {hook} must return {label}, not {value!r:.120}"
            )

    def _key(self, owner: Owner, hook: str, value: Any) -> str:
        name = name_of(value)
        if hook in ("register_models", "register_hookspecs"):
            return name
        if hook == "register_settings":
            return f"{owner.plugin}@{name}"
        if hook == "register_blueprints":
            if name != owner.plugin and not name.startswith(f"{owner.plugin}."):
                raise ContributionError(
                    f"plugin {str(owner)!r}: blueprint {name!r} must be named like the plugin"
                )
            return name
        if not name.startswith(f"{owner.plugin}.") or name == f"{owner.plugin}.":
            raise ContributionError(
                f"plugin {str(owner)!r}: {hook} returns {name!r}; "
                f"names must begin with '{owner.plugin}.'"
            )
        return name
