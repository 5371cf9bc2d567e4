"""The manifest of a plugin: what it *is*, before any of its code runs.

A plugin package holds ``plugin = Plugin(...)`` in its ``__init__.py`` and nothing heavier, so that
the manifest of a broken plugin can still be read, and shown, without importing the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

__all__ = ["API_VERSION", "CORE", "ManifestError", "Plugin", "check_api"]

#: Version of what ``zhike.api`` and ``zhike.hookspecs`` promise.  The minor number grows when
#: something is added, the major number when something a plugin may rely on goes away.
API_VERSION = "1.0"

#: The owner name of everything the core itself contributes; never the name of a plugin.
CORE = "core"

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
# Words that already mean something as an owner, a package part or a path below the core's prefixes.
_RESERVED = frozenset({CORE, "zhike", "local", "admin", "api", "static", "p"})


class ManifestError(ValueError):
    """A manifest says something impossible; the message names the plugin and the field."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """What a plugin says about itself (插件清单).

    name      slug: lower-case ASCII words joined by single ``_`` (no ``__``, which separates owner
              and table in table names), at most 30 letters.  Third parties put their own name in
              front: ``acme_loyalty``.
    title     English message id shown on the app card; ``title_zh`` is the same in Chinese and is
              carried here because a plugin that cannot be loaded has no message catalogue.
    version   PEP 440 version; must equal the version of the distribution that ships the package.
    api       range of ``zhike.api`` versions it was written for, as in ``">=1.0,<2"``.
    depends   names of plugins that must be active wherever this one is; never crossed silently.
    optional  names of plugins it gets along with when they are there.  Orders registration only.
    bridges   names of plugins for which the package has a module ``bridges/<name>.py``, loaded
              only if the other is loaded, and active only where both are enabled.
    summary   one sentence (message id) for the app card; ``summary_zh`` in Chinese.
    author    shown on the app card.
    network   hosts it talks to by itself; shown before enabling.  A statement, not a sandbox.

    Raises ManifestError naming the plugin, the field and what would be right.
    """

    name: str
    title: str
    version: str
    title_zh: str = ""
    api: str = ">=1.0,<2"
    depends: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()
    summary: str = ""
    summary_zh: str = ""
    author: str = ""
    network: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        who = f"plugin {self.name!r}"
        name: object = self.name  # what a stranger wrote; the annotation is only a promise
        title: object = self.title
        if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > 30:
            raise ManifestError(
                f"{who}: name must be lower-case ASCII words joined by single underscores, "
                "at most 30 characters"
            )
        if self.name in _RESERVED:
            raise ManifestError(f"{who}: this name belongs to the core")
        if not isinstance(title, str) or not title.strip():
            raise ManifestError(f"{who}: title must not be empty")
        try:
            Version(self.version)
        except (InvalidVersion, TypeError):
            raise ManifestError(
                f"{who}: version {self.version!r} is not a PEP 440 version"
            ) from None
        try:
            if not str(SpecifierSet(self.api)):
                raise InvalidSpecifier("empty")
        except (InvalidSpecifier, TypeError):
            raise ManifestError(
                f"{who}: api {self.api!r} is not a version range such as '>=1.0,<2'"
            ) from None
        for field in ("depends", "optional", "bridges", "network"):
            self._check_names(who, field)
        both = sorted(set(self.depends) & set(self.optional))
        if both:
            raise ManifestError(f"{who}: {both[0]!r} is named in depends and in optional")

    def _check_names(self, who: str, field: str) -> None:
        value = getattr(self, field)
        if not isinstance(value, tuple) or not all(isinstance(item, str) for item in value):
            raise ManifestError(f"{who}: {field} must be a tuple of names, as in ('archives',)")
        if len(set(value)) != len(value):
            raise ManifestError(f"{who}: {field} names something twice")
        if field == "network":
            return
        for item in value:
            if not _NAME.fullmatch(item):
                raise ManifestError(f"{who}: {field} names {item!r}, which is no plugin name")
        if self.name in value:
            raise ManifestError(f"{who}: {field} names the plugin itself")

    @property
    def after(self) -> tuple[str, ...]:
        """Names of the plugins that are registered before this one where they are present."""
        return tuple(dict.fromkeys((*self.depends, *self.optional, *self.bridges)))

    def title_in(self, language: str) -> str:
        """The title without a catalogue: Chinese for any ``zh`` tag where given, else English."""
        return self.title_zh if language.startswith("zh") and self.title_zh else self.title

    def summary_in(self, language: str) -> str:
        """The summary, chosen likewise."""
        return self.summary_zh if language.startswith("zh") and self.summary_zh else self.summary


def check_api(manifest: Plugin, api: str = API_VERSION) -> None:
    """Refuse a plugin written for another API.

    Raises ManifestError naming the range it asks for and the version this core offers.
    """
    if Version(api) not in SpecifierSet(manifest.api, prereleases=True):
        raise ManifestError(
            f"plugin {manifest.name!r} needs the plugin API {manifest.api}, this core offers {api}"
        )
