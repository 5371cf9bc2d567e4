"""What the sales floor contributes; each hook returns what the modules beside this one define."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from zhike.api import (
    N_,
    ApiResource,
    BulkAct,
    CompanySession,
    DashboardCard,
    DeadlineHandler,
    Engine,
    Event,
    Exporter,
    Importer,
    Job,
    LedgerAction,
    Listener,
    MenuItem,
    NotificationType,
    OpenItems,
    Permission,
    PolicyPreset,
    QuickAction,
    RecordKind,
    RecordList,
    RolePreset,
    SearchProvider,
    SettingsSchema,
    SetupStep,
    SubjectData,
    forms,
    hookimpl,
)


@hookimpl
def register_models() -> Sequence[str]:
    """The tables."""
    return [
        "zhike_sales_floor.models",
        "zhike_sales_floor.models_cases",
        "zhike_sales_floor.models_office",
        "zhike_sales_floor.models_sales",
        "zhike_sales_floor.models_follow_up",
        "zhike_sales_floor.models_cut_over",
    ]


@hookimpl
def register_permissions() -> Sequence[Permission]:
    """What may be granted."""
    from zhike_sales_floor.permissions import PERMISSIONS

    return PERMISSIONS


@hookimpl
def register_roles() -> Sequence[RolePreset]:
    """前台, 置业顾问, 主管, 销售经理, 助理."""
    from zhike_sales_floor.permissions import ROLES

    return ROLES


@hookimpl
def register_settings() -> Sequence[SettingsSchema]:
    """What is no part of a regulation."""
    from zhike_sales_floor.settings import FloorSettings

    return [SettingsSchema(form=FloorSettings, title=N_("Sales floor"))]


@hookimpl
def register_events() -> Sequence[type[Event]]:
    """What others are told."""
    from zhike_sales_floor.events import EVENTS

    return EVENTS


@hookimpl
def register_listeners() -> Sequence[Listener]:
    """Notices to reps, sales control and managers, deadlines of calls."""
    from zhike_sales_floor import jobs, jobs_sales

    return (*jobs.LISTENERS, *jobs_sales.LISTENERS)


@hookimpl
def register_jobs() -> Sequence[Job]:
    """The morning's reminders."""
    from zhike_sales_floor import jobs, jobs_office, jobs_sales

    return (*jobs.JOBS, *jobs_office.JOBS, *jobs_sales.JOBS)


@hookimpl
def register_deadlines() -> Sequence[DeadlineHandler]:
    """Calls and reservations that ran out."""
    from zhike_sales_floor import jobs, jobs_sales

    return (*jobs.DEADLINES, *jobs_sales.DEADLINES)


@hookimpl
def register_notifications() -> Sequence[NotificationType]:
    """What reps may be told about."""
    from zhike_sales_floor import jobs, jobs_office, jobs_sales

    return (*jobs.NOTIFICATIONS, *jobs_office.NOTIFICATIONS, *jobs_sales.NOTIFICATIONS)


@hookimpl
def register_search() -> Sequence[SearchProvider]:
    """Customers in the search box."""
    from zhike_sales_floor.finding import SEARCH

    return SEARCH


@hookimpl
def register_exporters() -> Sequence[Exporter]:
    """Customers, units, deals."""
    from zhike_sales_floor import transfers, transfers_sales

    return (*transfers.EXPORTERS, *transfers_sales.EXPORTERS)


@hookimpl
def register_importers() -> Sequence[Importer]:
    """Reps, an existing customer ledger, units for sale."""
    from zhike_sales_floor import transfers, transfers_sales

    return (*transfers.IMPORTERS, *transfers_sales.IMPORTERS)


@hookimpl
def register_documents() -> Sequence[forms.Form]:
    """The regulation's forms and registers."""
    from zhike_sales_floor import (
        documents,
        documents_office,
        documents_sales,
        documents_statistics,
    )

    return (
        *documents.DOCUMENTS,
        *documents_office.DOCUMENTS,
        *documents_sales.DOCUMENTS,
        *documents_statistics.DOCUMENTS,
    )


