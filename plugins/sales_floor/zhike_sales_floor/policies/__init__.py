"""Presets of the sales floor as data, each with its drills beside it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from zhike.rules import Preset, load_preset

FOLDER = Path(__file__).parent
FILES = {"P12": FOLDER / "p12.toml", "P13": FOLDER / "p13.toml"}
"""Preset files by preset id."""


@cache
def preset(preset_id: str) -> Preset:
    """The preset of this id, read once. KeyError for an id this plugin does not ship."""
    return load_preset(FILES[preset_id])


def drills(preset_id: str = "") -> tuple[Path, ...]:
    """The drills shipped beside a preset, or beside all, in the order of their names."""
    prefix = f"{preset_id.lower()}-" if preset_id else ""
    return tuple(sorted((FOLDER / "drills").glob(f"{prefix}*.yaml")))
