"""The sales floor in a real browser: keyboard alone, two boards, a phone, a wall."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from zhike.api import Actor, Unit, organisation
from zhike.services import door
from zhike.site import Site
from zhike.testing import make_company, make_user, noon_zone
from zhike.web import cookies
from zhike_sales_floor.models import Visit
from zhike_sales_floor.services import arrivals, floor
from zhike_sales_floor.services.arrivals import Arrival, Person
from zhike_sales_floor.services.setup import prepare

pytestmark = pytest.mark.browser

DESK = Actor(kind="user", name="前台")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def zhike_plugins() -> tuple[str, ...]:
    """The floor alone."""
    return ("sales_floor",)


@dataclass
class Served:
    """A served floor with four reps signed in and one known customer."""

    site: Site
    company: int
    unit: Any
    reps: list[Any]
    address: str
    token: tuple[str, str]

    @property
    def board(self) -> str:
        """Address of the board."""
        return f"{self.address}/p/sales_floor/floor/{self.unit}"

    def do(self, work: Any) -> Any:
        """One transaction beside the browser: another desk."""
        with self.site.transaction(self.company, DESK) as s:
            return work(s)


@pytest.fixture
def served(site: Site, app: Any) -> Iterator[Served]:
    """The floor behind a real server, with forms protected as in life."""
    company = make_company(site, "lanjing", ["sales_floor"])
    with site.transaction(company, DESK) as s:
        unit = Unit(name="滨江案场", kind="site", code="BJ", tz=noon_zone())
        s.add(unit)
        s.flush()
        reps = []
        for number, name in enumerate(("李敏", "王磊", "赵倩", "孙浩"), 1):
            person = organisation.add_staff(s, name=name, number=f"{number:03d}")
            organisation.give_post(
                s, person.id, unit.id, title="置业顾问", valid_from=date(2020, 1, 1)
            )
            reps.append(person.id)
        prepare(s)
        floor.add_reps(s, unit.id, reps)
        unit_id = unit.id
    for rep in reps:
        with site.transaction(company, DESK) as s:
            floor.sign_in(s, unit_id, rep)
    opened = door.open_for(site, make_user(site, company), ip="127.0.0.1", agent="test")
    assert opened is not None
    app.config.update(WTF_CSRF_ENABLED=True, WTF_CSRF_METHODS={"POST", "PUT", "PATCH", "DELETE"})
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with app.test_request_context():
        name = cookies.token_name()
    yield Served(
        site, company, unit_id, reps, f"http://127.0.0.1:{server.port}", (name, opened.token)
    )
    server.shutdown()


@pytest.fixture
def tab(chromium: Any, served: Served) -> Iterator[Any]:
    """``tab(width)``: a signed-in page; nothing leaves the machine, nothing throws."""
    contexts, complaints = [], []

    def open_tab(width: int = 1440, height: int = 900) -> Any:
        context = chromium.new_context(
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            viewport={"width": width, "height": height},
        )
        context.set_default_timeout(60_000)  # against hanging; a busy machine may take its time
        name, token = served.token
        context.add_cookies([{"name": name, "value": token, "url": served.address}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda r: (
                complaints.append(r.url)
                if not r.url.startswith((served.address, "data:"))
                else None
            ),
        )
        page.on(
            "console",
            lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None,
        )
        contexts.append(context)
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert complaints == []


def violations(page: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, options={"runOnly": RULES}).response["violations"]
    return [f"{v['id']}: {[n['html'][:120] for n in v['nodes']]}" for v in found]


def press(page: Any, *keys: str) -> int:
    """Press keys and say how many."""
    for key in keys:
        page.keyboard.press(key)
    return len(keys)


def test_an_arrival_by_keyboard_alone(tab: Any, served: Served) -> None:
    first = served.do(
        lambda s: arrivals.arrive(
            s, served.unit, Arrival(persons=(Person(name="张伟", phone="13812345678"),))
        )
    )
    served.do(lambda s: floor.end_visit(s, first.visit_id, result="will_return"))
    page = tab()
    page.goto(served.board)
    keys = press(page, "g", "a")
    page.wait_for_url("**/arrive")
    with page.expect_response("**/suggest?q=5678"):  # an answer to less would replace the list
        page.keyboard.type("5678")
    page.wait_for_selector("[role=option]")
    assert "138****5678" in page.inner_text("[role=option]")
    assert "李敏" in page.inner_text("[role=option]")
    keys += press(page, "ArrowDown", "Enter", "Control+Enter")
    page.wait_for_url(served.board)
    assert keys <= 8
    told = page.inner_text("body")
    assert "李敏 接待" in told
    assert "依据 第" in told
    assert page.locator(".zk-tile", has_text="张伟").count() == 1


def test_a_second_board_shows_it_by_itself(tab: Any, served: Served) -> None:
    one, two = tab(), tab()
    one.goto(served.board)
    two.goto(served.board)
    # How soon is said by the page, not measured here: a busy machine is not a fault.
    assert two.locator("[data-board]").get_attribute("hx-trigger").startswith("every 2s")
    assert two.locator(".zk-tile", has_text="王强").count() == 0
    one.goto(served.board + "/arrive")
    one.keyboard.type("王强")
    one.locator("#arrive summary").press("Control+Enter")  # wherever the focus is
    one.wait_for_url(served.board)
    two.locator(".zk-tile", has_text="王强").wait_for()


def test_a_double_click_is_one_arrival(tab: Any, served: Served) -> None:
    page = tab()
    page.goto(served.board + "/arrive")
    page.keyboard.type("王强")
    page.locator("#arrive [data-save]").dblclick()
    page.wait_for_url(served.board)
    with served.site.reader(served.company) as s:
        assert len(s.scalars(select(Visit.id)).all()) == 1


def test_a_known_phone_is_asked_about_and_nothing_typed_is_lost(tab: Any, served: Served) -> None:
    served.do(
        lambda s: arrivals.arrive(
            s, served.unit, Arrival(persons=(Person(name="张伟", phone="13812345678"),))
        )
    )
    page = tab()
    page.goto(served.board + "/arrive")
    page.fill("#who", "张小伟")
    page.fill("#phone", "138 1234 5678")
    page.fill("#need", "三房")
    page.locator("[data-save]").click()
    page.get_by_role("heading", name="可能重复").wait_for()
    assert page.input_value("#need") == "三房"
    page.get_by_role("button", name="不是").click()
    page.wait_for_url(served.board)
    assert page.locator(".zk-tile", has_text="张小伟").count() == 1


def test_an_arrival_outlives_a_reload_and_is_gone_once_registered(tab: Any, served: Served) -> None:
    page = tab(360, 740)
    page.goto(served.board + "/arrive")
    page.locator("#who").press_sequentially("王强")
    page.locator("#need").press_sequentially("三房")
    page.reload()
    assert page.input_value("#who") == "王强"
    assert page.input_value("#need") == "三房"
    page.locator("#arrive [data-save]").click()
    page.wait_for_url(served.board)
    page.goto(served.board + "/arrive")
    assert page.input_value("#who") == ""
    assert page.locator(".zk-draft").count() == 0


def test_a_reception_from_the_phone(tab: Any, served: Served) -> None:
    served.do(
        lambda s: arrivals.arrive(
            s, served.unit, Arrival(persons=(Person(name="王强", phone="13700002222"),))
        )
    )
    page = tab(360, 740)
    page.goto(served.board)
    page.locator(".zk-tile", has_text="王强").get_by_role("link", name="结束接待").click()
    page.get_by_role("radio", name="B", exact=True).check()
    assert page.evaluate(WIDE) <= 0
    page.get_by_role("button", name="结束接待").click()
    page.wait_for_url(served.board)
    assert "空闲" in page.locator(".zk-tile", has_text="李敏").inner_text()


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (360, "dark"), (1440, "light")])
def test_every_page_is_accessible_and_fits(
    tab: Any, served: Served, width: int, scheme: str
) -> None:
    act = served.do(
        lambda s: arrivals.arrive(
            s,
            served.unit,
            Arrival(persons=(Person(name="张伟", phone="13812345678"),), need="三房"),
        )
    )
    with served.site.reader(served.company) as s:
        customer = s.require(Visit, act.visit_id).customer_id
    page = tab(width, 740)
    page.emulate_media(color_scheme=scheme)
    wrong = []
    for part in (
        "",
        "/arrive",
        f"/visit/{act.visit_id}",
        f"/visit/{act.visit_id}/end",
        "/day",
        "/team",
        "/customers",
        f"/customers/{customer}",
        f"/customers/{customer}/contact",
        "/deals",
        f"/deals/new?customer={customer}",
        "/registers",
        "/registers?register=SFF-03",
        "/differences",
    ):
        answer = page.goto(served.board + part)
        assert answer.status == 200, part
        found = violations(page)
        if found:
            wrong.append((part, found))
        if page.evaluate(WIDE) > 0:
            wrong.append((part, "wider than the screen"))
    page.goto(f"{served.address}/p/sales_floor/why/{act.decisions[0][1]}")
    assert violations(page) == []
    assert wrong == []


def test_the_wall_masks_names_and_says_its_time(tab: Any, served: Served) -> None:
    served.do(
        lambda s: arrivals.arrive(
            s, served.unit, Arrival(persons=(Person(name="张伟", phone="13812345678"),))
        )
    )
    page = tab(1920, 1080)
    page.goto(served.board + "/wall")
    text = page.inner_text("body")
    assert "张*" in text
    assert "张伟" not in text
    assert page.locator("[data-live-time]").inner_text()
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('main *')].filter(e => e.checkVisibility()"
        " && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))"
        ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= 28


def test_the_palette_goes_anywhere_by_keyboard(tab: Any, served: Served) -> None:
    served.do(
        lambda s: arrivals.arrive(
            s, served.unit, Arrival(persons=(Person(name="张伟", phone="13812345678"),))
        )
    )
    page = tab()
    page.goto(f"{served.address}/")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#zk-palette [role=option]")
    assert page.evaluate("document.activeElement.id") == "zk-palette-q"
    assert violations(page) == []
    with page.expect_response("**/palette?q=djlf"):
        page.keyboard.type("djlf")
    page.wait_for_selector("#zk-palette [role=option]:has-text('登记来访')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/arrive")
    page.keyboard.press("Control+k")
    with page.expect_response("**/palette?q=5678"):
        page.keyboard.type("5678")
    page.wait_for_selector("#zk-palette [role=option]:has-text('张伟')")
    page.keyboard.press("Escape")
    assert not page.is_visible("#zk-palette")
    page.goto(f"{served.address}/")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#zk-palette [role=option]:has-text('来访登记')")  # where one was lately


def test_rows_are_chosen_by_keyboard_and_the_overview_names_the_keys(
    tab: Any, served: Served
) -> None:
    for number in range(5):
        served.do(
            lambda s, n=number: arrivals.arrive(
                s, served.unit, Arrival(persons=(Person(name=f"客户{n}", phone=f"1380000000{n}"),))
            )
        )
    page = tab()
    page.goto(f"{served.board}/customers")
    for key in ("j", "j", "x", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    assert page.inner_text("[data-bulk-count]") == "3"
    page.keyboard.press("?")
    assert "选到这一行" in page.inner_text("#zk-keys")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.click("[data-bulk-bar] button:has-text('设置等级')")
    page.wait_for_url("**/bulk/**")
    assert "3 位客户" in page.inner_text("main")
    assert violations(page) == []
    page.check("input[name=grade][value=A]", force=True)
    page.click("[data-save]")
    page.wait_for_url("**/bulk/runs/**")
    assert page.locator("main tbody tr").count() == 3
    assert violations(page) == []


def test_single_keys_that_are_switched_off_do_nothing(tab: Any, served: Served) -> None:
    page = tab()
    page.goto(f"{served.board}/figures?span=week")
    page.keyboard.press("?")
    assert "前一时段" in page.inner_text("#zk-keys")
    page.click("#zk-keys form[action] button[name=on]")
    page.wait_for_load_state("networkidle")
    where = page.url
    for key in ("[", "?", "g", "t"):
        page.keyboard.press(key)
    assert page.url == where
    assert not page.is_visible("#zk-keys")
    page.keyboard.press("Control+k")
    assert page.is_visible("#zk-palette")


def test_reports_hold_on_a_phone_and_in_the_dark(tab: Any, served: Served) -> None:
    served.do(
        lambda s: arrivals.arrive(
            s, served.unit, Arrival(persons=(Person(name="张伟", phone="13812345678"),))
        )
    )
    page = tab(360, 740)
    for path in ("", "/turns", "/hours", "/conversion", "/protection"):
        page.goto(f"{served.board}/figures{path}")
        assert page.evaluate(WIDE) <= 0, path
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == [], (path, scheme)
