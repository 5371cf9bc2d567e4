"""Sites, departments and staff: the tree, who holds which post, who stands in for whom."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select
from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from zhike.db.session import CompanySession
from zhike.i18n import _
from zhike.models.organisation import Post, Staff, StandIn, Unit
from zhike.models.people import Membership, User
from zhike.services import organisation
from zhike.services.textkit import nfkc
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, reading
from zhike.web.form import PageForm
from zhike.web.page import chosen_id, keeping, page
from zhike.web.ui import Column, Empty, Facet, State, Table

bp = CoreBlueprint("admin_organisation", __name__, url_prefix="/admin/organisation")
PERMISSION = "core.organisation"
PAGE = 50


class UnitForm(PageForm):
    """A site or department."""

    name = StringField(_l("Designation"), [InputRequired(), Length(max=60)])
    kind = RadioField(
        _l("Kind"),
        choices=[SelectChoice("site", _l("Site")), SelectChoice("department", _l("Department"))],
        default="department",
        validators=[InputRequired()],
    )
    code = StringField(
        _l("Short code"),
        [InputRequired(), Length(max=12)],
        description=_l("Stands in numbers of records; cannot be changed later."),
    )
    parent_id = SelectField(_l("Belongs to"), [Optional()])
    tz = StringField(
        _l("Time zone"),
        [Optional(), Length(max=40)],
        description=_l("For example Asia/Shanghai; empty means the company's."),
    )
    sort = IntegerField(_l("Order"), [Optional(), NumberRange(0, 9999)], default=0)


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


def unit_choices(
    s: CompanySession, *, empty: str = "", without: frozenset[uuid.UUID] = frozenset()
) -> list[tuple[str, str]]:
    """Open units as choices of a select, indented as the tree; ``empty`` names the first one."""
    tree = organisation.tree(s)
    choices = [("", empty)] if empty else []

    def walk(parent: uuid.UUID | None, depth: int) -> None:
        for unit_id in tree.children.get(parent, ()):
            unit = tree.units[unit_id]
            if unit.open and unit_id not in without:
                choices.append((str(unit_id), "\u3000" * depth + unit.name))
                walk(unit_id, depth + 1)

    walk(None, 0)
    return choices


def _login_choices(s: CompanySession, own: uuid.UUID | None = None) -> list[tuple[str, str]]:
    taken = select(Staff.user_id).where(Staff.user_id.is_not(None))
    rows = s.execute(
        select(User.id, User.login, User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.company_id == s.company_id, or_(User.id.not_in(taken), User.id == own))
        .order_by(User.login_key)
    )
    return [("", _("No login")), *((str(r.id), f"{r.login}（{r.name}）") for r in rows)]


@bp.get("", permission=PERMISSION)
def units() -> str:
    """The company's tree of sites and departments."""
    s = reading()
    tree = organisation.tree(s)
    today = organisation.today(s)
    counts: dict[uuid.UUID, int] = {
        row.unit_id: row.people
        for row in s.execute(
            select(Post.unit_id, func.count(func.distinct(Post.staff_id)).label("people"))
            .where(
                Post.valid_from <= today,
                or_(Post.valid_until.is_(None), Post.valid_until >= today),
            )
            .group_by(Post.unit_id)
        )
    }
    rows: list[dict[str, Any]] = []

    def walk(parent: uuid.UUID | None, depth: int) -> None:
        for unit_id in tree.children.get(parent, ()):
            unit = tree.units[unit_id]
            rows.append(
                {
                    "id": unit_id,
                    "name": "\u3000" * depth + unit.name,
                    "kind": _("Site") if unit.kind == "site" else _("Department"),
                    "code": unit.code,
                    "people": counts.get(unit_id, 0),
                    "tz": unit.tz,
                    "state": State(_("open"), "done") if unit.open else State(_("closed"), "void"),
                }
            )
            walk(unit_id, depth + 1)

    walk(None, 0)
    table = Table(
        caption=_("Sites and departments"),
        columns=(
            Column("name", _("Designation"), phone="title"),
            Column("kind", _("Kind")),
            Column("code", _("Short code")),
            Column("people", _("People"), kind="num"),
            Column("tz", _("Time zone"), phone="hide"),
            Column("state", _("State"), kind="state", phone="state"),
        ),
        rows=rows,
        row_url=lambda row: url_for("admin_organisation.unit", unit_id=row["id"]),
        empty=Empty(
            _("No site yet"),
            _("A site is where customers are received; departments hang below it."),
            url_for("admin_organisation.new_unit"),
            _("Add the first site"),
        ),
    )
    return page("zhike/admin/units.html", table=table)


