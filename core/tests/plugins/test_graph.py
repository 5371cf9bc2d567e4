"""The order of plugins: total, repeatable, and with a sentence for whoever is left out."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.manifest import Plugin
from zhike.plugins import graph


def house(**depends: str) -> dict[str, Plugin]:
    """``house(a="b c", d="~a")``: a needs b and c, d likes a (soft)."""
    manifests = {}
    for name, text in depends.items():
        words = text.split()
        manifests[name] = Plugin(
            name=name,
            title=name,
            version="1",
            depends=tuple(w for w in words if w[0] not in "~/"),
            optional=tuple(w[1:] for w in words if w[0] == "~"),
            bridges=tuple(w[1:] for w in words if w[0] == "/"),
        )
    return manifests


def test_dependencies_come_first_and_names_break_ties() -> None:
    assert graph.order(house(a="c", b="", c="")).names == ("b", "c", "a")


def test_soft_wishes_are_followed_where_they_can_be() -> None:
    assert graph.order(house(a="~z", b="", z="")).names == ("b", "z", "a")
    # Two that bridge to each other contradict; the name decides, nobody is refused.
    both = graph.order(house(a="/b", b="/a"))
    assert both.names == ("a", "b")
    assert not both.refused


def test_a_gap_takes_out_everything_above_it() -> None:
    ordered = graph.order(house(a="b", b="gone", c=""))
    assert ordered.names == ("c",)
    assert ordered.refused["b"] == "needs 'gone', which is not here"
    assert ordered.refused["a"].startswith("needs 'b', which is refused: needs 'gone'")


def test_the_reason_of_an_absent_one_is_passed_on() -> None:
    ordered = graph.order(house(a="b"), {"b": "ImportError: no module"})
    assert ordered.refused["a"] == "needs 'b', which is out: ImportError: no module"


def test_a_cycle_is_named_whole() -> None:
    ordered = graph.order(house(a="b", b="c", c="a", d="a", e=""))
    assert ordered.names == ("e",)
    assert ordered.refused["a"] == "depends on itself: a → b → c → a"
    assert ordered.refused["b"] == ordered.refused["a"]
    assert "refused" in ordered.refused["d"]


def test_closures_are_in_the_order_of_switching() -> None:
    plugins = house(a="b", b="c", c="", d="b", x="")
    assert graph.closure_up("a", plugins) == ("c", "b")
    assert graph.closure_down("c", plugins) == ("d", "a", "b")
    assert graph.closure_down("x", plugins) == ()


@given(st.data())
def test_any_acyclic_house_is_sorted_the_same_from_any_beginning(data: st.DataObject) -> None:
    names = [f"p{n}" for n in range(data.draw(st.integers(1, 9)))]
    manifests = {}
    for position, name in enumerate(names):
        below = data.draw(st.lists(st.sampled_from(names[:position] or [name]), unique=True))
        hard = tuple(b for b in below if b != name)
        manifests[name] = Plugin(name=name, title=name, version="1", depends=hard)
    expected = graph.order(manifests).names
    assert set(expected) == set(names)
    for name in names:
        assert all(expected.index(d) < expected.index(name) for d in manifests[name].depends)
    shuffled = list(manifests.items())
    random.Random(data.draw(st.integers())).shuffle(shuffled)
    assert graph.order(dict(shuffled)).names == expected


@pytest.mark.parametrize("size", [60])
def test_a_long_chain_is_no_problem(size: int) -> None:
    chain = {
        f"p{n:02}": Plugin(
            name=f"p{n:02}", title="p", version="1", depends=(f"p{n - 1:02}",) if n else ()
        )
        for n in range(size)
    }
    assert graph.order(chain).names == tuple(sorted(chain))
