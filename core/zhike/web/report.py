"""Reports 报表: a question, the answer as a sentence, charts, a table, and all of it to take along.

A view describes a :class:`Report` and returns ``report_page(report)``. The same address with
``as=print``, ``pdf``, ``xlsx`` or ``csv`` gives the same period and scope on paper or as a file; a
file is written into the export log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flask import Response, request

from zhike import clock
from zhike.contributions import Column as FileColumn
from zhike.errors import Forbidden
from zhike.i18n import _
from zhike.services import forms, printing, transfer
from zhike.services.transfer.exporting import MEDIA_TYPES, Format, file_stem
from zhike.web.charts import Chart
from zhike.web.context import current, end_reading
from zhike.web.page import page
from zhike.web.period import SPANS, Period
from zhike.web.ui import State, share
from zhike.web.ui_table import Chip, Column, Empty, Facet, Table, with_query

__all__ = ["Report", "report_page"]

_FILES = ("xlsx", "csv")
_PAPERS = ("print", "pdf")
#: From this many columns on a table wants the paper turned.
_WIDE = 6


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report as data.

    name        what it is called in the export log, such as ``sales_floor.fairness``.
    question    its title; ``answer`` the sentence that answers it.
    base_url    its own address without arguments.
    table       the numbers; columns of kind ``custom`` do not go into files.
    period      what it is about, with ``spans`` to choose among; None where it has none.
    facets      further choices, in the address like those of a list.
    others      the reports beside it, as links.
    place       the site or company it is about, for the paper.
    may_export  whether the reader may take the numbers away as a file.
    """

    name: str
    question: str
    answer: str
    base_url: str
    table: Table | None = None
    charts: Sequence[Chart] = ()
    period: Period | None = None
    spans: Sequence[str] = SPANS
    facets: Sequence[Facet] = ()
    others: Sequence[Chip] = ()
    place: str = ""
    note: str = ""
    may_export: bool = False
    empty: Empty | None = None

    @property
    def chooser(self) -> Table:
        """The facets as a list's tools know them, on the present address."""
        return Table(
            caption=self.question,
            columns=(),
            rows=(),
            id="report",
            base_url=self.base_url,
            args=_args(),
            facets=self.facets,
        )

    def url(self, **changes: str | None) -> str:
        """The report's address with ``changes``."""
        return with_query(self.base_url, _args(), **changes)

    def at(self, period: Period) -> str:
        """The report's address for another period."""
        gone = dict.fromkeys(("span", "on", "since", "until"), None)
        return self.url(**{**gone, **period.args})

    def spans_offered(self) -> list[Chip]:
        """Day, week, month around the present period."""
        words = {"day": _("One day"), "week": _("Week"), "month": _("Month")}
        period = self.period
        if period is None:
            return []
        return [
            Chip(words[span], self.at(Period.around(span, period.until)), span == period.span)
            for span in self.spans
        ]

    def takings(self) -> list[Chip]:
        """Ways to take it along: paper for every reader, files for who may."""
        ways = {"print": _("Print"), "pdf": "PDF"}
        if self.may_export and self.table is not None:
            ways |= {"xlsx": _("Workbook (xlsx)"), "csv": "CSV"}
        return [Chip(label, self.url(**{"as": way})) for way, label in ways.items()]


def _args() -> list[tuple[str, str]]:
    return [pair for pair in request.args.items(multi=True) if pair[0] != "as"]


def report_page(
    report: Report, template: str = "zhike/report.html", **context: Any
) -> str | Response:
    """Answer a request for ``report``: the page, or what its address asks for by ``as``.

    ``template`` extends ``zhike/report.html``. Raises ``Forbidden`` for a file that the reader may
    not take away. Without a Chinese font on the machine the PDF becomes the page to print.
    """
    way = request.args.get("as", "")
    if way in _FILES and report.table is not None:
        return _file(report, way)
    if way == "pdf":
        try:
            return _pdf(report)
        except printing.NoCjkFont:
            context["no_font"] = True
    if way in _PAPERS:
        return page(
            "zhike/report_print.html",
            report=report,
            back_url=report.url(),
            printed_at=clock.now(),
            fragment=False,
            **context,
        )
    return page(template, report=report, fragment=False, **context)


