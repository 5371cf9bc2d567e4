"""Pages of the core that everybody meets: the door, the frame's controls, today, search, inbox."""

from __future__ import annotations

from zhike.web.blueprint import CoreBlueprint


def core_blueprints() -> tuple[CoreBlueprint, ...]:
    """Every blueprint of the core, in the order of mounting."""
    from zhike.web.views import (
        account,
        bulk,
        desk,
        door,
        home,
        palette,
        place,
        saved,
        second,
        system,
    )
    from zhike.web.views._core import bp

    # Importing a module adds its routes to the one blueprint "core".
    for module in (account, bulk, desk, door, home, palette, place, saved, second, system):
        assert module.bp is bp
    return (bp,)
