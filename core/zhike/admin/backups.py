"""Backups 备份 of the whole site, for the system administrator; keys are never handed out."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from zhike.i18n import _
from zhike.models.jobs import JobRequest
from zhike.ops import backup, checks
from zhike.services import jobs
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import current
from zhike.web.page import page
from zhike.web.ui import Column, Empty, State, Table

bp = CoreBlueprint("admin_backups", __name__, url_prefix="/admin/backups")
WHY = "system administrators look after the site without belonging to a company"
KIND = "backup.create"

_TONES = {"waiting": "wait", "running": "active", "done": "done", "failed": "breach"}


def _size(size: int) -> str:
    """Bytes in words."""
    if size >= 1 << 30:
        return f"{size / (1 << 30):.1f} GiB"
    return f"{size / (1 << 20):.1f} MiB" if size >= 1 << 20 else f"{max(1, size >> 10)} KiB"


def _table() -> Table:
    found = backup.list_backups(backup.folder(current().site.config))
    return Table(
        caption=_("Backups"),
        columns=(
            Column("made_at", _("Made"), kind="time", phone="title"),
            Column("name", _("File")),
            Column("size", _("Size"), kind="num"),
            Column("sealed", _("Sealed"), kind="state"),
            Column("verified", _("Verified"), kind="state", phone="state"),
            Column("version", _("Version")),
        ),
        rows=[
            {
                "made_at": one.made_at,
                "name": one.path.name,
                "size": _size(one.size),
                "sealed": State(_("sealed"), "done")
                if one.sealed_by
                else State(_("not sealed"), "wait"),
                "verified": State(_("verified"), "done")
                if one.verified_at
                else State(_("not verified"), "attention"),
                "version": one.version,
            }
            for one in found
        ],
        row_id="name",
        empty=Empty(
            _("No backup yet"),
            _("The worker makes and verifies one every night."),
            icon="archive",
        ),
    )


def _requests() -> list[dict[str, Any]]:
    words = {
        "waiting": _("waiting"),
        "running": _("running"),
        "done": _("done"),
        "failed": _("failed"),
    }
    with current().site.system_reader() as s:
        rows = s.scalars(
            select(JobRequest)
            .where(JobRequest.kind == KIND)
            .order_by(JobRequest.created_at.desc())
            .limit(5)
        ).all()
    return [
        {
            "state": State(words[row.state], _TONES[row.state]),
            "at": row.created_at,
            "message": row.message,
        }
        for row in rows
    ]


@bp.get("", signed_in=WHY, system=True)
def overview() -> str:
    """What there is, how old it is, and what is wrong with it."""
    site = current().site
    looked_at = (
        checks.last_backup(site),
        checks.recovery_kit(site),
        checks.disk_space(site),
        checks.deliveries_flow(site),
    )
    return page(
        "zhike/admin/backups.html",
        table=_table(),
        findings=[found for found in looked_at if not found.ok],
        requests=_requests(),
        folder=str(backup.folder(site.config)),
    )


@bp.post("/create", signed_in=WHY, system=True)
def create() -> ResponseReturnValue:
    """Ask the worker for a backup; asked twice it is still one."""
    me = current()
    jobs.ask(me.site, KIND, {}, requested_by=me.user.id if me.user else None)
    flash(_("The worker has been asked; this page shows when it is done."), "info")
    return redirect(url_for("admin_backups.overview"))
