"""A plugin with a route that names no permission: broken, and never mounted."""

from zhike.api import Plugin

plugin = Plugin(name="acme_open", title="Open", version="1.0")
