"""The same door and the same acts on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from zhike.models.party import Party
from zhike.services import door, lifecycle, passwords, people
from zhike.site import Site
from zhike.testing import make_company, make_site, make_user
from zhike.web.app import create_app

from .conftest import PASSWORD, PLUGINS, Browser

pytestmark = pytest.mark.postgresql


@pytest.fixture
def pg_site(postgresql_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site on a throwaway PostgreSQL database, with the small plugin installed."""
    home = tmp_path / "home"
    made = make_site(home, ("acme_hello",), database_url=postgresql_url, plugin_path=(PLUGINS,))
    with closing(made) as site:
        yield site


def test_a_day_at_the_door(
    pg_site: Site, password_hash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = make_company(pg_site, "lanjing", ("acme_hello",))
    amy = make_user(pg_site, company, login="amy")
    with pg_site.system() as s:
        people.set_password(s, amy, password_hash, must_change=False)
    app = create_app(pg_site)
    browser = Browser(app.test_client())
    assert browser.sign_in("amy", PASSWORD).status_code == 303
    sent = {"name": "李敏", "idempotency_key": "k" * 32, "csrf_token": browser.csrf()}
    cookies = [browser.client.get_cookie(n) for n in ("zhike_session", "zhike_page")]
    places: list[str] = []
    gate = threading.Barrier(8)

    def click() -> None:
        client = app.test_client()
        for cookie in cookies:
            assert cookie is not None
            client.set_cookie(cookie.key, cookie.value)
        gate.wait()
        answer = client.post("/p/acme_hello/add", data=sent)
        places.append(f"{answer.status_code} {answer.headers.get('Location')}")

    _together(click, 8)
    assert len(places) == 8
    assert len(set(places)) == 1, set(places)
    with pg_site.reader(company) as s:
        assert list(s.scalars(select(Party.name))) == ["李敏"]
    assert browser.get("/search/suggest?q=limin").json["items"][0]["label"] == "李敏"
    assert browser.get("/search?q=a%00").status_code == 400
    with pg_site.transaction(company) as s:
        lifecycle.disable(s, "acme_hello")
    assert browser.get("/p/acme_hello/").status_code == 404

    asked: list[str] = []

    def verify(stored: str, password: str) -> bool:
        asked.append(stored)
        return False

    monkeypatch.setattr(passwords, "verify", verify)
    answers: list[Any] = []
    _together(
        lambda: answers.append(door.sign_in(pg_site, "amy", "x", ip="203.0.113.9", agent="")), 16
    )
    assert len(answers) == 16
    assert len(asked) == 5, "tries at once do not slip past the count"


def _together(work: Any, number: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
