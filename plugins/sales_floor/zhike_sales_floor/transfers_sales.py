"""Houses come in from a sheet; houses and deals go out into one, every line of them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select

from zhike.api import (
    N_,
    Checked,
    Column,
    CompanySession,
    Exporter,
    Importer,
    Problem,
    RecordRef,
    _,
    clock,
    organisation,
    textkit,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.models import Deal
from zhike_sales_floor.models_sales import House, HouseNote
from zhike_sales_floor.services import deals, houses
from zhike_sales_floor.services.names import names_for

#: How an office writes the states that people set; a deal gives the others.
STATES: Mapping[str, str] = {
    "可售": "available",
    "未售": "available",
    "保留": "held",
    "销控": "held",
    "已售": "sold",
}

HOUSE_COLUMNS = (
    Column(
        key="site",
        title=N_("Site"),
        example="A1",
        aliases=("案场", "案场编码", "项目"),
        help=N_("Code or name of the site; needed where the company has more than one"),
        longest=60,
    ),
    Column(
        key="code",
        title=N_("Unit number"),
        required=True,
        example="3-2-1201",
        aliases=("房号", "房源编号", "房间号", "房源"),
        longest=40,
    ),
    Column(
        key="building",
        title=N_("Building"),
        example="3",
        aliases=("楼栋", "栋", "楼号", "幢"),
        longest=20,
    ),
    Column(key="entrance", title=N_("Entrance"), example="2", aliases=("单元",), longest=20),
    Column(key="storey", title=N_("Storey"), kind="integer", example="12", aliases=("楼层", "层")),
    Column(
        key="layout", title=N_("Layout"), example="三房两厅", aliases=("户型", "房型"), longest=40
    ),
    Column(
        key="area",
        title=N_("Area in m²"),
        example="112.35",
        aliases=("面积", "建筑面积", "建面"),
        longest=20,
    ),
    Column(
        key="price",
        title=N_("List price in yuan"),
        kind="money",
        example="2860000",
        aliases=("总价", "底价", "表价"),
    ),
    Column(
        key="state",
        title=N_("State"),
        example="可售",
        aliases=("状态", "销售状态"),
        help=N_("可售 for sale (default), 保留 held back, 已售 sold before; deals give the others"),
        longest=10,
    ),
    Column(key="why", title=N_("Reason"), aliases=("说明", "备注"), longest=200),
)


#: How people write square metres behind a figure, once the signs are normalised.
_AREA_UNIT = re.compile(r"\s*(m2|平方米|平米|平)$")


def _text(value: Any) -> str:
    return textkit.nfkc(str(value or "")).strip()


def check_house(s: CompanySession, row: Mapping[str, Any]) -> Checked:
    """Whether a row names a house of a site, with an area and a state that can be read."""
    from zhike_sales_floor.transfers import unit_of

    problems: list[Problem] = []
    unit_id = unit_of(s, row.get("site"), problems)
    area = 0
    if text := _text(row.get("area")):
        try:
            area = int((Decimal(_AREA_UNIT.sub("", text)) * 100).to_integral())
        except (InvalidOperation, ValueError):
            problems.append(Problem(_("This is no area."), "area"))
        if not 0 <= area <= 10_000_000:
            problems.append(Problem(_("This is no area."), "area"))
    state = STATES.get(_text(row.get("state")) or "可售", "")
    if not state:
        problems.append(
            Problem(_("Please write 可售, 保留 or 已售; deals give the other states."), "state")
        )
    price = row.get("price")
    if price is not None and int(price) < 0:
        problems.append(Problem(_("A price cannot be negative."), "price"))
    storey = row.get("storey")
    if storey is not None and not -9 <= int(storey) <= 200:
        problems.append(Problem(_("This is no storey."), "storey"))
    value = {
        "unit_id": unit_id,
        "code": _text(row.get("code")),
        "building": _text(row.get("building")),
        "entrance": _text(row.get("entrance")),
        "storey": storey,
        "layout": _text(row.get("layout")),
        "area": area,
        "price_fen": int(price or 0),
        "state": state or "available",
        "why": _text(row.get("why")),
    }
    return Checked(value, tuple(problems))


def find_house(s: CompanySession, value: Mapping[str, Any]) -> RecordRef | None:
    """The house of this number, if the site has it."""
    if value["unit_id"] is None:
        return None
    found = houses.named(s, value["unit_id"], value["code"])
    return RecordRef("sales_floor", "house", found.id) if found else None


def apply_house(s: CompanySession, value: Mapping[str, Any], known: RecordRef | None) -> RecordRef:
    """Add the house, or change what is known of it; a house that a deal holds keeps its state."""
    columns = {key: value[key] for key in value if key not in ("unit_id", "state", "why")}
    if known is None:
        house = House(unit_id=value["unit_id"], **columns)
        s.add(house)
        was = ""
    else:
        house = s.require(House, known.id)
        was = house.state
        for key, new in columns.items():
            if new not in ("", None, 0):
                setattr(house, key, new)
    if house.state not in houses.BY_DEAL and was != value["state"]:
        house.state, house.why = value["state"], value["why"]
        house.changed_at = clock.now()
    s.flush()
    houses.note(s, house, "imported", reason=value["why"])
    return RecordRef("sales_floor", "house", house.id)


IMPORTERS = (
    Importer(
        name="sales_floor.houses",
        title=N_("Units for sale"),
        permission=may.SALES_CONTROL,
        columns=HOUSE_COLUMNS,
        validate=check_house,
        apply=apply_house,
        find_existing=find_house,
        key=("unit_id", "code"),
        models=(House, HouseNote),
    ),
)


def _units(s: CompanySession, filters: Mapping[str, Any]) -> list[uuid.UUID]:
    if filters.get("unit"):
        return [uuid.UUID(str(filters["unit"]))]
    return [one.id for one in organisation.tree(s).sites]


def house_lines(s: CompanySession, filters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The houses of a site (or all sites) as the import reads them."""
    units = organisation.tree(s).units
    for unit_id in _units(s, filters):
        for cell in houses.cells(s, unit_id, houses.Filter()):
            house = cell.house
            yield {
                "site": units[unit_id].code if unit_id in units else "",
                "code": house.code,
                "building": house.building,
                "entrance": house.entrance,
                "storey": house.storey,
                "layout": house.layout,
                "area": f"{house.area / 100:.2f}" if house.area else "",
                "price": house.price_fen or None,
                "state": _(words.HOUSE_STATES[house.state][0]),
                "why": house.why,
                "deal": cell.deal.number if cell.deal else "",
            }


