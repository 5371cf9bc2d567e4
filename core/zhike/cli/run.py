"""``zhike run`` and ``zhike worker``: serving a site."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

import click

from zhike.config import Config
from zhike.errors import ConfigError

#: Seconds after its start at which the worker begins to catch up.
SETTLE = 10.0


def serve(
    host: str | None = None,
    port: int | None = None,
    *,
    safe: bool = False,
    with_worker: bool = True,
    on_ready: Callable[[str], None] = lambda address: None,
) -> int:
    """Supervise the processes of the site until told to stop; the exit code.

    What is given here wins over the environment, and reaches the children through it.
    """
    from zhike.ops import logs, runfile, supervisor

    for name, value in (("ZHIKE_HOST", host), ("ZHIKE_PORT", port), ("ZHIKE_SAFE_MODE", safe)):
        if value:
            os.environ[name] = str(value)
    config = Config.from_env()
    os.environ["ZHIKE_HOME"] = str(config.home)
    shown = f"[{config.host}]" if ":" in config.host else config.host
    address = f"http://{shown}:{config.port}"

    def ready() -> None:
        click.echo(f"Zhike is ready: {address}")
        on_ready(address)

    with runfile.exclusive(config.home, address=address):
        try:
            listener = supervisor.listen(config.host, config.port)
        except OSError as error:
            raise ConfigError(f"Cannot listen on {address}: {error.strerror}.") from None
        fd = listener.fileno()
        web = [sys.executable, "-m", "zhike.ops.webserver", "--fd", str(fd)]
        # Else each thread of a page takes memory of its own and keeps it (glibc; others ignore it).
        env = {"MALLOC_ARENA_MAX": os.environ.get("MALLOC_ARENA_MAX", "2")}
        specs = [supervisor.ChildSpec("web", web, announces=True, inherit=(fd,), env=env)]
        if with_worker:
            specs.append(supervisor.ChildSpec("worker", [sys.executable, "-m", "zhike", "worker"]))
        logs.set_up()
        return supervisor.Supervisor(specs, on_ready=ready).run()


@click.command()
@click.option("--host", help="Address to listen on (ZHIKE_HOST, default 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port (ZHIKE_PORT, default 8000).")
@click.option(
    "--safe", is_flag=True, help="Start the core alone, without plugins (ZHIKE_SAFE_MODE)."
)
@click.option("--no-worker", is_flag=True, help="Web only; the worker runs elsewhere.")
def run(host: str | None, port: int | None, safe: bool, no_worker: bool) -> None:
    """Serve the site: web processes and a worker, kept alive until Ctrl-C or SIGTERM.

    SIGHUP restarts all of them without refusing a request, for instance after a plugin's package
    was installed. Behind a proxy: docs/deploy.md.
    """
    raise SystemExit(serve(host, port, safe=safe, with_worker=not no_worker))


@click.command()
def worker() -> None:
    """Do the background work: deadlines, events, jobs. `zhike run` starts one by itself.

    Any number may run, on any number of machines that reach the same database.
    """
    from threading import Event

    from zhike.ops import logs
    from zhike.ops.supervisor import end_with_parent
    from zhike.plugins import fingerprints
    from zhike.services.jobs import run_worker
    from zhike.site import Site

    end_with_parent()
    logs.set_up()
    with suppress(OSError):
        os.nice(5)  # pages go before background work where both want the processor
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: stop.set())
    site = Site.open()
    beating = fingerprints.start(site, "worker")
    try:
        run_worker(site, stop=stop, settle=SETTLE)
    finally:
        beating.set()
        fingerprints.leave(site)
        site.close()
