"""Verbs of the two-week follow-up (招商部客户回访, SF-B-01 to 06): contacts, problems, notices.

None of them touches receiver, ring or credit. What is overdue is found by :mod:`.followup_judge`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from zhike.rules import on_day
from zhike_sales_floor.rules import records
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.followup_judge import due
from zhike_sales_floor.rules.followup_state import (
    WAYS,
    Cycle,
    Excuse,
    FollowUpFloor,
    FollowUps,
    Met,
    Question,
    anchor_day,
    answer_due,
    cycle_at,
    days_end,
    first_cycle,
    wall,
)
from zhike_sales_floor.rules.parse import Event
from zhike_sales_floor.rules.state import LEFT

KEPT_CYCLES = 2
"""So many cycles back are contacts and finished problems remembered, once they are judged."""


# --- switched on, stood down ----------------------------------------------------------------------
def begin(d: Draft) -> None:
    """Note since when the rule runs and from which cycle on each rep owes it; cheap when off."""
    known = d.follow_up
    if not d.param("followup.on") or known.other:
        if known.since:
            d.follow_up = FollowUpFloor(other=known.other)
        return
    today = on_day(d.at)
    since = known.since or today.isoformat()
    staying = [rep.id for rep in d.reps.values() if rep.state != LEFT]
    if known.since and known.next.keys() == set(staying):
        return
    running = running_cycle(d, since, today)
    start = running.start if running is not None else first_of(d, since).start
    owed = {rep_id: known.next.get(rep_id, start.isoformat()) for rep_id in staying}
    d.follow_up = replace(known, since=since, next=owed)


def first_of(d: Draft, since: str) -> Cycle:
    """The first cycle under the rule, by the policy's anchor and length."""
    days = int(d.param("followup.cycle_days") or 14)
    anchor = anchor_day(str(d.param("followup.cycle_anchor") or ""), on_day(since))
    return first_cycle(on_day(since), anchor, days)


def running_cycle(d: Draft, since: str, day: date) -> Cycle | None:
    """The cycle a day lies in, None before the first one."""
    first = first_of(d, since)
    if day < first.start:
        return None
    return cycle_at(day, first.start, int(d.param("followup.cycle_days") or 14))


def _running(d: Draft) -> None:
    """EventRefused where the rule is off or another plugin decides."""
    if d.follow_up.other:
        raise d.refuse("follow_up_elsewhere", who=d.follow_up.other)
    if not d.follow_up.since:
        raise d.refuse("follow_up_off")


def stand_down(d: Draft, event: Event) -> None:
    """Another plugin decides on follow-ups of this site from now on, or no longer does (4.5)."""
    other = event.text("to") if event.get("on") else ""
    if other == d.follow_up.other:
        d.outcome["ignored"] = True
        return
    d.follow_up = FollowUpFloor(other=other)
    d.cite("SF-B-01", "stands_down" if other else "resumes", to=other)
    d.decide("follow_up_stand", "", {"to": other})
    begin(d)


# --- contacts and their record --------------------------------------------------------------------
def contact(d: Draft, event: Event) -> None:
    """A contact as :func:`.records.contact` takes it; where SF-B runs it is a follow-up as well."""
    records.contact(d, event)
    if not d.follow_up.since:
        return
    customer_id = event.text("customer")
    facts = d.customer(customer_id)
    rep_id = event.text("rep") or facts.owner
    way = WAYS.get(event.text("kind") or "call", "")
    at = event.text("occurred_at") or d.at
    covers = any(
        excuse.cover == rep_id and excuse.covers(facts.owner, excuse.cycle, customer_id)
        for excuse in d.follow_up.excuses
    )
    if not rep_id or (rep_id != facts.owner and not covers):
        d.cite("SF-B-01", "not_own", rep=rep_id, owner=facts.owner)
    elif way not in (d.param("followup.kinds") or ()):
        d.cite("SF-B-02", "way_not_counted", param="followup.kinds")
    elif wall(at) <= wall(d.at):
        filled = d.at if event.get("record", True) else ""
        met = Met(rep_id, at, way, d.seq, d.at, filled)
        _write(d, customer_id, met=(*facts.follow_up.met, met))
        d.cite("SF-B-02", "followed_up", rep=rep_id, way=way)
        if d.param("followup.form_required"):
            effect = "record_filled" if filled else "record_missing"
            d.cite("SF-B-03", effect, due=_record_due(d, met))
        d.outcome["followed"] = True
    outcome = {"customer": customer_id, "followed": bool(d.outcome.get("followed")), "rep": rep_id}
    d.decide("follow_up", customer_id, outcome)


