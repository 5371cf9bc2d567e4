"""The reports: what is counted, who sees whose figures, and what leaves as a file."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from zhike.api import clock
from zhike.models.transfer import ExportLog
from zhike_sales_floor.models import Visit
from zhike_sales_floor.services import customers, figures, floor
from zhike_sales_floor.services.arrivals import Person

DAY = date(2026, 5, 4)
PAGES = ("", "/turns", "/conversion", "/waiting", "/hours", "/protection", "/overdue")


@pytest.fixture
def busy(ground):
    """A morning: A, B, C signed in; five parties, one of them waits and is received late."""
    ground.sign_in("ABC")
    for number in range(4):
        ground.arrive(Person(name=f"客户{number}", phone=f"1380000{number:04d}"), source="自然到访")
    first = ground.read(lambda s: s.scalars(select(Visit).order_by(Visit.number)).first())
    ground.do(lambda s: floor.end_visit(s, first.id, result="considering"), minutes=9)
    return ground


def read(ground, work):
    return ground.read(lambda s: work(s, ground.unit))


def test_turns_are_counted_rep_by_rep_and_the_spread_is_told(busy):
    lines = read(busy, lambda s, u: figures.turns(s, u, DAY, DAY))
    counted = {busy.letter(line.staff_id): line.counted for line in lines}
    received = busy.read(lambda s: s.scalar(
        select(func.count()).where(Visit.via.in_(("turn", "ticket")))
    ))  # fmt: skip
    assert sum(counted.values()) == received == 4
    assert counted == {"A": 2, "B": 1, "C": 1, "D": 0}
    there = {busy.letter(line.staff_id): line.days for line in lines}
    assert there == {"A": 1, "B": 1, "C": 1, "D": 0}
    found = figures.spread(lines)
    assert (found.most, found.fewest, found.apart) == (2, 1, 1)
    assert busy.letter(found.most_id) == "A"


def test_who_was_not_there_does_not_widen_the_spread(busy):
    lines = read(busy, lambda s, u: figures.turns(s, u, DAY, DAY))
    assert any(not line.days for line in lines)
    assert figures.spread(lines).fewest == 1
    assert figures.spread([]) is None


def test_waiting_is_measured_from_the_desk_to_the_reception(busy):
    came = read(busy, lambda s, u: figures.parties(s, u, DAY, DAY))
    waits = figures.waits(came)
    assert len(came) == 4
    assert waits[:3] == [0, 0, 0]
    assert waits[3] == 9 * 60, "the fourth waited until A was free again"
    assert figures.median(waits) == 0
    assert figures.median(waits, 0.9) == 9 * 60
    assert figures.median([]) is None
    assert figures.hours(came) == {(0, 9): 4}


def test_a_voided_visit_and_another_day_are_not_counted(busy):
    visit = busy.read(lambda s: s.scalars(select(Visit).order_by(Visit.number.desc())).first())
    busy.do(lambda s: floor.void_visit(s, visit.id, "同行踩盘", confirmed=True))
    assert len(read(busy, lambda s, u: figures.parties(s, u, DAY, DAY))) == 3
    tomorrow = DAY + timedelta(days=1)
    assert read(busy, lambda s, u: figures.parties(s, u, tomorrow, tomorrow)) == []


def test_conversion_counts_each_customer_once_and_by_source(busy):
    lines = read(busy, lambda s, u: figures.by_rep(s, u, DAY, DAY))
    assert figures.whole(lines).steps == (4, 0, 0, 0)
    assert figures.whole([]).rate is None
    by_source = read(busy, lambda s, u: figures.by_source(s, u, DAY, DAY))
    assert [(line.key, line.visited) for line in by_source] == [("自然到访", 4)]


def test_overdue_follow_ups_are_grouped_by_age(busy):
    customer = busy.read(
        lambda s: s.scalars(select(Visit).order_by(Visit.number)).first()
    ).customer_id
    busy.do(lambda s: customers.set_follow_up(s, customer, DAY - timedelta(days=5)))
    (line,) = read(busy, lambda s, u: figures.overdue(s, u))
    assert line.ages == (0, 1, 0, 0)
    assert line.oldest == DAY - timedelta(days=5)
    assert read(busy, lambda s, u: figures.overdue(s, u, own=busy.reps["D"])) == []


def test_protection_ahead_is_the_regulations_own_last_day(busy):
    found = read(busy, lambda s, u: figures.protection(s, u, 30))
    assert found
    assert all(DAY <= line.until <= DAY + timedelta(days=30) for line in found)
    assert [line.until for line in found] == sorted(line.until for line in found)


@pytest.mark.parametrize("path", PAGES)
def test_every_report_says_its_answer_with_and_without_data(ground, busy, login, path):
    client = login(busy.company)
    base = f"/p/sales_floor/floor/{busy.unit}/figures{path}"
    with clock.frozen(busy.now):
        for args in ("", "?span=day&on=2026-05-04", "?span=week&on=2020-01-01"):
            answer = client.get(base + args)
            assert answer.status_code == 200
            assert 'class="zk-answer"' in answer.text
        assert client.get(f"{base}?as=print").status_code == 200


def test_a_rep_sees_his_own_figures_only(busy, login):
    client = login(busy.company, ["sales_floor.figures"], scope="own")
    with clock.frozen(busy.now):
        text = client.get(f"/p/sales_floor/floor/{busy.unit}/figures/turns").text
        whole = login(busy.company).get(f"/p/sales_floor/floor/{busy.unit}/figures/turns").text
    assert "顾问A" in whole
    assert "顾问A" not in text
    assert "只看本人" in text


def test_numbers_leave_as_a_file_with_the_right_and_in_the_log(busy, login):
    path = f"/p/sales_floor/floor/{busy.unit}/figures/turns?span=day&on=2026-05-04"
    with clock.frozen(busy.now):
        assert (
            login(busy.company, ["sales_floor.figures"]).get(f"{path}&as=xlsx").status_code == 403
        )
        answer = login(busy.company).get(f"{path}&as=xlsx")
        lines = login(busy.company).get(f"{path}&as=csv").text.splitlines()
    sheet = load_workbook(io.BytesIO(answer.data)).active
    heads = [cell.value for cell in sheet[1]]
    assert heads[0] == "置业顾问"
    assert sheet[2][0].value == "顾问A"
    assert sheet[2][heads.index("轮到接待")].value == 2
    assert len(lines) == 5
    logged = busy.read(lambda s: s.scalars(select(ExportLog)).all())
    assert sorted((row.exporter, row.format) for row in logged) == [
        ("sales_floor.fairness", "csv"),
        ("sales_floor.fairness", "xlsx"),
    ]


def test_a_report_costs_few_statements_however_much_there_is(busy, login, count_queries):
    client = login(busy.company)
    with clock.frozen(busy.now):
        for path in PAGES:
            url = f"/p/sales_floor/floor/{busy.unit}/figures{path}"
            client.get(url)
            with count_queries(at_most=12):
                client.get(url)


def test_two_periods_are_summed_up_side_by_side(busy):
    customer = busy.read(
        lambda s: s.scalars(select(Visit).order_by(Visit.number)).first()
    ).customer_id
    busy.do(lambda s: customers.log_contact(s, customer, "call", staff_id=busy.reps["A"]))
    before = (DAY - timedelta(days=1), DAY - timedelta(days=1))
    now, then = read(busy, lambda s, u: figures.summaries(s, u, [(DAY, DAY), before]))
    assert (now.came, now.new, now.unserved, now.contacts) == (4, 4, 0, 1)
    assert (then.came, then.contacts, then.wait) == (0, 0, None)
    mine, _before = read(
        busy, lambda s, u: figures.summaries(s, u, [(DAY, DAY), before], own=busy.reps["B"])
    )
    assert (mine.came, mine.contacts) == (1, 0)


def test_the_figures_are_the_same_on_either_database(either):
    either.sign_in("AB")
    for number in range(3):
        either.arrive(Person(name=f"客户{number}", phone=f"1380000{number:04d}"), source="自然到访")

    def everything(s):
        unit = either.unit
        return (
            [(line.counted, line.days) for line in figures.turns(s, unit, DAY, DAY)],
            figures.whole(figures.by_rep(s, unit, DAY, DAY)).steps,
            [(line.key, line.visited) for line in figures.by_source(s, unit, DAY, DAY)],
            [(one.came, one.contacts) for one in figures.summaries(s, unit, [(DAY, DAY)])],
            len(figures.protection(s, unit, 30)),
            figures.overdue(s, unit),
            figures.apart(s, unit, DAY, DAY).total,
            figures.hours(figures.parties(s, unit, DAY, DAY)),
        )

    turns, steps, sources, sums, protected, late, apart, hours = either.read(everything)
    assert sorted(turns) == [(0, 0), (0, 0), (1, 1), (1, 1)]
    assert steps == (3, 0, 0, 0)
    assert sources == [("自然到访", 3)]
    assert sums == [(3, 0)]
    assert protected == 2, "nobody has received the third yet"
    assert (late, apart, hours) == ([], 0, {(0, 9): 3})
