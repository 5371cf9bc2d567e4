"""Making versions: draft, save, publish, withdraw, change the mode, choose where they hold.

Every function writes its ledger line and makes all processes read anew; a published version is
never touched again.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from zhike import clock
from zhike.db.session import Actor, CompanySession, lock_row
from zhike.errors import Conflict, UserError
from zhike.i18n import _
from zhike.models.organisation import Unit
from zhike.models.policy import PolicyChoice, PolicyRecord, PolicyVersion
from zhike.services import ledger
from zhike.services.companies import bump_generation
from zhike.services.policies.check import check_changes
from zhike.services.policies.diff import diff
from zhike.services.policies.inforce import resolve_row, resolved_version
from zhike.services.policies.presets import policy_hash, presets_of, shipped, snapshot

_NAME_LENGTH = 80


def policies_of(s: CompanySession, plugin: str | None = None) -> list[PolicyRecord]:
    """The company's policies, by name; archived ones last."""
    query = select(PolicyRecord)
    if plugin is not None:
        query = query.where(PolicyRecord.plugin == plugin)
    rows = s.scalars(query.order_by(PolicyRecord.name))
    return sorted(rows, key=lambda row: row.archived_at is not None)


def versions_of(s: CompanySession, policy_id: uuid.UUID) -> list[PolicyVersion]:
    """All versions of a policy, drafts first, then the newest first."""
    rows = s.scalars(select(PolicyVersion).where(PolicyVersion.policy_id == policy_id))
    return sorted(rows, key=lambda row: (row.number is not None, -(row.number or 0), row.id))


def create(s: CompanySession, *, preset: str, name: str, reason: str = "") -> PolicyVersion:
    """Begin a policy from a shipped preset; returns its first draft, which changes nothing yet.

    Raises ``UserError`` for an empty or taken name, ``NotFound`` for an unknown preset.
    """
    source = shipped(s.site, preset)
    name = name.strip()
    if not name or len(name) > _NAME_LENGTH:
        raise UserError(_("Please give a name of at most 80 characters."), field="name")
    taken = s.scalar(
        select(PolicyRecord.id).where(
            PolicyRecord.plugin == source.plugin, PolicyRecord.name == name
        )
    )
    if taken is not None:
        raise UserError(_("There is a policy of this name already."), field="name", code="taken")
    policy = PolicyRecord(plugin=source.plugin, name=name, preset=preset)
    s.add(policy)
    s.flush()
    return _new_draft(s, policy, None, reason)


def open_draft(s: CompanySession, policy_id: uuid.UUID) -> PolicyVersion | None:
    """The draft of a policy that is being worked on, or None."""
    return s.scalars(
        select(PolicyVersion)
        .where(PolicyVersion.policy_id == policy_id, PolicyVersion.state == "draft")
        .order_by(PolicyVersion.id.desc())
        .limit(1)
    ).first()


def draft(
    s: CompanySession, policy_id: uuid.UUID, *, based_on: uuid.UUID | None = None, reason: str = ""
) -> PolicyVersion:
    """A new draft of a policy, from ``based_on`` or from its newest published version.

    A policy has one open draft at a time: raises ``Conflict`` (``draft_open``, ``extra["draft"]``
    its id) where somebody is at one already, so that two people never work past each other.
    """
    policy = lock_row(s, PolicyRecord, policy_id)
    at_work = open_draft(s, policy_id)
    if at_work is not None:
        raise Conflict(
            _(
                "%(who)s has begun a draft of this regulation. Go on with it or throw it away.",
                who=at_work.author,
            ),
            code="draft_open",
            extra={"draft": str(at_work.id)},
        )
    if based_on is not None:
        base: PolicyVersion | None = s.require(PolicyVersion, based_on)
    else:
        base = s.scalars(
            select(PolicyVersion)
            .where(PolicyVersion.policy_id == policy_id, PolicyVersion.state == "published")
            .order_by(PolicyVersion.number.desc())
            .limit(1)
        ).first()
    return _new_draft(s, policy, base, reason)


def _new_draft(
    s: CompanySession, policy: PolicyRecord, base: PolicyVersion | None, reason: str
) -> PolicyVersion:
    source = shipped(s.site, base.preset if base else policy.preset)
    row = PolicyVersion(
        policy_id=policy.id,
        number=None,
        preset=source.name,
        preset_hash=source.hash,
        params=dict(base.params) if base else {},
        clauses=dict(base.clauses) if base else {},
        mode=base.mode if base else "observe",
        state="draft",
        reason=reason.strip(),
        author=_who(s.actor),
        author_id=s.actor.user_id,
    )
    s.add(row)
    s.flush()
    return row


