"""Houses for sale 房源 and the sales control 销控: who holds which, since when, and why."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, or_, select

from zhike.api import (
    CompanySession,
    Conflict,
    NotFound,
    UserError,
    _,
    clock,
    emit,
    ledger,
    lock_row,
    policies,
    settings,
)
from zhike_sales_floor import events
from zhike_sales_floor.models import Deal
from zhike_sales_floor.models_sales import House, HouseNote
from zhike_sales_floor.services import live

STATES = ("available", "reserved", "subscribed", "contracted", "held", "sold")
#: States that a deal gives; people set the others.
BY_DEAL = ("reserved", "subscribed", "contracted")
RULE = "SF-D-56"


@dataclass(frozen=True)
class Terms:
    """What is known of a house: area in hundredths of a square metre, list price in fen."""

    code: str
    building: str = ""
    entrance: str = ""
    storey: int | None = None
    layout: str = ""
    area: int = 0
    price_fen: int = 0


def check(
    s: CompanySession, unit_id: uuid.UUID, terms: Terms, but: uuid.UUID | None = None
) -> None:
    """Raise UserError for terms that cannot be: no code, one that is taken, negative figures."""
    if not terms.code.strip():
        raise UserError(_("Please give the unit's number."), field="code")
    if terms.area < 0 or terms.price_fen < 0:
        raise UserError(_("Area and price cannot be negative."), field="area")
    known = s.scalars(
        select(House.id).where(House.unit_id == unit_id, House.code == terms.code.strip())
    ).first()
    if known is not None and known != but:
        raise UserError(_("There is a unit of this number already."), field="code", code="known")


def add(s: CompanySession, unit_id: uuid.UUID, terms: Terms) -> House:
    """Put a house into the sales control, free to be sold."""
    live.tz_of(s, unit_id)
    check(s, unit_id, terms)
    house = House(unit_id=unit_id, **_columns(terms))
    s.add(house)
    s.flush()
    note(s, house, "added", body=_said(terms))
    return house


def change(s: CompanySession, house_id: uuid.UUID, terms: Terms, reason: str = "") -> House:
    """Change what is known of a house; what was stands in its history and in the ledger.

    A deal keeps the price it was made for. Raises UserError where nothing says why a list price
    changes.
    """
    house = lock_row(s, House, house_id)
    check(s, house.unit_id, terms, but=house_id)
    wanted = _columns(terms)
    was = {key: getattr(house, key) for key in wanted}
    changed = {key: [was[key], wanted[key]] for key in wanted if was[key] != wanted[key]}
    if not changed:
        return house
    if "price_fen" in changed and was["price_fen"] and not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    for key, value in wanted.items():
        setattr(house, key, value)
    note(s, house, "changed", body=changed, reason=reason)
    ledger.append(
        s,
        "sales_floor.house",
        object=f"{live.PLUGIN}:house:{house.id}",
        body={"kind": "changed", "code": house.code, "changed": changed},
        reason=reason.strip(),
    )
    s.flush()
    return house


def _columns(terms: Terms) -> dict[str, Any]:
    return {
        "code": terms.code.strip(),
        "building": terms.building.strip(),
        "entrance": terms.entrance.strip(),
        "storey": terms.storey,
        "layout": terms.layout.strip(),
        "area": terms.area,
        "price_fen": terms.price_fen,
    }


def _said(terms: Terms) -> dict[str, Any]:
    return {key: value for key, value in _columns(terms).items() if value not in ("", None, 0)}


# -- states -----------------------------------------------------------------------------------


def hold(s: CompanySession, house_id: uuid.UUID, reason: str) -> House:
    """Keep a free house back from sale 保留, with a reason."""
    return _by_hand(s, house_id, "held", reason, ("available",))


def sold_elsewhere(s: CompanySession, house_id: uuid.UUID, reason: str) -> House:
    """Mark a house as sold outside of these records 已售, such as before the software came."""
    return _by_hand(s, house_id, "sold", reason, ("available", "held"))


def release(s: CompanySession, house_id: uuid.UUID, reason: str) -> House:
    """Give a house that was held back (or marked as sold) free for sale again."""
    return _by_hand(s, house_id, "available", reason, ("held", "sold"))


def _by_hand(
    s: CompanySession, house_id: uuid.UUID, state: str, reason: str, where: tuple[str, ...]
) -> House:
    if not reason.strip():
        raise UserError(_("Please give the reason."), field="reason")
    house = lock_row(s, House, house_id)
    if house.state in BY_DEAL:
        raise Conflict(_("A deal holds this unit: the deal has to change."), code="taken")
    if house.state not in where:
        raise Conflict(_("Nothing to do: it is so already."), code="nothing")
    kind = "released" if state == "available" else state
    _move(s, house, state, kind, reason=reason, why=reason if state != "available" else "")
    ledger.append(
        s,
        "sales_floor.house",
        object=f"{live.PLUGIN}:house:{house.id}",
        body={"kind": kind, "code": house.code},
        reason=reason.strip(),
    )
    return house


def note(
    s: CompanySession,
    house: House,
    kind: str,
    *,
    deal_id: uuid.UUID | None = None,
    body: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write a line of the house's history."""
    s.add(
        HouseNote(
            unit_id=house.unit_id,
            house_id=house.id,
            deal_id=deal_id,
            kind=kind,
            body=dict(body or {}),
            reason=reason.strip(),
            by=s.actor.name,
            at=clock.now(),
        )
    )
    s.flush()


