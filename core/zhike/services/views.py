"""Saved views 保存的视图: a list's filters, columns and order under a name, own or shared.

They are read once a process and generation of the company, so a list page asks nothing for them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from zhike.db.session import CompanySession
from zhike.errors import Forbidden, NotFound, UserError
from zhike.i18n import _
from zhike.models.lists import DefaultView, SavedView
from zhike.models.people import Role
from zhike.services import ledger
from zhike.services.access import Principal
from zhike.services.companies import bump_generation, remembered

EVERYBODY = "*"
#: Views a person may keep of one list, and what an address may hold.
MOST, LONGEST_NAME, LONGEST_QUERY = 30, 40, 4000
#: What an address says that is no part of a view: where one is in the list, and the view itself.
PASSING = frozenset({"after", "before", "view"})

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class View:
    """A saved view as it is remembered."""

    id: uuid.UUID
    list: str
    name: str
    query: Pairs
    user_id: uuid.UUID
    shared_with: tuple[str, ...]


def _all(s: CompanySession) -> dict[str, tuple[View, ...]]:
    def read() -> dict[str, tuple[View, ...]]:
        found: dict[str, tuple[View, ...]] = {}
        for row in s.scalars(select(SavedView).order_by(SavedView.name, SavedView.id)):
            pairs = tuple((str(key), str(value)) for key, value in row.query)
            view = View(row.id, row.list_name, row.name, pairs, row.user_id, tuple(row.shared_with))
            found[row.list_name] = (*found.get(row.list_name, ()), view)
        return found

    return remembered(s, "core.saved_views", read)


def _defaults(s: CompanySession) -> dict[tuple[uuid.UUID, str], uuid.UUID]:
    def read() -> dict[tuple[uuid.UUID, str], uuid.UUID]:
        rows = s.execute(select(DefaultView.user_id, DefaultView.list_name, DefaultView.view_id))
        return {(row.user_id, row.list_name): row.view_id for row in rows}

    return remembered(s, "core.default_views", read)


def _sees(view: View, who: Principal) -> bool:
    if view.user_id == who.user_id or EVERYBODY in view.shared_with:
        return True
    return bool({str(grant.role_id) for grant in who.grants} & set(view.shared_with))


def views_of(s: CompanySession, who: Principal, list_name: str) -> list[View]:
    """The views of a list that a person sees: his own first, then those shared with him."""
    found = [view for view in _all(s).get(list_name, ()) if _sees(view, who)]
    return sorted(found, key=lambda view: view.user_id != who.user_id)


def every_view(s: CompanySession, who: Principal) -> list[View]:
    """All a person sees, of every list."""
    return [view for name in sorted(_all(s)) for view in views_of(s, who, name)]


def default_of(s: CompanySession, who: Principal, list_name: str) -> View | None:
    """The view with which the list opens for a person, if he chose one he still sees."""
    if who.user_id is None:
        return None
    chosen = _defaults(s).get((who.user_id, list_name))
    return next((v for v in views_of(s, who, list_name) if v.id == chosen), None)


def sharable(s: CompanySession, who: Principal) -> list[tuple[str, str]]:
    """With whom a person may share: roles he holds; who keeps roles, with everybody and each."""
    if who.can("core.roles"):
        rows = s.execute(select(Role.id, Role.title, Role.preset).order_by(Role.title)).all()
        roles = [(str(row.id), role_title(row.title, row.preset)) for row in rows]
        return [(EVERYBODY, _("everybody")), *roles]
    held = {grant.role_id for grant in who.grants}
    rows = s.execute(select(Role.id, Role.title, Role.preset).where(Role.id.in_(held))).all()
    return [(str(row.id), role_title(row.title, row.preset)) for row in rows]


def role_title(title: str, preset: str) -> str:
    """A role's title in the reader's language."""
    from zhike.services.access import role_title as shown

    return shown(title, preset)


def save(
    s: CompanySession,
    who: Principal,
    *,
    list_name: str,
    name: str,
    query: Sequence[tuple[str, str]],
    shared_with: Sequence[str] = (),
    view_id: uuid.UUID | None = None,
) -> SavedView:
    """Keep a view, or change one's own; raises ``UserError`` for a bad name, too many, too long.

    Sharing goes into the ledger, with the name and the roles.
    """
    if who.user_id is None:
        raise Forbidden(_("Your role does not include this."))
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise UserError(
            _("Please give a name of at most %(n)s characters.", n=LONGEST_NAME), field="name"
        )
    pairs = [[key, value] for key, value in query if key not in PASSING and value]
    if sum(len(key) + len(value) for key, value in pairs) > LONGEST_QUERY:
        raise UserError(_("This view holds too much to be kept."), field="name")
    allowed = {key for key, _title in sharable(s, who)}
    wanted = sorted(set(shared_with))
    mine = [view for view in _all(s).get(list_name, ()) if view.user_id == who.user_id]
    if any(view.name == name and view.id != view_id for view in mine):
        raise UserError(_("You have a view of this name already."), field="name")
    if view_id is None:
        if len(mine) >= MOST:
            raise UserError(
                _("You keep %(n)s views of this list already; please remove one.", n=MOST),
                field="name",
            )
        row = SavedView(list_name=list_name, name=name, query=pairs, user_id=who.user_id)
        s.add(row)
        before: list[str] = []
    else:
        row = _own(s, who, view_id)
        before = sorted(row.shared_with)
        row.name = name
        if query:
            row.query = pairs
    if not set(wanted) <= allowed | set(before):
        raise Forbidden(_("You may share with roles you hold."))
    row.shared_with = wanted
    s.flush()
    if wanted or before:
        ledger.append(
            s,
            "core.view.shared",
            object=f"core:saved_view:{row.id}",
            body={"list": list_name, "name": name, "with": wanted, "before": before},
        )
    bump_generation(s)
    return row


def remove(s: CompanySession, who: Principal, view_id: uuid.UUID) -> SavedView:
    """Remove one's own view; whoever opened the list with it has the plain list again."""
    row = _own(s, who, view_id)
    s.execute(
        delete(DefaultView)
        .where(DefaultView.view_id == row.id)
        .execution_options(synchronize_session=False)
    )
    s.delete(row)
    s.flush()
    if row.shared_with:
        ledger.append(
            s,
            "core.view.removed",
            object=f"core:saved_view:{row.id}",
            body={"list": row.list_name, "name": row.name, "with": list(row.shared_with)},
        )
    bump_generation(s)
    return row


