"""Deadlines fire once however many look, survive failures, and sleep while their plugin is off."""

from __future__ import annotations

import multiprocessing
import os
import socket
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import select

import zhike.models  # noqa: F401  all tables of the core
from zhike import clock
from zhike.builtin import operations
from zhike.config import Config
from zhike.contributions import DeadlineHandler, Job
from zhike.db.base import Base
from zhike.db.session import CompanySession
from zhike.models.inbox import Notice
from zhike.models.jobs import Deadline, Heartbeat, JobRequest, JobRun
from zhike.models.organisation import Staff
from zhike.models.plugin import Process
from zhike.plugins.registry import Owner
from zhike.services import companies, inbox
from zhike.services.jobs import ask, cancel, deadlines, hands, requests, schedule, sweep, worker
from zhike.services.jobs.worker import take_lease, tick
from zhike.site import Site

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
JOBS = {job.name: job for job in operations.register_jobs()}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site.open(Config(home=tmp_path, threads=4, plugin_allow=()))
    core = [t for t in Base.metadata.sorted_tables if t.info.get("plugin") == "core"]
    Base.metadata.create_all(site.engines.write, tables=core)
    with site.system() as s:
        companies.create_company(s, slug="one", name="一")
        companies.create_company(s, slug="two", name="二")
    yield site
    site.close()


def contribute(site: Site, hook: str, value: Any, owner: str = "core") -> None:
    registry = site.plugins.registry
    registry.add(Owner(owner), hook, [(value.name, value)])


@pytest.fixture
def staff(site: Site) -> uuid.UUID:
    with site.transaction(1) as s:
        row = Staff(name="李敏")
        s.add(row)
        s.flush()
        return row.id


def telling(staff: uuid.UUID) -> Callable[[CompanySession, Deadline], None]:
    def fire(s: CompanySession, deadline: Deadline) -> None:
        inbox.notify(s, staff, "core.due", "Due: %(what)s", values={"what": deadline.subject})

    return fire


def notices(site: Site) -> int:
    with site.reader(1) as s:
        return len(s.scalars(select(Notice.id)).all())


def test_due_means_due_and_once(site: Site, staff: uuid.UUID) -> None:
    handler = DeadlineHandler(kind="core.test", title="Test", fire=telling(staff))
    contribute(site, "register_deadlines", handler)
    with site.transaction(1) as s:
        schedule(s, "core.test", "a", NOON)
        schedule(s, "core.test", "b", NOON + timedelta(seconds=1))
    assert sweep(site, NOON - timedelta(seconds=1)).fired == 0
    assert sweep(site, NOON).fired == 1
    assert sweep(site, NOON).fired == 0
    assert notices(site) == 1
    assert sweep(site, NOON + timedelta(days=40)).fired == 1


def test_moved_and_cancelled(site: Site, staff: uuid.UUID) -> None:
    handler = DeadlineHandler(kind="core.test", title="Test", fire=telling(staff))
    contribute(site, "register_deadlines", handler)
    with site.transaction(1) as s:
        first = schedule(s, "core.test", "a", NOON)
        again = schedule(s, "core.test", "a", NOON + timedelta(hours=1))
        assert again.id == first.id
        schedule(s, "core.test", "b", NOON)
        assert cancel(s, "core.test", "b")
        assert not cancel(s, "core.test", "b")
    assert sweep(site, NOON).fired == 0
    assert sweep(site, NOON + timedelta(hours=1)).fired == 1