def _move(
    s: CompanySession,
    house: House,
    state: str,
    kind: str,
    *,
    deal: Deal | None = None,
    reason: str = "",
    why: str = "",
) -> None:
    house.state, house.why, house.changed_at = state, why.strip(), clock.now()
    s.flush()
    note(s, house, kind, deal_id=deal.id if deal else None, reason=reason)
    emit(
        s,
        events.HouseChanged(
            unit_id=str(house.unit_id),
            house_id=str(house.id),
            state=state,
            kind=kind,
            deal_id=str(deal.id) if deal else "",
            staff_id=str(s.actor.staff_id or ""),
        ),
    )


def refuse_second(s: CompanySession, house: House) -> Conflict:
    """Why this house takes no deposit, in words and with the company's clause (SF-D-56)."""
    policy = policies.in_force(s, live.PLUGIN, house.unit_id, clock.now()).policy
    clause = policy.clause(RULE)
    number = _("clause %(n)s", n=clause.number) if clause else RULE
    if house.state in ("held", "sold"):
        words = (
            _("%(code)s is held back: %(why)s. Release it first.", code=house.code, why=house.why)
            if house.state == "held"
            else _("%(code)s is marked as sold: %(why)s.", code=house.code, why=house.why)
        )
        return Conflict(words, code="held")
    holder = holder_of(s, house.id)
    return Conflict(
        _(
            "%(code)s is taken by deal %(number)s: no second deposit, by %(clause)s. Please choose "
            "another unit.",
            code=house.code,
            number=holder.number if holder else "–",
            clause=number,
        ),
        code="taken",
    )


def holder_of(s: CompanySession, house_id: uuid.UUID) -> Deal | None:
    """The deal that keeps the house from others, if one does."""
    return s.scalars(select(Deal).where(Deal.held_id == house_id)).first()


def take(s: CompanySession, house: House, deal: Deal, state: str) -> None:
    """Let a deal take a house that was locked before; Conflict where it is not free.

    Where the regulation lets a second deposit be taken, the later deal waits behind the first:
    it names the house and does not hold it. In every mode of the regulation a house is sold once.
    """
    deal.house_id, deal.property = house.id, house.code
    if house.state == "available":
        deal.held_id = house.id
        s.flush()
        _move(s, house, state, state, deal=deal)
        return
    policy = policies.in_force(s, live.PLUGIN, house.unit_id, clock.now()).policy
    if house.state not in BY_DEAL or policy.get("sales_control.block_double") is not False:
        raise refuse_second(s, house)
    note(s, house, "waiting", deal_id=deal.id)


def lock(s: CompanySession, unit_id: uuid.UUID, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, House]:
    """Houses of this site, locked in the order of their ids."""
    found = {}
    for house_id in sorted(set(ids)):
        house = lock_row(s, House, house_id)
        if house.unit_id != unit_id:
            raise NotFound(_("This unit belongs to another site."))
        found[house_id] = house
    return found


def advance(s: CompanySession, deal: Deal, state: str) -> None:
    """The deal went a step further with its house; one that waits takes it if it is free now."""
    if deal.house_id is None:
        return
    house = lock_row(s, House, deal.house_id)
    if deal.held_id is None:
        if house.state != "available":
            raise refuse_second(s, house)
        deal.held_id = house.id
        s.flush()
    _move(s, house, state, state, deal=deal)


def free(s: CompanySession, deal: Deal, kind: str, reason: str = "") -> None:
    """The deal gives its house back: it is for sale again."""
    held, deal.held_id = deal.held_id, None
    s.flush()
    if held is not None:
        _move(s, lock_row(s, House, held), "available", kind, deal=deal, reason=reason)


# -- reading ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filter:
    """What narrows houses; empty means all of the site."""

    building: str = ""
    state: str = ""
    text: str = ""


@dataclass(frozen=True)
class Cell:
    """A house on the board, with who holds it."""

    house: House
    deal: Deal | None = None
    waiting: int = 0


@dataclass
class Row:
    """A storey of a building, the highest first; None where no storey is known."""

    storey: int | None
    cells: list[Cell] = field(default_factory=list)


