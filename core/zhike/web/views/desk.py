"""A shared desk: pairing this browser, saying who acts here, changing one's PIN."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, session, url_for
from flask_babel import lazy_gettext
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from zhike.errors import NotFound, UserError
from zhike.i18n import _
from zhike.services import devices, door, pins
from zhike.services.devices import Desk
from zhike.web import desk as at_desk
from zhike.web import security
from zhike.web.context import act, current, reading
from zhike.web.form import PageForm
from zhike.web.page import form_errors, is_fragment, keeping, page
from zhike.web.redirects import safe_next
from zhike.web.renewal import proof_wanted
from zhike.web.views._core import bp


class CodeForm(PageForm):
    """The pairing code, as the panel shows it."""

    code = StringField(lazy_gettext("Pairing code"), [InputRequired(), Length(max=30)])


@bp.get("/pair", public="a device that is nobody's yet types its code here")
def pair() -> Any:
    """The field for the code."""
    return page("zhike/core/pair.html", form=CodeForm(), fragment=False)


@bp.post("/pair", public="a device that is nobody's yet types its code here")
def pair_post() -> Any:
    """Pair this browser; a wrong code is counted against its network."""
    security.refuse_repeated(("code",))
    me, form = current(), CodeForm()
    if not form.validate_on_submit():
        return page("zhike/core/pair.html", form=form, fragment=False), 422
    made = devices.pair(
        me.site, form.code.data or "", ip=me.ip, agent=request.headers.get("User-Agent", "")
    )
    if not isinstance(made, str):
        busy = isinstance(made, door.Refused)
        text = (
            at_desk.refusal(made)
            if busy
            else _("This code is wrong or has run out. A new one is made in the panel.")
        )
        form_errors(form, UserError(text, field="code"))
        return page("zhike/core/pair.html", form=form, fragment=False), 429 if busy else 422
    session.clear()
    response = redirect(url_for("core.home"), 303)
    at_desk.put_cookie(response, made)
    return response


def _desk() -> Desk:
    found = current().desk
    if found is None:
        raise NotFound(_("This is no shared desk."))
    return found


@bp.post("/desk/acting", own="naming oneself at a shared desk")
def desk_acting() -> Any:
    """Say who acts from now on; answers with the bar alone where the page stays."""
    security.refuse_repeated((at_desk.WHO, at_desk.PIN))
    me, here = current(), _desk()
    assert me.company is not None
    who = request.form.get(at_desk.WHO, "")
    proved = devices.prove(me.site, me.company.id, here, who, request.form.get(at_desk.PIN, ""))
    error, status = "", 200
    if not isinstance(proved, devices.Known):
        error, status = at_desk.refusal(proved), 401 if proved is None else 429
    elif proved.must_change:
        error, status = _("Choose a PIN of your own first: “Change PIN” on top."), 403
    else:
        devices.act_as(me.site, me.company.id, here, proved)
        me.take_desk(devices.now_acting(me.site, here.id) or here)
    return _bar(error, who if error else "", status)


@bp.get("/desk", own="who acts at a shared desk", polls=True)
def desk_bar() -> Any:
    """The bar as it stands now; asked when the time of the person at the desk is over."""
    _desk()
    return page("zhike/frame/desk.html")


@bp.post("/desk/leave", own="naming oneself at a shared desk")
def desk_leave() -> Any:
    """Nobody acts here any more."""
    me, here = current(), _desk()
    devices.leave(me.site, here.id)
    me.take_desk(devices.now_acting(me.site, here.id) or here)
    return _bar("", "", 200)


def _bar(error: str, who: str, status: int) -> Any:
    if is_fragment():
        # htmx swaps only good answers; the words of a refusal have to be seen, too.
        return page("zhike/frame/desk.html", desk_error=error, desk_typed=who), 200
    if error:
        flash(error, "error")
    return redirect(safe_next(request.form.get("next"), url_for("core.home")), 303)


class OwnPinForm(PageForm):
    """A new PIN, twice."""

    new = PasswordField(
        lazy_gettext("New PIN"),
        [InputRequired(), Length(max=20)],
        description=lazy_gettext("Four to six digits; no 1234, no 8888, not your staff number."),
    )
    again = PasswordField(lazy_gettext("New PIN again"), [InputRequired(), Length(max=20)])


class DeskPinForm(OwnPinForm):
    """The same at a desk, where nobody is signed in as himself."""

    who = StringField(lazy_gettext("Staff number or name"), [InputRequired(), Length(max=60)])
    old = PasswordField(lazy_gettext("Present PIN"), [InputRequired(), Length(max=20)])


def _agrees(form: OwnPinForm, number: str) -> bool:
    if form.new.data != form.again.data:
        form_errors(form, UserError(_("The two new PINs differ."), field="again"))
        return False
    with keeping(form):
        pins.check(form.new.data or "", number=number)
    return not form.errors


@bp.get("/me/pin", own="one's own PIN")
def pin() -> Any:
    """The form for one's own PIN."""
    return _pin_page(OwnPinForm())


def _pin_page(form: OwnPinForm) -> str:
    staff = current().staff
    row = pins.pin_of(reading(), staff.id) if staff else None
    return page("zhike/core/pin.html", form=form, staff=staff, row=row, fragment=False)


@bp.post("/me/pin", own="one's own PIN")
def pin_post() -> Any:
    """Set one's own PIN; the password has to be fresh."""
    me, form = current(), OwnPinForm()
    staff = me.staff
    if me.identity is None or me.identity.via != "cookie":
        raise UserError(_("A token cannot change a PIN."), status=403, code="token")
    if staff is None:
        raise UserError(_("Your login belongs to no staff member here."), status=409)
    if (answer := proof_wanted()) is not None:
        return answer
    if form.validate_on_submit() and _agrees(form, ""):
        assert me.company is not None
        hashed = pins.hashed(me.site, me.company.id, staff.id, form.new.data or "")
        act(lambda s: pins.store(s, staff.id, hashed, by="self"))
        flash(_("The PIN is set. It works at every desk of your site."), "success")
        return redirect(url_for("core.me"), 303)
    return _pin_page(form), 422


@bp.get("/desk/pin", own="one's own PIN, at a shared desk")
def desk_pin() -> Any:
    """The form for changing a PIN at the desk."""
    return page("zhike/core/desk_pin.html", form=DeskPinForm(), desk=_desk(), fragment=False)


@bp.post("/desk/pin", own="one's own PIN, at a shared desk")
def desk_pin_post() -> Any:
    """Change a PIN at the desk: the present one proves who it is."""
    security.refuse_repeated(("who", "old", "new", "again"))
    me, here, form = current(), _desk(), DeskPinForm()
    assert me.company is not None
    status = 422
    if form.validate_on_submit() and _agrees(form, (form.who.data or "").strip()):
        proved = devices.prove(
            me.site, me.company.id, here, form.who.data or "", form.old.data or ""
        )
        if isinstance(proved, devices.Known):
            hashed = pins.hashed(me.site, me.company.id, proved.staff_id, form.new.data or "")
            devices.act_as(me.site, me.company.id, here, proved)
            me.take_desk(devices.now_acting(me.site, here.id) or here)
            act(lambda s: pins.store(s, proved.staff_id, hashed, by="self"))
            flash(_("The PIN is changed. %(name)s acts here now.", name=proved.name), "success")
            return redirect(url_for("core.home"), 303)
        form_errors(form, UserError(at_desk.refusal(proved), field="old"))
        status = 401 if proved is None else 429
    return page("zhike/core/desk_pin.html", form=form, desk=here, fragment=False), status
