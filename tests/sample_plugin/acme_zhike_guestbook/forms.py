"""What a guest fills in."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from zhike.api import PageForm


class EntryForm(PageForm):
    """Name and words."""

    signed_by = StringField(_l("Your name"), validators=[InputRequired(), Length(max=40)])
    words = TextAreaField(_l("Your words"), validators=[InputRequired(), Length(max=1000)])
