"""The same workbook back, with a column 错误 and the wrong cells coloured.

An xlsx keeps everything else it holds: formats, further sheets, formulas. Very large ones, xls and
csv come back as a plain xlsx with the same rows, since only xlsx can be edited.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from zhike.contributions import Problem
from zhike.i18n import _
from zhike.services.textkit import safe_cell
from zhike.services.transfer.cells import UNCOMPUTED
from zhike.services.transfer.checking import Report
from zhike.services.transfer.reading import Upload

MAX_EDITED_CELLS = 300_000
"""Cells up to which a workbook is edited in place: editing holds all of it in memory."""

_ERROR, _WARNING = "FFF4CCC6", "FFFBEBC8"


def error_workbook(upload: Upload, report: Report) -> bytes:
    """Return the upload as xlsx with what :func:`..checking.dry_run` found written into it.

    The column of an earlier try is written over; heads and row order stay, so the mended file can
    be uploaded again as it is.
    """
    cells = sum(len(row.cells) for row in upload.rows)
    if upload.kind == "xlsx" and cells <= MAX_EDITED_CELLS:
        return _edited(upload, report)
    return _rewritten(upload, report)


def sentence(problems: Sequence[Problem]) -> str:
    """All messages of one row in one cell."""
    return "；".join(
        _("Note: %(text)s", text=problem.message) if problem.warning else problem.message
        for problem in problems
    )


def _edited(upload: Upload, report: Report) -> bytes:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(upload.content))
    mark_sheet(book[upload.sheet], upload, report)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def mark_sheet(sheet: Any, upload: Upload, report: Report) -> None:
    """Write a sheet's errors into an opened workbook's sheet: the column, and colours."""
    from openpyxl.styles import Font, PatternFill

    wrong = PatternFill("solid", fgColor=_ERROR)
    doubtful = PatternFill("solid", fgColor=_WARNING)
    place = _error_place(upload) + 1
    head = sheet.cell(upload.head_row, place)
    head.value, head.font = _("Errors"), Font(bold=True, color="FFB83A26")
    sheet.column_dimensions[head.column_letter].width = 48
    found = report.by_row()
    for row in upload.rows:
        problems = found.get(row.number, ())
        note = sheet.cell(row.number, place)
        note.value = None
        if problems:
            note.value, note.data_type = safe_cell(sentence(problems)), "s"
        for problem in problems:
            at = upload.mapped.places.get(problem.column)
            if at is not None:
                cell = sheet.cell(row.number, at + 1)
                cell.fill = doubtful if problem.warning else wrong


def _rewritten(upload: Upload, report: Report) -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    found = report.by_row()
    place = _error_place(upload)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True, "bottom": 1})
        fills: dict[bool | None, dict[str, str]] = {
            None: {},
            False: {"bg_color": f"#{_ERROR[2:]}"},
            True: {"bg_color": f"#{_WARNING[2:]}"},
        }
        days = {"num_format": "yyyy-mm-dd"}
        moments = {"num_format": "yyyy-mm-dd hh:mm:ss"}
        styles = {
            (shape, mark): book.add_format({**form, **fills[mark]})
            for shape, form in (("day", days), ("moment", moments), ("plain", {}))
            for mark in fills
        }
        # Rows keep their numbers, since the sentences name them.
        top = upload.head_row - 1
        sheet.freeze_panes(top + 1, 0)
        sheet.set_column(place, place, 48)
        for at, text in enumerate(upload.head):
            if at != place:
                sheet.write_string(top, at, safe_cell(text), bold)
        sheet.write_string(top, place, _("Errors"), bold)
        for row in upload.rows:
            number = row.number - 1
            problems = found.get(row.number, ())
            marks = {
                upload.mapped.places[problem.column]: problem.warning
                for problem in problems
                if problem.column in upload.mapped.places
            }
            for at, cell in enumerate(row.cells):
                if at != place:
                    _write(sheet, number, at, cell, marks.get(at), styles)
            if problems:
                sheet.write_string(number, place, safe_cell(sentence(problems)))
    return buffer.getvalue()


def _write(sheet: Any, row: int, at: int, cell: Any, mark: bool | None, styles: Any) -> None:
    if cell is None or cell == "" or cell is UNCOMPUTED:
        if mark is not None:
            sheet.write_blank(row, at, None, styles["plain", mark])
    elif isinstance(cell, str):
        sheet.write_string(row, at, safe_cell(cell)[:32_767], styles["plain", mark])
    elif isinstance(cell, bool | int | float):
        sheet.write(row, at, cell, styles["plain", mark])
    elif isinstance(cell, datetime):
        sheet.write_datetime(row, at, cell, styles["moment", mark])
    elif isinstance(cell, date):
        sheet.write_datetime(row, at, cell, styles["day", mark])
    else:
        text = cell.isoformat() if isinstance(cell, time) else str(cell)
        sheet.write_string(row, at, text, styles["plain", mark])


def _error_place(upload: Upload) -> int:
    if upload.mapped.error_place is not None:
        return upload.mapped.error_place
    return max(len(upload.head), *(len(row.cells) for row in upload.rows), 1)
