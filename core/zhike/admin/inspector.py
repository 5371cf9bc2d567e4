"""Who may do what, and why 谁能做什么: one person and one right, one right and everybody, one
person and every right; the same answers as a file."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flask import Response, request, url_for
from sqlalchemy import select

from zhike.admin.data_exports import handed_out
from zhike.admin.grants import by_words, no_words, place_words, reach_words
from zhike.admin.roles import permission_groups
from zhike.contributions import Exporter, Permission, RecordKind, RecordRef
from zhike.db.session import CompanySession
from zhike.errors import NotFound
from zhike.i18n import _
from zhike.models.organisation import Staff
from zhike.models.people import Membership, User
from zhike.plugins.active import ActiveSet, active_in
from zhike.services import access, inspection, records, transfer
from zhike.services.inspection import Finding, Holder
from zhike.services.lifecycle.words import title as plugin_title
from zhike.services.organisation import Tree, tree
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import current, reading
from zhike.web.page import chosen_id, page
from zhike.web.ui import with_query

bp = CoreBlueprint("admin_inspector", __name__, url_prefix="/admin/access")
PERMISSION = "core.access"
RISKS = ("critical", "sensitive")


@dataclass(frozen=True)
class Line:
    """What one person may, in words: of a table of rights or of people."""

    label: str
    key: str
    ok: bool
    words: str
    url: str
    risk: str = ""
    login: str = ""


@bp.get("", permission=PERMISSION)
def inspector() -> str:
    """Choose a person, a right, a place, a record; what is chosen stays in the address."""
    s, active = reading(), current().active
    known = {p.name: p for _owner, group in permission_groups() for p in group}
    name = request.args.get("permission", "")
    permission = known.get(name)
    user = _member(s, request.args.get("user", ""))
    unit_id = chosen_id(request.args.get("unit"))
    here = tree(s)
    if unit_id is not None and unit_id not in here.units:
        raise NotFound(_("This site does not exist."))
    ref, about = _record(s, request.args.get("record", "").strip())
    asked = {
        "user": str(user.id) if user else "",
        "permission": permission.name if permission else "",
        "unit": str(unit_id or ""),
        "record": str(ref or ""),
    }
    context: dict[str, Any] = {
        "asked": asked,
        "typed": request.args.get("record", "").strip(),
        "bad_record": bool(request.args.get("record", "").strip()) and ref is None,
        "about": about,
        "people": _people(s),
        "groups": permission_groups(),
        "units": [(str(unit.id), unit.name) for unit in here.units.values() if unit.open],
        "title_of_user": _called(s, user) if user else "",
        "permission": permission,
        "unknown": name if name and permission is None else "",
        "unit_name": place_words(here, unit_id) if unit_id else "",
        "file_url": with_query(
            url_for("admin_inspector.file", kind="xlsx"), [(k, v) for k, v in asked.items() if v]
        ),
        "user": user,
    }
    if user is not None and permission is not None:
        finding = inspection.look(s, active, user, permission.name, unit_id=unit_id, ref=ref)
        context |= {"finding": finding, "steps": _steps(here, finding, known, unit_id)}
    elif user is not None:
        context["tables"] = _everything_of(s, active, user, unit_id)
    elif permission is not None:
        found = inspection.holders(s, active, permission.name, unit_id)
        context["holders"] = _people_lines(s, here, found, permission, unit_id)
    else:
        context["grave"] = _grave(s, active, here)
    return page("zhike/admin/inspector.html", **context)


def _member(s: CompanySession, text: str) -> User | None:
    """The account of this company that was chosen; another one does not exist here."""
    user_id = chosen_id(text)
    if user_id is None:
        return None
    user = s.get(User, user_id)
    if user is None or s.get(Membership, (s.company_id, user_id)) is None:
        raise NotFound(_("This user does not exist."))
    return user


def _people(s: CompanySession) -> list[tuple[str, str]]:
    """Accounts of the company to choose from: name and user name, closed ones marked."""
    rows = s.execute(
        select(User.id, User.login, User.name, User.disabled_at, Staff.name.label("staff_name"))
        .join(Membership, Membership.user_id == User.id)
        .outerjoin(Staff, (Staff.user_id == User.id) & (Staff.company_id == s.company_id))
        .where(Membership.company_id == s.company_id)
        .order_by(User.login_key)
    )
    return [
        (
            str(row.id),
            f"{row.staff_name or row.name} ({row.login})"
            + (f" · {_('closed')}" if row.disabled_at else ""),
        )
        for row in rows
    ]


def _logins(s: CompanySession) -> dict[uuid.UUID, str]:
    """User names of the company's accounts."""
    found = s.execute(
        select(User.id, User.login)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.company_id == s.company_id)
    )
    return {row.id: row.login for row in found}


