"""What the search page and the command palette find besides records: actions, pages, views, people.

Each function gives lines the reader may use, as mappings with ``label``, ``url``, ``icon`` and,
where it helps, ``note``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from flask import url_for
from flask_babel import gettext
from werkzeug.routing import BuildError

from zhike.contributions import MenuItem, QuickAction, RecordList
from zhike.i18n import _
from zhike.services import organisation, textkit, views
from zhike.web.context import Me, reading

Item = dict[str, str]


@lru_cache(maxsize=2048)
def _terms(title: str) -> frozenset[str]:
    return textkit.name_terms(title)


def matches(title: str, text: str) -> bool:
    """Whether ``text`` is a part of ``title``, or the beginning of its pinyin or initials."""
    if text.casefold() in title.casefold():
        return True
    terms = _terms(title)
    wanted = textkit.query_words(text)
    return bool(wanted) and all(any(term.startswith(one) for term in terms) for one in wanted)


def only(items: Iterable[Item], text: str, most: int) -> list[Item]:
    """The first ``most`` of ``items`` that match ``text``; of an empty text all match."""
    found = [item for item in items if not text or matches(item["label"], text)]
    return found[:most]


def _address(me: Me, action: QuickAction) -> str:
    """Where the action begins; empty where there is no site to do it at."""
    if not action.at_site:
        return url_for(action.endpoint)
    unit = me.unit
    return url_for(action.endpoint, unit_id=unit.id) if unit is not None else ""


def actions(me: Me) -> list[Item]:
    """What the person may begin here, in the order of weight."""
    found = []
    for action in me.active.items(QuickAction):
        unit_id = me.unit.id if action.at_site and me.unit is not None else None
        if not me.can(action.permission, unit_id):
            continue
        try:
            url = _address(me, action)
        except BuildError as error:
            owner = action.name.partition(".")[0]
            me.site.plugins.note_failure(owner, f"action {action.name}", error)
            continue
        if url:
            found.append({"label": gettext(action.title), "url": url, "icon": action.icon})
    return found


def pages(me: Me) -> list[Item]:
    """The entries of the person's menu."""
    found = [{"label": _("Today"), "url": url_for("core.home"), "icon": "sunrise"}]
    for item in me.active.items(MenuItem):
        if me.can(item.permission):
            try:
                url = url_for(item.endpoint)
            except BuildError:
                continue  # noted where the menu is drawn
            found.append({"label": gettext(item.title), "url": url, "icon": item.icon or "dot"})
    found.append({"label": _("Saved views"), "url": url_for("core.views"), "icon": "bookmark"})
    return found


def saved(me: Me) -> list[Item]:
    """Saved views of every list the person may see."""
    lists = {one.name: one for one in me.active.items(RecordList) if me.can(one.permission)}
    return [
        {
            "label": view.name,
            "note": gettext(lists[view.list].title),
            "url": f"{url_for(lists[view.list].endpoints[0])}?view={view.id}",
            "icon": "bookmark",
        }
        for view in views.every_view(reading(), me.principal)
        if view.list in lists
    ]


def people(me: Me, text: str, most: int) -> list[Item]:
    """Staff by name, pinyin or initials, for who keeps the organisation."""
    if not text or not me.can("core.organisation"):
        return []
    return [
        {
            "label": name,
            "url": url_for("admin_organisation.staff", staff_id=staff_id),
            "icon": "person",
        }
        for staff_id, name in organisation.staff_names(reading()).items()
        if matches(name, text)
    ][:most]
