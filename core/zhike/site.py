"""A site: one installation of Zhike in one process, without Flask.

Web processes, the worker, the command line and tests all open the same :class:`Site`; it holds
configuration, engines, keys and the plugin host, and hands out sessions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from random import uniform
from time import sleep
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import DBAPIError, OperationalError

from zhike.config import Config
from zhike.db.engines import Engines, make_engines
from zhike.db.session import (
    SYSTEM,
    Actor,
    CompanySession,
    SystemSession,
    UnscopedSession,
)
from zhike.errors import Busy
from zhike.i18n import _

if TYPE_CHECKING:
    from zhike.plugins.manager import PluginHost
    from zhike.services.keys import KeyService

log = logging.getLogger(__name__)
T = TypeVar("T")
_RETRY_STATES = {"40001", "40P01", "55P03"}


class Site:
    """One installation in this process; open it once, after any fork."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.engines: Engines = make_engines(config)
        # What services remember of companies, each under (its own word, company …) together with
        # the generation it was read at. Per site, because a process may open several.
        self.remembered: dict[tuple[object, ...], tuple[int, Any]] = {}

    @classmethod
    def open(cls, config: Config | None = None, *, plugins: bool = True) -> Site:
        """Open the site of ``config`` (default: the environment), with its plugins registered."""
        site = cls(config or Config.from_env())
        import zhike.models  # noqa: F401  the core's tables must be known before any query

        if plugins:
            site.plugins  # noqa: B018  discovery happens now, so that failures show at start
        return site

    @cached_property
    def plugins(self) -> PluginHost:
        """The plugins found at start, registered; broken ones are listed with their reason."""
        from zhike.plugins.manager import load_plugins

        return load_plugins(self.config)

    @cached_property
    def keys(self) -> KeyService:
        """Encryption keys and blind indexes of this site."""
        from zhike.services.keys import KeyService

        return KeyService(self)

    def close(self) -> None:
        """Give back every connection."""
        self.engines.dispose()

    @contextmanager
    def transaction(self, company_id: int, actor: Actor = SYSTEM) -> Iterator[CompanySession]:
        """One write transaction of one company: commits at the end, rolls back on any error."""
        session = CompanySession(
            self.engines.write, site=self, company_id=company_id, actor=actor, read_only=False
        )
        with _committing(session):
            yield session

    @contextmanager
    def reader(self, company_id: int, actor: Actor = SYSTEM) -> Iterator[CompanySession]:
        """A session of one company that can only read, on one state of the data."""
        session = CompanySession(
            self.engines.read, site=self, company_id=company_id, actor=actor, read_only=True
        )
        try:
            yield session
        finally:
            session.close()

    @contextmanager
    def audit_session(self, company_id: int, actor: Actor = SYSTEM) -> Iterator[CompanySession]:
        """What a read must write (a denial, an access line): its own short transaction.

        Same as :meth:`transaction`; the name says why a GET is allowed to open it.
        """
        with self.transaction(company_id, actor) as session:
            yield session

    @contextmanager
    def system(self, actor: Actor = SYSTEM) -> Iterator[SystemSession]:
        """A write transaction for global models only; company data raises ``ScopeError``."""
        session = SystemSession(self.engines.write, site=self, actor=actor, read_only=False)
        with _committing(session):
            yield session

    @contextmanager
    def system_reader(self) -> Iterator[SystemSession]:
        """As :meth:`system`, reading only."""
        session = SystemSession(self.engines.read, site=self, actor=SYSTEM, read_only=True)
        try:
            yield session
        finally:
            session.close()

    @contextmanager
    def unscoped(self, reason: str, *, write: bool = True) -> Iterator[UnscopedSession]:
        """The one named way past the company guard: sweepers, backups, whole-site checks.

        ``reason`` is logged; a caller without a good one has the wrong tool.
        """
        if not reason.strip():
            raise ValueError("unscoped access needs a reason")
        log.info("unscoped session: %s", reason)
        engine = self.engines.write if write else self.engines.read
        session = UnscopedSession(engine, site=self, actor=SYSTEM, read_only=not write)
        if write:
            with _committing(session):
                yield session
            return
        try:
            yield session
        finally:
            session.close()

    def retrying(self, work: Callable[[], T], *, tries: int = 5) -> T:
        """Run ``work`` (a whole unit of work that opens its own transaction) until it gets through.

        Only serialisation failures, deadlocks, lock time-outs and a busy SQLite are tried again,
        with a growing, jittered pause; ``work`` must be safe to run from the start. Raises
        :class:`~zhike.errors.Busy` after ``tries``.
        """
        for attempt in range(1, tries + 1):
            try:
                return work()
            except DBAPIError as error:
                if not is_transient(error):
                    raise
                if attempt == tries:
                    raise Busy(_("The database is busy; please try again.")) from error
                sleep(uniform(0.5, 1.0) * 0.02 * 2**attempt)  # noqa: S311  jitter, not a secret
        raise AssertionError("unreachable")


@contextmanager
def _committing(session: CompanySession | SystemSession | UnscopedSession) -> Iterator[None]:
    try:
        yield
        session.commit()
    finally:
        session.close()  # whatever was raised, an interrupt too: what is not committed is undone
    session.run_on_commit()


def is_transient(error: DBAPIError) -> bool:
    """Whether the same unit of work may succeed when it is run again from the start."""
    state = getattr(error.orig, "sqlstate", None)
    if state in _RETRY_STATES:
        return True
    return isinstance(error, OperationalError) and "database is locked" in str(error.orig)
