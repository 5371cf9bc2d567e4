"""What the engine says of itself: explanations, the schema of drills, examples of verbs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from zhike.drills import load, schema
from zhike.drills.yamltext import read_documents
from zhike.rules import EventRefused, Policy
from zhike_sales_floor.policies import FILES, drills
from zhike_sales_floor.rules import ENGINE
from zhike_sales_floor.rules.vocabulary import VERBS

from .conftest import DAY, P12, Play


def test_explanations_name_the_clause_and_the_people() -> None:
    play = Play(reps={"A": "OUT_PUBLIC"})
    (decision,) = play.step("09:00", arrive="n1").decisions
    lines = ENGINE.explain(decision, P12, {"A": "陈一", "B": "李二", "n1": "王先生"})
    assert lines[0] == "王先生 由 李二 接待（本轮，新客户）。"
    assert lines[1].startswith("第 4 条〔SF-A-04b〕轮过 陈一（因公外出），补一张补接券。「")
    english = ENGINE.explain(decision, P12, {}, "en")
    assert english[-1] == "Clause 1 [SF-A-01]: it is B's turn."
    (credit,) = play.step("10:00", sign="n1").decisions
    assert ENGINE.explain(credit, P12, {"B": "李二"})[0] == "n1 的这一单：李二 100%。"
    (start,) = play.step("11:00", event_mode=True, method="manual", until="18:00").decisions
    assert ENGINE.explain(start, P12)[0] == "活动办法开始：指派，至 2024-05-08 18:00 止。"
    assert ENGINE.explain(start, P12)[1].startswith("第 15 条〔SF-D-40〕经理 宣布活动办法“指派”。")
    (end,) = play.step("11:30", event_mode=False, by="周经理", reason="展会提前结束").decisions
    assert ENGINE.explain(end, P12)[0] == "活动办法结束，恢复常规接待。"
    assert "〕周经理 结束活动办法：展会提前结束。" in ENGINE.explain(end, P12)[1]


def test_the_company_s_own_number_and_sentence_are_shown() -> None:
    clause = type(P12.clauses["SF-A-01"])("SF-A-01", "3.2", "先到先接。")
    own = Policy("sales_floor", "P12", "7", P12.params, {"SF-A-01": clause})
    (decision,) = Play(own).step("09:00", arrive="n1").decisions
    assert ENGINE.explain(decision, own)[1] == "第 3.2 条〔SF-A-01〕轮到 A。「先到先接。」"


def _documents() -> Iterator[Any]:
    for path in drills():
        for data, _places in read_documents(path.read_text(encoding="utf-8")):
            yield data


def test_every_shipped_drill_fits_the_schema() -> None:
    validator = jsonschema_rs.Draft202012Validator(schema(ENGINE, sorted(FILES)))
    for data in _documents():
        errors = [f"{e.instance_path}: {e.message}" for e in validator.iter_errors(data)]
        assert not errors, (data["id"], errors)


def test_every_verb_is_shown_by_an_example_that_is_understood() -> None:
    for verb in VERBS:
        shown = dict(verb.example)
        at = str(shown.pop("at"))
        known = {field.name for field in verb.fields}
        assert verb.text
        assert all(field.text for field in verb.fields)
        play = Play(ring="A>B>C>D", reps={"D": "OUT_PRIVATE"}, customers={"o1": "A", "p2": "B"})
        event = {"at": at if len(at) > 8 else DAY + at, **shown}
        assert not known & {"at", "event"}
        try:
            ENGINE.handle(play.state, event)
        except EventRefused:
            assert verb.name not in ("arrive", "out", "close", "contact")


def test_the_drills_of_the_catalogue_load_from_the_package() -> None:
    assert sum(len(load(path)) for path in drills()) > 100
