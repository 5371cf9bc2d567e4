"""Forgetting the company is impossible: every way of asking is filtered or refused."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy import delete, exists, func, select, union_all, update
from sqlalchemy.orm import aliased

from zhike.db.upsert import insert_if_absent
from zhike.errors import NotFound, ScopeError
from zhike.models.company import Company
from zhike.models.organisation import Post, Staff, Unit
from zhike.models.party import Party
from zhike.site import Site


@pytest.fixture
def filled(site: Site) -> Site:
    for company in (1, 2):
        with site.transaction(company) as s:
            s.add_all([Party(name=f"客户{company}-{n}") for n in range(3)])
            s.add(Unit(kind="site", code="hq", name=f"案场{company}"))
    return site


ASKED = {
    "entities": lambda: select(Party),
    "columns": lambda: select(Party.name),
    "count": lambda: select(Party.name).where(Party.id.in_(select(Party.id))),
    "alias": lambda: select(aliased(Party, name="other").name),
    "subquery": lambda: select(select(Party.name).subquery().c.name),
    "cte": lambda: select(select(Party.name).cte("known").c.name),
    "union": lambda: union_all(
        select(Party.name).where(Party.kind == "person"),
        select(Party.name).where(Party.kind == "organisation"),
    ),
    "join": lambda: select(Party.name).join(Unit, Unit.code == "hq"),
    "exists": lambda: select(Party.name).where(exists(select(Unit.id).where(Unit.code == "hq"))),
    "or": lambda: select(Party.name).where(sa.or_(Party.kind == "person", sa.true())),
}


@pytest.mark.parametrize("way", sorted(ASKED))
def test_reads_see_one_company(filled: Site, way: str) -> None:
    # Each company in turn, twice: a cached statement must not keep the first one's number.
    for company in (1, 2, 1, 2):
        with filled.reader(company) as s:
            rows = s.execute(ASKED[way]()).all()
            names = {getattr(row[0], "name", row[0]) for row in rows}
        assert names == {f"客户{company}-{n}" for n in range(3)}


def test_exists_does_not_look_next_door(filled: Site) -> None:
    with filled.transaction(2) as s:
        s.add(Unit(kind="site", code="only-two", name="二"))
    asked = select(Party.name).where(exists(select(Unit.id).where(Unit.code == "only-two")))
    with filled.reader(1) as s:
        assert s.execute(asked).all() == []
    with filled.reader(2) as s:
        assert len(s.execute(asked).all()) == 3


def test_count_is_of_one_company(filled: Site) -> None:
    with filled.reader(1) as s:
        assert s.scalar(select(func.count()).select_from(Party)) == 3


def test_update_and_delete_stay_inside(filled: Site) -> None:
    with filled.transaction(1) as s:
        s.execute(update(Party).values(source="改"))
        s.execute(delete(Unit))
    with filled.reader(2) as s:
        assert set(s.scalars(select(Party.source))) == {""}
        assert s.scalar(select(func.count()).select_from(Unit)) == 1
    with filled.reader(1) as s:
        assert set(s.scalars(select(Party.source))) == {"改"}
        assert s.scalar(select(func.count()).select_from(Unit)) == 0


def test_get_and_find_by_a_foreign_id(filled: Site) -> None:
    with filled.reader(2) as s:
        foreign = s.scalar(select(Party.id))
    assert foreign is not None
    with filled.reader(1) as s:
        assert s.find(Party, foreign) is None
        assert s.get(Party, (2, foreign)) is None
        with pytest.raises(NotFound):
            s.require(Party, foreign)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(sa.text("SELECT name FROM core__party"), id="text"),
        pytest.param(sa.select(Party.__table__.c.name), id="core-table"),
        pytest.param(sa.insert(Party.__table__), id="core-insert"),
        pytest.param(sa.select(sa.literal(1)), id="no-model"),
    ],
)
def test_what_cannot_be_scoped_is_refused(filled: Site, statement: sa.Executable) -> None:
    with filled.reader(1) as s, pytest.raises(ScopeError):
        s.execute(statement)


def test_bulk_inserts_go_through_the_helper(filled: Site) -> None:
    with filled.transaction(1) as s:
        with pytest.raises(ScopeError):
            s.execute(sa.insert(Party), [{"name": "x", "company_id": 2, "id": uuid.uuid4()}])
        with pytest.raises(ScopeError):
            s.bulk_save_objects([Party(name="x")])
        with pytest.raises(ScopeError):
            s.connection()
        assert s.insert_many(Party, [{"name": "甲", "company_id": 2}, {"name": "乙"}]) == 2
        assert insert_if_absent(s, Unit, company_id=2, kind="site", code="new", name="丙")
    with filled.reader(2) as s:
        assert s.scalar(select(func.count()).select_from(Party)) == 3
        assert s.scalars(select(Unit.code)).all() == ["hq"]
    with filled.reader(1) as s:
        assert s.scalar(select(func.count()).select_from(Party)) == 5
        assert sorted(s.scalars(select(Unit.code))) == ["hq", "new"]


def test_a_row_of_another_company_is_not_written(filled: Site) -> None:
    with pytest.raises(ScopeError), filled.transaction(1) as s:
        s.add(Party(name="x", company_id=2))
    with filled.reader(2) as s:
        row = s.scalars(select(Party)).first()
    assert row is not None
    with pytest.raises(ScopeError), filled.transaction(1) as s:
        s.delete(row)
    row.name = "偷改"
    with pytest.raises(ScopeError), filled.transaction(1) as s:
        s.add(row)
    with filled.reader(2) as s:
        assert sorted(s.scalars(select(Party.name))) == [f"客户2-{n}" for n in range(3)]


def test_references_never_cross_companies_even_in_the_database(filled: Site) -> None:
    with filled.reader(2) as s:
        unit = s.scalar(select(Unit.id))
    with pytest.raises(sa.exc.IntegrityError), filled.transaction(1) as s:
        staff = Staff(name="张伟")
        s.add(staff)
        s.flush()
        from datetime import date

        s.add(Post(staff_id=staff.id, unit_id=unit, title="销售", valid_from=date(2026, 1, 1)))


def test_no_company_no_query(filled: Site) -> None:
    with filled.system() as s:
        assert s.scalar(select(func.count()).select_from(Company)) == 2
        with pytest.raises(ScopeError):
            s.scalars(select(Party)).all()
        with pytest.raises(ScopeError):
            s.execute(sa.text("SELECT 1"))
    with pytest.raises(ScopeError), filled.system() as s:
        s.add(Party(name="x", company_id=1))


def test_unscoped_wants_a_reason_and_says_it(
    filled: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ValueError), filled.unscoped(" "):
        pass
    with caplog.at_level("INFO"), filled.unscoped("count everything", write=False) as s:
        assert s.scalar(select(func.count()).select_from(Party)) == 6
    assert "count everything" in caplog.text


def test_the_reading_engine_cannot_write(filled: Site) -> None:
    with filled.reader(1) as s, pytest.raises(ScopeError):
        s.add(Party(name="x"))
        s.flush()
    with (
        filled.reader(1) as s,
        pytest.raises(sa.exc.DBAPIError, match=r"(?i)read-?only|readonly"),
    ):
        s.execute(update(Party).values(source="x"))


def test_an_error_rolls_everything_back(filled: Site) -> None:
    called: list[str] = []
    with pytest.raises(RuntimeError), filled.transaction(1) as s:
        s.on_commit(lambda: called.append("no"))
        s.add(Party(name="半"))
        s.flush()
        raise RuntimeError
    with filled.transaction(1) as s:
        s.on_commit(lambda: called.append("yes"))
        assert s.scalar(select(func.count()).select_from(Party)) == 3
    assert called == ["yes"]
