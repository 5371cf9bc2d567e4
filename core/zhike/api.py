"""The public face of the core: the only module of it that a plugin imports.

What is listed in ``__all__`` is kept within a major version; everything else in ``zhike`` may
move. Pure rule engines import :mod:`zhike.rules` besides, tests :mod:`zhike.testing`.

Values, errors and the database layer are here at once. Services and the web layer are loaded when
first asked for, so that reading a manifest costs nothing: ``from zhike.api import parties`` gives
the service module, ``from zhike.api import page`` the function.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zhike import clock
from zhike.contributions import (
    N_,
    ApiResource,
    BulkAct,
    Checked,
    Column,
    Command,
    DashboardCard,
    DeadlineHandler,
    Engine,
    Event,
    Exporter,
    HealthCheck,
    HealthResult,
    Importer,
    Job,
    LedgerAction,
    LifecycleContext,
    Listener,
    MenuItem,
    NotificationType,
    Objection,
    OpenItem,
    OpenItems,
    OwnedFact,
    Permission,
    PolicyPreset,
    Problem,
    QuickAction,
    RecordKind,
    RecordList,
    RecordPlace,
    RecordRef,
    RecordSummary,
    RolePreset,
    SearchHit,
    SearchProvider,
    SettingsSchema,
    SetupStep,
    SubjectData,
)
from zhike.db.base import GlobalModel, ScopedModel, ref
from zhike.db.session import Actor, CompanySession, lock_row, lock_rows
from zhike.db.types import JSONType, UTCDateTime, uuid7
from zhike.errors import Busy, Conflict, Forbidden, NotFound, ScopeError, UserError, ZhikeError
from zhike.hookspecs import hookimpl
from zhike.i18n import _, ngettext
from zhike.manifest import Plugin
from zhike.site import Site

if TYPE_CHECKING:
    from zhike.models.ledger import LedgerLine as LedgerLine
    from zhike.models.organisation import Post as Post
    from zhike.models.organisation import Staff as Staff
    from zhike.models.organisation import Unit as Unit
    from zhike.models.party import Contact as Contact
    from zhike.models.party import Party as Party
    from zhike.plugins.schemas import SettingsForm as SettingsForm
    from zhike.services import access as access
    from zhike.services import calendars as calendars
    from zhike.services import contacts as contacts
    from zhike.services import decisions as decisions
    from zhike.services import drills as drills
    from zhike.services import facts as facts
    from zhike.services import forms as forms
    from zhike.services import idempotency as idempotency
    from zhike.services import inbox as inbox
    from zhike.services import jobs as jobs
    from zhike.services import ledger as ledger
    from zhike.services import numbering as numbering
    from zhike.services import organisation as organisation
    from zhike.services import parties as parties
    from zhike.services import policies as policies
    from zhike.services import printing as printing
    from zhike.services import search as search
    from zhike.services import settings as settings
    from zhike.services import textkit as textkit
    from zhike.services import transfer as transfer
    from zhike.services.companies import bump_generation as bump_generation
    from zhike.services.companies import company_of as company_of
    from zhike.services.companies import remembered as remembered
    from zhike.services.events import emit as emit
    from zhike.services.events import event as event
    from zhike.services.jobs import deadlines as deadlines
    from zhike.services.organisation import UnitInfo as UnitInfo
    from zhike.web.blueprint import PluginBlueprint as PluginBlueprint
    from zhike.web.charts import BarChart as BarChart
    from zhike.web.charts import GroupedChart as GroupedChart
    from zhike.web.charts import HeatChart as HeatChart
    from zhike.web.charts import LineChart as LineChart
    from zhike.web.context import act as act
    from zhike.web.context import current as current
    from zhike.web.context import reading as reading
    from zhike.web.context import transaction as transaction
    from zhike.web.form import PageForm as PageForm
    from zhike.web.lists import list_acts as list_acts
    from zhike.web.page import form_errors as form_errors
    from zhike.web.page import is_fragment as is_fragment
    from zhike.web.page import keeping as keeping
    from zhike.web.page import options as options
    from zhike.web.page import page as page
    from zhike.web.page import toast as toast
    from zhike.web.period import Period as Period
    from zhike.web.period import asked_period as asked_period
    from zhike.web.report import Report as Report
    from zhike.web.report import report_page as report_page
    from zhike.web.ui import Bulk as Bulk
    from zhike.web.ui import Chip as Chip
    from zhike.web.ui import Column as TableColumn
    from zhike.web.ui import Empty as Empty
    from zhike.web.ui import Facet as Facet
    from zhike.web.ui import State as State
    from zhike.web.ui import Table as Table

#: What is loaded when first asked for: name -> module, or module:attribute.
_LAZY = {
    "BarChart": "zhike.web.charts:BarChart",
    "Bulk": "zhike.web.ui:Bulk",
    "Chip": "zhike.web.ui:Chip",
    "Contact": "zhike.models.party:Contact",
    "Empty": "zhike.web.ui:Empty",
    "Facet": "zhike.web.ui:Facet",
    "GroupedChart": "zhike.web.charts:GroupedChart",
    "HeatChart": "zhike.web.charts:HeatChart",
    "LedgerLine": "zhike.models.ledger:LedgerLine",
    "LineChart": "zhike.web.charts:LineChart",
    "PageForm": "zhike.web.form:PageForm",
    "Party": "zhike.models.party:Party",
    "Period": "zhike.web.period:Period",
    "PluginBlueprint": "zhike.web.blueprint:PluginBlueprint",
    "Post": "zhike.models.organisation:Post",
    "Report": "zhike.web.report:Report",
    "SettingsForm": "zhike.plugins.schemas:SettingsForm",
    "Staff": "zhike.models.organisation:Staff",
    "State": "zhike.web.ui:State",
    "Table": "zhike.web.ui:Table",
    "TableColumn": "zhike.web.ui:Column",
    "Unit": "zhike.models.organisation:Unit",
    "UnitInfo": "zhike.services.organisation:UnitInfo",
    "access": "zhike.services.access",
    "act": "zhike.web.context:act",
    "asked_period": "zhike.web.period:asked_period",
    "bump_generation": "zhike.services.companies:bump_generation",
    "calendars": "zhike.services.calendars",
    "company_of": "zhike.services.companies:company_of",
    "contacts": "zhike.services.contacts",
    "current": "zhike.web.context:current",
    "deadlines": "zhike.services.jobs.deadlines",
    "decisions": "zhike.services.decisions",
    "drills": "zhike.services.drills",
    "emit": "zhike.services.events:emit",
    "event": "zhike.services.events:event",
    "facts": "zhike.services.facts",
    "form_errors": "zhike.web.page:form_errors",
    "forms": "zhike.services.forms",
    "idempotency": "zhike.services.idempotency",
    "inbox": "zhike.services.inbox",
    "is_fragment": "zhike.web.page:is_fragment",
    "jobs": "zhike.services.jobs",
    "keeping": "zhike.web.page:keeping",
    "ledger": "zhike.services.ledger",
    "list_acts": "zhike.web.lists:list_acts",
    "numbering": "zhike.services.numbering",
    "options": "zhike.web.page:options",
    "organisation": "zhike.services.organisation",
    "page": "zhike.web.page:page",
    "parties": "zhike.services.parties",
    "policies": "zhike.services.policies",
    "printing": "zhike.services.printing",
    "reading": "zhike.web.context:reading",
    "remembered": "zhike.services.companies:remembered",
    "report_page": "zhike.web.report:report_page",
    "search": "zhike.services.search",
    "settings": "zhike.services.settings",
    "textkit": "zhike.services.textkit",
    "toast": "zhike.web.page:toast",
    "transaction": "zhike.web.context:transaction",
    "transfer": "zhike.services.transfer",
}

__all__ = [
    "Actor",
    "ApiResource",
    "Bulk",
    "BulkAct",
    "Busy",
    "Checked",
    "Chip",
    "Column",
    "Command",
    "CompanySession",
    "Conflict",
    "Contact",
    "DashboardCard",
    "DeadlineHandler",
    "Empty",
    "Engine",
    "Event",
    "Exporter",
    "Facet",
    "Forbidden",
    "GlobalModel",
    "HealthCheck",
    "HealthResult",
    "Importer",
    "JSONType",
    "Job",
    "LedgerAction",
    "LedgerLine",
    "LifecycleContext",
    "Listener",
    "MenuItem",
    "N_",
    "NotFound",
    "NotificationType",
    "Objection",
    "OpenItem",
    "OpenItems",
    "OwnedFact",
    "PageForm",
    "Party",
    "Permission",
    "Plugin",
    "PluginBlueprint",
    "PolicyPreset",
    "Post",
    "Problem",
    "QuickAction",
    "RecordKind",
    "RecordPlace",
    "RecordList",
    "RecordRef",
    "RecordSummary",
    "RolePreset",
    "ScopeError",
    "ScopedModel",
    "SearchHit",
    "SearchProvider",
    "SettingsForm",
    "SettingsSchema",
    "SetupStep",
    "Site",
    "Staff",
    "State",
    "SubjectData",
    "Table",
    "TableColumn",
    "UTCDateTime",
    "Unit",
    "UnitInfo",
    "UserError",
    "ZhikeError",
    "_",
    "access",
    "act",
    "clock",
    "bump_generation",
    "calendars",
    "company_of",
    "contacts",
    "current",
    "deadlines",
    "decisions",
    "drills",
    "emit",
    "event",
    "facts",
    "form_errors",
    "forms",
    "hookimpl",
    "idempotency",
    "inbox",
    "is_fragment",
    "jobs",
    "keeping",
    "ledger",
    "list_acts",
    "lock_row",
    "lock_rows",
    "ngettext",
    "numbering",
    "options",
    "organisation",
    "page",
    "parties",
    "policies",
    "printing",
    "reading",
    "remembered",
    "ref",
    "search",
    "settings",
    "textkit",
    "toast",
    "transaction",
    "transfer",
    "uuid7",
    "BarChart",
    "GroupedChart",
    "LineChart",
    "HeatChart",
    "Period",
    "asked_period",
    "Report",
    "report_page",
]


def __getattr__(name: str) -> Any:
    """Load a service or a part of the web layer; kept for the next time."""
    try:
        path = _LAZY[name]
    except KeyError:
        raise AttributeError(f"zhike.api has no {name!r}") from None
    module, _sep, attribute = path.partition(":")
    loaded = import_module(module)
    value = getattr(loaded, attribute) if attribute else loaded
    globals()[name] = value
    return value
