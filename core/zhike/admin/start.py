"""Setting a company up 首次设置: steps that save by themselves, in any order, by anybody."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from zhike import clock
from zhike.contributions import RolePreset
from zhike.db.session import CompanySession
from zhike.errors import NotFound, UserError
from zhike.i18n import _, ngettext
from zhike.models.organisation import Post, Staff
from zhike.models.people import Role
from zhike.services import (
    access,
    companies,
    organisation,
    passwords,
    people,
    pins,
    policies,
    setup,
)
from zhike.services.textkit import readings
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, current, reading, transaction
from zhike.web.form import PageForm
from zhike.web.page import keeping, page
from zhike.web.ui import State

bp = CoreBlueprint("admin_start", __name__, url_prefix="/admin/start")
PERMISSION = "core.organisation"
ROWS = 6  #: empty rows offered for sites at once
_STATES = {"done": "done", "skipped": "void", "open": "wait"}


def _back() -> ResponseReturnValue:
    return redirect(url_for("admin_start.overview"))


@bp.get("", permission=PERMISSION)
def overview() -> str:
    """The steps, what is left of them, and how long that takes."""
    found = setup.standings(reading(), current().can)
    left = setup.left(found)
    words = {"done": _("done"), "skipped": _("left out"), "open": _("to do")}
    return page(
        "zhike/admin/start.html",
        steps=[(one, State(words[one.state], _STATES[one.state])) for one in found],
        left=left,
        minutes=sum(step.minutes for step in left),
        next=left[0].name if left else "",
        fragment=False,
    )


@bp.post("/steps/<name>", permission=PERMISSION)
def mark(name: str) -> ResponseReturnValue:
    """Leave a step out, call it done, or take it up again."""
    state = request.form.get("state", "")
    if state not in ("done", "skipped", "open"):
        raise UserError(_("Please choose one of the given values."), status=400)
    step = next(
        (one.step for one in setup.standings(reading(), current().can) if one.step.name == name),
        None,
    )
    if step is None:
        raise NotFound(_("There is no such step."))
    act(lambda s: setup.mark(s, name, state))
    return _back()


class CompanyForm(PageForm):
    """What the company is called."""

    name = StringField(_l("Company name"), [InputRequired(), Length(max=80)])
    short_name = StringField(
        _l("Short designation"),
        [InputRequired(), Length(max=20)],
        description=_l("Stands on printed forms where space is short."),
    )
    tz = StringField(_l("Time zone"), [InputRequired(), Length(max=40)])


@bp.route("/company", methods=["GET", "POST"], permission=PERMISSION)
def company() -> ResponseReturnValue:
    """The company's name, short name and time zone."""
    current().require_everywhere(PERMISSION)
    form = CompanyForm(obj=companies.company_of(reading()))
    if form.validate_on_submit():
        with keeping(form):
            if form.tz.data not in available_timezones():
                raise UserError(_("This time zone is unknown."), field="tz")

            def keep(s: CompanySession) -> None:
                companies.rename(
                    s, name=form.name.data, short_name=form.short_name.data, tz=form.tz.data
                )
                setup.mark(s, "core.company", "done")

            act(keep)
            flash(_("Saved."), "success")
            return _back()
    return page(
        "zhike/admin/form.html",
        form=form,
        title=_("Company"),
        up=_("First set-up"),
        cancel=url_for("admin_start.overview"),
    ), (422 if request.method == "POST" else 200)


@bp.route("/sites", methods=["GET", "POST"], permission=PERMISSION)
def sites() -> ResponseReturnValue:
    """Several sites at once: a name and a short code each."""
    current().require_everywhere(PERMISSION)
    rows = [
        {"name": request.form.get(f"name.{n}", ""), "code": request.form.get(f"code.{n}", "")}
        for n in range(ROWS)
    ]
    error = ""
    if request.method == "POST":
        wanted = [row for row in rows if row["name"].strip() or row["code"].strip()]

        def add(s: CompanySession) -> int:
            for row in wanted:
                organisation.add_unit(s, name=row["name"], code=row["code"].upper(), kind="site")
            return len(wanted)

        try:
            if not wanted:
                raise UserError(_("Please give at least one site."))
            count = act(add)
        except UserError as problem:
            error = problem.message
        else:
            flash(ngettext("One site added.", "%(num)d sites added.", count), "success")
            return _back()
    return page(
        "zhike/admin/start_sites.html",
        rows=rows,
        known=organisation.tree(reading()).sites,
        error=error,
        fragment=False,
    ), (422 if error else 200)


