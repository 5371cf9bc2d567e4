"""Acts on a live floor: one transaction, one event, one answer of the engine.

The site's floor row is locked first, so acts of one site happen one after the other; the engine is
handed the floor's snapshot and the facts of the customers it asks for, under the policy version in
force at that instant; what it answers is stored as event, snapshot, projections, decisions and
outbox rows together. Nothing here decides anything.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    Conflict,
    NotFound,
    RecordRef,
    UserError,
    _,
    clock,
    decisions,
    ledger,
    lock_row,
    organisation,
    policies,
    settings,
    uuid7,
)
from zhike.rules import Decision, EventInvalid, EventRefused, Policy, Step, from_json, to_json
from zhike_sales_floor import words
from zhike_sales_floor.models import Customer, Day, Difference, Floor, FloorEvent
from zhike_sales_floor.rules import ENGINE
from zhike_sales_floor.rules.state import Floor as FloorState
from zhike_sales_floor.rules.state import State

PLUGIN = "sales_floor"
ENGINE_NAME = "sales_floor.floor"

#: Acts that always leave a line in the ledger, and the action it is filed under.
LEDGER = {
    "assign": "sales_floor.override",
    "flag": "sales_floor.flag",
    "reclass": "sales_floor.reclass",
    "ruling": "sales_floor.ruling",
    "quarrel": "sales_floor.quarrel",
    "found": "sales_floor.found",
    "complaint": "sales_floor.complaint",
    "discount_shopping": "sales_floor.better_price",
    "conduct": "sales_floor.conduct",
    "void": "sales_floor.void",
    "confirm_fault": "sales_floor.fault",
    "take_over": "sales_floor.take_over",
    "leave": "sales_floor.leave",
    "reassign": "sales_floor.reassign",
    "cancel": "sales_floor.refund",
    "swap_unit": "sales_floor.swap",
    "change_name": "sales_floor.name_change",
    "default": "sales_floor.default",
    "event_mode": "sales_floor.event_mode",
    "event_mode_over": "sales_floor.event_mode_over",
    "merge": "sales_floor.merge",
    "unmerge": "sales_floor.unmerge",
    "release": "sales_floor.release",
    "claim": "sales_floor.claim",
    "problem_reported": "sales_floor.problem_reported",
    "problem_answered": "sales_floor.problem_answered",
    "follow_up_notice": "sales_floor.follow_up_notice",
    "follow_up_cover": "sales_floor.follow_up_cover",
    "stand_down": "sales_floor.stand_down",
    "set_floor": "sales_floor.set_floor",
    "paper": "sales_floor.afterwards",
}


#: Kinds of decisions to which a row of a list points, to say why.
_POINTED = ("assignment", "waiting", "call", "flag", "credit", "follow_up_cycle", "paper")


#: Acts that open no day by themselves: the day's own, and what the clock does at night.
NO_DAY = frozenset({"day_open", "day_close", "follow_up_due", "stand_down"})


def by_records(policy: Policy) -> bool:
    """Whether the regulation goes by records that run out (建档有效期), as SF-D does."""
    return policy.get("owner.record_validity_months") is not None


#: Acts that are refused where they would change nothing: somebody pressed a button too late.
QUIET = frozenset({"sign_in", "sign_out", "out", "back", "absent", "end", "answer"})


@dataclass(frozen=True)
class Act:
    """What one act came to.

    outcome    the engine's answer, see :mod:`zhike_sales_floor.rules`.
    decisions  its decisions with the ids under which they are stored.
    proposed   the rep the regulation named, where people did otherwise; None where they agree.
    """

    seq: int
    verb: str
    at: datetime
    outcome: Mapping[str, Any]
    decisions: tuple[tuple[Decision, uuid.UUID], ...]
    version: int
    mode: str
    visit_id: uuid.UUID | None = None
    proposed: uuid.UUID | None = None
    policy: Policy | None = None

    def decision_of(self, *kinds: str) -> tuple[Decision, uuid.UUID] | None:
        """The last stored decision of one of these kinds, one about the own visit first."""
        found = [one for one in reversed(self.decisions) if one[0].kind in kinds]
        own = [one for one in found if one[0].subject == str(self.visit_id)]
        return next(iter(own or found), None)


@dataclass
class Work:
    """Everything the projections of one step need; lives for that step only."""

    floor: Floor
    tz: str
    day: date
    at: datetime
    seq: int
    event: Mapping[str, Any]
    before: State
    step: Step
    customers: dict[str, Customer]
    policy: Policy
    extra: Mapping[str, Any] = field(default_factory=dict)
    decided: Mapping[str, uuid.UUID] = field(default_factory=dict)
    charged: Mapping[str, uuid.UUID] = field(default_factory=dict)
    mode: str = "enforce"

    @property
    def after(self) -> FloorState:
        """The floor after the step."""
        result: FloorState = self.step.state.floor
        return result


def tz_of(s: CompanySession, unit_id: uuid.UUID) -> str:
    """The site's IANA zone."""
    unit = organisation.tree(s).units.get(unit_id)
    if unit is None:
        raise NotFound(_("This site does not exist."))
    return unit.tz


