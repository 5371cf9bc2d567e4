"""Sessions that belong to one company for their whole life.

Forgetting the company is not unlikely here but impossible: a session without a company runs no
query on company data; a session with one adds the company to every ORM statement and refuses
what it cannot scope: Core statements, text, bulk inserts outside
:meth:`CompanySession.insert_many`.
The one way around it is :class:`UnscopedSession`, which takes a reason and logs it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from sqlalchemy import Engine, Executable, Insert, Result, Table, event, insert, inspect, select
from sqlalchemy.orm import Mapper, ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.interfaces import ORMOption

from zhike.db.base import GlobalModel, ScopedModel, is_scoped
from zhike.db.types import uuid7
from zhike.errors import NotFound, ScopeError
from zhike.i18n import _

if TYPE_CHECKING:
    from zhike.site import Site

log = logging.getLogger(__name__)
S = TypeVar("S", bound=ScopedModel)


@dataclass(frozen=True)
class Actor:
    """Who acts: the subject of every ledger line.

    ``kind`` is ``user``, ``staff`` (a person without a login, acting at a shared desk),
    ``device``, ``system`` (worker, migration) or ``cli``. ``ip`` is the peer's address as far as
    the configured number of proxies lets it be believed.
    """

    kind: str = "system"
    user_id: uuid.UUID | None = None
    staff_id: uuid.UUID | None = None
    name: str = ""
    ip: str = ""


SYSTEM = Actor(kind="system", name="system")


class _ZhikeSession(Session):
    """What all sessions share: the site, the actor, and calls to make after the commit."""

    def __init__(self, engine: Engine, *, site: Site, actor: Actor, read_only: bool) -> None:
        super().__init__(bind=engine, expire_on_commit=False, autoflush=True)
        self.site = site
        self.actor = actor
        self.read_only = read_only
        self._after_commit: list[Callable[[], None]] = []

    def on_commit(self, call: Callable[[], None]) -> None:
        """Run ``call`` after a successful commit; what it raises is logged, never passed on."""
        self._after_commit.append(call)

    def run_on_commit(self) -> None:
        """Run and forget the calls of :meth:`on_commit`; whoever commits calls this."""
        calls, self._after_commit = self._after_commit, []
        for call in calls:
            try:
                call()
            except Exception:  # the business transaction is already committed: only report
                log.exception("after-commit call failed")

    def _write(
        self, statement: Executable, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    ) -> Result[Any]:
        """Run a statement of the core's own on rows that carry the company already.

        Beside the ORM, whose way of writing one plain row takes four times as long.
        """
        if self.read_only:
            raise ScopeError("this session only reads")
        self.flush()
        return Session.connection(self).execute(statement, rows)


@cache
def _insert_into(model: Any) -> Insert:
    """The insert of a model's table, made once; a model's columns are named as its attributes."""
    return insert(model.__table__)


@lru_cache(maxsize=1000)
def _rows_of(company_id: int) -> ORMOption:
    """The condition on all statements of one company's sessions; made once, then the very same."""
    return with_loader_criteria(
        ScopedModel, lambda cls: cls.company_id == company_id, include_aliases=True
    )


