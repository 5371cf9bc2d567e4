"""The ledger of performance points 业绩分 (SF-B-07): proposed by the engine, decided by people."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from zhike.api import CompanySession, Conflict, RecordRef, UserError, _, clock, ledger
from zhike_sales_floor.models_follow_up import Point
from zhike_sales_floor.services.live import PLUGIN

STATES = ("proposed", "confirmed", "waived")
PAGE = 50


@dataclass(frozen=True)
class PointPage:
    """A page of lines, newest first, with opaque cursors that are empty at either end."""

    lines: Sequence[Point]
    after: str = ""
    before: str = ""


def list_page(
    s: CompanySession,
    unit_id: uuid.UUID,
    *,
    state: str = "",
    rep: uuid.UUID | None = None,
    after: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
) -> PointPage:
    """Lines of a site, narrowed by state and person."""
    query = select(Point).where(Point.unit_id == unit_id)
    if state in STATES:
        query = query.where(Point.state == state)
    if rep is not None:
        query = query.where(Point.staff_id == rep)
    back = before is not None and after is None
    if after is not None:
        query = query.where(Point.id < after)
    elif before is not None:
        query = query.where(Point.id > before)
    rows = list(s.scalars(query.order_by(Point.id if back else Point.id.desc()).limit(PAGE + 1)))
    more, rows = len(rows) > PAGE, rows[:PAGE]
    if back:
        rows.reverse()
    if not rows:
        return PointPage(())
    has_next, has_previous = (True, more) if back else (more, after is not None)
    return PointPage(
        rows,
        after=str(rows[-1].id) if has_next else "",
        before=str(rows[0].id) if has_previous else "",
    )


def of_problem(s: CompanySession, problem_id: uuid.UUID) -> list[Point]:
    """Lines about one problem."""
    query = select(Point).where(Point.problem_id == problem_id)
    return list(s.scalars(query.order_by(Point.due_at)))


def totals(s: CompanySession, unit_id: uuid.UUID, rep: uuid.UUID | None = None) -> dict[str, int]:
    """Points by state."""
    query = select(Point.state, func.sum(Point.points)).where(Point.unit_id == unit_id)
    if rep is not None:
        query = query.where(Point.staff_id == rep)
    found = {row[0]: int(row[1] or 0) for row in s.execute(query.group_by(Point.state))}
    return {state: found.get(state, 0) for state in STATES}


def decide(
    s: CompanySession,
    point_id: uuid.UUID,
    state: str,
    *,
    by: uuid.UUID | None,
    reason: str = "",
) -> Point:
    """Confirm proposed points, waive them with a reason, or take such a decision back.

    ``by`` is who decides, never the person concerned. Nothing is deducted here: pay and ranking are
    other people's business, this says what stands.
    """
    point = s.require(Point, point_id)
    if by is not None and point.staff_id == by:
        raise Conflict(_("Somebody else decides about your own points."), code="own_points")
    if state not in STATES or (point.state != "proposed" and state != "proposed"):
        raise Conflict(_("This is decided already; take the decision back first."), code="decided")
    if point.state == state:
        raise Conflict(_("Nothing to do: it is so already."), code="nothing")
    if state != "confirmed" and not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    point.state, point.reason = state, reason.strip()
    decided = state != "proposed"
    point.decided_at = clock.now() if decided else None
    point.decided_by = s.actor.name if decided else ""
    action = "points_reopened" if not decided else f"points_{state}"
    ledger.append(
        s,
        f"{PLUGIN}.{action}",
        object=str(RecordRef(PLUGIN, "rep", point.staff_id)) if point.staff_id else "",
        body={"rule": point.rule, "points": point.points, "key": point.key},
        reason=point.reason,
    )
    s.flush()
    return point
