"""Decisions 决定: stored with inputs, outcome, rules and policy version, and explained on one page.

Engines answer; this keeps the answer. Inputs and outcomes name people by their ids: names are put
in when the page is made, so that erasing a person erases him from the explanations too.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from zhike import clock
from zhike.contributions import RecordRef
from zhike.db.session import CompanySession, lock_row
from zhike.errors import Conflict
from zhike.i18n import _
from zhike.models.decision import DecisionRecord
from zhike.rules import Cite
from zhike.rules import Decision as EngineDecision
from zhike.services.companies import company_of
from zhike.services.organisation import tree

__all__ = [
    "Adherence",
    "DecisionRecord",
    "Explanation",
    "Line",
    "adherence",
    "explain",
    "get",
    "list_for",
    "record",
    "record_all",
    "search",
    "settle",
    "site_zone",
]


def record(
    s: CompanySession,
    *,
    plugin: str,
    engine: str,
    kind: str,
    subject: RecordRef | str,
    inputs: Mapping[str, Any],
    outcome: Mapping[str, Any],
    cites: Iterable[Cite],
    policy_version_id: uuid.UUID | None,
    mode: str,
    at: datetime,
    unit_id: uuid.UUID | None = None,
    followed: bool | None = None,
    done: Mapping[str, Any] | None = None,
    deviation: str = "",
) -> DecisionRecord:
    """Keep what an engine answered.

    ``subject`` is what it is about, ``unit_id`` the site, ``at`` the instant it holds from
    (aware). Under ``enforce`` the act follows by definition, so ``followed`` is set; otherwise it
    stays open until :func:`settle`, unless it is known already. All values are JSON-able.
    """
    cited = [cite.to_json() for cite in cites]
    if followed is None and mode == "enforce":
        followed = True
    row = DecisionRecord(
        plugin=plugin,
        engine=engine,
        kind=kind,
        unit_id=unit_id,
        subject=str(subject),
        inputs=dict(inputs),
        outcome=dict(outcome),
        cites=cited,
        rules=list(dict.fromkeys(cite["rule"] for cite in cited)),
        policy_version_id=policy_version_id,
        mode=mode,
        at=at,
        day=clock.local(at, site_zone(s, unit_id)).date(),
        followed=followed,
        done=None if done is None else dict(done),
        deviation=deviation,
        settled_at=None if followed is None else clock.now(),
    )
    s.add(row)
    return row


def record_all(
    s: CompanySession,
    decisions: Sequence[EngineDecision],
    *,
    plugin: str,
    engine: str,
    subject_kind: str,
    inputs: Mapping[str, Any],
    policy_version_id: uuid.UUID | None,
    mode: str,
    at: datetime,
    unit_id: uuid.UUID | None = None,
) -> list[DecisionRecord]:
    """Keep all decisions of one step of an engine.

    A decision whose subject is a bare UUID becomes a reference ``plugin:subject_kind:<uuid>``;
    one that already is a reference stays as it is.
    """
    return [
        record(
            s,
            plugin=plugin,
            engine=engine,
            kind=made.kind,
            subject=made.subject
            if ":" in made.subject
            else f"{plugin}:{subject_kind}:{made.subject}",
            inputs=inputs,
            outcome=made.outcome,
            cites=made.cites,
            policy_version_id=policy_version_id,
            mode=mode,
            at=at,
            unit_id=unit_id,
        )
        for made in decisions
    ]


def settle(
    s: CompanySession,
    decision_id: uuid.UUID,
    *,
    followed: bool,
    done: Mapping[str, Any] | None = None,
    reason: str = "",
) -> DecisionRecord:
    """Say what was really done after a decision that only observed or advised.

    In the mode ``advise`` doing otherwise takes a reason. Raises
    :class:`~zhike.errors.Conflict` where it was settled before, or the reason is missing.
    """
    row = lock_row(s, DecisionRecord, decision_id)
    if row.followed is not None:
        raise Conflict(_("What was done after this decision has been recorded already."))
    if not followed and row.mode == "advise" and not reason.strip():
        raise Conflict(
            _("Doing otherwise than advised takes a reason."), field="reason", status=422
        )
    row.followed = followed
    row.done = None if done is None else dict(done)
    row.deviation = reason.strip()
    row.settled_at = clock.now()
    return row


def get(s: CompanySession, decision_id: uuid.UUID) -> DecisionRecord:
    """One decision; raises :class:`~zhike.errors.NotFound`."""
    return s.require(DecisionRecord, decision_id)


def list_for(s: CompanySession, subject: RecordRef | str) -> list[DecisionRecord]:
    """All decisions about one record, oldest first."""
    return list(
        s.scalars(
            select(DecisionRecord)
            .where(DecisionRecord.subject == str(subject))
            .order_by(DecisionRecord.at, DecisionRecord.id)
        )
    )


def search(
    s: CompanySession,
    *,
    unit_ids: Iterable[uuid.UUID] | None = None,
    since: date | None = None,
    until: date | None = None,
    plugin: str | None = None,
    kind: str | None = None,
    rule: str | None = None,
    mode: str | None = None,
    deviating: bool = False,
    limit: int = 200,
) -> list[DecisionRecord]:
    """Decisions by site and day (both ends included), newest first, at most ``limit``.

    ``rule`` keeps those that cite a rule; ``deviating`` those where people did otherwise: the
    difference between acts and decisions while a regulation is being introduced.
    """
    query = select(DecisionRecord)
    if unit_ids is not None:
        query = query.where(DecisionRecord.unit_id.in_(list(unit_ids)))
    if since is not None:
        query = query.where(DecisionRecord.day >= since)
    if until is not None:
        query = query.where(DecisionRecord.day <= until)
    for column, value in (
        (DecisionRecord.plugin, plugin),
        (DecisionRecord.kind, kind),
        (DecisionRecord.mode, mode),
    ):
        if value is not None:
            query = query.where(column == value)
    if deviating:
        query = query.where(DecisionRecord.followed.is_(False))
    query = query.order_by(DecisionRecord.at.desc(), DecisionRecord.id.desc())
    if rule is None:
        return list(s.scalars(query.limit(limit)))
    # The list of rules is JSON, spelt differently by the two databases: it is read, not queried.
    found: list[DecisionRecord] = []
    for row in s.scalars(query.execution_options(yield_per=500)):
        if rule in row.rules:
            found.append(row)
            if len(found) >= limit:
                break
    return found


@dataclass(frozen=True)
class Adherence:
    """How far acts went with decisions under one rule, kind and mode.

    ``followed`` and ``otherwise`` count decisions whose act is known, ``unknown`` the others.
    """

    plugin: str
    kind: str
    mode: str
    rule: str
    followed: int
    otherwise: int
    unknown: int


def adherence(
    s: CompanySession,
    *,
    since: date,
    until: date,
    unit_ids: Iterable[uuid.UUID] | None = None,
    plugin: str | None = None,
) -> list[Adherence]:
    """The difference between acts and decisions, rule by rule, on days of the site (both included).

    What a company looks at before it goes from observing to advising and on to enforcing. A
    decision counts under each rule it cites; most deviations first.
    """
    query = select(
        DecisionRecord.plugin,
        DecisionRecord.kind,
        DecisionRecord.mode,
        DecisionRecord.rules,
        DecisionRecord.followed,
    ).where(DecisionRecord.day >= since, DecisionRecord.day <= until)
    if unit_ids is not None:
        query = query.where(DecisionRecord.unit_id.in_(list(unit_ids)))
    if plugin is not None:
        query = query.where(DecisionRecord.plugin == plugin)
    counts: dict[tuple[str, str, str, str], Counter[bool | None]] = {}
    for owner, kind, mode, rules, followed in s.execute(query.execution_options(yield_per=1000)):
        for rule in rules:
            counts.setdefault((owner, kind, mode, rule), Counter())[followed] += 1
    rows = [Adherence(*key, n[True], n[False], n[None]) for key, n in counts.items()]
    return sorted(rows, key=lambda row: (-row.otherwise, row.plugin, row.kind, row.rule, row.mode))


@dataclass(frozen=True)
class Line:
    """One rule of an explanation: our id, the company's clause, what it did and on which facts."""

    rule: str
    number: str
    clause: str
    effect: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Explanation:
    """Everything the page 为什么 shows and prints, in the reader's language.

    ``sentences`` are the engine's own words, the first of them the outcome. ``policy`` and
    ``version`` name what it was decided under; ``at`` is local time of the site.
    """

    decision: DecisionRecord
    at: datetime
    sentences: Sequence[str]
    lines: Sequence[Line]
    policy: str
    version: str
    mode: str
    followed: bool | None
    done: Mapping[str, Any] | None
    deviation: str


