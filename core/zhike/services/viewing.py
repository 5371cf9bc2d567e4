"""Looking as somebody else 以他人身份查看: an administrator sees that person's pages, read-only.

It ends by itself, and start and end are lines of the ledger. What is seen is never more than the
viewer may see himself: :class:`Viewed` answers yes only where both may.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from zhike import clock
from zhike.db.session import CompanySession
from zhike.errors import Conflict, NotFound, UserError
from zhike.i18n import _
from zhike.models.people import LoginSession, Membership, User
from zhike.services import ledger, sessions
from zhike.services.access import Answer, Principal, Reach
from zhike.services.sessions import UserInfo

LASTS = timedelta(minutes=15)


@dataclass(frozen=True)
class Viewed(Principal):
    """Somebody as another person sees him: what both may, and of the one's data only what the other
    may see, too. ``viewer`` is who really asks."""

    viewer: Principal | None = None

    def can(self, permission: str, unit_id: uuid.UUID | None = None) -> Answer:
        """As :meth:`Principal.can`; no, too, where the viewer may not, or only with his own."""
        answer = super().can(permission, unit_id)
        assert self.viewer is not None
        if not answer:
            return answer
        limit = self.viewer.can(permission, unit_id)
        return answer if limit and limit.why != "own" else Answer(False, "viewer")

    def reach(self, permission: str) -> Reach:
        """What both reach. Of a viewer's right to his own records nothing is left: the records of
        the person looked at are not his."""
        assert self.viewer is not None
        theirs, limit = super().reach(permission), self.viewer.reach(permission)
        if limit.everything:
            return theirs
        units = limit.units if theirs.everything else theirs.units & limit.units
        if not theirs.own or not limit.units:
            return Reach(units=units)
        own_units = theirs.own_units & limit.units if theirs.own_units else limit.units
        return Reach(units=units, own=bool(own_units), own_units=own_units)


def as_seen_by(viewer: Principal, person: Principal) -> Viewed:
    """``person`` as ``viewer`` may see him."""
    values = {name: getattr(person, name) for name in Principal.__dataclass_fields__}
    return Viewed(**values, viewer=viewer)


def target(s: Any, company_id: int, user_id: uuid.UUID) -> UserInfo | None:
    """The account that is looked at; None where it is closed or left the company meanwhile.

    It never looks after the site, whatever the account may: packages and other companies are no
    page of this company's.
    """
    row = s.scalars(
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(User.id == user_id, Membership.company_id == company_id, User.disabled_at.is_(None))
    ).first()
    if row is None:
        return None
    return UserInfo(row.id, row.login, row.name, row.locale, row.theme, False, False, True)


def dressed(person: UserInfo, viewer: UserInfo) -> UserInfo:
    """The person, in the language and the colours of who looks."""
    return replace(person, locale=viewer.locale, theme=viewer.theme)


def start(
    s: CompanySession,
    session_id: uuid.UUID,
    token: str,
    *,
    viewer_id: uuid.UUID,
    user_id: uuid.UUID,
    reason: str,
) -> str | None:
    """Let a login session look as ``user_id`` for :data:`LASTS`; its new token, as after any change
    of rights (None where another request was faster).

    Raises ``UserError`` without a reason, ``NotFound`` for a stranger, ``Conflict`` for oneself
    and for a closed account.
    """
    if not reason.strip():
        raise UserError(_("Please give a reason."), field="reason")
    if user_id == viewer_id:
        raise Conflict(_("This is you: you see your own pages already."))
    if s.get(Membership, (s.company_id, user_id)) is None:
        raise NotFound(_("This user does not exist."))
    if target(s, s.company_id, user_id) is None:
        raise Conflict(_("The account is closed: it has no pages."))
    until = clock.now() + LASTS
    fresh = sessions.rotate(s, session_id, token, viewing_as=user_id, viewing_until=until)
    ledger.append(
        s,
        "core.view_as.started",
        object=f"core:user:{user_id}",
        reason=reason.strip(),
        body={"until": until.isoformat(timespec="seconds")},
    )
    return fresh


def end(s: CompanySession, session_id: uuid.UUID, user_id: uuid.UUID, why: str) -> bool:
    """End it, once: ``why`` is ``asked``, ``time``, ``signed_out`` or ``right`` (the viewer may not
    any more, or the account is closed). False where it had ended already."""
    done: Any = s.execute(
        update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.viewing_as == user_id)
        .values(viewing_as=None, viewing_until=None)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount:
        ledger.append(s, "core.view_as.ended", object=f"core:user:{user_id}", body={"why": why})
    return bool(done.rowcount)


def end_expired(s: CompanySession) -> int:
    """End what nobody came back to, so that the ledger has both lines; how many."""
    rows = s.execute(
        select(LoginSession.id, LoginSession.viewing_as).where(
            LoginSession.company_id == s.company_id,
            LoginSession.viewing_as.is_not(None),
            LoginSession.viewing_until <= clock.now(),
        )
    ).all()
    return sum(end(s, row.id, row.viewing_as, "time") for row in rows)


@dataclass(frozen=True, slots=True)
class Viewing:
    """What a request looks at: whose pages, and until when."""

    user: UserInfo
    until: datetime
