"""A new day begins: posts and stand-ins that start or end with it take effect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from zhike.contributions import N_, Job
from zhike.hookspecs import hookimpl
from zhike.services.organisation import begin_day


@hookimpl
def register_jobs() -> Sequence[Job]:
    """What processes remember about people is read anew after midnight of the company."""
    return [
        Job(
            name="core.new_day",
            title=N_("Begin a new day"),
            run=begin_day,
            daily_at=time(0, 0),
        )
    ]
