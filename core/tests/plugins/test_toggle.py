"""Switching on and off: for one company, with refusals that name what is in the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from plugin_house import (
    HOOKS,
    MODELS,
    REVISION,
    Open,
    Write,
    actions,
    active,
    generation,
    make_site_again,
    with_tables,
)
from sqlalchemy import select

from zhike import clock
from zhike.db.base import Base
from zhike.models.plugin import CompanyPlugin, PluginFailure, Process
from zhike.plugins import fingerprints
from zhike.services import lifecycle
from zhike.services.lifecycle import LifecycleError
from zhike.testing.sites import make_company


def test_enabled_for_one_company_is_active_there_only(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str]
) -> None:
    name = with_tables(write_plugin, fresh("one"))
    site = open_with(name)
    a, b = make_company(site, "aa"), make_company(site, "bb")
    before = generation(site, a)
    with site.transaction(a) as s:
        assert lifecycle.enable(s, name) == (name,)
    assert generation(site, a) > before
    assert active(site, a) == [name]
    assert active(site, b) == []
    assert actions(site, a)[-1] == ("core.plugin.enabled", name)


def test_a_second_click_changes_nothing(write_plugin: Write, open_with: Open) -> None:
    write_plugin("calm")
    site = open_with("calm")
    company = make_company(site, "aa", ["calm"])
    before, lines = generation(site, company), len(actions(site, company))
    with site.transaction(company) as s:
        assert lifecycle.enable(s, "calm") == ()
    assert generation(site, company) == before
    with site.transaction(company) as s:
        assert lifecycle.disable(s, "calm") == ("calm",)
    with site.transaction(company) as s:
        assert lifecycle.disable(s, "calm") == ()
    assert len(actions(site, company)) == lines + 1


def test_what_is_missing_is_named_or_switched_on_with_it(
    write_plugin: Write, open_with: Open
) -> None:
    write_plugin("base")
    write_plugin("middle", "", "depends=('base',)")
    write_plugin("top", "", "depends=('middle',)")
    site = open_with("base", "middle", "top")
    company = make_company(site, "aa")
    with pytest.raises(LifecycleError) as caught, site.transaction(company) as s:
        lifecycle.enable(s, "top")
    assert caught.value.kind == "missing"
    assert caught.value.plugins == ("base", "middle")
    assert "Base, Middle" in caught.value.message
    assert active(site, company) == []
    with site.transaction(company) as s:
        assert lifecycle.enable(s, "top", with_missing=True) == ("base", "middle", "top")
    assert active(site, company) == ["base", "middle", "top"]
    with pytest.raises(LifecycleError) as caught, site.transaction(company) as s:
        lifecycle.disable(s, "base")
    assert caught.value.kind == "dependants"
    assert caught.value.plugins == ("top", "middle")
    with site.transaction(company) as s:
        assert lifecycle.disable(s, "base", with_dependants=True) == ("top", "middle", "base")
    assert active(site, company) == []


def test_a_hook_that_refuses_changes_nothing(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str]
) -> None:
    name = fresh("grumpy")
    with_tables(
        write_plugin,
        name,
        f"""
    @hookimpl
    def on_enable(session):
        from zhike_local.{name}.models import Note
        session.add(Note(words="begun"))
        session.flush()
        raise RuntimeError("no room")
""",
    )
    site = open_with(name)
    company = make_company(site, "aa")
    before = generation(site, company)
    with pytest.raises(LifecycleError, match="no room") as caught, site.transaction(company) as s:
        lifecycle.enable(s, name)
    assert caught.value.kind == "hook"
    assert caught.value.plugin == name
    assert generation(site, company) == before
    with site.reader(company) as s:
        assert s.scalars(select(CompanyPlugin)).all() == []
        note = Base.metadata.tables[f"{name}__note"]
    with site.unscoped("test", write=False) as u:
        assert u.execute(select(note)).all() == []


def test_a_plugin_that_fails_while_being_disabled_is_disabled_all_the_same(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str]
) -> None:
    name = fresh("sticky")
    with_tables(
        write_plugin,
        name,
        f"""
    @hookimpl
    def on_disable(session):
        from zhike_local.{name}.models import Note
        session.add(Note(words="half done"))
        session.flush()
        raise RuntimeError("stuck")
