"""Events as people write them: liberal words, short forms, instants, late entries."""

from __future__ import annotations

import pytest

from zhike.rules import EventInvalid
from zhike_sales_floor.rules import ENGINE

from .conftest import DAY, Play


def test_events_are_read_liberally() -> None:
    play = Play(ring="A, B, C, D")
    assert play("09:00", leave="A", reason="private")["states"]["A"] == "OUT_PRIVATE"
    assert play("09:01", out=["B", "C"], reason="Company Business")["states"]["C"] == "OUT_PUBLIC"
    assert play("09:02", back="A, B, C")["states"]["B"] == "AVAILABLE"
    assert "already" in play("09:03", back="A")["ignored"]
    assert "already" in play("09:03", sign_in="A")["ignored"]
    assert "nobody" in play("09:03", accept="A")["ignored"]
    assert "not with" in play("09:03", free="A")["ignored"]
    assert play("09:04", arrive=7)["waiting"] == []
    assert play("09:05", event="end", customer="7")["status"] == "ended"
    assert play("09:06", event="Arrive", visitor="n2", recorded_at="x", id="e1")["assigned"] == "B"
    assert play("09:07", event="visitor leaves", customer="n2")["status"] == "ended"
    assert play("09:08", contact=["n2"], kind="sms", occurred_at="08:00")["counted"] is True
    assert play("09:09", poach="n2", who="C", rightful="D")["owner"] == "D"
    assert play("09:10:30", tick=True)["at"] == DAY + "09:10:30"
    assert play(DAY + "09:11:00", event="tick", comment="x")["assigned"] is None


def test_the_short_form_takes_the_other_person_where_the_customer_is_named() -> None:
    play = Play(ring="A>B>C>D", customers={"oA": "A"})
    play("09:00", arrive="n1")
    out = play("09:01", poach="C", customer="n1")
    assert (out["owner"], out["states"]["C"]) == ("A", "RECEIVING_INVALID")
    assert play("09:02", hand_over="A", customer="n1")["assigned"] == "A"
    assert play("09:03", help="n1", rep="B")["states"]["B"] == "ASSISTING"
    assert play("09:04", take_over="D", customer="n1", confirmed=True)["owner"] == "D"
    assert play("09:05", contact="A", customer="oA", kind="call")["counted"] is True
    assert play("09:06", relation="n1", of="oA", kind="mother")["rules"] == ["SF-A-10"]
    assert play("09:07", event_mode=True, preset="P12")["rules"] == ["SF-D-40"]
    assert play("09:08", arrive="n2")["kind"] == "new"
    assert play.refused("09:09", event_mode=True, preset="P99") == "preset"


def test_a_phone_call_is_logged_and_changes_nothing() -> None:
    play = Play(reps={"A": "OUT_PRIVATE"}, customers={"o1": "A"})
    assert "nobody" in play("09:00", call_owner="A")["ignored"]
    play("09:01", arrive=["o1", "n1"])
    assert play("09:02", call="A")["calling"]["rep"] == "A"
    assert play("09:03", decline="A")["assigned"] == "B"


def test_an_event_needs_its_instant_and_its_verb() -> None:
    play = Play()
    with pytest.raises(EventInvalid, match="instant"):
        ENGINE.handle(play.state, {"arrive": "n1"})
    with pytest.raises(EventInvalid, match="no verb among at"):
        ENGINE.handle(play.state, {"at": DAY + "09:00"})
    with pytest.raises(EventInvalid, match="somebody must come"):
        play("09:00", arrive=[])
    with pytest.raises(EventInvalid, match="contact has no such field"):
        play("09:00", contact="n1", reps="A")


def test_backdated_events_show_and_rewind_nothing() -> None:
    play = Play()
    play("10:00", arrive="n1")
    out = play("09:00", arrive="n2")
    assert out["backdated"] is True
    assert out["assigned"] == "B"
    assert play.state.floor.now == DAY + "10:00:00"


def test_offsets_are_kept() -> None:
    play = Play(date="2024-05-08T08:00:00+08:00", reps={"A": "OUT_PUBLIC"}, customers={"o": "A"})
    play(DAY + "09:00+08:00", arrive=["o", "n"])
    out = play(DAY + "09:20:00+08:00", event="tick")
    assert out["earlier"][0]["rep"] == "B"
    out = play("2024-05-09T09:00:00+08:00", arrive="n2")
    assert play.state.customers["n"].visits[0].end == "2024-05-08T23:59:59+08:00"
