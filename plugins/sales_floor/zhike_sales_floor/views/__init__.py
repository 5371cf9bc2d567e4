"""Pages of the sales floor. Importing this package adds every route to :data:`bp`."""

from __future__ import annotations

from zhike_sales_floor.views import (
    arrival,
    board,
    customer_acts,
    customers,
    deals,
    me,
    people,
    registers,
    reports,
    visit_acts,
    visits,
    why,
)
from zhike_sales_floor.views._common import bp

__all__ = [
    "arrival",
    "board",
    "bp",
    "customer_acts",
    "customers",
    "deals",
    "me",
    "people",
    "registers",
    "reports",
    "visit_acts",
    "visits",
    "why",
]
