"""Any form to PDF through one typst template.

What people wrote reaches the template as JSON in a system input and is set as *text*: it is never
compiled, so ``#read("/etc/passwd")`` prints as these letters. The template is a constant of the
package and reads no file; the compiler's root is an empty folder all the same.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from zhike.services.forms.html import copies_line, printed_line
from zhike.services.forms.model import Form, FormData, FormField, FormTable
from zhike.services.forms.values import (
    DATED,
    NUMBER,
    SERIAL,
    SIGNED,
    TOTAL,
    add_up,
    display,
)
from zhike.services.printing.fonts import loaded_fonts
from zhike.services.printing.qr import qr_svg
from zhike.services.textkit import clean

_UNBROKEN = re.compile(r"[\x21-\x7e]{24,}")
_STEP = 12
_ZERO_WIDTH_SPACE = "\u200b"


def render_pdf(
    form: Form, data: FormData, company_name: str = "", *, copies: Sequence[str] | None = None
) -> bytes:
    """Return ``form`` filled with ``data`` as PDF, every font embedded as a subset.

    Each copy (``form.copies`` unless ``copies`` names others) starts on a page of its own and
    counts its own pages. The same input gives the same bytes when ``data.printed_at`` is set.
    Raises :class:`~zhike.services.printing.NoCjkFont` where no Chinese font is installed.
    """
    import typst

    family, fonts = loaded_fonts()
    content = _content(form, data, company_name, tuple(form.copies if copies is None else copies))
    with tempfile.TemporaryDirectory(prefix="zhike-print-") as empty:
        compiler = typst.Compiler(
            input=_template(),
            root=empty,
            font_paths=fonts,
            ignore_system_fonts=True,
            sys_inputs={"content": json.dumps(content, ensure_ascii=False), "font": family},
        )
        printed = data.printed_at  # typst refuses fractions of a second
        stamp = printed.replace(microsecond=0) if printed else None
        pdf = compiler.compile(format="pdf", timestamp=stamp)
    assert isinstance(pdf, bytes)
    return pdf


@lru_cache(maxsize=1)
def _template() -> bytes:
    return files(__package__).joinpath("form.typ").read_bytes()


def _content(
    form: Form, data: FormData, company_name: str, copies: tuple[str, ...]
) -> dict[str, Any]:
    """Everything the template draws, as texts ready to be set."""
    size, _, turned = form.paper.partition("-")
    return {
        "words": {"number": NUMBER, "signed": SIGNED, "dated": DATED},
        "paper": size.lower(),
        "flipped": bool(turned),
        "small": size == "A5",
        "company": _soft(company_name),
        "title": _soft(form.title),
        "number": _soft(data.number),
        "mark": clean(data.mark)[:8],
        "qr": qr_svg(data.qr) if form.qr and data.qr else "",
        "copies": [_soft(copy) for copy in copies] or [""],
        "fields": _boxes(form.fields, data),
        "tables": [_table(table, data) for table in form.tables],
        "foot_fields": _boxes(form.foot_fields, data),
        "signatures": [{"title": _soft(box.title), "dated": box.dated} for box in form.signatures],
        "notes": [_soft(note) for note in _notes(form)],
        "printed": _soft(printed_line(form, data)),
    }


def _notes(form: Form) -> list[str]:
    notes = [form.note] if form.note else []
    return [*notes, copies_line(form)] if form.copies else notes


def _boxes(fields: Sequence[FormField], data: FormData) -> list[dict[str, Any]]:
    return [
        {
            "title": _soft(box.title),
            "text": _soft(display(box.kind, data.values.get(box.key), data.tz)),
            "width": box.width,
            "lines": box.lines,
        }
        for box in fields
    ]


def _table(table: FormTable, data: FormData) -> dict[str, Any]:
    first = [SERIAL] if table.numbered else []
    rows: list[list[str]] = []
    totals = {column.key: 0 for column in table.columns if column.total}
    for row in data.rows.get(table.key, ()):
        number = [str(len(rows) + 1)] if table.numbered else []
        rows.append(number + _cells(table, row, data.tz))
        for column in table.columns:
            if column.total:
                totals[column.key] = add_up(column, totals[column.key], row)
    while len(rows) < table.min_rows:
        number = [str(len(rows) + 1)] if table.numbered else []
        rows.append(number + [""] * len(table.columns))
    last = _cells(table, totals, data.tz) if totals else []
    if totals and table.numbered:
        last = [TOTAL, *last]
    elif totals and not last[0]:
        last[0] = TOTAL
    scale = sum(column.width for column in table.columns)
    narrow = [scale * 0.06] if table.numbered else []
    return {
        "title": _soft(table.title),
        "serial": int(table.numbered),
        "widths": [*narrow, *(column.width for column in table.columns)],
        "align": [*(["center"] if table.numbered else []), *(c.alignment for c in table.columns)],
        "head": [_soft(title) for title in (*first, *(column.title for column in table.columns))],
        "rows": rows,
        "totals": last,
    }


def _cells(table: FormTable, row: Mapping[str, Any], tz: str) -> list[str]:
    return [_soft(display(column.kind, row.get(column.key), tz)) for column in table.columns]


def _soft(text: str) -> str:
    """Let an unbroken run of letters break anywhere, as a spreadsheet would, instead of running
    over its neighbour; Chinese breaks by itself."""
    return _UNBROKEN.sub(
        lambda run: _ZERO_WIDTH_SPACE.join(
            run.group()[start : start + _STEP] for start in range(0, len(run.group()), _STEP)
        ),
        clean(text),
    )
