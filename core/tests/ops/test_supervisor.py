"""The supervisor: real processes, short pauses."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zhike.errors import ConfigError
from zhike.ops import runfile
from zhike.ops.supervisor import listen

# A child that announces itself, notes its start in a file and lives until SIGTERM.
SERVER = """
import os, signal, sys
from pathlib import Path
log = Path(sys.argv[1])
with log.open("a") as file: file.write(f"{sys.argv[2]} {os.getpid()}\\n")
if sys.argv[2] in Path(sys.argv[1] + ".broken").read_text().split(): sys.exit(3)
if "--ready-fd" in sys.argv:
    os.write(int(sys.argv[sys.argv.index("--ready-fd") + 1]), b"1")
def end(*_):
    with log.open("a") as file: file.write(f"{sys.argv[2]} stopped {os.getpid()}\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
while True: signal.pause()
"""

RUN = """
import logging, sys
logging.basicConfig(level="INFO")
from zhike.ops.supervisor import ChildSpec, Supervisor
log = sys.argv[1]
command = [sys.executable, "-c", open(log + ".py").read(), log]
sys.exit(Supervisor(
    [
        ChildSpec("web", [*command, "web"], announces=True),
        ChildSpec("worker", [*command, "worker"]),
    ],
    on_ready=lambda: open(log, "a").write("ready\\n"), pause=0.05, longest=0.2, grace=5,
).run())
"""


class Running:
    """A supervisor in a process of its own, with what its children noted."""

    def __init__(self, folder: Path, broken: str = "") -> None:
        self.log = folder / "log"
        self.log.touch()
        (folder / "log.py").write_text(textwrap.dedent(SERVER))
        self.break_(broken)
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(self.log)], stderr=subprocess.PIPE, text=True
        )

    def break_(self, names: str) -> None:
        self.log.with_name("log.broken").write_text(names)

    @property
    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def started(self, name: str) -> list[int]:
        return [int(x.split()[1]) for x in self.lines if x.split()[0] == name and "stop" not in x]

    def wait(self, condition: Callable[[], object]) -> None:
        """A generous limit against hanging; nothing here asserts a duration."""
        limit = time.monotonic() + 90
        while not condition():
            assert time.monotonic() < limit, f"never happened; log: {self.lines}"
            time.sleep(0.02)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(90)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    server = Running(tmp_path)
    try:
        server.wait(lambda: "ready" in server.lines and server.started("worker"))
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def test_stops_everything_in_order(running: Running) -> None:
    pids = running.started("web") + running.started("worker")
    assert running.stop() == 0
    assert sum("stopped" in line for line in running.lines) == 2
    assert not any(alive(pid) for pid in pids)


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_dead_child_is_started_again(running: Running, name: str) -> None:
    for count in (1, 2, 3):
        os.kill(running.started(name)[-1], signal.SIGKILL)
        running.wait(lambda enough=count + 1: len(running.started(name)) == enough)
    other = {"web": "worker", "worker": "web"}[name]
    assert len(running.started(other)) == 1


def test_restart_replaces_every_child_and_the_new_web_comes_first(running: Running) -> None:
    old_web, old_worker = running.started("web")[0], running.started("worker")[0]
    running.process.send_signal(signal.SIGHUP)
    running.wait(lambda: len(running.started("worker")) == 2)
    running.wait(lambda: f"web stopped {old_web}" in running.lines)
    new_web = running.started("web")[1]
    lines = running.lines
    assert lines.index(f"web {new_web}") < lines.index(f"web stopped {old_web}")
    assert alive(new_web)
    assert not alive(old_worker)


def test_a_restart_that_cannot_start_keeps_the_old_web(running: Running) -> None:
    running.break_("web")
    running.process.send_signal(signal.SIGHUP)
    running.wait(lambda: len(running.started("web")) == 2 and len(running.started("worker")) == 2)
    old_web, new_web = running.started("web")
    running.wait(lambda: not alive(new_web))
    assert alive(old_web)
    assert f"web stopped {old_web}" not in running.lines


def test_a_start_that_fails_ends_with_an_error(tmp_path: Path) -> None:
    server = Running(tmp_path, broken="web")
    assert server.process.wait(90) == 1
    assert server.process.stderr is not None
    assert "web could not start (exit code 3)" in server.process.stderr.read()
    assert "ready" not in server.lines
    assert not any(alive(pid) for pid in server.started("worker"))


def test_an_address_that_is_taken_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", taken.getsockname()[1])


def test_the_lock_names_who_runs_the_site(tmp_path: Path) -> None:
    assert runfile.running(tmp_path) is None
    with runfile.exclusive(tmp_path, address="http://127.0.0.1:8000"):
        said = runfile.running(tmp_path)
        assert said == {"pid": os.getpid(), "address": "http://127.0.0.1:8000"}
        with (
            pytest.raises(ConfigError, match="it runs at http"),
            runfile.exclusive(tmp_path, doing="a restore"),
        ):
            pass
    assert runfile.running(tmp_path) is None


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from zhike.ops import runfile\n"
        "with runfile.exclusive(Path(sys.argv[1]), doing='x'):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert runfile.running(tmp_path) is not None
    holder.kill()
    holder.wait()
    assert runfile.running(tmp_path) is None


def test_a_stop_while_starting_begins_nothing_further() -> None:
    """SIGTERM before the web has announced itself: the worker must not be started after it."""
    from zhike.ops.supervisor import Child, ChildSpec, Supervisor

    class Process:
        pid, returncode = 2**22 + 1, 0  # no such process

        def poll(self) -> int | None:
            return None

    web = ChildSpec("web", ["true"], announces=True)
    made = Supervisor([web, ChildSpec("worker", ["true"])], on_ready=lambda: None)
    made._due.clear()
    child = Child(web, Process(), time.monotonic(), None, ready=False)
    made._children.append(child)
    made._signals.append(signal.SIGTERM)
    made._obey()
    made._became_ready(child)
    assert made._due == {}
