"""Whether an engine knows the words of a drill, told without playing it and without a policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from zhike.drills.load import Drill
from zhike.rules import Engine, RuleError

Read = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A part of a drill that the engine cannot read.

    part   given, event or expect; ``event`` counts from 1, 0 is the drill's own beginning or end.
    line   in the text, 0 where it is not known.
    word   what was written; ``near`` the known word that comes closest, ``""`` where none does.
    """

    part: str
    event: int
    line: int
    word: str
    near: str
    error: RuleError


def faults(drill: Drill, engine: Engine) -> Iterator[Fault]:
    """What of a drill is outside its engine's vocabulary, in the order of the text.

    An engine that offers no ``check`` finds its faults when the drill is played.
    """
    read: Read | None = getattr(engine, "check", None)
    if read is None:
        return
    yield from _read(read, "given", drill.given, 0, 0)
    for place, event in enumerate(drill.events):
        line = drill.lines[place] if place < len(drill.lines) else 0
        stated = {key: value for key, value in event.items() if key != "expect"}
        yield from _read(read, "event", stated, place + 1, line)
        expect = event.get("expect")
        if isinstance(expect, Mapping):
            yield from _read(read, "expect", expect, place + 1, line)
    yield from _read(read, "expect", drill.expect, 0, 0)


def _read(
    read: Read, part: str, stated: Mapping[str, Any], event: int, line: int
) -> Iterator[Fault]:
    try:
        read(part, stated)
    except RuleError as error:
        word = error.facts.get("word") or error.field.rpartition(".")[2]
        near = get_close_matches(word, error.allowed, 1)
        yield Fault(part, event, line, word, near[0] if near else "", error)
