"""Uninstalling: shown, saved, asked, and then really gone."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
import sqlalchemy as sa
from plugin_house import (
    REVISION,
    Open,
    Write,
    actions,
    active,
    fill,
    forget,
    make_site_again,
    tables,
    with_tables,
)
from sqlalchemy import select

from zhike.db.base import Base
from zhike.models.people import Role, RoleGrant
from zhike.models.plugin import PluginState
from zhike.services import lifecycle
from zhike.services.lifecycle import LifecycleError
from zhike.services.lifecycle.owned import KEPT, OWNED
from zhike.testing.sites import make_company, make_site, make_user


def test_uninstall_shows_saves_asks_and_leaves_only_ledger_lines(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str]
) -> None:
    name = with_tables(write_plugin, fresh("gone"))
    site = open_with(name)
    company = make_company(site, "aa", [name])
    fill(site, name, company)
    preview = lifecycle.preview_uninstall(site, name)
    assert preview.enabled_in == ("aa",)
    counts = {(c.table, c.company): c.rows for c in preview.counts}
    assert counts[f"{name}__line", company] == 2
    assert counts["core__setting", company] == 1
    with pytest.raises(LifecycleError, match="still switched on in: aa"):
        lifecycle.uninstall(site, name, typed=name)
    with site.transaction(company) as s:
        lifecycle.disable(s, name)
    for typed in ("something else", name.upper(), f"{name} ", ""):
        with pytest.raises(LifecycleError) as caught:
            lifecycle.uninstall(site, name, typed=typed)
        assert caught.value.kind == "name", typed
    assert tables(site, name)

    archive = lifecycle.uninstall(site, name, typed=name)
    with zipfile.ZipFile(archive) as file:
        manifest = json.loads(file.read("manifest.json"))
        lines = file.read(f"{name}__note.jsonl").decode().splitlines()
    assert manifest["plugin"] == name
    assert manifest["files"][f"{name}__line.jsonl"]["rows"] == 2
    assert json.loads(lines[0])["words"] == "重要"
    assert tables(site, name) == []
    with site.unscoped("test", write=False) as s:
        for table, column, _how in OWNED:
            if column in ("plugin",):
                left = sa.table(table, sa.column(column))
                assert s.execute(select(left).where(left.c.plugin == name)).all() == []
        assert s.get(PluginState, name) is None
    assert [a for a, _ in actions(site, company)] == [
        "core.plugin.enabled",
        "core.settings.set",
        "core.plugin.disabled",
        "core.plugin.uninstalled",
    ]
    assert {s.name: s.state for s in lifecycle.statuses(site)}[name] == "discovered"
    # And it can begin anew, as if it had never been there.
    assert lifecycle.install(site, name) == [name]


def test_its_permissions_leave_the_roles(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str]
) -> None:
    name = with_tables(write_plugin, fresh("roles"))
    site = open_with(name)
    company = make_company(site, "aa", [name])
    user = make_user(site, company)
    with site.transaction(company) as s:
        for key, preset, permissions in (
            ("host", f"{name}.host", [f"{name}.write"]),
            ("grown", f"{name}.guide", [f"{name}.read", "core.party.view"]),
            ("own", "", ["core.party.edit", f"{name}.read"]),
        ):
            role = Role(key=key, title=key, preset=preset, permissions=permissions)
            s.add(role)
            s.flush()
            s.add(RoleGrant(user_id=user, role_id=role.id, data_scope="all", custom_units=[]))
        lifecycle.disable(s, name)
    lifecycle.uninstall(site, name, typed=name)
    with site.reader(company) as s:
        left = {
            role.key: (role.preset, role.permissions)
            for role in s.scalars(select(Role).where(Role.is_admin.is_(False)))
        }
        held = s.scalars(select(RoleGrant.role_id).where(RoleGrant.user_id == user)).all()
    assert left == {"grown": ("", ["core.party.view"]), "own": ("", ["core.party.edit"])}
    assert len(held) == 3, "his administration, and the two roles that stay"


def test_an_objection_is_a_veto_with_its_reason(write_plugin: Write, open_with: Open) -> None:
    write_plugin(
        "held",
        "@hookimpl\ndef before_uninstall(context):\n    return [Objection('kept until 2030')]\n",
    )
    site = open_with("held")
    with pytest.raises(LifecycleError, match="kept until 2030"):
        lifecycle.uninstall(site, "held", typed="held", ignore_faults=True)
    assert {s.name: s.state for s in lifecycle.statuses(site)}["held"] == "installed"


def test_a_plugin_others_need_stays(write_plugin: Write, open_with: Open) -> None:
    write_plugin("base")
    write_plugin("above", "", "depends=('base',)")
    site = open_with("base", "above")
    with pytest.raises(LifecycleError) as caught:
        lifecycle.uninstall(site, "base", typed="base")
    assert caught.value.plugins == ("above",)


def test_one_that_fails_in_every_hook_can_still_be_uninstalled_by_an_explicit_word(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str]
) -> None:
    name = fresh("hostile")
    with_tables(
        write_plugin,
        name,
        """
    @hookimpl
    def before_uninstall(context):
        raise RuntimeError("never")

    @hookimpl
    def on_uninstall(context):
        raise RuntimeError("never ever")
