"""Saved views: keep, share, rename, remove, count."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Response, flash, redirect, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms.fields import BooleanField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, Length

from zhike.contributions import RecordList
from zhike.errors import NotFound
from zhike.i18n import _
from zhike.services import views
from zhike.web.context import act, current, reading
from zhike.web.form import PageForm
from zhike.web.page import keeping, options, page
from zhike.web.redirects import safe_next
from zhike.web.views._core import bp

#: A count above this is said as "1000+": nobody waits for the number of everything.
COUNTED = 1000


class ViewForm(PageForm):
    """A saved view's name, and who sees it."""

    name = StringField(_l("Name"), validators=[DataRequired(), Length(max=views.LONGEST_NAME)])
    shared_with = SelectMultipleField(_l("Shared with"))
    opens = BooleanField(_l("Open this list with it"))


def _list(name: str) -> RecordList:
    known = current().active.get(RecordList, name)
    if known is None:
        raise NotFound(_("This list does not exist."))
    current().require(known.permission)
    return known


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=False)[:60]


@bp.post("/views", own="one's own saved views")
def view_save() -> Any:
    """Keep the list as it stands under a name."""
    me = current()
    known = _list(request.form.get("list", ""))
    pairs = _pairs(request.form.get("query", ""))
    opens = request.form.get("opens") == "1"

    def once(s: Any) -> dict[str, str]:
        row = views.save(
            s,
            me.principal,
            list_name=known.name,
            name=request.form.get("name", ""),
            query=pairs,
            shared_with=request.form.getlist("shared_with"),
        )
        if opens:
            views.open_with(s, me.principal, known.name, row.id)
        return {"id": str(row.id), "name": row.name}

    done = act(once)
    flash(_("Saved as “%(name)s”.", name=done["name"]), "success")
    back = safe_next(request.form.get("back"), url_for("core.views"))
    return redirect(f"{back}?{urlencode([*pairs, ('view', done['id'])])}", 303)


@bp.get("/views", own="one's own saved views", endpoint="views")
def all_views() -> Any:
    """Every view the person sees, list by list, with what can be done to his own."""
    me = current()
    s = reading()
    lists = {one.name: one for one in me.active.items(RecordList) if me.can(one.permission)}
    roles = dict(views.sharable(s, me.principal))
    rows = []
    for view in views.every_view(s, me.principal):
        known = lists.get(view.list)
        if known is None:
            continue
        chosen = views.default_of(s, me.principal, view.list)
        rows.append(
            {
                "view": view,
                "list": _(known.title),
                "url": _open_url(known, view),
                "own": me.user is not None and view.user_id == me.user.id,
                "shared": "、".join(roles.get(one, _("another role")) for one in view.shared_with),
                "default": chosen is not None and chosen.id == view.id,
            }
        )
    return page("zhike/core/views.html", rows=rows, fragment=False)


def _open_url(known: RecordList, view: views.View) -> str:
    """Where the list opens with this view: at the endpoint that needs no argument."""
    return url_for(known.endpoints[0]) + f"?view={view.id}"


@bp.route("/views/<uuid:view_id>", methods=["GET", "POST"], own="one's own saved views")
def view_edit(view_id: uuid.UUID) -> Any:
    """Rename one's own view, share it, let the list open with it."""
    me = current()
    s = reading()
    view = views.find(s, me.principal, view_id)
    if me.user is None or view.user_id != me.user.id:
        raise NotFound(_("This view does not exist any more."))
    back = safe_next(request.args.get("back"), url_for("core.views"))
    form = ViewForm()
    form.shared_with.choices = options(views.sharable(s, me.principal))
    if request.method == "GET":
        form.name.data = view.name
        form.shared_with.data = list(view.shared_with)
        chosen = views.default_of(s, me.principal, view.list)
        form.opens.data = chosen is not None and chosen.id == view.id
    if form.validate_on_submit():
        with keeping(form):

            def once(t: Any) -> str:
                views.save(
                    t,
                    me.principal,
                    list_name=view.list,
                    name=form.name.data,
                    query=(),
                    shared_with=form.shared_with.data or (),
                    view_id=view_id,
                )
                chosen = views.default_of(t, me.principal, view.list)
                if form.opens.data:
                    views.open_with(t, me.principal, view.list, view_id)
                elif chosen is not None and chosen.id == view_id:
                    views.open_with(t, me.principal, view.list, None)
                return ""

            act(once)
            flash(_("Saved."), "success")
            return redirect(back, 303)
    html = page(
        "zhike/core/view_edit.html", form=form, view=view, cancel=back, back=back, fragment=False
    )
    return html, 422 if request.method == "POST" else 200


@bp.post("/views/<uuid:view_id>/delete", own="one's own saved views")
def view_delete(view_id: uuid.UUID) -> Any:
    """Remove one's own view; the customers or whatever it listed stay untouched."""
    me = current()
    act(lambda s: {"name": views.remove(s, me.principal, view_id).name})
    flash(_("The view is gone; what it listed is untouched."), "success")
    return redirect(safe_next(request.args.get("back"), url_for("core.views")), 303)


@bp.get("/views/<uuid:view_id>/count", own="one's own saved views", polls=True)
def view_count(view_id: uuid.UUID) -> Response:
    """How many rows a view has now, up to a thousand; asked by the page after it is shown."""
    me = current()
    s = reading()
    view = views.find(s, me.principal, view_id)
    known = _list(view.list)
    unit_id = unit_of(request.args.get("unit"))
    if unit_id is not None:
        me.require(known.permission, unit_id)
    text = ""
    if known.find is not None:
        count = len(known.find(s, me.principal, unit_id, dict(view.query), COUNTED + 1))
        text = f"{COUNTED}+" if count > COUNTED else str(count)
    return Response(text, mimetype="text/html")


def unit_of(text: str | None) -> uuid.UUID | None:
    """The unit an address names, else where the person works; ``NotFound`` for an unknown one."""
    me = current()
    if not text:
        return me.unit.id if me.unit else None
    try:
        unit_id = uuid.UUID(text)
    except ValueError:
        raise NotFound(_("This site does not exist.")) from None
    if unit_id not in me.principal.tree.units:
        raise NotFound(_("This site does not exist."))
    return unit_id
