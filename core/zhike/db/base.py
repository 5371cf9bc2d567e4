"""The declarative base: who owns a table, and which company owns a row.

A plugin declares its own abstract base once and derives its models from it::

    class Model(ScopedModel):
        __abstract__ = True
        __plugin__ = "sales_floor"

    class Visit(Model):
        __tablename__ = "visit"                         # becomes sales_floor__visit
        __table_args__ = (ref("party_id", "core__party"),)
        party_id: Mapped[uuid.UUID]

The double underscore keeps ``crm`` from ever owning ``crm_pro__x``; ownership is written in
``table.info["plugin"]`` and never guessed from the name.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    Uuid,
    event,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from zhike.db.types import JSONType, UTCDateTime, uuid7

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def partial_indexes(metadata: MetaData) -> None:
    """Give PostgreSQL the condition of every partial index, which models name as ``sqlite_where``.

    Naming it twice would make every process load the other database's dialect. Done before tables
    are made and before a revision is written.
    """
    for table in metadata.tables.values():
        for index in table.indexes:
            where = index.dialect_kwargs.get("sqlite_where")
            if where is not None:
                index.dialect_kwargs["postgresql_where"] = where


class Base(DeclarativeBase):
    """Root of all models; stamps each table with the plugin that owns it."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        uuid.UUID: Uuid(),
        datetime: UTCDateTime(),
        date: Date(),
        dict[str, Any]: JSONType,
        list[Any]: JSONType,
        list[str]: JSONType,
        bytes: LargeBinary(),
        str: Text(),
    }
    __plugin__: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        short = cls.__dict__.get("__tablename__")
        if isinstance(short, str) and not cls.__dict__.get("__abstract__"):
            owner = cls.__plugin__
            if not owner:
                raise TypeError(f"{cls.__name__}: no __plugin__ on its abstract base")
            if not short.startswith(f"{owner}__"):
                cls.__tablename__ = f"{owner}__{short}"
            args = cls.__dict__.get("__table_args__", ())
            options: dict[str, Any] = {}
            if isinstance(args, dict):
                options, args = dict(args), ()
            elif args and isinstance(args[-1], dict):
                options, args = dict(args[-1]), args[:-1]
            options["info"] = {**options.get("info", {}), "plugin": owner}
            cls.__table_args__ = (*args, options)
        super().__init_subclass__(**kwargs)


class GlobalModel(Base):
    """A table that belongs to the site, not to one company (company, user, login session …)."""

    __abstract__ = True


class ScopedModel(Base):
    """A table whose every row belongs to exactly one company.

    The primary key is ``(company_id, id)``; foreign keys between scoped tables are composite
    (:func:`ref`), so that even a hand-written statement cannot tie rows of two companies
    together. ``id`` is a UUIDv7 made before the insert, so it can be named in ledger lines and
    in the additional data of encrypted fields.
    """

    __abstract__ = True

    @declared_attr
    def company_id(cls) -> Mapped[int]:  # noqa: N805  SQLAlchemy hands over the class
        return mapped_column(
            BigInteger().with_variant(Integer(), "sqlite"),
            ForeignKey("core__company.id", ondelete="RESTRICT"),
            primary_key=True,
            sort_order=-20,
        )

    @declared_attr
    def id(cls) -> Mapped[uuid.UUID]:  # noqa: N805  as above
        return mapped_column(Uuid(), primary_key=True, default=uuid7, sort_order=-19)


@event.listens_for(Base.metadata, "before_create")
def _complete_indexes(metadata: MetaData, connection: Any, **kwargs: Any) -> None:
    if connection.dialect.name == "postgresql":
        partial_indexes(metadata)


@event.listens_for(ScopedModel, "init", propagate=True)
def _give_id(target: ScopedModel, args: Any, kwargs: dict[str, Any]) -> None:
    kwargs.setdefault("id", uuid7())


def ref(column: str, table: str, *, ondelete: str = "RESTRICT") -> ForeignKeyConstraint:
    """Return the composite foreign key ``(company_id, column) -> table(company_id, id)``."""
    return ForeignKeyConstraint(
        ["company_id", column], [f"{table}.company_id", f"{table}.id"], ondelete=ondelete
    )


def is_scoped(model: type[Any]) -> bool:
    """Whether rows of ``model`` belong to one company."""
    return issubclass(model, ScopedModel)
