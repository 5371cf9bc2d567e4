"""Long leave and leavers: prepared, looked at, done, printed; customers given back one by one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import request, url_for

from zhike.api import (
    CompanySession,
    Empty,
    NotFound,
    State,
    Table,
    TableColumn,
    _,
    current,
    options,
    page,
    reading,
)
from zhike_sales_floor import forms, forms_cases, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models_cases import Handover
from zhike_sales_floor.services import floor, handover_sheet, handovers, live
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.views._common import (
    Names,
    Then,
    bp,
    doing,
    form_act,
    site_of,
    staff_names,
    unit_name,
)
from zhike_sales_floor.views._papers import answer
from zhike_sales_floor.views.people import rep_at


@bp.get("/handovers", permission=may.ROSTER)
def handovers_home() -> Any:
    """The hand-overs of the site at which the reader works."""
    unit_id = site_of()
    current().require(may.ROSTER, unit_id)
    return handover_list(unit_id)


@bp.get("/floor/<uuid:unit_id>/handovers", permission=may.ROSTER)
def handover_list(unit_id: uuid.UUID) -> Any:
    """Hand-overs of the site, newest first."""
    s = reading()
    rows, after = handovers.of_unit(s, unit_id, after=request.args.get("after", ""))
    names = staff_names(s)
    table = Table(
        caption=_("Hand-overs"),
        columns=(
            TableColumn("number", _("Number"), phone="title"),
            TableColumn("rep", _("Rep")),
            TableColumn("why", _("Why")),
            TableColumn("count", _("Customers"), kind="number"),
            TableColumn("state", _("State"), kind="state", phone="state"),
            TableColumn("at", _("When"), kind="time"),
        ),
        rows=[
            {
                "id": row.id,
                "number": row.number,
                "rep": names.get(row.staff_id, ""),
                "why": _(words.LEAVE_REASONS[row.why]),
                "count": len(row.lines),
                "state": _state(row),
                "at": row.done_at or row.at,
            }
            for row in rows
        ],
        row_url=lambda row: url_for(".handover", unit_id=unit_id, handover_id=row["id"]),
        base_url=url_for(".handover_list", unit_id=unit_id),
        args=list(request.args.items(multi=True)),
        after=after,
        empty=Empty(
            _("Nobody has handed over customers yet."),
            _("A hand-over begins on the roster, at the rep who leaves."),
            url=url_for(".team", unit_id=unit_id),
            label=_("Roster"),
            icon="arrow-left-right",
        ),
    )
    return page(
        "sales_floor/handovers.html", table=table, unit_name=unit_name(unit_id), fragment=False
    )


def _state(row: Handover) -> State:
    word, tone = words.HANDOVER_STATES[row.state]
    return State(_(word), tone)


@bp.route(
    "/floor/<uuid:unit_id>/rep/<uuid:staff_id>/leave",
    methods=["GET", "POST"],
    permission=may.ROSTER,
)
def leave(unit_id: uuid.UUID, staff_id: uuid.UUID) -> Any:
    """Long leave, transfer, resignation: what the rep holds, and how it is to be given."""
    s = reading()
    name = rep_at(s, unit_id, staff_id)
    names = staff_names(s)
    form = forms_cases.HandoverForm()
    others = [one for one in floor.reps_of(s, unit_id) if one != staff_id]
    form.receivers.choices = options([(str(one), names.get(one, "")) for one in others])
    if request.method == "GET":
        form.receivers.data = [str(one) for one in others]
    held = handovers.holding(s, unit_id, staff_id)
    limit = handovers.long_from(s, unit_id)

    def work(t: CompanySession) -> Then:
        row = handovers.prepare(
            t,
            unit_id,
            staff_id,
            form.why.data,
            days=form.days.data,
            reason=form.reason.data or "",
            method=form.method.data,
            receivers=[uuid.UUID(one) for one in form.receivers.data or []],
        )
        return Then(
            _("Prepared as %(number)s; nothing has happened yet.", number=row.number),
            url_for(".handover", unit_id=unit_id, handover_id=row.id),
        )

    return form_act(
        form,
        _("%(name)s leaves the team", name=name),
        work,
        submit=_("Prepare and preview"),
        back=url_for(".team", unit_id=unit_id),
        lead=_("First everything is listed and shown; the rep leaves when you confirm it there."),
        template="sales_floor/leave.html",
        held=held,
        limit=limit,
        unit_id=unit_id,
        deal_names=names_for(s, [deal.customer_id for deal in held.deals]),
    )


def _row(s: CompanySession, unit_id: uuid.UUID, handover_id: uuid.UUID) -> Handover:
    row = s.require(Handover, handover_id)
    if row.unit_id != unit_id:
        raise NotFound(_("This hand-over belongs to another site."))
    return row


@bp.get("/floor/<uuid:unit_id>/handovers/<uuid:handover_id>", permission=may.ROSTER)
def handover(unit_id: uuid.UUID, handover_id: uuid.UUID) -> Any:
    """One hand-over: the list with its new owners, the draw, and what may be done now."""
    s = reading()
    row = _row(s, unit_id, handover_id)
    names = staff_names(s)
    lines = handover_sheet.lines(s, row, names)
    return page(
        "sales_floor/handover.html",
        row=row,
        title=_("Hand-over by %(name)s", name=names.get(row.staff_id, "")),
        record={"number": row.number, "state": _state(row), "holder": row.done_by or row.by},
        facts=_facts(row, names),
        lines=lines,
        held=handovers.holding(s, unit_id, row.staff_id) if row.state == "prepared" else None,
        shares=_counted(row, names),
        open_lines=sum(1 for line in row.lines if not line["to"]),
        actions=_actions(unit_id, row),
        entries=_entries(row),
        unit_id=unit_id,
        short=row.days is not None
        and row.why == "long_leave"
        and row.days < (handovers.long_from(s, unit_id) or 0),
    )


def _facts(row: Handover, names: Names) -> list[tuple[str, str]]:
    found = [
        (_("Why"), _(words.LEAVE_REASONS[row.why])),
        (_("Length in days"), str(row.days or "")),
        (_("How the customers are given"), _(words.METHODS[row.method])),
        (
            _("Who receives them"),
            "、".join(names.get(uuid.UUID(one), "") for one in row.receivers),
        ),
    ]
    if row.seed:
        found.append((_("Seed of the draw"), row.seed))
    found.append((_("Note"), row.reason))
    return found


def _counted(row: Handover, names: Names) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for line in row.lines:
        if line["to"]:
            counts[line["to"]] = counts.get(line["to"], 0) + 1
    return [(names.get(uuid.UUID(who), ""), number) for who, number in counts.items()]


def _actions(unit_id: uuid.UUID, row: Handover) -> list[dict[str, Any]]:
    def url(what: str) -> str:
        return url_for(f".{what}", unit_id=unit_id, handover_id=row.id)

    found: list[dict[str, Any]] = []
    if row.state == "prepared":
        if row.method == "list" and row.lines:
            found.append({"label": _("Name the new owners"), "url": url("handover_give")})
        found += [
            {
                "label": _("Confirm: the rep leaves now"),
                "url": url("handover_do"),
                "primary": True,
                "icon": "check2",
            },
            {"label": _("Give up"), "url": url("handover_drop"), "method": "post", "danger": True},
        ]
    if row.state == "done" and row.lines:
        found.append(
            {
                "label": _("Give customers back"),
                "url": url("handover_return"),
                "icon": "arrow-counterclockwise",
            }
        )
    if row.state != "dropped":
        found += [
            {"label": _("Hand-over list"), "url": url("handover_print"), "icon": "printer"},
            {"label": "PDF", "url": url("handover_print") + "?as=pdf", "icon": "file-pdf"},
        ]
    return found


def _entries(row: Handover) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = [
        {"at": row.at, "kind": "act", "title": _("prepared"), "who": row.by, "text": row.seed}
    ]
    if row.done_at is not None:
        entries.append(
            {
                "at": row.done_at,
                "kind": "decision",
                "title": _("done"),
                "who": row.done_by,
                "text": _("The rep left the ring; owed turns were deleted."),
            }
        )
    back: dict[str, int] = {}
    for line in row.lines:
        if line.get("returned"):
            back[line["returned"]] = back.get(line["returned"], 0) + 1
    entries += [
        {
            "at": datetime.fromisoformat(at),
            "kind": "act",
            "title": _("%(n)s customers given back", n=number),
        }
        for at, number in back.items()
    ]
    return sorted(entries, key=lambda entry: entry["at"], reverse=True)


@bp.route(
    "/floor/<uuid:unit_id>/handovers/<uuid:handover_id>/do",
    methods=["GET", "POST"],
    permission=may.ROSTER,
)
def handover_do(unit_id: uuid.UUID, handover_id: uuid.UUID) -> Any:
    """The last question before the rep leaves, with what it means in numbers."""
    s = reading()
    row = _row(s, unit_id, handover_id)
    held = handovers.holding(s, unit_id, row.staff_id)
    name = staff_names(s).get(row.staff_id, "")

    def work(t: CompanySession) -> str:
        handovers.carry_out(t, handover_id)
        return _("Done: %(n)s customers have new owners. Print the list to sign.", n=len(row.lines))

    return form_act(
        forms.EmptyForm(),
        _("%(name)s leaves the team", name=name),
        work,
        submit=_("Confirm: the rep leaves now"),
        back=url_for(".handover", unit_id=unit_id, handover_id=handover_id),
        lead=_(
            "%(n)s customers get new owners, %(tickets)s owed turns are deleted, %(visits)s "
            "receptions go to somebody else. This is not undone: whoever comes back gets customers "
            "only one by one, by an act of its own.",
            n=len(row.lines),
            tickets=held.tickets,
            visits=len(held.visits),
        ),
    )


@bp.post("/floor/<uuid:unit_id>/handovers/<uuid:handover_id>/drop", permission=may.ROSTER)
def handover_drop(unit_id: uuid.UUID, handover_id: uuid.UUID) -> Any:
    """Give a preparation up."""
    _row(reading(), unit_id, handover_id)

    def work(s: CompanySession) -> str:
        handovers.drop(s, handover_id)
        return _("Given up; the ledger keeps the seed.")

    return doing(work, back=url_for(".team", unit_id=unit_id))


@bp.route(
    "/floor/<uuid:unit_id>/handovers/<uuid:handover_id>/give",
    methods=["GET", "POST"],
    permission=may.ROSTER,
)
def handover_give(unit_id: uuid.UUID, handover_id: uuid.UUID) -> Any:
    """Name the new owner of each customer."""
    s = reading()
    row = _row(s, unit_id, handover_id)
    names = staff_names(s)
    choices = [(one, names.get(uuid.UUID(one), "")) for one in row.receivers]
    chosen = _chosen(row) if request.method == "POST" else {}

    def work(t: CompanySession) -> str:
        handovers.give(t, handover_id, chosen)
        return _("The new owners are named; nothing has happened yet.")

    return form_act(
        forms.EmptyForm(),
        _("Name the new owners"),
        work,
        submit=_("Save"),
        back=url_for(".handover", unit_id=unit_id, handover_id=handover_id),
        template="sales_floor/handover_give.html",
        lines=handover_sheet.lines(s, row, names),
        choices=choices,
        chosen={str(key): str(value) for key, value in chosen.items()},
    )


def _chosen(row: Handover) -> Mapping[uuid.UUID, uuid.UUID]:
    found = {}
    for line in row.lines:
        to = forms.uuid_of(request.form.get(f"to-{line['customer']}"))
        if to is not None:
            found[uuid.UUID(line["customer"])] = to
    return found


@bp.route(
    "/floor/<uuid:unit_id>/handovers/<uuid:handover_id>/return",
    methods=["GET", "POST"],
    permission=may.ROSTER,
)
def handover_return(unit_id: uuid.UUID, handover_id: uuid.UUID) -> Any:
    """Whoever came back gets those customers again that are chosen here."""
    s = reading()
    row = _row(s, unit_id, handover_id)
    names = staff_names(s)
    hindered = handovers.returnable(s, row)
    lines = handover_sheet.lines(s, row, names)
    form = forms_cases.ReturnForm()
    form.customers.choices = options(
        [(str(line["customer"]), line["name"]) for line in lines if not hindered[line["customer"]]]
    )

    def work(t: CompanySession) -> live.Act:
        chosen = [uuid.UUID(one) for one in form.customers.data or []]
        return handovers.give_back(t, handover_id, chosen, form.reason.data)

    return form_act(
        form,
        _("Give customers back to %(name)s", name=names.get(row.staff_id, "")),
        work,
        submit=_("Give back"),
        back=url_for(".handover", unit_id=unit_id, handover_id=handover_id),
        lead=_("Only those you choose; the rep has to be on the roster and signed in again."),
        template="sales_floor/handover_return.html",
        hindered=[
            (line["name"], hindered[line["customer"]])
            for line in lines
            if hindered[line["customer"]]
        ],
    )


@bp.get("/floor/<uuid:unit_id>/handovers/<uuid:handover_id>/sheet", permission=may.ROSTER)
def handover_print(unit_id: uuid.UUID, handover_id: uuid.UUID) -> Any:
    """客户交接单 on screen, as PDF (``?as=pdf``) or xlsx."""
    s = reading()
    row = _row(s, unit_id, handover_id)
    form, data = handover_sheet.sheet(s, row)
    kind = request.args.get("as", "html")
    if kind == "xlsx":
        current().require(may.EXPORT, unit_id)
    back = url_for(".handover", unit_id=unit_id, handover_id=handover_id)
    return answer(form, data, kind, back=back)
