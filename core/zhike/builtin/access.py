"""The core's own permissions, contributed like any plugin's."""

from __future__ import annotations

from collections.abc import Sequence

from zhike.contributions import Permission
from zhike.hookspecs import hookimpl
from zhike.services.access import CORE_PERMISSIONS


@hookimpl
def register_permissions() -> Sequence[Permission]:
    """Everything the core itself lets a role grant."""
    return CORE_PERMISSIONS
