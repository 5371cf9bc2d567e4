"""Policies: versions in force, drafts, publishing, diff, files."""

from __future__ import annotations

import json
import threading
import tomllib
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from zhike import clock
from zhike.db.session import Actor, CompanySession
from zhike.errors import Conflict, NotFound, UserError
from zhike.models.ledger import LedgerLine
from zhike.models.organisation import Unit
from zhike.models.policy import PolicyRecord, PolicyVersion
from zhike.services import policies
from zhike.services.organisation import add_unit
from zhike.site import Site

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MANAGER = Actor(kind="user", user_id=uuid.uuid4(), name="李经理")


@pytest.fixture
def tally(site: Site, with_tally: Callable[[Site], Site]) -> Site:
    """A SQLite site with the plugin ``tally``."""
    return with_tally(site)


@pytest.fixture
def firm(tally: Site, new_company: Callable[..., int]) -> int:
    """A company that has had ``tally`` switched on at :data:`NOW`."""
    company = new_company(tally)
    with clock.frozen(NOW), tally.transaction(company, MANAGER) as s:
        policies.ensure_default(s, "tally")
    return company


def at(instant: datetime) -> AbstractContextManager[datetime]:
    return clock.frozen(instant)


def held(site: Site, company: int, when: datetime, unit_id: uuid.UUID | None = None) -> Any:
    with site.reader(company) as s:
        return policies.in_force(s, "tally", unit_id, when)


def cap(site: Site, company: int, when: datetime, unit_id: uuid.UUID | None = None) -> Any:
    return held(site, company, when, unit_id).policy["count.cap"]


def publish_cap(
    s: CompanySession, value: Any, start: datetime | None = None, **more: Any
) -> PolicyVersion:
    policy_id = s.scalars(select(PolicyRecord.id)).first()
    assert policy_id is not None
    row = policies.draft(s, policy_id)
    row = policies.save_draft(
        s,
        row.id,
        lock=row.lock,
        params={**row.params, "count.cap": value},
        clauses=row.clauses,
        mode=more.pop("mode", row.mode),
    )
    return policies.publish(s, row.id, effective_from=start, reason="试试")


def make_unit(site: Site, company: int, code: str, parent: uuid.UUID | None = None) -> uuid.UUID:
    with site.transaction(company) as s:
        kind = "site" if parent is None else "department"
        return add_unit(s, name=code, code=code, kind=kind, parent_id=parent).id


# -- in force ------------------------------------------------------------------------------------


def test_enabling_gives_the_first_preset_as_version_one(tally: Site, firm: int) -> None:
    found = held(tally, firm, NOW)
    assert (found.number, found.mode, found.preset) == (1, "enforce", "tally.T1")
    assert (found.name, found.policy.version) == ("计数制 T1", "1")
    assert found.policy["count.cap"] == 7
    assert found.policy["count.split"] == (8000, 2000)
    assert found.policy.sentence("TL-01") == "每人最多 7 次，超过时拒绝。"
    with tally.transaction(firm) as s:
        policies.ensure_default(s, "tally")
        policies.ensure_default(s, "no_such_plugin")
    with tally.reader(firm) as s:
        assert len(policies.policies_of(s)) == 1


def test_a_version_holds_from_its_instant_and_not_a_moment_before(tally: Site, firm: int) -> None:
    start = NOW + 2 * DAY
    with at(NOW), tally.transaction(firm, MANAGER) as s:
        publish_cap(s, 10, start)
    moment = timedelta(microseconds=1)
    assert cap(tally, firm, start - moment) == 7
    assert cap(tally, firm, start) == 10
    with tally.reader(firm) as s:
        (change,) = policies.scheduled(s, NOW)
        assert (change.at, change.number, change.plugin) == (start, 2, "tally")
        assert policies.scheduled(s, start) == []
        assert policies.scheduled(s, NOW, "other") == []


def test_before_the_first_version_the_first_one_stands(tally: Site, firm: int) -> None:
    with at(NOW + DAY), tally.transaction(firm) as s:
        publish_cap(s, 9)
    assert cap(tally, firm, NOW - 30 * DAY) == 7


