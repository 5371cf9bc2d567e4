"""Today 今日, the search box and the inbox."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify, redirect, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.exceptions import NotFound as PageNotFound

from zhike.contributions import DashboardCard, RecordRef, SearchHit, SearchProvider, SetupStep
from zhike.errors import UserError
from zhike.i18n import _
from zhike.services import inbox as notices
from zhike.services import parties, setup
from zhike.web import finding, frame
from zhike.web.context import current, reading, transaction
from zhike.web.page import page
from zhike.web.redirects import safe_next
from zhike.web.views._core import bp

LONGEST = 100  #: characters of a search that are looked at
PER_GROUP = 20
SUGGESTED = 8


@bp.get("/", own="the home page; each card asks for its own right")
def home() -> Any:
    """Today: the cards of active plugins, each fetched in a request of its own."""
    me = current()
    loading = Markup(
        '<div class="zk-card__body" hx-get="{url}" hx-trigger="load" hx-swap="innerHTML" '
        'aria-busy="true"><noscript><a href="{url}">{words}</a></noscript></div>'
    )
    cards = [
        {
            "title": gettext(card.title),
            "wide": card.size == "wide",
            "html": loading.format(url=url_for("core.card", name=card.name), words=_("Show")),
        }
        for card in me.active.items(DashboardCard)
        if me.can(card.permission)
    ]
    return page(
        "zhike/core/home.html",
        cards=cards,
        left=_steps_left(),
        fragment=False,
    )


def _steps_left() -> Sequence[SetupStep]:
    """What is left of the first set-up, for whoever keeps the organisation."""
    me = current()
    if me.desk is not None or not me.can("core.organisation"):
        return ()
    if setup.finished(reading()):
        return ()
    return setup.left(setup.standings(reading(), me.can))


@bp.get("/today/card/<name>", own="each card asks for its own right", polls=True)
def card(name: str) -> Any:
    """One card's markup. What it raises is noted against its plugin and leaves the page alone."""
    me = current()
    found = me.active.get(DashboardCard, name)
    if found is None:
        raise PageNotFound
    me.require(found.permission)
    try:
        html = str(found.render(me))
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - a plugin's card must not take the page with it
        owner = name.partition(".")[0]
        me.site.plugins.note_failure(
            owner, f"card {name}", error, me.company.id if me.company else None
        )
        html = str(Markup('<p class="zk-quiet">{}</p>').format(_("This card could not be loaded.")))
    if not html.strip():
        html = str(Markup('<p class="zk-quiet">{}</p>').format(_("Nothing at present.")))
    return Response(html, mimetype="text/html")


def _customers(text: str, limit: int) -> Sequence[SearchHit]:
    if not current().can("core.party.view"):
        return ()
    return [
        SearchHit(
            RecordRef("core", "party", hit.id), hit.name or hit.phone_masked, hit.phone_masked
        )
        for hit in parties.suggest(reading(), text, limit=limit)
    ]


def find(text: str, limit: int) -> list[tuple[str, list[SearchHit]]]:
    """Groups of hits for ``text``: customers first, then what active plugins find, then pages.

    A customer whom a provider has found, as a record of its own, is not listed once more without.
    A provider that fails is noted against its plugin and left out.
    """
    me = current()
    groups: list[tuple[str, list[SearchHit]]] = []
    seen: set[str] = set()
    for provider in me.active.items(SearchProvider):
        if not me.can(provider.permission):
            continue
        try:
            hits = list(provider.query(reading(), me.principal, text, limit))
        except Exception as error:  # noqa: BLE001 - one plugin must not silence the others
            owner = provider.name.partition(".")[0]
            me.site.plugins.note_failure(
                owner, f"search {provider.name}", error, me.company.id if me.company else None
            )
            continue
        fresh = [hit for hit in hits if str(hit.ref) not in seen]
        seen.update(str(hit.ref) for hit in fresh)
        seen.update(str(RecordRef("core", "party", hit.party)) for hit in fresh if hit.party)
        if fresh:
            groups.append((gettext(provider.title), fresh))
    customers = [hit for hit in _customers(text, limit) if str(hit.ref) not in seen]
    if customers:
        groups.append((_("Customers"), customers))
    return groups


def _asked() -> str:
    return request.args.get("q", "").strip()[:LONGEST]


@bp.get("/search", own="each provider asks for its own right")
def search() -> Any:
    """The page of results."""
    text = _asked()
    me = current()
    groups = find(text, PER_GROUP) if text else []
    others = (
        (_("Actions"), finding.only(finding.actions(me), text, PER_GROUP)),
        (_("People"), finding.people(me, text, PER_GROUP)),
        (_("Saved views"), finding.only(finding.saved(me), text, PER_GROUP)),
        (_("Pages of the menu"), finding.only(finding.pages(me), text, PER_GROUP)),
    )
    return page(
        "zhike/core/search.html",
        q=text,
        groups=groups,
        others=[(title, items) for title, items in others if items] if text else [],
        fragment=False,
    )


@bp.get("/search/suggest", own="each provider asks for its own right", polls=True)
def suggest() -> Any:
    """Suggestions while typing, as the search box wants them."""
    text = _asked()
    items: list[dict[str, str]] = []
    if text:
        for title, hits in find(text, SUGGESTED):
            for hit in hits:
                url = hit.url or url_for("core.search", q=hit.title)
                note = " · ".join(part for part in (hit.detail, title) if part)
                items.append({"label": hit.title, "note": note, "url": url})
        for words, lines in (
            (_("Action"), finding.actions(current())),
            (_("Page"), finding.pages(current())),
        ):
            for line in finding.only(lines, text, SUGGESTED):
                items.append({"label": line["label"], "note": words, "url": line["url"]})
    return jsonify(items=items[:SUGGESTED])


def _my_staff_id() -> uuid.UUID:
    staff = current().staff
    if staff is None:
        raise UserError(
            _("Your login belongs to no staff member here, so nobody can write to it."),
            status=404,
            code="no_staff",
        )
    return staff.id


@bp.get("/inbox", own="one's own notices")
def inbox() -> Any:
    """My notices, newest first, fifty a page."""
    staff_id = _my_staff_id()
    try:
        before = uuid.UUID(request.args["before"]) if request.args.get("before") else None
    except ValueError:
        raise PageNotFound from None
    rows = notices.list_notices(reading(), staff_id, before=before, limit=51)
    shown = [
        {
            "id": row.id,
            "title": gettext(row.title, **row.values),
            "link": row.link,
            "at": row.created_at,
            "unread": row.read_at is None,
        }
        for row in rows[:50]
    ]
    older = url_for("core.inbox", before=rows[49].id) if len(rows) > 50 else ""
    return page("zhike/core/inbox.html", notices=shown, older=older, fragment=False)


@bp.post("/inbox/read", own="one's own notices")
def inbox_read() -> Any:
    """Mark one notice (and go where it points) or all of them as read."""
    staff_id = _my_staff_id()
    chosen = request.form.get("notice", "")
    try:
        notice_id = uuid.UUID(chosen) if chosen else None
    except ValueError:
        raise PageNotFound from None
    with transaction() as s:
        notices.mark_read(s, staff_id, notice_id)
    frame.forget_counts(current())
    return redirect(safe_next(request.form.get("next"), url_for("core.inbox")), 303)
