"""Households 关系 and batches: who belongs together, who received whom when, what the rules say."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from zhike.api import CompanySession, UserError, _
from zhike.rules import EventInvalid
from zhike_sales_floor.models import Customer, Visit, VisitGuest
from zhike_sales_floor.services import asking
from zhike_sales_floor.services.asking import Told

MOST = 30


@dataclass(frozen=True)
class Member:
    """Somebody of a household: how he is tied, to whom, and whether that is proven."""

    customer: Customer
    tie: str
    of: uuid.UUID | None
    proven: bool


@dataclass(frozen=True)
class Stay:
    """A reception of somebody of the household; ``together`` with others of it on the floor."""

    visit: Visit
    customers: Sequence[uuid.UUID]
    together: bool


@dataclass(frozen=True)
class Household:
    """A customer's relatives and friends, their receptions, and the credit if he signed now."""

    members: Sequence[Member]
    stays: Sequence[Stay]
    told: Told | None
    refused: str


def household(
    s: CompanySession, customer: Customer, *, owned_by: uuid.UUID | None = None
) -> Household:
    """Everybody tied to a customer, near and far, at most :data:`MOST`.

    With ``owned_by`` the explanation names in full only the customers of this staff member.
    """
    members: dict[uuid.UUID, Member] = {customer.id: Member(customer, "", None, True)}
    todo = [customer]
    while todo and len(members) < MOST:
        row = todo.pop(0)
        ties = {uuid.UUID(tie["other"]): tie for tie in row.facts.get("relations", ())}
        new = [one for one in ties if one not in members]
        for other in s.scalars(select(Customer).where(Customer.id.in_(new))):
            tie = ties[other.id]
            # The facts say what this one is of the other; the page reads the other way round.
            members[other.id] = Member(other, tie["kind"], row.id, bool(tie.get("proven", True)))
            todo.append(other)
    stays = _stays(s, list(members))
    clear = None
    if owned_by is not None:
        clear = {one for one, member in members.items() if member.customer.owner_id == owned_by}
    told, refused = _now(s, customer, clear)
    return Household(list(members.values()), stays, told, refused)


def _stays(s: CompanySession, ids: Sequence[uuid.UUID]) -> list[Stay]:
    guests = s.execute(
        select(VisitGuest.visit_id, VisitGuest.customer_id).where(VisitGuest.customer_id.in_(ids))
    ).all()
    of_guest = [row.visit_id for row in guests]
    visits = s.scalars(
        select(Visit)
        .where(Visit.customer_id.in_(ids) | Visit.id.in_(of_guest))
        .order_by(Visit.arrived_at)
        .limit(200)
    ).all()
    found = []
    for visit in visits:
        who = [visit.customer_id] if visit.customer_id in ids else []
        who += [row.customer_id for row in guests if row.visit_id == visit.id]
        together = any(_overlap(visit, other) for other in visits if other.id != visit.id)
        found.append(Stay(visit, [one for one in who if one is not None], together))
    return found


def _overlap(one: Visit, two: Visit) -> bool:
    """Whether two receptions were on the floor at the same time (SF-A-10)."""
    return (one.ended_at is None or two.arrived_at < one.ended_at) and (
        two.ended_at is None or one.arrived_at < two.ended_at
    )


def _now(
    s: CompanySession, customer: Customer, clear: Collection[uuid.UUID] | None
) -> tuple[Told | None, str]:
    """What the regulation would say of the credit, were this customer to sign now."""
    supposed = {"customer": str(customer.id), "deal": f"supposed-{customer.id}"}
    try:
        asked = asking.ask(s, customer.unit_id, [("close", supposed)])
    except (UserError, EventInvalid) as error:
        return None, str(error)
    decision = asking.last_of(asked, "credit")
    if decision is None or not decision.outcome.get("performance"):
        return None, _("No rule names anybody: a ruling is needed.")
    return asking.tell(s, decision, asked.policy, clear=clear), ""


@dataclass(frozen=True)
class Batch:
    """Parties that came together on a day under one word, the earliest first."""

    word: str
    visits: Sequence[Visit]
    first: datetime
    overlapping: bool


def batches(s: CompanySession, unit_id: uuid.UUID, on: date) -> list[Batch]:
    """The batches of a day: receptions that the desk marked with the same word (SF-A-10)."""
    rows = s.scalars(
        select(Visit)
        .where(Visit.unit_id == unit_id, Visit.day == on, Visit.relation != "")
        .order_by(Visit.arrived_at)
    )
    groups: dict[str, list[Visit]] = {}
    for visit in rows:
        groups.setdefault(visit.relation.strip(), []).append(visit)
    return [
        Batch(
            word,
            visits,
            visits[0].arrived_at,
            any(_overlap(one, two) for n, one in enumerate(visits) for two in visits[n + 1 :]),
        )
        for word, visits in groups.items()
    ]
