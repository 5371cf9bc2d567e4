"""Books 多表工作簿: one workbook whose sheets are different imports, in and out.

Each sheet becomes an :class:`~.reading.Upload` of its own, so that checking and applying are those
of a single import; the workbook comes back with a column of errors on every sheet.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhike.contributions import Column
from zhike.i18n import _
from zhike.services.textkit import clean, nfkc
from zhike.services.transfer.cells import as_text, sheet_cell
from zhike.services.transfer.checking import Report
from zhike.services.transfer.headings import Translate, plain
from zhike.services.transfer.marking import mark_sheet
from zhike.services.transfer.reading import (
    LIMITS,
    MIB,
    BadUpload,
    Limits,
    Upload,
    find_head,
    kind_of,
    read_rows,
    read_sheets,
)
from zhike.services.transfer.template import data_sheet, notes_sheet


@dataclass(frozen=True, kw_only=True)
class BookSheet:
    """One sheet of a workbook: ``title`` is the name of its tab (English message id).

    ``rows`` stand in the template, by column key: what is known already.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Any]] = ()


def book_template(
    sheets: Sequence[BookSheet], translate: Translate = plain, *, tz: str = "Asia/Shanghai"
) -> bytes:
    """Return an xlsx with a tab for each sheet, filled with what is known; the last explains."""
    import xlsxwriter

    from zhike.services.forms.xlsx import sheet_name

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"strings_to_formulas": False}) as book:
        for sheet in sheets:
            page = book.add_worksheet(sheet_name(translate(sheet.title)))
            data_sheet(book, page, sheet.columns, translate, example=not sheet.rows)
            _known(book, page, sheet, tz)
        top = 0
        notes = book.add_worksheet(sheet_name(_("Instructions")))
        for sheet in sheets:
            top = notes_sheet(
                book, notes, sheet.columns, translate, top=top, title=translate(sheet.title)
            )
    return buffer.getvalue()


def _known(book: Any, page: Any, sheet: BookSheet, tz: str) -> None:
    forms = {
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "datetime": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        "text": book.add_format({"num_format": "@"}),
    }
    for number, row in enumerate(sheet.rows, start=1):
        for place, column in enumerate(sheet.columns):
            cell = sheet_cell(column, row.get(column.key), tz)
            if cell is None:
                continue
            form = forms.get(column.kind, forms["text"] if isinstance(cell, str) else None)
            if column.kind in ("date", "datetime"):
                page.write_datetime(number, place, cell, form)
            elif isinstance(cell, str):
                page.write_string(number, place, cell, form)
            else:
                page.write(number, place, cell, form)


def open_book(
    content: bytes,
    name: str,
    sheets: Sequence[BookSheet],
    *,
    limits: Limits = LIMITS,
    translate: Translate = plain,
) -> dict[str, Upload]:
    """Read a workbook: the uploads of its sheets by key; a sheet that is not in it is left out.

    A tab is known by its name. Raises :class:`~.reading.BadUpload` for what is no workbook, is too
    large, has none of the sheets, or lacks a required column in one that has rows.
    """
    if len(content) > limits.size:
        raise BadUpload(
            _("This file is larger than %(size)d MiB; please split it.", size=limits.size // MIB),
            status=413,
        )
    kind = kind_of(content)
    if kind == "csv":
        raise BadUpload(_("This is no workbook. Please upload the template as xlsx."))
    wanted = {}
    for sheet in sheets:
        wanted[nfkc(translate(sheet.title))] = wanted[nfkc(sheet.title)] = sheet
    digest = hashlib.sha256(content).hexdigest()
    found: dict[str, Upload] = {}
    for tab, grid in read_sheets(content, kind, limits):
        known = wanted.get(nfkc(tab))
        if known is None or known.key in found:
            continue
        rows = read_rows(grid, limits)
        if not rows:
            continue
        place, mapped = find_head(rows, known.columns, translate, None)
        if mapped.missing and len(rows) > place + 1:
            raise BadUpload(
                _(
                    "On the sheet “%(sheet)s” these columns are missing: %(columns)s.",
                    sheet=tab,
                    columns="、".join(mapped.missing),
                )
            )
        found[known.key] = Upload(
            name=clean(name)[:200],
            kind=kind,
            content=content,
            digest=digest,
            sheet=tab,
            head_row=rows[place].number,
            head=tuple(as_text(cell) for cell in rows[place].cells),
            rows=tuple(rows[place + 1 :]),
            mapped=mapped,
        )
    if not found:
        raise BadUpload(
            _(
                "This workbook has none of these sheets: %(names)s. Please use the template.",
                names="、".join(translate(sheet.title) for sheet in sheets),
            )
        )
    return found


def error_book(uploads: Mapping[str, Upload], reports: Mapping[str, Report]) -> bytes:
    """The same workbook with what was found written beside the rows of every sheet."""
    import openpyxl

    first = next(iter(uploads.values()))
    if first.kind != "xlsx":
        raise BadUpload(_("Please save the workbook as xlsx to get it back marked."))
    book = openpyxl.load_workbook(io.BytesIO(first.content))
    for key, upload in uploads.items():
        mark_sheet(book[upload.sheet], upload, reports.get(key, Report()))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
