"""Staff 员工: who works here, who holds which post, who stands in for whom."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from zhike.admin import organisation as places
from zhike.admin.organisation import PERMISSION, unit_choices
from zhike.db.session import CompanySession
from zhike.i18n import _
from zhike.models.device import Device
from zhike.models.organisation import Post, Staff, StandIn
from zhike.models.people import Membership, User
from zhike.services import organisation, pins
from zhike.services.textkit import nfkc
from zhike.web.context import act, reading
from zhike.web.form import PageForm
from zhike.web.page import chosen_id, keeping, options, page
from zhike.web.ui import Column, Empty, Facet, State, Table

bp = places.bp
PAGE = 50


class StaffForm(PageForm):
    """A staff member, with or without a login."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=60)])
    number = StringField(_l("Staff number"), [Optional(), Length(max=20)])
    user_id = SelectField(
        _l("Login"),
        [Optional()],
        description=_l("People without a login act at the desk under their name."),
    )


class FirstPostForm(StaffForm):
    """A new staff member with the first post."""

    unit_id = SelectField(_l("Unit"), [InputRequired()])
    title = StringField(_l("Post"), [InputRequired(), Length(max=40)])
    is_head = BooleanField(_l("Head of the unit"))
    valid_from = DateField(_l("From"), [InputRequired()])


class PostForm(PageForm):
    """One more post of a staff member."""

    unit_id = SelectField(_l("Unit"), [InputRequired()])
    title = StringField(_l("Post"), [InputRequired(), Length(max=40)])
    rank = IntegerField(
        _l("Rank"),
        [Optional(), NumberRange(0, 99)],
        default=0,
        description=_l("The larger, the higher; orders authority within a unit."),
    )
    is_head = BooleanField(_l("Head of the unit"))
    valid_from = DateField(_l("From"), [InputRequired()])
    valid_until = DateField(_l("Last day"), [Optional()])


class StandInForm(PageForm):
    """Who acts for a staff member, from when to when."""

    deputy_id = SelectField(_l("Stand-in"), [InputRequired()])
    valid_from = DateField(_l("From"), [InputRequired()])
    valid_until = DateField(_l("Last day"), [Optional()])
    reason = StringField(_l("Reason"), [Optional(), Length(max=200)])


def _login_choices(s: CompanySession, own: uuid.UUID | None = None) -> list[SelectChoice]:
    taken = select(Staff.user_id).where(Staff.user_id.is_not(None))
    rows = s.execute(
        select(User.id, User.login, User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.company_id == s.company_id,
            or_(User.id.not_in(taken), User.id == own),
            User.id.not_in(select(Device.user_id)),
        )
        .order_by(User.login_key)
    )
    return options([("", _("No login")), *((str(r.id), f"{r.login}（{r.name}）") for r in rows)])


def _staff_rows(
    s: CompanySession, text: str, status: str, after: uuid.UUID | None
) -> Sequence[Any]:
    statement = select(Staff.id, Staff.name, Staff.number, Staff.user_id, Staff.status)
    if status in ("active", "left"):
        statement = statement.where(Staff.status == status)
    if text:
        statement = statement.where(
            or_(Staff.name.contains(text, autoescape=True), Staff.number == text)
        )
    if after is not None:
        statement = statement.where(Staff.id > after)
    return s.execute(statement.order_by(Staff.id).limit(PAGE + 1)).all()