def _record_due(d: Draft, met: Met) -> str:
    return days_end(met.logged, int(d.param("followup.record_days") or 0))


def record(d: Draft, event: Event) -> None:
    """客户回访记录表 of the latest contact without one is filled (SF-B-03)."""
    _running(d)
    customer_id = event.text("customer")
    facts = d.customer(customer_id)
    rep_id, number = event.text("rep"), event.get("number")
    met = list(facts.follow_up.met)
    for place in range(len(met) - 1, -1, -1):
        meant = rep_id in ("", met[place].rep) and number in (None, met[place].seq)
        if meant and not met[place].filled:
            break
    else:
        raise d.refuse("no_missing_record", "customer", who=customer_id)
    late = wall(d.at) > _record_due(d, met[place])
    met[place] = replace(met[place], filled=d.at)
    _write(d, customer_id, met=tuple(met))
    d.cite("SF-B-03", "record_late" if late else "record_filled", due=_record_due(d, met[place]))
    d.outcome["late"] = late
    outcome = {"customer": customer_id, "rep": met[place].rep, "record": True}
    d.decide("follow_up", customer_id, outcome)


# --- problems -------------------------------------------------------------------------------------
def problem(d: Draft, event: Event) -> None:
    """A customer raises a problem: solved the same day, or reported the same day (SF-B-04, 05)."""
    _running(d)
    customer_id = event.text("customer")
    facts = d.customer(customer_id)
    number = facts.follow_up.asked + 1
    made = Question(
        event.text("problem") or f"{customer_id}/q{number}",
        event.text("rep") or facts.owner,
        d.at,
        solvable=event.get("solvable", True),
    )
    if _question(facts.follow_up, made.id) is not None:
        raise d.refuse("problem_exists", "problem", what=made.id)
    _write(d, customer_id, questions=(*facts.follow_up.questions, made), asked=number)
    key = "self_solve_days" if made.solvable else "escalate_days"
    until = days_end(d.at, int(d.param(f"followup.{key}") or 0))
    rule = "SF-B-04" if made.solvable else "SF-B-05"
    d.cite(rule, "to_solve" if made.solvable else "to_report", rep=made.rep, due=until)
    d.outcome.update(problem=made.id, due=until)
    d.decide("problem", customer_id, {"customer": customer_id, "problem": made.id, "due": until})


def problem_solved(d: Draft, event: Event) -> None:
    """A problem is solved; of one already reported this is the answer."""
    _running(d)
    customer_id, found = _meant(d, event)
    _replace(d, customer_id, replace(found, solved=d.at))
    rule = "SF-B-05" if found.reported else "SF-B-04"
    d.cite(rule, "solved", rep=event.text("rep") or found.rep)
    d.outcome["problem"] = found.id
    d.decide("problem", customer_id, {"customer": customer_id, "problem": found.id, "solved": d.at})


def problem_reported(d: Draft, event: Event) -> None:
    """客户回访反馈表 goes to the department head, who owes the customer an answer (SF-B-05)."""
    _running(d)
    customer_id, found = _meant(d, event)
    if found.reported:
        raise d.refuse("problem_reported", "problem", what=found.id)
    days = int(d.param("followup.answer_days") or 0)
    answer_by = answer_due(d.at, days, event.get("office"))
    to = event.text("to")
    _replace(d, customer_id, replace(found, reported=d.at, to=to, due=answer_by))
    d.cite("SF-B-05", "reported", rep=found.rep, to=to, due=answer_by, param="followup.answer_days")
    d.outcome.update(problem=found.id, due=answer_by)
    outcome = {"customer": customer_id, "problem": found.id, "to": to, "due": answer_by}
    d.decide("problem", customer_id, {**outcome, "reported": d.at})


def problem_answered(d: Draft, event: Event) -> None:
    """The leader answers the customer; afterwards it can be late, but it is answered."""
    _running(d)
    customer_id, found = _meant(d, event)
    if not found.reported:
        raise d.refuse("problem_unreported", "problem", what=found.id)
    _replace(d, customer_id, replace(found, answered=d.at))
    late = wall(d.at) > wall(found.due)
    d.cite("SF-B-05", "answered_late" if late else "answered", to=found.to, due=found.due)
    d.outcome.update(problem=found.id, late=late)
    outcome = {"customer": customer_id, "problem": found.id, "answered": d.at}
    d.decide("problem", customer_id, outcome)


