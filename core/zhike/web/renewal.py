"""A new token for the session at hand, and asking for a fresh proof of the password."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import g, redirect, url_for

from zhike import clock
from zhike.services import sessions
from zhike.web.context import current
from zhike.web.gate import wanted_path

FRESH = timedelta(minutes=10)


def renew(**changes: Any) -> None:
    """Give the session a new token, the old one ending at once; ``changes`` are columns of its row.

    The browser gets it with this answer. Nothing happens where another request was faster.
    """
    me = current()
    if me.identity is None or me.identity.via != "cookie":
        return
    with me.site.system() as s:
        old = g.get("new_token") or g.token
        token = sessions.rotate(s, me.identity.session_id, old, **changes)
    if token is not None:
        g.new_token = token


def proof_wanted(within: timedelta = FRESH, *, back: str = "") -> Any:
    """None where the person has proved the password within ``within``; else the way to do so, and
    from there to ``back`` or to this address.

    For the few acts that a borrowed, unlocked screen must not be enough for::

        if (answer := proof_wanted()) is not None:
            return answer
    """
    identity = current().identity
    if identity is None or identity.via != "cookie":
        return None
    if identity.reauth_at is not None and clock.now() - identity.reauth_at <= within:
        return None
    return redirect(url_for("core.confirm", next=back or wanted_path()), 303)
