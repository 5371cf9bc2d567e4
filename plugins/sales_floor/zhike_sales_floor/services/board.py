"""What the floor board shows: read in five statements, told again only when something changed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from zhike.api import CompanySession, Staff, _, clock, policies, textkit
from zhike_sales_floor import words
from zhike_sales_floor.models import Floor, FloorEvent, Rep, Visit
from zhike_sales_floor.rules import state as st
from zhike_sales_floor.rules.rotation import next_up
from zhike_sales_floor.services import live


@dataclass(frozen=True)
class VisitCard:
    """An open visit: ``label`` names the visitors, ``number`` counts the day's parties.

    flag   how the present reception is out of turn, ``""`` where it is not; then ``offender_id``
           took the visitor and ``due_id`` is the rep whose visitor it is.
    entered  when it was entered, where that was afterwards 补录.
    """

    id: uuid.UUID
    number: int
    label: str
    masked: str
    state: str
    kind: str
    via: str
    rep_id: uuid.UUID | None
    due_id: uuid.UUID | None
    since: datetime
    helpers: Sequence[uuid.UUID]
    flag: str
    decision_id: uuid.UUID | None
    customer_id: uuid.UUID | None
    call_due: datetime | None = None
    call_rep: uuid.UUID | None = None
    returning: bool = False
    takeover: bool = False
    offender_id: uuid.UUID | None = None
    entered: datetime | None = None


@dataclass(frozen=True)
class RepCard:
    """A rep on the board: place in the ring (1 is the pointer), state, tickets, visit in hand."""

    id: uuid.UUID
    name: str
    place: int
    state: str
    since: datetime | None
    comp: int
    refund: int
    visit: VisitCard | None
    next_place: int | None
    in_ring: bool

    @property
    def shown(self) -> tuple[str, str]:
        """The state as message id and tone, told by the visit in hand."""
        return words.rep_state(self.state, self.visit.kind if self.visit else "")


@dataclass(frozen=True)
class Recent:
    """One of the last acts, for the strip under the board.

    rep_id      whom the rules named; taken_by: who received instead; from_id: who handed over.
    """

    seq: int
    at: datetime
    verb: str
    visitor: str
    rep_id: uuid.UUID | None
    via: str
    decision_id: uuid.UUID | None
    taken_by: uuid.UUID | None = None
    from_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Board:
    """The whole board at one version."""

    unit_id: uuid.UUID
    version: int
    day: date | None
    as_of: datetime
    reps: Sequence[RepCard]
    waiting: Sequence[VisitCard]
    calling: Sequence[VisitCard]
    next_up: Sequence[uuid.UUID]
    tickets: Sequence[tuple[uuid.UUID, str]]
    recent: Sequence[Recent]
    names: Mapping[uuid.UUID, str]
    visitors: int
    event: st.EventMode | None = None
    by_hand: st.SetByHand | None = None

    @property
    def on_deck(self) -> RepCard | None:
        """The next free rep, seated ready at the desk 备接."""
        first = self.next_up[0] if self.next_up else None
        return next((rep for rep in self.reps if rep.id == first), None)

    @property
    def free(self) -> Sequence[RepCard]:
        """Reps who are on the floor and free, in ring order."""
        return [rep for rep in self.reps if rep.state == st.AVAILABLE]


def version_of(s: CompanySession, unit_id: uuid.UUID) -> int | None:
    """The board's version: one indexed read, for polls; None before the floor is set up."""
    return s.scalar(select(Floor.version).where(Floor.id == unit_id))


