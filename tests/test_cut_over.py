"""An office cuts over in the middle of a day, through the pages, from a ledger with mistakes."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from zhike.db.session import Actor
from zhike.models.ledger import LedgerLine
from zhike.models.organisation import Staff
from zhike.models.party import Party
from zhike.services import organisation
from zhike.services.jobs.requests import run_waiting
from zhike.site import Site
from zhike.testing import read_page
from zhike_sales_floor.models import Customer, Deal, FloorEvent, Rep, Ticket, Visit
from zhike_sales_floor.services import arrivals, floor, replay
from zhike_sales_floor.services.arrivals import Arrival, Person
from zhike_sales_floor.services.setup import prepare

#: 11:20 in Shanghai on a Tuesday.
NOON = datetime(2026, 11, 3, 3, 20, tzinfo=UTC)
NAMES = [
    "李敏",
    "王磊",
    "赵倩",
    "孙悦",
    "周强",
    "吴婷",
    "郑爽",
    "冯涛",
    "陈晨",
    "褚岩",
    "卫东",
    "蒋欣",
]
TABS = ("人员与轮序", "补接券", "客户与归属", "未结交易", "在场接待")


@pytest.fixture
def zhike_plugins() -> tuple[str, ...]:
    return ("sales_floor",)


@dataclass
class House:
    """A company with one empty site and an administrator's browser."""

    site: Site
    company: int
    unit: uuid.UUID
    browser: FlaskClient

    @property
    def base(self) -> str:
        return f"/p/sales_floor/floor/{self.unit}/cut-over"

    def post(self, what: str, **data: Any) -> Any:
        key = uuid.uuid4().hex
        return self.browser.post(f"{self.base}/{what}", data={"idempotency_key": key, **data})

    def upload(self, content: bytes) -> Any:
        return self.browser.post(self.base, data={"file": (io.BytesIO(content), "切换.xlsx")})

    def page(self) -> str:
        return self.browser.get(self.base).text

    def count(self, model: type[Any]) -> int:
        with self.site.reader(self.company) as s:
            return s.scalar(select(func.count()).select_from(model)) or 0

    def ring(self) -> list[str]:
        with self.site.reader(self.company) as s:
            names = organisation.staff_names(s)
            found = floor.floor_state(s, self.unit)
            assert found is not None
            return [names[uuid.UUID(key)] for key in found[1].ring]


@pytest.fixture
def home(site: Site, company: int, login: Callable[..., FlaskClient], frozen_clock: Any) -> House:
    frozen_clock.set(NOON)
    with site.transaction(company, Actor(kind="system", name="setup")) as s:
        unit = organisation.add_unit(s, name="滨江案场", code="BJ", kind="site").id
        prepare(s)
    return House(site, company, unit, login(company))


def filled(template: bytes, rows: dict[str, list[list[Any]]]) -> bytes:
    """The downloaded workbook with rows typed into it by the heads' order."""
    book = openpyxl.load_workbook(io.BytesIO(template))
    for tab, lines in rows.items():
        page = book[tab]
        page.delete_rows(2, page.max_row)
        for number, line in enumerate(lines, start=2):
            for place, cell in enumerate(line, start=1):
                page.cell(number, place).value = cell
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def people(names: list[str] = NAMES) -> list[list[Any]]:
    return [[f"{2001 + n}", name, "置业顾问", n + 1, "空闲"] for n, name in enumerate(names)]


CUSTOMERS = [
    [
        "张伟",
        "13812345678",
        "李敏",
        date(2026, 10, 1),
        date(2026, 11, 1),
        None,
        "B",
        "朋友",
        "三居",
    ],
    ["曾志伟", "13812345679", "2002", date(2026, 10, 2), date(2026, 11, 2), None, "A", None, None],
    ["华润置地", "010-87654321", None, None, None, None, None, None, None],
]
DEALS = [["曾志伟", "13812345679", "3-1201", "小订", date(2026, 10, 30), 2_000_000, "王磊", None]]
TICKETS = [["赵倩", "补接", date(2026, 11, 2), "公出轮过"]]
IN_HAND = [
    ["10:40", "张伟", "13812345678", "李敏", 2, "看样板间"],
    ["11:05", "新来的客人", None, "王磊", 1, None],
]


