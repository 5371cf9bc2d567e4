"""Imports end to end: dry run, the marked workbook, applying once, and taking back."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select

from zhike import clock
from zhike.contributions import Importer
from zhike.errors import Conflict, NotFound, UserError
from zhike.models.ledger import LedgerLine
from zhike.models.organisation import Unit
from zhike.models.party import Contact, Party
from zhike.models.search import SearchRecord
from zhike.models.transfer import ImportBatch, ImportRow
from zhike.services import search
from zhike.services.transfer import (
    ImportRefused,
    Report,
    UndoRefused,
    Upload,
    apply_import,
    applying,
    batch_of,
    drop_images,
    dry_run,
    earlier_batch,
    error_workbook,
    forget_images,
    marking,
    open_upload,
    template,
    undo_import,
)
from zhike.site import Site
from zhike.testing import FrozenClock

Rows = list[list[Any]]
Open = Callable[[Rows], Upload]

BAD: Rows = [
    ["张伟", "13812345678", "个人", 1, None],  # 2: good
    [None, "13812345679", "个人", 1, None],  # 3: no name
    ["李敏", "123", "团体", "很多", "昨天"],  # 4: everything wrong
    ["张伟二", "138-1234-5678", "个人", None, None],  # 5: good but for the phone of row 2 …
    ["测试", "13812345670", "个人", 1, None],  # 6: refused by a service
    ["王芳", "13812345671", "单位", None, None],  # 7: good, with a warning
]


@pytest.fixture
def opened(importer: Importer, xlsx: Callable[..., bytes], head: list[str]) -> Open:
    """``opened(rows)`` opens a workbook with the usual head."""
    return lambda rows: open_upload(xlsx([head, *rows]), "客户.xlsx", importer.columns)


def check(site: Site, importer: Importer, upload: Upload) -> Report:
    with site.reader(1) as s:
        return dry_run(s, importer, upload)


def count(site: Site, model: type[Any]) -> int:
    with site.reader(1) as s:
        return s.scalar(select(func.count()).select_from(model)) or 0


def apply(
    site: Site, importer: Importer, upload: Upload, key: str = "k1", **more: Any
) -> uuid.UUID:
    with site.transaction(1) as s:
        return apply_import(s, importer, upload, key, **more).batch.id


def test_a_dry_run_names_every_mistake_and_writes_nothing(
    site: Site, importer: Importer, opened: Open
) -> None:
    report = check(site, replace(importer, key=("name",)), opened(BAD))
    assert (report.total, report.good, report.bad, report.warned) == (6, 3, 3, 2)
    found = {row: {p.column for p in problems} for row, problems in report.by_row().items()}
    assert found == {
        3: {"name"},
        4: {"phone", "kind", "deposit", "first"} - {"phone"},
        5: {"deposit"},
        6: {"name"},
        7: {"deposit"},
    }
    assert count(site, Party) == count(site, ImportBatch) == 0


def test_duplicates_inside_the_file_are_found(site: Site, importer: Importer, opened: Open) -> None:
    phones = {"张伟": "13812345678", "李敏": None, "王芳": "138 1234 5678", "赵强": None}
    rows = [[name, phone, None, 1] for name, phone in phones.items()]
    report = check(site, importer, opened(rows))
    assert [(p.row, p.problem.column) for p in report.problems] == [(4, "phone")]
    assert "2" in report.problems[0].problem.message


def test_the_same_workbook_comes_back_marked_and_can_be_sent_again(
    site: Site, importer: Importer, opened: Open
) -> None:
    upload = opened(BAD)
    content = error_workbook(upload, check(site, importer, upload))
    sheet = openpyxl.load_workbook(io.BytesIO(content))["台账"]
    assert sheet["F1"].value == "Errors"
    assert sheet["F2"].value is None
    assert sheet["F3"].value
    assert sheet["A3"].fill.fgColor.rgb == "FFF4CCC6"
    assert sheet["D7"].fill.fgColor.rgb == "FFFBEBC8"
    assert sheet["A2"].fill.fill_type is None
    assert sheet["A2"].value == "张伟"
    sheet["A3"].value = "已补"
    buffer = io.BytesIO()
    sheet.parent.save(buffer)
    again = open_upload(buffer.getvalue(), "x.xlsx", importer.columns)
    assert again.mapped.error_place == 5
    assert again.mapped.ignored == ()
    marked = error_workbook(again, check(site, importer, again))
    page = openpyxl.load_workbook(io.BytesIO(marked)).active
    assert page is not None
    assert page["F3"].value is None
    assert page["F4"].value
    assert page.max_column == 6


@pytest.mark.parametrize("edited", [True, False])
def test_a_formula_without_a_value_is_named_beside_its_cell(
    site: Site,
    importer: Importer,
    head: list[str],
    monkeypatch: pytest.MonkeyPatch,
    edited: bool,
) -> None:
    if not edited:
        monkeypatch.setattr(marking, "MAX_EDITED_CELLS", 0)
    book = openpyxl.Workbook()
    book.create_sheet("台账")
    for row in (
        head,
        ["张伟", "13812345678", None, "=2000*3", None],
        ["李敏", None, None, 1, None],
    ):
        book["台账"].append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    upload = open_upload(buffer.getvalue(), "客户.xlsx", importer.columns)
    report = check(site, importer, upload)
    (found,) = report.problems
    assert (found.row, found.problem.column, report.bad) == (2, "deposit", 1)
    assert "formula without a value" in found.problem.message
    sheet = openpyxl.load_workbook(io.BytesIO(error_workbook(upload, report))).worksheets[-1]
    assert sheet["D2"].fill.fgColor.rgb == "FFF4CCC6"
    assert sheet["D2"].value == ("=2000*3" if edited else None)
    assert "formula without a value" in sheet["F2"].value


def test_csv_and_large_files_come_back_as_plain_xlsx(
    site: Site, importer: Importer, opened: Open, head: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "台账\n\n" + ",".join(head) + "\n=1+1,123,个人,1,\n张伟,13812345678,个人,1,\n"
    upload = open_upload(text.encode("gb18030"), "a.csv", importer.columns)
    sheet: Any = openpyxl.load_workbook(
        io.BytesIO(error_workbook(upload, check(site, importer, upload)))
    ).active
    assert [cell.value for cell in sheet[3]] == [*head, "Errors"]
    assert (sheet["A4"].value, sheet["A4"].data_type) == ("'=1+1", "s")
    assert sheet["B4"].fill.fgColor.rgb == "FFF4CCC6"
    assert sheet["F4"].value
    assert sheet["F5"].value is None
    monkeypatch.setattr(marking, "MAX_EDITED_CELLS", 3)
    large = opened(BAD)
    content = error_workbook(large, check(site, importer, large))
    page: Any = openpyxl.load_workbook(io.BytesIO(content)).active
    assert page["A2"].value == "张伟"
    assert page["F3"].value
    assert open_upload(content, "x", importer.columns).mapped.error_place == 5


def test_the_template_takes_what_it_promises(site: Site, importer: Importer) -> None:
    content = template(importer)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert [cell.value for cell in book.worksheets[0][1]] == [
        "客户姓名*", "电话", "类型", "定金", "首访日期",
    ]  # fmt: skip
    rules = book.worksheets[0].data_validations.dataValidation
    assert [rule.formula1 for rule in rules] == ['"个人,单位"']
    assert len(book.worksheets) == 2
    untouched = open_upload(content, "t.xlsx", importer.columns)
    report = check(site, importer, untouched)
    assert (report.total, report.examples) == (0, 1)
    book.worksheets[0]["C2"].value = "个人"
    buffer = io.BytesIO()
    book.save(buffer)
    assert check(site, importer, open_upload(buffer.getvalue(), "t", importer.columns)).total == 1
    with pytest.raises(UserError):
        apply(site, importer, untouched)


def test_long_lists_of_choices_go_to_a_hidden_sheet(importer: Importer) -> None:
    words = tuple(f"选项{n:03d}" for n in range(100))
    wide = replace(
        importer,
        columns=tuple(
            replace(c, choices=words) if c.kind == "choice" else c for c in importer.columns
        ),
    )
    book = openpyxl.load_workbook(io.BytesIO(template(wide)))
    assert book["_lists"].sheet_state == "hidden"
    assert [cell.value for cell in book["_lists"]["C"]] == list(words)


def test_a_good_file_is_applied_once(
    site: Site, importer: Importer, opened: Open, good: Rows
) -> None:
    upload = opened(good)
    with site.transaction(1) as s:
        first = apply_import(s, importer, upload, "k1")
        assert (first.batch.total, first.batch.created, first.batch.refused) == (3, 3, 0)
        assert not first.replayed
    with site.transaction(1) as s:
        second = apply_import(s, importer, upload, "k1")
        assert second.replayed
        assert second.batch.id == first.batch.id
    assert count(site, Party) == 3
    assert count(site, ImportBatch) == 1
    with site.reader(1) as s:
        assert [h.title for h in search.query(s, "zeng", ("core.party",))] == ["曾志伟"]
        note = s.scalar(select(Party.note).where(Party.name == "曾志伟"))
        assert note == "123450/2026-11-02"
        lines = s.scalars(select(LedgerLine).where(LedgerLine.action == "core.import_applied"))
        (line,) = lines.all()
        assert line.body["created"] == 3
        found = s.scalars(select(ImportRow).order_by(ImportRow.row_no)).all()
        assert [row.row_no for row in found] == [2, 3, 4]
        assert batch_of(s, found[0].record) == first.batch.id
        known = earlier_batch(s, importer.name, upload.digest)
        assert known is not None
        assert known.id == first.batch.id
    with site.reader(2) as s:
        assert s.scalars(select(Party)).all() == []
        assert earlier_batch(s, importer.name, upload.digest) is None


def test_the_same_file_at_the_same_moment_is_a_conflict(
    site: Site, importer: Importer, opened: Open, good: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two transactions that looked before either had written."""
    monkeypatch.setattr(applying, "find_batch", lambda *_asked: None)
    apply(site, importer, opened(good))
    with pytest.raises(Conflict):
        apply(site, importer, opened(good))
    assert (count(site, ImportBatch), count(site, Party)) == (1, 3)


