"""What the operations take and give, as the published schema."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=500)]
Long = Annotated[str, Field(max_length=2000)]
Reason = Annotated[str, Field(min_length=1, max_length=500, description="In words; kept.")]


class Out(BaseModel):
    """An answer. The checks behind a model are built when it is first used, not at start."""

    model_config = ConfigDict(defer_build=True)


class In(BaseModel):
    """A request: unknown names are refused."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class PersonIn(In):
    """One visitor: a known party, or name and phone, or nothing for somebody unknown."""

    customer_id: uuid.UUID | None = None
    party_id: uuid.UUID | None = None
    name: Annotated[str, Field(max_length=60)] = ""
    phone: Annotated[str, Field(max_length=20)] = ""
    another: bool = Field(
        default=False, description="The phone is known, the person is somebody else."
    )


class ArrivalIn(In):
    """A party at the door."""

    persons: Annotated[list[PersonIn], Field(min_length=1, max_length=10)] = [PersonIn()]
    introducer: uuid.UUID | None = Field(default=None, description="Customer id; is not here.")
    asks_for: uuid.UUID | None = Field(default=None, description="Staff id.")
    names: Annotated[list[uuid.UUID], Field(max_length=20)] = []
    refuses: Annotated[list[uuid.UUID], Field(max_length=20)] = []
    complains_about: Annotated[list[uuid.UUID], Field(max_length=20)] = []
    came_before: Literal["", "yes", "no", "forgot"] = ""
    discount: bool = Field(default=False, description="Is here only for a better price.")
    recognised: bool = True
    purpose: Literal["buy", "non_buying", "scouting"] = "buy"
    batch: Annotated[str, Field(max_length=20)] = ""
    receiver: uuid.UUID | None = Field(
        default=None, description="A person's own choice; needs a reason."
    )
    taken_by: uuid.UUID | None = Field(
        default=None, description="Who took the visitor out of turn."
    )
    flag: Literal["", "poach", "wrong_turn", "none"] = ""
    reason: Text = ""
    people: Annotated[int, Field(ge=1, le=99)] = 1
    need: Text = ""
    source: Annotated[str, Field(max_length=40)] = ""


class ActOut(Out):
    """What an act came to; ``sentence`` is for people, ``decision_id`` leads to the reason."""

    seq: int
    verb: str
    visit_id: uuid.UUID | None = None
    status: str = ""
    assigned: uuid.UUID | None = Field(default=None, description="Whom the rules name.")
    received_by: uuid.UUID | None = Field(
        default=None, description="Who took the visitor, if it was somebody else's."
    )
    rightful: uuid.UUID | None = Field(default=None, description="Whose visitor it is.")
    handed_over_by: uuid.UUID | None = None
    via: str = ""
    kind: str = ""
    owner: uuid.UUID | None = None
    rules: list[str] = []
    ring: list[uuid.UUID] = []
    tickets: list[str] = []
    waiting: list[str] = []
    decision_id: uuid.UUID | None = None
    sentence: str = ""


class DealActOut(ActOut):
    """An act on a deal, with the deal's id."""

    deal_id: uuid.UUID


class RepOut(Out):
    """A rep on the board; ``place`` 1 is the pointer, 0 is not in the ring."""

    id: uuid.UUID
    name: str
    place: int
    state: str
    since: datetime | None = None
    comp: int
    refund: int
    visit_id: uuid.UUID | None = None


class VisitOut(Out):
    """A visit as the board or a register shows it."""

    id: uuid.UUID
    number: int
    label: str
    state: str
    kind: str
    via: str
    staff_id: uuid.UUID | None = None
    due_id: uuid.UUID | None = None
    flag: str = Field(default="", description="poach or wrong_turn, as reported.")
    offender_id: uuid.UUID | None = None
    customer_id: uuid.UUID | None = None
    since: datetime
    decision_id: uuid.UUID | None = None
    continues_id: uuid.UUID | None = Field(
        default=None, description="The reception ended by mistake that goes on in this one."
    )


