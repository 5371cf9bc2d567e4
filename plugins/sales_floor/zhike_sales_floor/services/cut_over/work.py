"""Trying the cut-over out, bringing it in, setting the floor, taking it back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from zhike.api import (
    CompanySession,
    Conflict,
    Importer,
    Party,
    RecordRef,
    UserError,
    _,
    clock,
    ledger,
    search,
    transfer,
)
from zhike_sales_floor.models import Customer, FloorEvent, Visit, VisitGuest
from zhike_sales_floor.models_cases import PoolEntry
from zhike_sales_floor.models_cut_over import CutOver
from zhike_sales_floor.rules import state as st
from zhike_sales_floor.rules.by_hand import SETTABLE
from zhike_sales_floor.services import board as boards
from zhike_sales_floor.services import by_hand, live
from zhike_sales_floor.services.arrivals import Person
from zhike_sales_floor.services.by_hand import InHand, Owed, Standing
from zhike_sales_floor.services.cut_over.sheets import PARTS, importers, label_of
from zhike_sales_floor.services.live import Act

LARGEST = 5_000
"""Rows that a cut-over brings in at once; a longer ledger is imported ahead, in the background."""

ACTION = "sales_floor.cut_over"
_FLOOR_SHEETS = ("reps", "tickets", "in_hand")

Uploads = Mapping[str, transfer.Upload]


@dataclass
class Tried:
    """What trying a workbook came to.

    reports  by sheet.
    board    the board as it would be, None where the floor's sheets have mistakes.
    trouble  why the floor cannot be set like this, ``""`` where it can.
    """

    reports: dict[str, transfer.Report] = field(default_factory=dict)
    board: boards.Board | None = None
    trouble: str = ""

    @property
    def floor_clean(self) -> bool:
        """Whether the floor could be set as the sheets say."""
        return self.board is not None and not self.trouble


def latest(s: CompanySession, unit_id: uuid.UUID) -> CutOver | None:
    """The site's latest cut-over, whatever became of it."""
    return s.scalars(
        select(CutOver)
        .where(CutOver.unit_id == unit_id)
        .order_by(CutOver.begun_at.desc(), CutOver.id.desc())
        .limit(1)
    ).first()


def at_work(s: CompanySession, unit_id: uuid.UUID) -> CutOver:
    """The cut-over that goes on at a site; begins one where there is none.

    Raises Conflict where the site has cut over already. The floor's row is locked first.
    """
    live.set_up(s, unit_id)
    live.lock_floor(s, unit_id)
    row = latest(s, unit_id)
    if row is not None and row.state == "confirmed":
        raise Conflict(_("This site has cut over already."))
    if row is None or row.state == "undone":
        row = CutOver(unit_id=unit_id, parts={}, before={}, begun_by=s.actor.name)
        s.add(row)
        s.flush()
    return row


# -- trying ----------------------------------------------------------------------------------


def try_out(
    s: CompanySession, unit_id: uuid.UUID, uploads: Uploads, translate: transfer.Translate
) -> Tried:
    """Do all of it in the caller's transaction, who takes it back: what a sheet refers to may be
    on another one. Good rows go in, so that a mistake is told once, where it stands."""
    tz, label = live.tz_of(s, unit_id), label_of(s, unit_id)
    tried = Tried()
    row = at_work(s, unit_id)
    _forget_floor(s, row)
    _forget_parts(s, row, ("deals", "customers"))
    made = importers(label, tz)
    for part in PARTS:
        if part in uploads:
            tried.reports[part] = _try_part(s, made[part], uploads[part], tz, translate)
    for sheet in ("tickets", "in_hand"):
        if sheet in uploads:
            report = transfer.Report()
            list(_checked(s, made[sheet], uploads[sheet], report, tz, translate))
            tried.reports[sheet] = report
    if any(key in uploads and tried.reports[key].bad for key in _FLOOR_SHEETS):
        return tried
    try:
        _set(s, row, _standing(s, unit_id, uploads, translate))
    except UserError as error:
        tried.trouble = error.message
    tried.board = boards.board(s, unit_id)
    return tried


