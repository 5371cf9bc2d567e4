"""Find a Chinese font without fontconfig, and say what to do where there is none.

Only families with mainland glyphs count: the same file often holds a Japanese face too, and
直 骨 角 printed from that look foreign on a Chinese form.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from zhike.errors import ZhikeError

if TYPE_CHECKING:
    import typst

DEBIAN_PACKAGE = "fonts-noto-cjk"
FOLDER_VARIABLE = "ZHIKE_FONT_DIR"

# Family as the font names itself, and how its files begin (lower case). First found wins: sans
# before serif before what merely covers the characters.
_FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Noto Sans CJK SC", ("notosanscjk", "notosanscjksc")),
    ("Noto Sans SC", ("notosanssc",)),
    ("Source Han Sans SC", ("sourcehansans",)),
    ("Source Han Sans CN", ("sourcehansanscn",)),
    ("PingFang SC", ("pingfang",)),
    ("Microsoft YaHei", ("msyh",)),
    ("WenQuanYi Micro Hei", ("wqy-microhei",)),
    ("WenQuanYi Zen Hei", ("wqy-zenhei",)),
    ("Heiti SC", ("stheiti",)),
    ("Noto Serif CJK SC", ("notoserifcjk", "notoserifcjksc")),
    ("Noto Serif SC", ("notoserifsc",)),
    ("Source Han Serif SC", ("sourcehanserif",)),
    ("SimSun", ("simsun",)),
    ("AR PL UMing CN", ("uming",)),
    ("Droid Sans Fallback", ("droidsansfallback",)),
)
_SUFFIXES = (".ttc", ".otf", ".ttf", ".otc")
_MAX_FILES = 20_000  # a folder tree larger than this is no font folder


@dataclass(frozen=True, slots=True)
class FontStatus:
    """What :func:`cjk_font` found: ``family`` and the folder it lies in, or neither."""

    family: str = ""
    folder: str = ""

    @property
    def ok(self) -> bool:
        """Whether Chinese can be printed to PDF on this machine."""
        return bool(self.family)


class NoCjkFont(ZhikeError):
    """No Chinese font on this machine; ``package`` is the Debian package that brings one."""

    package = DEBIAN_PACKAGE

    def __init__(self) -> None:
        super().__init__(f"no Chinese font found; install the Debian package {self.package}")


def font_folders() -> tuple[Path, ...]:
    """The folders that are looked through: ``ZHIKE_FONT_DIR`` first, then the usual ones."""
    own = os.environ.get(FOLDER_VARIABLE, "")
    home = Path.home()
    usual = (
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".local/share/fonts",
        home / ".fonts",
        Path("/System/Library/Fonts"),
        Path("/Library/Fonts"),
        home / "Library/Fonts",
    )
    return (*(Path(part) for part in own.split(os.pathsep) if part), *usual)


def cjk_font(folders: tuple[Path, ...] | None = None) -> FontStatus:
    """Find the best Chinese font of this machine.

    The answer for the usual folders is kept for the life of the process; a newly installed font is
    seen after :func:`forget_fonts` or a restart. A miss is never kept.
    """
    status, _ = _search(folders if folders is not None else font_folders())
    if not status.ok:
        forget_fonts()
    return status


def loaded_fonts(folders: tuple[Path, ...] | None = None) -> tuple[str, typst.Fonts]:
    """Return the family to set type in and the fonts to hand to the compiler.

    Raises :class:`NoCjkFont`.
    """
    status, fonts = _search(folders if folders is not None else font_folders())
    if fonts is None:
        forget_fonts()
        raise NoCjkFont
    return status.family, fonts


def forget_fonts() -> None:
    """Look again at the next call."""
    _search.cache_clear()


@lru_cache(maxsize=4)
def _search(folders: tuple[Path, ...]) -> tuple[FontStatus, typst.Fonts | None]:
    """Candidates by file name, each believed only when its file really holds the family."""
    import typst

    places: dict[str, set[str]] = {}
    for file in _font_files(folders):
        name = file.name.lower()
        for family, starts in _FAMILIES:
            if name.startswith(starts):
                places.setdefault(family, set()).add(str(file.parent))
    for family, _ in _FAMILIES:
        for folder in sorted(places.get(family, ())):
            fonts = typst.Fonts(include_system_fonts=False, font_paths=[folder])
            if family in fonts.families():
                return FontStatus(family, folder), fonts
    return FontStatus(), None


def _font_files(folders: tuple[Path, ...]) -> Iterator[Path]:
    seen = 0
    for root in folders:
        for folder, _, names in os.walk(root):
            for name in names:
                seen += 1
                if seen > _MAX_FILES:
                    return
                if name.lower().endswith(_SUFFIXES):
                    yield Path(folder, name)
