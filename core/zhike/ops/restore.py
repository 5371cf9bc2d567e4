"""Reading backups: unpacking with nothing taken on trust, verifying, restoring."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from packaging.version import Version
from sqlalchemy import delete, update

from zhike import __version__, clock
from zhike.config import Config
from zhike.db import migrate
from zhike.db.session import Actor
from zhike.models.jobs import JobRequest
from zhike.models.outbox import OutboxEvent
from zhike.models.people import ApiToken, LoginSession
from zhike.models.plugin import Process
from zhike.models.setting import SystemSetting
from zhike.ops import database, recovery, runfile, schema
from zhike.ops.backup import (
    ARCHIVED,
    BLOBS,
    DATABASE,
    FORMAT,
    MANIFEST,
    VERIFYING,
    blob_path,
    note_verified,
    sync_folder,
    working_folder,
)
from zhike.ops.container import CHUNK, BackupError, SealedReader, safe_path
from zhike.services import keys, ledger
from zhike.services.keys.keyring import Keyring, keyring_path
from zhike.site import Site

_MAX_MANIFEST = 64 << 20
#: While this system setting is true nothing is sent to anybody outside.
HOLD = ("core", "deliveries_held")


@dataclass
class Unpacked:
    """A backup laid out in a folder: its manifest, and the files it spoke of, checked."""

    manifest: dict[str, Any]
    folder: Path
    sealed_by: str | None

    @property
    def database(self) -> Path:
        """The copy of the database."""
        return self.folder / DATABASE


@dataclass
class Verified:
    """The result of a verification; ``problems`` in words, empty is good."""

    made_at: str
    version: str
    rows: int
    chains: int
    attachments: int
    problems: list[str] = field(default_factory=list)


def open_keyring(config: Config) -> Keyring | None:
    """The key file of the site, if it has one yet."""
    return Keyring.read(keyring_path(config)) if keyring_path(config).exists() else None


# -- unpacking -----------------------------------------------------------------------------------


def unpack(path: Path, target: Path, keyring: Keyring | None) -> Unpacked:
    """Lay a backup out below ``target``, accepting exactly what its manifest announces.

    Every member is a plain file under an expected name and has the announced size and SHA-256;
    links, devices, other paths, repetitions and anything more are refused before they are written.
    Raises :class:`BackupError`.
    """
    try:
        with path.open("rb") as file:
            reader = SealedReader(file, recovery.backup_keys(keyring))
            sealed_by = reader.sealed_by
            with (
                io.BufferedReader(reader, CHUNK) as stream,
                tarfile.open(fileobj=stream, mode="r|gz") as archive,
            ):
                manifest = _read_manifest(archive)
                _unpack_members(archive, manifest, target)
                while stream.read(CHUNK):  # the proof that nothing is missing stands at the end
                    pass
    except FileNotFoundError:
        raise BackupError(f"There is no backup at {path}.") from None
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BackupError(f"The backup is damaged: {error}") from None
    return Unpacked(manifest, target, sealed_by)


def _read_manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    member = archive.next()
    if member is None or member.name != MANIFEST or not member.isreg():
        raise BackupError("The backup does not begin with its manifest.")
    if member.size > _MAX_MANIFEST:
        raise BackupError("The backup is damaged: its manifest is too long.")
    source = archive.extractfile(member)
    assert source is not None
    try:
        manifest = json.loads(source.read())
        if not isinstance(manifest, dict) or not isinstance(manifest["format"], int):
            raise BackupError("The backup's manifest cannot be read.")
        if manifest["format"] > FORMAT:
            raise BackupError(
                f"The backup was made by Zhike {manifest.get('version')}, which is newer than "
                f"this one ({__version__}); install that version first."
            )
        kind = manifest["database"]["kind"]
        if kind not in ("sqlite", "postgresql"):
            raise BackupError(f"The backup holds a database of an unknown kind: {kind!r}")
        for item in manifest["archived"]:
            safe_path(item["path"], ARCHIVED)
        for item in manifest["blobs"]:
            safe_path(item["path"], BLOBS)
            if len(item["sha256"]) != 64 or not item["sha256"].isalnum():
                raise BackupError("The backup's manifest cannot be read.")
    except (ValueError, KeyError, TypeError):
        raise BackupError("The backup's manifest cannot be read.") from None
    return manifest


def _unpack_members(archive: tarfile.TarFile, manifest: Mapping[str, Any], target: Path) -> None:
    expected = {DATABASE: manifest["database"]}
    expected |= {item["path"]: item for item in manifest["archived"]}
    needed = sum(int(item["size"]) for item in expected.values())
    if shutil.disk_usage(target).free < needed + (16 << 20):
        raise BackupError(f"Not enough space in {target}: {needed >> 20} MiB needed.")
    # Not `for member in archive`, which would begin again with the manifest.
    while (member := archive.next()) is not None:
        announced = expected.pop(member.name, None)
        if announced is None or not member.isreg() or member.size != announced["size"]:
            raise BackupError(f"The backup holds something unexpected: {member.name!r}")
        source = archive.extractfile(member)
        assert source is not None
        _write_checked(source, target / member.name, announced)
    if expected:
        raise BackupError(f"The backup lacks {', '.join(sorted(expected))}.")


def _write_checked(source: Any, path: Path, announced: Mapping[str, Any]) -> None:
    """Write a stream that must have the announced size and hash; an excess is never written."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as out:
        path.chmod(0o600)
        while data := source.read(CHUNK):
            size += len(data)
            if size > announced["size"]:
                break
            digest.update(data)
            out.write(data)
    if size != announced["size"] or digest.hexdigest() != announced["sha256"]:
        raise BackupError(f"{path.name} in the backup is not what its manifest says.")


