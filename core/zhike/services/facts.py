"""One fact, one owner 一事一主: who decides where several regulations speak of the same thing."""

from __future__ import annotations

import uuid

from zhike.contributions import OwnedFact
from zhike.db.session import CompanySession
from zhike.plugins.active import active_in


def owner_of(
    s: CompanySession, fact: str, unit_id: uuid.UUID | None = None, *, asking: str = ""
) -> str:
    """The plugin that decides about ``fact`` at a unit (None: the company), ``""`` for nobody.

    ``asking`` is the plugin that has a rule of its own about it: it stands down where this names
    another one, and decides itself where the answer is empty. Only plugins that are active in this
    company are asked. One that fails while being asked does not decide; the failure is noted
    against it, since a rule that runs is mended more easily than one that silently does not.
    """
    for entry in active_in(s).of(OwnedFact):
        name = entry.owner.plugin
        if entry.value.fact != fact or name == asking:
            continue
        try:
            if entry.value.decides(s, unit_id):
                return name
        except Exception as error:  # noqa: BLE001 - another plugin's failure must not stop this one
            s.site.plugins.note_failure(name, f"decides {fact}", error, s.company_id)
    return ""


def app_title(s: CompanySession, plugin: str) -> str:
    """What the plugin that decides is called, its name where it is not loaded (any more)."""
    from zhike.services.lifecycle.words import title

    return title(s.site.plugins, plugin)
