"""What the panel asks for and the worker does: installing, upgrading, uninstalling plugins.

Imported with the core's hooks, so every process knows who does these requests; only a worker does
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zhike.services import lifecycle
from zhike.services.jobs.requests import Progress, handles

if TYPE_CHECKING:
    from zhike.site import Site


@handles("plugin.install")
def install(site: Site, args: Mapping[str, Any], progress: Progress) -> str:
    """Install ``args["name"]`` and what it needs; the closing message names what was installed."""
    progress(10, "installing")
    return ", ".join(lifecycle.install(site, str(args["name"]))) or "nothing to do"


@handles("plugin.upgrade")
def upgrade(site: Site, args: Mapping[str, Any], progress: Progress) -> str:
    """Upgrade ``args["name"]``."""
    progress(10, "upgrading")
    return "upgraded" if lifecycle.upgrade(site, str(args["name"])) else "nothing to do"


@handles("plugin.uninstall")
def uninstall(site: Site, args: Mapping[str, Any], progress: Progress) -> str:
    """Uninstall ``args["name"]``, which ``args["typed"]`` repeats; answers the archive's name."""
    progress(10, "archiving")
    return lifecycle.uninstall(site, str(args["name"]), typed=str(args["typed"])).name
