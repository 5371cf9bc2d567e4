"""A drill's report as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zhike.drills.run import Report

_SHOWN = ("assigned", "received_by", "via", "status", "ring", "tickets", "waiting", "credit")


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(map(_value, value)) or "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_value(part)}" for key, part in value.items()) or "–"
    return "–" if value is None or value == "" else str(value)


def _stated(event: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key}: {_value(value)}" for key, value in event.items() if key not in ("at", "expect")
    )


def render_text(report: Report, *, reasons: bool = True, every: bool = True) -> str:
    """Lines for people: each event with its outcome, the reasons, and what differs.

    ``reasons`` False leaves the sentences out; ``every`` False shows only events that differ.
    """
    drill = report.drill
    lines = [f"{drill.id}  {drill.title}".rstrip() + f"  [{drill.plugin} {report.policy}]"]
    for event in report.events:
        if not every and not event.differences:
            continue
        lines.append(f"{event.event.get('at', '')}  {_stated(event.event)}")
        if "refused" in event.outcome:
            lines.append(f"    refused ({event.outcome['refused']}): {event.outcome['message']}")
        shown = [
            f"{key} {_value(event.outcome[key])}"
            for key in _SHOWN
            if event.outcome.get(key) not in (None, [], {})
        ]
        lines.append("    " + " · ".join(shown))
        if reasons:
            lines.extend(f"      {text}" for words in event.words for text in words)
        for difference in event.differences:
            lines.extend(_difference(difference))
    for difference in report.differences:
        lines.extend(_difference(difference))
    if report.error:
        lines.append(f"ERROR {report.error}")
    elif not report.checked:
        lines.append("what-if: nothing is expected")
    else:
        count = len(report.every_difference)
        verdict = "OK" if not count else f"{count} differences"
        lines.append(f"{verdict}: {report.checked} statements compared")
    return "\n".join(lines) + "\n"


def tally(reports: Sequence[Report]) -> str:
    """How many drills hold, in a line; a what-if expects nothing and so cannot hold."""
    asked = [report for report in reports if report.checked or report.error]
    lines = []
    if asked:
        lines.append(f"{sum(report.ok for report in asked)} of {len(asked)} drills hold.")
    if free := len(reports) - len(asked):
        lines.append(f"{free} what-if{'s' if free > 1 else ''} played, nothing expected.")
    return " ".join(lines)


def _difference(difference: Any) -> list[str]:
    return [
        f"  ✗ {difference.where}  {difference.what}",
        f"    - expected {_value(difference.expected)}",
        f"    + actual   {_value(difference.actual)}",
    ]
