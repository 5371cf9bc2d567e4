"""Operations on who one is, the organisation and customers."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import select

from zhike import clock
from zhike.errors import Forbidden, NotFound
from zhike.i18n import _
from zhike.models.organisation import Staff
from zhike.models.party import Party
from zhike.services import parties, people
from zhike.web.context import act, current, reading
from zhike.web.rest.reading import Answered, Limit, Strict

Name = Annotated[str, Field(max_length=100)]


class UserOut(Answered):
    """The account."""

    id: uuid.UUID
    login: str
    name: str


class CompanyOut(Answered):
    """A company by its short name."""

    slug: str
    name: str
    tz: str


class GrantOut(Answered):
    """A role one holds, in the whole company or at one unit."""

    role: str
    unit_id: uuid.UUID | None
    scope: str


class MeOut(Answered):
    """Who asks, where, and what the person may do."""

    user: UserOut
    company: CompanyOut
    staff_id: uuid.UUID | None
    unit_id: uuid.UUID | None
    grants: list[GrantOut]
    permissions: list[str]
    plugins: list[str]


def me() -> MeOut:
    """Who asks, by token or by cookie."""
    from zhike.contributions import Permission

    who = current()
    assert who.user is not None
    assert who.company is not None
    return MeOut(
        user=UserOut(id=who.user.id, login=who.user.login, name=who.user.name),
        company=CompanyOut(slug=who.company.slug, name=who.company.name, tz=who.company.tz),
        staff_id=who.staff.id if who.staff else None,
        unit_id=who.unit.id if who.unit else None,
        grants=[
            GrantOut(role=g.role, unit_id=g.unit_id, scope=g.scope) for g in who.principal.grants
        ],
        permissions=sorted(p.name for p in who.active.items(Permission) if who.can(p.name)),
        plugins=sorted(who.active.names),
    )


class CompaniesOut(Answered):
    """The companies one belongs to."""

    items: list[CompanyOut]


def companies() -> CompaniesOut:
    """Every open company of the person; the token itself speaks for one of them."""
    who = current()
    assert who.user is not None
    with who.site.system_reader() as s:
        found = people.companies_of(s, who.user.id)
    return CompaniesOut(items=[CompanyOut(slug=c.slug, name=c.name, tz=c.tz) for c in found])


class UnitOut(Answered):
    """A site or department."""

    id: uuid.UUID
    parent_id: uuid.UUID | None
    kind: Literal["site", "department"]
    code: str
    name: str
    tz: str
    open: bool


class UnitsOut(Answered):
    """The company's tree, in the order of the panel."""

    items: list[UnitOut]


def units() -> UnitsOut:
    """Sites and departments."""
    tree = current().principal.tree
    return UnitsOut(
        items=[
            UnitOut(
                id=u.id,
                parent_id=u.parent_id,
                kind="site" if u.kind == "site" else "department",
                code=u.code,
                name=u.name,
                tz=u.tz,
                open=u.open,
            )
            for u in tree.units.values()
        ]
    )


class StaffIn(Strict):
    """Which page of staff members."""

    after: uuid.UUID | None = None
    limit: Limit = 50


class StaffOut(Answered):
    """A staff member."""

    id: uuid.UUID
    number: str | None
    name: str
    status: Literal["active", "left"]


class StaffPage(Answered):
    """Staff members in the order they were added; ``next`` is the ``after`` of the next page."""

    items: list[StaffOut]
    next: uuid.UUID | None


def staff(body: StaffIn) -> StaffPage:
    """Staff members of the company."""
    columns = select(Staff.id, Staff.number, Staff.name, Staff.status).order_by(Staff.id)
    if body.after is not None:
        columns = columns.where(Staff.id > body.after)
    rows = reading().execute(columns.limit(body.limit + 1)).all()
    items = [
        StaffOut(
            id=row.id,
            number=row.number,
            name=row.name,
            status="active" if row.status == "active" else "left",
        )
        for row in rows[: body.limit]
    ]
    return StaffPage(items=items, next=items[-1].id if len(rows) > body.limit else None)


