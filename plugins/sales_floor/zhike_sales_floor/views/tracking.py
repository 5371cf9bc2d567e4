"""Tracking: a customer's sheet, and the supervisor's list of sheets with what is overdue."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from zhike.api import (
    Bulk,
    CompanySession,
    Empty,
    Facet,
    State,
    Table,
    TableColumn,
    _,
    current,
    organisation,
    page,
    reading,
)
from zhike.api import forms as paper
from zhike_sales_floor import documents_office, forms_office, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.forms import uuid_of
from zhike_sales_floor.models_office import Track
from zhike_sales_floor.services import floor, live, tracking
from zhike_sales_floor.services.duties import Duties, duties
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.views._bulk import chosen
from zhike_sales_floor.views._common import (
    bp,
    customer_at,
    doing,
    form_act,
    own_staff,
    site_of,
    staff_names,
    unit_name,
)
from zhike_sales_floor.views._papers import answer
from zhike_sales_floor.views.calls import instant


@bp.get("/tracking", permission=may.CUSTOMER_EDIT)
def tracking_home() -> Any:
    """The tracking sheets of the site at which the reader works."""
    return redirect(url_for(".tracking_list", unit_id=site_of()), 302)


@bp.get("/floor/<uuid:unit_id>/tracking", permission=may.CUSTOMER_EDIT)
def tracking_list(unit_id: uuid.UUID) -> Any:
    """The customers who are tracked, the most overdue first; a supervisor signs them here."""
    s = reading()
    me = current()
    today = organisation.today(s, unit_id)
    asked = duties(s, unit_id)
    names = staff_names(s)
    own = me.can(may.CUSTOMER_EDIT, unit_id).why == "own"
    owner = (own_staff() or uuid.UUID(int=0)) if own else uuid_of(request.args.get("owner"))
    only = request.args.get("only", "")
    lines = tracking.overview(s, unit_id, asked, today, owner=owner, only=only)
    everything = ("", _("all"))
    facets = [
        Facet(
            "only",
            _("Due"),
            (
                everything,
                ("check", _("check overdue")),
                ("follow_up", _("follow-up overdue")),
                ("resistance", _("resistance met")),
                ("untracked", _("not tracked yet")),
            ),
        )
    ]
    if not own:
        reps = tuple((str(one), names.get(one, "")) for one in floor.reps_of(s, unit_id))
        facets.append(Facet("owner", _("Owner"), (everything, *reps)))
    table = Table(
        caption=_("Tracking sheets"),
        columns=(
            TableColumn("name", _("Customer"), phone="title"),
            TableColumn("phone", _("Phone")),
            TableColumn("owner", _("Owner")),
            TableColumn("grade", _("Class")),
            TableColumn("tracked_on", _("Last tracked"), kind="date"),
            TableColumn("content", _("What was said")),
            TableColumn("resistance", _("Resistance")),
            TableColumn("follow_up_on", _("Follow up on"), kind="date"),
            TableColumn("check", _("Check"), kind="state", phone="state"),
        ),
        rows=[
            {
                "id": line.id,
                "name": line.name or _("unknown visitor"),
                "phone": line.phone,
                "owner": names.get(line.owner_id, "") if line.owner_id else "",
                "grade": line.grade,
                "tracked_on": line.tracked_on,
                "content": line.content,
                "resistance": line.resistance,
                "follow_up_on": line.follow_up_on,
                "check": _check_state(line, asked, today),
            }
            for line in lines
        ],
        row_url=lambda row: url_for(".tracking_sheet", unit_id=unit_id, customer_id=row["id"]),
        base_url=url_for(".tracking_list", unit_id=unit_id),
        args=list(request.args.items(multi=True)),
        facets=facets,
        bulk=[Bulk(_("Sign as checked"), url_for(".tracking_check", unit_id=unit_id), icon="pen")]
        if me.can(may.OFFICE, unit_id)
        else [],
        empty=Empty(
            _("Nobody is tracked."),
            _(
                "Customers of class %(classes)s who have not bought yet stand here by themselves.",
                classes="、".join(asked.classes),
            ),
            icon="binoculars",
        ),
    )
    return page(
        "sales_floor/tracking.html",
        table=table,
        asked=asked,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        may=may,
        fragment=False,
    )


def _check_state(line: tracking.Line, asked: Duties, today: Any) -> State:
    if asked.check_days is None or line.due_on is None:
        return State(line.checked_on.isoformat() if line.checked_on else "–", "idle")
    left = (line.due_on - today).days
    if left < 0:
        return State(_("%(n)s days overdue", n=-left), "breach")
    if left == 0:
        return State(_("due today"), "attention")
    return State(_("in %(n)s days", n=left), "idle")


@bp.post("/floor/<uuid:unit_id>/tracking/check", permission=may.OFFICE)
def tracking_check(unit_id: uuid.UUID) -> Response:
    """A supervisor signs the chosen sheets as checked today."""
    ids = chosen()
    for one in ids:
        customer_at(reading(), unit_id, one, may.OFFICE)

    def work(s: CompanySession) -> str:
        done = tracking.check(s, ids, staff_id=own_staff())
        return _("%(n)s sheets signed as checked.", n=done)

    return doing(work, back=url_for(".tracking_list", unit_id=unit_id))


@bp.get("/floor/<uuid:unit_id>/customers/<uuid:customer_id>/tracking", permission=may.CUSTOMER_VIEW)
def tracking_sheet(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """A customer's tracking sheet: lines and signs; ``?as=pdf`` prints it."""
    s = reading()
    row = customer_at(s, unit_id, customer_id, may.CUSTOMER_VIEW)
    lines, signs = tracking.sheet(s, customer_id)
    names = staff_names(s)
    name = names_for(s, [customer_id]).get(str(customer_id), "")
    kind = request.args.get("as", "")
    if kind in ("pdf", "html", "xlsx"):
        if kind == "xlsx":
            current().require(may.EXPORT, unit_id)
        data = paper.FormData(
            values={
                "site": unit_name(unit_id),
                "customer": name,
                "owner": names.get(row.owner_id, "") if row.owner_id else "",
                "grade": row.grade,
            },
            rows={"lines": sheet_lines(lines, names), "signs": sign_lines(signs)},
            tz=live.tz_of(s, unit_id),
        )
        back = url_for(".tracking_sheet", unit_id=unit_id, customer_id=customer_id)
        return answer(documents_office.TRACKING_SHEET, data, kind, back=back)
    entries = [
        {
            "at": one.recorded_at,
            "kind": "note",
            "title": _(words.CONTACT_KINDS.get(one.way, one.way))
            + ("" if one.answered else f"（{_('not reached')}）"),
            "who": names.get(one.staff_id, "") if one.staff_id else "",
            "text": "\n".join(_told(one)),
            "stated_at": one.at if (one.recorded_at - one.at).total_seconds() > 60 else None,
        }
        for one in lines
    ] + [
        {
            "at": one.at,
            "kind": "decision",
            "title": _("Checked by %(name)s", name=one.by),
            "text": one.note,
        }
        for one in signs
    ]
    me = current()
    actions = []
    if me.can(may.CUSTOMER_EDIT, unit_id):
        actions.append(
            {
                "label": _("Track"),
                "url": url_for(".track", unit_id=unit_id, customer_id=customer_id),
                "icon": "pencil-square",
                "primary": True,
            }
        )
    if me.can(may.OFFICE, unit_id):
        actions.append(
            {
                "label": _("Check and sign"),
                "url": url_for(".check_sheet", unit_id=unit_id, customer_id=customer_id),
                "icon": "pen",
            }
        )
    actions.append(
        {
            "label": _("Print (PDF)"),
            "url": f"{url_for('.tracking_sheet', unit_id=unit_id, customer_id=customer_id)}?as=pdf",
            "icon": "printer",
        }
    )
    return page(
        "sales_floor/tracking_sheet.html",
        title=name or _("Unknown visitor"),
        customer=row,
        record={
            "state": State(row.grade or "–", "idle"),
            "holder": names.get(row.owner_id, "") if row.owner_id else "",
        },
        facts=[
            (_("Owner"), names.get(row.owner_id, "") if row.owner_id else ""),
            (_("Intention class"), row.grade),
            (_("First visit"), row.first_visit_on),
            (_("Follow up on"), row.follow_up_on),
            (_("What about"), row.follow_up_note),
            (_("Reason for not buying"), row.lost_reason),
        ],
        actions=actions,
        entries=sorted(entries, key=lambda one: one["at"], reverse=True),
        unit_id=unit_id,
        may=may,
        fragment=False,
    )