def _called(s: CompanySession, user: User) -> str:
    return s.scalar(select(Staff.name).where(Staff.user_id == user.id)) or user.name


def _record(s: CompanySession, text: str) -> tuple[RecordRef | None, str]:
    """The record meant by a reference or by the address of its page, and what it is called.

    Only what the reader himself may see is named; the answer about somebody else is not.
    """
    if not text:
        return None, ""
    try:
        ref = RecordRef.parse(text)
    except ValueError:
        found = _from_address(text)
        if found is None:
            return None, ""
        ref = found
    summary = records.describe(s, ref, current().principal)
    return (ref, summary.title) if summary is not None else (None, "")


def _from_address(text: str) -> RecordRef | None:
    """The record whose page has this address: the last id in it, of the kind named before it."""
    parts = [part for part in text.split("?")[0].split("#")[0].split("/") if part]
    if "p" in parts:
        owner, parts = parts[parts.index("p") + 1 : parts.index("p") + 2], parts
    elif "admin" in parts:
        owner = ["core"]
    else:
        return None
    if not owner:
        return None
    kinds = {
        kind.name.partition(".")[2]
        for kind in current().active.items(RecordKind)
        if kind.name.startswith(f"{owner[0]}.")
    }
    for place in range(len(parts) - 1, 0, -1):
        try:
            record_id = uuid.UUID(parts[place])
        except ValueError:
            continue
        word = parts[place - 1]
        for kind in (word, word.removesuffix("s")):
            if kind in kinds:
                return RecordRef(owner[0], kind, record_id)
    return None


def _steps(
    here: Tree,
    finding: Finding,
    known: Mapping[str, Permission],
    unit_id: uuid.UUID | None,
) -> list[dict[str, Any]]:
    """The grounds, in the order in which they are asked: (what, whether it is well, words)."""
    found: list[dict[str, Any]] = []

    def step(ok: bool | None, what: str, words: str) -> None:
        found.append({"ok": ok, "what": what, "words": words})

    step(
        not (finding.closed or finding.stranger),
        _("Account"),
        _("closed: nobody can sign in with it")
        if finding.closed
        else _("no member of this company")
        if finding.stranger
        else _("open"),
    )
    why = finding.answer.why
    if why in ("inactive", "unknown"):
        step(False, _("App"), no_words(finding.answer))
        return found
    step(True, _("App"), _("switched on"))
    if not finding.looked:
        step(False, _("Roles"), _("holds no role here"))
    for one in finding.looked:
        where = f"{place_words(here, one.grant.unit_id)} · {reach_words(here, one.grant)}"
        if not one.carries:
            words = _("does not include it")
        elif not one.reaches:
            words = _("includes it, but does not reach this place")
        elif one.grant.is_admin:
            words = _("includes everything")
        elif one.through:
            by = known.get(one.through)
            words = _("includes it with “%(name)s”", name=_(by.title) if by else one.through)
        else:
            words = _("includes it")
        tail = [where]
        if one.grant.since:
            tail.append(_("since %(day)s", day=one.grant.since.date().isoformat()))
        if one.given_by:
            tail.append(_("given by %(name)s", name=one.given_by))
        found.append(
            {
                "ok": one.carries and one.reaches,
                "what": _("Role “%(name)s”", name=one.grant.title),
                "words": words,
                "tail": " · ".join(tail),
                "role_id": one.grant.role_id,
            }
        )
    if finding.own_only:
        step(
            finding.own is not False,
            _("Own records only"),
            _("this record belongs to somebody else")
            if finding.own is False
            else _("this record is his own")
            if finding.own
            else _("only with records that belong to this person"),
        )
    if finding.hidden:
        step(False, _("Record"), _("is not shown to this person, or does not exist any more"))
    for reason in finding.objections:
        step(False, _("An app objects"), reason)
    for name, until in finding.stands_in:
        words = _("lends tasks and notices, not rights")
        if until:
            words += " · " + _("until %(day)s", day=until.isoformat())
        step(None, _("Stands in for %(name)s", name=name), words)
    if finding.last_admin:
        step(
            None,
            _("Last administrator"),
            _("The role cannot be taken back and the account cannot be closed."),
        )
    return found


def _url(**asked: str) -> str:
    return with_query(url_for("admin_inspector.inspector"), [(k, v) for k, v in asked.items() if v])


