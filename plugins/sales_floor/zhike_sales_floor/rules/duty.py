"""Verbs about reps and days: duty, absences, leaving for good, opening and closing the site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.orders import ARRIVAL
from zhike_sales_floor.rules.ownership import draw, gain
from zhike_sales_floor.rules.parse import Event
from zhike_sales_floor.rules.receive import call_fails, enqueue
from zhike_sales_floor.rules.rotation import peek, remove_from_ring
from zhike_sales_floor.rules.state import (
    ABSENT,
    AVAILABLE,
    LEFT,
    OFF_DUTY,
    OUT_PRIVATE,
    OUT_PUBLIC,
    WITH_VISITOR,
    Absence,
    EventMode,
    Rep,
)
from zhike_sales_floor.rules.stepping_in import pass_to
from zhike_sales_floor.rules.visits import close_visit, leave_unserved


def _duty(d: Draft, rep_id: str, state: str) -> None:
    d.decide("duty", rep_id, {"rep": rep_id, "state": state})


def _ignore(d: Draft, rep_id: str, why: str) -> None:
    d.outcome["ignored"] = f"{rep_id} {why}"
    d.decide("duty", rep_id, {"rep": rep_id, "ignored": True})


def _must_be_free(d: Draft, rep: Rep) -> None:
    if rep.state in WITH_VISITOR:
        raise d.refuse("visit_in_hand", "rep", who=rep.id)


def _close_absence(rep: Rep, at: str) -> tuple[Absence, ...]:
    if not rep.absences or rep.absences[-1].back:
        return rep.absences
    return (*rep.absences[:-1], replace(rep.absences[-1], back=at))


# --- coming and going ---------------------------------------------------------------------------
def sign_in(d: Draft, event: Event) -> None:
    """Reps come on duty, at their own place; who is not in the ring joins before the pointer."""
    for rep_id in event.get("reps"):
        rep = d.reps.get(rep_id)
        if rep is None or rep.state == LEFT:
            d.ring = (*d.ring, rep_id)
            d.roster = (*d.roster, rep_id)
            d.set_rep(Rep(rep_id, since=d.at))
            d.cite("SF-A-01", "joined_before_pointer", rep=rep_id)
            _duty(d, rep_id, AVAILABLE)
        elif rep.state in (OFF_DUTY, ABSENT, OUT_PUBLIC, OUT_PRIVATE):
            late = rep.state in (OFF_DUTY, ABSENT) and d.counted_today > 0
            d.set_rep(replace(rep, absences=_close_absence(rep, d.at)))
            d.move(rep_id, AVAILABLE)
            if late and d.param("rotation.late_join_position") == "before_pointer":
                d.ring = (*(other for other in d.ring if other != rep_id), rep_id)
                d.cite("SF-A-01", "late_behind", rep=rep_id, param="rotation.late_join_position")
            else:
                d.cite("SF-A-01", "own_place", rep=rep_id)
            _duty(d, rep_id, AVAILABLE)
        else:
            _ignore(d, rep_id, "is on the floor already")


def sign_out(d: Draft, event: Event) -> None:
    """Reps go off duty; tickets stay. A visit in hand must be handed over first."""
    for rep_id in event.get("reps"):
        rep = d.staying(rep_id, "reps")
        _must_be_free(d, rep)
        d.set_rep(replace(rep, absences=_close_absence(rep, d.at)))
        d.move(rep_id, OFF_DUTY)
        d.cite("SF-A-04", "off_duty", rep=rep_id, reason=event.text("reason"))
        _duty(d, rep_id, OFF_DUTY)


_OUT = {"public": OUT_PUBLIC, "meeting": OUT_PUBLIC, "training": OUT_PUBLIC, "lunch": OUT_PUBLIC}


def out(d: Draft, event: Event) -> None:
    """Reps leave the floor; without a reason it counts as private (SF-A-04)."""
    reason = event.text("reason") or "private"
    state = _OUT.get(reason, ABSENT if reason == "none" else OUT_PRIVATE)
    for rep_id in event.get("reps"):
        _go(d, rep_id, reason, state)


def absent(d: Draft, event: Event) -> None:
    """Reps are rostered, not there, and no reason is logged."""
    for rep_id in event.get("reps"):
        _go(d, rep_id, "none", ABSENT)


def _go(d: Draft, rep_id: str, reason: str, state: str) -> None:
    rep = d.staying(rep_id, "reps")
    _must_be_free(d, rep)
    absences = (*_close_absence(rep, d.at), Absence(reason, d.at))
    d.set_rep(replace(rep, absences=absences))
    d.move(rep_id, state)
    rule = "SF-A-04b" if state == OUT_PUBLIC else "SF-A-04a"
    d.cite("SF-E-214" if reason == "lunch" else rule, "left_floor", rep=rep_id, reason=reason)
    d.decide("absence", rep_id, {"rep": rep_id, "state": state, "reason": reason})


def back(d: Draft, event: Event) -> None:
    """Reps are back on the floor; owed turns they hold can be used from now on."""
    for rep_id in event.get("reps"):
        rep = d.rep(rep_id, "reps")
        if rep.state not in (OUT_PUBLIC, OUT_PRIVATE, ABSENT, OFF_DUTY):
            _ignore(d, rep_id, "is on the floor already")
            continue
        misses = len(rep.absences[-1].misses) if rep.absences else 0
        d.set_rep(replace(rep, absences=_close_absence(rep, d.at)))
        d.move(rep_id, AVAILABLE)
        d.cite("SF-A-04", "back", rep=rep_id, missed=misses, owed=d.owed(rep_id))
        _duty(d, rep_id, AVAILABLE)


def reclass(d: Draft, event: Event) -> None:
    """The manager re-classes an absence of today: its misses become owed turns now (SF-A-04)."""
    rep = d.staying(event.text("rep"))
    if d.param("rotation.absence_reclass_deadline") != "day_close":
        raise d.refuse("not_allowed", "rep")
    if not d.open:
        raise d.refuse("too_late", "rep")
    wanted = event.text("out_at")
    places = [
        place
        for place, absence in enumerate(rep.absences)
        if absence.kind not in ("public", "meeting", "training")
        and not absence.reclassed
        and (not wanted or absence.out[:16] == wanted[:16])
    ]
    if not places:
        raise d.refuse("no_absence", "rep", who=rep.id)
    place = places[-1]
    absence = rep.absences[place]
    changed = replace(absence, reclassed=True)
    d.set_rep(replace(rep, absences=(*rep.absences[:place], changed, *rep.absences[place + 1 :])))
    current = not absence.back and place == len(rep.absences) - 1
    if current and rep.state in (OUT_PRIVATE, ABSENT):
        d.set_rep(replace(d.reps[rep.id], state=OUT_PUBLIC))
    issued = 0
    if d.param("rotation.comp_on_public"):
        issued = sum(d.comp(rep.id, "SF-A-04", missed) for missed in absence.misses)
    d.cite(
        "SF-A-04",
        "reclassed",
        rep=rep.id,
        kind=absence.kind,
        missed=len(absence.misses),
        issued=issued,
        by=event.text("by"),
        reason=event.text("reason"),
        param="rotation.owed_cap",
        value=d.param("rotation.owed_cap"),
    )
    d.decide("absence", rep.id, {"rep": rep.id, "reclassed": True, "issued": issued})


# --- leaving for good ----------------------------------------------------------------------------
def leave(d: Draft, event: Event) -> None:
    """Long leave, transfer, resignation: out of the ring, tickets deleted, customers drawn."""
    rep = d.staying(event.text("rep"))
    reason = event.text("reason") or "long_leave"
    days, limit = event.get("days"), d.param("reassign.long_leave_days")
    _free_hands(d, rep)
    for visit in list(d.visits.values()):
        if visit.call is not None and visit.call.rep == rep.id:
            call_fails(d, visit, "declined")
    if reason == "long_leave" and days is not None and limit is not None and days < int(limit):
        d.move(rep.id, OFF_DUTY)
        d.cite("SF-D-39", "not_long", days=days, param="reassign.long_leave_days", value=limit)
        _duty(d, rep.id, OFF_DUTY)
        return
    held = [ticket for ticket in d.tickets if ticket.rep == rep.id]
    d.drop_tickets(held)
    remove_from_ring(d, rep.id)
    d.set_rep(replace(d.reps[rep.id], prepaid=()))
    d.move(rep.id, LEFT)
    d.cite("SF-D-39", "left", rep=rep.id, reason=reason, tickets_deleted=len(held))
    _duty(d, rep.id, LEFT)
    _share_out(d, event, rep.id)


def _free_hands(d: Draft, rep: Rep) -> None:
    """Whatever visit the rep sits with goes to a helper, or waits at the head of the queue."""
    if rep.state not in WITH_VISITOR:
        return
    visit = d.visits[rep.visit]
    d.move(rep.id, OFF_DUTY)
    if visit.rep != rep.id:
        return
    helper = peek(d)
    if helper is not None:
        pass_to(d, visit, helper, "leave")
    else:
        d.release_all(visit)
        enqueue(d, d.put_visit(replace(visit, status="WAITING", rep="")), head=True)


def reassign(d: Draft, event: Event) -> None:
    """A leaver's customers are drawn apart from the leaving itself (SF-D-39)."""
    rep_id = event.text("rep")
    if rep_id:
        d.rep(rep_id)
    if not rep_id and not event.get("customers"):
        raise d.refuse("missing", "customers")
    _share_out(d, event, rep_id)


