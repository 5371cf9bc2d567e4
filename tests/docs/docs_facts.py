"""What the code has, as the manuals have to name it: collected anew for every run of the tests."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import click

from zhike import contributions as c
from zhike import hookspecs
from zhike.cli import cli
from zhike.config import Config
from zhike.ops.checks import DEEP
from zhike.plugins.manager import PluginHost, load_plugins
from zhike.plugins.schemas import fields_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [ROOT / "core/zhike", *sorted(ROOT.glob("plugins/*/zhike_*"))]
#: Whatever else may look at the environment: tests, tools, continuous integration.
WORKSHOP = [
    *(ROOT / name for name in ("conftest.py", "Makefile", ".ci/run", "docs/screenshots.py")),
    *(ROOT / name for name in ("core/tests", "tests", "tools", "benchmarks")),
    *ROOT.glob("plugins/*/tests"),
]
VARIABLE = re.compile(r"ZHIKE_[A-Z][A-Z_]*[A-Z]")
ACTION = re.compile(r"core\.[a-z_]+\.[a-z_]+")


@dataclass(frozen=True)
class Command:
    """A command of ``zhike``: its long options, and whether it takes arguments."""

    options: frozenset[str] = field(default_factory=frozenset)
    arguments: bool = False


@cache
def commands() -> dict[str, Command]:
    """Every command, ``backup create`` as it is typed; groups are not among them."""
    return dict(_walk(cli, (), click.Context(cli)))


def _walk(
    command: click.Command, path: tuple[str, ...], context: click.Context
) -> Iterator[tuple[str, Command]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None, name
            yield from _walk(found, (*path, name), click.Context(found, parent=context))
        return
    long = {o for p in command.params for o in (*p.opts, *p.secondary_opts) if o.startswith("--")}
    takes = any(isinstance(p, click.Argument) for p in command.params)
    yield " ".join(path), Command(frozenset(long - {"--help"}), takes)


@cache
def host() -> PluginHost:
    """The core and the plugins of this checkout, loaded."""
    loaded = load_plugins(Config(home=ROOT / "nowhere", plugin_allow=tuple(plugins())))
    assert not loaded.broken
    return loaded


def plugins() -> list[str]:
    """Names of the plugins that this checkout brings; others may be installed beside them."""
    return [package.name.removeprefix("zhike_") for package in PACKAGES[1:]]


def names(kind: type[Any]) -> set[str]:
    """Stable names of everything that is contributed of one kind."""
    return {entry.name for entry in host().registry.of(kind)}


def settings() -> set[str]:
    """Settings by full name, ``sales_floor.wall_title``."""
    return {
        f"{entry.owner.plugin}.{key}"
        for entry in host().registry.of(c.SettingsSchema)
        for key in fields_of(entry.value)
    }


def events() -> set[str]:
    """Names of events."""
    return {entry.value.name for entry in host().registry.of_hook("register_events")}


def documents() -> set[str]:
    """Names of forms."""
    return {entry.name for entry in host().registry.of_hook("register_documents")}


def checks() -> set[str]:
    """Health checks, those that only ``zhike doctor`` runs included."""
    return names(c.HealthCheck) | {check.name for check in DEEP}


def hooks() -> set[str]:
    """Names of hooks."""
    marker = f"{hookspecs.PROJECT}_spec"
    return {
        name
        for name, function in inspect.getmembers(hookspecs.CoreHooks, inspect.isfunction)
        if hasattr(function, marker)
    }


def variables(places: list[Path]) -> set[str]:
    """``ZHIKE_*`` names in the sources below ``places``."""
    found: set[str] = set()
    for place in places:
        files = [place] if place.is_file() else place.rglob("*")
        for file in files:
            if file.suffix in (".py", ".sh", "") and file.is_file():
                found.update(VARIABLE.findall(file.read_text("utf-8", "replace")))
    return found


def ledger_actions() -> set[str]:
    """Actions that the core writes into ledgers: what is given to ``append``, and every other
    literal ``core.<subject>.<act>`` of its sources that is no permission."""
    literal: set[str] = set()
    appended: set[str] = set()
    for file in (ROOT / "core/zhike").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if ACTION.fullmatch(node.value):
                    literal.add(node.value)
            elif isinstance(node, ast.Call) and len(node.args) > 1:
                given = node.args[1]
                appends = isinstance(node.func, ast.Attribute) and node.func.attr == "append"
                if appends and isinstance(given, ast.Constant):
                    appended.add(str(given.value))
    return (literal - names(c.Permission)) | appended


def panel_paths() -> set[str]:
    """Pages below ``/admin`` with their variable parts as ``…``."""
    from flask import Flask

    from zhike.admin import blueprints
    from zhike.web.rights import GuardedRule

    app = Flask("zhike")
    app.url_rule_class = GuardedRule
    for blueprint in blueprints():
        app.register_blueprint(blueprint)
    return {
        re.sub(r"<[^>]*>", "…", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/admin") and "GET" in (rule.methods or ())
    }