def _read_blob(backup: Path, unpacked: Unpacked, item: Mapping[str, Any]) -> BinaryIO:
    path = blob_path(backup.parent, item["sha256"], unpacked.sealed_by)
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise BackupError(f"The attachment {path} is missing.") from None


# -- verifying -----------------------------------------------------------------------------------


def verify(config: Config, path: Path) -> Verified:
    """Restore a backup to a place thrown away afterwards and examine it there.

    Checks hashes, the database file, references, row counts, every ledger chain with its anchors,
    that every data key opens, and that every attachment is there. Success is noted beside the
    backup. Raises :class:`BackupError` where it cannot even be unpacked.
    """
    keyring = open_keyring(config)
    place = working_folder(config)
    with tempfile.TemporaryDirectory(prefix=VERIFYING, dir=place) as name:
        folder = Path(name)
        unpacked = unpack(path, folder, keyring)
        manifest = unpacked.manifest
        result = Verified(
            made_at=manifest["made_at"],
            version=manifest["version"],
            rows=sum(manifest["rows"].values()),
            chains=len(manifest["heads"]),
            attachments=len(manifest["blobs"]),
        )
        result.problems += _check_blobs(path, unpacked, keyring)
        home = config.home if keyring is not None else folder
        base = replace(config, master_key_file=keyring_path(replace(config, home=home)))
        if manifest["database"]["kind"] != ("sqlite" if config.is_sqlite else "postgresql"):
            raise BackupError(
                f"The backup is of a {manifest['database']['kind']} site; verify it on one."
            )
        with database.scratch(base, folder) as scratch:
            database.put(scratch, unpacked.database)
            result.problems += _examine(scratch, manifest, keyring is not None)
    if not result.problems:
        note_verified(path, clock.now())
    return result


def _check_blobs(path: Path, unpacked: Unpacked, keyring: Keyring | None) -> list[str]:
    problems = []
    for item in unpacked.manifest["blobs"]:
        try:
            with _read_blob(path, unpacked, item) as file:
                reader = SealedReader(file, recovery.backup_keys(keyring))
                digest = hashlib.sha256()
                with io.BufferedReader(reader, CHUNK) as stream:
                    while data := stream.read(CHUNK):
                        digest.update(data)
            if digest.hexdigest() != item["sha256"]:
                problems.append(f"{item['path']} was changed")
        except BackupError as error:
            problems.append(f"{item['path']}: {error}")
    return problems


def _examine(config: Config, manifest: Mapping[str, Any], with_keys: bool) -> list[str]:
    with database.opened(config.url) as connection:
        problems = database.check(connection)
        found = database.describe(connection)
    for table, count in manifest["rows"].items():
        if found["rows"].get(table) != count:
            problems.append(f"{table}: {found['rows'].get(table)} rows instead of {count}")
    if found["heads"] != manifest["heads"]:
        problems.append("the ledger ends elsewhere than when the backup was made")
    site = Site.open(config, plugins=False)
    try:
        if found["lineages"].get(migrate.CORE.name) != migrate.head(migrate.CORE):
            return problems  # an older version: its rows are counted, today's queries do not fit
        for report in ledger.verify_all(site):
            if not report.ok:
                problems.append(f"ledger of {report.chain or 'the site'}: {report}")
        if with_keys:
            problems += keys.verify(site)
    finally:
        site.close()
    return problems


# -- restoring -----------------------------------------------------------------------------------


