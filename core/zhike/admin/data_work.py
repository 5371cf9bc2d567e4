"""Long imports in the worker: for whom, in whose language, and whether he still may."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask_babel import force_locale

from zhike.contributions import Importer
from zhike.db.session import Actor
from zhike.errors import Forbidden, NotFound, UserError
from zhike.i18n import _
from zhike.plugins.active import active_in
from zhike.services import jobs, transfer
from zhike.services.access import Principal, principal_for
from zhike.services.transfer import Staged, staging
from zhike.site import Site
from zhike.web import i18n

CHECK, APPLY = "import.check", "import.apply"


def ask(site: Site, staged: Staged, kind: str, mode: str = "all") -> None:
    """Ask the worker to check or apply a waiting file; asked twice it is still one request."""
    args = {
        "name": staged.importer,
        "token": staged.token,
        "user": staged.user_id,
        "company": staged.company_id,
        "mode": mode,
    }
    user_id = uuid.UUID(staged.user_id)
    request_id = jobs.ask(site, kind, args, company_id=staged.company_id, requested_by=user_id)
    staged.doing, staged.request_id, staged.message = kind, str(request_id), ""
    staging.note_progress(site, staged, 0)
    staging.save(site, staged)


def check(site: Site, args: Mapping[str, Any]) -> str:
    """Look at every row of a waiting file; what is wrong with it as a whole is its message."""
    staged = _staged(site, args)
    with _speaking(site, staged.locale):
        try:
            importer, actor = _still_allowed(site, staged)
            report = transfer.check_staged(site, staged, importer, actor, _)
        except UserError as error:
            return _note(site, staged, error)
        return _("%(n)d rows looked at", n=report.total)


def apply(site: Site, args: Mapping[str, Any]) -> str:
    """Import a waiting file; a refusal is its message, and nothing was imported."""
    staged = _staged(site, args)
    with _speaking(site, staged.locale):
        try:
            importer, actor = _still_allowed(site, staged)
            mode: transfer.Mode = "good" if args["mode"] == "good" else "all"

            done = transfer.apply_staged_in_chunks(site, staged, importer, actor, mode, _)
            total = done.batch.total
        except UserError as error:
            return _note(site, staged, error)
        staging.drop(site, staged)
        return _("%(n)d rows imported", n=total)


def _staged(site: Site, args: Mapping[str, Any]) -> Staged:
    return staging.find(site, int(args["company"]), uuid.UUID(args["user"]), args["token"])


def _note(site: Site, staged: Staged, error: UserError) -> str:
    staged.message = error.message
    staging.save(site, staged)
    return error.message


def _still_allowed(site: Site, staged: Staged) -> tuple[Importer, Actor]:
    """The importer and the person, as they are now: time has passed since he asked."""
    with site.reader(staged.company_id) as s:
        active = active_in(s)
        importer = active.get(Importer, staged.importer)
        who = principal_for(s, uuid.UUID(staged.user_id), active.names)
    if importer is None:
        raise NotFound(_("The app that this import belongs to is switched off."))
    if not may_import(who, importer):
        raise Forbidden(_("Your role does not include this."))
    return importer, Actor(
        kind="user", user_id=who.user_id, staff_id=who.staff_id, name=who.name or staged.actor
    )


def may_import(who: Principal, importer: Importer) -> bool:
    """Whether a person may use an importer: rows may speak of any site, so he has to hold its
    permission in the whole company."""
    return bool(who.can("core.import")) and who.reach(importer.permission).everything


@contextmanager
def _speaking(site: Site, locale: str) -> Iterator[None]:
    """Let ``_`` speak the language of the person who waits: heads of columns are found by it."""
    host = site.plugins
    app = Flask("zhike.words")
    i18n.install(app, {name: host.root(name) for name in host.names})
    with app.app_context(), force_locale(locale):
        yield
