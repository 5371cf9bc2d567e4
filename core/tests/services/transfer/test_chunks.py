"""Long imports by parts: others work meanwhile, all or nothing holds, a dead worker's goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from zhike.contributions import Importer, RecordRef
from zhike.db.session import Actor
from zhike.models.ledger import LedgerLine
from zhike.models.party import Party
from zhike.models.search import SearchRecord
from zhike.models.transfer import ImportBatch, ImportRow
from zhike.services.transfer import (
    ImportRefused,
    Upload,
    apply_in_chunks,
    chunks,
    open_upload,
    undo_import,
)
from zhike.site import Site

ACTOR = Actor(kind="user", name="小周")


@pytest.fixture
def upload(
    importer: Importer,
    xlsx: Callable[..., bytes],
    head: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Upload:
    """Twelve rows, five at a time."""
    monkeypatch.setattr(chunks, "CHUNK", 5)
    rows: list[list[Any]] = [[f"客户{n}", f"138000000{n:02d}", "个人", 1, None] for n in range(12)]
    return open_upload(xlsx([head, *rows]), "长.xlsx", importer.columns)


def count(site: Site, company: int, model: type[Any]) -> int:
    with site.reader(company) as s:
        return s.scalar(select(func.count()).select_from(model)) or 0


def test_others_see_and_work_between_the_parts_and_the_whole_is_one_batch(
    site: Site, company: int, importer: Importer, upload: Upload
) -> None:
    seen: list[int] = []

    def apply(s: Any, value: Any, existing: Any) -> RecordRef:
        seen.append(count(site, company, Party))
        return importer.apply(s, value, existing)

    done = apply_in_chunks(site, company, ACTOR, replace(importer, apply=apply), upload, "k")
    assert sorted(set(seen)) == [0, 5, 10], "each part is there before the next begins"
    assert (done.batch.state, done.batch.total, done.batch.created) == ("applied", 12, 12)
    assert count(site, company, ImportRow) == count(site, company, SearchRecord) == 12
    again = apply_in_chunks(site, company, ACTOR, importer, upload, "k")
    assert again.replayed
    with site.transaction(company) as s:
        actions = s.scalars(select(LedgerLine.action)).all()
        assert actions.count("core.import_applied") == 1
        undo_import(s, importer, done.batch.id)
    assert count(site, company, Party) == count(site, company, SearchRecord) == 0


def test_a_row_refused_in_a_later_part_takes_everything_back(
    site: Site, company: int, importer: Importer, upload: Upload
) -> None:
    def apply(s: Any, value: Any, existing: Any) -> RecordRef:
        if value["name"] == "客户11":
            from zhike.errors import UserError

            raise UserError("此客户在黑名单", field="name")
        return importer.apply(s, value, existing)

    with pytest.raises(ImportRefused) as refused:
        apply_in_chunks(site, company, ACTOR, replace(importer, apply=apply), upload, "k")
    assert [entry.row for entry in refused.value.report.problems] == [13]
    assert count(site, company, Party) == 0
    with site.reader(company) as s:
        assert s.scalars(select(ImportBatch.state)).all() == ["undone"]


def test_the_good_rows_only_leave_the_refused_out(
    site: Site, company: int, importer: Importer, upload: Upload
) -> None:
    def validate(s: Any, row: Any) -> Any:
        from zhike.contributions import Problem

        checked = importer.validate(s, row)
        if row["name"] in ("客户3", "客户7"):
            return replace(checked, problems=(Problem("不行", "name"),))
        return checked

    strict = replace(importer, validate=validate)
    with pytest.raises(ImportRefused):
        apply_in_chunks(site, company, ACTOR, strict, upload, "all")
    assert count(site, company, ImportBatch) == 0, "checked before anything was written"
    done = apply_in_chunks(site, company, ACTOR, strict, upload, "good", mode="good")
    assert (done.batch.created, done.batch.refused, done.batch.total) == (10, 2, 12)


def test_what_a_dead_worker_began_goes_on_where_it_was(
    site: Site, company: int, importer: Importer, upload: Upload
) -> None:
    class Died(Exception):
        pass

    def apply(s: Any, value: Any, existing: Any) -> RecordRef:
        if value["name"] == "客户7":
            raise Died
        return importer.apply(s, value, existing)

    with pytest.raises(Died):
        apply_in_chunks(site, company, ACTOR, replace(importer, apply=apply), upload, "k")
    assert count(site, company, Party) == 5
    with site.reader(company) as s:
        assert s.scalars(select(ImportBatch.state)).all() == ["applying"]
    done = apply_in_chunks(site, company, ACTOR, importer, upload, "k")
    assert done.batch.state == "applied"
    assert count(site, company, Party) == count(site, company, ImportRow) == 12


def test_one_row_twice_in_two_parts_is_found(
    site: Site,
    company: int,
    importer: Importer,
    xlsx: Callable[..., bytes],
    head: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 2)
    rows = [[f"客户{n}", f"1380000000{n % 4}", "个人", 1, None] for n in range(5)]
    twice = open_upload(xlsx([head, *rows]), "双.xlsx", importer.columns)
    done = apply_in_chunks(site, company, ACTOR, importer, twice, "k", mode="good")
    assert (done.batch.created, done.batch.refused) == (4, 1)
    assert "第 2 行" in done.report.problems[0].problem.message or done.report.problems[0].row == 6
