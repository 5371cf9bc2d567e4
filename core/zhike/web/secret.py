"""The key that signs cookies: made at first start, kept in the site's folder, never a weak one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from zhike.config import Config
from zhike.errors import ConfigError

_BYTES = 32


def cookie_key(config: Config) -> bytes:
    """Return the site's cookie key, making it on the first start (``keys/cookie.key``, 0600).

    Raises ``ConfigError`` for a file that others may read, or whose content nobody would have
    drawn by chance: too short, or the same few bytes again and again.
    """
    folder = config.home / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "cookie.key"
    if not path.exists():
        _write(path, secrets.token_bytes(_BYTES).hex())
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path}: others may read this key; run: chmod 600 {path}")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) < _BYTES or len(set(key)) < _BYTES // 4:
        raise ConfigError(f"{path}: this key is weak; remove the file and a new one is made")
    return key


def _write(path: Path, text: str) -> None:
    """Write once, also when several processes start together: the first one wins."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()
