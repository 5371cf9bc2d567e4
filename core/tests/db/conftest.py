"""Sites for the database layer's own tests: empty tables of the core, two companies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import zhike.models  # noqa: F401  all tables of the core
from zhike.config import Config
from zhike.db.base import Base
from zhike.models.company import Company
from zhike.site import Site


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """An empty site's configuration, on each database."""
    postgresql = request.param == "postgresql"
    url: str = request.getfixturevalue("postgresql_url") if postgresql else ""
    return Config(home=tmp_path, database_url=url, threads=4)


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
