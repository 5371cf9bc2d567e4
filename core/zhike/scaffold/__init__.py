"""What ``zhike plugin new`` copies: a small plugin that works, with tests that pass.

Files end in ``.tmpl`` here, so that nothing takes them for code; ``@@word@@`` in names and text is
replaced.  A test in this repository generates a plugin, builds it and runs its tests.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from zhike.errors import UserError
from zhike.manifest import ManifestError, Plugin

TEMPLATE = "template"


def create(name: str, into: Path, *, title: str = "", title_zh: str = "", author: str = "") -> Path:
    """Write a new plugin project below ``into`` and return its folder.

    ``name`` is the plugin's name (``acme_loyalty``); distribution and package are named after it.
    Raises UserError for a name that no plugin may have, or where the folder exists.
    """
    words = name.replace("_", " ").strip().capitalize()
    try:
        Plugin(name=name, title=title or words or "?", version="0.1.0")
    except ManifestError as error:
        raise UserError(str(error), code="name") from None
    distribution = f"zhike-{name.replace('_', '-')}"
    target = into / distribution
    if target.exists():
        raise UserError(f"{target} exists already.", code="exists")
    values = {
        "name": name,
        "package": f"zhike_{name}",
        "distribution": distribution,
        "title": title or words,
        "title_zh": title_zh or title or words,
        "author": author,
        "class": "".join(part.capitalize() for part in name.split("_")),
    }
    _copy(files(__name__) / TEMPLATE, target, values)
    return target


def _copy(source: Traversable, target: Path, values: dict[str, str]) -> None:
    target.mkdir(parents=True)
    for item in sorted(source.iterdir(), key=lambda entry: entry.name):
        name = _fill(item.name, values)
        if item.is_dir():
            _copy(item, target / name, values)
        elif name.endswith(".tmpl"):
            text = _fill(item.read_text(encoding="utf-8"), values)
            (target / name.removesuffix(".tmpl")).write_text(text, encoding="utf-8")


def _fill(text: str, values: dict[str, str]) -> str:
    for word, value in values.items():
        text = text.replace(f"@@{word}@@", value)
    return text


CHECK = """
from zhike.testing import PluginConformance


class TestConformance(PluginConformance):
    plugin = "{name}"
"""


def check(name: str) -> int:
    """Run the suite every plugin inherits on the installed plugin ``name``; pytest's exit code.

    Raises UserError where pytest is not installed.
    """
    try:
        import pytest  # noqa: F401  only to say in words that it is missing
    except ModuleNotFoundError:
        raise UserError("Checking needs pytest: install it beside the plugin.") from None
    with tempfile.TemporaryDirectory() as folder:
        test = Path(folder) / f"test_{name}.py"
        test.write_text(CHECK.format(name=name))
        (Path(folder) / "pytest.ini").write_text("[pytest]\n")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
        return subprocess.run(command, cwd=folder, check=False).returncode


def revision(name: str, message: str) -> Path:
    """Write the next migration of ``name`` from its models; returns the file, to be read.

    Works on a throwaway database, so no site is needed.  Raises UserError where the plugin is not
    there or cannot be loaded.
    """
    from zhike.config import Config
    from zhike.db import migrate
    from zhike.services.lifecycle.status import lineage
    from zhike.site import Site

    with tempfile.TemporaryDirectory() as folder:
        config = Config(home=Path(folder) / "home", plugin_path=Config.from_env().plugin_path)
        site = Site.open(config)
        try:
            host = site.plugins
            if name not in host.manifests:
                fault = host.broken.get(name)
                raise UserError(fault.reason if fault else f"There is no plugin {name!r} here.")
            line = lineage(host, name)
            migrate.upgrade(config, migrate.CORE)
            migrate.upgrade(config, line)
            return migrate.write_revision(config, line, message)
        finally:
            site.close()
