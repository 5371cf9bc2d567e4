"""Acts against decisions 执行差异: what people did where a regulation only observes or advises."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask import request, url_for
from sqlalchemy import func, select

from zhike import clock
from zhike.db.session import CompanySession
from zhike.errors import NotFound, UserError
from zhike.i18n import _
from zhike.models.decision import DecisionRecord
from zhike.services import decisions, organisation, policies, records
from zhike.services.lifecycle.words import title as plugin_title
from zhike.services.organisation import UnitInfo
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import current, reading
from zhike.web.page import page
from zhike.web.ui import Column, Empty, State, Table

bp = CoreBlueprint("admin_adherence", __name__, url_prefix="/admin/adherence")
VIEW = "core.decision.view"
DAYS = 30
LISTED = 200
CHARTED = 12

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OPEN_MODES = ("observe", "advise")


@dataclass
class Scope:
    """Which decisions the page is about: days (both included) and sites the reader may see."""

    since: date
    until: date
    sites: list[UnitInfo]
    chosen: list[UnitInfo]

    @property
    def unit_ids(self) -> list[uuid.UUID]:
        """For a query."""
        return [unit.id for unit in self.chosen]

    @property
    def args(self) -> dict[str, Any]:
        """The scope as part of an address."""
        asked: dict[str, Any] = {"since": self.since.isoformat(), "until": self.until.isoformat()}
        if len(self.chosen) == 1 and len(self.sites) > 1:
            asked["unit"] = str(self.chosen[0].id)
        return asked


@dataclass
class _Count:
    followed: int = 0
    otherwise: int = 0
    unknown: int = 0
    modes: set[str] = field(default_factory=set)


def _day(name: str, default: date) -> date:
    text = request.args.get(name, "")
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(_("This is no date."), field=name, status=400) from None


def _scope(s: CompanySession) -> Scope:
    who = current().principal
    reach = who.reach(VIEW)
    sites = [u for u in who.tree.sites if reach.everything or u.id in reach.units]
    asked = request.args.get("unit", "")
    chosen = [u for u in sites if str(u.id) == asked]
    until = _day("until", organisation.today(s))
    since = _day("since", until - timedelta(days=DAYS - 1))
    if since > until:
        raise UserError(_("The period ends before it begins."), field="since", status=400)
    return Scope(since, until, sites, chosen or sites)


def _modes() -> dict[str, State]:
    return {
        "observe": State(_("observe"), "idle"),
        "advise": State(_("advise"), "wait"),
        "enforce": State(_("enforce"), "active"),
    }


def _clauses(
    s: CompanySession, plugin: str, unit_id: uuid.UUID | None, rules: Iterable[str]
) -> dict[str, str]:
    """The company's own clause numbers of rules, as the regulation in force has them."""
    try:
        policy = policies.in_force(s, plugin, unit_id, clock.now()).policy
    except NotFound:
        return {}
    found: dict[str, str] = {}
    for rule in rules:
        clause = policy.clause(rule)
        if clause is not None and clause.number:
            found[rule] = _("Clause %(n)s", n=clause.number)
    return found


def _count(s: CompanySession, scope: Scope) -> dict[tuple[uuid.UUID, str, str], _Count]:
    """Decisions by site, plugin and rule; those under enforce follow by definition and are out."""
    counts: dict[tuple[uuid.UUID, str, str], _Count] = {}
    active = current().active
    for unit in scope.chosen:
        for row in decisions.adherence(s, since=scope.since, until=scope.until, unit_ids=[unit.id]):
            if row.mode not in _OPEN_MODES or row.plugin not in active:
                continue
            one = counts.setdefault((unit.id, row.plugin, row.rule), _Count())
            one.followed += row.followed
            one.otherwise += row.otherwise
            one.unknown += row.unknown
            one.modes.add(row.mode)
    return counts


def _totals(s: CompanySession, scope: Scope) -> dict[bool | None, int]:
    """Decisions by whether they were followed, each counted once."""
    statement = select(DecisionRecord.followed, func.count().label("number")).where(
        DecisionRecord.day >= scope.since,
        DecisionRecord.day <= scope.until,
        DecisionRecord.mode.in_(_OPEN_MODES),
        DecisionRecord.plugin.in_(list(current().active)),
        DecisionRecord.unit_id.in_(scope.unit_ids),
    )
    rows = s.execute(statement.group_by(DecisionRecord.followed))
    return {row.followed: row.number for row in rows}


