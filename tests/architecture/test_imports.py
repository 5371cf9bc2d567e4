"""Who may import whom, and which SQLite a process has."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = sorted(path for path in ROOT.glob("plugins/*/zhike_*") if path.is_dir())
RULES = [ROOT / "core/zhike/rules", *(p / "rules" for p in PLUGINS if (p / "rules").is_dir())]
OPEN_TO_PLUGINS = ("zhike.api", "zhike.rules", "zhike.testing")


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """Absolute imports of a file: line and module; relative ones stay inside their package."""
    for node in ast.walk(ast.parse(file.read_bytes(), str(file))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module


def below(module: str, roots: tuple[str, ...]) -> bool:
    return any(module == root or module.startswith(f"{root}.") for root in roots)


def test_import_contracts_hold() -> None:
    """The contracts of pyproject.toml, by import-linter."""
    pytest.importorskip("importlinter")
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    done = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.parametrize("package", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_imports_only_what_is_published(package: Path) -> None:
    """As a stranger's plugin must: ``zhike.api`` and the pure helpers, never another plugin."""
    bad = []
    for file in package.rglob("*.py"):
        migration = "migrations" in file.parts
        for line, module in imports(file):
            foreign = module.startswith("zhike_") and not below(module, (package.name,))
            inner = below(module, ("zhike",)) and not below(module, OPEN_TO_PLUGINS)
            # Revision files name column types, which are promised to stay.
            if foreign or (inner and not (migration and module == "zhike.db.types")):
                bad.append(f"{file.relative_to(ROOT)}:{line} imports {module}")
    assert bad == []


@pytest.mark.parametrize("folder", RULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rules_import_nothing_but_the_standard_library(folder: Path) -> None:
    """A rule engine is a pure function: no web, no database, no clock."""
    package = ".".join(folder.relative_to(ROOT).parts[-2:])
    allowed = ("zhike.rules", package.removeprefix("core."))
    bad = []
    for file in folder.rglob("*.py"):
        for line, module in imports(file):
            if not (module.split(".")[0] in sys.stdlib_module_names or below(module, allowed)):
                bad.append(f"{file.relative_to(ROOT)}:{line} imports {module}")
            if below(module, ("time", "random", "secrets", "os", "threading", "socket")):
                bad.append(f"{file.relative_to(ROOT)}:{line} imports {module}: not deterministic")
    assert bad == []


@pytest.mark.parametrize("folder", RULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rules_ask_no_clock(folder: Path) -> None:
    """``datetime.now`` and its like: the time of an event is given, never asked."""
    asked = {"now", "utcnow", "today"}
    bad = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in folder.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in asked
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("datetime", "date", "clock")
    ]
    assert bad == []


def test_no_migration_imports_models() -> None:
    """A model that is renamed must not break the past."""
    bad = [
        f"{file.relative_to(ROOT)}:{line} imports {module}"
        for file in ROOT.glob("*/**/migrations/*.py")
        if ".venv" not in file.parts
        for line, module in imports(file)
        if "models" in module.split(".") or below(module, ("zhike.services", "zhike.web"))
    ]
    assert bad == []


IMPORT_ALL = """
import sys
import zhike, importlib, pkgutil
from importlib.metadata import entry_points
names = ["zhike"] + [point.module for point in entry_points(group="zhike.plugins")]
skip = ("zhike.testing", "zhike.__main__", "zhike.db.alembic", "zhike.scaffold.template")
for root in names:
    package = importlib.import_module(root)
    for module in pkgutil.walk_packages(package.__path__, root + "."):
        if ".migrations" not in module.name and not module.name.startswith(skip):
            importlib.import_module(module.name)
import sqlite3
print("_sqlite3" in sys.modules, sqlite3.sqlite_version, sqlite3.__name__)
"""


def test_no_process_has_two_sqlites() -> None:
    """Import everything there is, core and plugins: the standard library's SQLite stays out.

    Two of them in one process do not see each other's locks, and committed rows are lost.
    """
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, cwd="/"
    )
    assert done.returncode == 0, done.stderr[-2000:]
    standard, version, name = done.stdout.split()[-3:]
    if name == "pysqlite3":
        assert standard == "False"
        assert tuple(map(int, version.split("."))) >= (3, 51, 3)
    else:
        pytest.fail(f"this platform has no bundled SQLite; {version} is in use")


def test_the_folders_are_no_import_roots() -> None:
    """``import core.zhike`` would load every class twice."""
    for folder in (ROOT / "core", ROOT / "plugins", *ROOT.glob("plugins/*")):
        assert not (folder / "__init__.py").exists()