def test_a_key_belongs_to_one_file_of_one_importer(
    site: Site, importer: Importer, opened: Open, good: Rows
) -> None:
    first = apply(site, importer, opened(good[:1]))
    other = replace(importer, name="core.other")
    for more, rows in ((importer, good[1:]), (other, good[:1])):
        with site.transaction(1) as s:
            assert not apply_import(s, more, opened(rows), "k1").replayed
    assert count(site, ImportBatch) == 3
    with site.transaction(1) as s:
        assert apply_import(s, importer, opened(good[:1]), "k1").batch.id == first


def test_the_batch_asked_about_is_the_last_one_and_that_of_a_record_the_first(
    site: Site, importer: Importer, opened: Open, good: Rows, frozen_clock: FrozenClock
) -> None:
    upload = opened(good)
    first = apply(site, importer, upload)
    frozen_clock.move(minutes=1)
    second = apply(site, importer, upload, "k2")
    with site.reader(1) as s:
        latest = earlier_batch(s, importer.name, upload.digest)
        assert latest is not None
        assert latest.id == second
        again = s.scalars(select(ImportRow).where(ImportRow.batch_id == second)).all()
        assert {row.effect for row in again} == {"changed"}
        assert {batch_of(s, row.record) for row in again} == {first}
    with site.transaction(1) as s:
        created = s.scalars(select(ImportRow).where(ImportRow.batch_id == first)).all()
        for row in created:
            s.delete(row)
    with site.reader(1) as s:
        assert {batch_of(s, row.record) for row in again} == {None}, "changing is not creating"


