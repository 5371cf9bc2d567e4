"""The core's own steps of setting a company up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from zhike import clock
from zhike.contributions import N_, SetupStep
from zhike.hookspecs import hookimpl
from zhike.models.calendar import CalendarYear
from zhike.models.device import Device
from zhike.models.organisation import Staff
from zhike.plugins.active import enabled_names
from zhike.services import organisation


def _has_sites(s: Any) -> bool:
    return bool(organisation.tree(s).sites)


def _has_apps(s: Any) -> bool:
    return bool(enabled_names(s))


def _has_people(s: Any) -> bool:
    return s.scalar(select(Staff.id).limit(1)) is not None


def _year_known(s: Any) -> bool:
    return (
        s.scalar(select(CalendarYear.id).where(CalendarYear.year == clock.now().year)) is not None
    )


def _has_desk(s: Any) -> bool:
    return s.scalar(select(Device.id).where(Device.company_id == s.company_id).limit(1)) is not None


@hookimpl
def register_setup_steps() -> Sequence[SetupStep]:
    """From the company's name to the desk; a quarter of an hour with a list of people at hand."""
    return (
        SetupStep(
            name="core.company",
            title=N_("Company"),
            summary=N_("Name, short name, time zone."),
            endpoint="admin_start.company",
            permission="core.organisation",
            minutes=1,
            weight=10,
        ),
        SetupStep(
            name="core.apps",
            title=N_("Apps"),
            summary=N_("Switch on what you want to work with; regulations and roles come with it."),
            endpoint="admin_apps.apps",
            permission="core.apps",
            done=_has_apps,
            minutes=1,
            weight=20,
        ),
        SetupStep(
            name="core.sites",
            title=N_("Sites"),
            summary=N_("Where customers are received, each with a short code."),
            endpoint="admin_start.sites",
            permission="core.organisation",
            done=_has_sites,
            minutes=1,
            weight=30,
        ),
        SetupStep(
            name="core.people",
            title=N_("People"),
            summary=N_("Everybody from one sheet: tried first, with the mistakes marked."),
            endpoint="admin_start.people_step",
            permission="core.organisation",
            done=_has_people,
            minutes=4,
            weight=40,
        ),
        SetupStep(
            name="core.accounts",
            title=N_("Logins and PINs"),
            summary=N_("Logins with a suggested role, and a sheet of first passwords to hand out."),
            endpoint="admin_start.accounts",
            permission="core.users",
            minutes=2,
            weight=50,
        ),
        SetupStep(
            name="core.policy",
            title=N_("Regulation"),
            summary=N_("Which regulation holds at which site; begin by observing."),
            endpoint="admin_start.policy",
            permission="core.policy.publish",
            minutes=2,
            weight=60,
        ),
        SetupStep(
            name="core.calendar",
            title=N_("Working days"),
            summary=N_("Days off and make-up days of this year, and the hours of the week."),
            endpoint="admin_calendar.overview",
            permission="core.organisation",
            done=_year_known,
            minutes=1,
            weight=70,
        ),
        SetupStep(
            name="core.desk",
            title=N_("Shared desk"),
            summary=N_("Pair the computer of the front desk; people act there by PIN."),
            endpoint="admin_devices.all_devices",
            permission="core.users",
            done=_has_desk,
            minutes=2,
            weight=90,
        ),
    )
