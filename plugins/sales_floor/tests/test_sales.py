"""What becomes of a deal: contract, swap, new name, default, return, papers, payments."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select

from zhike.api import Conflict, LedgerLine, UserError
from zhike_sales_floor.models import Credit, Customer
from zhike_sales_floor.models_sales import DealChange, Instalment, Paper, Receipt
from zhike_sales_floor.services import blanks, deals, papers, payments, replay, sales

from .selling import customer, row, sell, state, stock


@pytest.fixture
def sold(ground):
    """A deal on 3-1201, subscribed, and two more houses: a larger and a smaller one."""
    ground.sign_in("ABCD")
    ground.homes = stock(ground, "3-1201")
    ground.homes |= stock(ground, "3-1502", area=11_000, price=260_000_000)
    ground.homes |= stock(ground, "3-0302", area=7_000, price=150_000_000)
    ground.who = customer(ground, "张伟", "13812345678")
    ground.deal = sell(ground, ground.who, ground.homes["3-1201"])
    return ground


def strict(monkeypatch, **params):
    """Every deal from now on is judged by these figures too, as a regulation that has them says."""
    real = sales.policies.resolved_version

    def resolved(s, version_id):
        found = real(s, version_id)
        policy = replace(found.policy, params={**found.policy.params, **params})
        return replace(found, policy=policy)

    monkeypatch.setattr(sales.policies, "resolved_version", resolved)


def shares(ground) -> dict[str, int]:
    return ground.read(
        lambda s: {
            ground.letter(one.staff_id): one.performance for one in deals.shares_of(s, ground.deal)
        }
    )


def ledger(ground, action) -> list[str]:
    return ground.read(
        lambda s: [
            line.reason for line in s.scalars(select(LedgerLine).where(LedgerLine.action == action))
        ]
    )


def replayed(ground) -> list:
    return ground.read(lambda s: replay.replay(s, ground.unit, date(2026, 5, 4)))


def contract(ground, number="HT-1", **more):
    return ground.do(
        lambda s: sales.contract(s, ground.deal, number=number, on=date(2026, 5, 4), **more)
    )


def test_a_contract_follows_the_subscription_and_leaves_the_credit(sold):
    before = shares(sold)
    contract(sold, pay_way="mortgage")
    deal = row(sold, sold.deal)
    assert (deal.state, deals.step_of(deal), deal.contract_no) == ("closed", "contracted", "HT-1")
    assert state(sold, sold.homes["3-1201"]) == "contracted"
    assert shares(sold) == before
    with pytest.raises(Conflict):
        contract(sold, number="HT-2")
    assert replayed(sold) == []


def test_a_contract_number_is_used_once(sold):
    contract(sold)
    other = sell(sold, customer(sold, "李娜", "13900001111"), sold.homes["3-1502"])
    with pytest.raises(UserError) as refused:
        sold.do(lambda s: sales.contract(s, other, number="HT-1", on=date(2026, 5, 4)))
    assert refused.value.field == "number"


def test_a_swap_moves_house_ownership_and_credit_and_voids_the_paper(sold):
    before = shares(sold)
    sold.do(lambda s: (papers.set_address(s, sold.deal, "滨江路 1 号", "310000"), None)[1])
    sold.do(lambda s: (papers.issue(s, sold.deal), None)[1])
    done = sold.do(
        lambda s: sales.swap(
            s, sold.deal, sold.homes["3-1502"], amount_fen=260_000_000, reason="要大一间"
        )
    )
    deal = row(sold, sold.deal)
    assert (deal.property, deal.amount_fen) == ("3-1502", 260_000_000)
    assert state(sold, sold.homes["3-1201"]) == "available"
    assert state(sold, sold.homes["3-1502"]) == "subscribed"
    assert shares(sold) == before
    assert done.decision_of("swap") is not None
    assert sold.read(lambda s: papers.of_deal(s, sold.deal)) is None
    assert ledger(sold, "sales_floor.swap") == ["要大一间"]
    assert replayed(sold) == []


def test_a_swap_downward_takes_a_managers_leave_where_the_regulation_says_so(sold, monkeypatch):
    strict(monkeypatch, **{"swap.direction": "up_only"})

    def down(s, **more):
        return sales.swap(
            s, sold.deal, sold.homes["3-0302"], amount_fen=150_000_000, reason="总价太高", **more
        )

    with pytest.raises(Conflict) as refused:
        sold.do(down)
    assert refused.value.code == "swap_direction"
    assert row(sold, sold.deal).property == "3-1201"
    assert state(sold, sold.homes["3-0302"]) == "available"
    done = sold.do(lambda s: down(s, override=True))
    assert done.outcome["override"] is True
    assert row(sold, sold.deal).property == "3-0302"


def test_a_house_that_is_harder_to_sell_may_be_taken(sold, monkeypatch):
    strict(monkeypatch, **{"swap.direction": "up_only"})
    done = sold.do(
        lambda s: sales.swap(
            s,
            sold.deal,
            sold.homes["3-0302"],
            amount_fen=150_000_000,
            reason="顶楼",
            harder=True,
        )
    )
    decision, _id = done.decision_of("swap")
    assert decision.outcome["upward"] == ["harder"]


def test_a_swap_to_a_taken_house_is_refused(sold):
    sell(sold, customer(sold, "李娜", "13900001111"), sold.homes["3-1502"])
    with pytest.raises(Conflict) as refused:
        sold.do(lambda s: sales.swap(s, sold.deal, sold.homes["3-1502"], amount_fen=1, reason="换"))
    assert refused.value.code == "taken"


def test_a_new_name_after_the_contract_has_a_fee_and_leaves_the_credit(sold, monkeypatch):
    strict(monkeypatch, **{"name_change.fee": 2000})
    before = shares(sold)
    other = customer(sold, "李娜", "13900001111")
    contract(sold)
    sold.do(lambda s: sales.change_name(s, sold.deal, other, reason="给女儿"))
    change = sold.read(
        lambda s: s.scalars(select(DealChange).order_by(DealChange.at.desc())).first()
    )
    assert (change.kind, change.fee_fen) == ("name", 200_000)
    assert row(sold, sold.deal).holder_id == other
    assert shares(sold) == before
    with pytest.raises(Conflict) as refused:
        sold.do(lambda s: sales.change_name(s, sold.deal, other, reason="再换"))
    assert refused.value.code == "same_holder"
    sold.do(lambda s: sales.change_name(s, sold.deal, sold.who, reason="换回来", fee_fen=0))
    assert row(sold, sold.deal).holder_id is None
    assert replayed(sold) == []


def test_before_the_contract_a_new_name_costs_nothing(sold, monkeypatch):
    strict(monkeypatch, **{"name_change.fee": 2000})
    other = customer(sold, "李娜", "13900001111")
    sold.do(lambda s: sales.change_name(s, sold.deal, other, reason="写错名下"))
    fee = sold.read(lambda s: s.scalars(select(DealChange.fee_fen)).one())
    assert fee == 0


def test_a_default_waits_for_its_months(sold, monkeypatch):
    strict(monkeypatch, **{"default.months": 2})
    contract(sold)
    sold.do(lambda s: (payments.plan(s, sold.deal, "首付", 60_000_000, date(2026, 5, 31)), None)[1])
    sold.now = sold.now.replace(month=7, day=31)
    sold.sign_in("ABCD")
    with pytest.raises(Conflict) as refused:
        sold.do(lambda s: sales.mark_default(s, sold.deal, "屡催不付"))
    assert refused.value.code == "not_yet_default"
    sold.now = sold.now.replace(month=8, day=1)
    sold.sign_in("ABCD")
    sold.do(lambda s: sales.mark_default(s, sold.deal, "屡催不付"))
    assert deals.step_of(row(sold, sold.deal)) == "defaulted"
    assert ledger(sold, "sales_floor.default") == ["屡催不付"]


def test_nothing_overdue_is_no_default(sold):
    contract(sold)
    with pytest.raises(Conflict):
        sold.do(lambda s: sales.mark_default(s, sold.deal, "不想卖了"))


def test_after_the_contract_a_refund_takes_a_managers_leave(sold):
    contract(sold)
    with pytest.raises(Conflict) as refused:
        sold.do(lambda s: sales.refund(s, sold.deal, "客户想退"))
    assert refused.value.code == "after_contract"
    assert "clause 17" in str(refused.value)
    sold.do(lambda s: sales.refund(s, sold.deal, "公司同意", override=True))
    assert state(sold, sold.homes["3-1201"]) == "available"
    total = sold.read(lambda s: s.scalar(select(func.sum(Credit.performance))))
    assert total == 0
    assert ledger(sold, "sales_floor.refund") == ["公司同意"]
    assert replayed(sold) == []


def test_a_refund_is_asked_for_and_the_customer_may_stay(sold):
    sold.do(lambda s: (sales.ask_refund(s, sold.deal, "家里有变"), None)[1])
    assert row(sold, sold.deal).asked_by
    sold.do(lambda s: (sales.keep(s, sold.deal, "挽留成功"), None)[1])
    deal = row(sold, sold.deal)
    assert (deal.asked_at, deal.state) == (None, "closed")
    kept = sold.read(lambda s: s.scalars(select(DealChange)).one())
    assert (kept.kind, kept.body["asked_why"]) == ("kept", "家里有变")


def test_a_refunded_deal_takes_no_further_act(sold):
    sold.do(lambda s: sales.refund(s, sold.deal, "贷款未批"))
    for act in (
        lambda s: sales.refund(s, sold.deal, "再退"),
        lambda s: sales.contract(s, sold.deal, number="HT-1", on=date(2026, 5, 4)),
        lambda s: sales.swap(s, sold.deal, sold.homes["3-1502"], amount_fen=1, reason="换"),
        lambda s: payments.plan(s, sold.deal, "首付", 1, date(2026, 5, 5)),
        lambda s: papers.issue(s, sold.deal),
    ):
        with pytest.raises(Conflict):
            sold.do(act)


def test_a_slip_is_corrected_without_refund_and_leaves_a_trace(sold):
    before = shares(sold)
    sold.do(
        lambda s: (
            sales.correct(
                s,
                sold.deal,
                amount_fen=198_000_000,
                deposit_fen=5_000_000,
                house_id=sold.homes["3-1502"],
                reason="房号看错",
            ),
            None,
        )[1]
    )
    deal = row(sold, sold.deal)
    assert (deal.property, deal.amount_fen, deal.state) == ("3-1502", 198_000_000, "closed")
    assert state(sold, sold.homes["3-1201"]) == "available"
    assert state(sold, sold.homes["3-1502"]) == "subscribed"
    change = sold.read(lambda s: s.scalars(select(DealChange)).one())
    assert change.body == {"price": [200_000_000, 198_000_000], "unit": ["3-1201", "3-1502"]}
    assert shares(sold) == before
    assert ledger(sold, "sales_floor.corrected") == ["房号看错"]


# -- papers -----------------------------------------------------------------------------------


def test_a_paper_is_issued_when_all_is_known_and_marked_when_printed_again(sold):
    with pytest.raises(UserError) as refused:
        sold.do(lambda s: papers.issue(s, sold.deal))
    assert refused.value.code == "incomplete"
    sold.do(lambda s: (papers.set_address(s, sold.deal, "滨江路 1 号", "310000"), None)[1])
    made = {}
    sold.do(lambda s: made.update(id=papers.issue(s, sold.deal).id))
    paper = sold.read(lambda s: s.require(Paper, made["id"]))
    assert paper.number.startswith("RGA120260504-")
    assert paper.body["balance"] == 195_000_000
    assert papers.copy_names(paper.body["copies"]) == (
        "第一联 客户",
        "第二联 财务",
        "第三联 销售",
        "第四联 销售",
    )
    with pytest.raises(Conflict):
        sold.do(lambda s: papers.issue(s, sold.deal))
    prints = []
    for _n in range(2):
        sold.do(lambda s: prints.append(papers.printed(s, made["id"])))
    assert prints == [1, 2]
    assert len(ledger(sold, "sales_floor.paper_printed")) == 2
    with pytest.raises(Conflict):
        sold.do(lambda s: papers.set_address(s, sold.deal, "别处", "310001"))


def test_sums_that_do_not_add_up_to_the_price_stop_the_paper(sold):
    sold.do(lambda s: (papers.set_address(s, sold.deal, "滨江路 1 号", "310000"), None)[1])
    sold.do(lambda s: (payments.plan(s, sold.deal, "首付", 60_000_000, date(2026, 6, 1)), None)[1])
    with pytest.raises(UserError) as refused:
        sold.do(lambda s: papers.issue(s, sold.deal))
    assert "600,000.00" in str(refused.value)
    sold.do(lambda s: (payments.plan(s, sold.deal, "尾款", 140_000_000, date(2026, 9, 1)), None)[1])
    sold.do(lambda s: (papers.issue(s, sold.deal), None)[1])


# -- payments ---------------------------------------------------------------------------------


def test_payments_are_stated_under_receipts_that_were_drawn(sold):
    sold.do(lambda s: (payments.plan(s, sold.deal, "定金", 5_000_000, date(2026, 5, 4)), None)[1])
    due = sold.read(lambda s: s.scalars(select(Instalment)).one()).id
    today = date(2026, 5, 4)

    def draw(s):
        blanks.draw(
            s, sold.unit, "receipt", "SJ0098", "SJ0101", drawn_by=sold.reps["A"], drawn_on=today
        )

    sold.do(draw)
    with pytest.raises(UserError) as overlapping:
        sold.do(draw)
    assert overlapping.value.field == "first"
    with pytest.raises(UserError):
        sold.do(lambda s: payments.pay(s, due, 1_000_000, today, "SJ0200"))
    sold.do(lambda s: (payments.pay(s, due, 2_000_000, today), None)[1])
    sold.do(lambda s: (blanks.void_blank(s, sold.unit, "SJ0099", "写坏"), None)[1])
    sold.do(lambda s: (payments.pay(s, due, 3_000_000, today), None)[1])
    numbers = sold.read(lambda s: sorted(s.scalars(select(Receipt.number))))
    assert numbers == ["SJ0098", "SJ0099", "SJ0100"]
    with pytest.raises(Conflict):
        sold.do(lambda s: blanks.check(s, sold.unit, "receipt", "SJ0100"))
    with pytest.raises(UserError):
        sold.do(lambda s: payments.pay(s, due, 1, today))
    (line,) = sold.read(lambda s: blanks.lines(s, sold.unit))
    assert (line.size, line.used, line.voided, line.left) == (4, 2, 1, 1)
    first = sold.read(lambda s: s.scalars(select(Receipt).where(Receipt.number == "SJ0098")).one())
    sold.do(lambda s: (payments.void(s, first.id, "开错"), None)[1])
    assert sold.read(lambda s: s.require(Instalment, due).paid_fen) == 3_000_000


def test_what_is_late_is_listed_and_reminded_of(sold):
    sold.do(lambda s: (payments.plan(s, sold.deal, "首付", 60_000_000, date(2026, 5, 20)), None)[1])
    due = sold.read(lambda s: s.scalars(select(Instalment)).one()).id
    with pytest.raises(Conflict):
        sold.do(lambda s: payments.dun(s, due))
    sold.now = sold.now.replace(day=25)
    (line,) = sold.read(lambda s: payments.due_list(s, sold.unit, until=date(2026, 5, 25)))
    assert (line.days, line.rest_fen) == (5, 60_000_000)
    sold.do(lambda s: (payments.dun(s, due), None)[1])
    assert sold.read(lambda s: s.require(Instalment, due).dunned_on) == date(2026, 5, 25)
    with pytest.raises(Conflict):
        sold.do(lambda s: payments.unplan(s, due))


def test_sums_due_are_at_most_the_price(sold):
    with pytest.raises(UserError) as refused:
        sold.do(lambda s: payments.plan(s, sold.deal, "首付", 200_000_001, date(2026, 5, 20)))
    assert "2,000,000.00" in str(refused.value)


def test_a_deal_of_a_customer_without_owner_closes_and_waits_for_a_ruling(ground):
    ground.sign_in("AB")
    made = {}

    def enrol(s):
        from zhike_sales_floor.services import arrivals

        made["who"] = arrivals.enrol(
            s, ground.unit, arrivals.Person(name="王芳", phone="13700001111"), arrivals.Arrival()
        )

    ground.do(enrol)
    made["deal"] = sell(ground, made["who"], None, property="9-101")
    deal = row(ground, made["deal"])
    assert (deal.state, deal.closed_at is not None) == ("closed", True)
    closed = deal.closed_at
    ground.do(
        lambda s: deals.rule_shares(
            s, made["deal"], {ground.reps["A"]: 10_000}, facts="介绍来的", reason="经理裁定"
        )[1]
    )
    assert row(ground, made["deal"]).closed_at == closed
    entries = ground.read(lambda s: [one.entry for one in s.scalars(select(Credit))])
    assert entries == ["closing"]
    assert ground.read(lambda s: s.scalar(select(func.count(Customer.id)))) == 1
