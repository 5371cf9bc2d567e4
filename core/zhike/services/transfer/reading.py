"""Open an uploaded sheet without trusting it: xlsx, old xls, csv in UTF-8 or GB 18030.

A workbook is a zip of XML: a few kilobytes can name cells a million rows apart or inflate to
gigabytes, and a reader would believe both. So the archive is measured before it is parsed, by
inflating it piece by piece and stopping at the cap; what the archive says about itself is not used.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from zhike.contributions import Column
from zhike.errors import UserError
from zhike.i18n import _
from zhike.services.textkit import clean
from zhike.services.transfer import formulas
from zhike.services.transfer.cells import as_text
from zhike.services.transfer.headings import Mapped, Translate, map_columns, plain

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What an upload may be at most; ``ratio`` counts once more than 10 MiB are inflated."""

    size: int = 20 * MIB
    inflated: int = 300 * MIB
    ratio: int = 150
    members: int = 2000
    rows: int = 100_000
    columns: int = 200
    cells: int = 3_000_000


LIMITS = Limits()
_HEAD_ROWS = 12  # ledgers often begin with a title and a date above the head
_CHUNK = 256 * 1024
_CELL = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,4})(\d{1,10})["']""")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

Kind = Literal["xlsx", "xls", "csv"]


class BadUpload(UserError):
    """A file that cannot be imported at all; the message says why and what to do."""

    code = "upload"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file: ``number`` as the spreadsheet counts, cells as read."""

    number: int
    cells: tuple[Any, ...]


@dataclass(frozen=True)
class Upload:
    """An opened file: its kind, its SHA-256, the sheet with the data, the head and the rows below.

    ``head_row`` is the head's row number; blank rows are left out of ``rows``. ``assigned`` is what
    a person said about heads of this file.
    """

    name: str
    kind: Kind
    content: bytes
    digest: str
    sheet: str
    head_row: int
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    mapped: Mapped
    assigned: Mapping[str, str] = field(default_factory=dict)


def open_upload(
    content: bytes,
    name: str,
    columns: Sequence[Column],
    *,
    limits: Limits = LIMITS,
    translate: Translate = plain,
    assigned: Mapping[str, str] | None = None,
    complete: bool = True,
) -> Upload:
    """Read an uploaded file and find its head and columns.

    The kind is told by the content, never by the name; ``name`` is only shown. The sheet and the
    row with the most known heads are taken; ``assigned`` says what further heads mean (see
    :func:`~.headings.map_columns`). Raises :class:`BadUpload` for what is too large, no sheet,
    empty, or lacks a required column; not the last where ``complete`` is false, for a page on
    which the missing columns are still to be found.
    """
    if len(content) > limits.size:
        raise BadUpload(
            _("This file is larger than %(size)d MiB; please split it.", size=limits.size // MIB),
            status=413,
        )
    kind = kind_of(content)
    best: tuple[int, str, int, Mapped, list[Row]] | None = None
    for sheet, grid in read_sheets(content, kind, limits):
        rows = read_rows(grid, limits)
        place, mapped = find_head(rows, columns, translate, assigned)
        score = len(mapped.places)
        if rows and (best is None or score > best[0]):
            best = (score, sheet, place, mapped, rows)
    if best is None:
        raise BadUpload(_("There is nothing in this file."))
    _score, sheet, place, mapped, rows = best
    if mapped.missing and complete:
        raise BadUpload(
            _(
                "These columns are missing: %(columns)s. Please use the template.",
                columns="、".join(mapped.missing),
            ),
            extra={"missing": list(mapped.missing)},
        )
    head = rows[place]
    return Upload(
        name=clean(name)[:200],
        kind=kind,
        content=content,
        digest=hashlib.sha256(content).hexdigest(),
        sheet=sheet,
        head_row=head.number,
        head=tuple(as_text(cell) for cell in head.cells),
        rows=tuple(rows[place + 1 :]),
        mapped=mapped,
        assigned={
            text: assigned[text]
            for text in (as_text(cell) for cell in head.cells)
            if assigned and text in assigned
        },
    )


def kind_of(content: bytes) -> Kind:
    """What a file is by its first bytes; raises :class:`BadUpload` for what is no spreadsheet."""
    if content.startswith(b"PK\x03\x04"):
        return "xlsx"
    if content.startswith(_OLE):
        return "xls"
    if content.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"{\\rtf")):
        raise BadUpload(_("This is no spreadsheet. Please upload an xlsx, xls or csv file."))
    return "csv"


def read_sheets(content: bytes, kind: Kind, limits: Limits) -> Iterator[tuple[str, Iterator[Any]]]:
    """The visible sheets with their grids; raises :class:`BadUpload` as :func:`open_upload`."""
    if kind == "csv":
        yield "", _csv_rows(content)
        return
    uncomputed = measure_archive(content, limits) if kind == "xlsx" else {}
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        visible = [
            meta.name
            for meta in book.sheets_metadata
            if meta.typ == python_calamine.SheetTypeEnum.WorkSheet
            and meta.visible == python_calamine.SheetVisibleEnum.Visible
        ]
        places = formulas.by_sheet(content, uncomputed) if uncomputed else {}
        for name in visible[:20]:
            sheet = book.get_sheet_by_name(name)
            first_row, first_column = sheet.start or (0, 0)
            lead = [""] * first_column
            above: list[list[Any]] = [[]] * first_row
            grid = iter([*above, *([*lead, *row] for row in sheet.to_python())])
            yield name, formulas.put_into(grid, places.get(name, {}))
    except python_calamine.PasswordError as error:
        raise BadUpload(_("This file has a password. Please save it without one.")) from error
    except python_calamine.CalamineError as error:
        raise BadUpload(
            _("This file is damaged or no spreadsheet. Please save it again as xlsx.")
        ) from error
    except formulas.Unplaced as error:
        raise _uncomputed() from error


def measure_archive(content: bytes, limits: Limits = LIMITS) -> dict[str, formulas.Places]:
    """Refuse an archive that inflates too far or whose sheets span too many cells.

    Raises :class:`BadUpload`. Counts what really comes out, and stops at the cap. Returns the
    formulas without a value that were seen on the way, by member.
    """
    too_large = BadUpload(
        _("This workbook is too large when unpacked; please copy the data into a new file."),
        status=413,
    )
    total = 0
    uncomputed: dict[str, formulas.Places] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > limits.members:
                raise too_large
            for member in members:
                is_sheet = member.filename.lower().lstrip("/").startswith("xl/worksheets/")
                extent, finder = _Extent(), formulas.Finder()
                with archive.open(member) as stream:
                    while chunk := stream.read(_CHUNK):
                        total += len(chunk)
                        crowded = total > 10 * MIB and total > limits.ratio * len(content)
                        if total > limits.inflated or crowded:
                            raise too_large
                        if is_sheet:
                            extent.scan(chunk)
                            finder.scan(chunk)
                if extent.rows > limits.rows + _HEAD_ROWS or extent.columns > limits.columns:
                    raise _too_many(limits)
                if extent.rows * extent.columns > limits.cells:
                    raise _too_many(limits)
                if finder.places:
                    uncomputed[member.filename.lstrip("/")] = finder.places
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        # RuntimeError is what zipfile raises for an encrypted member.
        raise BadUpload(
            _("This file is damaged or no spreadsheet. Please save it again as xlsx.")
        ) from error
    except formulas.Unplaced as error:
        raise _uncomputed() from error
    return uncomputed


class _Extent:
    """The furthest row and column that a sheet's XML names, read as it streams by."""

    def __init__(self) -> None:
        self.rows = self.columns = 0
        self._rest = b""

    def scan(self, chunk: bytes) -> None:
        text = self._rest + chunk
        for letters, digits in _CELL.findall(text):
            self.rows = max(self.rows, int(digits))
            column = 0
            for letter in letters.upper():
                column = column * 26 + letter - 64
            self.columns = max(self.columns, column)
        self._rest = text[-32:]


