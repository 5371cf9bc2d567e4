"""What the templates, the style sheet and the scripts promise, read from the files themselves."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

CORE = Path(__file__).parents[2] / "zhike"
TEMPLATES = sorted((CORE / "templates" / "zhike").rglob("*.html"))
SHEET = (CORE / "static" / "css" / "zhike.css").read_text("utf-8")
SCRIPTS = sorted((CORE / "static" / "js").glob("*.js"))
PAGES = [
    "/", "/board", "/list", "/list?empty=1", "/record", "/form", "/decision", "/policy",
    "/report", "/parts", "/wall", "/print", "/login", "/company", "/sessions", "/password",
    "/password?forced=1", "/error/403", "/error/404", "/error/413", "/error/429", "/error/500",
    "/error/503",
]  # fmt: skip
VOID = {"input", "meta", "link", "br", "img", "hr", "rect", "line", "circle", "polyline", "path"}


class Reader(HTMLParser):
    """Collects ids, references, controls and labels, and checks that elements close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.wanted: set[str] = set()
        self.open: list[str] = []
        self.attributes: set[str] = set()
        self.forms = 0
        self.scripts: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.attributes |= set(values)
        if values.get("id"):
            self.ids[str(values["id"])] += 1
        for name in ("for", "aria-labelledby", "aria-describedby", "form", "popovertarget"):
            self.wanted |= set((values.get(name) or "").split())
        if tag == "script":
            self.scripts.append(values)
        if tag == "form":
            self.forms += 1
            assert self.forms == 1, "forms do not nest"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.handle_starttag(tag, attrs)
            self.open.pop()
        else:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.forms -= 1
        if tag not in VOID:
            assert self.open.pop() == tag


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