def whole() -> dict[str, list[list[Any]]]:
    return dict(zip(TABS, (people(), TICKETS, CUSTOMERS, DEALS, IN_HAND), strict=True))


def template(home: House) -> bytes:
    answer = home.browser.get(f"{home.base}/template.xlsx")
    assert answer.status_code == 200
    return bytes(answer.data)


def test_the_workbook_has_a_sheet_for_each_part_and_says_what_it_takes(home: House) -> None:
    book = openpyxl.load_workbook(io.BytesIO(template(home)))
    assert book.sheetnames[:5] == list(TABS)
    assert "说明" in book.sheetnames[5]
    assert [str(cell.value).strip("*") for cell in book["补接券"][1]] == [
        "置业顾问",
        "类别",
        "欠自",
        "理由",
    ]


def test_mistakes_stand_beside_their_rows_on_every_sheet_and_nothing_comes_in(home: House) -> None:
    rows = whole()
    rows["人员与轮序"] = [*people(), ["2001", "别人", None, 0, None]]
    rows["补接券"] = [["孙悟空", "补接", date(2027, 1, 1), None]]
    rows["客户与归属"] = [
        *CUSTOMERS,
        ["王芳", "12345", "孙悟空", None, None, None, "E", None, None],
    ]
    rows["未结交易"] = [["无此人", "13900000000", None, "小订", date(2026, 10, 30), 1, None, None]]
    rows["在场接待"] = [["25:00", "张伟", None, "孙悟空", None, None]]
    assert home.upload(filled(template(home), rows)).status_code == 303
    text = home.page()
    assert "改好标出的行" in text
    assert home.count(Staff) == home.count(Party) == home.count(FloorEvent) == 0
    marked = home.browser.get(f"{home.base}/errors.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(marked.data))
    for tab, row in zip(TABS, (14, 2, 5, 2, 2), strict=True):
        page = book[tab]
        head = [cell.value for cell in page[1]]
        assert "错误" in head, tab
        assert page.cell(row, head.index("错误") + 1).value, tab
    assert home.post("set").status_code in (303, 422)
    assert home.count(FloorEvent) == 0


def test_all_of_it_comes_in_and_the_day_goes_on_and_replays(home: House, frozen_clock: Any) -> None:
    assert home.upload(filled(template(home), whole())).status_code == 303
    text = home.page()
    assert "切换后的看板" in text
    assert home.count(Customer) == 0, "only tried"
    answer = home.post("bring-in", parts=["reps", "customers", "deals"])
    assert answer.status_code == 303
    assert (home.count(Rep), home.count(Customer), home.count(Deal)) == (12, 3, 1)
    again = home.post("bring-in", parts=["customers", "deals"])
    assert again.status_code == 303
    assert (home.count(Customer), home.count(Deal)) == (3, 1), "repeated, not doubled"
    assert home.post("set").status_code == 303
    assert "对照看板" in home.page()
    with home.site.reader(home.company) as s:
        visits = {visit.label: visit for visit in s.scalars(select(Visit))}
        assert (visits["张伟"].kind, visits["新来的客人"].kind) == ("old", "new")
        assert visits["张伟"].arrived_at == NOON - timedelta(minutes=40)
        assert s.scalars(select(Ticket)).one().issued_at.date() <= date(2026, 11, 2)
        owners = {
            row.id: row for row in s.scalars(select(Customer).where(Customer.owner_id.is_not(None)))
        }
        assert all(row.facts["owning"][0]["cause"] == "given" for row in owners.values())
        assert s.scalars(select(Customer).where(Customer.stage == "reserved")).one()
    assert home.ring() == NAMES
    frozen_clock.move(minutes=5)
    with home.site.transaction(home.company, Actor(kind="user", name="前台")) as s:
        act = arrivals.arrive(s, home.unit, Arrival(persons=(Person(name="切换后第一位"),)))
        names = organisation.staff_names(s)
        assert names[uuid.UUID(act.outcome["assigned"])] == "赵倩", "her ticket goes first"
    with home.site.reader(home.company) as s:
        assert replay.replay(s, home.unit, NOON.date()) == []
    text = home.page()
    assert "不能再整体撤回" in text
    assert home.post("take-back").status_code == 303
    assert home.count(Visit) == 3, "refused: the floor has gone on"
    assert home.post("confirm").status_code == 303
    assert "已确认" in home.page() or "确认" in home.page()
    assert home.post("bring-in", parts=["reps"]).status_code in (303, 404)
    with home.site.reader(home.company) as s:
        steps = [
            line.body["step"]
            for line in s.scalars(
                select(LedgerLine)
                .where(LedgerLine.action == "sales_floor.cut_over")
                .order_by(LedgerLine.seq)
            )
        ]
    assert steps == ["brought_in", "brought_in", "set", "confirmed"]


def test_until_something_happens_on_the_floor_all_of_it_can_be_taken_back(home: House) -> None:
    home.upload(filled(template(home), whole()))
    home.post("bring-in", parts=["reps", "customers", "deals"])
    home.post("set")
    assert home.count(Visit) == 2
    assert home.post("take-back").status_code == 303
    assert home.count(Visit) == home.count(Customer) == home.count(Deal) == home.count(Party) == 0
    with home.site.reader(home.company) as s:
        found = floor.floor_state(s, home.unit)
        assert found is not None
        assert found[1].visits == {}
        assert found[1].tickets == ()
        assert replay.replay(s, home.unit, NOON.date()) == []
    home.upload(filled(template(home), whole()))
    home.post("bring-in", parts=["reps", "customers", "deals"])
    assert home.post("set").status_code == 303
    assert (home.count(Customer), home.count(Visit)) == (4, 2)


def test_the_floor_alone_and_twice(home: House) -> None:
    rows = {TABS[0]: people()}
    home.upload(filled(template(home), rows))
    home.post("bring-in", parts=["reps"])
    assert home.post("set").status_code == 303
    assert home.ring() == NAMES
    turned = [[*line[:3], 12 - n, line[4]] for n, line in enumerate(people())]
    with home.site.transaction(home.company) as s:
        s.flush()
    home.post("take-back")
    home.upload(filled(template(home), {TABS[0]: turned}))
    home.post("bring-in", parts=["reps"])
    home.post("set")
    assert home.ring() == list(reversed(NAMES))


def test_what_is_no_workbook_is_told(home: House) -> None:
    answer = home.upload(b"a,b\n1,2\n")
    assert answer.status_code == 422
    assert "xlsx" in answer.text
    assert home.upload(b"").status_code == 422


def test_only_who_may_set_the_floor_cuts_over(
    home: House, login: Callable[..., FlaskClient]
) -> None:
    desk = login(home.company, ["sales_floor.import"])
    assert desk.get(home.base).status_code == 403
    half = login(home.company, ["sales_floor.set_floor"])
    assert half.get(home.base).status_code == 200
    data = {"file": (io.BytesIO(b"x"), "x.xlsx")}
    assert half.post(home.base, data=data).status_code == 403


# -- two thousand customers and twelve reps ---------------------------------------------------


def ledger(rows: int) -> tuple[bytes, int]:
    """A ledger as an office has it: two thousand customers, some rows wrong; how many are."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["滨江案场 老客户台账"])
    page.append(["客户姓名", "手机", "置业顾问", "来访日期", "最近跟进", "意向等级", "备注"])
    bad = 0
    for n in range(rows):
        line = [
            f"客户{n}",
            f"139{n:08d}",
            NAMES[n % 12],
            f"2026-10-{n % 28 + 1:02d}",
            "2026-11-01",
            "ABCD"[n % 4],
            None,
        ]
        if n % 100 == 7:
            line[1], bad = "1391234", bad + 1  # no telephone number
        elif n % 100 == 23:
            line[2], bad = "不在这里", bad + 1  # nobody of ours
        elif n % 100 == 41 and n > 100:
            line[1], bad = f"139{n - 1:08d}", bad + 1  # the line above once more
        page.append(line)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue(), bad


def data_page(home: House, importer: str, content: bytes, name: str) -> str:
    url = f"/admin/data/import/{importer}"
    answer = home.browser.post(url, data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 302, answer.text
    while run_waiting(home.site):
        pass
    return str(answer.headers["Location"])


def test_two_thousand_customers_and_twelve_reps_from_a_ledger_with_mistakes_then_the_cut_over(
    home: House, frozen_clock: Any
) -> None:
    roster = openpyxl.Workbook()
    page = roster.active
    assert page is not None
    page.append(["工号", "姓名", "岗位"])
    for line in [*people(), ["2003", "同号的人"], [None, None, None]]:
        page.append(line[:3])
    buffer = io.BytesIO()
    roster.save(buffer)
    waiting = data_page(home, "sales_floor.reps", buffer.getvalue(), "人员.xlsx")
    told = home.browser.get(waiting).text
    assert "只导入无误的 12 行" in told
    key = uuid.uuid4().hex
    home.browser.post(f"{waiting}/apply", data={"mode": "good", "idempotency_key": key})
    assert home.count(Rep) == 12

    content, bad = ledger(2_000)
    waiting = data_page(home, "sales_floor.customer_ledger", content, "台账.xlsx")
    told = home.browser.get(waiting).text
    assert f"只导入无误的 {2_000 - bad} 行" in told
    marked = home.browser.get(f"{waiting}/errors.xlsx").data
    book = openpyxl.load_workbook(io.BytesIO(marked))
    sheet = book.worksheets[0]
    place = [cell.value for cell in sheet[2]].index("错误") + 1
    wrong = [n for n in range(3, sheet.max_row + 1) if sheet.cell(n, place).value]
    assert len(wrong) == bad
    for n in wrong:  # mended as a person would: a right number, a colleague of ours
        sheet.cell(n, 2).value = f"138{n:08d}"
        sheet.cell(n, 3).value = NAMES[0]
    buffer = io.BytesIO()
    book.save(buffer)
    waiting = data_page(home, "sales_floor.customer_ledger", buffer.getvalue(), "台账.xlsx")
    assert "导入 2000 行" in home.browser.get(waiting).text
    home.browser.post(f"{waiting}/apply", data={"idempotency_key": uuid.uuid4().hex})
    while run_waiting(home.site):
        pass
    assert home.count(Customer) == home.count(Party) == 2_000

    rows = {
        TABS[0]: people(),
        TABS[1]: TICKETS,
        TABS[3]: [["客户5", "13900000005", "1-101", "小订", date(2026, 10, 20), 1_500_000]],
        TABS[4]: [
            ["10:40", "客户0", "13900000000", "李敏", 2, None],
            ["11:10", "生客", None, None, 1, None],
        ],
    }
    assert home.upload(filled(template(home), rows)).status_code == 303
    form = next(f for f in read_page(home.page()).forms if f.id == "bring-in")
    assert home.post("bring-in", parts=form.values["parts"]).status_code == 303
    home.post("bring-in", parts=["reps", "deals"])
    assert home.post("set").status_code == 303
    board = home.browser.get(f"/p/sales_floor/floor/{home.unit}").text
    assert "人工设定" in board
    assert "客户0" in board
    assert "生客" in board
    frozen_clock.move(minutes=3)
    with home.site.transaction(home.company, Actor(kind="user", name="前台")) as s:
        arrivals.arrive(s, home.unit, Arrival(persons=(Person(name="下一位"),)))
    with home.site.reader(home.company) as s:
        assert replay.replay(s, home.unit, NOON.date()) == []
    assert home.post("confirm").status_code == 303
