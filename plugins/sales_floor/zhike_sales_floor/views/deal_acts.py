"""Acts on one deal: signing, contract, swap, new name, refund, default, corrections, rulings."""

from __future__ import annotations

import re
import uuid
from typing import Any

from flask import url_for

from zhike.api import CompanySession, Forbidden, UserError, _, current, organisation, reading
from zhike_sales_floor import forms, forms_sales
from zhike_sales_floor import permissions as may
from zhike_sales_floor.services import arrivals, deals, dockets, floor, live, sales
from zhike_sales_floor.services.arrivals import Arrival, Person
from zhike_sales_floor.views._common import bp, deal_at, form_act, staff_names
from zhike_sales_floor.views.deals import house_and_price


def _deal_url(unit_id: uuid.UUID, deal_id: uuid.UUID) -> str:
    return url_for(".deal", unit_id=unit_id, deal_id=deal_id)


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/sign",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def deal_sign(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """The subscription of a reserved deal is signed, for the price agreed now."""
    row = deal_at(reading(), unit_id, deal_id, may.CLOSING)
    form = forms_sales.SignForm(
        amount=forms.yuan(row.amount_fen), deposit=forms.yuan(row.deposit_fen)
    )
    return form_act(
        form,
        _("Subscription of %(number)s", number=row.number),
        lambda s: deals.sign(
            s,
            deal_id,
            amount_fen=forms.fen(form.amount.data),
            deposit_fen=forms.fen(form.deposit.data),
        ),
        submit=_("Subscription signed"),
        back=_deal_url(unit_id, deal_id),
        lead=_("The credit is computed now; afterwards only a refund takes it back."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/extend",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def deal_extend(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """A small reservation holds for longer."""
    row = deal_at(reading(), unit_id, deal_id, may.CLOSING)
    form = forms_sales.ExtendForm(until=row.reserved_until)
    return form_act(
        form,
        _("Extend %(number)s", number=row.number),
        lambda s: sales.extend(s, deal_id, form.until.data, form.reason.data),
        submit=_("Extend"),
        back=_deal_url(unit_id, deal_id),
        lead=_("When the last day is over the unit is for sale again by itself."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/contract",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def deal_contract(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """The contract of a subscribed deal is signed."""
    s = reading()
    row = deal_at(s, unit_id, deal_id, may.CLOSING)
    form = forms_sales.ContractForm(on=organisation.today(s, unit_id))
    return form_act(
        form,
        _("Contract of %(number)s", number=row.number),
        lambda t: sales.contract(
            t,
            deal_id,
            number=form.number.data,
            on=form.on.data,
            pay_way=form.pay_way.data,
        ),
        submit=_("Contract signed"),
        back=_deal_url(unit_id, deal_id),
        lead=_("The credit stays as the subscription gave it."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/swap",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def deal_swap(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """Another unit for the same deal; who may rule may also allow a swap downward."""
    row = deal_at(reading(), unit_id, deal_id, may.CLOSING)
    form = forms_sales.SwapForm()
    rules = bool(current().can(may.RULE, unit_id))
    if not rules:
        del form.override

    def work(s: CompanySession) -> live.Act:
        house_id, amount = house_and_price(s, unit_id, form)
        if house_id is None:
            raise UserError(_("Please choose the unit from the list."), field="house")
        return sales.swap(
            s,
            deal_id,
            house_id,
            amount_fen=amount,
            reason=form.reason.data,
            harder=bool(form.harder.data),
            override=rules and bool(form.override.data),
        )

    return form_act(
        form,
        _("Swap %(unit)s", unit=row.property),
        work,
        submit=_("Swap"),
        back=_deal_url(unit_id, deal_id),
        lead=_(
            "Ownership and credit move with the deal; the paper is void and a new one is issued."
        ),
        template="sales_floor/deal_swap.html",
        house_url=url_for(".house_suggest", unit_id=unit_id),
    )


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/name",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def deal_name(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """Somebody else takes the deal over; a name nobody knows becomes a customer of the site."""
    row = deal_at(reading(), unit_id, deal_id, may.CLOSING)
    form = forms_sales.NameForm()
    if row.contracted_at is None:
        del form.fee

    def work(s: CompanySession) -> live.Act:
        holder = forms.uuid_of(form.holder_id.data)
        if holder is None:
            if not (form.phone.data or "").strip():
                raise UserError(_("Please give the phone of the new customer."), field="phone")
            person = Person(name=form.holder.data, phone=form.phone.data)
            holder = arrivals.enrol(s, unit_id, person, Arrival())
        fee = form.fee.data if "fee" in form else None
        return sales.change_name(
            s,
            deal_id,
            holder,
            reason=form.reason.data,
            fee_fen=None if fee is None else forms.fen(fee),
        )

    return form_act(
        form,
        _("Change the name of %(number)s", number=row.number),
        work,
        submit=_("Change the name"),
        back=_deal_url(unit_id, deal_id),
        lead=_("The credit stays. After the contract this is a transfer of title, with a fee.")
        if row.contracted_at
        else _("The credit stays; before the contract there is no fee."),
        template="sales_floor/deal_name.html",
        suggest_url=url_for(".customer_suggest_all", unit_id=unit_id),
    )


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/default",
    methods=["GET", "POST"],
    permission=may.RULE,
)
def deal_default(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """A contract is in default, because a sum is overdue for too long."""
    row = deal_at(reading(), unit_id, deal_id, may.RULE)
    form = forms.ReasonForm()
    return form_act(
        form,
        _("%(number)s is in default", number=row.number),
        lambda s: sales.mark_default(s, deal_id, form.reason.data),
        submit=_("Mark as in default"),
        back=_deal_url(unit_id, deal_id),
        lead=_("Unit and credit stay until the deal is refunded."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/refund",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def deal_refund(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """Cancel the deal, by whoever may rule; others ask for it. The credit is reversed."""
    row = deal_at(reading(), unit_id, deal_id, may.CLOSING)
    decides = row.state == "reserved" or bool(current().can(may.RULE, unit_id))
    form = forms_sales.RefundForm(reason=row.asked_why or None)
    contracted = row.contracted_at is not None and row.defaulted_at is None
    if row.state == "reserved":
        del form.talked
    if not (decides and contracted):
        del form.override

    def work(s: CompanySession) -> live.Act | str:
        if "talked" in form and not form.talked.data:
            raise UserError(_("Please talk with the customer first: many stay."), field="talked")
        if not decides:
            return sales.ask_refund(s, deal_id, form.reason.data)
        return sales.refund(
            s,
            deal_id,
            form.reason.data,
            override="override" in form and bool(form.override.data),
        )

    return form_act(
        form,
        _("Refund of %(number)s", number=row.number),
        work,
        submit=_("Refund") if decides else _("Ask for a refund"),
        back=_deal_url(unit_id, deal_id),
        lead=_("The unit is for sale again; what credit there is is reversed, entries stay.")
        if decides
        else _("The manager is told and decides; until then the deal goes on."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/keep",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def deal_keep(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """A refund that was asked for is not carried out."""
    row = deal_at(reading(), unit_id, deal_id, may.CLOSING)
    form = forms.ReasonForm()
    return form_act(
        form,
        _("%(number)s goes on", number=row.number),
        lambda s: sales.keep(s, deal_id, form.reason.data),
        submit=_("The customer stays"),
        back=_deal_url(unit_id, deal_id),
        lead=row.asked_why,
    )


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/correct",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def deal_correct(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """Put unit, price or deposit right; once it is subscribed, by whoever may rule."""
    row = deal_at(reading(), unit_id, deal_id, may.CLOSING)
    if row.state != "reserved" and not current().can(may.RULE, unit_id):
        raise Forbidden(
            _("After the subscription a manager corrects the deal."),
            extra={"permission": may.RULE},
        )
    form = forms_sales.CorrectForm(
        house=row.property if row.house_id else None,
        house_id=str(row.house_id or ""),
        property=row.property,
        amount=forms.yuan(row.amount_fen),
        deposit=forms.yuan(row.deposit_fen),
    )

    def work(s: CompanySession) -> str:
        house_id, amount = house_and_price(s, unit_id, form)
        deal = sales.correct(
            s,
            deal_id,
            amount_fen=amount,
            deposit_fen=forms.fen(form.deposit.data),
            house_id=house_id,
            property=form.property.data or "",
            reason=form.reason.data,
        )
        return _("Corrected: %(number)s.", number=deal.number)

    return form_act(
        form,
        _("Correct %(number)s", number=row.number),
        work,
        submit=_("Correct"),
        back=_deal_url(unit_id, deal_id),
        lead=_("For slips of the pen. What was is kept; credit and dates stay as they are."),
        template="sales_floor/deal_correct.html",
        house_url=url_for(".house_suggest", unit_id=unit_id),
        by_house=row.house_id is not None,
    )


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/paid",
    methods=["GET", "POST"],
    permission=may.CLOSING,
)
def deal_paid(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """The commission is paid: the credit is final."""
    s = reading()
    row = deal_at(s, unit_id, deal_id, may.CLOSING)
    docket = dockets.about_deal(s, row)
    back = _deal_url(unit_id, deal_id)
    if docket is not None and current().can(may.OVERRIDE, unit_id):
        form = forms.ReasonForm()
        return form_act(
            form,
            _("Commission of %(number)s", number=row.number),
            lambda t: deals.commission_paid(t, deal_id, despite=form.reason.data),
            submit=_("Pay all the same"),
            back=back,
            lead=_(
                "Docket %(number)s about this deal is running. Paying now makes the credit final "
                "whatever is ruled; the ledger keeps your reason.",
                number=docket.number,
            ),
        )
    return form_act(
        forms.EmptyForm(),
        _("Commission of %(number)s", number=row.number),
        lambda t: deals.commission_paid(t, deal_id),
        submit=_("Commission paid"),
        back=back,
        lead=_("The credit is final from now on: later findings do not change it."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/deals/<uuid:deal_id>/quarrel",
    methods=["GET", "POST"],
    permission=may.RULE,
)
def deal_quarrel(unit_id: uuid.UUID, deal_id: uuid.UUID) -> Any:
    """Reps quarrel over the deal, or refuse the ruling."""
    row = deal_at(reading(), unit_id, deal_id, may.RULE)
    form = forms.ReasonForm()
    return form_act(
        form,
        _("Quarrel over %(number)s", number=row.number),
        lambda s: deals.quarrel(s, deal_id, form.reason.data),
        submit=_("Log the quarrel"),
        back=_deal_url(unit_id, deal_id),
        lead=_("The regulation says what becomes of the shares; the credit is computed anew."),
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
    row = deal_at(s, unit_id, deal_id, may.RULE)
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
