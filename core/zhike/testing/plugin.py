"""pytest's part: the fixtures a plugin's tests begin with.

Which plugins a test's site has is said by the ini option ``zhike_plugins`` (names, one a line) or
by overriding the fixture of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zhike  # noqa: F401  first: it decides which SQLite this process has

import pytest  # isort: skip

if TYPE_CHECKING:
    import uuid

    from flask import Flask
    from flask.testing import FlaskClient

    from zhike.site import Site
    from zhike.testing.sites import CapturedEvents, FrozenClock, QueryCount, TwoCompanies


def pytest_addoption(parser: pytest.Parser) -> None:
    """The ini option that names the plugins under test."""
    parser.addini("zhike_plugins", "Zhike plugins loaded and installed in test sites", "linelist")


def pytest_configure(config: pytest.Config) -> None:
    """The markers of tests that need what not every machine has, known to strict projects too."""
    config.addinivalue_line("markers", "postgresql: needs a PostgreSQL server at 127.0.0.1:5432")
    config.addinivalue_line("markers", "browser: needs Chromium")


@pytest.fixture
def zhike_plugins(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Names of the plugins of the test's site; override it to choose others."""
    return tuple(request.config.getini("zhike_plugins"))


@pytest.fixture
def zhike_plugin_path() -> tuple[Path, ...]:
    """Folders that hold plugins in development, as ``ZHIKE_PLUGIN_PATH`` would name them."""
    return ()


@pytest.fixture(scope="session")
def zhike_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the core's tables, made once a run and copied for each test's site."""
    from zhike.db.engines import sqlite_path
    from zhike.testing.sites import make_site

    site = make_site(tmp_path_factory.mktemp("zhike") / "home")
    site.close()  # the last connection folds the write-ahead log into the file
    return sqlite_path(site.config)


@pytest.fixture
def site(
    tmp_path: Path,
    zhike_plugins: tuple[str, ...],
    zhike_plugin_path: tuple[Path, ...],
    zhike_template: Path,
) -> Iterator[Site]:
    """A site of its own on SQLite, with the plugins under test installed and no company."""
    from zhike.testing.sites import make_site

    made = make_site(
        tmp_path / "home",
        zhike_plugins,
        template=zhike_template,
        plugin_path=zhike_plugin_path,
    )
    with closing(made) as opened:
        yield opened


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """The address of an empty PostgreSQL database of this test's own, dropped afterwards.

    The server is the one that ``ZHIKE_TEST_POSTGRESQL`` names, else the one at 127.0.0.1:5432;
    without one the test is skipped.  Mark such a test ``postgresql``.
    """
    from zhike.testing.postgresql import throwaway_database

    with throwaway_database() as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium, as Playwright's ``Browser``; skips where it or Playwright is missing.

    It lives as long as the module that asks: it takes memory, and other tests fork their process.
    Mark such a test ``browser``.
    """
    from zhike.testing import chromium as installed

    program = installed.find()
    if program is None:
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=list(installed.ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def company(site: Site, zhike_plugins: tuple[str, ...]) -> int:
    """The id of a company with the plugins under test switched on."""
    from zhike.testing.sites import make_company

    return make_company(site, "lanjing", zhike_plugins)


@pytest.fixture
def two_companies(site: Site, company: int, zhike_plugins: tuple[str, ...]) -> TwoCompanies:
    """Two companies, both with the plugins under test switched on; ``a`` is ``company``."""
    from zhike.testing.sites import TwoCompanies, make_company

    return TwoCompanies(company, make_company(site, "hongshan", zhike_plugins))


@pytest.fixture
def app(site: Site) -> Flask:
    """The web application of the test's site; forms need no CSRF token here."""
    from zhike.web.app import create_app

    made = create_app(site)
    made.config.update(TESTING=True, WTF_CSRF_ENABLED=False, WTF_CSRF_METHODS=frozenset())
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody has signed in with."""
    return app.test_client()


@pytest.fixture
def login(site: Site, app: Flask) -> Callable[..., FlaskClient]:
    """``login(company_id, permissions=None, scope="all")``: a browser signed in as a new user.

    Without ``permissions`` an administrator of the company, otherwise somebody with exactly these.
    """
    from zhike.testing.sites import make_user, sign_in

    def enter(company_id: int, permissions: list[str] | None = None, **more: str) -> FlaskClient:
        user_id: uuid.UUID = make_user(site, company_id, permissions, **more)
        return sign_in(app, site, user_id)

    return enter


@pytest.fixture
def count_queries(site: Site) -> Callable[..., AbstractContextManager[QueryCount]]:
    """``with count_queries(at_most=6) as counted: …`` counts the site's statements."""
    from zhike.testing.sites import counting

    return partial(counting, site)


@pytest.fixture
def capture_events(site: Site) -> Callable[[int], AbstractContextManager[CapturedEvents]]:
    """``with capture_events(company_id) as events: …`` collects what is emitted and committed."""
    from zhike.testing.sites import capturing

    return partial(capturing, site)


@pytest.fixture
def frozen_clock() -> Iterator[FrozenClock]:
    """The clock stands at 2026-11-21 02:00 UTC (10:00 in Shanghai) until the test moves it."""
    from zhike import clock
    from zhike.testing.sites import FrozenClock

    with ExitStack() as stack:
        frozen = FrozenClock(lambda instant: stack.enter_context(clock.frozen(instant)))
        frozen.set(datetime(2026, 11, 21, 2, tzinfo=UTC))
        yield frozen
