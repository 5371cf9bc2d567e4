"""What every pure rule engine shares: policies, clauses, citations, decisions, windows and shares.

Nothing here knows a clock, a database or the web, and nothing but the standard library is imported,
so an engine can be read, tested and replayed on its own.

* :class:`Policy` is a regulation as data (制度预设): parameters, and each rule's clause in the
  company's words. :class:`Preset` and :class:`Parameter` are how one is shipped and edited.
* :class:`Decision` is what an engine answered (决定), with a :class:`Cite` per rule behind it.
* :class:`Engine` is the protocol of an engine: ``start`` and ``handle`` are pure functions.
* :mod:`zhike.rules.workdays` counts working days, and hours inside opening hours, on a
  :class:`WorkCalendar` that the engine is given as data.
* :mod:`zhike.rules.windows` counts days, months and minutes; :mod:`zhike.rules.shares` divides
  ten thousand basis points; :mod:`zhike.rules.codec` turns frozen dataclasses into JSON and back.
"""

from zhike.rules.codec import from_json, to_json
from zhike.rules.params import Parameter, ParameterError, Preset, load_parameters, load_preset
from zhike.rules.shares import FULL, equal_split, parse_shares, share_part
from zhike.rules.types import (
    Cite,
    Clause,
    Decision,
    Engine,
    EventInvalid,
    EventRefused,
    Mode,
    Policy,
    RuleError,
    State,
    Step,
)
from zhike.rules.windows import add_months, days_between, instant, minutes_after, on_day
from zhike.rules.workdays import Due, WorkCalendar, due

__all__ = [
    "Cite",
    "Clause",
    "Decision",
    "Due",
    "Engine",
    "EventInvalid",
    "EventRefused",
    "FULL",
    "Mode",
    "Parameter",
    "ParameterError",
    "Policy",
    "Preset",
    "RuleError",
    "State",
    "Step",
    "WorkCalendar",
    "add_months",
    "days_between",
    "due",
    "equal_split",
    "from_json",
    "instant",
    "load_parameters",
    "load_preset",
    "minutes_after",
    "on_day",
    "parse_shares",
    "share_part",
    "to_json",
]