""",
    )
    site = open_with(name)
    company = make_company(site, "aa", [name])
    with site.transaction(company) as s:
        assert lifecycle.disable(s, name) == (name,)
    assert active(site, company) == []
    with site.unscoped("test", write=False) as u:
        assert u.execute(select(Base.metadata.tables[f"{name}__note"])).all() == []
    fingerprints.report(site, "web")
    with site.system_reader() as g:
        row = g.scalars(select(PluginFailure)).one()
    assert (row.plugin, row.place, row.company_id) == (name, "on_disable", company)
    assert row.error == "RuntimeError: stuck"


def test_a_plugin_that_is_not_installed_cannot_be_enabled(
    write_plugin: Write, open_with: Open
) -> None:
    write_plugin("here")
    write_plugin("absent")
    site = open_with("here")
    company = make_company(site, "aa")
    site.close()
    site = make_site_again(site, "absent")
    with pytest.raises(LifecycleError) as caught, site.transaction(company) as s:
        lifecycle.enable(s, "absent")
    assert caught.value.kind == "not_installed"
    with pytest.raises(LifecycleError) as caught, site.transaction(company) as s:
        lifecycle.enable(s, "nobody")
    assert caught.value.kind == "unknown"
    site.close()


def test_it_is_enabled_only_when_every_process_has_it(write_plugin: Write, open_with: Open) -> None:
    write_plugin("newer")
    site = open_with("newer")
    company = make_company(site, "aa")
    fingerprints.report(site, "web")
    with site.system() as s:
        s.add(Process(host="elsewhere", pid=1, kind="worker", fingerprint="old", plugins={}))
    with pytest.raises(LifecycleError) as caught, site.transaction(company) as c:
        lifecycle.enable(c, "newer")
    assert caught.value.kind == "restart"
    assert caught.value.extra["processes"] == ["elsewhere/1"]
    with site.transaction(company) as c:
        preview = lifecycle.preview_enable(c, "newer")
    assert [p.kind for p in preview.problems] == ["restart"]
    # A process that is not seen for two minutes is gone and hinders nobody.
    with clock.frozen(clock.now() + timedelta(minutes=3)), site.transaction(company) as c:
        assert lifecycle.enable(c, "newer") == ("newer",)


def test_both_previews_say_what_will_change(
    write_plugin: Write, open_with: Open, fresh: Callable[[str], str]
) -> None:
    name = fresh("shown")
    write_plugin("base")
    root_hooks = f"""
    @hookimpl
    def register_menu():
        return [MenuItem(name="{name}.list", title="Notes", endpoint="{name}.list",
                         permission="{name}.view")]

    @hookimpl
    def register_open_items():
        def query(s, unit_id, limit):
            return [OpenItem(RecordRef("{name}", "note", __import__("uuid").uuid4()), "w")] * 3
        return [OpenItems(name="{name}.open", title="Open notes", permission="{name}.view",
                          query=query)]
"""
    write_plugin(
        name,
        HOOKS.format(name=name) + root_hooks,
        "depends=('base',), network=('example.com',)",
        **{
            "models.py": MODELS.format(name=name),
            "migrations/0001.py": REVISION.format(name=name),
        },
    )
    site = open_with("base", name)
    company = make_company(site, "aa")
    with site.reader(company) as s:
        adding = lifecycle.preview_enable(s, name)
    assert adding.also == ("base",)
    assert adding.adds.tables == (f"{name}__line", f"{name}__note", f"{name}__word")
    assert [e.name for e in adding.adds.permissions] == [f"{name}.view"]
    assert [e.value.title for e in adding.adds.menu] == ["Notes"]
    assert adding.adds.network == ("example.com",)
    assert adding.problems == ()
    with site.transaction(company) as s:
        lifecycle.enable(s, name, with_missing=True)
    with site.reader(company) as s:
        stopping = lifecycle.preview_disable(s, "base")
    assert stopping.also == (name,)
    assert stopping.open_items == (("Open notes", 3),)
    assert stopping.deadlines == 0
    assert [e.name for e in stopping.stops.menu] == [f"{name}.list"]


def test_what_is_off_does_not_keep_on_what_it_would_need(
    write_plugin: Write, open_with: Open
) -> None:
    """Installed, needing it, but off in this company: no reason to refuse or to be named."""
    write_plugin("base")
    write_plugin("above", "", "depends=('base',)")
    site = open_with("base", "above")
    company = make_company(site, "aa", ["base"])
    with site.transaction(company) as s:
        assert lifecycle.disable(s, "base") == ("base",)
    assert active(site, company) == []
