"""Forms of the sales office: houses, deals and what becomes of them, payments, blanks."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from zhike.api import PageForm, options
from zhike_sales_floor import words
from zhike_sales_floor.forms import choices

REASON = [InputRequired(), Length(max=500)]
MOST = 10**10


class HouseForm(PageForm):
    """A house of the sales control."""

    code = StringField(
        _l("Unit number"),
        [InputRequired(), Length(max=40)],
        description=_l("As it stands on the plan, such as 3-2-1201."),
    )
    building = StringField(_l("Building"), [Length(max=20)])
    entrance = StringField(_l("Entrance"), [Length(max=20)])
    storey = IntegerField(_l("Storey"), [Optional(), NumberRange(-9, 200)])
    layout = StringField(_l("Layout"), [Length(max=40)])
    area = DecimalField(_l("Area in m²"), [Optional(), NumberRange(0, 100_000)], places=2)
    price = DecimalField(_l("List price in yuan"), [Optional(), NumberRange(0, MOST)], places=2)
    reason = StringField(
        _l("Reason"),
        [Length(max=500)],
        description=_l("Needed where the list price changes."),
    )


class DealForm(PageForm):
    """The first paper of a deal."""

    customer = StringField(_l("Customer"), [InputRequired(), Length(max=60)])
    customer_id = HiddenField()
    step = RadioField(
        _l("Step"),
        choices=options(
            [
                ("subscription", _l("subscription")),
                ("small_reservation", _l("small reservation")),
            ]
        ),
        default="subscription",
    )
    house = StringField(
        _l("Unit number"),
        [Length(max=40)],
        description=_l("Free units only; part of the number is enough."),
    )
    house_id = HiddenField()
    property = StringField(_l("Property"), [Length(max=40)])
    amount = DecimalField(
        _l("Price in yuan"),
        [Optional(), NumberRange(0, MOST)],
        places=2,
        description=_l("Empty: the list price of the unit."),
    )
    deposit = DecimalField(_l("Deposit in yuan"), [Optional(), NumberRange(0, MOST)], places=2)
    until = DateField(
        _l("Reserved until"),
        [Optional()],
        description=_l("For a small reservation; empty: as many days as the company set."),
    )
    rep = SelectField(_l("Papers handled by"))


class SignForm(PageForm):
    """The subscription of a reserved deal, with the price it is signed for."""

    amount = DecimalField(_l("Price in yuan"), [InputRequired(), NumberRange(0, MOST)], places=2)
    deposit = DecimalField(_l("Deposit in yuan"), [Optional(), NumberRange(0, MOST)], places=2)


class ContractForm(PageForm):
    """The contract of a subscribed deal."""

    number = StringField(_l("Contract number"), [InputRequired(), Length(max=60)])
    on = DateField(_l("Contract signed on"), [InputRequired()])
    pay_way = RadioField(_l("Way of paying"), choices=choices(words.PAY_WAYS), default="mortgage")


class SwapForm(PageForm):
    """Another house for the same deal."""

    house = StringField(
        _l("Unit taken"),
        [InputRequired(), Length(max=40)],
        description=_l("Free units only; part of the number is enough."),
    )
    house_id = HiddenField()
    amount = DecimalField(
        _l("New price in yuan"),
        [Optional(), NumberRange(0, MOST)],
        places=2,
        description=_l("Empty: the list price of the unit."),
    )
    harder = BooleanField(_l("The unit taken is harder to sell than the one handed back"))
    reason = TextAreaField(_l("Reason"), REASON)
    override = BooleanField(_l("I allow it although the regulation does not"))


class NameForm(PageForm):
    """Who takes the deal over: a customer of the site, or somebody new by name and phone."""

    holder = StringField(
        _l("New name"),
        [InputRequired(), Length(max=60)],
        description=_l("Choose a customer from the list, or type a new name and the phone."),
    )
    holder_id = HiddenField()
    phone = TelField(_l("Phone of a new customer"), [Length(max=20)])
    fee = DecimalField(
        _l("Fee proposed, in yuan"),
        [Optional(), NumberRange(0, MOST)],
        places=2,
        description=_l("Empty: as the regulation says. It is proposed, nothing is charged here."),
    )
    reason = TextAreaField(_l("Reason"), REASON)


class RefundForm(PageForm):
    """A refund, by whoever may decide; after the contract only against the regulation."""

    talked = BooleanField(_l("We talked with the customer, and he stands by it"))
    reason = TextAreaField(_l("Reason"), REASON)
    override = BooleanField(_l("I allow it although the regulation does not"))


class ExtendForm(PageForm):
    """A small reservation holds for longer."""

    until = DateField(_l("Reserved until"), [InputRequired()])
    reason = TextAreaField(_l("Reason"), REASON)


class CorrectForm(PageForm):
    """A slip of the pen in unit, price or deposit."""

    house = StringField(
        _l("Unit number"),
        [Length(max=40)],
        description=_l("Only where the wrong unit was written down; a change of mind is a swap."),
    )
    house_id = HiddenField()
    property = StringField(_l("Property"), [Length(max=40)])
    amount = DecimalField(_l("Price in yuan"), [InputRequired(), NumberRange(0, MOST)], places=2)
    deposit = DecimalField(_l("Deposit in yuan"), [Optional(), NumberRange(0, MOST)], places=2)
    reason = TextAreaField(_l("Reason"), REASON)


class AddressForm(PageForm):
    """Where the buyer is reached by mail; needed before a paper is written."""

    address = StringField(_l("Mailing address"), [InputRequired(), Length(max=200)])
    postcode = StringField(_l("Postcode"), [InputRequired(), Length(max=6)])
    blank = StringField(
        _l("Number of the blank form"),
        [Length(max=40)],
        description=_l("Where a printed blank is used; it has to have been drawn."),
    )


class InstalmentForm(PageForm):
    """A sum due."""

    title = StringField(
        _l("What is due"), [InputRequired(), Length(max=40)], description=_l("First part, rest …")
    )
    amount = DecimalField(_l("Sum in yuan"), [InputRequired(), NumberRange(0, MOST)], places=2)
    due_on = DateField(_l("Due on"), [InputRequired()])


class PayForm(PageForm):
    """A payment that was made at finance."""

    amount = DecimalField(_l("Sum in yuan"), [InputRequired(), NumberRange(0, MOST)], places=2)
    paid_on = DateField(_l("Paid on"), [InputRequired()])
    number = StringField(
        _l("Receipt number"),
        [Length(max=40)],
        description=_l("Empty: the next blank receipt that was drawn."),
    )


class BlankForm(PageForm):
    """A range of blanks that a supervisor drew."""

    kind = RadioField(_l("Kind"), choices=choices(words.BLANKS), default="receipt")
    first = StringField(_l("First number"), [InputRequired(), Length(max=40)])
    last = StringField(_l("Last number"), [InputRequired(), Length(max=40)])
    drawn_by = SelectField(_l("Drawn by"))
    drawn_on = DateField(_l("Drawn on"), [InputRequired()])


class VoidBlankForm(PageForm):
    """A blank receipt that was spoilt."""

    number = StringField(_l("Receipt number"), [InputRequired(), Length(max=40)])
    reason = StringField(_l("Reason"), REASON)
