"""What a company needs before its first day; safe to repeat."""

from __future__ import annotations

from zhike.api import N_, CompanySession, numbering, organisation, policies
from zhike_sales_floor.services import live

DEAL_NUMBERS = numbering.NumberRule(
    name="sales_floor.deal",
    title=N_("Deals"),
    pattern="CJ{site}{yyyy}{mm}{dd}-{n}",
    digits=3,
)

SUBSCRIPTION_NUMBERS = numbering.NumberRule(
    name="sales_floor.subscription",
    title=N_("Subscription papers"),
    pattern="RG{site}{yyyy}{mm}{dd}-{n}",
    digits=3,
)
DOCKET_NUMBERS = numbering.NumberRule(
    name="sales_floor.docket",
    title=N_("Disputes"),
    pattern="ZY{site}{yyyy}-{n}",
    digits=3,
    reset="year",
)
HANDOVER_NUMBERS = numbering.NumberRule(
    name="sales_floor.handover",
    title=N_("Hand-overs"),
    pattern="JJ{site}{yyyy}-{n}",
    digits=3,
    reset="year",
)
PROBLEM_NUMBERS = numbering.NumberRule(
    name="sales_floor.problem",
    title=N_("Customers' problems"),
    pattern="HF{site}{yyyy}{mm}{dd}-{n}",
    digits=2,
)

SHEET_NUMBERS = numbering.NumberRule(
    name="sales_floor.sheet",
    title=N_("Statistics"),
    pattern="TJ{site}{yyyy}-{n}",
    digits=4,
    reset="year",
)


def prepare(s: CompanySession) -> None:
    """The shipped policy, chosen for the company, numbering of deals and papers, its floors."""
    policies.ensure_default(s, live.PLUGIN)
    numbering.ensure(s, DEAL_NUMBERS)
    numbering.ensure(s, SUBSCRIPTION_NUMBERS)
    numbering.ensure(s, DOCKET_NUMBERS)
    numbering.ensure(s, HANDOVER_NUMBERS)
    numbering.ensure(s, SHEET_NUMBERS)
    numbering.ensure(s, PROBLEM_NUMBERS)
    for unit in organisation.tree(s).sites:
        live.set_up(s, unit.id)
