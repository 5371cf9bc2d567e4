"""Why an operation on a plugin is refused, in a sentence and in machine words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zhike.errors import Conflict


class LifecycleError(Conflict):
    """A plugin cannot be installed, switched or uninstalled now; nothing has changed.

    ``code`` is one of ``unknown``, ``broken``, ``not_installed``, ``behind`` (another version is
    installed than the package has), ``missing`` (needs others first), ``dependants`` (others need
    it), ``restart`` (a process does not run it yet), ``hook`` (its own code refused or failed),
    ``enabled`` (still switched on somewhere), ``objection``, ``name`` (typed wrongly), ``newer``,
    ``uninstalling`` and ``busy``.  ``plugins`` names the other plugins concerned, ``extra``
    carries all of it.
    """

    def __init__(
        self, code: str, message: str, plugin: str, plugins: Iterable[str] = (), **extra: Any
    ) -> None:
        self.plugin = plugin
        self.plugins = tuple(plugins)
        details = {"plugin": plugin, "plugins": list(self.plugins), **extra}
        super().__init__(message, code=f"plugin_{code}", extra=details)
        self.kind = code
