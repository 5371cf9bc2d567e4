"""Uploads: what is read, and what is refused before it can do harm."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.contributions import Column, Importer
from zhike.services.transfer import LIMITS, BadUpload, open_upload
from zhike.services.transfer.cells import UNCOMPUTED, BadCell, csv_cell, read_cell, sheet_cell
from zhike.services.transfer.formulas import MOST
from zhike.services.transfer.reading import measure_archive

TZ = "Asia/Shanghai"
MakeXlsx = Callable[..., bytes]


def column(kind: Any, **more: Any) -> Column:
    return Column(key="x", title="X", kind=kind, **more)


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("text", 13812345678.0, "13812345678"),
        ("text", " 张伟 ", "张伟"),
        ("text", "'=1+1", "=1+1"),
        ("text", datetime(2026, 11, 21), "2026-11-21"),  # noqa: DTZ001  a cell knows no zone
        ("text", "   ", None),
        ("integer", 3.0, 3),
        ("integer", "1,200", 1200),
        ("money", 19.99, 1999),
        ("money", "￥1,234.50元", 123450),
        ("money", "－5", -500),
        ("money", 0.1 + 0.2, 30),
        ("boolean", "是", True),
        ("boolean", "√", True),
        ("boolean", 0.0, False),
        ("boolean", False, False),
        ("date", "2026-11-21", date(2026, 11, 21)),
        ("date", "2026/1/2", date(2026, 1, 2)),
        ("date", "2026年11月2日", date(2026, 11, 2)),
        ("date", "20261121", date(2026, 11, 21)),
        ("date", 20261121.0, date(2026, 11, 21)),
        ("date", 46347.0, date(2026, 11, 21)),
        ("date", "2026-11-21 09:30", date(2026, 11, 21)),
        ("datetime", "2026-11-21 09:30", datetime(2026, 11, 21, 1, 30, tzinfo=UTC)),
        ("datetime", "2026.11.21 9时30分", datetime(2026, 11, 21, 1, 30, tzinfo=UTC)),
        ("datetime", date(2026, 11, 21), datetime(2026, 11, 20, 16, 0, tzinfo=UTC)),
        ("datetime", 46347.5, datetime(2026, 11, 21, 4, 0, tzinfo=UTC)),
    ],
)
def test_cells_are_read_as_people_write_them(kind: Any, raw: Any, value: Any) -> None:
    assert read_cell(column(kind), raw, TZ) == value


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("integer", "三"), ("integer", 1.5), ("integer", True), ("money", "1.234"),
        ("money", "NaN"), ("money", "1e400"), ("money", float("inf")), ("boolean", "也许"),
        ("date", "2026-02-30"), ("date", "昨天"), ("date", -1.0), ("date", 1e12),
        ("datetime", "2026-11-21 25:00"), ("date", "2026-11-21 什么"), ("text", "x" * 10_001),
    ],
)  # fmt: skip
def test_cells_that_make_no_sense_are_refused(kind: Any, raw: Any) -> None:
    with pytest.raises(BadCell):
        read_cell(column(kind), raw, TZ)


def test_a_choice_is_one_of_its_words() -> None:
    choice = column("choice", choices=("个人", "单位A"))
    assert read_cell(choice, " 单位Ａ ", TZ) == "单位A"
    with pytest.raises(BadCell, match="个人、单位A"):
        read_cell(choice, "团体", TZ)


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_money_goes_out_and_comes_back(fen: int) -> None:
    money = column("money")
    assert read_cell(money, sheet_cell(money, fen, TZ), TZ) == (fen or 0)
    assert read_cell(money, csv_cell(money, fen, TZ), TZ) == fen


@given(st.text(max_size=60))
def test_text_goes_out_and_comes_back(text: str) -> None:
    from zhike.services.textkit import clean

    shape = column("text")
    wanted = clean(text).strip() or None
    assert read_cell(shape, sheet_cell(shape, text, TZ), TZ) == wanted


@given(st.one_of(st.text(max_size=30), st.floats(), st.integers(), st.booleans()), st.data())
def test_any_cell_is_read_or_refused(raw: Any, data: st.DataObject) -> None:
    kind = data.draw(
        st.sampled_from(["text", "integer", "money", "boolean", "choice", "date", "datetime"])
    )
    with suppress(BadCell):
        read_cell(column(kind, choices=("a",)), raw, TZ)


def test_xlsx_with_a_title_above_and_foreign_columns(importer: Importer, xlsx: MakeXlsx) -> None:
    rows = [["华润置地客户台账"], [], ["序号", "姓名*", "手机", "备注"]]
    rows += [[1, "张伟", 13812345678, "x"], [], [2, "李敏", "13900001111", "y"]]
    upload = open_upload(xlsx(rows, above=2), "a.xlsx", importer.columns)
    assert upload.kind == "xlsx"
    assert upload.head_row == 5
    assert upload.mapped.places == {"name": 1, "phone": 2}
    assert upload.mapped.ignored == ("序号", "备注")
    assert [row.number for row in upload.rows] == [6, 8]


def test_the_sheet_with_the_heads_is_taken(importer: Importer, head: list[str]) -> None:
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_worksheet("说明").write_string(0, 0, "请填写")
        hidden = book.add_worksheet("隐藏")
        hidden.write_row(0, 0, head)
        hidden.hide()
        page = book.add_worksheet("数据")
        page.write_row(3, 1, head)
        page.write_row(4, 1, ["张伟"])
    upload = open_upload(buffer.getvalue(), "a.xlsx", importer.columns)
    assert upload.sheet == "数据"
    assert (upload.head_row, upload.mapped.places["name"]) == (4, 1)


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8", ","), ("utf-8-sig", ","), ("gb18030", ","), ("gbk", "\t"), ("utf-16", ";")],
)
def test_csv_in_every_usual_encoding(
    importer: Importer, encoding: str, delimiter: str, head: list[str]
) -> None:
    text = delimiter.join(head) + "\r\n" + delimiter.join(["张伟", "13812345678", "个人", "1", ""])
    upload = open_upload(text.encode(encoding), "a.csv", importer.columns)
    assert upload.kind == "csv"
    assert upload.rows[0].cells[:2] == ("张伟", "13812345678")
    assert upload.rows[0].number == 2


def test_the_kind_is_told_by_the_content(
    importer: Importer, xlsx: MakeXlsx, head: list[str], good: list[list[Any]]
) -> None:
    assert open_upload(xlsx([head, *good]), "../../etc/passwd", importer.columns).kind == "xlsx"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"%PDF-1.7 ...",
        b"\x89PNG....",
        b"PK\x03\x04 broken",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 broken",
        b"\x00\x01\x02",
        b"\xff\xff\xff\xff",
        "没有,这些,列\n1,2,3".encode(),
        b'"' + b"x" * 200_000,
    ],
)
def test_what_is_no_sheet_is_refused(importer: Importer, content: bytes) -> None:
    with pytest.raises(BadUpload) as caught:
        open_upload(content, "a.xlsx", importer.columns)
    assert caught.value.message


def test_missing_columns_are_named(importer: Importer, xlsx: MakeXlsx) -> None:
    with pytest.raises(BadUpload) as caught:
        open_upload(xlsx([["电话", "类型"], ["1", "个人"]]), "a.xlsx", importer.columns)
    assert caught.value.extra == {"missing": ["客户姓名"]}


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


def test_a_file_above_the_size_is_refused(importer: Importer) -> None:
    with pytest.raises(BadUpload) as caught:
        open_upload(b"x" * 100, "a.csv", importer.columns, limits=replace(LIMITS, size=99))
    assert caught.value.status == 413


def test_a_zip_bomb_is_refused_before_it_is_parsed() -> None:
    bomb = archive(xl__worksheets__sheet1=b"0" * (40 * 1024 * 1024))
    assert len(bomb) < 100_000
    with pytest.raises(BadUpload) as caught:
        measure_archive(bomb)
    assert caught.value.status == 413
    with pytest.raises(BadUpload):
        measure_archive(archive(a=b"0" * 5000), replace(LIMITS, inflated=4999))
    with pytest.raises(BadUpload):
        measure_archive(archive(a=b"", b=b"", c=b""), replace(LIMITS, members=2))


@pytest.mark.parametrize("cell", [b'<c r="XFD1"/>', b"<c  r = 'A1048576'/>", b'<row r="9999999">'])
def test_cells_far_apart_are_refused_before_memory_is_taken(cell: bytes) -> None:
    sheet = b"<worksheet>" + b" " * (256 * 1024 - 20) + cell + b"</worksheet>"
    with pytest.raises(BadUpload) as caught:
        measure_archive(archive(xl__worksheets__sheet1=sheet))
    assert caught.value.status == 413


def test_too_many_rows_are_refused(importer: Importer, xlsx: MakeXlsx, head: list[str]) -> None:
    rows = [head] + [["张伟"]] * 40
    with pytest.raises(BadUpload):
        open_upload(xlsx(rows), "a.xlsx", importer.columns, limits=replace(LIMITS, rows=20))
    text = "\n".join(["客户姓名", *["张"] * 40]).encode()
    with pytest.raises(BadUpload):
        open_upload(text, "a.csv", importer.columns, limits=replace(LIMITS, rows=20))


def test_an_entity_bomb_does_not_expand(
    importer: Importer, xlsx: MakeXlsx, head: list[str], good: list[list[Any]]
) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%s;" % (b"%d" % (n - 1) if n else b"") * 10)
        for n in range(10)
    )
    good = xlsx([head, *good])
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(buffer, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "xl/sharedStrings.xml":
                content = bomb + b"]><sst><si><t>&a9;</t></si></sst>"
            new.writestr(item, content)
    with pytest.raises(BadUpload):
        open_upload(buffer.getvalue(), "a.xlsx", importer.columns)


def workbook(cells: str) -> bytes:
    """A workbook with a head of two columns in row 1 and ``cells``, rows of XML, below."""
    book = openpyxl.Workbook()
    book.active.append(["客户姓名", "电话", "备注"])
    buffer, made = io.BytesIO(), io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(made, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "xl/worksheets/sheet1.xml":
                content = content.replace(b"</sheetData>", f"{cells}</sheetData>".encode())
            new.writestr(item, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("cell", "raw"),
    [
        ('<c r="B2"><f>1+1</f></c>', UNCOMPUTED),
        ('<c r="B2"><f>1+1</f><v/></c>', UNCOMPUTED),
        ('<c r="B2" s="1"><f>1+1</f><v></v></c>', UNCOMPUTED),
        ('<c r="B2" t="n"><f t="shared" si="0"/><v /></c>', UNCOMPUTED),
        ('<c r="B2" t="str"><f>A2&amp;"x"</f></c>', UNCOMPUTED),
        ('<c r="B2" t="str"><f>IF(A2="","","x")</f><v></v></c>', ""),
        ('<c r="B2" t="str"><f>A2</f><v>138</v></c>', "138"),
        ('<c r="B2"><f>1+1</f><v>2</v></c>', 2.0),
        ('<c r="B2"><v>7</v></c>', 7.0),
    ],
)
def test_a_formula_without_a_value_is_no_empty_cell(
    importer: Importer, cell: str, raw: Any
) -> None:
    row = f'<row r="2"><c r="A2" t="inlineStr"><is><t>张伟</t></is></c>{cell}</row>'
    (read,) = open_upload(workbook(row), "a.xlsx", importer.columns).rows
    assert [*read.cells, ""][1] == raw


def test_rows_of_such_formulas_alone_are_rows_too(importer: Importer) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><f>B{n}</f></c></row>' for n in range(4, 9_000, 2))
    upload = open_upload(workbook(rows), "a.xlsx", importer.columns)
    assert [row.number for row in upload.rows] == list(range(4, 9_000, 2))
    assert {row.cells for row in upload.rows} == {(UNCOMPUTED,)}


@pytest.mark.parametrize(
    "rows",
    [
        "<row><c><f>1+1</f></c></row>",  # a writer that numbers neither rows nor cells
        "".join(f'<row r="{n}"><c r="A{n}"><f>1</f></c></row>' for n in range(2, MOST + 3)),
    ],
)
def test_a_workbook_of_such_formulas_is_refused_as_one(importer: Importer, rows: str) -> None:
    with pytest.raises(BadUpload, match="formulas without values"):
        open_upload(workbook(rows), "a.xlsx", importer.columns)


def test_an_old_workbook_is_read(importer: Importer) -> None:
    """BIFF8, as Excel 97 to 2003 wrote it; the file was made once with xlwt."""
    file = Path(__file__).with_name("old.xls")
    upload = open_upload(file.read_bytes(), "old.xls", importer.columns)
    assert upload.kind == "xls"
    assert [row.cells[0] for row in upload.rows] == ["张伟", "曾志伟"]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    columns = (Column(key="name", title="客户姓名"),)
    for start in (b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        with suppress(BadUpload):
            open_upload(start + content, "x", columns)
