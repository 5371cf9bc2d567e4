"""Deals: list, first paper, record with the credit explained, credit sheet."""

from __future__ import annotations

import uuid
from typing import Any

from flask import jsonify, request, url_for

from zhike.api import (
    CompanySession,
    Empty,
    Facet,
    RecordRef,
    State,
    Table,
    TableColumn,
    UserError,
    _,
    current,
    decisions,
    organisation,
    page,
    reading,
)
from zhike_sales_floor import forms, forms_sales, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Deal
from zhike_sales_floor.models_sales import DealChange
from zhike_sales_floor.services import (
    customers,
    deals,
    dockets,
    floor,
    houses,
    live,
    papers,
    payments,
    sales,
    sheets,
)
from zhike_sales_floor.services.names import ids_in, names_for
from zhike_sales_floor.views._common import (
    Names,
    Then,
    bp,
    customer_at,
    deal_at,
    form_act,
    own_only,
    rep_choices,
    site_of,
    staff_names,
    unit_name,
)
from zhike_sales_floor.views._papers import answer


@bp.get("/deals", permission=may.CLOSING)
def deals_home() -> Any:
    """The deals of the site at which the reader works."""
    unit_id = site_of()
    current().require(may.CLOSING, unit_id)
    return deal_list(unit_id)


@bp.get("/floor/<uuid:unit_id>/deals", permission=may.CLOSING)
def deal_list(unit_id: uuid.UUID) -> Any:
    """Deals of the site, newest first; with the scope 仅本人 one's own."""
    s = reading()
    step = request.args.get("step", "")
    rows, after = deals.of_unit(
        s,
        unit_id,
        after=request.args.get("after", ""),
        own=own_only(may.CLOSING, unit_id),
        step=step,
        text=request.args.get("q", "")[:40],
    )
    names = names_for(s, {row.holder_id or row.customer_id for row in rows})
    people = staff_names(s)
    running = dockets.about(s, {row.customer_id for row in rows})
    disputed = {
        row.id: _("in dispute")
        for row in rows
        for one in running
        if one.customer_id == row.customer_id and one.deal_id in (row.id, None)
    }
    table = Table(
        caption=_("Deals"),
        columns=(
            TableColumn("number", _("Number"), phone="title"),
            TableColumn("customer", _("Customer")),
            TableColumn("property", _("Unit number")),
            TableColumn("amount", _("Price"), kind="money"),
            TableColumn("state", _("State"), kind="state", phone="state"),
            TableColumn("disputed", _("Dispute")),
            TableColumn("rep", _("Papers handled by")),
            TableColumn("until", _("Reserved until"), kind="date"),
            TableColumn("at", _("Last step"), kind="time"),
        ),
        rows=[
            {
                "id": row.id,
                "number": row.number,
                "customer": names.get(str(row.holder_id or row.customer_id), ""),
                "property": row.property,
                "amount": row.amount_fen,
                "state": _state(row),
                "disputed": disputed.get(row.id, ""),
                "rep": people.get(row.staff_id, "") if row.staff_id else "",
                "until": row.reserved_until if row.state == "reserved" else None,
                "at": row.refunded_at or row.contracted_at or row.closed_at or row.reserved_at,
            }
            for row in rows
        ],
        row_url=lambda row: url_for(".deal", unit_id=unit_id, deal_id=row["id"]),
        base_url=url_for(".deal_list", unit_id=unit_id),
        args=list(request.args.items(multi=True)),
        after=after,
        search=True,
        search_help=_("Number of deal, contract or unit"),
        facets=[
            Facet(
                "step",
                _("State"),
                (
                    ("", _("all")),
                    *((key, _(text)) for key, (text, _tone) in words.DEAL_STEPS.items()),
                    ("asked", _("refund asked for")),
                ),
            )
        ],
        empty=Empty(
            _("No deals yet."),
            _("A deal begins with a reservation or subscription."),
            url=url_for(".deal_new", unit_id=unit_id),
            label=_("New deal"),
            icon="file-earmark-text",
        ),
    )
    return page(
        "sales_floor/deals.html",
        table=table,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        may=may,
        fragment=False,
    )


def _state(row: Deal) -> State:
    word, tone = words.DEAL_STEPS[deals.step_of(row)]
    return State(_(word), tone)


