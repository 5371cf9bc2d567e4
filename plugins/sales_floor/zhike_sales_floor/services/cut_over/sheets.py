"""The sheets of the cut-over: their columns, what is wrong with a row, what is known already."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from zhike.api import (
    N_,
    Checked,
    Column,
    CompanySession,
    Importer,
    Problem,
    RecordRef,
    Staff,
    _,
    clock,
    organisation,
    parties,
    textkit,
    transfer,
)
from zhike_sales_floor import forms, transfers
from zhike_sales_floor import permissions as may
from zhike_sales_floor.rules import state as st
from zhike_sales_floor.services import floor, live

PARTS = ("reps", "customers", "deals")
"""The sheets that become import batches, in the order in which they come in."""

STATES = {
    "空闲": st.AVAILABLE,
    "休息": st.OFF_DUTY,
    "因公外出": st.OUT_PUBLIC,
    "因私外出": st.OUT_PRIVATE,
    "缺位": st.ABSENT,
}
TICKET_KINDS = {"补接": "comp", "退还": "refund"}
_TIME = re.compile(r"(\d{1,2})[::](\d{2})(?::\d{2})?")

ROSTER_COLUMNS = (
    *transfers.REP_COLUMNS[1:],
    Column(
        key="place",
        title=N_("Place in the ring"),
        kind="integer",
        example="1",
        aliases=("轮序", "次序", "顺序"),
        help=N_("1 is who is next"),
    ),
    Column(
        key="state",
        title=N_("State now"),
        kind="choice",
        choices=tuple(STATES),
        example="空闲",
        aliases=("状态",),
        help=N_("Who is receiving stands on the sheet of visits in hand"),
    ),
)
TICKET_COLUMNS = (
    Column(
        key="rep",
        title=N_("Rep"),
        required=True,
        example="李敏",
        aliases=("姓名", "顾问"),
        help=N_("Staff number or name"),
        longest=60,
    ),
    Column(
        key="kind",
        title=N_("Kind"),
        kind="choice",
        choices=tuple(TICKET_KINDS),
        example="补接",
        aliases=("种类", "券种"),
    ),
    Column(key="since", title=N_("Owed since"), kind="date", aliases=("发放日期", "日期")),
    Column(key="reason", title=N_("Reason"), example="公出轮过", aliases=("原因",), longest=200),
)
IN_HAND_COLUMNS = (
    Column(
        key="since",
        title=N_("Came at"),
        required=True,
        example="10:40",
        aliases=("时间", "到访时间"),
        help=N_("Time of today, such as 10:40"),
        longest=20,
    ),
    Column(key="name", title=N_("Customer"), example="张伟", aliases=("客户姓名",), longest=60),
    Column(key="phone", title=N_("Phone"), aliases=("电话", "手机"), longest=40),
    Column(
        key="rep",
        title=N_("Received by"),
        example="李敏",
        aliases=("接待人", "顾问"),
        help=N_("Staff number or name; empty: the visitors wait"),
        longest=60,
    ),
    Column(key="people", title=N_("Persons"), kind="integer", aliases=("人数",)),
    Column(key="need", title=N_("Need"), aliases=("需求", "备注"), longest=forms.NOTE),
)


def _never(s: CompanySession, value: Any, existing: RecordRef | None) -> RecordRef:
    raise AssertionError("the floor is set by one event, not row by row")


def importers(unit_label: str, tz: str) -> dict[str, Importer]:
    """What each sheet of one site is checked and brought in by; the last two become one event."""

    def here(importer: Importer, columns: tuple[Column, ...]) -> Importer:
        def validate(s: CompanySession, row: Mapping[str, Any]) -> Checked:
            return importer.validate(s, {**row, "site": unit_label})

        return replace(importer, columns=columns, validate=validate)

    reps = here(transfers.REPS, ROSTER_COLUMNS)
    return {
        "reps": replace(reps, validate=_roster_check(reps)),
        "customers": here(transfers.LEDGER, transfers.CUSTOMER_COLUMNS[1:]),
        "deals": here(transfers.OPEN_DEALS, transfers.DEAL_COLUMNS[1:]),
        "tickets": Importer(
            name="sales_floor.cut_over_tickets",
            title=N_("Owed turns"),
            permission=may.SET_FLOOR,
            columns=TICKET_COLUMNS,
            validate=lambda s, row: check_ticket(s, row, unit_label),
            apply=_never,
        ),
        "in_hand": Importer(
            name="sales_floor.cut_over_visits",
            title=N_("Visits in hand"),
            permission=may.SET_FLOOR,
            columns=IN_HAND_COLUMNS,
            validate=lambda s, row: check_in_hand(s, row, unit_label, tz),
            apply=_never,
        ),
    }


def _roster_check(importer: Importer) -> Any:
    def validate(s: CompanySession, row: Mapping[str, Any]) -> Checked:
        checked = importer.validate(s, row)
        problems = list(checked.problems)
        place = row.get("place")
        if place is not None and place < 1:
            problems.append(Problem(_("Places begin with 1."), "place"))
        state = STATES.get(row.get("state") or "", "")
        return Checked({**checked.value, "place": place, "state": state}, tuple(problems))

    return validate


def _on_roster(
    s: CompanySession, text: Any, unit_label: str, problems: list[Problem], column: str
) -> uuid.UUID | None:
    """The rep of this number or name, if he is on the site's roster."""
    found = transfers.staff_of(s, text)
    if found is None:
        problems.append(Problem(_("There is no staff member of this number or name."), column))
        return None
    unit_id = transfers.unit_of(s, unit_label, problems)
    if unit_id is not None and found not in floor.reps_of(s, unit_id):
        problems.append(Problem(_("This person is not on the roster of this site."), column))
    return found


