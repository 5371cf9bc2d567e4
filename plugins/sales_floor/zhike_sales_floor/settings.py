"""Settings of the sales floor that are no part of a regulation."""

from __future__ import annotations

from wtforms import BooleanField, IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from zhike.api import N_, SettingsForm


class FloorSettings(SettingsForm):
    """Per company. Days are calendar days; 0 in a follow-up field suggests no date."""

    follow_up_a = IntegerField(
        N_("Suggested follow-up for class A, in days"),
        default=1,
        validators=[InputRequired(), NumberRange(0, 60)],
    )
    follow_up_b = IntegerField(
        N_("Suggested follow-up for class B, in days"),
        default=3,
        validators=[InputRequired(), NumberRange(0, 60)],
    )
    follow_up_c = IntegerField(
        N_("Suggested follow-up for class C, in days"),
        default=7,
        validators=[InputRequired(), NumberRange(0, 60)],
    )
    follow_up_d = IntegerField(
        N_("Suggested follow-up for class D, in days"),
        default=0,
        validators=[InputRequired(), NumberRange(0, 60)],
    )
    sources = StringField(
        N_("Sources of visitors, separated by commas"),
        default="自然到访,朋友介绍,线上广告,户外广告,渠道中介,房展会",
        validators=[Length(max=400)],
    )
    lost_reasons = StringField(
        N_("Reasons for not buying, separated by commas"),
        default="价格偏高,户型不合适,位置不便,资金不足,选了别家,家人意见不一,只是了解",
        validators=[Length(max=400)],
    )
    follow_up_remind_days = IntegerField(
        N_("Remind of the follow-up cycle so many days before its end"),
        default=3,
        validators=[InputRequired(), NumberRange(1, 30)],
    )
    auto_open = BooleanField(
        N_("Open the day by itself at the first act"),
        default=True,
    )
    free_property = BooleanField(
        N_("A deal may name any unit in free text, though the site keeps its units here"),
        default=False,
    )
    reserve_days = IntegerField(
        N_("A small reservation holds a unit for so many days"),
        default=7,
        validators=[InputRequired(), NumberRange(1, 365)],
    )
    pool_claims_per_day = IntegerField(
        N_("Customers a rep may claim from the public pool in a day; 0: none"),
        default=3,
        validators=[InputRequired(), NumberRange(0, 200)],
    )
    pool_lapsed = BooleanField(
        N_("Customers whose owner has been silent too long may be claimed too"),
        default=False,
    )
    appeal_days = IntegerField(
        N_("Days in which a party may appeal against a ruling"),
        default=3,
        validators=[InputRequired(), NumberRange(0, 60)],
    )
    wall_title = StringField(
        N_("Headline of the wall screen"), default="", validators=[Length(max=40)]
    )
