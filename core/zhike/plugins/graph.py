"""The order of plugins: dependencies first, the same on every machine.

The order decides only in which order plugins are registered and asked; nothing may mean something
else because of it.  Hard edges (``depends``) must hold; soft ones (``optional``, ``bridges``) are
followed where they do not contradict each other, since two plugins may well bridge to one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from zhike.manifest import Plugin


@dataclass(frozen=True)
class Order:
    """``names`` in order; ``refused`` says in a sentence why a plugin cannot take part."""

    names: tuple[str, ...]
    refused: Mapping[str, str]


def order(manifests: Mapping[str, Plugin], absent: Mapping[str, str] | None = None) -> Order:
    """Sort ``manifests`` (by name) so that each comes after what it depends on.

    ``absent`` gives reasons for plugins that exist but are out of the running, so that the message
    for a dependant can say why.  Plugins with a gap or a cycle below them are refused, each with a
    sentence naming the plugin that is missing or the whole cycle.
    """
    absent = absent or {}
    refused: dict[str, str] = {}
    for cycle in _cycles(manifests):
        path = " → ".join((*cycle, cycle[0]))
        for name in cycle:
            refused[name] = f"depends on itself: {path}"
    changed = True
    while changed:
        changed = False
        for name in sorted(manifests):
            if name in refused:
                continue
            for needed in manifests[name].depends:
                if needed in manifests and needed not in refused:
                    continue
                why = "which is not here"
                if needed in refused:
                    why = f"which is refused: {refused[needed]}"
                elif needed in absent:
                    why = f"which is out: {absent[needed]}"
                refused[name] = f"needs {needed!r}, {why}"
                changed = True
                break
    return Order(_sorted({n: m for n, m in manifests.items() if n not in refused}), refused)


def _sorted(manifests: Mapping[str, Plugin]) -> tuple[str, ...]:
    placed: dict[str, None] = {}
    waiting = set(manifests)
    while waiting:
        ready = [n for n in waiting if all(d in placed for d in manifests[n].depends)]

        def key(name: str) -> tuple[bool, str]:
            soft = manifests[name].after
            return (any(other in waiting for other in soft if other != name), name)

        best = min(ready, key=key)
        placed[best] = None
        waiting.discard(best)
    return tuple(placed)


def _cycles(manifests: Mapping[str, Plugin]) -> list[tuple[str, ...]]:
    """Groups of plugins that depend on each other, each as a path beginning at its first name."""
    found: list[tuple[str, ...]] = []
    seen: set[str] = set()
    for start in sorted(manifests):
        if start in seen:
            continue
        path = _path_back(start, manifests)
        if path:
            seen.update(path)
            found.append(path)
    return found


def _path_back(start: str, manifests: Mapping[str, Plugin]) -> tuple[str, ...] | None:
    """The shortest way from ``start`` along ``depends`` back to it, or None."""
    level: list[tuple[str, ...]] = [(start,)]
    visited: set[str] = set()
    while level:
        following: list[tuple[str, ...]] = []
        for path in level:
            for needed in sorted(manifests[path[-1]].depends):
                if needed == start:
                    return path
                if needed in manifests and needed not in visited:
                    visited.add(needed)
                    following.append((*path, needed))
        level = following
    return None


def closure_up(name: str, manifests: Mapping[str, Plugin]) -> tuple[str, ...]:
    """What ``name`` needs, and what that needs, dependencies first, without ``name`` itself."""
    needed: set[str] = set()
    todo = list(manifests[name].depends) if name in manifests else []
    while todo:
        one = todo.pop()
        if one in needed:
            continue
        needed.add(one)
        if one in manifests:
            todo.extend(manifests[one].depends)
    return _in_order(needed, manifests)


def closure_down(name: str, manifests: Mapping[str, Plugin]) -> tuple[str, ...]:
    """What needs ``name``, directly or not, dependants first: the order of switching off."""
    dependants: set[str] = set()
    changed = True
    while changed:
        changed = False
        for other, manifest in manifests.items():
            if other in dependants or other == name:
                continue
            if name in manifest.depends or dependants & set(manifest.depends):
                dependants.add(other)
                changed = True
    return tuple(reversed(_in_order(dependants, manifests)))


def _in_order(names: Iterable[str], manifests: Mapping[str, Plugin]) -> tuple[str, ...]:
    wanted = set(names)
    known = [n for n in order(manifests).names if n in wanted]
    return (*known, *sorted(wanted - set(known)))
