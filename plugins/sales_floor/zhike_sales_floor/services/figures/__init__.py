"""The figures of a site's reports 报表: what a manager asks of a day, a week or a month.

Everything is counted from what stands written; nothing is stored. A reader whose right reaches
only his own work (仅本人) gets his own figures: ``own`` carries his staff id everywhere.
"""

from zhike_sales_floor.services.figures.ahead import Overdue, Protection, overdue, protection
from zhike_sales_floor.services.figures.apart import Apart, apart
from zhike_sales_floor.services.figures.conversion import Funnel, by_rep, by_source, whole
from zhike_sales_floor.services.figures.received import (
    Party,
    hours,
    median,
    parties,
    waits,
    waits_by_hour,
)
from zhike_sales_floor.services.figures.summary import Summary, summaries
from zhike_sales_floor.services.figures.turns import Spread, Turns, spread, turns

__all__ = [
    "Apart",
    "Funnel",
    "Overdue",
    "Party",
    "Protection",
    "Spread",
    "Summary",
    "Turns",
    "apart",
    "by_rep",
    "by_source",
    "hours",
    "median",
    "overdue",
    "parties",
    "protection",
    "spread",
    "summaries",
    "turns",
    "waits",
    "waits_by_hour",
    "whole",
]
