"""Every hook of the core: its arguments, what it promises, an example.

Three kinds.  *Register* hooks take no argument, are called once at start and return lists of the
values in :mod:`zhike.contributions`.  *Ask* hooks are called per use, on active plugins only.
*Lifecycle* hooks are called on one plugin only.  What *happened* is never a hook but an event.

Arguments are only ever added; a hook that goes away warns for one minor version first.  An
implementation is a function of the same name marked ``@hookimpl`` in the plugin's ``hooks.py``; it
may take fewer arguments than stand here.  ``docs/hooks.md`` says the same in prose and is compared
with this module by a test.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pluggy

from zhike import contributions as c

if TYPE_CHECKING:
    from flask import Blueprint, Request

PROJECT = "zhike"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

#: Register hook -> type of each thing in its list.  A name in quotes is a class that only the
#: layer above knows: ``module:Class``, compared along the value's own classes.
RESULT_TYPES: dict[str, type | str] = {
    "register_models": str,
    "register_hookspecs": str,
    "register_permissions": c.Permission,
    "register_roles": c.RolePreset,
    "register_settings": c.SettingsSchema,
    "register_events": type,
    "register_listeners": c.Listener,
    "register_jobs": c.Job,
    "register_deadlines": c.DeadlineHandler,
    "register_notifications": c.NotificationType,
    "register_search": c.SearchProvider,
    "register_exporters": c.Exporter,
    "register_importers": c.Importer,
    "register_documents": "zhike.services.forms.model:Form",
    "register_engines": c.Engine,
    "register_policies": c.PolicyPreset,
    "register_subject_data": c.SubjectData,
    "register_record_kinds": c.RecordKind,
    "register_ledger_actions": c.LedgerAction,
    "register_health_checks": c.HealthCheck,
    "register_setup_steps": c.SetupStep,
    "register_commands": c.Command,
    "register_open_items": c.OpenItems,
    "register_owned_facts": c.OwnedFact,
    "register_blueprints": "zhike.web.blueprint:PluginBlueprint",
    "register_api": c.ApiResource,
    "register_menu": c.MenuItem,
    "register_cards": c.DashboardCard,
    "register_actions": c.QuickAction,
    "register_lists": c.RecordList,
    "register_bulk_acts": c.BulkAct,
}

#: Collected only when a web application is built: they import views, which a worker never needs.
WEB_HOOKS = (
    "register_blueprints",
    "register_api",
    "register_menu",
    "register_cards",
    "register_actions",
)

LIFECYCLE_HOOKS = (
    "on_install",
    "on_upgrade",
    "on_enable",
    "on_disable",
    "before_uninstall",
    "on_uninstall",
)

ASK_HOOKS = ("resolve_company", "authenticate", "object_to")


class CoreHooks:
    """The specifications; never instantiated by plugins."""

    # -- register: data and rights ------------------------------------------------------------

    @hookspec
    def register_models(self) -> Sequence[str]:
        """Name the modules that define models, e.g. ``return ["zhike_acme.models"]``.

        They are imported at start; a table that is not ``<plugin>__…`` breaks the plugin.
        """
        raise NotImplementedError

    @hookspec
    def register_hookspecs(self) -> Sequence[str]:
        """Name modules with hook specifications of your own, e.g. ``["zhike_acme.hookspecs"]``.

        Each specification's name begins with the plugin's name and ``_``.
        """
        raise NotImplementedError

    @hookspec
    def register_permissions(self) -> Sequence[c.Permission]:
        """State what may be granted, e.g. ``[Permission(name="acme.view", title=N_("View"))]``."""
        raise NotImplementedError

    @hookspec
    def register_roles(self) -> Sequence[c.RolePreset]:
        """Suggest roles, offered when a company enables the plugin."""
        raise NotImplementedError

    @hookspec
    def register_settings(self) -> Sequence[c.SettingsSchema]:
        """Give the settings form, e.g. ``[SettingsSchema(form=AcmeSettings)]``."""
        raise NotImplementedError

    # -- register: pages ----------------------------------------------------------------------

    @hookspec
    def register_blueprints(self) -> Sequence[Blueprint]:
        """Return the plugin's ``PluginBlueprint`` objects; mounted at ``/p/<plugin>/``."""
        raise NotImplementedError

    @hookspec
    def register_api(self) -> Sequence[c.ApiResource]:
        """Return the JSON operations; mounted at ``/api/v1/<plugin>/`` and published as OpenAPI."""
        raise NotImplementedError

    @hookspec
    def register_menu(self) -> Sequence[c.MenuItem]:
        """Return menu entries; shown where the reader has their permission."""
        raise NotImplementedError

    @hookspec
    def register_cards(self) -> Sequence[c.DashboardCard]:
        """Return cards for the Today page; each is fetched apart and delays only itself."""
        raise NotImplementedError

    @hookspec
    def register_actions(self) -> Sequence[c.QuickAction]:
        """Return what can be begun from the command palette, where the reader may."""
        raise NotImplementedError

    @hookspec
    def register_lists(self) -> Sequence[c.RecordList]:
        """Return lists whose views can be saved and whose rows can be acted on together."""
        raise NotImplementedError

    @hookspec
    def register_bulk_acts(self) -> Sequence[c.BulkAct]:
        """Return acts on many rows of a list, one's own or another plugin's."""
        raise NotImplementedError

    # -- register: what happens ---------------------------------------------------------------

    @hookspec
    def register_events(self) -> Sequence[type[c.Event]]:
        """Return the event classes this plugin emits, marked ``@event("acme.happened")``."""
        raise NotImplementedError

    @hookspec
    def register_listeners(self) -> Sequence[c.Listener]:
        """Return listeners; called after commit, at least once, each in its own transaction."""
        raise NotImplementedError

    @hookspec
    def register_jobs(self) -> Sequence[c.Job]:
        """Return background jobs; skipped for companies where the plugin is not active."""
        raise NotImplementedError

    @hookspec
    def register_deadlines(self) -> Sequence[c.DeadlineHandler]:
        """Return what the breach of each kind of due time does."""
        raise NotImplementedError

    @hookspec
    def register_notifications(self) -> Sequence[c.NotificationType]:
        """Return the kinds of notice people may subscribe to."""
        raise NotImplementedError

    # -- register: data in, out and around ----------------------------------------------------

    @hookspec
    def register_search(self) -> Sequence[c.SearchProvider]:
        """Return providers for the search box; permissions are applied in their queries."""
        raise NotImplementedError

    @hookspec
    def register_exporters(self) -> Sequence[c.Exporter]:
        """Return exports; rows are streamed and there is no cap on their number."""
        raise NotImplementedError

    @hookspec
    def register_importers(self) -> Sequence[c.Importer]:
        """Return imports; each row is tried without effect before anything is applied."""
        raise NotImplementedError

    @hookspec
    def register_documents(self) -> Sequence[Any]:
        """Return the regulation's forms as data: a list of ``zhike.api.forms.Form``."""
        raise NotImplementedError

    @hookspec
    def register_engines(self) -> Sequence[c.Engine]:
        """Return the pure rule engines; drill, page and API call the same one."""
        raise NotImplementedError

    @hookspec
    def register_policies(self) -> Sequence[c.PolicyPreset]:
        """Return the shipped regulations, each with the drills beside it."""
        raise NotImplementedError

    @hookspec
    def register_subject_data(self) -> Sequence[c.SubjectData]:
        """Say which columns are personal, and how one person's data is exported and erased."""
        raise NotImplementedError

    @hookspec
    def register_record_kinds(self) -> Sequence[c.RecordKind]:
        """Say how your records are named and linked where others refer to them."""
        raise NotImplementedError

    @hookspec
    def register_ledger_actions(self) -> Sequence[c.LedgerAction]:
        """Say what the actions that you write into the ledger are called."""
        raise NotImplementedError

    @hookspec
    def register_open_items(self) -> Sequence[c.OpenItems]:
        """Say what is unfinished, for a handover and for the preview before disabling."""
        raise NotImplementedError

    @hookspec
    def register_owned_facts(self) -> Sequence[c.OwnedFact]:
        """Say about which facts this plugin decides, so that others' rules stand down."""
        raise NotImplementedError

    @hookspec
    def register_health_checks(self) -> Sequence[c.HealthCheck]:
        """Return questions for the health page and ``zhike doctor``."""
        raise NotImplementedError

    @hookspec
    def register_setup_steps(self) -> Sequence[c.SetupStep]:
        """Say what a new company has to do for your plugin, for the guide of the first set-up."""
        raise NotImplementedError

    @hookspec
    def register_commands(self) -> Sequence[c.Command]:
        """Return commands, mounted as ``zhike <plugin> <command>``."""
        raise NotImplementedError

    # -- ask ----------------------------------------------------------------------------------

    @hookspec(firstresult=True)
    def resolve_company(self, request: Request) -> int | None:
        """Return the id of the company this request is for, or None to let others answer.

        Asked of every loaded plugin, before a company and so an active set is known.
        """
        raise NotImplementedError

    @hookspec(firstresult=True)
    def authenticate(self, request: Request) -> int | None:
        """Return the id of the user who proves to be behind this request (single sign-on), or None.

        Asked of every loaded plugin; the core's own login form comes last.
        """
        raise NotImplementedError

    @hookspec
    def object_to(
        self, action: str, principal: Any, unit_id: uuid.UUID | None
    ) -> Sequence[c.Objection]:
        """Refuse an act that permissions alone would allow; any one refuses, none can grant.

        Asked before every request that changes something; ``action`` is the name of the permission
        it needs, ``unit_id`` the unit it names.  Switching apps cannot be objected to.
        """
        raise NotImplementedError

    # -- lifecycle ----------------------------------------------------------------------------

    @hookspec
    def on_install(self, context: c.LifecycleContext) -> None:
        """After the first migration: global reference data."""
        raise NotImplementedError

    @hookspec
    def on_upgrade(self, context: c.LifecycleContext, from_version: str) -> None:
        """After the migrations of a new version: data steps that are no change of tables."""
        raise NotImplementedError

    @hookspec
    def on_enable(self, session: Any) -> None:
        """A company switches the plugin on: default rows.  Must be safe to repeat.

        Runs inside the switching transaction; raising refuses the switch and changes nothing.
        """
        raise NotImplementedError

    @hookspec
    def on_disable(self, session: Any) -> None:
        """A company switches the plugin off: stop timers, release leases; delete nothing."""
        raise NotImplementedError

    @hookspec
    def before_uninstall(self, context: c.LifecycleContext) -> Sequence[c.Objection]:
        """Object to losing the data, with a reason (retention period, legal hold)."""
        raise NotImplementedError

    @hookspec
    def on_uninstall(self, context: c.LifecycleContext) -> None:
        """Before the tables go: files and registrations elsewhere."""
        raise NotImplementedError