def test_before_the_first_choice_the_first_one_stands(tally: Site, firm: int) -> None:
    with at(NOW + DAY), tally.transaction(firm) as s:
        row = policies.create(s, preset="tally.T2", name="试点")
        second = policies.publish(s, row.id, reason="试点").policy_id
        policies.choose(s, "tally", None, second)
    assert cap(tally, firm, NOW + DAY) == 3
    assert cap(tally, firm, NOW - DAY) == 7


def test_the_nearest_choice_up_the_tree_wins(tally: Site, firm: int) -> None:
    one = make_unit(tally, firm, "LJ")
    desk = make_unit(tally, firm, "LJ-A", one)
    other = make_unit(tally, firm, "HT")
    with at(NOW), tally.transaction(firm, MANAGER) as s:
        row = policies.create(s, preset="tally.T2", name="试点")
        second = policies.publish(s, row.id, reason="试点").policy_id
        first = s.scalars(select(PolicyRecord.id).where(PolicyRecord.id != second)).one()
        policies.choose(s, "tally", one, second, valid_from=NOW + DAY)
        policies.choose(s, "tally", desk, first, valid_from=NOW + 2 * DAY)
        policies.choose(s, "tally", one, None, valid_from=NOW + 5 * DAY)
    expected = [  # days after NOW: site, department below it, another site
        (0, 7, 7, 7),
        (1, 3, 3, 7),
        (2, 3, 7, 7),
        (5, 7, 7, 7),
    ]
    for days, here, below, elsewhere in expected:
        when = NOW + days * DAY
        found = tuple(cap(tally, firm, when, unit) for unit in (one, desk, other))
        assert found == (here, below, elsewhere), days
    with tally.reader(firm) as s:
        assert policies.choices_at(s, "tally", NOW + 3 * DAY) == {
            None: first,
            one: second,
            desk: first,
        }
        assert len(policies.scheduled(s, NOW)) == 3


def test_nothing_chosen_says_so(tally: Site, new_company: Callable[..., int]) -> None:
    company = new_company(tally, "empty")
    with tally.reader(company) as s, pytest.raises(NotFound) as caught:
        policies.in_force(s, "tally", None, NOW)
    assert caught.value.code == "no_policy"


def test_asking_again_costs_one_query_for_the_generation(tally: Site, firm: int) -> None:
    held(tally, firm, NOW)
    asked: list[str] = []
    event.listen(
        tally.engines.read,
        "before_cursor_execute",
        lambda conn, cursor, statement, *rest: asked.append(statement),
    )
    with tally.reader(firm) as s:
        for hour in range(100):
            policies.in_force(s, "tally", None, NOW + timedelta(hours=hour))
    assert [text for text in asked if text != "BEGIN"] == [asked[-1]]
    assert "generation" in asked[-1]


def test_another_process_sees_a_publication_at_once(tally: Site, firm: int) -> None:
    other = Site.open(tally.config, plugins=False)
    other.__dict__["plugins"] = tally.plugins
    assert cap(other, firm, NOW + DAY) == 7
    with at(NOW), tally.transaction(firm) as s:
        publish_cap(s, 12)
    assert cap(other, firm, NOW + DAY) == 12
    other.close()


def test_what_is_rolled_back_was_never_remembered(tally: Site, firm: int) -> None:
    with at(NOW), pytest.raises(RuntimeError), tally.transaction(firm) as s:
        publish_cap(s, 12)
        assert policies.in_force(s, "tally", None, NOW).policy["count.cap"] == 12
        raise RuntimeError
    with at(NOW), tally.transaction(firm) as s:  # the same generation number comes up again
        publish_cap(s, 5, NOW + DAY)
    assert cap(tally, firm, NOW) == 7


def test_nor_is_what_was_read_beside_another_change_that_was_rolled_back(
    tally: Site, firm: int
) -> None:
    with at(NOW), pytest.raises(RuntimeError), tally.transaction(firm) as s:
        add_unit(s, name="甲", code="A1", kind="site")  # moves the generation on
        assert policies.in_force(s, "tally", None, NOW).policy["count.cap"] == 7
        raise RuntimeError
    with at(NOW), tally.transaction(firm) as s:  # the same generation number comes up again
        publish_cap(s, 12)
    assert cap(tally, firm, NOW + DAY) == 12


