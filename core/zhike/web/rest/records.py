"""Operations on what was decided and written: decisions and the ledger."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field
from sqlalchemy import select

from zhike.errors import NotFound
from zhike.i18n import _
from zhike.models.decision import DecisionRecord
from zhike.models.ledger import LedgerLine
from zhike.services import decisions
from zhike.web.context import current, reading
from zhike.web.rest.reading import Answered, Limit, Strict


class CiteOut(Answered):
    """A rule that took part, and what it did."""

    rule: str
    effect: str
    facts: dict[str, Any]


class DecisionOut(Answered):
    """A decision as it was recorded."""

    id: uuid.UUID
    plugin: str
    engine: str
    kind: str
    subject: str
    unit_id: uuid.UUID | None
    at: datetime
    mode: str
    followed: bool | None
    outcome: dict[str, Any]
    cites: list[CiteOut]
    policy_version_id: uuid.UUID | None


class DecisionsIn(Strict):
    """Which decisions: of one record, or of a span of days (both ends included)."""

    subject: Annotated[str, Field(max_length=200)] | None = None
    since: date | None = None
    until: date | None = None
    rule: Annotated[str, Field(max_length=40)] | None = None
    deviating: bool = False
    limit: Limit = 50


class DecisionsOut(Answered):
    """Decisions one may see, at units within one's reach."""

    items: list[DecisionOut]


def _decision_out(row: DecisionRecord) -> DecisionOut:
    return DecisionOut(
        id=row.id,
        plugin=row.plugin,
        engine=row.engine,
        kind=row.kind,
        subject=row.subject,
        unit_id=row.unit_id,
        at=row.at,
        mode=row.mode,
        followed=row.followed,
        outcome=row.outcome,
        cites=[CiteOut(rule=c["rule"], effect=c["effect"], facts=c["facts"]) for c in row.cites],
        policy_version_id=row.policy_version_id,
    )


def _may_read(row: DecisionRecord) -> bool:
    who = current()
    if row.plugin != "core" and row.plugin not in who.active:
        return False
    return bool(who.can("core.decision.view", row.unit_id))


def decision_list(body: DecisionsIn) -> DecisionsOut:
    """Decisions about one record, oldest first, or by day, newest first."""
    s = reading()
    if body.subject is not None:
        rows = decisions.list_for(s, body.subject)
    else:
        reach = current().principal.reach("core.decision.view")
        rows = decisions.search(
            s,
            unit_ids=None if reach.everything else reach.units,
            since=body.since,
            until=body.until,
            rule=body.rule,
            deviating=body.deviating,
            limit=body.limit,
        )
    return DecisionsOut(items=[_decision_out(r) for r in rows if _may_read(r)][: body.limit])


def decision_get(decision_id: uuid.UUID) -> DecisionOut:
    """One decision."""
    row = decisions.get(reading(), decision_id)
    if not _may_read(row):
        raise NotFound(_("This record does not exist."))
    return _decision_out(row)


class LedgerIn(Strict):
    """Which lines of the ledger, newest first; ``before`` is a number (seq)."""

    action: Annotated[str, Field(max_length=100)] | None = None
    object: Annotated[str, Field(max_length=200)] | None = None
    since: AwareDatetime | None = None
    before: Annotated[int, Field(ge=1, le=2**53)] | None = None
    limit: Limit = 50


class LineOut(Answered):
    """A line of the ledger with its link to the one before (hexadecimal SHA-256)."""

    seq: int
    at: datetime
    actor_kind: str
    actor: str
    action: str
    object: str | None
    result: str
    reason: str
    body: dict[str, Any]
    prev: str
    hash: str


class LedgerOut(Answered):
    """Lines, newest first; ``next`` is the ``before`` of the next page."""

    items: list[LineOut]
    next: int | None


def ledger_list(body: LedgerIn) -> LedgerOut:
    """Read the company's ledger."""
    current().require_everywhere("core.ledger.view")
    lines = select(LedgerLine).order_by(LedgerLine.seq.desc())
    if body.action is not None:
        lines = lines.where(LedgerLine.action == body.action)
    if body.object is not None:
        lines = lines.where(LedgerLine.object == body.object)
    if body.since is not None:
        lines = lines.where(LedgerLine.at >= body.since)
    if body.before is not None:
        lines = lines.where(LedgerLine.seq < body.before)
    rows = reading().scalars(lines.limit(body.limit + 1)).all()
    items = [
        LineOut(
            seq=row.seq,
            at=row.at,
            actor_kind=row.actor_kind,
            actor=row.actor_name,
            action=row.action,
            object=row.object,
            result=row.result,
            reason=row.reason,
            body=row.body,
            prev=row.prev.hex(),
            hash=row.hash.hex(),
        )
        for row in rows[: body.limit]
    ]
    return LedgerOut(items=items, next=items[-1].seq if len(rows) > body.limit else None)
