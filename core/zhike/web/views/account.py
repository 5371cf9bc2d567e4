"""One's own account: details, password, where one is signed in, tokens of the API."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import flash, redirect, request, session, url_for
from flask_babel import lazy_gettext
from wtforms import IntegerField, PasswordField, RadioField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from zhike import clock
from zhike.errors import NotFound, UserError
from zhike.i18n import _
from zhike.services import door, ledger, passwords, people, sessions, tokens, viewing
from zhike.web import security
from zhike.web.context import act, current, reading, transaction
from zhike.web.form import PageForm
from zhike.web.page import form_errors, keeping, options, page
from zhike.web.renewal import proof_wanted, renew
from zhike.web.views._core import bp


@bp.get("/me", own="one's own details")
def me() -> Any:
    """Who I am here, and what I may do."""
    who = current()
    return page(
        "zhike/core/me.html",
        user=who.user,
        staff=who.staff,
        grants=who.principal.grants,
        units=who.principal.tree.units,
        fragment=False,
    )


class PasswordForm(PageForm):
    """The present password once, the new one twice."""

    current = PasswordField(lazy_gettext("Current password"), [InputRequired(), Length(max=1000)])
    new = PasswordField(lazy_gettext("New password"), [InputRequired(), Length(max=1000)])
    again = PasswordField(lazy_gettext("New password again"), [InputRequired(), Length(max=1000)])


def _password_page(form: PasswordForm, forced: bool, **context: Any) -> str:
    rules = [
        _(
            "At least %(n)s characters; longer is better, spaces and Chinese are welcome.",
            n=passwords.MIN_LENGTH,
        ),
        _("Not your user name, and none of the first ones that anybody would try."),
    ]
    return page(
        "zhike/auth/password.html",
        form=form,
        forced=forced,
        rules=rules,
        fragment=False,
        **context,
    )


@bp.get("/me/password", signed_in="one's own password")
def password() -> Any:
    """The form; after a password that somebody else chose nothing else is open."""
    who = current()
    assert who.user is not None
    return _password_page(PasswordForm(), who.user.must_change_password)


@bp.post("/me/password", signed_in="one's own password")
def password_post() -> Any:
    """Change the password: every other session ends, this one gets a new token."""
    security.refuse_repeated(("current", "new", "again"))
    who, form = current(), PasswordForm()
    user, identity = who.user, who.identity
    assert user is not None
    assert identity is not None
    if identity.via != "cookie":
        raise UserError(_("A token cannot change the password."), status=403, code="token")
    forced = user.must_change_password
    if not form.validate_on_submit():
        return _password_page(form, forced), 422
    if form.new.data != form.again.data:
        form_errors(form, UserError(_("The two new passwords differ."), field="again"))
        return _password_page(form, forced), 422
    proved = door.prove_again(who.site, user.id, form.current.data or "", ip=who.ip)
    if isinstance(proved, door.Refused):
        wait = proved.retry_after or 60
        text = _("Too many attempts. Please try again in %(n)s minutes.", n=-(-wait // 60))
        return _password_page(form, forced, form_errors=[text]), 429, {"Retry-After": str(wait)}
    if not proved:
        form_errors(form, UserError(_("The password is wrong."), field="current"))
        return _password_page(form, forced), 422
    new = form.new.data or ""
    try:
        if new == form.current.data:
            raise UserError(_("This is the present password."), field="password", code="same")
        hashed = people.new_password_hash(new, login=user.login, name=user.name)
    except UserError as error:
        form_errors(form, UserError(error.message, field="new"))
        return _password_page(form, forced), 422
    with who.site.system() as s:
        people.set_password(s, user.id, hashed, must_change=False, keep_session=identity.session_id)
        door.note(s, "password_changed", people.get_user(s, user.id), ip=who.ip)
    renew(reauth_at=clock.now())
    session.clear()
    flash(_("The password is changed. Other sign-ins of yours have ended."), "success")
    return redirect(url_for("core.home"), 303)


def device_words(agent: str) -> str:
    """A browser and a system out of a User-Agent, as far as they can be recognised."""
    browsers = (
        ("MicroMessenger", "WeChat"),
        ("wxwork", "WeCom"),
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (
        ("HarmonyOS", "HarmonyOS"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )
    found = [
        next((name for mark, name in table if mark in agent), "") for table in (browsers, systems)
    ]
    return " · ".join(part for part in found if part) or _("Unknown device")


@bp.get("/me/sessions", signed_in="one's own sign-ins")
def sessions_list() -> Any:
    """Where I am signed in."""
    who = current()
    assert who.user is not None
    with who.site.system_reader() as s:
        rows = sessions.list_open(s, who.user.id)
    here = who.identity.session_id if who.identity else None
    return page(
        "zhike/auth/sessions.html",
        sessions=[
            {
                "id": row.id,
                "device": device_words(row.agent),
                "place": row.ip,
                "started": row.created_at,
                "seen": row.seen_at,
                "present": row.id == here,
            }
            for row in rows
        ],
        end_url=url_for("core.sessions_end"),
        fragment=False,
    )


@bp.post("/me/sessions", signed_in="one's own sign-ins")
def sessions_end() -> Any:
    """End one of my sessions, or all but this one."""
    who = current()
    user, identity = who.user, who.identity
    assert user is not None
    assert identity is not None
    if request.form.get("all") == "1":
        with who.site.system() as s:
            sessions.revoke_all(s, user.id, besides=identity.session_id)
            door.note(s, "sessions_ended", people.get_user(s, user.id), ip=who.ip)
        flash(_("All other sign-ins have ended."), "success")
    else:
        try:
            session_id = uuid.UUID(request.form.get("session", ""))
        except ValueError:
            raise NotFound(_("This sign-in does not exist any more.")) from None
        with who.site.system() as s:
            if not sessions.revoke(s, user.id, session_id):
                raise NotFound(_("This sign-in does not exist any more."))
            door.note(s, "sessions_ended", people.get_user(s, user.id), ip=who.ip)
        flash(_("The sign-in has ended."), "success")
    return redirect(url_for("core.sessions_list"), 303)


class TokenForm(PageForm):
    """What a token is for, what it may do, and for how long."""

    title = StringField(lazy_gettext("What is it for?"), [InputRequired(), Length(max=100)])
    scopes = RadioField(
        lazy_gettext("It may"),
        choices=options(
            [("read", lazy_gettext("Read")), ("write", lazy_gettext("Read and write"))]
        ),
        default="read",
    )
    days = IntegerField(
        lazy_gettext("Valid for days"), [InputRequired(), NumberRange(1, 366)], default=90
    )


def _tokens_page(form: TokenForm, made: str = "") -> str:
    who = current()
    assert who.user is not None
    rows = tokens.list_open(reading(), who.user.id)
    return page("zhike/core/tokens.html", form=form, tokens=rows, made=made, fragment=False)


@bp.get("/me/tokens", own="one's own tokens of the API", personal=True)
def tokens_list() -> Any:
    """My tokens, and the form for a new one."""
    return _tokens_page(TokenForm())


@bp.post("/me/tokens", own="one's own tokens of the API", personal=True)
def tokens_create() -> Any:
    """Make a token and show it, this once; the password has to be fresh."""
    who, form = current(), TokenForm()
    assert who.user is not None
    user_id = who.user.id
    if who.identity is not None and who.identity.via != "cookie":
        raise UserError(_("A token cannot make tokens."), status=403, code="token")
    if (answer := proof_wanted()) is not None:
        return answer
    if form.validate_on_submit():
        with keeping(form), transaction() as s:
            row, text = tokens.create(
                s,
                user_id,
                title=form.title.data or "",
                scopes=(form.scopes.data,),
                expires_at=clock.now() + timedelta(days=int(form.days.data or 0)),
            )
            ledger.append(
                s, "core.token.created", object=f"core:token:{row.id}", body={"scopes": row.scopes}
            )
        if not form.errors:
            return _tokens_page(TokenForm(formdata=None), made=text)
    return _tokens_page(form), 422


@bp.post("/me/tokens/<uuid:token_id>/end", own="one's own tokens of the API", personal=True)
def tokens_end(token_id: uuid.UUID) -> Any:
    """End a token of mine at once."""
    who = current()
    assert who.user is not None
    user_id = who.user.id

    def work(s: Any) -> None:
        if not tokens.revoke(s, user_id, token_id):
            raise NotFound(_("This token does not exist any more."))
        ledger.append(s, "core.token.ended", object=f"core:token:{token_id}")

    act(work)
    flash(_("The token has ended."), "success")
    return redirect(url_for("core.tokens_list"), 303)


@bp.post("/view-as/end", own="ending what one began oneself", while_viewing=True)
def end_viewing() -> Any:
    """Stop looking as somebody else; safe to repeat. The session gets a new token."""
    who = current()
    identity, looked = who.identity, who.viewing
    assert identity is not None
    if looked is None:
        return redirect(url_for("core.home"), 303)
    with transaction() as s:
        viewing.end(s, identity.session_id, looked.user.id, "asked")
    renew()
    flash(_("Looking as somebody else has ended."), "info")
    keeps = who.own_principal.can("core.users")
    target = url_for("admin_users.user", user_id=looked.user.id) if keeps else url_for("core.home")
    return redirect(target, 303)
