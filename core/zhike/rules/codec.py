"""Frozen dataclasses to plain JSON data and back, exactly.

Fields at their default are left out, so a snapshot stays small. Understood are str, int, bool,
float, None, unions with None, nested dataclasses, ``tuple[X, ...]``, fixed tuples of scalars,
``Mapping[str, X]``/``dict[str, X]`` and free JSON values (``Any``).
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Reader = Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _default(field: Field[Any]) -> Any:
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    return MISSING


_PLAIN = frozenset({str, int, bool, float, type(None)})
_PLANS: dict[type, tuple[tuple[str, Any, Reader], ...]] = {}


def _plan(cls: type) -> tuple[tuple[str, Any, Reader], ...]:
    plan = _PLANS.get(cls)
    if plan is None:
        assert is_dataclass(cls)
        hints = get_type_hints(cls)
        plan = tuple((f.name, _default(f), _reader(hints[f.name])) for f in fields(cls))
        _PLANS[cls] = plan
    return plan


def _reader(hint: Any) -> Reader:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        rest = [arg for arg in args if arg is not type(None)]
        if len(rest) == 1:
            inner = _reader(rest[0])
            return lambda value: None if value is None else inner(value)
        return _same
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            inner = _reader(args[0])
            return lambda value: tuple(inner(part) for part in value)
        return tuple
    if origin in (dict, Mapping):
        inner = _reader(args[1])
        return lambda value: {key: inner(part) for key, part in value.items()}
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda value: from_json(hint, value)
    return _same


def to_json(value: Any) -> Any:
    """Plain JSON data of a dataclass instance (or of tuples and mappings of them)."""
    if type(value) in _PLAIN:  # most parts are; the questions below cost much more
        return value
    if is_dataclass(value) and not isinstance(value, type):
        data: dict[str, Any] = {}
        for name, default, _read in _plan(type(value)):
            part = getattr(value, name)
            if default is MISSING or part != default:
                data[name] = to_json(part)
        return data
    if isinstance(value, (tuple, list)):
        return [to_json(part) for part in value]
    if isinstance(value, Mapping):
        return {key: to_json(part) for key, part in value.items()}
    return value


def from_json(cls: type[T], data: Mapping[str, Any]) -> T:
    """An instance of ``cls`` from what :func:`to_json` made. TypeError for unknown fields."""
    unknown = set(data) - {name for name, _default, _read in _plan(cls)}
    if unknown:
        raise TypeError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
    known = {name: read(data[name]) for name, _default, read in _plan(cls) if name in data}
    return cls(**known)
