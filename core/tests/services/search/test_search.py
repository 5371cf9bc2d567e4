"""Search: what is typed finds what is meant, in this company, within one's reach."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from zhike.db.session import CompanySession
from zhike.db.types import uuid7
from zhike.models.search import SearchRecord, SearchTerm
from zhike.services import search
from zhike.services.access import Reach
from zhike.services.textkit import name_terms
from zhike.site import Site

NAMES = (
    "张伟", "曾志伟", "单雄信", "欧阳锋", "李敏", "张卫国", "吕布", "John Smith", "尉迟恭", "zz",
)  # fmt: skip
KIND = ("core.party",)


def add(s: CompanySession, name: str, kind: str = "core.party", **more: uuid.UUID) -> uuid.UUID:
    """Index a record of this name and return its id."""
    ref_id = uuid7()
    search.index(s, kind, ref_id, name, name_terms(name), "138****5678", **more)
    return ref_id


@pytest.fixture
def filled(site: Site) -> Site:
    """A site whose first company knows the names above."""
    with site.transaction(1) as s:
        for name in NAMES:
            add(s, name)
    return site


def titles(site: Site, text: str, company: int = 1) -> list[str]:
    with site.reader(company) as s:
        return [hit.title for hit in search.query(s, text, KIND)]


TYPED: dict[str, list[str]] = {
    "zw": ["张伟", "张卫国"],
    "zeng": ["曾志伟"],
    "ceng": ["曾志伟"],
    "shan": ["单雄信"],
    "dan": ["单雄信"],
    "张": ["张伟", "张卫国"],
    "伟": ["张伟", "曾志伟"],
    "志伟": ["曾志伟"],
    "张wei": ["张伟", "张卫国"],
    "zhang wei": ["张伟", "张卫国"],
    "ZHANG　WEI": ["张伟", "张卫国"],
    "张 伟": ["张伟"],
    "zhangwei": ["张伟", "张卫国"],
    "雄信": ["单雄信"],
    "lü": ["吕布"],
    "lyu bu": ["吕布"],
    "yuchi": ["尉迟恭"],
    "smith john": ["John Smith"],
    "Ｊｏｈｎ": ["John Smith"],
    "johnsm": ["John Smith"],
    "ouyang": ["欧阳锋"],
    "张 敏": [],
    "%": [],
    "_": [],
    "": [],
    "'; drop table x": [],
}


def test_what_is_typed_finds_what_is_meant(filled: Site) -> None:
    assert {typed: titles(filled, typed) for typed in TYPED} == TYPED


def test_exact_before_beginning_before_title(filled: Site) -> None:
    assert titles(filled, "zz") == ["zz", "曾志伟"]
    with filled.reader(1) as s:
        exact, prefix = search.query(s, "zz", KIND)
    assert (exact.exact, prefix.exact) == (True, False)
    assert exact.subtitle == "138****5678"


def test_another_company_sees_nothing(filled: Site) -> None:
    with filled.transaction(2) as s:
        add(s, "张伟二")
    assert titles(filled, "张伟", company=2) == ["张伟二"]
    assert titles(filled, "zhang wei", company=2) == ["张伟二"]
    assert titles(filled, "张 伟") == ["张伟"]
    assert titles(filled, "敏", company=2) == []


def test_only_the_kinds_asked_for(filled: Site) -> None:
    with filled.transaction(1) as s:
        add(s, "张伟案", kind="core.case")
    with filled.reader(1) as s:
        assert [h.kind for h in search.query(s, "张伟", ("core.case",))] == ["core.case"]
        assert len(search.query(s, "张伟", ("core.case", "core.party"))) == 2
        assert search.query(s, "张伟", ()) == []


def test_indexing_again_replaces_the_terms(site: Site) -> None:
    with site.transaction(1) as s:
        ref_id = add(s, "张伟")
    with site.transaction(1) as s:
        search.index(s, "core.party", ref_id, "李敏", name_terms("李敏"))
    assert titles(site, "zhang") == []
    assert titles(site, "limin") == ["李敏"]
    with site.reader(1) as s:
        assert s.scalar(select(func.count()).select_from(SearchRecord)) == 1


def test_removing_leaves_no_row(filled: Site) -> None:
    with filled.transaction(1) as s:
        ref_id = add(s, "王小二")
        search.remove(s, "core.party", ref_id)
        search.remove(s, "core.party", uuid7())
    assert titles(filled, "王") == []
    with filled.transaction(1) as s:
        assert search.remove_kind(s, "core.party") == len(NAMES)
        assert s.scalar(select(func.count()).select_from(SearchTerm)) == 0


def test_deferred_writes_once_at_the_end(site: Site) -> None:
    with site.transaction(1) as s:
        with search.deferred(s):
            with search.deferred(s):
                ids = [add(s, f"张伟{n}") for n in range(500)]
            search.index(s, "core.party", ids[0], "李敏", name_terms("李敏"))
            search.remove(s, "core.party", ids[1])
            assert s.scalar(select(func.count()).select_from(SearchRecord)) == 0
        assert s.scalar(select(func.count()).select_from(SearchRecord)) == 499
        with pytest.raises(RuntimeError), search.deferred(s):
            add(s, "王五")
            raise RuntimeError
        add(s, "赵六")
    assert titles(site, "limin") == ["李敏"]
    assert titles(site, "王五") == []
    assert titles(site, "赵六") == ["赵六"]


def test_the_reach_is_applied_in_the_query(site: Site) -> None:
    here, there, me = uuid7(), uuid7(), uuid7()
    with site.transaction(1) as s:
        for number in range(60):
            add(s, f"张伟甲{number}", unit_id=there)
        add(s, "张伟乙", unit_id=here)
        add(s, "张伟丙", unit_id=there, owner_id=me)
        add(s, "张伟丁")

    def seen(reach: Reach | None, text: str = "张伟") -> set[str]:
        with site.reader(1) as s:
            hits = search.query(s, text, KIND, 5, reach=reach, staff_id=me)
            return {hit.title for hit in hits}

    assert seen(Reach(units=frozenset({here}))) == {"张伟乙"}
    assert seen(Reach(units=frozenset({here})), "张 wei") == {"张伟乙"}
    assert seen(Reach(own=True)) == {"张伟丙"}
    assert seen(Reach(own=True, own_units=frozenset({here}))) == set()
    assert seen(Reach(units=frozenset({here}), own=True)) == {"张伟乙", "张伟丙"}
    assert seen(Reach()) == set()
    assert len(seen(Reach(everything=True))) == len(seen(None)) == 5


def test_broad_words_are_answered_from_a_bounded_part(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BROAD", 20)
    with site.transaction(1) as s, search.deferred(s):
        for number in range(60):
            add(s, f"张{chr(0x4E00 + number)}甲乙")
        add(s, "王甲丙")
    assert len(titles(site, "张 甲")) <= 20
    assert titles(site, "甲 王") == ["王甲丙"]
    assert titles(site, "王 丙") == ["王甲丙"]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=st.text(max_size=40))
def test_any_text_is_answered(filled: Site, text: str) -> None:
    with filled.reader(1) as s:
        assert len(search.query(s, text, KIND, 3)) <= 3


def test_a_walk_uses_the_index(site: Site) -> None:
    """The plan names the index on kind and term, and sorts nothing."""
    statement = search._walk("core.party", "zh", 20, None).where(SearchTerm.company_id == 1)
    engine = site.engines.read
    sql = str(statement.compile(engine, compile_kwargs={"literal_binds": True}))
    with engine.connect() as connection:
        if site.config.is_sqlite:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
            plan = " ".join(str(row[3]) for row in rows)
            assert "USING COVERING INDEX ix_core__search_term" in plan
            assert "TEMP B-TREE" not in plan
        else:
            connection.exec_driver_sql("SET enable_seqscan = off")
            connection.exec_driver_sql("SET enable_bitmapscan = off")
            plan = " ".join(str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {sql}"))
            assert "ix_core__search_term" in plan
            assert "Sort" not in plan
