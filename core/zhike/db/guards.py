"""Triggers that keep the ledger append-only, on both databases.

They stop accidents and careless administration; whoever may drop a trigger is found out by the
hash chain and its anchors instead. Migrations import this module, so it imports no models.
"""

from __future__ import annotations

import sqlalchemy as sa

#: Tables whose rows are never changed nor deleted.
APPEND_ONLY = ("core__ledger", "core__site_ledger")
_FUNCTION = "core__refuse_change"


def forbid_changes(connection: sa.Connection, table: str) -> None:
    """Make the database refuse UPDATE and DELETE (PostgreSQL: TRUNCATE too) on ``table``."""
    if connection.dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    connection.exec_driver_sql(
        f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only'; END $$"
    )
    for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        connection.exec_driver_sql(
            f"CREATE OR REPLACE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION {_FUNCTION}()"
        )


def install_guards(connection: sa.Connection) -> None:
    """Guard every append-only table; called by the core's migrations, safe to repeat."""
    for table in APPEND_ONLY:
        forbid_changes(connection, table)


def remove_guards(connection: sa.Connection) -> None:
    """Take the guards away before the tables are dropped or rebuilt by a migration."""
    on = "" if connection.dialect.name == "sqlite" else " ON {table}"
    for table in APPEND_ONLY:
        for verb in ("update", "delete", "truncate"):
            connection.exec_driver_sql(
                f"DROP TRIGGER IF EXISTS {table}_no_{verb}{on.format(table=table)}"
            )
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {_FUNCTION}()")


def missing_guards(connection: sa.Connection) -> list[str]:
    """Names of guards that are not in the database; empty is good (health page, ``doctor``)."""
    sqlite = connection.dialect.name == "sqlite"
    verbs = ("update", "delete") if sqlite else ("update", "delete", "truncate")
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if sqlite
        else "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'"
    )
    present = {row[0] for row in connection.exec_driver_sql(query)}
    return [
        name
        for table in APPEND_ONLY
        for name in (f"{table}_no_{verb}" for verb in verbs)
        if name not in present
    ]
