"""Two desks, eight processes: one turn is never given twice, one click is one arrival."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import select

from zhike.api import idempotency
from zhike_sales_floor.models import Floor, FloorEvent, Visit
from zhike_sales_floor.services import arrivals, replay
from zhike_sales_floor.services.arrivals import Arrival, Person

PROCESSES, EACH = 8, 12
DESK = Path(__file__).parent / "desk.py"


def test_eight_desks_never_give_one_turn_twice(either):
    either.sign_in("ABCD")
    before = either.read(lambda s: s.require(Floor, either.unit)).turns
    config = either.site.config
    arguments = [config.home, config.database_url, either.company, either.unit, EACH]
    children = [
        subprocess.Popen(
            [sys.executable, DESK, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    told: list[str] = []
    for child in children:
        out, errors = child.communicate(timeout=240)
        assert child.returncode == 0, errors
        told += out.split()

    def look(s):
        floor = s.require(Floor, either.unit)
        visits = s.scalars(select(Visit).where(Visit.unit_id == either.unit)).all()
        seqs = s.scalars(select(FloorEvent.seq).where(FloorEvent.unit_id == either.unit)).all()
        return floor, visits, sorted(seqs)

    floor, visits, seqs = either.read(look)
    assert sorted(told) == sorted(str(visit.id) for visit in visits)
    assert len(visits) == PROCESSES * EACH
    assert seqs == list(range(1, floor.seq + 1))
    by_day = Counter((visit.day, visit.number) for visit in visits)
    assert set(by_day.values()) == {1}
    turns = [visit.turn_no for visit in visits if visit.turn_no is not None]
    assert sorted(turns) == list(range(before + 1, floor.turns + 1))
    holding = Counter(visit.staff_id for visit in visits if visit.state == "reception")
    assert all(count == 1 for count in holding.values())
    for day in {visit.day for visit in visits}:
        assert either.read(lambda s, day=day: replay.replay(s, either.unit, day)) == []


def test_fifty_clicks_with_one_key_are_one_arrival(either):
    either.sign_in("AB")
    party = Arrival(persons=(Person(name="张伟", phone="13812345678"),))

    def click(_n: int) -> str:
        def work():
            with either.site.transaction(either.company) as s:
                return idempotency.once(
                    s,
                    "one-key",
                    "arrive",
                    lambda: str(arrivals.arrive(s, either.unit, party).visit_id),
                )

        return either.site.retrying(work)

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(click, range(50)))
    assert len(answers) == 1
    visits = either.read(lambda s: s.scalars(select(Visit.id)).all())
    assert [str(visit) for visit in visits] == list(answers)
