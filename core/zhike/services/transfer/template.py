"""The workbook that people fill in: heads, lists to choose from, an example, and instructions."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from zhike.contributions import Column, Importer
from zhike.i18n import _
from zhike.services.transfer.headings import Translate, heading, plain

_LIST_LIMIT = 255  # characters of a list that Excel keeps inside the rule itself
_ROWS = 5000  # rows that get the lists and formats


def template(importer: Importer, translate: Translate = plain) -> bytes:
    """Return an empty xlsx for ``importer``: required heads carry ``*``, choices are lists.

    The second row is an example; a row that equals it is left out on import, so it does no harm
    when it stays. The sheet 说明 says what each column takes.
    """
    import xlsxwriter

    from zhike.services.forms.xlsx import sheet_name

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(sheet_name(translate(importer.title)))
        notes = book.add_worksheet(sheet_name(_("Instructions")))
        data_sheet(book, sheet, importer.columns, translate)
        notes_sheet(book, notes, importer.columns, translate)
    return buffer.getvalue()


def example_of(columns: Sequence[Column]) -> dict[str, str]:
    """The template's example row, as texts by column key; a row that equals it is untouched."""
    return {column.key: column.example for column in columns if column.example}


def data_sheet(
    book: Any,
    sheet: Any,
    columns: Sequence[Column],
    translate: Translate,
    *,
    example: bool = True,
) -> None:
    """Write the heads, lists and, with ``example``, the example row of a sheet to be filled in."""
    must = book.add_format({"bold": True, "bg_color": "#FCE4D6", "bottom": 1})
    may = book.add_format({"bold": True, "bg_color": "#E7EEF0", "bottom": 1})
    grey = book.add_format({"italic": True, "font_color": "#7F7F7F", "num_format": "@"})
    as_text = book.add_format({"num_format": "@"})
    lists = None
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        head = heading(column, translate)
        # Text columns stay text: Excel would turn a phone number into 1.38E+10.
        form = as_text if column.kind in ("text", "choice") else None
        sheet.set_column(place, place, max(12, min(40, 2 * len(head) + 4)), form)
        sheet.write_string(
            0, place, f"{head}*" if column.required else head, must if column.required else may
        )
        if column.help:
            sheet.write_comment(0, place, translate(column.help))
        if column.example and example:
            sheet.write_string(1, place, column.example, grey)
        if column.kind == "boolean":
            _choose(sheet, place, ["是", "否"])
        elif column.kind == "choice" and len(",".join(column.choices)) <= _LIST_LIMIT:
            _choose(sheet, place, list(column.choices))
        elif column.kind == "choice":
            if lists is None:
                lists = book.add_worksheet("_lists")
                lists.hide()
            lists.write_column(0, place, column.choices)
            area = f"=_lists!${_letters(place)}$1:${_letters(place)}${len(column.choices)}"
            _choose(sheet, place, area)


def _choose(sheet: Any, place: int, source: list[str] | str) -> None:
    sheet.data_validation(
        1,
        place,
        _ROWS,
        place,
        {
            "validate": "list",
            "source": source,
            "error_title": _("Not in the list"),
            "error_message": _("Please choose a value from the list."),
        },
    )


def notes_sheet(
    book: Any,
    sheet: Any,
    columns: Sequence[Column],
    translate: Translate,
    *,
    top: int = 0,
    title: str = "",
) -> int:
    """Explain the columns of a sheet from row ``top`` on, under ``title``; the next free row."""
    bold = book.add_format({"bold": True, "bottom": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    kinds = {
        "text": _("Text"),
        "integer": _("Whole number"),
        "money": _("Amount in yuan"),
        "date": _("Date, e.g. 2026-11-21"),
        "datetime": _("Date and time, e.g. 2026-11-21 09:30"),
        "boolean": "是 / 否",
        "choice": _("One of the list"),
    }
    lines = [title] if title else []
    lines += [
        _("Columns with * must be filled in. Keep the heads; their order does not matter."),
        _("The grey example row is not imported as long as it is unchanged."),
        _("The file is checked first. Rows with mistakes come back marked in the same file."),
    ]
    for place, line in enumerate(lines, start=top):
        sheet.write_string(place, 0, line, *([bold] if title and place == top else []))
    top += len(lines) + 1
    heads = (_("Column"), _("Required"), _("What it holds"), _("Choices"), _("Example"), _("Note"))
    for place, head in enumerate(heads):
        sheet.write_string(top, place, head, bold)
    for row, column in enumerate(columns, start=top + 1):
        texts = (
            heading(column, translate),
            "是" if column.required else "",
            kinds[column.kind],
            "、".join(column.choices),
            column.example,
            translate(column.help) if column.help else "",
        )
        for place, text in enumerate(texts):
            sheet.write_string(row, place, text, wrapped)
    for place, width in enumerate((18, 8, 30, 40, 24, 50)):
        sheet.set_column(place, place, width)
    return top + len(columns) + 2


def _letters(place: int) -> str:
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(65 + rest) + text
    return text
