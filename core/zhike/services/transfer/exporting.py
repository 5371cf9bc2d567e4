"""Exports 导出: rows streamed into a file without a cap, and nobody takes them unseen.

A file is first written, then logged, then handed out: where the log cannot be written, the file is
deleted and the error passed on.
"""

from __future__ import annotations

import csv
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from zhike import clock
from zhike.contributions import Column, Exporter
from zhike.db.session import Actor, CompanySession
from zhike.models.transfer import ExportLog
from zhike.services.transfer.cells import csv_cell, sheet_cell
from zhike.services.transfer.headings import Translate, heading, plain

if TYPE_CHECKING:
    from zhike.site import Site

Format = Literal["xlsx", "csv"]
MAX_ROWS_PER_SHEET = 1_048_575
"""Rows below the head that one sheet can hold; more go to a further sheet."""

MEDIA_TYPES: dict[Format, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
_MAX_CELL = 32_767
_NUMBER_FORMATS = {
    "text": "@",
    "money": "#,##0.00",
    "date": "yyyy-mm-dd",
    "datetime": "yyyy-mm-dd hh:mm:ss",
}


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A finished export: a private file that is gone after :meth:`close` or the ``with`` block."""

    path: Path
    name: str
    media_type: str
    rows: int

    def close(self) -> None:
        """Delete the file; harmless when done twice."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def export(
    site: Site,
    company_id: int,
    actor: Actor,
    exporter: Exporter,
    *,
    filters: Mapping[str, Any] | None = None,
    columns: Sequence[str] = (),
    file_format: Format = "xlsx",
    tz: str = "Asia/Shanghai",
    translate: Translate = plain,
) -> ExportFile:
    """Run an exporter for a company and return the file.

    ``filters`` is what the list was filtered by (JSON-able, goes into the log), ``columns`` the
    keys wanted, in order (all by default). One snapshot is read; the log row and the ledger line
    are then written in a transaction of their own. The caller has checked ``exporter.permission``.
    """
    chosen = _chosen(exporter, columns)
    wanted = dict(filters or {})
    with site.reader(company_id, actor) as s:
        file = write_file(
            exporter.rows(s, wanted),
            chosen,
            title=translate(exporter.title),
            file_format=file_format,
            folder=site.config.home / "tmp",
            tz=tz,
            translate=translate,
        )
    try:
        with site.audit_session(company_id, actor) as s:
            log_export(
                s,
                exporter.name,
                filters=wanted,
                columns=[column.key for column in chosen],
                file_format=file_format,
                rows=file.rows,
            )
    except BaseException:  # what nobody wrote down leaves no file, also when interrupted
        file.close()
        raise
    return file


def sweep_exports(site: Site, older_than: timedelta = timedelta(hours=6)) -> int:
    """Delete export files that a killed process left behind; return how many.

    They hold personal data: a job calls this now and then. Younger files may still be on their way
    to somebody.
    """
    oldest = (clock.now() - older_than).timestamp()
    gone = 0
    for file in (site.config.home / "tmp").glob("export-*"):
        if file.stat().st_mtime < oldest:
            file.unlink(missing_ok=True)
            gone += 1
    return gone


def log_export(
    s: CompanySession,
    name: str,
    *,
    filters: Mapping[str, Any],
    columns: Sequence[str],
    file_format: Format,
    rows: int,
) -> ExportLog:
    """Write who took what into the export log and the ledger, in the caller's transaction."""
    from zhike.services import ledger

    log = ExportLog(
        exporter=name,
        format=file_format,
        filters=dict(filters),
        columns=list(columns),
        row_count=rows,
        user_id=s.actor.user_id,
        staff_id=s.actor.staff_id,
        actor_name=s.actor.name,
        at=clock.now(),
    )
    s.add(log)
    s.flush()
    # The values filtered by may be a customer's name: the ledger keeps which ones, not what.
    ledger.append(
        s,
        "core.export",
        object=f"core:export:{log.id}",
        body={
            "exporter": name,
            "format": file_format,
            "rows": rows,
            "columns": list(columns),
            "filtered_by": sorted(filters),
        },
    )
    return log