def _everything_of(
    s: CompanySession, active: ActiveSet, user: User, unit_id: uuid.UUID | None
) -> list[tuple[str, list[Line]]]:
    """Every right, by app: whether this person has it and by which role."""
    principal = access.principal_for(s, user.id, active.names, name=user.name)
    tables = []
    for owner, group in permission_groups():
        lines = []
        for one in group:
            answer = principal.can(one.name, unit_id)
            lines.append(
                Line(
                    label=_(one.title),
                    key=one.name,
                    ok=bool(answer) and user.disabled_at is None,
                    words=by_words(principal.tree, answer),
                    url=_url(user=str(user.id), permission=one.name, unit=str(unit_id or "")),
                    risk=one.risk,
                )
            )
        tables.append((owner, lines))
    return tables


def _people_lines(
    s: CompanySession,
    here: Tree,
    found: Iterable[Holder],
    permission: Permission,
    unit_id: uuid.UUID | None,
) -> list[Line]:
    logins = _logins(s)
    return [
        Line(
            label=one.principal.name,
            key=str(one.principal.user_id),
            ok=True,
            words=by_words(here, one.answer),
            url=_url(
                user=str(one.principal.user_id),
                permission=permission.name,
                unit=str(unit_id or ""),
            ),
            login=logins.get(one.principal.user_id, "") if one.principal.user_id else "",
        )
        for one in found
    ]


def _grave(s: CompanySession, active: ActiveSet, here: Tree) -> list[dict[str, Any]]:
    """Critical and sensitive rights with who holds them: what is worth a look each quarter."""
    everybody = access.principals(s, active.names)
    found = []
    for owner, group in permission_groups():
        for one in group:
            if one.risk not in RISKS:
                continue
            able = [p for p in everybody if p.can(one.name)]
            found.append(
                {
                    "owner": owner,
                    "label": _(one.title),
                    "risk": one.risk,
                    "url": _url(permission=one.name),
                    "count": len(able),
                    "names": "、".join(p.name for p in able[:6]) + (" …" if len(able) > 6 else ""),
                }
            )
    return sorted(found, key=lambda row: row["risk"] != "critical")


def rows(s: CompanySession, asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Who may do what, as columns of the exporter ``core.rights``: a row for each person and right.

    ``asked`` narrows it: ``user`` and ``unit`` (ids), ``permission`` and ``risk`` (names).
    """
    active = active_in(s)
    unit_id = chosen_id(str(asked.get("unit", "")))
    logins = _logins(s)
    wanted = [
        one
        for one in (*access.CORE_PERMISSIONS, *_of_apps(active))
        if asked.get("permission", "") in ("", one.name) and asked.get("risk", "") in ("", one.risk)
    ]
    here = tree(s)
    for principal in access.principals(s, active.names):
        if asked.get("user") and str(principal.user_id) != str(asked["user"]):
            continue
        for one in wanted:
            answer = principal.can(one.name, unit_id)
            if not answer or answer.grant is None or principal.user_id is None:
                continue
            yield {
                "name": principal.name,
                "login": logins.get(principal.user_id, ""),
                "app": _("Zhike itself")
                if one.name.startswith("core.")
                else plugin_title(s.site.plugins, one.name.partition(".")[0]),
                "right": _(one.title),
                "permission": one.name,
                "risk": risk_words(one.risk),
                "role": answer.grant.title,
                "where": place_words(here, answer.grant.unit_id),
                "reach": reach_words(here, answer.grant),
                "since": answer.grant.since,
            }


def _of_apps(active: ActiveSet) -> list[Permission]:
    return [e.value for e in active.of(Permission) if e.owner.plugin != "core"]


def risk_words(risk: str) -> str:
    """How grave a right is, in words; "" for an ordinary one."""
    return {"critical": _("critical"), "sensitive": _("sensitive")}.get(risk, "")


@bp.get("/rights.<any(xlsx, csv):kind>", permission=PERMISSION)
def file(kind: Literal["xlsx", "csv"]) -> Response:
    """What the page shows as a file; that it was taken is in the ledger."""
    me = current()
    exporter = me.active.get(Exporter, "core.rights")
    assert exporter is not None
    assert me.company is not None
    asked = {key: request.args.get(key, "") for key in ("user", "permission", "unit")}
    _member(reading(), asked["user"])
    chosen_id(asked["unit"])
    return handed_out(
        transfer.export(
            me.site,
            me.company.id,
            me.actor,
            exporter,
            filters={key: value for key, value in asked.items() if value},
            file_format=kind,
            tz=me.tz,
            translate=_,
        )
    )
