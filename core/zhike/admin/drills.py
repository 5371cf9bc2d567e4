"""Drills 演练: the company's own cases, the shipped examples, and real days played again."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from zhike import clock
from zhike.contributions import Engine
from zhike.db.session import CompanySession
from zhike.drills import EventReport, Report
from zhike.errors import NotFound, UserError
from zhike.i18n import _
from zhike.models.drill import CompanyDrill
from zhike.models.policy import PolicyVersion
from zhike.rules import Policy
from zhike.services import drills, organisation, policies
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, current, reading
from zhike.web.form import PageForm
from zhike.web.page import chosen_id, keeping, options, page
from zhike.web.ui import Column, Empty, State, Table

bp = CoreBlueprint("admin_drills", __name__, url_prefix="/admin/drills")
RUN, EDIT = "core.drill", "core.policy.edit"


class DrillForm(PageForm):
    """A drill as text."""

    name = StringField(_l("Designation"), [InputRequired(), Length(max=120)])
    text = TextAreaField(
        _l("Drill"),
        [InputRequired()],
        description=_l("YAML: plugin, given, events, expect. The manual shows every verb."),
        render_kw={"rows": 22, "class": "zk-code", "spellcheck": "false", "wrap": "off"},
    )
    must_pass = BooleanField(_l("No version may be published while this drill fails"), default=True)
    policy_id = SelectField(_l("Speaks for"), [Optional()])


class ReplayForm(PageForm):
    """Which day of which site, under which two versions."""

    plugin = SelectField(_l("App"), [InputRequired()])
    unit_id = SelectField(_l("Site"), [InputRequired()])
    day = DateField(_l("Day"), [InputRequired()])
    left = SelectField(_l("As it was, or under"), [InputRequired()])
    right = SelectField(_l("Beside it"), [InputRequired()])


@dataclass(frozen=True)
class ClauseWords:
    """A rule as the company wrote it: the clause's number, its sentence, and the rules' ids."""

    number: str
    sentence: str
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """What an event came to, in words."""

    lines: tuple[str, ...]
    rules: tuple[ClauseWords, ...]


def _plugins() -> list[str]:
    me = current()
    return [name for name in me.active if policies.presets_of(me.site, name)]


def _title(plugin: str) -> str:
    from zhike.services.lifecycle.words import title

    return title(current().site.plugins, plugin)


def _in_force(s: CompanySession, plugin: str) -> policies.ResolvedPolicy | None:
    unit = current().unit
    try:
        return policies.in_force(s, plugin, unit.id if unit else None, clock.now())
    except NotFound:
        return None


@bp.get("", permission=RUN)
def all_drills() -> str:
    """The company's drills with how they last came out."""
    s = reading()
    rows = drills.drills_of(s)
    table = Table(
        name="core.drills",
        caption=_("Drills"),
        columns=(
            Column("name", _("Designation"), phone="title"),
            Column("plugin", _("App")),
            Column("must", _("Guards publishing"), kind="yes"),
            Column("last", _("Last run"), kind="time"),
            Column("state", _("Result"), kind="state", phone="state"),
        ),
        rows=[
            {
                "id": row.id,
                "name": row.name,
                "plugin": _title(row.plugin),
                "must": row.must_pass,
                "last": row.last_run_at,
                "state": _result(row.last_passed),
            }
            for row in rows
        ],
        row_url=lambda row: url_for("admin_drills.drill", drill_id=row["id"]),
        empty=Empty(
            _("No drill of the company's own yet"),
            _("A drill says what a regulation must decide in a given case. Begin with a real day."),
            url_for("admin_drills.replay"),
            _("Play a real day again"),
            "play-circle",
        ),
    )
    shipped = []
    for plugin in _plugins():
        found = _in_force(s, plugin)
        if found is not None:
            shipped.append(
                {
                    "plugin": plugin,
                    "title": _title(plugin),
                    "policy": found.name,
                    "changes": drills.shipped_changes(current().site, found),
                }
            )
    return page("zhike/admin/drills.html", table=table, shipped=shipped)


