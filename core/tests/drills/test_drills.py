"""Reading and playing drills, with a toy engine of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from zhike.drills import (
    Drill,
    DrillError,
    Report,
    load,
    load_bytes,
    load_text,
    parse,
    render_text,
    run,
    schema,
    tally,
)
from zhike.drills.yamltext import read_documents
from zhike.rules import (
    Cite,
    Decision,
    EventInvalid,
    EventRefused,
    Parameter,
    Policy,
    Preset,
    Step,
)


class Counter:
    """Adds numbers; refuses negative ones."""

    plugin = "counter"

    def schema(self) -> dict[str, Any]:
        return {"given": {"type": "object"}, "event": {}, "expect": {}}

    def start(self, given: Mapping[str, Any], policy: Policy) -> int:
        if "start" not in given:
            raise EventInvalid("needed", code="missing", field="start")
        return int(given["start"])

    def handle(self, state: int, event: Mapping[str, Any]) -> Step:
        if "add" not in event:
            raise EventInvalid("no verb", code="verb", allowed=("add",))
        if event["add"] < 0:
            raise EventRefused("negative", code="negative")
        total = state + event["add"]
        decision = Decision("sum", "s", {"total": total}, (Cite("C-1", "added"),))
        return Step(total, {"total": total, "assigned": "x"}, (decision,))

    def differences(
        self, expected: Mapping[str, Any], step: Step, final: int
    ) -> list[tuple[str, Any, Any]]:
        actual = {"total": step.outcome.get("total", final)}
        for key in expected:
            if key not in actual:
                raise EventInvalid("no such field", code="field", field=key)
        return [(k, v, actual[k]) for k, v in expected.items() if v != actual[k]]

    def explain(
        self,
        decision: Decision,
        policy: Policy,
        names: Mapping[str, str] | None = None,
        locale: str = "zh_Hans",
    ) -> list[str]:
        return [f"合计 {decision.outcome['total']}"]


FACTOR = Parameter("factor", 1, "int", "倍", defaults={"P": 1})
PRESET = Preset("P", "counter", "题", "T", (FACTOR,), ())


def play(drill: Drill, **more: Any) -> Report:
    return run(drill, {"counter": Counter()}, {"P": PRESET}, **more)


def one(text: str) -> Drill:
    (drill,) = load_text(text, source="f.yaml")
    return drill


HEAD = "plugin: counter\npolicy: P\ngiven: {start: 1}\n"


# --- YAML ---------------------------------------------------------------------------------------
def test_times_and_words_stay_text() -> None:
    text = """
    at: 10:30
    on: yes
    day: 2024-05-08
    n: 7
    x: 0.5
    oct: 010
    none: ~
    empty:
    truth: [true, False]
    quoted: "7"
    """
    ((data, places),) = read_documents(text)
    assert data == {
        "at": "10:30",
        "on": "yes",
        "day": "2024-05-08",
        "n": 7,
        "x": 0.5,
        "oct": "010",
        "none": None,
        "empty": None,
        "truth": [True, False],
        "quoted": "7",
    }
    assert places[("n",)] == 5


def test_json_is_read_too() -> None:
    data = {"plugin": "counter", "given": {"start": 1}, "events": [{"at": "09:00", "add": 1}]}
    drill = one(json.dumps(data))
    assert drill.events[0]["at"] == "2024-05-06T09:00"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "f.yaml:1"),
        ("a: 1\na: 2", "f.yaml:2: the key 'a' stands twice"),
        ("? [a]\n: 1", "a key must be a word"),
        ("- 1", "a drill is a mapping"),
        ("# nothing", "holds no drill"),
        (HEAD + "event: []", "f.yaml:4: event: no such field"),
        (HEAD + "events: 7", "events: must be a list"),
        (HEAD + "events: [7]", "events.1: an event is a mapping"),
        (HEAD + "events: [{at: 09:00, date: soon, add: 1}]", "not a date"),
        (HEAD + "events:\n- {at: 10:00, add: 1}\n- {at: 09:00, add: 1}", "f.yaml:6"),
        ("policy: P\nevents: []", "plugin"),
        (HEAD + "events: []\nexpect: 3", "expect: must be a mapping"),
        (HEAD + "events: []\nexpect: [{event: 1, total: 2}]", "there is no event 1"),
        (HEAD + "events: []\nexpect: [{total: 2}]", "name the event"),
        (HEAD + "events: []\nexpect: [{at: 09:00, total: 2}]", "0 events at 09:00"),
        (HEAD + "events: []\nvariants: [{evnts: []}]", "variants.1.evnts: no such field"),
        ("plugin: counter\npolicy: {presets: P}\nevents: []", "policy.presets"),
        ("a: " + "[" * 100 + "]" * 100, "too large or too deep"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(DrillError) as error:
        load_text(text, source="f.yaml")
    assert message in str(error.value)


def test_aliases_cannot_blow_up() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(DrillError, match="too large"):
        load_text("\n".join(lines))
    with pytest.raises(DrillError, match="too long"):
        load_text("#" * 2_000_001)


# --- instants -----------------------------------------------------------------------------------
def test_instants_take_their_date_from_the_drill_or_the_event_before() -> None:
    drill = one(
        HEAD
        + """date: 2024-05-08
