"""Drills 演练 of a company: stored, run under the version at hand, made from real days.

The pure runner is :mod:`zhike.drills`; this is what needs the company's data.
"""

from zhike.services.drills.compare import SideBySide, SideRow, shipped_changes, side_by_side
from zhike.services.drills.playing import (
    DrillResult,
    engines_for,
    play,
    presets_for,
    run_text,
    unpinned,
)
from zhike.services.drills.replay import day_document, day_text, pseudonyms, replay_day
from zhike.services.drills.store import (
    delete,
    drills_of,
    failing,
    remember,
    run_all,
    run_stored,
    save,
)

__all__ = [
    "DrillResult",
    "SideBySide",
    "SideRow",
    "day_document",
    "day_text",
    "delete",
    "drills_of",
    "engines_for",
    "failing",
    "play",
    "presets_for",
    "pseudonyms",
    "remember",
    "replay_day",
    "run_all",
    "run_stored",
    "run_text",
    "save",
    "shipped_changes",
    "side_by_side",
    "unpinned",
]
