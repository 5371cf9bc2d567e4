"""The deal registers of a period and the papers of one deal, filled in (SFF-07, 11, 14 to 18)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select

from zhike.api import CompanySession, NotFound, UserError, _, clock, forms, organisation
from zhike_sales_floor import documents_sales as documents
from zhike_sales_floor import words
from zhike_sales_floor.models import Credit, Deal
from zhike_sales_floor.models_sales import DealChange, Dunning, Instalment, Paper, Receipt
from zhike_sales_floor.services import customers, deals, houses, live, papers, payments
from zhike_sales_floor.services.names import ids_in, names_for

REGISTERS: Mapping[str, forms.Form] = {form.code: form for form in documents.REGISTERS}
#: A register covers at most so many days.
LONGEST = 366 * 5

Rows = list[dict[str, Any]]


def register(
    s: CompanySession, code: str, unit_id: uuid.UUID, start: date, end: date
) -> forms.FormData:
    """A register of a period, both days included; the sales control 销控表 is as of now.

    NotFound for a code nobody knows, UserError for days that are none.
    """
    fill = _FILLED.get(code)
    if fill is None:
        raise NotFound(_("There is no such register."))
    if start < customers.EARLIEST:
        raise UserError(_("This date lies before %(day)s.", day=customers.EARLIEST), field="start")
    if end < start or (end - start).days > LONGEST:
        raise UserError(_("The period ends after it begins, within five years."), field="end")
    unit = organisation.tree(s).units.get(unit_id)
    period = f"{start.isoformat()} – {end.isoformat()}"
    if code == "SFF-17":
        period = clock.local(clock.now(), live.tz_of(s, unit_id)).strftime("%Y-%m-%d %H:%M")
    return forms.FormData(
        values={"site": unit.name if unit else "", "period": period},
        rows={"lines": fill(s, unit_id, start, end)},
        tz=live.tz_of(s, unit_id),
        printed_at=clock.now(),
    )


def _between(
    s: CompanySession, unit_id: uuid.UUID, column: Any, start: date, end: date
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """That an instant lies in the site's days from ``start`` to ``end``."""
    first = deals.end_of(s, unit_id, start - timedelta(days=1))
    return column >= first, column < deals.end_of(s, unit_id, end)


def _deals(
    s: CompanySession, unit_id: uuid.UUID, column: Any, start: date, end: date
) -> list[Deal]:
    when = (
        (column >= start, column <= end)
        if column is Deal.contract_on
        else _between(s, unit_id, column, start, end)
    )
    query = select(Deal).where(Deal.unit_id == unit_id, *when).order_by(column, Deal.id)
    return list(s.scalars(query))


def _names(s: CompanySession, rows: Iterable[Deal]) -> dict[str, str]:
    return names_for(s, {row.holder_id or row.customer_id for row in rows})


def _line(row: Deal, names: Mapping[str, str], people: Mapping[uuid.UUID, str]) -> dict[str, Any]:
    return {
        "number": row.number,
        "customer": names.get(str(row.holder_id or row.customer_id), ""),
        "unit": row.property,
        "price": row.amount_fen,
        "deposit": row.deposit_fen,
        "rep": people.get(row.staff_id, "") if row.staff_id else "",
        "state": _(words.DEAL_STEPS[deals.step_of(row)][0]),
        "until": row.reserved_until,
        "contract": row.contract_no,
        "way": _(words.PAY_WAYS[row.pay_way]) if row.pay_way in words.PAY_WAYS else row.pay_way,
    }


def _lines(
    s: CompanySession, unit_id: uuid.UUID, column: Any, start: date, end: date
) -> tuple[list[Deal], Rows]:
    rows = _deals(s, unit_id, column, start, end)
    names, people = _names(s, rows), organisation.staff_names(s)
    zone = live.tz_of(s, unit_id)

    def day(row: Deal) -> Any:
        at = getattr(row, column.key)
        return at if column is Deal.contract_on else clock.local(at, zone).date()

    return rows, [{**_line(row, names, people), "day": day(row)} for row in rows]


def _small(s: CompanySession, unit_id: uuid.UUID, start: date, end: date) -> Rows:
    return _lines(s, unit_id, Deal.reserved_at, start, end)[1]


