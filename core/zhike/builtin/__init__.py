"""What the core contributes through the hooks every plugin uses.

Each module of this package may hold hook implementations (``@hookimpl``); all of them are
registered in alphabetical order under the owner ``core``, which is active for every company.
"""
