"""A small importer of customers, and sheets to feed it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import select

from zhike.contributions import Checked, Column, Importer, Problem, RecordRef
from zhike.db.session import CompanySession
from zhike.errors import UserError
from zhike.models.party import Party
from zhike.services import search
from zhike.services.textkit import name_terms, normalise_phone

HEAD = ["客户姓名", "电话", "类型", "定金", "首访日期"]
GOOD = [
    ["张伟", "13812345678", "个人", 5000, "2026-11-01"],
    ["曾志伟", "138 1234 5679", "个人", "￥1,234.50", "2026年11月2日"],
    ["华润置地", "010-87654321", "单位", None, None],
]


def xlsx(rows: Sequence[Sequence[Any]], *, sheet: str = "台账", above: int = 0) -> bytes:
    """A workbook of one sheet, with empty rows above on demand."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"strings_to_formulas": False}) as book:
        # The same rows give the same bytes: a batch is known by the file's hash.
        book.set_properties({"created": datetime(2026, 1, 1, tzinfo=UTC)})
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows, start=above):
            for place, cell in enumerate(row):
                if cell is not None:
                    page.write(number, place, cell)
    return buffer.getvalue()


def _validate(s: CompanySession, row: Mapping[str, Any]) -> Checked:
    problems = []
    phone = normalise_phone(row["phone"]) if row.get("phone") else None
    if row.get("phone") and phone is None:
        problems.append(Problem("这不是电话号码", "phone"))
    if row["name"] == "测试":
        raise UserError("请勿录入测试客户", field="name")
    if row.get("deposit") is None:
        problems.append(Problem("没有定金", "deposit", warning=True))
    return Checked({**row, "phone": phone.e164 if phone else ""}, tuple(problems))


def _existing(s: CompanySession, row: Mapping[str, Any]) -> RecordRef | None:
    if not row["phone"]:
        return None
    found = s.scalar(select(Party.id).where(Party.source == row["phone"]))
    return RecordRef("core", "party", found) if found else None


def _apply(s: CompanySession, row: Mapping[str, Any], ref: RecordRef | None) -> RecordRef:
    if row["name"] == "拒绝":
        raise UserError("此客户在黑名单", field="name")
    party = s.require(Party, ref.id) if ref else Party(source=row["phone"])
    party.name = row["name"]
    party.note = f"{row.get('deposit')}/{row.get('first')}"
    if ref is None:
        s.add(party)
    search.index(s, "core.party", party.id, party.name, name_terms(party.name))
    return RecordRef("core", "party", party.id)


def _undone(s: CompanySession, ref: RecordRef) -> None:
    party = s.find(Party, ref.id)
    if party is None:
        search.remove(s, "core.party", ref.id)
    else:
        search.index(s, "core.party", ref.id, party.name, name_terms(party.name))


@pytest.fixture(scope="session")
def head() -> list[str]:
    return list(HEAD)


@pytest.fixture(scope="session")
def good() -> list[list[Any]]:
    return [list(row) for row in GOOD]


@pytest.fixture(scope="session", name="xlsx")
def make_xlsx() -> Callable[..., bytes]:
    """``xlsx(rows, sheet=…, above=…)`` gives the bytes of a workbook."""
    return xlsx


@pytest.fixture(scope="session")
def importer() -> Importer:
    """Customers, matched by their phone."""
    return Importer(
        name="core.customers",
        title="客户台账",
        permission="core.party.edit",
        columns=(
            Column(key="name", title="客户姓名", required=True, example="李敏", aliases=("姓名",)),
            Column(key="phone", title="电话", example="13900000000", aliases=("手机", "联系电话")),
            Column(key="kind", title="类型", kind="choice", choices=("个人", "单位")),
            Column(key="deposit", title="定金", kind="money", help="单位：元"),
            Column(key="first", title="首访日期", kind="date"),
        ),
        validate=_validate,
        apply=_apply,
        find_existing=_existing,
        key=("phone",),
        models=(Party,),
        undone=_undone,
    )
