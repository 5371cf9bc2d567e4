"""Notices above every page that stay until their cause is gone, and the messages that pass."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from flask import session, url_for
from sqlalchemy.exc import SQLAlchemyError

from zhike import clock
from zhike.errors import UserError
from zhike.i18n import _
from zhike.models.jobs import Heartbeat
from zhike.services.health import QUIET
from zhike.site import Site
from zhike.web.context import Me
from zhike.web.ui import Banner

_ASK_EVERY = 20.0  # seconds; a page costs no statement for this
#: Messages that wait for the next page.
KEPT = 4
_since: WeakKeyDictionary[Site, float] = WeakKeyDictionary()  # when each site was first asked
_known: WeakKeyDictionary[Site, tuple[float, bool]] = WeakKeyDictionary()


def worker_silent(site: Site) -> bool:
    """Whether the worker has not ticked for three minutes.

    A worker that never ran is only missed once this process has served the site that long: both
    start together. The answer may be twenty seconds old.
    """
    now = monotonic()
    since = _since.setdefault(site, now)
    known = _known.get(site)
    if known is not None and now - known[0] < _ASK_EVERY:
        return known[1]
    try:
        with site.system_reader() as s:
            beat = s.get(Heartbeat, "worker")
    except (SQLAlchemyError, UserError):
        return False  # the database itself is missing, which is said elsewhere
    if beat is None:
        silent = now - since > QUIET.total_seconds()
    else:
        silent = clock.now() - beat.at > QUIET
    _known[site] = (now, silent)
    return silent


def of_the_site(me: Me) -> Sequence[Banner]:
    """What whoever looks after the site should know at once."""
    if not me or me.company is None or not me.can("core.health"):
        return ()
    if not worker_silent(me.site):
        return ()
    text = _("The worker has been silent for minutes: reminders and imports come late.")
    return (
        Banner(text, "breach", url_for("admin_health.health"), _("See the health of the site")),
    )


def keep_the_last(app: Any, **message: Any) -> None:
    """Let at most :data:`KEPT` messages wait for a page, the latest: they travel in a cookie.

    Acts that nobody follows to the page after them (sent by a script, or from a tab that was left)
    would fill it to the four kilobytes after which browsers drop it, and with it the proof that
    the next form is ours.
    """
    waiting = session.get("_flashes", [])
    if len(waiting) > KEPT:
        session["_flashes"] = waiting[-KEPT:]
