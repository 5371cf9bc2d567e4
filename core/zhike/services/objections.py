"""Refusals beyond permissions: plugins may object to an act, none can grant one (异议)."""

from __future__ import annotations

import uuid
from typing import Any

from zhike.contributions import Objection
from zhike.errors import Forbidden
from zhike.i18n import _
from zhike.plugins.active import ActiveSet
from zhike.services.lifecycle.words import title

#: Switching apps is never refused by an app: it is the way to be rid of one that refuses wrongly.
EXEMPT = frozenset({"core.apps"})


def objections(
    active: ActiveSet, action: str, principal: Any, unit_id: uuid.UUID | None = None
) -> list[Objection]:
    """What active plugins say against ``action`` (the name of a permission) by ``principal``.

    A plugin that fails while being asked objects by that: whoever may refuse must not be passed
    by making him fail.
    """
    if action in EXEMPT:
        return []
    found: list[Objection] = []
    for owner, answer, error in active.each(
        "object_to", action=action, principal=principal, unit_id=unit_id
    ):
        if error is not None or not all(isinstance(one, Objection) for one in answer):
            name = title(active.host, owner.plugin)
            found.append(Objection(_("%(app)s could not be asked and so refuses.", app=name)))
        else:
            found += answer
    return found


def refuse_objected(
    active: ActiveSet, action: str, principal: Any, unit_id: uuid.UUID | None = None
) -> None:
    """Raise ``Forbidden`` with the reasons if anybody objects to the act."""
    found = objections(active, action, principal, unit_id)
    if found:
        raise Forbidden(
            " ".join(one.reason for one in found),
            code="objection",
            extra={"permission": action, "rules": [one.rule for one in found if one.rule]},
        )
