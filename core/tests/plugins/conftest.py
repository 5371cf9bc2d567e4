"""Plugins written on the spot, each in a folder of its own, and sites that load them."""

from __future__ import annotations

import itertools
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from zhike.config import Config
from zhike.plugins import PluginHost, load_plugins
from zhike.site import Site
from zhike.testing.sites import make_site

# Helpers of these tests live beside them; test folders are no packages here.
sys.path.insert(0, str(Path(__file__).parent))

# Table names and mapped classes live as long as the process, so no two tests may share a plugin
# name as soon as models are involved.
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def forget_local_plugins() -> Iterator[None]:
    """Packages below ``zhike_local`` are imported anew by each test, from its own folder."""

    def forget() -> None:
        for name in [n for n in sys.modules if n.split(".")[0] == "zhike_local"]:
            del sys.modules[name]

    forget()
    yield
    forget()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that ``ZHIKE_PLUGIN_PATH`` would name."""
    made = tmp_path / "plugins"
    made.mkdir()
    return made


@pytest.fixture
def fresh() -> Callable[[str], str]:
    """``fresh("x")``: a plugin name no other test has."""
    return lambda stem: f"{stem}{next(_numbers)}"


@pytest.fixture
def write_plugin(folder: Path) -> Callable[..., str]:
    """``write_plugin(name, hooks="…", manifest='depends=("a",)', **{"models.py": "…"})``."""

    def write(name: str, hooks: str = "", manifest: str = "", **files: str) -> str:
        root = folder / name
        root.mkdir()
        (root / "__init__.py").write_text(
            "from zhike.manifest import Plugin\n"
            f'plugin = Plugin(name="{name}", title="{name.title()}", version="1.0", {manifest})\n'
        )
        if hooks:
            (root / "hooks.py").write_text(
                "from zhike.contributions import *\n"
                "from zhike.contributions import Event\n"
                "from zhike.hookspecs import hookimpl\n" + textwrap.dedent(hooks)
            )
        for file, text in files.items():
            path = root / file
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".py" and path.parent != root:
                (path.parent / "__init__.py").touch()
            path.write_text(textwrap.dedent(text))
        return name

    return write


@pytest.fixture
def load(folder: Path, tmp_path: Path) -> Callable[..., PluginHost]:
    """Load what lies in the folder, without a database; nothing that is installed besides."""

    def read(**options: object) -> PluginHost:
        config = Config(home=tmp_path / "home", plugin_path=(folder,), **options)
        return load_plugins(config, entry_points=())

    return read


@pytest.fixture
def open_with(folder: Path, tmp_path: Path, zhike_template: Path) -> Iterator[Callable[..., Site]]:
    """``open_with("a", "b")``: a site in which these plugins of the folder are installed."""
    opened: list[Site] = []

    def opening(*names: str) -> Site:
        home = tmp_path / f"home{len(opened)}"
        site = make_site(home, names, template=zhike_template, plugin_path=(folder,))
        opened.append(site)
        return site

    yield opening
    for site in opened:
        site.close()


@pytest.fixture
def closing_all() -> Iterator[list[Site]]:
    """Sites put into this list are closed at the end."""
    sites: list[Site] = []
    yield sites
    for site in sites:
        with closing(site):
            pass
