"""Asking: own loop with a barrier per plugin, first answers, and the active set deciding."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from zhike.plugins import PluginHost

Load = Callable[..., PluginHost]
Write = Callable[..., str]

OBJECT = """
    @hookimpl
    def object_to(action):
        {body}
"""


def test_one_that_raises_does_not_silence_the_rest(write_plugin: Write, load: Load) -> None:
    write_plugin("a", OBJECT.format(body="return [Objection('a: ' + action)]"))
    write_plugin("b", OBJECT.format(body="raise RuntimeError('broken inside')"))
    write_plugin("c", OBJECT.format(body="return None"))
    write_plugin("d", OBJECT.format(body="return [Objection('d')]"))
    host = load()
    answers = host.each("object_to", None, action="x", principal=None, unit_id=None)
    assert [str(owner) for owner, _, _ in answers] == ["a", "b", "d"]
    assert answers[0][1][0].reason == "a: x"
    assert isinstance(answers[1][2], RuntimeError)
    assert [(f.plugin, f.where, f.error) for f in host.failures] == [
        ("b", "object_to", "RuntimeError: broken inside")
    ]


def test_only_active_plugins_are_asked(write_plugin: Write, load: Load) -> None:
    for name in ("a", "b"):
        write_plugin(name, OBJECT.format(body="return [Objection('no')]"))
    host = load()
    arguments = {"action": "x", "principal": None, "unit_id": None}
    assert [str(o) for o, _, _ in host.each("object_to", {"b"}, **arguments)] == ["b"]
    assert host.each("object_to", (), **arguments) == []


FIRST = """
    @hookimpl
    def resolve_company(request):
        return {answer}
"""


def test_the_first_answer_counts_in_the_order_of_the_graph(write_plugin: Write, load: Load) -> None:
    write_plugin("z", FIRST.format(answer="26"))
    write_plugin("a", FIRST.format(answer="1"), "depends=('z',)")
    write_plugin("m", FIRST.format(answer="None"))
    host = load()
    assert host.names == ("m", "z", "a")
    assert host.first("resolve_company", None, request=None) == 26
    assert host.first("resolve_company", {"a", "m"}, request=None) == 1
    assert host.first("resolve_company", {"m"}, request=None) is None
    assert host.first("resolve_company", {"a", "m"}, request=None) == 1  # from the cache


def test_a_first_hook_that_raises_is_no_answer_and_the_next_is_asked(
    write_plugin: Write, load: Load
) -> None:
    write_plugin("a", FIRST.format(answer="1 // 0"))
    write_plugin("b", FIRST.format(answer="2"))
    host = load()
    assert host.first("resolve_company", None, request=None) == 2
    assert [(f.plugin, f.where) for f in host.failures] == [("a", "resolve_company")]
    assert host.first("resolve_company", {"a"}, request=None) is None


def test_lifecycle_hooks_are_called_on_one_plugin_and_raise(
    write_plugin: Write, load: Load
) -> None:
    hooks = """
        @hookimpl
        def on_enable(session):
            session.append("{name}")
    """
    write_plugin("a", hooks.format(name="a"))
    write_plugin("b", hooks.format(name="b") + "        raise ValueError('no')\n")
    host = load()
    heard: list[str] = []
    host.lifecycle("a", "on_enable", session=heard)
    assert heard == ["a"]
    with pytest.raises(ValueError, match="no"):
        host.lifecycle("b", "on_enable", session=heard)
    with pytest.raises(ValueError, match="no lifecycle hook"):
        host.lifecycle("a", "register_menu")


def test_bridges_hear_of_a_switch_when_both_ends_are_there(write_plugin: Write, load: Load) -> None:
    bridge = (
        "from zhike.hookspecs import hookimpl\n@hookimpl\ndef on_enable(session):\n"
        "    session.append('bridge')\n"
    )
    write_plugin("a", "", "bridges=('b',)", **{"bridges/b.py": bridge})
    write_plugin("b")
    host = load()
    heard: list[str] = []
    host.lifecycle("a", "on_enable", {"a"}, session=heard)
    assert heard == []
    host.lifecycle("b", "on_enable", {"a", "b"}, session=heard)
    assert heard == ["bridge"]


def test_a_plugin_broken_by_its_pages_is_taken_out_whole(write_plugin: Write, load: Load) -> None:
    write_plugin("a", "@hookimpl\ndef register_cards():\n    raise RuntimeError('no cards')\n")
    write_plugin("b", FIRST.format(answer="2"), "depends=('a',)")
    write_plugin("c", FIRST.format(answer="3"))
    host = load()
    assert host.first("resolve_company", None, request=None) == 2
    host.collect_web()
    assert host.names == ("c",)
    assert host.broken["a"].stage == "pages"
    assert host.broken["b"].stage == "dependencies"
    assert host.first("resolve_company", None, request=None) == 3
    assert host.each("resolve_company", None, request=None)[0][1] == 3