def _uncomputed() -> BadUpload:
    return BadUpload(
        _(
            "This workbook is full of formulas without values. Please open it in a spreadsheet "
            "program, save it, and upload it again."
        )
    )


def _too_many(limits: Limits) -> BadUpload:
    return BadUpload(
        _(
            "This file has too many rows or columns (at most %(rows)d and %(columns)d). Empty rows "
            "and columns with a format count too: please copy the data into a new file.",
            rows=limits.rows,
            columns=limits.columns,
        ),
        status=413,
    )


def _csv_rows(content: bytes) -> Iterator[list[str]]:
    text = _decode(content)
    lines = text[:20_000].splitlines()[:_HEAD_ROWS]
    delimiter = max(",\t;", key=lambda mark: sum(line.count(mark) for line in lines))
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise BadUpload(_("This csv file cannot be read: a field is too long.")) from error


def _decode(content: bytes) -> str:
    """UTF-8 where it is valid, else GB 18030 (what Excel in China writes), UTF-16 by its mark."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise BadUpload(_("This is no spreadsheet. Please upload an xlsx, xls or csv file."))


def read_rows(grid: Iterator[Any], limits: Limits) -> list[Row]:
    """The rows of a grid that hold something, with their numbers."""
    rows: list[Row] = []
    cells = 0
    for number, raw in enumerate(grid, start=1):
        last = len(raw)
        while last and (raw[last - 1] is None or raw[last - 1] == ""):
            last -= 1
        if not last:
            continue
        cells += last
        if len(rows) >= limits.rows + _HEAD_ROWS or last > limits.columns or cells > limits.cells:
            raise _too_many(limits)
        rows.append(Row(number, tuple(raw[:last])))
    return rows


def find_head(
    rows: Sequence[Row],
    columns: Sequence[Column],
    translate: Translate,
    assigned: Mapping[str, str] | None,
) -> tuple[int, Mapped]:
    """The row among the first that names the most columns; where none does, the one that names the
    most things: a title above the head fills one cell."""
    best = (0, Mapped(missing=tuple(translate(c.title) for c in columns if c.required)))
    score = (0, 0)
    for place, row in enumerate(rows[:_HEAD_ROWS]):
        mapped = map_columns([as_text(cell) for cell in row.cells], columns, translate, assigned)
        found = len(mapped.places)
        named = 0 if found else sum(isinstance(cell, str) for cell in row.cells if cell != "")
        if (found, named) > score:
            best, score = (place, mapped), (found, named)
    return best
