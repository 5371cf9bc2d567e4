"""Sites for the database layer's own tests: empty tables of the core, two companies."""

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


def _postgresql_url() -> str:
    engine = sa.create_engine(
        ADMIN_URL, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2}
    )
    name = f"zhike_db_{uuid.uuid4().hex[:10]}"
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    except sa.exc.OperationalError:
        pytest.skip("no PostgreSQL server at 127.0.0.1:5432")
    finally:
        engine.dispose()
    return ADMIN_URL.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Config]:
    """An empty site's configuration, on each database."""
    if request.param == "sqlite":
        yield Config(home=tmp_path, threads=4)
        return
    url = _postgresql_url()
    yield Config(home=tmp_path, database_url=url, threads=4)
    engine = sa.create_engine(ADMIN_URL, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE "{url.rsplit("/", 1)[1]}" WITH (FORCE)')
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
