"""What the operations of the sales office take and give: houses, deals' changes, sums due."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from zhike_sales_floor.api.models import In, Out, ReasonIn, Text

Fen = Annotated[int, Field(ge=0, le=10**13, description="In fen.")]


class HousesQuery(In):
    """What narrows the houses of a site."""

    state: Literal["", "available", "reserved", "subscribed", "contracted", "held", "sold"] = ""
    building: Annotated[str, Field(max_length=20)] = ""
    q: Annotated[str, Field(max_length=40)] = ""


class HouseOut(Out):
    """A house of the sales control; area in hundredths of a square metre, price in fen."""

    id: uuid.UUID
    code: str
    building: str
    entrance: str
    storey: int | None = None
    layout: str
    area: int
    price_fen: int
    state: str
    why: str
    deal_id: uuid.UUID | None = Field(default=None, description="The deal that holds it.")


class HousesOut(Out):
    """The houses of a site, in the order of their numbers, and how many are in which state."""

    houses: list[HouseOut]
    counts: dict[str, int]


class ContractIn(In):
    """The contract of a subscribed deal."""

    number: Annotated[str, Field(min_length=1, max_length=60)]
    on: date
    pay_way: Literal["mortgage", "instalments", "at_once", "fund"] = "mortgage"


class SwapIn(ReasonIn):
    """Another house for a deal; ``override`` is heeded only from whoever may rule."""

    house_id: uuid.UUID
    amount_fen: Fen
    harder: bool = False
    override: bool = False


class NameIn(ReasonIn):
    """Which customer of the site takes the deal over."""

    holder_id: uuid.UUID
    fee_fen: Fen | None = None


class RefundIn(ReasonIn):
    """A refund; ``override`` allows one after the contract against the regulation."""

    override: bool = False


class CorrectIn(ReasonIn):
    """What a deal should have said."""

    amount_fen: Fen
    deposit_fen: Fen = 0
    house_id: uuid.UUID | None = None
    property: Annotated[str, Field(max_length=40)] = ""


class SignIn(In):
    """The price and deposit at the subscription, where they differ from the reservation's."""

    amount_fen: Fen | None = None
    deposit_fen: Fen | None = None


class DuesQuery(In):
    """Up to which day sums are due; by default within thirty days."""

    until: date | None = None


class DueIn(In):
    """A sum due on a deal."""

    title: Annotated[str, Field(min_length=1, max_length=40)]
    amount_fen: Fen
    due_on: date


class DueOut(Out):
    """A sum due, and what of it is stated as paid."""

    id: uuid.UUID
    deal_id: uuid.UUID
    title: str
    amount_fen: int
    paid_fen: int
    due_on: date
    days_overdue: int = Field(description="Negative while it is not due yet.")


class DuesOut(Out):
    """Sums due at a site, the oldest first."""

    dues: list[DueOut]


class PayIn(In):
    """A payment that finance took; without a number the next blank receipt is taken."""

    amount_fen: Fen
    paid_on: date
    number: Annotated[str, Field(max_length=40)] = ""


class NumberOut(Out):
    """The number of what was written."""

    number: str


class SaidOut(Out):
    """What it came to, in a sentence."""

    sentence: Text
