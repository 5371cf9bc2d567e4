"""Errors as people and programs read them: pages with the next step, problem documents (RFC 9457).

No answer carries a traceback, a statement or the text of an unexpected error; what happened is in
the log under the number that the person is shown.
"""

from __future__ import annotations

import logging
import secrets
import uuid
from typing import Any

from flask import Flask, Response, g, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as BaseResponse

from zhike.db.session import Actor
from zhike.errors import Forbidden, UserError
from zhike.i18n import _
from zhike.services import access, inspection, ledger
from zhike.site import is_transient
from zhike.web.context import KEY_FIELD, current, end_reading, reading, site_of_app
from zhike.web.gate import SignInNeeded, is_api, wanted_path
from zhike.web.page import is_fragment, toast
from zhike.web.redirects import safe_next
from zhike.web.security import SAFE_METHODS

log = logging.getLogger(__name__)

_CODES = {
    400: "bad_request",
    401: "sign_in_needed",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    500: "internal_error",
    503: "busy",
}
_NEVER_AGAIN = frozenset({"csrf_token", "password", "current", "new", "again"})


def install(app: Flask) -> None:
    """Register the handlers; the last one catches what nobody foresaw."""
    app.register_error_handler(SignInNeeded, sign_in_needed)
    app.register_error_handler(CSRFError, csrf_failed)
    app.register_error_handler(UserError, user_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(DBAPIError, database_error)
    app.register_error_handler(Exception, unexpected)


def problem(
    status: int, detail: str, *, code: str = "", headers: Any = None, **extra: Any
) -> Response:
    """A problem document: ``type`` stays about:blank, ``code`` is our stable word for the cause."""
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code or _CODES.get(status, "error"),
        **extra,
    }
    response = jsonify(body)
    response.status_code = status
    response.mimetype = "application/problem+json"
    for name, value in headers or ():
        response.headers[name] = value
    return response


_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def _says(status: int) -> str:
    """One sentence for programs where nothing more is known."""
    if status == 404:
        return _("There is nothing at this address.")
    if status == 405:
        return _("This address does not know the method.")
    if status == 413:
        return _("The body is too large.")
    return _("This request was not understood.")


def error_page(status: int, message: str = "", **context: Any) -> Response:
    """The page for ``status``; for htmx a message that leaves the page as it is."""
    if is_fragment():
        response = Response(message or _("This did not work."), status, mimetype="text/plain")
        return toast(response, message or _("This did not work."), "breach")
    html = render_template("zhike/errors/error.html", code=status, message=message, **context)
    return Response(html, status)


def sign_in_needed(error: SignInNeeded) -> BaseResponse:
    """Send people to the sign-in page and back; tell programs and htmx what is missing."""
    if is_api():
        headers = [("WWW-Authenticate", 'Bearer realm="zhike"')]
        return problem(401, _("Sign in, or send a valid bearer token."), headers=headers)
    login = url_for("core.login", next=wanted_path())
    if request.headers.get("HX-Request") == "true":
        response = Response(status=401)
        response.headers["HX-Redirect"] = url_for("core.login")
        return response
    if request.method in SAFE_METHODS:
        return redirect(login, 302)
    return error_page(401, **_typed())


def csrf_failed(error: CSRFError) -> Response:
    """The form was open longer than its sign-in; what was typed can be sent again.

    Sending it again is one click and safe: that the request comes from a page of ours has been
    checked before (``security.check_origin``).
    """
    if is_api():
        return problem(400, _("The CSRF token is missing or has ended."), code="csrf")
    message = _("This page was open too long. Nothing is lost: please send it again.")
    return error_page(400, message, **_typed())


def user_error(error: UserError) -> Response:
    """What somebody can mend: the sentence, and everything typed, ready to be sent again."""
    end_reading()
    if isinstance(error, Forbidden) or error.status == 403:
        _record_denial(error)
    headers = [("Retry-After", "2")] if error.status == 503 else None
    if is_api():
        extra: dict[str, Any] = {"errors": error.extra} if error.extra else {}
        if error.field:
            extra["field"] = error.field
        return problem(error.status, error.message, code=error.code, headers=headers, **extra)
    response = error_page(
        error.status,
        error.message,
        **{"who": error.extra.get("who", ()), **_help(error)},
        back_url=_back(),
        **_typed(),
    )
    for name, value in headers or ():
        response.headers[name] = value
    return response


