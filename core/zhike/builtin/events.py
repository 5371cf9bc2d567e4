"""Housekeeping of the outbox, contributed like any plugin's job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import TYPE_CHECKING

from zhike.contributions import N_, Job
from zhike.hookspecs import hookimpl
from zhike.services.events import prune_outbox

if TYPE_CHECKING:
    from zhike.site import Site


def _prune(site: Site) -> None:
    prune_outbox(site)


@hookimpl
def register_jobs() -> Sequence[Job]:
    """Events that were delivered a month ago have served their purpose."""
    return [
        Job(
            name="core.prune_outbox",
            title=N_("Remove delivered events"),
            run=_prune,
            per="system",
            daily_at=time(3, 20),
        )
    ]
