"""Presets of the sales floor as data, each with its drills beside it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from zhike.rules import Preset, load_preset

FOLDER = Path(__file__).parent
FILES = {"P12": FOLDER / "p12.toml"}
"""Preset files by preset id."""


@cache
def preset(preset_id: str) -> Preset:
    """The preset of this id, read once. KeyError for an id this plugin does not ship."""
    return load_preset(FILES[preset_id])


def drills() -> tuple[Path, ...]:
    """The drills shipped beside the presets, in the order of their names."""
    return tuple(sorted((FOLDER / "drills").glob("*.yaml")))
