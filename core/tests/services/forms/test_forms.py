"""Forms as data: descriptions that cannot be wrong, HTML and xlsx that run nothing."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.services.forms import (
    Form,
    FormColumn,
    FormData,
    FormField,
    FormTable,
    Signature,
    page,
    render_html,
    render_xlsx,
)
from zhike.services.forms.values import display, sheet_value
from zhike.services.forms.xlsx import sheet_name
from zhike.services.textkit import clean, plain_cell

ROSTER = Form(
    name="sales_floor.SFF-01",
    title="轮见表",
    paper="A4-landscape",
    fields=(
        FormField(key="day", title="日期", kind="date"),
        FormField(key="ring", title="轮序", width=8),
    ),
    tables=(
        FormTable(
            key="log",
            numbered=True,
            columns=(
                FormColumn(key="at", title="时间", kind="time"),
                FormColumn(key="visitor", title="来访客户", width=20),
                FormColumn(key="deposit", title="定金", kind="money", total=True),
            ),
        ),
    ),
    signatures=(Signature(title="前台"), Signature(title="销售经理", dated=False)),
    copies=("存根联", "财务联"),
    note="逐笔登记，不得涂改。",
    qr=True,
)


def filled(**changes: Any) -> FormData:
    """A morning's sheet of two lines."""
    values: dict[str, Any] = {
        "values": {"day": date(2026, 11, 21), "ring": "李敏 → 王芳"},
        "rows": {
            "log": [
                {
                    "at": datetime(2026, 11, 21, 1, 5, tzinfo=UTC),
                    "visitor": "张伟",
                    "deposit": 500000,
                },
                {
                    "at": datetime(2026, 11, 21, 2, 0, tzinfo=UTC),
                    "visitor": "曾志伟",
                    "deposit": 123,
                },
            ]
        },
        "number": "LJ20261121-0007",
        "qr": "https://zhike.example.com/q/abc",
        "printed_at": datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        "printed_by": "李敏",
    }
    return FormData(**{**values, **changes})


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: FormField(key="a", title="A", width=13),
        lambda: FormField(key="a", title="A", width=0),
        lambda: FormColumn(key="a", title="A", width=0),
        lambda: FormColumn(key="a", title="A", kind="text", total=True),
        lambda: FormTable(key="t", columns=()),
        lambda: FormTable(
            key="t", columns=(FormColumn(key="a", title="A"), FormColumn(key="a", title="B"))
        ),
        lambda: Form(
            name="x.F",
            title="F",
            fields=(FormField(key="a", title="A"), FormField(key="a", title="B")),
        ),
    ],
)
def test_a_wrong_description_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError):
        wrong()


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("money", 123456789, "1,234,567.89"),
        ("money", -5, "-0.05"),
        ("share", 5000, "50%"),
        ("share", 3333, "33.33%"),
        ("share", 0, "0%"),
        ("seconds", 59, "59秒"),
        ("seconds", 125, "2分05秒"),
        ("seconds", 3660, "1小时01分"),
        ("flag", True, "√"),
        ("flag", False, ""),
        ("integer", 0, "0"),
        ("datetime", datetime(2026, 11, 20, 16, 30, tzinfo=UTC), "2026-11-21 00:30"),
        ("date", datetime(2026, 11, 20, 16, 30, tzinfo=UTC), "2026-11-21"),
        ("time", datetime(2026, 11, 20, 16, 30, tzinfo=UTC), "00:30"),
        ("time", time(9, 5), "09:05"),
        ("date", "未定", "未定"),
        ("text", None, ""),
        ("text", "a\x00b\r\nc", "ab\nc"),
    ],
)
def test_values_are_written_as_people_read_them(kind: Any, value: Any, shown: str) -> None:
    assert display(kind, value, "Asia/Shanghai") == shown


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        display("datetime", datetime(2026, 1, 1), "Asia/Shanghai")  # noqa: DTZ001  naive on purpose
    with pytest.raises(ValueError, match="naive"):
        sheet_value("datetime", datetime(2026, 1, 1), "Asia/Shanghai")  # noqa: DTZ001  naive on purpose