@bp.get("/people", permission=PERMISSION)
def people_step() -> str:
    """How everybody gets in: the template, the upload, or one by one."""
    s = reading()
    return page(
        "zhike/admin/start_people.html",
        count=len(organisation.staff_names(s)),
        units=[unit for unit in organisation.tree(s).units.values() if unit.open],
        can_import=current().can("core.import"),
        fragment=False,
    )


# -- logins ---------------------------------------------------------------------------------------


def _without_login(s: CompanySession) -> list[dict[str, Any]]:
    """Active staff without a login, each with his first post of today."""
    today = organisation.today(s)
    units = organisation.tree(s)
    posts: dict[uuid.UUID, Any] = {}
    for post in s.scalars(select(Post).where(Post.valid_from <= today).order_by(Post.id)):
        if post.valid_until is None or post.valid_until >= today:
            posts.setdefault(post.staff_id, post)
    found = []
    for row in s.scalars(
        select(Staff)
        .where(Staff.status == "active", Staff.user_id.is_(None))
        .order_by(Staff.number, Staff.name)
        .limit(200)
    ):
        held = posts.get(row.id)
        site = units.site_of(held.unit_id) if held is not None else None
        unit = site or (units.units.get(held.unit_id) if held is not None else None)
        found.append(
            {
                "id": row.id,
                "name": row.name,
                "number": row.number or "",
                "title": held.title if held is not None else "",
                "head": held is not None and held.is_head,
                "unit": unit,
            }
        )
    return found


def _roles(s: CompanySession) -> list[dict[str, Any]]:
    presets = {preset.name: preset for preset in s.site.plugins.registry.items(RolePreset)}
    return [
        {
            "id": row.id,
            "title": access.role_title(row.title, row.preset),
            "scope": presets[row.preset].scope if row.preset in presets else "unit_tree",
        }
        for row in s.scalars(select(Role).where(Role.is_admin.is_(False)).order_by(Role.title))
    ]


def suggested(title: str, head: bool, roles: Sequence[dict[str, Any]]) -> str:
    """The role whose name a post's title is nearest to, as text; empty for none.

    A name within the other counts; else what they have most in common, from two characters on.
    """
    best, most = "", 1
    for role in roles:
        shared = _common(title, role["title"])
        if title and (title in role["title"] or role["title"] in title):
            shared += 10
        if head and any(word in role["title"] for word in ("经理", "主管", "manager")):
            shared += 1
        if shared > most:
            best, most = str(role["id"]), shared
    return best


def _common(one: str, other: str) -> int:
    return max(
        (
            size
            for start in range(len(one))
            for size in range(1, len(one) - start + 1)
            if one[start : start + size] in other
        ),
        default=0,
    )


@bp.route("/accounts", methods=["GET", "POST"], permission="core.users")
def accounts() -> ResponseReturnValue:
    """Logins for many at once, with a suggested role; the answer is the sheet to hand out."""
    s = reading()
    rows, roles = _without_login(s), _roles(s)
    taken: set[str] = set()
    for row in rows:
        key = str(row["id"])
        row["picked"] = request.method == "GET" or request.form.get(f"pick.{key}") == "1"
        row["login"] = request.form.get(f"login.{key}", _proposed(row, taken))
        row["role"] = request.form.get(f"role.{key}", suggested(row["title"], row["head"], roles))
        row["error"] = ""
    if request.method == "POST":
        chosen = [row for row in rows if row["picked"]]
        if not chosen:
            flash(_("Nobody was chosen."), "info")
        elif sheet := _make_accounts(chosen, {str(role["id"]): role for role in roles}):
            return page("zhike/admin/start_sheet.html", sheet=sheet, fragment=False)
    return page("zhike/admin/start_accounts.html", rows=rows, roles=roles, fragment=False), (
        422 if request.method == "POST" else 200
    )


def _proposed(row: dict[str, Any], taken: set[str]) -> str:
    """A login out of the staff number, else of the name in pinyin; never twice on one page."""
    wish = row["number"] or "".join(one[0] for one in readings(row["name"])) or "user"
    login, count = wish, 2
    while login in taken:
        login, count = f"{wish}{count}", count + 1
    taken.add(login)
    return str(login)