def _share_out(d: Draft, event: Event, former: str) -> None:
    known: Sequence[str] = event.get("customers") or ()
    if not event.get("customers"):
        everybody = {**d.base.customers, **d.customers}
        known = sorted(key for key, facts in everybody.items() if facts.owner == former)
    listed = [c for c in known if not former or d.customer(c).owner == former]
    if not listed:
        return
    receivers = event.get("receivers") or [r for r in d.ring if r != former]
    for receiver in receivers:
        d.staying(receiver, "receivers")
    stated, seed = event.get("result"), ""
    if isinstance(stated, str):
        result = dict.fromkeys(listed, stated)
    elif stated is not None:
        result = {c: rep_id for c, rep_id in stated.items() if c in listed}
    else:
        if d.param("reassign.method") != "random":
            raise d.refuse("no_result", "result")
        if not receivers:
            raise d.refuse("no_receiver", "receivers")
        seed = event.text("seed") or f"{former}@{d.at}"
        result = draw(seed, listed, receivers)
    for customer_id, rep_id in result.items():
        d.staying(rep_id, "result")
        gain(d, customer_id, rep_id, "reassign", rule="SF-D-39")
    d.outcome["result"] = result
    facts = {"former": former, "list": listed, "receivers": list(receivers), "result": result}
    if seed:
        d.outcome["seed"] = facts["seed"] = seed
    d.cite("SF-D-39", "drawn" if seed else "given", **facts)
    d.decide("reassignment", former, facts)


