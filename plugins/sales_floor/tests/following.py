"""What the tests of follow-ups share: a floor whose regulation follows up, and its customers."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from zhike.api import clock, deadlines, policies
from zhike_sales_floor.models import Customer
from zhike_sales_floor.models_follow_up import CustomerProblem, Point
from zhike_sales_floor.services import floor, follow_up_jobs
from zhike_sales_floor.services.arrivals import Person

#: 10:00 in Shanghai on the Monday on which the first cycle begins.
MONDAY = datetime(2026, 5, 11, 2, 0, tzinfo=UTC)
#: The first second after the first cycle, 11 to 24 May.
OVER = datetime(2026, 5, 24, 16, 0, tzinfo=UTC)


def follow(ground: Any, mode: str = "", **overrides: Any) -> None:
    """Switch the follow-up on, a week before the first cycle."""

    def work(s):
        held = policies.in_force(s, "sales_floor", ground.unit, ground.now)
        row = policies.draft(s, held.policy_id)
        row = policies.save_draft(
            s,
            row.id,
            lock=row.lock,
            params={**row.params, "followup.on": True, **overrides},
            clauses=row.clauses,
            mode=mode or row.mode,
        )
        policies.publish(s, row.id, effective_from=clock.now(), reason="客户定期回访")

    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        work(s)
    ground.now += timedelta(minutes=1)


def customers(ground: Any, letters: str = "AAB") -> list[uuid.UUID]:
    """One customer per letter, received by that rep on the first morning, whose day then closes."""
    ground.sign_in("".join(sorted(set(letters))))
    made = []
    for number, letter in enumerate(letters):
        act = ground.arrive(Person(name=f"客户{number}", phone=f"138000000{number:02d}"),
                            receiver=ground.reps[letter], reason="熟客")  # fmt: skip
        ground.do(lambda s, act=act: floor.end_visit(s, act.visit_id, result="will_return"))
        made.append(uuid.UUID(act.outcome["assignments"][0]["customers"][0]))
    ground.do(lambda s: floor.close_day(s, ground.unit))
    return made


def ready(ground: Any, letters: str = "AAB", **overrides: Any) -> list[uuid.UUID]:
    """Customers of the week before, and the first Monday of the first cycle."""
    made = customers(ground, letters)
    follow(ground, **overrides)
    ground.now = MONDAY
    morning(ground)
    return made


def morning(ground: Any) -> None:
    """The job of each morning."""
    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        follow_up_jobs.remind(s)


def sweep(ground: Any, at: datetime | None = None) -> int:
    """Let the worker come by; how many deadlines fired."""
    ground.now = max(ground.now, at or ground.now)
    with clock.frozen(ground.now):
        return deadlines.sweep(ground.site).fired


def points(ground: Any) -> list[tuple[str, str, int, str]]:
    """Rule, letter of the person, points and state of every line, by rule."""
    rows = ground.read(lambda s: list(s.scalars(select(Point).order_by(Point.rule, Point.key))))
    return [(row.rule, ground.letter(row.staff_id), row.points, row.state) for row in rows]


def problem(ground: Any, problem_id: uuid.UUID) -> CustomerProblem:
    """The row of a problem as it stands."""
    return ground.read(lambda s: s.require(CustomerProblem, problem_id))


def customer(ground: Any, customer_id: uuid.UUID) -> Customer:
    """The row of a customer as it stands."""
    return ground.read(lambda s: s.require(Customer, customer_id))
