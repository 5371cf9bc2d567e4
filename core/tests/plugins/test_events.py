"""Events: written with the business, told after it, at least once, nothing lost."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any

import pytest
from sqlalchemy import select, update

from zhike import clock
from zhike.contributions import Event, Listener
from zhike.models.outbox import OutboxDelivery, OutboxEvent
from zhike.models.setting import Setting
from zhike.plugins.registry import Entry, Owner
from zhike.services import events, lifecycle
from zhike.services.event_data import EventError, from_payload, to_payload
from zhike.services.events import RawEvent, event
from zhike.site import Site
from zhike.testing import FrozenClock
from zhike.testing.sites import capturing, make_company

Open = Callable[..., Site]
Write = Callable[..., str]


class Mood(Enum):
    GOOD = "good"


@event("sender.rung")
@dataclass(frozen=True)
class Rung(Event):
    visit_id: uuid.UUID
    at: datetime
    on: date = date(2026, 11, 21)
    words: str = ""
    number: int = 0
    mood: Mood = Mood.GOOD
    tags: tuple[str, ...] = ()


@event("sender.unheard")
@dataclass(frozen=True)
class Unheard(Event):
    number: int


AT = datetime(2026, 11, 21, 2, tzinfo=UTC)


@pytest.fixture
def heard() -> list[Any]:
    """What the listeners of this test have heard."""
    return []


@pytest.fixture
def bell(write_plugin: Write, open_with: Open, frozen_clock: FrozenClock, heard: list[Any]) -> Site:
    """A site with a plugin that emits and two that listen; listeners are put in by hand."""
    for name in ("sender", "first", "second"):
        write_plugin(name)
    site = open_with("sender", "first", "second")
    registry = site.plugins.registry
    registry.add(Owner("sender"), "register_events", [("sender.rung", Rung)])
    for name in ("first", "second"):

        def handle(s: Any, ev: Any, name: str = name) -> None:
            heard.append((name, ev))
            s.add(Setting(plugin=name, key=str(len(heard)), value=1))

        listener = Listener(name=f"{name}.on_rung", event="sender.rung", handle=handle)
        registry.add(Owner(name), "register_listeners", [(listener.name, listener)])
    return site


@pytest.fixture
def house(bell: Site) -> int:
    return make_company(bell, "aa", ["sender", "first", "second"])


def ring(site: Site, company: int, **values: Any) -> uuid.UUID:
    with site.transaction(company) as s:
        return events.emit(s, Rung(visit_id=uuid.uuid4(), at=AT, **values))


def swap(site: Site, plugin: str, handle: Callable[[Any, Any], None]) -> None:
    """Give the listener of ``plugin`` another function."""
    taken = site.plugins.registry._by_hook["register_listeners"]
    old = taken[f"{plugin}.on_rung"]
    listener = Listener(name=old.value.name, event=old.value.event, handle=handle)
    taken[listener.name] = Entry(old.owner, listener)
    site.plugins.active_sets.clear()


def deliveries(site: Site, company: int) -> dict[str, OutboxDelivery]:
    with site.reader(company) as s:
        return {d.listener: d for d in s.scalars(select(OutboxDelivery))}


def test_an_event_is_told_to_every_listener_once(bell: Site, house: int, heard: list[Any]) -> None:
    sent = Rung(
        visit_id=uuid.uuid4(), at=AT, words="李敏", number=3, mood=Mood.GOOD, tags=("a", "b")
    )
    with bell.transaction(house) as s:
        event_id = events.emit(s, sent)
    assert events.dispatch_outbox(bell) == events.Dispatched(done=2)
    assert heard == [("first", sent), ("second", sent)]
    assert events.dispatch_outbox(bell) == events.Dispatched()
    with bell.reader(house) as s:
        row = s.find(OutboxEvent, event_id)
        assert row is not None
        assert row.done_at is not None


def test_what_is_rolled_back_never_happened(bell: Site, house: int, heard: list[Any]) -> None:
    with pytest.raises(RuntimeError), bell.transaction(house) as s:
        events.emit(s, Rung(visit_id=uuid.uuid4(), at=AT))
        raise RuntimeError
    events.dispatch_outbox(bell)
    assert heard == []


def test_one_company_s_events_are_not_another_s(bell: Site, house: int, heard: list[Any]) -> None:
    other = make_company(bell, "bb", ["sender", "second"])
    ring(bell, other)
    events.dispatch_outbox(bell)
    assert [name for name, _ in heard] == ["second"]
    with bell.reader(house) as s:
        assert s.scalars(select(Setting)).all() == []


def test_a_disabled_plugin_hears_nothing(bell: Site, house: int, heard: list[Any]) -> None:
    ring(bell, house)
    with bell.transaction(house) as s:
        lifecycle.disable(s, "first")
    events.dispatch_outbox(bell)
    assert [name for name, _ in heard] == ["second"]


def test_a_failure_is_stored_and_tried_again_and_harms_nobody_else(
    bell: Site, house: int, heard: list[Any], frozen_clock: FrozenClock
) -> None:
    def broken(s: Any, ev: Any) -> None:
        s.add(Setting(plugin="first", key="half", value=1))
        s.flush()
        raise ValueError("no bell here")

    swap(bell, "first", broken)
    ring(bell, house)
    assert events.dispatch_outbox(bell) == events.Dispatched(done=1, failed=1)
    assert [name for name, _ in heard] == ["second"]
    with bell.reader(house) as s:
        keys = set(s.scalars(select(Setting.key).where(Setting.plugin == "first")))
        trouble = events.troubles(s, "first")
    assert keys == set()  # what it had begun is undone
    assert [(t.listener, t.state, t.attempts, t.error) for t in trouble] == [
        ("first.on_rung", "failed", 1, "ValueError: no bell here")
    ]
    assert trouble[0].next_try == frozen_clock.now + timedelta(seconds=30)

    swap(bell, "first", lambda s, ev: heard.append(("first", ev)))
    assert events.dispatch_outbox(bell) == events.Dispatched()  # not before its time
    frozen_clock.move(seconds=31)
    assert events.dispatch_outbox(bell) == events.Dispatched(done=1)
    assert [name for name, _ in heard] == ["second", "first"]  # the good one not twice
    assert deliveries(bell, house)["first.on_rung"].attempts == 2


def test_poison_is_parked_and_may_be_retried(
    bell: Site, house: int, heard: list[Any], frozen_clock: FrozenClock
) -> None:
    def poison(s: Any, ev: Any) -> None:
        raise ValueError("poison")

    swap(bell, "first", poison)
    event_id = ring(bell, house)
    for _ in range(events.TRIES):
        events.dispatch_outbox(bell)
        frozen_clock.move(days=1)
    mark = deliveries(bell, house)["first.on_rung"]
    assert (mark.state, mark.attempts) == ("parked", events.TRIES)
    assert events.dispatch_outbox(bell) == events.Dispatched()
    with bell.reader(house) as s:
        assert s.find(OutboxEvent, event_id).done_at is not None
        assert [t.state for t in events.troubles(s)] == ["parked"]

    assert events.prune_outbox(bell, keep=timedelta()) == 0  # somebody still has to look at it
    swap(bell, "first", lambda s, ev: heard.append(("first", ev)))
    with bell.transaction(house) as s:
        events.retry(s, mark.id)
    assert events.dispatch_outbox(bell) == events.Dispatched(done=1)
    frozen_clock.move(days=31)
    assert events.prune_outbox(bell) == 1


def test_what_was_failing_when_its_plugin_went_off_is_skipped(
    bell: Site, house: int, frozen_clock: FrozenClock
) -> None:
    def broken(s: Any, ev: Any) -> None:
        raise ValueError

    swap(bell, "first", broken)
    event_id = ring(bell, house)
    events.dispatch_outbox(bell)
    with bell.transaction(house) as s:
        lifecycle.disable(s, "first")
    frozen_clock.move(minutes=5)
    assert events.dispatch_outbox(bell) == events.Dispatched(skipped=1)
    assert deliveries(bell, house)["first.on_rung"].state == "skipped"
    with bell.reader(house) as s:
        assert s.find(OutboxEvent, event_id).done_at is not None


def test_a_dead_dispatcher_s_events_are_taken_over(
    bell: Site, house: int, heard: list[Any], frozen_clock: FrozenClock
) -> None:
    ring(bell, house)
    events._claim(bell, 10)  # and then the process dies
    assert events.dispatch_outbox(bell) == events.Dispatched()
    frozen_clock.move(seconds=121)
    assert events.dispatch_outbox(bell) == events.Dispatched(done=2)


def test_a_death_between_delivery_and_closing_repeats_nothing(
    bell: Site, house: int, heard: list[Any]
) -> None:
    event_id = ring(bell, house)
    events.dispatch_outbox(bell)
    with bell.transaction(house) as s:  # as if the closing transaction had never come
        s.execute(
            update(OutboxEvent)
            .where(OutboxEvent.id == event_id)
            .values(done_at=None, lease_until=None)
            .execution_options(synchronize_session=False)
        )
    assert events.dispatch_outbox(bell) == events.Dispatched()
    assert len(heard) == 2


def test_a_stored_event_that_no_longer_fits_is_a_failure_not_a_loss(
    bell: Site, house: int, heard: list[Any]
) -> None:
    event_id = ring(bell, house)
    with bell.transaction(house) as s:
        s.require(OutboxEvent, event_id).payload = {"visit_id": "no uuid"}
    assert events.dispatch_outbox(bell) == events.Dispatched(failed=2)
    assert "ValidationError" in deliveries(bell, house)["first.on_rung"].error


def test_listeners_may_wait_for_events_of_plugins_that_are_not_here(
    bell: Site, house: int, heard: list[Any]
) -> None:
    listener = Listener(
        name="first.on_far", event="far.away", handle=lambda s, ev: heard.append(ev)
    )
    bell.plugins.registry.add(Owner("first"), "register_listeners", [(listener.name, listener)])
    bell.plugins.active_sets.clear()
    with bell.transaction(house) as s:
        s.add(OutboxEvent(topic="far.away", payload={"n": 1}))
    assert events.dispatch_outbox(bell) == events.Dispatched(done=1)
    assert heard == [RawEvent("far.away", {"n": 1})]


def test_an_unregistered_event_cannot_be_emitted(bell: Site, house: int) -> None:
    with (
        pytest.raises(EventError, match=r"'sender.unheard' is not registered"),
        bell.transaction(house) as s,
    ):
        events.emit(s, Unheard(number=1))


def test_values_that_are_not_plain_are_refused(bell: Site, house: int) -> None:
    with pytest.raises(EventError, match="cannot be stored"), bell.transaction(house) as s:
        events.emit(s, Rung(visit_id="not a uuid", at=AT))


@pytest.mark.parametrize("name", ["Rung", "sender.Rung", "sender", "sender.rung.now"])
def test_event_names_have_one_form(name: str) -> None:
    with pytest.raises(TypeError, match="must look like"):
        event(name)


def test_only_frozen_dataclasses_are_events() -> None:
    @dataclass
    class Loose(Event):
        number: int

    with pytest.raises(TypeError, match="frozen dataclass"):
        event("sender.loose")(Loose)

    @dataclass(frozen=True)
    class Named(Event):
        name: str

    with pytest.raises(TypeError, match="cannot be a field"):
        event("sender.named")(Named)


def test_capture_events_sees_what_was_committed(bell: Site, house: int) -> None:
    with capturing(bell, house) as captured:
        ring(bell, house, number=5)
        with pytest.raises(RuntimeError), bell.transaction(house) as s:
            events.emit(s, Rung(visit_id=uuid.uuid4(), at=AT))
            raise RuntimeError
    assert [ev.number for ev in captured.named("sender.rung")] == [5]


def test_two_dispatchers_at_once_deliver_once(bell: Site, house: int, heard: list[Any]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for number in range(20):
        ring(bell, house, number=number)
    with ThreadPoolExecutor(4) as pool:
        done = sum(f.done for f in pool.map(lambda _: events.dispatch_outbox(bell), range(4)))
    done += events.dispatch_outbox(bell).done
    assert done == 40
    assert len({(name, ev.number) for name, ev in heard}) == len(heard) == 40


def test_the_clock_stands_still_in_these_tests(frozen_clock: FrozenClock) -> None:
    before = clock.now()
    assert frozen_clock.move(seconds=1) == before + timedelta(seconds=1)


def test_a_listener_that_takes_too_long_is_reported(
    bell: Site, house: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "BUDGET", -1.0)
    ring(bell, house)
    assert events.dispatch_outbox(bell).done == 2
    assert [(f.plugin, f.where) for f in bell.plugins.failures] == [
        ("first", "listener first.on_rung"),
        ("second", "listener second.on_rung"),
    ]


@dataclass(frozen=True)
class Everything(Event):
    """Every kind of value that an event may carry."""

    who: uuid.UUID | None
    at: datetime
    pairs: dict[str, list[int]]
    moods: frozenset[Mood]
    point: tuple[int, str]
    either: int | str
    sure: bool
    nothing: None = None


def test_what_is_written_is_what_is_read() -> None:
    told = Everything(
        who=None, at=AT + timedelta(microseconds=7), pairs={"甲": [1, -2], "": []},
        moods=frozenset({Mood.GOOD}), point=(1, "左"), either="2", sure=False,
    )  # fmt: skip
    assert from_payload(Everything, json.loads(json.dumps(to_payload(told)))) == told


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", datetime(2026, 11, 21)),  # noqa: DTZ001  no zone is the point
        ("at", "2026-11-21"),
        ("who", "not a uuid"),
        ("pairs", {1: [1]}),
        ("pairs", {"a": "12"}),
        ("moods", frozenset({"good"})),
        ("point", (1, "x", "y")),
        ("either", 1.5),
        ("either", True),
        ("sure", 1),
        ("nothing", ""),
    ],
)
def test_a_value_that_is_not_what_its_field_promises_is_refused(field: str, value: Any) -> None:
    fields: dict[str, Any] = {
        "who": None, "at": AT, "pairs": {}, "moods": frozenset(), "point": (1, "x"), "either": 1,
        "sure": True, field: value,
    }  # fmt: skip
    with pytest.raises(EventError, match=f"cannot be stored: {field}: "):
        to_payload(Everything(**fields))


def test_a_field_that_no_event_may_have_is_refused() -> None:
    @dataclass(frozen=True)
    class Priced(Event):
        price: float

    with pytest.raises(EventError, match="no plain value"):
        to_payload(Priced(price=1.5))
