"""The guestbook keeps what Zhike promises about plugins."""

from zhike.testing import PluginConformance


class TestConformance(PluginConformance):
    plugin = "acme_guestbook"
