"""Events of the engine as sentences for people; ids stay in them for whoever knows the names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhike.api import N_, _
from zhike.rules import EventInvalid
from zhike_sales_floor import words
from zhike_sales_floor.rules.parse import Event, read_event, read_names
from zhike_sales_floor.rules.relations import relation_word

#: What happened, by verb. ``who`` is whom the event is about, whichever way it says so.
HEADS: Mapping[str, str] = {
    "arrive": N_("%(who)s came in"),
    "sign_in": N_("%(who)s signed in"),
    "sign_out": N_("%(who)s signed out"),
    "out": N_("%(who)s went out"),
    "absent": N_("%(who)s is absent"),
    "back": N_("%(who)s came back"),
    "reclass": N_("The absence of %(who)s was re-classed as company business"),
    "end": N_("The reception of %(who)s ended"),
    "void": N_("The visit of %(who)s was voided"),
    "hand_over": N_("%(who)s was handed over"),
    "take_over": N_("%(who)s was taken over"),
    "confirm_fault": N_("The fault behind the take-over of %(who)s was ruled on"),
    "help": N_("Help with %(who)s"),
    "call_owner": N_("%(who)s was phoned"),
    "answer": N_("The called rep answered: %(answer)s"),
    "flag": N_("The reception of %(who)s was reported: %(kind)s"),
    "contact": N_("A contact with %(who)s was logged"),
    "relation": N_("A relation of %(who)s was logged: %(relation)s"),
    "ruling": N_("The manager ruled on %(who)s"),
    "quarrel": N_("A quarrel about the deal of %(who)s was noted"),
    "close": N_("A step of the deal of %(who)s was done"),
    "cancel": N_("The deal of %(who)s was cancelled"),
    "commission_paid": N_("The commission of the deal of %(who)s was paid"),
    "merge": N_("Another record became part of %(who)s"),
    "unmerge": N_("The merge of %(who)s was undone"),
    "release": N_("%(who)s was given back to the pool"),
    "claim": N_("%(who)s was claimed from the pool"),
    "swap_unit": N_("The deal of %(who)s moved to another unit"),
    "change_name": N_("The deal of %(who)s passed to another name"),
    "default": N_("The deal of %(who)s was marked as in default"),
    "visitor_leaves": N_("%(who)s left"),
    "assign": N_("%(who)s was assigned by hand"),
    "day_close": N_("The day was closed"),
    "day_open": N_("The day was opened"),
    "event_mode": N_("Event days began"),
    "leave": N_("%(who)s left the team"),
    "reassign": N_("%(who)s got a new owner"),
    "found": N_("An earlier rep of %(who)s was found in the files"),
    "complaint": N_("A complaint of %(who)s was logged"),
    "discount_shopping": N_("%(who)s came for a better price only"),
    "conduct": N_("A breach of conduct of %(who)s was noted: %(kind)s"),
    "follow_up_record": N_("The follow-up record of %(who)s was filled"),
    "problem": N_("%(who)s raised a problem"),
    "problem_solved": N_("The problem of %(who)s was solved"),
    "problem_reported": N_("The problem of %(who)s was reported to the head"),
    "problem_answered": N_("%(who)s got the leader's answer"),
    "follow_up_notice": N_("%(who)s gave notice that the cycle cannot be finished"),
    "follow_up_cover": N_("A stand-in was named for %(who)s"),
    "follow_up_due": N_("Overdue follow-ups were judged"),
    "stand_down": N_("The follow-ups passed to another app"),
    "set_floor": N_("The floor was set by hand"),
    "paper": N_("The reception of %(who)s was entered afterwards"),
    "tick": N_("Time passed"),
}
#: Where a switch is off, the event is the opposite one.
_OFF = {
    "event_mode": N_("Event days ended"),
    "stand_down": N_("The follow-ups came back from another app"),
}
_OF_A_REP = frozenset({"leave", "follow_up_notice", "follow_up_cover"})
_WHO = ("customers", "customer", "visit", "reps", "rep")

_RELATIVES = {**words.RELATIONS, "immediate": N_("immediate relative")}
_ANSWERS = {
    "accept": N_("is coming"),
    "decline": N_("cannot come"),
    "no_answer": N_("did not answer"),
}
_STEPS = {
    "small_reservation": N_("small reservation"),
    "subscription": N_("subscription"),
    "contract": N_("contract"),
    "full_payment": N_("full payment"),
}
_METHODS = {"ring": N_("The normal rules go on"), **words.EVENT_METHODS}
_FLAGS = {**words.FLAGS, "none": N_("not reported")}
#: Words of choices, by verb and field where one word means several things.
CHOICES: Mapping[str, Mapping[str, str]] = {
    "answer": _ANSWERS,
    "owner_answer": _ANSWERS,
    "flag": _FLAGS,
    "flag.kind": _FLAGS,
    "stand_down.to": {"complaints": N_("complaints app")},
    "contact.kind": {**words.CONTACT_KINDS, "other": N_("other")},
    "relation": _RELATIVES,
    "close.step": _STEPS,
    "event_mode.method": _METHODS,
    "conduct.kind": words.BREACHES,
    "out.reason": words.OUT_REASONS,
    "leave.reason": words.LEAVE_REASONS,
    "purpose": {
        "buy": N_("buying"),
        "non_buying": N_("other material, not buying"),
        "scouting": N_("scouting"),
    },
    "came_before": {"yes": N_("yes"), "no": N_("no"), "forgot": N_("does not remember")},
}

#: What else an event says, by field, in the order told; ``verb.field`` goes before ``field``.
LABELS: Mapping[str, str] = {
    "brings": N_("brings"),
    "brought_by": N_("brought by"),
    "introducer": N_("introduced by"),
    "asks_for": N_("asks for"),
    "names": N_("mentions"),
    "refuses": N_("refuses"),
    "complains_about": N_("complains about"),
    "found.rep": N_("earlier rep"),
    "opened": N_("record opened"),
    "follow_up": N_("followed up by"),
    "about": N_("about"),
    "came_before": N_("been here before"),
    "purpose": N_("purpose"),
    "owner_answer": N_("the owner"),
    "received_by": N_("received by"),
    "assign_to": N_("assigned to"),
    "help.rep": N_("helper"),
    "helps": N_("helps"),
    "take_over.rep": N_("taken over by"),
    "hand_over.rep": N_("from"),
    "reassign.rep": N_("former owner"),
    "assign.rep": N_("to"),
    "to": N_("to"),
    "flag": N_("reported as"),
    "offender": N_("taken by"),
    "rightful": N_("due"),
    "contact.kind": N_("by way of"),
    "contact.rep": N_("rep"),
    "problem_reported.to": N_("reported to"),
    "stand_down.to": N_("app"),
    "follow_up_notice.customers": N_("for"),
    "cover": N_("stand-in"),
    "of": N_("with"),
    "claim.rep": N_("claimed by"),
    "owner": N_("owner"),
    "close.step": N_("step"),
    "close.rep": N_("papers handled by"),
    "unit_from": N_("from unit"),
    "unit_to": N_("to unit"),
    "holder": N_("new name"),
    "due": N_("was due"),
    "on_duty": N_("on duty"),
    "present": N_("present"),
    "ring": N_("ring"),
    "event_mode.method": N_("method"),
    "until": N_("until"),
    "paper.rep": N_("received by"),
    "began": N_("from"),
    "ended": N_("until"),
    "tickets": N_("owed turns"),
    "states": N_("states"),
    "in_hand": N_("in hand"),
    "withdraw": N_("taken off again"),
    "out.reason": N_("reason"),
    "leave.reason": N_("reason"),
    "days": N_("days"),
    "batch": N_("batch"),
    "reason": N_("reason"),
}
#: Switches that say something where they stand otherwise than usual.
SWITCHES: Mapping[tuple[str, bool], str] = {
    ("recognised", False): N_("the owner does not recognise the customer"),
    ("counts", True): N_("uses the turn"),
    ("confirmed", True): N_("is confirmed"),
    ("confirmed", False): N_("is not confirmed"),
    ("proven", False): N_("without proof"),
    ("lapsed", True): N_("the owner had been silent for too long"),
    ("harder", True): N_("harder to sell"),
    ("override", True): N_("allowed by the manager"),
    ("discount", True): N_("for a better price"),
    ("verified", True): N_("verified"),
    ("verified", False): N_("not verified"),
    ("serious", True): N_("serious"),
    ("record", False): N_("the record is not filled yet"),
    ("solvable", False): N_("cannot be solved by the rep"),
}
_LEFT_OUT = "…"  # what stands for typed words in a day written down as a drill


def tell(stated: Mapping[str, Any]) -> str:
    """An event in a sentence of the reader's language; ``""`` where it is no event of the engine.

    Ids stand in it as they are.
    """
    try:
        event = read_event(stated)
    except EventInvalid:
        return ""
    head = HEADS[event.verb]
    if event.verb in _OFF and not event.get("on"):
        head = _OFF[event.verb]
    about = "rep" if event.verb in _OF_A_REP else next((n for n in _WHO if event.get(n)), "")
    facts = {name: _value(event, name) for name in ("answer", "kind", "relation")}
    parts = [_(head, who=_value(event, about), **facts)]
    for label, text in LABELS.items():
        verb, dot, name = label.rpartition(".")
        told = name == about or f"%({name})s" in head
        if (dot and verb != event.verb) or told or (not dot and f"{event.verb}.{name}" in LABELS):
            continue
        value = _value(event, name)
        if value and value != _LEFT_OUT:
            parts.append(_("%(label)s: %(value)s", label=_(text), value=value))
    parts += [_(text) for (name, on), text in SWITCHES.items() if event.get(name) is on]
    return "，".join(parts)


def _value(event: Event, name: str) -> str:
    value = event.get(name)
    if value in (None, "", ()):
        return ""
    if event.verb == "relation" and name == "relation":
        value = relation_word(value)  # people write mother, the regulation knows parents
    if name in ("in_hand", "tickets"):
        return "、".join(_row(row) for row in value)
    if name == "states":
        return "、".join(
            f"{rep} {_(words.REP_STATES[state][0]) if state in words.REP_STATES else state}"
            for rep, state in value.items()
        )
    if isinstance(value, tuple):
        return "、".join(value)
    known = CHOICES.get(f"{event.verb}.{name}") or CHOICES.get(name, {})
    if value in known:
        return _(known[value])
    is_time = name in ("due", "opened", "until", "began", "ended")
    return str(value)[:16].replace("T", " ") if is_time else str(value)


def _row(row: Any) -> str:
    """A line of a table in an event: a ticket, or a visit in hand."""
    if not isinstance(row, Mapping):
        return str(row)
    if "customers" in row:
        who = "、".join(read_names(row["customers"]))
        return f"{who} → {row['rep']}" if row.get("rep") else who
    kind = str(row.get("kind") or "comp")
    return f"{row.get('rep', '')}({_(words.TICKET_KINDS.get(kind, kind))})"
