"""Names of plugins for people, also of those whose catalogue cannot be loaded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhike.plugins.manager import PluginHost


def language() -> str:
    """The reader's language tag; English where there is no reader (command line, worker)."""
    from flask_babel import get_locale

    return str(get_locale() or "en")


def title(host: PluginHost, name: str) -> str:
    """The plugin's title in the reader's language, or its name where it is gone."""
    manifest = host.described.get(name)
    return manifest.title_in(language()) if manifest else name


def summary(host: PluginHost, name: str) -> str:
    """The plugin's one sentence about itself in the reader's language; empty where it is gone."""
    manifest = host.described.get(name)
    return manifest.summary_in(language()) if manifest else ""


def listed(host: PluginHost, names: Iterable[str]) -> str:
    """Titles in one line."""
    mark = "、" if language().startswith("zh") else ", "
    return mark.join(title(host, name) for name in names)
