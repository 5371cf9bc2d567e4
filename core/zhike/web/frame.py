"""What stands around every page: menu, switchers, links, count of notices, banners.

Worked out from what plugins contribute and what the person may use, and cached per person and
company under the company's generation: a page asks the database nothing for its frame but the
count of unread notices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from time import monotonic
from typing import Any
from uuid import UUID

from flask import current_app, g, has_request_context, request, url_for
from werkzeug.local import LocalProxy
from werkzeug.routing import BuildError

from zhike.contributions import N_, MenuItem
from zhike.i18n import _
from zhike.services import inbox
from zhike.web import i18n
from zhike.web.context import Me, current, reading
from zhike.web.ui import Banner, NavItem, NavSection, SwitchGroup, SwitchOption

SECTIONS = {
    "today": N_("Today"),
    "work": N_("Work"),
    "customers": N_("Customers"),
    "records": N_("Records"),
    "reports": N_("Reports"),
    "setup": N_("Set-up"),
}
_COUNT_SECONDS = 5.0
_MOST = 5000


@dataclass(frozen=True, slots=True)
class _Entry:
    item: NavItem
    section: str
    endpoint: str
    contribution: MenuItem | None


_menus: dict[tuple[int, UUID, str], tuple[int, tuple[_Entry, ...]]] = {}
_counts: dict[tuple[int, UUID, str], tuple[float, int]] = {}
_lock = Lock()


def _viewer(me: Me) -> str:
    """Who looks as the person, if anybody does: he sees less, so his frame is another."""
    return str(me.person.id) if me.viewing is not None and me.person is not None else ""


def _remember(cache: dict[Any, Any], key: Any, value: Any) -> None:
    with _lock:
        if len(cache) >= _MOST:
            cache.clear()
        cache[key] = value


def _entries(me: Me) -> tuple[_Entry, ...]:
    """The person's menu without badges; from the cache while the company's generation stands."""
    assert me.company is not None
    assert me.user is not None
    locale = i18n.locale_name()
    key = (me.company.id, me.user.id, f"{locale} {_viewer(me)}")
    known = _menus.get(key)
    # The set's own number: it may be newer than the row this request has read.
    generation = me.active.generation
    if known is not None and known[0] == generation:
        return known[1]
    entries = [
        _Entry(
            NavItem(url_for("core.home"), _("Today"), "sunrise", key="t", phone=True),
            "today",
            "core.home",
            None,
        )
    ]
    for item in me.active.items(MenuItem):
        if not me.can(item.permission):
            continue
        try:
            url = url_for(item.endpoint)
        except BuildError as error:
            me.site.plugins.note_failure(item.name.partition(".")[0], f"menu {item.name}", error)
            continue
        nav = NavItem(url, _(item.title), item.icon or "dot")
        entries.append(_Entry(nav, item.section, item.endpoint, item))
    fresh = tuple(entries)
    _remember(_menus, key, (generation, fresh))
    return fresh


def _cached_count(me: Me, name: str, ask: Any) -> int:
    """A count that may be a few seconds old: a badge is a hint, not the list."""
    assert me.company is not None
    assert me.user is not None
    key = (me.company.id, me.user.id, f"{name} {_viewer(me)}")
    known = _counts.get(key)
    now = monotonic()
    if known is not None and now - known[0] < _COUNT_SECONDS:
        return known[1]
    count = int(ask())
    _remember(_counts, key, (now, count))
    return count


def forget_counts(me: Me) -> None:
    """Count anew at the next page: the person has just changed what is counted."""
    if me.company is not None and me.user is not None:
        for key in [k for k in _counts if k[:2] == (me.company.id, me.user.id)]:
            _counts.pop(key, None)


def _badge(me: Me, entry: _Entry) -> int:
    item = entry.contribution
    if item is None or item.badge is None:
        return 0
    ask = item.badge
    try:
        return _cached_count(me, item.name, lambda: ask(me))
    except Exception as error:  # noqa: BLE001 - a plugin's badge must not take the page with it
        company_id = me.company.id if me.company else None
        owner = item.name.partition(".")[0]
        me.site.plugins.note_failure(owner, f"badge {item.name}", error, company_id)
        return 0


def nav() -> Sequence[NavSection]:
    """The menu for the person at hand, in the order of the day."""
    me = current()
    if not me or me.user is None:
        return ()
    if me.company is None:
        return _site_menu() if me.user.is_system_admin else ()
    entries = _entries(me)
    here = _here([entry.item.url for entry in entries])
    by_section: dict[str, list[NavItem]] = {}
    for entry in entries:
        nav_item, badge = entry.item, _badge(me, entry)
        if badge or nav_item.url == here:
            nav_item = replace(nav_item, active=nav_item.url == here, badge=badge)
        by_section.setdefault(entry.section, []).append(nav_item)
    return tuple(
        NavSection(_(title), tuple(by_section[name]))
        for name, title in SECTIONS.items()
        if name in by_section
    )


def _here(urls: Sequence[str]) -> str:
    """The entry that the present page belongs to: itself, else the nearest one above it."""
    path = request.script_root + request.path
    above = [url for url in urls if path == url or path.startswith(f"{url}/")]
    return max(above, key=len, default="")


def _site_menu() -> Sequence[NavSection]:
    """What a system administrator looks after without belonging to a company."""
    items = [
        NavItem(url_for("admin_companies.all_companies"), _("Companies"), "buildings"),
        NavItem(url_for("admin_backups.overview"), _("Backups"), "archive"),
    ]
    here = _here([item.url for item in items])
    return (
        NavSection(_("This site"), tuple(replace(item, active=item.url == here) for item in items)),
    )


def switcher() -> Sequence[SwitchGroup]:
    """Sites one may work at, and the way to another company."""
    me = current()
    if not me or me.company is None or me.user is None or me.desk is not None:
        return ()
    groups: list[SwitchGroup] = []
    here = me.unit
    sites = me.principal.tree.sites
    if len(sites) > 1:
        options = tuple(
            SwitchOption(str(site.id), site.name, here is not None and site.id == here.id)
            for site in sites
        )
        groups.append(SwitchGroup(_("Site"), url_for("core.switch_unit"), "unit", options))
    return tuple(groups)


def links() -> Mapping[str, str]:
    """Addresses of the frame's own controls; what is missing is left out of the page."""
    me = current()
    if not me:
        return _links("out")
    if me.desk is not None:
        return _links("desk")
    if me.company is None:
        return _links("in")
    if me.viewing is not None:
        return _links("viewing")
    return _links("member" if me.staff is None else "staff")


