"""The description of the API: OpenAPI 3.1, made from the operations that are active right now."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, current_app, jsonify
from pydantic import BaseModel

from zhike import __version__
from zhike.contributions import ApiResource
from zhike.web.context import KEY_HEADER, current

_PART = re.compile(r"<(?:(?P<converter>[a-z]+)(?:\([^)]*\))?:)?(?P<name>[a-zA-Z_]\w*)>")
_TYPES: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
    "string": {"type": "string", "minLength": 1},
    "path": {"type": "string", "minLength": 1},
}
_REF = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "For people, in their language."},
        "code": {"type": "string", "description": "A stable word for the cause."},
        "field": {"type": "string"},
        "errors": {"type": "object"},
        "incident": {"type": "string"},
    },
}
_ERRORS = {
    "400": "The request is malformed.",
    "401": "Nobody is signed in, or the token is not valid.",
    "403": "This person, or this token, may not do this.",
    "404": "There is no such record for this person.",
    "405": "This address does not know the method.",
    "409": "The record has changed meanwhile, or the key was used for something else.",
    "413": "The body is too large.",
    "415": "The body is not application/json.",
    "422": "Some values cannot be taken.",
    "429": "Too many requests.",
    "503": "The database is busy; the same request may be sent again.",
}


def answer() -> Response:
    """The description for the company at hand: what is not active is not in it."""
    active = current().active
    made: dict[frozenset[str], dict[str, Any]] = current_app.extensions["zhike"].documents
    if active.names not in made:
        if len(made) >= 64:
            made.clear()
        made[active.names] = build([(e.owner.plugin, e.value) for e in active.of(ApiResource)])
    response = jsonify(made[active.names])
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def build(operations: list[tuple[str, ApiResource]]) -> dict[str, Any]:
    """An OpenAPI 3.1 document of ``operations``, each with its owner's name."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    paths: dict[str, dict[str, Any]] = {}
    for owner, resource in operations:
        raw = f"/api/v1/{owner}/{resource.path.strip('/')}"
        path = _PART.sub(lambda found: "{" + found["name"] + "}", raw)
        paths.setdefault(path, {})[resource.method.lower()] = _operation(
            owner, resource.loaded(), raw, schemas
        )
    _forbid_nul(paths)
    _forbid_nul(schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Zhike 知客",
            "version": __version__,
            "description": (
                "Times are ISO 8601 in UTC, money is in fen, shares are in basis points. Writes "
                f"take the header {KEY_HEADER}: the same key does the same thing once."
            ),
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"cookie": [], "csrf": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {
                f"E{code}": {
                    "description": words,
                    "content": {
                        "application/problem+json": {
                            "schema": {"$ref": "#/components/schemas/Problem"}
                        }
                    },
                }
                for code, words in _ERRORS.items()
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "zhike_session"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRFToken"},
            },
        },
    }


def _forbid_nul(part: Any) -> None:
    """Say of every free text that it holds no NUL: PostgreSQL keeps none, so none is taken."""
    if isinstance(part, list):
        for item in part:
            _forbid_nul(item)
    elif isinstance(part, dict):
        if part.get("type") == "string" and not part.keys() & {
            "format",
            "pattern",
            "enum",
            "const",
        }:
            part["pattern"] = "^[^\\u0000]*$"
        for item in part.values():
            _forbid_nul(item)


def _operation(owner: str, resource: Any, raw: str, schemas: dict[str, Any]) -> dict[str, Any]:
    """``resource`` is loaded, so its models are classes."""
    parameters: list[dict[str, Any]] = [
        {
            "name": found["name"],
            "in": "path",
            "required": True,
            "schema": _TYPES.get(found["converter"] or "string", _TYPES["string"]),
        }
        for found in _PART.finditer(raw)
    ]
    operation: dict[str, Any] = {
        "operationId": resource.name,
        "summary": resource.summary,
        "tags": [owner],
        "x-permission": resource.permission,
        "x-scope": resource.scope,
    }
    if resource.request is not None:
        if resource.method in ("POST", "PUT", "PATCH"):
            name = _schema(resource.request, "validation", schemas)
            operation["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": _REF.format(model=name)}}},
            }
        else:
            parameters += _query(resource.request, schemas)
    if resource.method != "GET":
        parameters.append(
            {
                "name": KEY_HEADER,
                "in": "header",
                "required": False,
                "schema": {"type": "string", "pattern": "^[!-~]{8,128}$"},
            }
        )
    if parameters:
        operation["parameters"] = parameters
    responses: dict[str, Any] = {
        code: {"$ref": f"#/components/responses/E{code}"} for code in _ERRORS
    }
    if resource.response is None:
        responses["204"] = {"description": "Done."}
    else:
        name = _schema(resource.response, "serialization", schemas)
        responses[str(resource.status)] = {
            "description": "The answer.",
            "content": {"application/json": {"schema": {"$ref": _REF.format(model=name)}}},
        }
    operation["responses"] = dict(sorted(responses.items()))
    return operation


def _schema(model: type[BaseModel], mode: Any, schemas: dict[str, Any]) -> str:
    """Put the schema of ``model`` and of what it uses among the components; its name there."""
    schema = model.model_json_schema(ref_template=_REF, mode=mode)
    for name, part in schema.pop("$defs", {}).items():
        _keep(name, part, schemas)
    _keep(model.__name__, schema, schemas)
    return model.__name__


def _keep(name: str, schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    if schemas.setdefault(name, schema) != schema:
        raise ValueError(f"two different models of the API are called {name}")


def _query(model: type[BaseModel], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF, mode="validation")
    for name, part in schema.pop("$defs", {}).items():
        _keep(name, part, schemas)
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        for name, part in schema.get("properties", {}).items()
    ]
