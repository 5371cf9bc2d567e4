"""Exports: streamed, split, safe to open, and never unseen."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select

from zhike import clock
from zhike.contributions import Column, Exporter, Importer
from zhike.db.session import Actor
from zhike.models.ledger import LedgerLine
from zhike.models.party import Party
from zhike.models.transfer import ExportLog
from zhike.services import ledger
from zhike.services.transfer import export, exporting, open_upload, sweep_exports, write_file
from zhike.site import Site

COLUMNS = (
    Column(key="name", title="客户姓名"),
    Column(key="deposit", title="定金", kind="money"),
    Column(key="seen", title="首访", kind="datetime"),
    Column(key="day", title="日期", kind="date"),
    Column(key="old", title="老客户", kind="boolean"),
)
ROW: dict[str, Any] = {
    "name": "=HYPERLINK(1)",
    "deposit": 123450,
    "seen": datetime(2026, 11, 20, 16, 30, tzinfo=UTC),
    "day": date(2026, 11, 21),
    "old": True,
}
ACTOR = Actor(kind="user", name="李敏")


def rows(s: Any, filters: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for name in s.scalars(select(Party.name).order_by(Party.name)):
        yield {"name": name, "deposit": 100}


EXPORTER = Exporter(
    name="core.parties", title="客户/台账", permission="core.party.view", columns=COLUMNS, rows=rows
)


def written(folder: Path, content: Iterable[Mapping[str, Any]], **more: Any) -> Any:
    return write_file(content, COLUMNS, title="客户台账", folder=folder, **more)


def test_xlsx_holds_real_values(tmp_path: Path) -> None:
    with written(tmp_path, [ROW, {}]) as file:
        sheet: Any = openpyxl.load_workbook(file.path).active
        assert [cell.value for cell in sheet[1]] == ["客户姓名", "定金", "首访", "日期", "老客户"]
        assert [cell.value for cell in sheet[2]] == [
            "'=HYPERLINK(1)",
            1234.5,
            datetime(2026, 11, 21, 0, 30),  # noqa: DTZ001  a cell knows no zone
            datetime(2026, 11, 21),  # noqa: DTZ001  a cell knows no zone
            "是",
        ]
        assert sheet["A2"].data_type == "s"
        assert file.rows == 2
        assert file.path.stat().st_mode & 0o777 == 0o600
    assert not file.path.exists()


def test_csv_opens_in_excel(tmp_path: Path) -> None:
    with written(tmp_path, [ROW], file_format="csv") as file:
        raw = file.path.read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")
        found = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
        assert found[1] == ["'=HYPERLINK(1)", "1234.50", "2026-11-21 00:30:00", "2026-11-21", "是"]


def test_rows_beyond_a_sheet_go_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MAX_ROWS_PER_SHEET", 10)
    with written(tmp_path, ({"name": f"客户{n}"} for n in range(25))) as file:
        book = openpyxl.load_workbook(file.path)
        assert book.sheetnames == ["客户台账", "客户台账 (2)", "客户台账 (3)"]
        assert [sheet.max_row for sheet in book] == [11, 11, 6]
        assert book.worksheets[2]["A6"].value == "客户24"
        assert file.rows == 25


def test_the_limit_of_a_sheet_is_excels() -> None:
    assert exporting.MAX_ROWS_PER_SHEET + 1 == 2**20


def test_an_empty_export_has_its_head(tmp_path: Path) -> None:
    with written(tmp_path, []) as file:
        sheet: Any = openpyxl.load_workbook(file.path).active
        assert sheet["A1"].value == "客户姓名"


def test_a_failing_export_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield ROW
        raise RuntimeError

    with pytest.raises(RuntimeError):
        written(tmp_path / "x", broken())
    assert list((tmp_path / "x").iterdir()) == []


def test_an_export_is_in_the_log_and_in_the_ledger(site: Site) -> None:
    with site.transaction(1) as s:
        s.add_all([Party(name="张伟"), Party(name="李敏")])
    with export(
        site, 1, ACTOR, EXPORTER, filters={"owner": "张伟"}, columns=["name", "nonsense"]
    ) as file:
        assert file.name.startswith("客户_台账-")
        assert file.name.endswith(".xlsx")
        assert file.path.parent == site.config.home / "tmp"
        sheet: Any = openpyxl.load_workbook(file.path).active
        assert [[cell.value for cell in row] for row in sheet] == [["客户姓名"], ["张伟"], ["李敏"]]
    with site.reader(1) as s:
        (log,) = s.scalars(select(ExportLog)).all()
        assert (log.exporter, log.row_count, log.actor_name) == ("core.parties", 2, "李敏")
        assert (log.filters, log.columns) == ({"owner": "张伟"}, ["name"])
        (line,) = s.scalars(select(LedgerLine)).all()
        assert line.action == "core.export"
        assert line.body["rows"] == 2
        assert "张伟" not in str(line.body)
    with site.reader(2) as s:
        assert s.scalar(select(func.count()).select_from(ExportLog)) == 0


def test_what_cannot_be_logged_is_not_handed_out(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("ledger is full")

    monkeypatch.setattr(ledger, "append", refuse)
    with pytest.raises(RuntimeError):
        export(site, 1, ACTOR, EXPORTER)
    assert list((site.config.home / "tmp").iterdir()) == []
    with site.reader(1) as s:
        assert s.scalar(select(func.count()).select_from(ExportLog)) == 0


def test_files_left_behind_are_swept(site: Site) -> None:
    left = export(site, 1, ACTOR, EXPORTER)
    assert sweep_exports(site) == 0
    with clock.frozen(clock.now() + timedelta(hours=7)):
        assert sweep_exports(site) == 1
    assert not left.path.exists()


def test_an_export_can_be_imported_again(tmp_path: Path, importer: Importer) -> None:
    columns = [column for column in importer.columns if column.key != "kind"]
    row = {"name": "-张伟", "phone": "+8613812345678", "deposit": 5, "first": date(2026, 1, 2)}
    with write_file([row], columns, title="客户", folder=tmp_path) as file:
        upload = open_upload(file.path.read_bytes(), file.name, importer.columns)
    from zhike.services.transfer.cells import read_cell

    back = {
        column.key: read_cell(column, upload.rows[0].cells[upload.mapped.places[column.key]], "UTC")
        for column in columns
    }
    assert back == row