def test_html_holds_the_contents() -> None:
    html = render_html(ROSTER, filled(mark="草稿"))
    for part in (
        '<td class="text-end zk-num" data-label="定金">5,000.00</td>',
        "5,001.23",
        "合计",
        "09:05",
        "草稿",
        "李敏 → 王芳",
        "逐笔登记，不得涂改。",
        '<div class="zk-paper__box col-8" data-lines="1">',
    ):
        assert part in html
    assert html.count("<tr>") == 4


def test_the_print_page_gets_head_signatures_and_foot() -> None:
    shown = page(ROSTER, filled())
    assert shown["title"] == "轮见表"
    assert shown["number"] == "编号 LJ20261121-0007"
    assert shown["paper"] == "a4-landscape"
    assert shown["signers"] == ["前台", "销售经理"]
    assert shown["copies"] == "存根联、财务联"
    assert shown["foot"] == "SFF-01 · LJ20261121-0007 · 打印 李敏 · 2026-11-21 17:30"
    assert shown["qr"]["size"] > 21
    assert shown["body"] == render_html(ROSTER, filled())
    assert page(ROSTER, filled(qr=""))["qr"] is None


def test_html_has_no_inline_style_and_no_script() -> None:
    html = render_html(ROSTER, filled())
    assert "style=" not in html
    assert "<script" not in html


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_html_escapes_every_value(text: str) -> None:
    hostile = f"<img src=x onerror=alert(1)>{text}\"'&</td>"
    html = render_html(
        ROSTER, filled(values={"ring": hostile}, rows={"log": [{"visitor": hostile}]}, mark=hostile)
    )
    assert "<img" not in html
    assert html.count("</td>") == 4 + 4
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") == 4


def cells(content: bytes) -> list[list[Any]]:
    """All cells of the first sheet as openpyxl reads them."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_xlsx_keeps_numbers_and_times_as_such() -> None:
    rows = cells(render_xlsx(ROSTER, filled(), "华润置地"))
    assert rows[0][0] == "华润置地"
    assert rows[1][0] == "轮见表"
    assert rows[2][0] == "编号 LJ20261121-0007"
    assert rows[3] == ["日期", datetime(2026, 11, 21), "轮序", "李敏 → 王芳"]  # noqa: DTZ001  a cell knows no zone
    assert rows[4] == ["序号", "时间", "来访客户", "定金"]
    assert rows[5] == [1, time(9, 5), "张伟", 5000]
    assert rows[6] == [2, time(10, 0), "曾志伟", 1.23]
    assert rows[7] == ["合计", None, None, 5001.23]


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "=cmd|' /C calc'!A0",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_xlsx_runs_no_formula(text: str) -> None:
    content = render_xlsx(
        ROSTER, filled(values={"ring": text}, rows={"log": [{"visitor": text}]}, number=text), text
    )
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.active
    assert sheet is not None
    found = [cell for row in sheet.iter_rows() for cell in row if text in str(cell.value)]
    assert len(found) >= 4
    for cell in found:
        assert cell.data_type == "s"
        assert str(cell.value)[0] not in "=+-@\t\r＝＋－＠"
    assert plain_cell(str(sheet["C6"].value)) == text


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=40))
def test_xlsx_gives_any_text_back(text: str) -> None:
    form = Form(
        name="x.F",
        title="F",
        tables=(
            FormTable(
                key="t", columns=(FormColumn(key="a", title="甲"), FormColumn(key="b", title="乙"))
            ),
        ),
    )
    rows = cells(render_xlsx(form, FormData(rows={"t": [{"a": text, "b": "end"}]})))
    found = next(row for row in rows if len(row) > 1 and row[1] == "end")
    assert plain_cell(found[0] or "") == clean(text)


def test_xlsx_writes_what_excel_cannot_date() -> None:
    rows = cells(render_xlsx(ROSTER, filled(values={"day": date(1890, 1, 2)})))
    assert rows[2][1] == "1890-01-02"


def test_sheet_names_are_what_excel_allows() -> None:
    assert sheet_name("A/B:[c]*?\\") == "A B  c"
    assert sheet_name("'") == "Sheet1"
    assert len(sheet_name("轮" * 50)) == 31


def test_blank_lines_for_writing_by_hand() -> None:
    form = Form(
        name="x.F",
        title="F",
        tables=(FormTable(key="t", min_rows=3, columns=(FormColumn(key="a", title="甲"),)),),
    )
    html = render_html(form, FormData(rows={"t": [{"a": "x"}]}))
    assert html.count("<tr>") == 1 + 3
