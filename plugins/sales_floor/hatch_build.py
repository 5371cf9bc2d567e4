"""Build hook: compile the message catalogues, so that neither a wheel nor a checkout lacks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildHook(BuildHookInterface[Any]):
    """Hatch's entry: called before files are collected, for wheels and for editable installs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile each ``zhike_*/translations/<locale>/LC_MESSAGES/*.po``."""
        for source in sorted(Path(self.root).glob("zhike_*/translations/*/LC_MESSAGES/*.po")):
            with source.open("rb") as po:
                catalogue = read_po(po, locale=source.parent.parent.name)
            part = source.with_suffix(".mo.part")
            with part.open("wb") as mo:
                write_mo(mo, catalogue)
            part.replace(source.with_suffix(".mo"))
