"""Deadlines 期限: written with the business, fired once by whoever sweeps first."""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from zhike import clock
from zhike.contributions import DeadlineHandler
from zhike.db.session import SYSTEM, CompanySession, lock_row
from zhike.models.jobs import Deadline
from zhike.plugins.active import active_in
from zhike.site import Site

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)
MOST_TRIES = 8
BATCH = 1000
PAST_KEPT = timedelta(days=90)


@dataclass(frozen=True)
class Swept:
    """What a sweep did: how many fired, failed (will be tried again) or were left asleep."""

    fired: int = 0
    failed: int = 0
    asleep: int = 0


def schedule(
    s: CompanySession,
    kind: str,
    subject: str,
    due_at: datetime,
    *,
    data: Mapping[str, Any] | None = None,
) -> Deadline:
    """Set the running deadline of (kind, subject) to ``due_at``; moves it if one is running."""
    row = s.scalars(
        select(Deadline).where(
            Deadline.kind == kind, Deadline.subject == subject, Deadline.state == "running"
        )
    ).first()
    if row is None:
        row = Deadline(kind=kind, subject=subject, due_at=due_at, data=dict(data or {}))
        s.add(row)
    else:
        row.due_at = due_at
        row.data = dict(data or {})
        row.attempt, row.lease_until, row.last_error = 0, None, ""
    s.flush()
    return row


def cancel(s: CompanySession, kind: str, subject: str) -> bool:
    """Stop the running deadline of (kind, subject); says whether there was one."""
    found = s.scalars(
        select(Deadline).where(
            Deadline.kind == kind, Deadline.subject == subject, Deadline.state == "running"
        )
    ).first()
    if found is None:
        return False
    found.state = "cancelled"
    s.flush()
    return True


def prune(s: CompanySession) -> int:
    """Remove deadlines that fired, or were cancelled and would have been due, :data:`PAST_KEPT`
    ago; returns how many. A daily job of each company.

    One that was given up stays: somebody still has to look at it.
    """
    over = func.coalesce(Deadline.fired_at, Deadline.due_at) < clock.now() - PAST_KEPT
    gone = s.execute(
        delete(Deadline)
        .where(Deadline.state.in_(("fired", "cancelled")), over)
        .returning(Deadline.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def sweep(site: Site, now: datetime | None = None) -> Swept:
    """Fire every deadline that is due at ``now`` (default: the clock), each once in effect.

    Ids are claimed across companies in one short transaction; each deadline is then worked in a
    session of its company, its effects and its mark in the same transaction. One that raises is
    tried again later, at most :data:`MOST_TRIES` times. A deadline of a plugin that is switched
    off sleeps until it is on again.
    """
    moment = now or clock.now()
    fired = failed = asleep = 0
    while True:
        claimed = _claim(site, moment)
        for company_id, deadline_id in claimed:
            outcome = _fire(site, company_id, deadline_id, moment)
            fired += outcome == "fired"
            failed += outcome == "failed"
            asleep += outcome == "asleep"
        if len(claimed) < BATCH:
            return Swept(fired, failed, asleep)


def _claim(site: Site, now: datetime) -> list[tuple[int, uuid.UUID]]:
    with site.unscoped("deadline sweep claims what is due") as s:
        due = s.execute(
            select(Deadline.company_id, Deadline.id)
            .where(
                Deadline.state == "running",
                Deadline.due_at <= now,
                or_(Deadline.lease_until.is_(None), Deadline.lease_until < now),
            )
            .order_by(Deadline.due_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for row in due:
            s.execute(
                update(Deadline)
                .where(Deadline.company_id == row.company_id, Deadline.id == row.id)
                .values(lease_until=now + LEASE, attempt=Deadline.attempt + 1)
                .execution_options(synchronize_session=False)
            )
        return [(row.company_id, row.id) for row in due]


def _fire(site: Site, company_id: int, deadline_id: uuid.UUID, now: datetime) -> str:
    try:
        with site.transaction(company_id, SYSTEM) as s:
            row = lock_row(s, Deadline, deadline_id)
            if row.state != "running" or row.due_at > now:
                return "gone"  # fired, cancelled or moved between claim and lock
            handler = site.plugins.registry.get(DeadlineHandler, row.kind)
            if handler is None or not active_in(s).has(handler.owner):
                # Leased, not failed: it is looked at again once its plugin may be back.
                row.attempt = 0
                row.lease_until = now + timedelta(minutes=10)
                return "asleep"
            handler.value.fire(s, row)
            row.state, row.fired_at, row.last_error = "fired", now, ""
        return "fired"
    except Exception:  # one handler's failure must not stop the sweep of everybody's deadlines
        log.exception("deadline %s of company %s failed", deadline_id, company_id)
        _note_failure(site, company_id, deadline_id, now, traceback.format_exc(limit=8))
        return "failed"


def _note_failure(
    site: Site, company_id: int, deadline_id: uuid.UUID, now: datetime, error: str
) -> None:
    with site.transaction(company_id, SYSTEM) as s:
        row = lock_row(s, Deadline, deadline_id)
        if row.state != "running":
            return  # cancelled meanwhile: nothing is left to try again
        row.last_error = error[-4000:]
        if row.attempt >= MOST_TRIES:
            row.state = "failed"
        else:
            row.lease_until = now + timedelta(seconds=30 * 2**row.attempt)
