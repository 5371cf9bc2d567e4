"""What a drill expects against what happened: only what is stated is compared, liberally read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from zhike.rules import Decision, EventInvalid, Step, parse_shares
from zhike_sales_floor.rules.given import read_state, read_tickets
from zhike_sales_floor.rules.parse import list_names, read_names
from zhike_sales_floor.rules.state import Customer, State
from zhike_sales_floor.rules.validity import holder_of, months_of

Difference = tuple[str, Any, Any]
_NOBODY = ("", "-", "–", "none", "nobody", "null", "无")
_WHO = re.compile(r"([^\s()]+)\s*(?:\(([^()]*)\))?")
_SPACED = re.compile(r"(.+?)\s*(?:\(([^()]*)\))?")
_VIAS = ("turn", "ticket", "uncounted")
ALIASES = {
    "ring_after": "ring",
    "tickets_after": "tickets",
    "receiver": "assigned",
    "state": "states",
    "rule": "rules",
    "queue": "waiting",
}
_EFFECTS = {"missed": "miss", "compensated": "comp", "ticket": "comp"}


def differences(expected: Mapping[str, Any], step: Step, final: State) -> list[Difference]:
    """Each statement that does not hold, as ``(what, expected, actual)``.

    ``step`` is the event's own step. For the end of the drill it holds every decision of the drill
    and an empty outcome; ring, tickets, states and credit are then those of ``final``.
    """
    found: list[Difference] = []
    for stated, value in expected.items():
        key = statement(stated)
        found.extend(_CHECKS[key](key, value, step, final))
    return found


def statement(stated: Any) -> str:
    """The canonical name of what is stated; EventInvalid where nobody knows it."""
    word = str(stated).strip().replace(" ", "_")
    key = ALIASES.get(word, word)
    if key not in _CHECKS:
        raise EventInvalid(
            "expect has no such field",
            code="field",
            field=str(stated),
            allowed=(*_CHECKS, *ALIASES),
        )
    return key


def read_words(stated: Mapping[str, Any]) -> None:
    """Read what is stated by its words alone; EventInvalid for the first that nobody knows."""
    for key, value in stated.items():
        if statement(key) == "assigned":
            for one in value.values() if isinstance(value, Mapping) else (value,):
                for bracket in re.findall(r"\(([^()]*)\)", str(one)):
                    list(_vias(str(key), one, bracket))


def _nothing(value: Any) -> bool:
    return value is None or value is False or str(value).strip().lower() in _NOBODY


def _is(key: str, wanted: Any, actual: Any) -> list[Difference]:
    return [] if wanted == actual else [(key, wanted, actual)]


def _word(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    wanted = None if _nothing(value) else str(value).strip().lower().replace(" ", "_")
    actual = step.outcome.get(key)
    return _is(key, wanted, actual if actual is None else str(actual).lower())


def _name(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    return _is(key, None if _nothing(value) else str(value), step.outcome.get(key))


def _assigned(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    if isinstance(value, Mapping):
        lines = [*step.outcome.get("earlier", []), *step.outcome.get("assignments", [])]
        seated = {person: line for line in lines for person in line["customers"]}
        found: list[Difference] = []
        for person, stated in value.items():
            found += _one_assigned(
                f"{key}.{person}", stated, seated.get(str(person), {}), "rep", final
            )
        return found
    return _one_assigned(key, value, step.outcome, "assigned", final)


def _who(value: Any, final: State) -> tuple[str, str] | None:
    """A rep and the words in brackets behind; reps of this floor may have blanks or brackets."""
    text = str(value).strip()
    if text in final.floor.reps:
        return text, ""
    spaced = _SPACED.fullmatch(text)
    if spaced is not None and spaced[1] in final.floor.reps:
        return spaced[1], spaced[2] or ""
    plain = _WHO.fullmatch(text)
    return None if plain is None else (plain[1], plain[2] or "")


def _one_assigned(
    key: str, value: Any, line: Mapping[str, Any], name: str, final: State
) -> list[Difference]:
    if _nothing(value) or str(value).strip().lower() == "waiting":
        return _is(key, None, line.get(name))
    who = _who(value, final)
    if who is None:
        raise EventInvalid(
            f"{value!r} cannot be read", code="expect", field=key, allowed=("A", "A (turn)", "-")
        )
    found = _is(key, who[0], line.get(name))
    for via in _vias(key, value, who[1]):
        found += _is(f"{key} via", via, line.get("via"))
    return found


def _vias(key: str, value: Any, words: str) -> Iterator[str]:
    """How somebody received, among the words in the brackets; other words are the author's notes.

    A word that comes close to one of the three is a slip, and would compare nothing.
    """
    for word in re.split(r"[,\s]+", words.lower()):
        via = word.removesuffix("s") if word.removesuffix("s") in _VIAS else word
        if via in _VIAS:
            yield via
        elif get_close_matches(via, _VIAS, 1, 0.7):
            raise EventInvalid(
                f"{value!r}: {word!r} cannot be read",
                code="expect", field=key, allowed=_VIAS, facts={"word": word},
            )  # fmt: skip


def _names(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    wanted = [] if _nothing(value) else list(read_names(value))
    return _is(key, wanted, step.outcome.get(key, []))


def _ring(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    actual = step.outcome.get("ring", final.floor.ring)
    return _is(key, ">".join(read_names(value)), ">".join(actual))


def _show(tickets: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{rep}({kind[0]})" for rep, kind in tickets) or "-"


def _tickets(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    wanted = _show(read_tickets(value, key))
    if key != "tickets" or step.outcome:
        return _is(key, wanted, _show(read_tickets(step.outcome.get(key, []))))
    return _is(key, wanted, _show((t.rep, t.kind) for t in final.floor.tickets))


def _states(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    found: list[Difference] = []
    if not isinstance(value, Mapping):
        raise EventInvalid(
            f"{value!r} cannot be read", code="expect", field=key, allowed=("{A: AVAILABLE}",)
        )
    actual = step.outcome.get("states") or {r: rep.state for r, rep in final.floor.reps.items()}
    for rep_id, stated in value.items():
        wanted = read_state(stated, f"{key}.{rep_id}")
        found += _is(f"{key}.{rep_id}", wanted, actual.get(str(rep_id)))
    return found


def _passes(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    actual = {line["rep"]: line["effect"] for line in step.outcome.get("passes", [])}
    if _nothing(value) or value == []:
        return _is(key, {}, actual)
    pairs: list[tuple[str, str]] = []
    rows = [value] if isinstance(value, Mapping) and "rep" not in value else value
    for row in rows if isinstance(rows, (list, tuple)) else [rows]:
        if isinstance(row, Mapping):
            more = [(row["rep"], row.get("effect", ""))] if "rep" in row else list(row.items())
            pairs += [(str(rep), str(effect)) for rep, effect in more]
        else:
            pairs.append(_who(row, final) or (str(row), ""))
    found: list[Difference] = []
    for rep, effect in pairs:
        seen = actual.get(rep)
        word = _EFFECTS.get(effect.lower(), effect.lower())
        fits = seen is not None and (not word or word == seen or (word, seen) == ("none", "capped"))
        if not fits:
            found.append((f"{key}.{rep}", word or "passed", seen))
    return found


# --- rules -------------------------------------------------------------------------------------
def _rules(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    stated = re.split(r"[,;、\s]+", value) if isinstance(value, str) else value
    cited = {cite.rule for made in step.decisions for cite in made.cites}
    params = _params(step.decisions)
    missing = [
        str(rule)
        for rule in stated or ()
        if str(rule) and not _cited(str(rule), cited) and not _cited_param(str(rule), params)
    ]
    return [(key, missing, sorted(cited))] if missing else []


def _cited(rule: str, cited: Iterable[str]) -> bool:
    wanted = rule.strip().removeprefix("SF-").lower()
    for seen in cited:
        actual = seen.removeprefix("SF-").lower()
        if actual == wanted or (actual[:-1] == wanted and actual[-1].isalpha()):
            return True
    return False


def _cited_param(name: str, params: Iterable[str]) -> bool:
    return any(key == name or key.endswith("." + name) for key in params)


def _params(decisions: Iterable[Decision]) -> set[str]:
    return {
        str(cite.facts["param"])
        for made in decisions
        for cite in made.cites
        if "param" in cite.facts
    }


# --- credit --------------------------------------------------------------------------------------
def _vectors(stated: Any, key: str) -> dict[str, dict[str, int]]:
    """Both vectors a drill states; one of them may be left open."""
    if _nothing(stated) or stated == {}:
        return {"performance": {}, "commission": {}}
    try:
        if isinstance(stated, Mapping) and set(stated) <= {"performance", "commission"}:
            return {name: parse_shares(value) for name, value in stated.items()}
        both = parse_shares(stated)
    except (ValueError, ZeroDivisionError) as error:
        raise EventInvalid(str(error), code="shares", field=key) from None
    return {"performance": both, "commission": both}


def deal_credit(facts: Customer, deal_id: str = "") -> dict[str, dict[str, int]]:
    """Both vectors of a customer's deal (the latest) as they stand; empty when there is none."""
    deals = [d for d in facts.deals if d.closed and (not deal_id or d.id == deal_id)]
    if not deals or deals[-1].reversed:
        return {"performance": {}, "commission": {}}
    return {"performance": dict(deals[-1].performance), "commission": dict(deals[-1].commission)}


