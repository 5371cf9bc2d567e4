"""What the sales floor tells others, after it has happened; ids only, no personal data."""

from __future__ import annotations

from dataclasses import dataclass

from zhike.api import Event, event


@event("sales_floor.visit_assigned")
@dataclass(frozen=True)
class VisitAssigned(Event):
    """A visitor was given to a rep. ``via`` is turn, ticket or uncounted; ids are UUIDs as text.

    Where somebody else took the visitor out of turn, the rep is the one who was due.
    """

    unit_id: str
    visit_id: str
    staff_id: str
    via: str
    kind: str
    rules: tuple[str, ...] = ()


@event("sales_floor.visit_ended")
@dataclass(frozen=True)
class VisitEnded(Event):
    """A reception ended; ``result`` is ended, voided, left_unserved …"""

    unit_id: str
    visit_id: str
    staff_id: str
    result: str


@event("sales_floor.owner_called")
@dataclass(frozen=True)
class OwnerCalled(Event):
    """The desk waits for an owner's answer until ``answer_by`` (ISO 8601, UTC)."""

    unit_id: str
    visit_id: str
    staff_id: str
    answer_by: str


@event("sales_floor.owner_coming")
@dataclass(frozen=True)
class OwnerComing(Event):
    """The rep who was asked has accepted and is to be there by ``return_by`` (ISO, with offset)."""

    unit_id: str
    visit_id: str
    staff_id: str
    return_by: str


@event("sales_floor.customer_moved")
@dataclass(frozen=True)
class CustomerMoved(Event):
    """Ownership of a customer passed from one rep to another, under the rules named.

    ``seq`` is the number of the act on the floor by which it passed.
    """

    unit_id: str
    customer_id: str
    from_staff_id: str
    to_staff_id: str
    rules: tuple[str, ...] = ()
    seq: int = 0


@event("sales_floor.deal_closed")
@dataclass(frozen=True)
class DealClosed(Event):
    """A subscription was signed; ``performance`` is basis points by staff id."""

    unit_id: str
    deal_id: str
    customer_id: str
    amount_fen: int
    performance: dict[str, int]


@event("sales_floor.deal_refunded")
@dataclass(frozen=True)
class DealRefunded(Event):
    """A deal was cancelled and its credit reversed."""

    unit_id: str
    deal_id: str
    customer_id: str


@event("sales_floor.house_changed")
@dataclass(frozen=True)
class HouseChanged(Event):
    """A house was taken, given back, held or released: what the sales control is told at once.

    ``state`` is its state now, ``kind`` what happened; ``staff_id`` is who did it ("" for nobody).
    """

    unit_id: str
    house_id: str
    state: str
    kind: str
    deal_id: str = ""
    staff_id: str = ""


@event("sales_floor.refund_asked")
@dataclass(frozen=True)
class RefundAsked(Event):
    """Somebody asked for the refund of a deal; whoever may rule on it is told."""

    unit_id: str
    deal_id: str
    staff_id: str = ""


@event("sales_floor.reservation_expired")
@dataclass(frozen=True)
class ReservationExpired(Event):
    """A small reservation ran out and its house is free again."""

    unit_id: str
    deal_id: str


@event("sales_floor.day_closed")
@dataclass(frozen=True)
class DayClosed(Event):
    """A site's business day was closed; ``day`` is an ISO date."""

    unit_id: str
    day: str


EVENTS: tuple[type[Event], ...] = (
    VisitAssigned,
    VisitEnded,
    OwnerCalled,
    OwnerComing,
    CustomerMoved,
    DealClosed,
    DealRefunded,
    HouseChanged,
    RefundAsked,
    ReservationExpired,
    DayClosed,
)