def _result(passed: bool | None) -> State:
    if passed is None:
        return State(_("not run yet"), "idle")
    return State(_("passes"), "done") if passed else State(_("fails"), "breach")


def _policy_choices(s: CompanySession) -> list[SelectChoice]:
    named = [(str(p.id), p.name) for plugin in _plugins() for p in policies.policies_of(s, plugin)]
    return options([("", _("Every regulation of the app")), *named])


@bp.route("/new", methods=["GET", "POST"], permission=EDIT)
def new() -> ResponseReturnValue:
    """Write a drill, or keep one made from a real day."""
    s = reading()
    form = DrillForm()
    form.policy_id.choices = _policy_choices(s)
    if request.method == "GET" and request.args.get("day"):
        unit_id = chosen_id(request.args.get("unit_id"))
        place = organisation.tree(s).units.get(unit_id) if unit_id else None
        plugin = request.args.get("plugin", "")
        try:
            day = date.fromisoformat(request.args["day"])
        except ValueError:
            raise UserError(_("This is no date."), field="day", status=400) from None
        if unit_id is None or place is None or plugin not in _plugins():
            raise NotFound(_("This record does not exist."))
        form.name.data = f"{place.name} {day:%Y-%m-%d}"
        form.text.data = drills.day_text(s, plugin, unit_id, day, title=form.name.data)
    if form.validate_on_submit():
        with keeping(form):
            drill_id = act(
                lambda s: str(
                    drills.save(
                        s,
                        name=form.name.data,
                        text=form.text.data,
                        must_pass=form.must_pass.data,
                        policy_id=chosen_id(form.policy_id.data),
                    ).id
                )
            )
            flash(_("The drill is kept."), "success")
            return redirect(url_for("admin_drills.drill", drill_id=drill_id))
    return page(
        "zhike/admin/form.html",
        form=form,
        title=_("New drill"),
        up=_("Drills"),
        cancel=url_for("admin_drills.all_drills"),
    ), (422 if request.method == "POST" else 200)


@bp.get("/<uuid:drill_id>", permission=RUN)
def drill(drill_id: uuid.UUID) -> str:
    """A drill played now, under the version at hand or the one asked for."""
    s = reading()
    row = s.require(CompanyDrill, drill_id)
    asked = chosen_id(request.args.get("version"))
    if asked:
        found: policies.ResolvedPolicy | None = policies.resolved_version(s, asked)
    else:
        found = _in_force(s, row.plugin)
    result = drills.run_stored(s, row, found) if found else None
    return page(
        "zhike/admin/drill.html",
        row=row,
        found=found,
        result=result,
        state=_result(result.passed if result else None),
        reports=[(report, Reader(s, row.plugin, ()).cells(report)) for report in result.reports]
        if result
        else [],
        versions=_versions(s, row.plugin),
        asked=str(asked or ""),
    )


@bp.post("/<uuid:drill_id>/run", permission=RUN)
def run(drill_id: uuid.UUID) -> ResponseReturnValue:
    """Play a drill and note how it came out."""
    row = reading().require(CompanyDrill, drill_id)
    plugin = row.plugin

    def note(s: CompanySession) -> bool:
        found = _in_force(s, plugin)
        if found is None:
            raise NotFound(_("No policy has been chosen for this place."))
        result = drills.run_stored(s, s.require(CompanyDrill, drill_id), found)
        drills.remember(s, [result], policies.policy_hash(found.policy))
        return result.passed

    passed = act(note)
    flash(_("The drill passes.") if passed else _("The drill fails."), "success")
    return redirect(url_for("admin_drills.drill", drill_id=drill_id))