def local_text(at: datetime, tz: str) -> str:
    """An instant as the engine writes it: the site's wall time with its offset, whole seconds."""
    return clock.local(at, tz).isoformat(timespec="seconds")


def lock_floor(s: CompanySession, unit_id: uuid.UUID) -> Floor:
    """The site's floor, kept from other writers until the commit; NotFound before set-up."""
    return lock_row(s, Floor, unit_id)


def set_up(s: CompanySession, unit_id: uuid.UUID) -> Floor:
    """Give a site a floor, empty ring; safe to repeat."""
    floor = s.find(Floor, unit_id)
    if floor is None:
        tz_of(s, unit_id)
        floor = Floor(id=unit_id, state=to_json(FloorState()))
        s.add(floor)
        s.flush()
    return floor


def load_floor(floor: Floor) -> FloorState:
    """The engine's view of a stored floor."""
    return from_json(FloorState, floor.state)


def act(
    s: CompanySession,
    unit_id: uuid.UUID,
    verb: str,
    fields: Mapping[str, Any],
    *,
    extra: Mapping[str, Any] | None = None,
    fresh: Iterable[Customer] = (),
    occurred_at: datetime | None = None,
    pinned: uuid.UUID | None = None,
    acted: uuid.UUID | None = None,
    reason: str = "",
    locked: Floor | None = None,
) -> Act:
    """Do one thing on a site's floor and store everything that came of it.

    verb, fields  in the engine's vocabulary, ids as text.
    extra         what the projections need beside the engine's words (label, need, source …).
    fresh         customers added in this transaction, whom the engine need not be shown.
    occurred_at   as stated by people; the order of acts and all clocks use the server's time.
    pinned        policy version to use instead of the one in force now (credit: the deal's).
    acted         the rep who really received, where a person decides; see :func:`_follow`.
    locked        the floor's row, where the caller has locked it already.

    Raises Conflict or UserError with a sentence for the reader where the rules or the state
    forbid it; nothing has changed then.
    """
    floor = locked or lock_floor(s, unit_id)
    tz = tz_of(s, unit_id)
    now = max(clock.now(), floor.changed_at) if floor.seq else clock.now()
    day = clock.local(now, tz).date()
    if verb not in NO_DAY:
        _keep_day(s, floor, tz, day, now)
    resolved = (
        policies.resolved_version(s, pinned)
        if pinned
        else policies.in_force(s, PLUGIN, unit_id, now)
    )
    event: Mapping[str, Any] = {"at": local_text(now, tz), "event": verb, **fields}
    state = State(load_floor(floor), {}, resolved.policy)
    state = state.with_customers(str(customer.id) for customer in fresh)
    state, rows = with_facts(s, state, event)
    rows |= {str(customer.id): customer for customer in fresh}
    facts = {key: to_json(state.customers[key]) for key in rows if rows[key].facts}
    step = handle(state, event)
    if step.outcome.get("ignored") and verb in QUIET:
        raise Conflict(_("Nothing to do: it is so already."), code="nothing")
    told, proposed = step.decisions, None
    if acted is not None:
        event, step, told, proposed = _follow(state, event, step, acted, resolved.mode, reason)
    work = Work(
        floor, tz, day, now, floor.seq + 1, event, state, step, rows, resolved.policy, extra or {}
    )
    work.mode = resolved.mode
    return _store(s, work, resolved, told, facts, occurred_at or now, proposed, reason)


