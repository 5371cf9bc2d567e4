"""The shipped drills: the catalogue's worked examples, the gaps, the parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from zhike.drills import Drill, faults, load, load_text, render_text, run
from zhike.rules import Preset
from zhike_sales_floor.policies import FILES, drills, preset
from zhike_sales_floor.rules import ENGINE
from zhike_sales_floor.rules.compare import ALIASES, FIELDS

PRESETS: Mapping[str, Preset] = {key: preset(key) for key in FILES}
EVERY = [drill for path in drills() for drill in load(path)]


@pytest.mark.parametrize("drill", EVERY, ids=lambda drill: drill.id)
def test_shipped_drill_holds(drill: Drill) -> None:
    """Every statement of every shipped drill holds under the policy it pins."""
    report = run(drill, {"sales_floor": ENGINE}, PRESETS)
    assert report.ok, render_text(report, reasons=False, every=False)
    assert drill.pinned


def test_every_shipped_drill_has_a_chinese_title_of_its_own() -> None:
    titles = [drill.title for drill in EVERY]
    assert [title for title in titles if not re.search("[\u4e00-\u9fff]", title)] == []
    assert [title for title in titles if re.search("[,;:()]", title) or len(title) > 30] == []
    assert len(set(titles)) == len(titles), sorted(t for t in titles if titles.count(t) > 1)


def test_the_worked_examples_compare_every_column_of_their_tables() -> None:
    """WE-01 to WE-11 state who is assigned, ring and tickets for each row, and the credit."""
    examples = {d.id: d for d in EVERY if d.id.startswith("SF/WE-")}
    assert {f"SF/WE-{n:02}" for n in range(1, 12)} <= set(examples)
    for drill in examples.values():
        rows = [e for e in drill.events if "arrive" in e or "free" in e or "back" in e]
        if "/" in drill.id.removeprefix("SF/"):
            continue
        for event in rows:
            assert "ring" in event["expect"], (drill.id, event)
            if "arrive" in event:
                assert "assigned" in event["expect"], (drill.id, event)


def test_a_broken_drill_names_the_line_and_the_difference() -> None:
    text = """
plugin: sales_floor
policy: P12
given: {ring: A>B}
events:
  - {at: 09:00, arrive: n1, expect: {assigned: B (turn), ring: B>A, tickets: [A(c)]}}
  - {at: 09:01, sign: n1, expect: {credit: {B: 100}, rules: [A-05]}}
