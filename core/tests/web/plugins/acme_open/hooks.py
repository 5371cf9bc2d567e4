"""What acme_open contributes."""

from __future__ import annotations

from typing import Any

from zhike.api import hookimpl


@hookimpl
def register_blueprints() -> list[Any]:
    from zhike.api import PluginBlueprint

    bp = PluginBlueprint("acme_open")

    @bp.get("/", permission="acme_open.never_declared")
    def home() -> str:
        return "open to everybody"

    return [bp]
