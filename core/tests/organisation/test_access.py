"""Who may do what where: five data scopes, inactive plugins, the last administrator."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from zhike.errors import Conflict
from zhike.models.people import RoleGrant, User
from zhike.services import access


def _grant(house, who: str, role: str, **values: object) -> None:
    with house.site.transaction(house.company_id) as s:
        access.grant_role(s, house.users[who], house.roles[role], **values)


def test_an_administrator_may_everything_of_what_is_active(house) -> None:
    chief = house.principal("chief")
    assert chief.can("core.party.view")
    assert chief.can("core.party.edit", house.units["hall"]).why == "admin"
    off = house.principal("chief", frozenset())
    answer = off.can("sales_floor.arrive")
    assert (answer.ok, answer.why) == (False, "inactive")


def test_a_permission_nobody_knows_is_refused_to_administrators_too(house) -> None:
    chief = house.principal("chief")
    answer = chief.can("core.nonsense")
    assert (answer.ok, answer.why) == (False, "unknown")
    assert not chief.can("sales_floor.misspelt")
    assert chief.reach("core.nonsense").nothing


def test_without_a_role_nothing(house) -> None:
    rep = house.principal("rep")
    assert rep.can("core.party.view").why == "no_role"
    assert rep.reach("core.party.view").nothing


def test_implied_permissions_come_along(house) -> None:
    _grant(house, "rep", "editor")
    rep = house.principal("rep")
    assert rep.can("core.party.view")
    assert not rep.can("core.import")


@pytest.mark.parametrize(
    ("scope", "reaches"),
    [
        ("all", {"hall", "first", "second", "far"}),
        ("unit", {"hall"}),
        ("unit_tree", {"hall", "first", "second"}),
    ],
)
def test_scopes_of_a_role_held_in_the_whole_company(house, scope: str, reaches: set[str]) -> None:
    _grant(house, "head", "reader", scope=scope)
    head = house.principal("head")
    allowed = {name for name, unit in house.units.items() if head.can("core.party.view", unit)}
    assert allowed == reaches


def test_a_role_at_a_unit_stays_there(house) -> None:
    _grant(house, "rep", "reader", unit_id=house.units["second"], scope="unit_tree")
    rep = house.principal("rep")
    assert rep.can("core.party.view", house.units["second"])
    assert rep.can("core.party.view", house.units["first"]).why == "elsewhere"
    assert rep.reach("core.party.view").units == {house.units["second"]}


def test_custom_units(house) -> None:
    _grant(house, "rep", "reader", scope="custom", custom_units=[house.units["far"]])
    rep = house.principal("rep")
    assert rep.reach("core.party.view").units == {house.units["far"]}
    assert not rep.can("core.party.view", house.units["first"])


def test_own_records_only(house) -> None:
    _grant(house, "rep", "reader", scope="own")
    rep = house.principal("rep")
    reach = rep.reach("core.party.view")
    assert reach.own
    assert not reach.everything
    assert not reach.units
    assert rep.can("core.party.view", house.units["far"]).why == "own"


def test_own_records_at_one_site(house) -> None:
    _grant(house, "rep", "reader", unit_id=house.units["hall"], scope="own")
    rep = house.principal("rep")
    assert rep.can("core.party.view", house.units["first"]).why == "own"
    assert not rep.can("core.party.view", house.units["far"])


def test_grants_add_up(house) -> None:
    _grant(house, "rep", "reader", scope="own")
    _grant(house, "rep", "reader", unit_id=house.units["second"], scope="unit")
    reach = house.principal("rep").reach("core.party.view")
    assert reach.own
    assert reach.units == {house.units["second"]}


def test_an_unknown_permission_in_a_role_grants_nothing(house) -> None:
    assert access.expand(["core.nonsense"], access.CORE_PERMISSIONS) == frozenset()
    assert not house.principal("rep").can("core.nonsense")


def test_changes_take_effect_at_once(house) -> None:
    assert not house.principal("clerk").can("core.party.view")
    _grant(house, "clerk", "reader")
    assert house.principal("clerk").can("core.party.view")
    with house.site.transaction(house.company_id) as s:
        grant = s.scalars(select(RoleGrant).where(RoleGrant.user_id == house.users["clerk"])).one()
        access.withdraw_grant(s, grant.id)
    assert not house.principal("clerk").can("core.party.view")


def test_the_last_administrator_stays(house) -> None:
    with house.site.reader(house.company_id) as s:
        grant = s.scalars(select(RoleGrant.id)).one()
    with pytest.raises(Conflict), house.site.transaction(house.company_id) as s:
        access.withdraw_grant(s, grant)
    assert house.principal("chief").can("core.roles")
    _grant(house, "head", "admin")
    with house.site.transaction(house.company_id) as s:
        access.withdraw_grant(s, grant)
    assert not house.principal("chief").can("core.roles")


def test_a_disabled_administrator_does_not_count(house) -> None:
    _grant(house, "head", "admin")
    with house.site.system() as s:
        head = s.get(User, house.users["head"])
        assert head is not None
        from zhike import clock

        head.disabled_at = clock.now()
    with house.site.reader(house.company_id) as s:
        grant = s.scalars(
            select(RoleGrant.id).where(RoleGrant.user_id == house.users["chief"])
        ).one()
    with pytest.raises(Conflict), house.site.transaction(house.company_id) as s:
        access.withdraw_grant(s, grant)


def test_nothing_is_granted_in_the_other_company(house) -> None:
    with house.site.reader(house.company_id + 1) as s:
        stranger = access.principal_for(s, house.users["chief"], frozenset())
    assert stranger.grants == ()
    assert not stranger.can("core.party.view", uuid.uuid4())
