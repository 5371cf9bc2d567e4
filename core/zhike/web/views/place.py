"""Where somebody works: the company, the site, and how the screen looks."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, request, session, url_for

from zhike.errors import NotFound, UserError
from zhike.i18n import _
from zhike.services import people, sessions
from zhike.web import cookies, i18n
from zhike.web.context import current
from zhike.web.page import page
from zhike.web.redirects import safe_next
from zhike.web.renewal import renew
from zhike.web.views._core import bp


@bp.get("/company", signed_in="choosing where to work")
def choose_company() -> Any:
    """The companies one belongs to."""
    me = current()
    assert me.user is not None
    with me.site.system_reader() as s:
        found = people.companies_of(s, me.user.id)
    here = me.company.slug if me.company else ""
    return page(
        "zhike/auth/choose_company.html",
        companies=[{"id": c.slug, "name": c.name, "active": c.slug == here} for c in found],
        action=url_for("core.switch_company"),
        next=safe_next(request.args.get("next"), ""),
        fragment=False,
    )


@bp.post("/company", signed_in="choosing where to work")
def switch_company() -> Any:
    """Go to another company one belongs to; the session gets a new token."""
    me = current()
    assert me.user is not None
    slug = request.form.get("company", "")
    with me.site.system_reader() as s:
        company = next((c for c in people.companies_of(s, me.user.id) if c.slug == slug), None)
    if company is None:
        raise NotFound(_("You do not belong to this company."))
    renew(company_id=company.id, unit_id=None)
    session.clear()
    return redirect(safe_next(request.form.get("next"), url_for("core.home")), 303)


@bp.post("/unit", own="choosing at which site one works now")
def switch_unit() -> Any:
    """Work at another site of the company, for this session; rights stay what they are."""
    me = current()
    try:
        unit_id = uuid.UUID(request.form.get("unit", ""))
    except ValueError:
        raise NotFound(_("This site does not exist.")) from None
    unit = me.principal.tree.units.get(unit_id)
    if unit is None or not unit.open:
        raise NotFound(_("This site does not exist."))
    identity = me.identity
    assert identity is not None
    with me.site.system() as s:
        sessions.choose_unit(s, identity.session_id, unit_id)
    return redirect(safe_next(request.form.get("next"), url_for("core.home")), 303)


def _chosen(name: str, allowed: tuple[str, ...]) -> str:
    value = request.form.get(name, "")
    if value not in allowed:
        raise UserError(_("Please choose one of the given values."), field=name, status=400)
    return value


@bp.post("/prefs/language", public="changes how pages look, nothing else")
def set_language() -> Any:
    """Choose the language of pages: for the person, and for this browser before the sign-in."""
    locale = _chosen("locale", i18n.LOCALES)
    _remember(locale=locale)
    response = redirect(safe_next(request.form.get("next")), 303)
    cookies.put_choice(response, "zhike_locale", locale)
    return response


@bp.post("/prefs/theme", public="changes how pages look, nothing else")
def set_theme() -> Any:
    """Choose light, dark or as the device has it."""
    theme = _chosen("theme", i18n.THEMES)
    _remember(theme=theme)
    response = redirect(safe_next(request.form.get("next")), 303)
    cookies.put_choice(response, "zhike_theme", theme)
    return response


@bp.post("/prefs/shortcuts", public="changes how pages look, nothing else")
def set_shortcuts() -> Any:
    """Switch shortcuts of a single key on or off in this browser (WCAG 2.1.4)."""
    chosen = _chosen("on", ("0", "1"))
    response = redirect(safe_next(request.form.get("next")), 303)
    cookies.put_choice(response, "zhike_keys", "on" if chosen == "1" else "off")
    return response


def _remember(**choice: str) -> None:
    me = current()
    if me.user is None:
        return
    with me.site.system() as s:
        people.set_preference(s, me.user.id, **choice)
