"""Contacts 接触记录: one register of visits, calls, messages and letters for all plugins."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from zhike import clock
from zhike.contributions import RecordRef
from zhike.db.session import CompanySession
from zhike.errors import UserError
from zhike.i18n import _
from zhike.models.party import Contact

KINDS = ("visit", "call", "message", "letter")


def log(
    s: CompanySession,
    kind: str,
    *,
    party_id: uuid.UUID | None,
    staff_id: uuid.UUID | None,
    unit_id: uuid.UUID | None = None,
    direction: str = "in",
    occurred_at: datetime | None = None,
    note: str = "",
    answered: bool = True,
    source: str = "core",
    subject: RecordRef | None = None,
    details: Mapping[str, Any] | None = None,
) -> Contact:
    """Log one contact and return its row.

    ``occurred_at`` (default: now) is as stated and may lie in the past, which stays visible since
    ``recorded_at`` is the server's; a time in the future is refused. ``answered`` is False for a
    call nobody took, which many regulations do not count.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of contact {kind!r}")
    now = clock.now()
    if occurred_at is not None and occurred_at > now:
        raise UserError(_("This time lies in the future."), field="occurred_at")
    contact = Contact(
        kind=kind,
        party_id=party_id,
        staff_id=staff_id,
        unit_id=unit_id,
        direction=direction,
        occurred_at=occurred_at or now,
        recorded_at=now,
        note=note.strip(),
        answered=answered,
        source=source,
        subject=str(subject) if subject else "",
        details=dict(details or {}),
    )
    s.add(contact)
    s.flush()
    return contact


def list_for(
    s: CompanySession, party_id: uuid.UUID, *, before: datetime | None = None, limit: int = 50
) -> list[Contact]:
    """A customer's contacts, the newest first."""
    statement = select(Contact).where(Contact.party_id == party_id)
    if before is not None:
        statement = statement.where(Contact.occurred_at < before)
    return list(
        s.scalars(statement.order_by(Contact.occurred_at.desc(), Contact.id.desc()).limit(limit))
    )
