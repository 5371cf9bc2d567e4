"""One deal being decided: what the rules of any preset look at, and what they find out (CV-5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from zhike.rules import Cite
from zhike_sales_floor.rules.borrowing import cited_as
from zhike_sales_floor.rules.draft import Draft
from zhike_sales_floor.rules.state import Customer, Deal, Owning


@dataclass(frozen=True, slots=True)
class Credit:
    """Both vectors of a deal, in basis points, and the rules behind them; empty while pending."""

    performance: dict[str, int]
    commission: dict[str, int]
    cites: tuple[Cite, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """``{"performance": …, "commission": …}``, with ``pending`` where nobody is named."""
        data: dict[str, Any] = {
            "performance": dict(self.performance),
            "commission": dict(self.commission),
        }
        if not self.performance:
            data["pending"] = True
        return data


@dataclass(slots=True)
class Case:
    """One deal being decided, and what the rules found out so far."""

    d: Draft
    customer: Customer
    deal: Deal
    cites: list[Cite] = field(default_factory=list)

    def cite(self, rule: str, effect: str, **facts: Any) -> None:
        """Note a rule that bears on this deal."""
        known_as = cited_as(self.d.policy.preset, rule, effect)
        self.cites.append(Cite(known_as, effect, facts))

    def both(self, shares: dict[str, int]) -> Credit:
        """The same shares in both vectors."""
        return Credit(shares, dict(shares), tuple(self.cites))

    def owner(self, customer_id: str) -> Owning | None:
        """The current owner of a customer at this closing, whatever was logged later (CV-9)."""
        return self.d.customer(customer_id).owner_at(self.deal.seq)

    def owners(self, customers: Iterable[str]) -> list[str]:
        """Distinct owners, the signer's first, the others by first reception (CV-6)."""
        order: list[tuple[bool, int, str]] = []
        for customer_id in customers:
            entry = self.owner(customer_id)
            first = self.d.customer(customer_id).first
            if entry is not None and first is not None:
                order.append((customer_id != self.customer.id, first.seq, entry.rep))
        return list(dict.fromkeys(rep for _signer, _seq, rep in sorted(order)))


CreditRule = Callable[[Case], Credit | None]