@bp.get("/staff", permission=PERMISSION)
def staff_list() -> str:
    """Everybody who works here, with the posts held today."""
    s = reading()
    status = request.args.get("status", "active")
    after = request.args.get("after", "")
    rows = _staff_rows(s, nfkc(request.args.get("q", "")), status, chosen_id(after))
    shown, more = rows[:PAGE], len(rows) > PAGE
    today = organisation.today(s)
    tree = organisation.tree(s)
    posts: dict[uuid.UUID, list[str]] = {}
    for post in s.execute(
        select(Post.staff_id, Post.unit_id, Post.title, Post.is_head).where(
            Post.staff_id.in_([row.id for row in shown]),
            Post.valid_from <= today,
            or_(Post.valid_until.is_(None), Post.valid_until >= today),
        )
    ):
        unit = tree.units[post.unit_id]
        posts.setdefault(post.staff_id, []).append(f"{unit.name} {post.title}")
    url = url_for("admin_organisation.staff_list")
    args = [(key, value) for key, value in request.args.items(multi=True) if value]
    table = Table(
        name="core.staff",
        caption=_("Staff"),
        columns=(
            Column("name", _("Name"), phone="title"),
            Column("number", _("Staff number")),
            Column("posts", _("Posts")),
            Column("login", _("Login"), kind="yes"),
            Column("state", _("State"), kind="state", phone="state"),
        ),
        rows=[
            {
                "id": row.id,
                "name": row.name,
                "number": row.number,
                "posts": "、".join(posts.get(row.id, [])),
                "login": row.user_id is not None,
                "state": State(_("at work"), "done")
                if row.status == "active"
                else State(_("left"), "void"),
            }
            for row in shown
        ],
        row_url=lambda row: url_for("admin_organisation.staff", staff_id=row["id"]),
        base_url=url,
        args=args,
        choose_columns=True,
        after=str(shown[-1].id) if more else "",
        search=True,
        search_help=_("Name or staff number"),
        facets=[
            Facet(
                "status",
                _("State"),
                (("active", _("at work")), ("left", _("left")), ("all", _("all"))),
                default="active",
            )
        ],
        empty=Empty(
            _("Nobody here yet"),
            _("Add people one by one, or bring a workbook under Data."),
            url_for("admin_organisation.new_staff"),
            _("Add a staff member"),
            "people",
        ),
    )
    return page("zhike/admin/staff_list.html", table=table)


@bp.route("/staff/new", methods=["GET", "POST"], permission=PERMISSION)
def new_staff() -> ResponseReturnValue:
    """Add a staff member with the first post."""
    s = reading()
    form = FirstPostForm()
    form.user_id.choices = _login_choices(s)
    form.unit_id.choices = unit_choices(s)
    if request.method == "GET":
        form.valid_from.data = organisation.today(s)
    if form.validate_on_submit():

        def add(s: CompanySession) -> str:
            person = organisation.add_staff(
                s,
                name=form.name.data,
                number=form.number.data,
                user_id=chosen_id(form.user_id.data),
                joined_on=form.valid_from.data,
            )
            organisation.give_post(
                s,
                person.id,
                uuid.UUID(form.unit_id.data),
                title=form.title.data,
                is_head=form.is_head.data,
                valid_from=form.valid_from.data,
            )
            return person.name

        with keeping(form):
            flash(_("%(name)s has been added.", name=act(add)), "success")
            return redirect(url_for("admin_organisation.staff_list"))
    return page(
        "zhike/admin/form.html",
        form=form,
        title=_("New staff member"),
        up=_("Staff"),
        cancel=url_for("admin_organisation.staff_list"),
    ), (422 if request.method == "POST" else 200)


@bp.route("/staff/<uuid:staff_id>", methods=["GET", "POST"], permission=PERMISSION)
def staff(staff_id: uuid.UUID) -> ResponseReturnValue:
    """One staff member: name, login, posts, stand-ins."""
    s = reading()
    row = s.require(Staff, staff_id)
    form = StaffForm(obj=row)
    form.user_id.choices = _login_choices(s, row.user_id)
    if request.method == "GET":
        form.user_id.data = str(row.user_id or "")
    if form.validate_on_submit():
        with keeping(form):
            act(
                lambda s: (
                    organisation.change_staff(
                        s,
                        staff_id,
                        name=form.name.data,
                        number=form.number.data,
                        user_id=chosen_id(form.user_id.data),
                    ).name
                )
            )
            flash(_("Saved."), "success")
            return redirect(url_for("admin_organisation.staff", staff_id=staff_id))
    return _staff_page(row, form), 422 if request.method == "POST" else 200


def _staff_page(
    row: Staff,
    form: StaffForm,
    post_form: PostForm | None = None,
    stand_in_form: StandInForm | None = None,
) -> str:
    s = reading()
    today = organisation.today(s)
    names = organisation.staff_names(s)
    post_form = post_form or PostForm(formdata=None, valid_from=today)
    post_form.unit_id.choices = unit_choices(s)
    stand_in_form = stand_in_form or StandInForm(formdata=None, valid_from=today)
    stand_in_form.deputy_id.choices = options(
        (str(key), name) for key, name in names.items() if key != row.id
    )
    posts = s.scalars(
        select(Post).where(Post.staff_id == row.id).order_by(Post.valid_from.desc())
    ).all()
    stand_ins = s.scalars(
        select(StandIn).where(StandIn.staff_id == row.id).order_by(StandIn.valid_from.desc())
    ).all()
    return page(
        "zhike/admin/staff.html",
        staff=row,
        pin=pins.pin_of(s, row.id),
        form=form,
        post_form=post_form,
        stand_in_form=stand_in_form,
        posts=posts,
        stand_ins=stand_ins,
        units=organisation.tree(s).units,
        names=names,
        today=today,
    )


