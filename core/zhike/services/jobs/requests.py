"""Requests: what a person asks for in the panel and only a worker or the command line may do."""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from zhike import clock
from zhike.models.jobs import JobRequest
from zhike.services.jobs import hands
from zhike.site import Site

log = logging.getLogger(__name__)

ASKED_BY = "asked_by"
"""Under this word handlers find the id of the user who asked, empty for none, in ``args``."""

LOST = "the worker ended in the middle of it"

Progress = Callable[[int, str], None]
_handlers: dict[str, Callable[[Site, Mapping[str, Any], Progress], str]] = {}


def handles(
    kind: str,
) -> Callable[[Callable[[Site, Mapping[str, Any], Progress], str]], Any]:
    """Register the function that does requests of ``kind``; it returns the closing message."""

    def register(call: Callable[[Site, Mapping[str, Any], Progress], str]) -> Any:
        _handlers[kind] = call
        return call

    return register


def ask(
    site: Site,
    kind: str,
    args: Mapping[str, Any],
    *,
    company_id: int | None = None,
    requested_by: uuid.UUID | None = None,
) -> uuid.UUID:
    """Write a request and return its id. The same open request is not written twice."""
    with site.system() as s:
        open_ones = s.scalars(
            select(JobRequest).where(
                JobRequest.state.in_(("waiting", "running")), JobRequest.kind == kind
            )
        )
        for row in open_ones:
            if row.args == dict(args) and row.company_id == company_id:
                return row.id
        row = JobRequest(
            kind=kind, args=dict(args), company_id=company_id, requested_by=requested_by
        )
        s.add(row)
        s.flush()
        return row.id


def request_state(site: Site, request_id: uuid.UUID) -> JobRequest | None:
    """A request as it stands, for the page that watches it."""
    with site.system_reader() as s:
        return s.get(JobRequest, request_id)


def run_waiting(site: Site) -> int:
    """Do the requests that wait, oldest first; returns how many were taken.

    One that another worker began and did not live to finish has failed: whoever asked may ask anew.
    """
    _give_up_lost(site)
    done = 0
    while (request := _take(site)) is not None:
        done += 1
        _run(site, request)
    return done


def _give_up_lost(site: Site) -> None:
    with site.system_reader() as s:
        held = s.execute(
            select(JobRequest.id, JobRequest.worker).where(JobRequest.state == "running")
        ).all()
    lost = hands.gone(site, (row.worker for row in held))
    for row in held:
        if row.worker in lost:
            _update(site, row.id, state="failed", message=LOST, error=LOST)


def _take(site: Site) -> JobRequest | None:
    with site.system_reader() as s:
        if s.scalar(select(JobRequest.id).where(JobRequest.state == "waiting").limit(1)) is None:
            return None  # the usual case, looked at every second: no write lock for it
    with site.system() as s:
        row = s.scalars(
            select(JobRequest)
            .where(JobRequest.state == "waiting")
            .order_by(JobRequest.created_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if row is not None:
            row.state, row.started_at, row.worker = "running", clock.now(), hands.me()
        return row


def _run(site: Site, request: JobRequest) -> None:
    def progress(percent: int, message: str) -> None:
        _update(site, request.id, progress=max(0, min(100, percent)), message=message)

    handler = _handlers.get(request.kind)
    if handler is None:
        _update(site, request.id, state="failed", error=f"nobody does {request.kind!r} here")
        return
    try:
        asked_by = str(request.requested_by) if request.requested_by else ""
        message = handler(site, {**request.args, ASKED_BY: asked_by}, progress)
    except Exception as error:  # shown on the jobs page; the worker goes on
        log.exception("request %s (%s) failed", request.id, request.kind)
        detail = traceback.format_exc(limit=8)[-4000:]
        _update(site, request.id, state="failed", message=str(error), error=detail)
    else:
        _update(site, request.id, state="done", progress=100, message=message)


def _update(site: Site, request_id: uuid.UUID, **values: Any) -> None:
    with site.system() as s:
        row = s.get(JobRequest, request_id)
        assert row is not None
        for name, value in values.items():
            setattr(row, name, value)
        if row.state in ("done", "failed"):
            row.finished_at = clock.now()
