"""Who leaves the company: what he may no longer do, and who receives his customers."""

from __future__ import annotations

from zhike_sales_floor.rules.ownership import draw

from .conftest import Play


def test_who_has_left_is_gone() -> None:
    play = Play(customers={"o1": "A", "o2": "A"})
    play("09:00", leave="A", customers=["o1"], to="B")
    for event in (
        {"sign_out": "A"},
        {"out": "A", "reason": "public"},
        {"absent": "A"},
        {"reclass": "A"},
        {"leave": "A"},
        {"reassign": "A", "customers": ["o2"], "to": "A"},
        {"reassign": "A", "customers": ["o2"], "receivers": ["A"]},
    ):
        assert play.refused("09:01", **event) == "left"
    assert play("09:02", reassign="A", customers=["o2"], seed="1")["seed"] == "1"
    assert play("09:03", event="reassign", customers=["o2"], to="C")["owners"] == {"o2": "C"}
    assert "result" not in play("09:04", reassign="A", customers=["o2"], to="C")


def test_nobody_left_to_draw_for() -> None:
    play = Play(ring="A", customers={"o1": "A"})
    assert play.refused("09:00", leave="A") == "no_receiver"


def test_a_leaver_with_a_visitor_hands_over_or_leaves_him_waiting() -> None:
    play = Play()
    play("09:00", arrive="n1")
    play("09:01", help="B", customer="n1")
    out = play("09:10", resigns="B")
    assert out["states"]["A"] == "RECEIVING_NEW"
    out = play("09:11", transfer="A", result="C", customers=["n1"])
    assert out["assigned"] == "C"
    assert out["states"]["C"] == "ASSISTING"
    assert out["owners"] == {"n1": "C"}
    alone = Play(ring="A>B", reps={"B": "OUT_PRIVATE"})
    alone("09:00", arrive="n1")
    out = alone("09:10", transfer="A", customers=["n1"], result="B")
    assert out["waiting"] == ["n1"]
    assert alone("09:20", back="B")["assigned"] == "B"


def test_a_leaver_who_is_being_asked_cannot_come() -> None:
    play = Play(reps={"A": "OUT_PUBLIC"}, customers={"o1": "A"})
    assert play("09:00", arrive=["o1", "n1"])["calling"]["rep"] == "A"
    out = play("09:05", transfer="A", customers=["o1"], result="C")
    assert (out["assigned"], out["owners"]) == ("B", {"o1": "C", "n1": "B"})
    gone = Play(reps={"A": "LEFT"}, customers={"o1": "A"})
    assert gone("09:00", arrive=["o1", "n1"])["assigned"] == "B"
    assert gone("09:01", arrive="n2", introducer="o1")["assigned"] == "C"


def test_the_turn_of_somebody_who_left_is_not_given_back() -> None:
    play = Play()
    play("09:00", arrive="n1")
    play("09:05", end="A")
    play("09:06", transfer="A", customers=[])
    out = play("09:10", void="n1", confirmed=True)
    assert out["tickets"] == []
    assert play.refused("09:11", void="n1", confirmed=True) == "no_visit"


def test_the_draw_can_be_repeated_by_anybody() -> None:
    customers = [f"k{n}" for n in range(7)]
    result = draw("seed", customers, ["B", "C"])
    assert result == draw("seed", customers, ["B", "C"])
    assert sorted(result) == customers
    assert {list(result.values()).count(rep) for rep in "BC"} == {3, 4}
    other = draw("seed", [f"x{n}" for n in range(7)], ["Y", "Z"])
    assert [v == "B" for v in result.values()] == [v == "Y" for v in other.values()]
    assert draw("other", customers, ["B", "C"]) != result
