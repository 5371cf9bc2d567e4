"""Deals and who shares in them: steps, reversals, relatives, pooling, rulings."""

from __future__ import annotations

from zhike_sales_floor.policies import preset
from zhike_sales_floor.rules.relations import inverse, is_immediate, relation_word

from .conftest import DAY, Play


def test_deals_have_each_step_once() -> None:
    play = Play()
    play("09:00", arrive="n1")
    assert play("10:00", sign="n1", deal="d1")["deal"] == "d1"
    assert play.refused("10:01", sign="n1", deal="d1") == "step_done"
    assert play("10:02", sign="n1", deal="d2")["credit"]["performance"] == {"A": 10_000}
    play("10:03", cancel="n1", deal="d1")
    assert play.refused("10:04", contract="n1", deal="d1") == "reversed"
    assert play("10:05", sign="n1")["deal"] == "n1/3"
    clash = Play()
    clash("10:00", sign="n1", deal="n1/2")
    assert clash.refused("10:01", sign="n1") == "deal_exists"
    clash("10:02", ruling="n1", shares="A", deal="n1/2")
    clash("10:03", sign="n1", deal="x")
    assert clash.state.customers["n1"].deals[-1].performance == {}


def test_open_visits_end_with_their_day() -> None:
    play = Play()
    play("17:00", arrive="p1")
    play("2024-05-09T09:00", arrive="p2")
    assert play.state.customers["p1"].visits[0].end == DAY + "23:59:59"
    play("2024-05-09T09:10", relation="spouse", customers=["p1", "p2"])
    out = play("2024-05-09T10:00", sign="p2")
    assert out["credit"]["performance"] == {"B": 10_000}


def test_more_than_everything_cannot_be_given_away() -> None:
    policy = preset("P12").policy({"split.helper": 9000, "split.lapsed_owner": 9000})
    play = Play(
        policy, customers={"o1": {"owner": "A", "last_contact": 20}}, reps={"A": "OFF_DUTY"}
    )
    play("09:00", arrive="o1")
    play("09:01", help="C", customer="o1")
    assert play("10:00", sign="o1")["credit"]["performance"] == {"B": 10_000}


def test_relatives_of_whom_nobody_owns_the_signer_need_a_ruling() -> None:
    play = Play(reps={"B": "OFF_DUTY", "C": "OFF_DUTY"})
    play("09:00", arrive="p1")
    play("09:01", arrive="p2")
    play("09:02", relation="spouse", customer="p1", of="p2")
    play("09:02", relation="spouse", customer="p1", of="p2")
    assert len(play.state.customers["p1"].relations) == 1
    assert play("10:00", sign="p2")["credit"]["pending"] is True
    out = play("10:01", ruling="p2", performance={"A": 100}, by="m")
    assert out["credit"]["commission"] == {"A": 10_000}


def test_a_link_of_a_later_visit_does_not_touch_an_earlier_deal() -> None:
    play = Play(customers={"o1": "A"})
    play("09:00", arrive="o1")
    play("09:05", end="A")
    play("09:06", sign="o1")
    play("09:10", arrive=["o1", "n1"], recognised=True)
    play("09:20", ruling="o1", owner="B")
    assert play("09:30", sign="n1")["credit"]["performance"] == {"A": 10_000}
    assert play.state.customers["o1"].deals[0].performance == {"A": 10_000}


def test_a_deal_taken_back_the_same_day_is_no_partner_for_pooling() -> None:
    play = Play(customers={"oA": "A"}, reps={"A": "OUT_PRIVATE"})
    play("09:00", arrive=["oA", "n1"], owner_answer="decline")
    play("10:00", sign="oA")
    play("11:00", cancel="oA", reason="refund")
    assert play("12:00", sign="n1")["credit"]["performance"] == {"B": 10_000}
    both = Play(customers={"oA": "A"}, reps={"A": "OUT_PRIVATE"})
    both("09:00", arrive=["oA", "n1"], owner_answer="decline")
    both("10:00", sign="oA")
    both("12:00", sign="n1")
    both("13:00", cancel="oA", reason="refund")  # what was shared at the closing stays shared
    pooled = both("13:01", ruling="oA", shares={"A": 100}, by="manager")
    assert "n1/1" not in pooled.get("deals", {})


def test_a_void_visit_of_a_relative_is_no_batch() -> None:
    play = Play(customers={"p1": "A"})
    play("09:00", arrive="p1")
    play("09:01", arrive="p2")
    play("09:02", relation="spouse", customers=["p1", "p2"])
    play("09:05", void="p1", confirmed=True, reason="other material")
    assert play.state.customers["p1"].owner == "A"
    assert play("10:00", sign="p2")["credit"]["performance"] == {"B": 10_000}


def test_relations_are_read_in_words() -> None:
    assert relation_word("Mother of") == "parent"
    assert relation_word("grand-sons") == "grand_son"
    assert relation_word("儿子") == "child"
    assert inverse("grandparent") == "grandchild"
    assert is_immediate("child", ["parent"])
    assert not is_immediate("sibling", ["parent"])
