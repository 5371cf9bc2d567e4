"""The sales floor keeps the house rules that every plugin keeps."""

from __future__ import annotations

from zhike.testing import PluginConformance


class TestConformance(PluginConformance):
    """Inherited as a third party's plugin would inherit it."""

    plugin = "sales_floor"
