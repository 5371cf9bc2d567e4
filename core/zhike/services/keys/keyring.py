"""The key file: master keys and the key of the blind indexes, one to a line, outside the database.

``<home>/keys/master.keys`` (or ``ZHIKE_MASTER_KEY_FILE``), readable by its owner only::

    master 5f0c… Zm9v… 2026-11-21
    index  9a1b… YmFy… 2026-11-21

The last ``master`` line is the current one; earlier ones stay while something is still wrapped by
them. The index key is never rotated: it makes the stored indexes, and is worth nothing without
the database. Lose this file and what is sealed is lost.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from zhike import clock
from zhike.config import Config
from zhike.errors import ConfigError

KEY_BYTES = 32
_NOTE = "# Zhike keys. Keep a copy apart from the backups of the data. Never edit, never publish.\n"


class KeyringError(ConfigError):
    """The key file is missing, readable by others, damaged, or holds a key that is no secret."""


@dataclass(frozen=True)
class Key:
    """One key of the file: ``kind`` is ``master`` or ``index``, ``made`` an ISO date (UTC)."""

    kind: str
    id: str
    secret: bytes
    made: str

    def __repr__(self) -> str:
        return f"Key({self.kind} {self.id})"

    def line(self) -> str:
        """The key as a line of the file."""
        return f"{self.kind} {self.id} {base64.b64encode(self.secret).decode()} {self.made}\n"


def new_key(kind: str) -> Key:
    """A fresh random key of 256 bits."""
    return Key(
        kind, secrets.token_hex(8), secrets.token_bytes(KEY_BYTES), f"{clock.now():%Y-%m-%d}"
    )


def check_secret(secret: bytes, where: str) -> None:
    """Refuse what cannot be a random key: too short, text, a pattern, or hardly any variety.

    Raises :class:`KeyringError`. A random key of 32 bytes fails this once in more than 10¹² keys.
    """
    if len(secret) != KEY_BYTES:
        raise KeyringError(f"{where}: a key has {KEY_BYTES} bytes, this one has {len(secret)}")
    steps = {(after - before) % 256 for before, after in pairwise(secret)}
    if len(set(secret)) < 16 or len(steps) < 8 or all(32 <= byte < 127 for byte in secret):
        raise KeyringError(
            f"{where}: this is not a random key (a word, a pattern, a published example?)"
        )


@dataclass(frozen=True)
class Keyring:
    """The keys of one file, in their order. Immutable: changing the file gives a new one."""

    path: Path
    keys: tuple[Key, ...]

    def __repr__(self) -> str:
        return f"Keyring({self.path}, {len(self.keys)} keys)"

    @property
    def masters(self) -> tuple[Key, ...]:
        """Master keys, oldest first."""
        return tuple(key for key in self.keys if key.kind == "master")

    @property
    def current(self) -> Key:
        """The master key that wraps what is made from now on."""
        return self.masters[-1]

    @property
    def index(self) -> Key:
        """The root of the blind indexes and of the ledger's fingerprints."""
        return next(key for key in self.keys if key.kind == "index")

    def master(self, key_id: str) -> Key | None:
        """The master key of that id, if the file holds it."""
        return next((key for key in self.masters if key.id == key_id), None)

    @classmethod
    def open(cls, config: Config) -> Keyring:
        """Read the key file; on the very first start of a site, make it.

        A file named by ``ZHIKE_MASTER_KEY_FILE`` is never made: where a mounted secret is missing,
        a new key would only hide that. Raises :class:`KeyringError`.
        """
        path = keyring_path(config)
        if not path.exists():
            if config.master_key_file is not None:
                raise KeyringError(f"{path} (ZHIKE_MASTER_KEY_FILE) does not exist")
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(path, (new_key("master"), new_key("index")), replace=False)
        return cls.read(path)

    @classmethod
    def read(cls, path: Path) -> Keyring:
        """Read and check an existing key file; raises :class:`KeyringError`."""
        try:
            mode = path.stat().st_mode
            text = path.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise KeyringError(f"{path} cannot be read: {error}") from None
        if mode & 0o077:
            raise KeyringError(f"{path} can be read by others; run: chmod 600 {path}")
        keys: list[Key] = []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            where = f"{path}, line {number}"
            parts = line.split()
            if len(parts) != 4 or parts[0] not in ("master", "index"):
                raise KeyringError(f"{where}: not a key (kind id secret date)")
            try:
                secret = base64.b64decode(parts[2], validate=True)
            except binascii.Error:
                raise KeyringError(f"{where}: the key is damaged") from None
            check_secret(secret, where)
            keys.append(Key(parts[0], parts[1], secret, parts[3]))
        kinds = [key.kind for key in keys]
        if "master" not in kinds or kinds.count("index") != 1:
            raise KeyringError(f"{path}: needs at least one master key and exactly one index key")
        if len({key.secret for key in keys}) != len(keys) or len({k.id for k in keys}) != len(keys):
            raise KeyringError(f"{path}: the same key stands in it twice")
        return cls(path, tuple(keys))

    def with_new_master(self) -> Keyring:
        """Add a fresh master key as the current one, on disk too. Raises :class:`KeyringError`."""
        return self._save((*self.keys, new_key("master")))

    def without_old_masters(self) -> Keyring:
        """Forget every master key but the current one, on disk too."""
        return self._save((self.current, self.index))

    def _save(self, keys: tuple[Key, ...]) -> Keyring:
        try:
            _write(self.path, keys, replace=True)
        except OSError as error:
            raise KeyringError(f"{self.path} cannot be written: {error}") from None
        return Keyring(self.path, keys)


def keyring_path(config: Config) -> Path:
    """Where the site's key file is."""
    return config.master_key_file or config.home / "keys" / "master.keys"


def write_private(path: Path, data: bytes, *, replace: bool) -> None:
    """Write a file only its owner can read, whole or not at all, and sync it to disk.

    With ``replace=False`` a file that another process has made meanwhile wins.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            part.replace(path)
        else:
            try:
                os.link(part, path)
            except FileExistsError:
                return
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write(path: Path, keys: tuple[Key, ...], *, replace: bool) -> None:
    text = _NOTE + "".join(key.line() for key in keys)
    write_private(path, text.encode("ascii"), replace=replace)
