"""Words for people: states, ways, refusals. Message ids are English; catalogues translate them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from zhike.api import N_, Conflict, UserError, _
from zhike.rules import RuleError

#: The reason written for the engine where the regulation is only observed and nobody gave one.
OBSERVED = "observed"

#: State of a rep -> (message id, tone of the interface).
REP_STATES: Mapping[str, tuple[str, str]] = {
    "AVAILABLE": (N_("free"), "done"),
    "RECEIVING_NEW": (N_("with a new customer"), "active"),
    "RECEIVING_OLD": (N_("with an old customer"), "active"),
    "ASSISTING": (N_("helping"), "active"),
    "RECEIVING_INVALID": (N_("with a visitor out of turn"), "breach"),
    "OUT_PUBLIC": (N_("out on business"), "wait"),
    "OUT_PRIVATE": (N_("out privately"), "attention"),
    "ABSENT": (N_("absent"), "attention"),
    "OFF_DUTY": (N_("off duty"), "void"),
    "LEFT": (N_("left"), "void"),
}

#: Who receives without a turn sits there as with an old customer; by kind of visit what it is.
_NOT_COUNTED: Mapping[str, str] = {
    "event": N_("with an event-day visitor"),
    "new": N_("with a new customer, not counted"),
}


def rep_state(state: str, kind: str = "") -> tuple[str, str]:
    """A rep's state as message id and tone; ``kind`` is that of the visit in hand."""
    text, tone = REP_STATES[state]
    return (_NOT_COUNTED.get(kind, text) if state == "RECEIVING_OLD" else text), tone


VISIT_STATES: Mapping[str, tuple[str, str]] = {
    "calling_owner": (N_("asking the owner"), "wait"),
    "waiting": (N_("waiting"), "wait"),
    "reception": (N_("in reception"), "active"),
    "ended": (N_("ended"), "done"),
    "voided": (N_("void"), "void"),
    "left_unserved": (N_("left unserved"), "breach"),
}

VISIT_KINDS: Mapping[str, str] = {
    "": "",
    "new": N_("new customer"),
    "old": N_("old customer"),
    "lapsed": N_("old customer, lapsed"),
    "referral": N_("referral"),
    "named": N_("named rep"),
    "assisted": N_("help"),
    "forgotten": N_("been here, forgot with whom"),
    "non_buying": N_("not buying"),
    "event": N_("event day"),
}

#: Under which headings registers are offered, in this order.
REGISTER_GROUPS: Mapping[str, str] = {
    "floor": N_("Floor"),
    "customers": N_("Visitors and calls"),
    "deals": N_("Deals"),
    "office": N_("Plans and minutes"),
    "figures": N_("Statistics"),
}

#: By whether a visitor has been here before, as registers and statistics tell them apart.
NEW_OR_OLD: Mapping[str, str] = {
    "new": N_("new customers"),
    "old": N_("old customers"),
}

VIAS: Mapping[str, str] = {
    "": "",
    "turn": N_("by turn"),
    "ticket": N_("by ticket"),
    "uncounted": N_("not counted"),
}

PASS_EFFECTS: Mapping[str, str] = {
    "comp": N_("passed, gets a ticket"),
    "capped": N_("passed, already owed one"),
    "miss": N_("turn missed"),
    "none": N_("skipped"),
    "skipped": N_("skipped"),
}

TICKET_KINDS: Mapping[str, str] = {
    "comp": N_("compensation"),
    "refund": N_("refund"),
}

TICKET_ENDS: Mapping[str, str] = {
    "": N_("not used yet"),
    "used": N_("used"),
    "dropped": N_("dropped"),
}

OUT_REASONS: Mapping[str, str] = {
    "public": N_("company business"),
    "private": N_("private errand"),
    "lunch": N_("lunch"),
    "meeting": N_("meeting"),
    "training": N_("training"),
    "none": N_("no reason given"),
}

