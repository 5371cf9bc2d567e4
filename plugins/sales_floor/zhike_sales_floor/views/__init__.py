"""Pages of the sales floor. Importing this package adds every route to :data:`bp`."""

from __future__ import annotations

from zhike_sales_floor.views import (
    arrival,
    board,
    calls,
    customer_acts,
    customers,
    deal_acts,
    deal_papers,
    deal_registers,
    deals,
    figures,
    figures_turns,
    figures_waiting,
    houses,
    me,
    people,
    questions,
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
    "calls",
    "customer_acts",
    "customers",
    "deal_acts",
    "deal_papers",
    "deal_registers",
    "deals",
    "houses",
    "figures",
    "figures_turns",
    "figures_waiting",
    "me",
    "people",
    "questions",
    "registers",
    "reports",
    "visit_acts",
    "visits",
    "why",
]
