"""Insert a row unless it is there: the one way that two processes may make the same row first."""

from __future__ import annotations

from functools import cache
from typing import Any

from zhike.db.base import Base, is_scoped
from zhike.db.session import CompanySession, SystemSession
from zhike.db.types import uuid7
from zhike.errors import ScopeError


def insert_if_absent(s: CompanySession | SystemSession, model: type[Base], **values: Any) -> bool:
    """Insert one row of ``model`` unless a unique constraint says it exists; whether it was new.

    On PostgreSQL a second process waits here until the first has committed or given up. A scoped
    row is stamped with the session's company and given an ``id``.
    """
    if s.read_only:
        raise ScopeError("this session only reads")
    if is_scoped(model):
        if not isinstance(s, CompanySession):
            raise ScopeError(f"{model.__name__} cannot be written without a company")
        values = {"id": uuid7(), **values, "company_id": s.company_id}
    return s._write(_statement(model, s.get_bind().dialect.name), values).first() is not None


@cache
def _statement(model: type[Base], dialect: str) -> Any:
    # The other dialect's module is large and would be loaded for nothing.
    insert: Any
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    table = model.__table__
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key)
