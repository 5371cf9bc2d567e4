"""What imports and exports leave behind, tidied in the background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from zhike.contributions import N_, Job
from zhike.hookspecs import hookimpl
from zhike.services.jobs.requests import Progress, handles


def _forget_images(s: Any) -> None:
    from zhike.services import transfer

    transfer.forget_images(s)


def _sweep_exports(site: Any) -> None:
    from zhike.services import transfer

    transfer.sweep_exports(site)


def _sweep_uploads(site: Any) -> None:
    from zhike.services import transfer

    transfer.sweep_uploads(site)


@handles("import.check")
def _check(site: Any, args: Mapping[str, Any], progress: Progress) -> str:
    """A long file is looked at by the worker."""
    from zhike.admin import data_work

    return data_work.check(site, args)


@handles("import.apply")
def _apply(site: Any, args: Mapping[str, Any], progress: Progress) -> str:
    """A long file is imported by the worker."""
    from zhike.admin import data_work

    return data_work.apply(site, args)


@hookimpl
def register_jobs() -> Sequence[Job]:
    """Personal data in images of imports and in waiting files does not stay for ever."""
    return (
        Job(
            name="core.import_images",
            title=N_("Close old imports for undoing"),
            run=_forget_images,
            per="company",
            daily_at=time(3, 10),
        ),
        Job(
            name="core.export_files",
            title=N_("Clear left-over export files"),
            run=_sweep_exports,
            per="system",
            every_minutes=60,
        ),
        Job(
            name="core.import_files",
            title=N_("Clear files that nobody imported"),
            run=_sweep_uploads,
            per="system",
            every_minutes=60,
        ),
    )