def _credit(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    nested = (
        isinstance(value, Mapping)
        and value
        and all(
            (isinstance(part, (Mapping, str)) and not _is_number(part)) or part is None
            for part in value.values()
        )
    )
    if nested and not set(value) <= {"performance", "commission"}:
        found: list[Difference] = []
        for name, stated in value.items():
            found += _deal(f"{key}.{name}", str(name), stated, step, final)
        return found
    if not step.outcome:
        raise EventInvalid(
            "at the end of a drill credit is stated per customer",
            code="expect",
            field=key,
            allowed=("{n1: {A: 100}}",),
        )
    wanted = _vectors(value, key)
    now = step.outcome.get("credit", {"performance": {}, "commission": {}})
    deal_id = str(step.outcome.get("deal", ""))
    owner = next((c for c in final.customers.values() if c.deal(deal_id) is not None), None)
    later = deal_credit(owner, deal_id) if owner is not None else now
    if any(all(wanted[v] == credit[v] for v in wanted) for credit in (now, later)):
        return []
    return [(key, wanted, {v: now[v] for v in wanted})]


def _vector(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    return _credit("credit", {key: value}, step, final)


def _is_number(value: Any) -> bool:
    return re.fullmatch(r"\s*\d+(\.\d+)?\s*%?\s*", str(value)) is not None


def _deal(key: str, name: str, stated: Any, step: Step, final: State) -> list[Difference]:
    wanted = _vectors(stated, key)
    facts = final.customers.get(name)
    deal_id = ""
    if facts is None:
        facts = next((c for c in final.customers.values() if c.deal(name) is not None), None)
        deal_id = name
    actual = deal_credit(facts if facts is not None else Customer(name), deal_id)
    if all(wanted[v] == actual[v] for v in wanted):
        return []
    return [(key, wanted, {v: actual[v] for v in wanted})]


def _owners(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    found: list[Difference] = []
    state: State = step.state if step.outcome else final
    for customer_id, owner in dict(value).items():
        facts = state.customers.get(str(customer_id))
        actual = _holder(facts, state) or None if facts is not None else None
        found += _is(f"{key}.{customer_id}", None if _nothing(owner) else str(owner), actual)
    return found


def _holder(facts: Customer, state: State) -> str:
    """Who owns the customer under the drill's policy at its last event."""
    floor = state.floor
    return holder_of(facts, months_of(state.policy.params), floor.now, floor.reps)


def _last_contact(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    """The date from which the owner's silence counts, per customer."""
    found: list[Difference] = []
    state: State = step.state if step.outcome else final
    for customer_id, stated in dict(value).items():
        facts = state.customers.get(str(customer_id))
        actual = facts.contacts.get(facts.owner, "")[:10] if facts is not None else ""
        wanted = None if _nothing(stated) else str(stated)[:10]
        found += _is(f"{key}.{customer_id}", wanted, actual or None)
    return found


def _waiting(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    floor = final.floor
    at_end = [person for visit in floor.queue for person in floor.visits[visit].customers]
    wanted = [] if _nothing(value) else list(read_names(value))
    return _is(key, wanted, step.outcome.get(key, at_end))


def _calling(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    asked = step.outcome.get("calling", {}).get("rep")
    if isinstance(value, bool):
        return _is(key, value, asked is not None)
    return _is(key, None if _nothing(value) else str(value), asked)


def _truth(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    place = step.outcome.get("credit", {}) if key == "pending" else step.outcome
    actual = place.get(key)
    return _is(key, bool(value), bool(actual))


def _result(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    actual = step.outcome.get("result", {})
    wanted = {str(customer): str(rep) for customer, rep in dict(value).items()}
    return _is(key, wanted, {customer: actual.get(customer) for customer in wanted})


def _breaches(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    """What SF-B charges whom with: ``{A: [B-01, B-04]}``, or ``-`` for nothing."""
    actual: dict[str, list[str]] = {}
    for made in _charged(step):
        actual.setdefault(str(made["person"]), []).append(str(made["rule"]))
    stated = {} if _nothing(value) or value == [] else dict(value)
    wanted = {
        str(person): sorted("SF-" + rule.removeprefix("SF-") for rule in list_names(rules))
        for person, rules in stated.items()
    }
    return _is(key, wanted, {person: sorted(rules) for person, rules in actual.items()})


def _points(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    actual: dict[str, int] = {}
    for made in _charged(step):
        person = str(made["person"])
        actual[person] = actual.get(person, 0) + int(made["points"])
    wanted = {str(person): int(points) for person, points in dict(value or {}).items()}
    return _is(key, wanted, {person: actual.get(person, 0) for person in wanted})


def _charged(step: Step) -> Iterator[Mapping[str, Any]]:
    for made in step.decisions:
        yield from made.outcome.get("breaches", ())


def _due(key: str, value: Any, step: Step, final: State) -> list[Difference]:
    actual = str(step.outcome.get("due", "")).replace("T", " ")
    wanted = "" if _nothing(value) else str(value).strip().replace("T", " ")
    return _is(key, wanted, actual[: len(wanted)] if wanted else actual)


_CHECKS: dict[str, Callable[[str, Any, Step, State], list[Difference]]] = {
    "assigned": _assigned,
    "received_by": _name,
    "flag": _word,
    "from": _name,
    "rightful": _name,
    "owner": _name,
    "owners": _owners,
    "helpers": _names,
    "last_contact": _last_contact,
    "via": _word,
    "kind": _word,
    "status": _word,
    "ring": _ring,
    "tickets": _tickets,
    "issued": _tickets,
    "used": _tickets,
    "dropped": _tickets,
    "passes": _passes,
    "states": _states,
    "waiting": _waiting,
    "next_up": _names,
    "on_deck": _name,
    "calling": _calling,
    "visit": _name,
    "deal": _name,
    "credit": _credit,
    "performance": _vector,
    "commission": _vector,
    "pending": _truth,
    "counted": _truth,
    "ignored": _truth,
    "refused": _truth,
    "result": _result,
    "followed": _truth,
    "late": _truth,
    "due": _due,
    "left": _names,
    "breaches": _breaches,
    "points": _points,
    "rules": _rules,
}
FIELDS = tuple(_CHECKS)
"""What a drill may state about an event; about its end: ring, tickets, states, credit, owners."""
