"""Health 健康: what was found, and what to do about it."""

from __future__ import annotations

from zhike.services.health import run_checks
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import current
from zhike.web.page import page

bp = CoreBlueprint("admin_health", __name__, url_prefix="/admin/health")
_ORDER = {"critical": 0, "warning": 1, "ok": 2}


@bp.get("", permission="core.health", or_system=True)
def health() -> str:
    """Every check with its remedy, the worst first."""
    findings = sorted(run_checks(current().site), key=lambda f: _ORDER[f.level])
    return page("zhike/admin/health.html", findings=findings)
