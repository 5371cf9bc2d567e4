"""Houses and the sales control: one deal a house, holding back, expiry, import, who is told."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from zhike.api import Conflict, Staff, UserError, clock, transfer
from zhike_sales_floor import transfers_sales
from zhike_sales_floor.models import Deal
from zhike_sales_floor.models_sales import House, HouseNote
from zhike_sales_floor.services import deals, houses, sales

from .selling import customer, row, sell, state, stock


def test_a_second_deposit_on_a_house_is_refused_with_the_clause(either):
    ground = either
    ground.sign_in("AB")
    home = stock(ground, "3-1201")["3-1201"]
    first, second = customer(ground, "张伟", "13812345678"), customer(ground, "李娜", "13900001111")
    deal = sell(ground, first, home)
    assert state(ground, home) == "subscribed"
    with pytest.raises(Conflict) as refused:
        sell(ground, second, home, "small_reservation")
    assert refused.value.code == "taken"
    assert "clause 20" in str(refused.value)
    assert row(ground, deal).number in str(refused.value)
    assert ground.read(lambda s: s.scalar(select(func.count(Deal.id)))) == 1


def test_the_database_itself_lets_one_deal_hold_a_house(either):
    ground = either
    ground.sign_in("AB")
    home = stock(ground, "3-1201")["3-1201"]
    first, second = customer(ground, "张伟", "13812345678"), customer(ground, "李娜", "13900001111")
    sell(ground, first, home)
    with pytest.raises(IntegrityError), ground.site.transaction(ground.company) as s:
        s.add(Deal(unit_id=ground.unit, number="X1", customer_id=second, held_id=home))
        s.flush()


def test_two_desks_at_once_sell_a_house_once(either):
    ground = either
    ground.sign_in("AB")
    home = stock(ground, "3-1201")["3-1201"]
    people = [customer(ground, "张伟", "13812345678"), customer(ground, "李娜", "13900001111")]
    outcomes = []

    def desk(who):
        try:
            with ground.site.transaction(ground.company) as s:
                deals.start(s, who, "subscription", house_id=home, amount_fen=1)
            outcomes.append("sold")
        except Conflict as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=desk, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["sold", "taken"]
    assert ground.read(lambda s: s.scalar(select(func.count(Deal.id)))) == 1


def test_a_house_that_is_held_back_is_sold_once_it_is_released(ground):
    ground.sign_in("A")
    home = stock(ground, "3-1201")["3-1201"]
    who = customer(ground, "张伟", "13812345678")
    with pytest.raises(UserError):
        ground.do(lambda s: houses.hold(s, home, "  "))
    ground.do(lambda s: houses.hold(s, home, "样板间"))
    with pytest.raises(Conflict) as refused:
        sell(ground, who, home)
    assert refused.value.code == "held"
    assert "样板间" in str(refused.value)
    ground.do(lambda s: houses.release(s, home, "样板间已拆"))
    sell(ground, who, home)
    with pytest.raises(Conflict):
        ground.do(lambda s: houses.hold(s, home, "太晚"))
    kinds = ground.read(lambda s: [note.kind for note in houses.history(s, home)])
    assert kinds == ["subscribed", "released", "held", "added"]


def test_a_site_that_keeps_houses_takes_no_free_text(ground):
    ground.sign_in("A")
    who = customer(ground, "张伟", "13812345678")
    ground.do(
        lambda s: deals.start(s, who, "small_reservation", property="老房号 1", amount_fen=1)[1]
    )
    stock(ground, "3-1201")
    with pytest.raises(UserError) as refused:
        ground.do(lambda s: deals.start(s, who, "subscription", property="9-9", amount_fen=1)[1])
    assert refused.value.field == "house"


def test_a_small_reservation_runs_out_and_frees_the_house(ground):
    from zhike.services.jobs import deadlines

    ground.sign_in("A")
    home = stock(ground, "3-1201")["3-1201"]
    who = customer(ground, "张伟", "13812345678")
    deal = sell(ground, who, home, "small_reservation", reserved_until=date(2026, 5, 6))
    assert state(ground, home) == "reserved"
    ground.now = ground.now.replace(day=6, hour=15, minute=30)  # 23:30 in Shanghai: still held
    with clock.frozen(ground.now):
        assert deadlines.sweep(ground.site).fired == 0
    ground.now += timedelta(minutes=31)
    with clock.frozen(ground.now):
        assert deadlines.sweep(ground.site).fired == 1
        assert deadlines.sweep(ground.site).fired == 0
    gone = row(ground, deal)
    assert (gone.state, gone.ended_how, gone.held_id) == ("refunded", "expired", None)
    assert state(ground, home) == "available"
    ground.sign_in("A")
    sell(ground, customer(ground, "李娜", "13900001111"), home)


def test_an_extended_reservation_holds_for_longer_and_a_signed_one_for_good(ground):
    from zhike.services.jobs import deadlines

    ground.sign_in("A")
    home = stock(ground, "3-1201")["3-1201"]
    who = customer(ground, "张伟", "13812345678")
    deal = sell(ground, who, home, "small_reservation", reserved_until=date(2026, 5, 6))
    ground.do(lambda s: sales.extend(s, deal, date(2026, 5, 10), "客户出差"))
    ground.now = ground.now.replace(day=8)
    with clock.frozen(ground.now):
        assert deadlines.sweep(ground.site).fired == 0
    ground.do(lambda s: deals.sign(s, deal, amount_fen=198_000_000))
    ground.now = ground.now.replace(day=20)
    with clock.frozen(ground.now):
        assert deadlines.sweep(ground.site).fired == 0
    assert (row(ground, deal).state, row(ground, deal).amount_fen) == ("closed", 198_000_000)
    assert state(ground, home) == "subscribed"


def test_whoever_keeps_the_sales_control_is_told_at_once(ground):
    from zhike.models.inbox import Notice
    from zhike.services import events as outbox
    from zhike.testing import make_user
    from zhike_sales_floor.permissions import ROLES

    ground.sign_in("A")
    home = stock(ground, "3-1201")["3-1201"]
    role = next(one for one in ROLES if one.name == "sales_floor.assistant")
    user = make_user(ground.site, ground.company, role.permissions, scope="all")
    with ground.site.transaction(ground.company) as s:
        s.find(Staff, ground.reps["D"]).user_id = user
    who = customer(ground, "张伟", "13812345678")
    sell(ground, who, home)
    with clock.frozen(ground.now):
        while outbox.dispatch_outbox(ground.site).done:
            pass
    told = ground.read(
        lambda s: [
            (ground.letter(one.staff_id), one.title, one.values["code"])
            for one in s.scalars(select(Notice).where(Notice.type == "sales_floor.house"))
        ]
    )
    assert told == [("D", "%(code)s: subscribed", "3-1201")]


def test_houses_come_in_from_a_sheet_and_go_again_by_undo(ground):
    (importer,) = transfers_sales.IMPORTERS
    lines = (
        "房号,楼栋,单元,楼层,户型,建筑面积,总价,状态,备注",
        "3-2-1201,3,2,12,三房两厅,112.35,2860000,可售,",
        "3-2-1202,3,2,12,两房,89.5㎡,1980000,保留,样板间",
        "3-2-1203,3,2,12,两房,八十九,1980000,认购,",
    )
    content = "\n".join(lines).encode("utf-8-sig")
    sheet = transfer.open_upload(content, "房源.csv", importer.columns)
    report = ground.read(lambda s: transfer.dry_run(s, importer, sheet))
    wrong = {row: {p.column for p in found} for row, found in report.by_row().items()}
    assert wrong == {4: {"area", "state"}}
    good = transfer.open_upload("\n".join(lines[:3]).encode(), "房源.csv", importer.columns)
    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        applied = transfer.apply_import(s, importer, good, "batch-0001", mode="all")
    found = ground.read(
        lambda s: [
            (one.code, one.area, one.price_fen, one.state, one.why)
            for one in s.scalars(select(House).order_by(House.code))
        ]
    )
    assert found == [
        ("3-2-1201", 11235, 286_000_000, "available", ""),
        ("3-2-1202", 8950, 198_000_000, "held", "样板间"),
    ]
    with clock.frozen(ground.now), ground.site.transaction(ground.company) as s:
        transfer.undo_import(s, importer, applied.batch.id)
    assert ground.read(lambda s: s.scalar(select(func.count(House.id)))) == 0


def test_a_list_price_changes_with_a_reason_and_a_trace_and_deals_keep_theirs(ground):
    ground.sign_in("A")
    home = stock(ground, "3-1201")["3-1201"]
    deal = sell(ground, customer(ground, "张伟", "13812345678"), home)
    dearer = houses.Terms("3-1201", "3", storey=1, area=9000, price_fen=210_000_000)
    with pytest.raises(UserError):
        ground.do(lambda s: houses.change(s, home, dearer))
    ground.do(lambda s: houses.change(s, home, dearer, "调价"))
    note = ground.read(lambda s: s.scalars(select(HouseNote).order_by(HouseNote.id.desc())).first())
    assert note.body == {"price_fen": [200_000_000, 210_000_000]}
    assert row(ground, deal).amount_fen == 200_000_000


def test_the_numbers_of_houses_stand_in_the_order_people_read_them():
    codes = ["3-1201", "3-902", "10-101", "A-2", "3-1101"]
    assert sorted(codes, key=houses.natural) == ["3-902", "3-1101", "3-1201", "10-101", "A-2"]
