"""Acts on many rows 批量操作: each row through the service of the single act, by its own rights.

A run is written down first, with its rows; then each row is done in a transaction of its own, that
also says so of the row. A worker that dies in the middle goes on where it was, and no row is done
twice. What a row refuses is kept beside it in words.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select

from zhike import clock
from zhike.contributions import BulkAct
from zhike.db.session import Actor, CompanySession
from zhike.errors import Forbidden, NotFound, UserError
from zhike.i18n import _
from zhike.models.lists import BulkItem, BulkRun
from zhike.plugins.active import active_in
from zhike.services import ledger
from zhike.services.access import Principal, principal_for
from zhike.site import Site

#: Rows at once at most; rows that are done while the person waits.
MOST, INLINE = 5000, 40
#: How long a run can be looked at and undone.
KEEP = timedelta(days=30)

KIND = "bulk.run"


def start(
    s: CompanySession,
    who: Principal,
    act: BulkAct,
    ids: Sequence[uuid.UUID],
    *,
    unit_id: uuid.UUID | None,
    values: Mapping[str, Any],
    locale: str,
    back: str,
) -> uuid.UUID:
    """Write a run down, one item a row, in the caller's transaction; returns its id."""
    require(who, act, unit_id)
    chosen = list(dict.fromkeys(ids))
    if not chosen:
        raise UserError(_("Nothing is chosen."), status=400)
    if len(chosen) > MOST:
        raise UserError(_("At most %(n)s at once; please narrow the list.", n=MOST), status=400)
    assert who.user_id is not None
    run = BulkRun(
        act=act.name,
        unit_id=unit_id,
        values=dict(values),
        user_id=who.user_id,
        locale=locale,
        back=back,
        total=len(chosen),
    )
    s.add(run)
    s.flush()
    s.add_all(BulkItem(run_id=run.id, place=n, record_id=one) for n, one in enumerate(chosen))
    s.flush()
    ledger.append(
        s,
        "core.bulk.run",
        object=f"core:bulk_run:{run.id}",
        body={"act": act.name, "rows": len(chosen), "asked": sorted(values)},
    )
    return run.id


def require(who: Principal, act: BulkAct, unit_id: uuid.UUID | None) -> None:
    """Raise ``Forbidden`` unless the person may use the act at all."""
    if not who.can(act.permission, unit_id):
        raise Forbidden(_("Your role does not include this."), extra={"permission": act.permission})


def begin_undo(s: CompanySession, who: Principal, run_id: uuid.UUID) -> BulkRun:
    """Turn a finished run round, in the caller's transaction; a second time changes nothing."""
    run = own_run(s, who, run_id)
    act = _act(s, run.act)
    if act.undo is None:
        raise UserError(_("This cannot be undone."), status=409)
    require(who, act, run.unit_id)
    if run.state == "waiting":
        raise UserError(_("This is still going on."), status=409)
    if run.state == "done":
        run.state, run.finished_at = "undoing", None
        s.flush()
        ledger.append(
            s, "core.bulk.undone", object=f"core:bulk_run:{run.id}", body={"act": run.act}
        )
    return run


def own_run(s: CompanySession, who: Principal, run_id: uuid.UUID) -> BulkRun:
    """A run of this person; ``NotFound`` for anybody else's."""
    run = s.find(BulkRun, run_id)
    if run is None or run.user_id != who.user_id:
        raise NotFound(_("This does not exist any more."))
    return run


def tally(s: CompanySession, run_id: uuid.UUID) -> dict[str, int]:
    """Rows of a run by state."""
    rows = s.execute(
        select(BulkItem.state, func.count())
        .where(BulkItem.run_id == run_id)
        .group_by(BulkItem.state)
    )
    return {row[0]: row[1] for row in rows}


def work(
    site: Site,
    company_id: int,
    run_id: uuid.UUID,
    progress: Callable[[int, str], None] | None = None,
) -> None:
    """Do (or undo) what is left of a run; safe to call again, also from two processes at once.

    Messages are in the language that is active when this is called.
    """
    with site.reader(company_id) as s:
        run = s.find(BulkRun, run_id)
        if run is None:
            return
        back = run.state == "undoing"
        if run.state not in ("waiting", "undoing"):
            return
        act = _act(s, run.act)
        who = principal_for(s, run.user_id, active_in(s).names)
        todo = list(
            s.scalars(
                select(BulkItem.id)
                .where(BulkItem.run_id == run_id, BulkItem.state == ("done" if back else "waiting"))
                .order_by(BulkItem.place.desc() if back else BulkItem.place)
            )
        )
        unit_id, values = run.unit_id, dict(run.values)
    actor = Actor(kind="user", user_id=who.user_id, staff_id=who.staff_id, name=who.name)
    for number, item_id in enumerate(todo):
        if back:
            _undo_one(site, company_id, actor, act, who, item_id)
        else:
            _do_one(site, company_id, actor, act, who, item_id, unit_id, values)
        if progress is not None and number % 20 == 0:
            progress(100 * number // len(todo), "")

    def close() -> None:
        with site.transaction(company_id, actor) as s:
            row = s.require(BulkRun, run_id)
            if row.state in ("waiting", "undoing"):
                row.state = "undone" if row.state == "undoing" else "done"
                row.finished_at = clock.now()

    site.retrying(close)


def _do_one(
    site: Site,
    company_id: int,
    actor: Actor,
    act: BulkAct,
    who: Principal,
    item_id: uuid.UUID,
    unit_id: uuid.UUID | None,
    values: Mapping[str, Any],
) -> None:
    def once() -> None:
        with site.transaction(company_id, actor) as s:
            item = _held(s, item_id)
            if item.state != "waiting":
                return
            require(who, act, unit_id)
            item.undo = act.apply(s, who, unit_id, item.record_id, values)
            item.state = "done"

    _settle(site, company_id, actor, item_id, once, "failed")


def _undo_one(
    site: Site, company_id: int, actor: Actor, act: BulkAct, who: Principal, item_id: uuid.UUID
) -> None:
    def once() -> None:
        with site.transaction(company_id, actor) as s:
            item = _held(s, item_id)
            if item.state != "done" or act.undo is None:
                return
            act.undo(s, who, item.record_id, item.undo)
            item.state = "undone"

    _settle(site, company_id, actor, item_id, once, "stays")


def _settle(
    site: Site,
    company_id: int,
    actor: Actor,
    item_id: uuid.UUID,
    once: Callable[[], None],
    refused: str,
) -> None:
    """Run ``once``; what it refuses in words is noted beside the row, apart."""
    try:
        site.retrying(once)
    except UserError as error:
        message = error.message

        def note() -> None:
            with site.transaction(company_id, actor) as s:
                item = _held(s, item_id)
                item.state, item.message = refused, message[:500]

        site.retrying(note)


def _held(s: CompanySession, item_id: uuid.UUID) -> BulkItem:
    """The item, locked: two workers do not do one row at once."""
    return s.scalars(select(BulkItem).where(BulkItem.id == item_id).with_for_update()).one()


def _act(s: CompanySession, name: str) -> BulkAct:
    act = active_in(s).get(BulkAct, name)
    if act is None:
        raise NotFound(_("The app that this belongs to is switched off."))
    return act


def prune(s: CompanySession) -> int:
    """Forget runs older than :data:`KEEP`; returns how many."""
    old = list(s.scalars(select(BulkRun.id).where(BulkRun.created_at < clock.now() - KEEP)))
    for model, column in ((BulkItem, BulkItem.run_id), (BulkRun, BulkRun.id)):
        s.execute(delete(model).where(column.in_(old)).execution_options(synchronize_session=False))
    return len(old)
