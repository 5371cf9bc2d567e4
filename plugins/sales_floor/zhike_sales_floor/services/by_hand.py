"""What people set or write up themselves: the floor as it stands, receptions kept on paper 补录.

The engine's part is :mod:`zhike_sales_floor.rules.by_hand`. A stretch on paper is entered line by
line with its real times and recorded now; then the manager sets ring and tickets.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from zhike.api import (
    CompanySession,
    RecordRef,
    UserError,
    _,
    clock,
    contacts,
    uuid7,
)
from zhike_sales_floor.models import Customer, Visit, VisitGuest
from zhike_sales_floor.rules.by_hand import SETTABLE
from zhike_sales_floor.services import arrivals, customers, live
from zhike_sales_floor.services.arrivals import Person
from zhike_sales_floor.services.live import Act

OLDEST = timedelta(days=31)
"""How far back a reception may be entered afterwards; what is older belongs into an import."""

KINDS = ("visit", "call")
"""What a line of the paper sheet is: a reception, or a call with a customer."""


@dataclass(frozen=True)
class Owed:
    """A ticket as stated: whose, ``comp`` or ``refund``, since when, why."""

    staff_id: uuid.UUID
    kind: str = "comp"
    since: date | None = None
    reason: str = ""


@dataclass(frozen=True)
class InHand:
    """A visit that goes on: who, with whom (nobody: it waits), since when."""

    person: Person
    staff_id: uuid.UUID | None
    since: datetime
    people: int = 1
    need: str = ""


@dataclass(frozen=True)
class Standing:
    """How the floor stands. ``tickets`` None leaves them; an empty list takes them all away."""

    ring: Sequence[uuid.UUID] = ()
    tickets: Sequence[Owed] | None = None
    states: Mapping[uuid.UUID, str] = field(default_factory=dict)
    in_hand: Sequence[InHand] = ()


def set_floor(
    s: CompanySession,
    unit_id: uuid.UUID,
    standing: Standing,
    reason: str,
    *,
    withdraw: Sequence[uuid.UUID] = (),
) -> Act:
    """The manager sets ring, tickets, states and visits in hand 人工设定轮序, with the reason.

    Nothing decided is rewound. ``withdraw`` takes visits off again that were put there by hand.
    Raises UserError without a reason and for a state nobody can set, Conflict for what the floor
    forbids.
    """
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    tz = live.tz_of(s, unit_id)
    locked = live.lock_floor(s, unit_id)
    fields: dict[str, object] = {"by": s.actor.name, "reason": reason.strip()}
    if standing.ring:
        fields["ring"] = [str(one) for one in standing.ring]
    if standing.tickets is not None:
        fields["tickets"] = [_ticket(one, tz) for one in standing.tickets]
    if standing.states:
        for state in standing.states.values():
            if state not in SETTABLE:
                raise UserError(_("Please choose the state."), field="states")
        fields["states"] = {str(rep): state for rep, state in standing.states.items()}
    if withdraw:
        fields["withdraw"] = [str(one) for one in withdraw]
    fresh: list[Customer] = []
    told: dict[str, dict[str, object]] = {}
    rows = []
    for visit in standing.in_hand:
        customer, is_new, label = arrivals.registered(s, unit_id, visit.person)
        if is_new:
            fresh.append(customer)
        key = str(uuid7())
        rows.append(
            {
                "visit": key,
                "customers": [str(customer.id)],
                "since": live.local_text(visit.since, tz),
                **({"rep": str(visit.staff_id)} if visit.staff_id else {}),
            }
        )
        told[key] = {"label": label, "people": visit.people, "need": visit.need.strip()}
    if rows:
        fields["in_hand"] = rows
    return live.act(
        s,
        unit_id,
        "set_floor",
        fields,
        extra={"visits": told},
        fresh=fresh,
        reason=reason,
        locked=locked,
    )


def _ticket(one: Owed, tz: str) -> dict[str, str]:
    row = {"rep": str(one.staff_id), "kind": one.kind}
    if one.since is not None:
        row["at"] = one.since.isoformat()
    if one.reason.strip():
        row["reason"] = one.reason.strip()
    return row


# -- the paper sheet --------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of the paper sheet.

    kind   one of :data:`KINDS`.
    ended  None: the visitors are still there with the receiver.
    sure   said of a line that looks like one entered before: it is another one all the same.
    """

    kind: str
    person: Person
    staff_id: uuid.UUID
    began: datetime
    ended: datetime | None = None
    people: int = 1
    need: str = ""
    sure: bool = False


