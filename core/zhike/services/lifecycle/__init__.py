"""The life of a plugin: installed and upgraded for the site, switched on and off per company,
uninstalled with everything it kept.

Switching is a quick transaction of one company; install, upgrade and uninstall are operations of
the site, done by the command line or the worker under one lock and never inside a web request.
"""

from zhike.services.lifecycle.errors import LifecycleError
from zhike.services.lifecycle.install import install, upgrade, upgrade_all
from zhike.services.lifecycle.preview import (
    DisablePreview,
    EnablePreview,
    preview_disable,
    preview_enable,
)
from zhike.services.lifecycle.status import Status, Trouble, failures, status, statuses
from zhike.services.lifecycle.toggle import disable, enable
from zhike.services.lifecycle.uninstall import UninstallPreview, preview_uninstall, uninstall

__all__ = [
    "DisablePreview",
    "EnablePreview",
    "LifecycleError",
    "Status",
    "Trouble",
    "UninstallPreview",
    "disable",
    "enable",
    "failures",
    "install",
    "preview_disable",
    "preview_enable",
    "preview_uninstall",
    "status",
    "statuses",
    "uninstall",
    "upgrade",
    "upgrade_all",
]