events:
  - {at: "9:00", add: 1}
  - {add: 1}
  - {date: +1d, at: 08:00, add: 1}
  - {at: 08:30:15, add: 1}
  - {at: 2024-05-20 10:00, add: 1}
  - {at: 10:30, add: 1}
  - {at: 2024-05-21, add: 1}
  - {at: 2024-05-21, add: 1}
  - {date: 2024-06-01, add: 1}
  - {at: 09:00, occurred_at: 08:00, add: 1}
"""
    )
    assert [e["at"] for e in drill.events] == [
        "2024-05-08T09:00",
        "2024-05-08T09:00",
        "2024-05-09T08:00",
        "2024-05-09T08:30:15",
        "2024-05-20T10:00",
        "2024-05-20T10:30",
        "2024-05-21T00:00:00",
        "2024-05-21T00:00:00",
        "2024-06-01T00:00:00",
        "2024-06-01T09:00",
    ]
    assert drill.given["date"] == "2024-05-08"
    assert one(HEAD + "events: [{add: 1}]").events[0]["at"] == "2024-05-06T00:00:00"


# --- playing ------------------------------------------------------------------------------------
def test_expectations_beside_events_in_a_list_and_at_the_end() -> None:
    drill = one(
        HEAD
        + """events:
  - {at: 09:00, add: 1, expect: {total: 2}}
  - {at: 09:01, add: 2}
  - {at: 09:01, add: 3}
expect:
  total: 7
  events:
    - {event: 2, total: 4}
    - {at: 09:01, of: 3, total: 8}
"""
    )
    report = play(drill)
    assert not report.ok
    assert report.checked == 4
    (wrong,) = report.every_difference
    assert (wrong.what, wrong.expected, wrong.actual) == ("total", 8, 7)
    assert wrong.where == "f.yaml:7"
    text = render_text(report)
    assert "合计 7" in text
    assert "1 differences" in text
    assert "合计 2" not in render_text(report, every=False)
    assert "合计" not in render_text(report, reasons=False)
    assert report.to_json()["events"][2]["differences"][0]["actual"] == 7


def test_rows_of_one_instant_follow_the_events_of_that_instant() -> None:
    events = "events: [{at: 09:00, add: 1}, {at: 09:00, add: 2}, {at: 09:05, add: 0}]\n"
    rows = "expect: [{at: 09:00, total: 2}, {at: 09:00, total: 4}]"
    assert play(one(HEAD + events + rows)).ok
    with pytest.raises(DrillError, match="2 events at 09:00"):
        load_text(HEAD + events + "expect: [{at: 09:00, total: 2}]")


def test_one_expectation_for_each_event() -> None:
    events = "events: [{at: 09:00, add: 1}, {at: 09:01, add: 2}]\n"
    drill = one(HEAD + events + "expect: [{total: 2}, {total: 4}]")
    assert play(drill).ok
    assert one(HEAD + events + "expect: {final: {total: 4}}").expect == {"total": 4}


def test_refusals_are_outcomes() -> None:
    wanted = one(HEAD + "events: [{at: 09:00, add: -1, expect: {refused: negative}}]")
    assert play(wanted).ok
    surprise = play(one(HEAD + "events: [{at: 09:00, add: -1}]"))
    assert not surprise.ok
    assert surprise.differences == ()
    assert "refused (negative)" in render_text(surprise)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "events: [{at: 09:00, sub: 1}]", "f.yaml:4: no verb (allowed: add)"),
        (HEAD + "events: [{at: 09:00, add: 1, expect: {sum: 1}}]", "expect: sum: no such field"),
        (HEAD + "events: [{at: 09:00, add: 1, expect: 3}]", "must be a mapping"),
        ("plugin: counter\npolicy: P\nevents: []", "start: needed"),
        ("plugin: other\npolicy: P\nevents: []", "allowed: counter"),
        ("plugin: counter\npolicy: Q\nevents: []", "no preset 'Q'"),
        ("plugin: counter\nevents: []", "none is at hand"),
        (HEAD.replace("P", "{preset: P, overrides: {factr: 2}}") + "events: []", "factr"),
    ],
)
def test_a_drill_that_cannot_be_played_says_why(text: str, message: str) -> None:
    report = play(one(text))
    assert message in report.error
    assert not report.ok
    assert "ERROR" in render_text(report)
    assert report.to_json()["error"]


def test_the_policy_at_hand_plays_unpinned_drills() -> None:
    text = "plugin: counter\ngiven: {start: 1}\npolicy: {overrides: {factor: '3'}}\nevents: []\n"
    drill = one(text)
    assert not drill.pinned
    assert play(drill, at_hand=PRESET.policy(version="v9")).policy == "v9"
    alone = run(drill, {"counter": Counter()}, {}, at_hand=PRESET.policy(version="v9"))
    assert alone.ok
    bare = one("plugin: counter\ngiven: {start: 1}\nevents: []\n")
    report = play(bare, at_hand=PRESET.policy(version="v9"))
    assert report.ok
    assert "what-if" in render_text(report)


def test_variants_share_the_beginning() -> None:
    text = (
        HEAD
        + """id: D
