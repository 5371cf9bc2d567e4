"""Deals and their credit, from what the engine computed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from zhike.api import CompanySession, emit
from zhike_sales_floor import events
from zhike_sales_floor.models import Credit, Deal
from zhike_sales_floor.rules import state as st
from zhike_sales_floor.services.live import Work


def project(s: CompanySession, work: Work) -> None:
    """Write what one step computed, corrected or reversed; entries are only ever added."""
    outcome = work.step.outcome
    computed: Mapping[str, Any] = outcome.get("deals", {})
    reversed_ = list(outcome.get("reversed", ()))
    own = str(outcome.get("deal", ""))
    keys = {*computed, *reversed_, *([own] if own else [])}
    if not keys:
        return
    rows = {
        str(row.id): row
        for row in s.scalars(select(Deal).where(Deal.id.in_([uuid.UUID(k) for k in keys])))
    }
    for key in reversed_:
        _reverse(s, work, rows[key])
    for key, credit in computed.items():
        if credit.get("pending"):
            if key == own and work.event["event"] == "close":
                rows[key].state, rows[key].closed_at = "closed", work.at
            continue
        _book(s, work, rows[key], credit)
    if own and own in rows:
        row = rows[own]
        if work.event["event"] == "close" and row.state == "reserved" and own not in computed:
            row.reserved_at = row.reserved_at or work.at


def _reverse(s: CompanySession, work: Work, row: Deal) -> None:
    booked = _standing(s, row.id)
    for staff, (performance, commission) in booked.items():
        s.add(
            Credit(
                deal_id=row.id,
                staff_id=staff,
                entry="refund",
                performance=-performance,
                commission=-commission,
                rules=["G-31"],
                at=work.at,
            )
        )
    row.state, row.refunded_at = "refunded", work.at
    emit(
        s,
        events.DealRefunded(
            unit_id=str(work.floor.id), deal_id=str(row.id), customer_id=str(row.customer_id)
        ),
    )


def _standing(s: CompanySession, deal_id: uuid.UUID) -> dict[uuid.UUID | None, tuple[int, int]]:
    """What each rep has of a deal, all entries added up; nobody with nothing."""
    total: dict[uuid.UUID | None, tuple[int, int]] = {}
    for entry in s.scalars(select(Credit).where(Credit.deal_id == deal_id)):
        performance, commission = total.get(entry.staff_id, (0, 0))
        total[entry.staff_id] = (performance + entry.performance, commission + entry.commission)
    return {who: shares for who, shares in total.items() if any(shares)}


def _entries(s: CompanySession, deal_id: uuid.UUID) -> bool:
    return s.scalar(select(Credit.id).where(Credit.deal_id == deal_id).limit(1)) is not None


def _book(s: CompanySession, work: Work, row: Deal, credit: Mapping[str, Any]) -> None:
    wanted: dict[uuid.UUID | None, tuple[int, int]] = {}
    performance, commission = credit.get("performance", {}), credit.get("commission", {})
    for who in dict.fromkeys((*performance, *commission)):
        staff = None if who == st.DEPARTMENT else uuid.UUID(who)
        wanted[staff] = (int(performance.get(who, 0)), int(commission.get(who, 0)))
    # A deal that closed without an owner has no entries before a manager has ruled.
    first = row.closed_at is None or not _entries(s, row.id)
    standing = {} if first else _standing(s, row.id)
    if standing == wanted:
        return
    rules = list(credit.get("rules") or work.step.outcome.get("rules", ()))
    # A correction takes back what stood and books anew: entries are only ever added.
    for staff, (perf, comm) in standing.items():
        s.add(
            Credit(
                deal_id=row.id,
                staff_id=staff,
                entry="correction",
                performance=-perf,
                commission=-comm,
                rules=rules,
                at=work.at,
            )
        )
    for staff, (perf, comm) in wanted.items():
        s.add(
            Credit(
                deal_id=row.id,
                staff_id=staff,
                entry="closing" if first else "correction",
                performance=perf,
                commission=comm,
                rules=rules,
                at=work.at,
            )
        )
    if decided := work.decided.get(str(row.id)):
        row.decision_id = decided
    if first:
        row.state, row.closed_at = "closed", row.closed_at or work.at
        emit(
            s,
            events.DealClosed(
                unit_id=str(work.floor.id),
                deal_id=str(row.id),
                customer_id=str(row.customer_id),
                amount_fen=row.amount_fen,
                performance={str(k): v for k, v in performance.items()},
            ),
        )
