"""T-P1: a plugin that does everything wrong harms nobody but itself."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike.config import Config
from zhike.contributions import Permission
from zhike.hookspecs import ASK_HOOKS, LIFECYCLE_HOOKS, RESULT_TYPES
from zhike.models.company import Company
from zhike.models.outbox import OutboxEvent
from zhike.models.plugin import PluginFailure
from zhike.plugins import fingerprints, load_plugins
from zhike.services import events, lifecycle
from zhike.services.jobs.worker import run_due_jobs
from zhike.services.lifecycle import LifecycleError
from zhike.site import Site
from zhike.testing import make_company, make_site, make_user, sign_in
from zhike.web.app import create_app

PAGES = (
    "/",
    "/admin/apps",
    "/admin/settings",
    "/admin/health",
    "/admin/jobs",
    "/search?q=abc",
    "/healthz",
)

MANIFEST = """
from zhike.api import Plugin
plugin = Plugin(name="{name}", title="{name}", title_zh="{name}", version="1")
"""

# Loads well, and then raises wherever it is asked.
RAISES_LATER = """
import threading
from zhike.api import *
from zhike.api import DashboardCard, HealthCheck, Job, Listener, MenuItem, OpenItems
from zhike.api import Permission, PluginBlueprint, SearchProvider, hookimpl

released = threading.Event()

def boom(*args, **kwargs):
    raise RuntimeError("hostile")

def hang(me):
    released.wait(60)
    return "<p>late</p>"

@hookimpl
def register_permissions():
    return [Permission(name="hostile.use", title="Use")]

@hookimpl
def register_blueprints():
    bp = PluginBlueprint("hostile")
    bp.get("/", permission="hostile.use", endpoint="page")(boom)
    return [bp]

@hookimpl
def register_menu():
    return [MenuItem(name="hostile.menu", title="Hostile", endpoint="hostile.page",
                     permission="hostile.use", badge=boom)]

@hookimpl
def register_cards():
    return [DashboardCard(name="hostile.boom", title="Boom", permission="hostile.use", render=boom),
            DashboardCard(name="hostile.hang", title="Hang", permission="hostile.use", render=hang)]

@hookimpl
def register_search():
    return [SearchProvider(name="hostile.find", title="Find", permission="hostile.use", query=boom)]

@hookimpl
def register_health_checks():
    return [HealthCheck(name="hostile.health", title="Health", check=boom)]

@hookimpl
def register_open_items():
    return [OpenItems(name="hostile.open", title="Open", permission="hostile.use", query=boom)]

@hookimpl
def register_listeners():
    return [Listener(name="hostile.hear", event="somebody.spoke", handle=boom)]

@hookimpl
def register_jobs():
    return [Job(name="hostile.job", title="Job", run=boom, every_minutes=1)]

resolve_company = hookimpl(lambda request: boom(), specname="resolve_company")
authenticate = hookimpl(lambda request: boom(), specname="authenticate")

@hookimpl
def object_to(action):
    boom()

@hookimpl
def on_disable(session):
    boom()

@hookimpl
def before_uninstall(context):
    boom()

@hookimpl
def on_uninstall(context):
    boom()
