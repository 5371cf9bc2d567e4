"""One person's data in the papers of the office: calls, tracking, questions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from zhike.api import CompanySession
from zhike_sales_floor.models_office import Call, Question, Track, TrackCheck

COLUMNS = (
    "sales_floor__call.label",
    "sales_floor__call.question",
    "sales_floor__track.content",
    "sales_floor__track.resistance",
    "sales_floor__track.next_step",
    "sales_floor__track_check.note",
    "sales_floor__question.question",
    "sales_floor__question.answer",
)


def export(
    s: CompanySession, customers: Sequence[uuid.UUID], visits: Sequence[uuid.UUID]
) -> list[Mapping[str, Any]]:
    """What is written about these customers and their visits, as JSON-able mappings."""
    found: list[Mapping[str, Any]] = [
        {
            "kind": "call",
            "at": row.called_at.isoformat(),
            "name": row.label,
            "question": row.question,
            "source": row.source,
        }
        for row in s.scalars(select(Call).where(Call.customer_id.in_(customers)))
    ]
    found += [
        {
            "kind": "tracking",
            "at": row.at.isoformat(),
            "content": row.content,
            "resistance": row.resistance,
            "next_step": row.next_step,
        }
        for row in s.scalars(select(Track).where(Track.customer_id.in_(customers)))
    ]
    found += [
        {"kind": "tracking check", "at": row.at.isoformat(), "note": row.note}
        for row in s.scalars(select(TrackCheck).where(TrackCheck.customer_id.in_(customers)))
    ]
    found += [
        {
            "kind": "question",
            "at": row.asked_at.isoformat(),
            "question": row.question,
            "answer": row.answer,
        }
        for row in s.scalars(select(Question).where(Question.visit_id.in_(visits)))
    ]
    return found


def erase(s: CompanySession, customers: Sequence[uuid.UUID], visits: Sequence[uuid.UUID]) -> int:
    """Take names and notes out; returns how many records changed. The caller flushes."""
    count = 0
    for call in s.scalars(select(Call).where(Call.customer_id.in_(customers))):
        call.label, call.question, count = "", "", count + 1
    for track in s.scalars(select(Track).where(Track.customer_id.in_(customers))):
        track.content, track.resistance, track.next_step = "", "", ""
        count += 1
    for check in s.scalars(select(TrackCheck).where(TrackCheck.customer_id.in_(customers))):
        check.note, count = "", count + 1
    for row in s.scalars(select(Question).where(Question.visit_id.in_(visits))):
        row.question, row.answer, count = "", "", count + 1
    return count
