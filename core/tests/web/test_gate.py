"""The way in: paths of plugins, routes without a right, forged requests, headers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike import clock
from zhike.config import Config
from zhike.errors import Busy, ConfigError
from zhike.models.company import Company
from zhike.models.ledger import LedgerLine
from zhike.services import lifecycle, organisation, sessions
from zhike.site import Site
from zhike.testing import FrozenClock, TwoCompanies, make_company, make_site
from zhike.web import rights, secret, security
from zhike.web.app import create_app
from zhike.web.blueprint import APP_WIDE, CoreBlueprint, PluginBlueprint

from .conftest import PLUGINS, Browser

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
Login = Callable[..., FlaskClient]


def _face(answer: Any, path: str) -> tuple[Any, ...]:
    """Status, body and headers of an answer, without the tokens and the path that was asked."""
    body = re.sub(r'(value|data-csrf)="[^"]*"|"X-CSRFToken": "[^"]*"', "", answer.text)
    headers = sorted(
        (name, value.replace(path, "PATH"))
        for name, value in answer.headers.items()
        if name not in ("Content-Length", "Set-Cookie", "Date")
    )
    return answer.status_code, body.replace(path, "PATH"), headers


@pytest.fixture
def without(site: Site, company: int) -> int:
    """A company of the same site where the plugin is off."""
    return make_company(site, "without")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "path",
    [
        "/p/acme_hello/",
        "/p/acme_hello",
        "/p/acme_hello/public",
        "/p/acme_hello/add",
        "/p/acme_hello/nothing-here",
        "//p/acme_hello/",
        "/p//acme_hello/",
        "/p/acme_hello//public",
        "/api/v1/acme_hello/greet",
        "/api/v1/acme_hello/greetings?loud=1",
        "/api//v1/acme_hello/greet",
        "/static/p/acme_hello/hello.css",
    ],
)
def test_a_plugin_that_is_off_answers_like_one_that_never_was(
    login: Login, without: int, method: str, path: str
) -> None:
    client = login(without)
    unknown = path.replace("acme_hello", "acme_never")
    off = _face(client.open(path, method=method, base_url="http://localhost/"), "acme_hello")
    never = _face(client.open(unknown, method=method, base_url="http://localhost/"), "acme_never")
    assert off == never
    assert off[0] == 404


def test_a_plugin_that_is_on_answers(login: Login, company: int) -> None:
    client = login(company)
    assert client.get("/p/acme_hello/").status_code == 200
    assert client.get("/p/acme_hello").status_code == 308
    assert client.post("/p/acme_hello/").status_code == 405
    assert client.get("/static/p/acme_hello/hello.css").status_code == 200
    assert client.get("/static/p/acme_hello/../views.py").status_code == 404
    assert client.get("/static/p/acme_hello/%2e%2e/views.py").status_code == 404
    assert client.get("/static/core/../app.py").status_code == 404


def test_the_switch_holds_from_the_next_request_on(site: Site, company: int, login: Login) -> None:
    client = login(company)
    for _ in range(3):
        assert client.get("/p/acme_hello/").status_code == 200
        with site.transaction(company) as s:
            lifecycle.disable(s, "acme_hello")
        assert client.get("/p/acme_hello/").status_code == 404
        assert client.get("/api/v1/acme_hello/greetings").status_code == 404
        assert "/api/v1/acme_hello/greet" not in client.get("/api/v1/openapi.json").json["paths"]
        with site.transaction(company) as s:
            lifecycle.enable(s, "acme_hello")


def test_nobody_learns_from_outside_which_plugins_there_are(
    app: Flask, client: FlaskClient, company: int
) -> None:
    for method in METHODS:
        for path in ("/p/{}/", "/p/{}/public", "/p/{}/zzz", "/api/v1/{}/greet", "/static/p/{}/x"):
            there = _face(client.open(path.format("acme_hello"), method=method), "acme_hello")
            never = _face(client.open(path.format("acme_never"), method=method), "acme_never")
            assert there == never, (method, path)


def test_files_of_plugins_send_nobody_to_the_sign_in(client: FlaskClient, company: int) -> None:
    assert client.get("/static/p/acme_hello/hello.css").status_code == 404


def test_a_page_answers_though_its_use_cannot_be_noted(
    frozen_clock: FrozenClock, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def busy(*what: Any) -> None:
        asked.append(what)
        raise Busy("somebody else is writing")

    signed_in.get("/me")
    monkeypatch.setattr(sessions, "touch", busy)
    frozen_clock.move(minutes=2)
    assert signed_in.get("/me").status_code == 200
    assert len(asked) == 1


def test_public_pages_open_for_the_company_the_request_names(
    site: Site, company: int, without: int, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {"company": company}
    real = site.plugins.first
    monkeypatch.setattr(
        site.plugins,
        "first",
        lambda hook, active, **more: (
            named["company"] if hook == "resolve_company" else real(hook, active, **more)
        ),
    )
    assert client.get("/p/acme_hello/public").text == "Lanjing"
    assert client.get("/p/acme_hello/").status_code == 302
    named["company"] = without
    assert client.get("/p/acme_hello/public").status_code == 302
    named["company"] = company
    with site.system() as s:
        s.get(Company, company).closed_at = clock.now()
    assert client.get("/p/acme_hello/public").status_code == 302, "the company is closed"


def test_a_route_without_a_known_right_breaks_its_plugin(tmp_path: Path) -> None:
    config = Config(home=tmp_path, plugin_allow=("acme_open",), plugin_path=(PLUGINS,))
    site = Site.open(config)
    app = create_app(site)
    assert "acme_open.never_declared" in site.plugins.broken["acme_open"].reason
    assert "acme_open" not in site.plugins.manifests
    assert app.test_client().get("/p/acme_open/").status_code == 302


@pytest.mark.parametrize("words", [{}, {"permission": "core.users", "public": "why"}])
def test_a_route_states_one_right(words: dict[str, str]) -> None:
    bp = CoreBlueprint("x", __name__)
    with pytest.raises(ValueError, match="permission="):
        bp.get("/x", **words)(lambda: "")


def test_the_application_does_not_start_with_an_open_core_route(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flask import Blueprint

    from zhike.web import views

    plain = Blueprint("plain", __name__)
    plain.get("/plain")(lambda: "open")
    real = views.core_blueprints
    monkeypatch.setattr(views, "core_blueprints", lambda: (*real(), plain))
    with pytest.raises(ConfigError, match="/plain"):
        create_app(site)
    unknown = CoreBlueprint("unknown", __name__)
    unknown.get("/unknown", permission="core.nobody_knows")(lambda: "")
    monkeypatch.setattr(views, "core_blueprints", lambda: (*real(), unknown))
    with pytest.raises(ConfigError, match="nobody_knows"):
        create_app(site)


@pytest.mark.parametrize("method", APP_WIDE)
def test_a_plugins_blueprint_cannot_reach_beyond_it(method: str) -> None:
    bp = PluginBlueprint("acme")
    with pytest.raises(TypeError, match=method):
        getattr(bp, method)(lambda *a: None)


def test_a_plugins_blueprint_cannot_leave_its_room(app: Flask) -> None:
    assert {m for m in dir(PluginBlueprint) if "app_" in m} == set(APP_WIDE)
    bp = PluginBlueprint("acme")
    for words in ({"own": "x"}, {"signed_in": "x"}, {"permission": "other.x"}):
        with pytest.raises(ValueError):
            bp.get("/x", **words)(lambda: "")
    for method in ("record", "record_once"):
        with pytest.raises(TypeError):
            getattr(bp, method)(lambda state: None)
    fresh = create_app.__globals__["ZhikeFlask"]("x")
    for place in ({"url_prefix": "/admin"}, {"name": "core"}, {"subdomain": "x"}):
        with pytest.raises(ValueError):
            fresh.register_blueprint(PluginBlueprint("acme"), **place)
    moved = PluginBlueprint("acme")
    moved.url_prefix = "/"
    with pytest.raises(ValueError):
        fresh.register_blueprint(moved)


def test_rights_are_asked_and_refusals_are_in_the_ledger(
    site: Site, company: int, login: Login
) -> None:
    client = login(company, ["acme_hello.view"])
    assert client.get("/p/acme_hello/").status_code == 200
    refused = client.get("/p/acme_hello/editing")
    assert refused.status_code == 403
    with site.reader(company) as s:
        line = s.scalars(select(LedgerLine).where(LedgerLine.action == "core.denied")).one()
    assert line.result == "denied"
    assert line.object == "acme_hello.editing"
    assert line.body["permission"] == "acme_hello.edit"
    assert line.user_id is not None
    assert login(company, []).get("/p/acme_hello/").status_code == 403
    assert login(company, []).get("/").status_code == 200


def test_a_unit_in_the_address_is_part_of_the_right(
    site: Site, two_companies: TwoCompanies, login: Login
) -> None:
    with site.transaction(two_companies.a) as s:
        here = organisation.add_unit(s, name="一号案场", code="A1", kind="site").id
    with site.transaction(two_companies.b) as s:
        there = organisation.add_unit(s, name="二号案场", code="B1", kind="site").id
    admin = login(two_companies.a)
    assert admin.get(f"/p/acme_hello/unit/{here}").status_code == 200
    assert admin.get(f"/p/acme_hello/unit/{there}").status_code == 404
    assert admin.get(f"/p/acme_hello/unit/{uuid.uuid4()}").status_code == 404
    nowhere = login(two_companies.a, ["acme_hello.view"], scope="unit")
    assert nowhere.get(f"/p/acme_hello/unit/{here}").status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost"}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "https://localhost"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
    ],
)
def test_changes_asked_for_by_other_sites_are_refused(
    signed_in: Browser, headers: dict[str, str], status: int
) -> None:
    answer = signed_in.post("/prefs/theme", {"theme": "dark"}, headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize("token", ["", "x", "ImFiYyI.aSDk0w.forged"])
def test_changes_without_the_token_are_refused_and_nothing_is_lost(
    signed_in: Browser, token: str
) -> None:
    sent = {"csrf_token": token, "name": "李敏 <b>", "password": "secret"}
    answer = signed_in.client.post("/p/acme_hello/add", data=sent)
    assert answer.status_code == 400
    assert "李敏 &lt;b&gt;" in answer.text
    assert "secret" not in answer.text
    again = re.search(r'action="(/p/acme_hello/add)"', answer.text)
    assert again is not None
    fresh = {"csrf_token": signed_in.csrf(), "name": "李敏 <b>"}
    assert signed_in.client.post(again[1], data=fresh).status_code == 302


def test_every_answer_is_guarded(app: Flask, signed_in: Browser, client: FlaskClient) -> None:
    seen = set()
    for who in (signed_in, client):
        for path in (
            "/",
            "/me",
            "/login",
            "/nope",
            "/healthz",
            "/api/v1/core/me",
            "/p/acme_hello/",
            "/p/acme_hello/editing",
            "/static/core/css/zhike.css",
        ):
            answer = who.get(path)
            seen.add(answer.status_code)
            assert answer.headers["Content-Security-Policy"] == security.POLICY
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert "camera=()" in answer.headers["Permissions-Policy"]
            assert "HX-Request" in answer.headers["Vary"]
            if "css" not in path:
                assert answer.headers["Cache-Control"] == "no-store", path
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
            for inline in (" style=", "<script>", " onclick=", "javascript:"):
                assert inline not in answer.text.lower()
    assert {200, 302, 401, 404} <= seen
    errors = signed_in.client.post("/p/acme_hello/add", data={})
    assert errors.headers["Content-Security-Policy"] == security.POLICY


def test_static_files_are_kept_under_their_digest_only(signed_in: Browser) -> None:
    page = signed_in.get("/").text
    address = re.search(r'href="(/static/core/css/zhike\.css\?v=[0-9a-f]{12})"', page)
    assert address is not None
    assert "immutable" in signed_in.get(address[1]).headers["Cache-Control"]
    for stale in ("/static/core/css/zhike.css", "/static/core/css/zhike.css?v=000000000000"):
        assert signed_in.get(stale).headers["Cache-Control"] == "no-cache"
    plugin = signed_in.get("/static/p/acme_hello/hello.css")
    assert "public" not in plugin.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("config", "host", "good"),
    [
        ({}, "localhost:8000", True),
        ({}, "127.0.0.1", True),
        ({}, "[::1]:8000", True),
        ({}, "evil.example", False),
        ({}, "10.0.0.7", False),
        ({}, "localhost.evil.example", False),
        ({}, "localhost:8000@evil.example", False),
        ({"host": "0.0.0.0"}, "10.0.0.7:8000", True),
        ({"host": "0.0.0.0"}, "evil.example", False),
        ({"trusted_hosts": ("Desk.example.cn",)}, "desk.example.cn", True),
        ({"trusted_hosts": ("desk.example.cn",)}, "localhost", True),
        ({"trusted_hosts": ("desk.example.cn",), "host": "0.0.0.0"}, "10.0.0.7", False),
    ],
)
def test_only_own_names_are_answered(
    tmp_path: Path, config: dict[str, Any], host: str, good: bool
) -> None:
    assert security.Hosts(Config(home=tmp_path, **config)).trusts(host) is good


def test_a_forged_host_gets_nothing(client: FlaskClient) -> None:
    for path in ("/login", "/", "/healthz"):
        answer = client.get(path, headers={"Host": "evil.example"})
        assert answer.status_code == 400
        assert "evil.example" not in answer.text
        assert "evil.example" not in str(answer.headers)


def test_proxies_are_believed_only_as_many_as_are_configured(
    tmp_path: Path, zhike_template: Path
) -> None:
    seen = []
    for proxies in (0, 1, 2):
        site = make_site(tmp_path / str(proxies), template=zhike_template)
        site.config = replace(site.config, proxies=proxies)
        app = create_app(site)
        with app.test_request_context():
            pass
        app.before_request_funcs[None].insert(
            0, lambda: seen.append(__import__("flask").request.remote_addr)
        )
        forwarded = {"X-Forwarded-For": "6.6.6.6, 5.5.5.5, 4.4.4.4"}
        app.test_client().get("/login", headers=forwarded)
        site.close()
    assert seen == ["127.0.0.1", "4.4.4.4", "5.5.5.5"]


def test_oversized_requests_are_refused_before_they_are_read(signed_in: Browser) -> None:
    token = signed_in.csrf()
    many = "&".join(f"f{n}=1" for n in range(2500))
    for body, kind in (
        (
            f"csrf_token={token}&name=" + "x" * (2 * 1024 * 1024),
            "application/x-www-form-urlencoded",
        ),
        (f"csrf_token={token}&{many}&" + "y" * 1_100_000, "application/x-www-form-urlencoded"),
    ):
        answer = signed_in.client.post("/p/acme_hello/add", data=body, content_type=kind)
        assert answer.status_code == 413
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="f{n}"\r\n\r\n1\r\n' for n in range(2500)
    )
    answer = signed_in.client.post(
        "/p/acme_hello/add", data=parts + "--b--", content_type="multipart/form-data; boundary=b"
    )
    assert answer.status_code == 413
    huge = signed_in.client.post(
        "/api/v1/acme_hello/greet",
        data=b"x",
        content_type="application/json",
        headers={"X-CSRFToken": token},
        environ_overrides={"CONTENT_LENGTH": str(1024**3)},
    )
    assert huge.status_code == 413
    assert huge.mimetype == "application/problem+json"
    assert [a.headers.get("Connection") for a in (answer, huge)] == ["close", "close"]
    assert "Connection" not in signed_in.get("/").headers


def test_bytes_that_no_database_keeps_are_refused(signed_in: Browser) -> None:
    assert signed_in.get("/search?q=a%00b").status_code == 400
    assert signed_in.get("/p/acme_hello/%00").status_code in (400, 404)
    assert signed_in.post("/p/acme_hello/add", {"name": "a\0b"}).status_code == 400


def test_keys_are_made_at_first_start_and_weak_ones_refused(tmp_path: Path) -> None:
    config = Config(home=tmp_path)
    key = secret.cookie_key(config)
    path = tmp_path / "keys" / "cookie.key"
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert secret.cookie_key(config) == key
    for weak in ("", "00" * 32, "abab" * 32, "secret", "12" * 8, "zz" * 32):
        path.write_text(weak, encoding="ascii")
        with pytest.raises(ConfigError, match="weak"):
            secret.cookie_key(config)
    path.write_text(key.hex(), encoding="ascii")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod"):
        secret.cookie_key(config)


def test_system_routes_ask_for_a_system_administrator(
    site: Site, company: int, login: Login, app: Flask
) -> None:
    routes = [
        rule
        for rule in app.url_map.iter_rules()
        if isinstance(rule, rights.GuardedRule)
        and rule.access
        and rule.access.system
        and "GET" in (rule.methods or ())
        and not rule.arguments
    ]
    client = login(company)
    for rule in routes:
        assert client.get(rule.rule).status_code == 403, rule.rule


def test_health_needs_nobody_and_says_little(client: FlaskClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.json == {"status": "ok"}
    text = client.get("/.well-known/security.txt")
    assert text.mimetype == "text/plain"
    assert "Contact:" in text.text
    assert "Expires:" in text.text


def test_the_operators_own_security_txt_is_served(site: Site, client: FlaskClient) -> None:
    (site.config.home / "security.txt").write_text("Contact: tel:+86\n", encoding="utf-8")
    assert client.get("/.well-known/security.txt").text == "Contact: tel:+86\n"


def test_a_lost_database_degrades(site: Site, client: FlaskClient) -> None:
    site.engines.read.dispose()
    path = Path(str(site.engines.read.url.database))
    path.rename(path.with_suffix(".gone"))
    path.mkdir()
    try:
        for probe in ("/healthz", "/readyz"):
            answer = client.get(probe)
            assert answer.status_code == 503
            assert answer.json == {"status": "degraded"}
    finally:
        path.rmdir()
        path.with_suffix(".gone").rename(path)


def test_a_silent_worker_is_said_above_pages_and_to_monitors(
    site: Site, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zhike import clock
    from zhike.models.jobs import Heartbeat
    from zhike.web import notices

    monkeypatch.setattr(notices, "_ASK_EVERY", -1.0)
    with site.system() as s:
        s.add(Heartbeat(name="worker", at=clock.now() - timedelta(minutes=10)))
    assert signed_in.get("/healthz").json == {"status": "degraded"}
    assert signed_in.get("/readyz").json == {"status": "ok"}
    assert "/admin/health" in signed_in.get("/p/acme_hello/").text.split("<main")[0]
    with site.system() as s:
        beat = s.get(Heartbeat, "worker")
        assert beat is not None
        beat.at = clock.now()
    assert signed_in.get("/healthz").json == {"status": "ok"}
    assert "zk-banner" not in signed_in.get("/p/acme_hello/").text
