"""A company moves in: its roster and its old ledger come in through the panel, mistakes and all."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from zhike.db.session import Actor
from zhike.models.jobs import JobRequest
from zhike.models.ledger import LedgerLine
from zhike.models.organisation import Staff
from zhike.models.party import Party
from zhike.models.people import RoleGrant
from zhike.models.transfer import ExportLog, ImportBatch
from zhike.services import access, decisions, organisation, people, transfer
from zhike.services.companies import bump_generation
from zhike.services.jobs.requests import run_waiting
from zhike.site import Site
from zhike.testing import TwoCompanies
from zhike_sales_floor.models import Customer, Rep
from zhike_sales_floor.services import floor
from zhike_sales_floor.services.setup import prepare

LEDGER = "sales_floor.customer_ledger"
REPS = "sales_floor.reps"
HEAD = ["案场编码", "客户姓名", "联系电话", "置业顾问", "首访日期", "最近联系", "等级", "备注"]
GOOD = [
    ["BJ", "张伟", "13812345678", "李敏", "2026-10-01", "2026-11-01", "B", "三居"],
    ["BJ", "曾志伟", "13812345679", "1001", "2026年10月2日", "2026/11/2", "a", None],
    ["滨江案场", "华润置地", "010-87654321", None, None, None, None, None],
]
BAD = [
    ["BJ", "张伟二", "138-1234-5678", "李敏", "2026-10-01", "2026-11-01", "B", None],  # 5: as 2
    ["BJ", None, None, "李敏", "2026-10-01", None, None, None],  # 6: nobody
    ["BJ", "王芳", "12345", "李敏", "昨天", None, None, None],  # 7: no date
    ["XX", "刘洋", "13812345680", "李敏", "2026-10-01", None, None, None],  # 8: no site
    ["BJ", "陈静", "13812345681", "孙悟空", "2099-01-01", None, "E", None],  # 9: three things
]
FORMULA = [
    "BJ",
    '=HYPERLINK("http://x","张三")',
    "13812345682",
    "李敏",
    "2026-10-01",
    None,
    None,
    "=1+1",
]

Rows = Sequence[Sequence[Any]]


@pytest.fixture
def zhike_plugins() -> tuple[str, ...]:
    return ("sales_floor",)


def sheet(rows: Rows, head: Sequence[str] = HEAD) -> bytes:
    """A workbook; text that looks like a formula is text."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "老客户台账"
    for line in (head, *rows):
        page.append(["" for _cell in line])
        for place, cell in enumerate(line, 1):
            target = page.cell(page.max_row, place)
            target.value = cell
            if isinstance(cell, str):
                target.data_type = "s"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@dataclass
class House:
    """A company with one site, two reps and an administrator's browser."""

    site: Site
    company: int
    unit: uuid.UUID
    browser: FlaskClient

    def upload(self, content: bytes, name: str = "台账.xlsx", importer: str = LEDGER) -> Any:
        return self.browser.post(
            f"/admin/data/import/{importer}", data={"file": (io.BytesIO(content), name)}
        )

    def token(self, content: bytes, name: str = "台账.xlsx", importer: str = LEDGER) -> str:
        answer = self.upload(content, name, importer)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["Location"]).rpartition("/")[2]

    def apply(self, token: str, mode: str = "all", key: str = "") -> Any:
        data = {"mode": mode, "idempotency_key": key or uuid.uuid4().hex}
        return self.browser.post(f"/admin/data/files/{token}/apply", data=data)

    def batch(self, content: bytes, mode: str = "all", importer: str = LEDGER) -> str:
        answer = self.apply(self.token(content, importer=importer), mode)
        assert "/batches/" in answer.headers["Location"], answer.headers
        return str(answer.headers["Location"])

    def undo(self, batch: str) -> Any:
        return self.browser.post(f"{batch}/undo", data={"idempotency_key": uuid.uuid4().hex})

    def count(self, model: type[Any]) -> int:
        with self.site.reader(self.company) as s:
            return s.scalar(select(func.count()).select_from(model)) or 0


