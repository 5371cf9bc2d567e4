"""The core's own settings of a company."""

from __future__ import annotations

from collections.abc import Sequence

from wtforms import IntegerField
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


@hookimpl
def register_settings() -> Sequence[SettingsSchema]:
    """One form for the company."""
    return (SettingsSchema(form=CompanySettings, title=N_("General")),)
