"""User accounts of the company: roles, passwords, sessions, closing and opening."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from zhike.admin.grants import SCOPE_WORDS
from zhike.admin.organisation import unit_choices
from zhike.db.session import CompanySession
from zhike.errors import Conflict, NotFound
from zhike.i18n import _
from zhike.models.device import Device
from zhike.models.organisation import Staff
from zhike.models.people import DATA_SCOPES, Membership, Role, RoleGrant, User
from zhike.services import access, door, ledger, organisation, people, second_step, sessions
from zhike.services.textkit import nfkc
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, current, reading, transaction
from zhike.web.form import PageForm
from zhike.web.page import chosen_id, keeping, options, page
from zhike.web.ui import Column, Empty, Facet, State, Table
from zhike.web.views.account import device_words

bp = CoreBlueprint("admin_users", __name__, url_prefix="/admin/users")
PERMISSION = "core.users"
PAGE = 50
_STATES = ("open", "closed")


class NewUserForm(PageForm):
    """A new login, with its first role."""

    login = StringField(
        _l("User name"),
        [InputRequired(), Length(max=people.MAX_LOGIN)],
        description=_l("What the person types to sign in, for example a staff number."),
    )
    name = StringField(_l("Name"), [InputRequired(), Length(max=60)])
    staff_id = SelectField(
        _l("Staff member"),
        [Optional()],
        description=_l("Whose login this is; leave empty for somebody who only looks on."),
    )
    role_id = SelectField(_l("Role"), [Optional()])


class GrantForm(PageForm):
    """A role, where it holds and how far it reaches."""

    role_id = SelectField(_l("Role"), [InputRequired()])
    unit_id = SelectField(_l("Where"), [Optional()])
    scope = SelectField(_l("Reach"), [InputRequired()], default="all")
    custom_units = SelectMultipleField(_l("Chosen units"), [Optional()])


def _members(s: CompanySession, text: str, state: str, after: str) -> Sequence[Any]:
    """A page of accounts, by user name; ``text`` is looked for in user names and names."""
    query = (
        select(
            User.id,
            User.login,
            User.login_key,
            User.name,
            User.disabled_at,
            User.must_change_password,
            Staff.name.label("staff_name"),
        )
        .join(Membership, Membership.user_id == User.id)
        .outerjoin(Staff, (Staff.user_id == User.id) & (Staff.company_id == s.company_id))
        .where(
            Membership.company_id == s.company_id,
            User.id.not_in(select(Device.user_id)),  # desks have a page of their own
        )
    )
    if state in _STATES:
        query = query.where(
            User.disabled_at.is_not(None) if state == "closed" else User.disabled_at.is_(None)
        )
    if text:
        query = query.where(
            or_(
                User.login_key.contains(people.login_key(text), autoescape=True),
                User.name.contains(text, autoescape=True),
                Staff.name.contains(text, autoescape=True),
            )
        )
    if after:
        query = query.where(User.login_key > after)
    return s.execute(query.order_by(User.login_key).limit(PAGE + 1)).all()


def member(s: CompanySession, user_id: uuid.UUID) -> User:
    """An account that belongs to this company; any other one does not exist here."""
    user = s.get(User, user_id)
    if user is None or s.get(Membership, (s.company_id, user_id)) is None:
        raise NotFound(_("This user does not exist."))
    return user


def _roles(s: CompanySession) -> list[Role]:
    return list(s.scalars(select(Role).order_by(Role.is_admin.desc(), Role.title)))


@bp.get("", permission=PERMISSION)
def users() -> str:
    """Everybody who can sign in to this company."""
    s = reading()
    state = request.args.get("state", "open")
    found = _members(s, nfkc(request.args.get("q", "")), state, request.args.get("after", ""))
    shown, more = found[:PAGE], len(found) > PAGE
    roles: dict[uuid.UUID, list[str]] = {}
    for row in s.execute(
        select(RoleGrant.user_id, Role.title, Role.preset)
        .join(Role, Role.id == RoleGrant.role_id)
        .where(RoleGrant.user_id.in_([row.id for row in shown]))
    ):
        roles.setdefault(row.user_id, []).append(access.role_title(row.title, row.preset))
    url = url_for("admin_users.users")
    args = [(key, value) for key, value in request.args.items(multi=True) if value]
    table = Table(
        name="core.users",
        caption=_("Users"),
        columns=(
            Column("login", _("User name"), phone="title"),
            Column("name", _("Name")),
            Column("roles", _("Roles")),
            Column("state", _("State"), kind="state", phone="state"),
        ),
        rows=[
            {
                "id": row.id,
                "login": row.login,
                "name": row.staff_name or row.name,
                "roles": "、".join(dict.fromkeys(roles.get(row.id, []))),
                "state": State(_("closed"), "void")
                if row.disabled_at
                else State(_("first sign-in ahead"), "wait")
                if row.must_change_password
                else State(_("open"), "done"),
            }
            for row in shown
        ],
        row_url=lambda row: url_for("admin_users.user", user_id=row["id"]),
        base_url=url,
        args=args,
        choose_columns=True,
        after=shown[-1].login_key if more else "",
        search=True,
        search_help=_("User name or name"),
        facets=[
            Facet(
                "state",
                _("State"),
                (("open", _("open")), ("closed", _("closed")), ("all", _("all"))),
                default="open",
            )
        ],
        empty=Empty(_("No user yet"), "", url_for("admin_users.new"), _("Add a user"), "people"),
    )
    return page(
        "zhike/admin/list.html",
        table=table,
        title=_("Users"),
        primary=(url_for("admin_users.new"), _("New user")),
    )


@bp.route("/new", methods=["GET", "POST"], permission=PERMISSION)
def new() -> ResponseReturnValue:
    """Add a login; the first password is shown once and must be changed."""
    s = reading()
    form = NewUserForm()
    free = s.execute(
        select(Staff.id, Staff.name, Staff.number)
        .where(Staff.user_id.is_(None), Staff.status == "active")
        .order_by(Staff.name)
    )
    form.staff_id.choices = options(
        [
            ("", _("Nobody")),
            *((str(row.id), f"{row.name} {row.number or ''}".strip()) for row in free),
        ]
    )
    form.role_id.choices = [*options([("", _("No role yet"))]), *_role_choices(s)]
    if form.validate_on_submit():
        with keeping(form):
            password = secrets.token_urlsafe(9)
            hashed = people.new_password_hash(password, login=form.login.data, name=form.name.data)

            def add(s: CompanySession) -> str:
                user = people.add_user(
                    s, login=form.login.data, name=form.name.data, password_hash=hashed
                )
                people.add_membership(s, user.id, s.company_id)
                if form.staff_id.data:
                    staff = s.require(Staff, uuid.UUID(form.staff_id.data))
                    organisation.change_staff(
                        s, staff.id, name=staff.name, number=staff.number, user_id=user.id
                    )
                if form.role_id.data:
                    access.grant_role(s, user.id, uuid.UUID(form.role_id.data))
                ledger.append(s, "core.user.added", object=f"core:user:{user.id}")
                return str(user.id)

            # Not through act(): a repeated request must not answer with a stored password.
            with transaction() as write:
                user_id = add(write)
            return page(
                "zhike/admin/password.html",
                login=form.login.data,
                password=password,
                user_id=user_id,
            )
    return page(
        "zhike/admin/form.html",
        form=form,
        title=_("New user"),
        up=_("Users"),
        cancel=url_for("admin_users.users"),
    ), (422 if request.method == "POST" else 200)


def _role_choices(s: CompanySession) -> list[SelectChoice]:
    return options(
        (str(r.id), access.role_title(r.title, r.preset)) for r in _roles(s) if _may_give(r)
    )


def _may_give(role: Role) -> bool:
    """Whoever may not change roles may not hand out the administrators' one either."""
    return not role.is_admin or bool(current().can("core.roles"))


