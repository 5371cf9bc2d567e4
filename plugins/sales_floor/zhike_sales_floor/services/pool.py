"""The public pool 公海: customers whom nobody owns, given back, listed and claimed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from zhike.api import (
    N_,
    CompanySession,
    Conflict,
    Party,
    UserError,
    _,
    inbox,
    organisation,
    settings,
)
from zhike_sales_floor.models import Customer
from zhike_sales_floor.models_cases import PoolEntry
from zhike_sales_floor.services import live
from zhike_sales_floor.services.live import Act, Work


@dataclass(frozen=True)
class Line:
    """A customer in the pool, and how he came there; ``former_id`` owned him before."""

    id: uuid.UUID
    name: str
    phone: str
    grade: str
    first_visit_on: date | None
    last_contact_on: date | None
    former_id: uuid.UUID | None
    why: str
    reason: str
    since: datetime | None


def release(s: CompanySession, customer_ids: Sequence[uuid.UUID], reason: str) -> Act:
    """Give customers of one site back to everybody 退回公海, by their owner or a manager.

    Raises Conflict for one who has a deal that stands or is on the floor now.
    """
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    rows = [s.require(Customer, one) for one in customer_ids]
    former = {row.id: row.owner_id for row in rows}
    fields = {
        "customers": [str(row.id) for row in rows],
        "by": s.actor.name,
        "reason": reason.strip(),
    }
    done = live.act(s, rows[0].unit_id, "release", fields, reason=reason)
    for row in rows:
        owner = former[row.id]
        if owner is not None and owner != s.actor.staff_id:
            inbox.notify(
                s,
                owner,
                "sales_floor.moved",
                N_("A customer of yours was given back to the pool by %(name)s"),
                values={"name": s.actor.name},
                link=f"/p/sales_floor/floor/{row.unit_id}/pool",
                once=f"released:{row.id}:{done.seq}",
            )
    return done


def claim(s: CompanySession, customer_id: uuid.UUID, staff_id: uuid.UUID) -> Act:
    """A rep takes a customer out of the pool 认领 and owns him from now on.

    Raises Conflict where the day's number of claims is used up, or somebody else was quicker.
    """
    customer = s.require(Customer, customer_id)
    locked = live.lock_floor(s, customer.unit_id)  # two claims at once are counted one by one
    if left(s, customer.unit_id, staff_id) <= 0:
        raise Conflict(
            _(
                "The %(n)s claims of today are used up; more tomorrow.",
                n=settings.get(s, live.PLUGIN, "pool_claims_per_day"),
            ),
            code="limit",
        )
    fields: dict[str, object] = {
        "customer": str(customer_id),
        "rep": str(staff_id),
        "by": s.actor.name,
    }
    if settings.get(s, live.PLUGIN, "pool_lapsed"):
        fields["lapsed"] = True
    return live.act(s, customer.unit_id, "claim", fields, locked=locked)


def left(s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID) -> int:
    """How many customers a rep may still claim today."""
    today = organisation.today(s, unit_id)
    taken = s.scalar(
        select(func.count(PoolEntry.id)).where(
            PoolEntry.claimed_id == staff_id, PoolEntry.left_on == today
        )
    )
    return int(settings.get(s, live.PLUGIN, "pool_claims_per_day")) - int(taken or 0)


def listing(
    s: CompanySession, unit_id: uuid.UUID, *, lapsed: bool = False, after: str = "", limit: int = 25
) -> tuple[list[Line], str]:
    """A page of the pool, the newest customers first, and the cursor of the next page.

    ``lapsed`` lists those whose owner has been silent too long instead of those without an owner;
    nobody where the company does not let them be claimed. Visitors who never said who they are
    are left out: there is nobody to call.
    """
    if lapsed and not settings.get(s, live.PLUGIN, "pool_lapsed"):
        return [], ""
    query = (
        select(Customer, Party.name, Party.phone_masked)
        .join(Party, Party.id == Customer.party_id)
        .where(Customer.unit_id == unit_id, Customer.merged_into.is_(None))
    )
    if lapsed:
        query = query.where(Customer.protected_until < organisation.today(s, unit_id))
    else:
        query = query.where(Customer.owner_id.is_(None), Customer.closed_on.is_(None))
    try:
        cursor = uuid.UUID(after) if after else None
    except ValueError:
        cursor = None
    if cursor is not None:
        query = query.where(Customer.id < cursor)
    rows = s.execute(query.order_by(Customer.id.desc()).limit(limit + 1)).all()
    more, rows = len(rows) > limit, rows[:limit]
    entries = _entries(s, [row[0].id for row in rows])
    lines = []
    for customer, name, phone in rows:
        entry = entries.get(customer.id)
        lines.append(
            Line(
                customer.id,
                name or "",
                phone or "",
                customer.grade,
                customer.first_visit_on,
                customer.last_contact_on,
                customer.owner_id or (entry.former_id if entry else None),
                "lapsed" if customer.owner_id else entry.why if entry else "unowned",
                entry.reason if entry else "",
                entry.entered_at if entry else None,
            )
        )
    return lines, str(lines[-1].id) if more else ""


def _entries(s: CompanySession, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, PoolEntry]:
    """The open stay of each of these customers in the pool."""
    if not ids:
        return {}
    found = s.scalars(
        select(PoolEntry).where(PoolEntry.customer_id.in_(ids), PoolEntry.left_at.is_(None))
    )
    return {entry.customer_id: entry for entry in found}


def project(s: CompanySession, work: Work) -> None:
    """Write who came into the pool by this step, and who left it, however that came about."""
    verb = str(work.event["event"])
    for key in work.step.changed:
        before, after = work.before.customers.get(key), work.step.state.customers[key]
        if before is None or before.owner == after.owner or after.merged_into:
            continue
        if not after.owner:
            s.add(
                PoolEntry(
                    unit_id=work.floor.id,
                    customer_id=uuid.UUID(key),
                    former_id=uuid.UUID(before.owner),
                    why="released" if verb == "release" else "struck",
                    reason=str(work.event.get("reason", "")),
                    by=str(work.event.get("by", "")) or s.actor.name,
                    entered_at=work.at,
                )
            )
        elif (not before.owner and before.owning) or verb == "claim":
            _leave(s, work, uuid.UUID(key), before.owner, after.owner)


def _leave(s: CompanySession, work: Work, customer_id: uuid.UUID, former: str, owner: str) -> None:
    verb = str(work.event["event"])
    entry = _entries(s, [customer_id]).get(customer_id)
    if entry is None:
        if verb != "claim":
            return
        entry = PoolEntry(
            unit_id=work.floor.id,
            customer_id=customer_id,
            former_id=uuid.UUID(former) if former else None,
            why="lapsed" if former else "unowned",
            entered_at=work.at,
        )
        s.add(entry)
    entry.left_at, entry.left_on, entry.left_how = work.at, work.day, verb
    entry.claimed_id = uuid.UUID(owner) if verb == "claim" else None