def test_a_published_version_does_not_move_with_the_preset(tally: Site, firm: int) -> None:
    with at(NOW), tally.transaction(firm) as s:
        publish_cap(s, 10)
    preset = tally.plugins.registry.of_hook("register_policies")[0].value
    changed = preset.path.parent / "parameters.toml"
    changed.write_text(
        changed.read_text("utf-8").replace('T1 = "refuse"', 'T1 = "warn"')
        + '\n[[parameter]]\nkey = "count.new"\nrow = 4\ntype = "bool"\ntitle_zh = "新"\n'
        "default = { T1 = true }\n",
        "utf-8",
    )
    tally.plugins.caches.clear()
    tally.remembered.clear()
    found = held(tally, firm, NOW)
    assert found.policy["count.over"] == "refuse"
    assert found.policy["count.new"] is True  # what the engine has learnt since has a value
    assert policies.shipped(tally, "tally.T1").preset.policy()["count.over"] == "warn"


# -- drafts --------------------------------------------------------------------------------------


def test_every_impossible_value_is_named_with_what_is_possible(tally: Site, firm: int) -> None:
    with at(NOW), tally.transaction(firm) as s:
        policy = s.scalars(select(PolicyRecord)).one()
        row = policies.draft(s, policy.id)
        with pytest.raises(UserError) as caught:
            policies.save_draft(
                s,
                row.id,
                lock=row.lock,
                params={
                    "count.cap": 100,
                    "count.over": "shout",
                    "count.cup": 1,
                    "count.split": "9",
                },
                clauses={
                    "TL-09": {"text": "x"},
                    "TL-01": {"text": "至多 {count.cup} 次"},
                    "TL-02": {"text": " "},
                },
                mode="sometimes",
            )
    problems = {p["field"]: p["message"] for p in caught.value.extra["problems"]}
    assert set(problems) == {
        "mode",
        "params.count.cap",
        "params.count.over",
        "params.count.cup",
        "params.count.split",
        "clauses.TL-09",
        "clauses.TL-01",
        "clauses.TL-02",
    }
    assert "上限" in problems["params.count.cap"]
    assert "1 to 99 次" in problems["params.count.cap"]
    assert "拒绝 (refuse)、提醒 (warn)" in problems["params.count.over"]
    assert "count.cap" in problems["params.count.cup"]
    assert "{count.cup}" in problems["clauses.TL-01"]


def test_only_what_differs_is_kept_and_values_are_read_as_people_write_them(
    tally: Site, firm: int
) -> None:
    with at(NOW), tally.transaction(firm) as s:
        policy = s.scalars(select(PolicyRecord)).one()
        row = policies.draft(s, policy.id)
        row = policies.save_draft(
            s,
            row.id,
            lock=row.lock,
            params={"count.cap": "无", "count.split": "70/30", "count.over": "refuse"},
            clauses={"TL-01": {"number": "3.2", "text": "上限 {count.cap}"}, "TL-02": {}},
            mode="advise",
        )
        assert row.params == {"count.cap": None, "count.split": [7000, 3000]}
        assert row.clauses == {"TL-01": {"number": "3.2", "text": "上限 {count.cap}"}}
        found = policies.resolved_version(s, row.id)
        assert found.policy["count.split"] == (7000, 3000)
        assert found.policy.sentence("TL-01") == "上限 –"
        assert (found.number, found.policy.version, found.mode) == (None, "draft", "advise")
        diff = policies.diff_versions(s, None, row.id)
        assert [(r.kind, r.key, r.before, r.after) for r in diff] == [
            ("mode", "mode", "enforce", "advise"),
            ("param", "count.cap", 7, None),
            ("param", "count.split", [8000, 2000], [7000, 3000]),
            (
                "clause",
                "TL-01",
                {"number": "第一条", "text": "每人最多 {count.cap} 次，超过时{count.over}。"},
                {"number": "3.2", "text": "上限 {count.cap}"},
            ),
        ]
        assert diff[2].before_words == "80/20"
        policies.discard_draft(s, row.id)
    with tally.reader(firm) as s:
        assert len(s.scalars(select(PolicyVersion)).all()) == 1


@pytest.mark.parametrize(
    "text", ["{{7*7}}", "{% if 1 %}", "${7*7}", "{0}{}", "{count.cap!r}", "{{COUNT.__class__}}"]
)
def test_clauses_are_no_templates(tally: Site, firm: int, text: str) -> None:
    """Only ``{parameter.key}`` is filled in; everything else is printed as it stands."""
    with at(NOW), tally.transaction(firm) as s:
        policy = s.scalars(select(PolicyRecord)).one()
        row = policies.draft(s, policy.id)
        row = policies.save_draft(
            s, row.id, lock=row.lock, params={}, clauses={"TL-02": {"text": text}}, mode="observe"
        )
        assert policies.resolved_version(s, row.id).policy.sentence("TL-02") == text