def board(s: CompanySession, unit_id: uuid.UUID) -> Board | None:
    """The board of a site, or None before its floor is set up."""
    row = s.find(Floor, unit_id)
    if row is None:
        return None
    floor = live.load_floor(row)
    staff = s.execute(
        select(Staff.id, Staff.name)
        .join(Rep, Rep.staff_id == Staff.id)
        .where(Rep.unit_id == unit_id, Rep.left_on.is_(None))
        .order_by(Rep.id)
    ).all()
    names = {one.id: one.name for one in staff}
    open_visits = s.scalars(
        select(Visit)
        .where(
            Visit.unit_id == unit_id,
            Visit.id.in_([uuid.UUID(key) for key in floor.visits]),
        )
        .order_by(Visit.arrived_at, Visit.number)
    ).all()
    cards = {card.id: card for card in (_card(visit, floor) for visit in open_visits)}
    policy = policies.in_force(s, live.PLUGIN, unit_id, clock.now()).policy
    queue = next_up(floor, str(policy.params.get("rotation.ticket_order")))
    order = {key: place for place, key in enumerate(queue, 1)}
    reps = [_rep(key, place, floor, names, cards, order) for place, key in enumerate(floor.ring, 1)]
    reps += [
        RepCard(one.id, one.name, 0, st.OFF_DUTY, None, 0, 0, None, None, False)
        for one in staff
        if str(one.id) not in floor.ring
    ]
    waiting = [cards[uuid.UUID(key)] for key in floor.queue if uuid.UUID(key) in cards]
    calling = [card for card in cards.values() if card.state == "calling_owner"]
    return Board(
        unit_id,
        row.version,
        row.day,
        row.changed_at,
        reps,
        waiting,
        calling,
        [uuid.UUID(key) for key in queue],
        [(uuid.UUID(ticket.rep), ticket.kind) for ticket in floor.tickets],
        _recent(s, unit_id, row.day),
        names,
        row.visitors,
        floor.event_mode,
        floor.by_hand if floor.day == str(row.day) else None,
    )


def _card(visit: Visit, floor: st.Floor) -> VisitCard:
    known = floor.visits[str(visit.id)]
    call = known.call
    due = None
    if call is not None:
        due = datetime.fromisoformat(call.return_by if call.accepted else call.due)
    return VisitCard(
        visit.id,
        visit.number,
        visit.label,
        "、".join(textkit.mask_name(part) for part in visit.label.split("、") if part),
        visit.state,
        visit.kind,
        visit.via,
        visit.staff_id,
        visit.due_id,
        visit.started_at or visit.arrived_at,
        [uuid.UUID(helper) for helper in visit.helpers],
        known.flag,
        visit.decision_id,
        visit.customer_id,
        due,
        uuid.UUID(call.rep) if call else None,
        bool(call and call.accepted),
        bool(known.takeover),
        uuid.UUID(known.offender) if known.flag and known.offender else None,
        visit.entered_at,
    )


def _rep(
    key: str,
    place: int,
    floor: st.Floor,
    names: Mapping[uuid.UUID, str],
    cards: Mapping[uuid.UUID, VisitCard],
    order: Mapping[str, int],
) -> RepCard:
    rep = floor.reps[key]
    staff_id = uuid.UUID(key)
    held = [ticket.kind for ticket in floor.tickets if ticket.rep == key]
    return RepCard(
        staff_id,
        names.get(staff_id, ""),
        place,
        rep.state,
        datetime.fromisoformat(rep.since) if rep.since else None,
        held.count("comp"),
        held.count("refund"),
        cards.get(uuid.UUID(rep.visit)) if rep.visit else None,
        order.get(key),
        True,
    )


def _recent(s: CompanySession, unit_id: uuid.UUID, day: date | None) -> list[Recent]:
    if day is None:
        return []
    rows = s.execute(
        select(
            FloorEvent.seq,
            FloorEvent.recorded_at,
            FloorEvent.verb,
            FloorEvent.outcome,
            FloorEvent.body,
            FloorEvent.decision_id,
        )
        .where(FloorEvent.unit_id == unit_id, FloorEvent.day == day)
        .order_by(FloorEvent.seq.desc())
        .limit(8)
    ).all()
    ids = {uuid.UUID(str(row.outcome["visit"])) for row in rows if row.outcome.get("visit")}
    labels = {
        row.id: (row.label, row.number)
        for row in s.execute(
            select(Visit.id, Visit.label, Visit.number).where(
                Visit.unit_id == unit_id, Visit.id.in_(ids)
            )
        )
    }
    found: list[Recent] = []
    for row in rows:
        visit = row.outcome.get("visit")
        label, number = labels.get(uuid.UUID(str(visit)), ("", 0)) if visit else ("", 0)
        told = row.outcome
        taken_by = told.get("received_by")
        rep = told.get("assigned") or (told.get("rightful") if taken_by else row.body.get("rep"))
        found.append(
            Recent(
                row.seq,
                row.recorded_at,
                words.act_of(row.body),
                label or (_("Visitor no. %(n)s", n=number) if number else ""),
                uuid.UUID(str(rep)) if rep else None,
                str(told.get("via", "")),
                row.decision_id,
                uuid.UUID(str(taken_by)) if taken_by else None,
                uuid.UUID(str(told["from"])) if told.get("from") else None,
            )
        )
    return found
