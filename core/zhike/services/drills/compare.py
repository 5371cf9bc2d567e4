"""Two policies, one day: what each would have decided, event by event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhike.drills import Drill, EventReport, Report, load
from zhike.services.drills.playing import play, unpinned
from zhike.services.policies.presets import shipped

if TYPE_CHECKING:
    from zhike.rules import Policy
    from zhike.services.policies.inforce import ResolvedPolicy
    from zhike.site import Site


@dataclass(frozen=True)
class SideRow:
    """One event under both policies; ``None`` where one of them got no further than before it."""

    event: Mapping[str, Any]
    left: EventReport | None
    right: EventReport | None
    differs: bool


@dataclass(frozen=True)
class SideBySide:
    """A drill under two policies. ``differs`` says whether anything at all came out otherwise."""

    drill: Drill
    left: Report
    right: Report
    rows: tuple[SideRow, ...]

    @property
    def differs(self) -> bool:
        """Whether any event, or the fact that it could be played, came out otherwise."""
        return bool(self.left.error) != bool(self.right.error) or any(r.differs for r in self.rows)


def side_by_side(site: Site, drill: Drill, left: Policy, right: Policy) -> SideBySide:
    """Play a drill, pinned or not, under two policies and lay the outcomes beside each other."""
    free = unpinned(drill)
    return _pair(free, play(site, free, left), play(site, free, right))


def _pair(drill: Drill, left: Report, right: Report) -> SideBySide:
    rows = []
    for place, event in enumerate(drill.events):
        one = left.events[place] if place < len(left.events) else None
        two = right.events[place] if place < len(right.events) else None
        stated = {key: value for key, value in event.items() if key != "expect"}
        rows.append(SideRow(stated, one, two, _said(one) != _said(two)))
    return SideBySide(drill, left, right, tuple(rows))


def _said(report: EventReport | None) -> Any:
    """What a person would notice: the outcome, and the decisions with the rules they cite."""
    if report is None:
        return None
    decisions = [
        (made.kind, made.subject, dict(made.outcome), [(c.rule, c.effect) for c in made.cites])
        for made in report.decisions
    ]
    return dict(report.outcome), decisions


def _shipped_file(site: Site, path: Path) -> list[Drill]:
    """The drills of a file that a plugin ships, read once in a process: reading takes longest."""
    cache: dict[Path, list[Drill]] = site.plugins.caches.setdefault("drills", {})
    if path not in cache:
        cache[path] = load(path)
    return cache[path]


def shipped_changes(site: Site, resolved: ResolvedPolicy) -> list[SideBySide]:
    """The drills that ship with the preset: as pinned on the left, under ``resolved`` on the right.

    They refuse nothing: they show beside a draft what it would change.
    """
    source = shipped(site, resolved.preset)
    found = []
    for path in source.contribution.drills:
        for drill in _shipped_file(site, path):
            right = play(site, unpinned(drill), resolved.policy)
            found.append(_pair(drill, play(site, drill, resolved.policy), right))
    return found
