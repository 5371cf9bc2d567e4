"""Upgrades: a real newer migration, one that fails half way, and the page meanwhile."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from zhike.config import Config
from zhike.db import migrate
from zhike.db.migrate import Lineage
from zhike.errors import ConfigError
from zhike.ops import backup, database, restore, runfile, schema, upgrade
from zhike.services import ledger
from zhike.site import Site

NEXT = '''
"""A next version."""
import sqlalchemy as sa
from alembic import op
revision = "core_9001"
down_revision = "{head}"
def upgrade():
    with op.batch_alter_table("core__company") as table:
        table.add_column(sa.Column("motto", sa.Text(), nullable=False, server_default=""))
    {then}
def downgrade():
    with op.batch_alter_table("core__company") as table:
        table.drop_column("motto")
'''


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``next_version(then)`` installs a core whose lineage has one revision more."""

    def install(then: str = "pass") -> None:
        head = migrate.head(migrate.CORE)
        folder = tmp_path / "migrations"
        shutil.copytree(migrate.CORE.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "9001_next.py").write_text(NEXT.format(head=head, then=then))
        newer = Lineage("core", folder)
        for module in (migrate, schema):
            monkeypatch.setattr(module, "CORE", newer)

    return install


def columns(config: Config) -> set[str]:
    with database.opened(config.url) as connection:
        return {c["name"] for c in sa.inspect(connection).get_columns("core__company")}


def facts(config: Config) -> dict[str, int]:
    with database.opened(config.url) as connection:
        found: dict[str, int] = database.describe(connection)["rows"]
        return found


@pytest.fixture
def stopped(site: Site) -> Config:
    """A site with content that nobody has open, with no plugin allowed."""
    site.close()
    return replace(site.config, plugin_allow=())


def test_upgrades_and_says_so_in_the_ledger(stopped: Config, next_version) -> None:
    next_version()
    with pytest.raises(ConfigError, match="zhike upgrade"):
        schema.check_startable(stopped, [migrate.CORE])
    before = facts(stopped)
    done = upgrade.upgrade(stopped, page=False)
    assert done.lineages == {"core": "upgraded"}
    assert "motto" in columns(stopped)
    after = facts(stopped)
    assert after.pop("core__site_ledger") == before.pop("core__site_ledger") + 1
    assert after == before
    schema.check_startable(stopped, [migrate.CORE])
    opened = Site.open(stopped, plugins=False)
    assert all(report.ok for report in ledger.verify_all(opened))
    opened.close()
    assert [one.path.name for one in backup.list_backups(backup.folder(stopped))] == [
        Path(done.backup).name
    ]


def test_again_is_harmless(stopped: Config) -> None:
    assert upgrade.upgrade(stopped, page=False).lineages == {"core": "current"}


@pytest.mark.parametrize(
    "then",
    [
        'raise RuntimeError("half way")',
        'op.execute(sa.text("DELETE FROM core__company"))',  # rows that others refer to
    ],
)
def test_a_failure_leaves_the_site_as_it_was(stopped: Config, next_version, then: str) -> None:
    before = facts(stopped)
    next_version(then)
    with pytest.raises(upgrade.UpgradeError, match="as it was before"):
        upgrade.upgrade(stopped, page=False)
    assert "motto" not in columns(stopped)
    assert facts(stopped) == before


def test_a_failure_after_the_core_went_through_brings_the_backup_back(
    stopped: Config,
    next_version,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = facts(stopped)
    next_version()

    def broken(config: Config) -> None:
        assert "motto" in columns(config)
        raise RuntimeError("it does not stand")

    monkeypatch.setattr(upgrade, "_smoke", broken)
    with pytest.raises(upgrade.UpgradeError, match="does not stand"):
        upgrade.upgrade(stopped, page=False)
    assert "motto" not in columns(stopped)
    assert facts(stopped) == before


def test_refused_while_the_site_runs(stopped: Config) -> None:
    with (
        runfile.exclusive(stopped.home, address="http://127.0.0.1:1"),
        pytest.raises(ConfigError, match="in use"),
    ):
        upgrade.upgrade(stopped)


def test_refused_where_the_database_is_newer(stopped: Config) -> None:
    with database.opened(stopped.url) as connection:
        table = sa.table("core__alembic_version", sa.column("version_num"))
        connection.execute(table.update().values(version_num="core_9999"))
        connection.commit()
    with pytest.raises(upgrade.UpgradeError, match="newer"):
        upgrade.upgrade(stopped, page=False)
    with pytest.raises(ConfigError, match="newer"):
        schema.check_startable(stopped, [migrate.CORE])


def test_visitors_see_a_page_meanwhile(
    stopped: Config, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    seen: list[httpx.Response] = []
    config = replace(stopped, port=unused_port)

    def look(text: str) -> None:
        for method in ("GET", "POST"):
            seen.append(httpx.request(method, f"http://127.0.0.1:{unused_port}/any/page"))

    upgrade.upgrade(config, say=look)
    assert {answer.status_code for answer in seen} == {503}
    assert "正在升级" in seen[0].text
    assert seen[0].headers["Retry-After"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{unused_port}/")


@pytest.fixture
def unused_port() -> int:
    """A port that nobody listens on just now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_backup_of_an_older_version_is_settled_by_the_upgrade(
    stopped: Config,
    next_version,
    tmp_path: Path,
) -> None:
    made = backup.create(stopped, tmp_path / "safe")
    next_version()
    restore.restore(stopped, made.path, aside=True)
    assert (stopped.home / "restored.json").exists()
    upgrade.upgrade(stopped, page=False)
    assert not (stopped.home / "restored.json").exists()
    opened = Site.open(stopped, plugins=False)
    with opened.system_reader() as s:
        actions = s.scalars(sa.select(restore.LoginSession.revoked_at)).all()
    assert None not in actions
    opened.close()
