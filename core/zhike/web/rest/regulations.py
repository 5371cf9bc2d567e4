"""Operations on regulations: what is in force, and drills played under it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from zhike import clock
from zhike.errors import NotFound, UserError
from zhike.i18n import _
from zhike.services import policies
from zhike.web import i18n
from zhike.web.context import current, reading
from zhike.web.rest.reading import Answered, Strict

LONGEST = 200_000  #: characters of a drill


class ClauseOut(Answered):
    """The company's clause of a rule, its figures filled in."""

    rule: str
    number: str
    text: str


class PolicyOut(Answered):
    """A policy version in force at a place."""

    plugin: str
    name: str
    preset: str
    version: str
    version_id: uuid.UUID
    mode: str
    effective_from: datetime | None
    params: dict[str, Any]
    clauses: list[ClauseOut]


class PoliciesIn(Strict):
    """Where and when: a unit (none: the company) and an instant (none: now)."""

    unit_id: uuid.UUID | None = None
    at: AwareDatetime | None = None


class PoliciesOut(Answered):
    """One for each active plugin that has a policy there."""

    items: list[PolicyOut]


def _place(unit_id: uuid.UUID | None, permission: str) -> None:
    """Refuse a unit that is not there, or where the person has not this right."""
    if unit_id is None:
        return
    who = current()
    if unit_id not in who.principal.tree.units:
        raise NotFound(_("This site does not exist."), field="unit_id")
    who.require(permission, unit_id)


def policies_in_force(body: PoliciesIn) -> PoliciesOut:
    """The regulations that hold at a place and an instant."""
    _place(body.unit_id, "core.policy.view")
    s, who = reading(), current()
    at = body.at or clock.now()
    items = []
    for plugin in who.active:
        try:
            found = policies.in_force(s, plugin, body.unit_id, at)
        except NotFound:
            continue
        items.append(_policy_out(plugin, found))
    return PoliciesOut(items=items)


def _policy_out(plugin: str, found: policies.ResolvedPolicy) -> PolicyOut:
    policy = found.policy
    return PolicyOut(
        plugin=plugin,
        name=found.name,
        preset=found.preset,
        version=policy.version,
        version_id=found.version_id,
        mode=found.mode,
        effective_from=found.effective_from,
        params=dict(policy.params),
        clauses=[
            ClauseOut(rule=rule, number=clause.number, text=policy.sentence(rule))
            for rule, clause in sorted(policy.clauses.items())
        ],
    )


class DrillIn(Strict):
    """Drills as text (YAML or JSON), and the unit whose policy is at hand."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    unit_id: uuid.UUID | None = None


class DrillsOut(Answered):
    """What came out: of every drill each event with its decisions, and the differences."""

    passed: bool
    reports: list[dict[str, Any]]


def drill_run(body: DrillIn) -> DrillsOut:
    """Play drills with the same engine as pages and command; nothing is stored."""
    _place(body.unit_id, "core.drill")
    # Brings the YAML reader, which no page needs at the start.
    from zhike.drills import DrillError, load_text
    from zhike.services import drills

    s, who = reading(), current()
    try:
        found = load_text(body.text)
    except DrillError as error:
        raise UserError(str(error), field="text", code="drill") from None
    reports = []
    for drill in found:
        if drill.plugin not in who.active:
            raise UserError(
                _("No active app is called %(name)s.", name=drill.plugin),
                field="text",
                code="drill",
            )
        try:
            at_hand = policies.in_force(s, drill.plugin, body.unit_id, clock.now()).policy
        except NotFound:
            at_hand = None
        reports.append(drills.play(who.site, drill, at_hand, i18n.locale_name()))
    return DrillsOut(
        passed=all(report.ok for report in reports),
        reports=[report.to_json() for report in reports],
    )
