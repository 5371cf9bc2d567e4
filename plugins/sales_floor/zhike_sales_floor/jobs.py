"""What happens by itself: calls that ran out are settled, reps are told what concerns them."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select

from zhike.api import (
    N_,
    CompanySession,
    DeadlineHandler,
    Job,
    Listener,
    NotificationType,
    clock,
    deadlines,
    inbox,
    organisation,
)
from zhike_sales_floor.events import CustomerMoved, OwnerCalled, OwnerComing, VisitAssigned
from zhike_sales_floor.models import Customer, Visit
from zhike_sales_floor.services import dockets, floor, follow_up_jobs

CALL = "sales_floor.owner_call"


def call_ran_out(s: CompanySession, deadline: Any) -> None:
    """Let the engine settle a call whose time is over, unless it is settled already."""
    unit_id = uuid.UUID(deadline.data["unit"])
    known = floor.floor_state(s, unit_id)
    visit = known[1].visits.get(str(deadline.subject).rsplit(":", 1)[-1]) if known else None
    if visit is not None and visit.call is not None:
        floor.tick(s, unit_id)


def _watch(s: CompanySession, unit_id: str, visit_id: str, due: str) -> None:
    """One deadline per party; at the instant itself the answer is still in time (CV-3)."""
    deadlines.schedule(
        s,
        CALL,
        f"sales_floor:visit:{visit_id}",
        datetime.fromisoformat(due) + timedelta(seconds=1),
        data={"unit": unit_id},
    )


def watch_return(s: CompanySession, event: OwnerComing) -> None:
    """Set the deadline by which the rep who accepted has to be there."""
    _watch(s, event.unit_id, event.visit_id, event.return_by)


def watch_call(s: CompanySession, event: OwnerCalled) -> None:
    """Set the deadline of a call, and tell the owner that he is wanted."""
    _watch(s, event.unit_id, event.visit_id, event.answer_by)
    inbox.notify(
        s,
        uuid.UUID(event.staff_id),
        "sales_floor.called",
        N_("Your customer is at the desk. Are you coming?"),
        link="/p/sales_floor/me",
        once=f"call:{event.visit_id}",
    )


def tell_rep(s: CompanySession, event: VisitAssigned) -> None:
    """Tell a rep that a visitor is his."""
    visit = s.find(Visit, uuid.UUID(event.visit_id))
    label = visit.label if visit is not None else ""
    inbox.notify(
        s,
        uuid.UUID(event.staff_id),
        "sales_floor.assigned",
        N_("A visitor is yours: %(name)s"),
        values={"name": label or (f"#{visit.number}" if visit is not None else "")},
        link="/p/sales_floor/me",
        once=f"assigned:{event.visit_id}:{event.staff_id}",
    )


def tell_former(s: CompanySession, event: CustomerMoved) -> None:
    """Tell the former owner that a customer has passed to somebody else."""
    names = organisation.staff_names(s)
    inbox.notify(
        s,
        uuid.UUID(event.from_staff_id),
        "sales_floor.moved",
        N_("A customer of yours has passed to %(name)s"),
        values={"name": names.get(uuid.UUID(event.to_staff_id), "")},
        link=f"/p/sales_floor/floor/{event.unit_id}/customers/{event.customer_id}",
        once=f"moved:{event.customer_id}:{event.seq}",
    )


def remind(s: CompanySession) -> None:
    """Each morning: one notice per rep with the follow-ups that are due."""
    for unit in organisation.tree(s).sites:
        today = clock.local(clock.now(), unit.tz).date()
        rows = s.execute(
            select(Customer.owner_id, func.count())
            .where(
                Customer.unit_id == unit.id,
                Customer.owner_id.is_not(None),
                Customer.follow_up_on <= today,
            )
            .group_by(Customer.owner_id)
        ).all()
        for owner_id, number in rows:
            if owner_id is None:
                continue
            inbox.notify(
                s,
                owner_id,
                "sales_floor.follow_up",
                N_("%(n)s follow-ups are due"),
                values={"n": number},
                link="/p/sales_floor/me",
                once=f"follow_up:{unit.id}:{today.isoformat()}",
            )


LISTENERS = (
    Listener(name="sales_floor.watch_call", event="sales_floor.owner_called", handle=watch_call),
    Listener(
        name="sales_floor.watch_return", event="sales_floor.owner_coming", handle=watch_return
    ),
    Listener(name="sales_floor.tell_rep", event="sales_floor.visit_assigned", handle=tell_rep),
    Listener(
        name="sales_floor.tell_former", event="sales_floor.customer_moved", handle=tell_former
    ),
)

DEADLINES = (
    DeadlineHandler(kind=CALL, title=N_("A called owner has not answered"), fire=call_ran_out),
    DeadlineHandler(
        kind=dockets.APPEAL, title=N_("The days for an appeal are over"), fire=dockets.appeal_over
    ),
    *follow_up_jobs.DEADLINES,
)

JOBS = (
    Job(
        name="sales_floor.remind",
        title=N_("Remind reps of follow-ups"),
        run=remind,
        daily_at=time(8, 30),
    ),
    *follow_up_jobs.JOBS,
)

NOTIFICATIONS = (
    NotificationType(name="sales_floor.assigned", title=N_("A visitor is mine")),
    NotificationType(name="sales_floor.called", title=N_("My customer is at the desk")),
    NotificationType(name="sales_floor.moved", title=N_("A customer has left me")),
    NotificationType(name="sales_floor.follow_up", title=N_("Follow-ups are due")),
    NotificationType(name="sales_floor.docket", title=N_("A dispute concerns me")),
    NotificationType(name="sales_floor.handed_over", title=N_("Customers were handed over to me")),
    *follow_up_jobs.NOTIFICATIONS,
)
