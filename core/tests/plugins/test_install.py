"""Installing and upgrading: whole or not at all, and said why."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from plugin_house import (
    REVISION,
    Open,
    Write,
    make_site_again,
    tables,
    with_tables,
)
from sqlalchemy import select

from zhike.models.ledger import SiteLedgerLine
from zhike.models.plugin import PluginState
from zhike.services import lifecycle
from zhike.services.lifecycle import LifecycleError


def test_install_migrates_and_calls_the_plugin_once(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str]
) -> None:
    name = fresh("store")
    with_tables(
        write_plugin,
        name,
        f"""
    @hookimpl
    def on_install(context):
        from zhike_local.{name}.models import Word
        context.session.add(Word(id=1))
""",
    )
    site = open_with(name)
    assert tables(site, name) == [
        f"{name}__alembic_version", f"{name}__line", f"{name}__note", f"{name}__word"
    ]  # fmt: skip
    assert lifecycle.install(site, name) == []
    with site.system_reader() as s:
        row = s.get_one(PluginState, name)
        assert (row.state, row.version, row.revision) == ("installed", "1.0", f"{name}_0001")
        lines = s.scalars(select(SiteLedgerLine.action).where(SiteLedgerLine.object == name)).all()
    assert list(lines) == ["core.plugin.installed"]


def test_installing_installs_what_it_needs_first(write_plugin: Write, open_with: Open) -> None:
    write_plugin("base")
    write_plugin("above", "", "depends=('base',)")
    site = open_with("base", "above")
    with site.system_reader() as s:
        assert {r.name for r in s.scalars(select(PluginState))} == {"base", "above"}


def test_a_wrong_migration_leaves_nothing_behind_and_says_why(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str]
) -> None:
    name = fresh("wrong")
    revision = REVISION.format(name=name).replace(
        f'op.create_table("{name}__word"', f'op.nonsense("{name}__word"'
    )
    with_tables(write_plugin, name, **{"migrations/0001.py": revision})
    with pytest.raises(LifecycleError, match="nonsense") as caught:
        open_with(name)
    assert caught.value.kind == "hook"


def test_a_failed_install_is_shown_and_may_be_repeated(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str]
) -> None:
    name = fresh("flaky")
    with_tables(
        write_plugin,
        name,
        """
    @hookimpl
    def on_install(context):
        if not (context.site.config.home / "ready").exists():
            raise RuntimeError("not yet")
""",
    )
    write_plugin("fine")
    site = open_with("fine")
    site.close()
    site = make_site_again(site, name)
    with pytest.raises(LifecycleError, match="RuntimeError: not yet"):
        lifecycle.install(site, name)
    found = {s.name: s for s in lifecycle.statuses(site)}
    assert found[name].state == "broken"
    assert "not yet" in found[name].reason
    assert found["fine"].state == "installed"
    (site.config.home / "ready").touch()
    assert lifecycle.install(site, name) == [name]
    site.close()


def test_an_older_package_than_what_is_installed_is_refused(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str]
) -> None:
    name = with_tables(write_plugin, fresh("older"))
    site = open_with(name)
    with site.system() as s:
        s.get_one(PluginState, name).version = "1.10"  # later than 1.9 and than 1.0, as numbers
    with pytest.raises(LifecycleError) as caught:
        lifecycle.upgrade(site, name)
    assert caught.value.kind == "newer"
    with site.system_reader() as s:
        row = s.get_one(PluginState, name)
        assert (row.state, row.version) == ("installed", "1.10")