def _firm(s: CompanySession, unit_id: uuid.UUID, start: date, end: date) -> Rows:
    rows, lines = _lines(s, unit_id, Deal.closed_at, start, end)
    known: dict[uuid.UUID, str] = {}
    for paper in s.scalars(
        select(Paper)
        .join(Deal, Deal.id == Paper.deal_id)
        .where(
            Deal.unit_id == unit_id,
            *_between(s, unit_id, Deal.closed_at, start, end),
            Paper.voided_at.is_(None),
        )
    ):
        known[paper.deal_id] = paper.number
    return [{**line, "paper": known.get(row.id, "")} for row, line in zip(rows, lines, strict=True)]


def _sales(s: CompanySession, unit_id: uuid.UUID, start: date, end: date) -> Rows:
    rows, lines = _lines(s, unit_id, Deal.closed_at, start, end)
    people = organisation.staff_names(s)
    standing: dict[uuid.UUID, dict[uuid.UUID | None, list[int]]] = {}
    for entry in s.scalars(
        select(Credit)
        .join(Deal, Deal.id == Credit.deal_id)
        .where(Deal.unit_id == unit_id, *_between(s, unit_id, Deal.closed_at, start, end))
    ):
        both = standing.setdefault(entry.deal_id, {}).setdefault(entry.staff_id, [0, 0])
        both[0] += entry.performance
        both[1] += entry.commission

    def told(row: Deal, place: int) -> str:
        return "、".join(
            f"{people.get(who, '') if who else _('department')} {both[place] / 100:g}%"
            for who, both in standing.get(row.id, {}).items()
            if both[place]
        )

    return [
        {
            **line,
            "price": line["price"] if row.state != "refunded" else None,  # not in the sum
            "performance": told(row, 0),
            "commission": told(row, 1),
        }
        for row, line in zip(rows, lines, strict=True)
    ]


def _contracts(s: CompanySession, unit_id: uuid.UUID, start: date, end: date) -> Rows:
    return _lines(s, unit_id, Deal.contract_on, start, end)[1]


def _receipts(s: CompanySession, unit_id: uuid.UUID, start: date, end: date) -> Rows:
    found: list[tuple[Receipt, Deal | None]] = list(
        s.execute(
            select(Receipt, Deal)
            .outerjoin(Deal, Deal.id == Receipt.deal_id)
            .where(Receipt.unit_id == unit_id, Receipt.paid_on >= start, Receipt.paid_on <= end)
            .order_by(Receipt.number)
        ).all()
    )
    names = _names(s, [deal for _row, deal in found if deal is not None])
    return [
        {
            "number": row.number,
            "customer": names.get(str(deal.holder_id or deal.customer_id), "") if deal else "",
            "unit": deal.property if deal else "",
            "sum": 0 if row.voided_at else row.amount_fen,
            "day": row.paid_on,
            "by": row.by,
            "note": _("void: %(why)s", why=row.void_why) if row.voided_at else "",
        }
        for row, deal in found
    ]


def _control(s: CompanySession, unit_id: uuid.UUID, start: date, end: date) -> Rows:
    found = houses.cells(s, unit_id, houses.Filter())
    names = _names(s, [cell.deal for cell in found if cell.deal])
    return [
        {
            "unit": cell.house.code,
            "layout": cell.house.layout,
            "area": f"{cell.house.area / 100:.2f}" if cell.house.area else "",
            "list": cell.house.price_fen or None,
            "state": _(words.HOUSE_STATES[cell.house.state][0]),
            "customer": names.get(str(cell.deal.holder_id or cell.deal.customer_id), "")
            if cell.deal
            else "",
            "at": cell.house.changed_at,
            "why": cell.house.why,
        }
        for cell in found
    ]


def _changes(s: CompanySession, unit_id: uuid.UUID, start: date, end: date) -> Rows:
    found = list(
        s.execute(
            select(DealChange, Deal)
            .join(Deal, Deal.id == DealChange.deal_id)
            .where(
                DealChange.unit_id == unit_id,
                DealChange.kind.in_(("swap", "name", "refund", "expired", "default", "correction")),
                *_between(s, unit_id, DealChange.at, start, end),
            )
            .order_by(DealChange.at, DealChange.id)
        ).all()
    )
    people = _names(s, [deal for _change, deal in found])
    people |= names_for(s, ids_in([change.body for change, _deal in found]))
    return [
        {
            "at": change.at,
            "kind": _(words.DEAL_CHANGES[change.kind]),
            "number": deal.number,
            "customer": people.get(str(deal.holder_id or deal.customer_id), ""),
            "what": _what(change, people),
            "fee": change.fee_fen or None,
            "reason": change.reason,
            "by": change.by,
        }
        for change, deal in found
    ]