def restore(
    config: Config,
    path: Path,
    *,
    aside: bool = False,
    kit: tuple[str, str] | None = None,
    plugins: Iterable[migrate.Lineage] = (),
) -> dict[str, Any]:
    """Bring a backup back as the site of ``config``; returns its manifest.

    The site must be stopped and empty, or ``aside`` moves what is there out of the way. ``kit`` is
    (text, passphrase) of a recovery kit, for a machine without the keys. ``plugins`` are the
    lineages installed here: a backup of a newer one is refused.

    Afterwards every session and every token is ended, requests to the worker are dropped,
    deliveries to the outside are held (an administrator lets them go), and the ledger says that it
    happened.
    Raises :class:`BackupError`; then nothing was changed.
    """
    config.ensure_home()
    with runfile.exclusive(config.home, doing="a restore"):
        if kit is not None:
            recovery.install_kit(config, *kit)
        keyring = open_keyring(config)
        occupied = not database.is_empty(config) or any(
            (config.home / name).exists() for name in (*ARCHIVED, *BLOBS)
        )
        if occupied and not aside:
            raise BackupError("The site is not empty. Give --aside to keep what is there apart.")
        with tempfile.TemporaryDirectory(prefix=".restoring-", dir=config.home) as name:
            staging = Path(name)
            unpacked = unpack(path, staging, keyring)
            _refuse_newer(unpacked.manifest, plugins)
            if keyring is None and unpacked.manifest["rows"].get("core__company_key"):
                raise BackupError(
                    f"The keys of the site are missing ({keyring_path(config)}). Copy that file "
                    "here or give the recovery kit (--kit)."
                )
            if config.is_sqlite != (unpacked.manifest["database"]["kind"] == "sqlite"):
                kind = unpacked.manifest["database"]["kind"]
                raise BackupError(f"The backup is of a {kind} site; ZHIKE_DATABASE_URL is not.")
            _lay_out_blobs(path, unpacked, keyring, staging)
            _install(config, staging, unpacked, aside=occupied)
        _settle(config, path, unpacked.manifest)
    return unpacked.manifest


def _refuse_newer(manifest: Mapping[str, Any], plugins: Iterable[migrate.Lineage]) -> None:
    if Version(manifest["version"]) > Version(__version__):
        raise BackupError(
            f"The backup was made by Zhike {manifest['version']}, which is newer than this one "
            f"({__version__}); install that version first."
        )
    for lineage in (migrate.CORE, *plugins):
        revision = manifest["lineages"].get(lineage.name)
        if revision is not None and not schema.knows(lineage, revision):
            raise BackupError(
                f"The backup was made with a newer version of {lineage.name!r}: "
                "install that version first."
            )


def _lay_out_blobs(path: Path, unpacked: Unpacked, keyring: Keyring | None, staging: Path) -> None:
    for item in unpacked.manifest["blobs"]:
        with _read_blob(path, unpacked, item) as file:
            reader = SealedReader(file, recovery.backup_keys(keyring))
            with io.BufferedReader(reader, CHUNK) as stream:
                _write_checked(stream, staging / item["path"], item)


def _install(config: Config, staging: Path, unpacked: Unpacked, *, aside: bool) -> None:
    """Put the unpacked files in place; the database last, since it is what makes a site."""
    if aside:
        stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
        place = config.home / f"before-{stamp}"
        place.mkdir(mode=0o700)
        for name in (*ARCHIVED, *BLOBS):
            if (config.home / name).exists():
                (config.home / name).rename(place / name)
        if not database.is_empty(config):
            database.move_aside(config, stamp)
    for name in (*ARCHIVED, *BLOBS):
        if (staging / name).exists():
            (staging / name).rename(config.home / name)
    database.put(config, unpacked.database)
    sync_folder(config.home)


def _settle(config: Config, path: Path, manifest: Mapping[str, Any]) -> None:
    """See :func:`settle`; a backup of an older version must be upgraded before it can be."""
    facts = {"backup": path.name, "made_at": manifest["made_at"]}
    _unsettled(config).write_text(json.dumps(facts), encoding="utf-8")
    if manifest["lineages"].get(migrate.CORE.name) == migrate.head(migrate.CORE):
        settle(config)


def _unsettled(config: Config) -> Path:
    return config.home / "restored.json"


def settle(config: Config) -> None:
    """After a restore: what must not simply go on as if nothing had happened.

    Ends sessions and tokens, drops requests, holds deliveries and says so in the site's ledger.
    Does nothing where no restore waits for it; ``zhike upgrade`` calls it too.
    """
    if not _unsettled(config).exists():
        return
    facts = json.loads(_unsettled(config).read_text("utf-8"))
    # A new one is made at the next start.
    (config.home / "keys" / "cookie.key").unlink(missing_ok=True)
    site = Site.open(config, plugins=False)
    now = clock.now()
    try:
        with site.unscoped("restored from a backup: leases of the old processes are void") as every:
            every.execute(update(OutboxEvent).values(lease_until=None))
        with site.system(Actor(kind="cli", name="restore")) as s:
            # What was ended after the backup was made would be valid again: all of it ends.
            for proof in (LoginSession, ApiToken):
                s.execute(update(proof).where(proof.revoked_at.is_(None)).values(revoked_at=now))
            s.execute(
                update(JobRequest)
                .where(JobRequest.state.in_(("waiting", "running")))
                .values(state="failed", error="the site was restored from a backup")
            )
            s.execute(delete(Process))
            s.merge(SystemSetting(plugin=HOLD[0], key=HOLD[1], value=True, changed_by="restore"))
            ledger.append(s, "core.site.restored", body=facts)
    finally:
        site.close()
    _unsettled(config).unlink()
