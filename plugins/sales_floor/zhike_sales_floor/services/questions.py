"""Questions a rep could not answer on the spot 疑难请示 (SF-D-10)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from zhike.api import CompanySession, Conflict, UserError, _, clock
from zhike_sales_floor.models import Visit
from zhike_sales_floor.models_office import Question
from zhike_sales_floor.services import live


def ask(
    s: CompanySession, visit_id: uuid.UUID, question: str, *, brought_id: uuid.UUID | None
) -> Question:
    """Note that a visitor asked what the rep could not answer, and who was brought to answer.

    Neither turn nor credit is touched: whoever is brought only helps. Raises Conflict for a visit
    that nobody receives or has received.
    """
    visit = s.require(Visit, visit_id)
    if visit.state not in ("reception", "ended"):
        raise Conflict(_("Nobody receives this visitor."))
    if not question.strip():
        raise UserError(_("Please write down the question."), field="question")
    row = Question(
        unit_id=visit.unit_id,
        day=clock.local(clock.now(), live.tz_of(s, visit.unit_id)).date(),
        visit_id=visit_id,
        staff_id=visit.staff_id,
        brought_id=brought_id,
        question=question.strip(),
        asked_at=clock.now(),
        by=s.actor.name,
    )
    s.add(row)
    s.flush()
    return row


def answer(s: CompanySession, question_id: uuid.UUID, text: str) -> Question:
    """Write down what was answered, once; the next one who is asked can read it."""
    row = s.require(Question, question_id)
    if row.answered_at is not None:
        raise Conflict(_("This question is answered already."))
    if not text.strip():
        raise UserError(_("Please write down the answer."), field="answer")
    row.answer, row.answered_at = text.strip(), clock.now()
    s.flush()
    return row


def of_visit(s: CompanySession, visit_id: uuid.UUID) -> Sequence[Question]:
    """The questions of a visit, the latest first."""
    query = select(Question).where(Question.visit_id == visit_id)
    return s.scalars(query.order_by(Question.asked_at.desc())).all()
