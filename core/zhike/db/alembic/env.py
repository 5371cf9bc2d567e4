"""The one Alembic environment; plugins ship only revision files.

``zhike.db.migrate`` passes the connection, the lineage's version table and its name in
``config.attributes``. Only tables whose ``info["plugin"]`` names the lineage are looked at.
"""

from __future__ import annotations

from typing import Any

from alembic import context

from zhike.db.base import Base
from zhike.db.migrate import owns, render_item

config = context.config
lineage: str = config.attributes["lineage"]


def include_object(obj: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    """Compare this lineage's tables and nothing else."""
    table = obj if kind == "table" else getattr(obj, "table", None)
    return table is None or owns(lineage, table)


context.configure(
    connection=config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=config.attributes["version_table"],
    include_object=include_object,
    render_as_batch=True,
    render_item=render_item,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
