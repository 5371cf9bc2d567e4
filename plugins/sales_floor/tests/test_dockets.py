"""Disputes: who may say what, what the regulation says, one ruling, one appeal, two people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from zhike.api import Actor, LedgerLine, clock, inbox, settings
from zhike.services.jobs import deadlines
from zhike.testing import read_page
from zhike_sales_floor.models import Customer, Visit
from zhike_sales_floor.models_cases import Docket
from zhike_sales_floor.services import (
    customers,
    deals,
    docket_sheet,
    dockets,
    evidence,
    floor,
    handovers,
)
from zhike_sales_floor.services.arrivals import Person
from zhike_sales_floor.services.dockets import Claim, Ruled

MANAGER = Actor(kind="user", name="经理赵一")
DIRECTOR = Actor(kind="user", name="总监钱二")


@pytest.fixture
def case(ground):
    """A received 张伟 and sold to him; B says the visit was taken from him."""
    ground.sign_in("ABC")
    act = ground.arrive(Person(name="张伟", phone="13812345678"), need="三房两卫")
    ground.do(lambda s: floor.end_visit(s, act.visit_id, result="looking"))
    ground.visit = act.visit_id
    ground.customer = ground.read(lambda s: s.require(Visit, act.visit_id)).customer_id
    ground.do(
        lambda s: customers.log_contact(
            s, ground.customer, "call", staff_id=ground.reps["A"], note="嫌贵", answered=True
        )
    )
    made = {}

    def sell(s):
        made["deal"], done = deals.start(s, ground.customer, "subscription", amount_fen=100)
        return done

    ground.do(sell)
    ground.deal = made["deal"].id
    return ground


def as_(ground, actor, work):
    ground.now += timedelta(minutes=1)
    with clock.frozen(ground.now), ground.site.transaction(ground.company, actor) as s:
        return work(s)


def opened(case, **kw):
    claims = kw.pop("claims", {case.reps["B"]: Claim("poached", "我先接到电话")})
    fields = {"deal_id": case.deal, "visit_id": case.visit, **kw}
    return as_(
        case,
        MANAGER,
        lambda s: dockets.open_docket(s, case.customer, "客户归谁", claims, **fields),
    ).id


def row(case, one):
    return case.read(lambda s: s.require(Docket, one))


def shares(case):
    found = case.read(lambda s: deals.shares_of(s, case.deal))
    return {case.letter(x.staff_id) if x.staff_id else "部门": x.performance for x in found}


def told(case, letter):
    return case.read(lambda s: [n.title for n in inbox.list_notices(s, case.reps[letter])])


def test_the_owner_is_a_party_and_everybody_is_told(case):
    one = opened(case)
    parties = case.read(lambda s: dockets.parties_of(s, one))
    assert {case.letter(p.staff_id): p.claim for p in parties} == {"A": "", "B": "poached"}
    assert "A dispute about a customer was opened: %(number)s" in told(case, "A")
    assert row(case, one).number.startswith("ZYA1")
    with pytest.raises(Exception, match="running already"):
        opened(case)


def test_the_regulation_answers_for_the_log_and_for_each_claim(case):
    one = opened(
        case,
        claims={
            case.reps["B"]: Claim("poached", "x"),
            case.reps["C"]: Claim("share", "帮过忙", 2_000),
        },
    )
    docket = row(case, one)
    found = case.read(lambda s: evidence.proposals(s, docket, dockets.parties_of(s, one)))
    by = {case.letter(p.party): p for p in found}
    assert by[""].told.performance == {str(case.reps["A"]): 10_000}
    assert by["B"].told.performance == {str(case.reps["B"]): 10_000}
    assert any("抢" in clause.effect for clause in by["B"].told.clauses)
    assert by["C"].told.performance == {
        str(case.reps["A"]): 8_000,
        str(case.reps["C"]): 2_000,
    }
    assert shares(case) == {"A": 10_000}, "asking changes nothing"


def test_the_evidence_is_everything_on_record_in_order(case):
    one = opened(case)
    facts = case.read(lambda s: evidence.timeline(s, row(case, one), {}))
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    assert {fact.kind for fact in facts} >= {"act", "note", "decision"}
    assert "嫌贵" in {fact.text for fact in facts}


def test_a_ruling_is_carried_out_and_stays_open_to_one_appeal(case):
    one = opened(case)
    as_(
        case,
        MANAGER,
        lambda s: dockets.rule(
            s,
            one,
            Ruled("shares", shares={case.reps["A"]: 6_000, case.reps["B"]: 4_000}),
            reason="各有功劳",
            facts="电话先到",
        ),
    )
    assert shares(case) == {"A": 6_000, "B": 4_000}
    docket = row(case, one)
    assert docket.state == "ruled"
    assert docket.appeal_until.isoformat() == "2026-05-07T15:59:59+00:00"
    with pytest.raises(Exception, match="no party"):
        case.do(lambda s: dockets.appeal(s, one, case.reps["C"], "不服"))
    case.do(lambda s: dockets.appeal(s, one, case.reps["B"], "电话有录音"))
    with pytest.raises(Exception, match="appeal is running"):
        case.do(lambda s: dockets.appeal(s, one, case.reps["A"], "我也不服"))
    whole = Ruled("shares", shares={case.reps["B"]: 10_000})
    with pytest.raises(Exception, match="Somebody else"):
        as_(case, MANAGER, lambda s: dockets.rule(s, one, whole, reason="再看"))
    as_(case, DIRECTOR, lambda s: dockets.rule(s, one, whole, reason="录音为证"))
    assert shares(case) == {"B": 10_000}
    assert (row(case, one).state, row(case, one).ended) == ("closed", "ruled")
    with pytest.raises(Exception, match="closed"):
        case.do(lambda s: dockets.appeal(s, one, case.reps["A"], "不服"))


def test_the_appeal_may_leave_the_ruling_as_it_is(case):
    one = opened(case)
    owner = Ruled("owner", owner=case.reps["B"])
    as_(case, MANAGER, lambda s: dockets.rule(s, one, owner, reason="电话在先"))
    customer = case.read(lambda s: s.require(Customer, case.customer))
    assert case.letter(customer.owner_id) == "B"
    case.do(lambda s: dockets.appeal(s, one, case.reps["A"], "不服"))
    as_(case, DIRECTOR, lambda s: dockets.rule(s, one, Ruled("uphold"), reason="无新证据"))
    customer = case.read(lambda s: s.require(Customer, case.customer))
    assert case.letter(customer.owner_id) == "B"


def test_a_poaching_found_in_a_docket_moves_customer_and_credit(case):
    one = opened(case)
    ruled = Ruled("poach", offender=case.reps["A"], rightful=case.reps["B"])
    as_(case, MANAGER, lambda s: dockets.rule(s, one, ruled, reason="轮到的是 B"))
    assert shares(case) == {"B": 10_000}


def test_a_ruling_nobody_appealed_against_is_final_noted_or_not(case):
    one = opened(case)
    as_(case, MANAGER, lambda s: dockets.rule(s, one, Ruled("regulation"), reason="按制度"))
    late = case.now + timedelta(days=4)
    assert dockets.standing(row(case, one), late) == "closed"
    case.now = late
    assert case.read(lambda s: dockets.about(s, [case.customer])) == []
    with pytest.raises(Exception, match="closed"):
        case.do(lambda s: dockets.appeal(s, one, case.reps["B"], "晚了"))
    with clock.frozen(case.now):
        deadlines.sweep(case.site)
    assert row(case, one).state == "closed"
    assert "The ruling in %(number)s is final" in told(case, "B")


def test_no_days_for_an_appeal_make_the_ruling_final_at_once(case):
    case.do(lambda s: settings.set_many(s, "sales_floor", {"appeal_days": 0}))
    one = opened(case)
    as_(case, MANAGER, lambda s: dockets.rule(s, one, Ruled("regulation"), reason="按制度"))
    assert row(case, one).state == "closed"


def test_commission_waits_while_a_dispute_runs(case):
    one = opened(case)
    with pytest.raises(Exception, match="waits until"):
        case.do(lambda s: deals.commission_paid(s, case.deal))
    as_(case, MANAGER, lambda s: dockets.rule(s, one, Ruled("regulation"), reason="按制度"))
    with pytest.raises(Exception, match="waits until"):
        case.do(lambda s: deals.commission_paid(s, case.deal))
    case.do(lambda s: deals.commission_paid(s, case.deal, despite="总监批准"))
    (line,) = case.read(
        lambda s: [
            x for x in s.scalars(select(LedgerLine)) if x.action == "sales_floor.paid_despite"
        ]
    )
    assert line.reason == "总监批准"


def test_what_is_paid_cannot_be_ruled_on_any_more(case):
    case.do(lambda s: deals.commission_paid(s, case.deal))
    one = opened(case)
    whole = Ruled("shares", shares={case.reps["B"]: 10_000})
    with pytest.raises(Exception, match="is paid"):
        as_(case, MANAGER, lambda s: dockets.rule(s, one, whole, reason="x"))


def test_refusing_a_ruling_has_the_policys_consequence(case):
    one = opened(case)
    with pytest.raises(Exception, match="no ruling"):
        case.do(lambda s: dockets.refuse(s, one, case.reps["B"], "不服"))
    as_(case, MANAGER, lambda s: dockets.rule(s, one, Ruled("regulation"), reason="按制度"))
    case.do(lambda s: dockets.refuse(s, one, case.reps["B"], "拒不执行"))
    assert (row(case, one).state, row(case, one).ended) == ("closed", "refused")
    assert shares(case) == {"A": 10_000}, "P12 takes nothing away for a quarrel"


def test_parties_come_to_terms_or_take_it_back(case):
    one = opened(case)
    case.do(lambda s: dockets.settle(s, one, "请吃饭", withdrawn=False))
    assert row(case, one).ended == "settled"
    two = opened(case)
    case.do(lambda s: dockets.settle(s, two, "看错了", withdrawn=True))
    assert row(case, two).ended == "withdrawn"
    with pytest.raises(Exception, match="closed"):
        case.do(lambda s: dockets.note(s, two, "还有话说"))


def test_a_leavers_disputes_stand_on_his_hand_over(case):
    one = opened(case)
    held = case.read(lambda s: handovers.holding(s, case.unit, case.reps["B"]))
    assert [d.id for d in held.dockets] == [one]


def test_the_paper_has_claims_clauses_and_evidence(case):
    one = opened(case)
    as_(case, MANAGER, lambda s: dockets.rule(s, one, Ruled("regulation"), reason="按制度"))
    form, data = case.read(
        lambda s: docket_sheet.sheet(s, s.require(Docket, one), customer="张伟", whole=True)
    )
    assert form.title == "争议裁定单"
    assert data.number == row(case, one).number
    assert len(data.rows["claims"]) == 2
    assert data.rows["clauses"]
    assert any(line["text"] == "嫌贵" for line in data.rows["evidence"])


def test_a_rep_opens_claims_and_appeals_and_sees_no_more_than_he_may(case, as_rep, login):
    base = f"/p/sales_floor/floor/{case.unit}/dockets"
    with clock.frozen(case.now):
        mine = as_rep(case, "B")
        found = mine.get(f"{base}/suggest?q=5678").json["items"]
        assert [item["label"] for item in found] == ["张*"]
        place = f"{base}/new?customer={case.customer}&deal={case.deal}"
        page = mine.get(place).text
        assert "张伟" not in page
        form = read_page(page).form(css_class="zk-form")
        sent = {**form.values, "question": "客户先找的我", "claim": "owner", "words": "有录音"}
        answer = mine.post(place, data=sent)
        assert answer.status_code == 303
        there = answer.headers["Location"]
        shown = mine.get(there).text
        assert "客户先找的我" in shown
        assert "张*" in shown
        for hidden in ("张伟", "三房两卫", "嫌贵", "13812345678", ">裁定<"):
            assert hidden not in shown, hidden
        assert as_rep(case, "C").get(there).status_code == 404
        owner = as_rep(case, "A")
        form = read_page(owner.get(f"{there}/claim").text).form(css_class="zk-form")
        sent = {**form.values, "claim": "owner", "words": "是我首访"}
        assert owner.post(f"{there}/claim", data=sent).status_code == 303
        assert mine.get(f"{there}/rule").status_code == 403
        boss = login(case.company)
        assert "是我首访" in boss.get(there).text
        assert "嫌贵" in boss.get(there).text
        form = read_page(boss.get(f"{there}/rule").text).form(css_class="zk-form")
        sent = {**form.values, "kind": "shares", "shares": "顾问A 50 / 顾问B 50", "reason": "平分"}
        assert boss.post(f"{there}/rule", data=sent).status_code == 303
        assert shares(case) == {"A": 5_000, "B": 5_000}
        assert "有争议" in boss.get(f"/p/sales_floor/floor/{case.unit}/deals").text
        assert (
            "提成暂不发放" in boss.get(f"/p/sales_floor/floor/{case.unit}/deals/{case.deal}").text
        )
        form = read_page(mine.get(f"{there}/appeal").text).form(css_class="zk-form")
        sent = {**form.values, "reason": "录音为证"}
        assert mine.post(f"{there}/appeal", data=sent).status_code == 303
        refused = boss.get(there).text
        assert "原裁定是您作的" in refused
        assert "争议裁定单" in boss.get(f"{there}/sheet").text
        assert "录音为证" in boss.get(there).text
