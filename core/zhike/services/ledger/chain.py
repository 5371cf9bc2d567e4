"""Appending: a line is asked for at any time and chained as the last thing before the commit.

The chain's head is a row that every writer of the company must lock. Taking it last, in one place,
keeps it for the shortest time and in the same order for everyone, so it can deadlock with nothing.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session, SessionTransaction

from zhike import clock
from zhike.db.session import CompanySession, SystemSession
from zhike.db.types import uuid7
from zhike.db.upsert import insert_if_absent
from zhike.errors import ScopeError
from zhike.models.ledger import LedgerHead, LedgerLine, SiteLedgerHead, SiteLedgerLine
from zhike.services.ledger.anchors import EVERY, anchor_line
from zhike.services.ledger.canonical import GENESIS, line_hash, normalise, row_bytes

SITE_CHAIN = 0
_PENDING = "zhike_ledger_pending"
_ACTION = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_NAMED_KINDS = ("cli", "system", "device")


@dataclass(frozen=True)
class _Pending:
    """A line that waits for the commit, and the savepoint it was asked for in."""

    id: uuid.UUID
    at: datetime
    action: str
    object: str | None
    result: str
    reason: str
    body: dict[str, Any]
    inside: SessionTransaction | None


def append(
    s: CompanySession | SystemSession,
    action: str,
    *,
    object: str | None = None,
    result: str = "ok",
    body: Mapping[str, Any] | None = None,
    reason: str = "",
) -> uuid.UUID:
    """Write a ledger line in the transaction of ``s``: it commits, or is gone, with the act.

    ``action`` is ``owner.words`` (``core.policy.published``), ``object`` what it was done to (a
    record reference), ``result`` ``ok``, ``denied`` or ``failed``, ``reason`` what the person
    gave. ``body`` holds no personal plaintext: use :func:`fingerprint`. Returns the line's id;
    its number is given at the commit, where a line that cannot be written fails the transaction.

    Raises ValueError for a malformed action, TypeError for a body that has no canonical form,
    :class:`~zhike.errors.ScopeError` in a session that only reads.
    """
    if s.read_only:
        raise ScopeError("this session only reads: a ledger line needs an audit_session()")
    if not _ACTION.fullmatch(action):
        raise ValueError(f"{action!r} is no ledger action (owner.words)")
    now = clock.now()
    line = _Pending(
        id=uuid7(),
        at=now.replace(microsecond=now.microsecond // 1000 * 1000),
        action=action,
        object=None if object is None else normalise(object),
        result=normalise(result),
        reason=normalise(reason),
        body=normalise(body or {}),
        inside=s.get_nested_transaction(),
    )
    s.info.setdefault(_PENDING, []).append(line)
    return line.id


def fingerprint(s: CompanySession, value: str) -> str:
    """A keyed fingerprint of a personal value: a line can say that it changed, not what it was."""
    return s.site.keys.fingerprint(s.company_id, value)


def _chain_pending(s: Session) -> None:
    """Number, hash and add the waiting lines; runs as the outermost transaction commits."""
    if s.in_nested_transaction():
        return
    lines: list[_Pending] = s.info.pop(_PENDING, [])
    if not lines:
        return
    assert isinstance(s, (CompanySession, SystemSession))
    head = _locked_head(s)
    chain = s.company_id if isinstance(s, CompanySession) else SITE_CHAIN
    actor = s.actor
    for line in lines:
        row = (LedgerLine if isinstance(s, CompanySession) else SiteLedgerLine)(
            id=line.id,
            seq=head.seq + 1,
            at=line.at,
            actor_kind=actor.kind,
            user_id=actor.user_id,
            staff_id=actor.staff_id,
            # A person's name belongs to his own record; machines and commands have no other.
            actor_name=normalise(actor.name) if actor.kind in _NAMED_KINDS else "",
            ip=normalise(actor.ip),
            action=line.action,
            object=line.object,
            result=line.result,
            reason=line.reason,
            body=line.body,
            prev=head.hash,
        )
        row.hash = line_hash(head.hash, row_bytes(chain, row))
        s.add(row)
        head.seq, head.hash = row.seq, row.hash
        if row.seq % EVERY == 0:
            _anchor_after_commit(s, chain, row.seq, row.hash)


def _anchor_after_commit(
    s: CompanySession | SystemSession, chain: int, seq: int, hash_: bytes
) -> None:
    def write() -> None:
        anchor_line(s.site, chain, seq, hash_)

    s.on_commit(write)


def _locked_head(s: CompanySession | SystemSession) -> LedgerHead | SiteLedgerHead:
    head = _head_for_update(s)
    if head is None:  # the chain's first line
        if isinstance(s, CompanySession):
            insert_if_absent(s, LedgerHead, seq=0, hash=GENESIS)
        else:
            insert_if_absent(s, SiteLedgerHead, id=1, seq=0, hash=GENESIS)
        head = _head_for_update(s)
    assert head is not None
    return head


def _head_for_update(s: CompanySession | SystemSession) -> LedgerHead | SiteLedgerHead | None:
    if isinstance(s, CompanySession):
        own = select(LedgerHead).with_for_update().execution_options(populate_existing=True)
        return s.scalars(own).first()
    site = select(SiteLedgerHead).with_for_update().execution_options(populate_existing=True)
    return s.scalars(site).first()


def _forget_rolled_back(s: Session, previous: SessionTransaction) -> None:
    """Drop lines that were asked for inside a savepoint that has been rolled back."""
    lines: list[_Pending] = s.info.get(_PENDING, [])
    if lines and previous.nested:
        s.info[_PENDING] = [line for line in lines if not _within(line.inside, previous)]
    elif lines:
        s.info.pop(_PENDING)


def _within(inner: SessionTransaction | None, outer: SessionTransaction) -> bool:
    while inner is not None:
        if inner is outer:
            return True
        inner = inner.parent
    return False


for _session in (CompanySession, SystemSession):
    event.listen(_session, "before_commit", _chain_pending)
    event.listen(_session, "after_soft_rollback", _forget_rolled_back)