@pytest.mark.parametrize("address", PAGES)
def test_pages_are_well_formed_and_fit_the_policy(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    reader = read(answer.text)
    assert reader.open == []
    assert [i for i, n in reader.ids.items() if n > 1] == []
    assert reader.wanted - set(reader.ids) == set()
    assert "style" not in reader.attributes
    assert not [a for a in reader.attributes if a.startswith(("on", "hx-on"))]
    assert all(script.get("src") for script in reader.scripts)
    assert "http://" not in answer.text.replace("http://www.w3.org", "")
    assert "https://" not in answer.text


@pytest.mark.parametrize("address", PAGES)
def test_pages_have_one_title(client: FlaskClient, address: str) -> None:
    html = client.get(address).text
    assert html.count("<h1") == 1
    assert re.search(r"<title>[^<]*\S[^<]*</title>", html)
    assert '<html lang="zh-Hans"' in html


@pytest.mark.parametrize("language", ["zh_Hans", "zh_Hant", "en"])
def test_pages_speak_the_language_asked_for(client: FlaskClient, language: str) -> None:
    html = client.get(f"/error/404?lang={language}").text
    title = {
        "zh_Hans": "页面不存在",
        "zh_Hant": "頁面不存在",
        "en": "This page does not exist",
    }[language]
    assert f"<h1>{title}</h1>" in html


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_templates_keep_to_the_policy(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.S)
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert "<style" not in text
    assert "|safe" not in text
    assert not re.search(r"#[0-9a-fA-F]{6}\b", text)


@pytest.mark.parametrize(
    "path", [p for p in TEMPLATES if p.name.startswith("base_")], ids=lambda p: p.name
)
def test_page_kinds_say_how_they_are_used(path: Path) -> None:
    said, _, source = path.read_text("utf-8").partition("-#}")
    assert said.startswith("{#-")
    assert "Blocks:" in said
    assert "Variables:" in said
    inherited = {"content", "body", "page_title", "body_class", "fragment", "first_step"}
    named = set(re.findall(r"\{%-? block (\w+)", source)) - inherited
    assert [name for name in named if not re.search(rf"\b{name}\b", said)] == []


def test_scripts_stay_small() -> None:
    lines = {path.name: len(path.read_text("utf-8").splitlines()) for path in SCRIPTS}
    assert sum(lines.values()) < 600, lines
    assert max(lines.values()) < 90, lines
    for path in SCRIPTS:
        text = path.read_text("utf-8")
        assert text.startswith("//"), f"{path.name} says what it is for"
        assert "innerHTML" not in text
        assert "eval(" not in text


def block(sheet: str, selector: str) -> dict[str, str]:
    """The custom properties of the first rule with this selector."""
    body = sheet[sheet.index(selector + " {") :].split("{", 1)[1].split("}", 1)[0]
    return {
        name: value.strip()
        for name, value in re.findall(r"(--zk-[\w-]+):\s*([^;]+);", re.sub(r"/\*.*?\*/", "", body))
    }


LIGHT = block(SHEET, ":root, [data-bs-theme=light]")
DARK = block((CORE / "static" / "css" / "dark.css").read_text("utf-8"), ":root")


def test_the_dark_has_every_role_of_the_light() -> None:
    assert LIGHT.keys() == DARK.keys()


@pytest.mark.parametrize(
    ("theme", "media"),
    [
        ("dark", 'media="screen"'),
        ("auto", 'media="screen and (prefers-color-scheme: dark)"'),
        ("light", None),
    ],
)
def test_the_dark_is_linked_where_it_is_wanted(
    client: FlaskClient, theme: str, media: str | None
) -> None:
    text = client.get(f"/wall?theme={theme}").get_data(as_text=True)
    linked = re.findall(r'<link rel="stylesheet" href="[^"]*dark.css" ([^>]+)>', text)
    assert linked == ([media] if media else [])


def test_colours_are_named_once() -> None:
    rest = SHEET[SHEET.index("Bootstrap's variables from the roles") :]
    printed = rest.index("/* ---------- print ---------- */")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", rest[:printed]) == []
    assert re.findall(r"\b(?:rgb|hsl|oklch)a?\(", rest) == []


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    a, b = sorted((luminance(one), luminance(other)), reverse=True)
    return (a + 0.05) / (b + 0.05)


@pytest.mark.parametrize("roles", [LIGHT, DARK], ids=["light", "dark"])
def test_words_can_be_read_on_every_ground(roles: dict[str, str]) -> None:
    grounds = ["ground", "surface", "sunken"]
    pairs = [(ink, g) for ink in ("ink", "ink-2", "primary") for g in grounds]
    pairs += [(f"{t}-ink", f"{t}-wash") for t in ("attention", "breach", "done")]
    pairs += [(f"{t}-ink", "surface") for t in ("attention", "breach", "done")]
    pairs += [("primary", "primary-wash"), ("on-primary", "primary"), ("on-breach", "breach")]
    pairs += [("on-primary", "primary-deep"), ("on-breach", "breach-ink")]
    weak = {
        pair: round(contrast(roles[f"--zk-{pair[0]}"], roles[f"--zk-{pair[1]}"]), 2)
        for pair in pairs
        if contrast(roles[f"--zk-{pair[0]}"], roles[f"--zk-{pair[1]}"]) < 4.5
    }
    assert weak == {}


@pytest.mark.parametrize("roles", [LIGHT, DARK], ids=["light", "dark"])
def test_edges_and_shapes_can_be_seen(roles: dict[str, str]) -> None:
    for name in ("edge", "attention", "breach", "done", "primary"):
        assert contrast(roles[f"--zk-{name}"], roles["--zk-surface"]) >= 3, name


def msgids() -> set[str]:
    """Message ids of the look: its templates and its helpers."""
    found: set[str] = set()
    own = [p for p in TEMPLATES if not {"admin", "core"} & set(p.parts[-3:-1])]
    for path in [*own, CORE / "web" / "ui.py"]:
        text = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.S)
        found |= set(re.findall(r'\b(?:_|ngettext)\("((?:[^"\\]|\\.)+)"', text))
    return found


@pytest.mark.parametrize("locale", ["zh_Hans", "zh_Hant"])
def test_every_word_is_translated(locale: str) -> None:
    path = CORE / "translations" / locale / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=locale)
    ids = msgids()
    assert len(ids) > 100
    missing = []
    for text in ids:
        message = catalogue.get(text)
        strings = () if message is None else message.string
        if not strings or not all([strings] if isinstance(strings, str) else strings):
            missing.append(text)
    assert missing == []


def test_translations_use_the_same_places() -> None:
    for locale in ("zh_Hans", "zh_Hant"):
        path = CORE / "translations" / locale / "LC_MESSAGES" / "messages.po"
        with path.open("rb") as file:
            for message in read_po(file, locale=locale):
                one = message.id if isinstance(message.id, str) else message.id[-1]
                texts = [message.string] if isinstance(message.string, str) else message.string
                places = set(re.findall(r"%\(\w+\)[sd]", one))
                for text in filter(None, texts):
                    assert set(re.findall(r"%\(\w+\)[sd]", text)) == places, message.id