@bp.route("/<uuid:drill_id>/edit", methods=["GET", "POST"], permission=EDIT)
def edit(drill_id: uuid.UUID) -> ResponseReturnValue:
    """Change a drill."""
    s = reading()
    row = s.require(CompanyDrill, drill_id)
    form = DrillForm(obj=row)
    form.policy_id.choices = _policy_choices(s)
    if request.method == "GET":
        form.policy_id.data = str(row.policy_id or "")
    version = row.version
    if form.validate_on_submit():
        with keeping(form):
            act(
                lambda s: str(
                    drills.save(
                        s,
                        drill_id=drill_id,
                        name=form.name.data,
                        text=form.text.data,
                        must_pass=form.must_pass.data,
                        policy_id=chosen_id(form.policy_id.data),
                        lock=version,
                    ).id
                )
            )
            flash(_("The drill is kept."), "success")
            return redirect(url_for("admin_drills.drill", drill_id=drill_id))
    return page(
        "zhike/admin/form.html",
        form=form,
        title=_("Edit the drill"),
        up=row.name,
        cancel=url_for("admin_drills.drill", drill_id=drill_id),
    ), (422 if request.method == "POST" else 200)


@bp.post("/<uuid:drill_id>/delete", permission=EDIT)
def delete(drill_id: uuid.UUID) -> ResponseReturnValue:
    """Remove a drill."""

    def remove(s: CompanySession) -> str:
        drills.delete(s, drill_id)
        return ""

    act(remove)
    flash(_("The drill has been removed."), "success")
    return redirect(url_for("admin_drills.all_drills"))


def _versions(s: CompanySession, plugin: str) -> list[tuple[str, str]]:
    """Versions a day may be played under: what is or was published, and drafts."""
    choices = []
    for record in policies.policies_of(s, plugin):
        for row in policies.versions_of(s, record.id):
            if row.state != "withdrawn":
                choices.append((str(row.id), _version_words(record.name, row)))
    return choices


def _version_words(name: str, row: PolicyVersion) -> str:
    number = _("version %(n)s", n=row.number) if row.number else _("draft")
    return f"{name} · {number}"


@bp.route("/replay", methods=["GET", "POST"], permission=RUN)
def replay() -> ResponseReturnValue:
    """A real day of a site under two versions, side by side."""
    s = reading()
    me = current()
    form = ReplayForm(
        request.form if request.method == "POST" else None,
        plugin=request.args.get("plugin", ""),
        unit_id=request.args.get("unit_id", str(me.unit.id) if me.unit else ""),
        day=organisation.today(s) - timedelta(days=1),
    )
    form.plugin.choices = options((plugin, _title(plugin)) for plugin in _plugins())
    form.unit_id.choices = options((str(u.id), u.name) for u in organisation.tree(s).sites)
    versions = [pair for plugin in _plugins() for pair in _versions(s, plugin)]
    form.left.choices = form.right.choices = options(versions)
    if request.method == "GET" and _plugins():
        found = _in_force(s, _plugins()[0])
        if found is not None:
            form.left.data = str(found.version_id)
    both = None
    rows: list[dict[str, Any]] = []
    if form.validate_on_submit():
        with keeping(form):
            unit_id = uuid.UUID(form.unit_id.data)
            left = policies.resolved_version(s, uuid.UUID(form.left.data))
            right = policies.resolved_version(s, uuid.UUID(form.right.data))
            try:
                both = drills.replay_day(s, form.plugin.data, unit_id, form.day.data, left, right)
            except NotFound:
                raise UserError(
                    _("Nothing was recorded at this site on this day."), field="day"
                ) from None
            rows = _side_rows(s, form.plugin.data, both)
    return page(
        "zhike/admin/replay.html",
        form=form,
        both=both,
        rows=rows,
        differing=sum(1 for row in rows if row["differs"]),
        heads=[dict(versions).get(field.data, "") for field in (form.left, form.right)],
        keep={
            "plugin": form.plugin.data,
            "unit_id": form.unit_id.data,
            "day": form.day.data.isoformat() if form.day.data else "",
        },
    ), (422 if form.errors else 200)


