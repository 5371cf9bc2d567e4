"""Forms about whose customer somebody is: pool, merges, disputes, hand-overs."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import (
    DecimalField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from zhike.api import N_, PageForm
from zhike_sales_floor import words
from zhike_sales_floor.forms import choices

_REASON = [InputRequired(), Length(max=500)]

RULINGS = {
    "regulation": N_("As the regulation says"),
    "owner": N_("The customer belongs to"),
    "shares": N_("The deal is shared"),
    "poach": N_("The visitor was taken out of turn"),
    "uphold": N_("The first ruling stands"),
}


class MergeForm(PageForm):
    """Two records are one person; the address says which."""

    reason = TextAreaField(_l("Reason"), _REASON)


class OtherForm(PageForm):
    """Another record to compare with."""

    other = StringField(
        _l("The other record"),
        [InputRequired(), Length(max=60)],
        description=_l("Last four digits, pinyin or name."),
    )
    other_id = HiddenField()


class HandoverForm(PageForm):
    """A rep leaves for long, is transferred or resigns."""

    why = RadioField(_l("Why"), choices=choices(words.LEAVE_REASONS), validators=[InputRequired()])
    days = IntegerField(
        _l("Length in days"),
        [Optional(), NumberRange(1, 3650)],
        description=_l("Only for a leave."),
    )
    method = RadioField(
        _l("How the customers are given"), choices=choices(words.METHODS), default="draw"
    )
    receivers = SelectMultipleField(_l("Who receives them"))
    reason = TextAreaField(_l("Note"), [Length(max=500)])


class DocketForm(PageForm):
    """A dispute about a customer is opened: over what, what is claimed, and by whom."""

    deal = SelectField(_l("Deal"), default="")
    visit = SelectField(_l("Visit"), default="")
    question = TextAreaField(_l("What the dispute is about"), [InputRequired(), Length(max=2000)])
    claim = RadioField(_l("My claim"), choices=choices(words.CLAIMS), default="owner")
    share = DecimalField(
        _l("Share in per cent"), [Optional(), NumberRange(0, 100)], description=_l("For a share.")
    )
    words = TextAreaField(_l("Why"), [Length(max=2000)])
    parties = SelectMultipleField(_l("Who else is concerned"))


class ClaimForm(PageForm):
    """What a party claims, and why."""

    claim = RadioField(_l("My claim"), choices=choices(words.CLAIMS), default="owner")
    share = DecimalField(
        _l("Share in per cent"), [Optional(), NumberRange(0, 100)], description=_l("For a share.")
    )
    words = TextAreaField(_l("Why"), [InputRequired(), Length(max=2000)])


class NoteForm(PageForm):
    """Something to be added to a dispute."""

    text = TextAreaField(_l("What is to be written down"), [InputRequired(), Length(max=2000)])


class RulingForm(PageForm):
    """A ruling on a dispute, or the decision of an appeal."""

    kind = RadioField(_l("Ruling"), validators=[InputRequired()])
    owner = SelectField(_l("Owner"), default="")
    shares = StringField(
        _l("Shares in per cent"),
        [Length(max=200)],
        description=_l("For example: Li Min 60 / Wang Qiang 40"),
    )
    offender = SelectField(_l("Taken by"), default="")
    rightful = SelectField(_l("Due to"), default="")
    facts = TextAreaField(_l("Facts"), [Length(max=2000)])
    reason = TextAreaField(_l("Reason"), _REASON)


class RefusalForm(PageForm):
    """Who refuses the ruling, and why."""

    party = SelectField(_l("Party"), validators=[InputRequired()])
    reason = TextAreaField(_l("Reason"), _REASON)


class ReturnForm(PageForm):
    """Which customers go back to whoever came back."""

    customers = SelectMultipleField(_l("Customers"))
    reason = TextAreaField(_l("Reason"), _REASON)
