"""Migrations: one lineage and one version table per plugin, driven by the core.

A shared version table would make the core's own upgrade fail once a plugin's package is gone, so
each lineage stands alone: the core's first, then each plugin's. One transaction per lineage (DDL
rolls back on both databases), all of it under one lock for the whole site.

Alembic is imported where it is used: web processes import this module for its nouns, and would pay
half a second and ten megabytes for the tool.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from zhike.config import Config
from zhike.db.base import Base, partial_indexes
from zhike.db.engines import WriteGate, sqlite_path
from zhike.db.types import JSONDocument, UTCDateTime

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

_LOCK = 0x7A68696B65  # "zhike", the advisory lock of everything that changes the schema


@dataclass(frozen=True)
class Lineage:
    """A plugin's line of revisions: its name and the folder of its revision files."""

    name: str
    folder: Path

    @property
    def version_table(self) -> str:
        """The table that records where this lineage stands."""
        return f"{self.name}__alembic_version"


CORE = Lineage("core", Path(str(files("zhike"))) / "migrations")


def owns(lineage: str, table: Any) -> bool:
    """Whether ``table`` belongs to ``lineage``: by its mark, or (reflected) by its prefix."""
    marked = Base.metadata.tables.get(table.name)
    if marked is not None:
        return marked.info.get("plugin") == lineage
    name = str(table.name)
    return name.startswith(f"{lineage}__") and not name.endswith("__alembic_version")


def render_item(kind: str, obj: Any, autogen: Any) -> str | Literal[False]:
    """Write our column types by their public names, so revisions never import models."""
    if kind == "type" and isinstance(obj, UTCDateTime):
        autogen.imports.add("from zhike.db.types import UTCDateTime")
        return "UTCDateTime()"
    if kind == "type" and isinstance(obj, JSONDocument):
        autogen.imports.add("from zhike.db.types import JSONType")
        return "JSONType"
    return False


def _engine(config: Config) -> sa.Engine:
    """An engine for DDL: SQLite's batch mode needs foreign keys off before the transaction."""
    if not config.is_sqlite:
        return sa.create_engine(config.url, poolclass=sa.NullPool)
    config.ensure_home()
    engine = sa.create_engine(config.url, poolclass=sa.NullPool, connect_args={"timeout": 15})

    @sa.event.listens_for(engine, "connect")
    def on_connect(dbapi: Any, record: Any) -> None:
        dbapi.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF"):
            dbapi.execute(f"PRAGMA {pragma}")

    WriteGate(f"{sqlite_path(config)}.wlock").install(engine)
    return engine


@contextmanager
def _locked(config: Config) -> Iterator[sa.Connection]:
    """A connection in one transaction, with the site's schema lock held."""
    engine = _engine(config)
    try:
        with engine.connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            yield connection
            if connection.dialect.name == "sqlite":
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise RuntimeError(f"migration leaves broken references: {broken[:5]}")
    finally:
        engine.dispose()


def _alembic(lineage: Lineage, connection: sa.Connection | None = None) -> AlembicConfig:
    from alembic.config import Config as AlembicConfig

    config = AlembicConfig(stdout=io.StringIO(), output_buffer=io.StringIO())
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", str(lineage.folder))
    config.set_main_option("path_separator", "os")
    config.attributes["lineage"] = lineage.name
    config.attributes["version_table"] = lineage.version_table
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def head(lineage: Lineage) -> str | None:
    """The newest revision that the package ships, or ``None`` when it ships none."""
    if not lineage.folder.is_dir():
        return None
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_alembic(lineage)).get_current_head()


def current(config: Config, lineages: Iterable[Lineage]) -> dict[str, str | None]:
    """Where each lineage stands in the database (``None``: not installed)."""
    engine = _engine(config)
    found: dict[str, str | None] = {}
    try:
        with engine.connect() as connection:
            tables = set(sa.inspect(connection).get_table_names())
            for lineage in lineages:
                found[lineage.name] = None
                if lineage.version_table in tables:
                    version = sa.table(lineage.version_table, sa.column("version_num"))
                    found[lineage.name] = connection.scalar(sa.select(version.c.version_num))
    finally:
        engine.dispose()
    return found


def upgrade(config: Config, lineage: Lineage) -> None:
    """Bring ``lineage`` to its head, in one transaction under the schema lock."""
    if head(lineage) is None:
        return
    from alembic import command

    with _locked(config) as connection:
        command.upgrade(_alembic(lineage, connection), "head")


def downgrade(config: Config, lineage: Lineage, target: str = "base") -> None:
    """Take ``lineage`` back to ``target``; at ``base`` its version table goes too."""
    from alembic import command

    with _locked(config) as connection:
        if head(lineage) is not None:
            command.downgrade(_alembic(lineage, connection), target)
        if target == "base":
            connection.execute(sa.text(f'DROP TABLE IF EXISTS "{lineage.version_table}"'))


def drift(config: Config, lineage: Lineage) -> list[Any]:
    """Differences between the models of ``lineage`` and the database; empty is good."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = _engine(config)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection,
                opts={
                    "include_object": lambda obj, name, kind, reflected, other: (
                        (table := obj if kind == "table" else getattr(obj, "table", None)) is None
                        or owns(lineage.name, table)
                    ),
                    "compare_type": True,
                    "version_table": lineage.version_table,
                },
            )
            return list(compare_metadata(context, Base.metadata))
    finally:
        engine.dispose()


def write_revision(config: Config, lineage: Lineage, message: str) -> Path:
    """Write the revision that takes the database to the models as they are; for authors.

    The database must stand at the lineage's head. Returns the file's path; read it before use.
    """
    from alembic import command

    lineage.folder.mkdir(parents=True, exist_ok=True)
    partial_indexes(Base.metadata)
    number = len(list(lineage.folder.glob("[0-9]*.py"))) + 1
    slug = "".join(c if c.isalnum() else "_" for c in message.lower())[:40]
    engine = _engine(config)
    try:
        with engine.connect() as connection:
            script = command.revision(
                _alembic(lineage, connection),
                message=message,
                autogenerate=True,
                rev_id=f"{lineage.name}_{number:04d}",
                version_path=str(lineage.folder),
            )
    finally:
        engine.dispose()
    assert script is not None
    assert not isinstance(script, list)
    path = Path(script.path)
    return path.rename(lineage.folder / f"{number:04d}_{slug}.py")