@pytest.mark.parametrize("text", ["${x}", "{count.cap.__class__}", "{{x.__class__}}", "{tally}"])
def test_a_place_that_is_no_parameter_is_refused(tally: Site, text: str) -> None:
    preset = policies.shipped(tally, "tally.T1").preset
    with pytest.raises(UserError) as caught:
        policies.check_changes(preset, {}, {"TL-02": {"text": text}})
    assert caught.value.field == "clauses.TL-02"


def test_two_people_saving_one_draft_do_not_overwrite_each_other(tally: Site, firm: int) -> None:
    with at(NOW), tally.transaction(firm, MANAGER) as s:
        row = policies.draft(s, s.scalars(select(PolicyRecord.id)).one())
        seen = row.lock
    with tally.transaction(firm, MANAGER) as s:
        policies.save_draft(
            s, row.id, lock=seen, params={"count.cap": 8}, clauses={}, mode="enforce"
        )
    with pytest.raises(Conflict, match="李经理"), tally.transaction(firm) as s:
        policies.save_draft(
            s, row.id, lock=seen, params={"count.cap": 9}, clauses={}, mode="enforce"
        )
    with tally.reader(firm) as s:
        assert s.require(PolicyVersion, row.id).params == {"count.cap": 8}


def test_parameter_table_shows_default_present_and_future(tally: Site, firm: int) -> None:
    with at(NOW), tally.transaction(firm) as s:
        publish_cap(s, 8)
        publish_cap(s, 10, NOW + DAY)
        publish_cap(s, 9, NOW + 3 * DAY)
    with tally.reader(firm) as s:
        current = policies.in_force(s, "tally", None, NOW)
        rows = {
            r.parameter.key: r for r in policies.parameter_rows(s, current.version_id, after=NOW)
        }
    row = rows["count.cap"]
    assert (row.default, row.value, row.changed) == (7, 8, True)
    assert [(f.words, f.at) for f in row.future] == [("10", NOW + DAY), ("9", NOW + 3 * DAY)]
    assert (rows["count.over"].words, rows["count.over"].future) == ("拒绝", ())


# -- publishing ----------------------------------------------------------------------------------


def test_publishing_is_numbered_hashed_and_in_the_ledger(tally: Site, firm: int) -> None:
    with at(NOW + DAY), tally.transaction(firm, MANAGER) as s:
        version = publish_cap(s, 10, NOW + 2 * DAY)
    assert (version.number, version.state, version.published_by) == (2, "published", "李经理")
    assert version.hash
    assert version.snapshot is not None
    assert version.snapshot["params"]["count.cap"] == 10
    with tally.reader(firm) as s:
        line = s.scalars(
            select(LedgerLine)
            .where(LedgerLine.action == "core.policy.published")
            .order_by(LedgerLine.seq.desc())
        ).first()
    assert line is not None
    assert (line.reason, line.user_id) == ("试试", MANAGER.user_id)
    assert line.body["changes"] == [{"kind": "param", "key": "count.cap", "before": 7, "after": 10}]
    assert line.body["effective_from"] == "2026-11-23T01:00:00.000Z"


def test_never_into_the_past_and_never_without_a_reason(tally: Site, firm: int) -> None:
    with at(NOW + DAY), tally.transaction(firm) as s:
        with pytest.raises(UserError) as caught:
            publish_cap(s, 10, NOW + DAY - timedelta(seconds=1))
        assert caught.value.field == "effective_from"
    with at(NOW + DAY), pytest.raises(UserError) as caught, tally.transaction(firm) as s:
        row = policies.open_draft(s, s.scalars(select(PolicyRecord.id)).one())
        assert row is not None
        policies.publish(s, row.id, reason=" ")
    assert caught.value.field == "reason"
    with at(NOW + DAY), pytest.raises(UserError), tally.transaction(firm) as s:
        policies.choose(s, "tally", None, uuid.uuid4(), valid_from=NOW)