# --- days and events -----------------------------------------------------------------------------
def day_close(d: Draft, event: Event | None = None) -> None:
    """The site closes: waiting visitors are cleared, receptions end; pointer and tickets stay."""
    cleared = []
    for visit in list(d.visits.values()):
        if visit.status == "IN_RECEPTION":
            close_visit(d, visit)
        else:
            cleared.append(visit.id)
            leave_unserved(d, visit)
    d.open = False
    d.cite("SF-A-01", "day_closed", cleared=len(cleared), waiting=cleared)
    d.decide("day", d.day, {"closed": True, "cleared": cleared})


def next_day(d: Draft, at: str) -> None:
    """The first event of a later date: what was not closed closes at the end of its own date."""
    if d.visits:
        d.at = d.day + "T23:59:59" + at[19:]
        day_close(d)
        d.at = at
    new_day(d, at[:10])


def new_day(d: Draft, day: str) -> None:
    """Another date begins: absences are history; pointer and tickets carry over as the policy says.

    Who was on duty the day before is taken to be there again, until somebody says otherwise.
    """
    d.day, d.open, d.counted_today, d.by_hand = day, True, 0, None
    for rep in list(d.reps.values()):
        state = rep.state if rep.state in (OFF_DUTY, LEFT, ABSENT) else AVAILABLE
        absences = (Absence("none", d.at),) if state == ABSENT else ()
        d.set_rep(replace(rep, state=state, since=d.at, visit="", passed=0, absences=absences))
    policy = d.param("rotation.carryover")
    if policy == "reset":
        d.ring = d.roster
        d.drop_tickets(d.tickets)
        for rep in list(d.reps.values()):
            if rep.prepaid:
                d.set_rep(replace(rep, prepaid=()))
    effect = "reset" if policy == "reset" else "carried_over"
    d.cite("SF-A-01", effect, param="rotation.carryover", value=policy)
    d.decide("day", day, {"opened": True, "carryover": policy})


