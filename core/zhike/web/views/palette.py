"""The command palette 快速前往: actions, pages, saved views, people and records in one box."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request, url_for

from zhike.i18n import _
from zhike.web import finding
from zhike.web.context import current
from zhike.web.finding import Item, only
from zhike.web.views._core import bp
from zhike.web.views.home import LONGEST, find

#: Lines of one group, of a group before anything is typed, and of the menu's pages then.
PER_GROUP, AT_FIRST, EVERY_PAGE = 6, 8, 40


def _records(text: str) -> list[tuple[str, list[Item]]]:
    if not text:
        return []
    return [
        (
            title,
            [
                {
                    "label": hit.title,
                    "note": hit.detail,
                    "url": hit.url or url_for("core.search", q=hit.title),
                    "icon": "file-earmark-person",
                }
                for hit in hits
            ],
        )
        for title, hits in find(text, PER_GROUP)
    ]


@bp.get("/palette", own="each line asks for its own right", polls=True)
def palette() -> Any:
    """Lines of the palette for what is typed; before anything is, what one may begin and open."""
    me = current()
    text = request.args.get("q", "").strip()[:LONGEST]
    most = PER_GROUP if text else AT_FIRST
    groups = [
        (_("Actions"), only(finding.actions(me), text, most)),
        *_records(text),
        (_("People"), finding.people(me, text, most)),
        (_("Saved views"), only(finding.saved(me), text, most)),
        (_("Pages of the menu"), only(finding.pages(me), text, most if text else EVERY_PAGE)),
    ]
    answer = jsonify(groups=[{"title": title, "items": items} for title, items in groups if items])
    answer.headers["Cache-Control"] = "no-store"
    return answer
