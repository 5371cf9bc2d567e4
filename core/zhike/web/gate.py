"""The way in, the same for every request and in this order.

Host, who asks, the active plugins, the path, the route, the sign-in, where the request comes from,
and last the right. The gate works on the *path*: routing errors carry no blueprint, so a gate
on blueprints would answer 405 or 308 for a plugin that is off and thereby tell that it is there.
"""

from __future__ import annotations

import logging
import re
import uuid
from typing import Any

from flask import current_app, flash, g, redirect, request, url_for
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import BadRequest, HTTPException, NotFound, SecurityError
from werkzeug.wrappers import Response as BaseResponse

from zhike import clock
from zhike.errors import Busy, Forbidden
from zhike.i18n import _
from zhike.services import devices, second_step, sessions, tokens, viewing
from zhike.services.objections import refuse_objected
from zhike.services.sessions import Identity
from zhike.web import cookies, desk, security
from zhike.web.context import Me, end_reading, reading, refused_while_viewing, site_of_app
from zhike.web.redirects import safe_next
from zhike.web.rights import Access, GuardedRule

log = logging.getLogger(__name__)

_PLUGIN_PATH = re.compile(r"/+(?:p|api/+v1|static/+p)/+([^/]+)")
_CORE_API = frozenset({"core", "openapi.json"})


class SignInNeeded(HTTPException):
    """Nobody is signed in, and the route is not for nobody."""

    code = 401


def is_api() -> bool:
    """Whether the request speaks to the JSON API, whose errors are problem documents."""
    return request.path.startswith("/api/")


def plugin_of(path: str) -> str | None:
    """The plugin a path belongs to by its prefix, or None for the core's own paths."""
    found = _PLUGIN_PATH.match(path)
    if found is None or (path.startswith("/api") and found[1] in _CORE_API):
        return None
    return found[1]


def enter() -> BaseResponse | None:
    """``before_request``: let the request in, answer it, or raise what its refusal is."""
    extension = _extension()
    security.limit_body(request)
    _refuse_bytes_nobody_keeps()
    if not extension.hosts.trusts(request.host):
        raise SecurityError(_("This site does not answer to that name."))
    rule = request.url_rule
    access = rule.access if isinstance(rule, GuardedRule) else None
    if access is not None and access.public and request.endpoint in extension.plain:
        return None  # files and health: nobody needs to be known for them
    me = g.me = Me(site_of_app(), _identify(), request.remote_addr or "")
    if "desk" in g:
        me.take_desk(g.desk)
    if me.identity is not None and me.identity.viewing_as is not None:
        _look_as(me, me.identity.viewing_as, access)
    plugin = plugin_of(request.path)
    if plugin is not None:
        _open_plugin_path(me, plugin, access)
    if request.routing_exception is not None:
        raise request.routing_exception
    if access is None:  # the application does not start with such a route; deny all the same
        raise NotFound
    if me.viewing is not None:
        _refuse_acts(access)
    answer = _sign_in_first(me, access)
    if answer is not None:
        return answer
    desk.refuse_personal(me, access)
    if request.method not in security.SAFE_METHODS:
        if not _by_token(me):
            security.check_origin(request)
            security.check_csrf()
        if any("\0" in v for _name, values in request.form.lists() for v in values):
            raise BadRequest(_("This request was not understood."))
    _check_right(me, access)
    _note_use(me, access)
    return desk.ask_who(me, access)


def _look_as(me: Me, user_id: uuid.UUID, access: Access | None) -> None:
    """Let the request see the pages of another person, or end that where its time is over."""
    identity, company = me.identity, me.company
    assert identity is not None
    person = None
    if company is not None and me.own_principal.can("core.view_as"):
        person = viewing.target(reading(), company.id, user_id)
    over = identity.viewing_until is None or identity.viewing_until <= clock.now()
    if person is not None and not over:
        assert identity.viewing_until is not None
        shown = viewing.dressed(person, identity.user)
        me.look_as(
            viewing.Viewing(shown, identity.viewing_until),
            acting=access is not None and access.while_viewing,
        )
        return
    if company is not None:
        actor = me.actor
        end_reading()
        with me.site.transaction(company.id, actor) as s:
            viewing.end(s, identity.session_id, user_id, "time" if over else "right")
        flash(_("Looking as somebody else has ended."), "info")


def _refuse_acts(access: Access) -> None:
    """Whoever looks as another person changes nothing and opens none of that person's secrets."""
    if access.while_viewing:
        return
    if request.method not in security.SAFE_METHODS or access.signed_in or access.personal:
        raise refused_while_viewing()


def _refuse_bytes_nobody_keeps() -> None:
    """NUL in an address or a form: no person types it, and PostgreSQL keeps no such text."""
    if "\0" in request.path or "%00" in request.query_string.decode("ascii", "replace"):
        raise BadRequest(_("This request was not understood."))


def _extension() -> Any:
    return current_app.extensions["zhike"]


def _by_token(me: Me) -> bool:
    return me.identity is not None and me.identity.via == "token"


def _identify() -> Identity | None:
    """Who asks, by bearer token (API only) or cookie; one statement."""
    bearer = request.headers.get("Authorization", "")
    site = site_of_app()
    if is_api() and bearer:
        scheme, _sep, text = bearer.partition(" ")
        if scheme.casefold() != "bearer":
            return None
        with site.system_reader() as s:
            return tokens.look_up(s, text.strip())
    token = request.cookies.get(cookies.token_name(), "")
    paired = request.cookies.get(desk.cookie_name(), "")
    if not token and not paired:
        return None
    with site.engines.read.connect() as connection:
        identity = sessions.look_up(connection, token)
        g.token = token
        if identity is None and paired:  # a person who signs in at the desk goes before it
            found = devices.look_up(connection, paired)
            if found is not None:
                identity, g.desk = found
    return identity


