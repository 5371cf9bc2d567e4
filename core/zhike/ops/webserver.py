"""The web processes: gunicorn with threads, configured here and nowhere else.

Started by the supervisor as ``python -m zhike.ops.webserver``. The first process imports the
application's modules and then forks, so that their memory is shared; each worker opens the site for
itself after the fork, since neither a database connection nor a lock may cross one.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from zhike.config import Config
from zhike.errors import ConfigError
from zhike.ops import logs
from zhike.ops.supervisor import end_with_parent

FACTORY = "zhike.web.app:create_app"
#: Seconds: a worker that does not even answer the arbiter is replaced; a stop waits for answers.
TIMEOUT, GRACE = 60, 20
#: Seconds a thread may compute before another that waits takes over (Python's own: 0.005). A page
#: is three milliseconds of computing in slices, one a statement; whoever is interrupted in between
#: waits for all the others. A fifth more pages a second under eight clients.
SWITCH = 0.02


class WebServer(BaseApplication):  # type: ignore[misc]  # the library has no types
    """Gunicorn for one site: ``fd`` is the listening socket, ``ready_fd`` the one to report to."""

    def __init__(self, config: Config, factory: str, fd: int, ready_fd: int | None) -> None:
        self.config = config
        self.factory = factory
        self.fd = fd
        self.ready_fd = ready_fd
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn everything; it reads no file, argument or environment of its own."""
        shared_memory = Path("/dev/shm")  # noqa: S108  only a heartbeat file without content
        settings: dict[str, Any] = {
            "bind": [f"fd://{self.fd}"],
            "worker_class": "gthread",
            "workers": self.config.processes,
            "threads": self.config.threads,
            "timeout": TIMEOUT,
            "graceful_timeout": GRACE,
            "keepalive": 5,
            "loglevel": "warning",
            "proc_name": "zhike-web",
            "worker_tmp_dir": str(shared_memory) if os.access(shared_memory, os.W_OK) else None,
            # Who the peer is, is decided in one place, by ZHIKE_PROXIES: gunicorn believes nobody.
            "secure_scheme_headers": {},
            "forwarded_allow_ips": "",
            "control_socket_disable": True,
            "pre_fork": lambda arbiter, worker: gc.freeze(),
            "post_worker_init": self._report,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def _report(self, worker: object) -> None:
        if self.ready_fd is not None:
            with suppress(OSError):  # the supervisor has heard enough after the first word
                os.write(self.ready_fd, b"1")

    def load(self) -> Callable[..., Any]:
        """Build the application; runs in each worker, after the fork."""
        sys.setswitchinterval(SWITCH)  # the fork has set it back
        try:
            return honouring_close(self._build())
        finally:
            gc.freeze()  # what was built lives as long as the process
            gc.enable()

    def _build(self) -> Callable[..., Any]:
        module, _, name = self.factory.partition(":")
        application: Callable[..., Any] = getattr(import_module(module), name)(self.config)
        if self.factory == FACTORY:
            # What this process has loaded: a plugin is switched on only when all of them have it.
            from zhike.plugins import fingerprints

            site = application.extensions["zhike"].site  # type: ignore[attr-defined]  # it is a Flask
            fingerprints.start(site, "web")
        return application


def honouring_close(application: Callable[..., Any]) -> Callable[..., Any]:
    """The application, with its ``Connection: close`` kept: gunicorn drops that header.

    The application says it where a body stays unread. Otherwise the answer would promise that the
    connection goes on, and the rest of the body would be read for nothing before it breaks off.
    """

    def called(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            if any((n.lower(), v.lower()) == ("connection", "close") for n, v in headers):
                start_response.__self__.force_close()  # gunicorn's own answer to the request
            return start_response(status, headers, *error)

        return application(environ, start)

    return called


def prepare(config: Config) -> None:
    """What must hold before the first worker: importable plugins, tables that fit.

    Imports the plugins and all pages once, for their memory to be shared, and lets go of every
    connection. Raises :class:`~zhike.errors.ConfigError` where the site cannot start.
    """
    from sqlalchemy.orm import configure_mappers

    from zhike.ops import schema
    from zhike.plugins.manager import load_plugins

    import_module("zhike.models")
    plugins = load_plugins(config)
    schema.check_startable(config, schema.lineages(plugins))
    import_module(FACTORY.partition(":")[0])
    import_module("zhike.web.views").core_blueprints()
    import_module("zhike.admin").blueprints()
    configure_mappers()
    plugins.collect_web()  # what a plugin breaks here is found, and told, by each worker again


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM; 1 where the site cannot start, with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="zhike web")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--ready-fd", type=int)
    parser.add_argument("--factory", default=FACTORY)
    options = parser.parse_args(arguments)
    # Nothing that is imported or built at the start is ever garbage: looking for some among it
    # would take a tenth of the start. Each worker looks again once it has its application.
    gc.disable()
    end_with_parent()
    logs.set_up()
    try:
        config = Config.from_env()
        if options.factory == FACTORY:
            prepare(config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    WebServer(config, options.factory, options.fd, options.ready_fd).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
