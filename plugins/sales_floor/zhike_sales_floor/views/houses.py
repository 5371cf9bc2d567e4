"""The sales control 销控: board, list, one house with its history, holding back and releasing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask import jsonify, request, url_for

from zhike.api import (
    Chip,
    CompanySession,
    Empty,
    Facet,
    NotFound,
    State,
    Table,
    TableColumn,
    _,
    current,
    page,
    reading,
)
from zhike_sales_floor import forms, forms_sales, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models_sales import House, HouseNote
from zhike_sales_floor.services import deals, houses
from zhike_sales_floor.views._common import (
    Then,
    bp,
    form_act,
    own_only,
    site_of,
    staff_names,
    unit_name,
)

#: A site with more houses than this is shown one building at a time.
WHOLE = 300


@bp.get("/houses", permission=may.HOUSES)
def houses_home() -> Any:
    """The sales control of the site at which the reader works."""
    unit_id = site_of()
    current().require(may.HOUSES, unit_id)
    return house_board(unit_id)


def _filter(counted: Mapping[str, int], names: Sequence[str]) -> houses.Filter:
    args = request.args
    building = args.get("building", "")
    if building not in names:
        building = names[0] if names and sum(counted.values()) > WHOLE else ""
    if args.get("building") == "*":
        building = ""
    state = args.get("state", "")
    return houses.Filter(building, state if state in houses.STATES else "", args.get("q", "")[:40])


@bp.get("/floor/<uuid:unit_id>/houses", permission=may.HOUSES)
def house_board(unit_id: uuid.UUID) -> Any:
    """Every house in its place, coloured and in words; as a list with ``?as=list``."""
    s = reading()
    counted = houses.counts(s, unit_id)
    names = houses.buildings(s, unit_id)
    f = _filter(counted, names)
    found = houses.cells(s, unit_id, f)
    base = url_for(".house_board", unit_id=unit_id)
    as_list = request.args.get("as") == "list"
    table = _table(s, unit_id, found, f, counted, names) if as_list else None

    def link(**changed: str) -> str:
        args = {"building": request.args.get("building", ""), "state": f.state, "q": f.text}
        args |= {"as": "list" if as_list else ""} | changed
        kept: dict[str, Any] = {key: value for key, value in args.items() if value}
        return url_for(".house_board", unit_id=unit_id, **kept)

    return page(
        "sales_floor/houses.html",
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        total=sum(counted.values()),
        buildings=houses.grid(found) if not as_list else [],
        building_chips=[
            Chip(_("all buildings"), link(building="*"), not f.building),
            *(Chip(name, link(building=name), f.building == name) for name in names if name),
        ]
        if len(names) > 1
        else [],
        state_chips=[
            Chip(_("all"), link(state=""), not f.state, sum(counted.values())),
            *(
                Chip(_(words.HOUSE_STATES[key][0]), link(state=key), f.state == key, number)
                for key, number in counted.items()
                if number or key == f.state
            ),
        ],
        views=[
            Chip(_("Board"), link(**{"as": ""}), not as_list),
            Chip(_("List"), link(**{"as": "list"}), as_list),
        ],
        table=table,
        found=len(found),
        text=f.text,
        base=base,
        names=staff_names(s),
        own=own_only(may.CLOSING, unit_id),
        words=words,
        may=may,
        fragment=False,
    )


def _table(
    s: CompanySession,
    unit_id: uuid.UUID,
    found: Sequence[houses.Cell],
    f: houses.Filter,
    counted: Mapping[str, int],
    names: Sequence[str],
) -> Table:
    people = staff_names(s)
    return Table(
        caption=_("Sales control"),
        columns=(
            TableColumn("code", _("Unit number"), phone="title"),
            TableColumn("layout", _("Layout")),
            TableColumn("area", _("Area"), kind="num"),
            TableColumn("price", _("List price"), kind="money"),
            TableColumn("state", _("State"), kind="state", phone="state"),
            TableColumn("deal", _("Deal")),
            TableColumn("rep", _("Rep")),
            TableColumn("changed_at", _("Changed at"), kind="time"),
        ),
        rows=[
            {
                "id": cell.house.id,
                "code": cell.house.code,
                "layout": cell.house.layout,
                "area": area_words(cell.house.area),
                "price": cell.house.price_fen or None,
                "state": _state(cell.house),
                "deal": cell.deal.number if cell.deal else "",
                "rep": people.get(cell.deal.staff_id, "")
                if cell.deal and cell.deal.staff_id
                else "",
                "changed_at": cell.house.changed_at,
            }
            for cell in found
        ],
        row_url=lambda row: url_for(".house", unit_id=unit_id, house_id=row["id"]),
        base_url=url_for(".house_board", unit_id=unit_id),
        args=list(request.args.items(multi=True)),
        search=True,
        search_help=_("Unit number or layout"),
        facets=[
            Facet(
                "state",
                _("State"),
                (
                    ("", _("all")),
                    *(
                        (key, _(words.HOUSE_STATES[key][0]))
                        for key, number in counted.items()
                        if number
                    ),
                ),
            ),
            Facet(
                "building",
                _("Building"),
                (("", _("all")), *((name, name) for name in names if name)),
                default="",
            ),
        ],
        total=len(found),
        empty=Empty(_("No unit matches.")),
    )


def area_words(area: int) -> str:
    """An area in square metres with two decimals, "" for none."""
    return f"{area / 100:.2f}" if area else ""


def _state(house: House) -> State:
    word, tone = words.HOUSE_STATES[house.state]
    return State(_(word), tone)


def house_at(s: CompanySession, unit_id: uuid.UUID, house_id: uuid.UUID) -> House:
    """The house, if it belongs to this site."""
    house = s.require(House, house_id)
    if house.unit_id != unit_id:
        raise NotFound(_("This unit belongs to another site."))
    return house


@bp.get("/floor/<uuid:unit_id>/houses/suggest", permission=may.HOUSES)
def house_suggest(unit_id: uuid.UUID) -> Any:
    """Type-ahead of the free houses: number, layout, area, list price."""
    return jsonify(
        items=[
            {
                "value": str(house.id),
                "label": house.code,
                "note": " · ".join(
                    part
                    for part in (
                        house.layout,
                        f"{area_words(house.area)} m²" if house.area else "",
                        f"¥ {house.price_fen / 100:,.0f}" if house.price_fen else "",
                    )
                    if part
                ),
            }
            for house in houses.suggest(reading(), unit_id, request.args.get("q", "")[:40])
        ]
    )


@bp.get("/floor/<uuid:unit_id>/houses/<uuid:house_id>", permission=may.HOUSES)
def house(unit_id: uuid.UUID, house_id: uuid.UUID) -> Any:
    """One house: what it is, who holds it, what happened to it."""
    s = reading()
    row = house_at(s, unit_id, house_id)
    me = current()
    deal = houses.holder_of(s, row.id)
    may_see = bool(me.can(may.CLOSING, unit_id))
    if deal is not None and may_see:
        own = own_only(may.CLOSING, unit_id)
        may_see = own is None or deals.is_of(s, deal, own)

    def url(what: str) -> str:
        return url_for(f".{what}", unit_id=unit_id, house_id=house_id)

    actions: list[dict[str, Any]] = []
    if row.state == "available" and me.can(may.CLOSING, unit_id):
        actions.append(
            {
                "label": _("New deal"),
                "url": url_for(".deal_new", unit_id=unit_id, house=row.id),
                "icon": "file-earmark-text",
                "primary": True,
            }
        )
    if me.can(may.SALES_CONTROL, unit_id):
        if row.state == "available":
            actions.append({"label": _("Hold back"), "url": url("house_hold"), "icon": "lock"})
        if row.state in ("available", "held"):
            actions.append(
                {"label": _("Sold elsewhere"), "url": url("house_sold"), "icon": "bag-check"}
            )
        if row.state in ("held", "sold"):
            actions.append(
                {
                    "label": _("Release"),
                    "url": url("house_release"),
                    "icon": "unlock",
                    "primary": True,
                }
            )
        actions.append({"label": _("Change"), "url": url("house_edit"), "icon": "pencil"})
    names = staff_names(s)
    facts = [
        (_("Building"), " ".join(part for part in (row.building, row.entrance) if part)),
        (_("Storey"), row.storey),
        (_("Layout"), row.layout),
        (_("Area in m²"), area_words(row.area)),
        (_("List price"), f"¥ {row.price_fen / 100:,.2f}" if row.price_fen else ""),
    ]
    if row.why:
        facts.append((_("Reason"), row.why))
    return page(
        "sales_floor/house.html",
        house=row,
        title=row.code,
        record={"state": _state(row)},
        facts=facts,
        deal=deal,
        rep=names.get(deal.staff_id, "") if deal and deal.staff_id else "",
        step=words.DEAL_STEPS[deals.step_of(deal)] if deal else None,
        may_see=may_see,
        actions=actions,
        entries=[_entry(note) for note in houses.history(s, row.id)],
        unit_id=unit_id,
    )


def _entry(note: HouseNote) -> dict[str, Any]:
    before_and_after = note.body if note.kind == "changed" else {}
    changed = [
        f"{_(words.HOUSE_FIELDS[key])}: {_shown(key, was)} → {_shown(key, now)}"
        for key, (was, now) in before_and_after.items()
        if key in words.HOUSE_FIELDS
    ]
    return {
        "at": note.at,
        "kind": "act",
        "title": _(words.HOUSE_KINDS.get(note.kind, note.kind)),
        "text": "\n".join([*changed, *([note.reason] if note.reason else [])]),
        "who": note.by,
        "url": url_for(".deal", unit_id=note.unit_id, deal_id=note.deal_id)
        if note.deal_id and current().can(may.CLOSING, note.unit_id)
        else "",
    }


def _shown(key: str, value: Any) -> str:
    if key == "area":
        return area_words(int(value or 0)) or "–"
    if key == "price_fen":
        return f"{int(value or 0) / 100:,.2f}"
    return str(value) if value not in (None, "") else "–"


# -- acts -------------------------------------------------------------------------------------


def _terms(form: forms_sales.HouseForm) -> houses.Terms:
    return houses.Terms(
        code=form.code.data or "",
        building=form.building.data or "",
        entrance=form.entrance.data or "",
        storey=form.storey.data,
        layout=form.layout.data or "",
        area=int((form.area.data or Decimal(0)) * 100),
        price_fen=forms.fen(form.price.data),
    )


@bp.route("/floor/<uuid:unit_id>/houses/new", methods=["GET", "POST"], permission=may.SALES_CONTROL)
def house_new(unit_id: uuid.UUID) -> Any:
    """Put one house into the sales control."""
    form = forms_sales.HouseForm()
    del form.reason

    def work(s: CompanySession) -> Then:
        made = houses.add(s, unit_id, _terms(form))
        return Then(
            _("%(code)s is for sale.", code=made.code),
            url_for(".house", unit_id=unit_id, house_id=made.id),
        )

    return form_act(
        form,
        _("New unit"),
        work,
        submit=_("Save"),
        back=url_for(".house_board", unit_id=unit_id),
        lead=_("Many at once come in by import, see the data page."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/houses/<uuid:house_id>/edit",
    methods=["GET", "POST"],
    permission=may.SALES_CONTROL,
)
def house_edit(unit_id: uuid.UUID, house_id: uuid.UUID) -> Any:
    """Change what is known of a house; its history keeps what was."""
    row = house_at(reading(), unit_id, house_id)
    form = forms_sales.HouseForm(
        code=row.code,
        building=row.building,
        entrance=row.entrance,
        storey=row.storey,
        layout=row.layout,
        area=Decimal(row.area) / 100 if row.area else None,
        price=Decimal(row.price_fen) / 100 if row.price_fen else None,
    )

    def work(s: CompanySession) -> str:
        houses.change(s, house_id, _terms(form), form.reason.data or "")
        return _("Saved.")

    return form_act(
        form,
        _("Change %(code)s", code=row.code),
        work,
        submit=_("Save"),
        back=_back(unit_id, house_id),
        lead=_("Deals keep the price they were made for."),
    )


def _back(unit_id: uuid.UUID, house_id: uuid.UUID) -> str:
    return url_for(".house", unit_id=unit_id, house_id=house_id)


@bp.route(
    "/floor/<uuid:unit_id>/houses/<uuid:house_id>/hold",
    methods=["GET", "POST"],
    permission=may.SALES_CONTROL,
)
def house_hold(unit_id: uuid.UUID, house_id: uuid.UUID) -> Any:
    """Keep a house back from sale."""
    row = house_at(reading(), unit_id, house_id)
    form = forms.ReasonForm()

    def work(s: CompanySession) -> str:
        houses.hold(s, house_id, form.reason.data)
        return _("%(code)s is held back.", code=row.code)

    return form_act(
        form,
        _("Hold back %(code)s", code=row.code),
        work,
        submit=_("Hold back"),
        back=_back(unit_id, house_id),
        lead=_("Nobody can sell it until it is released."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/houses/<uuid:house_id>/sold",
    methods=["GET", "POST"],
    permission=may.SALES_CONTROL,
)
def house_sold(unit_id: uuid.UUID, house_id: uuid.UUID) -> Any:
    """Mark a house as sold outside of these records."""
    row = house_at(reading(), unit_id, house_id)
    form = forms.ReasonForm()

    def work(s: CompanySession) -> str:
        houses.sold_elsewhere(s, house_id, form.reason.data)
        return _("%(code)s is marked as sold.", code=row.code)

    return form_act(
        form,
        _("%(code)s was sold elsewhere", code=row.code),
        work,
        submit=_("Sold elsewhere"),
        back=_back(unit_id, house_id),
        lead=_("For units sold before this software or by another channel; no deal, no credit."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/houses/<uuid:house_id>/release",
    methods=["GET", "POST"],
    permission=may.SALES_CONTROL,
)
def house_release(unit_id: uuid.UUID, house_id: uuid.UUID) -> Any:
    """Give a house free for sale again."""
    row = house_at(reading(), unit_id, house_id)
    form = forms.ReasonForm()

    def work(s: CompanySession) -> str:
        houses.release(s, house_id, form.reason.data)
        return _("%(code)s is for sale.", code=row.code)

    return form_act(
        form,
        _("Release %(code)s", code=row.code),
        work,
        submit=_("Release"),
        back=_back(unit_id, house_id),
        lead=row.why,
    )
