"""Typed events and the outbox: what happened, told to those who listen.

An event is a frozen dataclass.  ``emit`` writes it as a row of the transaction in which it
happened, so it exists if and only if the business change does.  After the commit a dispatcher
hands it to every active listener of that company, each in a transaction of its own and at least
once; the pair (event id, listener) is marked in that same transaction, so inside the database the
effect is exactly once.  A listener that raises is tried again with growing pauses and parked after
:data:`TRIES`; nothing is lost and everything is visible.
"""

from __future__ import annotations

import dataclasses
import logging
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from zhike import clock
from zhike.contributions import Event, Listener
from zhike.db.session import CompanySession
from zhike.errors import NotFound
from zhike.models.outbox import OutboxDelivery, OutboxEvent
from zhike.plugins.active import active_in
from zhike.services.event_data import EventError, from_payload, to_payload

if TYPE_CHECKING:
    from zhike.site import Site

log = logging.getLogger(__name__)

E = TypeVar("E", bound=type[Event])

TRIES = 8
#: Pause before the second, third … try, in seconds; the last repeats.
PAUSES = (30, 120, 600, 1800, 7200, 21600, 43200)
LEASE = timedelta(seconds=120)
#: Seconds a listener should need at most; a thread cannot be stopped, so more is only reported.
BUDGET = 30.0

_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class RawEvent(Event):
    """An event whose class this process does not know: its name, id and data as stored."""

    name: str = ""
    data: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Dispatched:
    """What one run did: deliveries done, failed (to be tried again), parked and skipped."""

    done: int = 0
    failed: int = 0
    parked: int = 0
    skipped: int = 0

    def __add__(self, other: Dispatched) -> Dispatched:
        mine, theirs = dataclasses.astuple(self), dataclasses.astuple(other)
        return Dispatched(*(a + b for a, b in zip(mine, theirs, strict=True)))


def event(name: str) -> Callable[[E], E]:
    """Mark a frozen dataclass as the event ``name`` (``<plugin>.<what_happened>``).

    Fields are plain values: str, int, bool, None, UUID, aware datetime, date, enum, and lists or
    mappings of these.  No floats, no models, and no personal data: refer to records by id.
    Raises TypeError for anything but a frozen dataclass derived from ``Event``.
    """
    if not _NAME.fullmatch(name):
        raise TypeError(f"event name {name!r} must look like plugin.what_happened")

    def mark(cls: E) -> E:
        given: Any = cls  # what a stranger decorated; the annotation is only a promise
        params = getattr(given, "__dataclass_params__", None)
        if params is None or not params.frozen or not issubclass(given, Event):
            raise TypeError(f"{cls.__name__} must be a frozen dataclass derived from Event")
        if any(field.name == "name" for field in dataclasses.fields(given)):
            raise TypeError(f"{cls.__name__}: 'name' is the event's name and cannot be a field")
        cls.name = name
        return cls

    return mark


def emit(s: CompanySession, ev: Event) -> uuid.UUID:
    """Tell that ``ev`` happened, as part of this transaction; returns the event's id.

    Raises EventError where no loaded plugin has registered the class.
    """
    if s.site.plugins.registry.event(ev.name) is not type(ev):
        raise EventError(f"event {ev.name!r} is not registered by any plugin")
    row = OutboxEvent(topic=ev.name, payload=to_payload(ev))
    s.add(row)
    return row.id


def dispatch_outbox(site: Site, limit: int = 100) -> Dispatched:
    """Deliver up to ``limit`` due events; several dispatchers may run at once.

    An event is claimed under a lease of two minutes; if the process dies, the next one takes it
    when the lease ends.  Returns what was done; never raises for a listener's sake.
    """
    total = Dispatched()
    for company_id, event_id in _claim(site, limit):
        total += _dispatch_one(site, company_id, event_id)
    return total


