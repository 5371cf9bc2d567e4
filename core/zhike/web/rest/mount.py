"""Mounting operations at ``/api/v1/<owner>/<path>``.

Addresses and rights are there from the start; what an operation runs is loaded when it is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from zhike.contributions import ApiResource
from zhike.errors import ConfigError
from zhike.i18n import _
from zhike.manifest import CORE
from zhike.plugins.manager import PluginHost
from zhike.plugins.registry import Entry
from zhike.web.rights import Access

if TYPE_CHECKING:
    from pydantic import BaseModel

PREFIX = "/api/v1"
BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})


def rule_of(owner: str, resource: ApiResource) -> str:
    """The address of an operation."""
    return f"{PREFIX}/{owner}/{resource.path.strip('/')}"


def access_of(owner: str, resource: ApiResource) -> Access:
    """What an operation needs. Only the core has some about oneself, which need no permission."""
    if not resource.permission:
        if owner != CORE:
            raise ConfigError(f"operation {resource.name} names no permission")
        return Access(own=resource.summary or resource.name)
    if resource.permission.partition(".")[0] not in (owner, CORE):
        raise ConfigError(f"operation {resource.name}: {resource.permission!r} is another plugin's")
    return Access(permission=resource.permission)


def mount(app: Flask, host: PluginHost) -> None:
    """Add every operation; a plugin whose operations cannot be mounted is broken."""
    for entry in host.registry.of(ApiResource):
        owner = entry.owner.plugin
        if owner != CORE and owner not in host.manifests:
            continue
        try:
            _add(app, entry)
        except Exception as error:  # the barrier around a plugin's operations
            if owner == CORE:
                raise
            host.mark_broken(owner, "api", error)
    app.add_url_rule(
        f"{PREFIX}/openapi.json",
        "api:openapi",
        _description,
        methods=["GET"],
        access=Access(own="the description of what one may ask"),
    )


def _add(app: Flask, entry: Entry[ApiResource]) -> None:
    resource = entry.value
    if resource.scope == "read" and resource.method != "GET":
        raise ConfigError(f"operation {resource.name}: {resource.method} needs the scope write")
    app.add_url_rule(
        rule_of(entry.owner.plugin, resource),
        f"api:{resource.name.replace('.', ':')}",
        _view(resource),
        methods=[resource.method],
        access=access_of(entry.owner.plugin, resource),
    )


def _description() -> Response:
    from zhike.web.rest import openapi

    return openapi.answer()


def _view(resource: ApiResource) -> Callable[..., Response]:
    loaded = cache(resource.loaded)

    def view(**arguments: Any) -> Response:
        from zhike.web.rest.reading import validated

        operation: Any = loaded()
        if operation.request is not None:
            arguments["body"] = validated(operation.request, _sent(operation))
        elif request.args:
            raise BadRequest(_("This operation takes no parameters."))
        result = operation.view(**arguments)
        if operation.response is None or result is None:
            return Response(status=204)
        return _answer(operation.response, result, operation.status)

    view.__name__ = resource.name
    return view


def _sent(operation: Any) -> Any:
    from zhike.web.rest.reading import json_body, query

    if operation.method in BODY_METHODS:
        if request.args:
            raise BadRequest(_("This operation takes no parameters."))
        return json_body()
    return query(operation.request)


def _answer(model: type[BaseModel], result: Any, status: int) -> Response:
    value = result if isinstance(result, model) else model.model_validate(result)
    response = jsonify(value.model_dump(mode="json"))
    response.status_code = status
    return response
