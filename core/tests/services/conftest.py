"""A site for the tests of services: the core's tables, two companies, SQLite and PostgreSQL."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import zhike.models  # noqa: F401  all tables of the core
from zhike.config import Config
from zhike.db.base import Base
from zhike.models.company import Company
from zhike.site import Site

ADMIN_URL = os.environ.get(
    "ZHIKE_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Config]:
    """An empty site's configuration, on each database; the PostgreSQL one is dropped afterwards."""
    if request.param == "sqlite":
        yield Config(home=tmp_path, threads=4)
        return
    name = f"zhike_svc_{uuid.uuid4().hex[:10]}"
    engine = sa.create_engine(
        ADMIN_URL, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2}
    )
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    except sa.exc.OperationalError:
        pytest.skip("no PostgreSQL server at 127.0.0.1:5432")
    yield Config(home=tmp_path, database_url=ADMIN_URL.rsplit("/", 1)[0] + f"/{name}", threads=4)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
    engine.dispose()


@pytest.fixture
def site(config: Config) -> Iterator[Site]:
    """A site with the core's tables and the companies 1 and 2."""
    site = Site.open(config, plugins=False)
    core = [t for t in Base.metadata.sorted_tables if t.info.get("plugin") == "core"]
    Base.metadata.create_all(site.engines.write, tables=core)
    with site.system() as s:
        s.add_all([Company(slug="one", name="一号"), Company(slug="two", name="二号")])
    yield site
    site.close()
