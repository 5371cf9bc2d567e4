"""Who may do what where: five data scopes, inactive plugins, the last administrator."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from zhike import clock
from zhike.errors import Conflict, UserError
from zhike.models.organisation import Staff
from zhike.models.people import Membership, Role, RoleGrant, User
from zhike.services import access, sessions
from zhike.services.companies import bump_generation

CORE_ONLY = frozenset({"sales_floor"})


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


def test_own_records_at_two_sites_add_up(house) -> None:
    for unit in ("far", "first"):
        _grant(house, "rep", "reader", unit_id=house.units[unit], scope="own")
    rep = house.principal("rep")
    assert rep.reach("core.party.view").own_units == {house.units["far"], house.units["first"]}
    assert rep.can("core.party.view", house.units["far"]).why == "own"
    assert not rep.can("core.party.view", house.units["second"])


@pytest.mark.parametrize("places", [("far", None), (None, "far")])
def test_own_records_anywhere_are_not_narrowed_by_another_role(house, places) -> None:
    for place in places:
        unit = house.units[place] if place else None
        _grant(house, "rep", "reader", unit_id=unit, scope="own")
    reach = house.principal("rep").reach("core.party.view")
    assert reach.own
    assert reach.own_units == frozenset(), "empty: wherever they are"


def test_an_administrators_role_held_at_a_unit_stays_there(house) -> None:
    _grant(house, "head", "admin", unit_id=house.units["hall"], scope="unit_tree")
    head = house.principal("head")
    assert head.can("core.party.edit", house.units["first"]).why == "admin"
    assert head.can("core.party.edit", house.units["far"]).why == "elsewhere"
    assert not head.reach("core.party.edit").everything


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
        head.disabled_at = clock.now()
    with house.site.reader(house.company_id) as s:
        grant = s.scalars(
            select(RoleGrant.id).where(RoleGrant.user_id == house.users["chief"])
        ).one()
    with pytest.raises(Conflict), house.site.transaction(house.company_id) as s:
        access.withdraw_grant(s, grant)


@pytest.mark.parametrize("stand_in", ["at one site", "of another company"])
def test_who_does_not_administer_the_whole_company_is_no_administrator(house, stand_in) -> None:
    if stand_in == "at one site":
        _grant(house, "head", "admin", unit_id=house.units["hall"], scope="unit_tree")
    else:
        _grant(house, "head", "admin")
        with house.site.system() as s:
            s.delete(s.get_one(Membership, (house.company_id, house.users["head"])))
            s.add(Membership(company_id=house.company_id + 1, user_id=house.users["head"]))
    with house.site.reader(house.company_id) as s:
        grant = s.scalars(
            select(RoleGrant.id).where(RoleGrant.user_id == house.users["chief"])
        ).one()
    with pytest.raises(Conflict) as refused, house.site.transaction(house.company_id) as s:
        access.withdraw_grant(s, grant)
    assert refused.value.code == "last_admin"


def test_rights_that_were_rolled_back_are_not_remembered(house) -> None:
    site, clerk = house.site, house.users["clerk"]
    with pytest.raises(RuntimeError), site.transaction(house.company_id) as s:
        access.grant_role(s, clerk, house.roles["reader"])
        assert access.principal_for(s, clerk, CORE_ONLY).can("core.party.view")
        raise RuntimeError
    with site.transaction(house.company_id) as s:  # the same generation number comes up again
        access.grant_role(s, house.users["rep"], house.roles["reader"])
    assert not house.principal("clerk").can("core.party.view")


def test_who_has_left_is_no_staff_any_more(house) -> None:
    assert house.principal("rep").staff_id == house.staff["rep"]
    with house.site.transaction(house.company_id) as s:
        s.require(Staff, house.staff["rep"]).status = "left"
        bump_generation(s)
    rep = house.principal("rep")
    assert rep.staff_id is None
    assert rep.home_units == frozenset()


def test_what_a_missing_plugin_granted_is_kept(house) -> None:
    """A role edited while a plugin is not loaded must not lose its permissions for ever."""
    with house.site.transaction(house.company_id) as s:
        s.require(Role, house.roles["reader"]).permissions = ["core.party.view", "gone.see"]
    with house.site.transaction(house.company_id) as s:
        role_id = house.roles["reader"]
        access.save_role(s, role_id=role_id, title="reader", permissions=["core.import"])
    with house.site.reader(house.company_id) as s:
        assert s.require(Role, role_id).permissions == ["core.import", "gone.see"]
    with pytest.raises(UserError), house.site.transaction(house.company_id) as s:
        access.save_role(s, role_id=None, title="new", permissions=["gone.see"])


def test_a_role_given_or_taken_asks_the_browser_for_a_new_token(house) -> None:
    site, rep = house.site, house.users["rep"]
    with site.system() as s:
        token = sessions.open_session(s, rep, company_id=house.company_id, ip="", agent="")

    def must_rotate(token: str) -> tuple[bool, str]:
        with site.system() as s:
            who = sessions.look_up(s, token)
            assert who is not None
            return who.must_rotate, sessions.rotate(s, who.session_id, token)

    asked, token = must_rotate(token)
    assert not asked
    with site.transaction(house.company_id) as s:
        grant = access.grant_role(s, rep, house.roles["reader"]).id
    asked, token = must_rotate(token)
    assert asked
    asked, token = must_rotate(token)
    assert not asked
    with site.transaction(house.company_id) as s:
        access.withdraw_grant(s, grant)
    assert must_rotate(token)[0]


def test_nothing_is_granted_in_the_other_company(house) -> None:
    with house.site.reader(house.company_id + 1) as s:
        stranger = access.principal_for(s, house.users["chief"], frozenset())
    assert stranger.grants == ()
    assert not stranger.can("core.party.view", uuid.uuid4())
