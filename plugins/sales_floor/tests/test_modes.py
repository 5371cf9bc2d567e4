"""Observe, advise, enforce: who decides, what is kept, and what an override leaves behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from zhike.api import LedgerLine as Ledger
from zhike.api import UserError, clock, decisions, ledger, policies
from zhike_sales_floor.models import Difference, Visit
from zhike_sales_floor.services import floor, replay
from zhike_sales_floor.services.arrivals import Person


def set_mode(ground, mode: str) -> None:
    """Publish a version in this mode that holds from now on."""

    def work(s):
        held = policies.in_force(s, "sales_floor", ground.unit, ground.now)
        policies.change_mode(s, held.policy_id, mode, reason="试行", effective_from=ground.now)

    ground.now += timedelta(minutes=1)
    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        work(s)


def differences(ground):
    return ground.read(lambda s: list(s.scalars(select(Difference))))


def test_observed_the_act_stands_and_the_decision_is_kept_beside_it(ground):
    ground.sign_in("ABCD")
    set_mode(ground, "observe")
    act = ground.arrive(Person(), receiver=ground.reps["C"])
    assert (act.outcome["assigned"], act.proposed) == (str(ground.reps["C"]), ground.reps["A"])
    (one,) = differences(ground)
    assert (one.decided_id, one.acted_id) == (ground.reps["A"], ground.reps["C"])
    assert (one.mode, one.reason) == ("observe", "")
    kept = ground.read(lambda s: decisions.get(s, act.decisions[0][1]))
    assert kept.outcome["rep"] == str(ground.reps["A"])
    assert kept.followed is False
    assert kept.done == {"rep": str(ground.reps["C"])}
    followed = ground.arrive(Person(), receiver=ground.reps["A"])
    assert followed.proposed is None
    assert len(differences(ground)) == 1


def test_advised_doing_otherwise_takes_a_reason(ground):
    ground.sign_in("ABCD")
    set_mode(ground, "advise")
    with pytest.raises(UserError):
        ground.arrive(Person(), receiver=ground.reps["C"])
    assert ground.read(lambda s: s.scalars(select(Visit)).all()) == []
    ground.arrive(Person(), receiver=ground.reps["C"], reason="客户点名要会粤语的")
    (one,) = differences(ground)
    assert (one.mode, one.reason) == ("advise", "客户点名要会粤语的")


def test_an_override_is_in_the_ledger_and_in_the_replay(ground):
    ground.sign_in("ABCD")
    act = ground.arrive(Person(), receiver=ground.reps["D"], reason="专家客户")
    assert act.outcome["assigned"] == str(ground.reps["D"])
    (one,) = differences(ground)
    assert one.mode == "enforce"
    lines = ground.read(lambda s: [line.action for line in s.scalars(select(Ledger))])
    assert "sales_floor.override" in lines
    on = clock.local(ground.now, "Asia/Shanghai").date()
    assert ground.read(lambda s: replay.replay(s, ground.unit, on)) == []


def test_void_flag_and_reclass_are_in_the_ledger(ground):
    ground.sign_in("ABCD")
    first = ground.arrive()
    ground.do(lambda s: floor.void_visit(s, first.visit_id, "同行踩盘", confirmed=True))
    assert ground.tickets() == ["A(r)"]
    second = ground.arrive()
    ground.do(
        lambda s: floor.flag_visit(
            s,
            second.visit_id,
            "wrong_turn",
            offender=ground.reps["A"],
            rightful=ground.reps["B"],
            reason="前台看错",
        )
    )
    ground.do(lambda s: floor.go_out(s, ground.unit, ground.reps["C"], "private", "取药"))
    ground.do(lambda s: floor.reclass(s, ground.unit, ground.reps["C"], "实为送合同"))
    actions = set(ground.read(lambda s: [line.action for line in s.scalars(select(Ledger))]))
    assert {"sales_floor.void", "sales_floor.flag", "sales_floor.reclass"} <= actions
    assert ledger.verify(ground.site, ground.company)


def report(ground, visit_id, **more):
    fields = {"offender": ground.reps["B"], "rightful": ground.reps["A"], "reason": "看见", **more}
    return ground.do(lambda s: floor.flag_visit(s, visit_id, "poach", **fields))


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_a_poach_counts_as_an_act_otherwise_than_the_regulation(ground, login, mode):
    """Seen at the door or reported later; once for each reception, however it came to light."""
    ground.sign_in("ABCD")
    if mode == "observe":
        set_mode(ground, mode)
    ground.arrive(taken_by=ground.reps["C"], flag="wrong_turn", reason="没看轮见表")
    quiet = ground.arrive(taken_by=ground.reps["D"], flag="none")
    report(ground, quiet.visit_id, offender=ground.reps["D"], rightful=ground.reps["B"])
    fine = ground.arrive()
    assert len(differences(ground)) == 2
    report(ground, fine.visit_id, rightful=ground.reps["B"], offender=ground.reps["A"])
    found = differences(ground)
    assert [(ground.letter(one.decided_id), ground.letter(one.acted_id)) for one in found] == [
        ("A", "C"),
        ("B", "D"),
        ("B", "A"),
    ]
    browser = login(ground.company)
    with clock.frozen(ground.now):
        page = browser.get(f"/p/sales_floor/floor/{ground.unit}/differences").text
        adherence = browser.get("/admin/adherence").text
        listed = browser.get("/admin/adherence/deviations?rule=SF-A-08").text
    assert "3 次接待中，有 3 次" in page
    assert page.count("抢客") == 2
    assert "轮错" in page
    assert "没看轮见表" in page
    if mode == "observe":
        assert "第 8 条" in adherence
        assert listed.count("没看轮见表") == 1
