"""Customers: list, record, contacts, relations, class and follow-up, the phone in clear."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, redirect, request, url_for

from zhike.api import (
    Bulk,
    Chip,
    CompanySession,
    Empty,
    Facet,
    State,
    Table,
    TableColumn,
    UserError,
    _,
    clock,
    current,
    list_acts,
    organisation,
    page,
    policies,
    reading,
    remembered,
    transfer,
)
from zhike_sales_floor import lists, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Customer
from zhike_sales_floor.services import (
    customers,
    dockets,
    floor,
    follow_ups,
    live,
    merging,
    record,
    sheets,
    wishes,
)
from zhike_sales_floor.services.customers import Filter
from zhike_sales_floor.services.deals import step_of
from zhike_sales_floor.transfers import EXPORTERS
from zhike_sales_floor.views._common import (
    Names,
    bp,
    customer_at,
    own_staff,
    site_of,
    staff_names,
    unit_name,
)
from zhike_sales_floor.views._papers import XLSX


@bp.get("/customers", permission=may.CUSTOMER_VIEW)
def customers_home() -> Any:
    """The customers of the site at which the reader works."""
    unit_id = site_of()
    current().require(may.CUSTOMER_VIEW, unit_id)
    return customer_list(unit_id)


def _filter(unit_id: uuid.UUID) -> Filter:
    """The address as a filter; a reader with the scope 仅本人 sees his own customers only."""
    return lists.filter_of(request.args, current().principal, unit_id)


#: Stands for a customer's id in an address.
_ANY = str(uuid.UUID(int=0))


def _facets(s: CompanySession, unit_id: uuid.UUID, f: Filter) -> list[Facet]:
    everything = ("", _("all"))
    found = [
        Facet(
            "due",
            _("Due"),
            (
                everything,
                ("follow_up", _("follow-up due")),
                ("protection", _("protection runs out")),
                ("lapsed", _("lapsed")),
            ),
        ),
        Facet("grade", _("Class"), (everything, *((g, g) for g in customers.GRADES))),
        Facet(
            "stage",
            _("Stage"),
            (everything, *((key, _(words.STAGES[key][0])) for key in customers.STAGES)),
        ),
    ]
    if f.own is None:
        found.append(Facet("owner", _("Owner"), (everything, *_owners(s, unit_id))))
    return found


def _owners(s: CompanySession, unit_id: uuid.UUID) -> Sequence[tuple[str, str]]:
    """The site's reps to choose from; both they and their names are remembered."""

    def read() -> Sequence[tuple[str, str]]:
        names = staff_names(s)
        return tuple((str(one), names.get(one, "")) for one in floor.reps_of(s, unit_id))

    return remembered(s, f"sales_floor.owners {unit_id}", read)


@bp.get("/floor/<uuid:unit_id>/customers", permission=may.CUSTOMER_VIEW)
def customer_list(unit_id: uuid.UUID) -> Any:
    """The list with filters; 25 lines a page, by key."""
    s = reading()
    f = _filter(unit_id)
    names = staff_names(s)
    found = customers.list_page(
        s, unit_id, f, after=request.args.get("after", ""), before=request.args.get("before", "")
    )
    today = organisation.today(s, unit_id)
    address = url_for(".customer", unit_id=unit_id, customer_id=_ANY)  # made once for all lines
    table = Table(
        name=lists.CUSTOMERS,
        caption=_("Customers"),
        columns=(
            TableColumn("name", _("Customer"), phone="title"),
            TableColumn("phone", _("Phone")),
            TableColumn("owner", _("Owner")),
            TableColumn("grade", _("Class")),
            TableColumn("stage", _("Stage"), kind="state", phone="state"),
            TableColumn("last_contact_on", _("Last contact"), kind="date"),
            TableColumn("protection", _("Protection"), kind="state"),
            TableColumn("follow_up_on", _("Follow up on"), kind="date"),
            TableColumn("first_visit_on", _("First visit"), kind="date", hidden=True),
        ),
        rows=_rows(found.lines, names, today),
        row_url=lambda row: address.replace(_ANY, str(row["id"])),
        base_url=url_for(".customer_list", unit_id=unit_id),
        args=list(request.args.items(multi=True)),
        after=found.after,
        before=found.before,
        search=True,
        search_help=_("Last four digits, pinyin or name"),
        facets=_facets(s, unit_id, f),
        choose_columns=True,
        empty=Empty(
            _("No customers yet."),
            _("Whoever is received at the desk stands here with owner and history."),
            icon="people",
        ),
    )
    exports = []
    if current().can(may.EXPORT, unit_id):
        exports = [
            Chip(
                _("Workbook (xlsx)"),
                table.url(after=None, before=None).replace(
                    url_for(".customer_list", unit_id=unit_id),
                    url_for(".customer_export", unit_id=unit_id),
                    1,
                ),
            )
        ]
    bulk = list_acts(lists.CUSTOMERS, unit_id)
    if exports:
        bulk.append(
            Bulk(
                _("Export the chosen"),
                url_for(".selection_export", unit_id=unit_id),
                icon="download",
                download=True,
            )
        )
    shown = replace(table, exports=exports, bulk=bulk)
    return page(
        "sales_floor/customers.html",
        table=shown,
        unit_name=unit_name(unit_id),
        unit_id=unit_id,
        may=may,
        fragment=False,
    )


