"""Backups: what comes back is what there was, and nothing is taken on trust."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import tarfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from zhike import clock
from zhike.config import Config
from zhike.errors import ConfigError
from zhike.models.jobs import JobRequest
from zhike.models.ledger import SiteLedgerLine
from zhike.models.people import ApiToken, LoginSession, Membership, User
from zhike.models.setting import SystemSetting
from zhike.ops import backup, database, nightly, recovery, restore, runfile
from zhike.ops.container import BackupError, BackupKey, SealedReader, SealedWriter, safe_path
from zhike.services import keys, ledger, tokens
from zhike.site import Site

PASSPHRASE = "correct horse battery 马"


def logical(config: Config) -> dict[str, list[str]]:
    """Every row of every table, as text, in an order of its own."""
    found = {}
    with database.opened(config.url) as connection:
        metadata = sa.MetaData()
        metadata.reflect(connection)
        for table in metadata.sorted_tables:
            rows = connection.execute(sa.select(table)).all()
            found[table.name] = sorted(repr(tuple(row)) for row in rows)
    return found


#: What a restore changes on purpose.
SETTLED = {
    "core__login_session",
    "core__job_request",
    "core__process",
    "core__system_setting",
    "core__site_ledger",
    "core__site_ledger_head",
}


def test_restored_is_what_was_backed_up(site: Site, tmp_path: Path) -> None:
    made = backup.create(site.config, tmp_path / "safe")
    before = logical(site.config)
    site.close()
    attached = (site.config.home / "files" / "ab" / "contract.pdf").read_bytes()
    anchors = (site.config.home / "anchors" / "company-1.jsonl").read_bytes()

    manifest = restore.restore(site.config, made.path, aside=True)

    after = logical(site.config)
    assert {k: v for k, v in after.items() if k not in SETTLED} == {
        k: v for k, v in before.items() if k not in SETTLED
    }
    assert (site.config.home / "files" / "ab" / "contract.pdf").read_bytes() == attached
    assert (site.config.home / "anchors" / "company-1.jsonl").read_bytes() == anchors
    assert manifest["rows"]["core__party"] == 6
    opened = Site.open(site.config, plugins=False)
    assert all(report.ok for report in ledger.verify_all(opened))
    assert keys.verify(opened) == []
    opened.close()


def test_a_token_taken_back_after_the_backup_stays_without_effect(
    site: Site, tmp_path: Path
) -> None:
    with site.system() as s:
        user_id = s.scalars(sa.select(User.id)).one()
        s.add(Membership(company_id=1, user_id=user_id))
    with site.transaction(1) as c:
        ends = clock.now() + timedelta(days=90)
        token, text = tokens.create(c, user_id, title="till", expires_at=ends)
    with site.system_reader() as s:
        assert tokens.look_up(s, text) is not None
    made = backup.create(site.config, tmp_path / "safe")
    with site.transaction(1) as c:
        assert tokens.revoke(c, user_id, token.id)
    site.close()
    restore.restore(site.config, made.path, aside=True)
    opened = Site.open(site.config, plugins=False)
    with opened.system_reader() as s:
        assert tokens.look_up(s, text) is None
        assert s.scalars(sa.select(ApiToken.revoked_at)).one() is not None
    opened.close()


def test_what_a_killed_backup_left_is_removed_and_what_is_at_work_is_not(site: Site) -> None:
    home = site.config.home
    old = (clock.now() - timedelta(days=2)).timestamp()
    left = [home / "backups" / ".making-dead", home / "tmp" / "verify-dead"]
    busy = home / "tmp" / "verify-now"
    for path in (*left, busy):
        path.mkdir(parents=True)
        (path / "database").write_bytes(b"everybody")
    for path in left:
        os.utime(path, (old, old))
    made = nightly.make_backup(site)
    assert made.path.exists()
    assert [path.exists() for path in (*left, busy)] == [False, False, True]


def test_after_a_restore_nothing_goes_on_by_itself(site: Site, tmp_path: Path) -> None:
    with site.system() as s:
        s.add(JobRequest(kind="plugin.install", args={"name": "x"}))
    made = backup.create(site.config, tmp_path / "safe")
    site.close()
    restore.restore(site.config, made.path, aside=True)
    opened = Site.open(site.config, plugins=False)
    with opened.system_reader() as s:
        assert s.scalars(sa.select(LoginSession.revoked_at)).one() is not None
        assert s.scalars(sa.select(JobRequest.state)).one() == "failed"
        held = s.get(SystemSetting, restore.HOLD)
        assert held is not None
        assert held.value is True
        actions = s.scalars(sa.select(SiteLedgerLine.action)).all()
    assert "core.site.restored" in actions
    assert not (site.config.home / "restored.json").exists()
    opened.close()


def test_verify_says_ok_and_notes_it(site: Site) -> None:
    made = backup.create(site.config)
    assert made.verified_at is None
    result = restore.verify(site.config, made.path)
    assert result.problems == []
    assert (result.chains, result.attachments) == (3, 1)
    assert backup.list_backups(backup.folder(site.config))[0].verified_at is not None


def test_verify_finds_a_ledger_that_was_changed(site: Site) -> None:
    with database.opened(site.config.url) as connection:
        for name in ("core__ledger", "core__site_ledger"):
            table = sa.table(name, sa.column("action"))
            drop_guards(connection, name)
            connection.execute(table.update().values(action="core.test.forged"))
        connection.commit()
    made = backup.create(site.config)
    result = restore.verify(site.config, made.path)
    assert sum("ledger" in problem for problem in result.problems) >= 2
    assert backup.list_backups(backup.folder(site.config))[0].verified_at is None


def drop_guards(connection: sa.Connection, table: str) -> None:
    """Take away the triggers that would have refused the change, as a forger would."""
    if connection.dialect.name == "sqlite":
        triggers = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name=?", (table,)
        ).scalars()
        for trigger in list(triggers):
            connection.exec_driver_sql(f'DROP TRIGGER "{trigger}"')
    else:
        connection.exec_driver_sql(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')


def test_attachments_are_kept_once_and_their_loss_is_found(site: Site, tmp_path: Path) -> None:
    safe = tmp_path / "safe"
    backup.create(site.config, safe)
    second = backup.create(site.config, safe)
    blobs = list(safe.glob("blobs/*/*/*"))
    assert len(blobs) == 1
    blobs[0].write_bytes(blobs[0].read_bytes()[:-1] + b"x")
    assert any("contract.pdf" in p for p in restore.verify(site.config, second.path).problems)
    blobs[0].unlink()
    assert any("missing" in p for p in restore.verify(site.config, second.path).problems)
    site.close()
    with pytest.raises(BackupError, match="missing"):
        restore.restore(replace(site.config, home=site.config.home), second.path, aside=True)


def test_a_failed_restore_changes_nothing(site: Site, tmp_path: Path) -> None:
    made = backup.create(site.config, tmp_path / "safe")
    before = logical(site.config)
    data = bytearray(made.path.read_bytes())
    data[len(data) // 2] ^= 1
    made.path.write_bytes(data)
    with pytest.raises(BackupError):
        restore.restore(site.config, made.path, aside=True)
    assert logical(site.config) == before
    assert [p.name for p in site.config.home.iterdir() if p.name.startswith((".", "before"))] == []


def test_restore_refuses_a_site_that_is_not_empty_or_runs(site: Site, tmp_path: Path) -> None:
    made = backup.create(site.config, tmp_path / "safe")
    with pytest.raises(BackupError, match="not empty"):
        restore.restore(site.config, made.path)
    with (
        runfile.exclusive(site.config.home, address="x"),
        pytest.raises(ConfigError, match="in use"),
    ):
        restore.restore(site.config, made.path, aside=True)


def test_aside_keeps_what_was_there(site: Site, tmp_path: Path) -> None:
    made = backup.create(site.config, tmp_path / "safe")
    site.close()
    restore.restore(site.config, made.path, aside=True)
    (kept,) = site.config.home.glob("before-*")
    assert (kept / "files" / "ab" / "contract.pdf").exists()
    if site.config.is_sqlite:
        with database.opened(f"sqlite:///{kept / 'zhike.db'}") as connection:
            assert database.describe(connection)["rows"]["core__party"] == 6


@pytest.mark.parametrize("field", ["version", "format", "lineage"])
def test_a_newer_backup_is_refused(
    site: Site, tmp_path: Path, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        if field == "version":
            patch.setattr(backup, "__version__", "99.0")
        elif field == "format":
            patch.setattr(backup, "FORMAT", 99)
        else:
            patch.setattr(
                database,
                "describe",
                lambda c, real=database.describe: {**real(c), "lineages": {"core": "core_9999"}},
            )
        made = backup.create(site.config, tmp_path / "safe")
    with pytest.raises(BackupError, match="newer"):
        restore.restore(site.config, made.path, aside=True)


# -- sealing -------------------------------------------------------------------------------------


def test_sealed_once_there_is_a_kit_and_opened_elsewhere_with_it(
    site: Site, tmp_path: Path
) -> None:
    safe = tmp_path / "safe"
    plain = backup.create(site.config, safe)
    assert plain.sealed_by is None
    kit = recovery.make_kit(site.config, PASSPHRASE)
    sealed = backup.create(site.config, safe)
    assert sealed.sealed_by == site.keys.keyring.current.id
    assert "客户1".encode() not in sealed.path.read_bytes()
    assert restore.verify(site.config, sealed.path).problems == []
    before = logical(site.config)
    site.close()

    elsewhere = replace(site.config, home=tmp_path / "new machine")
    if not site.config.is_sqlite:
        database.move_aside(site.config, "test")
    with pytest.raises(BackupError, match="recovery kit of that site"):
        restore.restore(elsewhere, sealed.path)
    with pytest.raises(recovery.KitError, match="passphrase is wrong"):
        restore.restore(elsewhere, sealed.path, kit=(kit, "wrong horse battery"))
    restore.restore(elsewhere, sealed.path, kit=(kit, PASSPHRASE))
    assert logical(elsewhere)["core__party"] == before["core__party"]
    opened = Site.open(elsewhere, plugins=False)
    assert keys.verify(opened) == []
    assert all(report.ok for report in ledger.verify_all(opened))
    assert ledger.anchor(opened) > 0  # signed by the same key as before
    assert all(report.ok for report in ledger.verify_all(opened))
    opened.close()


def test_an_open_backup_also_needs_the_keys_of_its_sealed_fields(
    site: Site, tmp_path: Path
) -> None:
    made = backup.create(site.config, tmp_path / "safe")
    elsewhere = replace(site.config, home=tmp_path / "new machine")
    with pytest.raises(BackupError, match="keys of the site are missing"):
        restore.restore(elsewhere, made.path, aside=True)


def test_no_backup_contains_a_key(site: Site, tmp_path: Path) -> None:
    recovery.make_kit(site.config, PASSPHRASE)
    for sealed in (False, True):
        made = backup.create(site.config, tmp_path / "safe", sealed=sealed)
        with tarfile_of(made.path, site.config) as archive:
            content = b"".join(
                member.name.encode() + (archive.extractfile(member) or io.BytesIO()).read()
                for member in archive
            )
        everything = content + made.path.read_bytes()
        for key in site.keys.keyring.keys:
            for form in (key.secret, base64.b64encode(key.secret), key.secret.hex().encode()):
                assert form not in everything
        assert b"keys/" not in content.split(b"SQLite format 3")[0]


def tarfile_of(path: Path, config: Config) -> tarfile.TarFile:
    reader = SealedReader(path.open("rb"), recovery.backup_keys(restore.open_keyring(config)))
    return tarfile.open(fileobj=io.BytesIO(reader.readall()), mode="r:gz")


def test_kit_is_tried_and_grows_old(site: Site) -> None:
    kit = recovery.make_kit(site.config, PASSPHRASE)
    recovery.try_kit(site.config, kit, PASSPHRASE)
    with pytest.raises(recovery.KitError, match="wrong"):
        recovery.try_kit(site.config, kit, "another passphrase")
    keys.rotate(site)
    with pytest.raises(recovery.KitError, match="older"):
        recovery.try_kit(site.config, kit, PASSPHRASE)
    with pytest.raises(recovery.KitError, match="at least"):
        recovery.make_kit(site.config, "short")


def test_older_backups_open_after_a_rotation(site: Site, tmp_path: Path) -> None:
    made = backup.create(site.config, tmp_path / "safe", sealed=True)
    keys.rotate(site)
    assert restore.verify(site.config, made.path).problems == []


# -- the container -------------------------------------------------------------------------------

KEY = BackupKey("k1", bytes(range(32)))


def seal(data: bytes, key: BackupKey | None = KEY) -> bytes:
    out = io.BytesIO()
    writer = SealedWriter(out, key)
    writer.write(data)
    writer.close()
    return out.getvalue()


def unseal(data: bytes) -> bytes:
    return SealedReader(io.BytesIO(data), {"k1": KEY}).readall() or b""


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (3 << 20) + 5])
@pytest.mark.parametrize("key", [KEY, None])
def test_streams_come_back(size: int, key: BackupKey | None) -> None:
    data = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    assert unseal(seal(data, key)) == data


@pytest.mark.parametrize("key", [KEY, None])
def test_any_change_of_a_stream_is_found(key: BackupKey | None) -> None:
    sealed = seal(b"a" * ((1 << 20) + 100), key)
    for place in [*range(0, 300, 7), len(sealed) // 2, len(sealed) - 60, len(sealed) - 1]:
        changed = bytearray(sealed)
        changed[place] ^= 0x40
        with pytest.raises(BackupError):
            unseal(bytes(changed))
    for end in (3, 7, 50, 1 << 20, len(sealed) - 1):
        with pytest.raises(BackupError):
            unseal(sealed[:end])
    with pytest.raises(BackupError):
        unseal(sealed + b"x")


def test_cutting_off_whole_chunks_is_found() -> None:
    sealed = seal(b"b" * (2 << 20))
    header = len(sealed) - 2 * (4 + (1 << 20) + 16)
    with pytest.raises(BackupError, match="cut off"):
        unseal(sealed[: header + 4 + (1 << 20) + 16])


BAD_PATHS = [
    "/etc/passwd",
    "../x",
    "files/../../x",
    "files/./x",
    "files//x",
    "files",
    "files/",
    "keys/master.keys",
    "zhike.db",
    "files\\..\\x",
    "files/a\x00b",
    "",
    "files/" + "x" * 2000,
    None,
    7,
]


@pytest.mark.parametrize("path", BAD_PATHS, ids=lambda path: repr(path)[:20])
def test_paths_that_lead_elsewhere_are_refused(path: object) -> None:
    with pytest.raises(BackupError):
        safe_path(path, ("files", "anchors"))


def forged(tmp_path: Path, manifest: dict[str, Any], members: list[tarfile.TarInfo]) -> Path:
    """An unsealed backup that somebody made by hand."""
    about = {
        "format": 1,
        "version": "0.1.0",
        "database": {"kind": "sqlite", "size": 4, "sha256": "0" * 64},
        "archived": [],
        "blobs": [],
        **manifest,
    }
    path = tmp_path / "forged.zkb"
    with path.open("wb") as file:
        writer = SealedWriter(file, None)
        with tarfile.open(fileobj=writer, mode="w|gz") as archive:
            text = json.dumps(about).encode()
            first = tarfile.TarInfo("manifest.json")
            first.size = len(text)
            archive.addfile(first, io.BytesIO(text))
            for member in members:
                archive.addfile(member, io.BytesIO(b"\0" * member.size))
        writer.close()
    return path


def member(name: str, size: int = 4, kind: bytes = tarfile.REGTYPE, link: str = "") -> Any:
    found = tarfile.TarInfo(name)
    found.size, found.type, found.linkname = size, kind, link
    if kind != tarfile.REGTYPE:
        found.size = 0
    return found


ZEROS = {"kind": "sqlite", "size": 4, "sha256": hashlib.sha256(bytes(4)).hexdigest()}
ANCHOR = {"path": "anchors/site.jsonl", "size": 4, "sha256": "0" * 64}


EVIL = "unexpected"
NO_PLACE = "no place in a site"


@pytest.mark.parametrize(
    ("manifest", "members", "why"),
    [
        ({}, [member("../../evil")], EVIL),
        ({}, [member("/tmp/evil")], EVIL),
        ({}, [member("database", kind=tarfile.SYMTYPE, link="/etc/passwd")], EVIL),
        ({}, [member("database", kind=tarfile.LNKTYPE, link="manifest.json")], EVIL),
        ({}, [member("database", kind=tarfile.CHRTYPE)], EVIL),
        ({}, [member("database", size=5)], EVIL),
        ({}, [member("database")], "not what its manifest says"),
        ({"database": ZEROS}, [member("database"), member("database")], EVIL),
        ({}, [], "lacks database"),
        (
            {"archived": [ANCHOR]},
            [member("anchors/site.jsonl", kind=tarfile.SYMTYPE, link="/x")],
            EVIL,
        ),
        ({"archived": [{**ANCHOR, "path": "anchors/../../evil"}]}, [], NO_PLACE),
        ({"blobs": [{**ANCHOR, "path": "files/../keys/master.keys"}]}, [], NO_PLACE),
        ({"blobs": [{**ANCHOR, "path": "files/x", "sha256": "../" * 21 + "a"}]}, [], "manifest"),
        ({"database": {**ZEROS, "size": 10**13}}, [], "Not enough space"),
        ({"database": {**ZEROS, "kind": "oracle"}}, [], "unknown kind"),
        ({"format": 2}, [], "newer"),
        ({"format": "x"}, [], "manifest cannot be read"),
    ],
)
def test_forged_backups_are_refused_and_write_nothing_outside(
    tmp_path: Path, manifest: dict[str, Any], members: list[tarfile.TarInfo], why: str
) -> None:
    path = forged(tmp_path, manifest, members)
    target = tmp_path / "a" / "b"
    target.mkdir(parents=True)
    before = {p for p in tmp_path.rglob("*") if target not in p.parents}
    with pytest.raises(BackupError, match=why):
        restore.unpack(path, target, None)
    assert {p for p in tmp_path.rglob("*") if target not in p.parents} == before


def test_a_backup_made_by_hand_is_accepted_where_all_is_right(tmp_path: Path) -> None:
    """So that the refusals above have their reasons, not just any."""
    path = forged(tmp_path, {"database": ZEROS}, [member("database")])
    restore.unpack(path, tmp_path, None)
    assert (tmp_path / "database").read_bytes() == bytes(4)


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    """A member that is longer than announced is not written, whatever it unpacks to."""
    path = forged(tmp_path, {}, [member("database", size=64 << 20)])
    assert path.stat().st_size < 1 << 20
    target = tmp_path / "t"
    target.mkdir()
    with pytest.raises(BackupError, match="unexpected"):
        restore.unpack(path, target, None)
    assert sum(p.stat().st_size for p in target.rglob("*") if p.is_file()) == 0


# -- keeping -------------------------------------------------------------------------------------


def test_pruning_keeps_days_weeks_and_months(tmp_path: Path) -> None:
    safe = tmp_path / "safe"
    today = clock.now().replace(hour=3)
    for age in range(400):
        made = today - timedelta(days=age)
        stem = safe / made.strftime("%Y%m%dT%H%M%SZ")
        stem.parent.mkdir(exist_ok=True)
        stem.with_suffix(".zkb").write_bytes(b"")
        digest = f"{age:064x}"
        summary = {"made_at": made.isoformat(), "version": "0.1.0", "sealed_by": None}
        summary |= {"blobs": [digest], "verified_at": made.isoformat() if age == 100 else None}
        stem.with_suffix(".json").write_text(json.dumps(summary))
        blob = backup.blob_path(safe, digest, None)
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(b"")
    backup.prune(safe)
    kept = backup.list_backups(safe)
    ages = [(today - b.made_at).days for b in kept]
    assert ages[:7] == list(range(7))
    assert 100 in ages
    assert 14 <= len(kept) <= 23
    months = {b.made_at.strftime("%Y-%m") for b in kept}
    assert len(months) == 12
    assert len(list(safe.glob("blobs/*/*/*"))) == len(kept)


def test_not_enough_space_is_said_before_anything_is_written(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    real = shutil.disk_usage
    monkeypatch.setattr(backup.shutil, "disk_usage", lambda path: real(path)._replace(free=1 << 20))
    with pytest.raises(BackupError, match="Not enough space"):
        backup.create(site.config, tmp_path / "safe")
    assert list((tmp_path / "safe").iterdir()) == []
