"""What a settings form says: its keys, their types and defaults.

Read while plugins load, so that a form that cannot be a schema breaks its plugin at start and not
the page that first asks for a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any

import wtforms

from zhike.contributions import SettingsSchema

#: Field class -> type of its value.  The first match counts, so special cases come first.
_KINDS: tuple[tuple[type[wtforms.Field], type], ...] = (
    (wtforms.BooleanField, bool),
    (wtforms.IntegerField, int),
    (wtforms.DecimalField, Decimal),
    (wtforms.DateField, date),
    (wtforms.TimeField, time),
    (wtforms.SelectMultipleField, list),
    (wtforms.SelectField, str),
    (wtforms.StringField, str),
)
#: Looks like text and must not be kept as such.
_SECRET = wtforms.PasswordField


class SettingsForm(wtforms.Form):  # type: ignore[misc]  # the library has no types
    """The base of a settings form: fields with defaults, and nothing else."""


class SettingsError(LookupError):
    """A key or plugin without a form, or a form that cannot be a schema; a programmer's mistake."""


@dataclass(frozen=True)
class Field:
    """A key of a schema: its type, its default, the form class it comes from and its level."""

    key: str
    kind: type
    default: Any
    level: str
    optional: bool


def fields_of(schema: SettingsSchema) -> dict[str, Field]:
    """The keys of a schema; raises SettingsError for a field that cannot be stored faithfully."""
    form = schema.form()
    result = {}
    for field in form:
        where = f"{schema.form.__module__}.{schema.form.__qualname__}.{field.short_name}"
        if isinstance(field, wtforms.SubmitField) or field.short_name == "csrf_token":
            raise SettingsError(f"{where}: a settings form holds values only")
        kind = next((k for cls, k in _KINDS if isinstance(field, cls)), None)
        if kind is None or isinstance(field, _SECRET):
            raise SettingsError(f"{where}: {type(field).__name__} cannot be a setting")
        default = field.default() if callable(field.default) else field.default
        optional = any(isinstance(v, wtforms.validators.Optional) for v in field.validators)
        if default is None and isinstance(field, wtforms.BooleanField):
            default = False
        if default is None and not optional:
            raise SettingsError(f"{where}: needs default=, or the Optional() validator")
        if isinstance(field, wtforms.SelectField) and default is not None:
            kind = list if kind is list else type(field.coerce(default))
        if default is not None and not fits(default, kind):
            raise SettingsError(f"{where}: default {default!r} is no {kind.__name__}")
        result[field.short_name] = Field(field.short_name, kind, default, schema.level, optional)
    return result


def fits(value: Any, kind: type) -> bool:
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is Decimal:
        return isinstance(value, Decimal | int) and not isinstance(value, bool)
    return isinstance(value, kind)
