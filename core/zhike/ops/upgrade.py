"""Upgrading a site: all of it or nothing.

Examine, back up, show a page that says so, migrate the core and then each plugin (one transaction
per lineage), look whether it stands; if it does not, put the backup back.
"""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from zhike.config import Config
from zhike.db import migrate
from zhike.db.session import Actor
from zhike.errors import ZhikeError
from zhike.ops import backup, checks, database, restore, runfile, schema
from zhike.services import health, ledger, lifecycle
from zhike.site import Site

log = logging.getLogger(__name__)

#: What must be right before anything is touched.
BEFORE = (checks.keys_open, checks.disk_space, checks.database_is_whole)

_PAGE = """<!doctype html><html lang="zh-Hans"><meta charset="utf-8"><title>知客</title>
<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="15">
<h1>正在升级</h1><p>请稍候,页面会自动刷新。已保存的内容不受影响。</p>
<p lang="en">Being upgraded. This page refreshes by itself.</p></html>""".encode()


class UpgradeError(ZhikeError):
    """The upgrade did not happen; the message says why, and that the site is as it was."""


@dataclass
class Upgraded:
    """What was done: lineage -> what became of it, and the backup made before."""

    backup: str
    lineages: dict[str, str] = field(default_factory=dict)


def upgrade(
    config: Config, *, page: bool = True, say: Callable[[str], None] = lambda text: None
) -> Upgraded:
    """Bring the site to the installed packages. It must be stopped.

    ``page`` answers visitors meanwhile on the site's own address. ``say`` hears each step.
    Raises :class:`UpgradeError` with the site as it was before, and
    :class:`~zhike.errors.ConfigError` where it runs.
    """
    with runfile.exclusive(config.home, doing="an upgrade"), _page(config, page):
        found = schema.status(config, [migrate.CORE])
        if found[0].state == "absent":
            raise UpgradeError(f"There is no site in {config.home}. Begin one: zhike db upgrade")
        if found[0].state == "ahead":
            raise UpgradeError("The database was written by a newer version; install that again.")
        say("Examining the site")
        _examine(config, current=found[0].state == "current")
        say("Backing up")
        made = backup.create(config)
        say(f"Backup: {made.path}")
        try:
            done = Upgraded(str(made.path), _migrate(config, say))
            say("Looking whether it stands")
            _smoke(config)
        except Exception as error:  # whatever it was, the site must not stay half upgraded
            log.exception("upgrade failed")
            say("It failed; putting the backup back")
            _go_back(config, made)
            raise UpgradeError(
                f"The upgrade failed and the site is as it was before: {error}"
            ) from error
        restore.settle(config)
        return done


def _examine(config: Config, *, current: bool) -> None:
    site = Site.open(config, plugins=False)
    try:
        # Checks that ask tables by today's models fit only a core that is not about to change.
        for check in BEFORE if current else (checks.disk_space, checks.database_is_whole):
            result = check(site)
            if not result.ok:
                raise UpgradeError(f"{result.message} {result.remedy}")
    finally:
        site.close()


def _migrate(config: Config, say: Callable[[str], None]) -> dict[str, str]:
    before = migrate.current(config, [migrate.CORE])[migrate.CORE.name]
    say("Upgrading the core")
    migrate.upgrade(config, migrate.CORE)
    after = migrate.head(migrate.CORE)
    site = Site.open(config)
    try:
        done = {"core": "current" if before == after else "upgraded"}
        say("Upgrading plugins")
        done |= lifecycle.upgrade_all(site, Actor(kind="cli", name="upgrade"))
        failed = {name: word for name, word in done.items() if word not in ("current", "upgraded")}
        if failed:
            raise UpgradeError("; ".join(f"{name}: {word}" for name, word in failed.items()))
        with site.system(Actor(kind="cli", name="upgrade")) as s:
            ledger.append(s, "core.site.upgraded", body={"lineages": done, "from": before or ""})
        return done
    finally:
        site.close()


def _smoke(config: Config) -> None:
    """References, chains and keys, on the upgraded site."""
    site = Site.open(config)
    try:
        for check in (checks.migrations, checks.database_is_whole, checks.keys_open):
            result = check(site)
            if not result.ok:
                raise UpgradeError(result.message)
        critical = [
            finding
            for finding in health.run_checks(site)
            if finding.level == "critical" and finding.name not in ("core.worker",)
        ]
        if critical:
            raise UpgradeError("; ".join(finding.message for finding in critical))
    finally:
        site.close()


def _go_back(config: Config, made: backup.Backup) -> None:
    """Put the database of the backup back; keys, files and anchors were not touched.

    What the failed upgrade left is kept apart, for whoever wants to see what went wrong.
    """
    with tempfile.TemporaryDirectory(prefix=".back-", dir=config.home) as name:
        unpacked = restore.unpack(made.path, Path(name), restore.open_keyring(config))
        database.move_aside(config, f"failed-{made.path.stem}")
        database.put(config, unpacked.database)


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        self.send_response(503)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(_PAGE)))
        self.send_header("Retry-After", "15")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(_PAGE)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815  http.server's names

    def log_message(self, format: str, *args: object) -> None:
        """Silent: nothing of interest happens here."""


@contextmanager
def _page(config: Config, wanted: bool) -> Iterator[None]:
    """Answer 503 on the site's address; where that cannot be had, nobody is served anyway."""
    server = None
    if wanted:
        try:
            server = ThreadingHTTPServer((config.host, config.port), _Handler)
        except OSError:
            log.info("no page is shown meanwhile: %s:%s is taken", config.host, config.port)
    if server is None:
        yield
        return
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
