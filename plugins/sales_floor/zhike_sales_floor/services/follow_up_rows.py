"""From a step of the engine to the rows of follow-ups, problems, notices, cycles and points."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from zhike.api import N_, CompanySession, deadlines, inbox
from zhike_sales_floor.models_follow_up import (
    CustomerProblem,
    FollowUpContact,
    FollowUpCycle,
    FollowUpNotice,
    Point,
)
from zhike_sales_floor.rules.followup_state import days_end
from zhike_sales_floor.services import follow_ups
from zhike_sales_floor.services.live import Work


def project(s: CompanySession, work: Work) -> None:
    """Write what one step means for the follow-up, in the step's transaction."""
    writer = _WRITERS.get(str(work.event["event"]))
    if writer is not None:
        writer(s, work)


def instant(text: str, tz: str) -> datetime:
    """An instant of the engine, with its offset or in the site's wall time, in UTC."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(tz))).astimezone(UTC)


def _contact(s: CompanySession, work: Work) -> None:
    if not work.step.outcome.get("followed"):
        return
    customer_id = str(work.event["customer"])
    met = work.step.state.customers[customer_id].follow_up.met[-1]
    due = days_end(met.logged, int(work.policy.get("followup.record_days") or 0))
    s.add(
        FollowUpContact(
            unit_id=work.floor.id,
            customer_id=uuid.UUID(customer_id),
            staff_id=uuid.UUID(met.rep),
            seq=met.seq,
            way=met.way,
            met_at=instant(met.at, work.tz),
            logged_at=work.at,
            due_at=instant(due, work.tz),
            filled_at=work.at if met.filled else None,
            asked=str(work.extra.get("asked", "")),
            settled=bool(met.filled) or not work.policy.get("followup.form_required"),
        )
    )


def _record(s: CompanySession, work: Work) -> None:
    row = s.require(FollowUpContact, work.extra["contact"])
    row.filled_at, row.asked = work.at, str(work.extra["asked"])
    if not work.step.outcome.get("late"):
        row.settled = True


def _problem(s: CompanySession, work: Work) -> None:
    outcome = work.step.outcome
    s.add(
        CustomerProblem(
            id=uuid.UUID(str(outcome["problem"])),
            unit_id=work.floor.id,
            number=str(work.extra["number"]),
            customer_id=uuid.UUID(str(work.event["customer"])),
            staff_id=uuid.UUID(str(work.event["rep"])),
            question=str(work.extra["question"]),
            solvable=bool(work.event.get("solvable", True)),
            raised_at=work.at,
            due_at=instant(str(outcome["due"]), work.tz),
        )
    )


def _row(s: CompanySession, work: Work) -> CustomerProblem:
    return s.require(CustomerProblem, uuid.UUID(str(work.step.outcome["problem"])))


def _solved(s: CompanySession, work: Work) -> None:
    row = _row(s, work)
    row.state, row.solved_at = "solved", work.at
    row.solution = str(work.extra.get("solution", ""))
    _over(s, work, row)


def _reported(s: CompanySession, work: Work) -> None:
    row = _row(s, work)
    row.state, row.reported_at = "reported", work.at
    row.reported_to_id = uuid.UUID(str(work.event["to"]))
    row.answer_due_at = instant(str(work.step.outcome["due"]), work.tz)
    deadlines.schedule(
        s,
        follow_ups.ANSWER,
        f"sales_floor:problem:{row.id}",
        row.answer_due_at + timedelta(seconds=1),
        data={"unit": str(row.unit_id), "problem": str(row.id)},
    )
    inbox.notify(
        s,
        row.reported_to_id,
        "sales_floor.problem",
        N_("A customer's problem waits for your answer: %(number)s"),
        values={"number": row.number},
        link=f"/p/sales_floor/floor/{row.unit_id}/problems/{row.id}",
        once=f"problem:{row.id}",
    )


def _answered(s: CompanySession, work: Work) -> None:
    row = _row(s, work)
    row.state, row.answered_at = "answered", work.at
    row.answer = str(work.extra.get("answer", ""))
    row.answered_by = s.actor.name
    _over(s, work, row)
    inbox.notify(
        s,
        row.staff_id,
        "sales_floor.problem",
        N_("Your customer's problem is answered: %(number)s"),
        values={"number": row.number},
        link=f"/p/sales_floor/floor/{row.unit_id}/problems/{row.id}",
        once=f"answered:{row.id}",
    )


def _over(s: CompanySession, work: Work, row: CustomerProblem) -> None:
    """Nothing more is judged of what was done in time; what was late is looked at once more."""
    deadlines.cancel(s, follow_ups.ANSWER, f"sales_floor:problem:{row.id}")
    first = min(one for one in (row.solved_at, row.reported_at) if one is not None)
    answered = row.answered_at or row.solved_at or work.at
    late = row.answer_due_at is not None and answered > row.answer_due_at
    row.settled = first <= row.due_at + timedelta(seconds=1) and not late


def _notice(s: CompanySession, work: Work) -> None:
    s.add(
        FollowUpNotice(
            unit_id=work.floor.id,
            staff_id=uuid.UUID(str(work.event["rep"])),
            since=date.fromisoformat(str(work.step.outcome["cycle"])),
            customers=list(work.event.get("customers") or ()),
            reason=str(work.event.get("reason", "")),
            at=work.at,
        )
    )


def _cover(s: CompanySession, work: Work) -> None:
    cover = uuid.UUID(str(work.event["cover"]))
    for row in s.scalars(
        select(FollowUpNotice).where(
            FollowUpNotice.unit_id == work.floor.id,
            FollowUpNotice.staff_id == uuid.UUID(str(work.event["rep"])),
            FollowUpNotice.since == date.fromisoformat(str(work.step.outcome["cycle"])),
        )
    ):
        row.cover_id, row.covered_by = cover, s.actor.name
    inbox.notify(
        s,
        cover,
        "sales_floor.follow_up_cycle",
        N_("You stand in for a colleague's follow-ups."),
        link="/p/sales_floor/follow-ups",
        once=f"cover:{work.seq}",
    )


def _due(s: CompanySession, work: Work) -> None:
    for made in work.step.outcome.get("breaches", ()):
        _charge(s, work, made)
    for decision in work.step.decisions:
        if decision.kind == "follow_up_cycle":
            _cycle(s, work, dict(decision.outcome))
    asked = [uuid.UUID(one) for one in work.event.get("customers") or ()]
    if not asked or work.event.get("reps"):
        return
    for contact in s.scalars(
        select(FollowUpContact).where(
            FollowUpContact.customer_id.in_(asked),
            FollowUpContact.settled.is_(False),
            FollowUpContact.due_at < work.at,
        )
    ):
        contact.settled = True
    for problem in s.scalars(
        select(CustomerProblem).where(
            CustomerProblem.customer_id.in_(asked),
            CustomerProblem.settled.is_(False),
            CustomerProblem.state.in_(("solved", "answered")),
        )
    ):
        problem.settled = True


def _charge(s: CompanySession, work: Work, made: dict[str, Any]) -> None:
    """Propose the points of a breach; under a regulation only observed nothing is proposed."""
    key = str(made["key"])
    if work.mode == "observe" or s.scalar(
        select(Point.id).where(Point.unit_id == work.floor.id, Point.key == key)
    ):
        return
    person = _maybe(made.get("person"))
    s.add(
        Point(
            unit_id=work.floor.id,
            key=key,
            rule=str(made["rule"]),
            staff_id=person,
            points=int(made["points"]),
            customer_id=_maybe(made.get("customer")),
            problem_id=_maybe(made.get("problem")),
            customers=list(made.get("customers", ())),
            due_at=instant(str(made["due"]), work.tz),
            proposed_at=work.at,
            decision_id=work.charged.get(key),
        )
    )
    if person is not None:
        inbox.notify(
            s,
            person,
            "sales_floor.points",
            N_("%(n)s performance points are proposed; the manager decides."),
            values={"n": int(made["points"])},
            link="/p/sales_floor/follow-ups/points",
            once=f"points:{work.floor.id}:{key}"[:200],
        )


def _cycle(s: CompanySession, work: Work, outcome: dict[str, Any]) -> None:
    missed = [one for made in outcome["breaches"] for one in made.get("customers", ())]
    rep, since = uuid.UUID(str(outcome["rep"])), date.fromisoformat(str(outcome["from"]))
    excused = len(outcome.get("excused", ()))
    s.add(
        FollowUpCycle(
            unit_id=work.floor.id,
            staff_id=rep,
            since=since,
            until=date.fromisoformat(str(outcome["until"])),
            owed=max(int(work.extra.get("owed", 0)), len(missed) + excused),
            missed=len(missed),
            excused=excused,
            decision_id=work.decided.get(str(rep)),
        )
    )


def _maybe(text: Any) -> uuid.UUID | None:
    return uuid.UUID(str(text)) if text else None


_WRITERS = {
    "contact": _contact,
    "follow_up_record": _record,
    "problem": _problem,
    "problem_solved": _solved,
    "problem_reported": _reported,
    "problem_answered": _answered,
    "follow_up_notice": _notice,
    "follow_up_cover": _cover,
    "follow_up_due": _due,
}
