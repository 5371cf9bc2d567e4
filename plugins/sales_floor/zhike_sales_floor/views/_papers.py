"""Registers and sheets as pages, PDF and workbooks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response

from zhike.api import clock, current, forms, page, printing

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def answer(
    form: forms.Form, data: forms.FormData, kind: str, *, back: str, **context: Any
) -> str | Response:
    """``kind`` html, pdf or xlsx; without a Chinese font the PDF becomes the printable page."""
    me = current()
    company = me.company
    data = replace(data, printed_by=me.actor.name)
    name = company.name if company else ""
    stem = f"{form.code}-{clock.local(clock.now(), data.tz):%Y%m%d}"
    if kind == "xlsx":
        return _file(forms.render_xlsx(form, data, name), XLSX, f"{stem}.xlsx", "attachment")
    if kind == "pdf":
        try:
            return _file(
                forms.render_pdf(form, data, name), "application/pdf", f"{stem}.pdf", "inline"
            )
        except printing.NoCjkFont:
            context["no_font"] = True
    paper = forms.page(form, data)
    return page(
        "sales_floor/paper.html",
        **{**paper, "form_title": paper.pop("title"), "form_number": paper.pop("number")},
        back_url=back,
        fragment=False,
        **context,
    )


def on_screen(form: forms.Form) -> forms.Form:
    """The form without the empty lines that paper has for writing by hand."""
    return replace(form, tables=tuple(replace(table, min_rows=0) for table in form.tables))


def _file(content: bytes, mimetype: str, name: str, how: str) -> Response:
    return Response(
        content, mimetype=mimetype, headers={"Content-Disposition": f'{how}; filename="{name}"'}
    )
