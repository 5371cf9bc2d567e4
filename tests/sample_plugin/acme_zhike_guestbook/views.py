"""The guestbook's pages."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for

from acme_zhike_guestbook import services
from acme_zhike_guestbook.forms import EntryForm
from zhike.api import PluginBlueprint, _, keeping, page, reading, transaction

bp = PluginBlueprint("acme_guestbook")


@bp.get("/", permission="acme_guestbook.read")
def book() -> Any:
    """The newest entries."""
    return page("acme_guestbook/book.html", entries=services.latest(reading()))


@bp.get("/write", permission="acme_guestbook.write")
def write() -> Any:
    """The empty form."""
    return page("acme_guestbook/write.html", form=EntryForm())


@bp.post("/write", permission="acme_guestbook.write")
def save() -> Any:
    """Keep an entry; what was typed stays on the page when something is wrong."""
    form = EntryForm()
    if form.validate_on_submit():
        with keeping(form), transaction() as s:
            entry = services.write(s, form.signed_by.data, form.words.data)
            flash(_("Thank you. There is a present for you.") if entry.present else _("Thank you."))
            return redirect(url_for("acme_guestbook.book"), 303)
    return page("acme_guestbook/write.html", form=form), 422


def card(me: Any) -> str:
    """The three newest entries on the Today page."""
    return page("acme_guestbook/card.html", entries=services.latest(reading(), 3))
