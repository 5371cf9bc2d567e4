"""A PostgreSQL database for one test, where a server lets us in."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import NullPool, create_engine, make_url
from sqlalchemy.exc import OperationalError

SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"


@contextmanager
def throwaway_database() -> Iterator[str]:
    """Make an empty database, give its address, drop it.

    The server is ``ZHIKE_TEST_POSTGRESQL`` or the one on this machine; without one the test is
    skipped.
    """
    url = make_url(os.environ.get("ZHIKE_TEST_POSTGRESQL") or SERVER)
    name = f"zhike_test_{uuid.uuid4().hex[:12]}"
    engine = create_engine(
        url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5}
    )
    try:
        with engine.connect() as server:
            server.exec_driver_sql(f"CREATE DATABASE {name}")
    except OperationalError as error:
        pytest.skip(f"no PostgreSQL server: {error.orig}")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as server:
            server.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        engine.dispose()
