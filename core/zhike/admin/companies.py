"""Companies 公司 of this site; for the system administrator, who reads no company's data."""

from __future__ import annotations

import secrets

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from zhike.i18n import _
from zhike.models.company import Company
from zhike.models.people import Membership
from zhike.services import access, calendars, companies, ledger, people
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import current
from zhike.web.form import PageForm
from zhike.web.page import keeping, page
from zhike.web.ui import Column, Empty, State, Table

bp = CoreBlueprint("admin_companies", __name__, url_prefix="/admin/companies")
WHY = "system administrators look after companies without belonging to one"


class CompanyForm(PageForm):
    """A company and its first administrator."""

    name = StringField(_l("Designation"), [InputRequired(), Length(max=80)])
    slug = StringField(
        _l("Short name"),
        [InputRequired(), Length(max=40)],
        description=_l("Lower-case letters and digits; used in commands and exports."),
    )
    login = StringField(
        _l("User name of its administrator"), [InputRequired(), Length(max=people.MAX_LOGIN)]
    )
    person = StringField(_l("Name of its administrator"), [InputRequired(), Length(max=60)])


@bp.get("", signed_in=WHY, system=True)
def all_companies() -> str:
    """The companies of the site."""
    with current().site.system_reader() as s:
        members = (
            select(Membership.company_id, func.count().label("people"))
            .group_by(Membership.company_id)
            .subquery()
        )
        rows = s.execute(
            select(
                Company.id,
                Company.name,
                Company.slug,
                Company.created_at,
                Company.closed_at,
                Company.is_demo,
                func.coalesce(members.c.people, 0).label("people"),
            )
            .outerjoin(members, members.c.company_id == Company.id)
            .order_by(Company.id)
        ).all()
    table = Table(
        caption=_("Companies"),
        columns=(
            Column("name", _("Designation"), phone="title"),
            Column("slug", _("Short name")),
            Column("people", _("Users"), kind="num"),
            Column("created_at", _("Since"), kind="time"),
            Column("state", _("State"), kind="state", phone="state"),
        ),
        rows=[
            {
                **row._mapping,
                "state": State(_("closed"), "void")
                if row.closed_at
                else State(_("demo"), "wait")
                if row.is_demo
                else State(_("open"), "done"),
            }
            for row in rows
        ],
        empty=Empty(_("No company yet")),
    )
    return page(
        "zhike/admin/list.html",
        table=table,
        title=_("Companies"),
        primary=(url_for("admin_companies.new"), _("New company")),
    )


@bp.route("/new", methods=["GET", "POST"], signed_in=WHY, system=True)
def new() -> ResponseReturnValue:
    """Add a company with its first administrator, whose password is shown once."""
    form = CompanyForm()
    if form.validate_on_submit():
        with keeping(form):
            me = current()
            password = secrets.token_urlsafe(9)
            hashed = people.new_password_hash(
                password, login=form.login.data, name=form.person.data
            )
            actor = me.actor
            with me.site.system(actor) as s:
                company = companies.create_company(s, slug=form.slug.data, name=form.name.data)
                user = people.add_user(
                    s, login=form.login.data, name=form.person.data, password_hash=hashed
                )
                people.add_membership(s, user.id, company.id)
                ledger.append(
                    s, "core.company.added", object=company.slug, body={"name": company.name}
                )
                company_id, user_id = company.id, user.id
            with me.site.transaction(company_id, actor) as c:
                access.grant_role(c, user_id, access.ensure_admin_role(c).id)
                calendars.begin(c)
            flash(_("%(name)s has been added.", name=form.name.data), "success")
            return page(
                "zhike/admin/company_password.html", login=form.login.data, password=password
            )
    return page(
        "zhike/admin/form.html",
        form=form,
        title=_("New company"),
        up=_("Companies"),
        cancel=url_for("admin_companies.all_companies"),
    ), (422 if request.method == "POST" else 200)