_FILE_KINDS: Mapping[str, Literal["integer", "money", "date", "datetime", "boolean"]] = {
    "num": "integer",
    "money": "money",
    "date": "date",
    "time": "datetime",
    "yes": "boolean",
}
_PAPER_KINDS: Mapping[str, forms.model.Kind] = {
    "num": "integer",
    "money": "money",
    "share": "share",
    "date": "date",
    "time": "datetime",
    "yes": "flag",
}


def _columns(table: Table) -> list[Column]:
    return [column for column in table.columns if column.kind != "custom"]


def _plain(table: Table, row: Any, column: Column) -> Any:
    """A value as files and paper take it: words of a state, percent of a share."""
    value = table.value(row, column.key)
    return value.word if isinstance(value, State) else value


def _file(report: Report, way: str) -> Response:
    me = current()
    if not report.may_export or me.company is None:
        raise Forbidden(_("Your role does not include taking files away."))
    table = report.table
    assert table is not None
    shown = _columns(table)
    columns = [
        FileColumn(key=c.key, title=c.label, kind=_FILE_KINDS.get(c.kind, "text")) for c in shown
    ]

    def line(row: Any) -> Mapping[str, Any]:
        values = {c.key: _plain(table, row, c) for c in shown}
        return {c.key: share(values[c.key]) if c.kind == "share" else values[c.key] for c in shown}

    file_format: Format = "csv" if way == "csv" else "xlsx"
    with transfer.write_file(
        (line(row) for row in table.rows),
        columns,
        title=report.question,
        folder=me.site.config.home / "tmp",
        file_format=file_format,
        tz=me.tz,
    ) as file:
        content = file.path.read_bytes()
        end_reading()
        with me.site.audit_session(me.company.id, me.actor) as s:
            transfer.log_export(
                s,
                report.name,
                filters=dict(_args()) | (report.period.args if report.period else {}),
                columns=[column.key for column in columns],
                file_format=file_format,
                rows=file.rows,
            )
    return _download(content, MEDIA_TYPES[file_format], f"{_stem(report)}.{way}", "attachment")


def _pdf(report: Report) -> Response:
    me = current()
    table = report.table
    shown = _columns(table) if table is not None else []
    tables: tuple[forms.FormTable, ...] = ()
    rows: list[dict[str, Any]] = []
    if table is not None and shown:
        tables = (
            forms.FormTable(
                key="lines",
                columns=tuple(
                    forms.FormColumn(
                        key=c.key,
                        title=c.label,
                        kind=_PAPER_KINDS.get(c.kind, "text"),
                        width=14 if not place else 10,
                    )
                    for place, c in enumerate(shown)
                ),
            ),
        )
        rows = [{c.key: _plain(table, row, c) for c in shown} for row in table.rows]
    form = forms.Form(
        name=report.name,
        title=report.question,
        paper="A4-landscape" if len(shown) >= _WIDE else "A4",
        fields=(
            forms.FormField(key="place", title=_("Site"), width=6),
            forms.FormField(key="period", title=_("Period"), width=6),
            forms.FormField(key="answer", title=_("Answer"), width=12),
        ),
        tables=tables,
    )
    data = forms.FormData(
        values={
            "place": report.place,
            "period": report.period.words() if report.period else "",
            "answer": report.answer,
        },
        rows={"lines": rows},
        tz=me.tz,
        printed_at=clock.now(),
        printed_by=me.actor.name,
    )
    content = forms.render_pdf(form, data, me.company.name if me.company else "")
    return _download(content, "application/pdf", f"{_stem(report)}.pdf", "inline")


def _stem(report: Report) -> str:
    """A file name every system takes; the period tells one from the next."""
    ends = f"-{report.period.since}-{report.period.until}" if report.period else ""
    return f"{file_stem(report.name)}{ends}"


def _download(content: bytes, mimetype: str, name: str, how: str) -> Response:
    return Response(
        content, mimetype=mimetype, headers={"Content-Disposition": f'{how}; filename="{name}"'}
    )