def save_draft(
    s: CompanySession,
    draft_id: uuid.UUID,
    *,
    lock: int,
    params: Mapping[str, Any],
    clauses: Mapping[str, Any],
    mode: str,
    reason: str | None = None,
) -> PolicyVersion:
    """Replace what a draft changes of its preset.

    ``lock`` is the draft's optimistic version as the person saw it. Raises
    :class:`~zhike.errors.Conflict` where somebody saved meanwhile or it is no draft any more, and
    ``UserError`` naming every value that is not possible (``extra["problems"]``).
    """
    row = _locked_draft(s, draft_id, lock)
    source = shipped(s.site, row.preset)
    good = check_changes(source.preset, params, clauses, mode)
    row.params, row.clauses, row.mode = good.params, good.clauses, mode
    row.preset_hash = source.hash
    if reason is not None:
        row.reason = reason.strip()
    row.author, row.author_id = _who(s.actor), s.actor.user_id
    s.flush()
    return row


def discard_draft(s: CompanySession, draft_id: uuid.UUID) -> None:
    """Throw a draft away; raises Conflict where it has been published."""
    row = _locked_draft(s, draft_id, None)
    s.delete(row)
    s.flush()


def _locked_draft(s: CompanySession, draft_id: uuid.UUID, lock: int | None) -> PolicyVersion:
    row = lock_row(s, PolicyVersion, draft_id)
    if row.state != "draft":
        raise Conflict(_("This version is no draft any more."), code="no_draft")
    if lock is not None and row.lock != lock:
        raise Conflict(
            _(
                "%(who)s has changed this draft meanwhile. Look at it and save again.",
                who=row.author,
            ),
            code="stale",
        )
    return row


def publish(
    s: CompanySession,
    draft_id: uuid.UUID,
    *,
    effective_from: datetime | None = None,
    reason: str,
    lock: int | None = None,
) -> PolicyVersion:
    """Publish a draft: it gets its number and holds from ``effective_from`` (None: from now).

    Refused for an instant that is past, without a reason, and while one of the company's own
    drills fails under it (``extra["drills"]`` names them). Raises ``Conflict`` and ``UserError``.
    """
    bump_generation(s)  # takes the company's lock: two publications queue here
    row = _locked_draft(s, draft_id, lock)
    policy = s.require(PolicyRecord, row.policy_id)
    now = clock.now()
    start = now if effective_from is None else effective_from
    if start < now:
        raise UserError(
            _("A version cannot take effect in the past."), field="effective_from", code="past"
        )
    if not reason.strip():
        raise UserError(_("Please say why."), field="reason", code="reason")
    source = shipped(s.site, row.preset)
    check_changes(source.preset, row.params, row.clauses, row.mode)
    before = current(s, policy.id, start)
    made = resolve_row(s.site, policy, row)
    _refuse_failing_drills(s, made)
    highest = s.scalar(
        select(func.max(PolicyVersion.number)).where(PolicyVersion.policy_id == policy.id)
    )
    row.number = (highest or 0) + 1
    row.preset_hash = source.hash
    row.snapshot = snapshot(made.policy)
    row.hash = policy_hash(made.policy)
    row.state = "published"
    row.reason = reason.strip()
    row.effective_from = start
    row.published_at = now
    row.published_by, row.published_by_id = _who(s.actor), s.actor.user_id
    s.flush()
    changes = [] if before is None else diff(before.policy, made.policy, source.preset)
    ledger.append(
        s,
        "core.policy.published",
        object=f"core:policy_version:{row.id}",
        body={
            "policy": policy.name,
            "plugin": policy.plugin,
            "number": row.number,
            "preset": row.preset,
            "mode": row.mode,
            "effective_from": start,
            "hash": row.hash,
            "changes": [
                {"kind": c.kind, "key": c.key, "before": c.before, "after": c.after}
                for c in changes
            ],
        },
        reason=row.reason,
    )
    return row


def current(s: CompanySession, policy_id: uuid.UUID, at: datetime) -> Any:
    """The version of one policy that holds at ``at`` (a ``ResolvedPolicy``), or None."""
    version_id = s.scalar(
        select(PolicyVersion.id)
        .where(
            PolicyVersion.policy_id == policy_id,
            PolicyVersion.state == "published",
            PolicyVersion.effective_from <= at,
        )
        .order_by(PolicyVersion.effective_from.desc(), PolicyVersion.number.desc())
        .limit(1)
    )
    return None if version_id is None else resolved_version(s, version_id)


