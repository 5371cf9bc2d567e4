"""What can be done with the guestbook; plain functions on a company's session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select

from acme_zhike_guestbook.models import Entry, Tally
from zhike.api import CompanySession, clock, company_of, ledger, settings

PLUGIN = "acme_guestbook"


def write(s: CompanySession, signed_by: str, words: str) -> Entry:
    """Add an entry; the first of a day (setting ``presents``) get a present."""
    company = company_of(s)
    today = clock.local(clock.now(), company.tz).date()
    begin = datetime.combine(today, time(), ZoneInfo(company.tz))
    written = s.scalar(select(func.count()).select_from(Entry).where(Entry.written_at >= begin))
    entry = Entry(
        signed_by=signed_by,
        words=words,
        present=(written or 0) < settings.get(s, PLUGIN, "presents"),
    )
    s.add(entry)
    s.flush()
    ledger.append(s, "acme_guestbook.written", object=f"{PLUGIN}:entry:{entry.id}")
    return entry


def latest(s: CompanySession, limit: int = 50) -> Sequence[Any]:
    """The newest entries, as rows of what the page shows."""
    return s.execute(
        select(Entry.signed_by, Entry.words, Entry.present, Entry.written_at)
        .order_by(Entry.written_at.desc(), Entry.id.desc())
        .limit(limit)
    ).all()


def count_visit(s: CompanySession) -> None:
    """One more visit today."""
    today = clock.local(clock.now(), company_of(s).tz).date()
    tally = s.scalars(select(Tally).where(Tally.day == today).with_for_update()).first()
    if tally is None:
        tally = Tally(day=today, visits=0)
        s.add(tally)
    tally.visits += 1


def tidy(s: CompanySession) -> int:
    """Remove entries older than the setting ``keep_days``; how many went."""
    from datetime import timedelta

    before = clock.now() - timedelta(days=settings.get(s, PLUGIN, "keep_days"))
    result = s.execute(
        delete(Entry).where(Entry.written_at < before),
        execution_options={"synchronize_session": False},
    )
    return int(getattr(result, "rowcount", 0))