def _side_rows(s: CompanySession, plugin: str, both: drills.SideBySide) -> list[dict[str, Any]]:
    """Both outcomes of each event; those that differ stand first, where one looks for them."""
    told = [
        report.words for row in both.rows for report in (row.left, row.right) if report is not None
    ]
    reader = Reader(s, plugin, [*(row.event for row in both.rows), *told])
    rows = [
        {
            "place": place,
            "event": reader.event(row.event),
            "left": reader.cell(row.left, both.left.played, reasons=row.differs),
            "right": reader.cell(row.right, both.right.played, reasons=row.differs),
            "differs": row.differs,
        }
        for place, row in enumerate(both.rows, 1)
    ]
    return sorted(rows, key=lambda row: not row["differs"])


_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FRAME = frozenset({"at", "verb", "do", "event", "date", "seq", "id", "day", "occurred_at"})


class Reader:
    """Puts a plugin's events and outcomes into words: its own for verbs, names for its ids."""

    def __init__(self, s: CompanySession, plugin: str, seen: Iterable[object]) -> None:
        engine = next(
            (e.value for e in current().active.of(Engine) if e.owner.plugin == plugin), None
        )
        self.verbs: Mapping[str, str] = engine.verbs if engine else {}
        self.tell = engine.tell if engine else None
        ids = {uuid.UUID(text) for one in seen for text in _ID.findall(str(one))}
        self.names = dict(engine.names(s, ids)) if engine and engine.names and ids else {}

    def named(self, text: str) -> str:
        """``text`` with names in place of ids."""
        return _ID.sub(lambda found: self.names.get(found[0], _("somebody")), text)

    def event(self, event: Mapping[str, Any]) -> str:
        """Clock time and what happened: the plugin's sentence, or else the words it has."""
        at = re.search(r"\d\d:\d\d", str(event.get("at", "")).partition("T")[2] or event["at"])
        said = self.named(self.tell(event)) if self.tell else ""
        return " ".join(part for part in (at[0] if at else "", said or self.words(event)) if part)

    def words(self, event: Mapping[str, Any]) -> str:
        """The verb's name and the words that the event holds."""
        verb = str(event.get("verb") or event.get("do") or event.get("event") or "")
        words = _(self.verbs[verb]) if verb in self.verbs else verb
        about = [
            ("、".join(map(str, value)) if isinstance(value, list | tuple) else str(value))
            for key, value in event.items()
            if key not in _FRAME and value not in (None, "", [], {}) and _telling(value)
        ]
        told = list(dict.fromkeys(self.named(text) for text in about))
        return " ".join(part for part in (words, "，".join(told)) if part)

    def cell(
        self, report: EventReport | None, played: Policy | None, *, reasons: bool = False
    ) -> Cell:
        """What an event came to and the clauses behind it.

        Where two outcomes differ the reasons stand in full, which quote the clauses themselves.
        """
        if report is None:
            return Cell((_("not reached"),), ())
        told = (words if reasons else words[:1] for words in report.words)
        lines = tuple(self.named(line) for words in told for line in words)
        cited = () if reasons else (c.rule for made in report.decisions for c in made.cites)
        return Cell(lines or ("–",), _clauses(dict.fromkeys(cited), played))

    def cells(self, report: Report) -> list[dict[str, Any]]:
        """A drill's events one by one."""
        return [
            {
                "event": self.event(one.event),
                "cell": self.cell(one, report.played),
                "differences": one.differences,
            }
            for one in report.events
        ]


def _clauses(rules: Iterable[str], played: Policy | None) -> tuple[ClauseWords, ...]:
    """Rules by the clause they belong to; one that the company has no clause for keeps its id."""
    found: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        clause = played.clause(rule) if played else None
        if played is None or clause is None:
            found.setdefault((rule, ""), []).append(rule)
            continue
        plain = clause.number[:1].isdigit()
        number = _("Clause %(n)s", n=clause.number) if plain else clause.number
        found.setdefault((number, played.sentence(rule)), []).append(rule)
    return tuple(
        ClauseWords(number, sentence, tuple(ids)) for (number, sentence), ids in found.items()
    )


def _telling(value: object) -> bool:
    """Whether a value says something to a person: names and words, not switches and numbers."""
    if isinstance(value, list | tuple):
        return all(isinstance(one, str) for one in value)
    return isinstance(value, str)