def _load_engine() -> Any:
    from zhike_sales_floor.rules import ENGINE

    return ENGINE


def _load_day(s: CompanySession, unit_id: uuid.UUID, on: date) -> Mapping[str, Any]:
    from zhike_sales_floor.services import replay

    return replay.day(s, unit_id, on)


def _load_names(s: CompanySession, ids: Iterable[uuid.UUID]) -> Mapping[str, str]:
    from zhike_sales_floor.services.names import names_for

    return names_for(s, ids)


def _load_tell(event: Mapping[str, Any]) -> str:
    from zhike_sales_floor.telling import tell

    return tell(event)


@hookimpl
def register_engines() -> Sequence[Engine]:
    """The one function behind board, drill and API."""
    from zhike_sales_floor import words

    return [
        Engine(
            name="sales_floor.floor",
            title=N_("Sales floor"),
            load=_load_engine,
            day=_load_day,
            names=_load_names,
            verbs=words.VERBS,
            tell=_load_tell,
        )
    ]


@hookimpl
def register_policies() -> Sequence[PolicyPreset]:
    """The regulations shipped with the floor, each with its worked examples."""
    from zhike_sales_floor.policies import FILES, drills

    titles = {
        "P12": N_("Floor rotation, twelve rules"),
        "P13": N_("Sales-office allocation, thirteen rules"),
    }
    return [
        PolicyPreset(
            name=f"sales_floor.{key}",
            title=title,
            engine="sales_floor.floor",
            path=FILES[key],
            drills=drills(key),
        )
        for key, title in titles.items()
    ]


@hookimpl
def register_subject_data() -> Sequence[SubjectData]:
    """One person's data."""
    from zhike_sales_floor.subject import SUBJECT_DATA

    return SUBJECT_DATA


@hookimpl
def register_record_kinds() -> Sequence[RecordKind]:
    """Visits, customers, deals, by name for others."""
    from zhike_sales_floor.records import RECORD_KINDS

    return RECORD_KINDS


@hookimpl
def register_ledger_actions() -> Sequence[LedgerAction]:
    """What people do by hand, as the ledger names it."""
    from zhike_sales_floor.records import LEDGER_ACTIONS

    return LEDGER_ACTIONS


@hookimpl
def register_setup_steps() -> Sequence[SetupStep]:
    """The roster, whose order is the first ring."""
    from zhike_sales_floor.records import SETUP_STEPS

    return SETUP_STEPS


@hookimpl
def register_open_items() -> Sequence[OpenItems]:
    """Who is still waiting or with a visitor."""
    from zhike_sales_floor.records import OPEN_ITEMS

    return OPEN_ITEMS


@hookimpl
def register_blueprints() -> Sequence[Any]:
    """The pages."""
    from zhike_sales_floor.views import bp

    return [bp]


@hookimpl
def register_api() -> Sequence[ApiResource]:
    """The JSON operations."""
    from zhike_sales_floor.api import RESOURCES

    return RESOURCES


@hookimpl
def register_menu() -> Sequence[MenuItem]:
    """Board, my day, customers, deals, registers, reports, team."""
    from zhike_sales_floor.menu import MENU

    return MENU


@hookimpl
def register_cards() -> Sequence[DashboardCard]:
    """The floor at a glance, and what waits for me."""
    from zhike_sales_floor.menu import CARDS

    return CARDS


@hookimpl
def register_actions() -> Sequence[QuickAction]:
    """What can be begun from the command palette."""
    from zhike_sales_floor.lists import ACTIONS

    return ACTIONS


@hookimpl
def register_lists() -> Sequence[RecordList]:
    """The customers, with saved views."""
    from zhike_sales_floor.lists import LISTS

    return LISTS


@hookimpl
def register_bulk_acts() -> Sequence[BulkAct]:
    """Follow-ups and classes of many customers at once."""
    from zhike_sales_floor.lists import BULK_ACTS

    return BULK_ACTS


@hookimpl
def on_enable(session: CompanySession) -> None:
    """A policy to begin with, the numbering of deals, a floor for every site."""
    from zhike_sales_floor.services.setup import prepare

    prepare(session)
