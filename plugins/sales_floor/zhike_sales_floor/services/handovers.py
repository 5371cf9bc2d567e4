"""Long leave and leavers 交接: what a rep holds, who gets it, the list to sign, and giving back.

A hand-over is prepared first: list and seed of the draw are fixed and shown, so that nobody can
draw until it suits him. Doing it is the engine's ``leave``; it is not undone: whoever comes back
gets customers only by an explicit act, customer by customer.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from zhike.api import (
    N_,
    CompanySession,
    Conflict,
    UserError,
    _,
    clock,
    inbox,
    ledger,
    numbering,
    organisation,
    policies,
)
from zhike_sales_floor.models import Customer, Deal, Ticket, Visit
from zhike_sales_floor.models_cases import Docket, DocketParty, Handover
from zhike_sales_floor.rules import state as st
from zhike_sales_floor.rules.ownership import draw
from zhike_sales_floor.services import floor, live
from zhike_sales_floor.services.live import Act

METHODS = ("draw", "list")


@dataclass(frozen=True)
class Holding:
    """What a rep holds at a site now; ids, the oldest first."""

    customers: Sequence[uuid.UUID]
    closed: int
    follow_ups: int
    visits: Sequence[Visit]
    tickets: int
    deals: Sequence[Deal]
    dockets: Sequence[Docket]


def holding(s: CompanySession, unit_id: uuid.UUID, staff_id: uuid.UUID) -> Holding:
    """Customers, receptions, owed turns, follow-ups, deals in progress and disputes of a rep."""
    mine = (Customer.unit_id == unit_id, Customer.owner_id == staff_id)
    counts = s.execute(
        select(func.count(Customer.closed_on), func.count(Customer.follow_up_on)).where(*mine)
    ).one()
    visits = s.scalars(
        select(Visit).where(
            Visit.unit_id == unit_id,
            Visit.staff_id == staff_id,
            Visit.state.in_(("reception", "calling_owner")),
        )
    ).all()
    tickets = s.scalar(
        select(func.count(Ticket.id)).where(
            Ticket.unit_id == unit_id, Ticket.staff_id == staff_id, Ticket.ended_at.is_(None)
        )
    )
    deals = s.scalars(
        select(Deal)
        .join(Customer, Customer.id == Deal.customer_id)
        .where(*mine, Deal.state == "reserved")
        .order_by(Deal.id)
        .limit(200)
    ).all()
    dockets = s.scalars(
        select(Docket)
        .join(DocketParty, DocketParty.docket_id == Docket.id)
        .where(
            Docket.unit_id == unit_id, DocketParty.staff_id == staff_id, Docket.state != "closed"
        )
        .order_by(Docket.id)
    ).all()
    return Holding(
        floor.owned_by(s, unit_id, staff_id),
        counts[0],
        counts[1],
        visits,
        tickets or 0,
        deals,
        dockets,
    )


def long_from(s: CompanySession, unit_id: uuid.UUID) -> int | None:
    """From how many days on a leave is long under the policy in force; None for never."""
    resolved = policies.in_force(s, live.PLUGIN, unit_id, clock.now())
    days = resolved.policy.get("reassign.long_leave_days")
    return None if days is None else int(days)


def prepare(
    s: CompanySession,
    unit_id: uuid.UUID,
    staff_id: uuid.UUID,
    why: str,
    *,
    days: int | None = None,
    reason: str = "",
    method: str = "draw",
    receivers: Sequence[uuid.UUID] = (),
) -> Handover:
    """Fix the list, who may receive, and the seed of the draw; nothing happens on the floor yet.

    ``method`` is ``draw`` 抽签 or ``list`` 指定 (the new owners are named before it is done). An
    older preparation of the same rep is dropped, which the ledger says: a second seed shows.
    """
    if why not in ("long_leave", "transferred", "resigned"):
        raise UserError(_("Please choose the reason."), field="why")
    if method not in METHODS:
        raise UserError(_("Please choose how the customers are given."), field="method")
    locked = live.lock_floor(s, unit_id)
    rep = live.load_floor(locked).reps.get(str(staff_id))
    if rep is not None and rep.state == st.LEFT:
        raise Conflict(_("This rep has left the team."), code="left")
    for older in s.scalars(
        select(Handover).where(
            Handover.unit_id == unit_id,
            Handover.staff_id == staff_id,
            Handover.state == "prepared",
        )
    ):
        drop(s, older.id)
    limit = long_from(s, unit_id)
    short = why == "long_leave" and days is not None and limit is not None and days < limit
    customers = [] if short else floor.owned_by(s, unit_id, staff_id)
    chosen = [one for one in floor.reps_of(s, unit_id) if one != staff_id]
    if receivers:
        chosen = [one for one in chosen if one in receivers]
    if customers and not chosen:
        raise UserError(_("Please choose who receives the customers."), field="receivers")
    row = Handover(
        unit_id=unit_id,
        staff_id=staff_id,
        number=numbering.take(s, "sales_floor.handover", unit_id, organisation.today(s, unit_id)),
        why=why,
        days=days,
        reason=reason.strip(),
        method=method,
        seed=uuid.uuid4().hex if method == "draw" else "",
        receivers=[str(one) for one in chosen],
        lines=[{"customer": str(one), "to": ""} for one in customers],
        by=s.actor.name,
    )
    s.add(row)
    if method == "draw" and customers:
        row.lines = _drawn(row)
    s.flush()
    ledger.append(
        s,
        "sales_floor.handover_prepared",
        object=f"{live.PLUGIN}:handover:{row.id}",
        body={"number": row.number, "method": method, "seed": row.seed, "n": len(customers)},
        reason=row.reason,
    )
    return row


def _drawn(row: Handover) -> list[dict[str, str]]:
    listed = [line["customer"] for line in row.lines]
    result = draw(row.seed, listed, row.receivers)
    return [{"customer": one, "to": result[one]} for one in listed]


def give(s: CompanySession, handover_id: uuid.UUID, to: Mapping[uuid.UUID, uuid.UUID]) -> Handover:
    """Name the new owner of each customer of a prepared list 指定."""
    row = _prepared(s, handover_id)
    if row.method != "list":
        raise Conflict(_("The customers of this hand-over are drawn."))
    if any(str(one) not in row.receivers for one in to.values()):
        raise UserError(_("Please choose who receives the customers."), field="to")
    row.lines = [
        {**line, "to": str(to.get(uuid.UUID(line["customer"]), line["to"]))} for line in row.lines
    ]
    s.flush()
    return row


def _prepared(s: CompanySession, handover_id: uuid.UUID) -> Handover:
    row = s.require(Handover, handover_id)
    if row.state != "prepared":
        raise Conflict(_("This hand-over is done or dropped already."))
    return row


def drop(s: CompanySession, handover_id: uuid.UUID) -> Handover:
    """Give a preparation up; the rep stays, the ledger keeps the seed."""
    row = _prepared(s, handover_id)
    row.state = "dropped"
    ledger.append(
        s,
        "sales_floor.handover_dropped",
        object=f"{live.PLUGIN}:handover:{row.id}",
        body={"number": row.number, "seed": row.seed},
    )
    s.flush()
    return row


def carry_out(s: CompanySession, handover_id: uuid.UUID) -> Act:
    """Do what was prepared: the rep leaves the ring, tickets go, the customers get new owners.

    Raises Conflict where the rep's customers are not the prepared ones any more: what was shown is
    what happens, or nothing.
    """
    row = s.require(Handover, handover_id)
    live.lock_floor(s, row.unit_id)
    row = _prepared(s, handover_id)
    held = holding(s, row.unit_id, row.staff_id)
    listed = [line["customer"] for line in row.lines]
    limit = long_from(s, row.unit_id)
    short = row.why == "long_leave" and row.days is not None and limit and row.days < limit
    if not short and listed != [str(one) for one in held.customers]:
        raise Conflict(
            _("The customers have changed since this was prepared; please prepare it again."),
            code="stale",
        )
    if any(not line["to"] for line in row.lines):
        raise UserError(_("Every customer needs a new owner."), field="to")
    fields: dict[str, Any] = {
        "rep": str(row.staff_id),
        "reason": row.why,
        "customers": listed,
        "by": s.actor.name,
    }
    if row.days is not None:
        fields["days"] = row.days
    if row.method == "draw":
        fields |= {"seed": row.seed, "receivers": list(row.receivers)}
    else:
        fields["result"] = {line["customer"]: line["to"] for line in row.lines}
    row.holding = {
        "tickets": held.tickets,
        "follow_ups": held.follow_ups,
        "visits": [str(one.id) for one in held.visits],
        "deals": [str(one.id) for one in held.deals],
        "dockets": [str(one.id) for one in held.dockets],
    }
    done = live.act(s, row.unit_id, "leave", fields, reason=row.reason or row.why)
    row.state, row.done_by, row.done_at, row.seq = "done", s.actor.name, done.at, done.seq
    s.flush()
    for who in {line["to"] for line in row.lines}:
        inbox.notify(
            s,
            uuid.UUID(who),
            "sales_floor.handed_over",
            N_("%(n)s customers were handed over to you: %(number)s"),
            values={
                "n": sum(1 for line in row.lines if line["to"] == who),
                "number": row.number,
            },
            link="/p/sales_floor/customers",
            once=f"handover:{row.id}:{who}",
        )
    return done


def at_once(
    s: CompanySession,
    unit_id: uuid.UUID,
    staff_id: uuid.UUID,
    why: str,
    *,
    days: int | None = None,
    reason: str = "",
) -> Act:
    """Prepare a hand-over by draw and do it in one go, for callers who need no preview."""
    row = prepare(s, unit_id, staff_id, why, days=days, reason=reason)
    return carry_out(s, row.id)


def returnable(s: CompanySession, row: Handover) -> dict[uuid.UUID, str]:
    """For each customer of a done hand-over why he cannot be given back; ``""`` where he can."""
    ids = [uuid.UUID(line["customer"]) for line in row.lines]
    rows = {one.id: one for one in s.scalars(select(Customer).where(Customer.id.in_(ids)))}
    found = {}
    for line in row.lines:
        customer = rows[uuid.UUID(line["customer"])]
        if line.get("returned"):
            why = _("given back already")
        elif customer.merged_into is not None:
            why = _("merged with another record")
        elif customer.owner_id is None or str(customer.owner_id) != line["to"]:
            why = _("belongs to somebody else meanwhile")
        elif customer.closed_on is not None:
            why = _("has signed")
        else:
            why = ""
        found[customer.id] = why
    return found


def give_back(
    s: CompanySession, handover_id: uuid.UUID, customer_ids: Sequence[uuid.UUID], reason: str
) -> Act:
    """Whoever came back gets customers again, those named and no others.

    He has to be on the roster again. Raises Conflict for one who has signed or belongs to somebody
    else meanwhile.
    """
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    row = s.require(Handover, handover_id)
    if row.state != "done":
        raise Conflict(_("This hand-over has not been done."))
    if not customer_ids:
        raise UserError(_("Please choose the customers."), field="customers")
    locked = live.lock_floor(s, row.unit_id)
    rep = live.load_floor(locked).reps.get(str(row.staff_id))
    if rep is None or rep.state == st.LEFT:
        raise Conflict(_("He has to join the roster and sign in first."), code="left")
    hindered = returnable(s, row)
    if any(hindered.get(one, "-") for one in customer_ids):
        raise Conflict(_("One of these customers cannot be given back any more."), code="stale")
    fields = {
        "customers": [str(one) for one in customer_ids],
        "result": {str(one): str(row.staff_id) for one in customer_ids},
        "by": s.actor.name,
    }
    done = live.act(s, row.unit_id, "reassign", fields, reason=reason.strip())
    given = {str(one) for one in customer_ids}
    row.lines = [
        {**line, "returned": done.at.isoformat()} if line["customer"] in given else line
        for line in row.lines
    ]
    s.flush()
    return done


def of_unit(
    s: CompanySession, unit_id: uuid.UUID, *, after: str = "", limit: int = 25
) -> tuple[list[Handover], str]:
    """A page of a site's hand-overs, the newest first, and the cursor of the next page."""
    query = select(Handover).where(Handover.unit_id == unit_id)
    try:
        cursor = uuid.UUID(after) if after else None
    except ValueError:
        cursor = None
    if cursor is not None:
        query = query.where(Handover.id < cursor)
    rows = list(s.scalars(query.order_by(Handover.id.desc()).limit(limit + 1)))
    more = len(rows) > limit
    return rows[:limit], str(rows[limit - 1].id) if more else ""