def _try_part(
    s: CompanySession,
    importer: Importer,
    upload: transfer.Upload,
    tz: str,
    translate: transfer.Translate,
) -> transfer.Report:
    report = transfer.dry_run(s, importer, upload, tz=tz, translate=translate)
    if not report.good:
        return report
    key = uuid.uuid4().hex
    applied = transfer.apply_import(
        s, importer, upload, key, mode="good", tz=tz, translate=translate
    )
    return applied.report


def _checked(
    s: CompanySession,
    importer: Importer,
    upload: transfer.Upload,
    report: transfer.Report,
    tz: str,
    translate: transfer.Translate,
) -> Any:
    return transfer.check_rows(s, importer, upload, report, tz=tz, translate=translate)


# -- bringing in -----------------------------------------------------------------------------


def bring_in(
    s: CompanySession,
    unit_id: uuid.UUID,
    uploads: Uploads,
    parts: Sequence[str],
    translate: transfer.Translate,
) -> CutOver:
    """Import the chosen sheets, every row of each or nothing at all; repeatable.

    What an earlier try of this cut-over brought in from the same sheet is taken back first. Raises
    :class:`~transfer.ImportRefused` for a row with a mistake, Conflict where what came in before
    has been worked with since, or the floor is set already.
    """
    row = at_work(s, unit_id)
    if row.state == "set":
        raise Conflict(_("The floor is set already: take the cut-over back first."))
    chosen = [part for part in PARTS if part in parts and part in uploads]
    if not chosen:
        raise UserError(_("Please choose at least one sheet."), field="parts")
    if "customers" in chosen:
        _forget_parts(s, row, ("deals", "customers"))
    elif "deals" in chosen:
        _forget_parts(s, row, ("deals",))
    tz = live.tz_of(s, unit_id)
    made = importers(label_of(s, unit_id), tz)
    done = dict(row.parts)
    for part in chosen:
        key = uuid.uuid4().hex
        applied = transfer.apply_import(
            s, made[part], uploads[part], key, tz=tz, translate=translate
        )
        done[part] = {
            "batch": str(applied.batch.id),
            "at": clock.now().isoformat(),
            "by": s.actor.name,
            "created": applied.batch.created,
            "changed": applied.batch.changed,
        }
        row.parts = dict(done)
    _note(s, row, "brought_in", parts=chosen)
    return row


def _forget_parts(s: CompanySession, row: CutOver, parts: Sequence[str]) -> None:
    """Take back what this cut-over brought in from these sheets."""
    tz = live.tz_of(s, row.unit_id)
    made = importers(label_of(s, row.unit_id), tz)
    for part in parts:
        held = row.parts.get(part)
        if held is None:
            continue
        transfer.undo_import(s, made[part], uuid.UUID(held["batch"]))
        row.parts = {key: value for key, value in row.parts.items() if key != part}
        s.flush()


# -- the floor -------------------------------------------------------------------------------


def set_floor(
    s: CompanySession, unit_id: uuid.UUID, uploads: Uploads, translate: transfer.Translate
) -> Act:
    """Set ring, tickets, states and visits in hand as the sheets say: one event of the floor.

    Repeatable while nothing has happened on the floor since. Raises UserError for a row with a
    mistake, Conflict where the floor has gone on.
    """
    row = at_work(s, unit_id)
    _forget_floor(s, row)
    return _set(s, row, _standing(s, unit_id, uploads, translate))


