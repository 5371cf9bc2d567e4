"""Rows for any model: every column filled, every reference to a row that is made first.

Enough for tables without rules of their own; a plugin with check constraints overrides
``PluginConformance.populate``.
"""

from __future__ import annotations

import itertools
import re
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from zhike.db.base import Base, ScopedModel, is_scoped
from zhike.db.session import CompanySession
from zhike.manifest import CORE

# Dates differ from row to row, across calls too: a table may have one row a day.
_days = itertools.count()

#: What the core's own tables do not take from just anybody.
_CORE_VALUES: dict[str, dict[str, Any]] = {"core__unit": {"kind": "site"}}


class Filler:
    """Makes rows in one company; text columns carry ``mark``, so that it can be looked for.

    Rows that others refer to are made once and shared: all personal rows then belong to the one
    customer ``party_id``.
    """

    def __init__(self, s: CompanySession, mark: str) -> None:
        self.s = s
        self.mark = mark
        self._made: dict[str, Any] = {}
        self._count = 0
        self._models = {
            m.local_table.name: m.class_  # type: ignore[attr-defined]  # our mappers have tables
            for m in Base.registry.mappers
        }

    @property
    def party_id(self) -> uuid.UUID | None:
        """The customer the rows are about, if any of them is about one."""
        party = self._made.get("core__party")
        return None if party is None else party.id

    def shared(self, table: str) -> Any:
        """The one row of ``table`` that others refer to."""
        if table not in self._made:
            self._made[table] = self.row(self._models[table])
        return self._made[table]

    def row(self, model: type[Any]) -> Any:
        """Add one more row of ``model``.

        Of the core's tables only what must be filled is; of the plugin's own everything.
        """
        self._count += 1
        table = model.__table__
        core = table.info.get("plugin") == CORE
        values: dict[str, Any] = dict(_CORE_VALUES.get(table.name, {}))
        for constraint in table.foreign_key_constraints:
            target = constraint.referred_table.name
            own = [c for c in constraint.columns if c.name != "company_id"]
            optional = all(c.nullable for c in own)
            if target == "core__company" or (optional and (core or target == table.name)):
                continue
            other = self.shared(target)
            for column, element in zip(constraint.columns, constraint.elements, strict=True):
                if column.name != "company_id":
                    values[column.name] = getattr(other, element.column.name)
        for column in table.columns:
            if column.name in values or column.name == "company_id" or column.foreign_keys:
                continue
            if column.primary_key and is_scoped(model):
                continue
            allowed = _allowed(column)
            given = column.default is not None or column.server_default is not None
            if given and (core or allowed or not _is_text(column)):
                continue
            if column.autoincrement is True or (core and column.nullable):
                continue
            if allowed:
                values[column.name] = allowed[0]
                continue
            values[column.name] = self._value(column)
        made = model(**values)
        self.s.add(made)
        self.s.flush()
        return made

    def _value(self, column: sa.Column[Any]) -> Any:
        kind = column.type
        if isinstance(kind, sa.Boolean):
            return False
        if isinstance(kind, sa.Integer):
            return self._count
        if isinstance(kind, sa.Numeric):
            return Decimal(self._count)
        if isinstance(kind, sa.Uuid):
            return uuid.uuid4()
        if isinstance(kind, sa.JSON):
            return {}
        if isinstance(kind, sa.LargeBinary):
            return self.mark.encode()
        if isinstance(kind, sa.Date):
            return date(2026, 11, 21) + timedelta(days=next(_days))
        if isinstance(kind, sa.Time):
            return time(10, 0)
        if isinstance(kind, sa.types.TypeDecorator | sa.DateTime):
            return datetime(2026, 11, 21, 2, tzinfo=UTC)
        return f"{self.mark}-{self._count}"


def _allowed(column: sa.Column[Any]) -> list[str]:
    """The words that a check constraint ``column IN ('a', 'b')`` allows; empty without one."""
    pattern = re.compile(rf"\b{column.name}\"? IN \(([^)]*)\)", re.IGNORECASE)
    for constraint in column.table.constraints:
        if isinstance(constraint, sa.CheckConstraint):
            found = pattern.search(str(constraint.sqltext))
            if found:
                return re.findall(r"'([^']*)'", found.group(1))
    return []


def _is_text(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.Text)


def fill(s: CompanySession, models: list[type[ScopedModel]], mark: str) -> Filler:
    """One row of each of ``models`` (and of whatever they refer to)."""
    filler = Filler(s, mark)
    for model in models:
        table = model.__table__.name  # type: ignore[attr-defined]  # a table, never a join
        filler.shared(table)
    return filler
