"""A month of a busy site, replayed by the pure engine under another regulation (演练)."""

from __future__ import annotations

import random
import statistics
import time
from datetime import datetime, timedelta
from typing import Any

from zhike.rules import EventRefused
from zhike_sales_floor.policies import preset
from zhike_sales_floor.rules import ENGINE

REPS = [f"R{n:02d}" for n in range(30)]
DAYS, VISITS_A_DAY = 30, 100


def history(seed: int = 7) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Thirty reps, three thousand visits, a third of them by known customers, with closings."""
    rng = random.Random(seed)
    begin = datetime.fromisoformat("2024-05-01T09:00:00")
    given = {"date": begin.isoformat(), "ring": REPS}
    known: list[str] = []
    events: list[dict[str, Any]] = []
    state = ENGINE.start(given, preset("P12").policy())

    def play(at: datetime, **event: Any) -> None:
        nonlocal state
        stated = {"at": at.isoformat(), **event}
        try:
            state = ENGINE.handle(state, stated).state
        except EventRefused:
            return
        events.append(stated)

    for day in range(DAYS):
        open_ = begin + timedelta(days=day)
        for number in range(VISITS_A_DAY):
            at = open_ + timedelta(minutes=5 * number)
            old = rng.random() < 0.33 and len(known) > 10
            customer = rng.choice(known) if old else f"c{day:02d}{number:03d}"
            wish = {"asks_for": rng.choice(REPS)} if old and rng.random() < 0.2 else {}
            play(at, event="arrive", customers=[customer], **wish)
            known.append(customer)
            for rep in [r.id for r in state.floor.reps.values() if r.visit and rng.random() < 0.3]:
                play(at + timedelta(minutes=3), event="end", reps=[rep])
            if rng.random() < 0.05:
                play(at + timedelta(minutes=4), event="close", customer=rng.choice(known))
    return given, events


def seconds(rounds: int = 5) -> tuple[float, int]:
    """The median time of a replay under the other regulation, and how many events it played."""
    given, events = history()
    policy = preset("P13").policy()
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        state = ENGINE.start(given, policy)
        for event in events:
            try:
                state = ENGINE.handle(state, event).state
            except EventRefused:
                continue
        took.append(time.perf_counter() - began)
    return statistics.median(took), len(events)
