"""What people set or write up themselves: the paper sheet 补录, ring and tickets by hand."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask import request, url_for

from zhike.api import CompanySession, UserError, _, clock, current, organisation, page, reading
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.forms import NOTE, uuid_of
from zhike_sales_floor.rules import state as st
from zhike_sales_floor.rules.by_hand import SETTABLE
from zhike_sales_floor.services import by_hand, floor, live
from zhike_sales_floor.services.arrivals import Person
from zhike_sales_floor.services.by_hand import Line, LinesRefused, Owed, Standing
from zhike_sales_floor.views._common import Then, bp, doing, staff_names, unit_name

ROWS, MOST_ROWS = 8, 60
"""Lines that an empty paper sheet has, and how many it may grow to."""

_CELLS = ("began", "ended", "name", "phone", "rep", "kind", "need", "same")


@dataclass
class SheetRow:
    """A line of the sheet as it was typed, with what is wrong with it."""

    place: int
    cells: dict[str, str]
    sure: bool = False
    error: str = ""
    column: str = ""
    matches: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def blank(self) -> bool:
        """Whether nothing was typed in it."""
        return not any(self.cells[key] for key in ("began", "name", "phone", "need"))

    def refuse(self, error: UserError) -> None:
        """Note why the line was not entered."""
        self.error, self.column = error.message, error.field or ""
        self.matches = list(error.extra.get("matches", ()))


def _typed() -> tuple[list[SheetRow], str]:
    count = min(MOST_ROWS, max(ROWS, request.form.get("rows", ROWS, type=int)))
    rows = [
        SheetRow(
            place,
            {key: request.form.get(f"{key}-{place}", "").strip()[:NOTE] for key in _CELLS},
            sure=bool(request.form.get(f"sure-{place}")),
        )
        for place in range(count)
    ]
    return rows, request.form.get("day", "")


def _wall(day: date, text: str, zone: ZoneInfo, name: str) -> datetime:
    try:
        return datetime.combine(day, time.fromisoformat(text), zone)
    except ValueError:
        raise UserError(_("Please give a time such as 09:30."), field=name) from None


def _line(row: SheetRow, day: date, zone: ZoneInfo) -> Line:
    cells = row.cells
    rep = uuid_of(cells["rep"])
    if rep is None:
        raise UserError(_("Please choose who received."), field="rep")
    began = _wall(day, cells["began"], zone, "began")
    ended = _wall(day, cells["ended"], zone, "ended") if cells["ended"] else None
    same = uuid_of(cells["same"])
    person = (
        Person(party_id=same)
        if same
        else Person(name=cells["name"], phone=cells["phone"], another=cells["same"] == "another")
    )
    kind = cells["kind"] or "visit"
    return Line(kind, person, rep, began, ended, need=cells["need"], sure=row.sure)


def _lines(rows: list[SheetRow], day_text: str, zone: ZoneInfo) -> dict[int, Line]:
    """The filled lines by their row; raises UserError where one cannot be read."""
    try:
        day = date.fromisoformat(day_text)
    except ValueError:
        raise UserError(_("Please give a date."), field="day") from None
    found: dict[int, Line] = {}
    for row in rows:
        if row.blank:
            continue
        try:
            found[row.place] = _line(row, day, zone)
        except UserError as error:
            row.refuse(error)
    if not found and not any(row.error for row in rows):
        raise UserError(_("Please fill in at least one line."), field="day")
    return found


@bp.route(
    "/floor/<uuid:unit_id>/afterwards", methods=["GET", "POST"], permission=may.ENTER_AFTERWARDS
)
def afterwards(unit_id: uuid.UUID) -> Any:
    """The paper sheet: what happened while nobody could log it, with its real times."""
    s = reading()
    zone = ZoneInfo(live.tz_of(s, unit_id))
    today = organisation.today(s, unit_id)
    if request.method == "GET":
        rows = [SheetRow(place, dict.fromkeys(_CELLS, "")) for place in range(ROWS)]
        return _sheet(s, unit_id, rows, today.isoformat())
    rows, day = _typed()
    if request.form.get("more"):
        more = range(len(rows), min(MOST_ROWS, len(rows) + ROWS))
        rows += [SheetRow(place, dict.fromkeys(_CELLS, "")) for place in more]
        return _sheet(s, unit_id, rows, day)
    try:
        lines = _lines(rows, day, zone)
    except UserError as error:
        return _sheet(s, unit_id, rows, day, error.message), 422
    if any(row.error for row in rows):
        return _sheet(s, unit_id, rows, day, _("Please mend the marked lines.")), 422
    setting = current().can(may.SET_FLOOR, unit_id)
    next_page = url_for(".set_floor" if setting else ".board", unit_id=unit_id)

    def work(t: CompanySession) -> Then:
        by_hand.write_up(t, unit_id, list(lines.values()))
        told = _(
            "%(n)s lines were entered afterwards. Ring and tickets did not move.", n=len(lines)
        )
        return Then(told, next_page)

    try:
        return doing(work, back=next_page)
    except LinesRefused as refused:
        places = list(lines)
        for place, why in refused.wrong.items():
            rows[places[place]].refuse(why)
        return _sheet(s, unit_id, rows, day, refused.message), 422
    except UserError as error:
        if error.status in (403, 404, 503):
            raise
        return _sheet(s, unit_id, rows, day, error.message), 422


def _sheet(
    s: CompanySession, unit_id: uuid.UUID, rows: list[SheetRow], day: str, message: str = ""
) -> str:
    names = staff_names(s)
    return page(
        "sales_floor/afterwards.html",
        rows=rows,
        day=day,
        message=message,
        reps=[(str(one), names.get(one, "")) for one in floor.reps_of(s, unit_id)],
        kinds=[("visit", _("reception")), ("call", _("call"))],
        most=MOST_ROWS,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        oldest=by_hand.OLDEST.days,
    )


# -- ring and tickets -------------------------------------------------------------------------

_SPARE = 4
"""Empty lines for tickets under those there are."""


def _order(keys: list[str]) -> list[uuid.UUID]:
    """The reps by the places typed beside them; equal places keep their order."""

    def place(entry: tuple[int, str]) -> tuple[int, int]:
        typed = request.form.get(f"place-{entry[1]}", type=int)
        return (typed if typed is not None else len(keys) + entry[0], entry[0])

    return [uuid.UUID(key) for _n, key in sorted(enumerate(keys), key=place)]


def _owed() -> list[Owed]:
    found = []
    for place in range(200):
        if f"owed-rep-{place}" not in request.form:
            break
        rep = uuid_of(request.form[f"owed-rep-{place}"])
        if rep is None:
            continue
        since = request.form.get(f"owed-since-{place}", "")
        try:
            day = date.fromisoformat(since) if since else None
        except ValueError:
            raise UserError(_("Please give a date."), field="tickets") from None
        kind = "refund" if request.form.get(f"owed-kind-{place}") == "refund" else "comp"
        reason = request.form.get(f"owed-reason-{place}", "")[:NOTE]
        found.append(Owed(rep, kind, day, reason))
    return found


def _standing(state: st.Floor) -> Standing:
    """What was typed, against the floor as it stands: only states that differ are set."""
    states = {}
    for key in state.ring:
        wanted = request.form.get(f"state-{key}", "")
        if wanted in SETTABLE and wanted != state.reps[key].state:
            states[uuid.UUID(key)] = wanted
    return Standing(_order(list(state.ring)), _owed(), states)


@bp.route("/floor/<uuid:unit_id>/standing", methods=["GET", "POST"], permission=may.SET_FLOOR)
def set_floor(unit_id: uuid.UUID) -> Any:
    """Ring, states and tickets set by hand, with a reason: after a stretch on paper."""
    s = reading()
    found = floor.floor_state(s, unit_id)
    state = found[1] if found else st.Floor()
    message = ""
    if request.method == "POST":
        try:
            standing, reason = _standing(state), request.form.get("reason", "")[:NOTE]

            def work(t: CompanySession) -> str:
                by_hand.set_floor(t, unit_id, standing, reason)
                return _("Ring and tickets are set; everybody sees that it was by hand.")

            return doing(work, back=url_for(".board", unit_id=unit_id))
        except UserError as error:
            if error.status in (403, 404, 503):
                raise
            message = error.message
    names = staff_names(s)
    owed = [(ticket.rep, ticket.kind, ticket.at[:10]) for ticket in state.tickets]
    html = page(
        "sales_floor/set_floor.html",
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        ring=[(key, names.get(uuid.UUID(key), ""), state.reps[key]) for key in state.ring],
        owed=[*owed, *[("", "", "")] * _SPARE],
        states=[(key, words.REP_STATES[key][0]) for key in SETTABLE],
        with_visitor=st.WITH_VISITOR,
        typed=request.form,
        message=message,
        today=clock.local(clock.now(), live.tz_of(s, unit_id)).date().isoformat(),
        words=words,
    )
    return html, 422 if message else 200