@bp.get("/<uuid:user_id>", permission=PERMISSION)
def user(user_id: uuid.UUID) -> str:
    """One account: roles, sessions, password, closing."""
    return _user_page(user_id, None)


def _user_page(user_id: uuid.UUID, form: GrantForm | None) -> str:
    s = reading()
    row = member(s, user_id)
    form = form or GrantForm(formdata=None)
    form.role_id.choices = _role_choices(s)
    form.unit_id.choices = unit_choices(s, empty=_("The whole company"))
    form.custom_units.choices = unit_choices(s)
    form.scope.choices = options((scope, _(SCOPE_WORDS[scope])) for scope in DATA_SCOPES)
    grants = s.execute(
        select(
            RoleGrant.id,
            RoleGrant.unit_id,
            RoleGrant.data_scope,
            Role.title,
            Role.preset,
            Role.is_admin,
        )
        .join(Role, Role.id == RoleGrant.role_id)
        .where(RoleGrant.user_id == user_id)
        .order_by(RoleGrant.id)
    ).all()
    staff = s.scalars(select(Staff).where(Staff.user_id == user_id)).first()
    return page(
        "zhike/admin/user.html",
        user=row,
        staff=staff,
        grants=grants,
        units=organisation.tree(s).units,
        title_of=access.role_title,
        scope_words={scope: _(SCOPE_WORDS[scope]) for scope in DATA_SCOPES},
        sessions=[
            (device_words(x.agent), x)
            for x in sessions.list_open(s, user_id)
            if x.company_id == s.company_id
        ],
        form=form,
        demanded=second_step.demanded(
            s, access.principal_for(s, user_id, current().active.names, name=row.name)
        ),
        sites=organisation.tree(s).units,
        tries=door.failed_tries(s, user_id),
        here=getattr(current().identity, "session_id", None),
        me_too=getattr(current().user, "id", None) == user_id,
    )


