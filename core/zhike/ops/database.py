"""Copies of a site's database: taken while it is written to, put back, and described.

SQLite by its backup interface (copying the file misses what is still in the write-ahead log);
PostgreSQL by ``pg_dump`` on an exported snapshot, so that the counts belong to the same instant.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from zhike.config import Config
from zhike.db.engines import sqlite_path
from zhike.ops.container import BackupError

_VERSION_TABLE = "__alembic_version"


def take(config: Config, target: Path) -> dict[str, Any]:
    """Copy the database to ``target`` as of one instant and describe that instant.

    Returns :func:`describe` of the copy. Raises :class:`BackupError`.
    """
    if config.is_sqlite:
        _take_sqlite(sqlite_path(config), target)
        with opened(f"sqlite:///{target}") as connection:
            return describe(connection)
    url = make_url(config.url)
    engine = sa.create_engine(url, poolclass=NullPool, isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection:
            snapshot = connection.scalar(sa.select(sa.func.pg_export_snapshot()))
            arguments = ["--format=custom", "--no-owner", "--no-privileges", "--compress=0"]
            _run_pg("pg_dump", url, [*arguments, f"--snapshot={snapshot}", f"--file={target}"])
            return describe(connection)
    finally:
        engine.dispose()


def _take_sqlite(source: Path, target: Path) -> None:
    if not source.exists():
        raise BackupError(f"There is no database at {source}.")
    with (
        closing(sqlite3.connect(source, timeout=15)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        # All pages in one step: one read transaction, so one instant; writers are not held up.
        live.backup(copy, pages=-1)
        # The copy is one file, without a log of its own.
        copy.execute("PRAGMA journal_mode=DELETE")


def put(config: Config, source: Path) -> None:
    """Fill the site's empty database from a copy. Raises :class:`BackupError`."""
    if config.is_sqlite:
        target = sqlite_path(config)
        with source.open("rb") as file, target.open("xb") as out:
            shutil.copyfileobj(file, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        target.chmod(0o600)
        return
    arguments = ["--exit-on-error", "--no-owner", "--no-privileges", "--single-transaction"]
    _run_pg("pg_restore", make_url(config.url), [*arguments, str(source)], dbname_option=True)


def is_empty(config: Config) -> bool:
    """Whether the database has no table (or, with SQLite, no file)."""
    if config.is_sqlite and not sqlite_path(config).exists():
        return True
    with opened(config.url) as connection:
        return not sa.inspect(connection).get_table_names()


def move_aside(config: Config, stamp: str) -> str:
    """Put what is in the database out of the way, keeping it; returns where it is now."""
    if config.is_sqlite:
        path = sqlite_path(config)
        aside = path.with_name(f"before-{stamp}")
        aside.mkdir(mode=0o700, exist_ok=True)
        for suffix in ("", "-wal", "-shm"):
            file = path.with_name(path.name + suffix)
            if file.exists():
                file.rename(aside / file.name)
        return str(aside)
    schema = f"before_{stamp.lower()}"
    with opened(config.url) as connection:
        connection.exec_driver_sql(f'ALTER SCHEMA public RENAME TO "{schema}"')
        connection.exec_driver_sql("CREATE SCHEMA public")
        connection.commit()
    return f"schema {schema}"


@contextmanager
def opened(url: str | URL) -> Iterator[sa.Connection]:
    """A plain connection for whole-database questions, closed afterwards."""
    engine = sa.create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def describe(connection: sa.Connection) -> dict[str, Any]:
    """Row counts of every table, where each lineage and each ledger chain stands."""
    rows: dict[str, int] = {}
    lineages: dict[str, str | None] = {}
    for name in sorted(sa.inspect(connection).get_table_names()):
        if name.endswith(_VERSION_TABLE):
            version = sa.table(name, sa.column("version_num"))
            lineages[name.removesuffix(_VERSION_TABLE)] = connection.scalar(
                sa.select(version.c.version_num)
            )
        else:
            count = sa.select(sa.func.count()).select_from(sa.table(name))
            rows[name] = int(connection.scalar(count) or 0)
    return {"rows": rows, "lineages": lineages, "heads": _heads(connection, rows)}


def _heads(connection: sa.Connection, rows: dict[str, int]) -> list[dict[str, Any]]:
    """The last line of every chain: what a restored ledger must still contain."""
    found: list[dict[str, Any]] = []
    for table, chain in (("core__site_ledger_head", None), ("core__ledger_head", "company_id")):
        if table not in rows:
            continue
        names = ["seq", "hash", *([chain] if chain else [])]
        source = sa.table(
            table, *(sa.column(n, sa.LargeBinary if n == "hash" else None) for n in names)
        )
        for row in connection.execute(sa.select(source)).mappings():
            number = row[chain] if chain else 0
            found.append({"chain": number, "seq": row["seq"], "hash": bytes(row["hash"]).hex()})
    return found


def check(connection: sa.Connection) -> list[str]:
    """What is wrong with the database as a file; an empty list is good."""
    if connection.dialect.name != "sqlite":
        return []  # PostgreSQL checks references while restoring
    problems = []
    for (line,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if line != "ok":
            problems.append(f"integrity: {line}")
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    problems += [f"broken reference in {row[0]}, row {row[1]}, to {row[2]}" for row in broken[:20]]
    return problems


def size(config: Config) -> int:
    """Bytes the database takes, roughly; for the check of free space."""
    if config.is_sqlite:
        path = sqlite_path(config)
        return sum(
            path.with_name(path.name + suffix).stat().st_size
            for suffix in ("", "-wal")
            if path.with_name(path.name + suffix).exists()
        )
    with opened(config.url) as connection:
        return int(
            connection.scalar(sa.select(sa.func.pg_database_size(sa.func.current_database()))) or 0
        )


@contextmanager
def scratch(config: Config, folder: Path) -> Iterator[Config]:
    """A configuration whose database is empty and thrown away afterwards, of the same kind."""
    if config.is_sqlite:
        yield replace(config, home=folder, database_url="")
        return
    url, name = make_url(config.url), f"zhike_verify_{token_hex(6)}"
    server = sa.create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    except sa.exc.DBAPIError as error:
        raise BackupError(
            "The database user may not create databases, which verification needs "
            f"(ALTER ROLE … CREATEDB): {error.orig}"
        ) from None
    try:
        address = url.set(database=name).render_as_string(hide_password=False)
        yield replace(config, home=folder, database_url=address)
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.dispose()


def _run_pg(program: str, url: URL, arguments: list[str], *, dbname_option: bool = False) -> None:
    found = shutil.which(program)
    if found is None:
        raise BackupError(f"{program} is missing. On Debian: apt install postgresql-client")
    env = {**os.environ}
    for name, value in (
        ("PGHOST", url.host),
        ("PGPORT", url.port),
        ("PGUSER", url.username),
        ("PGPASSWORD", url.password),  # never on the command line, which everybody can read
        ("PGDATABASE", url.database),
    ):
        if value is not None:
            env[name] = str(value)
    if dbname_option:
        arguments = [f"--dbname={url.database}", *arguments]
    done = subprocess.run(
        [found, *arguments], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()[-500:]}")