def day_open(d: Draft, event: Event) -> None:
    """The site opens with the roster stated: rostered reps are absent until they sign in."""
    if event.get("ring"):
        ring = tuple(event.get("ring"))
        d.ring = d.roster = (*ring, *(r for r in d.ring if r not in ring))
        for rep_id in ring:
            if not d.in_ring(rep_id):
                d.set_rep(Rep(rep_id, since=d.at))
    on_duty, present = event.get("on_duty"), event.get("present")
    if d.visits:
        raise d.refuse("day_running")
    d.open = True
    for rep_id in (*(on_duty or ()), *(present or ())):
        d.rep(rep_id, "on_duty")
    if on_duty is None and present is None:
        return
    for rep_id in d.ring:
        rep = d.reps[rep_id]
        if present is not None and rep_id in present:
            state = AVAILABLE
        elif on_duty is None or rep_id in on_duty:
            state = ABSENT
        else:
            state = OFF_DUTY
        absences = (Absence("none", d.at),) if state == ABSENT else ()
        d.set_rep(replace(rep, state=state, since=d.at, visit="", absences=absences))
    d.decide("day", d.day, {"on_duty": list(on_duty or d.ring), "present": list(present or ())})


def event_mode(d: Draft, event: Event) -> None:
    """SF-D-40: another method for an exhibition or launch, for a period."""
    if not event.get("on"):
        d.event_mode = None
        d.cite("SF-D-40", "ended", by=event.text("by"), reason=event.text("reason"))
        d.decide("event_mode", d.day, {"on": False})
        return
    prefix = d.policy.plugin + "."
    overrides = {}
    for key, value in event.get("overrides", {}).items():
        short = key.removeprefix(prefix)
        if short not in d.policy.params:
            raise d.refuse("parameter", "overrides", what=short)
        overrides[short] = value
    method, preset = event.text("method") or "ring", event.text("preset")
    if preset and preset not in ARRIVAL:
        raise d.refuse("preset", "preset", what=preset)
    until, by, reason = event.text("until"), event.text("by"), event.text("reason")
    d.event_mode = EventMode(method, d.at, until, preset, overrides, by, reason)
    d.cite("SF-D-40", "begun", method=method, by=by, reason=reason)
    d.decide("event_mode", d.day, {"on": True, "method": method, "until": until})


def event_mode_over(d: Draft) -> None:
    """The stated period of the event mode has run out: the normal rules hold again."""
    mode = d.event_mode
    if mode is not None and mode.until and d.at > mode.until:
        d.event_mode = None
        d.cite("SF-D-40", "period_over", until=mode.until)
        d.decide("event_mode", d.day, {"on": False})