@bp.get("", permission=VIEW)
def report() -> str:
    """How far acts went with decisions, rule by rule and site by site."""
    s = reading()
    scope = _scope(s)
    counts = _count(s, scope)
    names = {unit.id: unit.name for unit in scope.sites}
    clauses = {
        (unit_id, plugin): _clauses(
            s, plugin, unit_id, [r for u, p, r in counts if (u, p) == (unit_id, plugin)]
        )
        for unit_id, plugin in {(u, p) for u, p, _rule in counts}
    }
    modes = _modes()
    host = current().site.plugins
    rows = [
        {
            "id": f"{unit_id}-{plugin}-{rule}",
            "rule": clauses[unit_id, plugin].get(rule, rule),
            "code": rule if rule in clauses[unit_id, plugin] else "",
            "site": names[unit_id],
            "app": plugin_title(host, plugin),
            "mode": modes[max(one.modes)] if len(one.modes) == 1 else State(_("both"), "wait"),
            "followed": one.followed,
            "otherwise": one.otherwise,
            "unknown": one.unknown,
            "share": _share(one),
            "url": url_for(
                "admin_adherence.deviations", rule=rule, **{**scope.args, "unit": str(unit_id)}
            ),
        }
        for (unit_id, plugin, rule), one in counts.items()
    ]
    rows.sort(key=lambda row: (-int(str(row["otherwise"])), str(row["site"]), str(row["rule"])))
    return page(
        "zhike/admin/adherence.html",
        scope=scope,
        asked=request.args.get("unit", "") if len(scope.chosen) == 1 else "",
        totals=_totals(s, scope),
        bars=_bars(rows),
        table=_table(rows, many=len(scope.chosen) > 1),
        fragment=False,
    )


def _share(one: _Count) -> int | None:
    """The part of known acts that went otherwise, in basis points."""
    known = one.followed + one.otherwise
    return None if not known else round(10_000 * one.otherwise / known)


def _bars(rows: list[dict[str, Any]]) -> list[tuple[str, list[int]]]:
    """The rules with most deviations, all chosen sites together."""
    summed: dict[str, list[int]] = {}
    for row in rows:
        one = summed.setdefault(f"{row['rule']} {row['code']}".strip(), [0, 0, 0])
        for place, key in enumerate(("followed", "otherwise", "unknown")):
            one[place] += row[key]
    ordered = sorted(summed.items(), key=lambda item: (-item[1][1], item[0]))
    return ordered[:CHARTED]


def _table(rows: list[dict[str, Any]], *, many: bool) -> Table:
    site = (Column("site", _("Site")),) if many else ()
    return Table(
        caption=_("Rule by rule"),
        columns=(
            Column("rule", _("Rule of the regulation"), phone="title"),
            Column("code", _("No.")),
            *site,
            Column("app", _("App")),
            Column("mode", _("Mode"), kind="state", phone="state"),
            Column("followed", _("As decided"), kind="num"),
            Column("otherwise", _("Otherwise"), kind="num"),
            Column("unknown", _("Not known"), kind="num"),
            Column("share", _("Otherwise, share"), kind="share"),
        ),
        rows=rows,
        row_url=lambda row: str(row["url"]),
        empty=Empty(
            _("No decision that only observes or advises in this period"),
            _(
                "Where a regulation observes or advises, its decisions stand here beside what "
                "people did. Where it decides, acts follow by themselves."
            ),
            icon="signpost-split",
        ),
    )


@bp.get("/deviations", permission=VIEW)
def deviations() -> str:
    """The decisions that were not followed, the newest first."""
    s = reading()
    scope = _scope(s)
    rule = request.args.get("rule", "") or None
    found = [
        row
        for row in decisions.search(
            s,
            unit_ids=scope.unit_ids,
            since=scope.since,
            until=scope.until,
            rule=rule,
            deviating=True,
            limit=LISTED,
        )
        if row.plugin in current().active
    ]
    units = {unit.id: unit.name for unit in scope.sites}
    modes = _modes()
    rows = []
    for row in found:
        subject = records.describe(s, row.subject, current().principal)
        rows.append(
            {
                "id": row.id,
                "at": row.at,
                "site": units[row.unit_id] if row.unit_id else "",
                "subject": subject.title if subject else _("record"),
                "rules": "、".join(row.rules[:6]),
                "mode": modes[row.mode],
                "deviation": row.deviation,
            }
        )
    table = Table(
        caption=_("Not followed"),
        columns=(
            Column("at", _("When"), kind="time", phone="title"),
            Column("site", _("Site")),
            Column("subject", _("About")),
            Column("rules", _("Rules")),
            Column("mode", _("Mode"), kind="state", phone="state"),
            Column("deviation", _("Reason given")),
        ),
        rows=rows,
        row_url=lambda row: url_for("admin_adherence.decision", decision_id=row["id"]),
        empty=Empty(
            _("Every decision of this period was followed"),
            _("Or what was done is not known yet."),
            icon="check-circle",
        ),
    )
    return page(
        "zhike/admin/adherence_list.html",
        table=table,
        scope=scope,
        rule=rule or "",
        full=len(found) == LISTED,
        fragment=False,
    )


@bp.get("/decisions/<uuid:decision_id>", permission=VIEW)
def decision(decision_id: uuid.UUID) -> str:
    """One decision and what was done, in words, under the version it was made under."""
    s = reading()
    row = decisions.get(s, decision_id)
    me = current()
    if row.plugin not in me.active or not me.can(VIEW, row.unit_id):
        raise NotFound(_("This decision does not exist."))
    names = {str(key): name for key, name in organisation.staff_names(s).items()}
    subject = records.describe(s, row.subject, me.principal)
    if subject is not None:
        names[row.subject.rsplit(":", 1)[-1]] = subject.title
    told = decisions.explain(s, row, names=names)
    return page(
        "zhike/admin/adherence_decision.html",
        row=row,
        told=told,
        sentences=[_UUID.sub(_("record"), text) for text in told.sentences],
        subject=subject,
        mode=_modes()[row.mode],
        fragment=False,
    )