def test_a_row_refused_halfway_leaves_nothing_of_itself(
    site: Site, importer: Importer, opened: Open
) -> None:
    def apply_half(s: Any, value: Any, existing: Any) -> Any:
        if value["name"] == "拒绝":
            s.add(Party(name="拒绝", source="half"))
            s.flush()
        return importer.apply(s, value, existing)

    rows: Rows = [["张伟", None, None, 1], ["拒绝", None, None, None], ["王芳", None, None, 1]]
    with site.transaction(1) as s:
        half = replace(importer, apply=apply_half)
        done = apply_import(s, half, opened(rows), "k1", mode="good")
    assert (done.batch.created, done.batch.refused) == (2, 1)
    assert done.report.warned == 0, "the row that was warned about is refused now"
    with site.reader(1) as s:
        assert set(s.scalars(select(Party.name))) == {"张伟", "王芳"}
        assert {row.row_no for row in s.scalars(select(ImportRow))} == {2, 4}
        images = {
            image["after"]["name"] for row in s.scalars(select(ImportRow)) for image in row.images
        }
        assert images == {"张伟", "王芳"}
    with site.transaction(1) as s:
        undo_import(s, importer, done.batch.id)
    assert count(site, Party) == 0


def test_a_record_that_a_refused_row_had_touched_comes_back_all_the_same(
    site: Site, importer: Importer, opened: Open
) -> None:
    def apply_half(s: Any, value: Any, existing: Any) -> Any:
        if value["name"] == "拒绝":
            s.require(Party, existing.id).name = "半途"
            s.flush()
        return importer.apply(s, value, existing)

    half = replace(importer, apply=apply_half, key=())
    with site.transaction(1) as s:
        s.add(Party(name="原名", source="+8613812345678"))
    rows: Rows = [["拒绝", "13812345678", None, 1], ["改二", "13812345678", None, 2]]
    batch = apply(site, half, opened(rows), mode="good")
    with site.reader(1) as s:
        assert list(s.scalars(select(Party.name))) == ["改二"]
    with site.transaction(1) as s:
        undo_import(s, half, batch)
    with site.reader(1) as s:
        assert list(s.scalars(select(Party.name))) == ["原名"]