events: [{at: 09:00, add: 1}]
expect: {total: 2}
variants:
  more:
    events: [{at: 09:10, add: 2}]
    expect: {total: 4}
  other:
    given: {start: 10}
    instead: true
    events: [{at: 09:00, add: 5, expect: {total: 15}}]
"""
    )
    drills = load_text(text)
    assert [d.id for d in drills] == ["D", "D/more", "D/other"]
    assert [play(d).ok for d in drills] == [True, True, True]
    assert drills[2].lines == (14,)
    listed = load_text(text.replace("  more:\n", "  - title: x\n").split("  other:")[0])
    assert [d.id for d in listed] == ["D", "D/1"]
    assert listed[1].title == "x"


def test_several_documents_and_stored_ones(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(f"{HEAD}events: []\n---\n{HEAD}events: []\n", encoding="utf-8")
    assert [d.id for d in load(path)] == ["two/1", "two/2"]
    (stored,) = parse({"plugin": "counter", "calendar": "office", "events": [], "id": "S"})
    assert (stored.id, stored.where(), stored.calendar) == ("S", "S", "office")


def test_nested_overrides_are_dotted_keys() -> None:
    text = (
        "plugin: c\npolicy: {preset: P, overrides: {rotation: {owed_cap: 2}, a.b: 3}}\nevents: []"
    )
    assert one(text).overrides == {"rotation.owed_cap": 2, "a.b": 3}


def test_the_schema_names_the_plugin_and_its_presets() -> None:
    made = schema(Counter(), ["P"])
    assert made["properties"]["plugin"] == {"const": "counter"}
    assert made["properties"]["policy"]["anyOf"][0]["enum"] == ["P"]
    assert "enum" not in schema(Counter())["properties"]["policy"]["anyOf"][0]


DRILL = "id: x\nplugin: p\ngiven: {}\nevents: []\n"


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"\xff\xfe", "f.yaml:1"),
        (DRILL.encode("utf-16"), "f.yaml:1"),
        (b"id: x\ntitle: \xd6\xd0", "f.yaml:2"),
        (b"[" * 20_000, "f.yaml:1"),
        (b"\x00\x01\x02", "f.yaml:1"),
    ],
    ids=["mark", "utf-16", "gb18030", "deep", "control"],
)
def test_what_is_no_text_is_no_drill(data: bytes, where: str, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from zhike.cli.drill import run as command

    with pytest.raises(DrillError) as error:
        load_bytes(data, "f.yaml")
    assert error.value.where == where
    file = tmp_path / "f.yaml"
    file.write_bytes(data)
    answer = CliRunner().invoke(command, [str(file)])
    assert answer.exit_code == 2, answer.output
    assert str(file) in answer.output
    assert CliRunner().invoke(command, ["-"], input=data).exit_code == 2


def test_a_mark_at_the_beginning_is_no_part_of_the_drill(tmp_path: Path) -> None:
    assert [d.id for d in load_bytes(b"\xef\xbb\xbf" + DRILL.encode())] == ["x"]
    assert [d.id for d in load_text("\ufeff" + DRILL)] == ["x"]


@pytest.mark.parametrize("moved", ["date: 2024-05-07, at: 10:00", "at: 2024-05-08 08:00"])
def test_a_drill_does_not_go_back_in_time(moved: str) -> None:
    head = "plugin: p\ndate: 2024-05-08\ngiven: {}\nevents:\n  - {at: 09:00, x: 1}\n"
    with pytest.raises(DrillError, match="before the event above it; events stand in the order"):
        load_text(head + f"  - {{{moved}, x: 2}}\n")
    (drill,) = load_text(head + f"  - {{{moved}, x: 2, occurred_at: 2024-05-08 08:00}}\n")
    assert len(drill.events) == 2


def test_what_ifs_are_not_counted_among_those_that_hold() -> None:
    (drill,) = load_text(DRILL)
    free, held = Report(drill, "p"), Report(drill, "p", checked=1)
    broken = Report(drill, "p", error="no")
    assert tally([free]) == "1 what-if played, nothing expected."
    assert tally([held, broken]) == "1 of 2 drills hold."
    assert tally([free, held, free]) == "1 of 1 drills hold. 2 what-ifs played, nothing expected."


@pytest.mark.parametrize("step", ["+99999999999d", "+9999999d"])
def test_a_step_beyond_the_calendar_is_said_with_its_place(step: str) -> None:
    text = f"plugin: toy\ndate: 2024-05-08\nevents:\n  - {{date: {step}, at: 09:00, add: 1}}\n"
    with pytest.raises(DrillError, match="is not a date"):
        load_text(text)
