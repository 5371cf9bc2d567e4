"""The order of decision at an arrival, by preset (4.1): lists of rule functions, nothing else."""

from __future__ import annotations

from zhike_sales_floor.rules import plans, thirteen
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.plans import Plan, Rule
from zhike_sales_floor.rules.state import Visit

ARRIVAL: dict[str, tuple[Rule, ...]] = {
    "P12": plans.P12,
    "P13": (
        plans.event_mode,
        thirteen.brings,
        thirteen.asks_for,
        thirteen.names_several,
        thirteen.matched,
        thirteen.forgotten,
        plans.non_buying,
        plans.introduced,
        thirteen.first_name,
        plans.manual,
        thirteen.by_ring,
    ),
}
"""Presets this engine knows, each with its order; the first rule that answers wins."""


def decide(d: Draft, visit: Visit) -> Plan:
    """The plan of the first rule that answers, in the order of the policy's preset."""
    mode = d.event_mode
    preset = mode.preset if mode is not None and mode.preset else d.policy.preset
    for rule in ARRIVAL[preset]:
        plan = rule(d, visit)
        if plan is not None:
            return plan
    raise AssertionError("the last rule of an order always answers")
