"""The words of explanations: Chinese marks in Chinese sentences, no empty places, true reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import zhike_sales_floor
from zhike.drills import load_text, run
from zhike.i18n import speaking
from zhike.rules import Cite, Decision, EventRefused
from zhike_sales_floor.policies import preset
from zhike_sales_floor.rules import ENGINE
from zhike_sales_floor.rules.phrases import EFFECTS, NOT_APPLIED, OUTCOMES, VALUES
from zhike_sales_floor.rules.vocabulary import VERBS, Verb
from zhike_sales_floor.rules.words import REFUSALS
from zhike_sales_floor.telling import tell

PRESET = preset("P12")
P12 = PRESET.policy()
HALF_WIDTH = re.compile("[,;:()!?]")


def _said(effect: str, rule: str, locale: str = "zh_Hans", **facts: object) -> str:
    decision = Decision("note", "v1", {}, (Cite(rule, effect, facts),))
    (line,) = ENGINE.explain(decision, P12, {"A": "李敏"}, locale)
    return line.partition("〕" if locale == "zh_Hans" else "]: ")[2].partition("。「")[0]


def test_chinese_sentences_carry_chinese_marks() -> None:
    spoken = [pair[0] for table in (EFFECTS, OUTCOMES, VALUES, REFUSALS) for pair in table.values()]
    spoken += [PRESET.title_zh, *(clause.text for clause in PRESET.clauses)]
    for parameter in PRESET.parameters:
        spoken += [parameter.title_zh, parameter.help_zh, *parameter.labels.values()]
    assert len(spoken) > 300
    wrong = [text for text in spoken if HALF_WIDTH.search(text)]
    assert wrong == []


@pytest.mark.parametrize(
    ("state", "recognised", "words"),
    [
        ("OUT_PUBLIC", True, "无暇接待（因公外出）"),
        ("OUT_PUBLIC", False, "无暇接待（因公外出）"),
        ("AVAILABLE", False, "没有认出客户"),
        ("AVAILABLE", True, "（期限 7 天）"),
    ],
)
def test_a_lapse_says_what_was_missing(state: str, recognised: bool, words: str) -> None:
    said = _said(
        "lapsed", "SF-A-05", owner="A", days=8, limit=7, owner_state=state, recognised=recognised
    )
    assert said.startswith("李敏 已 8 天没有联系")
    assert said.endswith(words)
    assert "空闲" not in said


def test_a_reason_nobody_gave_is_not_announced() -> None:
    assert _said("reversed", "SF-D-45", reason="") == "如数冲回"
    assert _said("reversed", "SF-D-45", reason="退房") == "如数冲回：退房"
    assert _said("fault_confirmed", "SF-A-07", faulty="A", reason="") == "李敏 的过失已确认"
    assert _said("reversed", "SF-D-45", "en", reason="") == "reversed."
    assert _said("by_hand", "SF-A-01", rep="A", by="", reason="") == "经理 指定 李敏"


def test_closing_on_the_same_day_is_said_so() -> None:
    assert "两单同一天成交的" in P12.sentence("SF-A-09")
    loose = PRESET.policy({"owner.simultaneous_closing_days": 3})
    assert "两单相差不超过 3 天成交的" in loose.sentence("SF-A-09")


def test_refusals_are_told_in_the_readers_language() -> None:
    text = """
plugin: sales_floor
policy: P12
given: {ring: A>B}
events:
  - {at: 09:00, arrive: n1}
  - {at: 09:01, arrive: n1, expect: {refused: already_here}}
  - {at: 09:02, void: n7, expect: {refused: no_visit}}
"""
    (drill,) = load_text(text)
    presets, engines = {"P12": PRESET}, {"sales_floor": ENGINE}
    chinese = run(drill, engines, presets)
    english = run(drill, engines, presets, locale="en")
    assert chinese.ok
    assert english.ok
    told = [event.outcome["message"] for event in chinese.events[1:]]
    assert told == ["n1 已经在现场。", "n7 没有正在进行的来访。"]
    assert "n1 is on the floor already" in english.events[1].outcome["message"]
    refused = EventRefused("x", code="left", key="left", facts={"who": "A"})
    assert ENGINE.refusal(refused, {"A": "李敏"}) == "李敏 已经离岗。"


def test_every_refusal_has_its_two_sentences() -> None:
    for chinese, english in REFUSALS.values():
        assert re.findall(r"{\w+}", chinese) == re.findall(r"{\w+}", english)


def test_a_rule_that_was_looked_at_and_did_not_apply_says_so() -> None:
    said = _said("inside", "SF-A-05", owner="A", days=1, limit=7)
    assert said == "已核对，不适用：距上次联系 1 天，未超 7 天"
    assert _said("inside", "SF-A-05", "en", days=1, limit=7).startswith("checked, does not apply")
    assert "不适用" not in _said("owner_receives", "SF-A-03a", owner="A")
    assert set(EFFECTS) >= NOT_APPLIED


def _at(event: Mapping[str, object]) -> dict[str, object]:
    return {**event, "at": f"2024-05-08T{str(event['at'])[-5:]}:00"}


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_event_is_told_in_a_chinese_sentence_without_the_engines_words(verb: Verb) -> None:
    free = any(field.name == "reason" and field.type == "text" for field in verb.fields)
    typed = {"reason": "…"} if free else {}
    with speaking("zh_Hans", [Path(zhike_sales_floor.__file__).parent]):
        said = tell({**_at(verb.example), **typed})
    left = re.sub(r"\b[A-Z]\b|\b[a-z]\d\b|\d{4}-\d\d-\d\d \d\d:\d\d", "", said)
    assert re.search("[\u4e00-\u9fff]", said)
    assert not re.search("[a-z_]{3,}", left), said
