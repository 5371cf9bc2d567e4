"""What guards every answer and every request: headers, hosts, origin and CSRF."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from flask import Request, Response, g, request
from flask_wtf.csrf import CSRFProtect, generate_csrf
from werkzeug.exceptions import BadRequest, Forbidden, RequestEntityTooLarge

from zhike.config import Config
from zhike.i18n import _

csrf = CSRFProtect()

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # Bootstrap draws its arrows and ticks as data: images
        "font-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
}
MAX_BODY = 32 * 1024 * 1024  #: bytes of an upload; the largest workbook somebody imports
MAX_PLAIN_BODY = 4 * 1024 * 1024  #: bytes of JSON
MAX_FIELDS_SIZE = 1024 * 1024  #: bytes of form fields together
MAX_FIELDS = 2000  #: fields of one form
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Hosts:
    """Which Host headers are answered: links and redirects must not follow a forged one.

    Without a list (``ZHIKE_TRUSTED_HOSTS``) the site answers to this machine's own names and, when
    it listens to more than this machine, to bare addresses; a public name has to be listed.
    """

    def __init__(self, config: Config) -> None:
        self.listed = frozenset(h.casefold() for h in config.trusted_hosts)
        own = {"localhost", "127.0.0.1", "::1"}
        try:
            local = ipaddress.ip_address(config.host).is_loopback
        except ValueError:
            local = config.host == "localhost"
            own.add(config.host.casefold())
        self.addresses = not local
        if self.addresses:
            own.add(socket.gethostname().casefold())
        self.own = frozenset(own)

    def trusts(self, host: str) -> bool:
        """Whether a request for ``host`` (with or without port) is answered."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").casefold()
        except ValueError:
            return False
        if name in self.listed or name in self.own:
            return True
        if self.listed or not self.addresses:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def check_origin(incoming: Request) -> None:
    """Refuse a change that another site's page asks for (403).

    Browsers say where a request comes from (``Sec-Fetch-Site``); older ones send ``Origin``. A
    client that sends neither is no browser, and still needs the CSRF token or a bearer token.
    """
    site = incoming.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise Forbidden(_("This request came from another site and was refused."))
        return
    origin = incoming.headers.get("Origin")
    if origin is not None and origin != incoming.host_url.rstrip("/"):
        raise Forbidden(_("This request came from another site and was refused."))


def limit_body(incoming: Request) -> None:
    """Refuse bodies that are too large for what they are (413); only uploads may be large.

    Werkzeug applies its limits of size and number of fields to multipart forms alone.
    """
    if incoming.mimetype == "multipart/form-data":
        return
    incoming.max_content_length = MAX_PLAIN_BODY
    if incoming.mimetype == "application/x-www-form-urlencoded":
        if (incoming.content_length or 0) > MAX_FIELDS_SIZE:
            raise RequestEntityTooLarge
        body = incoming.get_data(cache=True, parse_form_data=False)
        if len(body) > MAX_FIELDS_SIZE or body.count(b"&") >= MAX_FIELDS:
            raise RequestEntityTooLarge


def check_csrf() -> None:
    """Compare the CSRF token of a form or of the header ``X-CSRFToken``; raises ``CSRFError``."""
    csrf.protect()


def csrf_token() -> str:
    """The token for the forms of this answer; one page asks for it many times."""
    known: str | None = g.get("csrf_text")
    if known is None:
        known = g.csrf_text = str(generate_csrf())
    return known


def guard_answer(response: Response) -> Response:
    """Put the headers on an answer; pages behind the login are kept by nobody."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.vary.add("HX-Request")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if response.status_code == RequestEntityTooLarge.code:
        # The body was left unread: what follows on this connection is no request.
        response.headers["Connection"] = "close"
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


def refuse_repeated(names: tuple[str, ...]) -> None:
    """Refuse a form in which a field that decides something is sent twice (400)."""
    for name in names:
        if len(request.form.getlist(name)) > 1:
            raise BadRequest(_("The field %(name)s was sent more than once.", name=name))
