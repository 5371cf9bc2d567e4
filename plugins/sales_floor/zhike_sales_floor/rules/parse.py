"""Events as people write them, into one checked form. Liberal in what it takes, exact in errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from zhike.rules import EventInvalid, instant, parse_shares
from zhike_sales_floor.rules.vocabulary import BY_NAME, OUT_REASONS, VERBS, Field, Verb

COMMON = frozenset({"at", "recorded_at", "date", "event", "verb", "expect", "comment", "id"})
"""Keys every event may carry beside its verb's fields."""

_SYNONYMS: dict[str, str] = {
    "business": "public",
    "company_business": "public",
    "official": "public",
    "因公": "public",
    "private_errand": "private",
    "errand": "private",
    "personal": "private",
    "因私": "private",
    "unlogged": "none",
    "no_reason": "none",
    "phone": "call",
    "telephone": "call",
    "newsletter": "letter",
    "post": "letter",
    "sms": "message",
    "wechat": "message",
    "accepted": "accept",
    "accepts": "accept",
    "yes": "accept",
    "declined": "decline",
    "declines": "decline",
    "refuse": "decline",
    "no": "decline",
    "timeout": "no_answer",
    "none": "no_answer",
    "poached": "poach",
    "poaching": "poach",
    "mistake": "wrong_turn",
    "scout": "scouting",
    "information": "non_buying",
    "transfer": "transferred",
    "resignation": "resigned",
    "subscribed": "subscription",
}
_TRUE = {"true", "yes", "on", "是", "y"}
_FALSE = {"false", "no", "off", "否", "n"}
_SEPARATORS = re.compile(r"\s*[>,;、，；+&→]+\s*")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")


@dataclass(frozen=True, slots=True)
class Event:
    """One checked event: verb, instant, and the fields that were stated, canonical names."""

    verb: str
    at: str
    args: Mapping[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        """A field's value, or ``default`` where it was not stated."""
        return self.args.get(name, default)

    def text(self, name: str) -> str:
        """A text field, ``""`` where it was not stated."""
        value = self.args.get(name)
        return value if isinstance(value, str) else ""


def read_instant(stated: Any, field: str = "at", day: str = "", *, late: bool = False) -> str:
    """An instant with seconds, ``YYYY-MM-DDTHH:MM:SS[±HH:MM]``.

    ``HH:MM`` needs ``day``; a date alone is its first second, or its last with ``late``.
    """
    text = str(stated).strip().replace(" ", "T", 1)
    if _CLOCK.fullmatch(text) and day:
        text = f"{day}T{text.rjust(5, '0') if len(text) < 6 else text.rjust(8, '0')}"
    if len(text) == 10:
        text += "T23:59:59" if late else "T00:00:00"
    try:
        if len(text) == 19:
            instant(text)
            return text
        return instant(text).isoformat(timespec="seconds")
    except ValueError:
        raise EventInvalid(
            f"{stated!r} is not an instant",
            code="instant",
            field=field,
            allowed=("YYYY-MM-DD HH:MM", "YYYY-MM-DDTHH:MM:SS+08:00"),
        ) from None


def read_names(value: Any) -> tuple[str, ...]:
    """Ids from a list or from ``A>B>C``, ``A, B``; twice named counts once."""
    return tuple(dict.fromkeys(list_names(value)))


def list_names(value: Any) -> tuple[str, ...]:
    """Ids as they stand, repetitions too. Blanks part names only where nothing else does."""
    if isinstance(value, str):
        parts = _SEPARATORS.split(value.strip())
        if len(parts) == 1:
            parts = value.split()
        return tuple(part for part in parts if part)
    if isinstance(value, (list, tuple)):
        return tuple(str(part) for part in value)
    return (str(value),)


def _one(field: Field, value: Any, day: str) -> str:
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    if isinstance(value, (list, tuple, Mapping)) or value is None or value == "":
        raise _wrong(field, value, ("one id",))
    return str(value)


def _many(field: Field, value: Any, day: str) -> tuple[str, ...]:
    if isinstance(value, Mapping) or value is None:
        raise _wrong(field, value, ("a list of ids",))
    return read_names(value)


def _bool(field: Field, value: Any, day: str) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise _wrong(field, value, ("true", "false"))


def _choice(field: Field, value: Any, day: str) -> str:
    word = re.sub(r"[\s-]+", "_", str(value).strip().lower())
    if word in field.choices:
        return word
    if _SYNONYMS.get(word) in field.choices:
        return _SYNONYMS[word]
    raise _wrong(field, value, field.choices)


def _text(field: Field, value: Any, day: str) -> str:
    return str(value)


def _shares(field: Field, value: Any, day: str) -> dict[str, int]:
    try:
        return parse_shares(value)
    except (ValueError, ZeroDivisionError) as error:
        raise EventInvalid(str(error), code="shares", field=field.name) from None


def _instant(field: Field, value: Any, day: str) -> str:
    return read_instant(value, field.name, day, late=field.name == "until")


def _int(field: Field, value: Any, day: str) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,6}", str(value)):
        raise _wrong(field, value, ("a whole number",))
    return int(value)


