"""A form as a workbook: Chinese heads, real numbers and dates, no text that runs as a formula."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any

from zhike.services.forms.html import copies_line, printed_line
from zhike.services.forms.model import Form, FormColumn, FormData, FormField, FormTable, Kind
from zhike.services.forms.values import (
    NUMBER,
    SERIAL,
    SHEET_FORMATS,
    TOTAL,
    add_up,
    sheet_value,
)
from zhike.services.textkit import clean, safe_cell

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

MAX_CELL = 32_767
"""Characters a cell can hold in the xlsx format; longer texts are cut there."""

_PAPER = {"A4": 9, "A5": 11}


def render_xlsx(form: Form, data: FormData, company_name: str = "") -> bytes:
    """Return the form as an xlsx file; see :func:`write_xlsx`."""
    buffer = io.BytesIO()
    write_xlsx(form, data, buffer, company_name)
    return buffer.getvalue()


def write_xlsx(form: Form, data: FormData, file: IO[bytes], company_name: str = "") -> None:
    """Write the form to ``file`` as xlsx, one sheet, rows streamed in constant memory.

    Money is in yuan, shares are percentages, instants wall times of ``data.tz``; texts beginning
    like a formula carry an apostrophe (:func:`zhike.services.textkit.safe_cell`).
    """
    import xlsxwriter

    with xlsxwriter.Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    ) as book:
        _Sheet(book, form, data, company_name).write()


class _Sheet:
    """Writes one form from top to bottom; the constant-memory mode allows no way back."""

    def __init__(self, book: Any, form: Form, data: FormData, company_name: str) -> None:
        self.form, self.data, self.company_name = form, data, company_name
        self.sheet: Worksheet = book.add_worksheet(sheet_name(form.title))
        self.width = max([len(table.columns) + table.numbered for table in form.tables], default=6)
        self.width = max(self.width, 4)
        self.row = 0
        font = {"font_name": "宋体", "font_size": 10.5, "valign": "vcenter", "text_wrap": True}
        self.plain = book.add_format(font)
        self.title = book.add_format({**font, "font_size": 16, "bold": True, "align": "center"})
        self.centre = book.add_format({**font, "align": "center"})
        self.head = book.add_format({**font, "bold": True, "align": "center", "border": 1})
        self.label = book.add_format({**font, "bold": True, "border": 1})
        self.cells: dict[tuple[str, Kind], Any] = {}
        for align in ("left", "center", "right"):
            box = {**font, "border": 1, "align": align}
            self.cells[align, "text"] = book.add_format(box)
            for kind, number_format in SHEET_FORMATS.items():
                self.cells[align, kind] = book.add_format({**box, "num_format": number_format})

    def write(self) -> None:
        self._page()
        if self.company_name:
            self._line(self.company_name, self.centre)
        self._line(self.form.title, self.title)
        if self.data.number:
            self._line(f"{NUMBER} {self.data.number}", self.centre)
        if self.data.mark:
            self._line(f"〔{self.data.mark}〕", self.centre)
        self._fields(self.form.fields)
        for table in self.form.tables:
            self._table(table)
        self._fields(self.form.foot_fields)
        for signature in self.form.signatures:
            blank = "　年　月　日" if signature.dated else ""
            self._line(f"{signature.title}：　　　　　　{blank}", self.plain)
        if self.form.note:
            self._line(self.form.note, self.plain)
        if self.form.copies:
            self._line(copies_line(self.form), self.plain)
        self._line(printed_line(self.form, self.data), self.plain)

    def _page(self) -> None:
        size, _, turned = self.form.paper.partition("-")
        self.sheet.set_paper(_PAPER[size])
        if turned:
            self.sheet.set_landscape()
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_footer("&C第 &P 页 / 共 &N 页")
        for table in self.form.tables[:1]:
            scale = 90 / sum(column.width for column in table.columns)
            first = 1 if table.numbered else 0
            if first:
                self.sheet.set_column(0, 0, 6)
            for place, column in enumerate(table.columns):
                self.sheet.set_column(first + place, first + place, max(8, column.width * scale))

    def _line(self, text: str, style: Any) -> None:
        text = safe_cell(clean(text))[:MAX_CELL]
        self.sheet.merge_range(self.row, 0, self.row, self.width - 1, "", style)
        self.sheet.write_string(self.row, 0, text, style)
        self.row += 1

    def _fields(self, fields: Iterable[FormField]) -> None:
        """Label and value in pairs, two to a line, so that a pivot or a formula can find them."""
        place = 0
        for box in fields:
            if place + 2 > min(self.width, 4):
                self.row, place = self.row + 1, 0
            self.sheet.write_string(self.row, place, box.title, self.label)
            self._cell(place + 1, box.kind, self.data.values.get(box.key), "left")
            place += 2
        if place:
            self.row += 1

    def _table(self, table: FormTable) -> None:
        if table.title:
            self._line(table.title, self.label)
        first = 1 if table.numbered else 0
        if first:
            self.sheet.write_string(self.row, 0, SERIAL, self.head)
        for place, column in enumerate(table.columns):
            self.sheet.write_string(self.row, first + place, column.title, self.head)
        if table is self.form.tables[0]:
            self.sheet.repeat_rows(self.row)
        self.row += 1
        totals = {column.key: 0 for column in table.columns if column.total}
        count = 0
        for count, row in enumerate(self.data.rows.get(table.key, ()), start=1):
            if first:
                self.sheet.write_number(self.row, 0, count, self.cells["center", "integer"])
            self._cells(first, table.columns, row)
            for column in table.columns:
                if column.total:
                    totals[column.key] = add_up(column, totals[column.key], row)
        for _ in range(count, table.min_rows):
            self._cells(first, table.columns, {})
        if totals:
            self.sheet.write_string(self.row, 0, TOTAL, self.head)
            if not first and not table.columns[0].total:
                totals[table.columns[0].key] = TOTAL  # type: ignore[assignment]  # a word among sums
            self._cells(first, table.columns, totals)

    def _cells(self, first: int, columns: tuple[FormColumn, ...], row: Mapping[str, Any]) -> None:
        for place, column in enumerate(columns):
            self._cell(first + place, column.kind, row.get(column.key), column.alignment)
        self.row += 1

    def _cell(self, place: int, kind: Kind, value: Any, align: str) -> None:
        content, shown_as = sheet_value(kind, value, self.data.tz)
        style = self.cells[align, shown_as]
        if content is None:
            self.sheet.write_blank(self.row, place, None, style)
        elif isinstance(content, str):
            self.sheet.write_string(self.row, place, content[:MAX_CELL], style)
        elif isinstance(content, int | float):
            self.sheet.write_number(self.row, place, content, style)
        else:
            self.sheet.write_datetime(self.row, place, content, style)


def sheet_name(title: str) -> str:
    """Return ``title`` as Excel lets a sheet be called: 31 characters, none of ``[]:*?/\\``."""
    name = re.sub(r"[\[\]:*?/\\]", " ", clean(title)).strip().strip("'")
    return name[:31] or "Sheet1"
