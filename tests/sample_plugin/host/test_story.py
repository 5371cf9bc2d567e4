"""The host's side: a stranger's plugin comes, works for one company, and goes.

Run by ``tests/plugins/test_third_party.py`` in a process whose path holds the built wheel.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike.contributions import DashboardCard, Job, Listener, MenuItem, Permission
from zhike.models.jobs import JobRun
from zhike.models.ledger import LedgerLine
from zhike.models.outbox import OutboxDelivery, OutboxEvent
from zhike.models.plugin import CompanyPlugin, PluginState
from zhike.plugins.active import active_in
from zhike.services import events, lifecycle, settings
from zhike.services.jobs.worker import run_due_jobs
from zhike.site import Site
from zhike.testing import make_company, make_user, sign_in

NAME = "acme_guestbook"
BOOK = f"/p/{NAME}/"
PATHS = (
    BOOK,
    f"/p/{NAME}",
    f"/p/{NAME}/write",
    f"/p/{NAME}/nothing",
    f"/api/v1/{NAME}/",
    f"/static/p/{NAME}/x.css",
)
FULL_HOUR = datetime(2026, 11, 21, 3, tzinfo=UTC)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

Login = Callable[..., FlaskClient]


@pytest.fixture
def company(site: Site) -> int:
    """This company has switched the guestbook on."""
    return make_company(site, "lanjing", [NAME])


@pytest.fixture
def without(site: Site) -> int:
    """This one has not."""
    return make_company(site, "hongshan")


def test_it_came_out_of_a_wheel() -> None:
    dist = metadata.distribution("acme-zhike-guestbook")
    assert dist.version == "1.2.0"
    assert dist.read_text("WHEEL") is not None
    assert "target" in str(dist.locate_file(""))


def test_it_shows_up_in_the_panel_and_is_switched_on_there_for_one_company(
    site: Site, without: int, app: Flask
) -> None:
    admin = sign_in(app, site, make_user(site, without))
    assert "来宾留言簿" in admin.get("/admin/apps").get_data(as_text=True)
    preview = admin.get(f"/admin/apps/{NAME}").get_data(as_text=True)
    for shown in ("来宾留言簿", "写留言", "清理旧留言", "每天前几位得一份小礼"):
        assert shown in preview
    assert admin.get(BOOK).status_code == 404
    assert admin.post(f"/admin/apps/{NAME}/enable").status_code in (302, 303)
    assert admin.get(BOOK).status_code == 200
    other = make_company(site, "third")
    assert sign_in(app, site, make_user(site, other)).get(BOOK).status_code == 404
    assert admin.post(f"/admin/apps/{NAME}/disable").status_code in (302, 303)
    assert admin.get(BOOK).status_code == 404


def test_everything_it_brings_works_where_it_is_on_and_is_absent_where_it_is_off(
    site: Site, company: int, without: int, login: Login
) -> None:
    on, off = login(company), login(without)
    assert on.post(f"{BOOK}write", data={"signed_by": "王", "words": "好地方"}).status_code == 303
    assert "好地方" in on.get(BOOK).get_data(as_text=True)
    home, elsewhere = (c.get("/").get_data(as_text=True) for c in (on, off))
    assert "来宾留言簿" in home
    assert "来宾留言簿" not in elsewhere
    assert "好地方" in on.get(f"/today/card/{NAME}.latest").get_data(as_text=True)
    assert off.get(f"/today/card/{NAME}.latest").status_code == 404
    assert "每日小礼份数" in on.get("/admin/settings").get_data(as_text=True)
    for path in PATHS:
        for method in METHODS:
            assert off.open(path, method=method).status_code == 404, f"{method} {path}"
    reader = login(company, [f"{NAME}.read"])
    assert reader.get(BOOK).status_code == 200
    assert reader.post(f"{BOOK}write", data={"signed_by": "x", "words": "y"}).status_code == 403
    stranger = login(company, [])
    assert stranger.get(BOOK).status_code == 403
    with site.reader(company) as s, site.reader(without) as r:
        here, there = active_in(s), active_in(r)
        for kind in (Permission, MenuItem, DashboardCard, Listener, Job):
            mine = [e for e in here.of(kind) if e.owner.plugin == NAME]
            assert mine, kind
            assert [e for e in there.of(kind) if e.owner.plugin == NAME] == []


def test_it_hears_the_sales_floor_and_works_by_itself_only_where_it_is_on(
    site: Site, company: int, without: int
) -> None:
    from acme_zhike_guestbook import services
    from acme_zhike_guestbook.models import Entry, Tally

    for one in (company, without):
        with site.transaction(one) as s:
            s.add(OutboxEvent(topic="sales_floor.visit_assigned", payload={"visit_id": "x"}))
    assert events.dispatch_outbox(site).done == 1
    with site.reader(company) as s:
        assert s.scalars(select(Tally.visits)).all() == [1]
    with site.transaction(company) as s:
        settings.set_many(s, NAME, {"keep_days": 30})
        services.write(s, "旧", "很久以前")
        s.scalars(select(Entry)).one().written_at = datetime(2020, 1, 1, tzinfo=UTC)
    run_due_jobs(site, FULL_HOUR)
    with site.reader(company) as s:
        assert s.scalars(select(Entry)).all() == []
    with site.system_reader() as g:
        runs = g.execute(select(JobRun.job, JobRun.company_id, JobRun.state)).all()
    assert (f"{NAME}.tidy", company, "done") in [tuple(r) for r in runs]
    assert not [r for r in runs if r.job.startswith(NAME) and r.company_id != company]


def test_disabled_it_is_silent_and_keeps_its_data(site: Site, company: int, login: Login) -> None:
    from acme_zhike_guestbook import services
    from acme_zhike_guestbook.models import Entry, Tally

    browser = login(company)
    with site.transaction(company) as s:
        services.write(s, "王", "好地方")
        s.add(OutboxEvent(topic="sales_floor.visit_assigned", payload={}))
        lifecycle.disable(s, NAME)
    for path in PATHS:
        for method in METHODS:
            assert browser.open(path, method=method).status_code == 404, f"{method} {path}"
    assert "来宾留言簿" not in browser.get("/").get_data(as_text=True)
    assert events.dispatch_outbox(site).done == 0
    run_due_jobs(site, FULL_HOUR)
    with site.system_reader() as g:
        assert not [j for j in g.scalars(select(JobRun.job)) if j.startswith(NAME)]
    with site.transaction(company) as s:
        assert s.scalars(select(Tally)).all() == []
        assert len(s.scalars(select(Entry)).all()) == 1
        lifecycle.enable(s, NAME)
    assert "好地方" in browser.get(BOOK).get_data(as_text=True)


def test_uninstalled_it_leaves_its_ledger_lines_and_nothing_else(
    site: Site, company: int, login: Login
) -> None:
    from acme_zhike_guestbook import services

    browser = login(company)
    with site.transaction(company) as s:
        services.write(s, "王", "好地方")
        settings.set_many(s, NAME, {"presents": 5})
        s.add(OutboxEvent(topic="sales_floor.visit_assigned", payload={}))
    events.dispatch_outbox(site)
    run_due_jobs(site, FULL_HOUR)
    with site.transaction(company) as s:
        lifecycle.disable(s, NAME)
    preview = lifecycle.preview_uninstall(site, NAME)
    assert {(c.table, c.rows) for c in preview.counts if c.table.startswith(NAME)} == {
        (f"{NAME}__entry", 1),
        (f"{NAME}__tally", 1),
    }
    archive = lifecycle.uninstall(site, NAME, typed=NAME)
    with zipfile.ZipFile(archive) as file:
        entry = json.loads(file.read(f"{NAME}__entry.jsonl"))
    assert entry["words"] == "好地方"
    with site.unscoped("test: what is left", write=False) as u:
        names = sa.inspect(u.connection()).get_table_names()
        assert [n for n in names if n.startswith(NAME)] == []
        assert u.get(PluginState, NAME) is None
        assert u.scalars(select(CompanyPlugin)).all() == []
        assert u.scalars(select(OutboxDelivery)).all() == []
        assert [j for j in u.scalars(select(JobRun.job)) if j.startswith(NAME)] == []
    with site.reader(company) as s:
        lines = s.execute(
            select(LedgerLine.action)
            .where(LedgerLine.object.startswith(NAME))
            .order_by(LedgerLine.seq)
        ).scalars()
        assert list(lines) == [
            "core.plugin.enabled",
            f"{NAME}.written",
            "core.settings.set",
            "core.plugin.disabled",
            "core.plugin.uninstalled",
        ]
    for path in PATHS:
        assert browser.get(path).status_code == 404
    assert browser.get("/admin/apps").status_code == 200


def test_its_drill_runs_through_the_command(site: Site) -> None:
    import acme_zhike_guestbook
    from acme_zhike_guestbook import plugin
    from click.testing import CliRunner

    from zhike.cli import cli

    assert plugin.name == NAME
    drill = Path(acme_zhike_guestbook.__file__).parent / "policies" / "drills" / "AG-WE-01.yaml"
    result = CliRunner().invoke(cli, ["drill", "run", str(drill)])
    assert result.exit_code == 0, result.output
    assert "同一来宾一日只赠一份" in result.output
