"""Servers and clients: start one, ask it from several threads, say how long it took."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Times:
    """Answers of one run: seconds each, how many a second in all, how many were refused."""

    seconds: tuple[float, ...]
    wall: float
    refused: int

    def quantile(self, share: float) -> float:
        """The time within which ``share`` of the answers came, in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.wall


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@dataclass
class Server:
    """A running server: where it listens, its first process, and how long its start took."""

    port: int
    process: subprocess.Popen[bytes]
    started: float

    def workers(self) -> list[int]:
        """Process ids of the server and of everything below it, whatever their process group."""
        below: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    # "pid (name) state ppid …", and a name may hold blanks and brackets
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    below.setdefault(int(fields[1]), []).append(int(entry.name))
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += below.get(pid, ())
        return found

    def largest(self, *, background: bool = False) -> float:
        """Resident memory of the largest process that serves pages, or of the job worker; MiB."""
        sizes = []
        for pid in self.workers():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                if (words[-1] == b"worker") is not background:
                    continue
                for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                    if line.startswith("VmRSS:"):
                        sizes.append(int(line.split()[1]) / 1024)
        return max(sizes)


def _compiled() -> dict[str, str]:
    """The environment, with byte code kept (outside the checkout) as an installed package has it.

    A machine for building often forbids Python to write byte code; a start would then measure
    Python's compiler.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "zhike-bench-pyc"), **kept}


@contextlib.contextmanager
def serving(command: list[str], env: Mapping[str, str], port: int) -> Iterator[Server]:
    """Run ``command`` until ``/healthz`` answers; end its whole group afterwards."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**_compiled(), **env},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not answers(port):
            if process.poll() is not None:
                raise RuntimeError(f"{command} ended with {process.returncode}")
            if time.perf_counter() - begun > 60:
                raise RuntimeError(f"{command} does not answer")
            time.sleep(0.01)
        yield Server(port, process, time.perf_counter() - begun)
    finally:
        process.terminate()  # the first process ends the others in good order
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(port: int) -> bool:
    """Whether ``/healthz`` is there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status in (200, 503)
    except OSError:
        return False
    finally:
        connection.close()


def gunicorn(factory: str, port: int) -> list[str]:
    """The command of the baseline: two workers with four threads, as Zhike is measured with."""
    return [
        sys.executable, "-m", "gunicorn", "-w", "2", "-k", "gthread", "--threads", "4",
        "-b", f"127.0.0.1:{port}", "--log-level", "critical", factory,
    ]  # fmt: skip


Ask = Callable[[http.client.HTTPConnection, int], bool]


def drive(port: int, clients: int, total: int, ask: Ask) -> Times:
    """``total`` requests from ``clients`` threads, one after the other in each."""
    share = total // clients
    seconds: list[list[float]] = [[] for _ in range(clients)]
    refused = [0] * clients
    gate = threading.Barrier(clients + 1)

    def one(place: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        gate.wait()
        for number in range(share):
            begun = time.perf_counter()
            try:
                good = ask(connection, place * share + number)
            except (OSError, http.client.HTTPException):
                connection.close()
                good = False
            seconds[place].append(time.perf_counter() - begun)
            refused[place] += not good
        connection.close()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    gate.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - begun
    return Times(tuple(t for part in seconds for t in part), wall, sum(refused))


def get(path: str, headers: Mapping[str, str] | None = None) -> Ask:
    """A request that must answer 200."""

    def ask(connection: http.client.HTTPConnection, number: int) -> bool:
        connection.request("GET", path, headers=dict(headers or {}))
        answer = connection.getresponse()
        body = answer.read()
        return answer.status == 200 and bool(body)

    return ask