@bp.post("/<uuid:user_id>/grants", permission=PERMISSION)
def grant(user_id: uuid.UUID) -> ResponseReturnValue:
    """Give a role."""
    s = reading()
    member(s, user_id)
    form = GrantForm()
    form.role_id.choices = _role_choices(s)
    form.unit_id.choices = unit_choices(s, empty=_("The whole company"))
    form.custom_units.choices = unit_choices(s)
    form.scope.choices = options((scope, _(SCOPE_WORDS[scope])) for scope in DATA_SCOPES)
    if form.validate_on_submit():

        def give(s: CompanySession) -> str:
            member(s, user_id)
            row = access.grant_role(
                s,
                user_id,
                uuid.UUID(form.role_id.data),
                unit_id=chosen_id(form.unit_id.data),
                scope=form.scope.data,
                custom_units=[uuid.UUID(x) for x in form.custom_units.data or ()],
            )
            return str(row.id)

        with keeping(form):
            act(give)
            flash(_("The role has been given."), "success")
            return redirect(url_for("admin_users.user", user_id=user_id))
    return _user_page(user_id, form), 422


@bp.post("/<uuid:user_id>/grants/<uuid:grant_id>/withdraw", permission=PERMISSION)
def withdraw(user_id: uuid.UUID, grant_id: uuid.UUID) -> ResponseReturnValue:
    """Take a role back."""

    def take(s: CompanySession) -> str:
        member(s, user_id)
        row = s.require(RoleGrant, grant_id)
        if not _may_give(s.require(Role, row.role_id)):
            current().require("core.roles")
        access.withdraw_grant(s, grant_id)
        return ""

    act(take)
    flash(_("The role has been taken back."), "success")
    return redirect(url_for("admin_users.user", user_id=user_id))


@bp.post("/<uuid:user_id>/password", permission=PERMISSION)
def reset_password(user_id: uuid.UUID) -> ResponseReturnValue:
    """Give a new first password, shown once; ends the person's sessions and any lock-out."""
    row = member(reading(), user_id)
    _guard_admin(user_id)
    password = secrets.token_urlsafe(9)
    hashed = people.new_password_hash(password, login=row.login, name=row.name)
    with transaction() as s:
        people.set_password(s, user_id, hashed, must_change=True)
        ledger.append(s, "core.user.password_reset", object=f"core:user:{user_id}")
    with current().site.system(current().actor) as system:
        door.unlock(system, user_id, by=current().actor.name)
    return page("zhike/admin/password.html", login=row.login, password=password, user_id=user_id)


def _guard_admin(user_id: uuid.UUID) -> None:
    """An administrator's account is touched only by who may change roles."""
    held = reading().scalar(
        select(Role.id)
        .join(RoleGrant, RoleGrant.role_id == Role.id)
        .where(RoleGrant.user_id == user_id, Role.is_admin.is_(True))
    )
    if held is not None:
        current().require("core.roles")


@bp.post("/<uuid:user_id>/state", permission=PERMISSION)
def set_state(user_id: uuid.UUID) -> ResponseReturnValue:
    """Close an account, or open it again."""
    _guard_admin(user_id)
    close = request.form.get("close") == "1"

    def change(s: CompanySession) -> str:
        member(s, user_id)
        if close:
            people.disable_in(s, user_id)
        else:
            people.enable(s, user_id)
        action = "core.user.closed" if close else "core.user.opened"
        ledger.append(s, action, object=f"core:user:{user_id}")
        return ""

    act(change)
    flash(_("The account is closed.") if close else _("The account is open again."), "success")
    return redirect(url_for("admin_users.user", user_id=user_id))


@bp.post("/<uuid:user_id>/second-step", permission=PERMISSION)
def reset_second_step(user_id: uuid.UUID) -> ResponseReturnValue:
    """Switch somebody's second step off who has lost phone and codes; ends his sign-ins."""
    _guard_admin(user_id)

    def forget(s: CompanySession) -> str:
        member(s, user_id)
        if {company.id for company in people.companies_of(s, user_id)} != {s.company_id}:
            raise Conflict(
                _("This user also belongs to another company; a system administrator resets it."),
                code="shared_user",
            )
        if not second_step.remove(s, user_id):
            raise Conflict(_("The two-step sign-in of this account is off already."))
        sessions.revoke_all(s, user_id)
        door.note(s, "second_step_off", people.get_user(s, user_id), by=current().actor.name)
        ledger.append(s, "core.user.second_step_reset", object=f"core:user:{user_id}")
        return ""

    act(forget)
    flash(_("The second step is off. The person sets it up anew with the new phone."), "success")
    return redirect(url_for("admin_users.user", user_id=user_id))


@bp.post("/<uuid:user_id>/sessions", permission=PERMISSION)
def end_sessions(user_id: uuid.UUID) -> ResponseReturnValue:
    """Sign a person out everywhere in this company, or end one sign-in."""

    one = chosen_id(request.form.get("session"))

    def end(s: CompanySession) -> str:
        member(s, user_id)
        if one is None:
            sessions.revoke_all(s, user_id, company_id=s.company_id)
            ledger.append(s, "core.user.signed_out", object=f"core:user:{user_id}")
            return ""
        if not sessions.revoke(s, user_id, one, company_id=s.company_id):
            raise NotFound(_("This sign-in does not exist any more."))
        ledger.append(s, "core.user.session_ended", object=f"core:user:{user_id}")
        return ""

    act(end)
    flash(_("Signed out everywhere.") if one is None else _("The sign-in has ended."), "success")
    return redirect(url_for("admin_users.user", user_id=user_id))