_FOR_ALL = {"language": "core.set_language", "theme": "core.set_theme"}
_INSIDE = {
    "home": "core.home",
    "shortcuts": "core.set_shortcuts",
    "password": "core.password",
    "sessions": "core.sessions_list",
    "logout": "core.logout",
    "company": "core.choose_company",
}
_MEMBER = {
    "today": "core.home",
    "search": "core.search",
    "suggest": "core.suggest",
    "palette": "core.palette",
    "views": "core.views",
    "me": "core.me",
}
_MEMBER_OF_DESK = {
    "home": "core.home",
    "today": "core.home",
    "search": "core.search",
    "suggest": "core.suggest",
    "shortcuts": "core.set_shortcuts",
}
_LINKS = {
    "out": {**_FOR_ALL, "login": "core.login", "home": "core.login"},
    "desk": {
        **_FOR_ALL,
        **_MEMBER_OF_DESK,
    },
    "in": {**_FOR_ALL, **_INSIDE},
    "viewing": {"home": "core.home", "logout": "core.logout", **_MEMBER},
    "member": {**_FOR_ALL, **_INSIDE, **_MEMBER},
    "staff": {**_FOR_ALL, **_INSIDE, **_MEMBER, "inbox": "core.inbox"},
}


def _links(who: str) -> Mapping[str, str]:
    """The addresses for one kind of reader; made once for an application."""
    made: dict[tuple[str, str], Mapping[str, str]] = current_app.extensions["zhike"].links
    key = (who, request.script_root)
    if key not in made:
        made[key] = {name: url_for(endpoint) for name, endpoint in _LINKS[who].items()}
    return made[key]


def inbox_count() -> int:
    """Unread notices of the person, counted up to a hundred."""
    me = current()
    if not me or me.company is None or me.desk is not None or me.staff is None:
        return 0
    staff_id = me.staff.id
    return _cached_count(me, "core.inbox", lambda: inbox.unread_count(reading(), staff_id))


def banners() -> Sequence[Banner]:
    """Notices above the page that stay until their cause is gone."""
    found: list[Banner] = []
    for source in current_app.extensions["zhike"].banners:
        found.extend(source(current()))
    return found


def _once(name: str, make: Callable[[], Any], empty: Any) -> Any:
    """A global that is worked out at most once a request, and only where a template uses it."""

    def value() -> Any:
        if not has_request_context():
            return empty
        known: dict[str, Any] = g.setdefault("frame", {})
        if name not in known:
            known[name] = make()
        return known[name]

    return LocalProxy(value)


def page_context() -> dict[str, Any]:
    """The cheap and much used ones as plain values: templates reach them without a detour."""
    return {
        "current": current(),
        "links": links(),
        "theme": i18n.choose_theme(),
        "locale": i18n.locale_name(),
    }


def jinja_globals() -> dict[str, Any]:
    """What templates see everywhere, imported macros included; each is worked out when used."""
    return {
        "nav": _once("nav", nav, ()),
        "switcher": _once("switcher", switcher, ()),
        "links": _once("links", links, {}),
        "inbox_count": _once("inbox_count", inbox_count, 0),
        "banners": _once("banners", banners, ()),
        "theme": _once("theme", i18n.choose_theme, "auto"),
        "locale": _once("locale", i18n.locale_name, i18n.DEFAULT),
        "zone_name": _once("zone_name", lambda: current().tz, "Asia/Shanghai"),
        "shortcuts_on": _once(
            "shortcuts_on", lambda: request.cookies.get("zhike_keys", "on") != "off", True
        ),
    }
