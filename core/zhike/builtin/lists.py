"""The core's own lists, and the work on many rows that the worker does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from zhike.contributions import N_, Job, QuickAction, RecordList
from zhike.hookspecs import hookimpl
from zhike.services.jobs.requests import Progress, handles


@handles("bulk.run")
def _bulk(site: Any, args: Mapping[str, Any], progress: Progress) -> str:
    """A long act on many rows is done by the worker, in the language of whoever waits."""
    import uuid

    from zhike.i18n import speaking
    from zhike.services import bulk

    host = site.plugins
    with speaking(args["locale"], [host.root(name) for name in host.names]):
        bulk.work(site, int(args["company"]), uuid.UUID(args["run"]), progress)
    return ""


def _prune(s: Any) -> None:
    from zhike.services import bulk

    bulk.prune(s)


@hookimpl
def register_jobs() -> Sequence[Job]:
    """What was done to many rows is not kept for ever."""
    return (
        Job(
            name="core.prune_bulk",
            title=N_("Forget old acts on many rows"),
            run=_prune,
            daily_at=time(3, 40),
        ),
    )


@hookimpl
def register_lists() -> Sequence[RecordList]:
    """Lists of the panel whose views can be saved."""
    return tuple(
        RecordList(name=f"core.{name}", title=title, endpoints=(endpoint,), permission=permission)
        for name, title, endpoint, permission in (
            ("users", N_("Users"), "admin_users.users", "core.users"),
            ("staff", N_("Staff"), "admin_organisation.staff_list", "core.organisation"),
            ("ledger", N_("Ledger"), "admin_ledger.lines", "core.ledger.view"),
            ("drills", N_("Drills"), "admin_drills.all_drills", "core.drill"),
        )
    )


@hookimpl
def register_actions() -> Sequence[QuickAction]:
    """What whoever sets a company up begins most often."""
    return tuple(
        QuickAction(
            name=f"core.{name}",
            title=title,
            endpoint=endpoint,
            permission=permission,
            icon=icon,
            weight=200 + 10 * place,
        )
        for place, (name, title, endpoint, permission, icon) in enumerate(
            (
                ("add_staff", N_("Add a staff member"), "admin_organisation.new_staff",
                 "core.organisation", "person-plus"),
                ("add_user", N_("Add a user"), "admin_users.new", "core.users", "person-badge"),
                ("replay", N_("Replay a day"), "admin_drills.replay", "core.drill", "play-circle"),
            )
        )
    )  # fmt: skip
