"""Events as stored data: written by hand, read by the book.

Every act that emits would otherwise load pydantic into each web process (19 MiB) to write half a
dozen plain values. Reading, which has to judge what another version may have stored, stays with
pydantic and happens in the worker.
"""

from __future__ import annotations

import types
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from zhike.contributions import Event

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class EventError(Exception):
    """An event that cannot be told: not registered, or a field that is no plain value."""


Writer = Callable[[Any], Any]


def to_payload(ev: Event) -> dict[str, Any]:
    """The event's fields as JSON-able data; raises EventError for a field that is none."""
    kind: Any = type(ev)
    data = {}
    for name, write in _writers(kind):
        try:
            data[name] = write(getattr(ev, name))
        except (TypeError, ValueError) as error:
            raise EventError(f"event {ev.name!r} cannot be stored: {name}: {error}") from error
    return data


def from_payload(cls: type[Event], data: Mapping[str, Any]) -> Event:
    """The inverse of :func:`to_payload`; raises ValueError where the data does not fit."""
    kind: Any = cls
    result = _adapter(kind).validate_python(dict(data), strict=False)
    assert isinstance(result, Event)
    return result


def check(cls: type[Event]) -> None:
    """Refuse, with EventError, an event class of which a field could not be stored."""
    kind: Any = cls
    _writers(kind)
    _adapter(kind)


@cache
def _adapter(cls: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # only processes that dispatch pay for it

    return TypeAdapter(cls)


@cache
def _writers(cls: Any) -> tuple[tuple[str, Writer], ...]:
    try:
        hints = get_type_hints(cls)
        return tuple((field.name, _writer(hints[field.name])) for field in fields(cls))
    except (NameError, TypeError) as error:
        raise EventError(f"event {cls.name!r} cannot be stored: {error}") from error


def _writer(hint: Any) -> Writer:
    """How a value of this annotation is written; ``TypeError`` for one that may not be a field."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        choices = [_writer(arg) for arg in args]
        return lambda value: _first_that_fits(choices, value)
    if origin is tuple and not (len(args) == 2 and args[1] is Ellipsis):
        parts = [_writer(arg) for arg in args]
        return lambda value: [
            write(part) for write, part in zip(parts, _of(tuple, value), strict=True)
        ]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        inner = _writer(args[1])
        return lambda value: {
            _of(str, key): inner(part) for key, part in _of(Mapping, value).items()
        }
    if isinstance(origin, type) and issubclass(origin, Iterable):
        inner = _writer(args[0])
        return lambda value: [inner(part) for part in _of((tuple, list, set, frozenset), value)]
    if hint is datetime:
        return _instant
    if hint is bool or hint is type(None):
        return lambda value: _of(hint, value)
    if hint is int or hint is str:
        return lambda value: _of(hint, value, but=bool)
    if hint is uuid.UUID:
        return lambda value: str(_of(uuid.UUID, value))
    if hint is date:
        return lambda value: _of(date, value, but=datetime).isoformat()
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda value: _of(hint, value).value
    raise TypeError(f"{hint!r} is no plain value")


def _of(kind: Any, value: Any, *, but: Any = ()) -> Any:
    if not isinstance(value, kind) or isinstance(value, but):
        raise TypeError(f"{value!r} does not fit its annotation")
    return value


def _instant(value: Any) -> str:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise TypeError(f"{value!r} is no instant with its zone")
    return value.isoformat()


def _first_that_fits(choices: list[Writer], value: Any) -> Any:
    for write in choices:
        try:
            return write(value)
        except (TypeError, ValueError):
            continue
    raise TypeError(f"{value!r} does not fit its annotation")
