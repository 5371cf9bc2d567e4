"""Who has a piece of work in hand, and whether he is still there.

A worker that dies takes nothing back: what it had begun stands as ``running``. So it writes down
who it is, and whoever looks next finds what nobody does any more.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING

from zhike.plugins import fingerprints

if TYPE_CHECKING:
    from zhike.site import Site

_mine: dict[int, str] = {}


def me() -> str:
    """This process: host, number, and a word that tells it from a later one of the same number."""
    pid = os.getpid()
    if pid not in _mine:  # also after a fork
        _mine[pid] = f"{socket.gethostname()}:{pid}:{secrets.token_hex(4)}"
    return _mine[pid]


def gone(site: Site, workers: Iterable[str]) -> frozenset[str]:
    """Those of ``workers`` (what :func:`me` gave them) that have ended."""
    others = set(workers) - {me()}
    if not others:
        return frozenset()
    reported = {(p.host, p.pid) for p in fingerprints.live(site)}
    return frozenset(name for name in others if not _is_there(name, reported))


def _is_there(name: str, reported: set[tuple[str, int]]) -> bool:
    host, _sep, rest = name.rpartition(":")[0].rpartition(":")
    pid = int(rest) if rest.isdigit() else 0
    if not pid or (host, pid) == (socket.gethostname(), os.getpid()):
        return False  # nobody, or an earlier process of our number
    if host == socket.gethostname():
        return fingerprints.may_live(host, pid)
    return (host, pid) in reported
