"""Acts on many rows: what would happen, doing it, what came of it, taking it back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import redirect, request, url_for
from sqlalchemy import select

from zhike.contributions import BulkAct, RecordList
from zhike.errors import NotFound, UserError
from zhike.i18n import _
from zhike.models.lists import BulkItem
from zhike.services import bulk, jobs
from zhike.services.objections import refuse_objected
from zhike.web import i18n
from zhike.web.context import act as act_once
from zhike.web.context import current, end_reading, reading, site_of_app
from zhike.web.form import PageForm
from zhike.web.page import page
from zhike.web.redirects import safe_next
from zhike.web.ui import State
from zhike.web.views._core import bp
from zhike.web.views.saved import unit_of

#: Names that a preview and a result list; the rest is a number.
NAMED, LISTED = 12, 500
_FILTER = "filter."


@dataclass(frozen=True)
class Chosen:
    """The rows an act is for: named one by one, or all that match ``pairs``."""

    ids: Sequence[uuid.UUID]
    all_matching: bool
    pairs: Sequence[tuple[str, str]]


class NoForm(PageForm):
    """For acts that ask nothing."""


def _act(name: str, unit_id: uuid.UUID | None) -> tuple[BulkAct, RecordList]:
    me = current()
    act = me.active.get(BulkAct, name)
    known = me.active.get(RecordList, act.list) if act is not None else None
    if act is None or known is None:
        raise NotFound(_("This act does not exist."))
    bulk.require(me.principal, act, unit_id)
    return act, known


def _chosen(known: RecordList, unit_id: uuid.UUID | None) -> Chosen:
    pairs = [
        (key.removeprefix(_FILTER), value)
        for key, value in request.form.items(multi=True)
        if key.startswith(_FILTER)
    ]
    if request.form.get("all_matching") == "1" and known.find is not None:
        me = current()
        me.require(known.permission, unit_id)
        found = known.find(reading(), me.principal, unit_id, dict(pairs), bulk.MOST + 1)
        return Chosen(found, True, pairs)
    try:
        ids = [uuid.UUID(text) for text in request.form.getlist("ids")]
    except ValueError:
        raise UserError(_("Something chosen does not exist."), status=400) from None
    return Chosen(list(dict.fromkeys(ids)), False, pairs)


def _form(act: BulkAct) -> Any:
    # The first step comes from the list by POST and carries none of the fields.
    kind = act.form_class() or NoForm
    return kind() if request.form.get("step") == "run" else kind(formdata=None)


def _fields(form: Any) -> list[Any]:
    return [f for f in form if f.type not in ("CSRFTokenField", "SubmitField")]


@bp.post("/bulk/<act>", own="each act asks for its own right, once more for every row")
def bulk_ask(act: str) -> Any:
    """What an act on the chosen rows would do; with ``step=run`` it is done."""
    me = current()
    unit_id = unit_of(request.args.get("unit"))
    found, known = _act(act, unit_id)
    chosen = _chosen(known, unit_id)
    back = safe_next(request.form.get("back") or _referrer(), url_for(known.endpoints[0]))
    if not chosen.ids:
        raise UserError(_("Nothing is chosen."), status=400)
    too_many = len(chosen.ids) > bulk.MOST
    form = _form(found)
    again = ""
    if request.form.get("step") == "run" and not too_many and form.validate():
        expected = request.form.get("expected", "")
        if chosen.all_matching and expected != str(len(chosen.ids)):
            again = _("The list has changed meanwhile; please look at the number once more.")
        else:
            refuse_objected(me.active, found.permission, me.principal, unit_id)
            values = {f.name: _plain(f.data) for f in _fields(form)}
            run_id = act_once(
                lambda s: str(
                    bulk.start(
                        s,
                        me.principal,
                        found,
                        chosen.ids,
                        unit_id=unit_id,
                        values=values,
                        locale=i18n.locale_name(),
                        back=back,
                    )
                )
            )
            _go(uuid.UUID(run_id), len(chosen.ids))
            return redirect(url_for("core.bulk_run", run_id=run_id), 303)
    s = reading()
    refused = (
        dict(found.check(s, me.principal, unit_id, chosen.ids)) if found.check is not None else {}
    )
    names = known.names(s, chosen.ids[:NAMED]) if known.names is not None else {}
    html = page(
        "zhike/core/bulk.html",
        act=found,
        chosen=chosen,
        count=len(chosen.ids),
        most=bulk.MOST,
        too_many=too_many,
        refused=len(refused),
        reasons=sorted(set(refused.values()))[:5],
        names=[names.get(one, "") for one in chosen.ids[:NAMED]],
        more=max(0, len(chosen.ids) - NAMED),
        form=form,
        fields=_fields(form),
        again=again,
        back=back,
        unit_id=unit_id,
        fragment=False,
    )
    return html, 422 if request.form.get("step") == "run" else 200


def _referrer() -> str:
    """Path and query of the list that the form stood on."""
    from urllib.parse import urlsplit

    parts = urlsplit(request.headers.get("Referer", ""))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _plain(value: Any) -> Any:
    """A form's value as JSON keeps it: dates as ISO text."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def _go(run_id: uuid.UUID, total: int) -> None:
    """Do a short run now; a long one is the worker's, and the page watches it."""
    me = current()
    assert me.company is not None
    assert me.user is not None
    site = site_of_app()
    end_reading()
    if total <= bulk.INLINE:
        bulk.work(site, me.company.id, run_id)
    else:
        args = {"company": me.company.id, "run": str(run_id), "locale": i18n.locale_name()}
        jobs.ask(site, bulk.KIND, args, company_id=me.company.id, requested_by=me.user.id)


