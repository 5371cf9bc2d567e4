"""A form on the print page: semantic HTML without a single inline style (strict CSP).

The page around it (``zhike/base_print.html``) draws the head, the signatures and the foot from what
:func:`page` returns; :func:`render_html` is what stands between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from markupsafe import Markup, escape

from zhike.services.forms.model import Form, FormData, FormField, FormTable
from zhike.services.forms.values import NUMBER, SERIAL, TOTAL, add_up, display

_ALIGN = {"left": "", "center": "text-center", "right": "text-end zk-num"}


def render_html(form: Form, data: FormData) -> Markup:
    """Return boxes, tables and note of the form, every value escaped; needs no script.

    Instants show in ``data.tz``. Widths are the twelve-column grid's ``col-n``.
    """
    return Markup("").join(_parts(form, data))


def page(form: Form, data: FormData) -> dict[str, Any]:
    """Return what the print page shows: title, number, paper, signers, qr, copies, body …

    ``qr`` is ``{"d", "size"}`` of the code's path or ``None``; ``body`` is :func:`render_html`.
    """
    code = None
    if form.qr and data.qr:
        from zhike.services.printing.qr import qr_path

        code = qr_path(data.qr)
    return {
        "title": form.title,
        "number": f"{NUMBER} {data.number}" if data.number else "",
        "paper": form.paper.lower(),
        "signers": [signature.title for signature in form.signatures],
        "qr": code,
        "qr_text": data.number,
        "copies": "、".join(form.copies),
        "printed_at": data.printed_at,
        "foot": printed_line(form, data),
        "mark": data.mark,
        "body": render_html(form, data),
    }


def _parts(form: Form, data: FormData) -> Iterator[Markup]:
    if data.mark:
        # Pale and slanted for the eye, in plain words for a reader that speaks.
        yield Markup('<p class="visually-hidden">{0}</p>').format(data.mark)
        yield Markup('<p class="zk-paper__mark" aria-hidden="true">{}</p>').format(data.mark)
    yield from _fields(form.fields, data)
    for table in form.tables:
        yield from _table(table, data)
    yield from _fields(form.foot_fields, data)
    if form.note:
        yield Markup('<p class="zk-paper__note">{}</p>').format(_text(form.note))


def _fields(fields: Iterable[FormField], data: FormData) -> Iterator[Markup]:
    boxes = [
        Markup(
            '<div class="zk-paper__box col-{}" data-lines="{}"><dt>{}</dt><dd>{}</dd></div>'
        ).format(
            box.width,
            min(box.lines, 12),
            box.title,
            _text(display(box.kind, data.values.get(box.key), data.tz)),
        )
        for box in fields
    ]
    if boxes:
        yield Markup('<dl class="zk-paper__boxes row g-0">')
        yield from boxes
        yield Markup("</dl>")


def _table(table: FormTable, data: FormData) -> Iterator[Markup]:
    scale = sum(column.width for column in table.columns)
    yield Markup('<table class="zk-table zk-table--plain" role="table">')
    if table.title:
        yield Markup("<caption>{}</caption>").format(table.title)
    yield Markup("<colgroup>")
    if table.numbered:
        yield Markup('<col width="5%">')
    share = 95 if table.numbered else 100
    for column in table.columns:
        yield Markup('<col width="{:.2f}%">').format(column.width * share / scale)
    yield Markup("</colgroup><thead><tr>")
    if table.numbered:
        yield Markup('<th scope="col">{}</th>').format(SERIAL)
    for column in table.columns:
        yield Markup('<th scope="col">{}</th>').format(column.title)
    yield Markup("</tr></thead><tbody>")
    totals = {column.key: 0 for column in table.columns if column.total}
    count = 0
    for count, row in enumerate(data.rows.get(table.key, ()), start=1):
        for column in table.columns:
            if column.total:
                totals[column.key] = add_up(column, totals[column.key], row)
        yield _row(table, row, data.tz, str(count))
    for blank in range(count, table.min_rows):
        yield _row(table, {}, data.tz, str(blank + 1))
    yield Markup("</tbody>")
    if totals:
        yield Markup("<tfoot>{}</tfoot>").format(_row(table, totals, data.tz, TOTAL))
    yield Markup("</table>")


def _row(table: FormTable, row: Mapping[str, Any], tz: str, serial: str) -> Markup:
    cells = [_cell("text-center", SERIAL, serial)] if table.numbered else []
    for place, column in enumerate(table.columns):
        text = display(column.kind, row.get(column.key), tz)
        if place == 0 and serial == TOTAL and not table.numbered and not text:
            text = TOTAL
        cells.append(_cell(_ALIGN[column.alignment], column.title, text))
    return Markup("<tr>{}</tr>").format(Markup("").join(cells))


def _cell(style: str, label: str, text: str) -> Markup:
    # On a phone the rows become cards and the label stands before the value.
    return Markup('<td class="{}" data-label="{}">{}</td>').format(style, label, _text(text))


def copies_line(form: Form) -> str:
    """Return ``本单一式三联：存根联、财务联、客户联``."""
    return f"本单一式{len(form.copies)}联：{'、'.join(form.copies)}"


def printed_line(form: Form, data: FormData) -> str:
    """Return form code, number, who printed it and when, in the form's zone."""
    parts = [form.code]
    if data.number:
        parts.append(data.number)
    if data.printed_by:
        parts.append(f"打印 {data.printed_by}")
    if data.printed_at:
        parts.append(display("datetime", data.printed_at, data.tz))
    return " · ".join(parts)


def _text(text: str) -> Markup:
    return Markup("<br>").join(escape(line) for line in text.split("\n"))