@dataclass
class Building:
    """A building (or one entrance of it) with its storeys."""

    name: str
    rows: list[Row] = field(default_factory=list)


def counts(s: CompanySession, unit_id: uuid.UUID) -> dict[str, int]:
    """How many houses of a site are in which state; every state is named."""
    found = dict.fromkeys(STATES, 0)
    for row in s.execute(
        select(House.state, func.count()).where(House.unit_id == unit_id).group_by(House.state)
    ):
        found[row[0]] = row[1]
    return found


def buildings(s: CompanySession, unit_id: uuid.UUID) -> list[str]:
    """The names of a site's buildings, in the order of their numbers."""
    names = s.scalars(select(House.building).where(House.unit_id == unit_id).distinct())
    return sorted(names, key=natural)


def natural(text: str) -> tuple[Any, ...]:
    """Sort key by which 3-902 stands before 3-1201."""
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part)
        for part in re.split(r"(\d+)", text)
        if part
    )


def cells(s: CompanySession, unit_id: uuid.UUID, f: Filter) -> list[Cell]:
    """The houses that match, in the order of their numbers, each with the deal that holds it."""
    query = select(House).where(House.unit_id == unit_id)
    if f.building:
        query = query.where(House.building == f.building)
    if f.state:
        query = query.where(House.state == f.state)
    if f.text.strip():
        text = f.text.strip()
        query = query.where(
            or_(
                House.code.contains(text, autoescape=True),
                House.layout.contains(text, autoescape=True),
            )
        )
    houses = sorted(s.scalars(query), key=lambda one: (natural(one.building), natural(one.code)))
    open_deals = select(Deal).where(Deal.unit_id == unit_id, Deal.state != "refunded")
    held: dict[uuid.UUID, Deal] = {}
    waiting: dict[uuid.UUID, int] = {}
    for deal in s.scalars(open_deals.where(Deal.house_id.is_not(None))):
        assert deal.house_id is not None
        if deal.held_id is not None:
            held[deal.held_id] = deal
        else:
            waiting[deal.house_id] = waiting.get(deal.house_id, 0) + 1
    return [Cell(one, held.get(one.id), waiting.get(one.id, 0)) for one in houses]


def grid(found: Sequence[Cell]) -> list[Building]:
    """Cells as buildings with storeys, the highest storey first."""
    by_name: dict[str, Building] = {}
    for cell in found:
        house = cell.house
        name = " ".join(part for part in (house.building, house.entrance) if part)
        building = by_name.setdefault(name, Building(name))
        row = next((one for one in building.rows if one.storey == house.storey), None)
        if row is None:
            row = Row(house.storey)
            building.rows.append(row)
        row.cells.append(cell)
    for building in by_name.values():
        building.rows.sort(key=lambda row: -(row.storey if row.storey is not None else -999))
    return list(by_name.values())


def history(s: CompanySession, house_id: uuid.UUID) -> list[HouseNote]:
    """What happened to a house, newest first."""
    return list(
        s.scalars(
            select(HouseNote)
            .where(HouseNote.house_id == house_id)
            .order_by(HouseNote.at.desc(), HouseNote.id.desc())
        )
    )


def suggest(s: CompanySession, unit_id: uuid.UUID, text: str, limit: int = 12) -> list[House]:
    """Free houses whose number contains what was typed; all free ones where nothing was."""
    query = select(House).where(House.unit_id == unit_id, House.state == "available")
    if text.strip():
        query = query.where(House.code.contains(text.strip(), autoescape=True))
    return sorted(s.scalars(query.limit(400)), key=lambda one: natural(one.code))[:limit]


def find_free(s: CompanySession, unit_id: uuid.UUID, house_id: uuid.UUID) -> House | None:
    """The house of this site, if it is for sale."""
    house = s.find(House, house_id)
    free = house is not None and house.unit_id == unit_id and house.state == "available"
    return house if free else None


def price_of(s: CompanySession, house_id: uuid.UUID) -> int:
    """The list price of a house in fen; UserError where none is written down."""
    house = s.require(House, house_id)
    if not house.price_fen:
        raise UserError(_("Please give the price."), field="amount")
    return house.price_fen


def kept(s: CompanySession, unit_id: uuid.UUID) -> bool:
    """Whether the site keeps its houses here, so that a deal has to name one of them."""
    if settings.get(s, live.PLUGIN, "free_property"):
        return False
    return s.scalar(select(House.id).where(House.unit_id == unit_id).limit(1)) is not None


def named(s: CompanySession, unit_id: uuid.UUID, code: str) -> House | None:
    """The house of exactly this number, or None."""
    return s.scalars(
        select(House).where(House.unit_id == unit_id, House.code == code.strip())
    ).first()