def check_ticket(s: CompanySession, row: Mapping[str, Any], unit_label: str) -> Checked:
    """Whether a row names a rep of the roster and a day that has been."""
    problems: list[Problem] = []
    rep = _on_roster(s, row.get("rep"), unit_label, problems, "rep") if row.get("rep") else None
    since = row.get("since")
    unit_id = transfers.unit_of(s, unit_label, [])
    if since and unit_id and since > organisation.today(s, unit_id):
        problems.append(Problem(_("This date lies in the future."), "since"))
    kind = TICKET_KINDS.get(row.get("kind") or "", "comp")
    reason = str(row.get("reason") or "").strip()
    value = {"rep": rep, "kind": kind, "since": since, "reason": reason}
    return Checked(value, tuple(problems))


def check_in_hand(s: CompanySession, row: Mapping[str, Any], unit_label: str, tz: str) -> Checked:
    """Whether a row says since when, who, and which rep of the roster receives."""
    problems: list[Problem] = []
    since = _time_of_today(row.get("since"), tz, problems)
    rep = _on_roster(s, row.get("rep"), unit_label, problems, "rep") if row.get("rep") else None
    name, phone = textkit.nfkc(str(row.get("name") or "")), str(row.get("phone") or "").strip()
    party: uuid.UUID | None = None
    if phone and textkit.normalise_phone(phone) is None:
        problems.append(Problem(_("This does not look like a telephone number."), "phone"))
    elif phone:
        party = next((one.id for one in parties.find_by_phone(s, phone)), None)
    elif name:
        known = parties.find_by_name(s, name, limit=2)
        if len(known) > 1:
            problems.append(
                Problem(_("Several customers have this name: please give the phone."), "name")
            )
        party = known[0].id if len(known) == 1 else None
    people = row.get("people")
    if people is not None and people < 1:
        problems.append(Problem(_("Please give a whole number."), "people"))
    value = {
        "since": since,
        "party": party,
        "name": name,
        "phone": phone,
        "rep": rep,
        "people": people or 1,
        "need": str(row.get("need") or "").strip(),
    }
    return Checked(value, tuple(problems))


def _time_of_today(text: Any, tz: str, problems: list[Problem]) -> datetime | None:
    found = _TIME.fullmatch(textkit.nfkc(str(text or "")).replace("T", " ").rpartition(" ")[2])
    now = clock.now()
    try:
        at = time(int(found[1]), int(found[2])) if found else None
    except ValueError:
        at = None
    if at is None:
        problems.append(Problem(_("Please give a time such as 09:30."), "since"))
        return None
    stated = datetime.combine(clock.local(now, tz).date(), at, ZoneInfo(tz))
    if stated > now:
        problems.append(Problem(_("This time is still to come."), "since"))
    return stated


# -- the workbook -----------------------------------------------------------------------------

_TITLES = {
    "reps": N_("People and ring"),
    "tickets": N_("Owed turns"),
    "customers": N_("Customers and owners"),
    "deals": N_("Open deals"),
    "in_hand": N_("Visits in hand"),
}


def book(
    unit_label: str, tz: str, rows: Mapping[str, Sequence[Mapping[str, Any]]] | None = None
) -> list[transfer.BookSheet]:
    """The sheets of a site's workbook, filled with ``rows`` where some are known."""
    known = rows or {}
    return [
        transfer.BookSheet(key=key, title=title, columns=made.columns, rows=known.get(key, ()))
        for key, title in _TITLES.items()
        for made in (importers(unit_label, tz)[key],)
    ]


def known_book(s: CompanySession, unit_id: uuid.UUID) -> list[transfer.BookSheet]:
    """The workbook with the roster and the tickets as the software knows them."""
    tz = live.tz_of(s, unit_id)
    found = floor.floor_state(s, unit_id)
    state = found[1] if found else st.Floor()
    words = {value: key for key, value in STATES.items()}
    kinds = {value: key for key, value in TICKET_KINDS.items()}
    staff = {str(one): s.find(Staff, one) for one in floor.reps_of(s, unit_id)}
    order = [
        *(key for key in state.ring if key in staff),
        *(k for k in staff if k not in state.ring),
    ]
    reps = []
    for place, key in enumerate(order, 1):
        person = staff[key]
        if person is None:
            continue
        rep = state.reps.get(key)
        reps.append(
            {
                "number": person.number or "",
                "name": person.name,
                "place": place,
                "state": words.get(rep.state, "") if rep else "",
            }
        )
    tickets = [
        {
            "rep": person.number or person.name,
            "kind": kinds[ticket.kind],
            "since": datetime.fromisoformat(ticket.at).date(),
        }
        for ticket in state.tickets
        if (person := staff.get(ticket.rep)) is not None
    ]
    return book(label_of(s, unit_id), tz, {"reps": reps, "tickets": tickets})


def label_of(s: CompanySession, unit_id: uuid.UUID) -> str:
    """How the sheets' rows name their site: its code, or its name where it has none."""
    unit = organisation.tree(s).units[unit_id]
    return unit.code or unit.name