def _keep_day(s: CompanySession, floor: Floor, tz: str, day: date, now: datetime) -> None:
    """Open today's business day, closing an older one, where the site does that by itself."""
    if floor.day == day:
        return
    if not settings.get(s, PLUGIN, "auto_open"):
        raise Conflict(_("The day is not open yet."), code="day_closed")
    if floor.day is not None:
        act(s, floor.id, "day_close", {})
    act(s, floor.id, "day_open", {"on_duty": [], "present": []})


def with_facts(
    s: CompanySession, state: State, event: Mapping[str, Any]
) -> tuple[State, dict[str, Customer]]:
    """The state with the facts of every customer the event needs, and their rows by id."""
    rows: dict[str, Customer] = {}
    while missing := _needs(event, state):
        ids = [uuid.UUID(key) for key in missing]
        with s.no_autoflush:  # who is new is not asked for, and is stored once, with all he has
            found = s.scalars(select(Customer).where(Customer.id.in_(ids))).all()
        rows |= {str(row.id): row for row in found}
        unknown = set(missing) - rows.keys()
        if unknown:
            raise NotFound(_("This customer does not exist."))
        state = state.with_customers(rows[key].facts if rows[key].facts else key for key in missing)
    return state, rows


def _needs(event: Mapping[str, Any], state: State) -> list[str]:
    try:
        return list(ENGINE.needs(event, state))
    except (EventInvalid, EventRefused) as error:
        raise words.refusal(error) from error


def handle(state: State, event: Mapping[str, Any]) -> Step:
    """The engine's answer to an event; Conflict with a sentence for the reader where it refuses."""
    try:
        return ENGINE.handle(state, event)
    except (EventInvalid, EventRefused) as error:
        raise words.refusal(error) from error


def _follow(
    state: State,
    event: Mapping[str, Any],
    step: Step,
    acted: uuid.UUID,
    mode: str,
    reason: str,
) -> tuple[Mapping[str, Any], Step, tuple[Decision, ...], uuid.UUID | None]:
    """Let a named person's choice of receiver stand against the engine's.

    Returns the event and step that really happened, the decisions to store (in observe and advise
    mode what the regulation would have decided), and the rep it named, None where both agree.
    """
    named = step.outcome.get("assigned")
    if named == str(acted):
        return event, step, step.decisions, None
    if mode != "observe" and not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    counted = step.outcome.get("via") in ("turn", "ticket")
    other = {
        **event,
        "assign_to": str(acted),
        "counts": counted,
        "reason": reason.strip() or words.OBSERVED,
    }
    done = handle(state, other)
    told = done.decisions if mode == "enforce" else step.decisions
    return other, done, told, uuid.UUID(named) if named else None