class PartySearchIn(Strict):
    """What to look for: a phone, its last four digits, pinyin or a name."""

    q: Annotated[str, Field(min_length=1, max_length=100)]
    limit: Annotated[int, Field(ge=1, le=20)] = 8


class PartyOut(Answered):
    """A customer, the telephone number masked; the site where the person may see its customers."""

    id: uuid.UUID
    name: str
    phone_masked: str
    owner_unit_id: uuid.UUID | None


class PartiesOut(Answered):
    """Customers, the likeliest first."""

    items: list[PartyOut]


def party_search(body: PartySearchIn) -> PartiesOut:
    """Find customers as the search box does."""
    hits = parties.suggest(reading(), body.q, limit=body.limit)
    return PartiesOut(
        items=[
            PartyOut(
                id=h.id,
                name=h.name,
                phone_masked=h.phone_masked,
                owner_unit_id=h.owner_unit_id if _within("core.party.view", h) else None,
            )
            for h in hits
        ]
    )


def _within(permission: str, party: Party | parties.PartyHit) -> bool:
    """Whether the scope of ``permission`` covers a customer's site.

    The look-up goes across the company (decision 0008), what is beyond it does not. Whose customer
    somebody is, only an app knows: a scope of one's own customers covers none here.
    """
    reach = current().principal.reach(permission)
    return reach.everything or party.owner_unit_id in reach.units


def _require_within(permission: str, party: Party) -> None:
    if not _within(permission, party):
        raise Forbidden(_("Your role does not include this."), extra={"permission": permission})


def _party_out(party: Party) -> PartyOut:
    return PartyOut(
        id=party.id,
        name=party.name,
        phone_masked=party.phone_masked,
        owner_unit_id=party.owner_unit_id,
    )


def party_get(party_id: uuid.UUID) -> PartyOut:
    """One customer of the sites that the person may see."""
    party = reading().require(Party, party_id)
    _require_within("core.party.view", party)
    return _party_out(party)


class PartyIn(Strict):
    """A customer to register. A name or a telephone number is needed."""

    name: Name = ""
    phone: Annotated[str, Field(max_length=40)] = ""
    kind: Literal["person", "organisation"] = "person"
    salutation: Annotated[str, Field(max_length=20)] = ""
    owner_unit_id: uuid.UUID | None = None
    note: Annotated[str, Field(max_length=2000)] = ""


def party_create(body: PartyIn) -> PartyOut:
    """Register a customer; the same telephone number twice is no error here: search first."""
    who = current()
    if body.owner_unit_id is not None and body.owner_unit_id not in who.principal.tree.units:
        raise NotFound(_("This site does not exist."), field="owner_unit_id")

    def work(s: Any) -> dict[str, Any]:
        party = parties.create(
            s,
            name=body.name,
            phone=body.phone,
            kind=body.kind,
            salutation=body.salutation,
            owner_unit_id=body.owner_unit_id,
            note=body.note,
            source="api",
        )
        return _party_out(party).model_dump(mode="json")

    return PartyOut.model_validate(act(work))


class RevealIn(Strict):
    """Why the number is wanted; stands in the ledger."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class RevealOut(Answered):
    """The telephone number in clear; empty where there is none."""

    phone: str


def party_reveal(party_id: uuid.UUID, body: RevealIn) -> RevealOut:
    """Unmask a telephone number. The ledger line is written first: without it no number.

    Not kept under an idempotency key: the number must not be stored once more in clear.
    """
    who = current()
    assert who.company is not None
    with who.site.audit_session(who.company.id, who.actor) as s:
        _require_within("core.party.reveal", s.require(Party, party_id))
        phone = parties.reveal_phone(s, party_id, reason=body.reason)
    return RevealOut(phone=phone)


class TimeOut(Answered):
    """The server's clock (UTC), for programs that compare theirs."""

    now: datetime


def server_time() -> TimeOut:
    """What time it is here."""
    return TimeOut(now=clock.now())