BREACHES: Mapping[str, str] = {
    "on_deck": N_("not on deck"),
    "poach": N_("poached a visitor"),
    "neglect": N_("neglected a visitor"),
    "refuses_help": N_("refused to help"),
    "cold_shoulder": N_("gave a visitor the cold shoulder"),
    "trouble": N_("made trouble"),
    "private_cash": N_("took money privately"),
}

RESULTS: Mapping[str, str] = {
    "will_return": N_("will come again"),
    "considering": N_("is thinking it over"),
    "reserved": N_("reserved"),
    "signed": N_("signed"),
    "not_interested": N_("not interested"),
    "looking": N_("just looking"),
}

STAGES: Mapping[str, tuple[str, str]] = {
    "called": (N_("has called"), "idle"),
    "visited": (N_("visited"), "active"),
    "reserved": (N_("small reservation"), "wait"),
    "closed": (N_("subscribed"), "done"),
    "returned": (N_("refunded"), "void"),
}

#: Where a deal stands, as :func:`.services.deals.step_of` says.
DEAL_STEPS: Mapping[str, tuple[str, str]] = {
    "reserved": (N_("small reservation"), "wait"),
    "subscribed": (N_("subscribed"), "done"),
    "contracted": (N_("contracted"), "done"),
    "defaulted": (N_("in default"), "breach"),
    "refunded": (N_("refunded"), "void"),
    "expired": (N_("ran out"), "void"),
}

HOUSE_STATES: Mapping[str, tuple[str, str]] = {
    "available": (N_("for sale"), "idle"),
    "reserved": (N_("small reservation"), "wait"),
    "subscribed": (N_("subscribed"), "active"),
    "contracted": (N_("contracted"), "done"),
    "held": (N_("held back"), "attention"),
    "sold": (N_("sold elsewhere"), "void"),
}

#: What happened to a house.
HOUSE_KINDS: Mapping[str, str] = {
    "added": N_("put on sale"),
    "imported": N_("brought in by import"),
    "changed": N_("details changed"),
    "held": N_("held back"),
    "released": N_("released"),
    "sold": N_("marked as sold elsewhere"),
    "reserved": N_("small reservation"),
    "subscribed": N_("subscribed"),
    "contracted": N_("contracted"),
    "waiting": N_("a second deposit waits"),
    "given_back": N_("given back by a refund"),
    "expired": N_("given back, the reservation ran out"),
    "swapped": N_("given back by a swap"),
    "corrected": N_("given back by a correction"),
}

HOUSE_FIELDS: Mapping[str, str] = {
    "code": N_("Unit number"),
    "building": N_("Building"),
    "entrance": N_("Entrance"),
    "storey": N_("Storey"),
    "layout": N_("Layout"),
    "area": N_("Area in m²"),
    "price_fen": N_("List price in yuan"),
}

#: What was changed on a deal after its first paper.
DEAL_CHANGES: Mapping[str, str] = {
    "contract": N_("contract signed"),
    "swap": N_("unit swapped"),
    "name": N_("name changed"),
    "default": N_("marked as in default"),
    "refund": N_("refunded"),
    "expired": N_("reservation ran out"),
    "extended": N_("reservation extended"),
    "correction": N_("entry corrected"),
    "kept": N_("refund not carried out"),
}

#: The entries of a change, in the order told.
CHANGE_FIELDS: Mapping[str, str] = {
    "from": N_("from"),
    "to": N_("to"),
    "number": N_("Contract number"),
    "contract": N_("Contract number"),
    "on": N_("Contract signed on"),
    "pay_way": N_("Way of paying"),
    "unit": N_("Unit number"),
    "price": N_("Price"),
    "price_from": N_("price before"),
    "price_to": N_("price after"),
    "deposit": N_("Deposit"),
    "due": N_("Due on"),
    "sum": N_("Sum"),
    "asked_by": N_("Asked for by"),
    "asked_why": N_("because"),
}

