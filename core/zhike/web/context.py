"""The request at hand: who asks, for which company, and the sessions it reads and writes through.

``current()`` is what a view asks; ``reading()`` and ``transaction()`` are its two ways to the
data. A page reads one state of the data: its reading session is opened at first use and closed
when the answer is ready.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from flask import current_app, g, request
from werkzeug.local import LocalProxy

from zhike.db.session import Actor, CompanySession
from zhike.errors import Forbidden, UserError
from zhike.i18n import _
from zhike.plugins.active import ActiveSet, active_for
from zhike.services import idempotency
from zhike.services.access import Answer, Principal, principal_for
from zhike.services.devices import Desk
from zhike.services.organisation import UnitInfo
from zhike.services.sessions import CompanyInfo, Identity, UserInfo
from zhike.services.viewing import Viewing, as_seen_by
from zhike.site import Site

KEY_FIELD = "idempotency_key"
KEY_HEADER = "Idempotency-Key"
_KEY_LENGTH = range(8, 129)
_NOT_ASKED = frozenset({"csrf_token", KEY_FIELD, "desk_who", "desk_pin"})


@dataclass(frozen=True, slots=True)
class Person:
    """The staff member behind a login."""

    id: uuid.UUID
    name: str


class ReadingSite:
    """A site to somebody who looks as another person: it hands out readers only.

    The gate refuses every unsafe method already; this is for what a page writes while it is only
    read, such as an export or the sight of a whole telephone number.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def __getattr__(self, name: str) -> Any:
        if name in ("transaction", "audit_session", "system", "unscoped"):
            raise refused_while_viewing()
        return getattr(self._site, name)


def refused_while_viewing() -> Forbidden:
    """What answers an act of somebody who looks as another person."""
    return Forbidden(
        _("You are looking as somebody else: nothing can be changed, revealed or taken away."),
        code="view_as",
    )


class Me:
    """Who asks and what for; answers of one request, each worked out once.

    ``bool(me)`` is True behind the login. ``company``, ``user``, ``staff`` and ``unit`` are None
    where there is none; ``unit`` is the site chosen for this session, or a sensible first one.
    ``person`` is who really asks: another than ``user`` where an administrator looks as him
    (``viewing``).
    """

    def __init__(self, site: Site, identity: Identity | None, ip: str) -> None:
        self.site = site
        self.identity = identity
        self.ip = ip
        self.desk: Desk | None = None
        self.user: UserInfo | None = identity.user if identity else None
        self.person: UserInfo | None = self.user
        self.viewing: Viewing | None = None
        self.company: CompanyInfo | None = identity.company if identity else None

    def __bool__(self) -> bool:
        return self.identity is not None

    @cached_property
    def active(self) -> ActiveSet:
        """The plugins that are active for the company; none without one."""
        if self.company is None:
            return ActiveSet(self.site.plugins, 0, 0, frozenset())
        return active_for(self.site, self.company.id, self.company.generation)

    def look_as(self, viewing: Viewing, *, acting: bool = False) -> None:
        """Answer as another person from now on; ``acting``: the site stays open to writing."""
        self.viewing, self.user = viewing, viewing.user
        if not acting:
            self.site = cast(Site, ReadingSite(self.site))
        self.__dict__.pop("principal", None)

    @cached_property
    def own_principal(self) -> Principal:
        """Who really asks, with every grant resolved; raises ``Forbidden`` without a company."""
        if self.company is None or self.person is None:
            raise Forbidden(_("Please choose a company first."))
        return principal_for(reading(), self.person.id, self.active.names, name=self.person.name)

    @cached_property
    def principal(self) -> Principal:
        """The person with every grant resolved; raises ``Forbidden`` without a company.

        Where somebody looks as this person, only what both may is left.
        """
        if self.viewing is None or self.user is None:
            return self.own_principal
        found = principal_for(reading(), self.user.id, self.active.names, name=self.user.name)
        return as_seen_by(self.own_principal, found)

    @property
    def staff(self) -> Person | None:
        """The staff member that the login belongs to in this company."""
        if self.company is None:
            return None
        if self.desk is not None:
            return Person(self.desk.staff_id, self.desk.staff_name) if self.desk.staff_id else None
        who = self.principal
        return Person(who.staff_id, who.name) if who.staff_id else None

    def take_desk(self, desk: Desk) -> None:
        """Note that the request comes from a shared desk, and who acts there."""
        self.desk = desk

    @cached_property
    def unit(self) -> UnitInfo | None:
        """The site 案场 at which the person works now: the chosen one, his own, or the first."""
        if self.company is None or self.identity is None:
            return None
        tree = self.principal.tree
        own = self.identity.unit_id if self.viewing is None else None
        chosen = tree.units.get(own) if own else None
        if chosen is not None and chosen.open:
            return chosen
        for home in sorted(self.principal.home_units):
            site = tree.site_of(home)
            if site is not None and site.open:
                return site
        return tree.sites[0] if tree.sites else None

    @property
    def tz(self) -> str:
        """IANA zone of the site at hand, else of the company."""
        unit = self.unit
        if unit is not None:
            return unit.tz
        return self.company.tz if self.company else "Asia/Shanghai"

    @property
    def actor(self) -> Actor:
        """The subject of ledger lines written by this request."""
        if self.person is None:
            return Actor(kind="user", name="", ip=self.ip)
        if self.desk is not None:
            return self._at_desk(self.desk, self.person.id)
        who = self.own_principal if self.company is not None else None
        return Actor(
            kind="user",
            user_id=self.person.id,
            staff_id=who.staff_id if who else None,
            name=who.name if who and who.staff_id else self.person.name,
            ip=self.ip,
        )

    def _at_desk(self, desk: Desk, user_id: uuid.UUID) -> Actor:
        """Both are in every line: the account is the desk's, the staff member who acts there."""
        if desk.staff_id is None:
            return Actor(kind="device", user_id=user_id, name=desk.name, ip=self.ip)
        name = f"{desk.staff_name}（{desk.name}）"
        return Actor(kind="staff", user_id=user_id, staff_id=desk.staff_id, name=name, ip=self.ip)

    def can(self, permission: str, unit_id: uuid.UUID | None = None) -> Answer:
        """Whether the person may use ``permission`` (at ``unit_id``); never raises."""
        if self.company is None:
            return Answer(False, "no_role")
        return self.principal.can(permission, unit_id)

    def require(self, permission: str, unit_id: uuid.UUID | None = None) -> Answer:
        """As :meth:`can`, but a no raises ``Forbidden`` (shown, and written to the ledger)."""
        answer = self.can(permission, unit_id)
        if not answer:
            raise Forbidden(
                _("Your role does not include this."),
                extra={"permission": permission, **({"unit": str(unit_id)} if unit_id else {})},
            )
        return answer

    def require_everywhere(self, permission: str) -> None:
        """Raise ``Forbidden`` unless ``permission`` holds in the whole company.

        For what cannot be shown in part: a chain with lines left out proves nothing.
        """
        if not self.principal.reach(permission).everything:
            raise Forbidden(
                _("Your role has to hold this right in the whole company."),
                extra={"permission": permission},
            )


