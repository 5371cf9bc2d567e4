"""Who runs this site: a lock file that says so, and that the kernel frees with the process."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zhike.errors import ConfigError

NAME = "run.lock"


def running(home: Path) -> dict[str, Any] | None:
    """What runs on ``home``: ``{"pid": …, "address": …}``; None where nothing does.

    An operation that holds the lock (restore, upgrade) counts: its entry has ``"doing"``.
    """
    try:
        fd = os.open(home / NAME, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(fd)
    else:
        return None
    finally:
        os.close(fd)


def _read(fd: int) -> dict[str, Any]:
    try:
        said = json.loads(os.pread(fd, 4096, 0) or b"{}")
    except ValueError:  # caught between truncation and writing
        return {}
    return said if isinstance(said, dict) else {}


@contextmanager
def exclusive(home: Path, **facts: Any) -> Iterator[None]:
    """Hold the site for this process; ``facts`` are what :func:`running` tells others.

    Raises :class:`~zhike.errors.ConfigError` where another process holds it.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = os.open(home / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = _read(fd)
            what = said.get("doing") or f"it runs at {said.get('address', '?')}"
            raise ConfigError(
                f"The site in {home} is in use (process {said.get('pid', '?')}): {what}."
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps({"pid": os.getpid(), **facts}).encode(), 0)
        yield
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)