def _told(row: Track) -> list[str]:
    said = [row.content]
    if row.resistance:
        said.append(_("Resistance: %(text)s", text=row.resistance))
    if row.next_step or row.next_on:
        when = f"{row.next_on.isoformat()} " if row.next_on else ""
        said.append(_("Next: %(text)s", text=f"{when}{row.next_step}".strip()))
    return [part for part in said if part]


def sheet_lines(lines: Any, names: Any) -> list[dict[str, Any]]:
    """The lines of a sheet for paper."""
    return [
        {
            "at": one.at,
            "grade": one.grade,
            "way": _(words.CONTACT_KINDS.get(one.way, one.way))
            + ("" if one.answered else f"（{_('not reached')}）"),
            "content": one.content,
            "resistance": one.resistance,
            "next": f"{one.next_on.isoformat() if one.next_on else ''} {one.next_step}".strip(),
            "rep": names.get(one.staff_id, "") if one.staff_id else "",
        }
        for one in lines
    ]


def sign_lines(signs: Any) -> list[dict[str, Any]]:
    """The signs on a sheet for paper."""
    return [{"at": one.at, "by": one.by, "note": one.note} for one in signs]


@bp.route(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/track",
    methods=["GET", "POST"],
    permission=may.CUSTOMER_EDIT,
)
def track(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """Write a line of the sheet; it is a contact too."""
    s = reading()
    row = customer_at(s, unit_id, customer_id, may.CUSTOMER_EDIT)
    tz = live.tz_of(s, unit_id)
    form = forms_office.TrackForm()
    if request.method == "GET":
        form.grade.data = row.grade

    def work(t: CompanySession) -> str:
        tracking.log(
            t,
            customer_id,
            tracking.Said(
                way=form.way.data,
                answered=bool(form.answered.data),
                content=form.content.data or "",
                resistance=form.resistance.data or "",
                next_step=form.next_step.data or "",
                next_on=form.follow_up_on.data,
                grade=form.grade.data or "",
                occurred_at=instant(form.occurred_at.data, tz),
            ),
            staff_id=own_staff() or row.owner_id,
        )
        return _("Written into the tracking sheet.")

    return form_act(
        form,
        _("Track: %(who)s", who=names_for(s, [customer_id]).get(str(customer_id), "")),
        work,
        submit=_("Save"),
        back=url_for(".tracking_sheet", unit_id=unit_id, customer_id=customer_id),
    )


@bp.route(
    "/floor/<uuid:unit_id>/customers/<uuid:customer_id>/check",
    methods=["GET", "POST"],
    permission=may.OFFICE,
)
def check_sheet(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """A supervisor signs a sheet, with what he found."""
    customer_at(reading(), unit_id, customer_id, may.OFFICE)
    form = forms_office.CheckForm()

    def work(s: CompanySession) -> str:
        done = tracking.check(s, [customer_id], staff_id=own_staff(), note=form.note.data or "")
        return _("Signed as checked.") if done else _("You have signed this sheet today already.")

    return form_act(
        form,
        _("Check and sign"),
        work,
        submit=_("Sign"),
        back=url_for(".tracking_sheet", unit_id=unit_id, customer_id=customer_id),
        lead=_("Your name and the time stand under the sheet."),
    )