""",
    )
    site = open_with(name)
    with pytest.raises(LifecycleError, match="could not be asked"):
        lifecycle.uninstall(site, name, typed=name)
    assert tables(site, name)
    lifecycle.uninstall(site, name, typed=name, ignore_faults=True)
    assert tables(site, name) == []


def test_tables_that_the_way_down_forgets_go_too(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str]
) -> None:
    name = fresh("messy")
    revision = REVISION.format(name=name).replace(f'        op.drop_table("{name}__word")\n', "")
    with_tables(write_plugin, name, **{"migrations/0001.py": revision})
    site = open_with(name)
    lifecycle.uninstall(site, name, typed=name)
    assert tables(site, name) == []


def test_a_plugin_whose_code_is_broken_keeps_its_data_until_it_is_uninstalled(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str], folder: Path
) -> None:
    name = with_tables(write_plugin, fresh("rotten"))
    site = open_with(name)
    company = make_company(site, "aa", [name])
    fill(site, name, company)
    site.close()
    (folder / name / "hooks.py").write_text("raise RuntimeError('bad update')\n")
    forget(name)
    site = make_site_again(site)
    assert {s.name: s.state for s in lifecycle.statuses(site)}[name] == "broken"
    assert active(site, company) == []
    assert f"{name}__note" in tables(site, name)
    with site.transaction(company) as s:
        assert lifecycle.disable(s, name) == (name,)
    archive = lifecycle.uninstall(site, name, typed=name, ignore_faults=True)
    with zipfile.ZipFile(archive) as file:
        assert len(file.read(f"{name}__line.jsonl").splitlines()) == 2
    assert tables(site, name) == []
    site.close()


def test_operations_do_not_run_side_by_side(write_plugin: Write, open_with: Open) -> None:
    from zhike.services.lifecycle.lock import operation

    write_plugin("calm")
    site = open_with("calm")
    with operation(site, "calm"), pytest.raises(LifecycleError) as caught:
        lifecycle.uninstall(site, "calm", typed="calm")
    assert caught.value.kind == "busy"


def test_every_column_of_the_core_that_can_hold_a_plugin_is_accounted_for() -> None:
    """A new core table that keeps something for plugins must be named in OWNED or KEPT."""
    listed = {(t, c) for t, c, _ in OWNED} | set(KEPT)
    suspicious = {"plugin", "topic", "listener", "job", "source", "engine", "action"}
    for table in Base.metadata.tables.values():
        if table.info.get("plugin") != "core":
            continue
        names = {c.name for c in table.columns}
        if any((table.name, c) in listed for c in names):
            continue
        assert not names & suspicious, f"{table.name}: {names & suspicious} neither owned nor kept"
    known = Base.metadata.tables
    assert [t for t, _, _ in OWNED if t not in known] == []
    assert [t for t, _ in KEPT if t not in known] == []


def test_an_archive_that_cannot_be_written_leaves_all_as_it_was(
    write_plugin: Write,
    open_with: Open,
    fresh: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = with_tables(write_plugin, fresh("full"))
    site = open_with(name)
    company = make_company(site, "aa")

    def no_space(*_args: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        # The package gives its function the name of this module.
        module = import_module("zhike.services.lifecycle.uninstall")
        patched.setattr(module, "write_archive", no_space)
        with pytest.raises(OSError, match="no space"):
            lifecycle.uninstall(site, name, typed=name)
    with site.system_reader() as s:
        assert s.get_one(PluginState, name).state == "installed"
    with site.transaction(company) as s:
        assert lifecycle.enable(s, name) == (name,), "it can still be used"
    fill(site, name, company)


@pytest.mark.postgresql
def test_the_whole_life_on_postgresql(
    write_plugin: Write,
    fresh: Callable[[str], str],
    folder: Path,
    tmp_path: Path,
    postgresql_url: str,
) -> None:
    name = with_tables(write_plugin, fresh("pg"))
    made = make_site(tmp_path / "home", [name], database_url=postgresql_url, plugin_path=(folder,))
    with closing(made) as site:
        company = make_company(site, "aa", [name])
        assert active(site, company) == [name]
        fill(site, name, company)
        with site.transaction(company) as s:
            lifecycle.disable(s, name)
        archive = lifecycle.uninstall(site, name, typed=name)
        with zipfile.ZipFile(archive) as file:
            assert len(file.read(f"{name}__line.jsonl").splitlines()) == 2
        assert tables(site, name) == []


def test_one_that_is_half_gone_can_only_be_finished(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str]
) -> None:
    name = fresh("half")
    revision = REVISION.format(name=name)
    with_tables(
        write_plugin,
        name,
        **{
            "migrations/0001.py": revision.replace(
                "def downgrade():", "def downgrade():\n        down()"
            )
        },
    )
    site = open_with(name)
    with pytest.raises(LifecycleError, match="its tables could not go"):
        lifecycle.uninstall(site, name, typed=name)
    for step in (lifecycle.install, lifecycle.upgrade):
        with pytest.raises(LifecycleError) as caught:
            step(site, name)
        assert caught.value.kind == "uninstalling"
    assert lifecycle.upgrade_all(site)[name].startswith(f"{name} is being uninstalled")
    folder = site.plugins.root(name) / "migrations" / "0001.py"
    folder.write_text(folder.read_text().replace("down()", "pass"))
    lifecycle.uninstall(site, name, typed=name)
    assert tables(site, name) == []
