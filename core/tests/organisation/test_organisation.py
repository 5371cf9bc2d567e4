"""The tree, heads and stand-ins are resolved at the moment of use."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from zhike import clock
from zhike.errors import Conflict, NotFound, UserError
from zhike.models.organisation import Post, Staff, StandIn
from zhike.services import companies, organisation

DAY = date(2026, 11, 21)


def test_tree(house) -> None:
    with house.site.reader(house.company_id) as s:
        tree = organisation.tree(s)
    hall, first = house.units["hall"], house.units["first"]
    assert tree.subtree(hall) == {hall, first, house.units["second"]}
    assert tree.ancestors(first) == (first, hall)
    site = tree.site_of(first)
    assert site is not None
    assert (site.id, site.tz) == (hall, "Asia/Shanghai")
    assert {unit.id for unit in tree.sites} == {hall, house.units["far"]}


def test_a_department_has_the_zone_of_its_site(house) -> None:
    with house.site.transaction(house.company_id) as s:
        far = organisation.add_unit(s, name="NY", code="NY", kind="site", tz="America/New_York").id
        desk = organisation.add_unit(s, name="组", code="NY1", parent_id=far).id
        own = organisation.add_unit(s, name="伦敦", code="LN", parent_id=far, tz="Europe/London").id
    with house.site.reader(house.company_id) as s:
        units = organisation.tree(s).units
        assert (units[desk].tz, units[own].tz) == ("America/New_York", "Europe/London")
        with clock.frozen(datetime(2026, 11, 21, 17, 0, tzinfo=UTC)):
            assert organisation.today(s, desk) == date(2026, 11, 21)
            assert organisation.today(s) == date(2026, 11, 22)


def test_a_moved_unit_is_seen_by_everybody_at_once(house) -> None:
    with house.site.reader(house.company_id) as s:
        organisation.tree(s)  # now cached
    with house.site.transaction(house.company_id) as s:
        organisation.move_unit(s, house.units["second"], house.units["far"])
        assert house.units["second"] in organisation.tree(s).subtree(house.units["far"])
    with house.site.reader(house.company_id) as s:
        assert house.units["second"] in organisation.tree(s).subtree(house.units["far"])


def test_a_rolled_back_change_leaves_no_trace_in_the_cache(house) -> None:
    with pytest.raises(RuntimeError), house.site.transaction(house.company_id) as s:
        organisation.add_unit(s, name="三组", code="G3", parent_id=house.units["hall"])
        assert any(unit.code == "G3" for unit in organisation.tree(s).units.values())
        raise RuntimeError
    with house.site.reader(house.company_id) as s:
        assert all(unit.code != "G3" for unit in organisation.tree(s).units.values())


def test_a_unit_cannot_hang_below_itself(house) -> None:
    with pytest.raises(Conflict), house.site.transaction(house.company_id) as s:
        organisation.move_unit(s, house.units["hall"], house.units["first"])


def test_bad_input_says_where(house) -> None:
    for values, field in (
        ({"name": " ", "code": "X"}, "name"),
        ({"name": "甲", "code": ""}, "code"),
        ({"name": "甲", "code": "H1"}, "code"),
    ):
        with pytest.raises(UserError) as caught, house.site.transaction(house.company_id) as s:
            organisation.add_unit(s, **values)
        assert caught.value.field == field
    with pytest.raises(UserError) as caught, house.site.transaction(house.company_id) as s:
        organisation.add_staff(s, name="重号", number="rep")
    assert caught.value.field == "number"


def test_the_other_company_has_none_of_it(house) -> None:
    with house.site.reader(house.company_id + 1) as s:
        assert organisation.tree(s).units == {}
        assert organisation.staff_names(s) == {}
    with pytest.raises(NotFound), house.site.transaction(house.company_id + 1) as s:
        organisation.add_unit(s, name="x", code="x", parent_id=house.units["hall"])


def test_head_is_the_nearest_above(house) -> None:
    with house.site.reader(house.company_id) as s:
        assert organisation.head_of(s, house.units["first"], DAY) == house.staff["head"]
        assert organisation.head_of(s, house.units["far"], DAY) is None
        assert organisation.head_of(s, house.units["first"], date(2025, 12, 31)) is None


def test_staff_of_a_site_are_those_below_it(house) -> None:
    with house.site.reader(house.company_id) as s:
        names = {staff.name for staff in organisation.staff_at(s, house.units["hall"], DAY)}
        assert names == {"王芳", "李敏", "张伟"}
        assert organisation.units_of(s, house.staff["rep"], DAY) == {house.units["first"]}


def test_stand_ins_chain_and_never_circle(house) -> None:
    head, rep, clerk = house.staff["head"], house.staff["rep"], house.staff["clerk"]
    with house.site.transaction(house.company_id) as s:
        for who, deputy in ((head, rep), (rep, clerk), (clerk, head)):
            s.add(StandIn(staff_id=who, deputy_id=deputy, valid_from=DAY, valid_until=DAY))
    with house.site.reader(house.company_id) as s:
        assert organisation.acting_for(s, head, DAY) == clerk
        assert organisation.acting_for(s, head, date(2026, 11, 22)) == head


def test_slugs(house) -> None:
    for slug in ("", "East", "a_b", "-a", "a" * 41, "east"):
        with pytest.raises(UserError), house.site.system() as s:
            companies.create_company(s, slug=slug, name="x")


def test_names_of_staff_are_remembered_until_one_changes(house) -> None:
    site, company = house.site, house.company_id

    def names() -> set[str]:
        with site.reader(company) as s:
            return set(organisation.staff_names(s).values())

    before = names()
    with site.transaction(company) as s:
        organisation.add_staff(s, name="新来的", number="new")
    assert names() == {*before, "新来的"}

    class Regret(Exception):
        """Nothing of the transaction stays."""

    with pytest.raises(Regret), site.transaction(company) as s:
        organisation.add_staff(s, name="从未来过", number="never")
        assert "从未来过" in organisation.staff_names(s).values()
        raise Regret
    with site.transaction(company) as s:  # the generation that was rolled back comes again
        organisation.add_staff(s, name="真来的", number="real")
    assert names() == {*before, "新来的", "真来的"}


def test_somebody_works_until_the_last_day_is_over(house) -> None:
    rep, company = house.staff["rep"], house.company_id
    morning = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    with clock.frozen(morning), house.site.transaction(company) as s:
        later = organisation.give_post(
            s, rep, house.units["second"], title="岗", valid_from=date(2026, 12, 15)
        ).id
        organisation.leave(s, rep, on=date(2026, 11, 30))
        assert s.require(Staff, rep).status == "active"
        posts = {post.id: post.valid_until for post in s.scalars(select(Post))}
        assert later not in posts, "it would have begun after he has gone"
        assert date(2026, 11, 30) in posts.values()
    for day, status in ((30, "active"), (31, "left")):
        at = datetime(2026, 11, 30, 16 * (day - 30), 0, tzinfo=UTC)  # the 31st: midnight there
        with clock.frozen(at), house.site.transaction(company) as s:
            organisation.begin_day(s)
            assert s.require(Staff, rep).status == status
    with clock.frozen(morning), house.site.transaction(company) as s:
        organisation.leave(s, rep, on=date(2026, 11, 21), back=True)
        assert s.require(Staff, rep).left_on is None
        organisation.leave(s, rep, on=date(2026, 11, 21))
        assert s.require(Staff, rep).status == "left", "today is the last day already"