class LinesRefused(UserError):
    """Nothing was entered; ``wrong`` says by place of the line (from 0) what has to be mended."""

    code = "lines"

    def __init__(self, wrong: Mapping[int, UserError]) -> None:
        super().__init__(
            _("Nothing was entered: %(n)s lines have to be mended.", n=len(wrong)), status=422
        )
        self.wrong = dict(wrong)


def write_up(s: CompanySession, unit_id: uuid.UUID, lines: Sequence[Line]) -> list[Act]:
    """Enter the lines of a paper sheet 补录, the earliest first: all of them or none.

    Raises :class:`LinesRefused` with what is wrong with each line: an unknown receiver, times that
    are still to come, a line that looks like one entered before.
    """
    wrong: dict[int, UserError] = {}
    done: list[Act] = []
    for place, line in sorted(enumerate(lines), key=lambda pair: pair[1].began):
        try:
            with s.begin_nested():
                act = _write_line(s, unit_id, line)
        except UserError as error:
            wrong[place] = error
        else:
            done.extend([act] if act else [])
    if wrong:
        raise LinesRefused(wrong)
    return done


def _write_line(s: CompanySession, unit_id: uuid.UUID, line: Line) -> Act | None:
    now = clock.now()
    if line.kind not in KINDS:
        raise UserError(_("Please choose what it was."), field="kind")
    if line.began > now:
        raise UserError(_("This time is still to come."), field="began")
    if line.began < now - OLDEST:
        raise UserError(
            _("Older than %(n)s days: such entries are imported.", n=OLDEST.days), field="began"
        )
    if line.ended is not None and line.ended < line.began:
        raise UserError(_("The end lies before the beginning."), field="ended")
    locked = live.lock_floor(s, unit_id)
    customer, is_new, label = arrivals.registered(s, unit_id, line.person)
    if not line.sure:
        _must_be_another(s, unit_id, line, customer)
    if line.kind == "call":
        s.flush()
        return customers.log_contact(
            s,
            customer.id,
            "call",
            staff_id=line.staff_id,
            note=line.need,
            occurred_at=line.began,
        )
    tz = live.tz_of(s, unit_id)
    visit_id = uuid7()
    fields: dict[str, object] = {
        "customers": [str(customer.id)],
        "visit": str(visit_id),
        "rep": str(line.staff_id),
        "began": live.local_text(line.began, tz),
        "by": s.actor.name,
    }
    if line.ended is not None:
        fields["ended"] = live.local_text(line.ended, tz)
    told = {"label": label, "people": line.people, "need": line.need.strip()}
    act = live.act(
        s,
        unit_id,
        "paper",
        fields,
        extra=told,
        fresh=[customer] if is_new else (),
        occurred_at=line.began,
        locked=locked,
    )
    if line.ended is not None and customer.party_id is not None:
        contacts.log(
            s,
            "visit",
            party_id=customer.party_id,
            staff_id=line.staff_id,
            unit_id=unit_id,
            occurred_at=line.began,
            note=line.need,
            source=live.PLUGIN,
            subject=RecordRef(live.PLUGIN, "visit", visit_id),
        )
    return act


def _must_be_another(s: CompanySession, unit_id: uuid.UUID, line: Line, customer: Customer) -> None:
    """Refuse a line that looks like a reception that is known: same customer, or same receiver,
    at the same time. The person may say that it is another one."""
    if line.kind != "visit":
        return
    until = line.ended or clock.now()
    overlaps = (
        Visit.arrived_at <= until,
        or_(Visit.ended_at.is_(None), Visit.ended_at >= line.began),
    )
    guest_of = select(VisitGuest.visit_id).where(VisitGuest.customer_id == customer.id)
    same = or_(
        Visit.customer_id == customer.id,
        Visit.id.in_(guest_of),
        Visit.staff_id == line.staff_id,
    )
    with s.no_autoflush:
        known = s.scalars(
            select(Visit)
            .where(
                Visit.unit_id == unit_id,
                Visit.state.in_(("reception", "ended")),
                Visit.arrived_at >= line.began - timedelta(hours=12),
                *overlaps,
                same,
            )
            .order_by(Visit.arrived_at)
            .limit(1)
        ).first()
    if known is None:
        return
    values = {
        "time": clock.local(known.arrived_at, live.tz_of(s, unit_id)).strftime("%H:%M"),
        "who": known.label or _("Visitor no. %(n)s", n=known.number),
    }
    if known.customer_id == customer.id:
        text = _("This visit stands already, from %(time)s (%(who)s).", **values)
    else:
        text = _("The receiver was with %(who)s at that time, from %(time)s.", **values)
    raise UserError(
        text + " " + _("Tick “another one” if it is not the same."), field="sure", code="known"
    )