def test_one_bad_row_keeps_everything_out(site: Site, importer: Importer, opened: Open) -> None:
    with pytest.raises(ImportRefused) as caught:
        apply(site, importer, opened(BAD))
    assert caught.value.status == 422
    assert caught.value.report.bad == 4
    assert count(site, Party) == count(site, ImportBatch) == count(site, SearchRecord) == 0


def test_good_rows_only_by_choice(site: Site, importer: Importer, opened: Open) -> None:
    rows = [*BAD, ["拒绝", "13812345699", None, 1]]
    with site.transaction(1) as s:
        done = apply_import(s, importer, opened(rows), "k1", mode="good")
    assert (done.batch.created, done.batch.refused, done.report.good) == (2, 5, 2)
    assert {p.row for p in done.report.problems if not p.problem.warning} == {3, 4, 5, 6, 8}
    with site.reader(1) as s:
        assert set(s.scalars(select(Party.name))) == {"张伟", "王芳"}
        assert set(s.scalars(select(SearchRecord.title))) == {"张伟", "王芳"}
        line = s.scalars(select(LedgerLine).where(LedgerLine.action == "core.import_applied")).one()
        counted = [line.body[name] for name in ("total", "created", "changed", "refused")]
        assert counted == [7, 2, 0, 5]


def test_a_refusal_while_applying_counts_like_one_before(
    site: Site, importer: Importer, opened: Open
) -> None:
    with pytest.raises(ImportRefused) as caught:
        apply(site, importer, opened([["张伟", None, None, 1], ["拒绝", None, None, 1]]))
    assert (caught.value.report.good, caught.value.report.bad) == (1, 1)
    assert count(site, Party) == 0


def test_the_same_file_under_another_key_changes_what_exists(
    site: Site, importer: Importer, opened: Open, good: Rows
) -> None:
    apply(site, importer, opened(good))
    with site.transaction(1) as s:
        again = apply_import(s, importer, opened(good), "k2")
        assert (again.batch.created, again.batch.changed) == (0, 3)
    assert count(site, Party) == 3


def test_undo_takes_back_what_was_created_and_what_was_changed(
    site: Site, importer: Importer, opened: Open, good: Rows
) -> None:
    with site.transaction(1) as s:
        old = Party(name="张老伟", source="+8613812345678", note="从前")
        s.add(old)
    batch = apply(site, importer, opened(good))
    with site.reader(1) as s:
        assert s.require(Party, old.id).name == "张伟"
    with site.transaction(1) as s:
        undone = undo_import(s, importer, batch)
        assert undone.state == "undone"
    with site.reader(1) as s:
        held = s.require(Party, old.id)
        assert (held.name, held.note) == ("张老伟", "从前")
        assert list(s.scalars(select(Party.name))) == ["张老伟"]
        assert list(s.scalars(select(SearchRecord.title))) == ["张老伟"]
        actions = list(s.scalars(select(LedgerLine.action).order_by(LedgerLine.seq)))
        assert actions == ["core.import_applied", "core.import_undone"]
        assert earlier_batch(s, importer.name, undone.file_hash) is None
    with site.transaction(1) as s, pytest.raises(Conflict):
        undo_import(s, importer, batch)
    with site.transaction(1) as s:
        assert apply_import(s, importer, opened(good), "k1").replayed
    assert count(site, Party) == 1


