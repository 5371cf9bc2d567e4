"""PDF: what stands in it, that its fonts travel with it, and that text stays text."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.services.forms import Form, FormColumn, FormData, FormField, FormTable, Signature
from zhike.services.printing import NoCjkFont, cjk_font, qr_path, qr_svg, render_pdf
from zhike.services.printing import fonts as font_module

needs_font = pytest.mark.skipif(not cjk_font().ok, reason="no Chinese font on this machine")
PRINTED = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)

LIST = Form(
    name="sales_floor.SFF-03",
    title="来人登记表",
    fields=(
        FormField(key="desk", title="前台", width=6),
        FormField(key="day", title="日期", width=6),
    ),
    tables=(
        FormTable(
            key="t",
            numbered=True,
            columns=(
                FormColumn(key="name", title="客户姓名"),
                FormColumn(key="need", title="需求", width=30),
            ),
        ),
    ),
    foot_fields=(FormField(key="note", title="备注", width=12, lines=3),),
    signatures=(Signature(title="前台"), Signature(title="销售经理")),
    qr=True,
)


def reader(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content))


def text_of(content: bytes) -> str:
    """All text, without the blanks and line ends that setting puts in."""
    pages = "".join(page.extract_text() for page in reader(content).pages)
    return re.sub(r"[\s\u200b]", "", pages)


def embedded_fonts(content: bytes) -> dict[str, bool]:
    """Font name to whether its file is inside, descending into composite fonts."""
    found: dict[str, bool] = {}

    def visit(font: Any) -> None:
        font = font.get_object()
        if "/DescendantFonts" in font:
            for child in font["/DescendantFonts"]:
                visit(child)
            return
        descriptor = font.get("/FontDescriptor")
        keys = descriptor.get_object().keys() if descriptor else ()
        found[str(font["/BaseFont"])] = bool({"/FontFile", "/FontFile2", "/FontFile3"} & set(keys))

    for page in reader(content).pages:
        for font in page["/Resources"]["/Font"].values():
            visit(font)
    return found


def rows(count: int, need: str = "三居") -> dict[str, list[dict[str, str]]]:
    return {"t": [{"name": f"张伟{n}", "need": need} for n in range(count)]}


@needs_font
def test_the_page_says_what_the_form_says() -> None:
    data = FormData(
        values={"desk": "李敏", "day": "2026-11-21", "note": "直骨角"},
        rows=rows(3),
        number="LR20261121-0001",
        qr="https://zhike.example.com/q/abc",
        printed_at=PRINTED,
        printed_by="李敏",
    )
    text = text_of(render_pdf(LIST, data, "华润置地（北京）有限公司"))
    for part in (
        "华润置地（北京）有限公司", "来人登记表", "编号LR20261121-0001", "前台：李敏", "客户姓名",
        "张伟2", "备注：直骨角", "前台签字：", "销售经理签字：", "第1页/共1页", "SFF-03",
    ):  # fmt: skip
        assert part in text


@needs_font
def test_every_font_is_embedded_and_chinese_is_mainland() -> None:
    names = embedded_fonts(render_pdf(LIST, FormData(rows=rows(2)), "知客"))
    assert names
    assert all(names.values())
    assert not [name for name in names if re.search(r"cjkjp|cjkkr|cjktc|cjkhk|JP", name)]


@needs_font
def test_a_long_table_runs_over_pages_and_repeats_its_head() -> None:
    pages = reader(render_pdf(LIST, FormData(rows=rows(120), number="N-1"))).pages
    assert len(pages) >= 3
    for place, page in enumerate(pages, start=1):
        text = re.sub(r"\s", "", page.extract_text())
        assert "客户姓名" in text or "张伟" not in text
        assert f"第{place}页/共{len(pages)}页" in text
        assert "N-1" in text


@needs_font
@pytest.mark.parametrize(
    ("paper", "wide", "high"),
    [("A4", 595, 842), ("A5", 420, 595), ("A4-landscape", 842, 595), ("A5-landscape", 595, 420)],
)
def test_paper_sizes(paper: Any, wide: int, high: int) -> None:
    box = (
        reader(render_pdf(Form(name="x.F", title="表", paper=paper), FormData())).pages[0].mediabox
    )
    assert (round(box.width), round(box.height)) == (wide, high)


@needs_font
def test_each_copy_counts_its_own_pages() -> None:
    form = Form(
        name="x.F",
        title="认购书",
        tables=LIST.tables,
        copies=("存根联", "财务联", "客户联"),
    )
    pages = [
        re.sub(r"\s", "", page.extract_text())
        for page in reader(render_pdf(form, FormData(rows=rows(60)))).pages
    ]
    assert len(pages) == 6
    for place, copy in enumerate(form.copies):
        assert pages[2 * place].startswith(copy) or copy in pages[2 * place]
        assert "第1页/共2页" in pages[2 * place]
        assert "第2页/共2页" in pages[2 * place + 1]
    assert len(reader(render_pdf(form, FormData(rows=rows(60)), copies=["客户联"])).pages) == 2


HOSTILE = [
    '#read("/etc/passwd")',
    '#eval("1+1")',
    '#import "@preview/x:1.0.0": *',
    '#include "/etc/passwd"',
    "$ sum_(i=0)^n $",
    "*bold* _em_ `raw` <label> @ref = head",
    "\\u{41} \\ \\\\ \\n",
    '"] #panic("x") [',
    "}) #sys.inputs ({",
    "// no comment /* nor this */",
    "{{7*7}} ${7*7} <script>alert(1)</script>",
]


@needs_font
@pytest.mark.parametrize("text", HOSTILE)
def test_markup_in_user_text_is_printed_not_run(text: str) -> None:
    data = FormData(
        values={"desk": text, "note": text},
        rows={"t": [{"name": "张伟", "need": text}]},
        number="1",
        mark="草稿",
        printed_by=text,
    )
    printed = text_of(render_pdf(LIST, data, text))
    assert "root:" not in printed
    assert printed.count(re.sub(r"\s", "", text)) >= 3


@needs_font
def test_ten_thousand_letters_do_not_break_the_page() -> None:
    long_word, long_text = "A" * 10_000, "知客" * 5_000
    content = render_pdf(
        LIST,
        FormData(values={"note": long_text}, rows={"t": [{"name": "张", "need": long_word}]}),
    )
    text = text_of(content)
    assert len(reader(content).pages) > 3
    assert text.count("A") >= 10_000
    assert text.count("知") >= 5_000  # not the pair: a page may end between the two


@needs_font
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=200))
def test_any_text_makes_a_page(text: str) -> None:
    content = render_pdf(
        LIST,
        FormData(values={"desk": text}, rows={"t": [{"name": text, "need": text}]}, number=text),
        text,
    )
    assert content.startswith(b"%PDF")


@needs_font
def test_the_same_input_gives_the_same_bytes() -> None:
    data = FormData(values={"desk": "李敏"}, printed_at=PRINTED)
    assert render_pdf(LIST, data, "知客") == render_pdf(LIST, data, "知客")


def test_without_a_font_the_error_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(font_module, "font_folders", lambda: (tmp_path,))
    font_module.forget_fonts()
    assert not cjk_font().ok
    with pytest.raises(NoCjkFont, match="fonts-noto-cjk"):
        render_pdf(LIST, FormData())


def test_a_file_that_only_calls_itself_a_font_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "NotoSansCJK-Regular.ttc").write_bytes(b"not a font")
    assert not cjk_font((tmp_path,)).ok


def test_a_qr_code_is_a_drawing_without_the_text() -> None:
    svg = qr_svg("https://zhike.example.com/q/<&\"'>")
    assert svg.startswith("<svg")
    assert "style=" not in svg
    assert "example" not in svg
    with pytest.raises(ValueError):
        qr_svg("x" * 5000)


def test_the_path_draws_the_same_code() -> None:
    import segno

    path = qr_path("https://zhike.example.com/q/abc")
    matrix = segno.make_qr("https://zhike.example.com/q/abc", error="m", boost_error=False).matrix
    dark = {
        (int(x) + step, int(y))
        for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", str(path["d"]))
        for step in range(int(run))
    }
    wanted = {(x + 4, y + 4) for y, row in enumerate(matrix) for x, bit in enumerate(row) if bit}
    assert dark == wanted
    assert path["size"] == len(matrix) + 8


def test_importing_forms_loads_no_heavy_library() -> None:
    script = (
        "import sys, zhike.services.forms, zhike.services.printing, zhike.services.textkit;"
        "heavy = {'typst', 'xlsxwriter', 'openpyxl', 'segno', 'pypinyin', 'phonenumbers'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@needs_font
def test_a_real_clock_has_microseconds() -> None:
    """The time of printing comes from the clock, not from a round number."""
    printed = PRINTED.replace(microsecond=123_456)
    content = render_pdf(LIST, FormData(values={"desk": "李敏"}, printed_at=printed), "蓝鲸置业")
    assert content.startswith(b"%PDF")
