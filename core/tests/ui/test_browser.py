"""The look in a real browser: reflow, contrast, keyboard, and what the scripts add."""

from __future__ import annotations

import io
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

pytestmark = pytest.mark.browser

PAGES = [
    "/", "/board", "/list", "/record", "/form", "/decision", "/policy", "/report", "/parts",
    "/login", "/company", "/sessions", "/error/403",
]  # fmt: skip
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SMALL = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .filter(e => e.checkVisibility({opacityProperty: true}) && e.type !== 'hidden')
  .filter(e => !e.closest('p, li.zk-clause, dd') || !e.matches('a'))
  .map(e => { const b = (e.closest('label') ?? e).getBoundingClientRect();
    return [e.outerHTML.slice(0, 80), b.width, b.height]; })
  .filter(([, w, h]) => w > 0 && (w < 23.9 || h < 23.9))"""
WIDE = """() => [...document.querySelectorAll('body *')]
  .filter(e => !e.closest('.visually-hidden, .zk-defs, .zk-views, .zk-skip, thead'))
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => e.outerHTML.slice(0, 80))"""
TINY = """() => [...document.querySelectorAll('body *')]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
  .filter(e => !e.closest('svg, noscript, script') && e.checkVisibility())
  .map(e => [e.outerHTML.slice(0, 80), parseFloat(getComputedStyle(e).fontSize)])
  .filter(([, size]) => size < SIZE)"""


def violations(page: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, options={"runOnly": RULES}).response["violations"]
    return [f"{v['id']}: {[n['html'][:120] for n in v['nodes']]}" for v in found]


def stand_still(page: Any, now: datetime = datetime(2026, 11, 21, 6, tzinfo=UTC)) -> None:
    """Stop the page's clock at ``now``: time passes by ``run_for`` alone, however busy the machine.

    An installed clock by itself still runs with the machine's.
    """
    page.clock.install(time=now - timedelta(hours=1))  # it runs until it is stopped
    page.clock.pause_at(now)


@pytest.mark.parametrize("address", PAGES)
def test_accessible_light_on_a_desk(page: Any, site: str, address: str) -> None:
    page.goto(site + address)
    assert violations(page) == []


@pytest.mark.parametrize("address", PAGES)
def test_accessible_dark_on_a_phone(page: Any, site: str, address: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark")
    page.goto(site + address)
    assert violations(page) == []


@pytest.mark.parametrize("address", [*PAGES, "/print"])
def test_nothing_is_lost_at_any_width(page: Any, site: str, address: str) -> None:
    page.goto(site + address)
    for width in (320, 360, 768, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate(WIDE) == [], width
        root = "document.documentElement"
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), width
        assert page.evaluate(TINY.replace("SIZE", "14")) == [], width
        assert page.evaluate(SMALL) == [], width


def test_menus_are_accessible_when_open(page: Any, site: str) -> None:
    page.goto(site + "/record")
    for summary in page.locator("details.zk-menu > summary").all():
        summary.click()
        assert violations(page) == []
        page.keyboard.press("Escape")
    page.set_viewport_size({"width": 320, "height": 740})
    for summary in page.locator("details.zk-menu > summary").all():
        summary.click()
        assert page.evaluate(WIDE) == []
        page.keyboard.press("Escape")
    page.get_by_role("button", name="菜单").click()
    assert page.get_by_role("link", name="制度", exact=True).is_visible()
    assert violations(page) == []


def test_the_chosen_theme_beats_the_device(page: Any, site: str) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark")
    page.goto(site + "/")
    assert page.evaluate(ground) == "rgb(20, 25, 27)"
    page.locator(".zk-me > summary").click()
    with page.expect_navigation():
        page.get_by_role("button", name="浅色").click()
    assert page.evaluate(ground) == "rgb(246, 245, 241)"


def test_a_wall_is_readable_from_afar(page: Any, site: str) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(site + "/wall")
    assert page.evaluate(TINY.replace("SIZE", "28")) == []
    assert violations(page) == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 25, 27)"


def test_skip_link_comes_first_and_works(page: Any, site: str) -> None:
    page.goto(site + "/list")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "zk-skip"
    assert page.locator(".zk-skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_single_keys(page: Any, site: str) -> None:
    page.goto(site + "/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "zk-q"
    page.keyboard.type("?g")  # typed, not obeyed
    assert not page.locator("#zk-keys").is_visible()
    page.locator("h1").click()
    page.keyboard.press("?")
    assert page.locator("#zk-keys").is_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    assert not page.locator("#zk-keys").is_visible()
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.id") == "zk-q"
    page.locator("h1").click()
    page.keyboard.press("g")
    page.keyboard.press("v")
    page.wait_for_url("**/list")


def test_single_keys_can_be_switched_off(page: Any, site: str) -> None:
    page.goto(site + "/")
    page.evaluate("document.body.dataset.keys = 'off'")
    page.keyboard.press("?")
    assert not page.locator("#zk-keys").is_visible()


def test_enter_moves_on_and_ctrl_enter_saves_once(page: Any, site: str, app: Flask) -> None:
    page.goto(site + "/form")
    page.locator("#name").fill("张伟")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "source"
    page.locator("#name").focus()
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert page.locator(".zk-errors").is_visible()
    assert page.evaluate("document.activeElement.className").startswith("zk-errors")
    assert page.locator("#name").input_value() == "张伟"
    assert len(app.config["POSTED"]) == 1
    assert violations(page) == []
    page.locator(".zk-errors a").first.click()
    assert page.evaluate("document.activeElement.id") == "phone"


def test_ctrl_enter_saves_before_anything_is_chosen(page: Any, site: str, app: Flask) -> None:
    page.goto(site + "/form")
    page.evaluate("document.activeElement.blur()")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert len(app.config["POSTED"]) == 1


def test_enter_while_composing_does_nothing(page: Any, site: str, app: Flask) -> None:
    page.goto(site + "/form")
    page.locator("#name").focus()
    page.evaluate(
        """() => document.activeElement.dispatchEvent(new KeyboardEvent('keydown',
        {key: 'Enter', isComposing: true, ctrlKey: true, bubbles: true, cancelable: true}))"""
    )
    assert page.evaluate("document.activeElement.id") == "name"
    assert "POSTED" not in app.config


def test_a_double_click_sends_one_form(page: Any, site: str, app: Flask) -> None:
    page.goto(site + "/form")
    page.evaluate(
        """() => { const b = document.querySelector('[data-save]'); b.click(); b.click(); }"""
    )
    page.locator(".zk-errors").wait_for()
    assert len(app.config["POSTED"]) == 1


def test_what_was_sent_and_changed_gets_a_new_key(page: Any, site: str) -> None:
    page.goto(site + "/form")
    key = page.locator("#form [name=idempotency_key]")
    first = key.input_value()
    page.evaluate("document.querySelector('#form').dataset.sent = '1'")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow'))")
    assert key.input_value() == first  # the same again is a replay
    page.locator("#name").fill("张伟")
    assert key.input_value() != first
    assert len(key.input_value()) >= 16


def test_lookup_by_digits_and_pinyin(page: Any, site: str, app: Flask) -> None:
    page.goto(site + "/form")
    field = page.locator("#phone")
    field.press_sequentially("44")
    options = page.locator("[role=option]")
    options.first.wait_for()
    assert options.count() == 3
    assert field.get_attribute("aria-expanded") == "true"
    assert violations(page) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    marked = page.locator("[aria-selected=true]")
    assert field.get_attribute("aria-activedescendant") == marked.get_attribute("id")
    page.keyboard.press("Enter")
    assert field.input_value() == "曾志伟"
    assert page.locator("#phone_id").input_value() == "2"
    assert page.evaluate("document.activeElement.id") == "phone"
    field.press_sequentially("x")
    assert page.locator("#phone_id").input_value() == ""
    assert len(app.config["ASKED"]) < 3  # not once a letter


def test_lookup_waits_for_the_input_method(page: Any, site: str, app: Flask) -> None:
    stand_still(page)
    page.goto(site + "/form")
    compose = """(on) => { const i = document.querySelector('#phone'); i.value = 'zw';
      i.dispatchEvent(new InputEvent('input', {isComposing: on, bubbles: true})); }"""
    page.locator("#phone").focus()
    page.evaluate(compose, True)
    page.clock.run_for(1000)
    assert "ASKED" not in app.config
    page.evaluate("document.querySelector('#phone').dispatchEvent(new Event('compositionend'))")
    page.clock.run_for(1000)
    page.locator("[role=option]").wait_for()
    assert app.config["ASKED"] == ["zw"]


def drafts(page: Any) -> list[Any]:
    """What the tab keeps of forms."""
    found: list[Any] = page.evaluate(
        "Object.keys(sessionStorage).filter(k => k.startsWith('zk-draft:'))"
        ".map(k => JSON.parse(sessionStorage[k]))"
    )
    return found


def test_what_was_typed_is_back_after_a_reload(page: Any, site: str) -> None:
    asked: list[str] = []
    page.on("dialog", lambda d: (asked.append(d.type), d.accept()))
    page.goto(site + "/form")
    page.locator("#name").press_sequentially("张伟")
    page.get_by_label("三房").check()
    (kept,) = drafts(page)
    assert kept["fields"]["name"] == ["张伟"]
    assert kept["fields"]["wants"] == ["three"]
    assert not {"csrf_token", "idempotency_key"} & set(kept["fields"])
    page.reload()
    assert asked == [], "nothing is lost, so nothing is asked"
    assert page.locator("#name").input_value() == "张伟"
    assert page.locator("[value=three]").is_checked()
    page.get_by_role("button", name="丢弃").click()
    assert page.locator("#name").input_value() == ""
    assert drafts(page) == []


def test_what_was_typed_is_offered_to_its_writer_until_given_up(page: Any, site: str) -> None:
    page.goto(site + "/form")
    page.locator("#name").press_sequentially("张伟")
    page.goto(site + "/list")
    page.goto(site + "/form")  # perhaps for somebody else: not put in unasked
    assert page.locator("#name").input_value() == ""
    page.get_by_role("button", name="恢复草稿").click()
    assert page.locator("#name").input_value() == "张伟"
    page.locator(".zk-formacts a").click()
    page.goto(site + "/form")
    assert page.locator(".zk-draft").count() == 0


def test_what_was_typed_is_nobody_else_s(page: Any, site: str) -> None:
    page.goto(site + "/form")
    page.locator("#name").press_sequentially("张伟")
    page.goto(site + "/list")
    page.evaluate(
        "k => { const d = JSON.parse(sessionStorage[k]); d.who = 'another';"
        " sessionStorage[k] = JSON.stringify(d); }",
        page.evaluate("Object.keys(sessionStorage).find(k => k.startsWith('zk-draft:'))"),
    )
    page.goto(site + "/form")
    assert page.locator(".zk-draft").count() == 0
    assert drafts(page) == []


def test_leaving_with_unsaved_text_asks(page: Any, site: str, app: Flask) -> None:
    asked: list[str] = []
    page.on("dialog", lambda d: (asked.append(d.type), d.accept()))
    page.goto(site + "/password")
    page.locator("#current").press_sequentially("geheim")
    page.goto(site + "/list")
    assert asked == ["beforeunload"]


def test_a_dialog_names_the_consequence_and_returns_the_focus(page: Any, site: str) -> None:
    page.goto(site + "/record")
    opener = page.get_by_role("button", name="作废").first
    opener.click()
    dialog = page.locator("#void")
    assert "将作废 1 次来访" in dialog.inner_text()
    assert violations(page) == []
    page.get_by_role("button", name="取消").click()
    assert not dialog.is_visible()
    assert opener.evaluate("e => e === document.activeElement")


def test_harmless_messages_leave_and_warnings_stay(page: Any, site: str) -> None:
    stand_still(page)
    page.goto(site + "/parts")
    toasts = page.locator("[data-toast]")
    assert toasts.count() == 2
    assert page.get_by_role("button", name="撤销").is_visible()
    page.clock.run_for(9_000)
    assert toasts.count() == 2
    page.clock.run_for(2_000)
    assert toasts.count() == 1
    assert "电话已存在" in toasts.inner_text()
    page.get_by_role("button", name="关闭").last.click()
    assert toasts.count() == 0


def test_a_message_from_htmx(page: Any, site: str) -> None:
    page.goto(site + "/")
    page.evaluate(
        """() => document.body.dispatchEvent(new CustomEvent('zk:toast',
        {bubbles: true, detail: {text: '<b>已转交</b>', undo: '/undo'}}))"""
    )
    toast = page.locator("[data-toast]")
    assert "<b>已转交</b>" in toast.inner_text()
    assert toast.get_by_role("button", name="撤销").get_attribute("formaction").endswith("/undo")


def test_rows_open_and_arrows_move(page: Any, site: str) -> None:
    page.goto(site + "/list")
    links = page.locator(".zk-rowlink")
    links.first.focus()
    page.keyboard.press("ArrowDown")
    assert links.nth(1).evaluate("e => e === document.activeElement")
    page.locator("td", has_text="欧阳若兰").first.click()
    page.wait_for_url("**/record?id=0003")


def test_a_code_leaves_the_card_to_its_words(page: Any, site: str, app: Flask) -> None:
    drawn = app.jinja_env.from_string(
        "{% from 'zhike/admin/ledger_words.html' import coded %}"
        "{{ coded('王小', '/admin/users/1', 'core:user:1') }}|{{ coded('', '', 'core:x:2') }}"
    ).render()
    page.goto(site + "/list")
    cells = page.locator("table[data-rows] tbody td.zk-on-phone-meta")
    for place, text in enumerate(drawn.split("|")):
        cells.nth(place).evaluate("(cell, html) => { cell.innerHTML = html }", text)
    for width, shown in ((390, False), (1440, True)):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.get_by_role("link", name="王小").is_visible()
        assert page.get_by_text("core:user:1").is_visible() is shown
        assert page.get_by_text("core:x:2").is_visible(), "where nothing else is known, it stays"


def test_the_bulk_bar_counts(page: Any, site: str) -> None:
    page.goto(site + "/list")
    bar = page.locator("[data-bulk-bar]")
    assert not bar.is_visible()
    picks = page.locator("[data-pick]")
    picks.nth(0).check()
    picks.nth(2).check()
    assert bar.locator("[data-bulk-count]").inner_text() == "2"
    assert page.locator("[data-pick-all]").evaluate("e => e.indeterminate")
    page.locator("[data-pick-all]").check()
    assert bar.locator("[data-bulk-count]").inner_text() == "14"
    bar.get_by_label("符合条件的全部").check()
    assert bar.locator("[data-bulk-count]").inner_text() == "1284"
    assert page.url.endswith("/list")


def test_a_number_is_shown_on_request(page: Any, site: str) -> None:
    page.goto(site + "/record")
    with page.expect_response("**/reveal") as answer:
        page.get_by_role("button", name="显示号码").click()
    assert answer.value.status == 200
    page.get_by_text("13800014407").wait_for()


def test_countdowns_go_on_and_turn(page: Any, site: str, gallery: Any) -> None:
    stand_still(page, gallery.NOW)
    page.goto(site + "/parts")
    clock = page.locator("[data-due]").first
    assert "还剩 12 分 0 秒" in clock.inner_text()
    page.clock.run_for(65_000)
    assert "还剩 10 分 55 秒" in clock.inner_text()
    page.clock.run_for(11 * 60_000)
    assert "已超时" in clock.inner_text()
    assert "zk-tone-breach" in clock.get_attribute("class")
    assert "zk-tone-attention" not in clock.get_attribute("class")


def test_a_board_changes_only_when_the_data_did(page: Any, site: str, app: Flask) -> None:
    stand_still(page)
    page.goto(site + "/board")
    page.evaluate("document.querySelector('#board').dataset.mine = 'same'")
    with page.expect_response("**/board?since=41") as answer:
        page.clock.run_for(2_100)
    assert answer.value.status == 204
    assert page.locator("#board").get_attribute("data-mine") == "same"
    app.config["BOARD_VERSION"] = 42
    with page.expect_response("**/board?since=41"):
        page.clock.run_for(2_100)
    page.get_by_text("第 42 版").wait_for()
    assert page.locator("#board").count() == 1
    with page.expect_response("**/board?since=42") as answer:
        page.clock.run_for(2_100)
    assert answer.value.status == 204


def test_a_board_says_when_the_line_is_down(page: Any, site: str) -> None:
    stand_still(page)
    page.goto(site + "/board")
    page.route("**/board?since*", lambda route: route.abort())
    off = page.locator("[data-live-off]")
    for _ in range(2):  # one answer that stays away is not yet a line that is down
        assert not off.is_visible()
        with page.expect_event("requestfailed"):
            page.clock.run_for(8_000)
    off.wait_for()
    assert off.inner_text().strip() == "断线"
    page.unroute("**/board?since*")
    with page.expect_response("**/board?since*"):
        page.clock.run_for(32_000)
    off.wait_for(state="hidden")


def test_a_board_that_is_down_is_accessible(page: Any, site: str) -> None:
    page.goto(site + "/board")
    page.evaluate("document.querySelector('[data-live-off]').hidden = false")
    assert violations(page) == []


def test_a_board_never_shows_another_page_inside(page: Any, site: str, app: Flask) -> None:
    stand_still(page)
    page.goto(site + "/board")
    app.config["SIGNED_OUT"] = True
    with page.expect_navigation():
        page.clock.run_for(2_100)
    assert page.locator("#board .zk-bare__panel").count() == 0
    assert page.locator("#login").count() == 0


def test_a_board_rests_when_paused_or_unseen(page: Any, site: str, app: Flask) -> None:
    stand_still(page)
    page.goto(site + "/board")
    page.get_by_role("button", name="暂停更新").click()
    asked = app.config["BOARD_ASKED"]
    page.clock.run_for(10_000)
    page.wait_for_timeout(100)
    assert app.config["BOARD_ASKED"] == asked
    assert page.get_by_text("已暂停").is_visible()
    page.get_by_role("button", name="暂停更新").click()
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    page.clock.run_for(10_000)
    page.wait_for_timeout(100)
    assert app.config["BOARD_ASKED"] == asked


def test_everything_works_without_scripts(chromium: Any, site: str, app: Flask) -> None:
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(site + "/record")
    assert tab.get_by_role("heading", name="作废这次来访").is_visible()
    assert not tab.get_by_role("button", name="取消").is_visible()
    tab.goto(site + "/list")
    assert tab.get_by_role("button", name="转交接待人").is_visible()
    assert not tab.locator("[data-pick-all]").is_visible()
    tab.goto(site + "/form")
    tab.locator("#name").fill("张伟")
    tab.locator("[data-save]").click()
    assert tab.locator(".zk-errors").is_visible()
    assert tab.locator("#name").input_value() == "张伟"
    context.close()


def test_paper_prints_on_one_sheet(page: Any, site: str) -> None:
    pypdf = pytest.importorskip("pypdf")
    page.goto(site + "/print")
    paper = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    assert len(paper.pages) == 1
    box = paper.pages[0].mediabox
    assert (round(box.width), round(box.height)) == (595, 842)
    text = unicodedata.normalize("NFKC", paper.pages[0].extract_text()).replace(" ", "")
    assert "来访登记单" in text
    assert "1/1" in text
    assert "返回" not in text