def _protection(left: int) -> State:
    """How a protection that ends in ``left`` days is shown."""
    if left < 0:
        return State(_("lapsed"), "breach")
    if left == 0:
        return State(_("last day"), "attention")
    return State(_("%(n)s days left", n=left), "attention" if left <= 2 else "idle")


def _rows(lines: Sequence[customers.Line], names: Names, today: date) -> list[dict[str, Any]]:
    """The lines as the table shows them; words that stand in many lines are looked up once."""
    unknown = _("unknown visitor")
    stages = {key: State(_(word), tone) for key, (word, tone) in words.STAGES.items()}
    ends: dict[int, State] = {}
    rows = []
    for line in lines:
        left = customers.days_left(line, today)
        if left is not None and left not in ends:
            ends[left] = _protection(left)
        rows.append(
            {
                "id": line.id,
                "name": line.name or unknown,
                "phone": line.phone,
                "owner": names.get(line.owner_id, "") if line.owner_id else "",
                "grade": line.grade,
                "stage": stages.get(line.stage) or State(line.stage),
                "last_contact_on": line.last_contact_on,
                "protection": None if left is None else ends[left],
                "follow_up_on": line.follow_up_on,
                "first_visit_on": line.first_visit_on,
            }
        )
    return rows


@bp.get("/floor/<uuid:unit_id>/customers.xlsx", permission=may.EXPORT)
def customer_export(unit_id: uuid.UUID) -> Response:
    """The filtered list as a workbook, every line of it; the export is logged."""
    current().require(may.CUSTOMER_VIEW, unit_id)
    return _workbook(unit_id, _filter(unit_id))


@bp.post("/floor/<uuid:unit_id>/customers/selection.xlsx", permission=may.EXPORT)
def selection_export(unit_id: uuid.UUID) -> Response:
    """The chosen lines, or all that match, as a workbook; the export is logged."""
    me = current()
    me.require(may.CUSTOMER_VIEW, unit_id)
    asked = {
        key.removeprefix("filter."): value
        for key, value in request.form.items()
        if key.startswith("filter.")
    }
    f = lists.filter_of(asked, me.principal, unit_id)
    if request.form.get("all_matching") != "1":
        chosen = tuple(lists.choice(request.form.getlist("ids")))
        if not chosen:
            raise UserError(_("Nothing is chosen."), status=400)
        f = Filter(own=f.own, ids=chosen)
    return _workbook(unit_id, f)


def _workbook(unit_id: uuid.UUID, f: Filter) -> Response:
    me = current()
    filters = {key: str(value) for key, value in asdict(f).items() if value and key != "ids"}
    if f.ids:
        filters["ids"] = ",".join(str(one) for one in f.ids)
    exporter = next(one for one in EXPORTERS if one.name == "sales_floor.customers")
    assert me.company is not None
    with transfer.export(
        me.site,
        me.company.id,
        me.actor,
        exporter,
        filters={"unit": str(unit_id), **filters},
        tz=me.tz,
        translate=_,
    ) as file:
        content = file.path.read_bytes()
    return Response(
        content,
        mimetype=XLSX,
        headers={"Content-Disposition": 'attachment; filename="customers.xlsx"'},
    )


