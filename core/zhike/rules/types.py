"""The nouns of a rule engine: policy 制度, clause 条款, citation 引用, decision 决定."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Protocol, runtime_checkable

Mode = Literal["observe", "advise", "enforce"]
Json = Any

_PLACE = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
_SUBRULE = re.compile(r"[a-z]$")


class RuleError(ValueError):
    """An engine could not take what it was given. ``code`` is a short machine word.

    ``field`` names the part of the event or of the given facts that is at fault (``""``: the
    whole), ``allowed`` lists what would have been accepted where that is a short list. ``key`` and
    ``facts`` let the engine say the message again in another language.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        field: str = "",
        allowed: Iterable[str] = (),
        key: str = "",
        facts: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code
        self.key = key or code
        self.facts = dict(facts or {})
        self.field = field
        self.allowed = tuple(allowed)
        self.message = message
        text = f"{field}: {message}" if field else message
        if self.allowed:
            text += f" (allowed: {', '.join(self.allowed)})"
        super().__init__(text)


class EventInvalid(RuleError):
    """The event or the given facts are not in the engine's vocabulary: nobody can act on them."""


class EventRefused(RuleError):
    """The event is well formed, but the rules or the state forbid it: nothing has changed."""


@dataclass(frozen=True, slots=True)
class Clause:
    """The company's own clause (条款) of one rule: its number and its sentence.

    ``text`` may hold ``{parameter.key}`` places, filled from the policy's parameters.
    """

    rule: str
    number: str
    text: str


def plain(value: Json) -> str:
    """A parameter value as people write it inside a sentence: 7, 80/20, call、visit."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(part, int) for part in value) and sum(value) == 10_000:
            return "/".join(f"{part / 100:g}" for part in value)
        return "、".join(str(part) for part in value)
    return str(value)


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a regulation in force (制度): parameters, clauses, and how strictly it binds.

    params   by printed key (``rotation.owed_cap``); the full name ``<plugin>.<key>`` is accepted
             wherever a key is looked up.
    clauses  by rule id (``SF-A-05``); a sub-rule (``SF-A-03b``) falls back to its rule.
    labels   ``{key: {value: words}}``: how the values of a choice are written in a sentence; for a
             number ``"*"`` stands for every other one, which takes the place of ``{}``.
    """

    plugin: str
    preset: str
    version: str
    params: Mapping[str, Json]
    clauses: Mapping[str, Clause] = field(default_factory=dict)
    mode: Mode = "enforce"
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", MappingProxyType(dict(self.params)))

    def __getitem__(self, key: str) -> Json:
        """The value of a parameter; KeyError where the preset does not have it."""
        try:
            return self.params[key]
        except KeyError:
            return self.params[key.removeprefix(self.plugin + ".")]

    def get(self, key: str, default: Json = None) -> Json:
        """The value of a parameter, or ``default`` where the rule is off in this preset."""
        try:
            return self[key]
        except KeyError:
            return default

    def with_params(self, overrides: Mapping[str, Json], version: str | None = None) -> Policy:
        """A copy with some parameters replaced, unchecked (Preset.policy is what checks)."""
        prefix = self.plugin + "."
        params = {**self.params, **{k.removeprefix(prefix): v for k, v in overrides.items()}}
        return Policy(
            self.plugin,
            self.preset,
            version or self.version,
            params,
            self.clauses,
            self.mode,
            self.labels,
        )

    def clause(self, rule: str) -> Clause | None:
        """The clause of a rule or, for a sub-rule like ``SF-A-03b``, of the rule it belongs to."""
        found = self.clauses.get(rule)
        if found is None and _SUBRULE.search(rule):
            found = self.clauses.get(rule[:-1])
        return found

    def sentence(self, rule: str) -> str:
        """The clause's sentence with its figures filled in; ``""`` where the rule has no clause."""
        clause = self.clause(rule)
        if clause is None:
            return ""
        return _PLACE.sub(lambda found: self.show(found.group(1)), clause.text)

    def show(self, key: str) -> str:
        """A parameter's value in words, as a clause prints it."""
        value = self.get(key)
        words = self.labels.get(key, {})
        if isinstance(value, (list, tuple)) and words:
            return "、".join(words.get(str(part), str(part)) for part in value)
        if words and isinstance(value, (str, bool)):
            return words.get(str(value).lower(), plain(value))
        if words and isinstance(value, int):
            return words.get(str(value), words.get("*", "{}")).replace("{}", plain(value))
        return plain(value)


