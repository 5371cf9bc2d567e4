"""What the panel asks for and the worker does: installing, upgrading, uninstalling plugins.

Imported with the core's hooks, so every process knows who does these requests; only a worker does
them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zhike.db.session import SYSTEM, Actor
from zhike.models.people import User
from zhike.services import lifecycle
from zhike.services.jobs.requests import ASKED_BY, Progress, handles

if TYPE_CHECKING:
    from zhike.site import Site


def _actor(site: Site, args: Mapping[str, Any]) -> Actor:
    """Who asked: the ledger names the person, not the worker that does it for him."""
    if not args.get(ASKED_BY):
        return SYSTEM
    user_id = uuid.UUID(args[ASKED_BY])
    with site.system_reader() as s:
        user = s.get(User, user_id)
        return Actor(kind="user", user_id=user_id, name=user.name if user else "")


@handles("plugin.install")
def install(site: Site, args: Mapping[str, Any], progress: Progress) -> str:
    """Install ``args["name"]`` and what it needs; the closing message names what was installed."""
    progress(10, "installing")
    done = lifecycle.install(site, str(args["name"]), _actor(site, args))
    return ", ".join(done) or "nothing to do"


@handles("plugin.upgrade")
def upgrade(site: Site, args: Mapping[str, Any], progress: Progress) -> str:
    """Upgrade ``args["name"]``."""
    progress(10, "upgrading")
    done = lifecycle.upgrade(site, str(args["name"]), _actor(site, args))
    return "upgraded" if done else "nothing to do"


@handles("plugin.uninstall")
def uninstall(site: Site, args: Mapping[str, Any], progress: Progress) -> str:
    """Uninstall ``args["name"]``, which ``args["typed"]`` repeats; answers the archive's name."""
    progress(10, "archiving")
    name, typed = str(args["name"]), str(args["typed"])
    return lifecycle.uninstall(site, name, typed=typed, actor=_actor(site, args)).name