@bp.get("/bulk/runs/<uuid:run_id>", own="one's own acts", polls=True)
def bulk_run(run_id: uuid.UUID) -> Any:
    """How far a run is, and what came of each row: what failed and why stands first."""
    me = current()
    s = reading()
    run = bulk.own_run(s, me.principal, run_id)
    act = me.active.get(BulkAct, run.act)
    known = me.active.get(RecordList, act.list) if act is not None else None
    counts = bulk.tally(s, run_id)
    going = run.state in ("waiting", "undoing")
    items = (
        []
        if going
        else s.scalars(
            select(BulkItem)
            .where(BulkItem.run_id == run_id)
            .order_by(BulkItem.message == "", BulkItem.place)
            .limit(LISTED)
        ).all()
    )
    ids = [item.record_id for item in items]
    names: Mapping[uuid.UUID, str] = (
        known.names(s, ids) if known is not None and known.names is not None else {}
    )
    left = counts.get("done" if run.state == "undoing" else "waiting", 0)
    percent = 100 * (run.total - left) // max(run.total, 1)
    states = {
        "done": State(_("done"), "done"),
        "failed": State(_("not done"), "breach"),
        "undone": State(_("taken back"), "void"),
        "stays": State(_("stays as it is"), "attention"),
        "waiting": State(_("waits"), "wait"),
    }
    return page(
        "zhike/core/bulk_run.html",
        run=run,
        title=_(act.title) if act is not None else run.act,
        counts=counts,
        going=going,
        percent=percent,
        lines=[
            (names.get(item.record_id) or _("record"), states[item.state], item.message,
             known.url(run.unit_id, item.record_id) if known is not None and known.url else "")
            for item in items
        ],
        undoable=act is not None
        and act.undo is not None
        and run.state == "done"
        and bool(counts.get("done")),
        back=safe_next(run.back, url_for("core.home")),
    )  # fmt: skip


@bp.post("/bulk/runs/<uuid:run_id>/undo", own="one's own acts")
def bulk_undo(run_id: uuid.UUID) -> Any:
    """Take back what can be: rows that somebody has changed since stay as they are."""
    me = current()

    def once(s: Any) -> int:
        run = bulk.begin_undo(s, me.principal, run_id)
        act = me.active.get(BulkAct, run.act)
        if act is not None:
            refuse_objected(me.active, act.permission, me.principal, run.unit_id)
        return bulk.tally(s, run_id).get("done", 0)

    _go(run_id, act_once(once))
    return redirect(url_for("core.bulk_run", run_id=run_id), 303)