def _amount(field: Field, value: Any, day: str) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,15}", str(value)):
        raise _wrong(field, value, ("a whole number",))
    return int(value)


def _map(field: Field, value: Any, day: str) -> Any:
    if isinstance(value, Mapping):
        return {str(key): str(part) for key, part in value.items()}
    return _one(field, value, day)


def _free(field: Field, value: Any, day: str) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(field, value, ("a mapping",))
    return dict(value)


def _rows(field: Field, value: Any, day: str) -> tuple[Any, ...]:
    """Lines, each a mapping or a short text: A(c), B(r)."""
    if isinstance(value, str):
        value = [] if value.strip() in ("", "-", "–") else re.split(r"[,;、，；]\s*", value.strip())
    if not isinstance(value, (list, tuple)):
        raise _wrong(field, value, ("a list",))
    return tuple(dict(part) if isinstance(part, Mapping) else str(part) for part in value)


_READERS: dict[str, Callable[[Field, Any, str], Any]] = {
    "rep": _one,
    "customer": _one,
    "visit": _one,
    "reps": _many,
    "customers": _many,
    "bool": _bool,
    "choice": _choice,
    "text": _text,
    "shares": _shares,
    "instant": _instant,
    "int": _int,
    "amount": _amount,
    "map": _map,
    "free": _free,
    "visits": _many,
    "rows": _rows,
}


def _wrong(field: Field, value: Any, allowed: tuple[str, ...]) -> EventInvalid:
    return EventInvalid(
        f"{value!r} cannot be read",
        code="value",
        field=field.name,
        allowed=allowed,
        facts={"word": str(value)},
    )


_FIELDS: dict[str, dict[str, Field]] = {
    verb.name: {
        word: field
        for field in reversed(verb.fields)
        for word in reversed((field.name, *field.aliases))
    }
    for verb in VERBS
}
_REQUIRED = {verb.name: [f.name for f in verb.fields if f.required] for verb in VERBS}
_MAIN = {verb.name: next((f for f in verb.fields if f.name == verb.main), None) for verb in VERBS}
_KNOWN = COMMON.union(*_FIELDS.values())
# A canonical name wins over another field's alias.
for _each in VERBS:
    _FIELDS[_each.name].update({field.name: field for field in _each.fields})


def _word(stated: Mapping[str, Any]) -> tuple[str, bool]:
    """The word that names the verb, and whether it stands as a key (the short form)."""
    for key in ("event", "verb"):
        if key in stated:
            word = str(stated[key]).strip().lower().replace(" ", "_").replace("-", "_")
            if word in BY_NAME:
                return word, False
            raise EventInvalid(
                f"{stated[key]!r} is not a verb",
                code="verb",
                field=key,
                allowed=tuple(BY_NAME),
                facts={"word": word},
            )
    words = [key for key in stated if key in BY_NAME]
    for word in words:
        fields = _FIELDS[BY_NAME[word][0].name]
        if all(key in COMMON or key == word or key in fields for key in stated):
            return word, True
    if words:
        return words[0], True
    raise EventInvalid(
        f"no verb among {', '.join(map(str, stated)) or 'nothing'}",
        code="verb",
        allowed=tuple(BY_NAME),
        facts={"word": next((key for key in map(str, stated) if key not in _KNOWN), "")},
    )


def _verb(word: str, stated: Mapping[str, Any]) -> Verb:
    verb = BY_NAME[word][0]
    # People say that a rep leaves, meaning the floor and not the company.
    if verb.name == "leave" and str(stated.get("reason", "")).strip().lower() in OUT_REASONS:
        return BY_NAME["out"][0]
    return verb


def read_event(stated: Mapping[str, Any]) -> Event:
    """Check one event. EventInvalid says which field is at fault and what is allowed."""
    if "at" not in stated and "recorded_at" not in stated:
        raise EventInvalid("an event needs its instant", code="missing", field="at")
    at = read_instant(stated.get("at", stated.get("recorded_at")))
    word, short = _word(stated)
    verb = _verb(word, stated)
    fields = _FIELDS[verb.name]
    args: dict[str, Any] = dict(verb.preset.get(word, ()))
    day = at[:10]
    for key, value in stated.items():
        if key in COMMON:
            continue
        if key == word and short:
            field = _MAIN[verb.name]
            main = field.name if field is not None else ""
            stated_twice = any(
                other != key and other in fields and fields[other].name == main for other in stated
            )
            if verb.second and (stated_twice or main in verb.preset.get(word, ())):
                field = fields[verb.second]
            if (
                field is None
                or value is None
                or ((value == "" or value is True) and (field.type != "bool"))
            ):
                continue
        else:
            found = fields.get(key)
            if found is None:
                if key == "occurred_at":
                    args["occurred_at"] = read_instant(value, key, day)
                    continue
                raise EventInvalid(
                    f"{verb.name} has no such field",
                    code="field",
                    field=str(key),
                    allowed=tuple(fields),
                )
            field = found
        args[field.name] = _READERS[field.type](field, value, day)
    for name in _REQUIRED[verb.name]:
        if name not in args:
            raise EventInvalid(f"{verb.name} needs it", code="missing", field=name)
    return Event(verb.name, at, args)
