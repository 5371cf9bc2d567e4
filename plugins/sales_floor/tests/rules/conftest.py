"""A floor that the tests of single rules play event by event."""

from __future__ import annotations

from typing import Any

import pytest

from zhike.rules import EventRefused, Policy, Step
from zhike_sales_floor.policies import preset
from zhike_sales_floor.rules import ENGINE, State

P12 = preset("P12").policy()
#: Prefix of an instant on the day that every play begins on.
DAY = "2024-05-08T"


class Play:
    """A floor that is played event by event."""

    def __init__(self, policy: Policy = P12, **given: Any) -> None:
        self.state: State = ENGINE.start({"date": "2024-05-08", "ring": "A>B>C", **given}, policy)

    def __call__(self, at: str, **event: Any) -> dict[str, Any]:
        return dict(self.step(at, **event).outcome)

    def step(self, at: str, **event: Any) -> Step:
        full = at if len(at) > 8 else DAY + at
        step = ENGINE.handle(self.state, {"at": full, **event})
        self.state = step.state
        return step

    def refused(self, at: str, **event: Any) -> str:
        before = self.state
        with pytest.raises(EventRefused) as refusal:
            self(at, **event)
        assert self.state is before
        return refusal.value.code