class BoardOut(Out):
    """The board at one version."""

    version: int
    day: date | None = None
    as_of: datetime
    reps: list[RepOut] = []
    in_reception: list[VisitOut] = []
    waiting: list[VisitOut] = []
    calling: list[VisitOut] = []
    next_up: list[uuid.UUID] = []


class DayQuery(In):
    """A day of the site; today where left out."""

    day: date | None = None


class VisitsOut(Out):
    """The visits of a day."""

    day: date
    visits: list[VisitOut]


class RepActIn(In):
    """What a rep does."""

    action: Literal["sign_in", "sign_out", "out", "back", "absent"]
    reason: Literal["", "public", "private", "lunch", "meeting", "training"] = ""
    words: Text = ""


class EndIn(In):
    """What came of a reception."""

    result: Literal[
        "will_return", "considering", "reserved", "signed", "not_interested", "looking"
    ] = "considering"
    grade: Literal["", "A", "B", "C", "D"] = ""
    need: Long = ""
    follow_up_on: date | None = None
    follow_up_note: Annotated[str, Field(max_length=200)] = ""
    name: Annotated[str, Field(max_length=60)] = ""
    phone: Annotated[str, Field(max_length=20)] = ""


class ReasonIn(In):
    """An act that needs a reason."""

    reason: Reason


class VoidIn(ReasonIn):
    """The visitor is no customer."""

    confirmed: bool = False


class HandOverIn(In):
    """To whom a visit goes; nobody named: as the regulation says."""

    to: uuid.UUID | None = None
    reason: Text = ""


class TakeOverIn(ReasonIn):
    """A take-over after a fault."""

    rep: uuid.UUID
    confirmed: bool = False


class ConfirmIn(ReasonIn):
    """The manager's word on a fault."""

    confirmed: bool = True


class HelpIn(In):
    """Who helps."""

    rep: uuid.UUID


class AssignIn(ReasonIn):
    """A manager's own choice."""

    rep: uuid.UUID


class AnswerIn(In):
    """The called owner's answer."""

    answer: Literal["accept", "decline", "no_answer"]


class FlagIn(ReasonIn):
    """A reception out of turn."""

    kind: Literal["poach", "wrong_turn"]
    offender: uuid.UUID | None = None
    rightful: uuid.UUID | None = None


class OpenDayIn(In):
    """Who is rostered today."""

    on_duty: Annotated[list[uuid.UUID], Field(max_length=200)] = []
    ring: Annotated[list[uuid.UUID], Field(max_length=200)] = []


class EventModeIn(ReasonIn):
    """Another method for an exhibition or a launch, or its end."""

    on: bool
    method: Literal["ring", "manual", "first_free"] = "ring"
    until: datetime | None = Field(default=None, description="With its offset.")


class RosterIn(In):
    """Who joins the roster."""

    staff: Annotated[list[uuid.UUID], Field(min_length=1, max_length=200)]


class LeaveIn(In):
    """A rep leaves."""

    why: Literal["long_leave", "transferred", "resigned"]
    days: Annotated[int, Field(ge=1, le=3650)] | None = None
    note: Text = ""


class CustomersQuery(In):
    """What narrows the list; ``after`` is the cursor of the page before."""

    q: Annotated[str, Field(max_length=60)] = ""
    owner: uuid.UUID | None = None
    grade: Literal["", "A", "B", "C", "D"] = ""
    stage: Literal["", "visited", "reserved", "closed", "returned"] = ""
    due: Literal["", "follow_up", "protection", "lapsed"] = ""
    after: Annotated[str, Field(max_length=36)] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 25


class CustomerOut(Out):
    """A customer; the phone is masked."""

    id: uuid.UUID
    name: str
    phone: str
    owner_id: uuid.UUID | None = None
    grade: str
    stage: str
    first_visit_on: date | None = None
    last_contact_on: date | None = None
    protected_until: date | None = None
    follow_up_on: date | None = None
    closed_on: date | None = None


