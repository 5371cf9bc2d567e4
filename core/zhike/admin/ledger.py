"""The ledger 台账 as a reader sees it: filtered, exact, and checked on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, or_, select

from zhike.contributions import N_, LedgerAction, RecordKind, RecordRef, RecordSummary
from zhike.db.session import CompanySession
from zhike.errors import UserError
from zhike.i18n import _
from zhike.models.ledger import LedgerLine
from zhike.models.organisation import Staff
from zhike.models.people import Membership, User
from zhike.services import ledger, organisation, records
from zhike.services.lifecycle.words import title as plugin_title
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import current, reading
from zhike.web.page import page
from zhike.web.ui import Chip, Column, Empty, Facet, State, Table, with_query

_LAST = 10**18  #: no chain is as long, and a database knows no number much larger

bp = CoreBlueprint("admin_ledger", __name__, url_prefix="/admin/ledger")
PERMISSION = "core.ledger.view"
PAGE = 50
#: Entries of bodies that the core and its apps write most; others stand under their own names.
_ENTRIES = {
    "role": N_("Role"),
    "unit": N_("Where"),
    "scope": N_("Reach"),
    "name": N_("Name"),
    "title": N_("Designation"),
    "number": N_("No."),
    "policy": N_("Regulation"),
    "preset": N_("Shipped regulation"),
    "plugin": N_("App"),
    "mode": N_("Mode"),
    "effective_from": N_("Holds from"),
    "changes": N_("Changed"),
    "verb": N_("Act"),
    "rules": N_("Rules"),
    "permission": N_("Permission"),
    "rows": N_("Rows"),
    "columns": N_("Columns"),
    "file": N_("File"),
    "before": N_("Before"),
    "after": N_("After"),
    "phone": N_("Telephone"),
    "was": N_("What was (fingerprint)"),
}
_RESULTS = {"ok": "done", "denied": "breach", "failed": "attention"}


def result_words() -> dict[str, str]:
    return {"ok": _("done"), "denied": _("denied"), "failed": _("failed")}


@bp.get("", permission=PERMISSION)
def lines() -> str:
    """Lines of the company's ledger, the newest first."""
    current().require_everywhere(PERMISSION)
    s = reading()
    statement = select(
        LedgerLine.seq,
        LedgerLine.at,
        LedgerLine.actor_kind,
        LedgerLine.actor_name,
        LedgerLine.user_id,
        LedgerLine.staff_id,
        LedgerLine.action,
        LedgerLine.object,
        LedgerLine.result,
        LedgerLine.reason,
    )
    statement = statement.where(*narrowed(s, asked := filters()))
    after = request.args.get("after", "")
    if after.isdecimal():
        statement = statement.where(LedgerLine.seq < int(after[:18]))
    rows = s.execute(statement.order_by(LedgerLine.seq.desc()).limit(PAGE + 1)).all()
    shown, more = rows[:PAGE], len(rows) > PAGE
    words = result_words()
    who = people(s, shown)
    acts = actions()
    called = Names(s)
    url = url_for("admin_ledger.lines")
    args = [(key, value) for key, value in request.args.items(multi=True) if value]

    table = Table(
        name="core.ledger",
        caption=_("Ledger"),
        columns=(
            Column("seq", _("No."), kind="num"),
            Column("at", _("Time"), kind="time"),
            Column("actor_name", _("Who")),
            Column("action", _("Act"), kind="custom", phone="title"),
            Column("object", _("Of what"), kind="custom"),
            Column("result", _("Result"), kind="state", phone="state"),
            Column("reason", _("Reason")),
        ),
        rows=[
            {
                **row._mapping,
                "actor_name": who(row),
                "act": acts.get(row.action, ""),
                "of": called(row.object),
                "result": State(words[row.result], _RESULTS[row.result]),
            }
            for row in shown
        ],
        row_id="seq",
        row_url=lambda row: url_for("admin_ledger.line", seq=row["seq"]),
        base_url=url,
        args=args,
        choose_columns=True,
        after=str(shown[-1].seq) if more else "",
        search=True,
        search_help=_("Number, name, act or record"),
        exports=[
            Chip(label, with_query(url_for("admin_ledger.file", kind=kind), list(asked.items())))
            for kind, label in (("xlsx", _("Workbook (xlsx)")), ("csv", "CSV"))
        ],
        facets=[
            Facet("result", _("Result"), (("", _("all")), *((key, words[key]) for key in _RESULTS)))
        ],
        empty=Empty(
            _("No line fits"),
            _("The ledger keeps acts, overrides, denials and administration; nothing is removed."),
            icon="journal-text",
        ),
    )
    return page("zhike/admin/ledger.html", table=table, day=asked.get("day", ""))


def filters() -> dict[str, str]:
    """What the address narrows the lines by."""
    asked = {key: request.args.get(key, "").strip() for key in ("q", "result", "day")}
    return {key: value for key, value in asked.items() if value}


