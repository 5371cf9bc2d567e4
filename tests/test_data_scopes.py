"""The five data scopes 全部/自定义/本部门/本部门及以下/仅本人 on everything that shows customers.

Two sites, one with a department below it; each has one customer of Amy's and one of a colleague's.
What a list shows, a record opens, the search finds and the JSON interface tells is the same, and
the look-up of rights says the same again.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from zhike.services import access, organisation, parties
from zhike.site import Site
from zhike.testing import make_user, sign_in
from zhike_sales_floor.models import Customer

VIEW = "sales_floor.customer_view"
EVERY = {"江一", "江二", "湖一", "湖二"}


@pytest.fixture
def zhike_plugins() -> tuple[str, ...]:
    return ("sales_floor",)


@dataclass
class Town:
    """Two sites with customers by name: the first of each is Amy's own."""

    site: Site
    company: int
    amy: uuid.UUID
    units: dict[str, uuid.UUID] = field(default_factory=dict)
    customers: dict[str, tuple[uuid.UUID, uuid.UUID]] = field(default_factory=dict)


@pytest.fixture
def town(site: Site, company: int) -> Town:
    amy = make_user(site, company, [], login="amy")
    town = Town(site, company, amy)
    with site.transaction(company) as s:
        for name, code in (("江", "R1"), ("湖", "L1")):
            town.units[name] = organisation.add_unit(s, name=name, code=code, kind="site").id
        town.units["组"] = organisation.add_unit(
            s, name="组", code="G1", parent_id=town.units["江"]
        ).id
        own = organisation.add_staff(s, name="艾米", number="1", user_id=amy).id
        other = organisation.add_staff(s, name="白云", number="2").id
        organisation.give_post(s, own, town.units["江"], title="顾问", valid_from=date(2020, 1, 1))
        for place in ("江", "湖"):
            for number, owner in (("一", own), ("二", other)):
                name = f"{place}{number}"
                phone = f"1380000{len(town.customers):04d}"
                party = parties.create(s, name=name, phone=phone, owner_unit_id=town.units[place])
                row = Customer(unit_id=town.units[place], owner_id=owner, party_id=party.id)
                s.add(row)
                s.flush()
                town.customers[name] = (town.units[place], row.id)
    return town


SCOPES = [
    ("all", None, (), EVERY),
    ("custom", None, ("湖",), {"湖一", "湖二"}),
    ("unit", None, (), {"江一", "江二"}),
    ("unit", "湖", (), {"湖一", "湖二"}),
    ("unit_tree", None, (), {"江一", "江二"}),
    ("unit_tree", "湖", (), {"湖一", "湖二"}),
    ("own", None, (), {"江一", "湖一"}),
    ("own", "湖", (), {"湖一"}),
]


def reader(
    app: Flask, town: Town, scope: str, at: str | None, chosen: tuple[str, ...]
) -> FlaskClient:
    """Amy with the right to see customers, given so."""
    with town.site.transaction(town.company) as s:
        role = access.save_role(s, role_id=None, title="看客户", permissions=[VIEW])
        access.grant_role(
            s,
            town.amy,
            role.id,
            unit_id=town.units[at] if at else None,
            scope=scope,
            custom_units=[town.units[name] for name in chosen],
        )
    return sign_in(app, town.site, town.amy)


@pytest.mark.parametrize(("scope", "at", "chosen", "seen"), SCOPES)
def test_everything_that_shows_customers_shows_the_same(
    app: Flask, town: Town, scope: str, at: str | None, chosen: tuple[str, ...], seen: set[str]
) -> None:
    amy = reader(app, town, scope, at, chosen)
    listed, opened, found, told = set(), set(), set(), set()
    for unit in (town.units["江"], town.units["湖"]):
        page = amy.get(f"/p/sales_floor/floor/{unit}/customers")
        if page.status_code == 200:
            listed |= {name for name in EVERY if f">{name}<" in page.text}
        else:
            assert page.status_code == 403
        answer = amy.get(f"/api/v1/sales_floor/floor/{unit}/customers")
        if answer.status_code == 200:
            ids = {row["id"] for row in answer.get_json()["customers"]}
            told |= {name for name, (_u, row) in town.customers.items() if str(row) in ids}
    for name, (unit, row) in town.customers.items():
        status = amy.get(f"/p/sales_floor/floor/{unit}/customers/{row}").status_code
        assert status in (200, 403, 404)
        opened |= {name} if status == 200 else set()
        items = amy.get("/search/suggest", query_string={"q": name}).get_json()["items"]
        found |= {name for item in items if str(row) in item["url"]}
    assert listed == seen
    assert opened == seen
    assert told == seen
    assert found == seen


@pytest.mark.parametrize(("scope", "at", "chosen", "seen"), SCOPES)
def test_the_look_up_of_rights_says_the_same(
    app: Flask, town: Town, scope: str, at: str | None, chosen: tuple[str, ...], seen: set[str]
) -> None:
    reader(app, town, scope, at, chosen)
    chief = sign_in(app, town.site, make_user(town.site, town.company, login="chief"))
    able = set()
    for name, (unit, row) in town.customers.items():
        address = f"/p/sales_floor/floor/{unit}/customers/{row}"
        text = chief.get(
            "/admin/access", query_string={"user": town.amy, "permission": VIEW, "record": address}
        ).text
        assert name in text, "the record is named"
        if "能：艾米 可以" in text and "不能：" not in text:
            able.add(name)
    assert able == seen
