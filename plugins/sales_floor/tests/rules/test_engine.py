"""The engine as the core sees it: its contract, its state as data, the facts it asks for."""

from __future__ import annotations

import json

import pytest

from zhike.rules import Engine, EventInvalid, Policy, from_json, to_json
from zhike_sales_floor.rules import ENGINE, State
from zhike_sales_floor.rules.state import Customer, Floor

from .conftest import DAY, P12, Play


def test_the_engine_is_an_engine() -> None:
    assert isinstance(ENGINE, Engine)
    with pytest.raises(EventInvalid, match="no rules for preset 'P99'"):
        ENGINE.start({"ring": "A"}, Policy("sales_floor", "P99", "1", {}))


def test_given_facts_may_be_short_or_long() -> None:
    play = Play(
        tickets=[{"rep": "A", "kind": "refund"}, "B"],
        reps={"A": {"state": "receiving old", "with": ["o1", "o2"]}, "B": "receiving invalid"},
        customers=[
            {"id": "o1", "owner": "A", "closed": True, "introducer": "o9", "poachers": "B"},
            {"id": "o2"},
            {"id": "o3", "relations": [{"relation": "son", "of": "o4", "proven": False}]},
        ],
    )
    floor = play.state.floor
    assert [(t.rep, t.kind) for t in floor.tickets] == [("A", "refund"), ("B", "comp")]
    assert floor.reps["B"].state == "RECEIVING_INVALID"
    facts = play.state.customers
    assert facts["o1"].has_closed
    assert facts["o1"].visits[0].party == ("o1", "o2")
    assert facts["o4"].relations[0].kind == "parent"
    assert State.from_json(json.loads(json.dumps(play.state.to_json())), P12) == play.state


def test_customers_come_and_go() -> None:
    play = Play(customers={"o1": "A"})
    bare = play.state.without_customers()
    assert bare.customers == {}
    stored = to_json(play.state.customers["o1"])
    again = bare.with_customer(stored).with_customer("new").with_customer(Customer("x"))
    assert again.customers["o1"] == play.state.customers["o1"]
    assert again.customers["new"].owner == ""
    assert again.with_policy(P12).policy is P12
    assert from_json(Floor, to_json(bare.floor)) == bare.floor


def test_needs_names_what_the_event_touches_and_no_more() -> None:
    play = Play(reps={"C": "OUT_PUBLIC"}, customers={"oA": "A", "oC": "C", "far": "B"})
    play("09:00", arrive="n1")
    play("09:01", arrive=["oC", "n3"])
    state = play.state.without_customers()
    event = {"at": DAY + "09:02", "arrive": "oA", "introducer": "far"}
    assert ENGINE.needs(event, state) == {"oA", "far", "oC", "n3"}
    loaded = state.with_customers(play.state.customers[c] for c in ("oA", "oC", "far"))
    assert ENGINE.needs(event, loaded) == {"n3", "n1"}
    ended = {"at": DAY + "09:02", "event": "end", "reps": ["A"]}
    assert ENGINE.needs(ended, state) == {"n1", "oC", "n3"}
    named = {"at": DAY + "09:02", "event": "end", "visit": "v1"}
    assert "n1" in ENGINE.needs(named, state)
    given = {"at": DAY + "09:02", "leave": "A", "result": {"k1": "B"}}
    assert "k1" in ENGINE.needs(given, state)
    assert "far" not in ENGINE.needs({"at": "2024-05-09T09:00", "arrive": "x"}, state)


def test_no_clock_and_no_memory() -> None:
    """The same state and event give the same step, whatever was played in between."""
    play = Play()
    first = play.state
    event = {"at": DAY + "09:00", "arrive": "n1"}
    one = ENGINE.handle(first, event)
    play("09:30", arrive="n9")
    two = ENGINE.handle(first, event)
    assert one.state == two.state
    assert one.outcome == two.outcome
    assert one.changed == ("n1",)
