"""Background work 后台任务: what ran, what failed, what waits, and trying again."""

from __future__ import annotations

import uuid

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select

from zhike import clock
from zhike.contributions import DeadlineHandler, Job
from zhike.db.session import CompanySession
from zhike.i18n import _
from zhike.models.jobs import Deadline, Heartbeat, JobRequest, JobRun
from zhike.services import ledger
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, current, reading
from zhike.web.page import page
from zhike.web.ui import State

bp = CoreBlueprint("admin_jobs", __name__, url_prefix="/admin/jobs")
PERMISSION = "core.jobs"
MOST = 50

_RUN_TONES = {"running": "active", "done": "done", "failed": "breach", "waiting": "wait"}


def _words() -> dict[str, str]:
    return {
        "running": _("running"),
        "done": _("done"),
        "failed": _("failed"),
        "waiting": _("waiting"),
    }


@bp.get("", permission=PERMISSION)
def overview() -> str:
    """Runs of this company's jobs, deadlines that failed or come next, and open requests."""
    s = reading()
    active = current().active
    words = _words()
    runs = s.execute(
        select(
            JobRun.id,
            JobRun.job,
            JobRun.state,
            JobRun.started_at,
            JobRun.finished_at,
            JobRun.attempt,
            JobRun.next_try_at,
            JobRun.error,
        )
        .where(or_(JobRun.company_id == s.company_id, JobRun.company_id.is_(None)))
        .order_by(JobRun.started_at.desc())
        .limit(MOST)
    ).all()
    deadlines = s.execute(
        select(Deadline.id, Deadline.kind, Deadline.due_at, Deadline.state, Deadline.last_error)
        .where(Deadline.state.in_(("running", "failed")))
        .order_by(Deadline.state, Deadline.due_at)
        .limit(MOST)
    ).all()
    requests = s.scalars(
        select(JobRequest)
        .where(or_(JobRequest.company_id == s.company_id, JobRequest.company_id.is_(None)))
        .order_by(JobRequest.created_at.desc())
        .limit(20)
    ).all()
    asked_for = {
        "backup.create": _("Backup"),
        "plugin.install": _("Install"),
        "plugin.upgrade": _("Upgrade"),
    }
    titles = {job.name: _(job.title) for job in active.items(Job)}
    kinds = {handler.kind: _(handler.title) for handler in active.items(DeadlineHandler)}
    return page(
        "zhike/admin/jobs.html",
        beat=s.get(Heartbeat, "worker"),
        now=clock.now(),
        runs=runs,
        deadlines=deadlines,
        requests=requests,
        titles=titles,
        asked_for=asked_for,
        kinds=kinds,
        states={key: State(word, _RUN_TONES[key]) for key, word in words.items()},
    )


@bp.post("/deadlines/<uuid:deadline_id>/again", permission=PERMISSION)
def again(deadline_id: uuid.UUID) -> ResponseReturnValue:
    """Let a deadline that was given up be tried again at the next tick."""

    def reset(s: CompanySession) -> str:
        row = s.require(Deadline, deadline_id)
        if row.state == "failed":
            row.state, row.attempt, row.lease_until = "running", 0, None
            ledger.append(s, "core.deadline.retried", object=f"core:deadline:{row.id}")
        return ""

    act(reset)
    flash(_("It will be tried again within a minute."), "success")
    return redirect(url_for("admin_jobs.overview"))