def _claim(site: Site, limit: int) -> list[tuple[int, uuid.UUID]]:
    now = clock.now()
    statement = (
        select(OutboxEvent.company_id, OutboxEvent.id)
        .where(
            OutboxEvent.done_at.is_(None),
            OutboxEvent.available_at <= now,
            or_(OutboxEvent.lease_until.is_(None), OutboxEvent.lease_until < now),
        )
        .order_by(OutboxEvent.available_at, OutboxEvent.id)
        .limit(limit)
    )
    with site.unscoped("outbox: look for due events", write=False) as s:
        if s.execute(statement.limit(1)).first() is None:
            return []  # the usual case, looked at every second: no write lock for it
    with site.unscoped("outbox: claim due events of all companies") as s:
        due = s.execute(statement.with_for_update(skip_locked=True)).all()
        claimed = [(row.company_id, row.id) for row in due]
        for company_id in {c for c, _ in claimed}:
            s.execute(
                update(OutboxEvent)
                .where(
                    OutboxEvent.company_id == company_id,
                    OutboxEvent.id.in_([i for c, i in claimed if c == company_id]),
                )
                .values(lease_until=now + LEASE)
                .execution_options(synchronize_session=False)
            )
    return claimed


def _dispatch_one(site: Site, company_id: int, event_id: uuid.UUID) -> Dispatched:
    total = Dispatched()
    with site.reader(company_id) as s:
        row = s.find(OutboxEvent, event_id)
        if row is None or row.done_at is not None:
            return total
        topic, payload = row.topic, row.payload
        active = active_in(s)
        known = {
            d.listener: (d.state, d.available_at, d.attempts)
            for d in s.scalars(select(OutboxDelivery).where(OutboxDelivery.event_id == event_id))
        }
    listeners = {li.name: li for li in active.items(Listener) if li.event == topic}
    now = clock.now()
    for listener in listeners.values():
        state, available_at, attempts = known.get(listener.name, ("", None, 0))
        if state in ("done", "parked", "skipped"):
            continue
        if available_at is not None and available_at > now:
            continue
        total += _deliver(site, company_id, event_id, topic, payload, listener, attempts)
    silent = [n for n, (state, _, _) in known.items() if state == "failed" and n not in listeners]
    total += Dispatched(skipped=len(silent))
    _finish(site, company_id, event_id, silent)
    return total


def _deliver(
    site: Site,
    company_id: int,
    event_id: uuid.UUID,
    topic: str,
    payload: Mapping[str, Any],
    listener: Listener,
    attempts: int,
) -> Dispatched:
    begin = time.monotonic()
    try:
        with site.transaction(company_id) as s:
            # The mark comes first: a second dispatcher that got hold of the same event waits here
            # and then finds that the unique key is taken.
            mark = _delivery(s, event_id, listener.name)
            if mark is not None and mark.state == "done":
                return Dispatched()
            if mark is None:
                mark = OutboxDelivery(event_id=event_id, listener=listener.name, state="done")
                s.add(mark)
            else:
                mark.state, mark.error, mark.available_at = "done", "", None
                mark.attempts = attempts + 1
            mark.at = clock.now()
            try:
                s.flush()
            except IntegrityError:
                s.rollback()
                return Dispatched()
            cls = site.plugins.registry.event(topic)
            ev = from_payload(cls, payload) if cls else RawEvent(name=topic, data=payload)
            listener.handle(s, ev)
    except Exception as error:  # a listener's failure is stored, never passed on
        log.error("listener %s failed on %s %s", listener.name, topic, event_id, exc_info=error)
        return _fail(site, company_id, event_id, listener, attempts + 1, error)
    if (seconds := time.monotonic() - begin) > BUDGET:
        late = TimeoutError(f"needed {seconds:.0f} s, {BUDGET:.0f} s are allowed")
        site.plugins.note_failure(
            listener.name.partition(".")[0], f"listener {listener.name}", late, company_id
        )
    return Dispatched(done=1)


def _fail(
    site: Site,
    company_id: int,
    event_id: uuid.UUID,
    listener: Listener,
    attempts: int,
    error: Exception,
) -> Dispatched:
    parked = attempts >= TRIES
    with site.transaction(company_id) as s:
        mark = _delivery(s, event_id, listener.name)
        if mark is None:
            mark = OutboxDelivery(event_id=event_id, listener=listener.name, state="failed")
            s.add(mark)
        elif mark.state == "done":
            return Dispatched()  # another dispatcher came through meanwhile
        mark.state = "parked" if parked else "failed"
        mark.attempts = attempts
        mark.error = f"{type(error).__name__}: {error}"[:500]
        mark.at = clock.now()
        mark.available_at = None if parked else clock.now() + pause(attempts)
    return Dispatched(parked=1) if parked else Dispatched(failed=1)


