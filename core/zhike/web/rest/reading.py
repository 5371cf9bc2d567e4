"""Reading what a program sends: strictly, and with errors that say where."""

from __future__ import annotations

import json
import re
import types
import typing
from functools import lru_cache
from typing import Any

from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from zhike.errors import UserError
from zhike.i18n import _

_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,18})?")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


Limit = typing.Annotated[int, Field(ge=1, le=100)]  #: how many on a page


class Answered(BaseModel):
    """What is answered. The checks behind a model are built when it is first used, not at start."""

    model_config = ConfigDict(defer_build=True)


class Strict(BaseModel):
    """What is sent: names that are not known are refused, so that a misspelt one shows."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


def _bad(message: str) -> UserError:
    return UserError(message, status=400, code="bad_request")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def clean_text(value: Any) -> None:
    """Refuse text that no database keeps: NUL, and halves of surrogate pairs. Raises ValueError."""
    text = json.dumps(value, ensure_ascii=False)
    text.encode("utf-8")  # a lone surrogate cannot be encoded
    if "\\u0000" in text:
        raise ValueError("NUL in text")


def json_body() -> Any:
    """The request's JSON; 415 for another type, 400 for anything that is not strictly JSON."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType(_("Send the body as application/json."))
    try:
        body = json.loads(
            request.get_data(cache=True),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
        )
        clean_text(body)
    except (ValueError, RecursionError):  # UnicodeError is a ValueError
        raise _bad(_("The body is not well-formed JSON.")) from None
    return body


def _parts(annotation: Any) -> list[Any]:
    """The types that a field takes, unions and ``Annotated`` taken apart."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return [part for one in typing.get_args(annotation) for part in _parts(one)]
    if origin is typing.Annotated:
        return _parts(typing.get_args(annotation)[0])
    return [annotation]


def _typed(text: str, parts: list[Any]) -> Any:
    """A query's text as the JSON value it stands for; what stands for nothing stays text."""
    if bool in parts and text in ("true", "false"):
        return text == "true"
    if int in parts and _INTEGER.fullmatch(text):
        return int(text)
    if float in parts and _NUMBER.fullmatch(text):
        return float(text)
    return text


def query(model: type[BaseModel]) -> dict[str, Any]:
    """The query as what ``model`` is made from; a single value sent twice is refused (400)."""
    found: dict[str, Any] = {}
    for name, values in request.args.lists():
        field = model.model_fields.get(name)
        parts = _parts(field.annotation) if field is not None else []
        lists = [p for p in parts if p is list or typing.get_origin(p) is list]
        if lists:
            inner = [p for one in lists for arg in typing.get_args(one) for p in _parts(arg)]
            found[name] = [_typed(value, inner) for value in values]
        elif len(values) > 1:
            raise _bad(_("The parameter %(name)s was sent more than once.", name=name))
        else:
            found[name] = _typed(values[0], parts)
    return found


@lru_cache(maxsize=512)
def _instants(model: type[BaseModel]) -> frozenset[str]:
    """Names of the fields that are instants."""
    found = set()
    for name, schema in model.model_json_schema(mode="validation").get("properties", {}).items():
        parts = [schema, *schema.get("anyOf", ())]
        if any(part.get("format") == "date-time" for part in parts):
            found.add(name)
    return frozenset(found)


def _invalid(details: list[dict[str, str]]) -> UserError:
    return UserError(
        _("Some values cannot be taken; see errors."),
        code="validation",
        extra={"details": details[:50]},
    )


def validated(model: type[BaseModel], values: Any) -> BaseModel:
    """An instance of ``model``; ``UserError`` 422 that lists each place and what is wrong there.

    Strict as JSON is: a number is no text and a text no number. What was sent is not repeated in
    the answer: it may be secret.
    """
    if isinstance(values, dict):
        for name in _instants(model):
            sent = values.get(name)
            # pydantic would read digits as seconds since 1970; nobody means that.
            if isinstance(sent, str) and not _INSTANT.match(sent):
                raise _invalid([{"at": name, "kind": "datetime", "message": "not ISO 8601"}])
    try:
        return model.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        items = error.errors(include_url=False, include_input=False, include_context=False)
        raise _invalid(
            [
                {
                    "at": "/".join(str(part) for part in item["loc"]),
                    "kind": item["type"],
                    "message": item["msg"],
                }
                for item in items
            ]
        ) from None
