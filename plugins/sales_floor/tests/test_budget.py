"""How many statements an act and a page cost; they do not grow with what is stored."""

from __future__ import annotations

import uuid

import pytest

from zhike.api import clock, idempotency
from zhike.ops import nightly
from zhike.testing import read_page
from zhike.testing.sites import plan_of
from zhike_sales_floor.models import Visit
from zhike_sales_floor.services import arrivals, corrections, floor
from zhike_sales_floor.services.arrivals import Arrival, Person
from zhike_sales_floor.services.customers import Filter, list_page


def counted(ground, count_queries, work):
    with count_queries() as seen:
        result = ground.do(
            lambda s: idempotency.once(s, uuid.uuid4().hex, "act", lambda: str(work(s).seq))
        )
    assert result
    return seen


def test_an_act_costs_at_most_fourteen_statements(ground, count_queries):
    ground.sign_in("ABCD")
    ground.arrive(Person(name="张伟", phone="13812345678"))
    quick = Arrival(persons=(Person(),))
    for name, work, most in (
        ("somebody unknown", lambda s: arrivals.arrive(s, ground.unit, quick), 11),
        ("out", lambda s: floor.go_out(s, ground.unit, ground.reps["D"], "public"), 11),
        ("back", lambda s: floor.come_back(s, ground.unit, ground.reps["D"]), 11),
    ):
        seen = counted(ground, count_queries, work)
        listing = "\n".join(f"{n}. {text[:110]}" for n, text in enumerate(seen.statements, 1))
        assert seen.count <= most, f"{name}: {seen.count}\n{listing}"


def test_a_new_customer_with_phone_costs_little_more(ground, count_queries):
    ground.sign_in("AB")
    ground.arrive(Person(name="张伟", phone="13812345678"))
    known = Arrival(persons=(Person(name="李娜", phone="13900001111"),))
    seen = counted(ground, count_queries, lambda s: arrivals.arrive(s, ground.unit, known))
    listing = "\n".join(f"{n}. {text[:110]}" for n, text in enumerate(seen.statements, 1))
    assert seen.count <= 18, listing


@pytest.mark.parametrize(
    ("path", "most"),
    [("board?since={version}", 3), ("board", 9), ("customers", 3), ("arrive", 10)],
)
def test_pages(ground, login, count_queries, path, most):
    ground.sign_in("ABCD")
    for number in range(6):
        ground.arrive(Person(name=f"客户{number}", phone=f"1380000{number:04d}"))
    browser = login(ground.company)
    version = ground.read(lambda s: floor.floor_state(s, ground.unit)[0].version)
    where = path.format(version=version).replace("board", "")
    url = f"/p/sales_floor/floor/{ground.unit}" + (
        f"/{where}" if where and where[0] != "?" else where
    )
    with clock.frozen(ground.now):
        first = browser.get(url)
        assert first.status_code in (200, 204)
        with count_queries() as seen:
            browser.get(url)
    listing = "\n".join(f"{n}. {text[:140]}" for n, text in enumerate(seen.statements, 1))
    assert seen.count <= most, listing


def test_an_arrival_from_the_desk_costs_at_most_fourteen(ground, login, count_queries):
    """Everything in one: who asks, the key, the decision, event, ledger of visits and answer."""
    ground.sign_in("ABCD")
    browser = login(ground.company)
    url = f"/p/sales_floor/floor/{ground.unit}/arrive"
    with clock.frozen(ground.now):
        page = browser.get(url).get_data(as_text=True)
        for number in range(2):  # the first one warms what a process remembers
            form = {
                "csrf_token": read_page(page).csrf_token,
                "idempotency_key": uuid.uuid4().hex,
                "purpose": "buy",
                "people": "1",
                "who": f"新客{number}",
            }
            with count_queries() as seen:
                assert browser.post(url, data=form).status_code == 303
    listing = "\n".join(f"{n}. {text[:140]}" for n, text in enumerate(seen.statements, 1))
    assert seen.count <= 14, listing


@pytest.mark.parametrize(
    ("narrowed", "index"),
    [
        ({}, "company_id_unit_id_id"),
        ({"own": True}, "company_id_unit_id_owner_id_id"),
        ({"owner": True}, "company_id_unit_id_owner_id_id"),
    ],
)
@pytest.mark.parametrize("sampled", [False, True])
def test_a_list_is_walked_by_the_index_that_fits(ground, site, narrowed, index, sampled):
    """Whoever sees few of very many customers must not wait while all are looked through.

    Also with the planner's figures, which say nothing about what tells owners from sites apart.
    """
    ground.sign_in("AB")
    for number in range(30):
        ground.arrive(Person(name=f"客户{number}"))
    if sampled:
        nightly.count_for_the_planner(site)
    asked = Filter(**dict.fromkeys(narrowed, ground.reps["A"]))
    assert index in plan_of(site, ground.company, lambda s: list_page(s, ground.unit, asked))


def test_whether_a_visit_went_on_is_asked_of_its_day(ground, site):
    ground.sign_in("AB")
    act = ground.arrive(Person(name="张伟"))
    first = ground.read(lambda s: s.require(Visit, act.visit_id))
    plan = plan_of(site, ground.company, lambda s: corrections.continuation(s, first))
    assert "company_id_unit_id_day_arrived_at" in plan
