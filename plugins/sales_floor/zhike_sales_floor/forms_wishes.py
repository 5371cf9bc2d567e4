"""Forms about the customer's word: who received before, complaints, a better price, conduct."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, RadioField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from zhike.api import PageForm, options
from zhike_sales_floor import words
from zhike_sales_floor.forms import choices


def _reason(label: str) -> TextAreaField:
    return TextAreaField(label, [InputRequired(), Length(max=500)])


class FoundForm(PageForm):
    """The earlier rep, as the files show him."""

    rep = SelectField(
        _l("Earlier rep"), default="", description=_l("Empty: whoever registered first.")
    )
    opened = DateField(
        _l("Record opened on"),
        [Optional()],
        description=_l("Only where a paper register alone shows it."),
    )
    follow_up = SelectField(
        _l("Followed up by"),
        default="",
        description=_l("Who follows up has the performance; empty: as the regulation says."),
    )
    reason = TextAreaField(_l("How it was found"), [Length(max=500)])


class ComplaintForm(PageForm):
    """A customer complains about a rep."""

    about = SelectField(_l("About whom"), [InputRequired()])
    reason = _reason(_l("What the customer says"))


class FindingForm(PageForm):
    """What the supervisor found about a complaint."""

    found = RadioField(
        _l("Finding"),
        [InputRequired()],
        choices=options([("verified", _l("verified")), ("rejected", _l("not verified"))]),
    )
    reason = _reason(_l("How it was looked into"))


class BetterPriceForm(PageForm):
    """The visit was for a better price only."""

    reason = _reason(_l("How this is known"))


class ConductForm(PageForm):
    """A breach of conduct."""

    rep = SelectField(_l("Who"), [InputRequired()])
    kind = RadioField(_l("What"), [InputRequired()], choices=choices(words.BREACHES))
    serious = BooleanField(_l("A serious case"))
    reason = _reason(_l("What happened"))
