"""The blueprint that the core's own pages share; each module adds its routes."""

from __future__ import annotations

from zhike.web.blueprint import CoreBlueprint

bp = CoreBlueprint("core", "zhike.web")