expect: {owners: {n1: B}, states: {A: AVAILABLE}}
"""
    (drill,) = load_text(text, source="mine.yaml")
    report = run(drill, {"sales_floor": ENGINE}, PRESETS)
    assert not report.ok
    found = {(d.where, d.what) for d in report.every_difference}
    assert found == {
        ("mine.yaml:6", "assigned"),
        ("mine.yaml:6", "tickets"),
        ("mine.yaml:7", "credit"),
        ("mine.yaml:7", "rules"),
        ("mine.yaml", "end: owners.n1"),
        ("mine.yaml", "end: states.A"),
    }
    shown = render_text(report)
    assert "expected B" in shown
    assert "actual   A" in shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{at: 09:00, arive: n1}", "no verb"),
        ("{at: 09:00, event: arive}", "not a verb"),
        ("{at: 09:00, arrive: n1, asksfor: B}", "no such field"),
        ("{at: 09:00, out: A, reason: shopping}", "allowed: public, private"),
        ("{at: 09:00, out: Z}", "no rep 'Z'"),
        ("{at: noon, arrive: n1}", "not an instant"),
        ("{at: 09:00, arrive: n1, expect: {asigned: A}}", "expect has no such field"),
        ("{at: 09:00, arrive: n1, expect: {states: {A: BUSY}}}", "RECEIVING_NEW"),
        ("{at: 09:00, arrive: n1, flag: poach}", "received_by"),
        ("{at: 09:00, ruling: n1, shares: {A: 60, B: 60}}", "do not add up"),
        ("{at: 09:00, ruling: n1}", "shares or an owner"),
        ("{at: 09:00, relation: mother, customer: p1}", "two customers"),
        ("{at: 09:00, arrive: n1, recognised: perhaps}", "true, false"),
        ("{at: 09:00, arrive: {a: b}}", "a list of ids"),
        ("{at: 09:00, contact: [a, b]}", "one id"),
        ("{at: 09:00, leave: A, days: many}", "a whole number"),
        ("{at: 09:00, event_mode: on, overrides: 3}", "a mapping"),
        ("{at: 09:00, event: answer}", "answer needs it"),
    ],
)
def test_errors_say_where_and_what_is_allowed(line: str, message: str) -> None:
    text = f"plugin: sales_floor\npolicy: P12\ngiven: {{ring: A>B}}\nevents:\n  - {line}\n"
    (drill,) = load_text(text, source="mine.yaml")
    report = run(drill, {"sales_floor": ENGINE}, PRESETS)
    assert message in report.error
    assert "mine.yaml" in report.error


def test_every_word_of_the_shipped_drills_is_known_without_playing_them() -> None:
    found = [fault for drill in EVERY for fault in faults(drill, ENGINE)]
    assert found == []


def test_a_misspelt_alias_finds_the_alias_it_was_meant_to_be() -> None:
    text = "plugin: sales_floor\ngiven: {ring: A>B}\nevents:\n  - {at: 09:00, poech: C}\n"
    (drill,) = load_text(text)
    (fault,) = faults(drill, ENGINE)
    assert (fault.event, fault.line, fault.word, fault.near) == (1, 4, "poech", "poach")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{}", "needs its ring"),
        ("{ring: A>B, rng: 1}", "no such field"),
        ("{ring: A>B>A}", "ring: A stands there twice"),
        ("{ring: [A, B, A]}", "ring: A stands there twice"),
        ("{ring: A>B, roster: A>A>B}", "roster: A stands there twice"),
        (
            "{date: 2024-05-08, ring: A>B, customers: {o1: {owner: A, last_contact: 2024-06-01}}}",
            "customers.o1.last_contact: 2024-06-01 is after the drill's date",
        ),
        (
            "{date: 2024-05-08, ring: A>B, customers: {o1: {owner: A, closed: 2024-05-09}}}",
            "customers.o1.closed: 2024-05-09 is after",
        ),
        ("{ring: A>B, tickets: [C(c)]}", "tickets"),
        ("{ring: A>B, tickets: 7}", "[A(c), B(r)]"),
        ("{ring: A>B, tickets: ['A(x)']}", "A(c)"),
        ("{ring: A>B, reps: {C: AVAILABLE}}", "reps"),
        ("{ring: A>B, reps: [A]}", "a mapping"),
        ("{ring: A>B, reps: {A: {status: x}}}", "reps.A"),
        ("{ring: A>B, customers: {o1: {owner: A, since: 3}}}", "customers.o1.since"),
        ("{ring: A>B, customers: [o1]}", "customers"),
        ("{ring: A>B, customers: {o1: {owner: A, last_contact: lately}}}", "last_contact"),
        ("{ring: A>B, customers: {o1: {owner: A, relations: [x]}}}", "relations"),
    ],
)
def test_given_facts_are_checked(given: str, message: str) -> None:
    text = f"plugin: sales_floor\npolicy: P12\ngiven: {given}\nevents: []\n"
    (drill,) = load_text(text)
    assert message in run(drill, {"sales_floor": ENGINE}, PRESETS).error


def test_expectations_can_be_written_in_many_ways() -> None:
    text = """
plugin: sales_floor
policy: {preset: P12}
given:
  date: 2024-05-08
  ring: [A, B, C]
  tickets: "B(comp), C(refund)"
  reps: {A: {state: public, since: 08:00}}
  customers:
    - {id: o1, owner: A, last_contact: 3, relations: [{relation: mother, of: o2}]}
    - {id: o2, owner: B}
events:
  - at: 09:00
    event: arrive
    customers: n1
    expect: {assigned: "B (ticket)", via: Ticket, tickets: "C(r)", next_up: [C], on_deck: C,
             used: [B(c)], passes: none, waiting: none, kind: new, visit: v1, status: In Reception,
             calling: false, owner: B, counted: false}
  - {at: "9:05", arrive: [n2], expect: {assigned: {n2: C}, rightful: C, received_by: none}}
  - {at: "09:10", sign: n1, expect: {credit: B 100, deal: n1/1}}
  - {at: "09:20", sign: n2, expect: {credit: {performance: {C: 100}, commission: {C: 10000}}}}
"""

    (drill,) = load_text(text)
    report = run(drill, {"sales_floor": ENGINE}, PRESETS)
    assert report.ok, render_text(report)


def test_names_may_have_blanks_and_brackets() -> None:
    text = """