@bp.route("/floor/<uuid:unit_id>/deals/new", methods=["GET", "POST"], permission=may.CLOSING)
def deal_new(unit_id: uuid.UUID) -> Any:
    """The first paper of a deal; a subscription closes it and computes the credit at once."""
    s = reading()
    form = forms_sales.DealForm()
    form.rep.choices = rep_choices(floor.reps_of(s, unit_id), staff_names(s))
    kept = houses.kept(s, unit_id)
    known = forms.uuid_of(request.args.get("customer"))
    if request.method == "GET" and known is not None:
        row = customer_at(s, unit_id, known, may.CUSTOMER_VIEW)
        form.customer_id.data = str(row.id)
        form.rep.data = str(row.owner_id or "")
        form.customer.data = names_for(s, [row.id]).get(str(row.id), "")
    chosen = forms.uuid_of(request.args.get("house"))
    if request.method == "GET" and chosen is not None:
        found = houses.find_free(s, unit_id, chosen)
        if found is not None:
            form.house.data, form.house_id.data = found.code, str(found.id)
            form.amount.data = forms.yuan(found.price_fen) if found.price_fen else None

    def work(t: CompanySession) -> Then:
        customer_id = forms.uuid_of(form.customer_id.data)
        if customer_id is None:
            raise UserError(_("Please choose the customer from the list."), field="customer")
        row = customer_at(t, unit_id, customer_id, may.CUSTOMER_VIEW)
        house_id, amount = house_and_price(t, unit_id, form)
        if not kept and not (form.property.data or "").strip() and house_id is None:
            raise UserError(_("Please give the unit."), field="property")
        deal, done = deals.start(
            t,
            customer_id,
            form.step.data,
            property=form.property.data or "",
            amount_fen=amount,
            staff_id=forms.uuid_of(form.rep.data) or row.owner_id,
            house_id=house_id,
            deposit_fen=forms.fen(form.deposit.data),
            reserved_until=form.until.data if form.step.data == "small_reservation" else None,
        )
        return Then(done, _deal_url(unit_id, deal.id))

    return form_act(
        form,
        _("New deal"),
        work,
        submit=_("Save"),
        back=url_for(".deal_list", unit_id=unit_id),
        template="sales_floor/deal_new.html",
        suggest_url=url_for(".customer_suggest_all", unit_id=unit_id),
        house_url=url_for(".house_suggest", unit_id=unit_id),
        kept=kept,
    )


def house_and_price(
    s: CompanySession, unit_id: uuid.UUID, form: Any
) -> tuple[uuid.UUID | None, int]:
    """The house a form names, by choice or by its whole number, and the price in fen.

    Without a price the house's list price holds. Raises UserError for a number nobody knows.
    """
    house_id = forms.uuid_of(form.house_id.data)
    typed = (form.house.data or "").strip()
    if typed:  # what stands in the field counts, whatever was chosen before
        found = houses.named(s, unit_id, typed)
        if found is None and house_id is None:
            raise UserError(_("Please choose the unit from the list."), field="house")
        house_id = found.id if found is not None else house_id
    amount = form.amount.data
    if amount is None and house_id is not None:
        return house_id, houses.price_of(s, house_id)
    if amount is None:
        raise UserError(_("Please give the price."), field="amount")
    return house_id, forms.fen(amount)


@bp.get("/floor/<uuid:unit_id>/deals/suggest", permission=may.CLOSING)
def customer_suggest_all(unit_id: uuid.UUID) -> Any:
    """Type-ahead of this site's customers for a new deal; with the scope 仅本人 one's own."""
    s = reading()
    hits = customers.suggest(s, unit_id, request.args.get("q", "")[:60])
    own = own_only(may.CUSTOMER_VIEW, unit_id)
    return jsonify(
        items=[
            {"value": str(hit.customer_id), "label": hit.name or hit.phone, "note": hit.phone}
            for hit in hits
            if hit.customer_id is not None and (own is None or hit.owner_id == own)
        ]
    )


def _deal_url(unit_id: uuid.UUID, deal_id: uuid.UUID) -> str:
    return url_for(".deal", unit_id=unit_id, deal_id=deal_id)


