"""The pure helpers behind the pages."""

from __future__ import annotations

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from zhike.web import ui, ui_charts

NOW = dt.datetime(2026, 11, 21, 16, 30, tzinfo=dt.UTC)  # half past midnight in Shanghai


@pytest.fixture
def env() -> Environment:
    made = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    made.install_gettext_callables(
        lambda text: text, lambda one, many, n: one if n == 1 else many, newstyle=True
    )
    ui.register(made, now=lambda: NOW, zone=lambda: ZoneInfo("Asia/Shanghai"))
    return made


def shown(env: Environment, source: str, **values: object) -> str:
    return env.from_string(source).render(**values)


@pytest.mark.parametrize(
    ("fen", "text"),
    [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123456789, "1,234,567.89"), (None, "")],
)
def test_money_shows_every_fen(fen: int | None, text: str) -> None:
    assert ui.money(fen) == text


@given(st.integers(-(10**15), 10**15))
def test_money_can_be_read_back(fen: int) -> None:
    assert int(ui.money(fen).replace(",", "").replace(".", "")) == fen


@pytest.mark.parametrize(
    ("points", "text"),
    [(0, "0%"), (1250, "12.5%"), (1, "0.01%"), (10_000, "100%"), (-333, "-3.33%"), (None, "")],
)
def test_share_keeps_the_decimals_it_has(points: int | None, text: str) -> None:
    assert ui.share(points) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [("13800014407", "138****4407"), ("4001", "**01"), ("", ""), (None, ""), ("7", "7")],
)
def test_masked_phone(number: str | None, text: str) -> None:
    assert ui.masked_phone(number) == text


@given(st.text("0123456789", min_size=8, max_size=15))
def test_masked_phone_never_shows_more_than_seven_digits(number: str) -> None:
    masked = ui.masked_phone(number)
    assert len(masked) == len(number)
    assert sum(c.isdigit() for c in masked) == 7


@pytest.mark.parametrize(
    ("seconds", "parts"),
    [
        (0, [(0, "s")]),
        (59, [(59, "s")]),
        (60, [(1, "min"), (0, "s")]),
        (-65, [(1, "min"), (5, "s")]),
        (3600, [(1, "h")]),
        (3660, [(1, "h"), (1, "min")]),
        (86400 + 30, [(1, "d")]),
        (2 * 86400 + 3 * 3600, [(2, "d"), (3, "h")]),
    ],
)
def test_span_parts(seconds: int, parts: list[tuple[int, str]]) -> None:
    assert ui.span_parts(seconds) == parts


@pytest.mark.parametrize(
    ("delta", "text"),
    [
        (dt.timedelta(seconds=-20), "just now"),
        (dt.timedelta(seconds=20), "in a moment"),
        (dt.timedelta(minutes=-5), "5 min ago"),
        (dt.timedelta(minutes=5), "in 5 min"),
        (dt.timedelta(hours=-2), "yesterday 22:30"),
        (dt.timedelta(hours=2), "today 02:30"),
        (dt.timedelta(days=1), "tomorrow 00:30"),
        (dt.timedelta(days=10), "12-02 00:30"),
        (dt.timedelta(days=100), "2027-03-02 00:30"),
    ],
)
def test_when_reads_in_the_zone_of_the_site(
    env: Environment, delta: dt.timedelta, text: str
) -> None:
    html = shown(env, "{{ at|when }}", at=NOW + delta)
    assert f">{text}</time>" in html
    assert f'datetime="{(NOW + delta).isoformat()}"' in html


def test_exact_instant_is_on_hover(env: Environment) -> None:
    assert 'title="2026-11-22 00:30:00"' in shown(env, "{{ at|when }}", at=NOW)
    assert shown(env, "{{ none|when }}{{ none|exact }}{{ none|clock }}{{ none|span }}") == ""
    assert shown(env, "{{ at|clock }}", at=NOW) == "00:30"


def test_remaining_is_met_on_the_due_second(env: Environment) -> None:
    assert shown(env, "{{ remaining(at) }}", at=NOW) == "0"
    assert shown(env, "{{ remaining(at) }}", at=NOW - dt.timedelta(seconds=1)) == "-1"


def test_paragraphs_escape(env: Environment) -> None:
    html = shown(env, "{{ text|paragraphs }}", text="<b>一\r\n二\n\n三")
    assert html == "<p>&lt;b&gt;一<br>二</p><p>三</p>"


def columns() -> list[ui.Column]:
    return [
        ui.Column("a", "A", sort=True),
        ui.Column("b", "B", sort=True),
        ui.Column("c", "C", hidden=True),
    ]


def table(args: list[tuple[str, str]], **more: object) -> ui.Table:
    return ui.Table(
        caption="t",
        columns=columns(),
        rows=[],
        base_url="/l",
        args=args,
        sort=dict(args).get("sort", ""),
        **more,
    )


def test_sorting_turns_round_and_leaves_the_page() -> None:
    plain = table([("state", "open"), ("after", "x")])
    assert plain.sort_url(plain.columns[0]) == "/l?state=open&sort=a"
    up = table([("sort", "a")])
    assert up.sort_state(up.columns[0]) == "ascending"
    assert up.sort_url(up.columns[0]) == "/l?sort=-a"
    down = table([("sort", "-a")])
    assert down.sort_state(down.columns[0]) == "descending"
    assert down.sort_url(down.columns[0]) == "/l?sort=a"
    assert down.sort_state(down.columns[1]) == "none"


