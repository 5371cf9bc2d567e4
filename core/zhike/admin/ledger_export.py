"""The ledger as a file 台账导出: every line that the page's filters select, oldest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from flask import Response
from sqlalchemy import select

from zhike.admin.data_exports import handed_out
from zhike.admin.ledger import (
    PERMISSION,
    Names,
    actions,
    bp,
    filters,
    narrowed,
    people,
    result_words,
)
from zhike.contributions import Exporter
from zhike.db.session import CompanySession
from zhike.i18n import _
from zhike.models.ledger import LedgerLine
from zhike.services import transfer
from zhike.services.ledger import canonical_json
from zhike.web.context import current

__all__ = ["bp", "rows"]

_STRETCH = 1000
"""Lines that are read, and whose records are named, at a time: memory holds no more."""
_SHOWN = (
    LedgerLine.seq, LedgerLine.at, LedgerLine.actor_kind, LedgerLine.actor_name, LedgerLine.user_id,
    LedgerLine.staff_id, LedgerLine.ip, LedgerLine.action, LedgerLine.object, LedgerLine.result,
    LedgerLine.reason, LedgerLine.body, LedgerLine.prev, LedgerLine.hash,
)  # fmt: skip


def rows(s: CompanySession, asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The lines, as columns of the exporter ``core.ledger``."""
    conditions = narrowed(s, asked)
    acts, results = actions(), result_words()
    seen = 0
    while True:
        lines = s.execute(
            select(*_SHOWN)
            .where(LedgerLine.seq > seen, *conditions)
            .order_by(LedgerLine.seq)
            .limit(_STRETCH)
        ).all()
        if not lines:
            return
        seen = lines[-1].seq
        who, called = people(s, lines), Names(s)
        for line in lines:
            done = f"{acts.get(line.action, line.action)} {called(line.object).title}".strip()
            yield {
                **line._mapping,
                "who": who(line),
                "words": _(
                    "%(who)s: %(act)s (%(result)s)",
                    who=who(line),
                    act=done,
                    result=results[line.result],
                ),
                "result": results[line.result],
                "body": canonical_json(line.body).decode(),
                "prev": line.prev.hex(),
                "hash": line.hash.hex(),
            }


@bp.get("/lines.<any(xlsx, csv):kind>", permission=PERMISSION)
def file(kind: Literal["xlsx", "csv"]) -> Response:
    """The lines of the page as a file; that it was taken is a line of its own."""
    me = current()
    me.require_everywhere(PERMISSION)
    exporter = me.active.get(Exporter, "core.ledger")
    assert exporter is not None
    assert me.company is not None
    return handed_out(
        transfer.export(
            me.site,
            me.company.id,
            me.actor,
            exporter,
            filters=filters(),
            file_format=kind,
            tz=me.tz,
            translate=_,
        )
    )
