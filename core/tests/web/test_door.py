"""The door: who comes in, who waits, and what ends a sign-in."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from zhike.models.people import AuthEvent, LoginSession, User
from zhike.services import access, door, passwords, people, sessions
from zhike.site import Site
from zhike.testing import FrozenClock, TwoCompanies, make_company, make_user, read_page

from .conftest import PASSWORD, Browser

NewBrowser = Callable[[], Browser]


@pytest.fixture
def unhashed(monkeypatch: pytest.MonkeyPatch, amy: uuid.UUID) -> list[str]:
    """Passwords compared without their cost; the list holds the hash each was compared with."""
    asked: list[str] = []

    def verify(stored: str, password: str) -> bool:
        asked.append(stored)
        return bool(stored) and password == PASSWORD

    monkeypatch.setattr(passwords, "verify", verify)
    return asked


def _cookie(response: Any) -> str:
    for header in response.headers.getlist("Set-Cookie"):
        if header.startswith("zhike_session="):
            return str(header)
    raise AssertionError("no session cookie")


def test_good_password_opens_and_the_cookie_is_closed_to_others(
    browser: Browser, amy: uuid.UUID
) -> None:
    answer = browser.sign_in("AMY ", PASSWORD, data={"next": "/me"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me")
    cookie = _cookie(answer)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "Expires" not in cookie
    assert len(re.match(r"zhike_session=([^;]+)", cookie)[1]) >= 43
    assert browser.get("/me").status_code == 200


def test_https_site_has_secure_host_cookies(app: Flask, amy: uuid.UUID) -> None:
    app.config["SESSION_COOKIE_SECURE"] = True
    client = app.test_client()
    page = client.get("/login", base_url="https://localhost")
    token = read_page(page.text).csrf_token
    answer = client.post(
        "/login",
        base_url="https://localhost",
        data={"csrf_token": token, "username": "amy", "password": PASSWORD},
    )
    assert answer.status_code == 303
    header = next(h for h in answer.headers.getlist("Set-Cookie") if h.startswith("__Host-zhike"))
    assert "Secure" in header
    assert "Strict-Transport-Security" in answer.headers


def test_wrong_missing_and_closed_accounts_are_answered_alike(
    site: Site, company: int, new_browser: NewBrowser, unhashed: list[str]
) -> None:
    with site.system() as s:
        closed = people.add_user(s, login="closed", name="x", password_hash="kept").id
        people.add_membership(s, closed, company)
        people.disable(s, closed)
    answers = []
    for login, password in (("amy", "wrong"), ("nobody", PASSWORD), ("closed", PASSWORD)):
        answer = new_browser().sign_in(login, password)
        body = re.sub(r'value="[^"]*"|"X-CSRFToken": "[^"]*"|data-csrf="[^"]*"', "", answer.text)
        answers.append((answer.status_code, body))
    assert answers[0][0] == 401
    assert answers[0] == answers[1] == answers[2]
    assert len(unhashed) == 3, "each costs one hash"


def test_five_wrong_tries_shut_the_door_for_fifteen_minutes(
    browser: Browser, unhashed: list[str], frozen_clock: FrozenClock
) -> None:
    for _ in range(5):
        assert browser.sign_in("amy", "wrong").status_code == 401
        frozen_clock.move(seconds=1)
    shut = browser.sign_in("amy", PASSWORD)
    assert shut.status_code == 429
    assert 0 < int(shut.headers["Retry-After"]) <= 900
    assert int(shut.headers["Retry-After"]) == 896, "until the first of the five is forgotten"
    assert len(unhashed) == 5, "a shut door compares nothing"
    frozen_clock.move(minutes=14, seconds=55)
    assert browser.sign_in("amy", PASSWORD).status_code == 303


def test_ten_wrong_tries_shut_the_door_for_the_day(
    site: Site, amy: uuid.UUID, browser: Browser, unhashed: list[str], frozen_clock: FrozenClock
) -> None:
    for _ in range(10):
        assert browser.sign_in("amy", "wrong").status_code == 401
        frozen_clock.move(minutes=20)
    assert browser.sign_in("amy", PASSWORD).status_code == 429
    with site.system() as s:
        assert door.failed_tries(s, amy) == 10, "the panel counts a day"
    frozen_clock.move(hours=20, minutes=41)
    assert browser.sign_in("amy", PASSWORD).status_code == 303


def test_a_missing_account_is_locked_like_an_existing_one(
    site: Site, browser: Browser, unhashed: list[str]
) -> None:
    for _ in range(5):
        assert browser.sign_in("my secret password", "x").status_code == 401
    assert browser.sign_in("MY secret password", "x").status_code == 429
    with site.system_reader() as s:
        kept = [str(vars(e)) for e in s.scalars(select(AuthEvent))]
    assert kept
    assert not any("secret" in text for text in kept), "people type passwords into the wrong field"


def test_thirty_wrong_tries_from_one_network_shut_it_out(
    app: Flask, site: Site, unhashed: list[str]
) -> None:
    for n in range(30):
        assert (
            door.sign_in(site, f"user{n}", "x", ip=f"203.0.113.{n + 1}", agent="") == door.Refused()
        )
    refused = door.sign_in(site, "amy", PASSWORD, ip="203.0.113.200", agent="")
    assert isinstance(refused, door.Refused)
    assert refused.retry_after is not None
    assert isinstance(
        door.sign_in(site, "amy", PASSWORD, ip="203.0.114.1", agent=""), door.SignedIn
    )


def test_unlocking_an_account_does_not_open_its_network(
    site: Site, amy: uuid.UUID, unhashed: list[str]
) -> None:
    for n in range(30):
        door.sign_in(site, f"user{n}", "x", ip="203.0.113.5", agent="")
    with site.system() as s:
        door.note(s, "unlocked", people.get_user(s, amy), ip="203.0.113.5", by="a colleague")
    shut = door.sign_in(site, "amy", PASSWORD, ip="203.0.113.5", agent="")
    assert isinstance(shut, door.Refused)
    assert shut.retry_after is not None


@pytest.mark.parametrize("what", ["disabled", "password"])
def test_an_account_changed_while_its_password_is_compared_stays_shut(
    site: Site, company: int, amy: uuid.UUID, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    make_user(site, company)  # somebody else administers

    def verify(stored: str, password: str) -> bool:
        with site.system() as s:
            if what == "disabled":
                people.disable(s, amy)
            else:
                people.set_password(s, amy, passwords.hash_password("new"), must_change=False)
        return True

    monkeypatch.setattr(passwords, "verify", verify)
    assert door.sign_in(site, "amy", PASSWORD, ip="203.0.113.5", agent="") == door.Refused()
    with site.system_reader() as s:
        assert not sessions.list_open(s, amy)
        kinds = set(s.scalars(select(AuthEvent.kind).where(AuthEvent.user_id == amy)))
    assert "signed_in" not in kinds


def test_good_sign_ins_of_an_office_do_not_shut_its_network(
    site: Site, unhashed: list[str]
) -> None:
    for _ in range(40):
        opened = door.sign_in(site, "amy", PASSWORD, ip="203.0.113.9", agent="")
        assert isinstance(opened, door.SignedIn)


def test_many_tries_at_once_do_not_slip_past_the_count(site: Site, unhashed: list[str]) -> None:
    answers: list[Any] = []
    gate = threading.Barrier(16)

    def guess() -> None:
        gate.wait()
        answers.append(door.sign_in(site, "amy", "wrong", ip="203.0.113.9", agent=""))

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 16
    assert len(unhashed) == 5


def test_unlocking_forgets_the_tries_and_is_recorded(
    site: Site, browser: Browser, amy: uuid.UUID, unhashed: list[str]
) -> None:
    for _ in range(8):
        browser.sign_in("amy", "wrong")
    with site.system() as s:
        assert door.failed_tries(s, amy) == 5
        door.unlock(s, amy, by="root at the console")
        assert door.failed_tries(s, amy) == 0
    assert browser.sign_in("amy", PASSWORD).status_code == 303
    with site.system_reader() as s:
        note = s.scalars(select(AuthEvent).where(AuthEvent.kind == "unlocked")).one()
        assert note.detail == {"by": "root at the console"}
        locked = s.scalars(select(AuthEvent).where(AuthEvent.kind == "locked")).all()
        assert len(locked) == 1, "one row for a shut door, not one a knock"


def test_a_spoofed_forwarding_header_changes_nothing(
    site: Site, browser: Browser, unhashed: list[str]
) -> None:
    for n in range(3):
        browser.sign_in("amy", "wrong", headers={"X-Forwarded-For": f"198.51.100.{n}"})
    with site.system_reader() as s:
        prefixes = set(s.scalars(select(AuthEvent.ip_prefix)))
    assert prefixes == {"127.0.0.0/24"}


def test_an_old_hash_is_made_anew_at_sign_in(site: Site, browser: Browser, amy: uuid.UUID) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with site.system() as s:
        people.get_user(s, amy).password_hash = old
    assert browser.sign_in("amy", PASSWORD).status_code == 303
    with site.system_reader() as s:
        assert people.get_user(s, amy).password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


BAD_NEXT = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/%09/evil.example",
    "/%5cevil.example",
    "/%2f/evil.example",
    "/%2fevil.example",
    "%2f%2fevil.example",
    "/%252f%252fevil.example",
    "https://evil.example",
    "http:evil.example",
    "https:evil.example",
    "https:/evil.example",
    "HTTPS://EVIL.EXAMPLE",
    "//evil.example/%2f..",
    "/..//evil.example",
    "/./\\/evil.example",
    "/../evil",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "ftp://evil.example",
    "//evil.example@localhost",
    "//localhost@evil.example",
    "https://localhost.evil.example",
    "//例え.jp",
    "/\u0000/evil.example",
    "/\u2028/evil.example",
    "//[::1]",
    "//1249763844",
    "/a//b",
    "me",
    "?next=//evil.example",
    "",
    "/" + "x" * 3000,
]


@pytest.mark.parametrize("target", BAD_NEXT)
def test_next_never_leaves_the_site(target: str) -> None:
    from zhike.web.redirects import safe_next

    assert safe_next(target, "/home") == "/home"


@pytest.mark.parametrize(
    "target",
    ["/", "/me", "/search?q=%E6%9D%8E", "/p/x/board?since=1&at=10:30#row", "/search?q=a//b"],
)
def test_next_keeps_ordinary_paths(target: str) -> None:
    from zhike.web.redirects import safe_next

    assert safe_next(target, "/home") == target


def test_next_is_kept_from_the_wanted_page_to_the_redirect(
    browser: Browser, new_browser: NewBrowser, amy: uuid.UUID
) -> None:
    sent = browser.get("/search?q=%E6%9D%8E&x=1")
    assert sent.status_code == 302
    page = browser.get(sent.headers["Location"])
    wanted = re.search(r'name="next"[^>]*value="([^"]+)"', page.text)[1]
    answer = browser.sign_in("amy", PASSWORD, data={"next": wanted.replace("&amp;", "&")})
    assert answer.headers["Location"] == "/search?q=%E6%9D%8E&x=1"
    for evil in BAD_NEXT[:8]:
        answer = new_browser().sign_in("amy", PASSWORD, data={"next": evil})
        assert answer.headers["Location"] == "/"


def test_a_field_that_decides_is_refused_when_sent_twice(browser: Browser, amy: uuid.UUID) -> None:
    for name in ("username", "password", "next"):
        answer = browser.post(
            "/login",
            {"username": "amy", "password": PASSWORD, "next": "/", name: ["amy", "bob"]},
            form_at="/login",
        )
        assert answer.status_code == 400, name


@pytest.mark.parametrize(
    "text",
    [
        "'",
        '"',
        "' OR 1=1 --",
        "\\",
        "%",
        "{{7*7}}",
        "${7*7}",
        "<script>",
        "李敏",
        "x" * 10000,
        "\ud7ff",
        "a\u202eb",
        "\U0001f600",
    ],
)
def test_strange_text_at_the_door_is_a_wrong_password(
    browser: Browser, unhashed: list[str], text: str
) -> None:
    answer = browser.sign_in(text, text)
    assert answer.status_code in (401, 422)
    assert "49" not in re.sub(r'"[^"]*"', "", answer.text)
    assert "<script>" not in answer.text.replace("<script src=", "").replace("<script type=", "")


def test_sign_out_ends_the_session_on_the_server(
    site: Site, browser: Browser, new_browser: NewBrowser, amy: uuid.UUID
) -> None:
    cookie = re.match(r"zhike_session=([^;]+)", _cookie(browser.sign_in("amy", PASSWORD)))
    thief = new_browser()
    thief.client.set_cookie("zhike_session", cookie[1])
    assert thief.get("/me").status_code == 200
    assert browser.post("/logout").status_code == 303
    assert thief.get("/me").status_code == 302
    assert browser.get("/me").status_code == 302
    assert browser.get("/logout").status_code == 405


def test_who_signs_out_is_told_so_once(browser: Browser, amy: uuid.UUID) -> None:
    browser.sign_in("amy", PASSWORD)
    answer = browser.client.post("/logout", data={"csrf_token": browser.csrf()})
    assert answer.headers["Location"] == "/login"
    assert "您已退出登录" in browser.get("/login").text
    assert "您已退出登录" not in browser.get("/login").text


def test_the_door_says_what_this_is_and_what_an_empty_site_needs(
    site: Site, browser: Browser
) -> None:
    with site.system() as s:
        assert not people.any_user(s)
    page = browser.get("/login").text
    assert "轮到谁" in page
    assert "zhike user add" in page
    make_user(site, make_company(site, "firm"), login="amy")
    assert "zhike user add" not in browser.get("/login").text
    assert "请先登录" in browser.get("/login?next=/me").text


def test_signing_in_again_ends_the_session_before(
    browser: Browser, new_browser: NewBrowser, amy: uuid.UUID
) -> None:
    first = re.match(r"zhike_session=([^;]+)", _cookie(browser.sign_in("amy", PASSWORD)))
    fields = {"username": "amy", "password": PASSWORD, "csrf_token": browser.csrf()}
    second = browser.client.post("/login", data=fields)
    assert second.status_code == 303
    assert first is not None
    assert first[1] not in _cookie(second)
    other = new_browser()
    other.client.set_cookie("zhike_session", first[1])
    assert other.get("/me").status_code == 302


def test_the_csrf_token_is_new_after_sign_in(browser: Browser, amy: uuid.UUID) -> None:
    before = browser.csrf("/login")
    browser.sign_in("amy", PASSWORD)
    assert browser.client.post("/logout", data={"csrf_token": before}).status_code == 400
    assert browser.get("/me").status_code == 200


def test_a_password_set_by_others_has_to_be_changed_first(
    site: Site, browser: Browser, amy: uuid.UUID, password_hash: str
) -> None:
    with site.system() as s:
        people.set_password(s, amy, password_hash, must_change=True)
    browser.sign_in("amy", PASSWORD)
    for path in ("/", "/me", "/p/acme_hello/", "/search"):
        assert browser.get(path).headers["Location"] == "/me/password"
    assert browser.get("/api/v1/core/me").headers.get("Location") == "/me/password"
    new = "quiet rain over the river"
    fields = {"current": PASSWORD, "new": new, "again": new}
    assert browser.post("/me/password", fields).headers["Location"] == "/"
    assert browser.get("/me").status_code == 200


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"current": "wrong"}, "current"),
        ({"again": "something else 77"}, "again"),
        ({"new": "short", "again": "short"}, "new"),
        ({"new": "password123", "again": "password123"}, "new"),
        ({"new": "my-amy-is-here", "again": "my-amy-is-here"}, "new"),
        ({"new": PASSWORD, "again": PASSWORD}, "new"),
    ],
)
def test_password_change_says_what_is_wrong_beside_the_field(
    browser: Browser, amy: uuid.UUID, fields: dict[str, str], words: str
) -> None:
    browser.sign_in("amy", PASSWORD)
    good = {"current": PASSWORD, "new": "quiet rain over it", "again": "quiet rain over it"}
    answer = browser.post("/me/password", {**good, **fields})
    assert answer.status_code == 422
    assert f'id="{words}-error"' in answer.text
    assert PASSWORD not in answer.text


def test_password_change_ends_the_other_sign_ins_and_renews_this_one(
    browser: Browser, new_browser: NewBrowser, amy: uuid.UUID
) -> None:
    browser.sign_in("amy", PASSWORD)
    other = new_browser()
    other.sign_in("amy", PASSWORD)
    new = "quiet rain over the river"
    answer = browser.post("/me/password", {"current": PASSWORD, "new": new, "again": new})
    assert answer.status_code == 303
    assert _cookie(answer)
    assert browser.get("/me").status_code == 200
    assert other.get("/me").status_code == 302


def test_list_of_sign_ins_ends_others_but_not_strangers(
    site: Site, browser: Browser, new_browser: NewBrowser, amy: uuid.UUID, company: int
) -> None:
    from zhike.testing import make_user

    browser.sign_in("amy", PASSWORD)
    second, third = new_browser(), new_browser()
    second.sign_in("amy", PASSWORD)
    third.sign_in("amy", PASSWORD)
    bob = make_user(site, company)
    stranger = door.open_for(site, bob, ip="", agent="")
    assert stranger is not None
    with site.system_reader() as s:
        rows = sessions.list_open(s, amy)
        strangers = sessions.list_open(s, bob)[0].id
    assert len(rows) == 3
    page = browser.get("/me/sessions")
    ids = read_page(page.text).values_of("session")
    assert len(ids) == 2
    assert browser.post("/me/sessions", {"session": ids[0]}).status_code == 303
    assert browser.post("/me/sessions", {"session": ids[0]}).status_code == 404
    assert browser.post("/me/sessions", {"session": str(strangers)}).status_code == 404
    assert browser.post("/me/sessions", {"session": "x"}).status_code == 404
    assert sorted(b.get("/me").status_code for b in (second, third)) == [200, 302]
    assert browser.post("/me/sessions", {"all": "1"}).status_code == 303
    assert [b.get("/me").status_code for b in (second, third)] == [302, 302]
    assert browser.get("/me").status_code == 200
    with site.system_reader() as s:
        assert sessions.list_open(s, bob)


def test_proving_the_password_again_gives_a_new_token(
    browser: Browser, amy: uuid.UUID, frozen_clock: FrozenClock
) -> None:
    first = _cookie(browser.sign_in("amy", PASSWORD))
    token = {"title": "till", "scopes": "read", "days": "30"}
    assert browser.post("/me/tokens", token).status_code == 200
    frozen_clock.move(minutes=11)
    sent = browser.post("/me/tokens", token)
    assert sent.headers["Location"] == "/confirm?next=/me/tokens"
    assert browser.post("/confirm", {"password": "wrong"}).status_code == 401
    answer = browser.post("/confirm", {"password": PASSWORD, "next": "/me/tokens"})
    assert answer.headers["Location"] == "/me/tokens"
    assert _cookie(answer) != first
    assert browser.post("/me/tokens", token).status_code == 200


def test_right_proofs_do_not_count_as_tries_and_closed_accounts_prove_nothing(
    site: Site, company: int, amy: uuid.UUID, unhashed: list[str]
) -> None:
    for _ in range(6):
        assert door.prove_again(site, amy, PASSWORD, ip="127.0.0.1") is True
    for _ in range(5):
        assert door.prove_again(site, amy, "wrong", ip="127.0.0.1") is False
    assert isinstance(door.prove_again(site, amy, PASSWORD, ip="127.0.0.1"), door.Refused)
    make_user(site, company)  # somebody else administers
    with site.system() as s:
        door.unlock(s, amy, by="a colleague")
        people.disable(s, amy)
    assert door.prove_again(site, amy, PASSWORD, ip="127.0.0.1") is False


def test_a_changed_role_gives_the_browser_a_new_token(
    site: Site, company: int, browser: Browser, amy: uuid.UUID
) -> None:
    browser.sign_in("amy", PASSWORD)
    before = browser.client.get_cookie("zhike_session").value
    with site.transaction(company) as s:
        sessions.roles_changed(s, amy)
    assert browser.get("/me").status_code == 200
    after = browser.client.get_cookie("zhike_session").value
    assert after != before
    assert browser.get("/me").status_code == 200
    assert browser.client.get_cookie("zhike_session").value == after


def test_switching_company_renews_the_token_and_only_to_ones_own(
    site: Site, two_companies: TwoCompanies, browser: Browser, amy: uuid.UUID
) -> None:
    browser.sign_in("amy", PASSWORD)
    assert browser.post("/company", {"company": "hongshan"}).status_code == 404
    with site.system() as s:
        people.add_membership(s, amy, two_companies.b)
    with site.transaction(two_companies.b) as c:
        access.grant_role(c, amy, access.ensure_admin_role(c).id)
    before = browser.client.get_cookie("zhike_session").value
    assert "hongshan" in browser.get("/company").text
    assert browser.post("/company", {"company": "hongshan"}).status_code == 303
    assert browser.client.get_cookie("zhike_session").value != before
    assert browser.get("/api/v1/core/me").json["company"]["slug"] == "hongshan"


def test_several_companies_are_asked_for_and_remembered(
    site: Site, two_companies: TwoCompanies, new_browser: NewBrowser, amy: uuid.UUID
) -> None:
    with site.system() as s:
        people.add_membership(s, amy, two_companies.b)
    first = new_browser()
    first.sign_in("amy", PASSWORD)
    assert first.get("/").headers["Location"] == "/company?next=/"
    assert first.get("/api/v1/core/me").status_code == 403
    lost = first.post("/admin/organisation/units/new", {"name": "x"}, form_at="/company")
    assert lost.status_code == 403, "what was sent is not lost on the way to another page"
    first.post("/company", {"company": "hongshan"}, form_at="/company")
    again = new_browser()
    again.sign_in("amy", PASSWORD)
    assert again.get("/api/v1/core/me").json["company"]["slug"] == "hongshan"
    third = make_company(site, "qingshan")
    make_user(site, two_companies.b)  # somebody else administers
    with site.system() as s:
        people.add_membership(s, amy, third)
    with site.transaction(two_companies.b) as c:
        people.end_membership(c, amy)
    opened = door.sign_in(site, "amy", PASSWORD, ip="127.0.0.1", agent="")
    assert isinstance(opened, door.SignedIn)
    assert opened.company_id is None, "the company used last is no longer one of hers"


def test_ending_account_or_membership_ends_the_next_request(
    site: Site, company: int, new_browser: NewBrowser, amy: uuid.UUID
) -> None:
    from zhike.testing import make_user

    make_user(site, company)  # somebody else administers
    one, two = new_browser(), new_browser()
    one.sign_in("amy", PASSWORD)
    assert one.get("/me").status_code == 200
    with site.transaction(company) as c:
        people.end_membership(c, amy)
    assert one.get("/me").status_code == 302
    two.sign_in("amy", PASSWORD)
    assert two.get("/").headers["Location"].startswith("/company")
    with site.system() as s:
        people.disable(s, amy)
    assert two.get("/company").status_code == 302


def test_last_use_is_noted_at_most_once_a_minute_and_not_for_polling(
    site: Site, company: int, browser: Browser, amy: uuid.UUID, frozen_clock: FrozenClock
) -> None:
    browser.sign_in("amy", PASSWORD)

    def seen() -> datetime:
        with site.system_reader() as s:
            return s.scalars(select(LoginSession.seen_at)).one()

    start = seen()
    frozen_clock.move(seconds=59)
    browser.get("/me")
    assert seen() == start
    frozen_clock.move(seconds=2)
    browser.get("/me?since=1", headers={"HX-Request": "true"})
    assert seen() == start
    browser.get("/me")
    assert seen() == start + timedelta(seconds=61)


def test_polling_alone_lets_the_sign_in_end(
    browser: Browser, amy: uuid.UUID, frozen_clock: FrozenClock
) -> None:
    browser.sign_in("amy", PASSWORD)
    for _ in range(31):
        frozen_clock.move(minutes=1)
        answer = browser.get("/p/acme_hello/?since=3", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login"


def test_single_sign_on_by_a_plugin(
    site: Site, browser: Browser, amy: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = site.plugins.first

    def first(hook: str, active: Any, **arguments: Any) -> Any:
        if hook == "authenticate":
            return amy if arguments["request"].headers.get("X-Test-Sso") == "amy" else None
        return real(hook, active, **arguments)

    monkeypatch.setattr(site.plugins, "first", first)
    assert browser.get("/me").status_code == 302
    sent = browser.client.post("/me/tokens", headers={"X-Test-Sso": "amy"})
    assert sent.status_code == 401, "only looking at a page signs in"
    known = browser.get("/api/v1/core/me", headers={"X-Test-Sso": "amy"})
    assert known.status_code == 401
    answer = browser.get("/me", headers={"X-Test-Sso": "amy"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me")
    assert browser.get("/me").status_code == 200
    with site.system_reader() as s:
        noted = s.scalars(select(AuthEvent).where(AuthEvent.kind == "signed_in")).one()
        assert (noted.user_id, noted.detail) == (amy, {"by": "plugin"})


def test_single_sign_on_opens_no_closed_account(
    site: Site, company: int, amy: uuid.UUID, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user(site, company)  # somebody else administers
    with site.system() as s:
        people.disable(s, amy)
    assert door.open_for(site, amy, ip="127.0.0.1", agent="") is None
    assert door.open_for(site, uuid.uuid4(), ip="127.0.0.1", agent="") is None
    with site.system_reader() as s:
        assert s.scalars(select(LoginSession)).all() == []
    monkeypatch.setattr(
        site.plugins, "first", lambda hook, *_a, **_k: amy if hook == "authenticate" else None
    )
    assert browser.get("/me").headers["Location"].startswith("/login")


def test_no_password_in_the_ledger_or_the_rows_of_the_door(
    site: Site, browser: Browser, amy: uuid.UUID
) -> None:
    browser.sign_in("amy", "an unlucky guess")
    browser.sign_in("amy", PASSWORD)
    with site.system_reader() as s:
        rows = [str(vars(row)) for row in s.scalars(select(AuthEvent))]
        assert s.scalars(select(User.password_hash)).first() != PASSWORD
    assert len(rows) >= 3
    assert not any("unlucky" in row or PASSWORD in row for row in rows)