def write_file(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[Column],
    *,
    title: str,
    folder: Path,
    file_format: Format = "xlsx",
    tz: str = "Asia/Shanghai",
    translate: Translate = plain,
) -> ExportFile:
    """Stream ``rows`` into a new private file (0600) under ``folder``; nothing is logged.

    Memory does not grow with the number of rows. The file is deleted when writing fails.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, path = tempfile.mkstemp(prefix="export-", suffix=f".{file_format}", dir=folder)
    os.close(handle)
    heads = [heading(column, translate) for column in columns]
    try:
        if file_format == "csv":
            count = _write_csv(path, rows, columns, heads, tz)
        else:
            count = _write_xlsx(path, rows, columns, heads, title, tz)
    except BaseException:  # half a file of personal data stays for nobody, also when interrupted
        os.unlink(path)
        raise
    name = f"{file_stem(title)}-{clock.local(clock.now(), tz):%Y%m%d-%H%M}.{file_format}"
    return ExportFile(Path(path), name, MEDIA_TYPES[file_format], count)


def file_stem(title: str) -> str:
    """Return ``title`` as the beginning of a file name on any system."""
    stem = re.sub(r"[\x00-\x1f\x7f<>:\"/\\|?*.\s]+", "_", title).strip("_ ")
    return stem[:60] or "export"


def _chosen(exporter: Exporter, keys: Sequence[str]) -> tuple[Column, ...]:
    if not keys:
        return exporter.columns
    known = {column.key: column for column in exporter.columns}
    return tuple(known[key] for key in dict.fromkeys(keys) if key in known) or exporter.columns


def _write_csv(
    path: str,
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[Column],
    heads: Sequence[str],
    tz: str,
) -> int:
    count = 0
    # The mark at the start is how Excel tells UTF-8 from GBK.
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        for row in rows:
            count += 1
            writer.writerow([csv_cell(column, row.get(column.key), tz) for column in columns])
    return count


def _write_xlsx(
    path: str,
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[Column],
    heads: Sequence[str],
    title: str,
    tz: str,
) -> int:
    import xlsxwriter

    from zhike.services.forms.xlsx import sheet_name

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": os.path.dirname(path),
    }
    count, place, sheet = 0, MAX_ROWS_PER_SHEET, None
    base = sheet_name(title)[:26]
    with xlsxwriter.Workbook(path, options) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        formats = {
            kind: book.add_format({"num_format": shape}) for kind, shape in _NUMBER_FORMATS.items()
        }

        def new_sheet(number: int) -> Any:
            made = book.add_worksheet(base if number == 1 else f"{base} ({number})")
            made.freeze_panes(1, 0)
            for index, (column, head) in enumerate(zip(columns, heads, strict=True)):
                width = max(10, min(40, 2 * len(head) + 4))
                made.set_column(index, index, width, formats.get(column.kind))
                made.write_string(0, index, head, bold)
            return made

        number = 0
        for row in rows:
            if place >= MAX_ROWS_PER_SHEET:
                number, place = number + 1, 0
                sheet = new_sheet(number)
            place, count = place + 1, count + 1
            for index, column in enumerate(columns):
                _write(sheet, place, index, sheet_cell(column, row.get(column.key), tz), formats)
        if sheet is None:
            new_sheet(1)
    return count


def _write(sheet: Any, row: int, column: int, cell: Any, formats: Mapping[str, Any]) -> None:
    if cell is None:
        return
    if isinstance(cell, str):
        sheet.write_string(row, column, cell[:_MAX_CELL])
    elif isinstance(cell, date) and cell.year <= 1900:  # the format knows no dates before
        sheet.write_string(row, column, cell.isoformat())
    elif isinstance(cell, datetime):
        sheet.write_datetime(row, column, cell, formats["datetime"])
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, cell, formats["date"])
    else:
        sheet.write_number(row, column, cell)