def test_undo_is_refused_with_the_rows_that_were_touched_since(
    site: Site, importer: Importer, opened: Open, good: Rows
) -> None:
    batch = apply(site, importer, opened(good))
    with site.transaction(1) as s:
        s.scalars(select(Party).where(Party.name == "张伟")).one().note = "新备注"
        s.delete(s.scalars(select(Party).where(Party.name == "华润置地")).one())
    with pytest.raises(UndoRefused) as caught, site.transaction(1) as s:
        undo_import(s, importer, batch)
    assert {(b.row, b.why) for b in caught.value.blocked} == {(2, "changed"), (4, "gone")}
    assert count(site, Party) == 2


def test_undo_is_refused_while_others_speak_of_the_record(
    site: Site, importer: Importer, opened: Open, good: Rows
) -> None:
    batch = apply(site, importer, opened(good))
    with site.transaction(1) as s:
        party = s.scalars(select(Party).where(Party.name == "张伟")).one()
        s.add(Contact(party_id=party.id, kind="call", occurred_at=clock.now()))
    with pytest.raises(UndoRefused) as caught, site.transaction(1) as s:
        undo_import(s, importer, batch)
    assert [(b.row, b.why) for b in caught.value.blocked] == [(2, "used")]
    assert count(site, Party) == 3


def test_a_record_touched_by_two_rows_comes_back_to_its_first_state(
    site: Site, importer: Importer, opened: Open
) -> None:
    loose = replace(importer, key=())
    with site.transaction(1) as s:
        s.add(Party(name="原名", source="+8613812345678"))
    rows = [["改一", "13812345678", None, 1], ["改二", "13812345678", None, 2]]
    batch = apply(site, loose, opened(rows))
    with site.reader(1) as s:
        assert list(s.scalars(select(Party.name))) == ["改二"]
    with site.transaction(1) as s:
        undo_import(s, loose, batch)
    with site.reader(1) as s:
        assert list(s.scalars(select(Party.name))) == ["原名"]


def test_two_rows_of_one_new_record_make_one(site: Site, importer: Importer, opened: Open) -> None:
    rows = [["头一行", "13812345678", None, 1], ["后一行", "13812345678", None, 2]]
    with site.transaction(1) as s:
        done = apply_import(s, replace(importer, key=()), opened(rows), "k1")
        assert (done.batch.created, done.batch.changed) == (1, 1)
    with site.reader(1) as s:
        assert list(s.scalars(select(Party.name))) == ["后一行"]


def test_undo_needs_the_images_and_the_right_importer(
    site: Site, importer: Importer, opened: Open, good: Rows
) -> None:
    batch = apply(site, importer, opened(good))
    other = replace(importer, name="core.other")
    for company, who in ((1, other), (2, importer)):
        with site.transaction(company) as s, pytest.raises(NotFound):
            undo_import(s, who, batch)
    with site.transaction(1) as s:
        assert drop_images(s, clock.now() - timedelta(days=1)) == 0
        forget_images(s)
    with site.reader(1) as s:
        assert all(row.images for row in s.scalars(select(ImportRow)))
    with clock.frozen(clock.now() + timedelta(days=31)), site.transaction(1) as s:
        forget_images(s)
    with site.reader(1) as s:
        assert all(row.images == [] for row in s.scalars(select(ImportRow)))
    with site.transaction(1) as s, pytest.raises(Conflict):
        undo_import(s, importer, batch)
    assert count(site, Party) == 3


def test_only_the_models_named_are_traced(
    site: Site, importer: Importer, opened: Open, good: Rows
) -> None:
    def apply_more(s: Any, value: Any, existing: Any) -> Any:
        ref = importer.apply(s, value, existing)
        s.add(Contact(kind="call", occurred_at=clock.now()))
        return ref

    batch = apply(site, replace(importer, apply=apply_more), opened(good))
    with site.transaction(1) as s:
        undo_import(s, importer, batch)
    assert (count(site, Party), count(site, Contact)) == (0, 3)


def test_images_hold_every_kind_of_column(site: Site) -> None:
    from zhike.services.transfer.tracing import decode, image_of

    with site.transaction(1) as s:
        unit = Unit(name="案场", kind="site", code="A")
        party = Party(name="张", phone_sealed=b"\x00\xff", restricted_at=clock.now())
        s.add_all([unit, party])
        s.flush()
        party.owner_unit_id = unit.id
        s.flush()
        before = image_of(party)
    with site.reader(1) as s:
        held = s.require(Party, party.id)
        assert image_of(held) == before
        for name, value in before.items():
            assert decode(value) == getattr(held, name)
