"""The worker: every second the outbox and requests, every minute deadlines and jobs."""

from __future__ import annotations

import logging
import os
import socket
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from time import monotonic
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from zhike import clock
from zhike.contributions import Job
from zhike.db.session import SYSTEM
from zhike.models.company import Company
from zhike.models.jobs import Heartbeat, JobLease, JobRequest, JobRun
from zhike.plugins.active import active_in
from zhike.plugins.registry import Entry
from zhike.services.events import dispatch_outbox
from zhike.services.jobs import hands
from zhike.services.jobs.deadlines import Swept, sweep
from zhike.services.jobs.requests import LOST, run_waiting
from zhike.site import Site

log = logging.getLogger(__name__)

LEASE_KEPT = timedelta(days=7)
RUNS_KEPT = timedelta(days=90)
BACKWARDS = timedelta(seconds=60)
CATCH_UP = timedelta(minutes=30)


@dataclass(frozen=True)
class Ticked:
    """What a tick did; ``ran`` is False when another worker had this minute already."""

    ran: bool
    swept: Swept = field(default_factory=Swept)
    jobs: int = 0
    catching_up: bool = False
    clock_back: bool = False


def take_lease(site: Site, job: str, slot: str) -> bool:
    """Claim (job, slot) for this worker; False when somebody has it."""
    try:
        with site.system() as s:
            if s.get(JobLease, (job, slot)) is not None:
                return False
            s.add(JobLease(job=job, slot=slot, taken_at=clock.now()))
    except IntegrityError:  # PostgreSQL: two workers looked at the same instant
        return False
    return True


def tick(site: Site) -> Ticked:
    """One minute's work: note that the worker lives, sweep deadlines, run the jobs that are due.

    Safe to call from any number of workers. When the clock went back by more than a minute
    nothing new fires until it has caught up; after a long pause the heartbeat says so, so that
    notices can be gathered into one.
    """
    now = clock.now()
    last = _beat(site, now)
    if last is not None and now < last - BACKWARDS:
        log.error("the clock went back from %s to %s: nothing fires until it catches up", last, now)
        return Ticked(ran=False, clock_back=True)
    if not take_lease(site, "tick", now.strftime("%Y-%m-%dT%H:%M")):
        return Ticked(ran=False)
    swept = sweep(site, now)
    jobs = run_due_jobs(site, now)
    with site.system() as s:
        s.execute(delete(JobLease).where(JobLease.taken_at < now - LEASE_KEPT))
    return Ticked(True, swept, jobs, last is not None and now - last > CATCH_UP)


def _beat(site: Site, now: datetime) -> datetime | None:
    with site.system() as s:
        row = s.get(Heartbeat, "worker")
        last = row.at if row else None
        if row is None:
            row = Heartbeat(name="worker", at=now)
            s.add(row)
        # A clock set back must not erase what proves that it was set back.
        if last is None or now >= last - BACKWARDS:
            row.at = now
        row.data = {"host": socket.gethostname(), "pid": os.getpid()}
        return last


def _slot(job: Job, now: datetime, tz: str) -> str | None:
    """The slot that ``job`` has at this minute, or ``None`` when it is not due now."""
    if job.every_minutes is not None:
        # Any minute of the stretch: the first one may have passed while another job still worked.
        minute = int(now.timestamp()) // 60
        return f"m{minute - minute % job.every_minutes}"
    if job.daily_at is not None:
        local = clock.local(now, tz)
        # Any minute from the hour on: a worker that was down at the hour still does the day's job.
        if local.time() >= job.daily_at:
            return f"d{local.date().isoformat()}"
    return None


def run_due_jobs(site: Site, now: datetime) -> int:
    """Run every registered job that is due at ``now``, and failed runs whose next try is due."""
    done = 0
    for lease, slot, entry, company_id in _due(site, now):
        active = company_id is None or _is_active(site, entry, company_id)
        if active and take_lease(site, lease, slot):
            done += run_job(site, entry.value, company_id, slot)
    return done + _retry(site, now)


def _due(site: Site, now: datetime) -> list[tuple[str, str, Entry[Job], int | None]]:
    """What is due and not taken: (name of the lease, slot, job, company).

    Taken ones are looked up in one statement: a daily job is due all day long, and to ask for its
    lease each minute would take the write lock once a job and company.
    """
    with site.system_reader() as s:
        companies = s.execute(
            select(Company.id, Company.tz).where(Company.closed_at.is_(None)).order_by(Company.id)
        ).all()
    due: list[tuple[str, str, Entry[Job], int | None]] = []
    for entry in site.plugins.registry.of(Job):
        job = entry.value
        if job.per == "system":
            slot = _slot(job, now, companies[0].tz if companies else "UTC")
            due += [(job.name, slot, entry, None)] if slot else []
            continue
        for company in companies:
            slot = _slot(job, now, company.tz)
            due += [(f"{job.name}@{company.id}", slot, entry, company.id)] if slot else []
    with site.system_reader() as s:
        slots = {slot for _lease, slot, _entry, _company in due}
        taken = {
            (row.job, row.slot)
            for row in s.execute(
                select(JobLease.job, JobLease.slot).where(JobLease.slot.in_(sorted(slots)))
            )
        }
    return [one for one in due if one[:2] not in taken]


