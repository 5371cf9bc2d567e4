"""Sealing sign-in events: what happens at the door joins the site's chain as one hash a minute.

Anonymous noise must not queue for a chain's head, so sign-in events are rows of their own; once a
minute the root of a Merkle tree over the new ones is written to chain 0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from zhike import clock
from zhike.db.session import SystemSession
from zhike.models.ledger import SiteLedgerLine
from zhike.models.people import AuthEvent
from zhike.services.ledger.canonical import canonical_json, stamp
from zhike.services.ledger.chain import append

if TYPE_CHECKING:
    from zhike.site import Site

SEALED = "core.auth.sealed"
PRUNED = "core.auth.pruned"
#: An event is sealed once it is this old: longer than any transaction may take to commit it.
LAG = timedelta(seconds=60)
#: Sign-in events are kept this long: networks' logs for no less than six months by law.
KEEP = timedelta(days=200)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Root of a binary hash tree (leaves and nodes are told apart by a prefix, as in RFC 6962)."""
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    if not level:
        return hashlib.sha256(b"").digest()
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\1" + level[i] + level[i + 1]).digest()
            for i in range(0, len(level) - 1, 2)
        ]
        level = pairs + level[len(level) - len(level) % 2 :]
    return level[0]


@dataclass(frozen=True)
class SealReport:
    """Whether every sealed window of sign-in events is as it was; ``bad_seq``: the first not."""

    ok: bool
    seals: int
    events: int
    bad_seq: int | None = None


def seal_auth_events(site: Site) -> int:
    """Seal the sign-in events since the last seal; returns how many. A job of every minute."""
    with site.system() as s:
        body = _last(s, SEALED)
        start = datetime.fromisoformat(body["until"]) if body else _EPOCH
        until = clock.now() - LAG
        # The seal speaks in milliseconds, so the window must end on one.
        until = until.replace(microsecond=until.microsecond // 1000 * 1000)
        first, count, root = _window(s, start, until)
        if count:
            append(
                s,
                SEALED,
                body={
                    "from": start,
                    "first": first,
                    "until": until,
                    "count": count,
                    "root": root.hex(),
                },
            )
        return count


def prune_auth_events(site: Site, *, keep: timedelta = KEEP) -> int:
    """Delete sign-in events older than ``keep``; returns how many. A daily job.

    Only sealed ones go, and a line of the site's chain says up to when: so verification can tell
    what was pruned from what was removed.
    """
    with site.system() as s:
        sealed = _last(s, SEALED)
        if sealed is None:
            return 0
        before = min(clock.now() - keep, datetime.fromisoformat(sealed["until"]))
        before = before.replace(microsecond=before.microsecond // 1000 * 1000)
        gone = s.execute(
            delete(AuthEvent)
            .where(AuthEvent.at < before)
            .returning(AuthEvent.id)
            .execution_options(synchronize_session=False)
        ).all()
        if gone:
            append(s, PRUNED, body={"before": before, "count": len(gone)})
        return len(gone)


def _last(s: SystemSession, action: str) -> dict[str, Any] | None:
    return s.scalar(
        select(SiteLedgerLine.body)
        .where(SiteLedgerLine.action == action)
        .order_by(SiteLedgerLine.seq.desc())
        .limit(1)
    )


def verify_auth_seals(site: Site) -> SealReport:
    """Make every seal again from the events; windows that were pruned are passed over."""
    seals = events = 0
    with site.system_reader() as s:
        pruned = _last(s, PRUNED)
        kept_from = datetime.fromisoformat(pruned["before"]) if pruned else _EPOCH
        rows = s.execute(
            select(SiteLedgerLine.seq, SiteLedgerLine.body)
            .where(SiteLedgerLine.action == SEALED)
            .order_by(SiteLedgerLine.seq)
        ).all()
        for seq, body in rows:
            start, until = (datetime.fromisoformat(body[key]) for key in ("from", "until"))
            if datetime.fromisoformat(body["first"]) < kept_from:
                continue
            _first, count, root = _window(s, max(start, kept_from), until)
            if count != body["count"] or root.hex() != body["root"]:
                return SealReport(False, seals, events, seq)
            seals, events = seals + 1, events + count
    return SealReport(True, seals, events)


def _window(
    s: SystemSession, start: datetime, until: datetime
) -> tuple[datetime | None, int, bytes]:
    rows = s.scalars(
        select(AuthEvent)
        .where(AuthEvent.at >= start, AuthEvent.at < until)
        .order_by(AuthEvent.at, AuthEvent.id)
    ).all()
    root = merkle_root(canonical_json(_facts(row)) for row in rows)
    return (rows[0].at if rows else None), len(rows), root


def _facts(row: AuthEvent) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "at": stamp(row.at),
        "kind": row.kind,
        "login": row.login_key,
        "user": str(row.user_id) if row.user_id else None,
        "ip": row.ip_prefix,
        "detail": row.detail,
    }