def house(site: Site, company: int, browser: FlaskClient) -> House:
    with site.transaction(company, Actor(kind="system", name="setup")) as s:
        unit = organisation.add_unit(s, name="滨江案场", code="BJ", kind="site").id
        staff = []
        for number, name in (("1001", "李敏"), ("1002", "王磊")):
            one = organisation.add_staff(s, name=name, number=number).id
            organisation.give_post(s, one, unit, title="置业顾问", valid_from=date(2020, 1, 1))
            staff.append(one)
        prepare(s)
        floor.add_reps(s, unit, staff)
    return House(site, company, unit, browser)


@pytest.fixture
def home(site: Site, company: int, login: Callable[..., FlaskClient]) -> House:
    return house(site, company, login(company))


def files_left(site: Site) -> list[str]:
    return [p.name for p in (site.config.home / "uploads").rglob("*") if p.is_file()]


# -- looking before importing ----------------------------------------------------------------


def test_the_overview_offers_what_the_floor_brings(home: House) -> None:
    text = home.browser.get("/admin/data").text
    for address in (f"/admin/data/import/{LEDGER}", f"/admin/data/import/{REPS}"):
        assert address in text
    assert "/admin/data/exports/sales_floor.customers" in text


def test_the_template_comes_in_again_as_it_is(home: House) -> None:
    answer = home.browser.get(f"/admin/data/import/{LEDGER}/template.xlsx")
    assert answer.status_code == 200
    page = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
    assert [str(cell.value).strip("*") for cell in page[1]][:3] == ["案场", "客户", "电话"]
    text = home.browser.get(f"/admin/data/files/{home.token(answer.data, '模板.xlsx')}").text
    assert "示例行不导入" in text
    assert "没有可导入的" in text or "There is no row" not in text


def test_a_ledger_with_mistakes_is_told_row_by_row_and_changes_nothing(home: House) -> None:
    token = home.token(sheet([*GOOD, *BAD]))
    text = home.browser.get(f"/admin/data/files/{token}").text
    for words in (
        "与本文件第 2 行相同",
        "请填写姓名或电话",
        "没有这个案场",
        "没有这个工号或姓名",
        "请选择 A 至 D",
        "日期在将来",
    ):
        assert words in text, words
    assert 'data-open="apply-all"' not in text, "one bad row and not everything can come in"
    assert "只导入无误的 3 行" in text
    assert home.count(Customer) == home.count(Party) == 0
    marked = home.browser.get(f"/admin/data/files/{token}/errors.xlsx")
    page = openpyxl.load_workbook(io.BytesIO(marked.data)).worksheets[0]
    assert page.title == "老客户台账"
    assert page["A1"].value == HEAD[0], "the same workbook, with one more column"
    assert page["I1"].value == "错误"
    noted = {row: page.cell(row, 9).value for row in range(2, 10)}
    assert [row for row, note in noted.items() if note] == [5, 6, 7, 8, 9]
    assert "第 2 行" in str(noted[5])
    assert str(noted[9]).count("；") == 2, noted[9]


def test_all_or_nothing_imports_nothing_of_a_bad_file(home: House) -> None:
    token = home.token(sheet([*GOOD, *BAD]))
    answer = home.apply(token)
    assert answer.headers["Location"].endswith(token)
    assert home.count(ImportBatch) == home.count(Party) == home.count(Customer) == 0
    assert home.browser.get(f"/admin/data/files/{token}").status_code == 200, "the file still waits"


def test_the_good_rows_only(home: House) -> None:
    batch = home.batch(sheet([*GOOD, *BAD]), mode="good")
    with home.site.reader(home.company) as s:
        names = set(s.scalars(select(Party.name)))
        row = s.scalars(select(ImportBatch)).one()
    assert names == {"张伟", "曾志伟", "华润置地"}
    assert (row.total, row.created, row.refused, row.mode) == (8, 3, 5, "good")
    text = home.browser.get(batch).text
    assert "张伟" in text
    assert "张伟二" not in text
    assert files_left(home.site) == [], "after importing, the file is gone"


def test_the_mended_workbook_goes_in_as_it_came_back(home: House) -> None:
    first = home.token(sheet([*GOOD, *BAD]))
    marked = home.browser.get(f"/admin/data/files/{first}/errors.xlsx").data
    book = openpyxl.load_workbook(io.BytesIO(marked))
    page = book.worksheets[0]
    page.delete_rows(5, 5)
    buffer = io.BytesIO()
    book.save(buffer)
    text = home.browser.get(home.batch(buffer.getvalue())).text
    assert "已导入" in text
    assert home.count(Customer) == 3


