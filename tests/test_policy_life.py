"""A regulation's life with the sales floor's own preset: as files, through commands, as drills."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zhike import clock
from zhike.cli import cli
from zhike.drills import load_text
from zhike.errors import Conflict
from zhike.services import drills, policies
from zhike.site import Site
from zhike.testing import make_company, make_site

Run = Callable[..., Result]

# Eight days of silence: under seven days the customer is lost, under ten he is not.
SILENCE = """
title: 八天没联系
plugin: sales_floor
given:
  date: 2026-11-20
  ring: A>B
  reps: {A: {state: off_duty}}
  customers: {o1: {owner: A, last_contact: 8 days ago}}
events:
  - {at: "09:00", arrive: o1, expect: {assigned: B (turn)}}
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A migrated site with the sales floor and one company that uses it."""
    with closing(make_site(tmp_path / "home", ["sales_floor"])) as opened:
        make_company(opened, "lanjing", ["sales_floor"])
        yield opened


@pytest.fixture
def company() -> int:
    """The number of the first company of a new site."""
    return 1


@pytest.fixture
def run(site: Site, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command on this site."""
    monkeypatch.setenv("ZHIKE_HOME", str(site.config.home))
    monkeypatch.setenv("ZHIKE_PLUGINS", "sales_floor")
    monkeypatch.delenv("ZHIKE_DATABASE_URL", raising=False)

    def call(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, list(arguments))
        assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
        return result

    return call


def test_seven_days_become_ten_tomorrow(site: Site, company: int) -> None:
    now = clock.now()
    tomorrow = now + timedelta(days=1)
    with site.transaction(company) as s:
        held = policies.in_force(s, "sales_floor", None, now)
        assert held.policy["owner.contact_lapse_days"] == 7
        draft = policies.draft(s, held.policy_id)
        draft = policies.save_draft(
            s,
            draft.id,
            lock=draft.lock,
            params={"owner.contact_lapse_days": "10"},
            clauses={},
            mode="enforce",
        )
        policies.publish(s, draft.id, effective_from=tomorrow, reason="回访跟不上")
    with site.reader(company) as s:
        today = policies.in_force(s, "sales_floor", None, now)
        then = policies.in_force(s, "sales_floor", None, tomorrow)
    assert "7" in today.policy.sentence("SF-A-05")
    assert "10" in then.policy.sentence("SF-A-05")
    (row,) = policies.diff(today.policy, then.policy)
    assert (row.before, row.after) == (7, 10)


def test_the_preset_has_a_clause_for_every_rule_its_drills_cite(site: Site, company: int) -> None:
    with site.reader(company) as s:
        held = policies.in_force(s, "sales_floor", None, clock.now())
    cited = {
        cite.rule
        for pair in drills.shipped_changes(site, held)
        for event in pair.left.events
        for made in event.decisions
        for cite in made.cites
    }
    assert cited
    assert [rule for rule in sorted(cited) if held.policy.clause(rule) is None] == []


def test_under_its_own_preset_no_shipped_drill_comes_out_otherwise(
    site: Site, company: int
) -> None:
    with site.reader(company) as s:
        held = policies.in_force(s, "sales_floor", None, clock.now())
    assert [p.drill.id for p in drills.shipped_changes(site, held) if p.differs] == []


def test_a_drill_of_the_company_keeps_ten_days_out(site: Site, company: int) -> None:
    with site.transaction(company) as s:
        drills.save(s, name="八天没联系", text=SILENCE)
        held = policies.in_force(s, "sales_floor", None, clock.now())
        assert [r.summary for r in drills.run_all(s, held)] == [""]
        draft = policies.draft(s, held.policy_id)
        policies.save_draft(
            s,
            draft.id,
            lock=draft.lock,
            params={"owner.contact_lapse_days": 10},
            clauses={},
            mode="enforce",
        )
        later = policies.resolved_version(s, draft.id)
        (drill,) = load_text(SILENCE)
        assert drills.side_by_side(site, drill, held.policy, later.policy).differs
        assert [one.name for one in drills.failing(s, later)] == ["八天没联系"]
        with pytest.raises(Conflict):
            policies.publish(s, draft.id, reason="想改")


def test_a_policy_travels_as_a_file(site: Site, run: Run, tmp_path: Path) -> None:
    listed = run("policy", "list", "--company", "lanjing").output.splitlines()
    version = listed[1].split()[0]
    text = run("policy", "export", version, "--company", "lanjing").output
    path = tmp_path / "policy.toml"
    path.write_text(text.replace("[params]", '[params]\n"owner.contact_lapse_days" = 10'), "utf-8")
    assert "changed" in run("policy", "check", str(path)).output
    make_company(site, "haitang")
    run("policy", "import", str(path), "--company", "haitang", code=1)
    run("policy", "import", str(path), "--company", "haitang", "--accept-changed")
    assert "draft" in run("policy", "list", "--company", "haitang").output
    wrong = '[params]\n"owner.contact_lapse_days" = -1\n"rotation.owed_cap" = "many"'
    path.write_text(text.replace("[params]", wrong), "utf-8")
    said = run("policy", "check", str(path), code=1).output
    assert "params.owner.contact_lapse_days: " in said
    assert "params.rotation.owed_cap: " in said


def test_drills_from_the_command_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "silence.yaml"
    path.write_text(SILENCE, "utf-8")
    shown = run("drill", "run", str(path), "--company", "lanjing", "--json")
    (report,) = json.loads(shown.output)
    assert report["ok"]
    assert report["events"][0]["decisions"][0]["cites"]
    path.write_text(SILENCE.replace("assigned: B", "assigned: A"), "utf-8")
    assert "expected" in run("drill", "run", str(path), "--company", "lanjing", code=1).output
    schema = json.loads(run("drill", "schema", "sales_floor").output)
    assert "arrive" in json.dumps(schema)
