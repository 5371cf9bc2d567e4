"""Blank receipts and 认购书: a supervisor draws a range, its numbers are used once (SF-D-55)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from zhike.api import (
    CompanySession,
    Conflict,
    Staff,
    UserError,
    _,
    clock,
    ledger,
    organisation,
)
from zhike_sales_floor.models_sales import Blank, Paper, Receipt
from zhike_sales_floor.services import live

KINDS = ("receipt", "subscription")
_NUMBER = re.compile(r"(?P<prefix>\D*)(?P<digits>\d{1,9})")
#: A range longer than this is a slip of the pen.
LONGEST = 10_000


@dataclass(frozen=True)
class Line:
    """A range with what became of it."""

    row: Blank
    used: int
    voided: int

    @property
    def size(self) -> int:
        """How many numbers were drawn."""
        return self.row.last - self.row.first + 1

    @property
    def left(self) -> int:
        """How many are not used yet."""
        return self.size - self.used - self.voided


def written(row: Blank, number: int) -> str:
    """A number of the range as it is printed on the paper."""
    return f"{row.prefix}{number:0{row.digits}d}"


def draw(
    s: CompanySession,
    unit_id: uuid.UUID,
    kind: str,
    first: str,
    last: str,
    *,
    drawn_by: uuid.UUID | None,
    drawn_on: date,
) -> Blank:
    """Note that blanks were drawn, from ``first`` to ``last`` as printed (SJ000101 to SJ000150).

    Raises UserError for numbers that are none, or of which some were drawn before.
    """
    if kind not in KINDS:
        raise UserError(_("Please choose the kind."), field="kind")
    one, two = _NUMBER.fullmatch(first.strip()), _NUMBER.fullmatch(last.strip())
    if one is None:
        raise UserError(_("A number ends in digits, such as SJ000101."), field="first")
    if two is None or two["prefix"] != one["prefix"]:
        raise UserError(_("Both numbers begin with the same letters."), field="last")
    low, high = int(one["digits"]), int(two["digits"])
    if not low <= high < low + LONGEST:
        raise UserError(
            _("The last number follows the first, at most %(n)s of them.", n=LONGEST), field="last"
        )
    if drawn_on > organisation.today(s, unit_id):
        raise UserError(_("This date lies in the future."), field="drawn_on")
    if drawn_by is not None:
        s.require(Staff, drawn_by)
    live.lock_floor(s, unit_id)
    for row in _of_kind(s, unit_id, kind):
        if row.prefix == one["prefix"] and row.first <= high and low <= row.last:
            raise UserError(
                _(
                    "%(first)s to %(last)s were drawn before.",
                    first=written(row, row.first),
                    last=written(row, row.last),
                ),
                field="first",
            )
    row = Blank(
        unit_id=unit_id,
        kind=kind,
        prefix=one["prefix"],
        digits=len(one["digits"]),
        first=low,
        last=high,
        drawn_by=drawn_by,
        drawn_on=drawn_on,
        by=s.actor.name,
    )
    s.add(row)
    s.flush()
    ledger.append(
        s,
        "sales_floor.blanks",
        object=f"{live.PLUGIN}:floor:{unit_id}",
        body={"kind": kind, "first": first.strip(), "last": last.strip()},
    )
    return row


def _of_kind(s: CompanySession, unit_id: uuid.UUID, kind: str) -> list[Blank]:
    query = select(Blank).where(Blank.unit_id == unit_id, Blank.kind == kind)
    return list(s.scalars(query.order_by(Blank.drawn_on, Blank.id)))


def _within(row: Blank, number: str) -> bool:
    found = _NUMBER.fullmatch(number)
    return (
        found is not None
        and found["prefix"] == row.prefix
        and len(found["digits"]) == row.digits
        and row.first <= int(found["digits"]) <= row.last
    )


def _used(s: CompanySession, unit_id: uuid.UUID, kind: str) -> dict[str, bool]:
    """Numbers that are gone: number -> whether it was voided."""
    if kind == "receipt":
        rows: Iterable[tuple[str, object]] = s.execute(
            select(Receipt.number, Receipt.voided_at).where(Receipt.unit_id == unit_id)
        ).all()
    else:
        rows = s.execute(
            select(Paper.blank_no, Paper.voided_at).where(
                Paper.unit_id == unit_id, Paper.blank_no != ""
            )
        ).all()
    return {number: voided is not None for number, voided in rows}


def lines(s: CompanySession, unit_id: uuid.UUID) -> list[Line]:
    """The ranges of a site, newest first, with what is used, voided and left."""
    found = []
    for kind in KINDS:
        used = _used(s, unit_id, kind)
        for row in _of_kind(s, unit_id, kind):
            mine = [voided for number, voided in used.items() if _within(row, number)]
            found.append(Line(row, mine.count(False), mine.count(True)))
    return sorted(found, key=lambda line: (line.row.drawn_on, line.row.id), reverse=True)


def check(s: CompanySession, unit_id: uuid.UUID, kind: str, number: str) -> None:
    """Raise UserError for a number that nobody drew, Conflict for one that is used already."""
    ranges = _of_kind(s, unit_id, kind)
    if ranges and not any(_within(row, number) for row in ranges):
        raise UserError(
            _("Nobody drew the number %(number)s: see the ledger of blanks.", number=number),
            field="number",
        )
    if number in _used(s, unit_id, kind):
        raise Conflict(_("The number %(number)s is used already.", number=number), code="used")


def next_number(s: CompanySession, unit_id: uuid.UUID, kind: str) -> str:
    """The first number drawn and not used, ``""`` where there is none."""
    used = _used(s, unit_id, kind)
    for row in _of_kind(s, unit_id, kind):
        for number in range(row.first, row.last + 1):
            if written(row, number) not in used:
                return written(row, number)
    return ""


def void_blank(s: CompanySession, unit_id: uuid.UUID, number: str, why: str) -> Receipt:
    """Note that a blank receipt was spoilt 作废 and is kept; its number is gone."""
    if not why.strip():
        raise UserError(_("Please give the reason."), field="reason")
    if not number.strip():
        raise UserError(_("Please give the number."), field="number")
    live.lock_floor(s, unit_id)
    check(s, unit_id, "receipt", number.strip())
    now = clock.now()
    row = Receipt(
        unit_id=unit_id,
        number=number.strip(),
        paid_on=organisation.today(s, unit_id),
        by=s.actor.name,
        at=now,
        voided_at=now,
        void_why=why.strip(),
    )
    s.add(row)
    s.flush()
    ledger.append(
        s,
        "sales_floor.receipt_void",
        object=f"{live.PLUGIN}:floor:{unit_id}",
        body={"number": row.number},
        reason=row.void_why,
    )
    return row