class CustomersOut(Out):
    """A page of customers; ``after`` is empty on the last."""

    customers: list[CustomerOut]
    after: str = ""


class ContactIn(In):
    """A contact with a customer."""

    kind: Literal["call", "message", "visit", "letter"]
    note: Long = ""
    occurred_at: datetime | None = Field(
        default=None, description="With its offset; now if left out."
    )
    answered: bool = True


class ContactOut(Out):
    """Whether the contact restarted the clock of silence."""

    counted: bool


class FollowUpIn(In):
    """When to follow up next, and the class."""

    on: date | None = None
    note: Annotated[str, Field(max_length=200)] = ""
    grade: Literal["", "A", "B", "C", "D"] | None = None


class RelationIn(In):
    """This customer is ``relation`` of ``other``."""

    other: uuid.UUID
    relation: Literal[
        "spouse", "parent", "child", "grandparent", "grandchild", "sibling", "friend", "colleague"
    ]
    proof: Annotated[str, Field(max_length=200)] = ""


class OwnerIn(ReasonIn):
    """A ruling on the owner."""

    owner: uuid.UUID


class PhoneOut(Out):
    """The phone in clear; asking for it is recorded."""

    phone: str


class DealIn(In):
    """The first paper of a deal; the amount is fen."""

    customer_id: uuid.UUID
    step: Literal["subscription", "small_reservation"] = "subscription"
    property: Annotated[str, Field(max_length=40)] = Field(
        default="", description="The unit in words, where the site keeps no units here."
    )
    house_id: uuid.UUID | None = Field(default=None, description="The unit of the sales control.")
    amount_fen: Annotated[int, Field(ge=0, le=10**13)]
    deposit_fen: Annotated[int, Field(ge=0, le=10**13)] = 0
    reserved_until: date | None = None
    staff_id: uuid.UUID | None = None


class SharesIn(ReasonIn):
    """A ruling on credit: basis points by staff id, 10 000 in all."""

    shares: Annotated[dict[uuid.UUID, Annotated[int, Field(ge=0, le=10_000)]], Field(max_length=50)]
    facts: Long


class ShareOut(Out):
    """What one rep has of a deal in basis points; no staff id: the department."""

    staff_id: uuid.UUID | None = None
    performance: int
    commission: int
    clauses: str


class DealOut(Out):
    """A deal with the credit that stands."""

    id: uuid.UUID
    number: str
    customer_id: uuid.UUID
    holder_id: uuid.UUID | None = Field(default=None, description="After a change of name.")
    house_id: uuid.UUID | None = None
    property: str
    amount_fen: int
    deposit_fen: int
    state: str
    reserved_until: date | None = None
    closed_at: datetime | None = None
    contract_no: str = ""
    contract_on: date | None = None
    defaulted_at: datetime | None = None
    refunded_at: datetime | None = None
    shares: list[ShareOut] = []


class DealsQuery(In):
    """``after`` is the cursor of the page before; ``step`` narrows to where deals stand."""

    after: Annotated[str, Field(max_length=36)] = ""
    step: Literal[
        "",
        "reserved",
        "subscribed",
        "contracted",
        "defaulted",
        "asked",
        "refunded",
        "expired",
    ] = ""


class DealsOut(Out):
    """A page of deals; ``after`` is empty on the last."""

    deals: list[DealOut]
    after: str = ""


class RegisterOut(Out):
    """A register of a day: its head and its lines, by the keys of the form."""

    code: str
    title: str
    day: date
    values: dict[str, Any]
    lines: list[dict[str, Any]]


class WhyOut(Out):
    """A decision in words: the outcome, then what each clause did."""

    id: uuid.UUID
    kind: str
    at: datetime
    sentences: list[str]
    rules: list[str]
    policy: str
    version: str
    mode: str
