"""Operations on houses, on deals after their first paper, on sums due."""

from __future__ import annotations

import uuid
from datetime import timedelta

from zhike.api import Forbidden, NotFound, _, act, current, organisation, reading
from zhike_sales_floor import permissions as may
from zhike_sales_floor.api import models as m
from zhike_sales_floor.api import models_sales as ms
from zhike_sales_floor.api.floor import doing
from zhike_sales_floor.models_sales import Instalment
from zhike_sales_floor.services import houses, payments, sales
from zhike_sales_floor.views._common import deal_at, own_only
from zhike_sales_floor.views.houses import house_at


def get_houses(unit_id: uuid.UUID, body: ms.HousesQuery) -> ms.HousesOut:
    """The sales control: houses with their states and the deals that hold them."""
    s = reading()
    found = houses.cells(s, unit_id, houses.Filter(body.building, body.state, body.q))
    mine = own_only(may.CLOSING, unit_id)
    sees = bool(current().can(may.CLOSING, unit_id)) and mine is None
    return ms.HousesOut(
        houses=[
            ms.HouseOut.model_validate(
                {
                    **{
                        key: getattr(cell.house, key)
                        for key in ms.HouseOut.model_fields
                        if key != "deal_id"
                    },
                    "deal_id": cell.deal.id if cell.deal and sees else None,
                }
            )
            for cell in found
        ],
        counts=houses.counts(s, unit_id),
    )


def post_hold(unit_id: uuid.UUID, house_id: uuid.UUID, body: m.ReasonIn) -> None:
    """Hold a house back from sale."""
    house_at(reading(), unit_id, house_id)
    act(lambda s: houses.hold(s, house_id, body.reason).code)


def post_release(unit_id: uuid.UUID, house_id: uuid.UUID, body: m.ReasonIn) -> None:
    """Release a house that was held back."""
    house_at(reading(), unit_id, house_id)
    act(lambda s: houses.release(s, house_id, body.reason).code)


def post_contract(unit_id: uuid.UUID, deal_id: uuid.UUID, body: ms.ContractIn) -> m.ActOut:
    """The contract is signed."""
    deal_at(reading(), unit_id, deal_id, may.CLOSING)
    return doing(
        lambda s: sales.contract(s, deal_id, number=body.number, on=body.on, pay_way=body.pay_way)
    )


def post_swap(unit_id: uuid.UUID, deal_id: uuid.UUID, body: ms.SwapIn) -> m.ActOut:
    """The buyer takes another house."""
    deal_at(reading(), unit_id, deal_id, may.CLOSING)
    if body.override:
        current().require(may.RULE, unit_id)
    return doing(
        lambda s: sales.swap(
            s,
            deal_id,
            body.house_id,
            amount_fen=body.amount_fen,
            reason=body.reason,
            harder=body.harder,
            override=body.override,
        )
    )


def post_name(unit_id: uuid.UUID, deal_id: uuid.UUID, body: ms.NameIn) -> m.ActOut:
    """Another customer takes the deal over."""
    deal_at(reading(), unit_id, deal_id, may.CLOSING)
    return doing(
        lambda s: sales.change_name(
            s, deal_id, body.holder_id, reason=body.reason, fee_fen=body.fee_fen
        )
    )


def post_default(unit_id: uuid.UUID, deal_id: uuid.UUID, body: m.ReasonIn) -> m.ActOut:
    """The deal is in default."""
    deal_at(reading(), unit_id, deal_id, may.RULE)
    return doing(lambda s: sales.mark_default(s, deal_id, body.reason))


def post_correct(unit_id: uuid.UUID, deal_id: uuid.UUID, body: ms.CorrectIn) -> None:
    """Put a slip of the pen right; once subscribed, by whoever may rule."""
    row = deal_at(reading(), unit_id, deal_id, may.CLOSING)
    if row.state != "reserved" and not current().can(may.RULE, unit_id):
        raise Forbidden(
            _("After the subscription a manager corrects the deal."),
            extra={"permission": may.RULE},
        )
    act(
        lambda s: (
            sales.correct(
                s,
                deal_id,
                amount_fen=body.amount_fen,
                deposit_fen=body.deposit_fen,
                house_id=body.house_id,
                property=body.property,
                reason=body.reason,
            ).number
        )
    )


def post_ask_refund(unit_id: uuid.UUID, deal_id: uuid.UUID, body: m.ReasonIn) -> ms.SaidOut:
    """Ask for a refund; a manager decides."""
    deal_at(reading(), unit_id, deal_id, may.CLOSING)
    return ms.SaidOut(sentence=act(lambda s: sales.ask_refund(s, deal_id, body.reason)))


def get_dues(unit_id: uuid.UUID, body: ms.DuesQuery) -> ms.DuesOut:
    """Sums due at the site."""
    s = reading()
    until = body.until or organisation.today(s, unit_id) + timedelta(days=30)
    own = own_only(may.CLOSING, unit_id)
    return ms.DuesOut(
        dues=[
            ms.DueOut(
                id=line.row.id,
                deal_id=line.deal.id,
                title=line.row.title,
                amount_fen=line.row.amount_fen,
                paid_fen=line.row.paid_fen,
                due_on=line.row.due_on,
                days_overdue=line.days,
            )
            for line in payments.due_list(s, unit_id, until=until, own=own)
        ]
    )


def post_due(unit_id: uuid.UUID, deal_id: uuid.UUID, body: ms.DueIn) -> None:
    """Write down a sum due."""
    deal_at(reading(), unit_id, deal_id, may.CLOSING)
    act(lambda s: payments.plan(s, deal_id, body.title, body.amount_fen, body.due_on).title)


def post_pay(unit_id: uuid.UUID, due_id: uuid.UUID, body: ms.PayIn) -> ms.NumberOut:
    """State a payment under a receipt."""
    s = reading()
    row = s.find(Instalment, due_id)
    if row is None:
        raise NotFound(_("This record does not exist."))
    deal_at(s, unit_id, row.deal_id, may.CLOSING)
    return ms.NumberOut(
        number=act(
            lambda t: payments.pay(t, due_id, body.amount_fen, body.paid_on, body.number).number
        )
    )
