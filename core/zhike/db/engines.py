"""Engines: one that writes and one that cannot, for SQLite and PostgreSQL.

SQLAlchemy's usual SQLite set-up loses updates without an error, because the driver opens its
transaction only at the first write. Here every write transaction begins with ``BEGIN IMMEDIATE``
behind a fair gate (a kernel file lock: SQLite's own waiting is an unfair poll), and reads run on
an engine whose connections refuse to write.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event

from zhike.config import Config
from zhike.errors import Busy
from zhike.i18n import _

if sys.platform != "win32":
    import fcntl

WAIT_SECONDS = 15.0
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=15000",
    "secure_delete=ON",
    "temp_store=MEMORY",
    "cache_size=-16000",
    "journal_size_limit=67108864",
    "wal_autocheckpoint=1000",
)


@dataclass(frozen=True)
class Engines:
    """The pair of engines of one process: ``write`` and ``read`` (which cannot write)."""

    write: Engine
    read: Engine

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.write.dispose()
        self.read.dispose()


def make_engines(config: Config) -> Engines:
    """Create the process's engines; call after a fork, never before."""
    if config.is_sqlite:
        config.ensure_home()
        return Engines(_sqlite(config, read_only=False), _sqlite(config, read_only=True))
    return Engines(_postgresql(config, read_only=False), _postgresql(config, read_only=True))


def sqlite_path(config: Config) -> Path:
    """The database file of an embedded site."""
    return Path(config.url.removeprefix("sqlite:///"))


def _beside(config: Config, *, read_only: bool) -> int:
    """How many connections may come and go beside one a thread.

    Who reads may ask something of the whole site meanwhile (which plugins are active, whether the
    worker lives). Were there no second connection for it, threads that all do so at once, as after
    a plugin was switched, would wait for each other until the pool gives up. Two more are for the
    process's heartbeat and its look at the database's health. Writers never nest.
    """
    return config.threads + 2 if read_only else 2


def _sqlite(config: Config, *, read_only: bool) -> Engine:
    engine = create_engine(
        config.url,
        pool_size=config.threads,
        max_overflow=_beside(config, read_only=read_only),
        pool_timeout=10,
        connect_args={"timeout": WAIT_SECONDS, "check_same_thread": False},
    )
    pragmas = (*_PRAGMAS, "query_only=ON") if read_only else _PRAGMAS

    @event.listens_for(engine, "connect")
    def on_connect(dbapi: Any, record: Any) -> None:
        dbapi.isolation_level = None  # the driver must never begin a transaction for us
        cursor = dbapi.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    if read_only:
        event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN"))
    else:
        WriteGate(f"{sqlite_path(config)}.wlock").install(engine)
    return engine


class WriteGate:
    """A fair queue in front of SQLite's write lock, across threads and processes.

    ``flock`` is released by the kernel when a process dies, so a killed writer never leaves the
    gate shut. The wait is polled so that a stuck process shows as :class:`Busy`, not as a hang.
    """

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._mutex = threading.Lock()  # flock is per open file: threads need one of their own
        self._held: set[int] = set()

    def _lock(self) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        if not self._mutex.acquire(timeout=WAIT_SECONDS):
            raise Busy(_("The database is busy; please try again."))
        if sys.platform == "win32":  # pragma: no cover - threads only; SQLite queues processes
            return
        pause = 0.0005
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self._mutex.release()
                    raise Busy(_("The database is busy; please try again.")) from None
                time.sleep(pause)
                pause = min(pause * 1.5, 0.005)
            else:
                return

    def _unlock(self, dbapi: Any) -> None:
        if id(dbapi) in self._held:
            self._held.discard(id(dbapi))
            if sys.platform != "win32":
                fcntl.flock(self._fd, fcntl.LOCK_UN)
            self._mutex.release()

    def install(self, engine: Engine) -> None:
        """Put the gate around every transaction of ``engine``.

        Unlocking sits in the dialect's own commit and rollback, on the unwrapped connection: the
        ``commit`` *event* fires before the driver commits, which would let the next writer in
        too early.
        """

        def raw(connection: Any) -> Any:
            return getattr(connection, "dbapi_connection", connection)

        @event.listens_for(engine, "begin")
        def begin(conn: Any) -> None:
            self._lock()
            dbapi = raw(conn.connection)
            self._held.add(id(dbapi))
            try:
                conn.exec_driver_sql("BEGIN IMMEDIATE")
            except BaseException:  # nobody else would ever open the gate again
                self._unlock(dbapi)
                raise

        dialect: Any = engine.dialect
        commit, rollback = dialect.do_commit, dialect.do_rollback

        def do_commit(connection: Any) -> None:
            try:
                commit(connection)
            finally:
                self._unlock(raw(connection))

        def do_rollback(connection: Any) -> None:
            try:
                rollback(connection)
            finally:
                self._unlock(raw(connection))

        dialect.do_commit, dialect.do_rollback = do_commit, do_rollback

        @event.listens_for(engine, "close")
        def on_close(dbapi: Any, record: Any) -> None:
            self._unlock(dbapi)


def _postgresql(config: Config, *, read_only: bool) -> Engine:
    options = [
        "-c statement_timeout=15000",
        "-c lock_timeout=5000",
        "-c idle_in_transaction_session_timeout=30000",
        "-c timezone=UTC",
    ]
    if read_only:
        options.append("-c default_transaction_read_only=on")
    return create_engine(
        config.url,
        pool_size=config.threads,
        max_overflow=_beside(config, read_only=read_only),
        pool_pre_ping=True,
        pool_recycle=1800,
        # One page sees one state of the data: a reader keeps its snapshot to the end.
        isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        connect_args={"options": " ".join(options), "application_name": "zhike"},
    )
