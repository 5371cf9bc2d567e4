"""``zhike plugin new``: what it makes is a plugin that works."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from zhike import scaffold
from zhike.cli.plugin import plugin
from zhike.errors import UserError

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.slow
def test_what_it_makes_passes_its_own_tests_and_the_linter(
    tmp_path: Path, build_plugin: Callable[[Path, Path], Path], run_pytest: Run
) -> None:
    result = CliRunner().invoke(
        plugin, ["new", "acme_loyalty", "--into", str(tmp_path), "--title-zh", "会员"]
    )
    assert result.exit_code == 0, result.output
    project = tmp_path / "zhike-acme-loyalty"
    assert str(project) in result.output
    left = [p for p in project.rglob("*") if "@@" in p.name or p.suffix == ".tmpl"]
    left += [p for p in project.rglob("*") if p.is_file() and "@@" in p.read_text()]
    assert left == []
    for command in (
        ["check", "--isolated", "--select", "E,F,I,UP,B", "--line-length", "100", "."],
        ["format", "--check", "."],
    ):
        ruff = [sys.executable, "-m", "ruff", *command]
        done = subprocess.run(ruff, cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    target = build_plugin(project, tmp_path / "target")
    # The tests must use the wheel, not the folder beside them.
    (project / "zhike_acme_loyalty").rename(tmp_path / "moved-away")
    done = run_pytest(project, target, "-m", "not postgresql")
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.parametrize("name", ["Acme", "acme__x", "core", "9lives", ""])
def test_a_name_no_plugin_may_have_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name"):
        scaffold.create(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    scaffold.create("acme", tmp_path)
    with pytest.raises(UserError, match="exists already"):
        scaffold.create("acme", tmp_path)
