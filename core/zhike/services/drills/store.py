"""The company's own drills: kept as text, run under the version at hand."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import or_, select

from zhike import clock
from zhike.db.session import CompanySession, lock_row
from zhike.drills import DrillError, load_text
from zhike.errors import Conflict, UserError
from zhike.i18n import _
from zhike.models.drill import CompanyDrill
from zhike.models.policy import PolicyRecord
from zhike.rules import RuleError
from zhike.services import ledger
from zhike.services.drills.playing import DrillResult, engines_for, run_text
from zhike.services.policies.inforce import ResolvedPolicy

MAX_CHARACTERS = 500_000
_NAME_LENGTH = 120


def drills_of(
    s: CompanySession, plugin: str | None = None, policy_id: uuid.UUID | None = None
) -> list[CompanyDrill]:
    """The company's drills by name; with ``policy_id``, those that speak for that policy."""
    query = select(CompanyDrill).order_by(CompanyDrill.plugin, CompanyDrill.name)
    if plugin is not None:
        query = query.where(CompanyDrill.plugin == plugin)
    if policy_id is not None:
        query = query.where(
            or_(CompanyDrill.policy_id == policy_id, CompanyDrill.policy_id.is_(None))
        )
    return list(s.scalars(query))


def save(
    s: CompanySession,
    *,
    name: str,
    text: str,
    must_pass: bool = True,
    policy_id: uuid.UUID | None = None,
    drill_id: uuid.UUID | None = None,
    lock: int | None = None,
    origin: str = "",
) -> CompanyDrill:
    """Store a drill, or change the one called ``drill_id`` (``lock``: its version as seen).

    ``policy_id`` None lets it speak for every policy of its plugin; ``origin`` says where it came
    from (a day that was replayed). Raises ``UserError`` with the line and field of what is wrong
    in the text, and ``Conflict`` where somebody saved meanwhile.
    """
    name = name.strip()
    if not name or len(name) > _NAME_LENGTH:
        raise UserError(_("Please give a name of at most 120 characters."), field="name")
    plugin = check_text(s, text)
    if policy_id is not None and s.require(PolicyRecord, policy_id).plugin != plugin:
        raise UserError(_("This policy belongs to another plugin."), field="policy_id")
    taken = s.scalar(
        select(CompanyDrill.id).where(CompanyDrill.plugin == plugin, CompanyDrill.name == name)
    )
    if taken is not None and taken != drill_id:
        raise UserError(_("There is a drill of this name already."), field="name", code="taken")
    if drill_id is None:
        row = CompanyDrill(plugin=plugin, name=name, text=text, origin=origin)
        s.add(row)
    else:
        row = lock_row(s, CompanyDrill, drill_id)
        if lock is not None and row.version != lock:
            raise Conflict(_("Somebody has changed this drill meanwhile."), code="stale")
        row.plugin, row.name, row.text = plugin, name, text
    row.must_pass, row.policy_id = must_pass, policy_id
    row.last_run_at = row.last_passed = row.last_result = None
    row.last_hash = ""
    s.flush()
    _line(s, "core.drill.saved", row)
    return row


def check_text(s: CompanySession, text: str) -> str:
    """Read a drill's text as far as that goes without a policy; gives the plugin it belongs to.

    Raises ``UserError`` (field ``text``) saying line and field of what is wrong.
    """
    if len(text) > MAX_CHARACTERS:
        raise UserError(_("The drill is too long."), field="text", code="size")
    try:
        drills = load_text(text)
    except DrillError as error:
        raise UserError(
            _("This drill cannot be read. %(why)s", why=str(error)), field="text", code="drill"
        ) from None
    plugins = sorted({drill.plugin for drill in drills})
    if len(plugins) != 1:
        raise UserError(_("All drills of one text belong to one plugin."), field="text")
    if not engines_for(s.site, plugins[0]):
        raise UserError(
            _("There is no engine of %(plugin)s here.", plugin=plugins[0]), field="text"
        )
    return plugins[0]


def delete(s: CompanySession, drill_id: uuid.UUID) -> None:
    """Remove a drill; the ledger keeps its name."""
    row = s.require(CompanyDrill, drill_id)
    _line(s, "core.drill.deleted", row)
    s.delete(row)
    s.flush()


def _line(s: CompanySession, action: str, row: CompanyDrill) -> None:
    ledger.append(
        s,
        action,
        object=f"core:drill:{row.id}",
        body={"name": row.name, "plugin": row.plugin, "must_pass": row.must_pass},
    )


def run_stored(s: CompanySession, row: CompanyDrill, resolved: ResolvedPolicy) -> DrillResult:
    """Run one stored drill under ``resolved`` (or its own policy, where it pins one)."""
    try:
        result = run_text(s.site, row.text, resolved.policy, name=row.name)
    except RuleError as error:  # the engine has changed under an old drill
        result = DrillResult(row.name, False, str(error), error=str(error))
    return replace(result, id=row.id, must_pass=row.must_pass)


def run_all(s: CompanySession, resolved: ResolvedPolicy) -> list[DrillResult]:
    """All of the company's drills that speak for this policy, run under this version."""
    rows = drills_of(s, resolved.policy.plugin, resolved.policy_id)
    return [run_stored(s, row, resolved) for row in rows]


def failing(s: CompanySession, resolved: ResolvedPolicy) -> list[DrillResult]:
    """Those that must pass and do not: while there is one, the version cannot be published."""
    return [one for one in run_all(s, resolved) if one.must_pass and not one.passed]


def remember(s: CompanySession, results: Iterable[DrillResult], policy_hash: str) -> None:
    """Note how stored drills came out, and under which state of the policy."""
    for result in results:
        row = s.find(CompanyDrill, result.id)
        if row is not None:
            row.last_run_at = clock.now()
            row.last_passed = result.passed
            row.last_hash = policy_hash
            row.last_result = {
                "summary": result.summary,
                "reports": len(result.reports),
                "checked": sum(report.checked for report in result.reports),
            }
    s.flush()
