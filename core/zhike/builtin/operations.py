"""Operations of an installation, contributed like any plugin's: checks, and the nightly backup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from zhike.contributions import N_, HealthCheck, Job
from zhike.hookspecs import hookimpl
from zhike.ops import checks, nightly


@hookimpl
def register_health_checks() -> Sequence[HealthCheck]:
    """What can be wrong with an installation."""
    return checks.SITE


@hookimpl
def register_jobs() -> Sequence[Job]:
    """A verified backup every night."""
    return (
        Job(
            name="core.backup",
            title=N_("Nightly backup"),
            run=nightly.nightly,
            per="system",
            daily_at=time(2, 30),
            timeout=3600,
            retries=2,
        ),
    )
