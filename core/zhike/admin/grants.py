"""A role as given, in words: where it holds, how far it reaches, why the answer is no."""

from __future__ import annotations

import uuid

from zhike.contributions import N_
from zhike.i18n import _
from zhike.services.access import Answer, Grant
from zhike.services.organisation import Tree

SCOPE_WORDS = {
    "all": N_("all data"),
    "custom": N_("chosen units"),
    "unit": N_("own unit"),
    "unit_tree": N_("own unit and below"),
    "own": N_("own records only"),
}
"""The five data scopes 数据范围."""


def place_words(here: Tree, unit_id: uuid.UUID | None) -> str:
    """Where a role holds, in words."""
    unit = here.units.get(unit_id) if unit_id else None
    return unit.name if unit else _("The whole company")


def reach_words(here: Tree, grant: Grant) -> str:
    """How far a role as given reaches: its data scope in words, with the units chosen for it."""
    if grant.is_admin:
        return _("everything")
    words = _(SCOPE_WORDS[grant.scope])
    if grant.scope != "custom":
        return words
    names = [here.units[unit].name for unit in sorted(grant.custom) if unit in here.units]
    return f"{words}: {'、'.join(names)}" if names else words


def by_words(here: Tree, answer: Answer) -> str:
    """The role that decided, where it holds and how far it reaches."""
    grant = answer.grant
    if grant is None:
        return no_words(answer)
    parts = (grant.title, place_words(here, grant.unit_id), reach_words(here, grant))
    return " · ".join(parts)


def no_words(answer: Answer) -> str:
    """Why the roles say no."""
    return {
        "inactive": _("The app is switched off"),
        "unknown": _("No app that is running knows this right"),
        "elsewhere": _("Only elsewhere"),
        "viewer": _("You may not see this yourself"),
    }.get(answer.why, _("No role includes it"))
