"""Sheets of figures 统计分析表: the manager's words about them, what is lacking, and the closing.

Closing freezes the figures under a number. Registers go on living: what is corrected later shows
as the difference to what was frozen, and the frozen sheet stays as it was signed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from zhike.api import (
    CompanySession,
    Conflict,
    RecordRef,
    UserError,
    _,
    clock,
    ledger,
    numbering,
    organisation,
)
from zhike_sales_floor.models import Credit, Customer, Day, Deal, Visit
from zhike_sales_floor.models_office import Call, Incident, Minutes, Question, Sheet
from zhike_sales_floor.services import counts, live
from zhike_sales_floor.services.duties import Duties, duties
from zhike_sales_floor.services.registers.model import Scope
from zhike_sales_floor.services.setup import SHEET_NUMBERS


@dataclass(frozen=True)
class Lack:
    """Something that is missing before a stretch can be closed in good order: what, how often."""

    what: str
    number: int


def lacking(s: CompanySession, unit_id: uuid.UUID, since: date, until: date) -> list[Lack]:
    """What is still open in these days; an empty list is good."""
    asked = duties(s, unit_id)
    scope = Scope(unit_id, since, until)
    found = [Lack(what, count(s, scope, asked)) for what, count in CHECKS]
    return [one for one in found if one.number]


def _not_over(s: CompanySession, scope: Scope, asked: Duties) -> int:
    del asked
    today = organisation.today(s, scope.unit_id)
    return max(0, (scope.until - max(today, scope.since)).days)


def _number(s: CompanySession, model: Any, scope: Scope, *conditions: Any) -> int:
    query = (
        select(func.count())
        .select_from(model)
        .where(
            model.unit_id == scope.unit_id,
            model.day.between(scope.since, scope.until),
            *conditions,
        )
    )
    return s.scalar(query) or 0


def _open_visits(s: CompanySession, scope: Scope, asked: Duties) -> int:
    del asked
    return _number(s, Visit, scope, Visit.state.in_(("waiting", "calling_owner", "reception")))


def _open_days(s: CompanySession, scope: Scope, asked: Duties) -> int:
    del asked
    today = organisation.today(s, scope.unit_id)
    return _number(s, Day, scope, Day.closed_at.is_(None), Day.day < today)


def _open_minutes(s: CompanySession, scope: Scope, asked: Duties) -> int:
    """Minutes that were begun and not closed; days without any where a meeting is asked for."""
    begun = _number(s, Minutes, scope, Minutes.closed_at.is_(None))
    if not asked.meeting:
        return begun
    held = select(Minutes.day).where(Minutes.unit_id == scope.unit_id)
    return begun + _number(s, Day, scope, Day.day.notin_(held))


def _deals_without_credit(s: CompanySession, scope: Scope, asked: Duties) -> int:
    del asked
    begin, end = scope.instants(live.tz_of(s, scope.unit_id))
    credited = select(Credit.deal_id)
    query = (
        select(func.count())
        .select_from(Deal)
        .where(
            Deal.unit_id == scope.unit_id,
            Deal.closed_at >= begin,
            Deal.closed_at < end,
            Deal.id.notin_(credited),
        )
    )
    return s.scalar(query) or 0


def _open_incidents(s: CompanySession, scope: Scope, asked: Duties) -> int:
    del asked
    return _number(s, Incident, scope, Incident.closed_at.is_(None))


def _open_questions(s: CompanySession, scope: Scope, asked: Duties) -> int:
    del asked
    return _number(s, Question, scope, Question.answered_at.is_(None))


def _nameless(s: CompanySession, scope: Scope, asked: Duties) -> int:
    """Lines of the visitor and call registers that lack what the regulation wants in them."""
    found = 0
    if asked.visit_form:
        query = (
            select(func.count())
            .select_from(Visit)
            .join(Customer, Customer.id == Visit.customer_id)
            .where(
                Visit.unit_id == scope.unit_id,
                Visit.day.between(scope.since, scope.until),
                Visit.state == "ended",
                Visit.continues_id.is_(None),
                Customer.party_id.is_(None),
            )
        )
        found += s.scalar(query) or 0
    if asked.call_form:
        found += _number(s, Call, scope, Call.voided_at.is_(None), Call.question == "")
    return found


#: What is looked at before closing: the name of what may lack, and how it is counted.
CHECKS: tuple[tuple[str, Callable[[CompanySession, Scope, Duties], int]], ...] = (
    ("not_over", _not_over),
    ("visits", _open_visits),
    ("days", _open_days),
    ("minutes", _open_minutes),
    ("credit", _deals_without_credit),
    ("incidents", _open_incidents),
    ("questions", _open_questions),
    ("lines", _nameless),
)


def find(s: CompanySession, unit_id: uuid.UUID, kind: str, starts_on: date) -> Sheet | None:
    """The sheet of a stretch, if anybody has written about it or closed it."""
    return s.scalars(
        select(Sheet).where(
            Sheet.unit_id == unit_id, Sheet.kind == kind, Sheet.starts_on == starts_on
        )
    ).first()


def _open(s: CompanySession, unit_id: uuid.UUID, kind: str, on: date) -> Sheet:
    """The sheet of the stretch around ``on``, made where there is none; Conflict when closed."""
    live.set_up(s, unit_id)
    live.lock_floor(s, unit_id)
    starts_on, ends_on = counts.span(kind, on)
    row = find(s, unit_id, kind, starts_on)
    if row is None:
        row = Sheet(unit_id=unit_id, kind=kind, starts_on=starts_on, ends_on=ends_on, version=0)
        s.add(row)
    if row.closed_at is not None:
        raise Conflict(_("This sheet is closed: its figures and words stay as they were signed."))
    return row


def write(
    s: CompanySession,
    unit_id: uuid.UUID,
    kind: str,
    on: date,
    *,
    analysis: str = "",
    news: str = "",
    plan: str = "",
    version: int = 0,
) -> Sheet:
    """The manager's words about a stretch: analysis, news of the market, what is planned.

    Raises Conflict where somebody has written meanwhile (``version`` is the one that was seen).
    """
    row = _open(s, unit_id, kind, on)
    if row.version != version:
        raise Conflict(_("Somebody has written about these figures meanwhile. Please look anew."))
    row.version += 1
    row.analysis, row.news, row.plan = analysis.strip(), news.strip(), plan.strip()
    s.flush()
    return row


def close(s: CompanySession, unit_id: uuid.UUID, kind: str, on: date, *, reason: str = "") -> Sheet:
    """Freeze the figures of a stretch under a number.

    Where something is lacking a ``reason`` for closing all the same is needed (UserError); it is
    kept on the sheet and in the ledger.
    """
    row = _open(s, unit_id, kind, on)
    if row.starts_on > organisation.today(s, unit_id):
        raise UserError(_("This period has not begun yet."), field="reason")
    missing = lacking(s, unit_id, row.starts_on, row.ends_on)
    if missing and not reason.strip():
        raise UserError(
            _("Something is lacking: please say why it is closed all the same."), field="reason"
        )
    row.figures = counts.compute(s, unit_id, row.starts_on, row.ends_on)
    row.lacking = [{"what": one.what, "number": one.number} for one in missing]
    row.reason = reason.strip() if missing else ""
    row.number = numbering.take(s, SHEET_NUMBERS.name, unit_id, row.ends_on)
    row.closed_at, row.closed_by = clock.now(), s.actor.name
    row.version += 1
    s.flush()
    ledger.append(
        s,
        "sales_floor.sheet_closed",
        object=str(RecordRef(live.PLUGIN, "sheet", row.id)),
        body={
            "number": row.number,
            "kind": kind,
            "starts_on": row.starts_on.isoformat(),
            "lacking": row.lacking,
        },
        reason=row.reason,
    )
    return row


def recent(s: CompanySession, unit_id: uuid.UUID, *, limit: int = 24) -> list[Sheet]:
    """The sheets of a site that are closed, the latest first."""
    query = select(Sheet).where(Sheet.unit_id == unit_id, Sheet.closed_at.is_not(None))
    return list(s.scalars(query.order_by(Sheet.closed_at.desc()).limit(limit)))
