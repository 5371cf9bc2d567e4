"""Who gets a present: the first few guests of a day (AG-01), nobody twice (AG-02)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from zhike.rules import Cite, Decision, EventInvalid, Policy, Step


@dataclass(frozen=True)
class State:
    """Who has had a present on which day."""

    policy: Policy
    day: str = ""
    had: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"day": self.day, "had": list(self.had)}


class Presents:
    """The engine; stateless."""

    plugin = "acme_guestbook"

    def schema(self) -> dict[str, Any]:
        """The vocabulary: one event, ``sign``."""
        return {
            "given": {"type": "object", "additionalProperties": False},
            "event": {
                "type": "object",
                "required": ["at", "event", "guest"],
                "properties": {
                    "at": {"type": "string"},
                    "event": {"const": "sign"},
                    "guest": {"type": "string"},
                    "expect": {"$ref": "#/expect"},
                },
            },
            "expect": {"type": "object", "properties": {"present": {"type": "boolean"}}},
        }

    def start(self, given: Mapping[str, Any], policy: Policy) -> State:
        """Nobody has had anything."""
        return State(policy)

    def handle(self, state: State, event: Mapping[str, Any]) -> Step:
        """A guest signs."""
        if event.get("event") != "sign":
            raise EventInvalid("unknown event", code="verb", field="event", allowed=("sign",))
        guest, at = str(event["guest"]), str(event["at"])
        if at[:10] != state.day:
            state = replace(state, day=at[:10], had=())
        limit = state.policy["presents.daily"]
        if guest in state.had:
            given, cite = False, Cite("AG-02", "already", {"guest": guest})
        else:
            given = len(state.had) < limit
            cite = Cite("AG-01", "first" if given else "none_left", {"limit": limit})
        if given:
            state = replace(state, had=(*state.had, guest))
        decision = Decision("present", guest, {"present": given}, (cite,), at)
        return Step(state, {"present": given}, (decision,))

    def differences(
        self, expected: Mapping[str, Any], step: Step | None, final: Any
    ) -> list[tuple[str, Any, Any]]:
        """Compare what a drill states."""
        actual = {"had": list(final.had), **(step.outcome if step is not None else {})}
        return [
            (key, value, actual.get(key))
            for key, value in expected.items()
            if actual.get(key) != value
        ]

    def explain(
        self,
        decision: Decision,
        policy: Policy,
        names: Mapping[str, str] | None = None,
        locale: str = "zh_Hans",
    ) -> list[str]:
        """The clause, and what it did."""
        word = "得一份小礼" if decision.outcome["present"] else "没有小礼"
        guest = (names or {}).get(decision.subject, decision.subject)
        return [f"{guest}{word}。", *(policy.sentence(cite.rule) for cite in decision.cites)]
