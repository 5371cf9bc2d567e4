"""Backups: made while the site runs, whole or not there at all, never with the keys.

A backup is one file ``<instant>.zkb`` (manifest, database, ledger anchors) with a summary beside it
(``<instant>.json``, no business data in it); attachments are kept once each under ``blobs/``, by
their SHA-256.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import platform
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from zhike import __version__, clock
from zhike.config import Config
from zhike.ops import database, recovery
from zhike.ops.container import BackupError, BackupKey, SealedWriter
from zhike.services.keys.keyring import Keyring, keyring_path

FORMAT = 1
SUFFIX = ".zkb"
MANIFEST, DATABASE = "manifest.json", "database"
#: Folders of a site that belong into a backup: small and growing, and large and unchanging.
ARCHIVED, BLOBS = ("anchors",), ("files",)
#: Kept by default: the newest of so many days, weeks and months.
KEEP = {"%Y-%m-%d": 7, "%G-W%V": 4, "%Y-%m": 12}
#: Beginnings of folders that are gone when all went well.
MAKING, VERIFYING = ".making-", "verify-"
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Backup:
    """A backup as the list shows it; instants are UTC, ``size`` bytes without attachments."""

    path: Path
    made_at: datetime
    version: str
    size: int
    sealed_by: str | None
    verified_at: datetime | None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "path": str(self.path),
            "made_at": self.made_at.isoformat(),
            "version": self.version,
            "size": self.size,
            "sealed": self.sealed_by is not None,
            "verified_at": self.verified_at.isoformat() if self.verified_at else None,
        }


def folder(config: Config) -> Path:
    """Where backups of the site go unless told otherwise."""
    return config.home / "backups"


def create(config: Config, target: Path | None = None, *, sealed: bool | None = None) -> Backup:
    """Back up the site into the folder ``target``; safe while it runs.

    ``sealed=None`` seals where a recovery kit was made, so that somebody can open it when this
    machine is gone. Raises :class:`BackupError`, leaving nothing behind.
    """
    target = target or folder(config)
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = _key(config, sealed)
    _check_space(config, target)
    made = clock.now()
    with tempfile.TemporaryDirectory(prefix=MAKING, dir=target) as staging_name:
        staging = Path(staging_name)
        # Anchors first: one that is younger than the copied ledger would look like a missing tail.
        archived = [_copy(config.home, path, staging) for path in _files(config.home, ARCHIVED)]
        facts = database.take(config, staging / DATABASE)
        blobs = [_keep_blob(config.home, path, target, key) for path in _files(config.home, BLOBS)]
        manifest = {
            "format": FORMAT,
            "made_at": made.isoformat(),
            "version": __version__,
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "database": {
                "kind": "sqlite" if config.is_sqlite else "postgresql",
                "size": (staging / DATABASE).stat().st_size,
                "sha256": sha256_of(staging / DATABASE),
            },
            "archived": archived,
            "blobs": blobs,
            **facts,
        }
        path = _free_name(target, made)
        part = path.with_name(path.name + ".part")
        try:
            _pack(part, staging, manifest, key)
            summary = {
                "made_at": made.isoformat(),
                "version": __version__,
                "sealed_by": key.id if key else None,
                "sha256": sha256_of(part),
                "blobs": sorted({blob["sha256"] for blob in blobs}),
                "verified_at": None,
            }
            _write_synced(_summary_path(path), json.dumps(summary, indent=1).encode())
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
    sync_folder(target)
    return _read_summary(path)


def _key(config: Config, sealed: bool | None) -> BackupKey | None:
    if sealed is None:
        sealed = recovery.state(config) is not None
    if not sealed:
        return None
    return recovery.backup_key(Keyring.read(keyring_path(config)))


def _check_space(config: Config, target: Path) -> None:
    """The copy and the packed file stand side by side for a moment."""
    attached = sum(path.stat().st_size for path in _files(config.home, BLOBS))
    kept = sum(path.stat().st_size for path in target.glob("blobs/*/*/*"))
    needed = int((2 * database.size(config) + max(0, attached - kept)) * 1.1) + (16 << 20)
    free = shutil.disk_usage(target).free
    if free < needed:
        raise BackupError(
            f"Not enough space in {target}: {needed >> 20} MiB needed, {free >> 20} MiB free."
        )


def _files(home: Path, folders: Iterable[str]) -> Iterator[Path]:
    """Regular files below the given folders of the site; links and unfinished files are not."""
    for name in folders:
        for path in sorted((home / name).rglob("*")):
            if path.is_file() and not path.is_symlink() and path.suffix != ".part":
                yield path


def _copy(home: Path, path: Path, staging: Path) -> dict[str, Any]:
    name = path.relative_to(home).as_posix()
    copied = staging / "archived" / name
    copied.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, copied)
    return {"path": name, "size": copied.stat().st_size, "sha256": sha256_of(copied)}


def _keep_blob(home: Path, path: Path, target: Path, key: BackupKey | None) -> dict[str, Any]:
    """Keep one attachment under its hash, unless an earlier backup did."""
    digest, size = sha256_of(path), path.stat().st_size
    blob = blob_path(target, digest, key.id if key else None)
    if not blob.exists():
        blob.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = blob.with_name(blob.name + ".part")
        with path.open("rb") as source, part.open("wb") as file:
            writer = SealedWriter(file, key)
            shutil.copyfileobj(source, writer, 1 << 20)
            writer.close()
            file.flush()
            os.fsync(file.fileno())
        part.rename(blob)
    return {"path": path.relative_to(home).as_posix(), "size": size, "sha256": digest}


def blob_path(target: Path, digest: str, sealed_by: str | None) -> Path:
    """Where the attachment with that SHA-256 is kept, apart for each key that seals."""
    return target / "blobs" / (sealed_by or "open") / digest[:2] / digest


def _free_name(target: Path, made: datetime) -> Path:
    """A name that no other backup has, even if two are made in one second."""
    while (path := target / (made.strftime(_STAMP) + SUFFIX)).exists():
        made += timedelta(seconds=1)
    return path


def _pack(part: Path, staging: Path, manifest: dict[str, Any], key: BackupKey | None) -> None:
    with part.open("wb") as file:
        part.chmod(0o600)
        writer = SealedWriter(file, key)
        with (
            gzip.GzipFile(fileobj=writer, mode="wb", compresslevel=3, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|") as archive,
        ):
            text = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
            about = tarfile.TarInfo(MANIFEST)
            about.size = len(text)
            archive.addfile(about, io.BytesIO(text))
            archive.add(staging / DATABASE, DATABASE)
            for item in manifest["archived"]:
                archive.add(staging / "archived" / item["path"], item["path"])
        writer.close()
        file.flush()
        os.fsync(file.fileno())


# -- the folder of backups -----------------------------------------------------------------------


def _summary_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _read_summary(path: Path) -> Backup:
    """What is known of one backup. Raises OSError or ValueError where that cannot be read."""
    found = json.loads(_summary_path(path).read_text("utf-8"))
    verified = found["verified_at"]
    return Backup(
        path=path,
        made_at=datetime.fromisoformat(found["made_at"]),
        version=found["version"],
        size=path.stat().st_size,
        sealed_by=found["sealed_by"],
        verified_at=datetime.fromisoformat(verified) if verified else None,
    )


def list_backups(target: Path) -> list[Backup]:
    """The backups in a folder, newest first; files without a readable summary are left out."""
    found = []
    for path in target.glob(f"*{SUFFIX}"):
        try:
            found.append(_read_summary(path))
        except (OSError, ValueError, KeyError):
            continue
    return sorted(found, key=lambda backup: backup.made_at, reverse=True)


def note_verified(path: Path, at: datetime) -> None:
    """Write into the summary that the backup was verified; a copy without summary gets none."""
    summary = _summary_path(path)
    if summary.exists():
        found = json.loads(summary.read_text("utf-8"))
        found["verified_at"] = at.isoformat()
        _write_synced(summary, json.dumps(found, indent=1).encode())


def prune(target: Path) -> list[Path]:
    """Remove what the rule 7 daily, 4 weekly, 12 monthly no longer keeps; returns what went.

    Attachments go when no remaining backup names them. The newest verified backup always stays.
    """
    backups = list_backups(target)
    kept = {backup.path for backup in [b for b in backups if b.verified_at][:1]}
    for pattern, count in KEEP.items():
        seen: dict[str, Path] = {}
        for backup in backups:
            seen.setdefault(backup.made_at.strftime(pattern), backup.path)
        kept |= set(list(seen.values())[:count])
    gone = [backup.path for backup in backups if backup.path not in kept]
    for path in gone:
        path.unlink()
        _summary_path(path).unlink(missing_ok=True)
    if gone:
        _prune_blobs(target)
    return gone


def working_folder(config: Config) -> Path:
    """Where a backup is laid out to be examined: in the site's private folder, not in the
    machine's, since it holds everybody's data."""
    place = config.home / "tmp"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


def sweep_unfinished(config: Config, older_than: timedelta = timedelta(days=1)) -> int:
    """Remove what a killed backup or verification left behind, a copy of the database each."""
    oldest = (clock.now() - older_than).timestamp()
    gone = 0
    for place, prefix in ((folder(config), MAKING), (working_folder(config), VERIFYING)):
        for path in place.glob(f"{prefix}*"):
            if path.is_dir() and path.stat().st_mtime < oldest:
                shutil.rmtree(path)
                gone += 1
    return gone


def _prune_blobs(target: Path) -> None:
    wanted: set[Path] = set()
    for path in target.glob(f"*{SUFFIX}"):
        try:
            said = json.loads(_summary_path(path).read_text("utf-8"))
            wanted.update(blob_path(target, x, said["sealed_by"]) for x in said["blobs"])
        except (OSError, ValueError, KeyError):
            return  # a backup that cannot say what it needs may need everything
    for blob in target.glob("blobs/*/*/*"):
        if blob not in wanted:
            blob.unlink()


# -- small tools ---------------------------------------------------------------------------------


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_synced(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.chmod(0o600)
    part.rename(path)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