def _what(change: DealChange, people: Mapping[str, str]) -> str:
    body = change.body
    if change.kind in ("swap", "name"):
        return " → ".join(people.get(str(body[key]), str(body[key])) for key in ("from", "to"))
    if change.kind == "default":
        return f"{body.get('due', '')} ¥ {int(body.get('sum', 0)) / 100:,.2f}"
    if change.kind == "correction":
        return "；".join(
            f"{_shown(key, was)} → {_shown(key, now)}" for key, (was, now) in body.items()
        )
    return str(body.get("unit", ""))


def _shown(key: str, value: Any) -> str:
    return f"¥ {int(value) / 100:,.2f}" if key in ("price", "deposit") else str(value)


_FILLED: Mapping[str, Callable[[CompanySession, uuid.UUID, date, date], Rows]] = {
    "SFF-07-1": _small,
    "SFF-07-2": _firm,
    "SFF-11-1": _small,
    "SFF-11-2": _firm,
    "SFF-11-3": _sales,
    "SFF-11-4": _contracts,
    "SFF-15-1": _receipts,
    "SFF-17": _control,
    "SFF-18": _changes,
}


# -- papers of one deal -----------------------------------------------------------------------


def subscription(
    s: CompanySession, deal: Deal, paper: Paper, which: int = 0, phone: str = ""
) -> tuple[forms.Form, forms.FormData]:
    """The 认购书 (SFF-14) as it was issued; ``which`` print this is, 0 on screen.

    ``phone`` is the whole number, where the reader may have it; else it stands in short.
    """
    holder = papers.holder_of(s, deal)
    body = paper.body
    people = organisation.staff_names(s)
    form = replace(documents.SUBSCRIPTION, copies=papers.copy_names(body.get("copies", ())))
    area = int(body.get("area") or 0)
    data = forms.FormData(
        values={
            "customer": holder.party.name if holder.party else "",
            "phone": phone or (holder.party.phone_masked if holder.party else ""),
            "address": deal.mail_address,
            "postcode": deal.postcode,
            "unit": body.get("unit", ""),
            "layout": body.get("layout", ""),
            "area": f"{area / 100:.2f}" if area else "",
            "price": body.get("price"),
            "deposit": body.get("deposit"),
            "balance": body.get("balance"),
            "day": date.fromisoformat(body["day"]) if body.get("day") else None,
            "rep": people.get(deal.staff_id, "") if deal.staff_id else "",
            "deal": deal.number,
        },
        rows={
            "lines": [
                {"title": due.title, "sum": due.amount_fen, "due": due.due_on}
                for due in payments.of_deal(s, deal.id)
            ]
        },
        number=paper.number,
        tz=live.tz_of(s, deal.unit_id),
        mark=_mark(deal, paper, which),
        printed_at=clock.now(),
    )
    return form, data


def _mark(deal: Deal, paper: Paper, which: int) -> str:
    if paper.voided_at is not None or deal.state == "refunded":
        return "作废"
    return f"第{which}次打印" if which > 1 else ""


def receipt(s: CompanySession, deal: Deal, row: Receipt) -> tuple[forms.Form, forms.FormData]:
    """A receipt 收据 (SFF-15)."""
    holder = papers.holder_of(s, deal)
    due = s.find(Instalment, row.instalment_id) if row.instalment_id else None
    data = forms.FormData(
        values={
            "payer": holder.party.name if holder.party else "",
            "unit": deal.property,
            "what": due.title if due else "",
            "sum": row.amount_fen,
            "day": row.paid_on,
            "deal": deal.number,
        },
        number=row.number,
        tz=live.tz_of(s, deal.unit_id),
        mark="作废" if row.voided_at else "",
        printed_at=clock.now(),
    )
    return documents.RECEIPT, data


def dunning(s: CompanySession, deal: Deal, row: Dunning) -> tuple[forms.Form, forms.FormData]:
    """A 催款通知单 (SFF-16)."""
    holder = papers.holder_of(s, deal)
    due = s.require(Instalment, row.instalment_id)
    people = organisation.staff_names(s)
    data = forms.FormData(
        values={
            "customer": holder.party.name if holder.party else "",
            "unit": deal.property,
            "what": due.title,
            "sum": row.amount_fen,
            "due": row.due_on,
            "sent": row.sent_on,
            "address": f"{deal.mail_address} {deal.postcode}".strip(),
            "contract": deal.contract_no,
            "rep": people.get(deal.staff_id, "") if deal.staff_id else "",
        },
        tz=live.tz_of(s, deal.unit_id),
        printed_at=clock.now(),
    )
    return documents.DUNNING, data