def open_with(s: CompanySession, who: Principal, list_name: str, view_id: uuid.UUID | None) -> None:
    """Let the list open with this view for this person, or plain with None."""
    if who.user_id is None:
        raise Forbidden(_("Your role does not include this."))
    if view_id is not None and view_id not in {v.id for v in views_of(s, who, list_name)}:
        raise NotFound(_("This view does not exist any more."))
    row = s.scalars(
        select(DefaultView).where(
            DefaultView.user_id == who.user_id, DefaultView.list_name == list_name
        )
    ).first()
    if view_id is None:
        if row is not None:
            s.delete(row)
    elif row is not None:
        row.view_id = view_id
    else:
        s.add(DefaultView(user_id=who.user_id, list_name=list_name, view_id=view_id))
    s.flush()
    bump_generation(s)


def find(s: CompanySession, who: Principal, view_id: uuid.UUID) -> View:
    """A view the person sees; ``NotFound`` otherwise."""
    for views in _all(s).values():
        for view in views:
            if view.id == view_id and _sees(view, who):
                return view
    raise NotFound(_("This view does not exist any more."))


def _own(s: CompanySession, who: Principal, view_id: uuid.UUID) -> SavedView:
    row = s.find(SavedView, view_id)
    if row is None or row.user_id != who.user_id:
        raise NotFound(_("This view does not exist any more."))
    return row
