"""Health: questions about the site, each answered with what was found and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from zhike import clock
from zhike.contributions import HealthCheck, HealthResult
from zhike.i18n import _, ngettext
from zhike.models.jobs import Deadline, Heartbeat, JobRun
from zhike.models.outbox import OutboxDelivery
from zhike.plugins import fingerprints
from zhike.site import Site

QUIET = timedelta(minutes=3)


@dataclass(frozen=True)
class Finding:
    """One check's answer, as page and command show it. ``level``: ok, warning or critical."""

    name: str
    title: str
    level: str
    message: str
    remedy: str = ""
    page: str = ""


def run_checks(site: Site, checks: Sequence[HealthCheck] | None = None) -> list[Finding]:
    """Ask every registered check (or ``checks``); one that raises is itself a finding."""
    asked = checks if checks is not None else site.plugins.registry.items(HealthCheck)
    findings = []
    for check in asked:
        try:
            result = check.check(site)
        except Exception as error:  # noqa: BLE001 - a broken check must not hide the others
            result = HealthResult(False, f"{type(error).__name__}: {error}")
        level = "ok" if result.ok else check.severity
        findings.append(
            Finding(check.name, _(check.title), level, result.message, result.remedy, result.page)
        )
    return findings


def worker_alive(site: Site) -> HealthResult:
    """Whether the worker ticked within the last three minutes."""
    with site.system_reader() as s:
        beat = s.get(Heartbeat, "worker")
    if beat is not None and clock.now() - beat.at <= QUIET:
        return HealthResult(True, _("The worker is at work."))
    remedy = _("Start it with “zhike run” or “zhike worker”; nothing is lost, notices come late.")
    if beat is None:
        return HealthResult(False, _("The worker has never run."), remedy)
    minutes = int((clock.now() - beat.at).total_seconds() // 60)
    return HealthResult(
        False, _("The worker has been silent for %(n)s minutes.", n=minutes), remedy
    )


def nothing_stuck(site: Site) -> HealthResult:
    """Whether deadlines, jobs or event deliveries were given up after all their tries."""
    with site.unscoped("health: count what was given up", write=False) as s:
        deadlines = s.scalar(
            select(func.count()).select_from(Deadline).where(Deadline.state == "failed")
        )
        week = clock.now() - timedelta(days=7)
        jobs = s.scalar(
            select(func.count())
            .select_from(JobRun)
            .where(
                JobRun.state == "failed", JobRun.next_try_at.is_(None), JobRun.started_at >= week
            )
        )
        parked = s.scalar(
            select(func.count()).select_from(OutboxDelivery).where(OutboxDelivery.state == "parked")
        )
    stuck = (deadlines or 0) + (jobs or 0) + (parked or 0)
    if not stuck:
        return HealthResult(True, _("Nothing was given up."))
    return HealthResult(
        False,
        ngettext(
            "One background task was given up after several tries.",
            "%(num)s background tasks were given up after several tries.",
            stuck,
        ),
        _("Look at Background work; mend the cause, then try again from there."),
        page="admin_jobs.overview",
    )


def processes_agree(site: Site) -> HealthResult:
    """Whether all running processes have loaded the same set of plugins."""
    prints = {p.fingerprint for p in fingerprints.live(site) if p.kind in ("web", "worker")}
    if len(prints) <= 1:
        return HealthResult(True, _("All processes run the same apps."))
    return HealthResult(
        False,
        _("Running processes have loaded different apps."),
        _("Restart the site, so that every process runs the same set."),
    )


def plugins_well(site: Site) -> HealthResult:
    """Whether every plugin found could be loaded."""
    broken = site.plugins.broken
    if not broken:
        return HealthResult(True, _("Every app could be loaded."))
    reasons = "; ".join(f"{name}: {fault.reason}" for name, fault in sorted(broken.items()))
    return HealthResult(
        False,
        _("These apps could not be loaded: %(reasons)s", reasons=reasons),
        _("See the app's page; the rest of the site works on without it."),
        page="admin_apps.apps",
    )


def pdf_font(site: Site) -> HealthResult:
    """Whether this machine has a font with Chinese for PDF files."""
    from zhike.services.printing import cjk_font

    status = cjk_font()
    if status.ok:
        return HealthResult(True, _("A font with Chinese characters is installed."))
    return HealthResult(
        False,
        _("No font with Chinese characters is installed; forms are printed by the browser."),
        _("Install the Debian package fonts-noto-cjk, or put a font file into ~/.fonts."),
    )