@bp.route("/units/new", methods=["GET", "POST"], permission=PERMISSION)
def new_unit() -> ResponseReturnValue:
    """Add a site or department."""
    form = UnitForm()
    form.parent_id.choices = unit_choices(reading(), empty=_("The company itself"))
    if form.validate_on_submit():
        with keeping(form):
            name = act(
                lambda s: (
                    organisation.add_unit(
                        s,
                        name=form.name.data,
                        code=form.code.data,
                        kind=form.kind.data,
                        parent_id=chosen_id(form.parent_id.data),
                        tz=(form.tz.data or "").strip(),
                        sort=form.sort.data or 0,
                    ).name
                )
            )
            flash(_("%(name)s has been added.", name=name), "success")
            return redirect(url_for("admin_organisation.units"))
    return page(
        "zhike/admin/form.html",
        form=form,
        title=_("New site or department"),
        cancel=url_for("admin_organisation.units"),
    ), (422 if request.method == "POST" else 200)


@bp.route("/units/<uuid:unit_id>", methods=["GET", "POST"], permission=PERMISSION)
def unit(unit_id: uuid.UUID) -> ResponseReturnValue:
    """Change a unit, close it or open it again."""
    s = reading()
    row = s.require(Unit, unit_id)
    form = UnitForm(obj=row)
    del form.code, form.kind
    below = organisation.tree(s).subtree(unit_id)
    form.parent_id.choices = unit_choices(s, empty=_("The company itself"), without=below)
    if request.method == "GET":
        form.parent_id.data = str(row.parent_id or "")
    if form.validate_on_submit():
        with keeping(form):
            act(
                lambda s: (
                    organisation.change_unit(
                        s,
                        unit_id,
                        name=form.name.data,
                        parent_id=chosen_id(form.parent_id.data),
                        tz=(form.tz.data or "").strip(),
                        sort=form.sort.data or 0,
                    ).name
                )
            )
            flash(_("Saved."), "success")
            return redirect(url_for("admin_organisation.units"))
    return page("zhike/admin/unit.html", form=form, unit=row), (
        422 if request.method == "POST" else 200
    )


@bp.post("/units/<uuid:unit_id>/close", permission=PERMISSION)
def close_unit(unit_id: uuid.UUID) -> ResponseReturnValue:
    """Close a unit, or open it again."""
    reopen = request.form.get("reopen") == "1"
    act(lambda s: organisation.close_unit(s, unit_id, reopen=reopen))
    flash(_("Opened again.") if reopen else _("Closed."), "success")
    return redirect(url_for("admin_organisation.units"))


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
    table = Table(
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
        args=list(request.args.items(multi=True)),
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
    stand_in_form.deputy_id.choices = [
        (str(key), name) for key, name in names.items() if key != row.id
    ]
    posts = s.scalars(
        select(Post).where(Post.staff_id == row.id).order_by(Post.valid_from.desc())
    ).all()
    stand_ins = s.scalars(
        select(StandIn).where(StandIn.staff_id == row.id).order_by(StandIn.valid_from.desc())
    ).all()
    return page(
        "zhike/admin/staff.html",
        staff=row,
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
    form.deputy_id.choices = [
        (str(key), name) for key, name in organisation.staff_names(s).items() if key != staff_id
    ]
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
    flash(_("Back at work.") if back else _("Marked as left; posts have ended."), "success")
    return redirect(url_for("admin_organisation.staff", staff_id=staff_id))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
