"""The web processes under the supervisor, mostly with a small application instead of ours."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from zhike.config import Config
from zhike.ops import schema

APPLICATION = """
import os
def create(config):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        said = [os.getpid(), environ["wsgi.url_scheme"], environ["REMOTE_ADDR"], config.home.name]
        return [" ".join(map(str, said)).encode()]
    return application
"""

RUN = """
import sys
from zhike.ops.supervisor import ChildSpec, Supervisor, listen
listener = listen("127.0.0.1", 0)
fd = listener.fileno()
command = [sys.executable, "-m", "zhike.ops.webserver", "--fd", str(fd), *sys.argv[1:]]
address = "http://127.0.0.1:%d" % listener.getsockname()[1]
sys.exit(Supervisor(
    [ChildSpec("web", command, announces=True, inherit=(fd,))],
    on_ready=lambda: print(address, flush=True), pause=0.05,
).run())
"""


@contextmanager
def serving(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A supervisor of web processes for the site in ``home``, and its address."""
    env = {**os.environ, "PYTHONPATH": str(home.parent), "ZHIKE_HOME": str(home)}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *options], stdout=subprocess.PIPE, text=True, env=env
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address, "the web processes did not start"
    yield process, address
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(90)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A supervisor that serves the small application, and its address."""
    (tmp_path / "tiny.py").write_text(APPLICATION)
    with serving(tmp_path / "site", "--factory", "tiny:create") as served:
        yield served


@pytest.fixture
def address_of_ours(tmp_path: Path) -> Iterator[str]:
    """The address of our own application, served."""
    schema.begin(Config(home=tmp_path / "site"))
    with serving(tmp_path / "site") as (_process, address):
        yield address


def ask_once(address: str, headers: dict[str, str] | None = None) -> list[str]:
    """What the small application says; the limit is against hanging, not a measure."""
    return httpx.get(address, headers=headers, timeout=60).text.split()


def gone(pid: int, seconds: float = 90) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_serves_and_stops(served: tuple[subprocess.Popen[str], str]) -> None:
    process, address = served
    worker, scheme, peer, home = ask_once(address)
    assert (scheme, peer, home) == ("http", "127.0.0.1", "site")
    process.send_signal(signal.SIGTERM)
    assert process.wait(90) == 0
    assert gone(int(worker))


def test_believes_no_forwarded_header(served: tuple[subprocess.Popen[str], str]) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.2.3", "X-Forwarded-Ssl": "on"}
    said = ask_once(served[1], headers)
    assert said[1:3] == ["http", "127.0.0.1"]


def test_a_restart_refuses_no_request(served: tuple[subprocess.Popen[str], str]) -> None:
    process, address = served
    answers: list[str] = []
    failures: list[str] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                answers.append(ask_once(address)[0])
            except (httpx.HTTPError, IndexError) as error:
                failures.append(repr(error))

    askers = [threading.Thread(target=ask) for _ in range(2)]
    before = {ask_once(address)[0] for _ in range(20)}
    for asker in askers:
        asker.start()
    process.send_signal(signal.SIGHUP)
    limit = time.monotonic() + 60
    while time.monotonic() < limit and not (
        all(gone(int(pid), 0.1) for pid in before) and answers and answers[-1] not in before
    ):
        time.sleep(0.05)
    stop.set()
    for asker in askers:
        asker.join()
    assert failures == []
    assert answers[-1] not in before


def test_nothing_outlives_a_killed_supervisor(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    process, address = served
    worker = int(ask_once(address)[0])
    process.kill()
    process.wait()
    assert gone(worker)


def say(address: str, request: bytes) -> bytes:
    """All that the server answers on one connection until it closes it."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def test_the_body_of_a_refused_request_is_never_the_next_request(address_of_ours: str) -> None:
    head = "POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nContent-Length: %d\r\n"
    hidden = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    for kind, length in (
        ("application/x-www-form-urlencoded", 2 * 1024 * 1024),
        ("multipart/form-data; boundary=b", 64 * 1024 * 1024),
    ):
        answer = say(address_of_ours, (head % (kind, length) + "\r\n").encode() + hidden)
        status, *headers = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        assert "413" in status
        assert "Connection: close" in headers
        assert answer.count(b"HTTP/1.1 ") == 1
    kept = httpx.get(f"{address_of_ours}/healthz", timeout=60)
    assert (kept.status_code, kept.headers["Connection"]) == (200, "keep-alive")