def _question(known: FollowUps, problem_id: str) -> Question | None:
    return next((one for one in known.questions if one.id == problem_id), None)


def _meant(d: Draft, event: Event) -> tuple[str, Question]:
    """The problem an event means: the one named, else the customer's latest that is open."""
    customer_id = event.text("customer")
    known = d.customer(customer_id).follow_up
    named = event.text("problem")
    if named:
        found = _question(known, named)
    else:
        found = next((one for one in reversed(known.questions) if not one.over), None)
    if found is None:
        raise d.refuse("no_problem", "customer", who=customer_id)
    if found.over:
        raise d.refuse("problem_over", "problem", what=found.id)
    return customer_id, found


def _replace(d: Draft, customer_id: str, made: Question) -> None:
    kept = d.customer(customer_id).follow_up.questions
    _write(d, customer_id, questions=tuple(made if one.id == made.id else one for one in kept))


def _write(
    d: Draft,
    customer_id: str,
    *,
    met: tuple[Met, ...] | None = None,
    questions: tuple[Question, ...] | None = None,
    asked: int | None = None,
) -> None:
    """Write a customer's follow-ups; what is over and judged long ago is forgotten."""
    facts = d.customer(customer_id)
    known = facts.follow_up
    met = known.met if met is None else met
    questions = known.questions if questions is None else questions
    days = int(d.param("followup.cycle_days") or 14) * KEPT_CYCLES
    oldest = min([*d.follow_up.next.values(), wall(d.at)[:10]])
    last = {one.rep: one.seq for one in met}

    def old(text: str) -> bool:
        return (on_day(oldest) - on_day(text)).days > days

    kept = tuple(
        one
        for one in met
        if not old(one.at) or last[one.rep] == one.seq or not (one.filled or one.judged)
    )
    open_ = tuple(one for one in questions if not (one.over and old(one.solved or one.answered)))
    made = FollowUps(kept, open_, known.asked if asked is None else asked)
    d.put_customer(replace(facts, follow_up=made))


# --- notices --------------------------------------------------------------------------------------
def notice(d: Draft, event: Event) -> None:
    """A rep cannot finish the cycle and says so before it ends: no violation for whom (SF-B-06)."""
    _running(d)
    rep_id = d.staying(event.text("rep")).id
    if not d.param("followup.advance_notice"):
        raise d.refuse("no_notice")
    running = running_cycle(d, d.follow_up.since, on_day(d.at))
    if running is None:
        raise d.refuse("no_cycle")
    cover = event.text("cover")
    if cover:
        d.staying(cover, "cover")
    customers = tuple(event.get("customers") or ())
    made = Excuse(rep_id, running.id, d.at, customers, cover, event.text("reason"))
    d.follow_up = replace(d.follow_up, excuses=(*d.follow_up.excuses, made))
    d.cite("SF-B-06", "notice", rep=rep_id, customers=list(customers), reason=made.reason)
    d.outcome["cycle"] = running.id
    d.decide("follow_up_notice", rep_id, {"rep": rep_id, "cycle": running.id, "cover": cover})


def cover(d: Draft, event: Event) -> None:
    """The head says who stands in for a rep who gave notice."""
    _running(d)
    rep_id = event.text("rep")
    stand_in = d.staying(event.text("cover"), "cover").id
    running = running_cycle(d, d.follow_up.since, on_day(d.at))
    cycle = running.id if running is not None else ""
    mine = [one for one in d.follow_up.excuses if (one.rep, one.cycle) == (rep_id, cycle)]
    if not mine or stand_in == rep_id:
        raise d.refuse("no_excuse", "rep", who=rep_id)
    done = tuple(
        replace(one, cover=stand_in) if one in mine else one for one in d.follow_up.excuses
    )
    d.follow_up = replace(d.follow_up, excuses=done)
    d.cite("SF-B-06", "covered_by", rep=rep_id, cover=stand_in, by=event.text("by"))
    d.outcome["cycle"] = cycle
    d.decide("follow_up_notice", rep_id, {"rep": rep_id, "cycle": cycle, "cover": stand_in})


HANDLERS: dict[str, Callable[[Draft, Event], None]] = {
    "follow_up_record": record,
    "problem": problem,
    "problem_solved": problem_solved,
    "problem_reported": problem_reported,
    "problem_answered": problem_answered,
    "follow_up_notice": notice,
    "follow_up_cover": cover,
    "follow_up_due": due,
    "stand_down": stand_down,
}
"""The verbs of SF-B beside ``contact``."""
