"""Sites for the tests of the web layer: a company with a small third-party plugin, and browsers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from zhike.services import passwords, people
from zhike.site import Site
from zhike.testing import read_page

PASSWORD = "three grey herons at dawn"
PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture
def zhike_plugin_path() -> tuple[Path, ...]:
    return (PLUGINS,)


@pytest.fixture
def zhike_plugins() -> tuple[str, ...]:
    return ("acme_hello",)


@pytest.fixture
def app(site: Site) -> Flask:
    """The application as in production: CSRF is asked for and errors are answered, not raised."""
    from zhike.web.app import create_app

    return create_app(site)


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of :data:`PASSWORD`, made once."""
    return passwords.hash_password(PASSWORD)


@pytest.fixture
def amy(site: Site, company: int, password_hash: str) -> uuid.UUID:
    """An administrator of ``company`` who can sign in as ``amy`` with :data:`PASSWORD`."""
    from zhike.testing import make_user

    user_id = make_user(site, company, login="amy")
    with site.system() as s:
        people.set_password(s, user_id, password_hash, must_change=False)
    return user_id


def token_in(html: str) -> str:
    """The CSRF token of a page."""
    return read_page(html).csrf_token


class Browser:
    """A client that takes the CSRF token from a page before it posts."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def csrf(self, path: str = "/me/password") -> str:
        return token_in(self.client.get(path).text)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        fields = {"csrf_token": self.csrf(more.pop("form_at", "/me/password")), **(data or {})}
        return self.client.post(path, data=fields, **more)

    def sign_in(self, login: str, password: str, **more: Any) -> Any:
        fields = {"username": login, "password": password, **more.pop("data", {})}
        return self.post("/login", fields, form_at="/login", **more)


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    """A browser that nobody has signed in with."""
    return Browser(client)


@pytest.fixture
def new_browser(app: Flask) -> Callable[[], Browser]:
    """One more browser."""
    return lambda: Browser(app.test_client())


@pytest.fixture
def signed_in(login: Callable[..., FlaskClient], company: int) -> Browser:
    """A browser signed in as a new administrator of ``company``."""
    return Browser(login(company))
