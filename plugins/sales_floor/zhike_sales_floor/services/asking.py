"""What the engine would answer, asked without doing anything: previews, proposals, what-ifs."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from zhike.api import CompanySession, Conflict, _, clock, policies, textkit
from zhike.rules import Decision, Policy, Step
from zhike_sales_floor import words
from zhike_sales_floor.models import Customer, Floor
from zhike_sales_floor.rules import ENGINE
from zhike_sales_floor.rules.phrases import NOT_APPLIED
from zhike_sales_floor.rules.state import State
from zhike_sales_floor.services import live
from zhike_sales_floor.services.names import ids_in, names_for


@dataclass(frozen=True)
class Clause:
    """A clause behind an answer: the company's number and sentence, and what it did here."""

    number: str
    text: str
    effect: str
    decided: bool


@dataclass(frozen=True)
class Told:
    """An answer in words: the outcome in one sentence, then each clause."""

    sentence: str
    clauses: Sequence[Clause]
    performance: Mapping[str, int]
    commission: Mapping[str, int]


@dataclass(frozen=True)
class Asked:
    """What the last of some supposed events came to, and the state after it."""

    step: Step
    state: State
    policy: Policy


def ask(
    s: CompanySession,
    unit_id: uuid.UUID,
    events: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    pinned: uuid.UUID | None = None,
) -> Asked:
    """Suppose that these events (verb and fields) happened now, one after the other.

    Nothing is stored. ``pinned`` names another policy version than the one in force. Raises
    Conflict with the engine's sentence where it would refuse one of them.
    """
    floor = s.find(Floor, unit_id)
    if floor is None:
        raise Conflict(_("This site has no floor yet."))
    now = max(clock.now(), floor.changed_at) if floor.seq else clock.now()
    resolved = (
        policies.resolved_version(s, pinned)
        if pinned
        else policies.in_force(s, live.PLUGIN, unit_id, now)
    )
    state = State(live.load_floor(floor), {}, resolved.policy)
    at = live.local_text(now, live.tz_of(s, unit_id))
    step: Step | None = None
    for verb, fields in events:
        event = {"at": at, "event": verb, **fields}
        state, _rows = live.with_facts(s, state, event)
        step = live.handle(state, event)
        state = step.state
    assert step is not None
    return Asked(step, state, resolved.policy)


def last_of(asked: Asked, *kinds: str) -> Decision | None:
    """The last decision of one of these kinds that the last event led to."""
    return next((d for d in reversed(asked.step.decisions) if d.kind in kinds), None)


def tell(
    s: CompanySession,
    decision: Decision,
    policy: Policy,
    *,
    clear: Collection[uuid.UUID] | None = None,
) -> Told:
    """A decision in the words of 为什么, names put in where they are known.

    With ``clear`` the names of all customers but these are masked.
    """
    names = names_for(s, ids_in([decision.to_json()]))
    if clear is not None:
        ids = [uuid.UUID(one) for one in names]
        hidden = s.scalars(select(Customer.id).where(Customer.id.in_(ids)))
        names |= {
            str(one): textkit.mask_name(names[str(one)]) for one in hidden if one not in clear
        }
    sentences = ENGINE.explain(decision, policy, names)
    effects = words.effects(sentences, len(decision.cites))
    clauses = []
    for cite, effect in zip(decision.cites, effects, strict=True):
        clause = policy.clause(cite.rule)
        clauses.append(
            Clause(
                _("clause %(n)s", n=clause.number) if clause else cite.rule,
                policy.sentence(cite.rule) if clause else "",
                effect,
                cite.effect not in NOT_APPLIED,
            )
        )
    return Told(
        sentences[0] if sentences else "",
        clauses,
        dict(decision.outcome.get("performance", {})),
        dict(decision.outcome.get("commission", {})),
    )