def test_moved_while_a_sweep_had_claimed_it(
    site: Site, staff: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = DeadlineHandler(kind="core.test", title="Test", fire=telling(staff))
    contribute(site, "register_deadlines", handler)
    with site.transaction(1) as s:
        schedule(s, "core.test", "a", NOON)
    claim = deadlines._claim

    def claim_and_move(site: Site, now: datetime) -> list[tuple[int, uuid.UUID]]:
        claimed = claim(site, now)
        monkeypatch.undo()
        with site.transaction(1) as s:
            schedule(s, "core.test", "a", NOON + timedelta(minutes=1))
        return claimed

    monkeypatch.setattr(deadlines, "_claim", claim_and_move)
    assert sweep(site, NOON).fired == 0
    assert notices(site) == 0
    assert sweep(site, NOON + timedelta(minutes=1)).fired == 1, "no lease is left on it"


def test_set_anew_after_a_failure_begins_anew(site: Site) -> None:
    broken = [True]

    def fire(s: CompanySession, deadline: Deadline) -> None:
        if broken[0]:
            raise RuntimeError("not today")

    contribute(site, "register_deadlines", DeadlineHandler(kind="core.test", title="T", fire=fire))
    with site.transaction(1) as s:
        schedule(s, "core.test", "a", NOON)
    assert sweep(site, NOON).failed == 1
    with site.transaction(1) as s:
        row = schedule(s, "core.test", "a", NOON)
        assert (row.attempt, row.last_error) == (0, "")
    broken[0] = False
    assert sweep(site, NOON).fired == 1, "it does not wait for the pause after the failure"


def test_failure_undoes_its_effect_and_is_tried_again(site: Site, staff: uuid.UUID) -> None:
    tell = telling(staff)
    broken = [True]

    def fire(s: CompanySession, deadline: Deadline) -> None:
        tell(s, deadline)
        if broken[0]:
            raise RuntimeError("not today")

    contribute(site, "register_deadlines", DeadlineHandler(kind="core.test", title="T", fire=fire))
    with site.transaction(1) as s:
        schedule(s, "core.test", "a", NOON)
    assert sweep(site, NOON).failed == 1
    assert notices(site) == 0
    with site.reader(1) as s:
        row = s.scalars(select(Deadline)).one()
    assert "not today" in row.last_error
    assert row.state == "running"
    assert sweep(site, NOON).failed == 0, "leased until the pause is over"
    broken[0] = False
    assert sweep(site, NOON + timedelta(hours=1)).fired == 1
    assert notices(site) == 1


def test_after_too_many_tries_it_is_parked_and_visible(site: Site) -> None:
    def fire(s: CompanySession, deadline: Deadline) -> None:
        raise RuntimeError("never")

    contribute(site, "register_deadlines", DeadlineHandler(kind="core.test", title="T", fire=fire))
    with site.transaction(1) as s:
        schedule(s, "core.test", "a", NOON)
    moment = NOON
    for _ in range(deadlines.MOST_TRIES + 3):
        sweep(site, moment)
        moment += timedelta(days=1)
    with site.reader(1) as s:
        row = s.scalars(select(Deadline)).one()
    assert (row.state, row.attempt) == ("failed", deadlines.MOST_TRIES)


def test_a_plugin_that_is_off_sleeps(site: Site, staff: uuid.UUID) -> None:
    handler = DeadlineHandler(kind="acme.test", title="T", fire=telling(staff))
    contribute(site, "register_deadlines", handler, owner="acme")
    with site.transaction(1) as s:
        schedule(s, "acme.test", "a", NOON)
        schedule(s, "gone.test", "a", NOON)
    assert sweep(site, NOON).asleep == 2
    for days in range(1, deadlines.MOST_TRIES + 3):
        assert sweep(site, NOON + timedelta(days=days)).asleep == 2, "asleep is not failed"
    assert notices(site) == 0
    with site.reader(1) as s:
        rows = s.execute(select(Deadline.state, Deadline.attempt)).all()
    assert [tuple(row) for row in rows] == [("running", 0)] * 2, "sleeping uses up no try"


def test_many_sweepers_at_once(site: Site, staff: uuid.UUID) -> None:
    handler = DeadlineHandler(kind="core.test", title="Test", fire=telling(staff))
    contribute(site, "register_deadlines", handler)
    with site.transaction(1) as s:
        for number in range(60):
            schedule(s, "core.test", f"n{number}", NOON)
    with ThreadPoolExecutor(4) as pool:
        fired = sum(result.fired for result in pool.map(lambda _: sweep(site, NOON), range(4)))
    assert fired == 60
    assert notices(site) == 60


def _lease(args: tuple[Config, str]) -> bool:
    site = Site.open(args[0], plugins=False)
    try:
        return take_lease(site, "job", args[1])
    finally:
        site.close()


def test_one_lease_for_many_processes(site: Site) -> None:
    site.close()
    with multiprocessing.get_context("fork").Pool(4) as pool:
        for slot in ("m1", "m2"):
            assert sum(pool.map(_lease, [(site.config, slot)] * 8)) == 1


def test_tick_runs_jobs_once_a_slot_and_per_active_company(site: Site) -> None:
    ran: list[object] = []

    def run_company(s: CompanySession) -> None:
        ran.append(s.company_id)

    job = Job(name="core.each", title="Each", run=run_company, every_minutes=1)
    contribute(site, "register_jobs", job)
    off = Job(name="acme.each", title="Each", run=run_company, every_minutes=1)
    contribute(site, "register_jobs", off, owner="acme")
    whole = Job(name="core.whole", title="W", run=ran.append, per="system", every_minutes=2)
    contribute(site, "register_jobs", whole)
    with clock.frozen(NOON):
        assert tick(site).ran
        assert not tick(site).ran, "the minute is taken"
    assert ran == [1, 2, site]
    with clock.frozen(NOON + timedelta(minutes=1)):
        assert tick(site).jobs >= 2


def test_a_daily_job_that_was_missed_is_done_later_that_day(site: Site) -> None:
    from datetime import time

    ran: list[int] = []
    job = Job(
        name="core.daily", title="D", run=lambda s: ran.append(s.company_id), daily_at=time(9, 0)
    )
    contribute(site, "register_jobs", job)
    for hour, expected in ((8, 0), (11, 2), (12, 2), (13, 2), (14, 2)):
        with clock.frozen(datetime(2026, 11, 21, hour - 8, 0, tzinfo=UTC)):  # Shanghai is UTC+8
            tick(site)
        assert len(ran) == expected, hour


def test_a_failed_job_is_tried_again_and_stays_visible(site: Site) -> None:
    tries: list[int] = []

    def run(s: CompanySession) -> None:
        tries.append(s.company_id)
        s.add(Staff(name="half"))
        s.flush()
        if len(tries) < 3:
            raise RuntimeError("no")

    job = Job(name="core.flaky", title="F", run=run, every_minutes=60, retries=2)
    contribute(site, "register_jobs", job)
    with site.system() as s:
        two = companies.Company
        s.get(two, 2).closed_at = NOON
    for minutes, expected in enumerate((1, 2, 2, 2, 2, 3, 3)):  # after 1 minute, then after 4
        with clock.frozen(NOON + timedelta(minutes=minutes)):
            tick(site)
        assert len(tries) == expected, minutes
    with site.system_reader() as s:
        states = s.scalars(
            select(JobRun.state).where(JobRun.job == "core.flaky").order_by(JobRun.attempt)
        ).all()
    assert states == ["failed", "failed", "done"]
    with site.reader(1) as s:
        assert len(s.scalars(select(Staff)).all()) == 1, "failed tries left nothing"


def test_a_job_that_always_fails_is_left_alone_after_its_retries(site: Site) -> None:
    tries: list[int] = []

    def run(s: CompanySession) -> None:
        tries.append(s.company_id)
        raise RuntimeError("no")

    # Due at midnight only, so that whatever else runs is another try.
    job = Job(name="core.hopeless", title="H", run=run, every_minutes=24 * 60, retries=2)
    contribute(site, "register_jobs", job)
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    for minutes in range(0, 60, 2):
        with clock.frozen(midnight + timedelta(minutes=minutes)):
            tick(site)
    assert sorted(tries) == [1, 1, 1, 2, 2, 2]


def test_when_the_clock_goes_back_nothing_new_fires(site: Site, staff: uuid.UUID) -> None:
    handler = DeadlineHandler(kind="core.test", title="Test", fire=telling(staff))
    contribute(site, "register_deadlines", handler)
    with clock.frozen(NOON):
        tick(site)
    with site.transaction(1) as s:
        schedule(s, "core.test", "a", NOON - timedelta(days=2))
    with clock.frozen(NOON - timedelta(hours=1)):
        done = tick(site)
    assert done.clock_back
    assert notices(site) == 0
    with site.system_reader() as s:
        beat = s.get(Heartbeat, "worker")
    assert beat is not None
    assert beat.at == NOON
    with clock.frozen(NOON + timedelta(hours=1)):
        done = tick(site)
    assert done.catching_up
    assert notices(site) == 1


def test_requests(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_handlers", {})

    @requests.handles("greet")
    def greet(site: Site, args: Any, progress: Any) -> str:
        progress(50, "half")
        if args["name"] == "x":
            raise RuntimeError("no x")
        return f"hello {args['name']}"

    first = ask(site, "greet", {"name": "甲"})
    assert ask(site, "greet", {"name": "甲"}) == first, "the same open request is one request"
    bad = ask(site, "greet", {"name": "x"})
    lost = ask(site, "nobody", {})
    assert requests.run_waiting(site) == 3
    with site.system_reader() as s:
        states = {row.id: (row.state, row.message) for row in s.scalars(select(JobRequest))}
    assert states[first] == ("done", "hello 甲")
    assert states[bad] == ("failed", "no x")
    assert states[lost][0] == "failed"


def test_the_worker_stops_when_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Event()
    seen: list[str] = []

    def note(what: str) -> None:
        seen.append(what)
        if seen.count("outbox") >= 2 and "tick" in seen:
            stop.set()

    monkeypatch.setattr(worker, "dispatch_outbox", lambda site: note("outbox"))
    monkeypatch.setattr(worker, "tick", lambda site: note("tick"))
    working = Thread(target=worker.run_worker, args=(site,), kwargs={"stop": stop, "pause": 0.01})
    working.start()
    working.join(60)  # against hanging only
    assert not working.is_alive()
    assert seen.count("outbox") >= 2
    assert "tick" in seen


def _begin_and_die(config: Config) -> None:
    """A worker that is killed with a request and a job in its hands."""
    site = Site.open(config)

    def die(*_args: Any) -> str:
        os._exit(9)

    requests._handlers["greet"] = die
    with site.system() as s:
        s.add(JobRun(job="core.night", slot="d1", worker=hands.me(), started_at=NOON))
    requests.run_waiting(site)


def test_what_a_killed_worker_had_in_hand_is_found(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "_handlers", {"greet": lambda site, args, progress: "hello"})
    ran: list[object] = []
    night = Job(name="core.night", title="N", run=ran.append, per="system", every_minutes=60)
    contribute(site, "register_jobs", night)
    lost = ask(site, "greet", {"name": "甲"})
    site.close()
    child = multiprocessing.get_context("fork").Process(target=_begin_and_die, args=(site.config,))
    child.start()
    child.join(30)
    assert child.exitcode == 9
    row = requests.request_state(site, lost)
    assert row is not None
    assert row.state == "running"
    requests.run_waiting(site)
    row = requests.request_state(site, lost)
    assert row is not None
    assert (row.state, row.error) == ("failed", requests.LOST)
    assert ask(site, "greet", {"name": "甲"}) != lost, "it can be asked for anew"
    worker._retry(site, NOON + timedelta(minutes=1))
    assert ran == [site], "a job goes on to its next try"
    with site.system_reader() as s:
        tries = s.execute(select(JobRun.attempt, JobRun.state).order_by(JobRun.attempt)).all()
    assert [tuple(one) for one in tries] == [(1, "failed"), (2, "done")]


def test_what_a_living_worker_has_in_hand_is_left_alone(site: Site) -> None:
    parent = f"{socket.gethostname()}:{os.getppid()}:0"
    with site.system() as s:
        for name in (hands.me(), parent):
            s.add(JobRequest(kind="greet", args={}, state="running", worker=name))
    assert requests.run_waiting(site) == 0
    with site.system_reader() as s:
        assert set(s.scalars(select(JobRequest.state))) == {"running"}
    elsewhere = f"elsewhere:{os.getpid()}:0"
    assert hands.gone(site, [elsewhere, parent, hands.me()]) == {elsewhere}
    with site.system() as s:
        s.add(Process(host="elsewhere", pid=os.getpid(), kind="worker", fingerprint="", plugins={}))
    assert hands.gone(site, [elsewhere]) == frozenset()


def test_an_hourly_job_whose_minute_was_missed_is_done_within_the_hour(site: Site) -> None:
    ran: list[object] = []
    hourly = Job(name="core.hourly", title="H", run=ran.append, per="system", every_minutes=60)
    contribute(site, "register_jobs", hourly)
    for minutes, expected in ((2, 1), (3, 1), (59, 1), (60, 2)):
        with clock.frozen(NOON + timedelta(minutes=minutes)):
            tick(site)
        assert len(ran) == expected, minutes


def test_old_runs_are_forgotten(site: Site) -> None:
    with site.system() as s:
        for days in (1, 100):
            at = NOON - timedelta(days=days)
            s.add(JobRun(job="core.x", slot=f"d{days}", state="done", finished_at=at))
            s.add(JobRequest(kind="x", args={"n": days}, state="done", finished_at=at))
        s.add(JobRequest(kind="x", args={}, created_at=NOON - timedelta(days=100)))
    with clock.frozen(NOON):
        assert worker.prune_runs(site) == 2
    with site.system_reader() as s:
        assert len(s.scalars(select(JobRun)).all()) == 1
        assert len(s.scalars(select(JobRequest)).all()) == 2, "what still waits stays"


def test_a_deadline_cancelled_while_it_failed_stays_cancelled(site: Site) -> None:
    def fire(s: CompanySession, deadline: Deadline) -> None:
        raise RuntimeError("no")

    contribute(site, "register_deadlines", DeadlineHandler(kind="core.test", title="T", fire=fire))
    with site.transaction(1) as s:
        row = schedule(s, "core.test", "a", NOON)
        row.attempt = deadlines.MOST_TRIES
        cancel(s, "core.test", "a")
    deadlines._note_failure(site, 1, row.id, NOON, "no")
    with site.reader(1) as s:
        assert s.scalars(select(Deadline.state)).one() == "cancelled"


def test_old_notices_go_and_recent_ones_stay(site: Site, staff: uuid.UUID) -> None:
    def told(text: str, days_ago: int, read: int | None = None) -> None:
        with clock.frozen(NOON - timedelta(days=days_ago)), site.transaction(1) as s:
            inbox.notify(s, staff, "core.test", text)
            made = inbox.list_notices(s, staff, limit=1)[0].id
        if read is not None:
            with clock.frozen(NOON - timedelta(days=read)), site.transaction(1) as s:
                inbox.mark_read(s, staff, made)

    told("unread for long", 366)
    told("unread", 364)
    told("read long ago", 200, read=91)
    told("read lately", 200, read=89)
    with clock.frozen(NOON):
        with site.transaction(2) as s:
            JOBS["core.prune_notices"].run(s)
        with site.reader(1) as s:
            assert len(inbox.list_notices(s, staff)) == 4, "another company's job"
        with site.transaction(1) as s:
            JOBS["core.prune_notices"].run(s)
    with site.reader(1) as s:
        assert {row.title for row in inbox.list_notices(s, staff)} == {"unread", "read lately"}


def test_past_deadlines_go_and_open_ones_stay(site: Site) -> None:
    old, recent = NOON - timedelta(days=91), NOON - timedelta(days=89)
    with site.transaction(1) as s:
        for state, due, fired in (
            ("fired", old, old),
            ("fired", old, recent),
            ("cancelled", old, None),
            ("cancelled", recent, None),
            ("failed", old, None),
            ("running", old, None),
        ):
            row = schedule(s, "core.test", f"core:test:{state}", due)
            row.state, row.fired_at = state, fired
            s.flush()
    with clock.frozen(NOON), site.transaction(1) as s:
        JOBS["core.prune_deadlines"].run(s)
    with site.reader(1) as s:
        left = [(row.state, row.due_at == old) for row in s.scalars(select(Deadline))]
    assert sorted(left) == [
        ("cancelled", False),
        ("failed", True),
        ("fired", True),
        ("running", True),
    ]
