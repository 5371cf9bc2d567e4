"""Several processes, one switch: no request that begins after the commit sees the old state.

The site's own web server with three processes, real HTTP.  Readers hammer one page of a plugin
while it is switched on and off; every answer whose request began after a commit, with no other
switch under way, must agree with it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest

from zhike.plugins import fingerprints
from zhike.services import door, lifecycle
from zhike.site import Site
from zhike.testing import make_company, make_site, make_user
from zhike.web import cookies
from zhike.web.app import create_app

NAME = "switchboard"
PROCESSES = 3
ROUNDS = 12

PLUGIN = {
    "__init__.py": f"""
from zhike.api import Plugin
plugin = Plugin(name="{NAME}", title="Switchboard", title_zh="总机", version="1")
""",
    "hooks.py": f"""
import os
from zhike.api import Permission, PluginBlueprint, hookimpl

@hookimpl
def register_permissions():
    return [Permission(name="{NAME}.see", title="See")]

@hookimpl
def register_blueprints():
    bp = PluginBlueprint("{NAME}")

    @bp.get("/", permission="{NAME}.see")
    def pid():
        return str(os.getpid())

    return [bp]
""",
}


class Answer(NamedTuple):
    """One request: when it began and ended (monotonic seconds), and what came back."""

    begin: float
    end: float
    status: int
    pid: str


@dataclass
class Served:
    """A site with three web processes before it."""

    site: Site
    port: int
    company: int
    cookie: str
    answers: list[Answer] = field(default_factory=list)

    def ask(self) -> Answer:
        """One request on a connection of its own, so that any process may take it."""
        begin = time.monotonic()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", f"/p/{NAME}/", headers={"Cookie": self.cookie})
        answer = connection.getresponse()
        text = answer.read(10).decode(errors="replace")
        made = Answer(begin, time.monotonic(), answer.status, text)
        connection.close()
        self.answers.append(made)
        return made

    def switch(self, on: bool) -> tuple[float, float]:
        """Switch; when that began, and when it had certainly committed."""
        begin = time.monotonic()
        with self.site.transaction(self.company) as s:
            (lifecycle.enable if on else lifecycle.disable)(s, NAME)
        return begin, time.monotonic()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def served(
    request: pytest.FixtureRequest, tmp_path: Path, zhike_template: Path
) -> Iterator[Served]:
    """The switchboard is installed, and off."""
    folder = tmp_path / "plugins"
    (folder / NAME).mkdir(parents=True)
    for file, text in PLUGIN.items():
        (folder / NAME / file).write_text(text)
    if request.param == "sqlite":
        yield from _serve(tmp_path, folder, "", zhike_template)
    else:
        url = request.getfixturevalue("postgresql_url")
        yield from _serve(tmp_path, folder, url, None)


def _serve(tmp_path: Path, folder: Path, url: str, template: Path | None) -> Iterator[Served]:
    site = make_site(
        tmp_path / "home", [NAME], database_url=url, template=template, plugin_path=[folder]
    )
    company = make_company(site, "lanjing")
    user = make_user(site, company)
    opened = door.open_for(site, user, ip="127.0.0.1", agent="test")
    assert opened is not None
    with create_app(site).test_request_context():
        cookie = cookies.token_name()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.set_inheritable(True)
    env = {
        **os.environ,
        "ZHIKE_HOME": str(site.config.home),
        "ZHIKE_DATABASE_URL": url,
        "ZHIKE_PLUGIN_PATH": str(folder),
        "ZHIKE_PLUGINS": NAME,
        "ZHIKE_PROCESSES": str(PROCESSES),
        "ZHIKE_THREADS": "4",
        "ZHIKE_LOG": "WARNING",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "zhike.ops.webserver", "--fd", str(listener.fileno())],
        env=env,
        pass_fds=[listener.fileno()],
    )
    try:
        _until(lambda: len(fingerprints.live(site)) == PROCESSES or process.poll() is not None)
        assert process.poll() is None, "the web processes did not start"
        port = listener.getsockname()[1]
        yield Served(site, port, company, f"{cookie}={opened.token}")
    finally:
        process.terminate()
        process.wait(60)
        listener.close()
        site.close()


def _until(true: Callable[[], bool], seconds: float = 90) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "waited too long"
        time.sleep(0.1)


def answering(served: Served) -> set[str]:
    """The processes that have shown the page."""
    return {a.pid for a in list(served.answers) if a.status == 200}


@pytest.mark.slow
def test_no_request_after_the_commit_sees_the_old_state(served: Served) -> None:
    stop = threading.Event()

    def hammer() -> None:
        while not stop.is_set():
            served.ask()

    switches: list[tuple[float, float, bool]] = [(0.0, 0.0, False)]
    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(hammer) for _ in range(3)]
        number = 0
        # The system deals requests out as it likes: go on until every process has had some.
        while number < ROUNDS or (number < 20 * ROUNDS and len(answering(served)) < PROCESSES):
            on = number % 2 == 0
            switches.append((*served.switch(on), on))
            # Begun after the commit, at once and from several sides: each must be right.
            asked = [pool.submit(served.ask) for _ in range(2 * PROCESSES)]
            wrong = [a for f in asked if (a := f.result()).status != (200 if on else 404)]
            assert wrong == [], f"round {number}"
            number += 1
        stop.set()
        for reader in readers:
            reader.result()
    assert len(answering(served)) == PROCESSES, "not every process took part"
    judged = 0
    for answer in served.answers:
        before = [s for s in switches if s[1] <= answer.begin]
        between = [s for s in switches if s[1] > answer.begin and s[0] < answer.end]
        if between:
            continue  # a switch was under way meanwhile: either answer is right
        judged += 1
        assert answer.status == (200 if before[-1][2] else 404), answer
    assert judged > ROUNDS * PROCESSES
    assert {p.kind for p in fingerprints.live(served.site)} == {"web"}
    assert {p.fingerprint for p in fingerprints.live(served.site)} == {
        served.site.plugins.fingerprint
    }