PAY_WAYS: Mapping[str, str] = {
    "mortgage": N_("mortgage"),
    "instalments": N_("instalments"),
    "at_once": N_("at once"),
    "fund": N_("housing fund loan"),
}

BLANKS: Mapping[str, str] = {
    "receipt": N_("receipts"),
    "subscription": N_("subscription papers"),
}

#: Why a customer is in the public pool.
POOL: Mapping[str, tuple[str, str]] = {
    "released": (N_("given back"), "idle"),
    "struck": (N_("owner struck out"), "attention"),
    "unowned": (N_("never had an owner"), "idle"),
    "lapsed": (N_("owner silent too long"), "attention"),
}

DOCKET_STATES: Mapping[str, tuple[str, str]] = {
    "open": (N_("to be ruled on"), "attention"),
    "ruled": (N_("ruled, appeal possible"), "wait"),
    "appealed": (N_("appealed against"), "attention"),
    "closed": (N_("closed"), "done"),
}
DOCKET_ENDS: Mapping[str, str] = {
    "": "",
    "ruled": N_("ruling final"),
    "settled": N_("settled by the parties"),
    "withdrawn": N_("withdrawn"),
    "refused": N_("ruling refused"),
}
CLAIMS: Mapping[str, str] = {
    "owner": N_("The customer is mine"),
    "poached": N_("The visit was taken from me"),
    "share": N_("A share of the deal is mine"),
    "nothing": N_("I claim nothing"),
}
METHODS: Mapping[str, str] = {
    "draw": N_("By draw: seed and result are fixed when it is prepared"),
    "list": N_("By name: the new owner of each customer is chosen"),
}
METHODS_SHORT: Mapping[str, str] = {"draw": N_("by draw"), "list": N_("by name")}
HANDOVER_STATES: Mapping[str, tuple[str, str]] = {
    "prepared": (N_("prepared"), "wait"),
    "done": (N_("done"), "done"),
    "dropped": (N_("given up"), "void"),
}

CONTACT_KINDS: Mapping[str, str] = {
    "call": N_("call"),
    "message": N_("message"),
    "visit": N_("visit"),
    "letter": N_("letter"),
}

CALL_DIRECTIONS: Mapping[str, str] = {
    "in": N_("incoming"),
    "out": N_("outgoing"),
}

INCIDENTS: Mapping[str, str] = {
    "conflict": N_("quarrel on the floor"),
    "trouble": N_("deliberate trouble"),
    "customer": N_("conflict with a customer"),
    "other": N_("something else"),
}

MINUTES_KINDS: Mapping[str, str] = {
    "visit": N_("visit"),
    "call": N_("call"),
    "track": N_("tracking"),
}

PLANS: Mapping[str, str] = {
    "day": N_("day plan"),
    "week": N_("week plan"),
}

TASKS: Mapping[str, str] = {
    "invite": N_("invite"),
    "sign": N_("call to sign"),
}

#: Stretches of statistics.
STRETCHES: Mapping[str, str] = {
    "day": N_("statistics of the day"),
    "week": N_("statistics of the week"),
    "month": N_("statistics of the month"),
}

#: What is counted for a whole stretch.
COUNTED: Mapping[str, str] = {
    "visits": N_("parties who came"),
    "new": N_("new customers"),
    "old": N_("old customers"),
    "people": N_("persons who came"),
    "unserved": N_("left unserved"),
    "void": N_("void visits"),
    "calls": N_("calls in all"),
    "calls_in": N_("incoming calls"),
    "calls_out": N_("outgoing calls"),
    "appointments": N_("appointments made"),
    "kept": N_("appointments kept"),
    "tracks": N_("tracking entries"),
    "reserved": N_("small reservations"),
    "closed": N_("subscriptions"),
    "refunded": N_("deals given back"),
    "amount": N_("sum subscribed"),
}

