"""What of the two-week follow-up is overdue, and the points that go with it (SF-B-07).

Judging later than due changes nothing: only what was logged in time counts, a breach is dated at
the instant it was due, and what was judged once is not judged again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from zhike.rules import on_day
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.followup_state import (
    Cycle,
    Met,
    Question,
    anchor_day,
    cycle_at,
    days_end,
    wall,
)
from zhike_sales_floor.rules.parse import Event
from zhike_sales_floor.rules.state import LEFT, Customer, Owning
from zhike_sales_floor.rules.validity import valid_through

ANSWER = "answer"
"""The leader's own clock of a problem, beside the rep's under the same rule."""


def due(d: Draft, event: Event) -> None:
    """Judge what has fallen due: records, problems and answers of customers, cycles of reps.

    Without ``reps`` those who owe a cycle, without ``customers`` all the state knows.
    """
    d.outcome["breaches"] = []
    if not d.follow_up.since:
        d.outcome["ignored"] = True
        return
    stated = event.get("customers")
    customers = sorted(d.base.customers) if stated is None else stated
    for customer_id in customers:
        _records(d, customer_id)
        _questions(d, customer_id)
    reps = event.get("reps")
    for rep_id in tuple(d.follow_up.next) if reps is None else reps:
        if rep_id in d.follow_up.next:
            _cycles(d, rep_id, customers)


# --- records, problems, answers -------------------------------------------------------------------
def _records(d: Draft, customer_id: str) -> None:
    facts = d.customer(customer_id)
    if not d.param("followup.form_required"):
        return
    met = list(facts.follow_up.met)
    for place, one in enumerate(met):
        until = days_end(one.logged, int(d.param("followup.record_days") or 0))
        if one.judged or not _late(d, one.filled, until):
            continue
        met[place] = replace(one, judged=True)
        d.cite("SF-B-03", "no_record", rep=one.rep, customer=customer_id, due=until)
        key = f"03:{customer_id}:{one.seq}"
        _charge(d, "SF-B-03", one.rep, key, until, customer=customer_id)
    if tuple(met) != facts.follow_up.met:
        _put(d, customer_id, met=tuple(met))


def _questions(d: Draft, customer_id: str) -> None:
    facts = d.customer(customer_id)
    kept = list(facts.follow_up.questions)
    for place, one in enumerate(kept):
        judged = list(one.judged)
        if "rep" not in judged and (until := _rep_failed(d, one)):
            rule = "SF-B-05" if one.reported or not one.solvable else "SF-B-04"
            judged.append("rep")
            effect = "not_reported" if rule == "SF-B-05" else "not_solved"
            d.cite(rule, effect, rep=one.rep, customer=customer_id, due=until)
            key = f"{rule[-2:]}:{one.id}"
            _charge(d, rule, one.rep, key, until, customer=customer_id, problem=one.id)
        answered = one.answered or (one.solved if one.reported else "")
        if ANSWER not in judged and one.reported and _late(d, answered, one.due):
            judged.append(ANSWER)
            d.cite("SF-B-05", "not_answered", to=one.to, customer=customer_id, due=one.due)
            key = f"05:{ANSWER}:{one.id}"
            _charge(d, "SF-B-05", one.to, key, one.due, customer=customer_id, problem=one.id)
        kept[place] = replace(one, judged=tuple(judged))
    if tuple(kept) != facts.follow_up.questions:
        _put(d, customer_id, questions=tuple(kept))


def _late(d: Draft, done: str, until: str) -> bool:
    """Whether a thing was done after its last second, or is undone and that has passed."""
    return wall(done or d.at) > wall(until)


def _rep_failed(d: Draft, one: Question) -> str:
    """When the rep should have solved or handed on a problem, ``""`` where that was in time."""
    key = "self_solve_days" if one.solvable else "escalate_days"
    until = days_end(one.at, int(d.param(f"followup.{key}") or 0))
    done = [text for text in (one.solved, one.reported) if text]
    return until if _late(d, min(done, key=wall) if done else "", until) else ""


# --- cycles ---------------------------------------------------------------------------------------
def _cycles(d: Draft, rep_id: str, customers: Iterable[str]) -> None:
    """Judge each cycle of a rep that is over and was not judged; who has left owes none."""
    days = int(d.param("followup.cycle_days") or 14)
    since = on_day(d.follow_up.since)
    anchor = anchor_day(str(d.param("followup.cycle_anchor") or ""), since)
    while True:
        cycle = cycle_at(on_day(d.follow_up.next[rep_id]), anchor, days)
        if wall(d.at) <= cycle.end:
            return
        rep = d.reps.get(rep_id)
        if rep is not None and rep.state != LEFT:
            _cycle(d, rep_id, cycle, customers)
        after = (cycle.last + timedelta(days=1)).isoformat()
        excuses = tuple(
            one for one in d.follow_up.excuses if one.rep != rep_id or one.cycle > cycle.id
        )
        d.follow_up = replace(
            d.follow_up, next={**d.follow_up.next, rep_id: after}, excuses=excuses
        )


def _cycle(d: Draft, rep_id: str, cycle: Cycle, customers: Iterable[str]) -> None:
    left: list[str] = []
    excused: list[str] = []
    for customer_id in customers:
        facts = d.customer(customer_id)
        if not owed(d, facts, rep_id, cycle) or followed(d, facts, rep_id, cycle):
            continue
        covered = any(one.covers(rep_id, cycle.id, customer_id) for one in d.follow_up.excuses)
        (excused if covered else left).append(customer_id)
    about = {"rep": rep_id, "from": cycle.id, "until": cycle.last.isoformat()}
    if excused:
        d.cite("SF-B-06", "excused", rep=rep_id, customers=excused)
    if not left:
        d.cite("SF-B-01", "all_followed", **about)
        outcome: dict[str, Any] = {**about, "excused": excused, "breaches": []}
        d.decide("follow_up_cycle", rep_id, outcome)
        return
    d.cite("SF-B-01", "not_followed", customers=left, number=len(left), **about)
    each = len(left) if d.param("followup.unit") == "per_contact" else 1
    key = f"01:{rep_id}:{cycle.id}"
    d.outcome["left"] = list(dict.fromkeys((*d.outcome.get("left", ()), *left)))
    _charge(
        d, "SF-B-01", rep_id, key, cycle.end, times=each, customers=left, cycle=cycle.id,
        kind="follow_up_cycle", more={**about, "excused": excused},
    )  # fmt: skip


def owner_then(facts: Customer, until: str) -> Owning | None:
    """The ownership entry that held at the last second of a cycle."""
    for entry in reversed(facts.owning):
        if not entry.void and wall(entry.at) <= until:
            return entry
    return None


def owed(d: Draft, facts: Customer, rep_id: str, cycle: Cycle) -> bool:
    """Whether this rep had to contact this customer in that cycle (SF-B-01).

    His at its end, and not gained inside it: who was opened or changed hands in a cycle counts as
    done for it. A customer whose deal stands is live only where the policy says so, one whose
    record had expired before the cycle is not.
    """
    entry = owner_then(facts, cycle.end)
    if entry is None or entry.rep != rep_id or on_day(entry.at) >= cycle.start:
        return False
    closed = any(
        deal.closed and not deal.reversed and wall(deal.at) <= cycle.end for deal in facts.deals
    )
    if closed and not d.param("followup.closed_too"):
        return False
    months = d.param("owner.record_validity_months")
    return months is None or cycle.start <= valid_through(entry, int(months))


def followed(d: Draft, facts: Customer, rep_id: str, cycle: Cycle) -> bool:
    """Whether the rep, or who covered for him, had contact inside the cycle and logged it in time.

    Receiving the customer is a contact too, where visits count; the register of visits is its
    record.
    """
    covers = {
        one.cover
        for one in d.follow_up.excuses
        if one.cover and one.covers(rep_id, cycle.id, facts.id)
    }
    if any(_meets(one, {rep_id, *covers}, cycle) for one in facts.follow_up.met):
        return True
    return "visit" in (d.param("followup.kinds") or ()) and any(
        note.rep == rep_id and not note.void and cycle.holds(note.at) for note in facts.visits
    )


def _meets(one: Met, reps: set[str], cycle: Cycle) -> bool:
    return one.rep in reps and cycle.holds(one.at) and wall(one.logged) <= cycle.end


# --- points ---------------------------------------------------------------------------------------
def _charge(
    d: Draft,
    rule: str,
    person: str,
    key: str,
    until: str,
    *,
    times: int = 1,
    kind: str = "follow_up_breach",
    more: dict[str, Any] | None = None,
    **about: Any,
) -> None:
    """Propose the points of one breach and close the decision about it (SF-B-07)."""
    points = int(d.param("followup.points") or 0) * times
    made = {"rule": rule, "person": person, "points": points, "key": key, "due": until, **about}
    d.outcome["breaches"].append(made)
    d.cite("SF-B-07", "points", person=person, points=points, param="followup.points")
    subject = str(about.get("customer") or person)
    d.decide(kind, subject, {**(more or {}), "person": person, "rule": rule, "breaches": [made]})


def _put(
    d: Draft,
    customer_id: str,
    *,
    met: tuple[Met, ...] | None = None,
    questions: tuple[Question, ...] | None = None,
) -> None:
    facts = d.customer(customer_id)
    known = facts.follow_up
    made = replace(
        known,
        met=known.met if met is None else met,
        questions=known.questions if questions is None else questions,
    )
    d.put_customer(replace(facts, follow_up=made))