def test_one_draft_at_a_time(tally: Site, firm: int) -> None:
    """Two people who press the button work on one draft, not past each other."""
    with at(NOW), tally.transaction(firm) as s:
        policy_id = s.scalars(select(PolicyRecord.id)).one()
        assert policies.open_draft(s, policy_id) is None
        first = policies.draft(s, policy_id)
        for based_on in (None, policies.versions_of(s, policy_id)[-1].id):
            with pytest.raises(Conflict) as caught:
                policies.draft(s, policy_id, based_on=based_on)
            assert (caught.value.code, caught.value.extra) == (
                "draft_open",
                {"draft": str(first.id)},
            )
        policies.discard_draft(s, first.id)
        assert policies.draft(s, policy_id).id != first.id


def test_a_published_version_is_never_a_draft_again(tally: Site, firm: int) -> None:
    with at(NOW), tally.transaction(firm) as s:
        version = publish_cap(s, 10)
    with at(NOW + DAY), tally.transaction(firm) as s:
        for act in (
            lambda: policies.publish(s, version.id, reason="x"),
            lambda: policies.discard_draft(s, version.id),
            lambda: policies.save_draft(
                s, version.id, lock=version.lock, params={}, clauses={}, mode="observe"
            ),
        ):
            with pytest.raises(Conflict):
                act()


def test_a_scheduled_version_can_be_withdrawn_one_in_force_cannot(tally: Site, firm: int) -> None:
    with at(NOW), tally.transaction(firm) as s:
        version = publish_cap(s, 10, NOW + DAY)
        assert [v.id for v in policies.later_versions(s, version.policy_id, NOW)] == [version.id]
    with at(NOW + DAY), pytest.raises(Conflict), tally.transaction(firm) as s:
        policies.withdraw(s, version.id, reason="x")
    with at(NOW), tally.transaction(firm) as s:
        policies.withdraw(s, version.id, reason="算错了")
    assert cap(tally, firm, NOW + 2 * DAY) == 7
    with at(NOW), tally.transaction(firm) as s:
        assert publish_cap(s, 11).number == 3  # a number is never used twice


def test_a_policy_is_chosen_for_its_own_plugin_only(tally: Site, firm: int) -> None:
    with at(NOW), tally.transaction(firm) as s:
        policy_id = s.scalars(select(PolicyRecord.id)).one()
        with pytest.raises(UserError) as caught:
            policies.choose(s, "other", None, policy_id)
    assert caught.value.field == "policy_id"
    with tally.reader(firm) as s, pytest.raises(NotFound):
        policies.in_force(s, "other", None, NOW)


def test_a_withdrawn_version_is_nothing_to_choose(tally: Site, firm: int) -> None:
    with at(NOW), tally.transaction(firm) as s:
        row = policies.create(s, preset="tally.T2", name="试点")
        row = policies.publish(s, row.id, effective_from=NOW + DAY, reason="试点")
        policies.withdraw(s, row.id, reason="算错了")
        assert policies.current(s, row.policy_id, NOW + 2 * DAY) is None
        with pytest.raises(UserError) as caught:
            policies.choose(s, "tally", None, row.policy_id, valid_from=NOW + 2 * DAY)
    assert caught.value.code == "no_version"


def test_a_change_of_mode_is_a_version_of_its_own(tally: Site, firm: int) -> None:
    with at(NOW), tally.transaction(firm) as s:
        publish_cap(s, 10, mode="observe")
        policy_id = s.scalars(select(PolicyRecord.id)).one()
        policies.change_mode(s, policy_id, "advise", effective_from=NOW + DAY, reason="第二步")
    assert held(tally, firm, NOW).mode == "observe"
    later = held(tally, firm, NOW + DAY)
    assert (later.mode, later.policy.mode, later.number) == ("advise", "advise", 3)
    assert later.policy["count.cap"] == 10


