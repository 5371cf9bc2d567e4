"""What a plugin's tests need: fixtures (loaded by pytest itself) and the suite all plugins inherit.

``pytest`` finds the fixtures through the entry point ``pytest11``; nothing has to be imported for
them.  A plugin's conformance test is three lines::

    from zhike.testing import PluginConformance

    class TestConformance(PluginConformance):
        plugin = "acme_hello"

Import this package in tests only.  Its parts are loaded when asked for: pytest imports this module
in every run, before anything measures coverage.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zhike.testing.conformance import PluginConformance as PluginConformance
    from zhike.testing.pages import Field as Field
    from zhike.testing.pages import Form as Form
    from zhike.testing.pages import Link as Link
    from zhike.testing.pages import Page as Page
    from zhike.testing.pages import read_page as read_page
    from zhike.testing.sites import CapturedEvents as CapturedEvents
    from zhike.testing.sites import FrozenClock as FrozenClock
    from zhike.testing.sites import QueryCount as QueryCount
    from zhike.testing.sites import TwoCompanies as TwoCompanies
    from zhike.testing.sites import make_company as make_company
    from zhike.testing.sites import make_site as make_site
    from zhike.testing.sites import make_user as make_user
    from zhike.testing.sites import noon_zone as noon_zone
    from zhike.testing.sites import sign_in as sign_in

_WHERE = {
    "CapturedEvents": "sites",
    "Field": "pages",
    "Form": "pages",
    "FrozenClock": "sites",
    "Link": "pages",
    "Page": "pages",
    "PluginConformance": "conformance",
    "QueryCount": "sites",
    "TwoCompanies": "sites",
    "make_company": "sites",
    "make_site": "sites",
    "make_user": "sites",
    "noon_zone": "sites",
    "read_page": "pages",
    "sign_in": "sites",
}

__all__ = [
    "CapturedEvents",
    "Field",
    "Form",
    "FrozenClock",
    "Link",
    "Page",
    "PluginConformance",
    "QueryCount",
    "TwoCompanies",
    "make_company",
    "make_site",
    "make_user",
    "noon_zone",
    "read_page",
    "sign_in",
]


def __getattr__(name: str) -> Any:
    """Import the part that was asked for."""
    if name not in _WHERE:
        raise AttributeError(f"zhike.testing has no {name!r}")
    return getattr(import_module(f"zhike.testing.{_WHERE[name]}"), name)
