"""The supervisor of ``zhike run``: keeps the processes of one site alive.

It owns the listening socket and hands it to the web processes, so that a restart (SIGHUP) starts
the new ones, waits until they answer and only then stops the old ones: no request is refused. It
imports neither Flask nor SQLAlchemy and stays small.

Signals: SIGTERM and SIGINT stop everything in order (a second one at once), SIGHUP restarts.
"""

from __future__ import annotations

import ctypes
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

log = logging.getLogger("zhike.run")

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class ChildSpec:
    """How to start one child.

    ``announces`` children get ``--ready-fd N`` and write one byte to it when they can serve; a
    restart waits for that. ``inherit`` are file descriptors they keep.
    """

    name: str
    command: Sequence[str]
    announces: bool = False
    inherit: tuple[int, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Child:
    """A running child."""

    spec: ChildSpec
    process: subprocess.Popen[bytes]
    started: float
    ready_fd: int | None
    ready: bool
    stopping: bool = False
    successor: bool = False
    kill_at: float = float("inf")


class StartFailed(Exception):
    """A child ended before it could serve for the first time; its own output says why."""


class Supervisor:
    """Runs children until told to stop.

    Children that announce themselves are started first, the others once those can serve; then
    ``on_ready`` is called. Times in seconds:
    a child that dies is started again after ``pause``, doubled with each death in a row up to
    ``longest``, forgotten after ``healthy`` seconds of life; a child that ignores SIGTERM for
    ``grace`` seconds is killed.
    """

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        *,
        on_ready: Callable[[], None] = lambda: None,
        pause: float = 0.5,
        longest: float = 30.0,
        healthy: float = 60.0,
        grace: float = 30.0,
    ) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._on_ready = on_ready
        self._pause, self._longest, self._healthy, self._grace = pause, longest, healthy, grace
        self._children: list[Child] = []
        self._due: dict[str, float] = {spec.name: 0.0 for spec in specs if spec.announces}
        self._deaths: dict[str, int] = {}
        self._announced = False
        self._stopping = False
        self._signals: list[int] = []
        self._wake_r, self._wake_w = os.pipe()
        for end in (self._wake_r, self._wake_w):
            os.set_blocking(end, False)

    def run(self) -> int:
        """Serve until stopped; the exit code is 0 after a stop, 1 where the start failed."""
        previous = {
            number: signal.signal(number, self._note)
            for number in (*STOP_SIGNALS, signal.SIGHUP, signal.SIGCHLD)
        }
        wakeup = signal.set_wakeup_fd(self._wake_w)
        try:
            while True:
                self._obey()
                self._reap()
                if self._stopping and not self._children:
                    break
                self._start_due()
                self._wait()
        except StartFailed as error:
            log.error("%s", error)
            return 1
        finally:
            self._kill_all()
            signal.set_wakeup_fd(wakeup)
            for number, handler in previous.items():
                signal.signal(number, handler)
            os.close(self._wake_r)
            os.close(self._wake_w)
        return 0

    # -- signals -------------------------------------------------------------------------------

    def _note(self, number: int, frame: object) -> None:
        if number != signal.SIGCHLD:  # a death is seen by polling; the signal only wakes the loop
            self._signals.append(number)

    def _obey(self) -> None:
        signals, self._signals = self._signals, []
        for number in signals:
            if number in STOP_SIGNALS:
                if self._stopping:
                    log.warning("stopping at once")
                    self._kill_all()
                else:
                    log.info("stopping")
                self._stopping = True
                self._due.clear()
                for child in self._children:
                    self._stop(child)
            elif not self._stopping:
                log.info("restarting")
                for name in self._specs:
                    self._due.setdefault(name, 0.0)

    # -- children ------------------------------------------------------------------------------

    def _start_due(self) -> None:
        now = time.monotonic()
        for name in [name for name, due in self._due.items() if due <= now]:
            spec = self._specs[name]
            running = [c for c in self._children if c.spec.name == name and not c.stopping]
            del self._due[name]
            if running and not spec.announces:
                # Two of these at once are not wanted: the end of one starts the other.
                running[0].successor = True
                self._stop(running[0])
            else:
                self._start(spec)

    def _start(self, spec: ChildSpec) -> None:
        command, pass_fds, ready_r = list(spec.command), list(spec.inherit), None
        if spec.announces:
            ready_r, ready_w = os.pipe()
            command += ["--ready-fd", str(ready_w)]
            pass_fds.append(ready_w)
        process = subprocess.Popen(
            command,
            pass_fds=pass_fds,
            env={**os.environ, **spec.env},
            stdin=subprocess.DEVNULL,
            # Ctrl-C at the terminal is for the supervisor, which then stops the others in order.
            process_group=0,
        )
        if ready_r is not None:
            os.close(ready_w)
        self._children.append(
            Child(spec, process, time.monotonic(), ready_r, ready=not spec.announces)
        )

    def _reap(self) -> None:
        now = time.monotonic()
        for child in list(self._children):
            if child.process.poll() is None:
                if now >= child.kill_at:
                    log.warning("%s does not stop; killing it", child.spec.name)
                    self._signal(child, signal.SIGKILL)
                    child.kill_at = float("inf")
                continue
            self._children.remove(child)
            if child.ready_fd is not None:
                os.close(child.ready_fd)
            # Whatever it had started goes with it: nobody looks after an orphan.
            self._signal(child, signal.SIGKILL)
            if not self._stopping:
                self._died(child, now)

    def _died(self, child: Child, now: float) -> None:
        name, code = child.spec.name, child.process.returncode
        if child.stopping:
            if child.successor:
                self._due[name] = now
            return
        if not child.ready and not self._announced:
            raise StartFailed(f"{name} could not start (exit code {code})")
        if any(c.spec.name == name and not c.stopping for c in self._children):
            log.error("the new %s could not start (exit code %s); the old one stays", name, code)
            return
        deaths = 0 if now - child.started >= self._healthy else self._deaths.get(name, 0)
        pause = min(self._pause * 2**deaths, self._longest)
        self._deaths[name] = deaths + 1
        self._due[name] = now + pause
        log.error("%s ended with code %s; starting it again in %.1f s", name, code, pause)

    def _became_ready(self, child: Child) -> None:
        child.ready = True
        if self._stopping:
            return  # told to stop while it was starting: nothing further begins
        for other in self._children:
            if other.spec.name == child.spec.name and other is not child and not other.stopping:
                self._stop(other)
        if not self._announced and not self._due and all(c.ready for c in self._children):
            self._announced = True
            self._due = {spec.name: 0.0 for spec in self._specs.values() if not spec.announces}
            self._on_ready()

    def _stop(self, child: Child) -> None:
        if not child.stopping:
            child.stopping = True
            child.kill_at = time.monotonic() + self._grace
            self._signal(child, signal.SIGTERM, group=False)

    @staticmethod
    def _signal(child: Child, number: int, *, group: bool = True) -> None:
        # Gone already is what we wanted; macOS says PermissionError for it.
        with suppress(ProcessLookupError, PermissionError):
            (os.killpg if group else os.kill)(child.process.pid, number)

    def _kill_all(self) -> None:
        for child in self._children:
            self._signal(child, signal.SIGKILL)
            child.process.wait()

    # -- waiting -------------------------------------------------------------------------------

    def _wait(self) -> None:
        now = time.monotonic()
        times = [*self._due.values(), *(c.kill_at for c in self._children), now + 5.0]
        announcing = {c.ready_fd: c for c in self._children if c.ready_fd is not None}
        readable, _, _ = select.select(
            [self._wake_r, *announcing], [], [], max(0.0, min(times) - now)
        )
        for fd in readable:
            if fd == self._wake_r:
                os.read(self._wake_r, 4096)
                continue
            child = announcing[fd]
            said = os.read(fd, 1)
            os.close(fd)
            child.ready_fd = None
            if said:
                self._became_ready(child)


def listen(host: str, port: int) -> socket.socket:
    """The listening socket of the site; ``OSError`` where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
        listener.set_inheritable(True)
    except (OSError, OverflowError):  # taken, not ours, or no port at all
        listener.close()
        raise
    return listener


def end_with_parent() -> None:
    """Ask the kernel to send this process SIGTERM when its parent dies (Linux; elsewhere nothing).

    Without it, a supervisor that was killed leaves its children behind, holding the port.
    """
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGTERM, 0, 0, 0)
