"""Which policy holds where and when, answered from memory as long as nothing has changed.

All choices and published versions of a company are one immutable book, kept per process under the
company's generation. Asking costs no query.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from zhike.db.session import CompanySession
from zhike.errors import NotFound
from zhike.i18n import _
from zhike.models.policy import PolicyChoice, PolicyRecord, PolicyVersion
from zhike.rules import Policy
from zhike.services.companies import remembered
from zhike.services.organisation import tree
from zhike.services.policies.presets import compose, shipped

if TYPE_CHECKING:
    from zhike.site import Site


@dataclass(frozen=True)
class ResolvedPolicy:
    """A policy version ready for an engine.

    ``policy`` is what engines take; ``version_id`` what a case pins and a decision cites;
    ``mode`` is ``observe``, ``advise`` or ``enforce``; ``number`` the version's number (None for a
    draft); ``preset`` and ``engine`` are full names.
    """

    policy: Policy
    version_id: uuid.UUID
    policy_id: uuid.UUID
    name: str
    number: int | None
    mode: str
    preset: str
    engine: str
    effective_from: datetime | None
    hash: str


@dataclass(frozen=True)
class _Version:
    id: uuid.UUID
    policy_id: uuid.UUID
    number: int
    effective_from: datetime


@dataclass(frozen=True)
class _Choice:
    plugin: str
    unit_id: uuid.UUID | None
    policy_id: uuid.UUID | None
    valid_from: datetime


@dataclass(frozen=True)
class Change:
    """A change that is scheduled: at ``at`` this unit (None: the company) gets this version."""

    at: datetime
    plugin: str
    unit_id: uuid.UUID | None
    policy_id: uuid.UUID | None
    version_id: uuid.UUID | None
    number: int | None


@dataclass(frozen=True)
class _Book:
    """Choices (latest first) and versions (latest first, by policy), and what was read of them."""

    choices: tuple[_Choice, ...]
    versions: dict[uuid.UUID, tuple[_Version, ...]]
    resolved: dict[uuid.UUID, ResolvedPolicy] = field(default_factory=dict)


def _book(s: CompanySession) -> _Book:
    return remembered(s, "policies", lambda: _read(s))


def _read(s: CompanySession) -> _Book:
    choices = s.execute(
        select(
            PolicyChoice.plugin,
            PolicyChoice.unit_id,
            PolicyChoice.policy_id,
            PolicyChoice.valid_from,
        )
        .where(PolicyChoice.withdrawn_at.is_(None))
        .order_by(PolicyChoice.valid_from.desc(), PolicyChoice.id.desc())
    )
    versions: dict[uuid.UUID, list[_Version]] = {}
    rows = s.execute(
        select(
            PolicyVersion.id,
            PolicyVersion.policy_id,
            PolicyVersion.number,
            PolicyVersion.effective_from,
        )
        .where(PolicyVersion.state == "published")
        .order_by(PolicyVersion.effective_from.desc(), PolicyVersion.number.desc())
    )
    for id_, policy_id, number, effective_from in rows:
        assert number is not None
        assert effective_from is not None
        versions.setdefault(policy_id, []).append(_Version(id_, policy_id, number, effective_from))
    return _Book(
        tuple(_Choice(*row) for row in choices),
        {policy_id: tuple(found) for policy_id, found in versions.items()},
    )


def in_force(
    s: CompanySession, plugin: str, unit_id: uuid.UUID | None, at: datetime
) -> ResolvedPolicy:
    """The policy of ``plugin`` in force at ``unit_id`` (None: the company) at the instant ``at``.

    The nearest choice up the tree wins, of its versions the latest whose ``effective_from`` has
    come. Before the first choice or version, the first one stands for the time before it: an
    entry that states an earlier hour still finds its rules. Which ``at`` to ask with is the
    plugin's affair: the arrival for a reception, a deal's first step for credit, the start for a
    case. Raises :class:`~zhike.errors.NotFound` where nothing has been chosen.
    """
    found = _find(s, _book(s), plugin, unit_id, at)
    if found is None:
        raise NotFound(_("No policy has been chosen for this place."), code="no_policy")
    return resolved_version(s, found.id)


def _find(
    s: CompanySession, book: _Book, plugin: str, unit_id: uuid.UUID | None, at: datetime
) -> _Version | None:
    policy_id = _chosen(s, book, plugin, unit_id, at)
    versions = book.versions.get(policy_id, ()) if policy_id else ()
    if not versions:
        return None
    return next((v for v in versions if v.effective_from <= at), versions[-1])


def _chosen(
    s: CompanySession, book: _Book, plugin: str, unit_id: uuid.UUID | None, at: datetime
) -> uuid.UUID | None:
    places: tuple[uuid.UUID | None, ...] = (*tree(s).ancestors(unit_id), None)
    for place in places:
        for choice in book.choices:
            if choice.plugin == plugin and choice.unit_id == place and choice.valid_from <= at:
                if choice.policy_id is not None:
                    return choice.policy_id
                break  # this place follows the one above it again
    first = [c for c in book.choices if c.plugin == plugin and c.unit_id is None and c.policy_id]
    return first[-1].policy_id if first else None


def resolved_version(s: CompanySession, version_id: uuid.UUID) -> ResolvedPolicy:
    """One version, published or draft, as engines take it; raises NotFound.

    Also raised where the plugin that ships the version's preset is not loaded.
    """
    book = _book(s)
    known = book.resolved.get(version_id)
    if known is not None:
        return known
    row = s.require(PolicyVersion, version_id)
    policy = s.require(PolicyRecord, row.policy_id)
    made = resolve_row(s.site, policy, row)
    if row.state == "published":
        book.resolved[version_id] = made
    return made


def resolve_row(site: Site, policy: PolicyRecord, row: PolicyVersion) -> ResolvedPolicy:
    """Put a version's row together with the preset it was made on."""
    source = shipped(site, row.preset)
    made = compose(
        source,
        params=row.params,
        clauses=row.clauses,
        mode=row.mode,
        version="draft" if row.number is None else str(row.number),
        frozen=row.snapshot,
    )
    return ResolvedPolicy(
        policy=made,
        version_id=row.id,
        policy_id=row.policy_id,
        name=policy.name,
        number=row.number,
        mode=row.mode,
        preset=row.preset,
        engine=source.contribution.engine,
        effective_from=row.effective_from,
        hash=row.hash,
    )