def _standing(
    s: CompanySession, unit_id: uuid.UUID, uploads: Uploads, translate: transfer.Translate
) -> Standing:
    tz = live.tz_of(s, unit_id)
    made = importers(label_of(s, unit_id), tz)
    values: dict[str, list[Any]] = {key: [] for key in _FLOOR_SHEETS}
    for sheet in _FLOOR_SHEETS:
        if sheet not in uploads:
            continue
        report = transfer.Report()
        for checked in _checked(s, made[sheet], uploads[sheet], report, tz, translate):
            if checked.checked.good:
                values[sheet].append(checked.checked.value)
        if report.bad:
            raise UserError(
                _("The sheet “%(name)s” has mistakes.", name=uploads[sheet].sheet),
                extra=report.to_json(),
            )
    roster = [(value, _rep(s, made["reps"], value)) for value in values["reps"]]
    ordered = sorted(
        (pair for pair in roster if pair[0]["place"] is not None), key=lambda pair: pair[0]["place"]
    )
    busy = {value["rep"] for value in values["in_hand"]}
    return Standing(
        ring=[rep for _value, rep in ordered],
        tickets=[
            Owed(value["rep"], value["kind"], value["since"], value["reason"])
            for value in values["tickets"]
        ]
        if "tickets" in uploads
        else None,
        states={
            rep: value["state"]
            for value, rep in roster
            if value["state"] in SETTABLE and rep not in busy
        },
        in_hand=[
            InHand(
                Person(
                    party_id=value["party"], name=value["name"], phone=value["phone"], another=True
                ),
                value["rep"],
                value["since"],
                value["people"],
                value["need"],
            )
            for value in values["in_hand"]
        ],
    )


def _rep(s: CompanySession, importer: Importer, value: Any) -> uuid.UUID:
    found = importer.find_existing(s, value) if importer.find_existing else None
    if found is None:
        raise UserError(_("%(name)s is not on the roster yet.", name=value["name"]))
    return found.id


def _set(s: CompanySession, row: CutOver, standing: Standing) -> Act:
    if not (standing.ring or standing.tickets or standing.states or standing.in_hand):
        raise UserError(_("The sheets say nothing about the floor."))
    before = live.load_floor(live.lock_floor(s, row.unit_id))
    known = set(s.scalars(select(Customer.id).where(Customer.unit_id == row.unit_id)))
    parties_known = {
        one.person.party_id for one in standing.in_hand if one.person.party_id is not None
    }
    images = {
        str(customer.id): transfer.image_of(customer)
        for customer in s.scalars(
            select(Customer).where(
                Customer.unit_id == row.unit_id, Customer.party_id.in_(parties_known)
            )
        )
    }
    act = by_hand.set_floor(s, row.unit_id, standing, _("Cut-over from paper"))
    event = s.scalars(
        select(FloorEvent).where(FloorEvent.unit_id == row.unit_id, FloorEvent.seq == act.seq)
    ).one()
    rows = event.body.get("in_hand", ())
    came = [uuid.UUID(one) for line in rows for one in line["customers"]]
    row.before = {
        "ring": list(before.ring),
        "tickets": [
            {"rep": ticket.rep, "kind": ticket.kind, "at": ticket.at[:10]}
            for ticket in before.tickets
        ],
        "states": {key: rep.state for key, rep in before.reps.items() if rep.state in SETTABLE},
        "customers": images,
        "new": [str(one) for one in came if one not in known],
        "parties": [
            str(customer.party_id)
            for customer in s.scalars(select(Customer).where(Customer.id.in_(came)))
            if customer.party_id and customer.party_id not in parties_known
        ],
        "visits": [line["visit"] for line in rows],
    }
    row.state, row.seq = "set", act.seq
    row.set_at, row.set_by = act.at, s.actor.name
    _note(s, row, "set", seq=act.seq)
    return act


