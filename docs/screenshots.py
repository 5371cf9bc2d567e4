"""Pictures for the guides:  make screenshots   or   python docs/screenshots.py [NAME...]

Makes a demo site in a throw-away folder, serves it on a free port of this machine, signs in as the
people of the demo and keeps what they see in docs/images: pages of a desk at 1440 × 900, of a phone
at 390 × 844, in Chinese. Where there is no Chromium it says so and leaves the old pictures alone.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from zhike.testing import chromium

IMAGES = Path(__file__).parent / "images"
ARGUMENTS = [*chromium.ARGUMENTS, "--lang=zh-CN"]
DESK, PHONE = (1440, 900), (390, 844)
LARGEST = 300_000  #: bytes of a picture
PATIENCE = 120  #: seconds until the site answers


@dataclass(frozen=True)
class Shot:
    """A picture: who looks, where, at which size.

    ``path`` is where to go; ``then`` a link on that page to follow, ``click`` something to open
    before the picture is taken (both CSS selectors, the first match counts).
    """

    name: str
    login: str
    path: str
    size: tuple[int, int] = DESK
    then: str = ""
    click: str = ""


SHOTS = (
    Shot("login", "", "/login"),
    Shot("today", "chen", "/"),
    Shot("board", "desk", "/p/sales_floor/"),
    Shot("arrive", "desk", "/p/sales_floor/", then="a[href$='/arrive']"),
    Shot("why", "chen", "/p/sales_floor/", then="main a[href*='/why/']"),
    Shot("customers", "chen", "/p/sales_floor/customers"),
    Shot("figures", "chen", "/p/sales_floor/figures?span=month"),
    Shot("registers", "chen", "/p/sales_floor/registers"),
    Shot("houses", "wutong", "/p/sales_floor/houses"),
    Shot("deal", "chen", "/p/sales_floor/deals?step=contracted", then="main tbody a"),
    Shot("apps", "zhou", "/admin/apps"),
    Shot("policies", "zhou", "/admin/policies"),
    Shot(
        "policy",
        "zhou",
        "/admin/policies",
        then="main td a[href^='/admin/policies/']",
    ),
    Shot("replay", "zhou", "/admin/drills/replay", click="main form button[data-save]"),
    Shot("roles", "zhou", "/admin/roles"),
    Shot("user", "zhou", "/admin/users", then="main tbody a", click="main details summary"),
    Shot("ledger", "zhou", "/admin/ledger"),
    Shot("health", "zhou", "/admin/health"),
    Shot("my-day-phone", "limin", "/p/sales_floor/me", PHONE),
    Shot("board-phone", "limin", "/p/sales_floor/", PHONE),
)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def demo(home: Path) -> Iterator[str]:
    """A demo site in ``home``, served: its address. ``SystemExit`` where it does not start."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "zhike", "demo", "--port", str(port)]
    env = {**os.environ, "ZHIKE_HOME": str(home), "ZHIKE_LOG": "WARNING"}
    log = home.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _answers(f"127.0.0.1:{port}"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"The demo did not start:\n{log.read_text('utf-8')[-2000:]}")
            time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(40)


def _answers(where: str) -> bool:
    try:
        with closing(HTTPConnection(where, timeout=5)) as connection:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False


def accounts(home: Path) -> dict[str, str]:
    """User names of the demo and their passwords."""
    lines = (home / "demo-accounts.txt").read_text("utf-8").splitlines()
    return dict(re.split(r"\s+", line)[:2] for line in lines if line.strip())


def take(page: Any, address: str, shot: Shot) -> bytes:
    """One picture as PNG. Raises ``SystemExit`` for a page that fails or lacks what is clicked."""
    answer = page.goto(address + shot.path)
    if shot.then:
        answer = page.goto(address + page.locator(shot.then).first.get_attribute("href"))
    if answer is None or answer.status >= 400:
        raise SystemExit(f"{shot.name}: {page.url} answered {answer and answer.status}")
    if shot.click:
        page.locator(shot.click).first.click()
        page.wait_for_load_state("networkidle")
        page.locator("main table").last.evaluate("table => table.scrollIntoView()")
    page.wait_for_load_state("networkidle")
    page.evaluate("document.activeElement?.blur()")
    page.evaluate("document.fonts.ready")
    data: bytes = page.screenshot()
    if len(data) > LARGEST:
        raise SystemExit(f"{shot.name}: {len(data)} bytes are more than {LARGEST}")
    return data


def sign_in(page: Any, address: str, login: str, password: str) -> None:
    """Sign in as somebody of the demo."""
    page.goto(f"{address}/login")
    page.fill("#username", login)
    page.fill("#password", password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")


def photograph(program: str, home: Path, address: str, wanted: set[str]) -> list[str]:
    """Take the pictures; answers the names of those that were taken."""
    from playwright.sync_api import sync_playwright

    passwords = accounts(home)
    taken = []
    with sync_playwright() as driver:
        # Fields of dates speak the language of the browser, not of the page.
        env: dict[str, str | float | bool] = {
            **os.environ,
            "LANGUAGE": "zh_CN",
            "LANG": "zh_CN.UTF-8",
        }
        browser = driver.chromium.launch(executable_path=program, args=ARGUMENTS, env=env)
        for login, size in dict.fromkeys((shot.login, shot.size) for shot in SHOTS):
            mine = [s for s in SHOTS if (s.login, s.size) == (login, size)]
            mine = [s for s in mine if not wanted or s.name in wanted]
            if not mine:
                continue
            context = browser.new_context(
                locale="zh-CN",
                timezone_id="Asia/Shanghai",
                viewport={"width": size[0], "height": size[1]},
                color_scheme="light",
                reduced_motion="reduce",
            )
            page = context.new_page()
            page.set_default_timeout(20_000)
            if login:
                sign_in(page, address, login, passwords[login])
            for shot in mine:
                (IMAGES / f"{shot.name}.png").write_bytes(take(page, address, shot))
                taken.append(shot.name)
            context.close()
        browser.close()
    return taken


def main(arguments: list[str]) -> int:
    """Run; 0 also where there is nothing to take pictures with."""
    unknown = set(arguments) - {shot.name for shot in SHOTS}
    if unknown:
        sys.stderr.write(f"No such picture: {', '.join(sorted(unknown))}\n")
        return 2
    program = chromium.find()
    if program is None:
        sys.stdout.write("No Chromium here: the pictures in docs/images stay as they are.\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="zhike-pictures-") as folder:
        home = Path(folder) / "site"
        with demo(home) as address:
            taken = photograph(program, home, address, set(arguments))
    sys.stdout.write(f"{len(taken)} pictures: {', '.join(taken)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
