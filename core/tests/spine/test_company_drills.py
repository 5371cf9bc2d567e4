"""Drills of a company: stored, run at hand, guarding publication, made from a real day."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from zhike import clock
from zhike.db.session import CompanySession
from zhike.drills import load_text
from zhike.errors import Conflict, NotFound, UserError
from zhike.models.drill import CompanyDrill
from zhike.models.ledger import LedgerLine
from zhike.models.policy import PolicyRecord, PolicyVersion
from zhike.services import drills, policies
from zhike.site import Site

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)

CAPPED = """
title: 到七为止
plugin: tally
events:
  - {at: "09:00", add: 5, expect: {total: 5}}
  - {at: "10:30", add: 5, expect: {total: 7}}
expect: {total: 7}
"""
PINNED = CAPPED.replace("plugin: tally", "plugin: tally\npolicy: T1")
WHAT_IF = "plugin: tally\nevents:\n  - {at: '09:00', add: 9}\n"


@pytest.fixture
def tally(
    site: Site, with_tally: Callable[[Site], Site], new_company: Callable[..., int]
) -> tuple[Site, int]:
    """A site with the plugin ``tally`` and a company that uses it."""
    fitted = with_tally(site)
    company = new_company(fitted)
    with clock.frozen(NOW), fitted.transaction(company) as s:
        policies.ensure_default(s, "tally")
    return fitted, company


def draft_with_cap(s: CompanySession, cap: int) -> PolicyVersion:
    row = policies.draft(s, s.scalars(select(PolicyRecord.id)).one())
    return policies.save_draft(
        s, row.id, lock=row.lock, params={"count.cap": cap}, clauses={}, mode="enforce"
    )


def keep(site: Site, company: int, name: str, text: str, **more: Any) -> CompanyDrill:
    with site.transaction(company) as s:
        return drills.save(s, name=name, text=text, **more)


def test_a_failing_drill_of_the_company_stops_publication(tally: tuple[Site, int]) -> None:
    site, company = tally
    keep(site, company, "到七", CAPPED)
    with clock.frozen(NOW), site.transaction(company) as s:
        row = draft_with_cap(s, 10)
        (result,) = drills.run_all(s, policies.resolved_version(s, row.id))
        assert (result.passed, result.must_pass, result.name) == (False, True, "到七")
        assert "7" in result.summary
        assert "10" in result.summary
    with (
        clock.frozen(NOW),
        pytest.raises(Conflict) as caught,
        site.transaction(company) as s,
    ):
        policies.publish(s, row.id, reason="想多记")
    assert caught.value.code == "drills"
    assert caught.value.extra["drills"] == ["到七"]
    with site.reader(company) as s:
        assert policies.in_force(s, "tally", None, NOW).number == 1


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (CAPPED, {"must_pass": False}),  # it only informs
        (PINNED, {}),  # it proves the engine, whatever the version at hand says
        (WHAT_IF, {}),  # it expects nothing
    ],
)
def test_other_drills_stop_nothing(
    tally: tuple[Site, int], text: str, more: dict[str, Any]
) -> None:
    site, company = tally
    keep(site, company, "x", text, **more)
    with clock.frozen(NOW), site.transaction(company) as s:
        assert policies.publish(s, draft_with_cap(s, 10).id, reason="改").number == 2


def test_a_drill_may_speak_for_one_policy_only(tally: tuple[Site, int]) -> None:
    site, company = tally
    with clock.frozen(NOW), site.transaction(company) as s:
        first = s.scalars(select(PolicyRecord.id)).one()
    keep(site, company, "到七", CAPPED, policy_id=first)
    with clock.frozen(NOW), site.transaction(company) as s:
        other = policies.create(s, preset="tally.T2", name="另一项")
        assert drills.run_all(s, policies.resolved_version(s, other.id)) == []
        policies.publish(s, other.id, reason="到三为止，演练不管它")


def test_a_drill_that_cannot_be_read_is_refused_with_its_line(tally: tuple[Site, int]) -> None:
    site, company = tally
    for text, says in (
        ("plugin: tally\nevents:\n  - 5\n", ":3"),
        ("plugin: tally\nevnts: []\n", "evnts"),
        ("events: []\n", "plugin"),
        ("plugin: nobody\nevents: []\n", "nobody"),
        ("{", ""),
        ("x" * 500_001, ""),
    ):
        with pytest.raises(UserError) as caught:
            keep(site, company, "x", text)
        assert caught.value.field == "text"
        assert says in caught.value.message
    with pytest.raises(UserError) as caught:
        keep(site, company, " ", CAPPED)
    assert caught.value.field == "name"


def test_an_event_outside_the_vocabulary_shows_as_a_failed_drill(tally: tuple[Site, int]) -> None:
    site, company = tally
    keep(site, company, "x", CAPPED.replace("add: 5, expect: {total: 5}", "add: five"))
    with site.reader(company) as s:
        (result,) = drills.run_all(s, policies.in_force(s, "tally", None, NOW))
    assert not result.passed
    assert "whole number" in result.error


def test_changing_keeps_the_lock_and_forgets_the_last_result(tally: tuple[Site, int]) -> None:
    site, company = tally
    row = keep(site, company, "到七", CAPPED)
    with site.transaction(company) as s:
        held = policies.in_force(s, "tally", None, NOW)
        results = drills.run_all(s, held)
        drills.remember(s, results, held.hash)
    with site.transaction(company) as s:
        stored = s.require(CompanyDrill, row.id)
        assert (stored.last_passed, stored.last_hash) == (True, held.hash)
        assert stored.last_result == {"summary": "", "reports": 1, "checked": 3}
        seen = stored.version
        changed = drills.save(s, name="改名", text=WHAT_IF, drill_id=row.id, lock=seen)
        assert (changed.last_passed, changed.last_result, changed.name) == (None, None, "改名")
    with pytest.raises(Conflict), site.transaction(company) as s:
        drills.save(s, name="改名", text=CAPPED, drill_id=row.id, lock=seen)
    with pytest.raises(UserError) as caught:
        keep(site, company, "改名", CAPPED)
    assert caught.value.code == "taken"
    with site.transaction(company) as s:
        drills.delete(s, row.id)
        assert drills.drills_of(s) == []
    with site.reader(company) as s:
        actions = s.scalars(
            select(LedgerLine.action)
            .where(LedgerLine.action.startswith("core.drill."))
            .order_by(LedgerLine.seq)
        ).all()
    assert actions == ["core.drill.saved", "core.drill.saved", "core.drill.deleted"]


def test_another_companys_drills_are_not_there(
    tally: tuple[Site, int], new_company: Callable[..., int]
) -> None:
    site, company = tally
    row = keep(site, company, "到七", CAPPED)
    other = new_company(site, "other")
    with site.transaction(other) as s:
        assert drills.drills_of(s) == []
        with pytest.raises(NotFound):
            drills.delete(s, row.id)
        with pytest.raises(NotFound):
            drills.save(s, name="x", text=CAPPED, drill_id=row.id)


def test_shipped_drills_show_what_a_draft_changes_and_stop_nothing(
    tally: tuple[Site, int],
) -> None:
    site, company = tally
    entry = site.plugins.registry.of_hook("register_policies")[0]
    path = entry.value.path.parent / "drills.yaml"
    path.write_text(PINNED, "utf-8")
    shipped = policies.shipped(site, "tally.T1")
    site.plugins.caches["presets"]["tally.T1"] = replace(
        shipped, contribution=replace(shipped.contribution, drills=(path,))
    )
    with clock.frozen(NOW), site.transaction(company) as s:
        row = draft_with_cap(s, 6)
        (pair,) = drills.shipped_changes(site, policies.resolved_version(s, row.id))
        assert pair.left.ok
        assert not pair.right.ok
        assert [r.differs for r in pair.rows] == [False, True]
        assert pair.differs
        policies.publish(s, row.id, reason="改")
        held = policies.in_force(s, "tally", None, NOW)
        assert held.policy["count.cap"] == 6


# -- real days -----------------------------------------------------------------------------------

REP, GUEST, UNIT = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()


def a_day(s: CompanySession, unit_id: uuid.UUID, day: date) -> Mapping[str, Any]:
    return {
        "date": str(day),
        "given": {"total": 1},
        "people": {str(REP): "rep", str(GUEST): "customer"},
        "events": [
            {"at": "09:00", "add": 4, "who": str(REP), "note": "张三 13812345678"},
            {"at": "10:00", "add": 4, "who": f"{GUEST}>{REP}", "name": "张三"},
        ],
    }


@pytest.fixture
def with_days(tally: tuple[Site, int]) -> tuple[Site, int]:
    """As ``tally``, whose engine can write a day down."""
    site, company = tally
    entries = site.plugins.registry._by_hook["register_engines"]
    entry = entries["tally.count"]
    entries["tally.count"] = replace(entry, value=replace(entry.value, day=a_day))
    return site, company


def test_a_real_day_under_two_versions_side_by_side(with_days: tuple[Site, int]) -> None:
    site, company = with_days
    with clock.frozen(NOW), site.transaction(company) as s:
        now = policies.in_force(s, "tally", None, NOW)
        then = policies.resolved_version(s, draft_with_cap(s, 99).id)
        pair = drills.replay_day(s, "tally", UNIT, date(2026, 11, 20), now, then)
    assert [r.differs for r in pair.rows] == [False, True]
    left, right = pair.rows[1].left, pair.rows[1].right
    assert left is not None
    assert right is not None
    assert (left.outcome, right.outcome) == ({"total": 7}, {"total": 9})
    assert pair.rows[0].event["at"] == "2026-11-20T09:00"


def test_a_drill_made_from_a_day_carries_pseudonyms(with_days: tuple[Site, int]) -> None:
    site, company = with_days
    with site.transaction(company) as s:
        text = drills.day_text(s, "tally", UNIT, date(2026, 11, 20))
        row = drills.save(s, name="20日", text=text, origin="2026-11-20")
        held = policies.in_force(s, "tally", None, NOW)
        result = drills.run_stored(s, row, held)
    assert result.passed
    assert result.what_if
    (drill,) = load_text(text)
    assert [event["who"] for event in drill.events] == ["A", "n1>A"]
    for secret in (str(REP), str(GUEST), "张三", "138"):
        assert secret not in text


def test_pseudonyms_are_the_same_throughout_and_run_past_the_alphabet() -> None:
    ids = [str(uuid.uuid4()) for _ in range(28)]
    made = drills.pseudonyms(
        {
            "people": dict.fromkeys(ids, "rep"),
            "ring": ">".join(ids),
            "given": {ids[27]: {"owner": uuid.UUID(ids[0])}, str(uuid.uuid4()): [ids[1]]},
        }
    )
    assert made["ring"].split(">")[-3:] == ["Z", "AA", "AB"]
    assert made["given"] == {"AB": {"owner": "A"}, "x1": ["B"]}
    assert "people" not in made


def test_a_plugin_without_days_says_so(tally: tuple[Site, int]) -> None:
    site, company = tally
    with site.reader(company) as s, pytest.raises(NotFound) as caught:
        drills.day_document(s, "tally", UNIT, date(2026, 11, 20))
    assert caught.value.code == "no_days"
