"""Settings of every test run in this repository.

``ZHIKE_REQUIRE_ALL=1`` turns each skipped test into a failure: continuous integration has a
browser, fonts and PostgreSQL, so a skip there hides a test that should have run.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

import zhike  # noqa: F401  before anything else: it decides which SQLite this process has

# How fast an example runs says something about the machine, nothing about the code.
settings.register_profile("zhike", deadline=None)
settings.load_profile("zhike")

REQUIRE_ALL = os.environ.get("ZHIKE_REQUIRE_ALL", "") not in ("", "0")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a skip as a failure where nothing may be skipped."""
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but ZHIKE_REQUIRE_ALL is set: {call.excinfo}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself while being collected."""
    report = yield
    if REQUIRE_ALL and report.outcome == "skipped":
        report.outcome = "failed"
        reason: Any = report.longrepr
        report.longrepr = f"{collector.nodeid} was skipped while collecting: {reason}"
    return report