def narrowed(s: CompanySession, asked: Mapping[str, str]) -> list[ColumnElement[bool]]:
    """The conditions of a page or a file of lines; raises ``UserError`` where a day is none."""
    conditions = []
    if asked.get("result") in _RESULTS:
        conditions.append(LedgerLine.result == asked["result"])
    if asked.get("q"):
        conditions.append(_matching(s, asked["q"]))
    if asked.get("day"):
        start = _day(asked["day"])
        conditions += [LedgerLine.at >= start, LedgerLine.at < start + timedelta(days=1)]
    return conditions


def actions() -> dict[str, str]:
    """What acts are called, by the name that the ledger keeps."""
    return {one.name: _(one.title) for one in current().active.items(LedgerAction)}


def _matching(s: CompanySession, text: str) -> ColumnElement[bool]:
    """Lines of a number, a record, an act (its name or a part of its words), or a person."""
    if text.isdecimal():
        return LedgerLine.seq == int(text[:18])
    if ":" in text:
        return LedgerLine.object == text
    if "." in text and text.isascii():
        return LedgerLine.action.startswith(text, autoescape=True)
    wanted = text.casefold()
    acts = [name for name, words in actions().items() if wanted in words.casefold()]
    named = Staff.name.contains(text, autoescape=True)
    users = (
        select(User.id)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.company_id == s.company_id,
            or_(User.name.contains(text, autoescape=True), User.login_key == wanted),
        )
    )
    # The chain keeps ids only of people; a name stands in it where there was nobody to forget.
    return or_(
        LedgerLine.actor_name == text,
        LedgerLine.action.in_(acts),
        LedgerLine.staff_id.in_(select(Staff.id).where(named)),
        LedgerLine.user_id.in_(select(Staff.user_id).where(named, Staff.user_id.is_not(None))),
        LedgerLine.user_id.in_(users),
    )


class Names:
    """What the records of lines are called for the reader at hand, each asked for once."""

    def __init__(self, s: CompanySession) -> None:
        self._s = s
        self._known: dict[str, RecordSummary] = {}
        self._kinds = {one.name: one.title for one in current().active.items(RecordKind)}

    def __call__(self, text: str | None) -> RecordSummary:
        """A record's name and address; the title is empty where nothing is known of it."""
        if not text:
            return RecordSummary("")
        if text not in self._known:
            self._known[text] = self._ask(text)
        return self._known[text]

    def _ask(self, text: str) -> RecordSummary:
        if text in current().site.plugins.manifests:
            return RecordSummary(plugin_title(current().site.plugins, text))
        try:
            ref = RecordRef.parse(text)
        except ValueError:
            return RecordSummary("")
        found = records.describe(self._s, ref, current().principal)
        kind = self._kinds.get(f"{ref.plugin}.{ref.kind}", "")
        return found or RecordSummary(_(kind) if kind else "")


def _day(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UserError(_("This is no date."), field="day", status=400) from None
    return datetime.combine(day, time(), ZoneInfo(current().tz))


def people(s: CompanySession, lines: Iterable[Any]) -> Callable[[Any], str]:
    """Who a line names: the chain keeps ids only, so that a person can be forgotten; the name is
    put in for the reader."""
    staff = {str(key): name for key, name in organisation.staff_names(s).items()}
    ids = {line.user_id for line in lines if line.user_id is not None}
    users = {
        row.id: row.name for row in s.execute(select(User.id, User.name).where(User.id.in_(ids)))
    }

    def name(line: Any) -> str:
        if line.actor_kind == "staff":  # at a shared desk: the person, and the desk's account
            person, desk = staff.get(str(line.staff_id), ""), users.get(line.user_id, "")
            return f"{person}（{desk}）" if desk else person
        return str(
            line.actor_name
            or staff.get(str(line.staff_id))
            or users.get(line.user_id)
            or (_("the system") if line.actor_kind == "system" else line.actor_kind)
        )

    return name


@bp.get("/<int:seq>", permission=PERMISSION)
def line(seq: int) -> ResponseReturnValue:
    """One line with everything it holds, its hash included."""
    current().require_everywhere(PERMISSION)
    row = reading().scalars(select(LedgerLine).where(LedgerLine.seq == min(seq, _LAST))).first()
    if row is None:
        raise UserError(_("There is no line of this number."), status=404, code="not_found")
    called = Names(reading())
    body = [
        (_(_ENTRIES[key]) if key in _ENTRIES else key, value, _named(called, key, value))
        for key, value in sorted(row.body.items())
    ]
    return page(
        "zhike/admin/ledger_line.html",
        line=row,
        act=actions().get(row.action, ""),
        of=called(row.object),
        who=people(reading(), [row])(row),
        body=body,
        result=State(result_words()[row.result], _RESULTS[row.result]),
    )


def _named(called: Names, key: str, value: Any) -> RecordSummary:
    """The record that an entry of the body names by its id, as the core's own lines do."""
    return called(f"core:{key}:{value}") if isinstance(value, str) else RecordSummary("")


@bp.post("/verify", permission=PERMISSION)
def verify() -> str:
    """Check the whole chain now and say what was found."""
    me = current()
    me.require_everywhere(PERMISSION)
    assert me.company is not None
    report = ledger.verify(me.site, me.company.id)
    return page("zhike/admin/ledger_check.html", report=report)
