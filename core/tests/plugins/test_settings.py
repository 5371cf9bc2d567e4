"""Settings: typed by a form, chosen by a company, cached under its generation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal

import pytest
import wtforms
from sqlalchemy import select
from wtforms import validators

from zhike.contributions import SettingsSchema
from zhike.errors import UserError
from zhike.models.ledger import LedgerLine, SiteLedgerLine
from zhike.models.setting import Setting
from zhike.plugins.registry import Owner
from zhike.plugins.schemas import SettingsError, fields_of
from zhike.services import settings
from zhike.services.companies import generation_of
from zhike.site import Site
from zhike.testing.sites import counting, make_company

Write = Callable[..., str]
Open = Callable[..., Site]


class Form(wtforms.Form):
    """One field of each kind."""

    days = wtforms.IntegerField(default=7, validators=[validators.NumberRange(1, 30)])
    share = wtforms.DecimalField(default=Decimal("0.5"))
    strict = wtforms.BooleanField(default=True)
    word = wtforms.StringField(default="轮接", validators=[validators.InputRequired()])
    kind = wtforms.SelectField(choices=["soft", "hard"], default="soft")
    marks = wtforms.SelectMultipleField(choices=["a", "b", "c"], default=["a"])
    opens = wtforms.TimeField(default=time(9, 0))
    since = wtforms.DateField(validators=[validators.Optional()])


class SiteForm(wtforms.Form):
    """What holds for the whole site."""

    address = wtforms.StringField(default="")


@pytest.fixture
def site_with(write_plugin: Write, open_with: Open) -> Site:
    write_plugin("acme")
    site = open_with("acme")
    registry = site.plugins.registry
    for schema in (SettingsSchema(form=Form), SettingsSchema(form=SiteForm, level="system")):
        owner = Owner("acme")
        registry.add(
            owner, "register_settings", registry.check(owner, "register_settings", [schema])
        )
    return site


@pytest.fixture
def house(site_with: Site) -> int:
    return make_company(site_with, "aa", ["acme"])


def test_defaults_hold_until_somebody_chooses(site_with: Site, house: int) -> None:
    with site_with.reader(house) as s:
        assert settings.get_all(s, "acme") == {
            "days": 7,
            "share": Decimal("0.5"),
            "strict": True,
            "word": "轮接",
            "kind": "soft",
            "marks": ["a"],
            "opens": time(9, 0),
            "since": None,
            "address": "",
        }


def test_values_come_back_as_they_went_in_each_company_for_itself(
    site_with: Site, house: int
) -> None:
    other = make_company(site_with, "bb", ["acme"])
    chosen = {
        "days": 10,
        "share": Decimal("0.125"),
        "strict": False,
        "word": "案场",
        "kind": "hard",
        "marks": ["b", "c"],
        "opens": time(8, 30),
        "since": date(2026, 12, 1),
    }
    with site_with.transaction(house) as s:
        assert settings.set_many(s, "acme", chosen) == chosen
    with site_with.reader(house) as s:
        assert {k: settings.get(s, "acme", k) for k in chosen} == chosen
        assert [(x.key, x.chosen) for x in settings.shown(s, "acme")][:2] == [
            ("days", True),
            ("share", True),
        ]
    with site_with.reader(other) as s:
        assert settings.get(s, "acme", "days") == 7


def test_unknown_names_raise_instead_of_answering(site_with: Site, house: int) -> None:
    with site_with.reader(house) as s:
        with pytest.raises(SettingsError, match="no setting 'day'; it has days, share"):
            settings.get(s, "acme", "day")
        with pytest.raises(SettingsError, match="'nobody' has no settings"):
            settings.get(s, "nobody", "days")
    with pytest.raises(SettingsError), site_with.transaction(house) as c:
        settings.set_many(c, "acme", {"day": 3})
    wrong_level = pytest.raises(SettingsError, match="not a setting of level 'company'")
    with wrong_level, site_with.transaction(house) as c:
        settings.set_many(c, "acme", {"address": "x"})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"days": 0}, "days"),
        ({"days": "10"}, "days"),
        ({"days": True}, "days"),
        ({"word": ""}, "word"),
        ({"kind": "other"}, "kind"),
        ({"marks": ["z"]}, "marks"),
        ({"strict": 1}, "strict"),
        ({"share": 0.5}, "share"),
        ({"days": None}, "days"),
    ],
)
def test_what_the_form_refuses_changes_nothing(
    site_with: Site, house: int, values: dict[str, object], field: str
) -> None:
    with pytest.raises(UserError) as caught, site_with.transaction(house) as s:
        settings.set_many(s, "acme", {"opens": time(7, 0), **values})
    assert caught.value.field == field
    with site_with.reader(house) as s:
        assert s.scalars(select(Setting)).all() == []


def test_a_change_is_in_the_ledger_with_old_and_new(site_with: Site, house: int) -> None:
    with site_with.transaction(house) as s:
        settings.set_many(s, "acme", {"days": 10, "kind": "soft"})
    with site_with.transaction(house) as s:
        settings.reset(s, "acme", ["days"])
    with site_with.reader(house) as s:
        lines = s.execute(
            select(LedgerLine.action, LedgerLine.object, LedgerLine.body)
            .where(LedgerLine.action.startswith("core.settings"))
            .order_by(LedgerLine.seq)
        ).all()
        assert settings.get(s, "acme", "days") == 7
    assert [tuple(line) for line in lines] == [
        ("core.settings.set", "acme", {"days": {"old": 7, "new": 10}}),
        ("core.settings.reset", "acme", {"days": {"old": 10}}),
    ]


def test_they_are_asked_from_memory_until_the_generation_changes(
    site_with: Site, house: int
) -> None:
    with site_with.reader(house) as s:
        settings.get(s, "acme", "days")
    with site_with.reader(house) as s:
        generation_of(s)  # a request has it from the company row
        with counting(site_with, at_most=0):
            assert settings.get(s, "acme", "days") == 7
    with site_with.transaction(house) as c:
        settings.set_many(c, "acme", {"days": 8})
        assert settings.get(c, "acme", "days") == 8  # the writer sees what it wrote
    with site_with.reader(house) as s:
        assert settings.get(s, "acme", "days") == 8


def test_a_rolled_back_value_is_never_cached(site_with: Site, house: int) -> None:
    with pytest.raises(RuntimeError), site_with.transaction(house) as s:
        settings.set_many(s, "acme", {"days": 9})
        settings.get(s, "acme", "days")
        raise RuntimeError
    with site_with.reader(house) as s:
        assert settings.get(s, "acme", "days") == 7


def test_a_value_that_a_newer_form_no_longer_allows_gives_way(site_with: Site, house: int) -> None:
    with site_with.transaction(house) as s:
        s.add(Setting(plugin="acme", key="days", value="seven"))
        s.add(Setting(plugin="acme", key="removed", value=1))
    with site_with.reader(house) as s:
        assert settings.get(s, "acme", "days") == 7
        assert "removed" not in settings.get_all(s, "acme")


def test_the_whole_site_s_values_reach_every_company(site_with: Site, house: int) -> None:
    with site_with.reader(house) as s:
        assert settings.get(s, "acme", "address") == ""
    with site_with.system() as g:
        settings.set_system(g, "acme", {"address": "10.0.0.1"})
    with site_with.reader(house) as s:
        assert settings.get(s, "acme", "address") == "10.0.0.1"
    assert settings.get_system(site_with, "acme", "address") == "10.0.0.1"
    with site_with.system_reader() as g:
        actions = g.scalars(select(SiteLedgerLine.action)).all()
    assert "core.settings.set" in actions
    with pytest.raises(SettingsError):
        settings.get_system(site_with, "acme", "days")


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (wtforms.FloatField(default=1.0), "FloatField cannot be a setting"),
        (wtforms.PasswordField(default=""), "PasswordField cannot be a setting"),
        (wtforms.DateTimeLocalField(), "cannot be a setting"),
        (wtforms.SubmitField(), "holds values only"),
        (wtforms.IntegerField(), "needs default="),
        (wtforms.IntegerField(default="7"), "default '7' is no int"),
    ],
)
def test_a_form_that_cannot_be_a_schema_is_refused(field: wtforms.Field, words: str) -> None:
    form = type("Bad", (wtforms.Form,), {"x": field})
    with pytest.raises(SettingsError, match=words):
        fields_of(SettingsSchema(form=form))
