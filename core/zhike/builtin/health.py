"""The core's own health checks, contributed like any plugin's."""

from __future__ import annotations

from collections.abc import Sequence

from zhike.contributions import N_, HealthCheck
from zhike.hookspecs import hookimpl
from zhike.services import health


@hookimpl
def register_health_checks() -> Sequence[HealthCheck]:
    """What can be wrong with a site, whatever plugins it has."""
    return (
        HealthCheck(
            name="core.worker",
            title=N_("Worker"),
            check=health.worker_alive,
            severity="critical",
        ),
        HealthCheck(name="core.stuck", title=N_("Background work"), check=health.nothing_stuck),
        HealthCheck(
            name="core.processes", title=N_("Running processes"), check=health.processes_agree
        ),
        HealthCheck(name="core.plugins", title=N_("Apps"), check=health.plugins_well),
        HealthCheck(name="core.font", title=N_("Chinese font"), check=health.pdf_font),
    )
