"""What happens without anybody asking."""

from __future__ import annotations

from acme_zhike_guestbook import services
from zhike.api import N_, CompanySession, Event, HealthResult, Site


def count_visit(s: CompanySession, event: Event) -> None:
    """Somebody was received on the sales floor."""
    services.count_visit(s)


def tidy(s: CompanySession) -> None:
    """Remove what is older than the company wants to keep."""
    services.tidy(s)


def look_after(site: Site) -> HealthResult:
    """The guestbook has nothing that could go wrong."""
    return HealthResult(True, N_("The guestbook is well."))
