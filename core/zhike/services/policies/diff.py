"""What differs between two versions, as rows a manager reads before publishing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from zhike.db.session import CompanySession
from zhike.i18n import N_
from zhike.models.policy import PolicyVersion
from zhike.rules import Parameter, Policy, Preset
from zhike.services.ledger import normalise
from zhike.services.policies.inforce import resolved_version
from zhike.services.policies.presets import shipped

MODE_TITLES = {"observe": N_("observe"), "advise": N_("advise"), "enforce": N_("enforce")}


@dataclass(frozen=True)
class Row:
    """One difference. ``kind`` is ``param``, ``clause``, ``mode`` or ``preset``.

    ``before`` and ``after`` are JSON values (None: not there), the ``_words`` what a person
    reads; a mode's words are message ids.
    """

    kind: str
    key: str
    title: str
    before: Any
    after: Any
    before_words: str
    after_words: str


def diff(before: Policy, after: Policy, preset: Preset | None = None) -> list[Row]:
    """Differences from ``before`` to ``after``; ``preset`` (of ``after``) gives the titles."""
    rows: list[Row] = []
    if before.preset != after.preset:
        rows.append(
            Row("preset", "preset", "", before.preset, after.preset, before.preset, after.preset)
        )
    if before.mode != after.mode:
        words = MODE_TITLES[before.mode], MODE_TITLES[after.mode]
        rows.append(Row("mode", "mode", "", before.mode, after.mode, *words))
    titles = {p.key: p.title_zh for p in preset.parameters} if preset else {}
    for key in _keys(list(titles), before.params, after.params):
        old, new = normalise(before.get(key)), normalise(after.get(key))
        if old != new or (key in before.params) != (key in after.params):
            rows.append(
                Row(
                    "param",
                    key,
                    titles.get(key, key),
                    old,
                    new,
                    before.show(key) if key in before.params else "",
                    after.show(key) if key in after.params else "",
                )
            )
    for rule in _keys([], before.clauses, after.clauses):
        was, now = before.clauses.get(rule), after.clauses.get(rule)
        if was != now:
            rows.append(
                Row(
                    "clause",
                    rule,
                    now.number if now else was.number if was else "",
                    None if was is None else {"number": was.number, "text": was.text},
                    None if now is None else {"number": now.number, "text": now.text},
                    before.sentence(rule) if was else "",
                    after.sentence(rule) if now else "",
                )
            )
    return rows


def _keys(first: list[str], *mappings: Any) -> list[str]:
    return list(dict.fromkeys([*first, *(key for mapping in mappings for key in mapping)]))


def diff_versions(s: CompanySession, before_id: uuid.UUID | None, after_id: uuid.UUID) -> list[Row]:
    """Differences between two versions, or from the preset as shipped (``before_id`` None)."""
    after = resolved_version(s, after_id)
    source = shipped(s.site, after.preset)
    before = source.preset.policy() if before_id is None else resolved_version(s, before_id).policy
    return diff(before, after.policy, source.preset)


@dataclass(frozen=True)
class Future:
    """A value that will hold from an instant on."""

    words: str
    at: datetime
    version_id: uuid.UUID


@dataclass(frozen=True)
class ParameterRow:
    """One row of the editor's table: default, present value, and what is scheduled."""

    parameter: Parameter
    default: Any
    default_words: str
    value: Any
    words: str
    changed: bool
    future: tuple[Future, ...]


def parameter_rows(
    s: CompanySession, version_id: uuid.UUID, *, after: datetime
) -> list[ParameterRow]:
    """All parameters of a version, with what later versions of its policy will make of them."""
    shown = resolved_version(s, version_id)
    source = shipped(s.site, shown.preset)
    default = source.preset.policy()
    later = [
        resolved_version(s, id_)
        for id_ in s.scalars(
            select(PolicyVersion.id)
            .where(
                PolicyVersion.policy_id == shown.policy_id,
                PolicyVersion.state == "published",
                PolicyVersion.effective_from > after,
            )
            .order_by(PolicyVersion.effective_from, PolicyVersion.number)
        )
    ]
    rows = []
    for parameter in source.preset.parameters:
        key, future, last = parameter.key, [], shown.policy.get(parameter.key)
        for version in later:
            if version.policy.get(key) != last:
                last = version.policy.get(key)
                assert version.effective_from is not None
                future.append(
                    Future(version.policy.show(key), version.effective_from, version.version_id)
                )
        rows.append(
            ParameterRow(
                parameter=parameter,
                default=default.get(key),
                default_words=default.show(key),
                value=shown.policy.get(key),
                words=shown.policy.show(key),
                changed=shown.policy.get(key) != default.get(key),
                future=tuple(future),
            )
        )
    return rows
