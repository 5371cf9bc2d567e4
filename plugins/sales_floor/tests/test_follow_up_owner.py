"""Where another active app owns the follow-up of customers, the rules here stand down (4.5)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from following import MONDAY, OVER, morning, points, ready, sweep
from sqlalchemy import select

from zhike.api import Conflict, LedgerLine, clock
from zhike.services import lifecycle
from zhike_sales_floor.models_follow_up import CustomerProblem, FollowUpContact
from zhike_sales_floor.services import customers, follow_up_board, follow_ups

HOOKS = """
from zhike.api import OwnedFact, hookimpl

@hookimpl
def register_owned_facts():
    return [OwnedFact(name="acme_calls.leasing_follow_up", title="Follow-ups",
                      fact="leasing_follow_up")]
"""
MANIFEST = """
from zhike.manifest import Plugin
plugin = Plugin(name="acme_calls", title="Calls", version="1.0", title_zh="客诉中心")
"""


@pytest.fixture
def zhike_plugin_path(tmp_path: Path) -> tuple[Path, ...]:
    """A stranger's app that owns the fact, in a folder of its own."""
    root = tmp_path / "apps" / "acme_calls"
    root.mkdir(parents=True)
    (root / "__init__.py").write_text(MANIFEST, encoding="utf-8")
    (root / "hooks.py").write_text(HOOKS, encoding="utf-8")
    return (tmp_path / "apps",)


@pytest.fixture
def zhike_plugins() -> tuple[str, ...]:
    """Ours and the stranger's."""
    return ("sales_floor", "acme_calls")


def switch(ground, act):
    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        act(s, "acme_calls")


def call(ground, customer_id):
    rep = ground.reps["A"]
    ground.do(lambda s: customers.log_contact(s, customer_id, "call", staff_id=rep, note="问价"))


def test_the_rules_stand_down_while_the_other_app_is_on_and_come_back(ground, login):
    one, two, _other = ready(ground)
    ground.do(
        lambda s: customers.log_contact(s, one, "call", staff_id=ground.reps["A"], note="问价")
    )
    switch(ground, lifecycle.enable)
    found = ground.read(lambda s: follow_ups.standing(s, ground.unit))
    assert (found.on, found.other, found.cycle) == (False, "acme_calls", None)
    ground.do(
        lambda s: customers.log_contact(s, two, "call", staff_id=ground.reps["A"], note="问价")
    )
    assert len(ground.read(lambda s: s.scalars(select(FollowUpContact)).all())) == 1
    with pytest.raises(Conflict):
        ground.do(
            lambda s: follow_ups.raise_problem(
                s, one, "漏水", staff_id=ground.reps["A"], solvable=True
            )[1]
        )
    assert ground.read(lambda s: s.scalars(select(CustomerProblem)).all()) == []
    sweep(ground, OVER)
    morning(ground)
    assert points(ground) == []
    browser = login(ground.company)
    with clock.frozen(ground.now):
        page = browser.get(f"/p/sales_floor/floor/{ground.unit}/follow-ups").get_data(as_text=True)
    assert "客诉中心" in page
    switch(ground, lifecycle.disable)
    ground.now = MONDAY + timedelta(days=15)
    morning(ground)
    found = ground.read(lambda s: follow_ups.standing(s, ground.unit))
    assert found.on
    assert found.cycle is None
    assert found.first is not None
    assert found.first.start > ground.now.date()
    actions = ground.read(
        lambda s: list(
            s.scalars(select(LedgerLine.action).where(LedgerLine.action.like("%stand_down")))
        )
    )
    assert actions == ["sales_floor.stand_down"] * 2
    later = ground.read(lambda s: follow_up_board.cycles(s, ground.unit))
    assert later == []
