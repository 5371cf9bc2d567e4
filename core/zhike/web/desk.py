"""A shared desk at the gate: what a device may open, and who acts there.

Pages are read as the desk. Whatever changes something needs a person: the one who named himself a
moment ago, or who does so now: a form that came without one is shown again with two fields, and
everything typed before travels on.
"""

from __future__ import annotations

from typing import Any

from flask import current_app, make_response, request
from werkzeug.wrappers import Response as BaseResponse

from zhike.errors import Forbidden
from zhike.i18n import _
from zhike.services import devices, door
from zhike.web import security
from zhike.web.context import Me
from zhike.web.rights import Access

#: Pages of one's own that a desk has too; the others belong to a person.
OPEN = frozenset({"core.home", "core.card", "core.search", "core.suggest"})
OWN = frozenset(
    {
        "core.desk_acting",
        "core.desk_bar",
        "core.desk_leave",
        "core.desk_pin",
        "core.desk_pin_post",
    }
)
WHO, PIN = "desk_who", "desk_pin"
COOKIE = "zhike_device"
_SECURE = "__Host-zhike_device"
_KEEP = 400 * 24 * 3600  #: seconds; as long as browsers keep a cookie at all


def cookie_name() -> str:
    """Name of the cookie with a device's token."""
    return _SECURE if current_app.config["SESSION_COOKIE_SECURE"] else COOKIE


def put_cookie(response: BaseResponse, token: str) -> None:
    """Give the browser the device's token, over its restarts."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=_KEEP,
        httponly=True,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
        path="/",
    )


def refuse_personal(me: Me, access: Access) -> None:
    """Keep a desk out of what belongs to a person: passwords, tokens, his own pages."""
    if me.desk is None or access.permission or access.public:
        return
    if request.endpoint not in OPEN | OWN:
        raise Forbidden(
            _("This belongs to a person, not to a desk. Sign in with your own account for it."),
            code="desk",
        )


def ask_who(me: Me, access: Access) -> BaseResponse | None:
    """None where a person acts at the desk; else the page that asks for one.

    Fields of that page that come with the form are looked at here, and only here.
    """
    desk = me.desk
    if desk is None or access.public or request.method in security.SAFE_METHODS:
        return None
    if request.endpoint in OWN:
        return None
    who, pin = request.form.get(WHO, ""), request.form.get(PIN, "")
    if who or pin:
        return _prove(me, desk, who, pin)
    if desk.staff_id is not None:
        return None
    if request.is_json or request.path.startswith("/api/") or "HX-Request" in request.headers:
        raise Forbidden(
            _("Nobody has named himself at this desk. Press F2 and give your PIN."),
            code="desk_person",
        )
    return page_who(me, "")


def _prove(me: Me, desk: devices.Desk, who: str, pin: str) -> BaseResponse | None:
    assert me.company is not None
    proved = devices.prove(me.site, me.company.id, desk, who, pin)
    if not isinstance(proved, devices.Known):
        return page_who(me, refusal(proved), 401 if proved is None else 429)
    if proved.must_change:
        return page_who(me, _("Choose a PIN of your own first: “Change PIN” on top."), 403)
    devices.act_as(me.site, me.company.id, desk, proved)
    me.take_desk(devices.now_acting(me.site, desk.id) or desk)
    return None


def refusal(proved: devices.Known | door.Refused | None) -> str:
    """The words for a PIN that was not good; one answer for all that can be wrong."""
    if isinstance(proved, door.Refused):
        minutes = max(1, -(-(proved.retry_after or 60) // 60))
        return _("Too many attempts. Please try again in %(n)s minutes.", n=minutes)
    return _("Staff number or PIN is wrong.")


def page_who(me: Me, error: str, status: int = 409) -> BaseResponse:
    """Ask who acts, carrying along what was sent."""
    from zhike.web.page import page

    carried = [
        (key, value)
        for key, values in request.form.lists()
        if key not in (WHO, PIN)
        for value in values
    ]
    body = page(
        "zhike/core/desk_who.html",
        carried=carried,
        lost=bool(request.files),
        action=request.full_path,
        error=error,
        who=request.form.get(WHO, ""),
        fragment=False,
    )
    return make_response(body, status)


def after(me: Any, response: Any) -> None:
    """An act at a desk went well: the person stays for a while, or was there for this act only."""
    if me is None or me.desk is None or me.company is None or me.desk.staff_id is None:
        return
    if request.method in security.SAFE_METHODS or request.endpoint in OWN:
        return
    if response.status_code < 400:
        devices.after_act(me.site, me.company.id, me.desk)
