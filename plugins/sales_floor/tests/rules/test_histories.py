"""Property tests: whatever happens on the floor, the rules' invariants hold (T-R1).

``ZHIKE_TEST_PROFILE=thorough`` plays ten thousand histories and lets hypothesis search longer.
"""

from __future__ import annotations

import importlib.util
import os
import random
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

THOROUGH = os.environ.get("ZHIKE_TEST_PROFILE") == "thorough"


def _load_history():
    spec = importlib.util.spec_from_file_location(
        "sales_floor_history", Path(__file__).with_name("history.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


history = _load_history()


@pytest.mark.parametrize("block", range(100 if THOROUGH else 4))
def test_random_histories_keep_every_invariant(block: int) -> None:
    """Seeded histories of sixty events: reproducible by their seed."""
    for number in range(100 if THOROUGH else 8):
        seed = block * 1000 + number
        rng = random.Random(seed)
        floor = history.History(history.random_policy(rng), rng)
        try:
            for _ in range(60):
                floor.play(floor.next_event())
            floor.replay()
        except AssertionError as failure:
            failure.add_note(f"seed {seed}: {floor.events[-3:]}")
            raise


class FloorMachine(RuleBasedStateMachine):
    """Hypothesis chooses the events, and shrinks what breaks an invariant."""

    @initialize(rng=st.randoms(use_true_random=False))
    def begin(self, rng: random.Random) -> None:
        self.floor = history.History(history.random_policy(rng), rng)

    @rule(rng=st.randoms(use_true_random=False))
    def event(self, rng: random.Random) -> None:
        self.floor.rng = rng
        self.floor.play(self.floor.next_event())

    @invariant()
    def floor_is_sound(self) -> None:
        if hasattr(self, "floor"):
            history.check_floor(self.floor.state, self.floor.policy)

    def teardown(self) -> None:
        if hasattr(self, "floor"):
            self.floor.replay()


FloorMachine.TestCase.settings = settings(
    max_examples=2000 if THOROUGH else 15,
    stateful_step_count=80 if THOROUGH else 40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=not THOROUGH,
)
TestFloor = FloorMachine.TestCase
