"""Looking as somebody else 以他人身份查看: the question before, and the end."""

from __future__ import annotations

import uuid

from flask import flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from zhike.admin.users import bp, member
from zhike.i18n import _
from zhike.models.organisation import Staff
from zhike.services import viewing
from zhike.web.context import current, reading, transaction
from zhike.web.form import PageForm
from zhike.web.page import keeping, page
from zhike.web.renewal import proof_wanted

__all__ = ["bp"]


class ReasonForm(PageForm):
    """Why somebody looks as another person; it stands in the ledger."""

    reason = StringField(
        _l("Reason"),
        [InputRequired(), Length(max=200)],
        description=_l("For example what this person has asked about."),
    )


@bp.route("/<uuid:user_id>/view-as", methods=["GET", "POST"], permission="core.view_as")
def view_as(user_id: uuid.UUID) -> ResponseReturnValue:
    """Say what will be seen and what not, ask for the reason, and begin."""
    s, me = reading(), current()
    row = member(s, user_id)
    name = s.scalar(select(Staff.name).where(Staff.user_id == user_id)) or row.name
    form = ReasonForm()
    back = url_for("admin_users.user", user_id=user_id)
    if request.method == "POST" and (answer := proof_wanted(back=request.path)) is not None:
        return answer  # type: ignore[no-any-return]  # a redirect
    if form.validate_on_submit():
        identity = me.identity
        assert identity is not None
        with keeping(form):
            with transaction() as write:
                g.new_token = viewing.start(
                    write,
                    identity.session_id,
                    g.get("new_token") or g.token,
                    viewer_id=identity.user.id,
                    user_id=user_id,
                    reason=form.reason.data or "",
                )
            flash(_("You now see what %(name)s sees.", name=name), "info")
            return redirect(url_for("core.home"), 303)
    return page(
        "zhike/admin/view_as.html",
        form=form,
        name=name,
        back=back,
        login=row.login,
        minutes=int(viewing.LASTS.total_seconds()) // 60,
    ), (422 if request.method == "POST" else 200)