@bp.get("/floor/<uuid:unit_id>/customers/<uuid:customer_id>", permission=may.CUSTOMER_VIEW)
def customer(unit_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """One customer: owner, protection, timeline, kinship and introducer, deals."""
    s = reading()
    row = customer_at(s, unit_id, customer_id, may.CUSTOMER_VIEW)
    if row.merged_into is not None:
        stands = merging.standing(s, row)
        return redirect(url_for(".customer", unit_id=unit_id, customer_id=stands.id), 302)
    found = record.record(s, row.id)
    names = staff_names(s)
    today = organisation.today(s, unit_id)
    left = customers.days_left(row, today)
    word, tone = words.STAGES.get(row.stage, (row.stage, "idle"))
    policy = policies.in_force(s, live.PLUGIN, unit_id, clock.now()).policy
    by_records = live.by_records(policy)
    due = None
    if row.protected_until is not None:
        zone = ZoneInfo(live.tz_of(s, unit_id))
        end = datetime(
            row.protected_until.year,
            row.protected_until.month,
            row.protected_until.day,
            23,
            59,
            59,
            tzinfo=zone,
        )
        due = end.astimezone(UTC)
    return page(
        "sales_floor/customer.html",
        found=found,
        customer=row,
        title=(found.party.name if found.party else "") or _("Unknown visitor"),
        record={
            "state": State(_(word), tone),
            "holder": names.get(row.owner_id, "") if row.owner_id else _("no owner"),
            "due": due,
            "due_label": _("protected"),
        },
        left=left,
        by_records=by_records,
        complaints=wishes.complaints(row),
        actions=_actions(unit_id, row, by_records=by_records),
        entries=_entries(found, names),
        rulings=sheets.rulings_of(s, row.id),
        disputes=dockets.about(s, [row.id]),
        merges=merging.merges_of(s, row.id) if "merges" in row.facts else (),
        names=names,
        words=words,
        step_of=step_of,
        unit_id=unit_id,
        may=may,
    )


def _actions(unit_id: uuid.UUID, row: Customer, *, by_records: bool) -> list[dict[str, Any]]:
    me = current()

    def url(what: str) -> str:
        return url_for(f".{what}", unit_id=unit_id, customer_id=row.id)

    found: list[dict[str, Any]] = []
    if me.can(may.CUSTOMER_EDIT, unit_id):
        found += [
            {
                "label": _("Log a contact"),
                "url": url("contact"),
                "icon": "telephone-outbound",
                "primary": True,
            },
            {"label": _("Class and follow-up"), "url": url("customer_edit"), "icon": "pencil"},
            {"label": _("Tracking sheet"), "url": url("tracking_sheet"), "icon": "binoculars"},
            {"label": _("Relation"), "url": url("relation"), "icon": "diagram-2"},
        ]
        if follow_ups.standing(reading(), unit_id).on:
            found.append(
                {
                    "label": _("A customer's problem"),
                    "url": url("problem_new"),
                    "icon": "exclamation-circle",
                }
            )
        if by_records:
            found.append(
                {"label": _("Complaint"), "url": url("complaint"), "icon": "exclamation-circle"}
            )
        if row.party_id is not None:
            found.append(
                {"label": _("Correct name or phone"), "url": url("identity"), "icon": "eraser"}
            )
    if me.can(may.CLOSING, unit_id):
        found.append(
            {
                "label": _("New deal"),
                "icon": "file-earmark-text",
                "url": url_for(".deal_new", unit_id=unit_id, customer=row.id),
            }
        )
    if row.facts.get("relations"):
        found.append({"label": _("Household"), "url": url("household"), "icon": "house-heart"})
    if me.can(may.REPORT, unit_id):
        found.append(
            {
                "label": _("Open a dispute"),
                "icon": "exclamation-diamond",
                "url": url_for(".docket_new", unit_id=unit_id, customer=row.id),
            }
        )
    if me.can(may.MERGE, unit_id):
        found.append({"label": _("Same person twice"), "url": url("merge"), "icon": "intersect"})
    owns = row.owner_id is not None and row.owner_id == own_staff()
    edits = me.can(may.CUSTOMER_EDIT, unit_id)
    if edits and row.owner_id is not None and (owns or me.can(may.RULE, unit_id)):
        found.append({"label": _("Give back to the pool"), "url": url("release"), "icon": "water"})
    if me.can(may.RULE, unit_id):
        found.append({"label": _("Rule on the owner"), "url": url("rule_owner"), "icon": "hammer"})
    return found


def _entries(found: record.Record, names: Names) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    may_see_visits = current().can(may.VIEW_BOARD, found.customer.unit_id)
    for visit in found.visits:
        rep = names.get(visit.staff_id, "") if visit.staff_id else ""
        state = _(words.VISIT_STATES[visit.state][0])
        entries.append(
            {
                "at": visit.arrived_at,
                "kind": "act",
                "title": _("Visit: %(state)s", state=state),
                "url": url_for(".visit", unit_id=visit.unit_id, visit_id=visit.id)
                if may_see_visits
                else "",
                "who": rep,
                "text": visit.need,
                "why_url": url_for(".why", decision_id=visit.decision_id)
                if visit.decision_id
                else "",
            }
        )
    for contact in found.contacts:
        if contact.kind == "visit" and contact.source == live.PLUGIN:
            continue
        late = contact.recorded_at - contact.occurred_at
        entries.append(
            {
                "at": contact.recorded_at,
                "kind": "note",
                "title": _(words.CONTACT_KINDS.get(contact.kind, contact.kind))
                + ("" if contact.answered else f"({_('not reached')})"),
                "who": names.get(contact.staff_id, "") if contact.staff_id else "",
                "text": contact.note,
                "stated_at": contact.occurred_at if late.total_seconds() > 60 else None,
            }
        )
    for event in found.moves:
        owner = event.outcome.get("owner")
        entries.append(
            {
                "at": event.recorded_at,
                "kind": "decision",
                "title": _(
                    "Owner: %(name)s", name=names.get(uuid.UUID(owner), "") if owner else "–"
                ),
                "why_url": url_for(".why", decision_id=event.decision_id)
                if event.decision_id
                else "",
            }
        )
    for deal in found.deals:
        entries.append(
            {
                "at": deal.closed_at or deal.reserved_at or deal.refunded_at,
                "kind": "file",
                "title": f"{deal.number} {_(words.DEAL_STEPS[step_of(deal)][0])}",
                "text": deal.property,
            }
        )
    return sorted((e for e in entries if e["at"]), key=lambda e: e["at"], reverse=True)