def deal_lines(s: CompanySession, filters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The deals of a site (or all sites), oldest first, a stretch at a time."""
    people = organisation.staff_names(s)
    units = organisation.tree(s).units
    start = date.fromisoformat(str(filters["start"])) if filters.get("start") else None
    for unit_id in _units(s, filters):
        query = select(Deal).where(Deal.unit_id == unit_id).order_by(Deal.id)
        after: uuid.UUID | None = None
        while True:
            part = query if after is None else query.where(Deal.id > after)
            rows = list(s.scalars(part.limit(500)))
            if not rows:
                break
            after = rows[-1].id
            names = names_for(s, {row.holder_id or row.customer_id for row in rows})
            for row in rows:
                at = row.closed_at or row.reserved_at
                if start is not None and (at is None or at.date() < start):
                    continue
                yield {
                    "site": units[unit_id].name if unit_id in units else "",
                    "number": row.number,
                    "customer": names.get(str(row.holder_id or row.customer_id), ""),
                    "unit": row.property,
                    "price": row.amount_fen,
                    "deposit": row.deposit_fen,
                    "state": _(words.DEAL_STEPS[deals.step_of(row)][0]),
                    "rep": people.get(row.staff_id, "") if row.staff_id else "",
                    "reserved": row.reserved_at,
                    "subscribed": row.closed_at,
                    "contract": row.contract_no,
                    "contract_on": row.contract_on,
                    "refunded": row.refunded_at,
                }


_UNIT_FILTER = Column(key="unit", title=N_("Site"))

EXPORTERS = (
    Exporter(
        name="sales_floor.houses",
        title=N_("Units for sale"),
        permission=may.SALES_CONTROL,
        columns=(
            *(Column(key=one.key, title=one.title, kind=one.kind) for one in HOUSE_COLUMNS),
            Column(key="deal", title=N_("Deal")),
        ),
        rows=house_lines,
        filters=(_UNIT_FILTER,),
    ),
    Exporter(
        name="sales_floor.deals",
        title=N_("Deals"),
        permission=may.EXPORT,
        columns=(
            Column(key="site", title=N_("Site")),
            Column(key="number", title=N_("Number")),
            Column(key="customer", title=N_("Customer")),
            Column(key="unit", title=N_("Unit number")),
            Column(key="price", title=N_("Price"), kind="money"),
            Column(key="deposit", title=N_("Deposit"), kind="money"),
            Column(key="state", title=N_("State")),
            Column(key="rep", title=N_("Papers handled by")),
            Column(key="reserved", title=N_("Reserved at"), kind="datetime"),
            Column(key="subscribed", title=N_("Subscribed at"), kind="datetime"),
            Column(key="contract", title=N_("Contract number")),
            Column(key="contract_on", title=N_("Signed on"), kind="date"),
            Column(key="refunded", title=N_("Ended at"), kind="datetime"),
        ),
        rows=deal_lines,
        filters=(_UNIT_FILTER, Column(key="start", title=N_("From day"), kind="date")),
    ),
)
