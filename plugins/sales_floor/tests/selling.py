"""Houses and deals of a site under test, in few words."""

from __future__ import annotations

from sqlalchemy import select

from zhike_sales_floor.models import Customer, Deal
from zhike_sales_floor.models_sales import House
from zhike_sales_floor.services import deals, floor, houses
from zhike_sales_floor.services.arrivals import Person


def stock(ground, *codes: str, area: int = 9000, price: int = 200_000_000) -> dict:
    """Houses of these numbers, free to be sold."""
    made = {}

    def work(s):
        for code in codes:
            terms = houses.Terms(
                code, building=code[0], storey=int(code[2]), area=area, price_fen=price
            )
            made[code] = houses.add(s, ground.unit, terms).id
        return ground

    ground.do(work)
    return made


def customer(ground, name: str, phone: str):
    """Somebody who was received, and is free to sign."""
    act = ground.arrive(Person(name=name, phone=phone))
    ground.do(lambda s: floor.end_visit(s, act.visit_id, result="considering", grade="A"))
    return ground.read(
        lambda s: s.scalars(select(Customer.id).order_by(Customer.id.desc())).first()
    )


def sell(ground, who, house, step="subscription", **more):
    """Start a deal; returns its id."""
    made = {}

    def work(s):
        deal, act = deals.start(
            s, who, step, house_id=house, amount_fen=200_000_000, deposit_fen=5_000_000, **more
        )
        made["id"] = deal.id
        return act

    ground.do(work)
    return made["id"]


def state(ground, house) -> str:
    return ground.read(lambda s: s.require(House, house).state)


def row(ground, deal) -> Deal:
    return ground.read(lambda s: s.require(Deal, deal))
