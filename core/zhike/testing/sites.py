"""Throwaway sites with companies and people, and instruments to watch them with."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import event, select

from zhike import clock
from zhike.config import Config
from zhike.contributions import Event
from zhike.db import migrate
from zhike.db.engines import sqlite_path
from zhike.db.session import CompanySession
from zhike.models.outbox import OutboxEvent
from zhike.models.people import Role
from zhike.services import access, lifecycle, people
from zhike.services.companies import create_company
from zhike.services.event_data import from_payload
from zhike.services.events import RawEvent
from zhike.site import Site

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient


def make_site(
    home: Path,
    plugins: Sequence[str] = (),
    *,
    database_url: str = "",
    template: Path | None = None,
    plugin_path: Sequence[Path] = (),
) -> Site:
    """Open a migrated site in the folder ``home`` with ``plugins`` (and what they need) installed.

    Only these plugins are loaded, whatever else the environment has.  ``template`` is a migrated
    SQLite file to begin with, which saves the migrations.  Raises RuntimeError for a broken plugin.
    """
    config = Config(
        home=home,
        database_url=database_url,
        plugin_allow=tuple(plugins),
        plugin_path=tuple(plugin_path),
    )
    config.ensure_home()
    if template is not None and config.is_sqlite:
        shutil.copyfile(template, sqlite_path(config))
    else:
        migrate.upgrade(config, migrate.CORE)
    site = Site.open(config)
    for name, fault in site.plugins.broken.items():
        raise RuntimeError(f"plugin {name} is broken: {fault.reason}\n{fault.trace}")
    for name in plugins:
        lifecycle.install(site, name)
    return site


def make_company(site: Site, slug: str, plugins: Iterable[str] = ()) -> int:
    """Create a company with ``plugins`` (and what they need) switched on; its internal id."""
    with site.system() as s:
        company_id = create_company(s, slug=slug, name=slug.title()).id
    with site.transaction(company_id) as c:
        access.ensure_admin_role(c)
        for name in plugins:
            lifecycle.enable(c, name, with_missing=True)
    return company_id


def noon_zone() -> str:
    """The name of a zone where it is past twelve now.

    For a site in a test whose clock cannot be frozen (a browser, other processes): no day ends
    there while the test runs, at whatever hour that is.
    """
    return f"Etc/GMT{clock.now().hour - 12:+d}"  # what is east of Greenwich is minus here


def make_user(
    site: Site,
    company_id: int,
    permissions: Iterable[str] | None = None,
    *,
    scope: str = "all",
    login: str | None = None,
) -> uuid.UUID:
    """Create a user of the company and return its id.

    ``permissions`` None makes an administrator of the company; otherwise a role of exactly these,
    given in the whole company with the data scope ``scope``.  The account has no password.
    """
    login = login or f"user-{uuid.uuid4().hex[:8]}"
    with site.system() as s:
        user_id = people.add_user(s, login=login, name=login, must_change_password=False).id
        people.add_membership(s, user_id, company_id)
    with site.transaction(company_id) as c:
        if permissions is None:
            role: Role = access.ensure_admin_role(c)
        else:
            role = access.save_role(
                c, role_id=None, title=f"role of {login}", permissions=tuple(permissions)
            )
        access.grant_role(c, user_id, role.id, scope=scope)
    return user_id


def sign_in(app: Flask, site: Site, user_id: uuid.UUID) -> FlaskClient:
    """A browser signed in as the user."""
    from zhike.services import door
    from zhike.web import cookies

    opened = door.open_for(site, user_id, ip="127.0.0.1", agent="zhike.testing")
    assert opened is not None, "this user cannot sign in"
    client = app.test_client()
    with app.test_request_context():
        client.set_cookie(cookies.token_name(), opened.token)
    return client


class TwoCompanies(NamedTuple):
    """Two companies on one site, both with the plugins under test switched on."""

    a: int
    b: int


@dataclass
class QueryCount:
    """Statements sent to the database; ``BEGIN`` and the like do not count."""

    statements: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many so far."""
        return len(self.statements)


_NO_QUERY = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "SET ")


@contextmanager
def counting(site: Site, at_most: int | None = None) -> Iterator[QueryCount]:
    """Count the statements on both engines of ``site`` inside the block.

    With ``at_most``, more of them fail the test, which then lists them.
    """
    counted = QueryCount()

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.lstrip().upper().startswith(_NO_QUERY):
            counted.statements.append(statement)

    engines = (site.engines.read, site.engines.write)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield counted
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    if at_most is not None and counted.count > at_most:
        listing = "\n".join(f"{i}. {s}" for i, s in enumerate(counted.statements, 1))
        raise AssertionError(f"{counted.count} statements, at most {at_most} allowed:\n{listing}")


def plan_of(site: Site, company_id: int, ask: Callable[[CompanySession], Any]) -> str:
    """How SQLite goes about the last statement of ``ask``: which index it walks, line by line."""
    sent: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        sent.append((statement, values))

    event.listen(site.engines.read, "before_cursor_execute", note)
    try:
        with site.reader(company_id) as s:
            ask(s)
    finally:
        event.remove(site.engines.read, "before_cursor_execute", note)
    statement, values = sent[-1]
    with site.engines.read.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        return "\n".join(row[3] for row in rows)


class CapturedEvents(list[Event]):
    """Events in the order in which they were emitted."""

    def named(self, name: str) -> list[Event]:
        """Those of one name."""
        return [ev for ev in self if ev.name == name]


@contextmanager
def capturing(site: Site, company_id: int) -> Iterator[CapturedEvents]:
    """Collect the events of a company that are committed inside the block; filled at its end."""
    with site.reader(company_id) as s:
        before = set(s.scalars(select(OutboxEvent.id)))
    captured = CapturedEvents()
    yield captured
    with site.reader(company_id) as s:
        rows = s.execute(
            select(OutboxEvent.id, OutboxEvent.topic, OutboxEvent.payload).order_by(
                OutboxEvent.created_at, OutboxEvent.id
            )
        )
        for row in rows:
            if row.id not in before:
                cls = site.plugins.registry.event(row.topic)
                captured.append(
                    from_payload(cls, row.payload) if cls else RawEvent(row.topic, row.payload)
                )


class FrozenClock:
    """The site's clock, standing still until it is moved.  Threads started later do not see it."""

    def __init__(self, enter: Callable[[datetime], Any]) -> None:
        self._enter = enter

    @property
    def now(self) -> datetime:
        """The instant it shows (UTC)."""
        return clock.now()

    def set(self, instant: datetime) -> None:
        """Show ``instant`` (aware) from now on."""
        self._enter(instant)

    def move(self, **by: float) -> datetime:
        """Move by ``timedelta(**by)``, e.g. ``move(minutes=5)``; the new instant."""
        self.set(clock.now() + timedelta(**by))
        return self.now
