"""Undo an import 撤销导入: what it created goes, what it changed is as before.

Only while the rows are as the import left them: somebody's later work is never lost. What stands
in the way is named row by row, and then nothing is undone at all.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from zhike import clock
from zhike.contributions import Importer, RecordRef
from zhike.db.session import CompanySession, lock_row
from zhike.errors import Conflict, NotFound
from zhike.i18n import _
from zhike.models.transfer import ImportBatch, ImportRow
from zhike.services import search
from zhike.services.transfer.applying import write_line
from zhike.services.transfer.tracing import decode, image_of

_STRETCH = 200


@dataclass(frozen=True, slots=True)
class Blocked:
    """A row that cannot be taken back: ``changed`` since, ``gone``, or ``used`` by others."""

    row: int
    record: str
    why: str


class UndoRefused(Conflict):
    """Nothing was undone; ``blocked`` names the rows that were touched since."""

    code = "undo_refused"

    def __init__(self, blocked: list[Blocked]) -> None:
        super().__init__(
            _(
                "This import cannot be undone: %(count)d rows were changed or used since.",
                count=len(blocked),
            ),
            extra={
                "blocked": [
                    {"row": entry.row, "record": entry.record, "why": entry.why}
                    for entry in blocked[:500]
                ]
            },
        )
        self.blocked = blocked


def undo_import(s: CompanySession, importer: Importer, batch_id: uuid.UUID) -> ImportBatch:
    """Take back a whole batch in the caller's transaction and return it.

    Raises :class:`UndoRefused` with every row that was changed, deleted or came into use since;
    :class:`~zhike.errors.Conflict` for a batch that was undone already, whose images are gone, or
    whose importer keeps none; :class:`~zhike.errors.NotFound`. A batch undone is undone for good:
    the same file can be imported again under a new key.
    """
    batch = lock_row(s, ImportBatch, batch_id)
    if batch.importer != importer.name:
        raise NotFound(_("This import does not exist."))
    if batch.state == "undone":
        raise Conflict(_("This import was undone already."))
    if batch.images_dropped_at is not None or not importer.models:
        raise Conflict(_("This import can no longer be undone."))
    rows = s.scalars(
        select(ImportRow).where(ImportRow.batch_id == batch.id).order_by(ImportRow.row_no.desc())
    ).all()
    models = {model.__tablename__: model for model in importer.models}
    blocked = _touched_since(s, models, rows)
    if blocked:
        raise UndoRefused(blocked)
    for start in range(0, len(rows), _STRETCH):
        blocked.extend(_take_back(s, models, rows[start : start + _STRETCH]))
    if blocked:
        raise UndoRefused(blocked)
    if importer.undone is not None:
        with search.deferred(s):
            for row in rows:
                importer.undone(s, RecordRef.parse(row.record))
    batch.state, batch.undone_at, batch.undone_by = "undone", clock.now(), s.actor.name
    s.flush()
    write_line(s, "core.import_undone", batch)
    return batch


def _touched_since(
    s: CompanySession, models: dict[str, type[Any]], rows: Sequence[ImportRow]
) -> list[Blocked]:
    """Compare every row's latest image with what stands in the database now."""
    seen: set[tuple[str, str]] = set()
    blocked = []
    for start in range(0, len(rows), _STRETCH):
        stretch = rows[start : start + _STRETCH]
        held = _load(s, models, stretch)
        for row in stretch:
            for image in reversed(row.images):
                name = (image["model"], image["id"])
                if name in seen:
                    continue  # a later row of the file touched it again: that image counts
                seen.add(name)
                if name not in held:
                    blocked.append(Blocked(row.row_no, row.record, "gone"))
                elif image_of(held[name]) != image["after"]:
                    blocked.append(Blocked(row.row_no, row.record, "changed"))
    return blocked


def _load(
    s: CompanySession, models: dict[str, type[Any]], rows: Sequence[ImportRow]
) -> dict[tuple[str, str], Any]:
    """The rows that the images speak of, by model and id, with one statement a model."""
    wanted: dict[str, list[uuid.UUID]] = {}
    for row in rows:
        for image in row.images:
            wanted.setdefault(image["model"], []).append(uuid.UUID(image["id"]))
    return {
        (name, str(held.id)): held
        for name, ids in wanted.items()
        for held in s.scalars(select(models[name]).where(models[name].id.in_(ids)))
    }


def _take_back(
    s: CompanySession, models: dict[str, type[Any]], rows: Sequence[ImportRow]
) -> list[Blocked]:
    """Take a stretch of rows back; where the database refuses it, look for the rows it is about."""
    try:
        with s.begin_nested():
            _take_back_rows(s, models, rows)
    except IntegrityError:  # a foreign key: somebody's later record speaks of one of these
        if len(rows) == 1:
            return [Blocked(rows[0].row_no, rows[0].record, "used")]
        return [entry for row in rows for entry in _take_back(s, models, [row])]
    return []


def _take_back_rows(
    s: CompanySession, models: dict[str, type[Any]], rows: Sequence[ImportRow]
) -> None:
    loaded = _load(s, models, rows)
    # Models are named in the order in which rows come to be, so they go in the opposite one: the
    # unit of work knows no order between models that are tied by keys alone.
    for name in reversed(models):
        for row in rows:
            for image in reversed(row.images):
                if image["model"] != name:
                    continue
                held = loaded[image["model"], image["id"]]
                if image["before"] is None:
                    s.delete(held)
                else:
                    restore(held, image["before"])
        s.flush()


def restore(held: Any, before: dict[str, Any]) -> None:
    """Put a row back into the state of an image (:func:`~.tracing.image_of`)."""
    counter = held.__mapper__.version_id_col
    for name, value in before.items():
        # The version goes on counting: whoever looks at the imported state must get a conflict.
        if counter is not None and held.__mapper__.get_property_by_column(counter).key == name:
            continue
        setattr(held, name, decode(value))
