"""Sites to back up and restore: SQLite and PostgreSQL, two companies, sealed data, anchors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import zhike.models  # noqa: F401  all tables of the core
from zhike.config import Config
from zhike.models.people import LoginSession, User
from zhike.ops import schema
from zhike.services import ledger, parties
from zhike.services.companies import create_company
from zhike.site import Site


def fill(site: Site) -> None:
    """Two companies with customers and ledger lines, a user who is signed in, an attachment."""
    from zhike import clock

    with site.system() as s:
        ids = [create_company(s, slug=slug, name=slug, tz="Asia/Shanghai").id for slug in "ab"]
        ledger.append(s, "core.test.begun")
        user = User(login="lin", login_key="lin", name="林")
        s.add(user)
        s.flush()
        s.add(
            LoginSession(
                token_hash=b"1" * 32, user_id=user.id, company_id=ids[0], expires_at=clock.now()
            )
        )
    for company_id in ids:
        with site.transaction(company_id) as s:
            for number in range(3):
                parties.create(s, name=f"客户{number}", phone=f"1380013800{number}")
                ledger.append(s, "core.test.made", body={"number": number})
    ledger.anchor(site)
    attached = site.config.home / "files" / "ab" / "contract.pdf"
    attached.parent.mkdir(parents=True)
    attached.write_bytes(b"%PDF-1.7 " + bytes(range(256)) * 5000)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """An empty site's configuration, on each database."""
    config = Config(home=tmp_path / "site", threads=4)
    if request.param == "postgresql":
        config = replace(config, database_url=request.getfixturevalue("postgresql_url"))
    return config


@pytest.fixture
def site(config: Config) -> Iterator[Site]:
    """A site with content worth keeping."""
    schema.begin(config)
    site = Site.open(config, plugins=False)
    fill(site)
    yield site
    site.close()
