"""The core's own permissions and lists of rights, contributed like any plugin's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zhike.contributions import N_, Column, Exporter, Permission
from zhike.hookspecs import hookimpl
from zhike.services.access import CORE_PERMISSIONS


@hookimpl
def register_permissions() -> Sequence[Permission]:
    """Everything the core itself lets a role grant."""
    return CORE_PERMISSIONS


def _rights(s: Any, asked: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    from zhike.admin import inspector  # its words are the panel's, loaded when somebody reads

    return inspector.rows(s, asked)


def _roles(s: Any, asked: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    from zhike.admin import role_matrix

    return role_matrix.rows(s, asked)


@hookimpl
def register_exporters() -> Sequence[Exporter]:
    """Who may do what, by person and by role: what an auditor asks for each quarter."""
    shared = (
        Column(key="app", title=N_("App")),
        Column(key="right", title=N_("Right")),
        Column(key="permission", title=N_("Permission")),
    )
    return (
        Exporter(
            name="core.rights",
            title=N_("Who may do what"),
            permission="core.access",
            columns=(
                Column(key="name", title=N_("Name")),
                Column(key="login", title=N_("User name")),
                *shared,
                Column(key="risk", title=N_("Risk")),
                Column(key="role", title=N_("Role")),
                Column(key="where", title=N_("Where")),
                Column(key="reach", title=N_("Reach")),
                Column(key="since", title=N_("Since"), kind="datetime"),
            ),
            rows=_rights,
            filters=(Column(key="permission", title=N_("Permission")),),
        ),
        Exporter(
            name="core.roles",
            title=N_("Permissions by role"),
            permission="core.roles",
            columns=(
                *shared,
                Column(key="role", title=N_("Role")),
                Column(key="people", title=N_("People"), kind="integer"),
                Column(key="may", title=N_("May"), kind="boolean"),
                Column(key="by", title=N_("Comes with")),
                Column(key="differs", title=N_("Against the suggestion")),
            ),
            rows=_roles,
        ),
    )
