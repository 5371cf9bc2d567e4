"""The in-app inbox 收件箱: notices to staff members, read and unread."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from zhike import clock
from zhike.db.session import CompanySession
from zhike.models.inbox import Notice

COUNT_CAP = 99
READ_KEPT, UNREAD_KEPT = timedelta(days=90), timedelta(days=365)


def notify(
    s: CompanySession,
    staff_id: uuid.UUID,
    type: str,
    title: str,
    *,
    values: Mapping[str, Any] | None = None,
    link: str = "",
    once: str | None = None,
) -> None:
    """Put a notice into a staff member's inbox.

    ``type`` is a registered notification type, ``title`` a message id whose ``%(name)s`` places
    ``values`` fill, ``link`` a path of this site. With ``once``, a second notice of the same word
    to the same person is dropped: listeners may run twice.
    """
    if link and not link.startswith("/"):
        raise ValueError("a notice links inside the site only")
    if once is not None and s.scalar(
        select(Notice.id).where(Notice.staff_id == staff_id, Notice.once == once)
    ):
        return
    s.add(
        Notice(
            staff_id=staff_id,
            type=type,
            title=title,
            values=dict(values or {}),
            link=link,
            once=once,
        )
    )
    s.flush()


def unread_count(s: CompanySession, staff_id: uuid.UUID) -> int:
    """How many notices are unread, counted up to :data:`COUNT_CAP` + 1."""
    capped = (
        select(Notice.id)
        .where(Notice.staff_id == staff_id, Notice.read_at.is_(None))
        .limit(COUNT_CAP + 1)
        .subquery()
    )
    return int(s.scalar(select(func.count()).select_from(capped)) or 0)


def list_notices(
    s: CompanySession, staff_id: uuid.UUID, *, before: uuid.UUID | None = None, limit: int = 50
) -> list[Notice]:
    """A person's notices, newest first; ``before`` is the last id of the page above."""
    statement = select(Notice).where(Notice.staff_id == staff_id)
    if before is not None:
        statement = statement.where(Notice.id < before)
    return list(s.scalars(statement.order_by(Notice.id.desc()).limit(limit)))


def mark_read(s: CompanySession, staff_id: uuid.UUID, notice_id: uuid.UUID | None = None) -> None:
    """Mark one notice, or all of a person's, as read; marking twice changes nothing."""
    statement = (
        update(Notice)
        .where(Notice.staff_id == staff_id, Notice.read_at.is_(None))
        .values(read_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    if notice_id is not None:
        statement = statement.where(Notice.id == notice_id)
    s.execute(statement)


def prune(s: CompanySession) -> int:
    """Remove notices read :data:`READ_KEPT` ago and such as nobody has read for
    :data:`UNREAD_KEPT`; returns how many. A daily job of each company.

    Listeners are told an event again for at most a month, so ``once`` is not missed.
    """
    now = clock.now()
    gone = s.execute(
        delete(Notice)
        .where(or_(Notice.read_at < now - READ_KEPT, Notice.created_at < now - UNREAD_KEPT))
        .returning(Notice.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
