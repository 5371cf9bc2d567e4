"""The change from paper to the software 切换, in the middle of a day if need be.

One workbook holds what the paper knows: people and ring, owed turns, customers with owner and last
contact, deals that are open, visits in hand. It is tried without effect, brought in sheet by sheet,
and the floor is set as it stands, as one event of the engine; until that is confirmed all of it can
be repeated or taken back.
"""

from __future__ import annotations

from zhike_sales_floor.services.cut_over.sheets import PARTS, book, known_book
from zhike_sales_floor.services.cut_over.work import (
    LARGEST,
    Tried,
    at_work,
    bring_in,
    confirm,
    latest,
    set_floor,
    take_back,
    try_out,
)

__all__ = [
    "LARGEST",
    "PARTS",
    "Tried",
    "at_work",
    "book",
    "bring_in",
    "confirm",
    "known_book",
    "latest",
    "set_floor",
    "take_back",
    "try_out",
]