def test_two_publications_at_once_get_two_numbers(
    any_site: Site, with_tally: Callable[[Site], Site], new_company: Callable[..., int]
) -> None:
    site = with_tally(any_site)
    company = new_company(site)
    with site.transaction(company) as s:
        policies.ensure_default(s, "tally")
    errors: list[BaseException] = []

    def work(value: int) -> None:
        def once() -> None:
            with site.transaction(company) as s:
                publish_cap(s, value)

        try:
            site.retrying(once)
        except BaseException as error:  # noqa: BLE001  whatever it is, the test must see it
            errors.append(error)

    threads = [threading.Thread(target=work, args=(value,)) for value in range(10, 16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    with site.reader(company) as s:
        numbers = sorted(n for n in s.scalars(select(PolicyVersion.number)) if n)
    assert numbers == list(range(1, 8))


def test_companies_do_not_see_each_others_policies(
    tally: Site, firm: int, new_company: Callable[..., int]
) -> None:
    other = new_company(tally, "other")
    mine = held(tally, firm, NOW)
    with tally.reader(other) as s:
        assert policies.policies_of(s) == []
        with pytest.raises(NotFound):
            policies.resolved_version(s, mine.version_id)
    with tally.transaction(other) as s:
        policies.ensure_default(s, "tally")
        unit = Unit(kind="site", code="x", name="x")
        s.add(unit)
        with pytest.raises(NotFound):
            policies.choose(s, "tally", None, mine.policy_id)
        with pytest.raises(NotFound):
            policies.export_version(s, mine.version_id)


# -- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("json_form", [False, True])
def test_a_file_goes_to_another_company_as_a_draft(
    tally: Site, firm: int, new_company: Callable[..., int], json_form: bool
) -> None:
    with at(NOW), tally.transaction(firm) as s:
        version = publish_cap(s, None, mode="advise")
        text = policies.export_version(s, version.id, json_form=json_form)
    assert str(version.id) not in text
    read = policies.read_file(tally, text)
    assert (read.changed, read.other_preset, read.mode) == (False, False, "advise")
    other = new_company(tally, "other")
    with at(NOW), tally.transaction(other) as s:
        row = policies.import_file(s, text)
        assert (row.state, row.params, row.company_id) == ("draft", {"count.cap": None}, other)
        again = policies.import_file(s, text)
        names = {policy.name for policy in policies.policies_of(s)}
        assert names == {"计数制 T1", "计数制 T1 (2)"}
        with pytest.raises(Conflict) as caught:  # its first draft is still open
            policies.import_file(s, text, into=row.policy_id)
        assert caught.value.code == "draft_open"
        policies.publish(s, row.id, reason="启用")
        into = policies.import_file(s, text, into=row.policy_id)
        assert into.policy_id == row.policy_id
        assert len({row.id, again.id, into.id}) == 3


def test_a_file_that_was_edited_must_be_confirmed(tally: Site, firm: int) -> None:
    with at(NOW), tally.transaction(firm) as s:
        text = policies.export_version(s, publish_cap(s, 10).id).replace("= 10", "= 11")
        assert policies.read_file(tally, text).changed
        with pytest.raises(UserError) as caught:
            policies.import_file(s, text)
        assert caught.value.code == "hash"
        assert policies.import_file(s, text, accept_changed=True).params == {"count.cap": 11}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"format": "zhike-policy-9"}, "format"),
        ({"preset": "tally.T9"}, "no_preset"),
        ({"name": 5}, "format"),
        ({"params": []}, "format"),
        ({"params": {"count.cap": 100}}, "policy"),
        ({"clauses": {"TL-01": "text"}}, "policy"),
        ({"mode": "always"}, "policy"),
        ({"id": "0190c0de-0000-7000-8000-000000000001"}, "format"),
        ({"company_id": 1}, "format"),
    ],
)
def test_a_file_that_does_not_hold_is_refused(
    tally: Site, firm: int, change: dict[str, Any], code: str
) -> None:
    good = {
        "format": "zhike-policy-1",
        "name": "x",
        "preset": "tally.T1",
        "mode": "observe",
        "params": {"count.cap": 8},
    }
    policies.read_file(tally, json.dumps(good))
    with pytest.raises(UserError) as caught:
        policies.read_file(tally, json.dumps({**good, **change}))
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["", "{", "= =", "[" * 100_000, '{"a":' * 50_000, "x" * 1_000_001])
def test_rubbish_is_refused_with_a_sentence(tally: Site, text: str) -> None:
    with pytest.raises(UserError):
        policies.read_file(tally, text)


def test_the_file_is_readable(tally: Site, firm: int) -> None:
    with at(NOW), tally.transaction(firm) as s:
        text = policies.export_version(s, publish_cap(s, 10).id)
    data = tomllib.loads(text)
    assert data["params"] == {"count.cap": 10}
    assert data["name"] == "计数制 T1"
    assert "计数制" in text