def test_paging_by_key_keeps_the_filter() -> None:
    t = table([("state", "a&b"), ("before", "old")], after="n=1", before="p")
    assert t.next_url() == "/l?state=a%26b&after=n%3D1"
    assert t.prev_url() == "/l?state=a%26b&before=p"
    end = table([])
    assert (end.next_url(), end.prev_url()) == ("", "")


def test_chosen_columns_ignore_unknown_names_and_keep_their_order() -> None:
    assert [c.key for c in table([]).shown] == ["a", "b"]
    assert [c.key for c in table([("cols", "c"), ("cols", "a"), ("cols", "zz")]).shown] == [
        "a",
        "c",
    ]
    assert [c.key for c in table([("cols", "zz")]).shown] == ["a", "b"]


def test_a_list_knows_when_it_is_narrowed() -> None:
    facet = ui.Facet("f", "F", (("", "all"), ("x", "X")))
    assert not table([], facets=[facet]).filtered
    assert table([("q", "zw")], facets=[facet]).filtered
    assert table([("f", "x")], facets=[facet]).filtered
    assert not table([("f", "unknown")], facets=[facet]).filtered


def test_a_facet_s_default_is_what_a_plain_address_means() -> None:
    facet = ui.Facet("f", "F", (("on", "On"), ("all", "All")), default="on")
    assert table([], facets=[facet]).choice(facet) == "on"
    assert not table([("f", "on")], facets=[facet]).filtered
    assert table([("f", "all")], facets=[facet]).choice(facet) == "all"


def test_the_tools_are_the_same_on_every_page_of_a_list() -> None:
    facet = ui.Facet("f", "F", (("", "all"), ("x", "X")))
    one = table([("f", "x"), ("after", "p1")], facets=[facet], after="p2")
    two = table([("f", "x"), ("after", "p2")], facets=[facet], after="p3", before="p1")
    assert one.tools() == two.tools()
    assert hash(one.tools()) == hash(two.tools())
    assert one.tools() != table([], facets=[facet]).tools()


def test_rows_may_be_mappings_or_objects() -> None:
    t = table([])
    assert t.value({"a": 1}, "a") == 1
    assert t.value({"a": 1}, "zz") is None
    assert t.value(ui.State("w"), "word") == "w"
    assert t.identity({"id": 7}) == "7"


def test_phone_bar_takes_what_asks_for_it_first() -> None:
    items = [ui.NavItem(str(i), str(i), phone=i in (3, 5)) for i in range(6)]
    nav = [ui.NavSection("a", items[:2]), ui.NavSection("b", items[2:])]
    assert [i.label for i in ui.phone_items(nav)] == ["3", "5", "0", "1"]


def test_every_tone_has_a_shape_of_its_own() -> None:
    assert len(set(ui.TONES.values())) == len(ui.TONES)
    assert ui.State("x", "unheard").icon == "circle"


def test_idempotency_keys_differ() -> None:
    assert len({ui.idempotency_key() for _ in range(100)}) == 100


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**9), st.floats(0.001, 1e6)), max_size=12))
def test_axis_holds_every_value_in_equal_steps(values: list[float | None]) -> None:
    ticks = ui_charts.axis(values)
    assert len(ticks) == 5
    assert ticks[-1] == 0
    assert ticks[0] >= max((v for v in values if v is not None), default=0) * (1 - 1e-9)
    widths = [a - b for a, b in itertools.pairwise(ticks)]
    assert max(widths) - min(widths) <= 1e-6 * max(widths)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([118, 41], [200, 150, 100, 50, 0]),
        ([3], [4, 3, 2, 1, 0]),
        ([], [4, 3, 2, 1, 0]),
        ([0.7], [0.8, 0.6, 0.4, 0.2, 0]),
    ],
)
def test_axis_is_round(values: list[float], ticks: list[float]) -> None:
    assert ui_charts.axis(values) == ticks


def test_a_missing_value_breaks_the_line_and_is_not_zero() -> None:
    drawn = ui_charts.line([0, 5, None, 10, None, 10], 10)
    assert drawn.segments == ("0,100 20,50",)
    assert drawn.points == (("0", "100"), ("20", "50"), ("60", "0"), ("100", "0"))


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=5).filter(lambda v: sum(v) > 0))
def test_a_ring_is_closed(values: list[int]) -> None:
    slices = ui_charts.ring(values)
    assert sum(float(s.length) for s in slices) == pytest.approx(100, abs=0.05)
    assert slices[0].start in ("0", "-0")


def test_nothing_makes_an_empty_ring() -> None:
    assert [s.length for s in ui_charts.ring([0, 0])] == ["0", "0"]
    assert ui_charts.percent_of(None, 10) == "0"
    assert ui_charts.percent_of(5, 0) == "0"


def test_a_heat_field_goes_from_nothing_to_the_largest() -> None:
    assert ui_charts.heat([[0, None, 1], [5, 10, 9]]) == [[0, 0, 1], [3, 5, 5]]
    assert ui_charts.heat([[0, None]]) == [[0, 0]]
    assert ui_charts.heat([]) == []
