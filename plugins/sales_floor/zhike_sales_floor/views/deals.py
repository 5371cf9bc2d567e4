"""Deals: list, new, record with the credit explained, signing, refund, ruling, credit sheet."""

from __future__ import annotations

import re
import uuid
from typing import Any

from flask import request, url_for

from zhike.api import (
    CompanySession,
    Empty,
    NotFound,
    RecordRef,
    State,
    Table,
    TableColumn,
    UserError,
    _,
    current,
    decisions,
    page,
    reading,
)
from zhike_sales_floor import forms, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Customer, Deal
from zhike_sales_floor.services import customers, deals, floor, live, sheets
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.views._common import (
    Then,
    bp,
    customer_at,
    form_act,
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
    """Deals of the site, newest first."""
    s = reading()
    rows, after = deals.of_unit(s, unit_id, after=request.args.get("after", ""))
    names = names_for(s, {row.customer_id for row in rows})
    table = Table(
        caption=_("Deals"),
        columns=(
            TableColumn("number", _("Number"), phone="title"),
            TableColumn("customer", _("Customer")),
            TableColumn("property", _("Property")),
            TableColumn("amount", _("Price"), kind="money"),
            TableColumn("state", _("State"), kind="state", phone="state"),
            TableColumn("closed_at", _("Signed"), kind="time"),
        ),
        rows=[
            {
                "id": row.id,
                "number": row.number,
                "customer": names.get(str(row.customer_id), ""),
                "property": row.property,
                "amount": row.amount_fen,
                "state": State(_(words.DEAL_STATES[row.state][0]), words.DEAL_STATES[row.state][1]),
                "closed_at": row.closed_at or row.reserved_at,
            }
            for row in rows
        ],
        row_url=lambda row: url_for(".deal", unit_id=unit_id, deal_id=row["id"]),
        base_url=url_for(".deal_list", unit_id=unit_id),
        args=list(request.args.items(multi=True)),
        after=after,
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
        fragment=False,
    )


def _deal_at(s: CompanySession, unit_id: uuid.UUID, deal_id: uuid.UUID) -> Deal:
    deal = s.require(Deal, deal_id)
    if deal.unit_id != unit_id:
        raise NotFound(_("This deal belongs to another site."))
    return deal


@bp.route("/floor/<uuid:unit_id>/deals/new", methods=["GET", "POST"], permission=may.CLOSING)
def deal_new(unit_id: uuid.UUID) -> Any:
    """The first paper of a deal; a subscription closes it and computes the credit at once."""
    s = reading()
    form = forms.DealForm()
    form.rep.choices = rep_choices(floor.reps_of(s, unit_id), staff_names(s))
    known = forms.uuid_of(request.args.get("customer"))
    if request.method == "GET" and known is not None:
        row = customer_at(s, unit_id, known, may.CUSTOMER_VIEW)
        form.customer_id.data = str(row.id)
        form.rep.data = str(row.owner_id or "")
        form.customer.data = names_for(s, [row.id]).get(str(row.id), "")

    def work(t: CompanySession) -> Then:
        customer_id = forms.uuid_of(form.customer_id.data)
        if customer_id is None:
            raise UserError(_("Please choose the customer from the list."), field="customer")
        customer_at(t, unit_id, customer_id, may.CUSTOMER_VIEW)
        deal, done = deals.start(
            t,
            customer_id,
            form.step.data,
            property=form.property.data,
            amount_fen=forms.fen(form.amount.data),
            staff_id=forms.uuid_of(form.rep.data),
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
    )


@bp.get("/floor/<uuid:unit_id>/deals/suggest", permission=may.CLOSING)
def customer_suggest_all(unit_id: uuid.UUID) -> Any:
    """Type-ahead of this site's customers for a new deal."""
    from flask import jsonify

    hits = customers.suggest(reading(), unit_id, request.args.get("q", "")[:60])
    return jsonify(
        items=[
            {"value": str(hit.customer_id), "label": hit.name or hit.phone, "note": hit.phone}
            for hit in hits
            if hit.customer_id is not None
        ]
    )


@bp.get("/floor/<uuid:unit_id>/deals/<uuid:deal_id>", permission=may.CLOSING)
def deal(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """One deal: both vectors, each share with its clause, what may be done."""
    s = reading()
    row = _deal_at(s, unit_id, deal_id)
    names = staff_names(s)
    customer = s.require(Customer, row.customer_id)
    title = names_for(s, [customer.id]).get(str(customer.id), "")
    word, tone = words.DEAL_STATES[row.state]
    me = current()

    def url(what: str) -> str:
        return url_for(f".{what}", unit_id=unit_id, deal_id=deal_id)

    shares = sheets.shares_with_clauses(s, row)
    actions: list[dict[str, Any]] = []
    if row.state == "reserved":
        actions.append(
            {
                "label": _("Subscription signed"),
                "url": url("deal_sign"),
                "icon": "pen",
                "primary": True,
            }
        )
    if row.state in ("reserved", "closed"):
        actions.append(
            {
                "label": _("Refund"),
                "url": url("deal_refund"),
                "icon": "arrow-counterclockwise",
                "danger": True,
            }
        )
    if row.state == "closed":
        actions.append(
            {
                "label": _("Commission paid"),
                "url": url("deal_paid"),
                "icon": "cash-coin",
            }
        )
        if me.can(may.RULE, unit_id):
            actions.append(
                {"label": _("Rule on the credit"), "url": url("deal_rule"), "icon": "hammer"}
            )
            actions.append(
                {"label": _("Log a quarrel"), "url": url("deal_quarrel"), "icon": "lightning"}
            )
    if row.state in ("closed", "refunded") and shares:
        actions.append({"label": _("Credit sheet"), "url": url("credit_sheet"), "icon": "printer"})
    if row.decision_id:
        actions.append(
            {
                "label": _("Why?"),
                "url": url_for(".why", decision_id=row.decision_id),
                "icon": "question-circle",
            }
        )
    return page(
        "sales_floor/deal.html",
        deal=row,
        title=" ".join(part for part in (title, row.property) if part),
        record={"number": row.number, "state": State(_(word), tone)},
        shares=shares,
        names=names,
        facts=[
            (_("Customer"), title),
            (_("Property"), row.property),
            (_("Price"), f"¥ {row.amount_fen / 100:,.2f}"),
            (_("Papers handled by"), names.get(row.staff_id, "") if row.staff_id else ""),
        ],
        actions=actions,
        entries=_entries(s, row),
        customer_url=url_for(".customer", unit_id=unit_id, customer_id=row.customer_id),
        unit_id=unit_id,
    )


def _entries(s: CompanySession, row: Deal) -> list[dict[str, Any]]:
    """Papers, quarrels and rulings of a deal, newest first; each finding with its explanation."""
    found: list[dict[str, Any]] = [
        {"at": at, "kind": "act", "title": _(what)}
        for at, what in (
            (row.refunded_at, "refunded"),
            (row.closed_at, "subscribed"),
            (row.reserved_at, "small reservation"),
        )
        if at
    ]
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


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/sign",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def deal_sign(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """The subscription of a reserved deal is signed."""
    row = _deal_at(reading(), unit_id, deal_id)
    return form_act(
        forms.EmptyForm(),
        _("Subscription of %(number)s", number=row.number),
        lambda s: deals.sign(s, deal_id),
        submit=_("Subscription signed"),
        back=_deal_url(unit_id, deal_id),
        lead=_("The credit is computed now; afterwards only a refund takes it back."),
    )


def _deal_url(unit_id: uuid.UUID, deal_id: uuid.UUID) -> str:
    return url_for(".deal", unit_id=unit_id, deal_id=deal_id)


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/paid",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def deal_paid(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """The commission is paid: the credit is final."""
    row = _deal_at(reading(), unit_id, deal_id)
    return form_act(
        forms.EmptyForm(),
        _("Commission of %(number)s", number=row.number),
        lambda s: deals.commission_paid(s, deal_id),
        submit=_("Commission paid"),
        back=_deal_url(unit_id, deal_id),
        lead=_("The credit is final from now on: later findings do not change it."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/quarrel",
    methods=["GET", "POST"],
    permission=may.RULE,
)
def deal_quarrel(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """Reps quarrel over the deal, or refuse the ruling."""
    row = _deal_at(reading(), unit_id, deal_id)
    form = forms.ReasonForm()
    return form_act(
        form,
        _("Quarrel over %(number)s", number=row.number),
        lambda s: deals.quarrel(s, deal_id, form.reason.data),
        submit=_("Log the quarrel"),
        back=_deal_url(unit_id, deal_id),
        lead=_("The regulation says what becomes of the shares; the credit is computed anew."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/refund",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def deal_refund(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """Cancel the deal; the credit is reversed with a dated entry."""
    row = _deal_at(reading(), unit_id, deal_id)
    form = forms.ReasonForm()
    return form_act(
        form,
        _("Refund of %(number)s", number=row.number),
        lambda s: deals.refund(s, deal_id, form.reason.data),
        submit=_("Refund"),
        back=_deal_url(unit_id, deal_id),
        lead=_("Both vectors of the credit are reversed; the entries made before stay."),
    )


_PART = re.compile(r"^(?P<name>.+?)[\s::]*(?P<share>\d+(?:\.\d{1,2})?)\s*[%%]?$")


def read_shares(text: str, names: dict[str, uuid.UUID]) -> dict[uuid.UUID, int]:
    """``李敏 60 / 王强 40`` as basis points; UserError for a name or figure that fits nobody."""
    shares: dict[uuid.UUID, int] = {}
    for part in re.split(r"[/,,;;、]", text):
        if not part.strip():
            continue
        found = _PART.match(part.strip())
        if found is None or found["name"].strip() not in names:
            raise UserError(
                _("“%(part)s” is not a rep of this site with a share.", part=part.strip()),
                field="shares",
            )
        who = names[found["name"].strip()]
        whole, _dot, rest = found["share"].partition(".")
        shares[who] = shares.get(who, 0) + int(whole) * 100 + int((rest + "00")[:2])
    return shares


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/rule",
    methods=["GET", "POST"],
    permission=may.RULE,
)
def deal_rule(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """The manager rules on the credit of a case no clause decides."""
    s = reading()
    row = _deal_at(s, unit_id, deal_id)
    names = staff_names(s)
    known = {names.get(one, ""): one for one in floor.reps_of(s, unit_id)}
    form = forms.SharesForm()

    def work(t: CompanySession) -> live.Act:
        shares = read_shares(form.shares.data, known)
        _ruling, done = deals.rule_shares(
            t, deal_id, shares, facts=form.facts.data, reason=form.reason.data
        )
        return done

    return form_act(
        form,
        _("Ruling on %(number)s", number=row.number),
        work,
        submit=_("Rule"),
        back=_deal_url(unit_id, deal_id),
    )


@bp.get("/floor/<uuid:unit_id>/deals/<uuid:deal_id>/sheet", permission=may.CLOSING)
def credit_sheet(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """业绩分配单 on screen, as PDF (``?as=pdf``) or xlsx."""
    s = reading()
    row = _deal_at(s, unit_id, deal_id)
    form, data = sheets.credit_sheet(s, row)
    kind = request.args.get("as", "html")
    return answer(form, data, kind, back=_deal_url(unit_id, deal_id))