def _open_plugin_path(me: Me, plugin: str, access: Access | None) -> None:
    """Answer paths of a plugin that is off exactly like paths of one that never was.

    Without a sign-in nothing below these prefixes is told apart: all of it asks for the sign-in,
    but for public pages of a company that the request itself names (``resolve_company``).
    """
    if not me:
        company = _public_company(me) if access is not None and access.public else None
        if company is None or plugin not in company:
            if request.path.startswith("/static/"):
                raise NotFound
            raise SignInNeeded
        return
    if plugin not in me.active:
        raise NotFound


def _public_company(me: Me) -> Any:
    """The active set of the company that an anonymous request is for; None where nobody says."""
    from zhike.models.company import Company
    from zhike.services.sessions import CompanyInfo

    company_id = me.site.plugins.first("resolve_company", None, request=request)
    if company_id is None:
        return None
    with me.site.system_reader() as s:
        row = s.get(Company, company_id)
    if row is None or row.closed_at is not None:
        return None
    me.company = CompanyInfo(row.id, row.slug, row.name, row.tz, row.locale, row.generation)
    return me.active


def _sign_in_first(me: Me, access: Access) -> BaseResponse | None:
    if access.public:
        return None
    if not me:
        return _single_sign_on(me)
    identity = me.identity
    assert identity is not None
    if identity.user.must_change_password and not access.signed_in and identity.via == "cookie":
        return redirect(url_for("core.password"), 303)
    if access.needs_company and me.company is None and not _for_the_site(me, access):
        if is_api() or request.method not in security.SAFE_METHODS:
            raise Forbidden(_("Please choose a company first."), code="no_company")
        return redirect(url_for("core.choose_company", next=wanted_path()), 303)
    if not access.signed_in and identity.via == "cookie" and second_step_missing(me):
        if is_api() or request.method not in security.SAFE_METHODS:
            raise Forbidden(
                _("Your company demands the two-step sign-in. Please set it up first."),
                code="second_step",
            )
        return redirect(url_for("core.own_second"), 303)
    if identity.must_rotate and identity.via == "cookie":
        with site_of_app().system() as s:
            g.new_token = sessions.rotate(s, identity.session_id, g.token)
    return None


def second_step_missing(me: Me) -> bool:
    """Whether the company demands a second step that this person has not set up yet."""
    if me.user is None or me.user.second_step or me.company is None or me.viewing is not None:
        return False
    return second_step.demanded(reading(), me.principal)


def _single_sign_on(me: Me) -> BaseResponse:
    """Ask plugins whether they know who this is; else the sign-in page."""
    if request.method != "GET" or is_api():
        raise SignInNeeded
    user_id = me.site.plugins.first("authenticate", None, request=request)
    if not isinstance(user_id, uuid.UUID):
        raise SignInNeeded
    from zhike.services import door

    opened = door.open_for(me.site, user_id, ip=me.ip, agent=request.headers.get("User-Agent", ""))
    if opened is None:
        raise SignInNeeded
    response = redirect(wanted_path(), 303)
    cookies.put_token(response, opened.token)
    return response


def wanted_path() -> str:
    """Path and query of this request, for coming back after the sign-in."""
    query = request.query_string.decode("ascii", "replace")
    return safe_next(request.path + (f"?{query}" if query else ""))


def _looks_after_site(me: Me) -> bool:
    return me.user is not None and me.user.is_system_admin


def _for_the_site(me: Me, access: Access) -> bool:
    """Whether a system administrator asks for what is open to him without a right of a company."""
    return access.or_system and _looks_after_site(me)


def _check_right(me: Me, access: Access) -> None:
    if access.system and not _looks_after_site(me):
        raise Forbidden(_("Only a system administrator may do this."), code="system_admin")
    if _by_token(me):
        assert me.identity is not None
        needed = "read" if request.method in security.SAFE_METHODS else "write"
        if needed not in me.identity.scopes:
            raise Forbidden(_("This token may only read."), code="scope")
    if not access.permission or _for_the_site(me, access):
        return
    unit_id = (request.view_args or {}).get("unit_id")
    if isinstance(unit_id, uuid.UUID):
        if unit_id not in me.principal.tree.units:
            raise NotFound
        me.require(access.permission, unit_id)
    else:
        unit_id = None
        me.require(access.permission)
    if request.method not in security.SAFE_METHODS:
        refuse_objected(me.active, access.permission, me.principal, unit_id)


def _note_use(me: Me, access: Access) -> None:
    """Keep "last seen" true to the minute, outside the request's own work.

    What a page asks by itself again and again is no activity: a board left open would keep its
    viewer signed in for ever.
    """
    identity = me.identity
    if identity is None or access.polls or _is_poll():
        return
    if not tokens.due_for_touch(identity.seen_at):
        return
    try:
        with site_of_app().system() as s:
            if identity.via == "token":
                tokens.touch(s, identity.session_id)
            elif identity.via == "device":
                devices.touch(s, identity.session_id)
            else:
                sessions.touch(s, identity.session_id)
    except (Busy, DBAPIError):
        log.warning("could not note the last use of a session")  # the next request will


def _is_poll() -> bool:
    return request.headers.get("HX-Request") == "true" and "since" in request.args


def leave(response: Any) -> Any:
    """``after_request``: hand out a rotated token and put the headers on."""
    desk.after(g.get("me"), response)
    new_token = g.get("new_token")
    if new_token:
        cookies.put_token(response, new_token)
    return security.guard_answer(response)


def close(error: BaseException | None = None) -> None:
    """``teardown_request``: give the reading session back."""
    end_reading()
