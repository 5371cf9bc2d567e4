"""Everything a plugin keeps, counted and written to one file that can be read without Zhike."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from zhike import clock
from zhike.db.base import Base
from zhike.db.session import UnscopedSession
from zhike.models.plugin import PluginState
from zhike.services.lifecycle.errors import LifecycleError
from zhike.services.lifecycle.owned import core_conditions, plugin_tables

if TYPE_CHECKING:
    from zhike.site import Site


@dataclass(frozen=True)
class Counted:
    """Rows of one table in one company; ``company`` is None for a table of the whole site."""

    table: str
    company: int | None
    rows: int


def _selections(
    connection: sa.Connection, name: str
) -> list[tuple[sa.Table, sa.ColumnElement[bool] | None]]:
    own: list[tuple[sa.Table, sa.ColumnElement[bool] | None]] = [
        (table, None) for table in plugin_tables(connection, name)
    ]
    return own + [(Base.metadata.tables[t], where) for t, where in core_conditions(name)]


def count_rows(s: UnscopedSession, name: str) -> tuple[Counted, ...]:
    """Rows per table and company: the plugin's tables, then its rows in the core's; no zeros."""
    result: list[Counted] = []
    connection = s.connection()
    for table, condition in _selections(connection, name):
        company = table.c.get("company_id")
        columns = [sa.null() if company is None else company, sa.func.count()]
        query = sa.select(*columns).select_from(table)
        if condition is not None:
            query = query.where(condition)
        if company is not None:
            query = query.group_by(company).order_by(company)
        result += [
            Counted(table.name, number, rows) for number, rows in connection.execute(query) if rows
        ]
    return tuple(result)


def write_archive(site: Site, name: str, path: Path) -> Path:
    """Write ``path`` (zip): one ``<table>.jsonl`` a table, and ``manifest.json`` with the hashes.

    One state of the data; fields that are encrypted in the database stay so.  Written beside its
    place, flushed to disk, checked, then renamed: a file under its name is complete.  Raises
    LifecycleError where what was read back is not what was written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    files: dict[str, dict[str, Any]] = {}
    with site.unscoped(f"uninstall {name}: write the archive", write=False) as s:
        state = s.get(PluginState, name)
        connection = s.connection()
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with (
            os.fdopen(handle, "wb") as raw,
            zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for table, condition in _selections(connection, name):
                files[f"{table.name}.jsonl"] = _write_table(archive, connection, table, condition)
            archive.writestr(
                "manifest.json",
                json.dumps(
                    {
                        "plugin": name,
                        "version": state.version if state else "",
                        "revision": state.revision if state else None,
                        "at": clock.now().isoformat(),
                        "files": files,
                    },
                    ensure_ascii=False,
                    indent=1,
                ),
            )
        with part.open("rb") as written:
            os.fsync(written.fileno())
    _verify(part, files, name)
    part.replace(path)
    return path


def _write_table(
    archive: zipfile.ZipFile,
    connection: sa.Connection,
    table: sa.Table,
    condition: sa.ColumnElement[bool] | None,
) -> dict[str, Any]:
    query = sa.select(table)
    if condition is not None:
        query = query.where(condition)
    digest, rows = hashlib.sha256(), 0
    with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as out:
        for line in _lines(connection, query):
            out.write(line)
            digest.update(line)
            rows += 1
    return {"rows": rows, "sha256": digest.hexdigest()}


def _lines(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[bytes]:
    result = connection.execute(query, execution_options={"yield_per": 1000})
    for row in result.mappings():
        values = {str(key): _plain(value) for key, value in row.items()}
        yield json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    return value


def _verify(path: Path, files: dict[str, dict[str, Any]], name: str) -> None:
    with zipfile.ZipFile(path) as archive:
        for file, facts in files.items():
            digest = hashlib.sha256()
            with archive.open(file) as content:
                while block := content.read(1 << 20):
                    digest.update(block)
            if digest.hexdigest() != facts["sha256"]:
                raise LifecycleError("busy", f"The archive of {name} cannot be read back.", name)