def prune_outbox(site: Site, keep: timedelta = timedelta(days=30)) -> int:
    """Remove events done longer ago than ``keep``, unless a parked delivery waits for somebody.

    Returns how many went.
    """
    parked = select(OutboxDelivery.event_id).where(OutboxDelivery.state == "parked")
    with site.unscoped("outbox: remove old events of all companies") as s:
        result = s.execute(
            delete(OutboxEvent)
            .where(OutboxEvent.done_at < clock.now() - keep, OutboxEvent.id.not_in(parked))
            .execution_options(synchronize_session=False)
        )
    return int(getattr(result, "rowcount", 0))


def pause(attempts: int) -> timedelta:
    """How long to wait after the ``attempts``-th failure (1 is the first)."""
    return timedelta(seconds=PAUSES[min(attempts, len(PAUSES)) - 1])


def _finish(site: Site, company_id: int, event_id: uuid.UUID, silent: list[str]) -> None:
    """Close the event, or set when it is looked at again."""
    with site.transaction(company_id) as s:
        row = s.find(OutboxEvent, event_id)
        if row is None:
            return
        again: datetime | None = None
        for mark in s.scalars(
            select(OutboxDelivery).where(
                OutboxDelivery.event_id == event_id, OutboxDelivery.state == "failed"
            )
        ):
            if mark.listener in silent:
                mark.state, mark.available_at = "skipped", None
            elif mark.available_at is not None:
                again = min(again or mark.available_at, mark.available_at)
        row.attempts += 1
        row.lease_until = None
        if again is None:
            row.done_at = clock.now()
        else:
            row.available_at = again


def _delivery(s: CompanySession, event_id: uuid.UUID, listener: str) -> OutboxDelivery | None:
    return s.scalars(
        select(OutboxDelivery).where(
            OutboxDelivery.event_id == event_id, OutboxDelivery.listener == listener
        )
    ).first()


@dataclass(frozen=True)
class Trouble:
    """A delivery that failed or is parked, for the panel; ``delivery_id`` retries it."""

    delivery_id: uuid.UUID
    event_id: uuid.UUID
    topic: str
    listener: str
    state: str
    attempts: int
    error: str
    at: datetime
    next_try: datetime | None


def troubles(s: CompanySession, plugin: str | None = None, limit: int = 100) -> list[Trouble]:
    """Failed and parked deliveries of the company, newest first; of one plugin's listeners."""
    statement = (
        select(
            OutboxDelivery.id,
            OutboxDelivery.event_id,
            OutboxEvent.topic,
            OutboxDelivery.listener,
            OutboxDelivery.state,
            OutboxDelivery.attempts,
            OutboxDelivery.error,
            OutboxDelivery.at,
            OutboxDelivery.available_at,
        )
        .join(OutboxEvent, OutboxEvent.id == OutboxDelivery.event_id)
        .where(OutboxDelivery.state.in_(("failed", "parked")))
        .order_by(OutboxDelivery.at.desc(), OutboxDelivery.id)
        .limit(limit)
    )
    if plugin is not None:
        statement = statement.where(
            OutboxDelivery.listener.startswith(f"{plugin}.", autoescape=True)
        )
    return [Trouble(*row) for row in s.execute(statement)]


def retry(s: CompanySession, delivery_id: uuid.UUID) -> None:
    """Try a failed or parked delivery again at the next run, with all its tries before it.

    Raises NotFound where there is none.
    """
    mark = s.find(OutboxDelivery, delivery_id)
    if mark is None or mark.state not in ("failed", "parked"):
        raise NotFound("This delivery does not exist or has come through.")
    mark.state, mark.attempts, mark.available_at = "failed", 0, clock.now()
    row = s.require(OutboxEvent, mark.event_id)
    row.done_at, row.available_at, row.lease_until = None, clock.now(), None
