"""What the sales office does by itself: reservations run out, whoever has to know is told."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

from sqlalchemy import select

from zhike.api import (
    N_,
    CompanySession,
    Conflict,
    DeadlineHandler,
    Job,
    Listener,
    NotificationType,
    Staff,
    access,
    clock,
    deadlines,
    inbox,
    organisation,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.events import HouseChanged, RefundAsked, ReservationExpired
from zhike_sales_floor.models import Customer, Deal
from zhike_sales_floor.models_sales import House
from zhike_sales_floor.services import deals, live, payments, sales

#: When a site's day is closed, a reservation that ran out is tried again so much later.
AGAIN = timedelta(minutes=30)


def ran_out(s: CompanySession, deadline: Any) -> None:
    """Free the house of a small reservation that is over; later, where the site is closed now."""
    try:
        sales.expire(s, uuid.UUID(deadline.data["deal"]))
    except Conflict as error:
        if error.code != "day_closed":
            raise
        base, again = str(deadline.subject).removesuffix(":again"), ":again"
        deadlines.schedule(
            s,
            deals.RESERVATION,
            base if str(deadline.subject).endswith(again) else base + again,
            clock.now() + AGAIN,
            data=dict(deadline.data),
        )


def holders(s: CompanySession, permission: str, unit_id: uuid.UUID) -> Iterator[uuid.UUID]:
    """Staff members to whom a role gives a permission at a site; administrators hold all."""
    query = select(Staff.id, Staff.user_id).where(
        Staff.status == "active", Staff.user_id.is_not(None)
    )
    for row in s.execute(query):
        principal = access.principal_for(s, row.user_id, frozenset({live.PLUGIN}))
        answer = principal.can(permission, unit_id)
        if answer and answer.why == "role":
            yield row.id


def tell_control(s: CompanySession, event: HouseChanged) -> None:
    """Tell whoever keeps the sales control 总销控 at once (SF-D-56), but not who did it."""
    unit_id = uuid.UUID(event.unit_id)
    house = s.find(House, uuid.UUID(event.house_id))
    if house is None:
        return
    for staff_id in holders(s, may.SALES_CONTROL, unit_id):
        if str(staff_id) == event.staff_id:
            continue
        inbox.notify(
            s,
            staff_id,
            "sales_floor.house",
            _CONTROL.get(event.kind, N_("%(code)s has changed")),
            values={"code": house.code},
            link=f"/p/sales_floor/floor/{event.unit_id}/houses/{event.house_id}",
        )


#: What the sales control is told, by what happened.
_CONTROL = {
    "reserved": N_("%(code)s: small reservation"),
    "subscribed": N_("%(code)s: subscribed"),
    "contracted": N_("%(code)s: contracted"),
    "held": N_("%(code)s: held back"),
    "released": N_("%(code)s: released, for sale again"),
    "sold": N_("%(code)s: sold elsewhere"),
    "given_back": N_("%(code)s: given back, for sale again"),
    "expired": N_("%(code)s: the reservation ran out, for sale again"),
    "swapped": N_("%(code)s: given back by a swap, for sale again"),
    "corrected": N_("%(code)s: given back by a correction, for sale again"),
}
assert set(_CONTROL) <= set(words.HOUSE_KINDS)


def tell_manager(s: CompanySession, event: RefundAsked) -> None:
    """Tell whoever may rule that a refund was asked for."""
    deal = s.find(Deal, uuid.UUID(event.deal_id))
    if deal is None or deal.asked_at is None:
        return
    for staff_id in holders(s, may.RULE, deal.unit_id):
        if str(staff_id) == event.staff_id:
            continue
        inbox.notify(
            s,
            staff_id,
            "sales_floor.refund_asked",
            N_("A refund is asked for: %(number)s"),
            values={"number": deal.number},
            link=_link(deal),
        )


def tell_expired(s: CompanySession, event: ReservationExpired) -> None:
    """Tell the rep that a small reservation ran out and the unit is free."""
    deal = s.find(Deal, uuid.UUID(event.deal_id))
    rep = _rep(s, deal) if deal is not None else None
    if deal is None or rep is None:
        return
    inbox.notify(
        s,
        rep,
        "sales_floor.reservation",
        N_("The small reservation of %(unit)s ran out; the unit is for sale again"),
        values={"unit": deal.property},
        link=_link(deal),
        once=f"expired:{deal.id}",
    )


def _link(deal: Deal) -> str:
    return f"/p/sales_floor/floor/{deal.unit_id}/deals/{deal.id}"


def _rep(s: CompanySession, deal: Deal) -> uuid.UUID | None:
    """Who follows a deal: who handles the papers, else the customer's owner."""
    if deal.staff_id is not None:
        return deal.staff_id
    customer = s.find(Customer, deal.customer_id)
    return customer.owner_id if customer is not None else None


def remind(s: CompanySession) -> None:
    """Each morning: reservations that run out today or tomorrow, and how many sums are overdue."""
    for unit in organisation.tree(s).sites:
        today = clock.local(clock.now(), unit.tz).date()
        ending = select(Deal).where(
            Deal.unit_id == unit.id,
            Deal.state == "reserved",
            Deal.reserved_until.between(today, today + timedelta(days=1)),
        )
        for deal in s.scalars(ending):
            rep = _rep(s, deal)
            if rep is not None:
                inbox.notify(
                    s,
                    rep,
                    "sales_floor.reservation",
                    N_("The small reservation of %(unit)s holds until %(day)s"),
                    values={"unit": deal.property, "day": str(deal.reserved_until)},
                    link=_link(deal),
                    once=f"ending:{deal.id}:{deal.reserved_until}",
                )
        late: dict[uuid.UUID, int] = {}
        for line in payments.due_list(s, unit.id, until=today - timedelta(days=1)):
            rep = _rep(s, line.deal)
            if rep is not None:
                late[rep] = late.get(rep, 0) + 1
        for rep, number in late.items():
            inbox.notify(
                s,
                rep,
                "sales_floor.overdue",
                N_("%(n)s sums of your deals are overdue"),
                values={"n": number},
                link=f"/p/sales_floor/floor/{unit.id}/payments?due=overdue",
                once=f"overdue:{unit.id}:{today.isoformat()}",
            )


LISTENERS = (
    Listener(
        name="sales_floor.tell_control", event="sales_floor.house_changed", handle=tell_control
    ),
    Listener(
        name="sales_floor.tell_manager", event="sales_floor.refund_asked", handle=tell_manager
    ),
    Listener(
        name="sales_floor.tell_expired",
        event="sales_floor.reservation_expired",
        handle=tell_expired,
    ),
)

DEADLINES = (
    DeadlineHandler(kind=deals.RESERVATION, title=N_("A small reservation runs out"), fire=ran_out),
)

JOBS = (
    Job(
        name="sales_floor.payments",
        title=N_("Remind reps of reservations and sums due"),
        run=remind,
        daily_at=time(8, 40),
    ),
)

NOTIFICATIONS = (
    NotificationType(name="sales_floor.house", title=N_("The sales control has changed")),
    NotificationType(name="sales_floor.refund_asked", title=N_("A refund is asked for")),
    NotificationType(name="sales_floor.reservation", title=N_("A small reservation runs out")),
    NotificationType(name="sales_floor.overdue", title=N_("Sums of my deals are overdue")),
)