"""


def write(folder: Path, name: str, hooks: str) -> str:
    root = folder / name
    root.mkdir(parents=True)
    (root / "__init__.py").write_text(MANIFEST.format(name=name))
    (root / "hooks.py").write_text(hooks)
    return name


@pytest.fixture
def hostile(tmp_path: Path, zhike_template: Path) -> Iterator[Site]:
    """A site in which the hostile plugin is installed."""
    folder = tmp_path / "plugins"
    write(folder, "hostile", RAISES_LATER)
    site = make_site(tmp_path / "home", ["hostile"], template=zhike_template, plugin_path=[folder])
    yield site
    site.close()


@pytest.fixture
def browser(hostile: Site) -> FlaskClient:
    """An administrator of a company that has switched it on."""
    company = make_company(hostile, "lanjing", ["hostile"])
    app = create_app(hostile)
    app.config.update(WTF_CSRF_ENABLED=False, WTF_CSRF_METHODS=frozenset())
    return sign_in(app, hostile, make_user(hostile, company))


@pytest.mark.parametrize("hook", sorted(RESULT_TYPES))
def test_raising_in_a_register_hook_breaks_that_plugin_alone(hook: str, tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    name = f"raises_{hook.removeprefix('register_')}"[:30]
    write(
        folder,
        name,
        "from zhike.hookspecs import hookimpl\n\n"
        f"@hookimpl\ndef {hook}():\n    raise RuntimeError('no {hook}')\n",
    )
    write(
        folder,
        "innocent",
        "from zhike.contributions import Permission\nfrom zhike.hookspecs import hookimpl\n\n"
        "@hookimpl\ndef register_permissions():\n"
        "    return [Permission(name='innocent.view', title='View')]\n",
    )
    host = load_plugins(Config(home=tmp_path, plugin_path=(folder,)), entry_points=())
    host.collect_web()
    assert host.names == ("innocent",)
    assert host.broken[name].reason == f"RuntimeError: no {hook}"
    assert host.registry.get(Permission, "innocent.view") is not None


def test_the_test_above_and_below_cover_every_hook() -> None:
    """No hook escapes: each is in the table, or raises in the plugin above."""
    from zhike.hookspecs import CoreHooks

    hooks = {name for name in vars(CoreHooks) if not name.startswith("_")}
    assert hooks == {*RESULT_TYPES, *ASK_HOOKS, *LIFECYCLE_HOOKS}
    for hook in (*ASK_HOOKS, "on_disable", "before_uninstall", "on_uninstall"):
        assert hook in RAISES_LATER


def test_core_pages_stand_whatever_it_raises(browser: FlaskClient, hostile: Site) -> None:
    for path in PAGES:
        assert browser.get(path).status_code == 200, path
    assert browser.get("/p/hostile/").status_code == 500
    card = browser.get("/today/card/hostile.boom")
    assert card.status_code == 200
    assert "hostile" not in card.get_data(as_text=True)
    assert browser.get("/admin/apps/hostile").status_code == 200  # the preview of switching off
    anonymous = browser.application.test_client()
    assert anonymous.get("/").status_code in (302, 303)
    assert anonymous.get("/p/hostile/").status_code in (302, 303)
    fingerprints.report(hostile, "web")
    with hostile.system_reader() as s:
        failures = s.scalars(select(PluginFailure).where(PluginFailure.plugin == "hostile")).all()
    places = {f.place for f in failures}
    assert {"card hostile.boom", "open_items", "search hostile.find"} <= places
    assert all("hostile" in f.error for f in failures)
    shown = browser.get("/admin/apps/hostile").get_data(as_text=True)
    assert "card hostile.boom: RuntimeError: hostile" in shown


def test_a_hanging_card_delays_only_itself(browser: FlaskClient, hostile: Site) -> None:
    import sys

    released: threading.Event = sys.modules["zhike_local.hostile.hooks"].released
    app = browser.application
    waiting = sign_in(app, hostile, _user_of(hostile))
    answers: list[int] = []
    thread = threading.Thread(
        target=lambda: answers.append(waiting.get("/today/card/hostile.hang").status_code)
    )
    thread.start()
    try:
        for path in PAGES:
            assert browser.get(path).status_code == 200, path
        assert answers == []  # the card still hangs; everything else has been answered meanwhile
    finally:
        released.set()
        thread.join()
    assert answers == [200]


def _user_of(site: Site) -> uuid.UUID:
    with site.system_reader() as s:
        company = s.scalars(select(Company.id)).one()
    return make_user(site, company)


def test_an_objector_that_fails_refuses_acts_but_never_its_own_removal(
    browser: FlaskClient, hostile: Site
) -> None:
    refused = browser.post("/admin/settings/core", data={})
    assert refused.status_code == 403
    assert browser.get("/admin/settings").status_code == 200
    switched = browser.post("/admin/apps/hostile/disable")
    assert switched.status_code in (302, 303)
    assert browser.get("/p/hostile/").status_code == 404
    assert browser.post("/admin/settings/core", data={}).status_code != 403


def test_events_jobs_and_its_own_removal_go_on(hostile: Site) -> None:
    from datetime import UTC, datetime

    company = make_company(hostile, "lanjing", ["hostile"])
    with hostile.transaction(company) as s:
        s.add(OutboxEvent(topic="somebody.spoke", payload={}))
    assert events.dispatch_outbox(hostile) == events.Dispatched(failed=1)
    run_due_jobs(hostile, datetime(2026, 11, 21, 3, tzinfo=UTC))
    with hostile.reader(company) as s:
        assert [t.listener for t in events.troubles(s, "hostile")] == ["hostile.hear"]
    with hostile.transaction(company) as s:
        assert lifecycle.disable(s, "hostile") == ("hostile",)
    with pytest.raises(LifecycleError, match="could not be asked"):
        lifecycle.uninstall(hostile, "hostile", typed="hostile")
    assert lifecycle.uninstall(hostile, "hostile", typed="hostile", ignore_faults=True).is_file()


@pytest.mark.parametrize(
    "hooks",
    [
        "from zhike.api import PluginBlueprint, hookimpl\n"
        "@hookimpl\ndef register_blueprints():\n"
        "    bp = PluginBlueprint('sly')\n    bp.before_app_request(lambda: 'mine')\n"
        "    return [bp]\n",
        "from zhike.api import PluginBlueprint, hookimpl\n"
        "@hookimpl\ndef register_blueprints():\n"
        "    bp = PluginBlueprint('sly')\n    bp.get('/')(lambda: 'open')\n    return [bp]\n",
        "from flask import Blueprint\nfrom zhike.api import hookimpl\n"
        "@hookimpl\ndef register_blueprints():\n    return [Blueprint('sly', __name__)]\n",
        "from zhike.api import PluginBlueprint, hookimpl\n"
        "@hookimpl\ndef register_blueprints():\n"
        "    bp = PluginBlueprint('sly')\n"
        "    bp.get('/', permission='sly.unheard_of')(lambda: 'x')\n    return [bp]\n",
    ],
    ids=["app-wide", "no permission", "plain blueprint", "unknown permission"],
)
def test_pages_that_break_the_rules_are_not_mounted(
    hooks: str, tmp_path: Path, zhike_template: Path
) -> None:
    folder = tmp_path / "plugins"
    write(folder, "sly", hooks)
    site = make_site(tmp_path / "home", ["sly"], template=zhike_template, plugin_path=[folder])
    company = make_company(site, "lanjing", ["sly"])
    app = create_app(site)
    assert "sly" in site.plugins.broken
    admin = sign_in(app, site, make_user(site, company))
    assert admin.get("/").status_code == 200
    assert admin.get("/p/sly/").status_code == 404
    assert "sly" in admin.get("/admin/apps").get_data(as_text=True)
    site.close()


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Each test imports its own plugins."""
    import sys

    yield
    for name in [n for n in sys.modules if n.startswith("zhike_local.")]:
        del sys.modules[name]
