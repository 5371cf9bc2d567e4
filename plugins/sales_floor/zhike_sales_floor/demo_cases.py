"""What the demo shows of disputes, duplicates and the pool: one of each, and a few to try."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from sqlalchemy import select

from zhike.api import CompanySession, UnitInfo
from zhike_sales_floor.models import Customer, Deal, Visit
from zhike_sales_floor.services import arrivals, dockets, floor, merging, pool
from zhike_sales_floor.services.arrivals import Arrival, Person


class Played(Protocol):
    """A site that is being played, as :mod:`zhike_sales_floor.demo` does."""

    unit: UnitInfo
    reps: list[uuid.UUID]

    def do(self, at: datetime, work: Callable[[CompanySession], Any]) -> Any:
        """Do something at an instant; None where the rules refuse it."""


def play(stage: Played, at: datetime) -> None:
    """After the doors have closed: records put right, customers given back, a dispute opened."""
    _merged(stage, at)
    _given_back(stage, at + timedelta(minutes=5))
    _disputed(stage, at + timedelta(minutes=6))


def _twice(stage: Played, at: datetime, people: Sequence[tuple[str, str]]) -> list[uuid.UUID]:
    """Somebody who is received twice under two records; their customers."""
    found = []
    for place, (name, phone) in enumerate(people):
        arrival = Arrival(persons=[Person(name=name, phone=phone, another=True)])
        moment = at + timedelta(minutes=place)
        made = stage.do(moment, partial(arrivals.arrive, unit_id=stage.unit.id, arrival=arrival))
        if made is None or made.visit_id is None:
            continue
        end = partial(floor.end_visit, visit_id=made.visit_id, result="considering", grade="B")
        stage.do(moment + timedelta(seconds=30), end)
        customer = stage.do(moment, partial(_customer, visit_id=made.visit_id))
        if customer is not None:
            found.append(customer)
    return found


def _customer(s: CompanySession, visit_id: uuid.UUID) -> uuid.UUID | None:
    return s.require(Visit, visit_id).customer_id


def _merged(stage: Played, at: datetime) -> None:
    """One pair is merged, another waits among the possible duplicates."""
    pair = _twice(stage, at, (("秦岚", "13601017788"), ("秦女士", "13901017788")))
    if len(pair) == 2:
        work = partial(
            merging.merge, kept_id=pair[0], other_id=pair[1], reason="换了手机号，本人确认"
        )
        stage.do(at + timedelta(minutes=2), work)
    _twice(stage, at + timedelta(minutes=3), (("方正", "13701016655"), ("方先生", "13501016655")))


def _given_back(stage: Played, at: datetime) -> None:
    """Three customers without a deal are given back to the pool."""

    def work(s: CompanySession) -> None:
        free = s.scalars(
            select(Customer.id)
            .where(
                Customer.unit_id == stage.unit.id,
                Customer.owner_id.is_not(None),
                Customer.stage == "visited",
                Customer.party_id.is_not(None),
                Customer.merged_into.is_(None),
            )
            .order_by(Customer.id)
            .limit(3)
        ).all()
        pool.release(s, free, "两次约访未到，改由大家跟进")

    stage.do(at, work)


def _disputed(stage: Played, at: datetime) -> None:
    """A colleague claims a share of a deal that is signed."""

    def work(s: CompanySession) -> None:
        deal = s.scalars(
            select(Deal)
            .where(Deal.unit_id == stage.unit.id, Deal.state == "closed")
            .order_by(Deal.id)
        ).first()
        if deal is None:
            return
        owner = s.require(Customer, deal.customer_id).owner_id
        other = next(rep for rep in stage.reps if rep != owner)
        claim = dockets.Claim("share", "客户第二次来看样板间是我陪的，合同条款也是我解释的", 3_000)
        docket = dockets.open_docket(
            s,
            deal.customer_id,
            "成交前后接待的不是同一人，业绩怎样分配",
            {other: claim},
            deal_id=deal.id,
        )
        if owner is not None:
            words = "首访和签约都是我，中间只请同事带看了一次"
            dockets.state_claim(s, docket.id, owner, dockets.Claim("owner", words))
        dockets.note(s, docket.id, "双方都承认同事带看过一次样板间，日期有出入")

    stage.do(at, work)
