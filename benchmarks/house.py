"""A site of Zhike filled for measuring: one floor, many customers, people signed in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from zhike.contributions import Permission
from zhike.db.session import Actor
from zhike.db.types import uuid7
from zhike.models.party import Party
from zhike.plugins.active import active_in
from zhike.services import access, door, organisation, people
from zhike.services.jobs.worker import tick
from zhike.site import Site
from zhike.testing import make_company, make_site

DAY = date(2026, 11, 1)


@dataclass
class House:
    """What the figures need to know about the site."""

    home: Path
    company: int
    unit: uuid.UUID
    reps: list[uuid.UUID]
    admin: str
    own_only: str
    nobody: str
    middle: str
    tokens: dict[str, str]


def _cookie(site: Site, user_id: uuid.UUID) -> str:
    opened = door.open_for(site, user_id, ip="127.0.0.1", agent="bench")
    assert opened is not None
    return opened.token


def _user(site: Site, company: int, login: str, *, system: bool = False) -> uuid.UUID:
    with site.system() as s:
        user = people.add_user(
            s, login=login, name=login, must_change_password=False, is_system_admin=system
        )
        people.add_membership(s, user.id, company)
        return user.id


def build(home: Path, rows: int, reps: int = 50) -> House:
    """Make the site with ``rows`` customers and ``reps`` people signed in on the floor."""
    from zhike_sales_floor.models import Customer
    from zhike_sales_floor.services import floor
    from zhike_sales_floor.services.setup import prepare

    site = make_site(home, ("sales_floor",))
    company = make_company(site, "bench", ("sales_floor",))
    actor = Actor(kind="cli", name="bench")
    with site.transaction(company, actor) as s:
        unit = organisation.add_unit(s, name="案场", code="B1", kind="site").id
        staff = []
        for number in range(reps):
            person = organisation.add_staff(s, name=f"顾问{number:02d}", number=f"R{number:02d}")
            organisation.give_post(s, person.id, unit, title="顾问", valid_from=DAY)
            staff.append(person.id)
        prepare(s)
        every = [entry.value.name for entry in active_in(s).of(Permission)]
        role = access.save_role(s, role_id=None, title="所有权限", permissions=every)
        role_id = role.id
    with site.transaction(company, actor) as s:
        floor.add_reps(s, unit, staff)
    for person_id in staff:
        with site.transaction(company, actor) as s:
            floor.sign_in(s, unit, person_id)
    middle = ""
    for start in range(0, rows, 20_000):
        with site.transaction(company, actor) as s:
            ids = [uuid7() for _ in range(min(20_000, rows - start))]
            s.insert_many(
                Party,
                [
                    {"id": key, "name": f"客户{start + n}", "phone_masked": "138****0000"}
                    for n, key in enumerate(ids)
                ],
            )
            s.insert_many(
                Customer,
                [
                    {
                        "unit_id": unit,
                        "party_id": key,
                        "owner_id": staff[n % len(staff)],
                        "grade": "ABCD"[n % 4],
                        "first_visit_on": DAY,
                        "last_contact_on": DAY,
                    }
                    for n, key in enumerate(ids)
                ],
            )
            if not middle and start >= rows // 2:
                middle = str(ids[0])
    admin = _user(site, company, "admin", system=True)
    own = _user(site, company, "own")
    nobody = _user(site, company, "nobody")
    with site.transaction(company, actor) as s:
        access.grant_role(s, admin, access.ensure_admin_role(s).id)
        access.grant_role(s, own, role_id, scope="own")
        access.grant_role(s, nobody, role_id, scope="own")
        organisation.change_staff(s, staff[0], name="顾问00", number="R00", user_id=own)
    house = House(
        home, company, unit, staff,
        _cookie(site, admin), _cookie(site, own), _cookie(site, nobody), middle, {},
    )  # fmt: skip
    tick(site)  # the site has lived its night: nothing waits to be caught up
    site.close()
    return house
