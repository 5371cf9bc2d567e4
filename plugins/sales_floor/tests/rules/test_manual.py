"""The manual for people who write drills: every example runs, every word is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zhike.drills import load_text, render_text, run
from zhike_sales_floor.policies import FILES, preset
from zhike_sales_floor.rules import ENGINE
from zhike_sales_floor.rules.compare import FIELDS
from zhike_sales_floor.rules.state import STATES
from zhike_sales_floor.rules.vocabulary import VERBS

MANUAL = Path(__file__).parents[4] / "docs" / "drills-sales-floor.md"
TEXT = MANUAL.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_runs_as_printed(number: int) -> None:
    for drill in load_text(EXAMPLES[number], source=f"example {number + 1}"):
        report = run(drill, {"sales_floor": ENGINE}, {key: preset(key) for key in FILES})
        assert report.ok, render_text(report, reasons=False)
        assert not any("refused" in event.outcome for event in report.events)


def test_every_verb_expectation_and_state_is_in_the_manual() -> None:
    for verb in VERBS:
        assert f"`{verb.name}`" in TEXT, verb.name
    for name in (*FIELDS, *STATES):
        assert f"`{name}`" in TEXT, name
    for verb in VERBS:
        for field in verb.fields:
            for choice in field.choices:
                assert choice in TEXT, (verb.name, field.name, choice)
