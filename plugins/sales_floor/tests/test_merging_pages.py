"""Two records of one person: found, compared, merged through the page, and parted again."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from zhike.api import Contact, LedgerLine, Party, clock, parties
from zhike.testing import read_page
from zhike_sales_floor.models import Customer, Deal, Visit
from zhike_sales_floor.models_cases import Merge, PoolEntry
from zhike_sales_floor.services import customers, deals, floor, merging, replay
from zhike_sales_floor.services.arrivals import Person


def customer_of(ground, act):
    visit = ground.read(lambda s: s.require(Visit, act.visit_id))
    return visit.customer_id


def row(ground, customer_id):
    return ground.read(lambda s: s.require(Customer, customer_id))


def twice(ground):
    """张伟 comes as one of A's, and again under another number as one of B's; signs there."""
    ground.sign_in("ABC")
    first = ground.arrive(Person(name="张伟", phone="13812345678"), source="朋友介绍")
    ground.do(lambda s: floor.end_visit(s, first.visit_id, result="looking", grade="A"))
    again = ground.arrive(Person(name="张先生", phone="13912345678"), source="自然到访")
    ground.do(lambda s: floor.end_visit(s, again.visit_id, result="looking"))
    one, two = customer_of(ground, first), customer_of(ground, again)
    ground.do(
        lambda s: customers.log_contact(
            s, two, "call", staff_id=ground.reps["B"], note="问价", answered=True
        )
    )
    made = {}

    def sell(s):
        made["deal"], act = deals.start(s, two, "subscription", amount_fen=100)
        return act

    ground.do(sell)
    return one, two, made["deal"].id


def shares(ground, deal_id):
    found = ground.read(lambda s: deals.shares_of(s, deal_id))
    return {ground.letter(share.staff_id): share.performance for share in found}


def test_a_merge_moves_everything_and_undoing_brings_it_all_back(either):
    ground = either
    one, two, deal = twice(ground)
    assert shares(ground, deal) == {"B": 10_000}
    ground.do(lambda s: merging.merge(s, one, two, "同一个人"))
    kept, other = row(ground, one), row(ground, two)
    assert (ground.letter(kept.owner_id), kept.stage, kept.merged_into) == ("A", "closed", None)
    assert (other.merged_into, other.owner_id, other.first_visit_on) == (one, None, None)
    assert shares(ground, deal) == {"A": 10_000}
    assert ground.read(lambda s: s.require(Deal, deal)).customer_id == one
    assert ground.read(lambda s: [v.customer_id for v in s.scalars(select(Visit))]) == [one, one]
    assert ground.read(lambda s: {c.party_id for c in s.scalars(select(Contact))}) == {
        kept.party_id
    }
    assert ground.read(lambda s: [h.id for h in parties.suggest(s, "13912345678")]) == []
    page = ground.read(lambda s: customers.list_page(s, ground.unit, customers.Filter()))
    assert [line.id for line in page.lines] == [one]
    assert ground.read(lambda s: replay.replay(s, ground.unit, clock.now().date())) == []
    ground.do(lambda s: merging.unmerge(s, one, "是兄弟两个"))
    kept, other = row(ground, one), row(ground, two)
    assert (ground.letter(kept.owner_id), ground.letter(other.owner_id)) == ("A", "B")
    assert (kept.stage, other.stage, other.merged_into) == ("visited", "closed", None)
    assert other.first_visit_on == kept.first_visit_on
    assert shares(ground, deal) == {"B": 10_000}
    assert ground.read(lambda s: s.require(Deal, deal)).customer_id == two
    assert ground.read(lambda s: {c.party_id for c in s.scalars(select(Contact))}) == {
        kept.party_id,
        other.party_id,
    }
    assert ground.read(lambda s: [h.id for h in parties.suggest(s, "13912345678")]) == [
        other.party_id
    ]
    assert ground.read(lambda s: replay.replay(s, ground.unit, clock.now().date())) == []
    actions = ground.read(lambda s: [line.action for line in s.scalars(select(LedgerLine))])
    for action in ("sales_floor.merge", "sales_floor.unmerge", "core.party.merged"):
        assert action in actions


def test_what_has_happened_since_stands_in_the_way_and_is_named(ground):
    one, two, _deal = twice(ground)
    ground.do(lambda s: merging.merge(s, one, two, "同一个人"))
    ground.do(
        lambda s: customers.log_contact(s, one, "call", staff_id=ground.reps["A"], answered=True)
    )
    with pytest.raises(Exception, match="contact"):
        ground.do(lambda s: merging.unmerge(s, one, "看错了"))
    assert ground.read(lambda s: merging.hindrances(s.require(Customer, one))) == [
        "there was a contact"
    ]


def test_an_unknown_visitor_gets_the_name_of_the_record_he_is_found_to_be(ground):
    ground.sign_in("AB")
    known = ground.arrive(Person(name="李娜", phone="13900001111"))
    ground.do(lambda s: floor.end_visit(s, known.visit_id))
    nobody = ground.arrive()
    ground.do(lambda s: floor.end_visit(s, nobody.visit_id))
    one, two = customer_of(ground, known), customer_of(ground, nobody)
    party = row(ground, one).party_id
    ground.do(lambda s: merging.merge(s, two, one, "就是她"))
    assert (row(ground, two).party_id, row(ground, one).party_id) == (party, None)
    ground.do(lambda s: merging.unmerge(s, two, "不是"))
    assert (row(ground, two).party_id, row(ground, one).party_id) == (None, party)


def test_a_number_only_the_other_has_is_taken_over_and_given_back(ground):
    ground.sign_in("AB")
    first = ground.arrive(Person(name="王强"))
    ground.do(lambda s: floor.end_visit(s, first.visit_id))
    again = ground.arrive(Person(name="王强", phone="13711112222", another=True))
    ground.do(lambda s: floor.end_visit(s, again.visit_id))
    one, two = customer_of(ground, first), customer_of(ground, again)
    ground.do(lambda s: merging.merge(s, one, two, "同一个人"))
    masked = ground.read(lambda s: s.require(Party, row(ground, one).party_id).phone_masked)
    assert masked.endswith("2222")
    ground.do(lambda s: merging.unmerge(s, one, "不是"))
    assert ground.read(lambda s: s.require(Party, row(ground, one).party_id).phone_masked) == ""


def test_records_that_look_alike_are_found_and_namesakes_are_not(ground):
    ground.sign_in("ABC")
    for name, phone in (
        ("张伟", "13812345678"),
        ("张先生", "13912345678"),  # same last digits, a form of address
        ("张伟", "13612349999"),  # same name, another number: two people
        ("李娜", ""),
        ("李娜", "13900001111"),  # same name, only one number
        ("陈静", "13712345678"),  # same last digits, another name
    ):
        act = ground.arrive(Person(name=name, phone=phone, another=True))
        ground.do(lambda s, v=act.visit_id: floor.end_visit(s, v))
        ground.do(lambda s: floor.close_day(s, ground.unit)) if name == "陈静" else None
    pairs = ground.read(lambda s: merging.duplicates(s, ground.unit))
    names = ground.read(
        lambda s: {c.id: s.require(Party, c.party_id).name for c in s.scalars(select(Customer))}
    )
    found = [(names[p.one], names[p.two], p.why) for p in pairs]
    assert found == [("张伟", "张先生", "near"), ("李娜", "李娜", "name")]


def test_the_page_compares_previews_and_merges(ground, login):
    one, two, deal = twice(ground)
    browser = login(ground.company)
    base = f"/p/sales_floor/floor/{ground.unit}/customers/{one}"
    with clock.frozen(ground.now):
        listed = browser.get(f"/p/sales_floor/floor/{ground.unit}/duplicates").text
        assert "后四位相同" in listed
        chosen = browser.get(f"{base}/merge").text
        assert f"other={two}" in chosen
        compared = browser.get(f"{base}/merge?other={two}")
        assert "归 顾问A" in compared.text
        assert "顾问A 100%" in compared.text, "the credit that would change"
        form = read_page(compared.text).form(css_class="zk-form")
        url = f"{base}/merge?other={two}"
        assert browser.post(url, data=form.values).status_code == 422, "needs a reason"
        done = browser.post(url, data={**form.values, "reason": "同一个人"})
        assert done.status_code == 303
        again = browser.post(url, data={**form.values, "reason": "同一个人"})
        assert again.status_code == 303, "a double click merges once"
        assert ground.read(lambda s: len(list(s.scalars(select(Merge))))) == 1
        shown = browser.get(base).text
        assert "合并记录" in shown
        assert "撤销合并" in shown
        old = browser.get(f"/p/sales_floor/floor/{ground.unit}/customers/{two}")
        assert old.headers["Location"].endswith(str(one))
        form = read_page(browser.get(f"{base}/unmerge").text).form(css_class="zk-form")
        sent = {**form.values, "reason": "看错了"}
        assert browser.post(f"{base}/unmerge", data=sent).status_code == 303
    assert row(ground, two).merged_into is None
    assert shares(ground, deal) == {"B": 10_000}


def test_only_whoever_may_merge_sees_the_pages(ground, login):
    one, _two, _deal = twice(ground)
    browser = login(ground.company, ["sales_floor.customer_edit", "sales_floor.rule"])
    base = f"/p/sales_floor/floor/{ground.unit}"
    for path in ("duplicates", f"customers/{one}/merge", f"customers/{one}/unmerge"):
        assert browser.get(f"{base}/{path}").status_code == 403, path


def test_a_merged_record_is_not_in_the_pool(ground, login):
    one, two, _deal = twice(ground)
    ground.do(lambda s: merging.merge(s, one, two, "同一个人"))
    browser = login(ground.company)
    with clock.frozen(ground.now):
        assert "公海里没有客户" in browser.get(f"/p/sales_floor/floor/{ground.unit}/pool").text
    assert ground.read(lambda s: list(s.scalars(select(PoolEntry)))) == []


def test_two_who_came_together_are_two(ground):
    ground.sign_in("AB")
    act = ground.arrive(
        Person(name="张伟", phone="13812345678"), Person(name="张丽", phone="13912345678")
    )
    ground.do(lambda s: floor.end_visit(s, act.visit_id))
    ids = ground.read(lambda s: [c.id for c in s.scalars(select(Customer).order_by(Customer.id))])
    with pytest.raises(Exception, match="came in together"):
        ground.do(lambda s: merging.merge(s, ids[0], ids[1], "像"))
    assert uuid.UUID(int=0) not in ids
