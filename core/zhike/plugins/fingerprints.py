"""Which processes run which set of plugins.

New packages need a restart, and a restart of several processes is never one instant: so each
process says what it has loaded, and a plugin is switched on only when all of them have it.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from zhike import clock
from zhike.models.plugin import PluginFailure, Process

if TYPE_CHECKING:
    from zhike.db.session import SystemSession
    from zhike.site import Site

log = logging.getLogger(__name__)

BEAT_SECONDS = 30
LIVE = timedelta(seconds=120)
FORGET = timedelta(days=1)


@dataclass(frozen=True)
class ProcessInfo:
    """A process that was seen lately: what it is and what it has loaded."""

    host: str
    pid: int
    kind: str
    started_at: datetime
    seen_at: datetime
    fingerprint: str
    plugins: dict[str, str]


def report(site: Site, kind: str) -> None:
    """Write this process's row, and the failures of plugins noted since the last time.

    ``kind`` is web, worker or cli.  Opens a short transaction of its own: call it outside any.
    """
    host, pid = socket.gethostname(), os.getpid()
    plugins = {name: m.version for name, m in site.plugins.manifests.items()}
    with site.system() as s:
        row = s.get(Process, (host, pid))
        if row is None or row.kind != kind:
            if row is not None:  # the operating system gave an old number to a new process
                s.delete(row)
                s.flush()
            row = Process(host=host, pid=pid, kind=kind, fingerprint="", plugins={})
            s.add(row)
        row.fingerprint = site.plugins.fingerprint
        row.plugins = dict(plugins)
        row.seen_at = clock.now()
        s.execute(delete(Process).where(Process.seen_at < clock.now() - FORGET))
        _store_failures(site, s)


def leave(site: Site) -> None:
    """Take this process's row away when it ends in good order."""
    with site.system() as s:
        row = s.get(Process, (socket.gethostname(), os.getpid()))
        if row is not None:
            s.delete(row)


def live(site: Site) -> list[ProcessInfo]:
    """Processes seen within the last two minutes and not known to have ended, oldest first."""
    with site.system_reader() as s:
        rows = s.scalars(
            select(Process)
            .where(Process.seen_at >= clock.now() - LIVE)
            .order_by(Process.started_at, Process.host, Process.pid)
        )
        return [
            ProcessInfo(
                r.host, r.pid, r.kind, r.started_at, r.seen_at, r.fingerprint, dict(r.plugins)
            )
            for r in rows
            if may_live(r.host, r.pid)
        ]


def may_live(host: str, pid: int) -> bool:
    """False for a process of this machine that has ended: after a restart nobody waits for it."""
    if host != socket.gethostname():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there and belongs to somebody else
        return True
    return True


def without(site: Site, plugin: str, version: str) -> list[ProcessInfo]:
    """Live web and worker processes that do not run ``plugin`` in ``version``: restart them."""
    return [
        p for p in live(site) if p.kind in ("web", "worker") and p.plugins.get(plugin) != version
    ]


def start(site: Site, kind: str) -> threading.Event:
    """Report now and every half minute from a thread; set the returned event to stop it.

    Call after a fork, never before: a thread does not survive one.
    """
    stop = threading.Event()
    report(site, kind)

    def beat() -> None:
        while not stop.wait(BEAT_SECONDS):
            try:
                report(site, kind)
            except Exception:  # a missed beat must not end the beating
                log.exception("process could not report itself")

    threading.Thread(target=beat, name="zhike-heartbeat", daemon=True).start()
    return stop


def _store_failures(site: Site, s: SystemSession) -> None:
    pending = site.plugins.failures
    while pending:
        failure = pending.popleft()
        row = s.scalars(
            select(PluginFailure).where(
                PluginFailure.plugin == failure.plugin,
                PluginFailure.place == failure.where,
                PluginFailure.error == failure.error,
                PluginFailure.company_id.is_(None)
                if failure.company_id is None
                else PluginFailure.company_id == failure.company_id,
            )
        ).first()
        if row is None:
            s.add(
                PluginFailure(
                    plugin=failure.plugin,
                    place=failure.where,
                    company_id=failure.company_id,
                    error=failure.error,
                    first_at=failure.at,
                    last_at=failure.at,
                )
            )
            s.flush()
        else:
            row.count += 1
            row.last_at = failure.at
