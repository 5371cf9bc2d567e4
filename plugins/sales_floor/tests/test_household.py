"""A family on one page, and the parties of a day that came as one batch."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from zhike.api import clock
from zhike_sales_floor.models import Customer
from zhike_sales_floor.services import customers, floor, household
from zhike_sales_floor.services.arrivals import Person


@pytest.fixture
def family(ground):
    """Father and son, received at the same time by A and B; a friend of the son later by C."""
    ground.sign_in("ABC")
    father = ground.arrive(Person(name="张建国", phone="13800000001"), batch="张家")
    son = ground.arrive(Person(name="张伟", phone="13800000002"), batch="张家")
    for act in (father, son):
        ground.do(lambda s, v=act.visit_id: floor.end_visit(s, v))
    friend = ground.arrive(Person(name="李强", phone="13800000003"))
    ground.do(lambda s: floor.end_visit(s, friend.visit_id))
    ids = ground.read(lambda s: [c.id for c in s.scalars(select(Customer).order_by(Customer.id))])
    ground.father, ground.son, ground.friend = ids
    ground.do(
        lambda s: customers.prove_relation(s, ground.father, ground.son, "parent", proof="户口本")
    )
    ground.do(lambda s: customers.prove_relation(s, ground.friend, ground.son, "friend", proof=""))
    return ground


def test_a_family_near_and_far_with_what_the_rules_say_now(family):
    found = family.read(lambda s: household.household(s, s.require(Customer, family.father)))
    assert [m.customer.id for m in found.members] == [family.father, family.son, family.friend]
    assert [(m.tie, m.proven) for m in found.members[1:]] == [("parent", True), ("friend", False)]
    assert [len(stay.customers) for stay in found.stays] == [1, 1, 1]
    assert [stay.together for stay in found.stays] == [True, True, False]
    shares = {family.letter(who): part for who, part in found.told.performance.items()}
    assert shares == {"A": 5_000, "B": 5_000}
    assert family.read(lambda s: s.require(Customer, family.father)).stage == "visited"


def test_the_pages_show_family_and_batch(family, login, as_rep):
    browser = login(family.company)
    base = f"/p/sales_floor/floor/{family.unit}"
    with clock.frozen(family.now):
        page = browser.get(f"{base}/customers/{family.son}/household").text
        assert "张建国" in page
        assert "同时在场" in page
        assert "顾问A 50" in page
        batches = browser.get(f"{base}/batches").text
        assert "张家" in batches
        assert "同时在场" in batches
        assert "没有同批来访" in browser.get(f"{base}/batches?day=2026-01-01").text
        assert "家庭关系" in browser.get(f"{base}/customers/{family.son}").text
        rep = as_rep(family, "B")
        mine = rep.get(f"{base}/customers/{family.son}/household").text
        assert "张建国" not in mine
        assert "张*" in mine
        assert rep.get(f"{base}/customers/{family.father}/household").status_code == 404
