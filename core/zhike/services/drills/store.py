"""The company's own drills: kept as text, run under the version at hand."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import or_, select

from zhike import clock
from zhike.db.session import CompanySession, lock_row
from zhike.drills import Drill, DrillError, Fault, faults, load_text
from zhike.errors import Conflict, UserError
from zhike.i18n import _
from zhike.models.drill import CompanyDrill
from zhike.models.policy import PolicyRecord
from zhike.rules import Engine, RuleError
from zhike.services import ledger
from zhike.services.drills.playing import DrillResult, engines_for, run_text
from zhike.services.policies.inforce import ResolvedPolicy

MAX_CHARACTERS = 500_000
_NAME_LENGTH = 120
#: More than these are not told at once: the first ones mended, the rest are often gone.
_FAULTS = 5
#: A longer list of known words helps nobody.
_LISTED = 12


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

    Raises ``UserError`` (field ``text``) saying line and field of what is wrong, also where the
    engine does not know a word: a misspelt expectation would hold nothing and be found only when
    somebody wants to publish.
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
    engine = engines_for(s.site, plugins[0]).get(plugins[0])
    if engine is None:
        raise UserError(
            _("There is no engine of %(plugin)s here.", plugin=plugins[0]), field="text"
        )
    _check_words(drills, engine)
    return plugins[0]


def _check_words(drills: Iterable[Drill], engine: Engine) -> None:
    """Refuse what the engine does not know, each fault with its place and the nearest word."""
    found = (fault for drill in drills for fault in faults(drill, engine))
    told = dict.fromkeys(_place(fault) + _fault(fault) for fault in found)  # variants share events
    if told:
        words = " ".join(list(told)[:_FAULTS])
        if len(told) > _FAULTS:
            words += " " + _("(and %(n)s more)", n=len(told) - _FAULTS)
        raise UserError(words, field="text", code="drill")


def _place(fault: Fault) -> str:
    if fault.line:
        return _("Line %(line)s, event %(n)s: ", line=fault.line, n=fault.event)
    if fault.event:
        return _("Event %(n)s: ", n=fault.event)
    return _("In “given”: ") if fault.part == "given" else _("In “expect” at the end: ")


def _fault(fault: Fault) -> str:
    """What is wrong in a sentence, and what it may have been meant to be."""
    error = fault.error
    sentences = {
        "verb": _("there is no event “%(word)s”.", word=fault.word),
        "field": _("“expect” has no “%(word)s”.", word=fault.word)
        if fault.part == "expect"
        else _("there is no field “%(word)s” here.", word=fault.word),
        "missing": _("“%(word)s” is missing.", word=fault.word),
    }
    unread = _("“%(word)s” cannot be read (%(field)s).", word=fault.word, field=error.field)
    said = sentences.get(error.code, unread)
    if fault.near:
        return said + _("Did you mean “%(word)s”?", word=fault.near)
    if error.allowed and len(error.allowed) <= _LISTED:
        return said + _("Possible: %(words)s.", words="、".join(error.allowed))
    return said


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
