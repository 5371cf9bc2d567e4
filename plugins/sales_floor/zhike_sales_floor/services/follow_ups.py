"""Acts of the two-week follow-up 客户回访 (SF-B): records, problems, notices, and the judging.

The engine decides; :mod:`.follow_up_rows` writes what comes of it. Where another active app decides
about follow-ups of a site, the rules here stand down, and the log says since when.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from zhike.api import (
    CompanySession,
    Conflict,
    NotFound,
    Staff,
    UserError,
    _,
    clock,
    deadlines,
    facts,
    numbering,
    organisation,
    policies,
    uuid7,
)
from zhike.rules import Policy
from zhike_sales_floor.models import Customer, Floor
from zhike_sales_floor.models_follow_up import CustomerProblem, FollowUpContact
from zhike_sales_floor.rules.followup_state import (
    Cycle,
    FollowUpFloor,
    anchor_day,
    cycle_at,
    first_cycle,
)
from zhike_sales_floor.services import live, office
from zhike_sales_floor.services.live import Act

#: The word by which apps agree whose business the follow-up of leasing customers is (4.5).
FACT = "leasing_follow_up"

NIGHT = "sales_floor.follow_up_night"
ANSWER = "sales_floor.problem_answer"
_SHOWN_DAYS = 40


@dataclass(frozen=True)
class Standing:
    """How follow-ups stand at a site.

    on      whether the regulation here runs; other: the app that decides instead, ``""`` for none.
    cycle   the running cycle, None before the first one; first: the first that will begin.
    """

    on: bool
    other: str
    policy: Policy
    tz: str
    cycle: Cycle | None = None
    first: Cycle | None = None

    def ends_at(self, cycle: Cycle) -> datetime:
        """The instant at which a cycle is over: the first one that is too late."""
        return midnight(cycle.last + timedelta(days=1), self.tz)


def midnight(day: date, tz: str) -> datetime:
    """The first instant of a day at a site, in UTC."""
    return datetime.combine(day, time(0), ZoneInfo(tz)).astimezone(UTC)


def standing(s: CompanySession, unit_id: uuid.UUID) -> Standing:
    """Whether SF-B runs at a site now, and in which cycle."""
    now = clock.now()
    tz = live.tz_of(s, unit_id)
    policy = policies.in_force(s, live.PLUGIN, unit_id, now).policy
    wanted = bool(policy.get("followup.on"))
    other = facts.owner_of(s, FACT, unit_id, asking=live.PLUGIN) if wanted else ""
    if not wanted or other:
        return Standing(False, other, policy, tz)
    floor = s.find(Floor, unit_id)
    today = clock.local(now, tz).date()
    known = live.load_floor(floor).follow_up if floor is not None else FollowUpFloor()
    since = date.fromisoformat(known.since) if known.since else today
    days = int(policy.get("followup.cycle_days") or 14)
    first = first_cycle(since, anchor_day(str(policy.get("followup.cycle_anchor")), since), days)
    running = cycle_at(today, first.start, days) if today >= first.start else None
    return Standing(True, "", policy, tz, running, first)


def keep_in_step(s: CompanySession, unit_id: uuid.UUID) -> bool:
    """Let the log say who decides about follow-ups, and keep the clock; whether it is we.

    To be called before what the rules here are to hear of.
    """
    found = standing(s, unit_id)
    floor = s.find(Floor, unit_id) if found.on or found.other else None
    if floor is None:
        return False
    known = live.load_floor(floor).follow_up
    if found.other != known.other:
        fields: dict[str, Any] = {"on": bool(found.other)}
        if found.other:
            fields["to"] = found.other
        live.act(s, unit_id, "stand_down", fields)
    elif found.on and not known.since:
        # The engine notes with this event since when the rule runs, so that cycles stand still.
        live.act(s, unit_id, "follow_up_due", {"reps": [], "customers": []})
    if found.on:
        set_clock(s, unit_id, found.tz)
    return found.on


def set_clock(s: CompanySession, unit_id: uuid.UUID, tz: str) -> None:
    """What is due by the end of a day is judged on the first second of the next one.

    Each night has a deadline of its own, so that a late worker still comes to yesterday's.
    """
    tomorrow = clock.local(clock.now(), tz).date() + timedelta(days=1)
    deadlines.schedule(
        s,
        NIGHT,
        f"sales_floor:floor:{unit_id}:{tomorrow.isoformat()}",
        midnight(tomorrow, tz),
        data={"unit": str(unit_id)},
    )


# -- records ----------------------------------------------------------------------------------


def fill_record(s: CompanySession, contact_id: uuid.UUID, asked: str) -> Act:
    """Fill the missing 客户回访记录表 of a contact (SF-B-03), ``asked`` being what was said."""
    row = s.require(FollowUpContact, contact_id)
    if row.filled_at is not None:
        raise Conflict(_("This record is filled already."))
    if not asked.strip():
        raise UserError(_("Please write down what was talked about."), field="asked")
    return live.act(
        s,
        row.unit_id,
        "follow_up_record",
        {"customer": str(row.customer_id), "rep": str(row.staff_id), "number": row.seq},
        extra={"asked": asked.strip(), "contact": row.id},
    )


# -- problems ---------------------------------------------------------------------------------


def raise_problem(
    s: CompanySession,
    customer_id: uuid.UUID,
    question: str,
    *,
    staff_id: uuid.UUID | None,
    solvable: bool,
) -> tuple[uuid.UUID, Act]:
    """A customer raises a problem 客户问题 (SF-B-04, 05); its id and the act."""
    if not question.strip():
        raise UserError(_("Please write down the problem."), field="question")
    customer = s.require(Customer, customer_id)
    rep = staff_id or customer.owner_id
    if rep is None:
        raise UserError(_("This customer has no owner who could look after it."))
    keep_in_step(s, customer.unit_id)
    problem_id = uuid7()
    number = numbering.take(
        s, "sales_floor.problem", customer.unit_id, organisation.today(s, customer.unit_id)
    )
    done = live.act(
        s,
        customer.unit_id,
        "problem",
        {
            "customer": str(customer_id),
            "problem": str(problem_id),
            "rep": str(rep),
            "solvable": solvable,
        },
        extra={"question": question.strip(), "number": number},
    )
    return problem_id, done


def solve(s: CompanySession, problem_id: uuid.UUID, solution: str) -> Act:
    """A problem is solved; of one that was reported this is the answer."""
    row = s.require(CustomerProblem, problem_id)
    if not solution.strip():
        raise UserError(_("Please write down how it was solved."), field="solution")
    return live.act(
        s,
        row.unit_id,
        "problem_solved",
        {"customer": str(row.customer_id), "problem": str(row.id), "rep": str(row.staff_id)},
        extra={"solution": solution.strip(), "problem": row.id},
    )


def report(s: CompanySession, problem_id: uuid.UUID, leader_id: uuid.UUID) -> Act:
    """Hand 客户回访反馈表 to a leader, who owes the customer an answer (SF-B-05)."""
    row = s.require(CustomerProblem, problem_id)
    s.require(Staff, leader_id)
    policy = policies.in_force(s, live.PLUGIN, row.unit_id, clock.now()).policy
    first = organisation.today(s, row.unit_id) + timedelta(
        days=int(policy.get("followup.answer_days") or 0)
    )
    fields: dict[str, Any] = {
        "customer": str(row.customer_id),
        "problem": str(row.id),
        "to": str(leader_id),
    }
    fields["office"] = office.closing_times(s, row.unit_id, first, _SHOWN_DAYS)
    return live.act(s, row.unit_id, "problem_reported", fields, extra={"problem": row.id})


def answer(s: CompanySession, problem_id: uuid.UUID, text: str) -> Act:
    """The leader has answered the customer."""
    row = s.require(CustomerProblem, problem_id)
    if not text.strip():
        raise UserError(_("Please write down the answer."), field="answer")
    return live.act(
        s,
        row.unit_id,
        "problem_answered",
        {"customer": str(row.customer_id), "problem": str(row.id), "by": s.actor.name},
        extra={"answer": text.strip(), "problem": row.id},
    )


def leaders(s: CompanySession, unit_id: uuid.UUID) -> list[uuid.UUID]:
    """To whom a problem may be reported: the heads from the site upwards, the nearest first.

    Where nobody is head, everybody with a post at the site, so that nothing stays unreported.
    """
    today = organisation.today(s, unit_id)
    found: list[uuid.UUID] = []
    for step in organisation.tree(s).ancestors(unit_id):
        head = organisation.head_of(s, step, today)
        if head is not None:
            found += [head, organisation.acting_for(s, head, today)]
    if not found:
        found = [person.id for person in organisation.staff_at(s, unit_id, today)]
    return list(dict.fromkeys(found))


# -- notices ----------------------------------------------------------------------------------


def give_notice(
    s: CompanySession,
    unit_id: uuid.UUID,
    staff_id: uuid.UUID,
    reason: str,
    customers: Sequence[uuid.UUID] = (),
) -> Act:
    """A rep says, before the cycle ends, that it cannot be finished (SF-B-06)."""
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    keep_in_step(s, unit_id)
    fields: dict[str, Any] = {"rep": str(staff_id), "reason": reason.strip()}
    if customers:
        fields["customers"] = [str(one) for one in customers]
    return live.act(s, unit_id, "follow_up_notice", fields, reason=reason)


def name_cover(
    s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID, cover_id: uuid.UUID
) -> Act:
    """The head says who stands in for a rep who gave notice."""
    fields = {"rep": str(staff_id), "cover": str(cover_id), "by": s.actor.name}
    return live.act(s, unit_id, "follow_up_cover", fields)


# -- judging ----------------------------------------------------------------------------------


def judge(s: CompanySession, unit_id: uuid.UUID) -> list[Act]:
    """Judge everything of a site that has fallen due; safe to repeat, however late.

    A cycle is judged under the version in force when it began, all else under the one in force now.
    """
    try:
        floor = live.lock_floor(s, unit_id)
    except NotFound:
        return []
    if not keep_in_step(s, unit_id):
        return []
    done: list[Act] = []
    waiting = _waiting(s, unit_id)
    if waiting:
        fields = {"reps": [], "customers": [str(one) for one in waiting]}
        done.append(live.act(s, unit_id, "follow_up_due", fields, locked=floor))
    done += _judge_cycles(s, floor)
    return done


def _waiting(s: CompanySession, unit_id: uuid.UUID) -> list[uuid.UUID]:
    """Customers with a record or a problem about which something may have fallen due."""
    now = clock.now()
    records = select(FollowUpContact.customer_id).where(
        FollowUpContact.unit_id == unit_id,
        FollowUpContact.settled.is_(False),
        FollowUpContact.due_at < now,
    )
    problems = select(CustomerProblem.customer_id).where(
        CustomerProblem.unit_id == unit_id,
        CustomerProblem.settled.is_(False),
        or_(CustomerProblem.due_at < now, CustomerProblem.answer_due_at < now),
    )
    return sorted({*s.scalars(records), *s.scalars(problems)})


def _judge_cycles(s: CompanySession, floor: Floor) -> list[Act]:
    tz = live.tz_of(s, floor.id)
    today = clock.local(clock.now(), tz).date()
    done = []
    for rep, start in sorted(live.load_floor(floor).follow_up.next.items()):
        begun = date.fromisoformat(start)
        pinned = policies.in_force(s, live.PLUGIN, floor.id, midnight(begun, tz))
        policy = pinned.policy
        if not policy.get("followup.on"):
            pinned = policies.in_force(s, live.PLUGIN, floor.id, clock.now())
            policy = pinned.policy
        days = int(policy.get("followup.cycle_days") or 14)
        last = begun + timedelta(days=days - 1)
        if today <= last:
            continue
        several = today > last + timedelta(days=days)
        asked = _candidates(s, floor.id, uuid.UUID(rep), begun, last, several, policy)
        done.append(
            live.act(
                s,
                floor.id,
                "follow_up_due",
                {"reps": [rep], "customers": [str(one) for one in asked]},
                extra={"owed": _owed(s, floor.id, uuid.UUID(rep), begun, policy)},
                pinned=pinned.version_id,
                locked=floor,
            )
        )
    return done


def _candidates(
    s: CompanySession,
    unit_id: uuid.UUID,
    rep: uuid.UUID,
    start: date,
    last: date,
    several: bool,
    policy: Policy,
) -> list[uuid.UUID]:
    """Everybody whom the rep may have left out: at least those, the engine judges which.

    Of several cycles at once, after a worker was away for weeks, all of the rep's customers.
    """
    query = select(Customer.id).where(
        Customer.unit_id == unit_id,
        or_(Customer.owner_id == rep, Customer.owned_since > last),
        or_(Customer.owned_since < start, Customer.owned_since > last),
    )
    if not policy.get("followup.closed_too"):
        query = query.where(or_(Customer.closed_on.is_(None), Customer.closed_on > last))
    if not several:
        followed = Customer.followed_on
        query = query.where(or_(followed.is_(None), followed < start, followed > last))
    return list(s.scalars(query.order_by(Customer.id)))


def _owed(
    s: CompanySession, unit_id: uuid.UUID, rep: uuid.UUID, start: date, policy: Policy
) -> int:
    """How many customers a rep had to contact in a cycle that began on ``start``."""
    from zhike_sales_floor.services import follow_up_board

    return follow_up_board.owed_count(s, unit_id, rep, start, policy)


def deciding_app(s: CompanySession, plugin: str) -> str:
    """What the app that decides instead is called."""
    return facts.app_title(s, plugin)
