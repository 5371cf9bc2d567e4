"""Playing a drill: the engine answers event by event, what is expected is compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zhike.drills.load import Drill
from zhike.rules import (
    Decision,
    Engine,
    EventInvalid,
    EventRefused,
    Policy,
    Preset,
    RuleError,
    Step,
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One statement of the drill that does not hold; ``where`` is file and line."""

    where: str
    what: str
    expected: Any
    actual: Any

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            "where": self.where,
            "what": self.what,
            "expected": self.expected,
            "actual": self.actual,
        }


@dataclass(frozen=True, slots=True)
class EventReport:
    """What one event did: outcome, decisions, their reasons in words, differences."""

    event: Mapping[str, Any]
    outcome: Mapping[str, Any]
    decisions: tuple[Decision, ...] = ()
    words: tuple[tuple[str, ...], ...] = ()
    differences: tuple[Difference, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            "event": {key: value for key, value in self.event.items() if key != "expect"},
            "outcome": dict(self.outcome),
            "decisions": [
                {**decision.to_json(), "words": list(words)}
                for decision, words in zip(self.decisions, self.words, strict=True)
            ],
            "differences": [difference.to_json() for difference in self.differences],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A drill's result. ``error`` is set when the drill itself cannot be understood.

    ``checked`` counts the statements compared: none makes the drill a what-if. ``played`` is the
    policy it was played under: the clauses that its rules are.
    """

    drill: Drill
    policy: str
    events: tuple[EventReport, ...] = ()
    differences: tuple[Difference, ...] = ()
    checked: int = 0
    error: str = ""
    final: Any = None
    played: Policy | None = None

    @property
    def every_difference(self) -> tuple[Difference, ...]:
        """Differences of all events and of the end."""
        return (*(d for event in self.events for d in event.differences), *self.differences)

    @property
    def ok(self) -> bool:
        """Whether the drill could be played and everything stated holds."""
        return not self.error and not self.every_difference

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data for machines."""
        return {
            "id": self.drill.id,
            "title": self.drill.title,
            "plugin": self.drill.plugin,
            "policy": self.policy,
            "pinned": self.drill.pinned,
            "ok": self.ok,
            "error": self.error,
            "checked": self.checked,
            "events": [event.to_json() for event in self.events],
            "differences": [difference.to_json() for difference in self.differences],
        }


@dataclass(slots=True)
class _Play:
    drill: Drill
    engine: Engine
    policy: Policy
    locale: str
    state: Any = None
    reports: list[EventReport] = field(default_factory=list)
    steps: list[Step | None] = field(default_factory=list)
    checked: int = 0


def run(
    drill: Drill,
    engines: Mapping[str, Engine],
    presets: Mapping[str, Preset],
    *,
    at_hand: Policy | None = None,
    locale: str = "zh_Hans",
) -> Report:
    """Play a drill with its plugin's engine.

    engines   by plugin name; presets: by preset id, for drills that pin their policy.
    at_hand   the policy for drills that pin none; also lets a pinned drill be played under a draft
              when ``drill`` was stripped of its preset (``dataclasses.replace(d, preset=None)``).
    """
    try:
        engine, policy = _prepare(drill, engines, presets, at_hand)
        play = _Play(drill, engine, policy, locale)
        play.state = engine.start(drill.given, policy)
    except RuleError as error:
        return Report(drill, drill.preset or "", error=f"{drill.where()}: {error}")
    for place, event in enumerate(drill.events):
        try:
            _one(play, event)
        except EventInvalid as error:
            return Report(
                drill,
                policy.version,
                tuple(play.reports),
                error=f"{drill.where(place)}: {error}",
                played=policy,
            )
    try:
        return _compare(play)
    except EventInvalid as error:
        return Report(
            drill,
            policy.version,
            tuple(play.reports),
            error=f"{drill.where()}: expect: {error}",
            played=policy,
        )


def _prepare(
    drill: Drill,
    engines: Mapping[str, Engine],
    presets: Mapping[str, Preset],
    at_hand: Policy | None,
) -> tuple[Engine, Policy]:
    engine = engines.get(drill.plugin)
    if engine is None:
        raise EventInvalid(
            f"no engine of {drill.plugin!r}", code="plugin", field="plugin", allowed=tuple(engines)
        )
    if drill.preset is None:
        if at_hand is None:
            raise EventInvalid(
                "no policy is stated and none is at hand",
                code="policy",
                field="policy",
                allowed=tuple(presets),
            )
        if not drill.overrides:
            return engine, at_hand
        preset = presets.get(at_hand.preset)
        if preset is None:
            return engine, at_hand.with_params(drill.overrides)
        read = {key: preset.parameter(key).read_written(v) for key, v in drill.overrides.items()}
        return engine, at_hand.with_params(read)
    preset = presets.get(drill.preset)
    if preset is None:
        raise EventInvalid(
            f"no preset {drill.preset!r}", code="preset", field="policy", allowed=tuple(presets)
        )
    return engine, preset.policy(drill.overrides, version=drill.preset, written=True)


def _one(play: _Play, event: Mapping[str, Any]) -> None:
    stated = {key: value for key, value in event.items() if key != "expect"}
    try:
        step = play.engine.handle(play.state, stated)
    except EventRefused as refusal:
        outcome = {"refused": refusal.code, "message": _refusal(play, refusal)}
        play.reports.append(EventReport(event, outcome))
        play.steps.append(None)
        return
    play.state = step.state
    words = tuple(
        tuple(play.engine.explain(decision, play.policy, None, play.locale))
        for decision in step.decisions
    )
    play.reports.append(EventReport(event, step.outcome, step.decisions, words))
    play.steps.append(step)


def _refusal(play: _Play, refusal: EventRefused) -> str:
    """The engine's words in the reader's language, where it has them."""
    say: Callable[..., str] | None = getattr(play.engine, "refusal", None)
    return str(refusal) if say is None else say(refusal, None, play.locale)


def _compare(play: _Play) -> Report:
    """Compare at the end, since credit may be corrected by later events."""
    drill, reports = play.drill, []
    for place, (report, step) in enumerate(zip(play.reports, play.steps, strict=True)):
        stated = report.event.get("expect") or {}
        where = drill.where(place)
        if not isinstance(stated, Mapping):
            raise EventInvalid("expect must be a mapping", code="expect", field=where)
        play.checked += len(stated)
        found = _event_differences(play, stated, step, report, where)
        reports.append(
            EventReport(report.event, report.outcome, report.decisions, report.words, tuple(found))
        )
    every = tuple(made for report in reports for made in report.decisions)
    final: list[Difference] = []
    if drill.expect:
        play.checked += len(drill.expect)
        whole = Step(play.state, {}, every)
        for what, expected, actual in play.engine.differences(drill.expect, whole, play.state):
            final.append(Difference(drill.where(), f"end: {what}", expected, actual))
    return Report(
        drill,
        play.policy.version,
        tuple(reports),
        tuple(final),
        play.checked,
        final=play.state,
        played=play.policy,
    )


def _event_differences(
    play: _Play,
    stated: Mapping[str, Any],
    step: Step | None,
    report: EventReport,
    where: str,
) -> list[Difference]:
    if step is None:
        wanted = stated.get("refused")
        if wanted is True or (isinstance(wanted, str) and wanted in report.outcome["refused"]):
            return []
        return [Difference(where, "refused", wanted or False, report.outcome["message"])]
    rows = play.engine.differences(stated, step, play.state) if stated else []
    return [Difference(where, what, expected, actual) for what, expected, actual in rows]