plugin: sales_floor
policy: P12
date: 2024-05-08
given:
  ring: 李敏>王磊>赵 倩>孙浩(组长)
  tickets: 赵 倩(c), 孙浩(组长)(r)
  customers: {张先生: {owner: 王磊, last_contact: 3 days ago}}
events:
  - {at: 09:00, arrive: 陈小姐, expect: {assigned: 赵 倩 (ticket), tickets: 孙浩(组长)(r)}}
  - {at: 09:01, arrive: 张先生, expect: {assigned: 王磊}}
  - {at: 09:02, arrive: 吴女士, expect: {assigned: 孙浩(组长) (ticket), tickets: []}}
  - {at: 09:03, free: [赵 倩], expect: {states: {赵 倩: AVAILABLE}}}
  - {at: 09:04, out: 李敏, reason: public}
  - {at: 09:05, arrive: 何女士, expect: {assigned: 赵 倩 (turn), passes: [李敏 (comp), 王磊]}}
  - {at: 10:00, sign: 何女士, expect: {credit: 赵 倩 100, ring: 孙浩(组长)>李敏>王磊>赵 倩}}
"""
    (drill,) = load_text(text)
    report = run(drill, {"sales_floor": ENGINE}, PRESETS)
    assert report.ok, render_text(report, reasons=False, every=False)


@pytest.mark.parametrize(
    ("expect", "differs"),
    [
        ("{passes: [{rep: A, effect: missed}, B(comp)]}", "passes.A"),
        ("{passes: [A, B]}", ""),
        ("{passes: [C]}", "passes.C"),
        ("{passes: {A: compensated}}", ""),
        ("{passes: ['(x)']}", "passes.(x)"),
        ("{assigned: A B C}", "!assigned"),
        ("{states: AVAILABLE}", "!states"),
        ("{credit: {A: 60}}", "!credit"),
        ("{credit: {n1: none}}", ""),
        ("{credit: {n1/1: none, k9: none}}", ""),
        ("{performance: {C: 100}}", "credit"),
        ("{rules: A-04b A-01}", ""),
        ("{ring_after: A>B>C, tickets after: 'A(c), B(c)'}", ""),
        ("{owner: C, owners: {n1: C, k9: none}}", ""),
        ("{refused: true}", "refused"),
        ("{calling: A}", "calling"),
        ("{assigned: waiting}", "assigned"),
        ("{result: {o1: B}}", "result"),
    ],
)
def test_what_is_stated_is_compared(expect: str, differs: str) -> None:
    text = f"""
plugin: sales_floor
policy: P12
given: {{ring: A>B>C, reps: {{A: OUT_PUBLIC, B: OUT_PUBLIC}}}}
events: [{{at: 09:00, arrive: n1, expect: {expect}}}]
"""
    (drill,) = load_text(text)
    report = run(drill, {"sales_floor": ENGINE}, PRESETS)
    if differs.startswith("!"):
        assert differs[1:] in report.error
        return
    assert [d.what for d in report.every_difference] == ([differs] if differs else [])


def test_credit_at_the_end_is_of_single_customers() -> None:
    head = "plugin: sales_floor\npolicy: P12\ngiven: {ring: A>B}\n"
    events = "events: [{at: 09:00, arrive: n1}, {at: 10:00, sign: n1}]\n"
    (drill,) = load_text(head + events + "expect: {credit: {A: 100}}")
    assert "per customer" in run(drill, {"sales_floor": ENGINE}, PRESETS).error
    (drill,) = load_text(head + events + "expect: {credit: {n1/1: {B: 100}}, waiting: none}")
    (wrong,) = run(drill, {"sales_floor": ENGINE}, PRESETS).every_difference
    assert wrong.what == "end: credit.n1/1"


def test_a_drill_without_expectations_is_a_what_if() -> None:
    text = "plugin: sales_floor\ngiven: {ring: A>B}\nevents: [{at: 09:00, arrive: n1}]\n"
    (drill,) = load_text(text)
    report = run(drill, {"sales_floor": ENGINE}, PRESETS, at_hand=preset("P12").policy())
    assert report.ok
    assert report.checked == 0
    assert "what-if" in render_text(report)
    assert report.to_json()["events"][0]["outcome"]["assigned"] == "A"
    assert report.events[0].words[0][0] == "n1 由 A 接待（本轮，新客户）。"


def test_every_expectation_is_in_the_schema() -> None:
    assert set(ENGINE.schema()["expect"]["properties"]) == {*FIELDS, *ALIASES}