class CompanySession(_ZhikeSession):
    """A session of one company: the only way to that company's data."""

    def __init__(
        self, engine: Engine, *, site: Site, company_id: int, actor: Actor, read_only: bool
    ) -> None:
        super().__init__(engine, site=site, actor=actor, read_only=read_only)
        self._company_id = company_id
        self._own_rows = _rows_of(company_id)

    @property
    def company_id(self) -> int:
        """The company's internal number; fixed for the life of the session."""
        return self._company_id

    def connection(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused: a bare connection would slip past the company guard."""
        raise ScopeError("session.connection() is not available in a company session")

    def bulk_save_objects(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused: use :meth:`insert_many`, which stamps the company."""
        raise ScopeError("bulk_* is not available in a company session; use insert_many()")

    bulk_insert_mappings = bulk_save_objects
    bulk_update_mappings = bulk_save_objects

    def find(self, model: type[S], row_id: uuid.UUID | None) -> S | None:
        """Return this company's row ``row_id`` of ``model``, or ``None``."""
        if row_id is None:
            return None
        return self.get(model, (self._company_id, row_id))

    def require(self, model: type[S], row_id: uuid.UUID | None) -> S:
        """Return this company's row or raise :class:`~zhike.errors.NotFound`."""
        row = self.find(model, row_id)
        if row is None:
            raise NotFound(_("This record does not exist."))
        return row

    def insert_many(self, model: type[ScopedModel], rows: Iterable[Mapping[str, Any]]) -> int:
        """Insert many rows of one scoped model in one statement, stamped with the company.

        Rows without ``id`` get one. Returns how many were inserted. Session events (defaults made
        in Python by ``init`` listeners) do not run: give every column that has no default.
        """
        company = self._company_id
        stamped = [
            {**row, "company_id": company}
            if "id" in row  # an id costs more than the rest: none is made to be thrown away
            else {"id": uuid7(), **row, "company_id": company}
            for row in rows
        ]
        for _names, alike in groupby(stamped, key=dict.keys):
            self._write(_insert_into(model), list(alike))
        return len(stamped)

    def insert_pending(self, rows: Sequence[ScopedModel]) -> list[dict[str, Any]]:
        """Write new objects of this session at once, beside the unit of work; their values.

        For imports: a tenth of what a flush costs. The objects leave the session, so whoever needs
        one again reads it. Models go in the order of their tables' keys; defaults are those of the
        model. The values come back in the order of ``rows``, by attribute, with ``id``.
        """
        made = []
        by_model: dict[type[ScopedModel], list[dict[str, Any]]] = {}
        for row in rows:
            values = _values_of(row)
            made.append(values)
            by_model.setdefault(type(row), []).append(values)
            self.expunge(row)
        for model in sorted(by_model, key=_place_of_table):
            self.insert_many(model, by_model[model])
        return made


def _values_of(row: ScopedModel) -> dict[str, Any]:
    """Every column of a new object, with the defaults a flush would give it."""
    held = row.__dict__
    values: dict[str, Any] = {}
    for name, default in _defaults_of(type(row)):
        values[name] = held[name] if name in held else default()
    values["id"] = held["id"]
    return values


@cache
def _defaults_of(model: type[ScopedModel]) -> tuple[tuple[str, Any], ...]:
    """The columns of a model without company and key, each with what makes its default."""
    mapper: Mapper[Any] = inspect(model)
    found = []
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        if attribute.key in ("company_id", "id"):
            continue
        found.append((attribute.key, _default_of(column, column is mapper.version_id_col)))
    return tuple(found)


def _default_of(column: Any, counts: bool) -> Callable[[], Any]:
    if counts:
        return lambda: 1
    default = column.default
    if default is None:
        return lambda: None
    if default.is_callable:
        return lambda: default.arg({})
    return lambda: default.arg


@cache
def _place_of_table(model: type[ScopedModel]) -> int:
    return list(model.metadata.sorted_tables).index(cast(Table, model.__table__))


class SystemSession(_ZhikeSession):
    """A session without a company: global models only (users, logins, companies …)."""


class UnscopedSession(_ZhikeSession):
    """Sees every company; opened only by :meth:`zhike.site.Site.unscoped` with a reason."""


def _scoped_mappers(state: ORMExecuteState) -> list[type[Any]]:
    return [mapper.class_ for mapper in state.all_mappers if is_scoped(mapper.class_)]


@event.listens_for(CompanySession, "do_orm_execute")
def _guard_company(state: ORMExecuteState) -> None:
    session = state.session
    assert isinstance(session, CompanySession)
    if not state.is_orm_statement:
        raise ScopeError("only ORM statements run in a company session (no text, no Core tables)")
    if state.is_insert:
        if _scoped_mappers(state):
            raise ScopeError("bulk inserts of company data go through insert_many()")
        return
    if state.is_column_load or state.is_relationship_load:
        return
    state.statement = state.statement.options(session._own_rows)


@event.listens_for(CompanySession, "before_flush")
def _stamp_company(session: CompanySession, context: Any, instances: Any) -> None:
    if session.read_only and (session.new or session.dirty or session.deleted):
        raise ScopeError("this session only reads")
    for row in session.new:
        if isinstance(row, ScopedModel):
            stated: int | None = row.company_id  # unset before the first flush
            if stated is None:
                row.company_id = session.company_id
            elif stated != session.company_id:
                raise ScopeError(f"{type(row).__name__} belongs to another company")
    for row in (*session.dirty, *session.deleted):
        if isinstance(row, ScopedModel) and row.company_id != session.company_id:
            raise ScopeError(f"{type(row).__name__} belongs to another company")


@event.listens_for(SystemSession, "do_orm_execute")
def _guard_system(state: ORMExecuteState) -> None:
    if not state.is_orm_statement:
        raise ScopeError("only ORM statements run in a system session")
    scoped = _scoped_mappers(state)
    if scoped:
        names = ", ".join(sorted(model.__name__ for model in scoped))
        raise ScopeError(f"no company, no query: {names}")


@event.listens_for(SystemSession, "before_flush")
def _refuse_scoped_flush(session: SystemSession, context: Any, instances: Any) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(row, GlobalModel):
            raise ScopeError(f"{type(row).__name__} cannot be written without a company")


def lock_row(session: CompanySession, model: type[S], row_id: uuid.UUID) -> S:
    """Fetch one row for change, keeping every other writer of it out until the commit.

    PostgreSQL takes a row lock; on SQLite the write transaction itself is the lock. Raises
    :class:`~zhike.errors.NotFound`.
    """
    if session.get_bind().dialect.name == "sqlite" and "generation" not in session.info:
        row = _with_generation(session, model, row_id)
    else:
        statement = (
            select(model)
            .where(model.id == row_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        row = session.scalars(statement).first()
    if row is None:
        raise NotFound(_("This record does not exist."))
    return row


def _with_generation(session: CompanySession, model: type[S], row_id: uuid.UUID) -> S | None:
    """The row, and with it the company's generation, which almost every act asks for next.

    Only where the transaction itself is the lock: while PostgreSQL waits for a row's lock, the
    generation may move on unseen by the waiting statement.
    """
    from zhike.models.company import Company

    found = session.execute(
        select(model, Company.generation)
        .join(Company, Company.id == model.company_id)
        .where(model.id == row_id)
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        return None
    session.info["generation"] = int(found[1])
    row: S = found[0]
    return row


def lock_rows(session: CompanySession, model: type[S], ids: Sequence[uuid.UUID]) -> list[S]:
    """Lock several rows in the order of their ids, so that two callers cannot deadlock."""
    return [lock_row(session, model, row_id) for row_id in sorted(set(ids))]
