"""Reps and an old ledger come in from sheets; what is wrong comes back beside its row."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from zhike.api import Party, Staff, clock, organisation, search, transfer
from zhike.testing.sites import counting
from zhike_sales_floor import transfers
from zhike_sales_floor.models import Customer, Rep, Visit
from zhike_sales_floor.services import floor
from zhike_sales_floor.services.arrivals import Person

REPS, LEDGER = transfers.REPS, transfers.LEDGER


def upload(importer, *lines: str):
    content = "\n".join(lines).encode("utf-8-sig")
    return transfer.open_upload(content, "台账.csv", importer.columns)


def bring(ground, importer, sheet, key="batch-0001", mode="all"):
    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        return transfer.apply_import(s, importer, sheet, key, mode=mode)


def test_reps_join_the_roster_and_leave_it_again_by_undo(ground):
    sheet = upload(REPS, "案场,工号,姓名,岗位", "A1,2001,林雪,置业顾问", "A1,1001,顾问A,置业顾问")
    applied = bring(ground, REPS, sheet)
    names = ground.read(
        lambda s: set(s.scalars(select(Staff.name).join(Rep, Rep.staff_id == Staff.id)))
    )
    assert names == {"顾问A", "顾问B", "顾问C", "顾问D", "林雪"}
    new = ground.read(lambda s: s.scalars(select(Staff.id).where(Staff.name == "林雪")).one())
    ground.do(lambda s: floor.sign_in(s, ground.unit, new))
    assert applied.batch is not None


def test_an_old_ledger_brings_owners_and_their_days(ground):
    ground.sign_in("ABCD")
    sheet = upload(
        LEDGER,
        "客户姓名,电话,归属顾问,首访日期,最近联系,等级,来源",
        "张伟,13812345678,顾问B,2026-04-20,2026-05-01,A,自然到访",
        "李娜,13900001111,1003,2026-04-01,2026-04-10,b,",
    )
    report = ground.read(lambda s: transfer.dry_run(s, LEDGER, sheet))
    assert (report.good, report.bad) == (2, 0)
    assert ground.read(lambda s: s.scalar(select(func.count(Customer.id)))) == 0
    bring(ground, LEDGER, sheet)
    row = ground.read(
        lambda s: s.scalars(
            select(Customer).join(Party, Party.id == Customer.party_id).where(Party.name == "张伟")
        ).one()
    )
    assert ground.letter(row.owner_id) == "B"
    assert (str(row.protected_until), row.grade) == ("2026-05-08", "A")
    # The engine knows him: he meets his owner, uncounted; the silent one is new to the ring.
    act = ground.arrive(Person(party_id=row.party_id))
    assert (ground.letter(act.outcome["assigned"]), act.outcome["via"]) == ("B", "uncounted")


def test_a_long_ledger_costs_a_few_statements_a_stretch(ground):
    rows = (f"客户{n},{13800000000 + n},顾问{'ABCD'[n % 4]},2026-05-01" for n in range(300))
    sheet = upload(LEDGER, "客户姓名,电话,归属顾问,最近联系", *rows)
    with counting(ground.site, at_most=90):
        assert bring(ground, LEDGER, sheet).report.good == 300


def test_today_is_the_site_s_day_not_the_server_s(ground):
    ground.now = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)  # one o'clock at night in Shanghai
    sheet = upload(LEDGER, "客户姓名,电话,最近联系", "张伟,13812345678,2026-11-22")
    assert bring(ground, LEDGER, sheet).report.good == 1
    late = upload(LEDGER, "客户姓名,电话,最近联系", "李娜,13812345679,2026-11-23")
    with pytest.raises(transfer.ImportRefused):
        bring(ground, LEDGER, late)


def test_what_is_wrong_is_said_beside_its_row(ground):
    sheet = upload(
        LEDGER,
        "客户,电话,归属,最近跟进,类别",
        "张伟,13812345678,顾问A,2026-05-01,A",
        ",,顾问A,2026-05-01,A",
        "李娜,123,没有这个人,2099-01-01,Z",
        "张伟,138 1234 5678,顾问A,2026-05-01,B",
    )
    report = ground.read(lambda s: transfer.dry_run(s, LEDGER, sheet))
    by_row = {row: {p.column for p in found} for row, found in report.by_row().items()}
    assert by_row[3] == {"name"}
    assert by_row[4] == {"phone", "owner", "grade", "last_contact"}
    assert 5 in by_row
    assert transfer.error_workbook(sheet, report)[:2] == b"PK"
    with pytest.raises(transfer.ImportRefused):
        bring(ground, LEDGER, sheet)
    assert ground.read(lambda s: s.scalar(select(func.count(Customer.id)))) == 0


def test_an_import_can_be_taken_back(ground):
    sheet = upload(LEDGER, "客户,电话,归属,最近跟进", "张伟,13812345678,顾问A,2026-05-01")
    applied = bring(ground, LEDGER, sheet)
    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        transfer.undo_import(s, LEDGER, applied.batch.id)
    assert ground.read(lambda s: s.scalar(select(func.count(Customer.id)))) == 0
    assert ground.read(lambda s: search.query(s, "张伟", kinds=("core.party",), limit=5)) == []


def test_an_import_in_use_is_not_taken_back(ground):
    ground.sign_in("AB")
    sheet = upload(LEDGER, "客户,电话,归属,最近跟进", "张伟,13812345678,顾问A,2026-05-01")
    applied = bring(ground, LEDGER, sheet)
    customer = ground.read(lambda s: s.scalars(select(Customer.id)).one())
    ground.arrive(Person(customer_id=customer))
    assert ground.read(lambda s: s.scalar(select(func.count(Visit.id)))) == 1
    with (
        pytest.raises(transfer.UndoRefused),
        clock.frozen(ground.now),
        ground.site.transaction(ground.company) as s,
    ):
        transfer.undo_import(s, LEDGER, applied.batch.id)


def columns_of(report):
    return {row: {p.column: p.warning for p in found} for row, found in report.by_row().items()}


def check(ground, importer, *lines: str):
    sheet = upload(importer, *lines)
    return columns_of(ground.read(lambda s: transfer.dry_run(s, importer, sheet)))


def test_a_row_out_of_measure_is_a_row_error(ground):
    head = "客户,电话,归属,首访日期,最近联系,成交日期,来源,备注"
    long = "长" * 501
    found = check(
        ground,
        LEDGER,
        head,
        f"{long},13812345671,顾问A,2026-05-01,,,,",
        "张一,13812345672,顾问A,2026-05-01,2026-04-30,,,",
        "张二,13812345673,顾问A,2026-05-01,,2026-04-30,,",
        "张三,13812345674,顾问A,1026-05-01,,,,",
        f"张四,13812345675,顾问A,2026-05-01,,,{long},{long}",
        "张五,13812345676,,2026-05-01,,2026-05-02,,",
        "张六,13812345677,顾问A,2026-04-01,2026-05-01,2026-05-02,自然到访,三房",
    )
    assert found == {
        2: {"name": False},
        3: {"last_contact": False},
        4: {"closed": False},
        5: {"first_visit": False},
        6: {"source": False, "note": False},
        7: {"closed": True},
    }


def test_today_is_the_day_of_the_site(ground):
    """At one in the morning in Shanghai it is still yesterday in Greenwich."""
    ground.now = datetime(2026, 5, 4, 17, 0, tzinfo=UTC)
    head = "客户,电话,归属,首访日期"
    assert check(ground, LEDGER, head, "张伟,13812345678,顾问A,2026-05-05") == {}
    late = check(ground, LEDGER, head, "张伟,13812345678,顾问A,2026-05-06")
    assert late == {2: {"first_visit": False}}


def test_two_customers_without_a_phone_are_two(ground):
    found = check(
        ground, LEDGER, "客户,归属,首访日期", "张伟,顾问A,2026-05-01", "李娜,顾问A,2026-05-01"
    )
    assert found == {}


def test_a_known_name_without_a_phone_is_pointed_out(ground):
    ground.sign_in("A")
    ground.arrive(Person(name="张伟", phone="13812345678"))
    found = check(ground, LEDGER, "客户,归属,首访日期", "张伟,顾问A,2026-05-01")
    assert found == {2: {"name": True}}


def test_the_site_may_stay_empty_only_where_there_is_one(ground):
    line = "客户,电话,归属,首访日期,案场"
    assert check(ground, LEDGER, line, "张伟,13812345678,顾问A,2026-05-01,") == {}
    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        organisation.add_unit(s, name="滨江案场", code="BJ", kind="site")
    assert check(ground, LEDGER, line, "张伟,13812345678,顾问A,2026-05-01,") == {2: {"site": False}}
    # The other site has its own roster: an owner who does not receive there could never be reached.
    assert check(ground, LEDGER, line, "张伟,13812345678,顾问A,2026-05-01,BJ") == {
        2: {"owner": False}
    }


def test_a_rep_is_not_taken_for_somebody_else(ground):
    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        for number in ("3001", "3002"):
            organisation.add_staff(s, name="李敏", number=number)
    found = check(ground, REPS, "工号,姓名", "1001,王芳", ",李敏", "3001,李敏")
    assert found == {2: {"number": False}, 3: {"number": False}}


def test_a_known_person_gets_the_post_that_the_roster_needs(ground):
    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        known = organisation.add_staff(s, name="李敏", number="3001").id
    bring(ground, REPS, upload(REPS, "工号,姓名", "3001,李敏"))
    units = ground.read(lambda s: organisation.units_of(s, known, date(2026, 5, 4)))
    assert units == {ground.unit}