def _forget_floor(s: CompanySession, row: CutOver) -> None:
    """Set the floor back to what it was before this cut-over set it."""
    if row.seq is None:
        return
    floor = live.lock_floor(s, row.unit_id)
    if floor.seq != row.seq:
        raise Conflict(
            _("Something has happened on the floor since: the cut-over stands.")
            + " "
            + _("Ring and tickets can still be set by hand.")
        )
    held = row.before
    present = live.load_floor(floor)
    visits = [uuid.UUID(key) for key in held["visits"] if key in present.visits]
    over = [key for key in held["visits"] if key not in present.visits]
    assert not over, over  # nothing has happened since: they are all there
    ring = [uuid.UUID(key) for key in held["ring"] if key in present.reps]
    states = {
        uuid.UUID(key): state
        for key, state in held["states"].items()
        if key in present.reps and present.reps[key].state != st.LEFT
    }
    owed = [
        Owed(uuid.UUID(line["rep"]), line["kind"], _day(line["at"])) for line in held["tickets"]
    ]
    standing = Standing(ring, owed, states)
    undone = by_hand.set_floor(s, row.unit_id, standing, _("Cut-over taken back"), withdraw=visits)
    _restore(s, held, undone.at)
    row.seq, row.before, row.state = None, {}, "open"
    row.set_at, row.set_by = None, ""
    s.flush()


def _day(text: str) -> Any:
    from datetime import date

    return date.fromisoformat(text)


def _restore(s: CompanySession, held: Mapping[str, Any], since: datetime) -> None:
    """Visits that were put on the floor by hand leave nothing but their events behind."""
    ids = [uuid.UUID(key) for key in held["visits"]]
    s.flush()
    quiet = {"synchronize_session": "fetch"}
    s.execute(delete(VisitGuest).where(VisitGuest.visit_id.in_(ids)), execution_options=quiet)
    s.execute(delete(Visit).where(Visit.id.in_(ids)), execution_options=quiet)
    # Who loses his owner falls into the public pool: nobody was in it before.
    touched = [uuid.UUID(key) for key in (*held["new"], *held["customers"])]
    fell = PoolEntry.entered_at >= since
    pool = delete(PoolEntry).where(PoolEntry.customer_id.in_(touched), fell)
    s.execute(pool, execution_options=quiet)
    for key in held["new"]:
        row = s.find(Customer, uuid.UUID(key))
        if row is not None:
            s.delete(row)
    s.flush()
    for key in held["parties"]:
        party = s.find(Party, uuid.UUID(key))
        if party is not None:
            s.delete(party)
            search.remove(s, "core.party", party.id)
    for key, image in held["customers"].items():
        customer = s.find(Customer, uuid.UUID(key))
        if customer is not None:
            transfer.restore(customer, image)
    s.flush()


# -- the end ---------------------------------------------------------------------------------


def take_back(s: CompanySession, unit_id: uuid.UUID) -> CutOver:
    """Undo the whole cut-over: the floor, then deals and customers, then people.

    Raises Conflict once something has happened on the floor, or records were worked with. People
    stay on the roster once the floor had been set: their names stand in its log.
    """
    row = at_work(s, unit_id)
    was_set = row.seq is not None
    _forget_floor(s, row)
    _forget_parts(s, row, ("deals", "customers") if was_set else ("deals", "customers", "reps"))
    row.state, row.ended_at, row.ended_by = "undone", clock.now(), s.actor.name
    _note(s, row, "undone")
    return row


def confirm(s: CompanySession, unit_id: uuid.UUID) -> CutOver:
    """The cut-over stands: from now on the software is the register."""
    row = at_work(s, unit_id)
    if row.state != "set":
        raise Conflict(_("Set the floor first."))
    row.state, row.ended_at, row.ended_by = "confirmed", clock.now(), s.actor.name
    row.before = {}
    _note(s, row, "confirmed")
    return row


def _note(s: CompanySession, row: CutOver, step: str, **facts: Any) -> None:
    s.flush()
    ledger.append(
        s,
        ACTION,
        object=str(RecordRef(live.PLUGIN, "floor", row.unit_id)),
        body={"step": step, **facts},
    )
