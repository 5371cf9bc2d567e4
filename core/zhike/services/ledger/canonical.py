"""One spelling of a ledger line, so that its hash can be made again anywhere, at any time.

UTF-8 JSON, keys sorted, no spaces, no floats, text in Unicode normal form C, instants in UTC with
milliseconds. A golden vector in the tests keeps a library's upgrade from changing it.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

#: Goes in front of everything that is hashed; a change of the spelling needs another one.
VERSION = b"zk-ledger-1\0"
#: What the first line of every chain points back to.
GENESIS = bytes(32)
#: Columns of a line that are hashed, in the order of :func:`line_bytes`.
FACTS = (
    "seq", "id", "at", "actor_kind", "user_id", "staff_id", "actor_name", "ip", "action",
    "object", "result", "reason", "body",
)  # fmt: skip
_quote = json.encoder.encode_basestring
_ENCODER = json.JSONEncoder(
    ensure_ascii=False,
    sort_keys=True,
    separators=(",", ":"),
    allow_nan=False,
    check_circular=False,
)


def stamp(instant: datetime) -> str:
    """An instant as it is hashed: ``2026-11-21T08:00:00.123Z``."""
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds")[:-6] + "Z"


def normalise(value: Any) -> Any:
    """Give ``value`` the one form in which it is stored and hashed.

    Takes None, booleans, whole numbers, text, UUIDs, dates, aware instants, lists, tuples and
    mappings with text keys. Raises TypeError for anything else (floats above all: two machines
    may spell them differently) and ValueError for a naive datetime.
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        # A NUL cannot be stored by PostgreSQL, a lone surrogate not be written as UTF-8.
        clean = value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
        return unicodedata.normalize("NFC", clean)
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("an instant in a ledger line needs its time zone")
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("keys in a ledger line are text")
        return {normalise(key): normalise(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [normalise(part) for part in value]
    raise TypeError(f"a ledger line cannot hold a {type(value).__name__}")


def canonical_json(value: Any) -> bytes:
    """The bytes that are hashed for a normalised ``value``."""
    return _ENCODER.encode(value).encode()


def line_hash(prev: bytes, canonical: bytes) -> bytes:
    """SHA-256 of a line: version, the previous line's hash, and everything the line says."""
    return hashlib.sha256(VERSION + prev + canonical).digest()


def line_bytes(
    chain: int,
    seq: int,
    line_id: uuid.UUID,
    at: datetime,
    actor_kind: str,
    user_id: uuid.UUID | None,
    staff_id: uuid.UUID | None,
    actor_name: str,
    ip: str,
    action: str,
    object_: str | None,
    result: str,
    reason: str,
    body: Mapping[str, Any],
) -> bytes:
    """:func:`canonical_json` of a line, whose ``chain`` is the company (0: the site).

    Written out, because verification spends most of its time here; the tests compare it with
    the general form.
    """
    user = f'"{user_id}"' if user_id else "null"
    staff = f'"{staff_id}"' if staff_id else "null"
    about = "null" if object_ is None else _quote(object_)
    return (
        f'{{"action":{_quote(action)},"actor":{{"ip":{_quote(ip)},"kind":{_quote(actor_kind)},'
        f'"name":{_quote(actor_name)},"staff":{staff},"user":{user}}},"at":"{stamp(at)}",'
        f'"body":{_ENCODER.encode(body)},"chain":{chain},"id":"{line_id}","object":{about},'
        f'"reason":{_quote(reason)},"result":{_quote(result)},"seq":{seq}}}'
    ).encode()


def row_bytes(chain: int, row: Any) -> bytes:
    """:func:`line_bytes` of a row of the ledger."""
    return line_bytes(chain, *(getattr(row, name) for name in FACTS))
