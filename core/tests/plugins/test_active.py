"""The active set: one answer for everybody, never from the past."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from plugin_house import (
    Open,
    Write,
    actions,
    active,
    make_site_again,
    with_tables,
)

from zhike.contributions import Permission
from zhike.models.plugin import PluginState
from zhike.plugins.active import active_in
from zhike.services import lifecycle
from zhike.services.lifecycle.install import bump_all
from zhike.testing.sites import make_company


def test_a_lineage_that_is_not_at_head_is_not_active(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str], folder: Path
) -> None:
    name = with_tables(write_plugin, fresh("late"))
    site = open_with(name)
    company = make_company(site, "aa", [name])
    assert active(site, company) == [name]
    site.close()
    second = f"revision = '{name}_0002'\ndown_revision = '{name}_0001'\n" + (
        "def upgrade():\n    pass\ndef downgrade():\n    pass\n"
    )
    (folder / name / "migrations" / "0002.py").write_text(second)
    site = make_site_again(site)
    assert {s.name: s.state for s in lifecycle.statuses(site)}[name] == "behind"
    assert active(site, company) == []
    assert lifecycle.upgrade_all(site) == {name: "upgraded"}
    assert active(site, company) == [name]
    assert lifecycle.upgrade_all(site) == {name: "current"}
    site.close()


def test_the_set_is_the_same_object_until_the_generation_changes(
    write_plugin: Write, open_with: Open
) -> None:
    write_plugin("calm", "@hookimpl\ndef register_permissions():\n"
                 "    return [Permission(name='calm.view', title='View')]\n")  # fmt: skip
    site = open_with("calm")
    company = make_company(site, "aa", ["calm"])
    with site.reader(company) as s:
        first = active_in(s)
    with site.reader(company) as s:
        assert active_in(s) is first
    assert first.items(Permission)[-1].name == "calm.view"
    with site.transaction(company) as s:
        lifecycle.disable(s, "calm")
    with site.reader(company) as s:
        second = active_in(s)
    assert second is not first
    assert second.get(Permission, "calm.view") is None
    assert second.get(Permission, "core.apps") is not None
    assert second.get(Permission, "calm.unheard_of") is None


def test_a_rolled_back_switch_is_seen_by_nobody(write_plugin: Write, open_with: Open) -> None:
    write_plugin("calm")
    site = open_with("calm")
    company = make_company(site, "aa")

    class Stop(Exception):
        pass

    with pytest.raises(Stop), site.transaction(company) as s:
        lifecycle.enable(s, "calm")
        active_in(s)  # a set read in the middle must not be kept
        raise Stop
    assert active(site, company) == []
    assert actions(site, company) == []


def test_what_depends_on_an_inactive_one_is_inactive(write_plugin: Write, open_with: Open) -> None:
    write_plugin("base")
    write_plugin("above", "", "depends=('base',)")
    site = open_with("base", "above")
    company = make_company(site, "aa", ["base", "above"])
    with site.system() as s:
        s.get_one(PluginState, "base").state = "upgrading"
        bump_all(s)
    assert active(site, company) == []
