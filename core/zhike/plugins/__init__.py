"""The plugin platform: finding, ordering, loading and asking plugins, and who is active where."""

from __future__ import annotations

from zhike.plugins.discovery import Fault, Found
from zhike.plugins.manager import PluginHost, load_plugins
from zhike.plugins.registry import ContributionError, Entry, Owner, Registry

__all__ = [
    "ContributionError",
    "Entry",
    "Fault",
    "Found",
    "Owner",
    "PluginHost",
    "Registry",
    "load_plugins",
]
