"""What every list that is registered has around it: saved views, acts on many rows."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from zhike.contributions import BulkAct, RecordList
from zhike.i18n import _
from zhike.services import views
from zhike.web.context import current, reading
from zhike.web.ui_table import Bulk, Table

#: The value of ``view`` that means the plain list, also for whom it opens with another one.
PLAIN = "all"


@dataclass(frozen=True, slots=True)
class SavedView:
    """A saved view as a link above a list; ``count`` is where its number is asked, if anywhere."""

    label: str
    url: str
    active: bool = False
    count: str = ""
    shared: bool = False
    edit: str = ""


@dataclass(frozen=True, slots=True)
class SavedBar:
    """Saved views above a list, and what saving the present one needs."""

    name: str
    links: tuple[SavedView, ...]
    query: str
    back: str
    roles: tuple[tuple[str, str], ...]
    narrowed: bool


def kept_pairs(args: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs of an address that a view keeps."""
    return [(key, value) for key, value in args if key not in views.PASSING and value]


def saved_bar(table: Table) -> SavedBar | None:
    """The views of the list for the reader at hand; None for a list that is not registered."""
    me = current()
    if not table.name or me.company is None or me.user is None:
        return None
    known = me.active.get(RecordList, table.name)
    if known is None:
        return None
    s = reading()
    found = views.views_of(s, me.principal, table.name)
    pairs = kept_pairs(table.args)
    unit = _unit()
    links: list[SavedView] = []
    if found:
        links.append(SavedView(_("All"), f"{table.base_url}?view={PLAIN}", not pairs))
    for view in found:
        own = view.user_id == me.user.id
        here = bool(pairs) and sorted(pairs) == sorted(view.query)
        links.append(
            SavedView(
                view.name,
                f"{table.base_url}?{urlencode([*view.query, ('view', str(view.id))])}",
                here,
                url_for("core.view_count", view_id=view.id, unit=unit) if known.find else "",
                shared=bool(view.shared_with),
                edit=url_for("core.view_edit", view_id=view.id, back=table.base_url) if own else "",
            )
        )
    return SavedBar(
        table.name,
        tuple(links),
        urlencode(pairs),
        table.base_url,
        tuple(views.sharable(s, me.principal)) if pairs else (),
        bool(pairs),
    )


def _unit() -> str | None:
    """The site a list is about: named by its address, else where the reader works."""
    asked = (request.view_args or {}).get("unit_id")
    here = current().unit
    unit = asked or (here.id if here is not None else None)
    return str(unit) if unit else None


def list_acts(name: str, unit_id: uuid.UUID | None = None) -> list[Bulk]:
    """What the reader may do with many rows of the list ``name`` at once, for ``Table.bulk``."""
    me = current()
    return [
        Bulk(
            _(act.title),
            url_for("core.bulk_ask", act=act.name, unit=unit_id),
            icon=act.icon,
            danger=act.danger,
        )
        for act in me.active.items(BulkAct)
        if act.list == name and me.can(act.permission, unit_id)
    ]


def open_default() -> Any:
    """``before_request``: a plain list opens with the view its reader chose for it.

    ``?view=all`` is the plain list all the same; ``?view=<id>`` alone becomes the whole address.
    """
    if request.method != "GET" or not request.endpoint or request.headers.get("HX-Request"):
        return None
    args = request.args
    if args and set(args) != {"view"}:
        return None
    me = current()
    if me.company is None or me.user is None:
        return None
    known = next(
        (one for one in me.active.items(RecordList) if request.endpoint in one.endpoints), None
    )
    if known is None or args.get("view") == PLAIN:
        return None
    view = _asked_view(known.name, args.get("view", ""))
    if view is None or not view.query:
        return None
    where = f"{request.script_root}{request.path}"
    answer: Response = redirect(f"{where}?{urlencode([*view.query, ('view', str(view.id))])}", 302)
    return answer


def _asked_view(list_name: str, asked: str) -> views.View | None:
    s, who = reading(), current().principal
    if not asked:
        return views.default_of(s, who, list_name)
    return next((v for v in views.views_of(s, who, list_name) if str(v.id) == asked), None)
