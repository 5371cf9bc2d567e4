"""Decisions: kept, found again, settled, and explained under the version they were made under."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from zhike import clock
from zhike.contributions import RecordRef
from zhike.errors import Conflict, NotFound
from zhike.models.decision import DecisionRecord
from zhike.models.policy import PolicyRecord
from zhike.rules import Cite, Decision
from zhike.services import decisions, policies
from zhike.services.organisation import add_unit
from zhike.site import Site

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


@pytest.fixture
def tally(
    any_site: Site, with_tally: Callable[[Site], Site], new_company: Callable[..., int]
) -> tuple[Site, int]:
    """A site with the plugin ``tally`` and a company that uses it, on either database."""
    site = with_tally(any_site)
    company = new_company(site)
    with clock.frozen(NOW), site.transaction(company) as s:
        policies.ensure_default(s, "tally")
    return site, company


def keep(site: Site, company: int, **more: Any) -> DecisionRecord:
    with site.transaction(company) as s:
        held = policies.in_force(s, "tally", None, NOW)
        values: dict[str, Any] = {
            "plugin": "tally",
            "engine": held.engine,
            "kind": "tally",
            "subject": RecordRef("tally", "count", uuid.uuid4()),
            "inputs": {"add": 9, "who": "r1"},
            "outcome": {"total": 7},
            "cites": [Cite("TL-01", "capped", {"cap": 7}), Cite("TL-02", "rest", {})],
            "policy_version_id": held.version_id,
            "mode": held.mode,
            "at": NOW,
            **more,
        }
        return decisions.record(s, **values)


def test_a_decision_is_found_by_subject_and_under_enforce_it_was_followed(
    tally: tuple[Site, int],
) -> None:
    site, company = tally
    row = keep(site, company)
    with site.reader(company) as s:
        (found,) = decisions.list_for(s, RecordRef.parse(row.subject))
        assert decisions.get(s, row.id) is found
        assert found.outcome == {"total": 7}
        assert found.rules == ["TL-01", "TL-02"]
        assert found.cites[0] == {"rule": "TL-01", "effect": "capped", "facts": {"cap": 7}}
        assert (found.followed, found.mode) == (True, "enforce")
        assert decisions.list_for(s, "tally:count:other") == []


def test_the_day_is_the_sites_day(tally: tuple[Site, int]) -> None:
    site, company = tally
    with site.transaction(company) as s:
        here = add_unit(s, name="LJ", code="LJ", kind="site").id
        far = add_unit(s, name="NY", code="NY", kind="site", tz="America/New_York").id
    late = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
    assert keep(site, company, at=late, unit_id=here).day == date(2026, 11, 22)
    assert keep(site, company, at=late, unit_id=far).day == date(2026, 11, 21)
    with site.reader(company) as s:
        found = decisions.search(s, unit_ids=[here], since=date(2026, 11, 22))
        assert [row.unit_id for row in found] == [here]
        assert decisions.search(s, unit_ids=[here], until=date(2026, 11, 21)) == []


def test_search_narrows_by_rule_kind_mode_and_deviation(tally: tuple[Site, int]) -> None:
    site, company = tally
    first = keep(site, company)
    second = keep(
        site, company, cites=[Cite("TL-09", "x", {})], mode="observe", at=NOW + timedelta(hours=1)
    )
    with site.transaction(company) as s:
        decisions.settle(s, second.id, followed=False, done={"total": 9})
    with site.reader(company) as s:
        ids = [row.id for row in decisions.search(s)]
        assert ids == [second.id, first.id]
        assert [r.id for r in decisions.search(s, rule="TL-02")] == [first.id]
        assert [r.id for r in decisions.search(s, mode="observe")] == [second.id]
        assert [r.id for r in decisions.search(s, deviating=True)] == [second.id]
        assert decisions.search(s, kind="credit") == []
        assert len(decisions.search(s, limit=1)) == 1


def test_what_was_done_is_said_once_and_otherwise_than_advised_needs_a_reason(
    tally: tuple[Site, int],
) -> None:
    site, company = tally
    row = keep(site, company, mode="advise")
    assert row.followed is None
    with site.transaction(company) as s:
        with pytest.raises(Conflict, match="reason"):
            decisions.settle(s, row.id, followed=False, reason=" ")
        done = decisions.settle(s, row.id, followed=False, done={"total": 9}, reason="客户要求")
        assert (done.followed, done.done, done.deviation) == (False, {"total": 9}, "客户要求")
        with pytest.raises(Conflict):
            decisions.settle(s, row.id, followed=True)
        with pytest.raises(NotFound):
            decisions.settle(s, uuid.uuid4(), followed=True)


def test_the_difference_between_acts_and_decisions_is_counted_by_rule(
    tally: tuple[Site, int],
) -> None:
    site, company = tally
    rows = [keep(site, company, mode="observe") for _ in range(3)]
    keep(site, company, mode="observe", cites=[Cite("TL-09", "x", {})])
    keep(site, company, mode="observe", at=NOW + timedelta(days=9))
    keep(site, company)
    with site.transaction(company) as s:
        decisions.settle(s, rows[0].id, followed=False)
        decisions.settle(s, rows[1].id, followed=True)
    day = date(2026, 11, 21)
    with site.reader(company) as s:
        found = [
            (row.mode, row.rule, row.followed, row.otherwise, row.unknown)
            for row in decisions.adherence(s, since=day, until=day, plugin="tally")
        ]
        assert decisions.adherence(s, since=day, until=day, unit_ids=[]) == []
    assert found == [
        ("observe", "TL-01", 1, 1, 1),
        ("observe", "TL-02", 1, 1, 1),
        ("enforce", "TL-01", 1, 0, 0),
        ("enforce", "TL-02", 1, 0, 0),
        ("observe", "TL-09", 0, 0, 1),
    ]


def test_all_decisions_of_a_step_are_kept(tally: tuple[Site, int]) -> None:
    site, company = tally
    subject = str(uuid.uuid4())
    made = (
        Decision("tally", subject, {"total": 1}, (Cite("TL-01", "within"),)),
        Decision("tally", "tally:person:x", {"total": 2}, ()),
    )
    with site.transaction(company) as s:
        rows = decisions.record_all(
            s,
            made,
            plugin="tally",
            engine="tally.count",
            subject_kind="count",
            inputs={"add": 1},
            policy_version_id=None,
            mode="observe",
            at=NOW,
        )
    assert [row.subject for row in rows] == [f"tally:count:{subject}", "tally:person:x"]


def test_an_explanation_speaks_the_words_of_the_version_it_was_made_under(
    tally: tuple[Site, int],
) -> None:
    site, company = tally
    row = keep(site, company)
    with clock.frozen(NOW + timedelta(days=1)), site.transaction(company) as s:
        policy_id = s.scalars(select(PolicyRecord.id)).one()
        draft = policies.draft(s, policy_id)
        policies.save_draft(
            s,
            draft.id,
            lock=draft.lock,
            params={"count.cap": 10},
            clauses={"TL-01": {"number": "新一条", "text": "改了"}},
            mode="enforce",
        )
        policies.publish(s, draft.id, reason="改")
    with site.reader(company) as s:
        subject = row.subject.rsplit(":", 1)[-1]
        shown = decisions.explain(s, decisions.get(s, row.id), names={subject: "小王"})
    assert list(shown.sentences) == ["小王现为 7 次。"]
    assert [(line.rule, line.number, line.clause) for line in shown.lines] == [
        ("TL-01", "第一条", "每人最多 7 次，超过时拒绝。"),
        ("TL-02", "第二条", "余数不计。"),
    ]
    assert (shown.policy, shown.version, shown.mode) == ("计数制 T1", "1", "enforce")
    assert shown.at.isoformat() == "2026-11-21T09:00:00+08:00"


def test_a_decision_without_policy_or_plugin_is_still_shown(tally: tuple[Site, int]) -> None:
    site, company = tally
    row = keep(site, company, policy_version_id=None, engine="gone.engine")
    with site.reader(company) as s:
        shown = decisions.explain(s, decisions.get(s, row.id))
    assert [line.rule for line in shown.lines] == ["TL-01", "TL-02"]
    assert (list(shown.sentences), shown.policy) == ([], "")


def test_another_company_sees_none_of_it(
    tally: tuple[Site, int], new_company: Callable[..., int]
) -> None:
    site, company = tally
    row = keep(site, company)
    with site.reader(new_company(site, "other")) as s:
        assert decisions.search(s) == []
        assert decisions.list_for(s, row.subject) == []
        with pytest.raises(NotFound):
            decisions.get(s, row.id)
