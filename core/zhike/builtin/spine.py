"""What keeps the spine honest in the background: anchors, seals, nightly verification."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import TYPE_CHECKING

from zhike.contributions import N_, Job
from zhike.errors import ZhikeError
from zhike.hookspecs import hookimpl
from zhike.services import idempotency, ledger, sessions
from zhike.services.ledger import auth_seal

if TYPE_CHECKING:
    from zhike.db.session import CompanySession
    from zhike.site import Site


def _anchor(site: Site) -> None:
    ledger.anchor(site)


def _seal(site: Site) -> None:
    ledger.seal_auth_events(site)


def _verify(site: Site) -> None:
    """Fail, and so show on the health page, where a chain or a seal is not as it was written."""
    bad = [
        f"chain {report.chain}, line {report.first_bad_seq}: {report.reason}"
        for report in ledger.verify_all(site)
        if not report.ok
    ]
    seals = ledger.verify_auth_seals(site)
    if not seals.ok:
        bad.append(f"sign-in events sealed by line {seals.bad_seq} of the site's chain differ")
    if bad:
        raise ZhikeError("; ".join(bad))


def _prune(site: Site) -> None:
    ledger.prune_auth_events(site)
    with site.system() as s:
        sessions.prune(s, auth_seal.KEEP)


def _forget(s: CompanySession) -> None:
    idempotency.prune(s)


@hookimpl
def register_jobs() -> Sequence[Job]:
    """The ledger's jobs, and the end of answers that nobody will ask for again."""
    return [
        Job(
            name="core.anchor_ledger",
            title=N_("Anchor the ledger"),
            run=_anchor,
            per="system",
            daily_at=time(0, 0),
        ),
        Job(
            name="core.seal_sign_ins",
            title=N_("Seal sign-in events"),
            run=_seal,
            per="system",
            every_minutes=1,
        ),
        Job(
            name="core.verify_ledger",
            title=N_("Verify the ledger"),
            run=_verify,
            per="system",
            daily_at=time(3, 40),
            timeout=3600,
            retries=0,
        ),
        Job(
            name="core.prune_sign_ins",
            title=N_("Remove old sign-in events"),
            run=_prune,
            per="system",
            daily_at=time(3, 45),
        ),
        Job(
            name="core.forget_answers",
            title=N_("Forget old idempotency keys"),
            run=_forget,
            daily_at=time(3, 50),
        ),
    ]
