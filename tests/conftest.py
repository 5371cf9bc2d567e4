"""Two companies that have been at work, each with names that occur nowhere else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Table, select

from zhike.db.base import Base, ScopedModel
from zhike.db.session import Actor
from zhike.services import (
    contacts,
    inbox,
    ledger,
    organisation,
    parties,
    people,
)
from zhike.site import Site
from zhike.testing import make_company, make_site, make_user, noon_zone


@dataclass
class LivedIn:
    """A company with people, customers and a day on the sales floor.

    ``mark`` stands in every name of it; ``ids`` are the ids of all its rows by table.
    """

    site: Site
    company: int
    mark: str
    unit: uuid.UUID
    staff: list[uuid.UUID]
    admin: uuid.UUID
    clerk: uuid.UUID
    next_door: uuid.UUID
    ids: dict[str, list[uuid.UUID]] = field(default_factory=dict)

    @property
    def tables(self) -> list[Table]:
        """The tables that the site has."""
        return tables_of(self.site)

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the company, by table; two equal dumps mean that nothing has changed."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        with self.site.unscoped("comparing a company's rows in a test", write=False) as s:
            for model in scoped_models(self.site):
                rows = s.execute(
                    select(model.__table__).where(model.company_id == self.company)
                ).all()
                found[str(model.__table__.name)] = sorted((tuple(r) for r in rows), key=repr)
        return found

    def collect_ids(self) -> None:
        """Look up the ids of all rows."""
        with self.site.unscoped("ids for a test", write=False) as s:
            for model in scoped_models(self.site):
                statement = select(model.id).where(model.company_id == self.company)
                self.ids[str(model.__table__.name)] = list(s.scalars(statement))

    def ids_at(self, unit: uuid.UUID) -> dict[str, list[uuid.UUID]]:
        """Ids of the rows that belong to one unit, by table; its staff are those with a post."""
        found: dict[str, list[uuid.UUID]] = {}
        with self.site.unscoped("ids of a unit for a test", write=False) as s:
            for model in scoped_models(self.site):
                columns = model.__table__.columns
                if "unit_id" in columns:
                    what = (model.company_id == self.company, columns["unit_id"] == unit)
                    found[str(model.__table__.name)] = list(
                        s.scalars(select(model.id).where(*what))
                    )
                    if model.__table__.name == "core__post":
                        holders = s.scalars(select(columns["staff_id"]).where(*what))
                        found["core__staff"] = list(holders)
        return found

    def dump_at(self, unit: uuid.UUID) -> dict[str, list[tuple[Any, ...]]]:
        """As :meth:`dump`, the rows that name one unit only."""
        return {table: [row for row in rows if unit in row] for table, rows in self.dump().items()}


def tables_of(site: Site) -> list[Table]:
    """The tables that this site has: tests of other plugins leave theirs in the metadata."""
    owners = {"core", *site.plugins.names}
    return [t for t in Base.metadata.sorted_tables if t.info.get("plugin") in owners]


def scoped_models(site: Site) -> list[type[ScopedModel]]:
    """Every model of the site whose rows belong to a company."""
    tables = set(tables_of(site))
    classes = (mapper.class_ for mapper in Base.registry.mappers)
    return sorted(
        (c for c in classes if issubclass(c, ScopedModel) and c.__table__ in tables),
        key=lambda c: str(c.__table__.name),
    )


def _open_site(
    site: Site, company: int, actor: Actor, mark: str, code: str, user: uuid.UUID | None
) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """A sales site with three reps, three visitors and a deal."""
    from zhike_sales_floor.models import Customer
    from zhike_sales_floor.services import arrivals, deals, floor
    from zhike_sales_floor.services.arrivals import Arrival, Person
    from zhike_sales_floor.services.setup import prepare

    with site.transaction(company, actor) as s:
        unit = organisation.add_unit(
            s, name=f"{mark}案场{code}", code=code, kind="site", tz=noon_zone()
        ).id
        staff = []
        for n in range(3):
            who = organisation.add_staff(
                s,
                name=f"{mark}顾问{code}{n}",
                number=f"{code}{n}",
                user_id=user if n == 0 else None,
            ).id
            organisation.give_post(s, who, unit, title=f"{mark}岗", valid_from=date(2020, 1, 1))
            staff.append(who)
        prepare(s)
        floor.add_reps(s, unit, staff)
    for who in staff:
        with site.transaction(company, actor) as s:
            floor.sign_in(s, unit, who)
    for n in range(2):  # the third rep goes out
        with site.transaction(company, actor) as s:
            digits = sum(map(ord, code)) % 1000
            person = Person(name=f"{mark}客户{code}{n}", phone=f"1380{company}{n}{digits:03d}88")
            arrivals.arrive(s, unit, Arrival(persons=(person,), need=f"{mark}需求"))
    with site.transaction(company, actor) as s:
        floor.go_out(s, unit, staff[2], "private", f"{mark}外出")
    with site.transaction(company, actor) as s:
        customer = s.scalars(select(Customer.id).where(Customer.unit_id == unit)).first()
        assert customer is not None
        deals.start(s, customer, "subscription", property=f"{mark}号楼", staff_id=staff[0])
    return unit, staff


def _live_in(site: Site, slug: str, mark: str) -> LivedIn:
    company = make_company(site, slug, ["sales_floor"])
    admin = make_user(site, company, login=f"{slug}-admin")
    clerk = make_user(site, company, ["core.party.view"], login=f"{slug}-{mark}-clerk")
    with site.system() as s:
        people.get_user(s, clerk).name = f"{mark}职员"
    actor = Actor(kind="user", user_id=admin, name=f"{mark}管理员")
    unit, staff = _open_site(site, company, actor, mark, slug[:5].upper() + "1", admin)
    next_door, _others = _open_site(site, company, actor, mark, slug[:5].upper() + "2", None)
    with site.transaction(company, actor) as s:
        inbox.notify(s, staff[0], "core.test", f"{mark} notice")
        ledger.append(s, "core.test", object=f"core:test:{mark}", body={"mark": mark})
        party = parties.create(s, name=f"{mark}新客", phone=f"1390013{company:04d}").id
        contacts.log(s, "call", party_id=party, staff_id=staff[1], unit_id=unit, note=f"{mark}来电")
    lived = LivedIn(site, company, mark, unit, staff, admin, clerk, next_door)
    lived.collect_ids()
    return lived


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LivedIn, LivedIn]]:
    """Two companies on one site, with all shipped plugins on, after a morning's work."""
    with closing(make_site(tmp_path_factory.mktemp("lived") / "home", ("sales_floor",))) as site:
        yield _live_in(site, "qingshan", "青山"), _live_in(site, "baihe", "白鹤")
