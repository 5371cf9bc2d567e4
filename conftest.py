"""Settings of every test run in this repository.

``ZHIKE_REQUIRE_ALL=1`` turns each skipped test into a failure: continuous integration has a
browser, fonts and PostgreSQL, so a skip there hides a test that should have run.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Generator
from typing import Any

import pytest

import zhike  # noqa: F401  before anything else: it decides which SQLite this process has

DEFAULT_POSTGRESQL = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
REQUIRE_ALL = os.environ.get("ZHIKE_REQUIRE_ALL", "") not in ("", "0")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a skip as a failure where nothing may be skipped."""
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but ZHIKE_REQUIRE_ALL is set: {call.excinfo}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself while being collected."""
    report = yield
    if REQUIRE_ALL and report.outcome == "skipped":
        report.outcome = "failed"
        reason: Any = report.longrepr
        report.longrepr = f"{collector.nodeid} was skipped while collecting: {reason}"
    return report


@pytest.fixture(scope="session")
def postgresql_server() -> str:
    """The address of a PostgreSQL server that lets tests make databases; skips where there is none.

    ``ZHIKE_TEST_POSTGRESQL`` names another one than the usual local server.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import OperationalError
    from sqlalchemy.pool import NullPool

    address = os.environ.get("ZHIKE_TEST_POSTGRESQL", DEFAULT_POSTGRESQL)
    engine = create_engine(address, poolclass=NullPool, connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except OperationalError as error:
        pytest.skip(f"no PostgreSQL at {address}: {error.orig}")
    return address


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Generator[str, None, None]:
    """The address of an empty database of this test's own, dropped afterwards."""
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.pool import NullPool

    name = f"zhike_test_{uuid.uuid4().hex[:16]}"
    server = create_engine(postgresql_server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    yield make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    server.dispose()
