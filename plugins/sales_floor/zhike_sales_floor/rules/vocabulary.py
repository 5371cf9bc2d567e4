"""The verbs of the sales floor: one table that parser, JSON Schema and manual are made from.

Canonical words are English; every verb and field also answers to the aliases listed here, because
drills are written by people who know the regulation and not this code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OUT_REASONS = ("public", "private", "lunch", "meeting", "training", "none")
CONTACT_KINDS = ("call", "message", "visit", "letter", "other")
FLAGS = ("poach", "wrong_turn", "none")
ANSWERS = ("accept", "decline", "no_answer")
STEPS = ("small_reservation", "subscription", "contract", "full_payment")
LEAVE_REASONS = ("long_leave", "transferred", "resigned")
BREACHES = (
    "on_deck",
    "poach",
    "neglect",
    "refuses_help",
    "cold_shoulder",
    "trouble",
    "private_cash",
)
EVENT_METHODS = ("ring", "manual", "first_free")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a verb.

    type  rep, reps, customer, customers, visit, visits, bool, choice, text, shares, instant, int,
          amount, map, rows (mappings or short texts) or free.
    """

    name: str
    type: str
    text: str
    example: Any = None
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: what it says, its fields, and an example.

    main    the field a short form fills (``arrive: n1``).
    second  the field it fills where the main one is stated by name (``poach: C, customer: n1``).
    preset  fields that a word states by itself (``accept: A``).
    """

    name: str
    text: str
    fields: tuple[Field, ...]
    example: Mapping[str, Any]
    main: str = ""
    aliases: tuple[str, ...] = ()
    preset: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    second: str = ""


def _rep(text: str, *, required: bool = False, aliases: tuple[str, ...] = ()) -> Field:
    return Field("rep", "rep", text, "A", ("who", *aliases), required=required)


def _reps(text: str, *, required: bool = False) -> Field:
    return Field("reps", "reps", text, "A", ("rep", "who"), required=required)


VISIT = Field("visit", "visit", "id of the visit, where a customer or rep would be ambiguous", "v1")
CUSTOMER = Field("customer", "customer", "the customer", "n1", ("visitor",))
BY = Field("by", "text", "who decided or reported", "manager", ("manager", "actor"))
REASON = Field("reason", "text", "the reason, in words", "seen by the desk", ("why", "note"))
DEAL = Field(
    "deal", "text", "id of the deal; default: the customer's latest (a new one when signing)", "d1"
)
OVERRIDE = Field(
    "override", "bool", "a manager allows what the regulation refuses; needs a reason", True
)
PROBLEM = Field(
    "problem", "text", "id of the problem; default: the customer's latest (a new one)", "o1/q1"
)
DRAW = (
    Field(
        "customers",
        "customers",
        "the leaver's customers; default: all of the rep's customers the drill knows",
        ["o1", "o2"],
    ),
    Field("seed", "text", "seed of the random draw; it is logged with list and result", "2024-17"),
    Field(
        "receivers",
        "reps",
        "who may draw; default: every other rep of the ring, in ring order",
        ["B", "C"],
        ("among",),
    ),
    Field(
        "result",
        "map",
        "the result of a draw already made, customer to rep; or one rep for all",
        {"o1": "B", "o2": "C"},
        ("draw", "to"),
    ),
)
STEP_FIELDS = (
    Field("customer", "customer", "who signs or pays", "n1", ("signer", "buyer"), required=True),
    DEAL,
    Field("rep", "rep", "who handled the papers; decides nothing", "C", ("with", "handled_by")),
)

VERBS: tuple[Verb, ...] = (
    Verb(
        "arrive",
        "Visitors come in. One event is one party (a batch): one person or several who sit "
        "together. Who is old and who is new the engine knows from the customers' facts.",
        (
            Field(
                "customers",
                "customers",
                "one or several persons of the party",
                ["o1", "n1"],
                ("customer", "party", "visitor", "visitors", "persons"),
                required=True,
            ),
            VISIT,
            Field(
                "brings",
                "customers",
                "further persons the first one brings",
                ["n1"],
                ("brings_new", "with"),
            ),
            Field(
                "brought_by",
                "customer",
                "the old customer who comes along in person",
                "o1",
                ("accompanied_by",),
            ),
            Field(
                "introducer",
                "customer",
                "existing customer who sent the visitor, not present",
                "o1",
                ("introduced_by", "sent_by"),
            ),
            Field(
                "asks_for",
                "rep",
                "the rep the visitor asks for on entering",
                "B",
                ("named_rep", "designates"),
            ),
            Field("names", "reps", "reps the visitor mentions without asking for one", ["C", "B"]),
            Field("refuses", "reps", "reps the visitor refuses", ["B"], ("rejects", "not")),
            Field(
                "complains_about",
                "reps",
                "reps the visitor complains about on entering",
                ["B"],
                ("complains", "complaint_about"),
            ),
            Field(
                "discount",
                "bool",
                "whether he comes to this rep only for a better price (default no)",
                True,
                ("for_discount", "better_price"),
            ),
            Field(
                "recognised",
                "bool",
                "whether the owner recognises the customer (default yes)",
                False,
                ("recognized",),
            ),
            Field(
                "came_before",
                "choice",
                "what the visitor says on being asked",
                "forgot",
                choices=("yes", "no", "forgot"),
            ),
            Field(
                "purpose",
                "choice",
                "buy (default); non_buying or scouting when known at the door",
                "non_buying",
                choices=("buy", "non_buying", "scouting"),
            ),
            Field(
                "owner_answer",
                "choice",
                "the asked rep's answer, if it came at once",
                "decline",
                ("answer",),
                ANSWERS,
            ),
            Field(
                "swap",
                "bool",
                "with swap_automatic off: whether the rep agreed to hand the new visitor over",
                True,
            ),
            Field(
                "received_by",
                "rep",
                "who really sat down with the visitor, when not the one due",
                "C",
                ("actual", "taken_by"),
            ),
            Field(
                "flag",
                "choice",
                "what that was: poach (default: wrong_turn), or none for not flagged now",
                "poach",
                choices=FLAGS,
            ),
            Field(
                "assign_to",
                "rep",
                "the manager's choice against the ring; needs a reason",
                "D",
                ("override", "assigned_by_manager"),
            ),
            Field(
                "counts",
                "bool",
                "with assign_to: whether it uses that rep's turn (default no)",
                True,
            ),
            Field(
                "batch", "text", "name of the batch, when several belong together", "p1", ("group",)
            ),
            Field("reporter", "text", "who reported the flag", "desk"),
            BY,
            REASON,
        ),
        {"at": "09:00", "arrive": "n1"},
        "customers",
        ("arrival", "arrives", "comes"),
    ),
    Verb(
        "sign_in",
        "A rep comes on duty. A rep who is not in the ring joins it, directly before the pointer.",
        (_reps("who", required=True),),
        {"at": "08:50", "sign_in": "A"},
        "reps",
        ("signin", "on_duty", "join", "add_rep"),
    ),
    Verb(
        "sign_out",
        "A rep goes off duty or on granted leave or a rest day; a visit in hand goes over first.",
        (_reps("who", required=True), REASON),
        {"at": "18:00", "sign_out": "A"},
        "reps",
        ("signout", "off_duty", "off"),
    ),
    Verb(
        "out",
        "A rep leaves the floor. Meetings and training are company business; lunch is for its "
        "first minutes; no reason counts as private.",
        (
            _reps("who", required=True),
            Field(
                "reason",
                "choice",
                "public, private, lunch, meeting, training, none",
                "public",
                ("kind", "why"),
                OUT_REASONS,
            ),
            BY,
        ),
        {"at": "09:00", "out": "A", "reason": "public"},
        "reps",
        ("leaves", "goes_out", "out_public", "out_private", "lunch", "meeting", "training"),
        {
            "out_public": {"reason": "public"},
            "out_private": {"reason": "private"},
            "lunch": {"reason": "lunch"},
            "meeting": {"reason": "meeting"},
            "training": {"reason": "training"},
        },
    ),
    Verb(
        "absent",
        "A rep on the roster is not there and no reason is logged.",
        (_reps("who", required=True),),
        {"at": "09:00", "absent": "A"},
        "reps",
        ("missing",),
    ),
    Verb(
        "back",
        "A rep is back on the floor.",
        (_reps("who", required=True),),
        {"at": "11:00", "back": "A"},
        "reps",
        ("returns", "return"),
    ),
    Verb(
        "reclass",
        "The manager re-classes an absence of today as company business, until the day closes.",
        (
            _rep("whose absence", required=True),
            Field("out_at", "instant", "which absence, if there were several today", "09:20"),
            BY,
            REASON,
        ),
        {"at": "17:00", "reclass": "A", "by": "manager", "reason": "sent to the bank"},
        "rep",
        ("reclassify", "reclass_absence"),
    ),
    Verb(
        "end",
        "A reception ends; the rep is free. Named by rep, customer or visit.",
        (
            _reps("who is free"),
            CUSTOMER,
            VISIT,
            Field("outcome", "text", "what came of it; for the register", "will return"),
        ),
        {"at": "09:20", "end": "C"},
        "reps",
        ("free", "ends", "reception_end", "end_reception"),
    ),
    Verb(
        "void",
        "The visitor turns out to be scouting or after other material: the visit is void.",
        (
            CUSTOMER,
            VISIT,
            _rep("the receiver, instead of the customer"),
            Field(
                "confirmed",
                "bool",
                "confirmed by the supervisor (default no)",
                True,
                ("confirmed_by_supervisor",),
            ),
            BY,
            REASON,
        ),
        {"at": "09:15", "void": "n1", "confirmed": True, "by": "supervisor", "reason": "scouting"},
        "customer",
        ("scouting", "void_visit", "invalid"),
        second="rep",
    ),
    Verb(
        "hand_over",
        "A visit in hand goes over: a poached one to the rightful rep, any other to a colleague "
        "who helps on.",
        (
            CUSTOMER,
            VISIT,
            _rep("who hands over"),
            Field("to", "rep", "who takes it; default: the rightful rep, or the next free", "A"),
            BY,
            REASON,
        ),
        {"at": "09:10", "hand_over": "n1", "to": "A"},
        "customer",
        ("handover", "hand_back"),
        second="to",
    ),
    Verb(
        "take_over",
        "A colleague takes over after the rep's own fault. Without the manager's confirmation, now "
        "or later, it is help.",
        (
            CUSTOMER,
            VISIT,
            Field("rep", "rep", "who takes over", "D", ("by_rep", "to", "who"), required=True),
            Field(
                "confirmed",
                "bool",
                "the manager confirmed the fault (default no)",
                True,
                ("fault_confirmed", "manager_confirms"),
            ),
            BY,
            REASON,
        ),
        {"at": "09:40", "take_over": "n2", "rep": "D", "confirmed": True, "reason": "insult"},
        "customer",
        ("takeover",),
        second="rep",
    ),
    Verb(
        "confirm_fault",
        "The manager confirms, afterwards, the fault behind a take-over logged before.",
        (
            CUSTOMER,
            VISIT,
            Field("confirmed", "bool", "false: the manager rejects it (default yes)", True),
            BY,
            REASON,
        ),
        {"at": "10:00", "confirm_fault": "n2", "by": "manager"},
        "customer",
        ("confirm_takeover", "confirm_take_over"),
    ),
    Verb(
        "help",
        "A colleague helps during a talk; the owner and the turn stay as they are.",
        (
            Field("rep", "rep", "the helper", "C", ("helper", "who"), required=True),
            CUSTOMER,
            VISIT,
            Field("helps", "rep", "the rep who is helped, instead of the customer", "D", ("for",)),
        ),
        {"at": "09:50", "help": "C", "customer": "n2"},
        "rep",
        ("helps", "assist"),
        second="customer",
    ),
    Verb(
        "call_owner",
        "The desk phones the rep who is to be asked. The engine asks by itself; this only logs it.",
        (_rep("who is phoned"), CUSTOMER, VISIT),
        {"at": "14:05", "call_owner": "A"},
        "rep",
        ("call", "phone", "ask"),
    ),
    Verb(
        "answer",
        "The rep who was asked to come answers. Time-outs need no event.",
        (
            Field(
                "answer",
                "choice",
                "accept, decline, no_answer",
                "decline",
                ("reply",),
                ANSWERS,
                required=True,
            ),
            _rep("who was asked"),
            CUSTOMER,
            VISIT,
        ),
        {"at": "14:07", "answer": "decline", "rep": "A"},
        "answer",
        ("accept", "decline", "accepts", "declines", "no_answer", "owner_answer"),
        {
            "accept": {"answer": "accept"},
            "accepts": {"answer": "accept"},
            "decline": {"answer": "decline"},
            "declines": {"answer": "decline"},
            "no_answer": {"answer": "no_answer"},
        },
        second="rep",
    ),
    Verb(
        "flag",
        "Someone reports that a reception was out of turn: on purpose (poach) or by mistake.",
        (
            Field("customer", "customer", "whose reception", "n1", ("visitor",)),
            VISIT,
            Field("offender", "rep", "who took the visitor out of turn", "C", ("rep", "who")),
            Field("rightful", "rep", "who was due; default: as computed at the arrival", "A"),
            Field(
                "kind", "choice", "poach or wrong_turn", "poach", choices=("poach", "wrong_turn")
            ),
            Field("reporter", "text", "who reported it", "B", ("by",)),
            REASON,
        ),
        {"at": "10:00", "flag": "n1", "kind": "poach", "offender": "C", "reporter": "A"},
        "customer",
        ("poach", "poached", "wrong_turn", "flag_poach"),
        {
            "poach": {"kind": "poach"},
            "poached": {"kind": "poach"},
            "flag_poach": {"kind": "poach"},
            "wrong_turn": {"kind": "wrong_turn"},
        },
        second="offender",
    ),
    Verb(
        "contact",
        "A contact with a customer is logged: only the owner's own, of a kind that counts, "
        "restarts the seven days.",
        (
            Field("customer", "customer", "with whom", "o1", required=True),
            _rep("who made it; default: the owner", aliases=("by",)),
            Field(
                "kind",
                "choice",
                "call (phone), message, visit, letter (newsletter), other",
                "call",
                ("via", "way"),
                CONTACT_KINDS,
            ),
            Field("occurred_at", "instant", "when it was, if logged later", "2024-05-01 10:00"),
            Field(
                "record",
                "bool",
                "under SF-B: whether the follow-up record is filled at once (default yes)",
                False,
                ("form", "filled"),
            ),
        ),
        {"at": "16:00", "contact": "o1", "kind": "call", "rep": "A"},
        "customer",
        ("contacted", "log_contact"),
        second="rep",
    ),
    Verb(
        "relation",
        "A relation between customers is logged: `customer` is `relation` of `of`. With several "
        "customers and no `of`, all of them among each other.",
        (
            Field(
                "customers",
                "customers",
                "who is the relative",
                "p1",
                ("customer", "who", "between"),
                required=True,
            ),
            Field("of", "customers", "of whom", "p2", ("to", "other", "with")),
            Field(
                "relation",
                "text",
                "mother, son, spouse, grandparent, sibling, friend, colleague … or immediate",
                "mother",
                ("kind", "is", "as"),
                required=True,
            ),
            Field(
                "proven",
                "bool",
                "whether proof was shown (default yes)",
                True,
                ("proof", "with_proof"),
            ),
            BY,
        ),
        {"at": "09:30", "relation": "mother", "customer": "p1", "of": "p2"},
        "relation",
        ("relation_proof", "prove_relation", "kinship"),
        second="customers",
    ),
    Verb(
        "ruling",
        "The manager rules on a case no rule decides: shares of a deal, or who owns a customer.",
        (
            Field("customer", "customer", "whose deal or ownership", "n1", required=True),
            DEAL,
            Field("shares", "shares", "both vectors", {"A": 60, "B": 40}, ("credit",)),
            Field("performance", "shares", "the performance vector alone", {"A": 100}),
            Field("commission", "shares", "the commission vector alone", {"A": 50, "B": 50}),
            Field("owner", "rep", "the owner from now on", "B"),
            BY,
            REASON,
        ),
        {"at": "18:00", "ruling": "n1", "shares": {"A": 60, "B": 40}, "by": "manager"},
        "customer",
        ("manager_ruling", "rule"),
    ),
    Verb(
        "quarrel",
        "Reps quarrel over a deal or refuse the ruling; takes credit away only where the policy "
        "says so.",
        (Field("customer", "customer", "whose deal", "n1", required=True), DEAL, BY, REASON),
        {"at": "18:00", "quarrel": "n1", "reason": "refused the ruling"},
        "customer",
        ("ruling_refused",),
    ),
    Verb(
        "close",
        "The closing event itself, whatever the policy calls it (a subscription under P12).",
        (
            *STEP_FIELDS,
            Field(
                "step",
                "choice",
                "which step; default: the policy's closing event",
                "subscription",
                choices=STEPS,
            ),
        ),
        {"at": "2024-05-20 10:00", "close": "n1"},
        "customer",
        (
            "closing",
            "closes",
            "sign",
            "signs",
            "small_reservation",
            "reserve",
            "subscription",
            "subscribe",
            "contract",
            "full_payment",
            "pay",
        ),
        {
            "small_reservation": {"step": "small_reservation"},
            "reserve": {"step": "small_reservation"},
            "subscription": {"step": "subscription"},
            "subscribe": {"step": "subscription"},
            "contract": {"step": "contract"},
            "full_payment": {"step": "full_payment"},
            "pay": {"step": "full_payment"},
        },
        second="rep",
    ),
    Verb(
        "cancel",
        "A deal is cancelled or refunded: both vectors are reversed with this date.",
        (Field("customer", "customer", "whose deal", "n1", required=True), DEAL, BY, REASON),
        {"at": "2024-06-01 10:00", "cancel": "n1", "reason": "refund"},
        "customer",
        ("refund", "reverse", "return_unit"),
    ),
    Verb(
        "commission_paid",
        "The commission of a deal is paid: its credit is final.",
        (Field("customer", "customer", "whose deal", "n1", required=True), DEAL),
        {"at": "2024-06-05 10:00", "commission_paid": "n1"},
        "customer",
        ("paid_out",),
    ),
    Verb(
        "merge",
        "Another record is found to be the same person: its facts become this customer's. The "
        "first reception holds unless the customer had passed on lawfully.",
        (
            Field("customer", "customer", "the record that stands", "o1", required=True),
            Field(
                "of", "customers", "the record that becomes part of it", ["n1"], ("other", "same")
            ),
            Field("others", "customers", "further customers whose facts mention it", ["n2"]),
            BY,
            REASON,
        ),
        {"at": "18:00", "merge": "o1", "of": "n1", "by": "manager", "reason": "same phone"},
        "customer",
        ("same_person",),
    ),
    Verb(
        "unmerge",
        "The latest merge of this customer is undone; refused once something has happened since.",
        (Field("customer", "customer", "the record that stands", "o1", required=True), BY, REASON),
        {"at": "18:10", "unmerge": "o1", "by": "manager", "reason": "two persons after all"},
        "customer",
        ("undo_merge",),
    ),
    Verb(
        "release",
        "Customers are given back to everybody: nobody owns them until somebody claims them.",
        (
            Field("customers", "customers", "who is given back", ["o1"], ("customer",)),
            BY,
            REASON,
        ),
        {"at": "18:00", "release": "o1", "by": "manager", "reason": "not followed"},
        "customers",
        ("give_back",),
    ),
    Verb(
        "claim",
        "A rep takes a customer whom nobody owns, and owns him from now on.",
        (
            Field("customer", "customer", "who is claimed", "o1", required=True),
            Field("rep", "rep", "who claims", "B", ("who",), required=True),
            Field(
                "lapsed",
                "bool",
                "whether customers whose owner was silent too long may be claimed (default no)",
                True,
            ),
            BY,
        ),
        {"at": "09:00", "claim": "o1", "rep": "B"},
        "customer",
        ("claims",),
        second="rep",
    ),
    Verb(
        "swap_unit",
        "The buyer takes another unit. Areas are in hundredths of a square metre, prices in fen: "
        "the engine knows no units.",
        (
            Field("customer", "customer", "whose deal", "n1", required=True),
            DEAL,
            Field("unit_from", "text", "the unit handed back", "3-1201"),
            Field("unit_to", "text", "the unit taken", "3-1502", ("to",), required=True),
            Field("area_from", "amount", "area of the unit handed back", 8950),
            Field("area_to", "amount", "area of the unit taken", 11200),
            Field("price_from", "amount", "price of the unit handed back", 198000000),
            Field("price_to", "amount", "price of the unit taken", 236000000),
            Field("harder", "bool", "the manager says the unit taken is harder to sell", True),
            OVERRIDE,
            BY,
            REASON,
        ),
        {
            "at": "2024-05-25 10:00",
            "swap_unit": "n1",
            "unit_to": "3-1502",
            "area_from": 8950,
            "area_to": 11200,
        },
        "customer",
        ("swap",),
        second="unit_to",
    ),
    Verb(
        "change_name",
        "Somebody else takes the deal over. After the contract that is a transfer of title with a "
        "fee; credit stays where it is.",
        (
            Field("customer", "customer", "whose deal", "n1", required=True),
            DEAL,
            Field("holder", "customer", "who takes over", "n2", ("to",), required=True),
            BY,
            REASON,
        ),
        {"at": "2024-06-10 10:00", "change_name": "n1", "holder": "n2"},
        "customer",
        ("name_change", "rename"),
        second="holder",
    ),
    Verb(
        "default",
        "A sum of a contract is overdue for longer than the regulation bears.",
        (
            Field("customer", "customer", "whose deal", "n1", required=True),
            DEAL,
            Field("due", "instant", "when the sum was due", "2024-03-31 00:00", required=True),
            BY,
            REASON,
        ),
        {"at": "2024-06-10 10:00", "default": "n1", "due": "2024-03-31 00:00"},
        "customer",
        ("in_default",),
    ),
    Verb(
        "visitor_leaves",
        "The visitor leaves: unserved from the queue, or the reception is over.",
        (CUSTOMER, VISIT),
        {"at": "09:30", "visitor_leaves": "n1"},
        "customer",
        ("leaves_unserved", "gives_up"),
    ),
    Verb(
        "assign",
        "The manager gives a waiting visitor to a rep by hand, with a reason.",
        (
            CUSTOMER,
            VISIT,
            Field("rep", "rep", "to whom", "D", ("to", "who"), required=True),
            Field("counts", "bool", "whether it uses the rep's turn (default no)", True),
            BY,
            REASON,
        ),
        {"at": "09:30", "assign": "n1", "rep": "D", "by": "manager", "reason": "waiting long"},
        "customer",
        ("manual_assign",),
        second="rep",
    ),
    Verb(
        "day_close",
        "The site closes for the day: waiting visitors are cleared, open receptions end.",
        (),
        {"at": "18:30", "event": "day_close"},
        "",
        ("close_day",),
    ),
    Verb(
        "day_open",
        "The site opens. Without this event the first event of a new date opens it, with everybody "
        "there who was on duty the day before.",
        (
            Field(
                "on_duty",
                "reps",
                "who is rostered today; the others are off duty. Rostered reps are absent until "
                "they sign in",
                ["A", "B"],
                ("rostered", "roster"),
            ),
            Field("present", "reps", "who is there already", ["A"], ("signed_in",)),
            Field("ring", "reps", "a new ring, pointer first", "A>B>C"),
        ),
        {"at": "2024-05-09 08:30", "event": "day_open", "on_duty": ["A", "B"], "present": ["A"]},
        "",
        ("open_day", "new_day"),
    ),
    Verb(
        "event_mode",
        "The manager sets another method for an exhibition or a launch, and ends it again.",
        (
            Field("on", "bool", "on or off", True, required=True),
            Field(
                "method",
                "choice",
                "ring (normal rules, perhaps with overrides), manual, first_free (uncounted)",
                "manual",
                choices=EVENT_METHODS,
            ),
            Field("preset", "text", "the preset that decides meanwhile; default: the same", "P12"),
            Field(
                "overrides", "free", "parameters that differ meanwhile", {"rotation.owed_cap": 2}
            ),
            Field("until", "instant", "end of the period", "2024-05-03 18:00"),
            BY,
            REASON,
        ),
        {"at": "09:00", "event_mode": True, "method": "first_free", "until": "2024-05-03 18:00"},
        "on",
    ),
    Verb(
        "leave",
        "A rep goes on long leave, is transferred or resigns: out of the ring, tickets deleted, "
        "customers drawn among the others. A leave shorter than the policy's is an off-duty time.",
        (
            _rep("who", required=True),
            Field(
                "reason",
                "choice",
                "long_leave, transferred, resigned",
                "transferred",
                ("kind", "why"),
                LEAVE_REASONS,
            ),
            Field("days", "int", "length of a leave in days", 20),
            *DRAW,
            BY,
        ),
        {"at": "18:00", "leave": "A", "reason": "transferred", "result": {"o1": "B"}},
        "rep",
        ("left", "long_leave", "transfer", "transferred", "resign", "resigns", "depart"),
        {
            "long_leave": {"reason": "long_leave"},
            "transfer": {"reason": "transferred"},
            "transferred": {"reason": "transferred"},
            "resign": {"reason": "resigned"},
            "resigns": {"reason": "resigned"},
        },
    ),
    Verb(
        "reassign",
        "A leaver's customers are drawn (or given) to others, apart from the leaving itself.",
        (_rep("the former owner"), *DRAW, BY),
        {"at": "18:00", "reassign": "A", "customers": ["o1"], "result": {"o1": "B"}},
        "rep",
    ),
    Verb(
        "found",
        "The files show, during the visit or after it, which rep received this customer before.",
        (
            CUSTOMER,
            VISIT,
            Field(
                "rep",
                "rep",
                "the earlier rep; default: the earliest one with a valid record",
                "B",
                ("earlier", "earlier_rep", "first_rep"),
            ),
            Field(
                "opened",
                "instant",
                "when that record was opened, if only a paper register shows it",
                "2024-03-01",
            ),
            Field(
                "follow_up",
                "rep",
                "who follows up and has the performance, where the manager names somebody",
                "A",
                ("performance_to", "keeps"),
            ),
            BY,
            REASON,
        ),
        {"at": "11:00", "found": "n1", "rep": "B"},
        "customer",
        ("found_earlier", "discovered", "earlier_found", "match_found"),
        second="rep",
    ),
    Verb(
        "complaint",
        "A customer complains about a rep; the supervisor verifies or rejects it, now or later.",
        (
            Field("customer", "customer", "who complains", "n1", ("visitor",), required=True),
            Field("about", "rep", "about whom", "B", ("rep", "against"), required=True),
            Field(
                "verified",
                "bool",
                "what the supervisor found; not stated: still open",
                True,
                ("confirmed",),
            ),
            BY,
            REASON,
        ),
        {"at": "10:00", "complaint": "n1", "about": "B"},
        "customer",
        (
            "complains",
            "verify_complaint",
            "complaint_verified",
            "reject_complaint",
            "complaint_rejected",
        ),
        {
            "verify_complaint": {"verified": True},
            "complaint_verified": {"verified": True},
            "reject_complaint": {"verified": False},
            "complaint_rejected": {"verified": False},
        },
        second="about",
    ),
    Verb(
        "discount_shopping",
        "A visit was made to another rep for a better price only: it moves nothing.",
        (CUSTOMER, VISIT, _rep("who served, instead of the customer"), BY, REASON),
        {"at": "10:00", "discount_shopping": "n1", "reason": "asked for the manager's price"},
        "customer",
        ("discount_only", "price_shopping"),
    ),
    Verb(
        "conduct",
        "A breach of conduct is put on record; what the policy says follows is only proposed.",
        (
            _rep("who", required=True, aliases=("offender",)),
            Field(
                "kind",
                "choice",
                "on_deck, poach, neglect, refuses_help, cold_shoulder, trouble, private_cash",
                "neglect",
                ("breach",),
                BREACHES,
                required=True,
            ),
            Field("serious", "bool", "a serious case (default no)", True, ("grave",)),
            CUSTOMER,
            VISIT,
            BY,
            REASON,
        ),
        {"at": "17:00", "conduct": "C", "kind": "neglect", "by": "manager"},
        "rep",
        ("breach", "misconduct"),
    ),
    Verb(
        "follow_up_record",
        "SF-B: the follow-up record of the latest contact without one is filled.",
        (
            Field("customer", "customer", "with whom the contact was", "o1", required=True),
            _rep("who made the contact; default: whoever did"),
            Field("number", "int", "which contact, by the number of its event", 3),
        ),
        {"at": "17:00", "follow_up_record": "o1", "rep": "A"},
        "customer",
        ("fill_record",),
        second="rep",
    ),
    Verb(
        "problem",
        "SF-B: a customer raises a problem. What the rep can solve is solved, what not is "
        "reported, each within the policy's days.",
        (
            Field("customer", "customer", "whose problem", "o1", required=True),
            PROBLEM,
            _rep("who was told; default: the owner"),
            Field("solvable", "bool", "whether the rep can solve it (default yes)", False),
        ),
        {"at": "10:00", "problem": "o1", "solvable": False},
        "customer",
        ("problem_raised", "raises_problem"),
    ),
    Verb(
        "problem_solved",
        "SF-B: the problem is solved; of one already reported this is the answer.",
        (
            Field("customer", "customer", "whose problem", "o1", required=True),
            PROBLEM,
            _rep("who solved it"),
        ),
        {"at": "16:00", "problem_solved": "o1"},
        "customer",
        ("solved",),
    ),
    Verb(
        "problem_reported",
        "SF-B: the problem goes to the department head on the feedback form; the answer's clock "
        "starts.",
        (
            Field("customer", "customer", "whose problem", "o1", required=True),
            PROBLEM,
            Field("to", "text", "the leader who owes the answer", "M", ("leader",)),
            Field(
                "office",
                "free",
                "closing time per date, empty where nobody works; other dates: Monday to Friday "
                "until 18:00",
                {"2024-05-10": "17:30", "2024-05-11": ""},
                ("working_days",),
            ),
        ),
        {"at": "16:30", "problem_reported": "o1", "to": "M"},
        "customer",
        ("reported", "escalate", "escalated"),
        second="to",
    ),
    Verb(
        "problem_answered",
        "SF-B: the leader answers the customer.",
        (
            Field("customer", "customer", "whose problem", "o1", required=True),
            PROBLEM,
            BY,
        ),
        {"at": "2024-05-10 17:00", "problem_answered": "o1", "by": "manager"},
        "customer",
        ("answered",),
    ),
    Verb(
        "follow_up_notice",
        "SF-B: a rep says, before the cycle ends, that it cannot be finished; no violation for the "
        "customers named, or for all of the rep's.",
        (
            _rep("whose cycle", required=True),
            Field("customers", "customers", "for whom; default: all", ["o1"], ("for",)),
            Field("cover", "rep", "who stands in, if known already", "B", ("covered_by",)),
            REASON,
        ),
        {"at": "2024-05-17 10:00", "follow_up_notice": "A", "reason": "in hospital"},
        "rep",
        ("notice",),
    ),
    Verb(
        "follow_up_cover",
        "SF-B: the head says who stands in for a rep who gave notice.",
        (
            _rep("who gave notice", required=True),
            Field("cover", "rep", "who stands in", "B", ("covered_by",), required=True),
            BY,
        ),
        {"at": "2024-05-17 11:00", "follow_up_cover": "A", "cover": "B", "by": "manager"},
        "rep",
        ("cover",),
        second="cover",
    ),
    Verb(
        "follow_up_due",
        "SF-B: what has fallen due is judged: missing records, problems, answers, cycles that are "
        "over. Judging later changes nothing, and nothing is judged twice.",
        (
            Field("reps", "reps", "whose cycles; default: everybody's", "A", ("rep", "who")),
            Field(
                "customers",
                "customers",
                "whom to look at; default: all the drill knows",
                ["o1", "o2"],
                ("customer",),
            ),
        ),
        {"at": "2024-05-20 00:00", "event": "follow_up_due"},
        "reps",
        ("judge_follow_ups",),
    ),
    Verb(
        "stand_down",
        "SF-B: another plugin that owns the matter decides on follow-ups from now on, or no longer "
        "does.",
        (
            Field("on", "bool", "true: the other decides", True, required=True),
            Field("to", "text", "which plugin", "complaints", ("owner",)),
        ),
        {"at": "09:00", "stand_down": True, "to": "complaints"},
        "on",
        ("stands_down",),
        second="to",
    ),
    Verb(
        "set_floor",
        "The manager says how the floor stands: at the cut-over from paper, and after a stretch "
        "kept on paper. What is not stated stays; nothing decided is rewound.",
        (
            Field("ring", "reps", "the ring from the pointer on; the others stay behind", "B>C>A"),
            Field(
                "tickets",
                "rows",
                "all owed turns, oldest first: A(c), or {rep, kind, at, reason}; they replace "
                "those there are",
                ["A(c)", {"rep": "B", "kind": "refund", "at": "2024-05-06"}],
            ),
            Field(
                "states",
                "map",
                "states of reps who sit with nobody",
                {"C": "OUT_PUBLIC"},
            ),
            Field(
                "in_hand",
                "rows",
                "visits that go on: {visit, customers, rep, since}; without a rep they wait",
                [{"customers": ["n1"], "rep": "A", "since": "10:40"}],
            ),
            Field(
                "withdraw",
                "visits",
                "visits that were put there by hand, taken off again with all they gave",
                ["v1"],
            ),
            BY,
            Field("reason", "text", "why, in words", "kept on paper", ("why", "note"), (), True),
        ),
        {"at": "11:45", "event": "set_floor", "ring": "B>C>A", "reason": "kept on paper"},
        "ring",
    ),
    Verb(
        "paper",
        "A reception that was kept on paper is entered afterwards with its real times. No turn "
        "moves; who has no owner becomes the receiver's, in the order of entering.",
        (
            Field(
                "customers",
                "customers",
                "who came",
                ["n1"],
                ("customer", "party", "visitor", "visitors"),
                required=True,
            ),
            VISIT,
            _rep("who received", required=True, aliases=("receiver",)),
            Field("began", "instant", "when they came", "10:05", ("from",), (), True),
            Field("ended", "instant", "when it was over; none: they are still there", "10:40"),
            BY,
            REASON,
        ),
        {"at": "11:40", "paper": "n1", "rep": "A", "began": "10:05", "ended": "10:40"},
        "customers",
    ),
    Verb(
        "tick",
        "Nothing happens but time: calls that ran out are settled.",
        (),
        {"at": "14:20", "event": "tick"},
        "",
        ("time",),
    ),
)
"""Every verb, in the order of the manual."""

BY_NAME: dict[str, tuple[Verb, str]] = {
    word: (verb, word) for verb in VERBS for word in (verb.name, *verb.aliases)
}
"""Verb (and the word it was called by) for every canonical word and alias."""
