"""The administration panel 管理后台: one blueprint a subject, all of them under ``/admin``.

Who may see a page is said at its route; what a page does is a service call in one transaction.
"""

from __future__ import annotations

from zhike.web.blueprint import CoreBlueprint


def blueprints() -> tuple[CoreBlueprint, ...]:
    """The panel's blueprints; imported only when a web application is built."""
    from zhike.admin import (
        adherence,
        apps,
        backups,
        calendar,
        companies,
        data,
        data_exports,
        data_uploads,
        devices,
        drills,
        health,
        inspector,
        jobs,
        ledger,
        ledger_export,
        organisation,
        policies,
        policy_drafts,
        role_matrix,
        roles,
        staff,
        start,
        users,
        view_as,
    )
    from zhike.admin import settings as settings_pages

    # Some subjects are several modules on one blueprint, which is whole only with all of them.
    assert data.bp is data_exports.bp is data_uploads.bp
    assert ledger.bp is ledger_export.bp
    assert policies.bp is policy_drafts.bp
    assert organisation.bp is staff.bp
    assert users.bp is view_as.bp
    assert roles.bp is role_matrix.bp
    return (
        adherence.bp,
        apps.bp,
        backups.bp,
        calendar.bp,
        companies.bp,
        data.bp,
        devices.bp,
        drills.bp,
        health.bp,
        inspector.bp,
        jobs.bp,
        ledger.bp,
        organisation.bp,
        policies.bp,
        roles.bp,
        settings_pages.bp,
        start.bp,
        users.bp,
    )
