"""Signing in, signing out, and proving the password again before a grave act."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, session, url_for
from flask_babel import lazy_gettext
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from zhike import clock
from zhike.errors import UserError
from zhike.i18n import _
from zhike.services import door, people, sessions, viewing
from zhike.web import cookies, security
from zhike.web.context import current, transaction
from zhike.web.form import PageForm
from zhike.web.page import page
from zhike.web.redirects import safe_next
from zhike.web.renewal import renew
from zhike.web.views._core import bp
from zhike.web.views.second import ask_second


class LoginForm(PageForm):
    """Login and password; a login is any spelling of the user name."""

    username = StringField(lazy_gettext("User name"), [InputRequired(), Length(max=200)])
    password = PasswordField(lazy_gettext("Password"), [InputRequired(), Length(max=1000)])
    next = HiddenField()


class ProofForm(PageForm):
    """The password alone."""

    password = PasswordField(lazy_gettext("Password"), [InputRequired(), Length(max=1000)])
    next = HiddenField()


def _too_often(seconds: int) -> str:
    minutes = max(1, -(-seconds // 60))
    return _("Too many attempts. Please try again in %(n)s minutes.", n=minutes)


@bp.get("/login", public="the door itself")
def login() -> Any:
    """The sign-in page; somebody already inside goes on."""
    target = safe_next(request.args.get("next"), url_for("core.home"))
    if current() and current().desk is None:
        return redirect(target, 303)
    form = LoginForm(data={"next": target})
    with current().site.system_reader() as s:
        nobody = not people.any_user(s)
    return page(
        "zhike/auth/login.html",
        form=form,
        nobody=nobody,
        wanted=target != url_for("core.home"),
        fragment=False,
    )


@bp.post("/login", public="the door itself")
def login_post() -> Any:
    """Try the door. One answer for a wrong password, a missing and a closed account."""
    security.refuse_repeated(("username", "password", "next"))
    form = LoginForm()
    if not form.validate_on_submit():
        return page("zhike/auth/login.html", form=form, fragment=False), 422
    me = current()
    result = door.sign_in(
        me.site,
        form.username.data or "",
        form.password.data or "",
        ip=me.ip,
        agent=request.headers.get("User-Agent", ""),
    )
    if isinstance(result, door.Refused):
        if result.retry_after is not None:
            text, status = _too_often(result.retry_after), 429
        else:
            text, status = _("User name or password is wrong."), 401
        answer = page("zhike/auth/login.html", form=form, form_errors=[text], fragment=False)
        headers = {"Retry-After": str(result.retry_after)} if result.retry_after else {}
        return answer, status, headers
    if isinstance(result, door.SecondWanted):
        return ask_second(result, safe_next(form.next.data, url_for("core.home")))
    if (
        me.identity is not None and me.desk is None
    ):  # somebody else was signed in here: that ends now
        with me.site.system() as s:
            sessions.revoke(s, me.identity.user.id, me.identity.session_id)
    session.clear()  # a new sign-in begins with a new CSRF token
    response = redirect(safe_next(form.next.data, url_for("core.home")), 303)
    cookies.put_token(response, result.token)
    return response


@bp.post("/logout", signed_in="everybody may leave", while_viewing=True)
def logout() -> Any:
    """End the session on the server and forget the browser's cookies."""
    me = current()
    identity = me.identity
    assert identity is not None
    if me.viewing is not None:
        with transaction() as c:
            viewing.end(c, identity.session_id, me.viewing.user.id, "signed_out")
    with me.site.system() as s:
        sessions.revoke(s, identity.user.id, identity.session_id)
        door.note(s, "signed_out", people.get_user(s, identity.user.id), ip=me.ip)
    session.clear()
    flash(_("You are signed out. Nothing of yours is left in this browser."), "success")
    response = redirect(url_for("core.login"), 303)
    cookies.drop_token(response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@bp.get("/confirm", signed_in="proving one's own password again")
def confirm() -> Any:
    """Ask for the password again; where to go on stands in ``next``."""
    form = ProofForm(data={"next": safe_next(request.args.get("next"), url_for("core.home"))})
    return page("zhike/core/confirm.html", form=form, fragment=False)


@bp.post("/confirm", signed_in="proving one's own password again")
def confirm_post() -> Any:
    """Compare the password; a good one gives the session a new token."""
    security.refuse_repeated(("password", "next"))
    me, form = current(), ProofForm()
    identity = me.identity
    assert identity is not None
    if identity.via != "cookie":
        raise UserError(_("A token has no password to prove."), status=403, code="token")
    if not form.validate_on_submit():
        return page("zhike/core/confirm.html", form=form, fragment=False), 422
    proved = door.prove_again(me.site, identity.user.id, form.password.data or "", ip=me.ip)
    if isinstance(proved, door.Refused):
        text = _too_often(proved.retry_after or 60)
        answer = page("zhike/core/confirm.html", form=form, form_errors=[text], fragment=False)
        return answer, 429, {"Retry-After": str(proved.retry_after or 60)}
    if not proved:
        text = _("The password is wrong.")
        answer = page("zhike/core/confirm.html", form=form, form_errors=[text], fragment=False)
        return answer, 401
    renew(reauth_at=clock.now())
    return redirect(safe_next(form.next.data, url_for("core.home")), 303)
