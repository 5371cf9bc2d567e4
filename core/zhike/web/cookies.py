"""Cookies of a browser: the login session's token, and what people chose for their screen."""

from __future__ import annotations

from flask import Flask, current_app
from werkzeug.wrappers import Response

_PLAIN = "zhike_session"
_SECURE = "__Host-zhike_session"
CHOICES = ("zhike_locale", "zhike_theme", "zhike_keys")
_YEAR = 366 * 24 * 3600


def token_name(app: Flask | None = None) -> str:
    """Name of the cookie with the token; on HTTPS the prefix keeps other hosts from setting it."""
    secure = (app or current_app).config["SESSION_COOKIE_SECURE"]
    return _SECURE if secure else _PLAIN


def put_token(response: Response, token: str) -> None:
    """Give the browser its token: out of reach of scripts and other sites, gone when it closes."""
    response.set_cookie(
        token_name(),
        token,
        httponly=True,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
        path="/",
    )


def drop_token(response: Response) -> None:
    """Take the token away."""
    response.delete_cookie(
        token_name(),
        httponly=True,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
        path="/",
    )


def put_choice(response: Response, name: str, value: str) -> None:
    """Remember a choice about the screen in this browser for a year."""
    if name not in CHOICES:
        raise ValueError(f"{name!r} is no choice that a browser keeps")
    response.set_cookie(
        name,
        value,
        max_age=_YEAR,
        httponly=True,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
        path="/",
    )
