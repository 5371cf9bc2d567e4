"""What belongs to a plugin: its tables, and its rows in tables of the core.

Rows in the core's tables are named here, table by table, children before parents; a test compares
this list with the models, so that a new core table with such a column cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from zhike.db.base import Base

#: (table, column, how): ``is`` the column holds the plugin's name, ``in`` it begins with the name
#: and a dot, ``ref`` it begins with the name and a colon; ``via`` follows a parent listed later.
OWNED: tuple[tuple[str, str, str], ...] = (
    ("core__decision", "plugin", "is"),
    ("core__drill", "plugin", "is"),
    ("core__policy_choice", "plugin", "is"),
    ("core__policy_version", "policy_id", "via core__policy"),
    ("core__policy", "plugin", "is"),
    ("core__numbering_counter", "series", "in"),
    ("core__numbering_rule", "name", "in"),
    ("core__search_term", "kind", "in"),
    ("core__search_record", "kind", "in"),
    ("core__notice", "type", "in"),
    ("core__deadline", "kind", "in"),
    ("core__job_lease", "job", "in"),
    ("core__job_run", "job", "in"),
    ("core__idempotency", "action", "in"),
    ("core__outbox_delivery", "listener", "in"),
    ("core__outbox", "topic", "in"),
    ("core__default_view", "list_name", "in"),
    ("core__saved_view", "list_name", "in"),
    ("core__setting", "plugin", "is"),
    ("core__system_setting", "plugin", "is"),
    ("core__plugin_failure", "plugin", "is"),
    ("core__company_plugin", "plugin", "is"),
)

#: Columns that look alike and stay: (table, column) -> why.
KEPT: dict[tuple[str, str], str] = {
    ("core__calendar_day", "source"): "official, file or hand; no name of a plugin",
    ("core__calendar_year", "source"): "official, file or hand; no name of a plugin",
    ("core__contact", "source"): "a contact belongs to the customer's history, whoever logged it",
    ("core__party", "source"): "how the customer came to the company; no name of a plugin",
    ("core__ledger", "action"): "the ledger is never shortened",
    ("core__site_ledger", "action"): "the ledger is never shortened",
    ("core__plugin_state", "name"): "removed last, with the line that says so",
}


def core_conditions(name: str) -> Iterator[tuple[str, sa.ColumnElement[bool]]]:
    """(table, condition) for the rows of ``name`` in the core's tables, in order of deletion."""
    for table_name, column_name, how in OWNED:
        table = Base.metadata.tables.get(table_name)
        if table is None:
            continue
        column = table.c[column_name]
        if how.startswith("via "):
            parent = Base.metadata.tables[how.removeprefix("via ")]
            yield table_name, column.in_(sa.select(parent.c.id).where(parent.c.plugin == name))
        elif how == "is":
            yield table_name, column == name
        else:
            yield table_name, column.startswith(f"{name}.", autoescape=True)


def plugin_tables(connection: sa.Connection, name: str) -> list[sa.Table]:
    """The plugin's tables that are in the database, parents before children.

    From the models where they are loaded, else reflected: a broken plugin has tables all the same.
    The table of its migrations is not among them.
    """
    present = {
        table
        for table in sa.inspect(connection).get_table_names()
        if table.startswith(f"{name}__") and table != f"{name}__alembic_version"
    }
    reflected = sa.MetaData()
    tables: list[sa.Table] = []
    for table in sorted(present):
        known = Base.metadata.tables.get(table)
        if known is None:
            known = sa.Table(table, reflected, autoload_with=connection, resolve_fks=False)
        tables.append(known)
    return sorted(tables, key=lambda t: (_depth(t, present), t.name))


def _depth(table: sa.Table, present: set[str], seen: frozenset[str] = frozenset()) -> int:
    """How many of the plugin's own tables stand above this one along its foreign keys."""
    parents = {
        fk.target_fullname.rsplit(".", 1)[0]
        for fk in table.foreign_keys
        if fk.target_fullname.rsplit(".", 1)[0] in present
    } - {table.name, *seen}
    known = table.metadata.tables
    return max(
        (1 + _depth(known[p], present, seen | {table.name}) for p in parents if p in known),
        default=0,
    )
