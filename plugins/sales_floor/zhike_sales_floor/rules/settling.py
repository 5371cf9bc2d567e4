"""Credit written down: computed from the log at the closing, and again while it may change.

Something named in the rules may change a credit before the commission is paid: a second closing of
the same date (SF-A-09d), a poaching found late (SF-A-08), a ruling.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from zhike_sales_floor.rules import credit, sharing
from zhike_sales_floor.rules.case import Case, Credit, CreditRule
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.state import Deal

CLOSING: dict[str, tuple[CreditRule, ...]] = {"P12": credit.P12, "P13": sharing.P13}
"""Order of decision at closing, by preset."""


def compute(d: Draft, customer_id: str, deal: Deal) -> Credit:
    """The credit of a closed deal as the log stands; empty vectors where a ruling is needed."""
    case = Case(d, d.customer(customer_id), deal)
    for rule in CLOSING[d.policy.preset]:
        found = rule(case)
        if found is not None:
            return found
    case.cite("SF-D-41", "nobody_owns", customer=customer_id)
    return Credit({}, {}, tuple(case.cites))


def settle_deal(d: Draft, customer_id: str, deal: Deal) -> Credit:
    """Compute a deal's credit and write it down; a correction is a decision of its own."""
    credit = compute(d, customer_id, deal)
    same = credit.performance == dict(deal.performance) and credit.commission == dict(
        deal.commission
    )
    if deal.rules and same:
        return credit
    was = {"performance": dict(deal.performance), "commission": dict(deal.commission)}
    rules = tuple(dict.fromkeys(cite.rule for cite in credit.cites))
    written = replace(
        deal, performance=credit.performance, commission=credit.commission, rules=rules
    )
    write_deal(d, customer_id, written)
    d.cites.extend(credit.cites)
    outcome: dict[str, Any] = {"deal": deal.id, "customer": customer_id, **credit.to_json()}
    if deal.rules:
        outcome["was"] = was
    d.decide("credit", deal.id, outcome)
    d.outcome.setdefault("deals", {})[deal.id] = credit.to_json()
    return credit


def write_deal(d: Draft, customer_id: str, deal: Deal) -> None:
    """Put a deal into its customer's facts."""
    facts = d.customer(customer_id)
    kept = tuple(deal if other.id == deal.id else other for other in facts.deals)
    d.put_customer(replace(facts, deals=kept if deal in kept else (*kept, deal)))


def recompute(d: Draft, customer_id: str, *, but: str = "") -> None:
    """Look again at every deal this customer's facts bear on, unless it is paid or reversed."""
    for person in related(d, customer_id):
        for deal in d.customer(person).deals:
            if deal.closed and not deal.reversed and not deal.paid and deal.id != but:
                settle_deal(d, person, deal)


def related(d: Draft, customer_id: str) -> list[str]:
    """The customer and everybody tied to him by relations or referrals, near and far."""
    found, todo = [customer_id], [customer_id]
    while todo:
        facts = d.customer(todo.pop())
        for other in (*(r.other for r in facts.relations), *(li.other for li in facts.links)):
            if other not in found:
                found.append(other)
                todo.append(other)
    return found
