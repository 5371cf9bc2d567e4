"""The ledger 台账 as a reader sees it: filtered, exact, and checked on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from zhike.db.session import CompanySession
from zhike.errors import UserError
from zhike.i18n import _
from zhike.models.ledger import LedgerLine
from zhike.models.people import User
from zhike.services import ledger, organisation
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import current, reading
from zhike.web.page import page
from zhike.web.ui import Column, Empty, Facet, State, Table

bp = CoreBlueprint("admin_ledger", __name__, url_prefix="/admin/ledger")
PERMISSION = "core.ledger.view"
PAGE = 50
_RESULTS = {"ok": "done", "denied": "breach", "failed": "attention"}


def _result_words() -> dict[str, str]:
    return {"ok": _("done"), "denied": _("denied"), "failed": _("failed")}


@bp.get("", permission=PERMISSION)
def lines() -> str:
    """Lines of the company's ledger, the newest first."""
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
    asked = {key: request.args.get(key, "").strip() for key in ("q", "result", "day", "after")}
    if asked["result"] in _RESULTS:
        statement = statement.where(LedgerLine.result == asked["result"])
    if asked["q"]:
        text = asked["q"]
        if text.isdigit():
            statement = statement.where(LedgerLine.seq == int(text))
        elif ":" in text:
            statement = statement.where(LedgerLine.object == text)
        elif "." in text and text.isascii():
            statement = statement.where(LedgerLine.action.startswith(text, autoescape=True))
        else:
            statement = statement.where(LedgerLine.actor_name == text)
    if asked["day"]:
        start = _day(asked["day"])
        statement = statement.where(
            LedgerLine.at >= start, LedgerLine.at < start + timedelta(days=1)
        )
    if asked["after"].isdigit():
        statement = statement.where(LedgerLine.seq < int(asked["after"]))
    rows = s.execute(statement.order_by(LedgerLine.seq.desc()).limit(PAGE + 1)).all()
    shown, more = rows[:PAGE], len(rows) > PAGE
    words = _result_words()
    who = people(s, shown)
    url = url_for("admin_ledger.lines")
    table = Table(
        caption=_("Ledger"),
        columns=(
            Column("seq", _("No."), kind="num"),
            Column("at", _("Time"), kind="time"),
            Column("actor_name", _("Who")),
            Column("action", _("Act"), phone="title"),
            Column("object", _("Of what"), phone="hide"),
            Column("result", _("Result"), kind="state", phone="state"),
            Column("reason", _("Reason")),
        ),
        rows=[
            {
                **row._mapping,
                "actor_name": who(row),
                "result": State(words[row.result], _RESULTS[row.result]),
            }
            for row in shown
        ],
        row_id="seq",
        row_url=lambda row: url_for("admin_ledger.line", seq=row["seq"]),
        base_url=url,
        args=list(request.args.items(multi=True)),
        after=str(shown[-1].seq) if more else "",
        search=True,
        search_help=_("Number, name, act or record"),
        facets=[
            Facet("result", _("Result"), (("", _("all")), *((key, words[key]) for key in _RESULTS)))
        ],
        empty=Empty(
            _("No line fits"),
            _("The ledger keeps acts, overrides, denials and administration; nothing is removed."),
            icon="journal-text",
        ),
    )
    return page("zhike/admin/ledger.html", table=table, day=asked["day"])


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
    row = reading().scalars(select(LedgerLine).where(LedgerLine.seq == seq)).first()
    if row is None:
        raise UserError(_("There is no line of this number."), status=404, code="not_found")
    body: list[tuple[str, Any]] = sorted(row.body.items())
    return page(
        "zhike/admin/ledger_line.html",
        line=row,
        who=people(reading(), [row])(row),
        body=body,
        result=State(_result_words()[row.result], _RESULTS[row.result]),
    )


@bp.post("/verify", permission=PERMISSION)
def verify() -> str:
    """Check the whole chain now and say what was found."""
    me = current()
    assert me.company is not None
    report = ledger.verify(me.site, me.company.id)
    return page("zhike/admin/ledger_check.html", report=report)
