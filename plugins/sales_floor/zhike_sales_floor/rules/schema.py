"""The vocabulary as JSON Schema, made from the table of verbs."""

from __future__ import annotations

from typing import Any

from zhike_sales_floor.rules.compare import ALIASES
from zhike_sales_floor.rules.given import CUSTOMER_KEYS
from zhike_sales_floor.rules.state import STATES
from zhike_sales_floor.rules.vocabulary import VERBS, Field, Verb

_ID = {"type": "string"}
_IDS = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": _ID}],
    "description": "ids as a list, or in one text: A>B>C or A, B",
}
_SHARES = {
    "anyOf": [{"type": "object", "additionalProperties": {"type": ["number", "string"]}}, _ID],
    "description": "per cent or basis points: {A: 50, B: 50}, or the text A 50 / B 50",
}
_TYPES: dict[str, dict[str, Any]] = {
    "rep": _ID,
    "customer": _ID,
    "visit": _ID,
    "text": {"type": ["string", "number"]},
    "reps": _IDS,
    "customers": _IDS,
    "bool": {"type": ["boolean", "string"]},
    "choice": {"type": "string"},
    "shares": _SHARES,
    "instant": {"type": "string", "description": "YYYY-MM-DD HH:MM, or HH:MM of the event's date"},
    "int": {"type": "integer", "minimum": 0},
    "amount": {"type": "integer", "minimum": 0, "description": "a large whole number"},
    "map": {"anyOf": [{"type": "object", "additionalProperties": _ID}, _ID]},
    "free": {"type": "object"},
    "visits": _IDS,
    "rows": {"anyOf": [{"type": "array", "items": {"type": ["object", "string"]}}, _ID]},
}


def _field(field: Field) -> dict[str, Any]:
    made = {**_TYPES[field.type], "description": field.text, "examples": [field.example]}
    if field.choices:
        made["enum"] = list(field.choices)
    return made


def _verb(verb: Verb) -> dict[str, Any]:
    fields = {field.name: _field(field) for field in verb.fields}
    aliases = {
        alias: {"$comment": f"alias of {field.name}", **_field(field)}
        for field in verb.fields
        for alias in field.aliases
        if alias not in fields
    }
    common: dict[str, Any] = {
        "at": {"type": "string", "description": "when it was recorded; HH:MM on the drill's date"},
        "date": {"type": "string", "description": "another date, from this event on"},
        "occurred_at": {"type": "string", "description": "when it really was, if logged later"},
        "comment": {"type": "string"},
        "expect": {"$ref": "#/$defs/expect"},
    }
    words = [verb.name, *verb.aliases]
    free: dict[str, Any] = {"description": "any value"}
    short = {word: fields.get(verb.main, free) for word in words}
    if verb.second:
        # Where the main field is stated by name or by the word itself: poach: C, decline: A.
        other = fields[verb.second]
        short = {word: {"anyOf": [field, other]} for word, field in short.items()}
    long = {"event": {"enum": words}, "verb": {"enum": words}}
    return {
        "title": verb.name,
        "description": verb.text,
        "type": "object",
        "properties": {**common, **aliases, **fields, **short, **long},
        "anyOf": [{"required": [word]} for word in (*words, "event", "verb")],
        "additionalProperties": False,
        "examples": [dict(verb.example)],
    }


def _given() -> dict[str, Any]:
    customer = {
        "owner": {**_ID, "description": "the rep who owns the customer; none: a new one"},
        "last_contact": {
            "type": ["string", "integer"],
            "description": "a date, or days before the start: 3 days ago",
        },
        "first_rep": {**_ID, "description": "who received first, if not the owner"},
        "closed": {"type": ["string", "boolean"], "description": "the date of an earlier closing"},
        "introducer": {**_ID, "description": "who sent this customer"},
        "relations": {
            "type": "array",
            "items": {"type": "object"},
            "description": "[{relation: mother, of: p2}]",
        },
        "poachers": {**_IDS, "description": "reps flagged earlier for taking this customer"},
        "opened": {
            "type": ["string", "integer"],
            "description": "when the owner's record was opened; default: the last contact",
        },
        "records": {
            "type": ["object", "array", "string"],
            "description": "records of several reps: {B: 2024-03-01, A: 2024-03-10}",
            "examples": [{"B": "2024-03-01", "A": "2024-03-10"}],
        },
        "id": {**_ID, "description": "the customer's id, where customers are written as a list"},
    }
    assert set(customer) == set(CUSTOMER_KEYS)
    return {
        "type": "object",
        "description": "Initial facts. Every rep of the ring is AVAILABLE unless stated.",
        "required": ["ring"],
        "additionalProperties": False,
        "properties": {
            "date": {"type": "string", "description": "the date the drill begins"},
            "ring": {**_IDS, "description": "order of the ring, pointer first: A>B>C>D"},
            "roster": {**_IDS, "description": "base order of the roster, if it differs"},
            "tickets": {
                "description": "owed turns, oldest first: [A(c), B(r)], c comp, r refund",
                "type": ["array", "string"],
            },
            "reps": {
                "type": "object",
                "description": "states: {A: OUT_PUBLIC} or {A: {state: RECEIVING_NEW, with: n0}}",
                "additionalProperties": {
                    "anyOf": [{"enum": list(STATES)}, {"type": "string"}, {"type": "object"}]
                },
            },
            "customers": {
                "type": ["object", "array"],
                "description": "facts of customers; who is not named here is new. Short: oC: C",
                "additionalProperties": {
                    "anyOf": [
                        {"type": "string"},
                        {
                            "type": "object",
                            "properties": customer,
                            "additionalProperties": False,
                        },
                    ]
                },
                "examples": [{"oC": {"owner": "C", "last_contact": "3 days ago"}}],
            },
        },
        "examples": [
            {
                "date": "2024-05-08",
                "ring": "A>B>C>D",
                "tickets": ["B(c)"],
                "reps": {"D": "OUT_PRIVATE"},
                "customers": {"oA": {"owner": "A", "last_contact": "3 days ago"}},
            }
        ],
    }