@bp.get("/floor/<uuid:unit_id>/deals/<uuid:deal_id>", permission=may.CLOSING)
def deal(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """One deal: both vectors, each share with its clause, sums due, papers, what may be done."""
    s = reading()
    row = deal_at(s, unit_id, deal_id, may.CLOSING)
    names = staff_names(s)
    found = names_for(s, [row.customer_id, *([row.holder_id] if row.holder_id else [])])
    signer = found.get(str(row.customer_id), "")
    title = found.get(str(row.holder_id), "") if row.holder_id else signer
    facts: list[tuple[str, Any]] = [
        (_("Customer"), title),
        (_("Unit number"), row.property),
        (_("Price"), _yuan(row.amount_fen)),
        (_("Deposit"), _yuan(row.deposit_fen) if row.deposit_fen else ""),
        (_("Papers handled by"), names.get(row.staff_id, "") if row.staff_id else ""),
    ]
    if row.holder_id:
        facts.insert(1, (_("Signed by, credit by"), signer))
    if row.contracted_at is not None:
        way = _(words.PAY_WAYS[row.pay_way]) if row.pay_way in words.PAY_WAYS else row.pay_way
        facts += [
            (_("Contract number"), row.contract_no),
            (_("Contract signed on"), row.contract_on),
            (_("Way of paying"), way),
        ]
    if row.mail_address:
        facts.append((_("Mailing address"), f"{row.mail_address} {row.postcode}"))
    due = None
    if row.state == "reserved" and row.reserved_until is not None:
        due = deals.end_of(s, unit_id, row.reserved_until)
    dues = payments.of_deal(s, deal_id)
    return page(
        "sales_floor/deal.html",
        deal=row,
        title=" ".join(part for part in (title, row.property) if part),
        record={
            "number": row.number,
            "state": _state(row),
            "due": due,
            "due_label": _("reserved"),
        },
        disputed=dockets.about_deal(s, row),
        shares=sheets.shares_with_clauses(s, row),
        names=names,
        facts=facts,
        actions=_actions(unit_id, row),
        entries=_entries(s, row, names),
        customer_url=url_for(".customer", unit_id=unit_id, customer_id=row.customer_id),
        house_url=url_for(".house", unit_id=unit_id, house_id=row.house_id)
        if row.house_id and current().can(may.HOUSES, unit_id)
        else "",
        waits=row.house_id is not None and row.held_id is None and row.state != "refunded",
        dues=dues,
        planned=sum(one.amount_fen for one in dues),
        paid=sum(one.paid_fen for one in dues),
        receipts=payments.receipts_of(s, deal_id),
        papers=papers.every(s, deal_id),
        today=organisation.today(s, unit_id),
        unit_id=unit_id,
        may=may,
        words=words,
    )


def _yuan(amount_fen: int) -> str:
    return f"¥ {amount_fen / 100:,.2f}"


def _actions(unit_id: uuid.UUID, row: Deal) -> list[dict[str, Any]]:
    """What may be done now, the next step first; what takes back stands last and in red."""
    me = current()
    rules = bool(me.can(may.RULE, unit_id))

    def one(what: str, label: str, icon: str, **more: Any) -> dict[str, Any]:
        url = url_for(f".{what}", unit_id=unit_id, deal_id=row.id)
        return {"label": label, "url": url, "icon": icon, **more}

    found: list[dict[str, Any]] = []
    step = deals.step_of(row)
    if step == "reserved":
        found.append(one("deal_sign", _("Subscription signed"), "pen", primary=True))
        found.append(one("deal_extend", _("Extend"), "calendar-plus"))
    if step == "subscribed":
        found.append(one("deal_contract", _("Contract signed"), "file-earmark-check", primary=True))
    if step in ("subscribed", "contracted", "defaulted"):
        found.append(one("deal_paper", _("Subscription paper"), "printer"))
        if row.house_id is not None:
            found.append(one("deal_swap", _("Swap the unit"), "arrow-left-right"))
        found.append(one("deal_name", _("Change the name"), "person-lines-fill"))
        found.append(one("deal_paid", _("Commission paid"), "cash-coin"))
    if step == "contracted" and rules:
        found.append(one("deal_default", _("Mark as in default"), "exclamation-octagon"))
    if row.state == "closed" and rules:
        found.append(one("deal_rule", _("Rule on the credit"), "hammer"))
        found.append(one("deal_quarrel", _("Log a quarrel"), "lightning"))
    if me.can(may.REPORT, unit_id):
        url = url_for(".docket_new", unit_id=unit_id, customer=row.customer_id, deal=row.id)
        found.append({"label": _("Open a dispute"), "icon": "exclamation-diamond", "url": url})
    if row.state != "refunded" and (rules or row.state == "reserved"):
        found.append(one("deal_correct", _("Correct"), "eraser"))
    if row.state != "reserved":
        found.append(one("credit_sheet", _("Credit sheet"), "printer"))
    if row.decision_id:
        found.append(
            {
                "label": _("Why?"),
                "url": url_for(".why", decision_id=row.decision_id),
                "icon": "question-circle",
            }
        )
    if row.state != "refunded":
        if row.asked_at is not None:
            found.append(one("deal_keep", _("The customer stays"), "hand-thumbs-up"))
        label = _("Refund") if rules or row.state == "reserved" else _("Ask for a refund")
        found.append(one("deal_refund", label, "arrow-counterclockwise", danger=True))
    return found


def _entries(s: CompanySession, row: Deal, names: Names) -> list[dict[str, Any]]:
    """Papers, changes, quarrels and rulings of a deal, newest first; findings are explained."""
    found: list[dict[str, Any]] = [
        {"at": at, "kind": "act", "title": _(what)}
        for at, what in (
            (row.closed_at, "subscribed"),
            (row.reserved_at, "small reservation"),
        )
        if at
    ]
    changes = sales.changes_of(s, row.id)
    people = names_for(s, ids_in([change.body for change in changes]))
    found += [_change(change, people) for change in changes]
    if row.refunded_at and not any(c.kind in ("refund", "expired") for c in changes):
        found.append({"at": row.refunded_at, "kind": "act", "title": _("refunded")})
    if row.asked_at:
        found.append(
            {
                "at": row.asked_at,
                "kind": "note",
                "tone": "attention",
                "title": _("refund asked for"),
                "text": row.asked_why,
                "who": row.asked_by,
            }
        )
    about_customer = decisions.list_for(s, RecordRef(live.PLUGIN, "customer", row.customer_id))
    for decision in about_customer:
        event = decision.inputs.get("event", {})
        if decision.kind != "ruling" or event.get("deal") != str(row.id):
            continue
        quarrel = event["event"] == "quarrel"
        found.append(
            {
                "at": decision.at,
                "kind": "decision",
                "tone": "attention" if quarrel else "",
                "title": _(words.VERBS[words.act_of(event)]),
                "text": str(event.get("reason", "")),
                "who": str(event.get("by", "")),
                "why_url": url_for(".why", decision_id=decision.id),
            }
        )
    return sorted(found, key=lambda entry: entry["at"], reverse=True)


def _change(change: DealChange, people: dict[str, str]) -> dict[str, Any]:
    told = change_words(change, people)
    return {
        "at": change.at,
        "kind": "decision" if change.decision_id else "act",
        "tone": "breach" if change.kind == "default" else "",
        "title": _(words.DEAL_CHANGES.get(change.kind, change.kind)),
        "text": "\n".join([*told, *([change.reason] if change.reason else [])]),
        "who": change.by,
        "why_url": url_for(".why", decision_id=change.decision_id) if change.decision_id else "",
    }


def change_words(change: DealChange, people: dict[str, str]) -> list[str]:
    """What a change says, one line each: what was and what is, in yuan, names and words."""
    told = []
    for key, label in words.CHANGE_FIELDS.items():
        value = change.body.get(key)
        if value in (None, ""):
            continue
        if isinstance(value, list):
            shown = " → ".join(_told(key, part, people) for part in value)
        else:
            shown = _told(key, value, people)
        told.append(_("%(label)s: %(value)s", label=_(label), value=shown))
    if change.fee_fen:
        told.append(_("Fee proposed: %(sum)s", sum=_yuan(change.fee_fen)))
    return told


def _told(key: str, value: Any, people: dict[str, str]) -> str:
    if key in ("price", "price_from", "price_to", "deposit", "sum"):
        return _yuan(int(value or 0))
    if key == "pay_way" and value in words.PAY_WAYS:
        return _(words.PAY_WAYS[value])
    return people.get(str(value), str(value))


@bp.get("/floor/<uuid:unit_id>/deals/<uuid:deal_id>/sheet", permission=may.CLOSING)
def credit_sheet(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """业绩分配单 on screen, as PDF (``?as=pdf``) or xlsx."""
    s = reading()
    row = deal_at(s, unit_id, deal_id, may.CLOSING)
    form, data = sheets.credit_sheet(s, row)
    kind = request.args.get("as", "html")
    return answer(form, data, kind, back=_deal_url(unit_id, deal_id))