def http_error(error: HTTPException) -> BaseResponse:
    """Werkzeug's own refusals; redirects pass unchanged."""
    status = error.code or 500
    if status < 400:
        return error.get_response()
    if status == 403:
        _record_denial(Forbidden(error.description or ""))
    original = getattr(error, "original_exception", None)
    if isinstance(error, InternalServerError) and original is not None:
        return unexpected(original)
    headers = [(n, v) for n, v in error.get_headers() if n in ("Allow", "Retry-After")]
    # Werkzeug's own sentences are English and for programmers; ours are raised with the error.
    message = (error.description or "") if error.description != type(error).description else ""
    if is_api():
        return problem(status, message or _says(status), headers=headers)
    response = error_page(status, message)
    for name, value in headers:
        response.headers[name] = value
    return response


def database_error(error: DBAPIError) -> Response:
    """A database that is busy says so; anything else is ours to mend."""
    if is_transient(error):
        return user_error(
            UserError(_("The database is busy; please try again."), status=503, code="busy")
        )
    return unexpected(error)


def unexpected(error: Exception) -> Response:
    """Log with a number, show the number, and nothing of the error."""
    number = secrets.token_hex(4)
    log.error("incident %s: %s %s", number, request.method, request.path, exc_info=error)
    try:
        end_reading()
    except Exception:  # the connection may be what broke; it is dropped either way
        log.exception("incident %s: closing the reading session failed", number)
    if is_api():
        return problem(500, _("Something went wrong on our side."), incident=number)
    return error_page(500, request_id=number)


def _typed() -> dict[str, Any]:
    """What was sent, and where to, for sending it again; secrets and files stay out."""
    if request.method in SAFE_METHODS or request.files:
        return {}
    pairs = [(k, v) for k, v in request.form.items(multi=True) if k not in _NEVER_AGAIN]
    if not any(value.strip() and name != KEY_FIELD for name, value in pairs):
        return {}
    return {"typed": pairs, "again_url": wanted_path(), "key_field": KEY_FIELD}


def _help(error: UserError) -> dict[str, Any]:
    """For a refusal for want of a right: which one, who holds it, and where that can be looked up.

    Worked out beside the refusal itself: where it cannot be, the page says less.
    """
    name, me = str(error.extra.get("permission", "")), current()
    if error.status != 403 or not name or me.company is None or is_fragment():
        return {}
    unit = str(error.extra.get("unit", ""))
    try:
        needed = next((p for p in access.known_permissions(reading()) if p.name == name), None)
        if needed is None:
            return {}
        unit_id = uuid.UUID(unit) if unit else None
        found: dict[str, Any] = {"needed": _(needed.title)}
        found["who"] = inspection.helpers(reading(), me.active, name, unit_id)
        if me.can("core.access") and me.user is not None:
            asked: dict[str, Any] = {
                "user": str(me.user.id),
                "permission": name,
                "unit": unit or None,
            }
            found["look_up_url"] = url_for("admin_inspector.inspector", **asked)
        return found
    except (UserError, DBAPIError, ValueError):
        log.warning("could not say who holds %s", name)
        return {}
    finally:
        end_reading()


def _back() -> str:
    """The page the request came from, if it is one of ours."""
    referrer = request.referrer or ""
    own = request.host_url
    if referrer.startswith(own):
        return safe_next("/" + referrer.removeprefix(own), "")
    return ""


def _record_denial(error: UserError) -> None:
    """Write a refusal into the company's ledger; once a request, and never of anonymous noise."""
    me = current()
    if me.company is None or me.user is None or g.get("denied"):
        return
    g.denied = True
    actor: Actor = me.actor
    end_reading()
    with site_of_app().audit_session(me.company.id, actor) as s:
        ledger.append(
            s,
            "core.denied",
            object=request.endpoint,
            result="denied",
            body={
                "method": request.method,
                "rule": request.url_rule.rule if request.url_rule else "",
                "permission": str(error.extra.get("permission", "")),
                "reason": error.code,
                **({"viewing_as": str(me.user.id)} if me.viewing else {}),
            },
        )
