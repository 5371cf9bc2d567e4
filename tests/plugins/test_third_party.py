"""A plugin by somebody else: built into a wheel, installed beside the site, and its whole story."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[1] / "sample_plugin"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The sample's project without its package: that must come from the wheel."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(SAMPLE / "pyproject.toml", folder)
    for part in ("tests", "host"):
        shutil.copytree(SAMPLE / part, folder / part)
    return folder


@pytest.mark.slow
def test_its_own_tests_pass(project: Path, guestbook: Path, run_pytest: Run) -> None:
    """Its own tests, the inherited conformance suite among them."""
    done = run_pytest(project, guestbook, "tests", "-m", "not postgresql")
    assert done.returncode == 0, done.stdout[-6000:]
    assert "PASSED" not in done.stdout  # quiet run: dots
    assert " passed" in done.stdout


@pytest.mark.postgresql
def test_its_migrations_run_on_postgresql(project: Path, guestbook: Path, run_pytest: Run) -> None:
    done = run_pytest(project, guestbook, "tests", "-m", "postgresql")
    if " skipped" in done.stdout:
        pytest.skip("no PostgreSQL server")
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.slow
def test_its_life_beside_a_site(project: Path, guestbook: Path, run_pytest: Run) -> None:
    """Shows up, is on for one company only, goes off, goes away; see ``host/test_story.py``."""
    done = run_pytest(project, guestbook, "host")
    assert done.returncode == 0, done.stdout[-6000:]


def test_without_its_package_nobody_knows_it() -> None:
    from importlib import metadata

    names = {p.name for p in metadata.entry_points(group="zhike.plugins")}
    assert "acme_guestbook" not in names
