"""What the engine knows: the floor (small, one per site) and the facts of single customers.

Everything is a frozen dataclass and turns into plain JSON and back exactly. The floor is what a
live site keeps as one snapshot; a customer's facts are stored beside the customer and handed to the
engine only when an event needs them (:meth:`SalesFloor.needs`). Ids are opaque text. Instants are
the site's local time as text. ``seq`` numbers are those of the events, in order of recording, and
tell what was logged before what (CV-1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from zhike.rules import Policy, from_json, to_json
from zhike_sales_floor.rules.followup_state import NO_FOLLOW_UPS, OFF, FollowUpFloor, FollowUps

OFF_DUTY = "OFF_DUTY"
AVAILABLE = "AVAILABLE"
RECEIVING_NEW = "RECEIVING_NEW"
RECEIVING_OLD = "RECEIVING_OLD"
ASSISTING = "ASSISTING"
RECEIVING_INVALID = "RECEIVING_INVALID"
OUT_PUBLIC = "OUT_PUBLIC"
OUT_PRIVATE = "OUT_PRIVATE"
ABSENT = "ABSENT"
LEFT = "LEFT"
STATES = (
    OFF_DUTY,
    AVAILABLE,
    RECEIVING_NEW,
    RECEIVING_OLD,
    ASSISTING,
    RECEIVING_INVALID,
    OUT_PUBLIC,
    OUT_PRIVATE,
    ABSENT,
    LEFT,
)
"""States of a rep on the floor (5.1)."""
WITH_VISITOR = (RECEIVING_NEW, RECEIVING_OLD, ASSISTING, RECEIVING_INVALID)
AWAY = (OUT_PUBLIC, OUT_PRIVATE, ABSENT)

DEPARTMENT = "DEPARTMENT"
"""Holder of credit that was taken from the reps (业绩归部门)."""


@dataclass(frozen=True, slots=True)
class Absence:
    """One absence of today: its kind (public, private, lunch, none), and the turns it missed."""

    kind: str
    out: str
    back: str = ""
    misses: tuple[str, ...] = ()
    reclassed: bool = False


@dataclass(frozen=True, slots=True)
class Rep:
    """A rep (销售代表) on the floor.

    visit    the open visit the rep sits with, at most one.
    passed   how often the pointer stepped over the rep since the state began.
    prepaid  rule ids of base turns to be skipped: forfeited (SF-A-08) or already taken.
    """

    id: str
    state: str = AVAILABLE
    since: str = ""
    visit: str = ""
    passed: int = 0
    prepaid: tuple[str, ...] = ()
    absences: tuple[Absence, ...] = ()


@dataclass(frozen=True, slots=True)
class Ticket:
    """An owed turn (补接券): ``comp`` for an excused missed turn, ``refund`` for one given back."""

    id: int
    rep: str
    kind: str
    at: str
    rule: str
    visit: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A rep is being asked to come (致电归属人): for a referral, an introduction or a swap."""

    rep: str
    rule: str
    at: str
    due: str
    accepted: str = ""
    return_by: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit on the floor, from the door until it ends (5.3).

    status   WAITING, CALLING_OWNER, IN_RECEPTION; a visit that is over is no longer on the floor.
    rep      who sits with the visitors; due: who they belong to by the rules at the arrival.
    turn_of  whose turn or ticket it used ("" if none); via says which.
    new      the customers of the party who had no owner when they came.
    asked    the owner was asked and did not come: the ring decides now.
    flag     how the present reception is out of turn; offender: who took the visitors so, which
             stays on record when they are handed back (SF-A-08).
    forgot   the visitor was here before and does not know with whom (SF-D-34).
    discount the visitor goes to another rep for a better price (SF-D-33).
    """

    id: str
    customers: tuple[str, ...]
    at: str
    status: str = "WAITING"
    kind: str = ""
    via: str = "uncounted"
    rep: str = ""
    due: str = ""
    turn_of: str = ""
    helpers: tuple[str, ...] = ()
    flag: str = ""
    offender: str = ""
    new: tuple[str, ...] = ()
    batch: str = ""
    asks_for: str = ""
    names: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    introducer: str = ""
    recognised: bool = True
    purpose: str = ""
    call: Call | None = None
    asked: bool = False
    swap: str = ""
    keep_for: str = ""
    served: str = ""
    takeover: str = ""
    forgot: bool = False
    complains_about: tuple[str, ...] = ()
    discount: bool = False


@dataclass(frozen=True, slots=True)
class EventMode:
    """Another method for an exhibition or a launch (SF-D-40), until ``until`` if that is stated.

    by, reason  who set it and why: whoever asks why a turn was not used has to be told.
    """

    method: str
    since: str
    until: str = ""
    preset: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SetByHand:
    """Who last set ring and tickets by hand today, when and why: boards and decisions say so."""

    at: str
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many tickets there ever were: issued = used + held + dropped."""

    issued: int = 0
    used: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor of one site: ring (pointer first), tickets (FIFO), reps, open visits, queue."""

    ring: tuple[str, ...] = ()
    roster: tuple[str, ...] = ()
    reps: Mapping[str, Rep] = field(default_factory=dict)
    tickets: tuple[Ticket, ...] = ()
    visits: Mapping[str, Visit] = field(default_factory=dict)
    queue: tuple[str, ...] = ()
    now: str = ""
    day: str = ""
    open: bool = True
    seq: int = 0
    visit_seq: int = 0
    counted_today: int = 0
    event_mode: EventMode | None = None
    tally: Tally = Tally()
    follow_up: FollowUpFloor = OFF
    by_hand: SetByHand | None = None


@dataclass(frozen=True, slots=True)
class Owning:
    """One entry of a customer's ownership chain (归属); the last one that is not void holds.

    cause    first, lapse, takeover, reassign, ruling, given, claim, wish (the customer asked for
             the rep); release, with no ``rep``, where the customer was given back to everybody
             (公海).
    former   who owned before; void: the rule that struck the entry out.
    poacher  who sat with the customer when ``rep`` was the rightful one (SF-A-08).

    Where records have a life (建档有效期, SF-D-25) an entry is also the rep's record:

    opened   when the record was opened, if not by this entry.
    rule     the rule by which the rep came to hold the customer (SF-D-28 to 37).
    refused  reps with a valid record whom the customer refused then (SF-D-29).
    earlier  reps who held a valid record then, by first reception (SF-D-35).
    found    earlier reps found in the files after the visit (SF-D-34); keeps: who follows up on,
             where the manager has named somebody.
    """

    rep: str
    at: str
    seq: int
    cause: str
    visit: str = ""
    former: str = ""
    void: str = ""
    poacher: str = ""
    opened: str = ""
    rule: str = ""
    refused: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    keeps: str = ""


@dataclass(frozen=True, slots=True)
class Help:
    """A reception for a colleague who could not receive (协助接待, SF-D-06, SF-D-30).

    away  whether the owner was off the site then, or on it and busy (4.2).
    """

    helper: str
    owner: str
    at: str
    seq: int
    visit: str
    away: bool = False
    void: str = ""


@dataclass(frozen=True, slots=True)
class Grievance:
    """A customer's complaint about a rep (投诉), and what the supervisor found (SF-D-31).

    found  verified, rejected or "" while it is open; judged: the event that said so.
    """

    about: str
    at: str
    seq: int
    found: str = ""
    judged: int = 0


@dataclass(frozen=True, slots=True)
class VisitNote:
    """A visit as the customer's facts remember it; ``end`` is "" while it lasts.

    party     everybody of the party, where there were several.
    takeover  who took over without the fault being confirmed so far (SF-A-07).
    """

    visit: str
    at: str
    seq: int
    rep: str = ""
    due: str = ""
    turn_of: str = ""
    kind: str = ""
    via: str = ""
    end: str = ""
    void: str = ""
    flag: str = ""
    batch: str = ""
    helpers: tuple[str, ...] = ()
    party: tuple[str, ...] = ()
    takeover: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A logged relation (关系): this customer is ``kind`` of ``other``; unproven does not count."""

    other: str
    kind: str
    at: str
    seq: int
    proven: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """A referral: ``role`` is ``brought`` (this one brought other) or ``brought_by``."""

    role: str
    other: str
    visit: str
    at: str
    seq: int
    closed_before: bool = False


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal of a customer. ``credit`` holds both vectors once it has closed (CV-5).

    holder   who took it over by a change of name (SF-D-43); credit stays with the signer.
    unit     what is sold, where a swap stated it (SF-D-42).
    default  when it was marked as in default (SF-D-44).
    """

    id: str
    at: str
    seq: int
    steps: Mapping[str, str] = field(default_factory=dict)
    signed_seq: int = 0
    closed: bool = False
    performance: Mapping[str, int] = field(default_factory=dict)
    commission: Mapping[str, int] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    paid: str = ""
    reversed: str = ""
    holder: str = ""
    unit: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A manager's ruling on a case no rule decides; ``deal`` "" means every deal to come."""

    at: str
    seq: int
    by: str
    reason: str
    deal: str = ""
    performance: Mapping[str, int] = field(default_factory=dict)
    commission: Mapping[str, int] = field(default_factory=dict)
    forfeit: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """A record that was found to be the same person and became part of this one (合并).

    other   its id; was: the facts of both as they stood before, by id, so that they can be told
            apart again. ``others`` is what further customers said of it: their relations, links,
            introducer and parties, by id.
    after   fingerprint of the facts that came out: while it fits, nothing has happened since.
    """

    other: str
    at: str
    seq: int
    was: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)
    after: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """The facts of one customer (客户) at this site.

    contacts  per rep the instant of the last contact that counts, for the seven days of SF-A-05.
    poachers  reps who took this customer out of turn; they cannot win ownership by 05, 06, 07, 10.
    merges    records that became part of this one, the latest last; merged_into: the record this
              one became part of, "" for one that stands.
    """

    id: str
    owning: tuple[Owning, ...] = ()
    contacts: Mapping[str, str] = field(default_factory=dict)
    visits: tuple[VisitNote, ...] = ()
    relations: tuple[Relation, ...] = ()
    links: tuple[Link, ...] = ()
    deals: tuple[Deal, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    poachers: tuple[str, ...] = ()
    introducer: str = ""
    merges: tuple[Merged, ...] = ()
    merged_into: str = ""
    helps: tuple[Help, ...] = ()
    grievances: tuple[Grievance, ...] = ()
    follow_up: FollowUps = NO_FOLLOW_UPS

    @property
    def holding(self) -> Owning | None:
        """The ownership entry that holds now, or None for a customer without an owner."""
        for entry in reversed(self.owning):
            if not entry.void:
                return entry if entry.rep else None
        return None

    @property
    def owner(self) -> str:
        """The rep of the entry that holds, ``""`` for none, however old the record is.

        Who owns the customer under the policy in force is :func:`.validity.holder`.
        """
        entry = self.holding
        return entry.rep if entry is not None else ""

    def owner_at(self, seq: int) -> Owning | None:
        """The entry that held when event ``seq`` was recorded, poaching substituted (CV-9)."""
        for entry in reversed(self.owning):
            if not entry.void and entry.seq <= seq:
                return entry if entry.rep else None
        return None

    @property
    def first(self) -> Owning | None:
        """The first reception that was not struck out (首访)."""
        for entry in self.owning:
            if not entry.void and entry.rep:
                return entry
        return None

    @property
    def has_closed(self) -> bool:
        """Whether a deal of this customer stands: closed and not reversed."""
        return any(deal.closed and not deal.reversed for deal in self.deals)

    def deal(self, deal_id: str) -> Deal | None:
        """The deal of this id, or None."""
        return next((deal for deal in self.deals if deal.id == deal_id), None)


@dataclass(frozen=True, slots=True)
class State:
    """Everything the engine knows between two events. Immutable; handing it around is free.

    policy  the policy in force for the next event. It is not part of the JSON: a live site hands in
            the version that is in force at the instant of each event.
    """

    floor: Floor
    customers: Mapping[str, Customer]
    policy: Policy

    def to_json(self) -> dict[str, Any]:
        """``{"floor": …, "customers": {id: …}}``; :meth:`from_json` gives back an equal state."""
        return {"floor": to_json(self.floor), "customers": to_json(self.customers)}

    @staticmethod
    def from_json(data: Mapping[str, Any], policy: Policy) -> State:
        """The state of a stored floor and, where present, customers."""
        customers = data.get("customers", {})
        return State(
            from_json(Floor, data["floor"]),
            {key: from_json(Customer, facts) for key, facts in customers.items()},
            policy,
        )

    def with_policy(self, policy: Policy) -> State:
        """The same facts under another policy, from the next event on."""
        return replace(self, policy=policy)

    def with_customers(self, facts: Iterable[Customer | Mapping[str, Any] | str]) -> State:
        """Add (or replace) customers: facts as objects, as their JSON, or a new customer's id."""
        added = dict(self.customers)
        for fact in facts:
            if isinstance(fact, str):
                fact = Customer(fact)
            elif not isinstance(fact, Customer):
                fact = from_json(Customer, fact)
            added[fact.id] = fact
        return replace(self, customers=added)

    def with_customer(self, facts: Customer | Mapping[str, Any] | str) -> State:
        """Add (or replace) one customer."""
        return self.with_customers([facts])

    def without_customers(self) -> State:
        """The floor alone: what a live site stores as its snapshot."""
        return replace(self, customers={})
