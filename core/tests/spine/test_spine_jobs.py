"""The spine's background jobs do what they are there for and fail where they must."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from zhike import clock
from zhike.builtin import spine
from zhike.db.guards import remove_guards
from zhike.errors import ZhikeError
from zhike.models.idempotency import IdempotencyRecord
from zhike.models.people import AuthEvent
from zhike.services import idempotency, ledger
from zhike.services.ledger.anchors import anchor_file
from zhike.site import Site

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
JOBS = {job.name: job for job in spine.register_jobs()}


def test_anchor_and_verify_jobs(site: Site, company: int) -> None:
    with site.transaction(company) as s:
        ledger.append(s, "core.test.done")
    JOBS["core.anchor_ledger"].run(site)
    assert anchor_file(site, company).exists()
    JOBS["core.verify_ledger"].run(site)
    with site.engines.write.begin() as connection:
        remove_guards(connection)
        connection.exec_driver_sql("UPDATE core__ledger SET reason = 'x'")
    with pytest.raises(ZhikeError, match=f"chain {company}, line 1"):
        JOBS["core.verify_ledger"].run(site)


def test_a_removed_sign_in_event_fails_the_nightly_check(site: Site) -> None:
    with site.system() as s:
        s.add(AuthEvent(at=NOW, kind="failed"))
    with clock.frozen(NOW + timedelta(minutes=5)):
        JOBS["core.seal_sign_ins"].run(site)
    JOBS["core.verify_ledger"].run(site)
    with site.system() as s:
        s.delete(s.scalars(select(AuthEvent)).one())
    with pytest.raises(ZhikeError, match="sign-in events sealed by line 1"):
        JOBS["core.verify_ledger"].run(site)


def test_old_answers_go(site: Site, company: int) -> None:
    with clock.frozen(NOW), site.transaction(company) as s:
        idempotency.once(s, "k", "test.act", dict)
    with clock.frozen(NOW + timedelta(days=30)), site.transaction(company) as s:
        JOBS["core.forget_answers"].run(s)
    with site.reader(company) as s:
        assert s.scalar(select(func.count()).select_from(IdempotencyRecord)) == 0
