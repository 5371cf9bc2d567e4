"""The sales office of the demo: houses in every state, deals that went every way."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select

from zhike.api import CompanySession, organisation
from zhike_sales_floor.models import Customer, Deal
from zhike_sales_floor.models_sales import House
from zhike_sales_floor.services import blanks, deals, houses, papers, payments, sales

if TYPE_CHECKING:
    from zhike_sales_floor.demo import Stage

#: Room of a storey -> layout, area in hundredths of a square metre, price of a metre in yuan.
ROOMS = (
    ("三房两厅", 11_235, 25_400),
    ("两房两厅", 8_960, 24_800),
    ("两房两厅", 8_820, 24_800),
    ("四房两厅", 13_880, 26_200),
)
STOREYS = range(3, 9)


def stock(stage: Stage, at: datetime) -> None:
    """Two buildings of six storeys go on sale; one house is a show flat, one was sold before."""
    stage.do(at, partial(_stock, unit_id=stage.unit.id))


def _stock(s: CompanySession, unit_id: uuid.UUID) -> None:
    for building in ("1", "2"):
        for storey in STOREYS:
            for room, (layout, area, metre) in enumerate(ROOMS, 1):
                houses.add(
                    s,
                    unit_id,
                    houses.Terms(
                        f"{building}-{storey}{room:02d}",
                        building=f"{building}栋",
                        storey=storey,
                        layout=layout,
                        area=area,
                        price_fen=area * (metre + storey * 60),
                    ),
                )
    houses.hold(s, _house(s, unit_id, "1-301").id, "样板间，清盘前不售")
    houses.sold_elsewhere(s, _house(s, unit_id, "2-801").id, "上线前已售")
    blanks.draw(
        s,
        unit_id,
        "receipt",
        "SJ000101",
        "SJ000150",
        drawn_by=None,
        drawn_on=date(2020, 1, 1),
    )


def _house(s: CompanySession, unit_id: uuid.UUID, code: str) -> House:
    found = houses.named(s, unit_id, code)
    assert found is not None
    return found


def _owned(stage: Stage) -> list[uuid.UUID]:
    with stage.site.reader(stage.company_id) as s:
        query = select(Customer.id).where(
            Customer.unit_id == stage.unit.id, Customer.owner_id.is_not(None)
        )
        return list(s.scalars(query.order_by(Customer.id)))


def _start(
    s: CompanySession,
    customer_id: uuid.UUID,
    step: str,
    code: str,
    until: date | None = None,
) -> None:
    customer = s.require(Customer, customer_id)
    house = _house(s, customer.unit_id, code)
    deal, _act = deals.start(
        s,
        customer_id,
        step,
        house_id=house.id,
        amount_fen=house.price_fen,
        deposit_fen=2_000_000 if step == "small_reservation" else 5_000_000,
        staff_id=customer.owner_id,
        reserved_until=until,
    )
    if step == "subscription":
        today = organisation.today(s, deal.unit_id)
        due = payments.plan(s, deal.id, "定金", deal.deposit_fen, today)
        payments.pay(s, due.id, due.amount_fen, today)


def opening_sales(stage: Stage, moment: datetime) -> None:
    """The first evening: three subscriptions and a reservation that nobody came back for."""
    plan = (
        ("subscription", "1-602", None),
        ("subscription", "2-304", None),
        ("subscription", "1-503", None),
        ("small_reservation", "2-502", moment.date() + timedelta(days=5)),
    )
    for customer_id, (step, code, until) in zip(_owned(stage), plan, strict=False):
        stage.do(
            moment, partial(_start, customer_id=customer_id, step=step, code=code, until=until)
        )


def contracts(stage: Stage, moment: datetime) -> None:
    """A contract with its dues, a swap upward, further deals."""
    stage.do(moment, partial(_contract, unit_id=stage.unit.id, on=moment.date()))
    stage.do(moment, partial(_swap, unit_id=stage.unit.id))
    plan = (
        ("subscription", "2-603", None),
        ("small_reservation", "1-704", moment.date() + timedelta(days=8)),
        ("subscription", "2-402", None),
    )
    for customer_id, (step, code, until) in zip(_owned(stage)[4:], plan, strict=False):
        stage.do(
            moment, partial(_start, customer_id=customer_id, step=step, code=code, until=until)
        )


def _of(s: CompanySession, unit_id: uuid.UUID, code: str) -> Deal:
    return s.scalars(
        select(Deal).where(
            Deal.unit_id == unit_id, Deal.property == code, Deal.held_id.is_not(None)
        )
    ).one()


def _contract(s: CompanySession, unit_id: uuid.UUID, on: date) -> None:
    deal = _of(s, unit_id, "1-602")
    rest = deal.amount_fen - deal.deposit_fen
    first = rest * 3 // 10
    payments.plan(s, deal.id, "首付款", first, on + timedelta(days=1))
    payments.plan(s, deal.id, "按揭款", rest - first, on + timedelta(days=60))
    papers.set_address(s, deal.id, "滨江路 18 号 3 幢 502 室", "310051")
    papers.issue(s, deal.id)
    sales.contract(s, deal.id, number="HT2026-0018", on=on, pay_way="mortgage")


def _swap(s: CompanySession, unit_id: uuid.UUID) -> None:
    deal = _of(s, unit_id, "1-503")
    house = _house(s, unit_id, "1-604")
    sales.swap(s, deal.id, house.id, amount_fen=house.price_fen, reason="父母同住，要四房")


def second_thoughts(stage: Stage, moment: datetime) -> None:
    """One deal is given back, one goes to a daughter, one reservation has run out."""
    stage.do(moment, partial(_refund, unit_id=stage.unit.id))
    others = _owned(stage)[8:9]
    if others:
        stage.do(moment, partial(_rename, unit_id=stage.unit.id, holder_id=others[0]))
    stage.do(moment, partial(_run_out, unit_id=stage.unit.id))


def _refund(s: CompanySession, unit_id: uuid.UUID) -> None:
    sales.refund(s, _of(s, unit_id, "2-402").id, "贷款未批，协商退房")


def _rename(s: CompanySession, unit_id: uuid.UUID, holder_id: uuid.UUID) -> None:
    sales.change_name(s, _of(s, unit_id, "2-304").id, holder_id, reason="登记在女儿名下")


def _run_out(s: CompanySession, unit_id: uuid.UUID) -> None:
    sales.expire(s, _of(s, unit_id, "2-502").id)