def test_formulas_are_text_in_and_text_out(home: House) -> None:
    home.batch(sheet([FORMULA]))
    with home.site.reader(home.company) as s:
        party = s.scalars(select(Party)).one()
    assert party.name.startswith("=HYPERLINK"), "kept as it was typed"
    answer = home.browser.post(
        "/admin/data/exports/sales_floor.customers",
        data={"format": "csv", "columns": ["name", "phone"]},
    )
    line = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))[1]
    assert line[0].startswith("'="), "no spreadsheet runs it"
    answer = home.browser.post(
        "/admin/data/exports/sales_floor.customers", data={"format": "xlsx", "columns": ["name"]}
    )
    cell = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]["A2"]
    assert cell.data_type == "s"


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "空.xlsx", "没有内容"),
        (b"%PDF-1.7 x", "台账.xlsx", "不是表格"),
        (b"PK\x03\x04 broken", "台账.xlsx", "损坏"),
        (b"a,b\n" + b"x" * (20 * 1024 * 1024 + 1), "大.csv", "20 MiB"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(
    home: House, content: bytes, name: str, words: str
) -> None:
    answer = home.upload(content, name)
    assert answer.status_code == 422
    assert words in answer.text
    assert files_left(home.site) == []


def test_without_a_file_the_form_says_so(home: House) -> None:
    answer = home.browser.post(f"/admin/data/import/{LEDGER}", data={})
    assert answer.status_code == 422
    assert "aria-invalid" in answer.text


def test_columns_nobody_knows_are_said_by_the_person(home: House) -> None:
    content = "甲,乙,丙\n张三,13700000001,李敏\n".encode("gb18030")
    token = home.token(content, "名单.csv")
    page = f"/admin/data/files/{token}"
    assert "没有认出任何一列" in home.browser.get(page).text
    twice = {"column-0": "name", "column-1": "name", "column-2": "owner"}
    answer = home.browser.post(f"{page}/columns", data=twice)
    assert answer.status_code == 422
    assert "两列对应了同一项" in answer.text
    said = {"column-0": "name", "column-1": "phone", "column-2": "owner"}
    assert home.browser.post(f"{page}/columns", data=said).status_code == 302
    text = home.browser.get(page).text
    assert "导入 1 行" in text
    assert "/batches/" in home.apply(token).headers["Location"]
    with home.site.reader(home.company) as s:
        assert s.scalars(select(Party.name)).all() == ["张三"]


def test_what_was_said_of_the_columns_is_remembered_for_the_next_file(home: House) -> None:
    first = "甲,乙,丙\n张三,13700000001,李敏\n".encode("gb18030")
    token = home.token(first, "一月.csv")
    said = {"column-0": "name", "column-1": "phone", "column-2": ""}
    assert home.browser.post(f"/admin/data/files/{token}/columns", data=said).status_code == 302
    home.apply(token)
    again = home.token("乙,甲,丙\n13700000002,李四,王磊\n".encode("gb18030"), "二月.csv")
    text = home.browser.get(f"/admin/data/files/{again}").text
    assert "导入 1 行" in text
    home.apply(again)
    with home.site.reader(home.company) as s:
        assert set(s.scalars(select(Party.name))) == {"张三", "李四"}
        assert s.scalars(select(Customer.owner_id)).all() == [None, None], "丙 was not wanted"


# -- once, and back --------------------------------------------------------------------------


def test_two_clicks_are_one_import(home: House) -> None:
    token = home.token(sheet(GOOD))
    key = uuid.uuid4().hex
    places = {home.apply(token, key=key).headers["Location"] for _click in range(2)}
    places.add(home.apply(token).headers["Location"])  # from the page kept open
    places.add(home.browser.get(f"/admin/data/files/{token}").headers["Location"])
    assert len(places) == 1
    assert home.count(ImportBatch) == 1
    assert home.count(Customer) == 3


def test_the_same_file_again_is_asked_about_and_refused_row_by_row(home: House) -> None:
    content = sheet(GOOD)
    first = home.batch(content)
    token = home.token(content)
    text = home.browser.get(f"/admin/data/files/{token}").text
    assert first in text, "this very file was imported before"
    home.apply(token)
    assert home.count(ImportBatch) == 1
    assert home.count(Customer) == 3


def test_undone_everything_is_as_before_and_the_file_can_come_again(home: House) -> None:
    batch = home.batch(sheet(GOOD))
    assert "撤销这次导入" in home.browser.get(batch).text
    assert home.undo(batch).status_code == 302
    assert home.count(Customer) == home.count(Party) == 0
    text = home.browser.get(batch).text
    assert "已撤销" in text
    assert "撤销这次导入" not in text
    assert home.undo(batch).status_code == 409
    assert home.batch(sheet(GOOD)) != batch
    assert home.count(Customer) == 3
    with home.site.reader(home.company) as s:
        actions = s.scalars(select(LedgerLine.action)).all()
    assert actions.count("core.import_applied") == 2
    assert actions.count("core.import_undone") == 1


def test_after_a_change_nothing_is_undone_and_the_rows_are_named(home: House) -> None:
    batch = home.batch(sheet(GOOD))
    with home.site.transaction(home.company) as s:
        party = s.scalars(select(Party).where(Party.name == "曾志伟")).one()
        party.note = "来电改约"
    answer = home.undo(batch)
    assert answer.status_code == 409
    assert "有 1 行" in answer.text
    assert "此后被更改" in answer.text
    assert "曾志伟" in answer.text.split("妨碍撤销的记录")[1].split("导入结果")[0]
    assert home.count(Customer) == 3


def test_a_roster_comes_in(home: House) -> None:
    rows = [["BJ", "1003", "赵倩", "置业顾问"], ["BJ", "1001", "李敏", None]]
    batch = home.batch(sheet(rows, ["案场", "工号", "姓名", "岗位"]), importer=REPS)
    with home.site.reader(home.company) as s:
        staff = s.scalars(select(Staff).where(Staff.number == "1003")).one()
        reps = set(s.scalars(select(Rep.staff_id).where(Rep.unit_id == home.unit)))
    assert staff.name == "赵倩"
    assert staff.id in reps
    assert len(reps) == 3
    assert "赵倩" in home.browser.get(batch).text


# -- long files ------------------------------------------------------------------------------


def long_sheet(rows: int) -> bytes:
    lines = ["案场,客户,手机,归属顾问,最近联系"]
    lines += [f"BJ,客户{n},139{n:08d},王磊,2026-11-01" for n in range(rows)]
    return "\n".join(lines).encode("gb18030")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> int:
    """Files of more than a few rows are the worker's."""
    monkeypatch.setattr(transfer, "INLINE_ROWS", 5)
    return 5


def test_a_long_file_is_looked_at_and_imported_by_the_worker(home: House, short: int) -> None:
    token = home.token(long_sheet(12), "很长.csv")
    page = f"/admin/data/files/{token}"
    assert "正在检查" in home.browser.get(page).text
    polled = home.browser.get(f"{page}/progress", headers={"HX-Request": "true"})
    assert 'hx-trigger="every 2s"' in polled.text
    assert run_waiting(home.site) == 1
    polled = home.browser.get(f"{page}/progress", headers={"HX-Request": "true"})
    assert polled.headers["HX-Redirect"] == page
    assert "导入 12 行" in home.browser.get(page).text
    for _click in range(2):
        assert home.apply(token).headers["Location"] == page
    assert "正在导入" in home.browser.get(page).text
    assert home.count(Customer) == 0
    assert run_waiting(home.site) == 1, "two clicks are one request"
    answer = home.browser.get(page)
    assert "/batches/" in answer.headers["Location"]
    assert home.count(Customer) == 12
    assert files_left(home.site) == []
    with home.site.reader(home.company) as s:
        batch = s.scalars(select(ImportBatch)).one()
    assert batch.actor_name.startswith("user-"), "the worker acts in the person's name"


def test_the_worker_says_in_the_person_s_words_what_is_wrong(home: House, short: int) -> None:
    bad = long_sheet(8) + "\nXX,刘洋,13812345680,,".encode("gb18030")
    token = home.token(bad, "很长.csv")
    run_waiting(home.site)
    page = f"/admin/data/files/{token}"
    assert "没有这个案场" in home.browser.get(page).text
    home.apply(token)
    run_waiting(home.site)
    text = home.browser.get(page).text
    assert "没有导入" in text
    assert home.count(Customer) == 0
    home.apply(token, "good")
    run_waiting(home.site)
    assert home.count(Customer) == 8


def test_who_lost_the_right_meanwhile_imports_nothing(home: House, short: int) -> None:
    token = home.token(long_sheet(8), "很长.csv")
    run_waiting(home.site)
    home.apply(token)
    with home.site.transaction(home.company) as s:
        user = s.scalars(select(RoleGrant.user_id)).first()
        assert user is not None
        role = access.save_role(s, role_id=None, title="访客", permissions=("core.party.view",))
        s.execute(
            update(RoleGrant).values(role_id=role.id).execution_options(synchronize_session=False)
        )
        bump_generation(s)
    assert run_waiting(home.site) == 1
    assert home.count(Customer) == home.count(ImportBatch) == 0
    with home.site.system_reader() as s:
        last = s.scalars(select(JobRequest).order_by(JobRequest.created_at.desc())).first()
    assert last is not None
    assert "角色" in last.message


# -- whose it is -----------------------------------------------------------------------------


def test_another_company_and_a_colleague_see_neither_files_nor_batches(
    home: House, two_companies: TwoCompanies, login: Callable[..., FlaskClient]
) -> None:
    token = home.token(sheet(GOOD))
    batch = home.batch(sheet(GOOD))
    stranger, colleague = login(two_companies.b), login(home.company)
    for browser in (stranger, colleague):
        for path in ("", "/errors.xlsx"):
            assert browser.get(f"/admin/data/files/{token}{path}").status_code == 404
        assert browser.post(f"/admin/data/files/{token}/columns").status_code == 404
        assert browser.post(f"/admin/data/files/{token}/apply").status_code == 404
        assert "台账.xlsx" not in browser.get("/admin/data").text.split("导入记录")[0]
    assert stranger.get(batch).status_code == 404
    assert stranger.post(f"{batch}/undo").status_code == 404
    assert "台账.xlsx" not in stranger.get("/admin/data").text
    assert colleague.get(batch).status_code == 200, "batches are the company's"
    assert home.count(Customer) == 3


def narrowed(house: House, login: Callable[..., FlaskClient], *permissions: str) -> FlaskClient:
    """Somebody who holds the permissions at the first site only."""
    name = f"narrow-{uuid.uuid4().hex[:6]}"
    browser = login(house.company, list(permissions), login=name)
    with house.site.system() as s:
        user = people.find_user(s, name)
        assert user is not None
        user_id = user.id
    with house.site.transaction(house.company) as s:
        s.execute(
            update(RoleGrant)
            .where(RoleGrant.user_id == user_id)
            .values(unit_id=house.unit, data_scope="unit")
            .execution_options(synchronize_session=False)
        )
        bump_generation(s)
    return browser


def test_imports_take_a_right_that_holds_everywhere(
    home: House, login: Callable[..., FlaskClient]
) -> None:
    half = login(home.company, ["core.import"])
    assert half.get(f"/admin/data/import/{LEDGER}").status_code == 403
    local = narrowed(home, login, "core.import", "sales_floor.import")
    assert local.get("/admin/data").status_code == 200
    assert local.get(f"/admin/data/import/{LEDGER}").status_code == 403
    whole = login(home.company, ["core.import", "sales_floor.import"])
    assert whole.get(f"/admin/data/import/{LEDGER}").status_code == 200


# -- exports ---------------------------------------------------------------------------------


def test_an_export_is_the_file_and_a_line_in_the_ledger(home: House) -> None:
    home.batch(sheet(GOOD))
    page = "/admin/data/exports/sales_floor.customers"
    assert home.browser.get(page).status_code == 200
    answer = home.browser.post(page, data={"format": "xlsx", "columns": ["name", "grade"]})
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert rows[0] == ["客户", "等级"]
    assert sorted(str(row[0]) for row in rows[1:]) == ["华润置地", "张伟", "曾志伟"]
    answer.close()
    assert list((home.site.config.home / "tmp").glob("export-*")) == []
    with home.site.reader(home.company) as s:
        log = s.scalars(select(ExportLog)).one()
        line = s.scalars(select(LedgerLine).where(LedgerLine.action == "core.export")).one()
    assert log.row_count == line.body["rows"] == 3
    assert "客户" in home.browser.get("/admin/data/exports").text
    assert home.browser.post(page, data={"format": "exe", "columns": ["name"]}).status_code == 422
    assert home.browser.post(page, data={"format": "csv", "columns": ["x"]}).status_code == 422
    assert home.count(ExportLog) == 1


def test_who_exports_at_one_site_gets_that_site(
    home: House, login: Callable[..., FlaskClient]
) -> None:
    with home.site.transaction(home.company) as s:
        other = organisation.add_unit(s, name="湖畔案场", code="HP", kind="site").id
        prepare(s)
    home.batch(sheet([*GOOD[:1], ["HP", "邻居", "13812340000", *[None] * 5]]))
    local = narrowed(home, login, "core.export", "sales_floor.export")
    page = "/admin/data/exports/sales_floor.customers"
    assert "湖畔案场" not in local.get(page).text.split("<form", 2)[-1]
    wanted = {"format": "csv", "columns": ["name"]}
    assert local.post(page, data=wanted).status_code == 422, "a site has to be chosen"
    assert local.post(page, data={**wanted, "by_unit": str(other)}).status_code == 422
    answer = local.post(page, data={**wanted, "by_unit": str(home.unit)})
    assert "张伟" in answer.data.decode("utf-8-sig")
    assert "邻居" not in answer.data.decode("utf-8-sig")
    whole = home.browser.post(page, data=wanted).data.decode("utf-8-sig")
    assert "邻居" in whole
    assert "张伟" in whole


# -- acts against decisions ------------------------------------------------------------------


def note(house: House, unit: uuid.UUID, rule: str, followed: bool | None, **more: Any) -> uuid.UUID:
    from zhike import clock
    from zhike.rules import Cite

    with house.site.transaction(house.company) as s:
        row = decisions.record(
            s,
            plugin="sales_floor",
            engine="sales_floor.floor",
            kind="assign",
            subject=f"sales_floor:visit:{uuid.uuid4()}",
            inputs={},
            outcome={},
            cites=[Cite(rule, "next", {})],
            policy_version_id=None,
            at=clock.now(),
            unit_id=unit,
            followed=followed,
            **{"mode": "advise", **more},
        )
        s.flush()
        return row.id


def test_acts_are_laid_beside_decisions(home: House, login: Callable[..., FlaskClient]) -> None:
    with home.site.transaction(home.company) as s:
        other = organisation.add_unit(s, name="湖畔案场", code="HP", kind="site").id
    assert "本期没有" in home.browser.get("/admin/adherence").text
    for followed in (True, True, None):
        note(home, home.unit, "SF-A-03", followed)
    made = note(home, home.unit, "SF-A-03", False, deviation="客户点名要王磊")
    note(home, other, "SF-A-09", False, deviation="邻居的事")
    note(home, home.unit, "SF-A-04", None, mode="enforce")
    text = home.browser.get("/admin/adherence").text
    assert "共 5 项决定：照办 2 项，没有照办 2 项，不详 1 项" in text
    assert "33.33%" in text
    assert "SF-A-04" not in text, "where the regulation decides, acts follow by themselves"
    listed = home.browser.get("/admin/adherence/deviations?rule=SF-A-03").text
    assert "客户点名要王磊" in listed
    assert "邻居的事" not in listed
    assert f"/admin/adherence/decisions/{made}" in listed
    assert "客户点名要王磊" in home.browser.get(f"/admin/adherence/decisions/{made}").text
    local = narrowed(home, login, "core.decision.view")
    assert "共 4 项决定" in local.get("/admin/adherence").text
    assert "邻居的事" not in local.get("/admin/adherence/deviations").text
    assert "共 4 项决定" in local.get(f"/admin/adherence?unit={other}").text
    assert "没有照办" in home.browser.get("/admin/adherence?since=2020-01-01").text
    assert "本期没有" in home.browser.get("/admin/adherence?until=2020-01-01").text