_EXPECT: dict[str, tuple[str, Any]] = {
    "assigned": ("who the rules assigned; A (ticket) states via too; - for nobody", "A (turn)"),
    "received_by": ("who really sits there, if somebody else", "C"),
    "flag": ("poach or wrong_turn, where that is reported", "poach"),
    "rightful": ("whose visitor it is by the rules", "A"),
    "from": ("who sat with the visitor and handed over to the assigned rep", "B"),
    "helpers": ("who has helped with the visit so far", ["D"]),
    "last_contact": ("the date from which the owner's silence counts", {"o1": "2024-05-08"}),
    "owner": ("the customer's owner afterwards", "A"),
    "owners": ("owners of several customers", {"o1": "A", "n1": "B"}),
    "via": ("turn, ticket or uncounted", "turn"),
    "kind": ("new, old, lapsed, referral, named, assisted, forgotten, non_buying, event", "new"),
    "status": ("status of the visit", "in_reception"),
    "ring": ("the ring afterwards, pointer first", "B>C>D>A"),
    "tickets": ("the ticket queue afterwards", ["A(c)", "B(r)"]),
    "issued": ("tickets issued by this event", ["A(c)"]),
    "used": ("tickets used by this event", ["A(c)"]),
    "dropped": ("tickets deleted or expired", ["A(c)"]),
    "passes": ("reps stepped over: comp, capped, miss, none, skipped", {"D": "miss"}),
    "states": ("states of some reps afterwards", {"A": "AVAILABLE"}),
    "waiting": ("customers in the queue, in order", ["n2"]),
    "next_up": ("display order of who is next", ["B", "C"]),
    "on_deck": ("first free rep from the pointer", "B"),
    "calling": ("the rep being asked to come", "A"),
    "visit": ("id of the visit", "v1"),
    "deal": ("id of the deal", "n1/1"),
    "credit": ("of the deal closed here, now or after corrections; or per customer", {"A": 100}),
    "performance": ("the performance vector alone", {"A": 100}),
    "commission": ("the commission vector alone", {"A": 50, "B": 50}),
    "pending": ("a ruling is needed for the credit", True),
    "counted": ("contact: the seven days start again", True),
    "ignored": ("a harmless event changed nothing", True),
    "refused": ("the rules refuse the event; true or the code", True),
    "result": ("leave, reassign: new owner per customer", {"o1": "B"}),
    "followed": ("SF-B: the contact counts as a follow-up", True),
    "late": ("SF-B: the record or the answer came too late", True),
    "due": ("SF-B: until when it is due, as much of it as is stated", "2024-05-10 18:00"),
    "left": ("SF-B: customers nobody contacted in the cycle", ["o2"]),
    "breaches": ("SF-B: whom it charges with which rules; - for nobody", {"A": ["B-01"]}),
    "points": ("SF-B: points proposed per person", {"A": 1}),
    "rules": ("rules that must be cited; SF- may be left out", ["A-01", "A-04b"]),
}


def schema() -> dict[str, Any]:
    """``{"given", "event", "expect"}``, each a JSON Schema with descriptions and examples."""
    expect = {
        "type": "object",
        "description": "What must hold; only what is stated is compared.",
        "additionalProperties": False,
        "properties": {
            **{
                name: {"description": text, "examples": [example]}
                for name, (text, example) in _EXPECT.items()
            },
            **{word: {"$comment": f"alias of {name}"} for word, name in ALIASES.items()},
        },
    }
    return {
        "given": _given(),
        "event": {
            "description": "One event: a verb with its fields. The verb's word may stand as the "
            "key of its main field (arrive: n1), or under event (event: arrive).",
            "anyOf": [_verb(verb) for verb in VERBS],
        },
        "expect": expect,
    }