def _make_accounts(
    chosen: list[dict[str, Any]], roles: dict[str, dict[str, Any]]
) -> list[dict[str, str]]:
    """All of them in one transaction, or none: what is wrong then stands beside its row."""
    me = current()
    assert me.company is not None
    made: list[dict[str, Any]] = []
    for row in chosen:
        role = roles.get(row["role"])
        if row["role"] and role is None:
            row["error"] = _("Please choose a role.")
            continue
        password = secrets.token_urlsafe(9) if row["role"] else ""
        pin = pins.make()
        made.append(
            {
                "row": row,
                "role": role,
                "password": password,
                "hash": passwords.hash_password(password) if password else "",
                "pin": pin,
                "pin_hash": pins.hashed(me.site, me.company.id, row["id"], pin),
            }
        )
    if any(row["error"] for row in chosen):
        return []
    try:
        # Not through act(): a repeated request must not answer with stored passwords.
        with transaction() as s:
            for one in made:
                _make_account(s, one)
            setup.mark(s, "core.accounts", "done")
    except UserError as error:
        at = error.extra.get("row")
        next((row for row in chosen if row["id"] == at), chosen[0])["error"] = error.message
        return []
    return [
        {
            "name": one["row"]["name"],
            "number": one["row"]["number"],
            "login": one["row"]["login"].strip() if one["password"] else "",
            "password": one["password"],
            "pin": one["pin"],
            "role": one["role"]["title"] if one["role"] else "",
        }
        for one in made
    ]


def _make_account(s: CompanySession, one: dict[str, Any]) -> None:
    row, role = one["row"], one["role"]
    try:
        if role is not None:
            user = people.add_user(
                s, login=row["login"].strip(), name=row["name"], password_hash=one["hash"]
            )
            people.add_membership(s, user.id, s.company_id)
            unit = row["unit"]
            access.grant_role(
                s,
                user.id,
                role["id"],
                unit_id=unit.id if unit is not None else None,
                scope=role["scope"],
            )
            staff = s.require(Staff, row["id"])
            organisation.change_staff(
                s, staff.id, name=staff.name, number=staff.number, user_id=user.id
            )
        pins.store(s, row["id"], one["pin_hash"], by="admin", must_change=True)
    except UserError as error:
        error.extra["row"] = row["id"]
        raise


# -- regulation -----------------------------------------------------------------------------------


def _holding() -> list[dict[str, Any]]:
    """For each app with regulations: its presets, and what holds at the company and each site."""
    s, now = reading(), clock.now()
    groups = []
    for plugin in current().active:
        presets = policies.presets_of(current().site, plugin)
        if not presets:
            continue
        places = []
        for unit in (None, *organisation.tree(s).sites):
            try:
                found = policies.in_force(s, plugin, unit.id if unit else None, now)
            except NotFound:
                found = None
            places.append({"unit": unit, "found": found, "key": str(unit.id) if unit else "all"})
        groups.append({"plugin": plugin, "presets": presets, "places": places})
    return groups


@bp.route("/policy", methods=["GET", "POST"], permission="core.policy.publish")
def policy() -> ResponseReturnValue:
    """Which shipped regulation holds where, and in which mode."""
    current().require_everywhere("core.policy.publish")
    groups = _holding()
    if request.method == "POST":

        def choose(s: CompanySession) -> int:
            changed = 0
            for group in groups:
                for place in group["places"]:
                    changed += _choose(s, group, place)
            setup.mark(s, "core.policy", "done")
            return changed

        count = act(choose)
        flash(
            ngettext("One place changed.", "%(num)d places changed.", count)
            if count
            else _("Nothing was changed."),
            "success",
        )
        return _back()
    return page("zhike/admin/start_policy.html", groups=groups, fragment=False), 200


def _choose(s: CompanySession, group: dict[str, Any], place: dict[str, Any]) -> int:
    """Let a place have the chosen preset and mode; 1 where that changed anything."""
    field = f"{group['plugin']}.{place['key']}"
    preset, mode = request.form.get(f"preset.{field}", ""), request.form.get(f"mode.{field}", "")
    found, unit = place["found"], place["unit"]
    known = {one.name: one for one in group["presets"]}
    if preset not in known or mode not in policies.MODES:
        return 0
    if found is not None and (found.preset, found.mode) == (preset, mode):
        return 0
    reason = _("First set-up")
    now = clock.now()
    for record in policies.policies_of(s, group["plugin"]):
        held = policies.current(s, record.id, now)
        if held is not None and (held.preset, held.mode) == (preset, mode):
            policies.choose(s, group["plugin"], unit.id if unit else None, record.id, reason=reason)
            return 1
    if unit is None and found is not None and found.preset == preset:
        policies.change_mode(s, found.policy_id, mode, reason=reason)
        return 1
    title = known[preset].preset.title_zh
    taken = {record.name for record in policies.policies_of(s, group["plugin"])}
    name = title if title not in taken else f"{title} · {unit.name if unit else mode}"
    number = 2
    while name in taken:
        name, number = f"{title} · {number}", number + 1
    draft = policies.create(s, preset=preset, name=name, reason=reason)
    draft.mode = mode
    s.flush()
    policies.publish(s, draft.id, reason=reason)
    policies.choose(s, group["plugin"], unit.id if unit else None, draft.policy_id, reason=reason)
    return 1