@bp.post("/staff/<uuid:staff_id>/posts", permission=PERMISSION)
def add_post(staff_id: uuid.UUID) -> ResponseReturnValue:
    """Give one more post."""
    s = reading()
    row = s.require(Staff, staff_id)
    form = PostForm()
    form.unit_id.choices = unit_choices(s)
    if form.validate_on_submit():

        def give(s: CompanySession) -> str:
            return str(
                organisation.give_post(
                    s,
                    staff_id,
                    uuid.UUID(form.unit_id.data),
                    title=form.title.data,
                    rank=form.rank.data or 0,
                    is_head=form.is_head.data,
                    valid_from=form.valid_from.data,
                    valid_until=form.valid_until.data,
                ).id
            )

        with keeping(form):
            act(give)
            flash(_("The post has been given."), "success")
            return redirect(url_for("admin_organisation.staff", staff_id=staff_id))
    main = StaffForm(formdata=None, obj=row)
    main.user_id.choices = _login_choices(reading(), row.user_id)
    return _staff_page(row, main, post_form=form), 422


@bp.post("/staff/<uuid:staff_id>/posts/<uuid:post_id>/end", permission=PERMISSION)
def end_post(staff_id: uuid.UUID, post_id: uuid.UUID) -> ResponseReturnValue:
    """End a post with today."""
    today = organisation.today(reading())
    act(lambda s: organisation.end_post(s, post_id, on=today))
    flash(_("The post ends today."), "success")
    return redirect(url_for("admin_organisation.staff", staff_id=staff_id))


@bp.post("/staff/<uuid:staff_id>/stand-ins", permission=PERMISSION)
def add_stand_in(staff_id: uuid.UUID) -> ResponseReturnValue:
    """Name a stand-in."""
    s = reading()
    row = s.require(Staff, staff_id)
    form = StandInForm()
    form.deputy_id.choices = options(
        (str(key), name) for key, name in organisation.staff_names(s).items() if key != staff_id
    )
    if form.validate_on_submit():

        def name_one(s: CompanySession) -> str:
            return str(
                organisation.name_stand_in(
                    s,
                    staff_id,
                    uuid.UUID(form.deputy_id.data),
                    valid_from=form.valid_from.data,
                    valid_until=form.valid_until.data,
                    reason=form.reason.data or "",
                ).id
            )

        with keeping(form):
            act(name_one)
            flash(_("The stand-in has been named."), "success")
            return redirect(url_for("admin_organisation.staff", staff_id=staff_id))
    main = StaffForm(formdata=None, obj=row)
    main.user_id.choices = _login_choices(reading(), row.user_id)
    return _staff_page(row, main, stand_in_form=form), 422


@bp.post("/staff/<uuid:staff_id>/stand-ins/<uuid:row_id>/drop", permission=PERMISSION)
def drop_stand_in(staff_id: uuid.UUID, row_id: uuid.UUID) -> ResponseReturnValue:
    """Take a stand-in back."""
    act(lambda s: organisation.drop_stand_in(s, row_id))
    flash(_("The stand-in has been taken back."), "success")
    return redirect(url_for("admin_organisation.staff", staff_id=staff_id))


@bp.post("/staff/<uuid:staff_id>/leave", permission=PERMISSION)
def leave(staff_id: uuid.UUID) -> ResponseReturnValue:
    """A staff member leaves, or comes back."""
    back = request.form.get("back") == "1"
    on = _day(request.form.get("on")) or organisation.today(reading())
    act(lambda s: organisation.leave(s, staff_id, on=on, back=back))
    coming = on > organisation.today(reading())
    left = _("At work until %(day)s.", day=on) if coming else _("Marked as left; posts have ended.")
    flash(_("Back at work.") if back else left, "success")
    return redirect(url_for("admin_organisation.staff", staff_id=staff_id))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
