"""Static files: the core's under ``/static/core/``, a plugin's under ``/static/p/<plugin>/``.

Addresses made by :func:`static_url` carry a digest of the file, so browsers may keep it for a
year; without the digest (modules that import one another) they ask each time and get 304.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any

from flask import Response, current_app, request, send_from_directory, url_for
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

CORE_STATIC = Path(__file__).parent.parent / "static"
_YEAR = 365 * 24 * 3600
_LOOK_AGAIN = 1.0  # seconds; a page names a dozen files, which hardly ever change


@lru_cache(maxsize=4096)
def _digest(path: str, changed: float) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=4096)
def _place(folder: Path, name: str) -> str:
    """The file's path; empty for a name that leads out of ``folder``."""
    return safe_join(str(folder), name) or ""


def _version(folder: Path, name: str) -> str:
    """The digest of a file below ``folder``, empty where there is none."""
    path = _place(folder, name)
    try:
        return _digest(path, os.stat(path).st_mtime)
    except OSError:
        return ""


def folder_of(owner: str) -> Path | None:
    """Where ``core`` or a plugin keeps its static files; None for an unknown plugin."""
    if owner == "core":
        return CORE_STATIC
    folders: dict[str, Path] = current_app.extensions["zhike"].static_folders
    return folders.get(owner)


def static_url(owner: str, path: str) -> str:
    """Address of a static file of ``core`` or a plugin, with its digest."""
    made: dict[tuple[str, str, str], tuple[float, str, str]] = current_app.extensions[
        "zhike"
    ].addresses
    key = (request.script_root, owner, path)
    now = monotonic()
    known = made.get(key)
    if known is not None and now < known[0]:
        return known[2]
    folder = folder_of(owner)
    version = _version(folder, path) if folder is not None else ""
    address = known[2] if known is not None and known[1] == version else _address(*key[1:], version)
    made[key] = (now + _LOOK_AGAIN, version, address)
    return address


def _address(owner: str, path: str, version: str) -> str:
    extra: dict[str, Any] = {"v": version} if version else {}
    if owner == "core":
        return url_for("core.static_file", name=path, **extra)
    return url_for("core.plugin_static", plugin=owner, name=path, **extra)


def serve(owner: str, name: str) -> Response:
    """Answer one static file; ``NotFound`` where there is none, also for folders and ``..``."""
    folder = folder_of(owner)
    if folder is None:
        raise NotFound
    response = send_from_directory(folder, name, conditional=True)
    asked = request.args.get("v")
    if asked and asked == _version(folder, name):
        # A plugin's files are for its companies only: no shared cache may keep them.
        who = "public" if owner == "core" else "private"
        response.headers["Cache-Control"] = f"{who}, max-age={_YEAR}, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
    return response
