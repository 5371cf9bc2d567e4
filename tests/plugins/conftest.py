"""Plugins as projects of their own: built, put beside a site, run in processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def build(project: Path, target: Path) -> Path:
    """Build ``project`` into a wheel and unpack it into ``target``, as an installer would."""
    work = target.parent / f"{target.name}-build"
    source = work / "source"
    shutil.copytree(project, source, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--wheel", "-o", str(work), str(source)],
        check=True,
        capture_output=True,
    )
    (wheel,) = work.glob("*.whl")
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


@pytest.fixture(scope="session")
def build_plugin() -> Callable[[Path, Path], Path]:
    """``build_plugin(project, target)``; see :func:`build`."""
    return build


@pytest.fixture(scope="session")
def guestbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The third-party sample, built and unpacked; the folder to put on a process's path."""
    return build(ROOT / "tests" / "sample_plugin", tmp_path_factory.mktemp("guestbook") / "target")


@pytest.fixture(scope="session")
def run_pytest() -> Callable[..., subprocess.CompletedProcess[str]]:
    """``run_pytest(folder, path, *arguments)`` runs pytest there, ``path`` being importable."""

    def run(folder: Path, path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("ZHIKE_", "PYTEST", "COV"))}
        env["PYTHONPATH"] = str(path)
        for kept in ("ZHIKE_TEST_POSTGRESQL",):
            if kept in os.environ:
                env[kept] = os.environ[kept]
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    return run
