"""Once and only once: the same key gives the same answer, however often and at once it is sent.

The record is written in the act's own transaction, before the act: whoever comes second with the
key waits on the database until the first has committed, and then finds its answer. A process that
dies after the commit and before answering leaves the answer behind for the retry.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from zhike import clock
from zhike.db.session import CompanySession
from zhike.db.upsert import insert_if_absent
from zhike.errors import Conflict, UserError
from zhike.i18n import _
from zhike.models.idempotency import IdempotencyRecord

#: How long an answer is kept: longer than any queue of unsent entries lives.
KEEP = timedelta(days=7)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True)
class Answer:
    """What the act gave: a JSON-able ``result`` and the HTTP ``status`` it was answered with.

    ``replayed`` is true where the act had been done before and nothing was done now.
    """

    result: Any
    status: int = 200
    replayed: bool = False


#: Made once: it is part of every act.
_KEEP_ANSWER = (
    update(IdempotencyRecord)
    .where(IdempotencyRecord.key == bindparam("asked"))
    .values(answer=bindparam("given"), status=bindparam("with"))
    .execution_options(synchronize_session=False)
)


def answer_once(
    s: CompanySession,
    key: str,
    action: str,
    act: Callable[[], Any],
    *,
    request: Any = None,
) -> Answer:
    """Do ``act`` unless ``key`` has been used in this company; give its answer either way.

    ``act`` returns something JSON-able, or an :class:`Answer` with another status. ``action``
    names what is done (an endpoint); ``request`` is what was sent, JSON-able, so that a key used
    again for something else is noticed. The result of the first call has been through JSON too:
    both answers are equal. Nothing is kept of an act that raises.

    Raises :class:`~zhike.errors.UserError` for a malformed key and
    :class:`~zhike.errors.Conflict` for a key that another act, content or user has used.
    """
    if not _KEY.fullmatch(key):
        raise UserError(
            _("An idempotency key has 1 to 200 visible ASCII characters."),
            status=400,
            code="idempotency_key",
        )
    asked = request_hash(request)
    new = insert_if_absent(
        s,
        IdempotencyRecord,
        key=key,
        action=action,
        request_hash=asked,
        user_id=s.actor.user_id,
        status=200,
        answer=None,
        created_at=clock.now(),
    )
    if not new:
        record = s.scalars(select(IdempotencyRecord).where(IdempotencyRecord.key == key)).one()
        used = (record.action, bytes(record.request_hash), record.user_id)
        if used != (action, asked, s.actor.user_id):
            raise Conflict(
                _("This idempotency key has been used for something else."),
                code="idempotency_key_reused",
            )
        assert record.answer is not None
        return Answer(record.answer["result"], record.status, replayed=True)
    given = act()
    answer = given if isinstance(given, Answer) else Answer(given)
    plain = json.loads(json.dumps(answer.result, allow_nan=False))
    s.execute(_KEEP_ANSWER, {"asked": key, "given": {"result": plain}, "with": answer.status})
    return Answer(plain, answer.status)


def once(
    s: CompanySession,
    key: str,
    action: str,
    act: Callable[[], Any],
    *,
    request: Any = None,
) -> Any:
    """As :func:`answer_once`, giving the result alone."""
    return answer_once(s, key, action, act, request=request).result


def request_hash(request: Any) -> bytes:
    """SHA-256 of what was asked, the same whatever the order of its keys."""
    text = json.dumps(request, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).digest()


def prune(s: CompanySession, *, keep: timedelta = KEEP) -> int:
    """Forget answers older than ``keep``; returns how many. A daily job of each company."""
    gone = s.execute(
        delete(IdempotencyRecord)
        .where(IdempotencyRecord.created_at < clock.now() - keep)
        .returning(IdempotencyRecord.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
