"""Regulations in words: modes, states, parameters, differences and clauses as pages show them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from zhike import clock
from zhike.contributions import N_
from zhike.db.session import CompanySession
from zhike.i18n import _
from zhike.models.policy import PolicyVersion
from zhike.rules import Preset
from zhike.services import drills, policies
from zhike.services.policies import ResolvedPolicy
from zhike.web.context import current
from zhike.web.ui import State

MODE_WORDS = {
    "observe": N_("observe: people act as before, the decision is recorded"),
    "advise": N_("advise: it proposes, doing otherwise takes a reason"),
    "enforce": N_("enforce: it decides"),
}
_MODE_SHORT = {"observe": N_("observe"), "advise": N_("advise"), "enforce": N_("enforce")}
_MODE_TONES = {"observe": "idle", "advise": "wait", "enforce": "active"}


def mode_state(mode: str) -> State:
    """A mode as a badge."""
    return State(_(_MODE_SHORT[mode]), _MODE_TONES[mode])


def version_state(row: PolicyVersion, holds: uuid.UUID | None) -> State:
    """Where a version stands; ``holds`` is the one in force."""
    if row.state == "draft":
        return State(_("draft"), "wait")
    if row.state == "withdrawn":
        return State(_("withdrawn"), "void")
    if row.id == holds:
        return State(_("in force"), "done")
    if row.effective_from is not None and row.effective_from > clock.now():
        return State(_("coming"), "attention")
    return State(_("past"), "idle")


def version_words(number: int | None) -> str:
    """A version's number in words; a draft has none."""
    return _("version %(n)s", n=number) if number else _("draft")


def head(found: Any, coming: list[PolicyVersion]) -> dict[str, Any]:
    """The line above a version: which it is, in which mode, since when, and what comes after it."""
    return {
        "name": found.name,
        "version": version_words(found.number),
        "mode": mode_state(found.mode),
        "since": found.effective_from,
        "next_since": coming[0].effective_from if coming else None,
    }


def grouped(preset: Preset, rows: Iterable[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Rows by what their parameters are about; ``rows`` are pairs of a key and what is shown."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for key, row in rows:
        groups.setdefault(key.split(".")[0], []).append(row)
    return [{"title": preset.families.get(key, key), "rows": rows} for key, rows in groups.items()]


def parameter_groups(s: CompanySession, found: ResolvedPolicy) -> list[dict[str, Any]]:
    """Every figure of a version, with its default and what is scheduled."""
    rows = []
    for row in policies.parameter_rows(s, found.version_id, after=clock.now()):
        parameter = row.parameter
        future = row.future[0] if row.future else None
        shown = {
            "label": parameter.title_zh,
            "help": parameter.help_zh,
            "default": row.default_words,
            "current": row.words,
            "future": future.words if future else "",
            "since": future.at if future else None,
        }
        rows.append((parameter.key, shown))
    return grouped(policies.shipped(s.site, found.preset).preset, rows)


def drill_rows(s: CompanySession, found: Any) -> list[dict[str, Any]]:
    """The company's drills, run under a version."""
    return [
        {"name": one.name, "ok": one.passed, "text": getattr(one, "summary", ""), "url": ""}
        for one in drills.run_all(s, found)
    ]


def shipped_examples(found: Any) -> dict[str, Any]:
    """The shipped examples under a version: how many come out as written, and which do not."""
    changes = drills.shipped_changes(current().site, found)
    return {"all": len(changes), "otherwise": [one.drill for one in changes if one.differs]}


def clauses(found: Any) -> list[dict[str, str]]:
    """A version's clauses with its figures filled in."""
    return [
        {"rule": rule, "number": clause.number, "text": found.policy.sentence(rule)}
        for rule, clause in found.policy.clauses.items()
    ]


def differences(rows: list[policies.Row]) -> list[dict[str, str]]:
    """What changed, as a table of before and after."""
    words = {
        "clause": _("Clause"),
        "mode": _("Mode"),
        "preset": _("Shipped regulation"),
    }
    return [
        {
            "label": row.title or words.get(row.kind, row.key),
            "clause": row.key if row.kind == "clause" else "",
            "before": _(row.before_words) if row.kind == "mode" else row.before_words,
            "after": _(row.after_words) if row.kind == "mode" else row.after_words,
        }
        for row in rows
    ]
