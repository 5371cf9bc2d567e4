"""A company with one site and four reps on its roster, on SQLite or PostgreSQL."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

import zhike_sales_floor
from zhike.api import Actor, CompanySession, Site, Staff, Unit, clock, forms, organisation
from zhike.testing import make_company, make_site, make_user, sign_in
from zhike_sales_floor.permissions import ROLES
from zhike_sales_floor.services import arrivals, floor, live, registers
from zhike_sales_floor.services.arrivals import Arrival, Person
from zhike_sales_floor.services.live import Act
from zhike_sales_floor.services.setup import prepare

assert zhike_sales_floor.plugin.name == "sales_floor"

# Helpers of these tests live beside them; test folders are no packages here.
sys.path.insert(0, str(Path(__file__).parent))

#: 09:00 in Shanghai on a Monday in May.
MORNING = datetime(2026, 5, 4, 1, 0, tzinfo=UTC)
ACTOR = Actor(kind="user", name="前台小周")


@pytest.fixture
def zhike_plugins() -> tuple[str, ...]:
    """The plugin under test."""
    return ("sales_floor",)


@dataclass
class Floor:
    """A site under test: reps by letter, a clock that moves, short ways to act."""

    site: Site
    company: int
    unit: uuid.UUID
    reps: dict[str, uuid.UUID]
    now: datetime = MORNING

    def letter(self, rep: object) -> str:
        """The letter of a rep id (text or UUID), "" for nobody."""
        return next((k for k, v in self.reps.items() if str(v) == str(rep)), "")

    def do(self, work: Callable[[CompanySession], Act], *, minutes: int = 1) -> Act:
        """Let time pass, then run ``work`` in one transaction."""
        self.now += timedelta(minutes=minutes)
        with clock.frozen(self.now), self.site.transaction(self.company, ACTOR) as s:
            return work(s)

    def arrive(self, *persons: Person, minutes: int = 1, **fields: object) -> Act:
        """A party comes in; nobody named is somebody new."""
        arrival = Arrival(persons=persons or (Person(),), **fields)
        return self.do(lambda s: arrivals.arrive(s, self.unit, arrival), minutes=minutes)

    def sign_in(self, letters: str) -> None:
        """Reps sign in, in this order."""
        for letter in letters:
            self.do(lambda s, who=letter: floor.sign_in(s, self.unit, self.reps[who]))

    def ring(self) -> str:
        """The ring from the pointer, as letters."""
        with self.site.reader(self.company) as s:
            found = floor.floor_state(s, self.unit)
            assert found is not None
            return "".join(self.letter(key) for key in found[1].ring)

    def tickets(self) -> list[str]:
        """The tickets, first in first out, as A(c) or B(r)."""
        with self.site.reader(self.company) as s:
            found = floor.floor_state(s, self.unit)
            assert found is not None
            return [f"{self.letter(t.rep)}({t.kind[0]})" for t in found[1].tickets]

    def register(self, code: str, on: date, since: date | None = None) -> forms.FormData:
        """What stands in a register up to a day, as it is shown on screen."""

        def look(s: CompanySession) -> forms.FormData:
            register = registers.find(code)
            scope = registers.scope_of(s, register, self.unit, since=since, until=on)
            return registers.fill(s, register, scope)[1]

        found = self.read(look)
        assert isinstance(found, forms.FormData)
        return found

    def read(self, work: Callable[[CompanySession], object]) -> object:
        """Run ``work`` in a reading session, at the floor's own time."""
        with clock.frozen(self.now), self.site.reader(self.company, ACTOR) as s:
            return work(s)


def build(site: Site, slug: str = "demo", letters: str = "ABCD", code: str = "A1") -> Floor:
    """A company with one site and one rep per letter."""
    with clock.frozen(MORNING - timedelta(days=30)):
        company = make_company(site, slug, ["sales_floor"])
    with clock.frozen(MORNING - timedelta(days=1)), site.transaction(company, ACTOR) as s:
        unit = Unit(name="云岸花园案场", kind="site", code=code)
        s.add(unit)
        s.flush()
        reps: dict[str, uuid.UUID] = {}
        for number, letter in enumerate(letters, 1):
            person = organisation.add_staff(s, name=f"顾问{letter}", number=f"10{number:02d}")
            organisation.give_post(
                s, person.id, unit.id, title="置业顾问", valid_from=date(2020, 1, 1)
            )
            reps[letter] = person.id
        prepare(s)
        floor.add_reps(s, unit.id, list(reps.values()))
        assert s.find(Staff, reps[letters[0]]) is not None
        unit_id = unit.id
    return Floor(site, company, unit_id, reps)


@pytest.fixture
def ground(site: Site) -> Floor:
    """The floor on SQLite."""
    return build(site)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Floor]:
    """The floor on each database in turn."""
    if request.param == "sqlite":
        yield build(request.getfixturevalue("site"))
        return
    url = request.getfixturevalue("postgresql_url")
    with closing(make_site(tmp_path / "pg", ("sales_floor",), database_url=url)) as made:
        yield build(made)


@pytest.fixture
def as_rep(app: Flask) -> Callable[[Floor, str], FlaskClient]:
    """A browser in which the rep of a letter is signed in, with the role suggested for reps."""

    def enter(ground: Floor, letter: str) -> FlaskClient:
        role = next(one for one in ROLES if one.name == "sales_floor.rep")
        user = make_user(ground.site, ground.company, role.permissions, scope="own")
        with ground.site.transaction(ground.company) as s:
            s.require(Staff, ground.reps[letter]).user_id = user
        return sign_in(app, ground.site, user)

    return enter


__all__ = ["ACTOR", "Floor", "MORNING", "build", "live"]