def explain(
    s: CompanySession,
    row: DecisionRecord,
    *,
    names: Mapping[str, str] | None = None,
    locale: str = "zh_Hans",
) -> Explanation:
    """Explain a decision under the very version it was made under, years later too.

    ``names`` gives the words for ids (people, customers) as this reader may see them. Without the
    plugin that decided, the rules and clauses still stand there, only its sentences are missing.
    """
    from zhike.services import policies

    resolved = (
        None
        if row.policy_version_id is None
        else policies.resolved_version(s, row.policy_version_id)
    )
    cites = tuple(Cite.from_json(cite) for cite in row.cites)
    sentences: Sequence[str] = ()
    lines = []
    for cite in cites:
        clause = resolved.policy.clause(cite.rule) if resolved else None
        lines.append(
            Line(
                rule=cite.rule,
                number=clause.number if clause else "",
                clause=resolved.policy.sentence(cite.rule) if resolved else "",
                effect=cite.effect,
                facts=cite.facts,
            )
        )
    if resolved is not None:
        engine = policies.engine_of(s.site, row.engine)
        if engine is not None:
            subject = row.subject.rsplit(":", 1)[-1]
            made = EngineDecision(row.kind, subject, row.outcome, cites, row.at.isoformat())
            sentences = engine.explain(made, resolved.policy, names, locale)
    return Explanation(
        decision=row,
        at=clock.local(row.at, site_zone(s, row.unit_id)),
        sentences=sentences,
        lines=lines,
        policy=resolved.name if resolved else "",
        version=resolved.policy.version if resolved else "",
        mode=row.mode,
        followed=row.followed,
        done=row.done,
        deviation=row.deviation,
    )


def site_zone(s: CompanySession, unit_id: uuid.UUID | None) -> str:
    """The IANA zone of a unit; the company's where there is none."""
    unit = tree(s).units.get(unit_id) if unit_id else None
    return unit.tz if unit else company_of(s).tz