#: What may be lacking when a stretch is to be closed.
LACKING: Mapping[str, str] = {
    "not_over": N_("days of the period are still to come"),
    "visits": N_("visits have not ended"),
    "days": N_("business days were not closed"),
    "minutes": N_("evening minutes are not closed"),
    "credit": N_("subscriptions have no credit yet"),
    "incidents": N_("incidents are not closed"),
    "questions": N_("hard questions have no answer"),
    "lines": N_("lines of the registers lack something"),
}

#: Ways of following up, as the regulation calls them (SF-B-02).
WAYS: Mapping[str, str] = {
    "visit": N_("face to face"),
    "phone": N_("phone"),
    "newsletter": N_("newsletter"),
    "message": N_("message"),
}

PROBLEM_STATES: Mapping[str, tuple[str, str]] = {
    "open": (N_("to be solved"), "attention"),
    "reported": (N_("waits for the leader's answer"), "wait"),
    "solved": (N_("solved"), "done"),
    "answered": (N_("answered"), "done"),
}

POINT_STATES: Mapping[str, tuple[str, str]] = {
    "proposed": (N_("proposed"), "wait"),
    "confirmed": (N_("confirmed"), "breach"),
    "waived": (N_("waived"), "void"),
}

#: What points are proposed for, by rule.
POINT_RULES: Mapping[str, str] = {
    "SF-B-01": N_("customers not contacted in the cycle"),
    "SF-B-03": N_("follow-up record not filled the same day"),
    "SF-B-04": N_("problem not solved in time"),
    "SF-B-05": N_("problem not reported or answered in time"),
}

#: What a rep does about a problem raised in a contact.
PROBLEM_ACTS: Mapping[str, str] = {
    "": N_("none"),
    "solved": N_("solved at once"),
    "today": N_("I solve it today"),
    "report": N_("I cannot solve it: report to a leader"),
}

RELATIONS: Mapping[str, str] = {
    "spouse": N_("spouse"),
    "parent": N_("parent"),
    "child": N_("child"),
    "grandparent": N_("grandparent"),
    "grandchild": N_("grandchild"),
    "sibling": N_("sibling"),
    "friend": N_("friend"),
    "colleague": N_("colleague"),
}

LEAVE_REASONS: Mapping[str, str] = {
    "long_leave": N_("long leave"),
    "transferred": N_("transferred"),
    "resigned": N_("resigned"),
}

FLAGS: Mapping[str, str] = {
    "poach": N_("poached visitor"),
    "wrong_turn": N_("wrong turn"),
}

VERBS: Mapping[str, str] = {
    "arrive": N_("arrival"),
    "sign_in": N_("signed in"),
    "sign_out": N_("signed out"),
    "out": N_("went out"),
    "absent": N_("absent"),
    "back": N_("came back"),
    "reclass": N_("absence re-classed"),
    "end": N_("reception ended"),
    "void": N_("visit voided"),
    "hand_over": N_("handed over"),
    "take_over": N_("taken over"),
    "confirm_fault": N_("fault confirmed"),
    "help": N_("help"),
    "answer": N_("owner answered"),
    "flag": N_("reported"),
    "contact": N_("contact"),
    "relation": N_("relation logged"),
    "ruling": N_("ruling"),
    "quarrel": N_("quarrel"),
    "close": N_("deal"),
    "cancel": N_("deal cancelled"),
    "commission_paid": N_("commission paid"),
    "merge": N_("records merged"),
    "unmerge": N_("merge undone"),
    "release": N_("given back to the pool"),
    "claim": N_("claimed from the pool"),
    "swap_unit": N_("unit swapped"),
    "change_name": N_("name changed"),
    "default": N_("marked as in default"),
    "visitor_leaves": N_("visitor left"),
    "assign": N_("assigned by hand"),
    "day_close": N_("day closed"),
    "day_open": N_("day opened"),
    "event_mode": N_("event days began"),
    "event_mode_over": N_("event days ended"),
    "leave": N_("left the team"),
    "reassign": N_("customers reassigned"),
    "follow_up_record": N_("follow-up record filled"),
    "problem": N_("problem raised"),
    "problem_solved": N_("problem solved"),
    "problem_reported": N_("problem reported"),
    "problem_answered": N_("problem answered"),
    "follow_up_notice": N_("notice of not finishing"),
    "follow_up_cover": N_("stand-in named"),
    "follow_up_due": N_("follow-ups judged"),
    "stand_down": N_("follow-ups stand down"),
    "set_floor": N_("ring set by hand"),
    "paper": N_("entered afterwards"),
    "tick": N_("time passed"),
}


