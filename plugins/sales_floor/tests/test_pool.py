"""The public pool: given back, listed, claimed once, within the day's number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from zhike.api import LedgerLine, clock, settings
from zhike.testing import read_page
from zhike_sales_floor.models import Customer
from zhike_sales_floor.models_cases import PoolEntry
from zhike_sales_floor.services import floor, pool
from zhike_sales_floor.services.arrivals import Person

NAMES = ("张伟", "李娜", "王强", "陈静", "赵敏")


@pytest.fixture
def owned(ground):
    """Five customers: A, B, C, A, B are the owners."""
    ground.sign_in("ABC")
    for number, name in enumerate(NAMES):
        act = ground.arrive(Person(name=name, phone=f"1380000000{number}"))
        ground.do(lambda s, v=act.visit_id: floor.end_visit(s, v))
    ground.customers = ground.read(
        lambda s: [c.id for c in s.scalars(select(Customer).order_by(Customer.id))]
    )
    return ground


def owner(ground, customer_id):
    return ground.letter(ground.read(lambda s: s.require(Customer, customer_id)).owner_id)


def lines(ground, **kw):
    return ground.read(lambda s: pool.listing(s, ground.unit, **kw))[0]


def test_a_released_customer_is_listed_with_where_he_came_from(owned):
    one = owned.customers[0]
    owned.do(lambda s: pool.release(s, [one], "三个月没有进展"))
    (line,) = lines(owned)
    assert (line.id, owned.letter(line.former_id), line.why) == (one, "A", "released")
    assert line.reason == "三个月没有进展"
    owned.do(lambda s: pool.claim(s, one, owned.reps["B"]))
    assert owner(owned, one) == "B"
    assert lines(owned) == []
    entry = owned.read(lambda s: s.scalars(select(PoolEntry)).one())
    assert (entry.left_how, owned.letter(entry.claimed_id)) == ("claim", "B")
    actions = owned.read(lambda s: [x.action for x in s.scalars(select(LedgerLine))])
    assert {"sales_floor.release", "sales_floor.claim"} <= set(actions)


def test_whom_nobody_calls_by_name_is_not_listed(owned):
    act = owned.arrive()
    owned.do(lambda s: floor.end_visit(s, act.visit_id))
    nobody = owned.read(
        lambda s: s.scalars(select(Customer).order_by(Customer.id.desc())).first()
    ).id
    owned.do(lambda s: pool.release(s, [nobody], "不知是谁"))
    assert lines(owned) == []


def test_a_rep_claims_no_more_than_the_days_number(owned):
    owned.do(lambda s: pool.release(s, owned.customers, "清理"))
    for one in owned.customers[:3]:
        owned.do(lambda s, c=one: pool.claim(s, c, owned.reps["C"]))
    with pytest.raises(Exception, match="used up"):
        owned.do(lambda s: pool.claim(s, owned.customers[3], owned.reps["C"]))
    owned.do(lambda s: pool.claim(s, owned.customers[3], owned.reps["A"]))
    owned.now += timedelta(days=1)
    owned.do(lambda s: pool.claim(s, owned.customers[4], owned.reps["C"]))
    assert owner(owned, owned.customers[4]) == "C"


def test_the_quicker_one_has_him(owned):
    one = owned.customers[0]
    owned.do(lambda s: pool.release(s, [one], "清理"))
    owned.do(lambda s: pool.claim(s, one, owned.reps["B"]))
    with pytest.raises(Exception, match="has an owner"):
        owned.do(lambda s: pool.claim(s, one, owned.reps["C"]))


def test_silent_customers_are_offered_only_where_the_company_wants_it(owned):
    one = owned.customers[0]
    owned.now += timedelta(days=9)
    assert lines(owned, lapsed=True) == []
    with pytest.raises(Exception, match="has an owner"):
        owned.do(lambda s: pool.claim(s, one, owned.reps["B"]))
    owned.do(lambda s: settings.set_many(s, "sales_floor", {"pool_lapsed": True}))
    offered = lines(owned, lapsed=True)
    assert {line.why for line in offered} == {"lapsed"}
    assert one in [line.id for line in offered]
    owned.do(lambda s: pool.claim(s, one, owned.reps["B"]))
    assert owner(owned, one) == "B"


def test_who_comes_back_from_the_pool_leaves_it(owned):
    one = owned.customers[0]
    owned.do(lambda s: pool.release(s, [one], "清理"))
    owned.arrive(Person(customer_id=one))
    assert owner(owned, one) != ""
    assert lines(owned) == []
    entry = owned.read(lambda s: s.scalars(select(PoolEntry)).one())
    assert (entry.left_how, entry.claimed_id) == ("arrive", None)


def test_a_rep_gives_back_and_claims_through_the_pages(owned, as_rep):
    one, two = owned.customers[0], owned.customers[1]
    base = f"/p/sales_floor/floor/{owned.unit}"
    with clock.frozen(owned.now):
        mine = as_rep(owned, "A")
        form = read_page(mine.get(f"{base}/customers/{one}/release").text).form(css_class="zk-form")
        answer = mine.post(
            f"{base}/customers/{one}/release", data={**form.values, "reason": "去了外地"}
        )
        assert answer.status_code == 303
        other = as_rep(owned, "B")
        shown = other.get(f"{base}/pool").text
        assert "今天还可认领 3 位" in shown
        assert "去了外地" in shown
        button = read_page(shown).form(action=f"{base}/pool/{one}/claim")
        assert other.post(f"{base}/pool/{one}/claim", data=button.values).status_code == 303
        assert other.post(f"{base}/pool/{one}/claim", data=button.values).status_code == 303
        assert other.get(f"{base}/customers/{one}/release").status_code == 200
        assert mine.get(f"{base}/customers/{two}/release").status_code in (403, 404)
    assert owner(owned, one) == "B"
    assert owned.read(lambda s: len(list(s.scalars(select(PoolEntry))))) == 1
