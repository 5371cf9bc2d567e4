"""The second step of a sign-in 两步登录: at the door, and on one's own page."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from flask import flash, redirect, request, session, url_for
from flask_babel import lazy_gettext
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired, Length

from zhike import clock
from zhike.db.session import CompanySession, SystemSession
from zhike.errors import Conflict, UserError
from zhike.i18n import _
from zhike.services import door, ledger, people, second_step, sessions
from zhike.services.printing import qr_path
from zhike.web import cookies, security
from zhike.web.context import current, reading, transaction
from zhike.web.form import PageForm
from zhike.web.gate import second_step_missing
from zhike.web.page import form_errors, page
from zhike.web.redirects import safe_next
from zhike.web.renewal import proof_wanted, renew
from zhike.web.views._core import bp

OPEN_FOR = timedelta(minutes=5)  #: between a right password and its code
_KEY = "second"
_OWN = "one's own two-step sign-in"


class CodeForm(PageForm):
    """A code of the phone, or a recovery code."""

    code = StringField(lazy_gettext("Verification code"), [InputRequired(), Length(max=60)])
    next = HiddenField()


def ask_second(wanted: door.SecondWanted, target: str) -> Any:
    """Remember, signed and for minutes, that the password was right, and ask for the code."""
    session.clear()
    session[_KEY] = {
        "user": str(wanted.user_id),
        "try": str(wanted.try_id),
        "stamp": wanted.stamp,
        "until": (clock.now() + OPEN_FOR).isoformat(),
        "next": target,
    }
    return redirect(url_for("core.second"), 303)


def _waiting() -> tuple[door.SecondWanted, str] | None:
    """What a right password left in the cookie, and where to go on; None where nothing waits."""
    kept = session.get(_KEY)
    if not isinstance(kept, dict) or datetime.fromisoformat(kept["until"]) <= clock.now():
        session.pop(_KEY, None)
        return None
    wanted = door.SecondWanted(uuid.UUID(kept["user"]), uuid.UUID(kept["try"]), kept["stamp"])
    return wanted, str(kept["next"])


@bp.get("/login/code", public="the door itself")
def second() -> Any:
    """Ask for the code; without a right password before it, begin at the beginning."""
    if _waiting() is None:
        return redirect(url_for("core.login"), 303)
    return page("zhike/auth/second.html", form=CodeForm(), fragment=False)


@bp.post("/login/code", public="the door itself")
def second_post() -> Any:
    """Try the code; one answer for a wrong one, a used one and a password changed meanwhile."""
    security.refuse_repeated(("code",))
    found, form, me = _waiting(), CodeForm(), current()
    if found is None:
        flash(_("That took too long. Please begin again."), "warning")
        return redirect(url_for("core.login"), 303)
    if not form.validate_on_submit():
        return page("zhike/auth/second.html", form=form, fragment=False), 422
    wanted, target = found
    result = door.second_step(
        me.site,
        wanted,
        form.code.data or "",
        ip=me.ip,
        agent=request.headers.get("User-Agent", ""),
    )
    if isinstance(result, door.Refused):
        wait, text = result.retry_after, _refused(result)
        answer = page("zhike/auth/second.html", form=form, form_errors=[text], fragment=False)
        return answer, 401 if wait is None else 429, {"Retry-After": str(wait)} if wait else {}
    if me.identity is not None and me.desk is None:  # who was signed in here until now leaves
        with me.site.system() as s:
            sessions.revoke(s, me.identity.user.id, me.identity.session_id)
    session.clear()
    response = redirect(safe_next(target, url_for("core.home")), 303)
    cookies.put_token(response, result.token)
    return response


def _refused(result: door.Refused) -> str:
    """Why the door stayed shut: a wrong code, or too many tries."""
    if result.retry_after is None:
        return _("The code is wrong or was used already. The next one comes within half a minute.")
    minutes = -(-result.retry_after // 60)
    return _("Too many attempts. Please try again in %(n)s minutes.", n=minutes)


@contextmanager
def _writing() -> Iterator[CompanySession | SystemSession]:
    """A transaction whose ledger line stands where the person works: in the company, or the site's
    own chain for somebody without one."""
    me = current()
    if me.company is not None:
        with transaction() as s:
            yield s
        return
    with me.site.system(me.actor) as system:
        yield system


def _by_cookie() -> Any:
    """The identity of a browser; a token has no phone."""
    identity = current().identity
    assert identity is not None
    if identity.via != "cookie":
        raise UserError(_("A token cannot change how you sign in."), status=403, code="token")
    return identity


def _note(s: CompanySession | SystemSession, user_id: uuid.UUID, kind: str) -> None:
    door.note(s, kind, people.get_user(s, user_id), ip=current().ip)
    ledger.append(s, f"core.user.{kind}", object=f"core:user:{user_id}")


@bp.get("/me/second-step", signed_in=_OWN)
def own_second() -> Any:
    """Whether I sign in in two steps, and what I can change about it."""
    return _own_page(CodeForm(formdata=None))


def _own_page(form: CodeForm) -> str:
    me = current()
    assert me.user is not None
    with me.site.system_reader() as s:
        row = people.get_user(s, me.user.id)
        since, left = row.second_step_at, second_step.codes_left(s, me.user.id)
    return page(
        "zhike/auth/second_own.html",
        form=form,
        since=since,
        left=left,
        most=second_step.CODES,
        must=_demanded(),
        forced=second_step_missing(me),
        fragment=False,
    )


def _demanded() -> bool:
    me = current()
    if me.company is None:
        return False
    return second_step.demanded(reading(), me.principal)


@bp.post("/me/second-step", signed_in=_OWN)
def own_second_post() -> Any:
    """Begin, make new recovery codes, or switch off; each asks for a fresh password."""
    security.refuse_repeated(("act",))
    me, identity = current(), _by_cookie()
    user_id = identity.user.id
    if (answer := proof_wanted(back=url_for("core.own_second"))) is not None:
        return answer
    act = request.form.get("act", "")
    if act == "begin":
        with me.site.system() as s:
            second_step.begin(s, user_id)
        return redirect(url_for("core.own_second_new"), 303)
    form = CodeForm()
    if act not in ("codes", "off"):
        return redirect(url_for("core.own_second"), 303)
    if act == "off" and _demanded():
        raise Conflict(_("Your company demands the two-step sign-in; it cannot be switched off."))
    if not form.validate_on_submit():
        return _own_page(form), 422
    right = door.prove_code(me.site, user_id, form.code.data or "", ip=me.ip)
    if isinstance(right, door.Refused):
        form_errors(form, UserError(_refused(right), field="code"))
        return _own_page(form), 422
    with _writing() as s:
        if act == "off":
            second_step.remove(s, user_id)
            _note(s, user_id, "second_step_off")
            made: list[str] = []
        else:
            made = second_step.renew_codes(s, user_id)
            _note(s, user_id, "recovery_codes_made")
    renew()
    if made:
        return page("zhike/auth/second_codes.html", codes=made, first=False, fragment=False)
    flash(_("The two-step sign-in is off."), "success")
    return redirect(url_for("core.own_second"), 303)


@bp.get("/me/second-step/new", signed_in=_OWN)
def own_second_new() -> Any:
    """The code to scan, and the field for the first code of the phone."""
    return _new_page(CodeForm(formdata=None))


def _new_page(form: CodeForm) -> Any:
    me = current()
    assert me.user is not None
    with me.site.system_reader() as s:
        secret = second_step.waiting_secret(s, me.user.id)
    if secret is None:
        return redirect(url_for("core.own_second"), 303)
    issuer = me.company.name if me.company else "Zhike"
    return page(
        "zhike/auth/second_new.html",
        form=form,
        qr=qr_path(second_step.address(secret, me.user.login, issuer)),
        secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        forced=second_step_missing(me),
        fragment=False,
    )


@bp.post("/me/second-step/new", signed_in=_OWN)
def own_second_confirm() -> Any:
    """The first right code switches it on; the recovery codes are shown this once."""
    security.refuse_repeated(("code",))
    identity, form = _by_cookie(), CodeForm()
    user_id = identity.user.id
    if not form.validate_on_submit():
        return _new_page(form), 422
    with _writing() as s:
        made = second_step.confirm(s, user_id, form.code.data or "")
        if made is not None:
            sessions.revoke_all(s, user_id, besides=identity.session_id)
            _note(s, user_id, "second_step_on")
    if made is None:
        text = _("This is not the code of now. Look once more; the phone's clock must be right.")
        form_errors(form, UserError(text, field="code"))
        return _new_page(form), 422
    renew()
    return page("zhike/auth/second_codes.html", codes=made, first=True, fragment=False)
