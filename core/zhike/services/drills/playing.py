"""Playing drills with the engines and presets of the plugins that are loaded."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from zhike import contributions as c
from zhike.drills import Drill, DrillError, Report, load_text, run
from zhike.i18n import _
from zhike.rules import Engine, Policy, Preset
from zhike.services.policies.presets import HasPlugins, engine_of, presets_of


@dataclass(frozen=True)
class DrillResult:
    """How a drill text came out; it may hold several drills, each with its report.

    ``passed`` is true where nothing stated is contradicted (so a what-if passes), ``summary`` one
    line that says what is wrong. ``error`` is set where the text cannot be read at all.
    """

    name: str
    passed: bool
    summary: str = ""
    reports: tuple[Report, ...] = ()
    error: str = ""
    id: uuid.UUID | None = None
    must_pass: bool = False

    @property
    def what_if(self) -> bool:
        """Whether nothing at all is expected in it."""
        return not self.error and not any(report.checked for report in self.reports)


def engines_for(site: HasPlugins, plugin: str) -> dict[str, Engine]:
    """The engine of a plugin, keyed as the runner wants it; empty where it has none."""
    for entry in site.plugins.registry.of(c.Engine):
        if entry.owner.plugin == plugin:
            engine = engine_of(site, entry.value.name)
            return {} if engine is None else {plugin: engine}
    return {}


def presets_for(site: HasPlugins, plugin: str) -> dict[str, Preset]:
    """The presets of a plugin by their short id."""
    return {source.preset.id: source.preset for source in presets_of(site, plugin)}


def play(site: HasPlugins, drill: Drill, at_hand: Policy | None, locale: str = "zh_Hans") -> Report:
    """Play one drill: pinned, under its own policy; otherwise under ``at_hand``."""
    return run(
        drill,
        engines_for(site, drill.plugin),
        presets_for(site, drill.plugin),
        at_hand=at_hand,
        locale=locale,
    )


def unpinned(drill: Drill) -> Drill:
    """The same drill for the version at hand; what it overrides stays overridden."""
    return replace(drill, preset=None)


def run_text(
    site: HasPlugins,
    text: str,
    at_hand: Policy | None,
    *,
    name: str = "",
    locale: str = "zh_Hans",
) -> DrillResult:
    """Play all drills of a text, YAML or JSON; what is wrong with the text is in the result."""
    try:
        drills = load_text(text)
    except DrillError as error:
        return DrillResult(name, False, str(error), error=str(error))
    reports = tuple(play(site, drill, at_hand, locale) for drill in drills)
    return DrillResult(
        name or drills[0].title or drills[0].id,
        all(report.ok for report in reports),
        summarise(reports),
        reports,
        error=next((report.error for report in reports if report.error), ""),
    )


def summarise(reports: Sequence[Report]) -> str:
    """The first thing that is wrong, in one line; empty where nothing is."""
    wrong = list(_wrong(reports))
    if not wrong:
        return ""
    more = f" (+{len(wrong) - 1})" if len(wrong) > 1 else ""
    return wrong[0] + more


def _wrong(reports: Sequence[Report]) -> Iterable[str]:
    for report in reports:
        label = f"{report.drill.id}: " if len(reports) > 1 else ""
        if report.error:
            yield label + report.error
        for difference in report.every_difference:
            yield label + _(
                "%(where)s %(what)s: %(expected)s expected, %(actual)s came out.",
                where=difference.where,
                what=difference.what,
                expected=difference.expected,
                actual=difference.actual,
            )