def site_of_app() -> Site:
    """The site that the running application serves."""
    return cast(Site, current_app.extensions["zhike"].site)


def current() -> Me:
    """The request's :class:`Me`; an anonymous one outside any sign-in."""
    me = g.get("me")
    if me is None:
        me = g.me = Me(site_of_app(), None, request.remote_addr or "")
    return cast(Me, me)


current_proxy: Any = LocalProxy(current)


def reading() -> CompanySession:
    """The request's session on the engine that cannot write; opened at first use.

    Raises ``Forbidden`` where no company is at hand.
    """
    known = g.get("reading")
    if known is not None:
        return cast(CompanySession, known)
    me = current()
    if me.company is None:
        raise Forbidden(_("Please choose a company first."))
    stack = ExitStack()
    session = stack.enter_context(me.site.reader(me.company.id))
    session.info["generation"] = me.company.generation
    g.reading, g.reading_stack = session, stack
    return session


def end_reading() -> None:
    """Close the reading session, if one is open; the next :func:`reading` sees the data anew."""
    stack = g.pop("reading_stack", None)
    g.pop("reading", None)
    if stack is not None:
        stack.close()


@contextmanager
def transaction() -> Iterator[CompanySession]:
    """One write transaction of the request's company, its actor the person who asks.

    Commits at the end of the block and rolls back on any error; a ``UserError`` raised inside is
    shown to the person. For an act that must not happen twice use :func:`act`.
    """
    me = current()
    if me.company is None:
        raise Forbidden(_("Please choose a company first."))
    actor = me.actor
    end_reading()
    with me.site.transaction(me.company.id, actor) as session:
        yield session


def request_key() -> str | None:
    """The idempotency key of this request (header or form field), None where there is none.

    Raises ``UserError`` 400 for one that is too short to be unique, too long or not plain ASCII.
    """
    key = request.headers.get(KEY_HEADER)
    if key is None:
        key = request.form.get(KEY_FIELD) or None
    if key is None:
        return None
    if len(key) not in _KEY_LENGTH or not all(0x21 <= ord(c) <= 0x7E for c in key):
        raise UserError(_("The idempotency key is malformed."), status=400, code="idempotency_key")
    return key


def _asked() -> Any:
    """What was sent, for noticing a key that is used again for something else."""
    if request.is_json:
        return request.get_json(silent=True)
    fields = (pair for pair in request.form.items(multi=True) if pair[0] not in _NOT_ASKED)
    return sorted(fields)


def act(work: Callable[[CompanySession], Any]) -> Any:
    """Do ``work(s)`` once, in one transaction, and return its JSON-able result.

    A second request with the same key (double click, retry after a lost line) does nothing and
    gets the first one's result, so that it can be answered with the same page or redirect. Lost
    locks and serialisation failures are tried again from the start, so ``work`` must only touch
    the session it is given. The result has always been through JSON: ids are text.
    """
    key = request_key()
    action = f"{request.method} {request.path}"

    def once() -> Any:
        with transaction() as s:
            if key is None:
                return json.loads(json.dumps(work(s), allow_nan=False))
            return idempotency.once(s, key, action, lambda: work(s), request=_asked())

    return current().site.retrying(once)
