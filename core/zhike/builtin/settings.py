"""The core's own settings of a company."""

from __future__ import annotations

from collections.abc import Sequence

from wtforms import IntegerField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange

from zhike.contributions import N_, SettingsSchema
from zhike.hookspecs import hookimpl
from zhike.plugins.schemas import SettingsForm


class CompanySettings(SettingsForm):
    """What every company may choose, whatever apps it has."""

    desk_minutes = IntegerField(
        N_("Minutes for which a person acts at a shared desk after the PIN; 0 asks for each act"),
        default=5,
        validators=[InputRequired(), NumberRange(0, 60)],
    )
    second_step = SelectField(
        N_("Who must sign in in two steps"),
        choices=[
            SelectChoice("none", N_("nobody has to; everybody may")),
            SelectChoice("admins", N_("administrators")),
            SelectChoice("critical", N_("whoever holds a critical right")),
            SelectChoice("sensitive", N_("whoever holds a critical or a sensitive right")),
            SelectChoice("all", N_("everybody")),
        ],
        default="none",
        description=N_(
            "A code from the phone after the password. Whoever has none yet sets it up at the next "
            "click, before anything else opens; that takes two minutes and an authenticator app."
        ),
    )


@hookimpl
def register_settings() -> Sequence[SettingsSchema]:
    """One form for the company."""
    return (SettingsSchema(form=CompanySettings, title=N_("General")),)
