"""The two-week follow-up at a site: one entry for all, clocks that fire once, points for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from following import MONDAY, OVER, customer, follow, morning, points, problem, ready, sweep
from sqlalchemy import func, select

from zhike.api import Conflict, LedgerLine, UserError
from zhike_sales_floor.models import FloorEvent
from zhike_sales_floor.models_follow_up import (
    CustomerProblem,
    FollowUpContact,
    FollowUpCycle,
    FollowUpNotice,
    Point,
)
from zhike_sales_floor.services import (
    customers,
    follow_up_board,
    follow_up_points,
    follow_ups,
    replay,
)


def _log(ground, customer_id, letter, kind="call", note="问了贷款", **more):
    return ground.do(
        lambda s: customers.log_contact(
            s, customer_id, kind, staff_id=ground.reps[letter], note=note, **more
        )
    )


def _left(ground, letter):
    def look(s):
        found = follow_ups.standing(s, ground.unit)
        return [
            line.id
            for line in follow_up_board.left_of(s, ground.unit, [ground.reps[letter]], found)
        ]

    return ground.read(look)


def test_a_contact_is_entered_once_and_counts_for_both(either):
    one, two, other = ready(either)
    assert set(_left(either, "A")) == {one, two}
    done = _log(either, one, "A")
    assert done.outcome["counted"]
    assert done.outcome["followed"]
    assert _left(either, "A") == [two]
    row = either.read(lambda s: s.scalars(select(FollowUpContact)).one())
    assert (row.customer_id, row.way, row.asked) == (one, "phone", "问了贷款")
    assert row.filled_at == row.logged_at
    assert row.settled
    assert customer(either, one).followed_on == MONDAY.date()
    assert _left(either, "B") == [other]


def test_the_cycle_is_judged_once_however_late_and_dated_when_it_was_over(either):
    one, two, _other = ready(either)
    _log(either, one, "A")
    either.now = OVER - timedelta(seconds=1)
    sweep(either)
    assert points(either) == []
    sweep(either, OVER + timedelta(days=2))
    expected = [("SF-B-01", "A", 1, "proposed"), ("SF-B-01", "B", 1, "proposed")]
    assert points(either) == expected
    row = either.read(
        lambda s: s.scalars(select(Point).where(Point.staff_id == either.reps["A"])).one()
    )
    assert row.due_at == OVER - timedelta(seconds=1)
    assert row.customers == [str(two)]
    assert row.decision_id is not None
    _log(either, two, "A")
    sweep(either, OVER + timedelta(days=3))
    either.do(lambda s: follow_ups.judge(s, either.unit))
    morning(either)
    assert points(either) == expected
    history = either.read(lambda s: follow_up_board.cycles(s, either.unit, rep=either.reps["A"]))
    assert [(row.since.day, row.until.day, row.owed, row.missed) for row in history] == [
        (11, 24, 2, 1)
    ]


def test_a_record_left_out_is_charged_the_next_day_and_only_then(ground):
    one, two, _other = ready(ground)
    _log(ground, one, "A", note="")
    _log(ground, two, "A", note="")
    rows = ground.read(lambda s: follow_up_board.missing_records(s, ground.unit, ground.reps["A"]))
    assert len(rows) == 2
    contact = next(line.row.id for line in rows if line.row.customer_id == one)
    with pytest.raises(UserError):
        ground.do(lambda s: follow_ups.fill_record(s, contact, "  "))
    ground.do(lambda s: follow_ups.fill_record(s, contact, "看中三房"))
    with pytest.raises(Conflict):
        ground.do(lambda s: follow_ups.fill_record(s, contact, "看中三房"))
    sweep(ground, MONDAY + timedelta(hours=14))  # midnight in Shanghai
    assert points(ground) == [("SF-B-03", "A", 1, "proposed")]
    sweep(ground, MONDAY + timedelta(days=3))
    assert len(points(ground)) == 1
    assert (
        ground.read(
            lambda s: s.scalar(select(func.count()).where(FollowUpContact.settled.is_(False)))
        )
        == 0
    )


def _raise(ground, customer_id, letter, solvable=True):
    made = {}

    def work(s):
        made["id"], done = follow_ups.raise_problem(
            s, customer_id, "门锁坏了", staff_id=ground.reps[letter], solvable=solvable
        )
        return done

    ground.do(work)
    return made["id"]


def test_a_problem_goes_from_the_rep_to_the_leader_to_the_customer(either):
    one, _two, _other = ready(either)
    asked = _raise(either, one, "A", solvable=False)
    row = problem(either, asked)
    assert (row.number, row.state) == ("HFA120260511-01", "open")
    assert row.due_at == datetime(2026, 5, 11, 15, 59, 59, tzinfo=UTC)
    either.do(lambda s: follow_ups.report(s, asked, either.reps["D"]))
    row = problem(either, asked)
    assert row.answer_due_at == datetime(2026, 5, 13, 9, 30, tzinfo=UTC)  # Wednesday 17:30
    sweep(either, row.answer_due_at)
    assert points(either) == []
    sweep(either, row.answer_due_at + timedelta(seconds=1))
    assert points(either) == [("SF-B-05", "D", 1, "proposed")]
    either.do(lambda s: follow_ups.answer(s, asked, "周五换锁"))
    row = problem(either, asked)
    assert (row.state, row.answer, row.answered_by) == ("answered", "周五换锁", "前台小周")
    sweep(either, row.answer_due_at + timedelta(days=5))
    assert [line for line in points(either) if line[0] == "SF-B-05"] == [
        ("SF-B-05", "D", 1, "proposed")
    ]
    assert problem(either, asked).settled
    with pytest.raises(Conflict):
        either.do(lambda s: follow_ups.answer(s, asked, "再答"))
    told = either.read(
        lambda s: s.scalars(
            select(LedgerLine.action).where(LedgerLine.action.like("sales_floor.p%"))
        ).all()
    )
    assert {"sales_floor.problem_reported", "sales_floor.problem_answered"} <= set(told)


def test_a_problem_solved_the_same_day_costs_nothing_and_a_day_later_a_point(ground):
    one, two, _other = ready(ground)
    first, second = _raise(ground, one, "A"), _raise(ground, two, "A")
    ground.do(lambda s: follow_ups.solve(s, first, "当场解释"))
    ground.now = MONDAY + timedelta(days=1)
    ground.do(lambda s: follow_ups.solve(s, second, "第二天才办"))
    sweep(ground, MONDAY + timedelta(days=2))
    assert points(ground) == [("SF-B-04", "A", 1, "proposed")]
    line = ground.read(lambda s: s.scalars(select(Point)).one())
    assert line.problem_id == second


def test_a_notice_in_time_excuses_and_the_stand_in_is_told(ground):
    one, _two, _other = ready(ground)
    ground.do(lambda s: follow_ups.give_notice(s, ground.unit, ground.reps["A"], "住院", [one]))
    ground.do(lambda s: follow_ups.name_cover(s, ground.unit, ground.reps["A"], ground.reps["C"]))
    row = ground.read(lambda s: s.scalars(select(FollowUpNotice)).one())
    assert (row.cover_id, row.customers) == (ground.reps["C"], [str(one)])
    lines = ground.read(
        lambda s: follow_up_board.team(s, ground.unit, follow_ups.standing(s, ground.unit))
    )
    team = {line.id: line for line in lines}
    assert (team[ground.reps["A"]].left, team[ground.reps["A"]].excused) == (1, 1)
    done = _log(ground, one, "C")
    assert done.outcome["followed"]
    assert not done.outcome["counted"]
    sweep(ground, OVER)
    assert points(ground) == [("SF-B-01", "A", 1, "proposed"), ("SF-B-01", "B", 1, "proposed")]
    line = ground.read(
        lambda s: s.scalars(select(Point).where(Point.staff_id == ground.reps["A"])).one()
    )
    assert len(line.customers) == 1
    assert str(one) not in line.customers


def test_points_are_confirmed_waived_and_taken_back_by_somebody_else(ground):
    ready(ground)
    sweep(ground, OVER)
    mine = ground.read(
        lambda s: s.scalars(select(Point).where(Point.staff_id == ground.reps["A"])).one()
    )

    def decide(state, by="D", reason=""):
        return ground.do(
            lambda s: follow_up_points.decide(s, mine.id, state, by=ground.reps[by], reason=reason)
        )

    with pytest.raises(Conflict):
        decide("confirmed", by="A")
    with pytest.raises(UserError):
        decide("waived")
    decide("confirmed")
    with pytest.raises(Conflict):
        decide("waived", reason="系统停用")
    decide("proposed", reason="重新核对")
    decide("waived", reason="系统停用")
    row = ground.read(lambda s: s.require(Point, mine.id))
    assert (row.state, row.reason, row.decided_by) == ("waived", "系统停用", "前台小周")
    actions = ground.read(
        lambda s: s.scalars(
            select(LedgerLine.action).where(LedgerLine.action.like("sales_floor.points%"))
        ).all()
    )
    assert sorted(actions) == [
        "sales_floor.points_confirmed", "sales_floor.points_reopened", "sales_floor.points_waived",
    ]  # fmt: skip
    assert ground.read(lambda s: follow_up_points.totals(s, ground.unit, ground.reps["A"])) == {
        "proposed": 0, "confirmed": 0, "waived": 1,
    }  # fmt: skip


def test_observed_only_the_judging_is_kept_and_nothing_is_proposed(ground):
    ready(ground)
    follow(ground, "observe")
    # The cycle is judged under the version that held when it began; that one was binding.
    sweep(ground, OVER)
    assert len(points(ground)) == 2
    sweep(ground, OVER + timedelta(days=14))
    assert len(points(ground)) == 2
    assert ground.read(lambda s: s.scalar(select(func.count()).select_from(FollowUpCycle))) == 8


def test_the_clock_opens_no_day_and_the_log_replays(ground):
    one, two, _other = ready(ground)
    _log(ground, one, "A")
    asked = _raise(ground, two, "A")
    ground.do(lambda s: follow_ups.solve(s, asked, "当场解释"))
    sweep(ground, MONDAY + timedelta(hours=15))
    sweep(ground, OVER)
    verbs = ground.read(
        lambda s: [row.verb for row in s.scalars(select(FloorEvent).order_by(FloorEvent.seq))]
    )
    assert verbs.count("day_open") == 2
    assert "follow_up_due" in verbs
    assert ground.read(lambda s: replay.replay(s, ground.unit, MONDAY.date())) == []


def test_reps_are_reminded_once_a_morning_before_the_end(ground):
    from zhike.models.inbox import Notice

    ready(ground)

    def remind(day):
        ground.now = MONDAY + timedelta(days=day)
        morning(ground)

    def notices():
        return ground.read(
            lambda s: [
                (ground.letter(row.staff_id), row.values.get("n"))
                for row in s.scalars(
                    select(Notice).where(Notice.type == "sales_floor.follow_up_cycle")
                )
            ]
        )

    remind(3)
    assert notices() == []
    remind(11)
    remind(11)
    assert sorted(notices()) == [("A", 2), ("B", 1)]


def test_where_nothing_is_followed_up_contacts_are_what_they_were(ground):
    from following import customers as received

    one, *_rest = received(ground)
    done = _log(ground, one, "A")
    assert (
        "record"
        not in ground.read(
            lambda s: s.scalars(select(FloorEvent).where(FloorEvent.seq == done.seq)).one()
        ).body
    )
    assert ground.read(lambda s: s.scalar(select(func.count()).select_from(FollowUpContact))) == 0
    with pytest.raises(Conflict):
        _raise(ground, one, "A")
    assert ground.read(lambda s: s.scalar(select(func.count()).select_from(CustomerProblem))) == 0