def _is_active(site: Site, entry: Entry[Job], company_id: int) -> bool:
    with site.reader(company_id) as s:
        return active_in(s).has(entry.owner)


def _find_lost(site: Site, now: datetime) -> None:
    """Runs whose worker did not live to finish them have failed, and are tried again as such."""
    with site.system_reader() as s:
        running = s.scalars(select(JobRun).where(JobRun.state == "running")).all()
    lost = hands.gone(site, (run.worker for run in running))
    gone = [run for run in running if run.worker in lost]
    if not gone:
        return
    with site.system() as s:
        for run in gone:
            entry = site.plugins.registry.get(Job, run.job)
            again = entry is not None and run.attempt <= entry.value.retries
            s.execute(
                update(JobRun)
                .where(JobRun.id == run.id, JobRun.state == "running")
                .values(
                    state="failed",
                    error=LOST,
                    finished_at=now,
                    next_try_at=now if again else None,
                )
                .execution_options(synchronize_session=False)
            )


def _retry(site: Site, now: datetime) -> int:
    _find_lost(site, now)
    with site.system() as s:
        due = s.scalars(
            select(JobRun)
            .where(JobRun.state == "failed", JobRun.next_try_at <= now)
            .order_by(JobRun.next_try_at)
            .limit(100)
            .with_for_update(skip_locked=True)
        ).all()
        for run in due:
            run.next_try_at = None
    done = 0
    for run in due:
        entry = site.plugins.registry.get(Job, run.job)
        if entry is not None and (
            run.company_id is None or _is_active(site, entry, run.company_id)
        ):
            done += run_job(site, entry.value, run.company_id, run.slot, attempt=run.attempt + 1)
    return done


def run_job(site: Site, job: Job, company_id: int | None, slot: str, *, attempt: int = 1) -> bool:
    """Run one job once, recording start, end and failure; returns whether it succeeded.

    A failure is tried again after 1, 4, 9 … minutes, ``job.retries`` times. What a company job
    writes is one transaction.
    """
    with site.system() as s:
        run = JobRun(
            job=job.name,
            company_id=company_id,
            slot=slot,
            attempt=attempt,
            worker=hands.me(),
            started_at=clock.now(),
        )
        s.add(run)
        s.flush()
        run_id = run.id
    error = ""
    try:
        if company_id is None:
            job.run(site)
        else:
            with site.transaction(company_id, SYSTEM) as company_session:
                job.run(company_session)
    except Exception:  # recorded below and shown on the jobs page; the worker goes on
        log.exception("job %s failed", job.name)
        error = traceback.format_exc(limit=8)[-4000:]
    with site.system() as s:
        stored = s.get(JobRun, run_id)
        assert stored is not None
        now = clock.now()
        stored.finished_at = now
        stored.state = "failed" if error else "done"
        stored.error = error
        overtime = (now - stored.started_at).total_seconds() > job.timeout
        if overtime and not error:
            stored.error = f"took longer than its limit of {job.timeout} s"
        if error and attempt <= job.retries:
            stored.next_try_at = now + timedelta(minutes=attempt**2)
    return not error


def prune_runs(site: Site, *, keep: timedelta = RUNS_KEPT) -> int:
    """Forget runs and requests that ended longer ago than ``keep``; returns how many."""
    before = clock.now() - keep
    gone = 0
    with site.system() as s:
        for model in (JobRun, JobRequest):
            done: Any = s.execute(
                delete(model)
                .where(model.finished_at < before)
                .execution_options(synchronize_session=False)
            )
            gone += int(done.rowcount)
    return gone


def run_worker(
    site: Site,
    *,
    stop: Event | None = None,
    pause: float = 1.0,
    threads: int = 2,
    settle: float = 0.0,
) -> None:
    """Work until ``stop`` is set (or a signal ends the process): the body of ``zhike worker``.

    Deadlines and jobs begin ``settle`` seconds after the start: what the night missed is caught up
    once the first pages have been answered, not while people wait for them.
    Ticks run beside the second-by-second work, so that a slow job delays no event. Each kind of
    work has at most one run in hand: a minute whose predecessor still works is taken by the next.
    """
    stop = stop or Event()
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="zhike-job") as pool:
        minute_work = request_work = None
        last_minute = ""
        begin = monotonic() + settle
        while not stop.is_set():
            _guarded(lambda: dispatch_outbox(site))
            if request_work is None or request_work.done():
                request_work = pool.submit(_guarded, lambda: run_waiting(site))
            minute = clock.now().strftime("%H:%M")
            free = minute_work is None or minute_work.done()
            if minute != last_minute and free and monotonic() >= begin:
                last_minute = minute
                minute_work = pool.submit(_guarded, lambda: tick(site))
            stop.wait(pause)


def _guarded(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:  # a database that is away for a moment must not end the worker
        log.exception("worker step failed; it will be tried again")
