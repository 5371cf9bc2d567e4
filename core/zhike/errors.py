"""Errors that a person may read, and the few that only a programmer should.

A :class:`UserError` carries a sentence that says what to do; pages show it beside the field it
names and keep what was typed, the API answers it as a problem document (RFC 9457).
"""

from __future__ import annotations

from typing import Any


class ZhikeError(Exception):
    """Base of every error that Zhike raises on purpose."""


class UserError(ZhikeError):
    """Something the person can mend.

    ``message`` is a translated sentence, ``field`` the form field it belongs to, ``status`` the
    HTTP status (422 by default), ``code`` a stable machine word, ``extra`` JSON-able details.
    """

    status = 422
    code = "invalid"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        status: int | None = None,
        code: str | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        if status is not None:
            self.status = status
        if code is not None:
            self.code = code
        self.extra = extra or {}


class NotFound(UserError):
    """No such record for this company and this person; says no more than that."""

    status = 404
    code = "not_found"


class Forbidden(UserError):
    """Refused by a permission or a rule; ``extra`` may name who can help."""

    status = 403
    code = "forbidden"


class Conflict(UserError):
    """The record changed meanwhile, or the act does not fit its present state."""

    status = 409
    code = "conflict"


class Busy(UserError):
    """The database could not be had in time; the same act may be tried again."""

    status = 503
    code = "busy"


class ScopeError(ZhikeError):
    """A statement that the company guard cannot prove to stay inside one company."""


class ConfigError(ZhikeError):
    """The site's configuration cannot be used; the message says which part and why."""
