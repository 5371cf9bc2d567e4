"""The shared nouns of rule engines: windows, shares, codec, parameters, policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.rules import (
    FULL,
    Cite,
    Clause,
    Decision,
    EventInvalid,
    Parameter,
    ParameterError,
    Policy,
    add_months,
    days_between,
    equal_split,
    from_json,
    instant,
    load_preset,
    minutes_after,
    on_day,
    parse_shares,
    share_part,
    to_json,
)
from zhike.rules.shares import combine
from zhike.rules.types import plain
from zhike.rules.windows import later


# --- windows ------------------------------------------------------------------------------------
def test_day_windows_count_dates_and_include_the_last_day() -> None:
    assert days_between("2024-05-01T23:59", "2024-05-08T00:00") == 7
    assert days_between("2024-04-30", "2024-05-08") == 8
    assert on_day("2024-02-29T10:00:00+08:00") == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2023, 12, 31), 2, date(2024, 2, 29)),
        (date(2022, 12, 31), 2, date(2023, 2, 28)),
        (date(2024, 3, 10), 2, date(2024, 5, 10)),
        (date(2024, 8, 31), 1, date(2024, 9, 30)),
        (date(2024, 11, 15), 14, date(2026, 1, 15)),
    ],
)
def test_month_windows_are_clamped(start: date, months: int, end: date) -> None:
    assert add_months(start, months) == end


def test_minutes_keep_the_notation_and_the_deadline_is_on_time() -> None:
    assert minutes_after("2024-05-10T23:55", 10) == "2024-05-11T00:05"
    assert minutes_after("2024-05-10T14:00:00+08:00", 10) == "2024-05-10T14:10:00+08:00"
    assert not later("2024-05-10T14:10", minutes_after("2024-05-10T14:00", 10))
    assert later("2024-05-10T14:11", minutes_after("2024-05-10T14:00", 10))
    with pytest.raises(ValueError, match="not an instant"):
        instant("2024-05-10")


# --- shares -------------------------------------------------------------------------------------
def test_three_way_split_gives_the_surplus_to_the_signers_owner() -> None:
    assert equal_split(["B", "C", "D"], first="C") == {"C": 3334, "B": 3333, "D": 3333}
    assert equal_split(["A", "B", "A"]) == {"A": 5000, "B": 5000}
    assert share_part(2000, ["X", "Y", "Z"]) == {"X": 667, "Y": 667, "Z": 666}
    assert share_part(2000, []) == {}
    assert combine({"A": 8000}, {"B": 2000, "C": 0}) == {"A": 8000, "B": 2000}


@given(st.lists(st.sampled_from("ABCDEFG"), min_size=1), st.integers(0, FULL))
def test_divisions_always_sum_up(holders: list[str], part: int) -> None:
    assert sum(equal_split(holders).values()) == FULL
    shares = share_part(part, holders)
    assert sum(shares.values()) == part
    assert max(shares.values()) - min(shares.values()) <= 1


@pytest.mark.parametrize(
    ("stated", "shares"),
    [
        ({"A": 100}, {"A": 10_000}),
        ({"A": 5000, "B": 5000}, {"A": 5000, "B": 5000}),
        ({"C": 33.34, "B": 33.33, "D": 33.33}, {"C": 3334, "B": 3333, "D": 3333}),
        ("A 50 / B 50", {"A": 5000, "B": 5000}),
        ("A: 80%, B: 20%", {"A": 8000, "B": 2000}),
        ("A", {"A": 10_000}),
        ({"A": 100, "B": 0}, {"A": 10_000}),
        ({"A": "0.5", "B": "0.5"}, {"A": 5000, "B": 5000}),
    ],
)
def test_shares_are_read_as_people_write_them(stated: object, shares: dict[str, int]) -> None:
    assert parse_shares(stated) == shares


@pytest.mark.parametrize("stated", [{"A": 60, "B": 60}, "A 50 / B", 7, {"A": "x"}, {"A": -50}])
def test_shares_that_are_no_whole_are_refused(stated: object) -> None:
    with pytest.raises(ValueError):
        parse_shares(stated)


# --- codec --------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Leaf:
    name: str
    size: int = 1


@dataclass(frozen=True, slots=True)
class Tree:
    leaf: Leaf
    leaves: tuple[Leaf, ...] = ()
    named: Mapping[str, Leaf] = field(default_factory=dict)
    best: Leaf | None = None
    pair: tuple[int, str] = (0, "")
    odd: int | str | None = None
    free: Any = None


def test_dataclasses_survive_json_exactly_and_leave_defaults_out() -> None:
    tree = Tree(Leaf("a"), (Leaf("b", 2),), {"c": Leaf("c")}, Leaf("d"), (3, "x"), "e", {"f": [1]})
    assert from_json(Tree, to_json(tree)) == tree
    assert to_json(Tree(Leaf("a"))) == {"leaf": {"name": "a"}}
    assert from_json(Tree, {"leaf": {"name": "a"}}) == Tree(Leaf("a"))
    with pytest.raises(TypeError, match="no field size2"):
        from_json(Leaf, {"name": "a", "size2": 1})


# --- policies -----------------------------------------------------------------------------------
def make_policy() -> Policy:
    return Policy(
        "shop",
        "P",
        "1",
        {"days": 7, "who": ("call", "visit"), "split": (8000, 2000), "on": True, "cap": None},
        {"X-1": Clause("X-1", "5", "{days} 天、{who}、{split}、{on}、{cap}、{nope}")},
        labels={"who": {"call": "电话"}, "on": {"true": "开"}},
    )


def test_a_clause_is_filled_from_the_parameters() -> None:
    policy = make_policy()
    assert policy.sentence("X-1") == "7 天、电话、visit、80/20、开、–、–"
    assert policy.sentence("X-1b") == policy.sentence("X-1")
    assert policy.sentence("Y-1") == ""
    assert plain(False) == "否"
    assert plain(True) == "是"


def test_parameters_answer_to_their_full_name_too() -> None:
    policy = make_policy()
    assert policy["shop.days"] == policy["days"] == 7
    assert policy.get("nope", 3) == 3
    with pytest.raises(KeyError):
        policy["nope"]
    changed = policy.with_params({"shop.days": 10}, version="2")
    assert (changed["days"], changed.version, policy["days"]) == (10, "2", 7)
    with pytest.raises(TypeError):
        policy.params["days"] = 8


def test_decisions_survive_json() -> None:
    decision = Decision("credit", "d1", {"A": 1}, (Cite("X-1", "owner", {"n": 1}),), "2024-05-01")
    assert Decision.from_json(decision.to_json()) == decision
    error = EventInvalid("bad", code="c", field="f", allowed=("a", "b"))
    assert str(error) == "f: bad (allowed: a, b)"


# --- parameters ---------------------------------------------------------------------------------
def parameter(kind: str, **more: Any) -> Parameter:
    return Parameter("k.e", 1, kind, "题", **more)


@pytest.mark.parametrize(
    ("made", "stated", "value"),
    [
        (parameter("bool"), "yes", True),
        (parameter("bool"), "否", False),
        (parameter("int", maximum=9), "7", 7),
        (parameter("int", nullable=True), "none", None),
        (parameter("money"), 300, 300),
        (parameter("choice", choices=("a_b", "c")), "a b", "a_b"),
        (parameter("choice", choices=("none", "c")), None, "none"),
        (parameter("choices", choices=("a", "b")), "a, b, a", ("a", "b")),
        (parameter("choices", choices=("a", "b")), ["b"], ("b",)),
        (parameter("split"), "80/20", (8000, 2000)),
        (parameter("split"), [10_000, 0], (10_000, 0)),
        (parameter("share"), "20%", 2000),
        (parameter("share"), 500, 500),
        (parameter("share"), 50, 50),
        (parameter("share"), "10", 1000),
        (parameter("share"), "100", 10_000),
        (parameter("share"), "1000", 1000),
        (parameter("share"), "0.5%", 50),
        (parameter("share"), "33.33%", 3333),
        (parameter("split"), "33.33/66.67", (3333, 6667)),
        (parameter("clock"), "09:30", "09:30"),
        (parameter("text"), 5, "5"),
        (parameter("table"), {"X-1": 20}, {"X-1": 20}),
    ],
)
def test_values_are_read_liberally(made: Parameter, stated: Any, value: Any) -> None:
    assert made.read(stated) == value


@pytest.mark.parametrize(
    ("made", "stated", "allowed"),
    [
        (parameter("bool"), "perhaps", "true, false"),
        (parameter("int", maximum=9), 10, "0 to 9"),
        (parameter("int", minimum=1), 0, "1 or more"),
        (parameter("int"), True, "0 or more"),
        (parameter("int"), "none", "0 or more"),
        (parameter("int", nullable=True), "x", "none"),
        (parameter("choice", choices=("a", "b")), "c", "a, b"),
        (parameter("choices", choices=("a", "b")), 3, "a, b"),
        (parameter("split"), "80/30", "80/20"),
        (parameter("split"), "eighty/20", "80/20"),
        (parameter("split"), 5, "80/20"),
        (parameter("share"), "x", "20%"),
        (parameter("share"), 10_001, "20%"),
        (parameter("share"), "0.001%", "20%"),
        (parameter("share"), "120%", "20%"),
        (parameter("split"), "33.333/66.667", "80/20"),
        (parameter("clock"), "24:00", "HH:MM"),
        (parameter("table"), 3, "rule id"),
    ],
)
def test_wrong_values_are_refused_with_what_is_allowed(
    made: Parameter, stated: Any, allowed: str
) -> None:
    with pytest.raises(ParameterError) as error:
        made.read(stated)
    assert error.value.field == "k.e"
    assert allowed in str(error.value)


@pytest.mark.parametrize("points", [0, 1, 50, 99, 100, 101, 3333, 9999, 10_000])
def test_a_stored_share_stays_what_it_is_and_can_be_typed_again(points: int) -> None:
    from zhike.admin.policy_drafts import typed

    share, split = parameter("share"), parameter("split")
    assert share.read(points) == points, "stored figures are basis points"
    assert share.read(typed(share, points)) == points
    assert split.read(typed(split, (points, 10_000 - points))) == (points, 10_000 - points)


def test_a_share_written_in_a_drill_is_per_cent_up_to_a_hundred() -> None:
    share = parameter("share")
    stated = [share.read_written(value) for value in (0, 10, 12.5, 100, 1000, "10%")]
    assert stated == [0, 1000, 1250, 10_000, 1000, 1000]
    assert parameter("int").read_written(10) == 10
    with pytest.raises(ParameterError, match="per cent"):
        share.read_written(True)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ParameterError, match="unknown type"):
        parameter("colour")


PARAMETERS = """
[[parameter]]
row = 1
key = "lapse.days"
type = "int"
title_zh = "天数"
default = { P = 7, Q = 9 }

