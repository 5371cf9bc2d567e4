"""The guestbook's settings; the form is the schema."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import Form, IntegerField
from wtforms.validators import NumberRange


class GuestbookSettings(Form):
    """How many presents a day, and how long entries are kept."""

    presents = IntegerField(_l("Presents a day"), default=2, validators=[NumberRange(0, 100)])
    keep_days = IntegerField(
        _l("Days that entries are kept"), default=365, validators=[NumberRange(1, 3650)]
    )
