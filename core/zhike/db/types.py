"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import uuid_utils.compat
from sqlalchemy import JSON, DateTime, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


def uuid7() -> uuid.UUID:
    """Return a new time-ordered UUID (version 7, RFC 9562), the key of every scoped row."""
    return uuid_utils.compat.uuid7()


class UTCDateTime(TypeDecorator[datetime]):
    """An instant: aware datetimes only, kept in UTC, given back in UTC.

    PostgreSQL stores ``timestamptz``; SQLite drops zones silently, so there it is a text of fixed
    width that sorts as time does. A naive datetime is a programming error and is refused.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime refused: an instant needs its time zone")
        value = value.astimezone(UTC)
        if dialect.name == "sqlite":
            # strftime leaves the noughts of early years out, and such a text is no instant again.
            return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        assert isinstance(value, datetime)
        return value.astimezone(UTC)


class JSONDocument(TypeDecorator[Any]):
    """A JSON document; JSONB on PostgreSQL. Assign a new object to change it: it is not tracked."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """JSONB where there is one; its module is large, so loaded only there."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import JSONB

            return dialect.type_descriptor(JSONB())
        return dialect.type_descriptor(JSON())

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """Indexing and comparing go by JSON's own rules."""
        return self.impl_instance.coerce_compared_value(op, value)


JSONType = JSONDocument()
