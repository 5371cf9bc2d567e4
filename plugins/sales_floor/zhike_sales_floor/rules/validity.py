"""The life of a record (建档有效期, SF-D-25): who holds a customer under the policy in force.

Under a policy without ``owner.record_validity_months`` a record has no end, and the holder is
simply the last entry of the ownership chain.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from zhike.rules import add_months, on_day
from zhike_sales_floor.rules.state import LEFT, Customer, Owning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zhike_sales_floor.rules.draft import Draft
    from zhike_sales_floor.rules.state import Rep

TRANSFERS = ("reassign", "release", "ruling", "takeover")
"""Causes that end the record of who owned before."""


def opened(entry: Owning) -> str:
    """When the record behind an entry was opened."""
    return entry.opened or entry.at


def valid_through(entry: Owning, months: int) -> date:
    """The last day of a record (CV-4), that day included."""
    return add_months(on_day(opened(entry)), months)


def records(facts: Customer, limit: int | None = None) -> dict[str, Owning]:
    """Each rep's latest record that was not struck out or handed on, by first reception.

    ``limit``: as the log stood at that event.
    """
    found: dict[str, Owning] = {}
    for entry in facts.owning:
        if entry.void or (limit is not None and entry.seq > limit):
            continue
        if entry.cause in TRANSFERS and entry.former != entry.rep:
            found.pop(entry.former, None)
        if entry.rep:
            found[entry.rep] = entry
    return found


def valid_records(
    facts: Customer, months: int, at: str, reps: Mapping[str, Rep]
) -> dict[str, Owning]:
    """The records still running on the date of ``at``; who has left for good holds none."""
    day = on_day(at)
    return {
        rep_id: entry
        for rep_id, entry in records(facts).items()
        if day <= valid_through(entry, months)
        and (rep_id not in reps or reps[rep_id].state != LEFT)
    }


def holder_of(facts: Customer, months: int | None, at: str, reps: Mapping[str, Rep]) -> str:
    """Who holds the customer at ``at``: the performance holder, else the earliest valid (G-40)."""
    if months is None:
        return facts.owner
    running = valid_records(facts, months, at, reps)
    if facts.owner in running:
        return facts.owner
    return min(running, key=lambda rep_id: opened(running[rep_id]), default="")


def months_of(params: Mapping[str, object]) -> int | None:
    """The life of a record under these parameters, in months; None where it has no end."""
    value = params.get("owner.record_validity_months")
    return int(str(value)) if value is not None else None


def months(d: Draft) -> int | None:
    """The life of a record under the policy in force, in months; None where it has no end."""
    value = d.param("owner.record_validity_months")
    return int(value) if value is not None else None


def holder(d: Draft, facts: Customer) -> str:
    """Who holds the customer now under the policy in force, ``""`` for nobody."""
    return holder_of(facts, months(d), d.at, d.reps)


def valid_reps(d: Draft, facts: Customer) -> dict[str, Owning]:
    """Reps with a valid record of this customer now, by first reception; every owner if no end."""
    limit = months(d)
    if limit is None:
        entry = facts.holding
        return {entry.rep: entry} if entry is not None else {}
    return valid_records(facts, limit, d.at, d.reps)
