"""Blueprints whose every route says what it needs; those of plugins cannot leave their room."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from flask import Blueprint

from zhike.web.rights import Access

View = TypeVar("View", bound=Callable[..., Any])

APP_WIDE = (
    "before_app_request",
    "after_app_request",
    "teardown_app_request",
    "app_context_processor",
    "app_errorhandler",
    "app_url_value_preprocessor",
    "app_url_defaults",
    "app_template_filter",
    "app_template_test",
    "app_template_global",
    "add_app_template_filter",
    "add_app_template_test",
    "add_app_template_global",
)
"""The methods of a Flask blueprint that reach beyond it: they would run for every company."""


class GuardedBlueprint(Blueprint):
    """A blueprint whose routes are added with what they need.

    ``bp.get("/x", permission="core.users")``; see :class:`~zhike.web.rights.Access` for the words.
    """

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        *,
        permission: str = "",
        own: str = "",
        signed_in: str = "",
        public: str = "",
        system: bool = False,
        or_system: bool = False,
        polls: bool = False,
        personal: bool = False,
        while_viewing: bool = False,
        **options: Any,
    ) -> None:
        """Add a route; raises ``ValueError`` where it does not say what it needs."""
        where = f"{self.name}: {rule}"
        try:
            access = Access(
                permission,
                own,
                signed_in,
                public,
                system,
                or_system,
                polls,
                personal,
                while_viewing,
            )
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        super().add_url_rule(
            rule, endpoint, view_func, provide_automatic_options, access=access, **options
        )


class CoreBlueprint(GuardedBlueprint):
    """Pages of the core; ``url_prefix`` is its own choice."""


class PluginBlueprint(GuardedBlueprint):
    """Pages of a plugin, mounted by the core at ``/p/<plugin>/``.

    ``PluginBlueprint("sales_floor")`` in the plugin's ``views.py``. Templates are found in the
    plugin's ``templates/`` (``templates/<plugin>/…`` by convention), static files in ``static/``;
    both are mounted by the core. Routes name a permission of their own plugin or of the core, or
    ``public="why"``. What reaches beyond the plugin is refused, and so is a prefix of its own.
    """

    def __init__(self, name: str) -> None:
        caller = sys._getframe(1).f_globals
        module = str(caller.get("__name__", name))
        folder = Path(str(caller.get("__file__", "."))).parent
        super().__init__(name, module, url_prefix=f"/p/{name}", root_path=str(folder))
        self.plugin = name

    def add_url_rule(self, rule: str, *args: Any, **options: Any) -> None:
        """Add a route below ``/p/<plugin>/``; see the class."""
        if options.keys() & {"own", "signed_in", "system", "or_system", "while_viewing"}:
            raise ValueError(f'{self.name}: {rule}: name a permission=, or public="why"')
        wanted = options.get("permission", "")
        if wanted and wanted.partition(".")[0] not in (self.name, "core"):
            raise ValueError(f"{self.name}: {rule}: {wanted!r} belongs to another plugin")
        super().add_url_rule(rule, *args, **options)

    def register(self, app: Any, options: dict[str, Any]) -> None:
        """Called by the core; a plugin cannot choose another prefix or name."""
        if options.get("url_prefix") or options.get("name") or options.get("subdomain"):
            raise ValueError(f"{self.name}: the place of a plugin's pages belongs to the core")
        if self.url_prefix != f"/p/{self.name}" or self.subdomain:
            raise ValueError(f"{self.name}: the place of a plugin's pages belongs to the core")
        super().register(app, options)

    def record(self, func: Callable[..., Any]) -> None:
        """Refused to plugins: a recorded call is handed the whole application."""
        self._only_flask("record")
        super().record(func)

    def record_once(self, func: Callable[..., Any]) -> None:
        """Refused to plugins, as :meth:`record`."""
        self._only_flask("record_once")
        super().record_once(func)

    def _only_flask(self, method: str) -> None:
        # Flask records routes and handlers of the blueprint itself through the same two methods.
        caller = sys._getframe(2).f_globals.get("__name__", "")
        if not caller.startswith(("flask.", __name__)):
            self._refuse(method)

    def _refuse(self, method: str) -> NoReturn:
        raise TypeError(
            f"{self.name}: a plugin's blueprint has no {method}(): it would act for every company, "
            "also where the plugin is off"
        )


def _refuser(method: str) -> Callable[..., NoReturn]:
    def refuse(self: PluginBlueprint, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse(method)

    refuse.__name__ = method
    refuse.__doc__ = "Refused: it would reach beyond the plugin."
    return refuse


for _method in APP_WIDE:
    setattr(PluginBlueprint, _method, _refuser(_method))