[[parameter]]
row = 2
key = "lapse.kinds"
type = "choices"
title_zh = "方式"
choices = ["call", "visit"]
labels = { call = "电话", visit = "到访" }
default = { P = ["call"] }
"""
PRESET = """
id = "P"
plugin = "shop"
title_zh = "题"
title_en = "Title"
parameters = "parameters.toml"
[[clause]]
rule = "X-1"
number = 5
text = "{lapse.days} 天{lapse.kinds}"
"""


def test_a_preset_is_data(tmp_path: Path) -> None:
    (tmp_path / "parameters.toml").write_text(PARAMETERS, encoding="utf-8")
    (tmp_path / "p.toml").write_text(PRESET, encoding="utf-8")
    preset = load_preset(tmp_path / "p.toml")
    assert preset.policy().sentence("X-1") == "7 天电话"
    changed = preset.policy({"shop.lapse.days": "10", "lapse.kinds": "visit"}, version="3")
    assert changed.sentence("X-1") == "10 天到访"
    assert changed.version == "3"
    with pytest.raises(ParameterError, match=r"lapse\.days, lapse\.kinds"):
        preset.policy({"lapse.dayz": 3})


def test_a_parameter_may_not_stand_twice(tmp_path: Path) -> None:
    (tmp_path / "parameters.toml").write_text(PARAMETERS + PARAMETERS, encoding="utf-8")
    (tmp_path / "p.toml").write_text(PRESET, encoding="utf-8")
    with pytest.raises(ParameterError, match="twice"):
        load_preset(tmp_path / "p.toml")
