"""The one place where Zhike reads the time of day.

Everything else asks :func:`now`, so that tests can stand still and the sweeper can notice a clock
that jumps. Rule engines never import this module: they are given the time of each event.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_frozen: ContextVar[datetime | None] = ContextVar("zhike_clock", default=None)


def now() -> datetime:
    """Return the present instant, aware, in UTC, in whole microseconds."""
    return _frozen.get() or datetime.now(UTC)


def local(instant: datetime, tz: str) -> datetime:
    """Return ``instant`` (aware) as wall time of the IANA zone ``tz``, e.g. ``Asia/Shanghai``."""
    return instant.astimezone(ZoneInfo(tz))


@contextmanager
def frozen(instant: datetime) -> Iterator[datetime]:
    """Make :func:`now` answer ``instant`` (aware) inside the block; for tests and replays."""
    if instant.tzinfo is None:
        raise ValueError("a frozen clock needs an aware datetime")
    token = _frozen.set(instant.astimezone(UTC))
    try:
        yield instant
    finally:
        _frozen.reset(token)
