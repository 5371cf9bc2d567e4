"""What plugins ship: presets 制度预设 and engines, found in the registry and read once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from zhike import contributions as c
from zhike.errors import NotFound
from zhike.i18n import _
from zhike.rules import Clause, Engine, Policy, Preset, load_preset
from zhike.services.ledger import canonical_json, normalise

if TYPE_CHECKING:
    from zhike.plugins.manager import PluginHost


class HasPlugins(Protocol):
    """A site, or whatever else knows which plugins are loaded."""

    @property
    def plugins(self) -> PluginHost:
        """The loaded plugins."""
        ...


@dataclass(frozen=True)
class Shipped:
    """A preset as a plugin contributes it, read from its file.

    ``name`` is its full name (``sales_floor.P12``); ``hash`` changes with its values or clauses.
    """

    name: str
    contribution: c.PolicyPreset
    preset: Preset
    hash: str

    @property
    def plugin(self) -> str:
        """The plugin that ships it."""
        return self.preset.plugin


def presets_of(site: HasPlugins, plugin: str | None = None) -> tuple[Shipped, ...]:
    """The presets of one plugin, or of all that are loaded, in the order of the panel."""
    found = []
    for entry in site.plugins.registry.of(c.PolicyPreset):
        if plugin is None or entry.owner.plugin == plugin:
            found.append(_read(site, entry.value))
    return tuple(found)


def shipped(site: HasPlugins, name: str) -> Shipped:
    """One preset by its full name; raises :class:`~zhike.errors.NotFound`."""
    entry = site.plugins.registry.get(c.PolicyPreset, name)
    if entry is None:
        raise NotFound(
            _("The preset %(name)s is not there; is its plugin installed?", name=name),
            code="no_preset",
        )
    return _read(site, entry.value)


def engine_of(site: HasPlugins, name: str) -> Engine | None:
    """The pure engine of that name, or None where its plugin is not loaded."""
    engines: dict[str, Engine] = site.plugins.caches.setdefault("engines", {})
    if name not in engines:
        entry = site.plugins.registry.get(c.Engine, name)
        if entry is None:
            return None
        engines[name] = entry.value.load()
    return engines[name]


def _read(site: HasPlugins, contribution: c.PolicyPreset) -> Shipped:
    cache: dict[str, Shipped] = site.plugins.caches.setdefault("presets", {})
    if contribution.name not in cache:
        preset = load_preset(contribution.path)
        cache[contribution.name] = Shipped(
            contribution.name, contribution, preset, policy_hash(preset.policy())
        )
    return cache[contribution.name]


def policy_hash(policy: Policy) -> str:
    """SHA-256 (hex) of everything an engine and a reader see of a policy, but for its version."""
    facts = {"plugin": policy.plugin, "preset": policy.preset, "mode": policy.mode}
    return hashlib.sha256(canonical_json(normalise({**facts, **snapshot(policy)}))).hexdigest()


def snapshot(policy: Policy) -> dict[str, Any]:
    """All parameters and clauses of a policy as JSON."""
    return {
        "params": normalise(dict(policy.params)),
        "clauses": {
            rule: {"number": clause.number, "text": clause.text}
            for rule, clause in policy.clauses.items()
        },
    }


def compose(
    shipped_preset: Shipped,
    *,
    params: Mapping[str, Any],
    clauses: Mapping[str, Any],
    mode: str,
    version: str,
    frozen: Mapping[str, Any] | None = None,
) -> Policy:
    """The policy of a version: preset, then ``frozen`` (its snapshot), then its own changes.

    With a snapshot the changes are in it already; a parameter that the preset has gained since
    takes the preset's value. Raises :class:`~zhike.rules.ParameterError` for a bad value.
    """
    preset = shipped_preset.preset
    if frozen is not None:
        known = {parameter.key for parameter in preset.parameters}
        params = {key: value for key, value in frozen["params"].items() if key in known}
        clauses = frozen["clauses"]
    policy = preset.policy(params, version=version)
    own = {
        rule: Clause(rule, str(words["number"]), str(words["text"]))
        for rule, words in clauses.items()
    }
    return Policy(
        plugin=policy.plugin,
        preset=policy.preset,
        version=version,
        params=policy.params,
        clauses=own if frozen is not None else {**policy.clauses, **own},
        mode=mode,  # type: ignore[arg-type]  # the database's own check keeps it to the three
        labels=policy.labels,
    )
