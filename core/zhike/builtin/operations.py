"""Operations of an installation, contributed like any plugin's: checks, and the nightly backup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import TYPE_CHECKING

from zhike.contributions import N_, HealthCheck, Job
from zhike.hookspecs import hookimpl
from zhike.ops import checks, nightly

if TYPE_CHECKING:
    from zhike.db.session import CompanySession
    from zhike.site import Site


@hookimpl
def register_health_checks() -> Sequence[HealthCheck]:
    """What can be wrong with an installation."""
    return checks.SITE


def _prune_runs(site: Site) -> None:
    from zhike.services.jobs.worker import prune_runs

    prune_runs(site)


def _prune_notices(s: CompanySession) -> None:
    from zhike.services import inbox

    inbox.prune(s)


def _end_views(s: CompanySession) -> None:
    from zhike.services import viewing

    viewing.end_expired(s)


def _prune_deadlines(s: CompanySession) -> None:
    from zhike.services.jobs import deadlines

    deadlines.prune(s)


@hookimpl
def register_jobs() -> Sequence[Job]:
    """A verified backup every night, and an end for what nobody looks up any more."""
    return (
        Job(
            name="core.prune_runs",
            title=N_("Forget old background work"),
            run=_prune_runs,
            per="system",
            daily_at=time(3, 25),
        ),
        Job(
            name="core.prune_notices",
            title=N_("Remove old notices"),
            run=_prune_notices,
            daily_at=time(3, 55),
        ),
        Job(
            name="core.prune_deadlines",
            title=N_("Remove past deadlines"),
            run=_prune_deadlines,
            daily_at=time(3, 55),
        ),
        Job(
            name="core.end_views",
            title=N_("End looking as somebody else"),
            run=_end_views,
            every_minutes=5,
        ),
        Job(
            name="core.planner",
            title=N_("Figures for the database's planner"),
            run=nightly.count_for_the_planner,
            per="system",
            every_minutes=60,
        ),
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