def act_of(event: Mapping[str, Any]) -> str:
    """Which of :data:`VERBS` an event is: the end of event days is not their beginning."""
    verb = str(event["event"])
    return "event_mode_over" if verb == "event_mode" and not event.get("on") else verb


#: What the manager may set for an exhibition or a launch (SF-D-40).
EVENT_METHODS: Mapping[str, str] = {
    "first_free": N_("Whoever is free first; nobody's turn is used"),
    "manual": N_("The manager names the rep for each visitor"),
}

DECISIONS: Mapping[str, str] = {
    "assignment": N_("assigned to"),
    "waiting": N_("put in the queue"),
    "call": N_("owner asked"),
    "end": N_("reception ended"),
    "void": N_("visit voided"),
    "hand_over": N_("handed over to"),
    "take_over": N_("taken over by"),
    "help": N_("help noted"),
    "flag": N_("reported"),
    "absence": N_("absence"),
    "duty": N_("duty"),
    "ticket": N_("ticket"),
    "contact": N_("contact counted"),
    "relation": N_("relation logged"),
    "ruling": N_("ruling"),
    "credit": N_("credit computed"),
    "reversal": N_("credit reversed"),
    "merge": N_("records merged"),
    "unmerge": N_("merge undone"),
    "pool": N_("public pool"),
    "swap": N_("unit swapped"),
    "name_change": N_("name changed"),
    "default": N_("marked as in default"),
    "reassignment": N_("customers reassigned"),
    "day": N_("day"),
    "event_mode": N_("event mode"),
    "follow_up": N_("follow-up"),
    "problem": N_("customer's problem"),
    "follow_up_notice": N_("notice of not finishing"),
    "follow_up_cycle": N_("follow-up cycle judged"),
    "follow_up_breach": N_("points proposed"),
    "follow_up_stand": N_("follow-ups stand down"),
    "floor": N_("ring set by hand"),
    "paper": N_("entered afterwards"),
}

#: Facts of a cited rule that are worth their own line in an explanation.
FACTS: Mapping[str, str] = {
    "rep": N_("Rep"),
    "owner": N_("Owner"),
    "owner_state": N_("State of the owner"),
    "state": N_("State"),
    "since": N_("Last contact"),
    "days": N_("Days since"),
    "helper": N_("Helper"),
    "rightful": N_("Rightful rep"),
    "offender": N_("Out of turn"),
    "introducer": N_("Introduced by"),
    "reason": N_("Reason"),
    "by": N_("Done by"),
    "issued": N_("Ticket issued"),
    "began": N_("Began"),
    "ended": N_("Ended"),
    "begun": N_("Begun"),
    "until": N_("Until"),
    "due": N_("Due"),
    "customers": N_("Customers"),
    "points": N_("Points"),
    "to": N_("Reported to"),
    "cover": N_("Stand-in"),
}

MODES: Mapping[str, str] = {
    "observe": N_("observed only"),
    "advise": N_("advised"),
    "enforce": N_("binding"),
}

