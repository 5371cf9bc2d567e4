"""The command as a person or a script meets it: a site from nothing, by commands alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from zhike.cli import COMMANDS, cli
from zhike.config import Config
from zhike.errors import ZhikeError
from zhike.models.ledger import SiteLedgerLine
from zhike.models.people import AuthEvent, LoginSession
from zhike.ops import runfile
from zhike.services import door, ledger
from zhike.site import Site

Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for a site; no plugin but those named is loaded."""
    monkeypatch.setenv("ZHIKE_HOME", str(tmp_path / "site"))
    monkeypatch.setenv("ZHIKE_PLUGINS", "")
    monkeypatch.delenv("ZHIKE_DATABASE_URL", raising=False)
    return tmp_path / "site"


@pytest.fixture
def run(home: Path) -> Run:
    """Call the command in this process; an error meant for people is the result's exception."""

    def call(*arguments: str, input: str | None = None, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, list(arguments), input=input)
        assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
        return result

    return call


@pytest.fixture
def site(run: Run, home: Path) -> Path:
    """A site with one company and its administrator."""
    run("db", "upgrade")
    run("company", "add", "lanjing", "蓝鲸置业")
    run("user", "add", "lin", "--name", "林", "--company", "lanjing", "--admin")
    return home


def signs_in(home: Path, login: str, password: str) -> bool:
    opened = Site.open(Config(home=home), plugins=False)
    try:
        return isinstance(
            door.sign_in(opened, login, password, ip="127.0.0.1", agent=""), door.SignedIn
        )
    finally:
        opened.close()


def password_in(output: str) -> str:
    return output.split("Password: ")[1].split()[0]


def test_help_imports_no_topic() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from zhike.cli import cli\n"
        "result = CliRunner().invoke(cli, ['--help']); assert result.exit_code == 0\n"
        "heavy = {'sqlalchemy', 'flask', 'alembic', 'pluggy', 'gunicorn', 'cryptography'}\n"
        "print(sorted(heavy & sys.modules.keys()), [m for m in sys.modules if 'zhike.cli.' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(run: Run, name: str) -> None:
    assert run(name, "--help").output.startswith("Usage:")