@dataclass(frozen=True, slots=True)
class Cite:
    """One rule that bore on a decision: rule id, a short machine word for what it did, the facts.

    Words for people are made for the reader elsewhere (each engine's ``explain``).
    """

    rule: str
    effect: str
    facts: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """``{"rule", "effect", "facts"}``, ready for :mod:`json`."""
        return {"rule": self.rule, "effect": self.effect, "facts": dict(self.facts)}

    @staticmethod
    def from_json(data: Mapping[str, Json]) -> Cite:
        """The inverse of :meth:`to_json`."""
        return Cite(data["rule"], data["effect"], dict(data.get("facts", {})))


@dataclass(frozen=True, slots=True)
class Decision:
    """What an engine answered (决定) about one subject, and the rules that decided.

    kind     a short machine word: ``assignment``, ``credit``, ``void`` …
    subject  the opaque id it is about (a visit, a deal, a person).
    at       the instant it holds from, as the engine writes instants.
    """

    kind: str
    subject: str
    outcome: Mapping[str, Json]
    cites: tuple[Cite, ...]
    at: str = ""

    def to_json(self) -> dict[str, Json]:
        """Plain JSON data; :meth:`from_json` reads it back."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "at": self.at,
            "outcome": dict(self.outcome),
            "cites": [cite.to_json() for cite in self.cites],
        }

    @staticmethod
    def from_json(data: Mapping[str, Json]) -> Decision:
        """The inverse of :meth:`to_json`."""
        return Decision(
            data["kind"],
            data["subject"],
            dict(data["outcome"]),
            tuple(Cite.from_json(cite) for cite in data["cites"]),
            data.get("at", ""),
        )


class State(Protocol):
    """The state of an engine: immutable, JSON round trip exact, no clock of its own."""

    def to_json(self) -> dict[str, Json]:
        """Plain JSON data; the engine's ``load`` reads it back."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """What one event did: the state afterwards, the outcome in the engine's words, the decisions.

    ``changed`` names the subjects whose facts differ from before, for who stores them.
    """

    state: Json
    outcome: Mapping[str, Json]
    decisions: tuple[Decision, ...] = ()
    changed: tuple[str, ...] = ()


@runtime_checkable
class Engine(Protocol):
    """A pure rule engine (规则引擎): the one function behind drill, page and API.

    ``start`` and ``handle`` raise :class:`EventInvalid` for what is outside the vocabulary and
    :class:`EventRefused` for what the rules forbid; in both cases the state given stays good.
    """

    plugin: str

    def schema(self) -> dict[str, Json]:
        """JSON Schemas of the vocabulary: ``{"given": …, "event": …, "expect": …}``."""
        ...

    def start(self, given: Mapping[str, Json], policy: Policy) -> Json:
        """The state from the initial facts of a drill."""
        ...

    def handle(self, state: Json, event: Mapping[str, Json]) -> Step:
        """Apply one event; the same state and event always give the same step."""
        ...

    def differences(
        self, expected: Mapping[str, Json], step: Step, final: Json
    ) -> list[tuple[str, Json, Json]]:
        """Compare what a drill states with what happened: ``(what, expected, actual)`` per
        difference. ``step`` is the event's own step; for the end of the drill, whose state is
        ``final``, it holds all decisions and an empty outcome. Only what is stated is compared.
        EventInvalid for words it does not know."""
        ...

    def explain(
        self,
        decision: Decision,
        policy: Policy,
        names: Mapping[str, str] | None = None,
        locale: str = "zh_Hans",
    ) -> list[str]:
        """The decision in sentences for people, ids replaced by ``names`` where known."""
        ...
