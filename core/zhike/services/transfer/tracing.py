"""Before-images: what an import changed, row by row, precisely enough to take it back.

The session tells what it is about to write; rows of the importer's models are remembered with the
state before and after. Values are kept as JSON by a small tagging, so that comparing two images is
comparing two texts; sealed columns stay sealed (bytes are kept as they are).
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Mapper

from zhike.db.base import ScopedModel
from zhike.db.session import CompanySession

Image = dict[str, Any]

_WORTH = 20
"""New rows from which on writing them set-wise is quicker than a flush."""


def encode(value: Any) -> Any:
    """Return a column's value as JSON that :func:`decode` turns back into the same value."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, datetime):
        # Read back from the database an instant is in UTC, however it was written.
        return {"~": "datetime", "v": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"~": "date", "v": value.isoformat()}
    if isinstance(value, uuid.UUID):
        return {"~": "uuid", "v": value.hex}
    if isinstance(value, bytes):
        return {"~": "bytes", "v": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Decimal):
        return {"~": "decimal", "v": str(value)}
    if isinstance(value, dict | list):
        return {"~": "json", "v": value}
    return value


def decode(value: Any) -> Any:
    """Undo :func:`encode`."""
    if not isinstance(value, dict):
        return value
    kind, held = value["~"], value["v"]
    if kind == "datetime":
        return datetime.fromisoformat(held)
    if kind == "date":
        return date.fromisoformat(held)
    if kind == "uuid":
        return uuid.UUID(hex=held)
    if kind == "bytes":
        return base64.b64decode(held)
    return Decimal(held) if kind == "decimal" else held


def image_of(row: ScopedModel) -> Image:
    """The present state of a row: every column by attribute, without key and company."""
    return {name: encode(getattr(row, name)) for name in _attributes(type(row))}


def _image(values: dict[str, Any]) -> Image:
    return {name: encode(value) for name, value in values.items() if name != "id"}


@cache
def _attributes(model: type[ScopedModel]) -> list[str]:
    mapper: Mapper[Any] = inspect(model)
    return [
        attribute.key
        for attribute in mapper.column_attrs
        if attribute.key not in ("company_id", "id")
    ]


@dataclass
class _Touched:
    row: ScopedModel
    before: Image | None
    number: int


class Tracer:
    """Collects what the session writes to ``models``, by the row of the file at work."""

    def __init__(self, s: CompanySession, models: Sequence[type[Any]]) -> None:
        self._session = s
        self._models = tuple(models)
        self._touched: dict[tuple[type[Any], uuid.UUID], _Touched] = {}
        self.number = 0

    def added(self, _session: Any, row: Any) -> None:
        """Remember a row as it enters the session: going through all new ones, row by row of the
        file, would cost the more the longer the stretch is that is written at once."""
        if isinstance(row, self._models):
            touched = _Touched(row, None, self.number)
            self._touched.setdefault((type(row), row.id), touched)

    def look(self, *_ignored: Any) -> None:
        """Remember rows that are changed in the session and not yet written."""
        s = self._session
        for row in s.dirty:
            if not isinstance(row, self._models) or (type(row), row.id) in self._touched:
                continue
            if s.is_modified(row):
                touched = _Touched(row, self._before(row), self.number)
                self._touched[type(row), row.id] = touched

    def _before(self, row: ScopedModel) -> Image:
        """The state as it was loaded; an old value that never was comes from the database."""
        state = inspect(row)
        assert state is not None
        image: Image = {}
        for name in _attributes(type(row)):
            history = state.attrs[name].history
            if history.deleted:
                image[name] = encode(history.deleted[0])
            elif history.added:
                return self._stored(row)
            else:
                image[name] = encode(getattr(row, name))
        return image

    def _stored(self, row: ScopedModel) -> Image:
        model = type(row)
        names = _attributes(model)
        with self._session.no_autoflush:
            held = self._session.execute(
                select(*(getattr(model, name) for name in names)).where(model.id == row.id)
            ).one()
        return {name: encode(value) for name, value in zip(names, held, strict=True)}

    def take(self) -> dict[int, list[dict[str, Any]]]:
        """Flush, and return the images of everything touched since the last call, by row number.

        A record that two rows of one stretch touch stands under the first, in its last state.
        """
        self.look()
        written = self._write_new()
        if self._touched:
            self._session.flush()
        images: dict[int, list[dict[str, Any]]] = {}
        for (model, key), touched in self._touched.items():
            values = written.get(key)
            images.setdefault(touched.number, []).append(
                {
                    "model": model.__tablename__,
                    "id": str(key),
                    "before": touched.before,
                    "after": image_of(touched.row) if values is None else _image(values),
                }
            )
        self._touched.clear()
        return images

    def _write_new(self) -> dict[uuid.UUID, dict[str, Any]]:
        """Write what is new in the session set-wise, changed rows by a flush before it.

        Only where everything new is a plain row: what the database has to make stays with the unit
        of work.
        """
        s = self._session
        new = [row for row in s.new if isinstance(row, ScopedModel)]
        if len(new) != len(s.new) or len(new) < _WORTH:
            return {}
        values = s.insert_pending(new)
        return {row["id"]: row for row in values}

    def forget(self) -> None:
        """Drop what was collected: its savepoint was rolled back."""
        self._touched.clear()


@contextmanager
def tracing(s: CompanySession, models: Sequence[type[Any]]) -> Iterator[Tracer]:
    """Collect the images of ``models`` while the block runs."""
    tracer = Tracer(s, models)
    watched = (("transient_to_pending", tracer.added), ("before_flush", tracer.look))
    for name, call in watched:
        event.listen(s, name, call)
    try:
        yield tracer
    finally:
        for name, call in watched:
            event.remove(s, name, call)