def test_an_error_for_people_is_one_sentence_and_code_1(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zhike", "user", "list"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "There is no site in" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_commands_create_is_private(home: Path) -> None:
    subprocess.run([sys.executable, "-m", "zhike", "db", "upgrade"], check=True)
    assert all(path.stat().st_mode & 0o077 == 0 for path in [home, *home.rglob("*")])


def test_db_status(run: Run, home: Path) -> None:
    assert json.loads(run("db", "status", "--json").output)[0]["state"] == "absent"
    run("db", "upgrade")
    assert json.loads(run("db", "status", "--json").output)[0]["state"] == "current"


def test_accounts(run: Run, site: Path) -> None:
    listed = json.loads(run("user", "list", "--json").output)
    assert [(u["login"], u["companies"]) for u in listed] == [("lin", ["lanjing"])]
    given = password_in(run("user", "password", "lin").output)
    assert signs_in(site, "lin", given)
    run("user", "add", "wang", "--name", "王", "--password-stdin", input="q7-Rotunde-Apfel\n")
    assert signs_in(site, "wang", "q7-Rotunde-Apfel")
    run("user", "disable", "wang")
    assert not signs_in(site, "wang", "q7-Rotunde-Apfel")
    run("user", "enable", "wang")
    assert signs_in(site, "wang", "q7-Rotunde-Apfel")


def test_rescue_of_a_locked_out_site(run: Run, site: Path) -> None:
    for _ in range(6):
        signs_in(site, "lin", "wrong")
    given = password_in(run("user", "rescue", "lin", "--company", "lanjing").output)
    assert signs_in(site, "lin", given)


def test_the_last_administrator_stays(run: Run, site: Path) -> None:
    given = password_in(run("user", "password", "lin").output)
    result = run("user", "disable", "lin", code=1)
    assert isinstance(result.exception, ZhikeError)
    assert signs_in(site, "lin", given)


def test_whoever_may_not_be_shut_out_is_not_signed_out_either(run: Run, site: Path) -> None:
    assert signs_in(site, "lin", password_in(run("user", "password", "lin").output))
    run("user", "disable", "lin", code=1)
    opened = Site.open(Config(home=site), plugins=False)
    with opened.system_reader() as s:
        assert s.scalars(select(LoginSession.revoked_at)).all()[-1] is None
        assert "core.user.disabled" not in s.scalars(select(SiteLedgerLine.action)).all()
    opened.close()


def test_backup_restore_and_release(run: Run, site: Path, tmp_path: Path) -> None:
    made = json.loads(run("backup", "create", "--json").output)
    assert made["problems"] == []
    run("company", "add", "later", "后来")
    assert made["path"] in run("backup", "list", "--json").output
    run("backup", "verify", made["path"])
    assert isinstance(run("restore", made["path"], code=1).exception, ZhikeError)
    run("restore", made["path"], "--aside")
    assert "later" not in run("company", "list").output
    doctor = json.loads(run("doctor", "--json", code=2).output)
    assert {f["name"]: f["level"] for f in doctor}["core.held"] == "warning"
    run("backup", "release")
    doctor = json.loads(run("doctor", "--json", code=2).output)
    assert {f["name"]: f["level"] for f in doctor}["core.held"] == "ok"
    run("ledger", "verify")


def test_sealed_backup_on_a_new_machine(
    run: Run, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = tmp_path / "kit.txt"
    secret = "correct horse battery"
    run("keys", "kit", str(kit), input=f"{secret}\n{secret}\n")
    assert kit.stat().st_mode & 0o077 == 0
    run("keys", "kit", "--try", str(kit), input=f"{secret}\n")
    made = json.loads(run("backup", "create", "--to", str(tmp_path / "usb"), "--json").output)
    assert made["sealed"] is True
    monkeypatch.setenv("ZHIKE_HOME", str(tmp_path / "new"))
    run("restore", made["path"], code=1)
    run("restore", made["path"], "--kit", str(kit), input=f"{secret}\n")
    assert "lanjing" in run("company", "list").output
    run("keys", "verify")


def test_keys_rotate(run: Run, site: Path) -> None:
    before = json.loads(run("keys", "status", "--json").output)
    run("keys", "rotate")
    after = json.loads(run("keys", "status", "--json").output)
    assert before["current"] != after["current"]
    assert after["pending"] == 0


def test_doctor_says_what_to_do(run: Run, site: Path, home: Path) -> None:
    findings = {f["name"]: f for f in json.loads(run("doctor", "--json", code=2).output)}
    assert findings["core.worker"]["level"] == "critical"  # nothing runs in this test
    assert findings["core.kit"]["remedy"].startswith("zhike keys kit")
    assert findings["core.database"]["level"] == findings["core.ledger"]["level"] == "ok"
    (home / "keys").chmod(0o755)
    findings = {f["name"]: f for f in json.loads(run("doctor", "--json", code=2).output)}
    assert findings["core.folder"]["level"] == "warning"
    assert str(home / "keys") in findings["core.folder"]["message"]


def test_doctor_of_no_site(run: Run) -> None:
    (finding,) = json.loads(run("doctor", "--json", code=2).output)
    assert finding["level"] == "critical"


def test_ledger_verify_names_the_first_altered_line(run: Run, site: Path) -> None:
    import sqlite3

    with sqlite3.connect(site / "zhike.db") as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='core__site_ledger'"
        ).fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE core__site_ledger SET action='core.x.y' WHERE seq=2")
    result = run("ledger", "verify", "--json", code=1)
    bad = next(report for report in json.loads(result.output) if not report["ok"])
    assert (bad["chain"], bad["first_bad_seq"]) == (0, 2)


def test_ledger_verify_looks_at_the_sign_ins_as_well(run: Run, site: Path) -> None:
    opened = Site.open(Config(home=site), plugins=False)
    with opened.system() as s:
        at = datetime(2020, 1, 1, tzinfo=UTC)
        s.add(AuthEvent(at=at, kind="failed", login_key="lin", ip_prefix="", detail={}))
    ledger.seal_auth_events(opened)
    assert "under 1 seals: ok" in run("ledger", "verify").output
    with opened.system() as s:
        s.scalars(select(AuthEvent).where(AuthEvent.login_key == "lin")).one().kind = "signed_in"
    opened.close()
    assert "not as sealed" in run("ledger", "verify", code=1).output


def test_commands_say_that_the_site_runs(run: Run, site: Path, tmp_path: Path) -> None:
    made = json.loads(run("backup", "create", "--json").output)
    with runfile.exclusive(site, address="http://127.0.0.1:1"):
        for arguments in (["restore", made["path"], "--aside"], ["upgrade"], ["run"]):
            result = run(*arguments, code=1)
            assert "in use" in str(result.exception)


def test_worker_stops_when_told(site: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "zhike", "worker"],
        env={**os.environ, "ZHIKE_HOME": str(site)},
        stderr=subprocess.PIPE,
        text=True,
    )
    import time

    from sqlalchemy import select

    from zhike.models.plugin import Process

    opened = Site.open(Config(home=site), plugins=False)
    limit = time.monotonic() + 90
    while True:
        with opened.system_reader() as s:
            if s.scalars(select(Process.pid).where(Process.kind == "worker")).first():
                break
        assert time.monotonic() < limit
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        time.sleep(0.05)
    process.terminate()
    assert process.wait(90) == 0
    with opened.system_reader() as s:
        assert s.scalars(select(Process.pid)).all() == []
    opened.close()
