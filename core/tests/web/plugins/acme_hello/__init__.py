"""A small plugin that stands in for a third party's in the tests of the web layer."""

from zhike.api import Plugin

plugin = Plugin(name="acme_hello", title="Hello", version="1.0")