def test_an_error_keeps_what_was_typed_and_says_where(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    answer = app.test_client().post(
        "/form", data={"phone": "138", "note": "周六 <再来>", "wants": "three", "unit": "a"}
    )
    assert answer.status_code == 422
    html = answer.text
    assert 'value="138"' in html
    assert "周六 &lt;再来&gt;" in html
    assert re.search(r'value="three" id="wants-2" checked', html)
    assert 'class="zk-errors' in html
    assert '<a href="#name">客户姓名: 请填写客户姓名。</a>' in html
    assert re.search(r'<input[^>]*aria-describedby="name-error"[^>]*id="name"', html)
    assert re.search(r'<input[^>]*aria-invalid="true"[^>]*id="name"', html)
    assert 'id="name-error"' in html
    assert "有 3 处需要修改" in html


def test_a_lapsed_page_says_nothing_is_lost(app: Flask) -> None:
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    html = app.test_client().post("/form", data={"name": "张伟"}).text
    assert "内容没有丢失" in html
    assert 'value="张伟"' in html


def test_keyboards_fit_the_field(client: FlaskClient) -> None:
    html = client.get("/form").text

    def control(name: str) -> str:
        found = re.search(rf'<(?:input|select|textarea)[^>]*name="{name}"[^>]*>', html)
        assert found
        return found[0]

    assert 'inputmode="tel"' in control("phone")
    assert 'type="tel"' in control("phone")
    assert 'inputmode="numeric"' in control("people")
    assert 'inputmode="decimal"' in control("budget")
    assert 'type="date"' in control("day")
    assert 'type="time"' in control("at")
    assert 'type="radio"' in control("source")
    assert 'type="checkbox"' in control("wants")
    login = client.get("/login").text
    assert 'autocomplete="username"' in login
    assert 'autocomplete="current-password"' in login


def test_each_form_carries_a_fresh_idempotency_key(client: FlaskClient) -> None:
    keys = re.findall(
        r'name="idempotency_key" value="(\w{32})"',
        client.get("/form").text + client.get("/form").text,
    )
    assert len(keys) == 2
    assert len(set(keys)) == 2


def test_lists_sort_page_and_name_their_cells(client: FlaskClient) -> None:
    html = client.get("/list?state=open&sort=who").text
    assert re.search(
        r'aria-sort="ascending"><a class="zk-sort" href="/list\?state=open&amp;sort=-who"', html
    )
    assert 'rel="next" href="/list?state=open&amp;sort=who&amp;after=c2Vjb25k"' in html
    assert 'data-label="接待人"' in html
    assert '<caption class="visually-hidden">来访台账</caption>' in html
    assert '<input type="hidden" name="filter.state" value="open">' in html
    fewer = client.get("/list?cols=number&cols=who").text
    assert 'data-label="接待人"' not in fewer


def test_an_empty_list_offers_the_first_step(client: FlaskClient) -> None:
    html = client.get("/list?empty=1").text
    assert "这里记录每一次来访。" in html
    assert '<a class="btn btn-primary" href="/form">登记来访</a>' in html
    narrowed = client.get("/list?empty=1&q=zz").text
    assert "没有符合筛选条件的记录。" in narrowed
    assert '<a class="btn btn-primary" href="/list">清除筛选</a>' in narrowed


def test_a_board_sends_its_part_or_nothing(client: FlaskClient) -> None:
    whole = client.get("/board").text
    assert "<html" in whole
    part = client.get("/board", headers={"HX-Target": "board"}).text
    assert part.strip().startswith('<div class="zk-board"')
    assert "<html" not in part
    assert 'hx-get="/board?since=41"' in part
    assert client.get("/board?since=41").status_code == 204


def test_a_phone_number_is_never_in_the_page(client: FlaskClient) -> None:
    html = client.get("/record").text
    assert "138****4407" in html
    assert "13800014407" not in html


def test_the_menu_repeats_no_word(client: FlaskClient) -> None:
    menu = client.get("/list").text.split('id="zk-nav"')[1].split("</nav>")[0]
    assert menu.count("今日") == 1
    assert menu.count("<summary>") == 2
    assert menu.count("<ul>") == 3


def test_why_names_clauses_and_version(client: FlaskClient) -> None:
    html = client.get("/decision").text
    for text in (
        "由李敏接待",
        "第4条",
        "来访客户按轮序表依次接待",
        "据此决定",
        "轮到第一位",
        "第 3 版",
    ):
        assert text in html


def test_a_refused_action_says_why(client: FlaskClient) -> None:
    html = client.get("/record").text
    assert "可请 王芳 处理" in html
    assert "(现在不可用)" in html


def test_403_names_who_can_help(client: FlaskClient) -> None:
    html = client.get("/error/403").text
    assert "王芳(案场经理)、系统管理员" in html
    assert "只有案场经理可以作废来访" in html


def test_charts_carry_words_and_numbers(client: FlaskClient) -> None:
    html = client.get("/report").text
    for chart in ("c1", "c2", "c3", "c4"):
        assert f'<title id="{chart}-t">' in html
        assert f'<desc id="{chart}-d">' in html
    assert html.count('class="zk-chart__data"') == 4


def test_gallery_uses_the_projects_templates(gallery: ModuleType) -> None:
    assert gallery.CORE == CORE
