"""Heads of columns: what a sheet calls them, and which column a head means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from zhike.contributions import Column
from zhike.services.textkit import nfkc

Translate = Callable[[str], str]
"""Turns a title (English message id) into the reader's words; the owner's catalogue knows them."""

ERROR_HEADS = ("错误", "錯誤", "Errors")
"""How the column of errors may be called in a file that comes back to us."""

_REQUIRED = re.compile(r"\*|\((?:必填|必填项|required)\)")


def plain(text: str) -> str:
    """Leave a title as it is: the translation for forms whose titles are Chinese already."""
    return text


def heading(column: Column, translate: Translate = plain) -> str:
    """What stands above the column in a file we write."""
    return translate(column.title)


def _key(text: str) -> str:
    return _REQUIRED.sub("", nfkc(text).casefold()).replace(" ", "").strip(":")


def is_error_head(text: str) -> bool:
    """Whether a head is the error column of an earlier try."""
    return _key(text) in {_key(head) for head in ERROR_HEADS}


def _keys(columns: Sequence[Column]) -> frozenset[str]:
    return frozenset(column.key for column in columns)


@dataclass(frozen=True)
class Mapped:
    """Which column of the file is which: ``places`` by column key; the rest says what is amiss.

    ``missing`` are titles of required columns without a place, ``ignored`` heads that mean none
    of our columns, ``twice`` heads that mean a column already found.
    """

    places: dict[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    error_place: int | None = None


def map_columns(
    head: Sequence[str],
    columns: Sequence[Column],
    translate: Translate = plain,
    assigned: Mapping[str, str] | None = None,
) -> Mapped:
    """Match the heads of a file to columns by title, translated title, key or alias.

    Blanks, width, case, ``*`` and （必填） do not matter. ``assigned`` is what a person said: head
    as it stands in the file to column key, or to ``""`` for a column that is not wanted; it comes
    before what the heads say.
    """
    said = {text: key for text, key in (assigned or {}).items() if key in _keys(columns) or not key}
    wanted: dict[str, str] = {}
    for column in columns:
        names = (translate(column.title), column.title, column.key, *column.aliases)
        for name in names:
            wanted.setdefault(_key(name), column.key)
    places: dict[str, int] = {}
    ignored, twice = [], []
    error_place = None
    for place, text in sorted(enumerate(head), key=lambda pair: pair[1] not in said):
        if not text.strip():
            continue
        key = said[text] or None if text in said else wanted.get(_key(text))
        if key is None:
            if is_error_head(text):
                error_place = place
            else:
                ignored.append(text)
        elif key in places:
            twice.append(text)
        else:
            places[key] = place
    missing = tuple(
        heading(column, translate)
        for column in columns
        if column.required and column.key not in places
    )
    return Mapped(places, missing, tuple(ignored), tuple(twice), error_place)