def scheduled(s: CompanySession, after: datetime, plugin: str | None = None) -> list[Change]:
    """Changes that have been decided and not yet come, in the order in which they will."""
    return sorted(_changes(_book(s), after, plugin, _plugins(s)), key=lambda change: change.at)


def _changes(
    book: _Book, after: datetime, plugin: str | None, plugins: dict[uuid.UUID, str]
) -> Iterator[Change]:
    for choice in book.choices:
        if choice.valid_from > after and plugin in (None, choice.plugin):
            yield Change(
                choice.valid_from, choice.plugin, choice.unit_id, choice.policy_id, None, None
            )
    for policy_id, versions in book.versions.items():
        owner = plugins[policy_id]
        for version in versions:
            if version.effective_from > after and plugin in (None, owner):
                yield Change(
                    version.effective_from, owner, None, policy_id, version.id, version.number
                )


def _plugins(s: CompanySession) -> dict[uuid.UUID, str]:
    rows = s.execute(select(PolicyRecord.id, PolicyRecord.plugin)).all()
    return {row.id: row.plugin for row in rows}


def choices_at(s: CompanySession, plugin: str, at: datetime) -> dict[uuid.UUID | None, Any]:
    """``{unit (None: the company): policy id}`` of the choices that hold at ``at``."""
    held: dict[uuid.UUID | None, Any] = {}
    for choice in _book(s).choices:
        if choice.plugin == plugin and choice.valid_from <= at:
            held.setdefault(choice.unit_id, choice.policy_id)
    return {unit_id: policy_id for unit_id, policy_id in held.items() if policy_id is not None}
