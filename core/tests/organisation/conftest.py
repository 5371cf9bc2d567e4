"""A site with a small company: one sales site with two groups, four people, three roles."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

import zhike.models  # noqa: F401  all tables of the core
from zhike.config import Config
from zhike.db.base import Base
from zhike.models.people import Membership, Role, User
from zhike.services import access, companies, organisation
from zhike.site import Site

CORE_ONLY = frozenset({"sales_floor"})


@dataclass
class House:
    """What the tests name: units, staff and users by a short word."""

    site: Site
    company_id: int = 0
    units: dict[str, uuid.UUID] = field(default_factory=dict)
    staff: dict[str, uuid.UUID] = field(default_factory=dict)
    users: dict[str, uuid.UUID] = field(default_factory=dict)
    roles: dict[str, uuid.UUID] = field(default_factory=dict)

    def principal(self, who: str, active: frozenset[str] = CORE_ONLY) -> access.Principal:
        with self.site.reader(self.company_id) as s:
            return access.principal_for(s, self.users[who], active)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    site = Site.open(Config(home=tmp_path, threads=2, plugin_allow=()))
    core = [t for t in Base.metadata.sorted_tables if t.info.get("plugin") == "core"]
    Base.metadata.create_all(site.engines.write, tables=core)
    house = House(site)
    with site.system() as s:
        house.company_id = companies.create_company(s, slug="east", name="东区").id
        companies.create_company(s, slug="west", name="西区")
        for who in ("chief", "head", "rep", "clerk"):
            user = User(login=who, login_key=who, name=who)
            s.add(user)
            s.flush()
            house.users[who] = user.id
            s.add(Membership(company_id=house.company_id, user_id=user.id))
    with site.transaction(house.company_id) as s:
        hall = organisation.add_unit(s, name="一号案场", code="H1", kind="site")
        first = organisation.add_unit(s, name="一组", code="G1", parent_id=hall.id)
        second = organisation.add_unit(s, name="二组", code="G2", parent_id=hall.id)
        far = organisation.add_unit(s, name="二号案场", code="H2", kind="site")
        house.units = {"hall": hall.id, "first": first.id, "second": second.id, "far": far.id}
        for who, name, unit, head in (
            ("head", "王芳", hall.id, True),
            ("rep", "李敏", first.id, False),
            ("clerk", "张伟", second.id, False),
        ):
            staff = organisation.add_staff(s, name=name, number=who, user_id=house.users[who])
            organisation.give_post(
                s, staff.id, unit, title="岗", is_head=head, valid_from=date(2026, 1, 1)
            )
            house.staff[who] = staff.id
        house.roles["admin"] = access.ensure_admin_role(s).id
        for key, permissions in (
            ("reader", ["core.party.view"]),
            ("editor", ["core.party.reveal", "core.party.edit"]),
        ):
            role = Role(key=key, title=key, permissions=permissions)
            s.add(role)
            s.flush()
            house.roles[key] = role.id
        access.grant_role(s, house.users["chief"], house.roles["admin"])
    yield house
    site.close()
