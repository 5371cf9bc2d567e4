"""What each process says about itself, and what the worker does when the panel asks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from zhike.contributions import RecordKind, RecordRef, RecordSummary
from zhike.models.jobs import JobRequest
from zhike.models.ledger import SiteLedgerLine
from zhike.models.plugin import PluginFailure, PluginState, Process
from zhike.plugins import fingerprints
from zhike.plugins.heads import shipped_head
from zhike.plugins.registry import Owner
from zhike.services import lifecycle, people, records
from zhike.services.jobs.requests import ask, run_waiting
from zhike.site import Site
from zhike.testing import FrozenClock
from zhike.testing.sites import make_company

Write = Callable[..., str]
Open = Callable[..., Site]


def test_a_process_reports_itself_once_and_leaves(write_plugin: Write, open_with: Open) -> None:
    write_plugin("calm")
    site = open_with("calm")
    fingerprints.report(site, "web")
    fingerprints.report(site, "web")
    (info,) = fingerprints.live(site)
    assert info.plugins == {"calm": "1.0"}
    assert info.fingerprint == site.plugins.fingerprint
    assert fingerprints.without(site, "calm", "1.0") == []
    assert [p.pid for p in fingerprints.without(site, "calm", "1.1")] == [info.pid]
    fingerprints.leave(site)
    assert fingerprints.live(site) == []


def test_one_that_has_ended_hinders_nobody(write_plugin: Write, open_with: Open) -> None:
    import socket

    write_plugin("calm")
    site = open_with("calm")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with site.system() as s:
        s.add(
            Process(
                host=socket.gethostname(), pid=ended.pid, kind="web", fingerprint="", plugins={}
            )
        )
    assert fingerprints.without(site, "calm", "1.0") == []


def test_old_rows_are_forgotten(
    write_plugin: Write, open_with: Open, frozen_clock: FrozenClock
) -> None:
    write_plugin("calm")
    site = open_with("calm")
    with site.system() as s:
        s.add(Process(host="elsewhere", pid=7, kind="web", fingerprint="", plugins={}))
    assert len(fingerprints.live(site)) == 1
    frozen_clock.move(minutes=3)
    assert fingerprints.live(site) == []
    frozen_clock.move(days=2)
    fingerprints.report(site, "cli")
    with site.system_reader() as s:
        assert [p.host for p in s.scalars(select(Process))] != ["elsewhere"]


def test_failures_are_counted_not_repeated(
    write_plugin: Write, open_with: Open, frozen_clock: FrozenClock
) -> None:
    write_plugin("calm")
    site = open_with("calm")
    company, other = make_company(site, "aa"), make_company(site, "bb")
    for number in range(3):
        site.plugins.note_failure("calm", "card calm.x", ValueError("again"), company)
        frozen_clock.move(seconds=number)
    site.plugins.note_failure("calm", "loading", ValueError("anywhere"))
    fingerprints.report(site, "web")
    site.plugins.note_failure("calm", "card calm.x", ValueError("again"), company)
    fingerprints.report(site, "web")
    with site.reader(company) as s:
        found = {(t.place, t.error): t.count for t in lifecycle.failures(s, "calm")}
    assert found == {
        ("card calm.x", "ValueError: again"): 4,
        ("loading", "ValueError: anywhere"): 1,
    }
    with site.reader(other) as s:
        assert [t.place for t in lifecycle.failures(s, "calm")] == ["loading"]
    with site.system_reader() as g:
        assert len(g.scalars(select(PluginFailure)).all()) == 2


def test_the_worker_does_what_the_panel_asks(
    write_plugin: Write, open_with: Open, closing_all: list[Site]
) -> None:
    from dataclasses import replace

    write_plugin("here")
    write_plugin("asked")
    first = open_with("here")
    first.close()
    site = Site.open(replace(first.config, plugin_allow=("here", "asked")))
    closing_all.append(site)

    def state(request: object) -> tuple[str, str]:
        with site.system_reader() as s:
            row = s.get_one(JobRequest, request)
            return row.state, row.message

    with site.system() as s:
        keeper = people.add_user(s, login="keeper", name="李工").id
    one = ask(site, "plugin.install", {"name": "asked"}, requested_by=keeper)
    two = ask(site, "plugin.install", {"name": "nobody"})
    assert run_waiting(site) == 2
    assert state(one) == ("done", "asked")
    assert state(two)[0] == "failed"
    three = ask(site, "plugin.uninstall", {"name": "asked", "typed": "asked"})
    four = ask(site, "plugin.uninstall", {"name": "here", "typed": "her"})
    run_waiting(site)
    assert state(three)[0] == "done"
    assert state(four)[0] == "failed"
    with site.system_reader() as s:
        assert [r.name for r in s.scalars(select(PluginState))] == ["here"]
        lines = s.execute(
            select(SiteLedgerLine.action, SiteLedgerLine.actor_kind, SiteLedgerLine.user_id)
            .where(SiteLedgerLine.object == "asked")
            .order_by(SiteLedgerLine.seq)
        )
        assert [tuple(line) for line in lines] == [
            ("core.plugin.installed", "user", keeper),
            ("core.plugin.uninstalled", "system", None),
        ]


def test_records_have_names_only_where_their_plugin_is_on(
    write_plugin: Write, open_with: Open
) -> None:
    from uuid import uuid4

    write_plugin("calm")
    site = open_with("calm")
    on, off = make_company(site, "aa", ["calm"]), make_company(site, "bb")
    gone = uuid4()

    def name(s: object, ref: RecordRef, principal: object) -> RecordSummary | None:
        if ref.id == gone:
            raise LookupError("gone")
        return RecordSummary(f"note {principal}", "/p/calm/")

    kind = RecordKind(name="calm.note", title="Note", describe=name)
    site.plugins.registry.add(Owner("calm"), "register_record_kinds", [("calm.note", kind)])
    ref = RecordRef("calm", "note", uuid4())
    with site.reader(on) as s:
        assert records.describe(s, str(ref), "me") == RecordSummary("note me", "/p/calm/")
        assert records.describe(s, RecordRef("calm", "other", uuid4()), "me") is None
        assert records.describe(s, RecordRef("calm", "note", gone), "me") is None
        with pytest.raises(ValueError, match="not a record reference"):
            records.describe(s, "calm:note", "me")
    with site.reader(off) as s:
        assert records.describe(s, ref, "me") is None
    assert [f.where for f in site.plugins.failures] == ["describe note"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"0001.py": "revision = 'a'\ndown_revision = None"}, "a"),
        ({"0001.py": "revision: str = 'a'\ndown_revision: str | None = None"}, "a"),
        ({"0001.py": "revision = 'a'\n\n\ndef upgrade():\n    revision = 'z'\n"}, "a"),
        ({"0001.py": "def upgrade():\n    pass\n\n\nrevision = 'a'\n"}, "a"),
        (
            {
                "0001.py": "revision = 'a'\ndown_revision = None",
                "0002.py": "revision = 'b'\ndown_revision = 'a'",
            },
            "b",
        ),
    ],
)
def test_the_head_is_read_from_the_files(
    files: dict[str, str], expected: str | None, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert shipped_head(tmp_path) == expected


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"0001.py": "x = 1"}, "names no revision"),
        (
            {"0001.py": "revision = 'a'", "0002.py": "revision = 'a'"},
            "both name 'a'",
        ),
        (
            {
                "0001.py": "revision = 'a'\ndown_revision = 'b'",
                "0002.py": "revision = 'b'\ndown_revision = 'a'",
            },
            "circle",
        ),
    ],
)
def test_a_lineage_that_makes_no_sense_is_refused(
    files: dict[str, str], words: str, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=words):
        shipped_head(tmp_path)


def test_the_head_equals_what_the_migration_tool_says() -> None:
    """The short reading and Alembic's must never differ."""
    from zhike.db import migrate

    assert shipped_head(migrate.CORE.folder) == migrate.head(migrate.CORE)
