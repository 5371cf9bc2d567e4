"""The administration panel's places in the menu."""

from __future__ import annotations

from collections.abc import Sequence

from zhike.contributions import N_, MenuItem
from zhike.hookspecs import hookimpl

_ENTRIES = (
    ("start", N_("First set-up"), "admin_start.overview", "core.organisation", "signpost"),
    ("apps", N_("Apps"), "admin_apps.apps", "core.apps", "grid"),
    (
        "policies",
        N_("Regulations"),
        "admin_policies.all_policies",
        "core.policy.view",
        "journal-text",
    ),
    (
        "adherence",
        N_("Acts and decisions"),
        "admin_adherence.report",
        "core.decision.view",
        "signpost-split",
    ),
    ("drills", N_("Drills"), "admin_drills.all_drills", "core.drill", "play-circle"),
    ("settings", N_("Settings"), "admin_settings.all_settings", "core.settings", "sliders"),
    (
        "organisation",
        N_("Organisation"),
        "admin_organisation.units",
        "core.organisation",
        "diagram-3",
    ),
    (
        "calendar",
        N_("Working days"),
        "admin_calendar.overview",
        "core.organisation",
        "calendar3",
    ),
    ("users", N_("Users"), "admin_users.users", "core.users", "people"),
    ("devices", N_("Devices"), "admin_devices.all_devices", "core.users", "pc-display"),
    ("roles", N_("Roles"), "admin_roles.roles", "core.roles", "person-lock"),
    (
        "access",
        N_("Who may do what"),
        "admin_inspector.inspector",
        "core.access",
        "person-check",
    ),
    ("data", N_("Data"), "admin_data.overview", "core.import", "file-earmark-arrow-up"),
    ("exports", N_("Export"), "admin_data.exports", "core.export", "file-earmark-arrow-down"),
    ("ledger", N_("Ledger"), "admin_ledger.lines", "core.ledger.view", "journal-check"),
    ("jobs", N_("Background work"), "admin_jobs.overview", "core.jobs", "gear"),
    ("health", N_("Health"), "admin_health.health", "core.health", "heart-pulse"),
)


@hookimpl
def register_menu() -> Sequence[MenuItem]:
    """What stands under Set-up; each entry shows where its permission is held."""
    return [
        MenuItem(
            name=f"core.{key}",
            title=title,
            endpoint=endpoint,
            permission=permission,
            section="setup",
            icon=icon,
            weight=200 + 10 * place,
        )
        for place, (key, title, endpoint, permission, icon) in enumerate(_ENTRIES)
    ]
