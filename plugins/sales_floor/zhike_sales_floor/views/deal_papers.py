"""Papers of a deal: 认购书, sums due, receipts, reminders, and the ledger of blank numbers."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import redirect, request, url_for

from zhike.api import (
    CompanySession,
    Empty,
    Facet,
    NotFound,
    State,
    Table,
    TableColumn,
    _,
    act,
    current,
    organisation,
    page,
    reading,
    transaction,
)
from zhike.api import forms as paper_forms
from zhike_sales_floor import forms, forms_sales, words
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Deal
from zhike_sales_floor.models_sales import Dunning, Instalment, Paper, Receipt
from zhike_sales_floor.services import blanks, deal_sheets, floor, papers, payments
from zhike_sales_floor.services.names import names_for
from zhike_sales_floor.views._common import (
    bp,
    deal_at,
    doing,
    form_act,
    own_only,
    posted,
    rep_choices,
    shown_status,
    site_of,
    staff_names,
    unit_name,
)
from zhike_sales_floor.views._papers import answer, on_screen


def _deal_url(unit_id: uuid.UUID, deal_id: uuid.UUID) -> str:
    return url_for(".deal", unit_id=unit_id, deal_id=deal_id)


# -- 认购书 -----------------------------------------------------------------------------------


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/paper",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def deal_paper(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """The 认购书: issued with the address, then shown; printed from there."""
    s = reading()
    row = deal_at(s, unit_id, deal_id, may.CLOSING)
    paper = papers.of_deal(s, deal_id)
    here = url_for(".deal_paper", unit_id=unit_id, deal_id=deal_id)
    if paper is not None:
        form, data = deal_sheets.subscription(s, row, paper)
        return page(
            "sales_floor/deal_paper.html",
            deal=row,
            paper=paper,
            form_html=paper_forms.render_html(on_screen(form), data),
            copies=papers.copy_names(paper.body.get("copies", ())),
            print_url=url_for(".deal_paper_print", unit_id=unit_id, deal_id=deal_id),
            unit_id=unit_id,
            fragment=False,
        )
    asked = forms_sales.AddressForm(
        address=row.mail_address or None,
        postcode=row.postcode or None,
        blank=blanks.next_number(s, unit_id, "subscription") or None,
    )

    def work(t: CompanySession) -> str:
        papers.set_address(t, deal_id, asked.address.data, asked.postcode.data)
        made = papers.issue(t, deal_id, asked.blank.data or "")
        return _("Paper %(number)s is issued.", number=made.number)

    return form_act(
        asked,
        _("Subscription paper of %(number)s", number=row.number),
        work,
        submit=_("Issue the paper"),
        back=here,
        cancel=_deal_url(unit_id, deal_id),
        lead=_("Unit, price and deposit as on the deal. Once issued nothing on it is altered."),
        facts=[
            (_("Unit number"), row.property),
            (_("Price"), f"¥ {row.amount_fen / 100:,.2f}"),
            (_("Deposit"), f"¥ {row.deposit_fen / 100:,.2f}"),
            (_("Balance"), f"¥ {(row.amount_fen - row.deposit_fen) / 100:,.2f}"),
        ],
    )


@bp.post("/floor/<uuid:unit_id>/deals/<uuid:deal_id>/paper/print", permission=may.CLOSING)
def deal_paper_print(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """Print the 认购书 in all its copies; the ledger knows each print, later ones are marked."""
    paper = papers.of_deal(reading(), deal_at(reading(), unit_id, deal_id, may.CLOSING).id)
    if paper is None:
        raise NotFound(_("No paper is issued for this deal."))
    paper_id = paper.id
    which = int(act(lambda t: papers.printed(t, paper_id)))
    phone = ""
    if current().can(may.CUSTOMER_REVEAL, unit_id):
        with transaction() as t:  # the ledger says who had the number printed
            phone = papers.phone_for(t, deal_id)
    s = reading()
    row = deal_at(s, unit_id, deal_id, may.CLOSING)
    form, data = deal_sheets.subscription(s, row, s.require(Paper, paper_id), which, phone)
    return answer(form, data, "pdf", back=_deal_url(unit_id, deal_id))


# -- sums due and receipts --------------------------------------------------------------------


def _due_at(s: CompanySession, unit_id: uuid.UUID, due_id: uuid.UUID) -> tuple[Instalment, Deal]:
    row = s.require(Instalment, due_id)
    return row, deal_at(s, unit_id, row.deal_id, may.CLOSING)


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/dues/new",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def due_new(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """Write down a sum that is due."""
    s = reading()
    row = deal_at(s, unit_id, deal_id, may.CLOSING)
    planned = sum(one.amount_fen for one in payments.of_deal(s, deal_id))
    form = forms_sales.InstalmentForm(
        title=_("Deposit") if not planned and row.deposit_fen else None,
        amount=forms.yuan(row.deposit_fen)
        if not planned and row.deposit_fen
        else forms.yuan(row.amount_fen - planned),
        due_on=organisation.today(s, unit_id),
    )

    def work(t: CompanySession) -> str:
        made = payments.plan(
            t, deal_id, form.title.data, forms.fen(form.amount.data), form.due_on.data
        )
        return _("Noted: %(what)s, due on %(day)s.", what=made.title, day=str(made.due_on))

    return form_act(
        form,
        _("Sum due on %(number)s", number=row.number),
        work,
        submit=_("Save"),
        back=_deal_url(unit_id, deal_id),
        lead=_("Stated facts only: nothing here is an account."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/dues/<uuid:due_id>/pay", methods=["GET", "POST"], permission=may.CLOSING
)
def due_pay(unit_id: uuid.UUID, due_id: uuid.UUID) -> Any:
    """State a payment that finance took."""
    s = reading()
    row, deal = _due_at(s, unit_id, due_id)
    form = forms_sales.PayForm(
        amount=forms.yuan(row.amount_fen - row.paid_fen),
        paid_on=organisation.today(s, unit_id),
        number=blanks.next_number(s, unit_id, "receipt") or None,
    )

    def work(t: CompanySession) -> str:
        made = payments.pay(
            t,
            due_id,
            forms.fen(form.amount.data),
            form.paid_on.data,
            form.number.data or "",
        )
        return _("Noted under receipt %(number)s.", number=made.number)

    return form_act(
        form,
        _("Payment: %(what)s", what=row.title),
        work,
        submit=_("State the payment"),
        back=_deal_url(unit_id, deal.id),
        lead=_("House payments are taken by finance only, never by a rep."),
    )


@bp.post("/floor/<uuid:unit_id>/dues/<uuid:due_id>/drop", permission=may.CLOSING)
def due_drop(unit_id: uuid.UUID, due_id: uuid.UUID) -> Any:
    """Take a sum due out again, as long as nothing came of it."""
    _row, deal = _due_at(reading(), unit_id, due_id)
    return doing(lambda t: payments.unplan(t, due_id), back=_deal_url(unit_id, deal.id))


@bp.post("/floor/<uuid:unit_id>/dues/<uuid:due_id>/dun", permission=may.CLOSING)
def due_dun(unit_id: uuid.UUID, due_id: uuid.UUID) -> Any:
    """Issue a 催款通知单 and show it, to be printed and sent."""
    _due_at(reading(), unit_id, due_id)
    made = act(lambda t: str(payments.dun(t, due_id).id))
    return redirect(url_for(".dunning", unit_id=unit_id, dunning_id=made), 303)


@bp.get("/floor/<uuid:unit_id>/dunnings/<uuid:dunning_id>", permission=may.CLOSING)
def dunning(unit_id: uuid.UUID, dunning_id: uuid.UUID) -> Any:
    """A 催款通知单 as a page to print, ``?as=pdf`` or ``?as=xlsx``."""
    s = reading()
    row = s.require(Dunning, dunning_id)
    deal = deal_at(s, unit_id, row.deal_id, may.CLOSING)
    form, data = deal_sheets.dunning(s, deal, row)
    return answer(form, data, request.args.get("as", "html"), back=_deal_url(unit_id, deal.id))


@bp.get("/floor/<uuid:unit_id>/receipts/<uuid:receipt_id>", permission=may.CLOSING)
def receipt(unit_id: uuid.UUID, receipt_id: uuid.UUID) -> Any:
    """A receipt as a page to print, ``?as=pdf`` or ``?as=xlsx``."""
    s = reading()
    row, deal = _receipt_at(s, unit_id, receipt_id)
    form, data = deal_sheets.receipt(s, deal, row)
    return answer(form, data, request.args.get("as", "html"), back=_deal_url(unit_id, deal.id))


def _receipt_at(
    s: CompanySession, unit_id: uuid.UUID, receipt_id: uuid.UUID
) -> tuple[Receipt, Deal]:
    row = s.require(Receipt, receipt_id)
    if row.deal_id is None:
        raise NotFound(_("This number is of a spoilt blank."))
    return row, deal_at(s, unit_id, row.deal_id, may.CLOSING)


@bp.route(
    "/floor/<uuid:unit_id>/receipts/<uuid:receipt_id>/void",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def receipt_void(unit_id: uuid.UUID, receipt_id: uuid.UUID) -> Any:
    """A receipt was written by mistake."""
    row, deal = _receipt_at(reading(), unit_id, receipt_id)
    form = forms.ReasonForm()
    return form_act(
        form,
        _("Void receipt %(number)s", number=row.number),
        lambda t: payments.void(t, receipt_id, form.reason.data),
        submit=_("Void"),
        back=_deal_url(unit_id, deal.id),
        lead=_("The sum is due again; the number stays used, keep the paper."),
    )


@bp.get("/payments", permission=may.CLOSING)
def payments_home() -> Any:
    """The sums due at the site at which the reader works."""
    unit_id = site_of()
    current().require(may.CLOSING, unit_id)
    return payment_list(unit_id)


@bp.get("/floor/<uuid:unit_id>/payments", permission=may.CLOSING)
def payment_list(unit_id: uuid.UUID) -> Any:
    """What is overdue and what falls due within thirty days, the oldest first."""
    s = reading()
    today = organisation.today(s, unit_id)
    overdue = request.args.get("due") == "overdue"
    lines = payments.due_list(
        s,
        unit_id,
        until=today - timedelta(days=1) if overdue else today + timedelta(days=30),
        own=own_only(may.CLOSING, unit_id),
    )
    names = names_for(s, {line.deal.holder_id or line.deal.customer_id for line in lines})
    people = staff_names(s)
    table = Table(
        caption=_("Sums due"),
        columns=(
            TableColumn("customer", _("Customer"), phone="title"),
            TableColumn("unit", _("Unit number")),
            TableColumn("title", _("What is due")),
            TableColumn("rest", _("Sum"), kind="money"),
            TableColumn("due_on", _("Due on"), kind="date"),
            TableColumn("state", _("State"), kind="state", phone="state"),
            TableColumn("rep", _("Papers handled by")),
            TableColumn("dunned_on", _("Reminded on"), kind="date"),
        ),
        rows=[
            {
                "id": line.row.id,
                "deal": line.deal.id,
                "customer": names.get(str(line.deal.holder_id or line.deal.customer_id), ""),
                "unit": line.deal.property,
                "title": line.row.title,
                "rest": line.rest_fen,
                "due_on": line.row.due_on,
                "state": _lateness(line.days),
                "rep": people.get(line.deal.staff_id, "") if line.deal.staff_id else "",
                "dunned_on": line.row.dunned_on,
            }
            for line in lines
        ],
        row_url=lambda row: _deal_url(unit_id, row["deal"]),
        base_url=url_for(".payment_list", unit_id=unit_id),
        args=list(request.args.items(multi=True)),
        facets=[
            Facet(
                "due",
                _("Due"),
                (("", _("within thirty days")), ("overdue", _("past due"))),
            )
        ],
        total=len(lines),
        empty=Empty(
            _("No sum is due."),
            _("Sums due are written down on the deal; what is late stands here on top."),
            icon="calendar-check",
        ),
    )
    return page(
        "sales_floor/payments.html",
        table=table,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        sum_overdue=sum(line.rest_fen for line in lines if line.days > 0),
        number_overdue=sum(line.days > 0 for line in lines),
        fragment=False,
    )


def _lateness(days: int) -> State:
    if days > 0:
        return State(_("%(n)s days overdue", n=days), "breach")
    if days == 0:
        return State(_("due today"), "attention")
    return State(_("in %(n)s days", n=-days), "idle")


# -- blanks -----------------------------------------------------------------------------------


@bp.route("/floor/<uuid:unit_id>/blanks", methods=["GET", "POST"], permission=may.SALES_CONTROL)
def blank_list(unit_id: uuid.UUID) -> Any:
    """The ledger of blank receipts and 认购书: what was drawn, by whom, what is left."""
    s = reading()
    names = staff_names(s)
    form = forms_sales.BlankForm(drawn_on=organisation.today(s, unit_id))
    form.drawn_by.choices = rep_choices(_people(s, unit_id), names)

    def work(t: CompanySession) -> str:
        row = blanks.draw(
            t,
            unit_id,
            form.kind.data,
            form.first.data,
            form.last.data,
            drawn_by=forms.uuid_of(form.drawn_by.data),
            drawn_on=form.drawn_on.data,
        )
        return _("Noted: %(n)s numbers drawn.", n=row.last - row.first + 1)

    done = posted(form, work, back=url_for(".blank_list", unit_id=unit_id))
    if done is not None:
        return done
    html = page(
        "sales_floor/blanks.html",
        form=form,
        lines=blanks.lines(s, unit_id),
        written=blanks.written,
        names=names,
        words=words,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        draft=True,
        fragment=False,
    )
    return html, shown_status()


def _people(s: CompanySession, unit_id: uuid.UUID) -> list[uuid.UUID]:
    """Whoever has a post at the site, reps or not: a supervisor need not be in the ring."""
    today = organisation.today(s, unit_id)
    reps = list(floor.reps_of(s, unit_id))
    others = [
        one
        for one in organisation.staff_names(s)
        if one not in reps and unit_id in organisation.units_of(s, one, today)
    ]
    return [*others, *reps]


@bp.route(
    "/floor/<uuid:unit_id>/blanks/void", methods=["GET", "POST"], permission=may.SALES_CONTROL
)
def blank_void(unit_id: uuid.UUID) -> Any:
    """A blank receipt was spoilt; its number is gone and its paper is kept."""
    form = forms_sales.VoidBlankForm()

    def work(t: CompanySession) -> str:
        row = blanks.void_blank(t, unit_id, form.number.data, form.reason.data)
        return _("Receipt %(number)s is void.", number=row.number)

    return form_act(
        form,
        _("Void a blank receipt"),
        work,
        submit=_("Void"),
        back=url_for(".blank_list", unit_id=unit_id),
    )