def _store(
    s: CompanySession,
    work: Work,
    resolved: policies.ResolvedPolicy,
    told: tuple[Decision, ...],
    facts: Mapping[str, Any],
    occurred_at: datetime,
    proposed: uuid.UUID | None,
    reason: str,
) -> Act:
    from zhike_sales_floor.services import project

    verb = str(work.event["event"])
    floor, outcome = work.floor, work.step.outcome
    followed = proposed is None and "assign_to" not in work.event
    taker = _out_of_turn(work)
    acted = taker or str(work.event.get("assign_to", ""))
    stored: list[tuple[Decision, uuid.UUID]] = []
    for decision in told:
        as_decided = followed and not (taker and decision.kind in ("assignment", "flag"))
        row = decisions.record(
            s,
            plugin=PLUGIN,
            engine=ENGINE_NAME,
            unit_id=floor.id,
            kind=decision.kind,
            subject=subject_of(work, decision),
            inputs=_inputs(work),
            outcome=dict(decision.outcome),
            cites=list(decision.cites),
            policy_version_id=resolved.version_id,
            mode=resolved.mode,
            at=work.at,
            followed=as_decided or resolved.mode == "enforce",
            done=None if as_decided else {"rep": acted},
            deviation="" if as_decided else reason or str(work.event.get("reason", "")),
        )
        stored.append((decision, row.id))
    work.decided = {
        decision.subject: row_id for decision, row_id in stored if decision.kind in _POINTED
    }
    work.charged = {
        made["key"]: row_id
        for decision, row_id in stored
        for made in decision.outcome.get("breaches", ())
    }
    event_row = FloorEvent(
        id=uuid7(),
        unit_id=floor.id,
        seq=work.seq,
        day=work.day,
        verb=verb,
        body=dict(work.event),
        facts=dict(facts),
        outcome=dict(outcome),
        occurred_at=occurred_at,
        recorded_at=work.at,
        policy_version_id=resolved.version_id,
        mode=resolved.mode,
        decision_id=stored[0][1] if stored else None,
        actor={"kind": s.actor.kind, "name": s.actor.name},
    )
    s.add(event_row)
    opening = floor.state
    floor.state = to_json(work.after)
    floor.seq, floor.version, floor.changed_at = work.seq, floor.version + 1, work.at
    if verb == "day_open":
        _begin_day(s, work, opening)
    project.project(s, work)
    acted_text = taker or outcome.get("assigned") or work.event.get("assign_to")
    if not followed or (taker and not _known_difference(s, outcome["visit"], taker)):
        s.flush()  # the visit it refers to must be there first
        s.add(
            Difference(
                unit_id=floor.id,
                day=work.day,
                seq=work.seq,
                mode=resolved.mode,
                visit_id=_uuid(outcome.get("visit")),
                decided_id=_uuid(outcome["rightful"]) if taker else proposed,
                acted_id=_uuid(acted_text),
                reason=reason or (str(work.event.get("reason", "")) if taker else ""),
                by=s.actor.name,
                at=work.at,
            )
        )
    action = LEDGER.get(words.act_of(work.event)) or ("" if followed else "sales_floor.override")
    if action:
        ledger.append(
            s,
            action,
            object=str(RecordRef(PLUGIN, "event", event_row.id)),
            body={"verb": verb, "seq": work.seq, "rules": list(outcome.get("rules", ()))},
            reason=reason or str(work.event.get("reason", "")),
        )
    s.flush()
    return Act(
        work.seq,
        words.act_of(work.event),
        work.at,
        outcome,
        tuple(stored),
        floor.version,
        resolved.mode,
        _uuid(outcome.get("visit")),
        proposed,
        resolved.policy,
    )


def _out_of_turn(work: Work) -> str:
    """Who received instead of the rep whom the rules name: at the door, or as reported later."""
    if work.event["event"] not in ("arrive", "flag"):
        return ""
    return str(work.step.outcome.get("received_by") or "")


def _known_difference(s: CompanySession, visit: str, taker: str) -> bool:
    """Whether a report is about a reception that was noted as different when it began."""
    query = select(Difference.id).where(
        Difference.visit_id == uuid.UUID(visit), Difference.acted_id == uuid.UUID(taker)
    )
    return s.scalar(query.limit(1)) is not None


def _begin_day(s: CompanySession, work: Work, opening: Mapping[str, Any]) -> None:
    """Write the day's row; a day that was closed too early goes on where it stopped."""
    floor = work.floor
    floor.day = work.day
    known = s.scalars(select(Day).where(Day.unit_id == floor.id, Day.day == work.day)).first()
    if known is not None:
        known.last_seq, known.closed_at = None, None
        return
    floor.visitors = 0
    s.add(
        Day(
            unit_id=floor.id,
            day=work.day,
            first_seq=work.seq,
            opening=dict(opening),
            opened_at=work.at,
        )
    )


def _uuid(text: Any) -> uuid.UUID | None:
    return uuid.UUID(str(text)) if text else None


def _inputs(work: Work) -> dict[str, Any]:
    """What the engine saw, small enough to keep with each decision; facts stay with the event."""
    before = work.before.floor
    return {
        "seq": work.seq,
        "event": dict(work.event),
        "ring": list(before.ring),
        "states": {rep.id: rep.state for rep in before.reps.values()},
        "tickets": [{"rep": t.rep, "kind": t.kind} for t in before.tickets],
    }


def subject_of(work: Work, decision: Decision) -> str:
    """The record a decision is about, as ``plugin:kind:<uuid>``."""
    subject = decision.subject
    known = (*work.after.visits, *work.before.floor.visits, work.step.outcome.get("visit"))
    if subject in known:  # the last one may have been over before the act: a report, a void
        kind = "visit"
    elif subject in work.customers:
        kind = "customer"
    elif subject in work.after.reps or subject in work.before.floor.reps:
        kind = "rep"
    elif decision.kind in ("credit", "reversal", "swap", "name_change", "default"):
        kind = "deal"
    else:
        kind, subject = "floor", str(work.floor.id)
    return str(RecordRef(PLUGIN, kind, uuid.UUID(subject)))