def later_versions(s: CompanySession, policy_id: uuid.UUID, start: datetime) -> list[PolicyVersion]:
    """Versions already scheduled after ``start``: they will take over from one published now."""
    return list(
        s.scalars(
            select(PolicyVersion)
            .where(
                PolicyVersion.policy_id == policy_id,
                PolicyVersion.state == "published",
                PolicyVersion.effective_from > start,
            )
            .order_by(PolicyVersion.effective_from)
        )
    )


def _refuse_failing_drills(s: CompanySession, made: Any) -> None:
    from zhike.services import drills  # drills ask policies which preset they run under

    failing = drills.failing(s, made)
    if failing:
        names = "、".join(result.name for result in failing)
        raise Conflict(
            _("These drills of the company fail under this version: %(names)s.", names=names),
            code="drills",
            extra={"drills": [result.name for result in failing]},
        )


def withdraw(s: CompanySession, version_id: uuid.UUID, *, reason: str) -> PolicyVersion:
    """Take back a version that has not come into force yet. Raises Conflict where it has."""
    bump_generation(s)
    row = lock_row(s, PolicyVersion, version_id)
    if row.state != "published" or row.effective_from is None:
        raise Conflict(_("Only a published version can be withdrawn."), code="state")
    if row.effective_from <= clock.now():
        raise Conflict(
            _("This version is in force already; publish another one instead."), code="in_force"
        )
    if not reason.strip():
        raise UserError(_("Please say why."), field="reason", code="reason")
    row.state = "withdrawn"
    row.withdrawn_at = clock.now()
    s.flush()
    ledger.append(
        s,
        "core.policy.withdrawn",
        object=f"core:policy_version:{row.id}",
        body={"number": row.number, "effective_from": row.effective_from},
        reason=reason,
    )
    return row


def change_mode(
    s: CompanySession,
    policy_id: uuid.UUID,
    mode: str,
    *,
    effective_from: datetime | None = None,
    reason: str,
) -> PolicyVersion:
    """Publish the newest version again in another mode (观察 → 建议 → 执行)."""
    row = draft(s, policy_id)
    saved = save_draft(s, row.id, lock=row.lock, params=row.params, clauses=row.clauses, mode=mode)
    return publish(s, saved.id, effective_from=effective_from, reason=reason)


def choose(
    s: CompanySession,
    plugin: str,
    unit_id: uuid.UUID | None,
    policy_id: uuid.UUID | None,
    *,
    valid_from: datetime | None = None,
    reason: str = "",
) -> PolicyChoice:
    """Choose a policy for the company (``unit_id`` None), a site or a department, from an instant.

    ``policy_id`` None gives the place back to what the one above it chooses. Raises ``UserError``
    for an instant that is past or a policy without a version in force by then.
    """
    bump_generation(s)
    now = clock.now()
    start = now if valid_from is None else valid_from
    if start < now:
        raise UserError(
            _("A choice cannot take effect in the past."), field="valid_from", code="past"
        )
    if unit_id is not None:
        s.require(Unit, unit_id)
    if policy_id is None and unit_id is None:
        raise UserError(_("The company itself needs a policy."), field="policy_id")
    if policy_id is not None:
        policy = s.require(PolicyRecord, policy_id)
        if policy.plugin != plugin:
            raise UserError(_("This policy belongs to another plugin."), field="policy_id")
        if current(s, policy_id, start) is None:
            raise UserError(
                _("This policy has no version in force by then; publish one first."),
                field="policy_id",
                code="no_version",
            )
    row = PolicyChoice(
        plugin=plugin, unit_id=unit_id, policy_id=policy_id, valid_from=start, reason=reason.strip()
    )
    s.add(row)
    s.flush()
    ledger.append(
        s,
        "core.policy.chosen",
        object=None if policy_id is None else f"core:policy:{policy_id}",
        body={"plugin": plugin, "unit": unit_id, "policy": policy_id, "from": start},
        reason=reason,
    )
    return row


def ensure_default(s: CompanySession, plugin: str, *, mode: str = "enforce") -> None:
    """Give the company the plugin's first preset as version 1, chosen for the whole company.

    For a plugin's ``on_enable``; does nothing where the company has a policy of it already.
    """
    if s.scalar(select(PolicyRecord.id).where(PolicyRecord.plugin == plugin).limit(1)) is not None:
        return
    offered = presets_of(s.site, plugin)
    if not offered:
        return
    first = offered[0]
    row = create(s, preset=first.name, name=first.preset.title_zh)
    row.mode = mode
    s.flush()
    published = publish(s, row.id, reason=_("Enabled with the plugin."))
    choose(s, plugin, None, published.policy_id, reason=published.reason)


def _who(actor: Actor) -> str:
    return actor.name or actor.kind
