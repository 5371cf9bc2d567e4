"""Health 健康: what was found, and what to do about it."""

from __future__ import annotations

from flask import current_app

from zhike.services.health import run_checks
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import current
from zhike.web.page import page
from zhike.web.rights import GuardedRule

bp = CoreBlueprint("admin_health", __name__, url_prefix="/admin/health")
_ORDER = {"critical": 0, "warning": 1, "ok": 2}


@bp.get("", permission="core.health", or_system=True)
def health() -> str:
    """Every check with its remedy, the worst first."""
    findings = sorted(run_checks(current().site), key=lambda f: _ORDER[f.level])
    return page("zhike/admin/health.html", findings=findings, may_open=_may_open)


def _may_open(endpoint: str) -> bool:
    """Whether the reader can go where a remedy points to."""
    rule = next(current_app.url_map.iter_rules(endpoint), None)
    access = rule.access if isinstance(rule, GuardedRule) else None
    me = current()
    if access is None or me.user is None:
        return False
    if me.user.is_system_admin and (access.system or access.or_system):
        return True
    return bool(access.permission and not access.system and me.can(access.permission))
