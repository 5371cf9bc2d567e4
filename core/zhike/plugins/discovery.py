"""Finding plugins: packages that announce themselves, and folders the administrator names.

Each is imported behind a barrier of its own, so that one that fails keeps its failure to itself.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType

from zhike.manifest import ManifestError, Plugin, check_api

ENTRY_POINTS = "zhike.plugins"
LOCAL = "zhike_local"


@dataclass(frozen=True)
class Fault:
    """Why something is broken: the stage, one sentence, and the traceback where there is one."""

    stage: str
    reason: str
    trace: str = ""

    @classmethod
    def of(cls, stage: str, error: BaseException) -> Fault:
        """Describe ``error``; errors raised on purpose need no traceback to be understood."""
        reason = str(error) or type(error).__name__
        if isinstance(error, ManifestError):
            return cls(stage, reason)
        trace = "".join(traceback.format_exception(error))
        return cls(stage, f"{type(error).__name__}: {reason}", trace[-8000:])


@dataclass(frozen=True)
class Found:
    """A plugin that is present.

    ``source`` says where it comes from (distribution and version, or folder), ``module`` is the
    import name of its package, ``manifest`` is None where it could not be read, then ``fault``
    says why.
    """

    name: str
    source: str
    module: str
    manifest: Plugin | None = None
    fault: Fault | None = None

    @property
    def root(self) -> Path:
        """The folder of the package, also of one that cannot be imported; ``migrations/`` and the
        like lie below it.  Raises FileNotFoundError where the package is gone."""
        spec = importlib.util.find_spec(self.module) if self.module else None
        if spec is None or not spec.submodule_search_locations:
            raise FileNotFoundError(f"plugin {self.name!r}: there is no package {self.module!r}")
        return Path(next(iter(spec.submodule_search_locations)))


def discover(
    *,
    path: Sequence[Path] = (),
    allow: Iterable[str] | None = None,
    safe_mode: bool = False,
    entry_points: Iterable[metadata.EntryPoint] | None = None,
) -> dict[str, Found]:
    """Find plugins and read their manifests; never raises for a plugin's sake.

    path       folders whose sub-folders are plugins in development; off unless named.
    allow      only these names, if given; others are not even imported.
    safe_mode  nothing at all: the core alone.
    entry_points  instead of those of the installed distributions, for tests.

    Two packages of one name are both refused, unless one is a folder: then the installed one wins
    and the folder is reported under ``<name>@<folder>``.
    """
    if safe_mode:
        return {}
    wanted = None if allow is None else frozenset(allow)
    found: dict[str, Found] = {}
    points: dict[str, list[metadata.EntryPoint]] = {}
    for point in (
        metadata.entry_points(group=ENTRY_POINTS) if entry_points is None else entry_points
    ):
        if wanted is None or point.name in wanted:
            known = points.setdefault(point.name, [])
            # A distribution seen twice on sys.path (editable and built) is one and the same.
            if not any(p.value == point.value and _dist(p) == _dist(point) for p in known):
                known.append(point)
    for name in sorted(points):
        candidates = points[name]
        if len(candidates) > 1:
            sources = " and ".join(sorted(_dist(p) for p in candidates))
            reason = f"two distributions bring a plugin {name!r}: {sources}"
            found[name] = Found(name, sources, "", fault=Fault("discovery", reason))
            continue
        point = candidates[0]
        found[name] = _read(
            name, point.module, _dist(point), point.attr or "plugin", _version(point)
        )
    for folder, name in _folders(path):
        if wanted is not None and name not in wanted:
            continue
        if name in found:
            reason = f"plugin {name!r} is installed as {found[name].source}; the folder is ignored"
            key = f"{name}@{folder}"
            found[key] = Found(key, str(folder), "", fault=Fault("discovery", reason))
            continue
        found[name] = _read(name, f"{LOCAL}.{name}", str(folder), "plugin", None)
    return found


def _dist(point: metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _version(point: metadata.EntryPoint) -> str | None:
    return point.dist.version if point.dist else None


def _read(name: str, module: str, source: str, attr: str, version: str | None) -> Found:
    try:
        value = getattr(importlib.import_module(module), attr)
        if not isinstance(value, Plugin):
            raise ManifestError(f"{module}:{attr} is not a zhike Plugin but {type(value).__name__}")
        if value.name != name:
            raise ManifestError(f"{source} announces {name!r} but its manifest says {value.name!r}")
        if version is not None and value.version != version:
            raise ManifestError(
                f"plugin {name!r}: the manifest says version {value.version}, "
                f"the distribution {version}"
            )
        check_api(value)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin's import does
        return Found(name, source, module, fault=Fault.of("discovery", error))
    return Found(name, source, module, manifest=value)


def _folders(path: Sequence[Path]) -> list[tuple[Path, str]]:
    """The plugin folders below ``path``, after giving them the parent package ``zhike_local``."""
    roots = [Path(p) for p in path if Path(p).is_dir()]
    if not roots:
        return []
    parent = sys.modules.get(LOCAL)
    if parent is None:
        # A real parent: without one the first relative import of such a plugin fails.
        parent = ModuleType(LOCAL, "Plugins loaded from folders (ZHIKE_PLUGIN_PATH).")
        parent.__path__ = []
        sys.modules[LOCAL] = parent
    parent.__path__ = list(dict.fromkeys([*parent.__path__, *map(str, roots)]))
    importlib.invalidate_caches()
    result: dict[str, Path] = {}
    for root in roots:
        for folder in sorted(root.iterdir()):
            if (folder / "__init__.py").is_file():
                result.setdefault(folder.name, folder)
    return [(folder, name) for name, folder in sorted(result.items())]


def optional_module(name: str) -> ModuleType | None:
    """Import ``name`` if there is such a module; what goes wrong inside it is raised."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else None
