"""The core's own operations of the JSON API, contributed like any plugin's."""

from __future__ import annotations

from collections.abc import Sequence

from zhike.contributions import ApiResource
from zhike.hookspecs import hookimpl


@hookimpl
def register_api() -> Sequence[ApiResource]:
    """What the core's part of the JSON API can do; collected when a web application is built."""
    from zhike.web.rest.operations import resources

    return resources()
