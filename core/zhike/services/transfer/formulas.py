"""Formulas without a value 没有值的公式: found in the XML; a reader takes them for empty cells.

A program that writes a workbook without calculating (a script, an export of another system) leaves
its formulas so. An empty result that was calculated is no such cell: it is marked as a text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from zhike.services.transfer.cells import UNCOMPUTED

Places = dict[int, list[int]]
"""Rows as the spreadsheet counts, each with the places (from 0) of its cells."""

MOST = 50_000
"""Cells that are named one by one; in a workbook with more, the workbook is what is wrong."""

_OVERLAP = 64 * 1024  # a cell with the longest formula, 8192 characters as entities
_TAG = rb"(?:\w{1,20}:)?"
_CELL = re.compile(
    rb"<TAGc(\s[^<>]*)?>\s*<TAGf\b(?:[^<>]*/>|[^<>]*>[^<]*</TAGf>)\s*"
    rb"(?:(<TAGv)\s*(?:/>|>\s*</TAGv>)\s*)?</TAGc>".replace(b"TAG", _TAG)
)
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})(\d{1,7})["']""")
_TEXT = re.compile(rb"""\st\s*=\s*["']str["']""")


class Unplaced(ValueError):
    """There are such cells, and it cannot be said where, or they are too many to say it."""


class Finder:
    """Such cells of one sheet, found as its XML streams by."""

    def __init__(self) -> None:
        self.places: Places = {}
        self._count = 0
        self._rest = b""

    def scan(self, chunk: bytes) -> None:
        """Look at the next piece; a sheet without formulas costs two searches. May raise
        :class:`Unplaced`."""
        text, end = self._rest + chunk, 0
        if b"<f" in text or b":f" in text:
            for found in _CELL.finditer(text):
                end = found.end()
                self._note(found[1] or b"", valued=found[2] is not None)
        self._rest = text[max(end, len(text) - _OVERLAP) :]

    def _note(self, attributes: bytes, *, valued: bool) -> None:
        if valued and _TEXT.search(attributes):
            return
        place = _PLACE.search(attributes)
        self._count += 1
        if place is None or self._count > MOST:
            raise Unplaced
        column = 0
        for letter in place[1].upper():
            column = column * 26 + letter - 64
        self.places.setdefault(int(place[2]), []).append(column - 1)


def by_sheet(content: bytes, by_member: Mapping[str, Places]) -> dict[str, Places]:
    """The same by the names of the sheets; may raise :class:`Unplaced`."""
    from openpyxl.reader.excel import ExcelReader

    try:
        reader = ExcelReader(io.BytesIO(content), read_only=True)
        reader.read_manifest()
        reader.read_workbook()
        members = {sheet.name: rel.target for sheet, rel in reader.parser.find_sheets()}
    except Exception as error:  # whatever an odd file does to this library, the file is refused
        raise Unplaced from error
    return {name: by_member[path] for name, path in members.items() if path in by_member}


def put_into(grid: Iterator[list[Any]], places: Places) -> Iterator[list[Any]]:
    """The rows of a sheet with :data:`~.cells.UNCOMPUTED` in these cells; a reader leaves rows and
    columns at the end out that hold nothing else."""
    number = 0
    for number, row in enumerate(grid, start=1):
        yield _filled(row, places.get(number, ()))
    for further in range(number + 1, max(places, default=0) + 1):
        yield _filled([], places.get(further, ()))


def _filled(row: list[Any], places: list[int] | tuple[()]) -> list[Any]:
    if not places:
        return row
    filled = [*row, *[""] * (max(places) + 1 - len(row))]
    for place in places:
        filled[place] = UNCOMPUTED
    return filled