REFUSALS: Mapping[str, str] = {
    "already_here": N_("This visitor is on the floor already."),
    "barred": N_("This rep took the customer out of turn once and cannot claim him."),
    "closed": N_("The customer has signed since; this cannot be changed any more."),
    "day_running": N_("Receptions of today are still open: end them first."),
    "deal_stands": N_("A deal of this customer stands: the owner stays."),
    "deal_exists": N_("This deal exists already."),
    "happened_since": N_("Something has happened to the customer since the merge."),
    "follow_up_elsewhere": N_("Follow-ups are decided by another app at this site."),
    "follow_up_off": N_("The regulation here has no follow-ups switched on."),
    "left": N_("This rep has left the team."),
    "merged": N_("This record has become part of another customer."),
    "ends_first": N_("The end lies before the beginning."),
    "missing": N_("Something is missing in this act."),
    "no_absence": N_("There is no absence of today to re-class."),
    "no_cycle": N_("The first follow-up cycle has not begun yet."),
    "no_deal": N_("The customer has no such deal."),
    "no_excuse": N_("This rep gave no notice for the running cycle."),
    "no_notice": N_("The regulation takes no notices of not finishing."),
    "no_contract": N_("This deal has no contract yet."),
    "defaulted": N_("This deal is in default already."),
    "not_yet_default": N_("The term has not run out yet: no default."),
    "same_holder": N_("The deal is in this name already."),
    "swap_direction": N_(
        "Only a larger, dearer or harder unit may be taken; a manager may allow another with a "
        "reason."
    ),
    "no_record": N_(
        "No valid record of that rep is on file; if a paper register shows one, say when it was "
        "opened."
    ),
    "no_records": N_("Under this regulation records do not run out; this is not done here."),
    "no_offender": N_("Nobody has received this visitor yet."),
    "no_problem": N_("This customer has no open problem."),
    "no_missing_record": N_("No follow-up record of this customer is missing."),
    "no_reason": N_("Please give the reason."),
    "no_receiver": N_("Nobody is left to receive the customers."),
    "no_result": N_("This regulation draws nothing: name the new owners."),
    "no_rightful": N_("By the log this rep was due; say whose turn it was."),
    "no_takeover": N_("No take-over waits for confirmation."),
    "no_visit": N_("This visit is over."),
    "not_allowed": N_("The regulation does not allow this."),
    "not_available": N_("This rep is not free."),
    "not_merged": N_("This customer was not merged with anybody."),
    "not_yet": N_("This time is still to come."),
    "not_received": N_("Nobody is receiving this visitor."),
    "owned": N_("This customer has an owner and is not in the pool."),
    "parameter": N_("The regulation has no such parameter."),
    "preset": N_("There are no rules for this regulation."),
    "problem_exists": N_("This problem exists already."),
    "problem_over": N_("This problem is settled already."),
    "problem_reported": N_("This problem was reported already."),
    "problem_unreported": N_("This problem was not reported to the head."),
    "received": N_("The visitor is being received; hand the visit over instead."),
    "rep": N_("This person is not on the ring of this site."),
    "reversed": N_("This deal has been reversed."),
    "step_done": N_("The deal has this step already."),
    "together": N_("These two came in together once, so they are two persons."),
    "too_late": N_("It is too late for this: the day is closed."),
    "unowned": N_("This customer has no owner and is in the pool already."),
    "visit_exists": N_("This visit exists already."),
    "visit_in_hand": N_("This rep is with a visitor: end or hand over that visit first."),
}


def refusal(error: RuleError) -> UserError:
    """The engine's refusal in the reader's language; its machine word goes along as ``code``."""
    known = REFUSALS.get(error.code)
    message = _(known) if known else _("The rules do not allow this now: %(why)s", why=str(error))
    return Conflict(message, code=error.code)


#: The engine says ``第 5 条〔SF-A-05〕what it did。「the clause」``; pages show the parts apart.
_SPOKEN = re.compile(r"^[^〕\]]*[〕\]]:?\s*(?P<did>.*?)(?:「.*」)?$", re.DOTALL)


def effects(sentences: Sequence[str], wanted: int) -> list[str]:
    """What each cited rule did: the engine's sentences after the first, one each, in order."""
    told = []
    for sentence in sentences[1 : wanted + 1]:
        found = _SPOKEN.match(sentence)
        told.append(found["did"] if found else sentence)
    return [*told, *[""] * (wanted - len(told))]
