"""Pages around a request: acts that happen once, errors that lose nothing, the frame."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask import Flask, flash, get_flashed_messages
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike.contributions import RecordRef, SearchHit, SearchProvider
from zhike.db.session import CompanySession
from zhike.errors import Busy
from zhike.models.party import Party
from zhike.models.people import User
from zhike.plugins.active import active_in
from zhike.plugins.registry import Owner
from zhike.services import inbox, lifecycle, organisation, parties
from zhike.site import Site
from zhike.testing import QueryCount, make_user, sign_in

from .conftest import Browser

Login = Callable[..., FlaskClient]
Count = Callable[..., AbstractContextManager[QueryCount]]


def _names(site: Site, company: int) -> list[str]:
    with site.reader(company) as s:
        return list(s.scalars(select(Party.name)))


# -- acts and errors -----------------------------------------------------------------------------


def test_a_double_click_is_one_act_with_one_answer(
    site: Site, company: int, signed_in: Browser
) -> None:
    sent = {"name": "李敏", "idempotency_key": "k" * 32}
    first, second = (signed_in.post("/p/acme_hello/add", sent) for _ in range(2))
    assert first.status_code == second.status_code == 302
    assert first.headers["Location"] == second.headers["Location"]
    assert _names(site, company) == ["李敏"]
    other = signed_in.post("/p/acme_hello/add", {**sent, "name": "王芳"})
    assert other.status_code == 422, "the same key for something else is refused on the form"
    assert _names(site, company) == ["李敏"]
    third = signed_in.post("/p/acme_hello/add", {"name": "李敏", "idempotency_key": "l" * 32})
    assert third.headers["Location"] != first.headers["Location"]


def test_twenty_clicks_at_once_are_one_act(
    app: Flask, site: Site, company: int, signed_in: Browser
) -> None:
    token = signed_in.csrf()
    cookies = [signed_in.client.get_cookie(n) for n in ("zhike_session", "zhike_page")]
    sent = {"name": "李敏", "idempotency_key": "k" * 32, "csrf_token": token}
    places: list[str] = []
    gate = threading.Barrier(20)

    def click() -> None:
        client = app.test_client()
        for cookie in cookies:
            assert cookie is not None
            client.set_cookie(cookie.key, cookie.value)
        gate.wait()
        answer = client.post("/p/acme_hello/add", data=sent)
        places.append(f"{answer.status_code} {answer.headers.get('Location')}")

    threads = [threading.Thread(target=click) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(places) == 20
    assert len(set(places)) == 1, set(places)
    assert places[0].startswith("302 ")
    assert _names(site, company) == ["李敏"]


def test_a_key_belongs_to_the_person_who_used_it(
    site: Site, company: int, signed_in: Browser, login: Login
) -> None:
    sent = {"name": "李敏", "idempotency_key": "k" * 32}
    assert signed_in.post("/p/acme_hello/add", sent).status_code == 302
    other = Browser(login(company)).post("/p/acme_hello/add", sent)
    assert other.status_code == 422
    assert _names(site, company) == ["李敏"]


@pytest.mark.parametrize("key", ["short", "x" * 129, "with space here", "键键键键键键键键"])
def test_a_malformed_key_changes_nothing(
    site: Site, company: int, signed_in: Browser, key: str
) -> None:
    answer = signed_in.post("/p/acme_hello/add", {"name": "李敏", "idempotency_key": key})
    assert answer.status_code == 422
    assert 'value="李敏"' in answer.text
    assert _names(site, company) == []


def test_an_answer_lost_after_the_commit_is_given_on_retry(
    site: Site, company: int, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zhike.web import context

    sent = {"name": "李敏", "idempotency_key": "k" * 32}
    real = context.json.loads
    with monkeypatch.context() as patch:
        patch.setattr(
            "zhike_local.acme_hello.views.redirect", lambda *a: (_ for _ in ()).throw(OSError())
        )
        assert signed_in.post("/p/acme_hello/add", sent).status_code == 500
    assert real is json.loads
    assert _names(site, company) == ["李敏"]
    assert signed_in.post("/p/acme_hello/add", sent).status_code == 302
    assert _names(site, company) == ["李敏"]


def test_a_mistake_keeps_the_form_and_stands_beside_its_field(
    site: Site, company: int, signed_in: Browser
) -> None:
    answer = signed_in.post("/p/acme_hello/add", {"name": "bad"})
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    assert "This name is not taken." in answer.text
    assert 'value="bad"' in answer.text
    assert _names(site, company) == []


@pytest.mark.parametrize(("how", "status"), [("user", 422), ("busy", 503), ("crash", 500)])
def test_a_failure_changes_nothing_tells_what_to_do_and_leaks_nothing(
    site: Site, company: int, signed_in: Browser, how: str, status: int
) -> None:
    answer = signed_in.post("/p/acme_hello/fail", {"how": how, "note": "typed at length"})
    assert answer.status_code == status
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert _names(site, company) == []
    if status == 503:
        assert answer.headers["Retry-After"]
    if status == 500:
        assert re.search(r"<dd[^>]*>[0-9a-f]{8}</dd>", answer.text), "the number of the incident"
    else:
        assert "typed at length" in answer.text, "what was typed can be sent again"


def test_htmx_gets_a_message_and_keeps_its_page(signed_in: Browser) -> None:
    token = signed_in.csrf()
    answer = signed_in.client.post(
        "/p/acme_hello/fail",
        data={"how": "user", "csrf_token": token},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 422
    said = json.loads(answer.headers["HX-Trigger"])["zk:toast"]
    assert said == {"text": "Nothing can be done with this.", "tone": "breach"}


def test_a_busy_database_is_said_not_shown(
    site: Site, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed_in.csrf()

    def busy(*args: Any, **more: Any) -> Any:
        raise Busy("The database is busy; please try again.")

    monkeypatch.setattr(site, "transaction", busy)
    answer = signed_in.client.post(
        "/p/acme_hello/add",
        data={"csrf_token": token, "name": "李敏"},
    )
    assert answer.status_code == 503
    assert "李敏" in answer.text


def test_an_unwritable_ledger_refuses_the_denied_request_all_the_same(
    site: Site, company: int, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = login(company, [])
    monkeypatch.setattr("zhike.web.problems.ledger.append", lambda *a, **m: 1 / 0)
    answer = client.get("/p/acme_hello/")
    assert answer.status_code in (403, 500)
    assert "ZeroDivision" not in answer.text


# -- the frame -----------------------------------------------------------------------------------


def test_a_page_costs_one_statement_for_who_asks_and_none_for_its_frame(
    site: Site, company: int, login: Login, count_queries: Count
) -> None:
    client = login(company)
    client.get("/p/acme_hello/shown")
    with count_queries(at_most=2) as counted:
        assert client.get("/p/acme_hello/shown").status_code == 200
    assert sum("login_session" in statement for statement in counted.statements) == 1
    client.get("/p/acme_hello/")
    with count_queries(at_most=1):
        assert "Hello" in client.get("/p/acme_hello/").text
    with count_queries(at_most=1):
        assert client.get("/p/acme_off/").status_code == 404


def test_a_plain_act_stays_within_its_budget(
    site: Site, company: int, signed_in: Browser, count_queries: Count
) -> None:
    signed_in.post("/p/acme_hello/add", {"name": "warm", "idempotency_key": "w" * 32})
    token = signed_in.csrf()
    with count_queries() as counted:
        signed_in.client.post(
            "/p/acme_hello/add",
            data={"csrf_token": token, "name": "李敏", "idempotency_key": "k" * 32},
        )
    frame = [s for s in counted.statements if "core__login_session" in s or "idempotency" in s]
    assert len(frame) <= 4, "\n".join(frame)


def test_the_menu_shows_what_the_person_may_use(site: Site, company: int, login: Login) -> None:
    admin, viewer = login(company), login(company, ["acme_hello.view"])
    nobody = login(company, [])
    assert "Hello editors" in admin.get("/").text
    assert "Hello there" in viewer.get("/").text
    assert "Hello editors" not in viewer.get("/").text
    assert "Hello there" not in nobody.get("/").text
    with site.transaction(company) as s:
        lifecycle.disable(s, "acme_hello")
    for client in (admin, viewer):
        assert "Hello" not in client.get("/").text


def test_a_grant_taken_away_is_gone_from_the_next_page(
    site: Site, company: int, app: Flask
) -> None:
    from zhike.models.people import RoleGrant
    from zhike.services import access

    user_id = make_user(site, company, ["acme_hello.view"])
    client = sign_in(app, site, user_id)
    assert client.get("/p/acme_hello/").status_code == 200
    with site.transaction(company) as s:
        grant = s.scalars(select(RoleGrant.id).where(RoleGrant.user_id == user_id)).one()
        access.withdraw_grant(s, grant)
    assert client.get("/p/acme_hello/").status_code == 403
    assert "Hello there" not in client.get("/").text


def test_badges_of_plugins_are_counted_and_a_broken_one_is_noted(
    site: Site, signed_in: Browser
) -> None:
    page = signed_in.get("/").text
    assert re.search(r"Hello editors</span>\s*<span class=\"zk-count\">7<", page)
    assert any("badge acme_hello.home" in f.where for f in site.plugins.failures)


def test_cards_come_apart_and_a_broken_one_hurts_nobody(site: Site, signed_in: Browser) -> None:
    page = signed_in.get("/").text
    assert 'hx-get="/today/card/acme_hello.good"' in page
    assert "<b>lanjing</b>" not in page, "a card is fetched in a request of its own"
    assert signed_in.get("/today/card/acme_hello.good").text == "<b>lanjing</b>"
    bad = signed_in.get("/today/card/acme_hello.bad")
    assert bad.status_code == 200
    assert "secret" not in bad.text
    assert any("card acme_hello.bad" in f.where for f in site.plugins.failures)
    assert signed_in.get("/today/card/acme_hello.none").status_code == 404


def test_cards_ask_for_their_right_and_plugin(site: Site, company: int, login: Login) -> None:
    client = login(company, [])
    assert "acme_hello.good" not in client.get("/").text
    assert client.get("/today/card/acme_hello.good").status_code == 403
    admin = login(company)
    with site.transaction(company) as s:
        lifecycle.disable(s, "acme_hello")
    assert admin.get("/today/card/acme_hello.good").status_code == 404


def test_search_finds_customers_and_pages_and_survives_a_broken_provider(
    site: Site, company: int, signed_in: Browser, login: Login
) -> None:
    with site.transaction(company) as s:
        parties.create(s, name="李敏", phone="13800138000")
    for typed in ("limin", "lm", "8000", "李"):
        items = signed_in.get("/search/suggest", query_string={"q": typed}).json["items"]
        assert [i["label"] for i in items] == ["李敏"], typed
        assert "138001" not in json.dumps(items)
        assert "李敏" in signed_in.get("/search", query_string={"q": typed}).text
    assert (
        signed_in.get("/search/suggest?q=hello there").json["items"][0]["url"] == "/p/acme_hello/"
    )
    assert signed_in.get("/search/suggest?q=").json == {"items": []}
    assert any("search acme_hello.all" in f.where for f in site.plugins.failures)
    blind = login(company, [])
    assert blind.get("/search/suggest?q=limin").json == {"items": []}
    assert "李敏" not in blind.get("/search?q=limin").text


def test_a_customer_with_a_record_of_his_own_is_found_once(
    site: Site, company: int, signed_in: Browser
) -> None:
    """A provider whose hits say whose they are: the core adds no second line for the person."""
    with site.transaction(company) as s:
        party_id = parties.create(s, name="李敏", phone="13800138000").id
    hit = SearchHit(RecordRef("acme_hello", "note", uuid.uuid4()), "李敏的登记", party=party_id)
    provider = SearchProvider(
        name="acme_hello.cards",
        title="Cards",
        permission="acme_hello.view",
        query=lambda *_: [hit],
    )
    site.plugins.registry.add(
        Owner("acme_hello"), "register_search", [("acme_hello.cards", provider)]
    )
    items = signed_in.get("/search/suggest", query_string={"q": "李"}).json["items"]
    assert [i["label"] for i in items] == ["李敏的登记"]


def test_a_page_below_an_entry_of_the_menu_marks_it(signed_in: Browser) -> None:
    for path, entry in (
        ("/admin/users", "/admin/users"),
        ("/admin/users/new", "/admin/users"),
        ("/admin/data/exports", "/admin/data/exports"),
        ("/", "/"),
        ("/me", None),
    ):
        menu = signed_in.get(path).text.partition('id="zk-nav"')[2].partition("</nav>")[0]
        marked = re.findall(r'<a href="([^"]+)" aria-current="page"', menu)
        assert marked == ([entry] if entry else []), path


def test_a_company_without_an_app_says_what_to_do_first(
    site: Site, company: int, signed_in: Browser, login: Login
) -> None:
    with site.transaction(company) as s:
        for name in site.plugins.manifests:
            if name in active_in(s):
                lifecycle.disable(s, name, with_dependants=True)
    page = signed_in.get("/").text.partition("<main")[2]
    start = "/admin/start"
    for step in (start, f"{start}/sites", f"{start}/people", "/admin/apps", f"{start}/accounts"):
        assert f'href="{step}"' in page
    assert "/admin/" not in login(company, []).get("/").text.partition("<main")[2]


def _staff_of(site: Site, company: int, client: Browser) -> uuid.UUID:
    user_id = uuid.UUID(client.get("/api/v1/core/me").json["user"]["id"])
    with site.transaction(company) as s:
        return organisation.add_staff(s, name="李敏", user_id=user_id).id


def test_inbox_counts_opens_and_marks(site: Site, company: int, signed_in: Browser) -> None:
    assert signed_in.get("/inbox").status_code == 404
    staff_id = _staff_of(site, company, signed_in)
    with site.transaction(company) as s:
        for n in range(60):
            inbox.notify(s, staff_id, "core.test", f"Notice {n}", link="/me")
    page = signed_in.get("/inbox").text
    assert "Notice 59" in page
    assert "Notice 9<" not in page
    older = re.search(r'href="(/inbox\?before=[^"]+)"', page)
    assert older is not None
    assert "Notice 9<" in signed_in.get(older[1]).text
    first = re.search(r'name="notice" value="([^"]+)"', page)
    assert first is not None
    opened = signed_in.post("/inbox/read", {"notice": first[1], "next": "/me"})
    assert opened.headers["Location"] == "/me"
    with site.reader(company) as s:
        assert inbox.unread_count(s, staff_id) == 59
    assert signed_in.post("/inbox/read").status_code == 303
    with site.reader(company) as s:
        assert inbox.unread_count(s, staff_id) == 0
    assert signed_in.post("/inbox/read", {"notice": "x"}).status_code == 404
    assert signed_in.get("/inbox?before=x").status_code == 404


def test_notices_of_others_stay_theirs(
    site: Site, company: int, signed_in: Browser, login: Login
) -> None:
    mine = _staff_of(site, company, signed_in)
    other = Browser(login(company))
    _staff_of(site, company, other)
    with site.transaction(company) as s:
        inbox.notify(s, mine, "core.test", "For me alone")
        notice = inbox.list_notices(s, mine)[0].id
    assert "For me alone" not in other.get("/inbox").text
    other.post("/inbox/read", {"notice": str(notice)})
    with site.reader(company) as s:
        assert inbox.unread_count(s, mine) == 1


def test_the_site_one_works_at_is_chosen_for_the_session(
    site: Site, company: int, signed_in: Browser
) -> None:
    with site.transaction(company) as s:
        ids = [
            organisation.add_unit(s, name=name, code=code, kind="site").id
            for name, code in (("一号案场", "H1"), ("二号案场", "H2"))
        ]
    assert "一号案场" in signed_in.get("/").text
    assert signed_in.post("/unit", {"unit": str(ids[1])}).status_code == 303
    assert signed_in.get("/api/v1/core/me").json["unit_id"] == str(ids[1])
    for bad in ("x", str(uuid.uuid4()), ""):
        assert signed_in.post("/unit", {"unit": bad}).status_code == 404
    with site.transaction(company) as s:
        from zhike.models.organisation import Unit
        from zhike.services.companies import bump_generation

        s.require(Unit, ids[1]).closed_at = __import__("zhike.clock").clock.now()
        bump_generation(s)
    assert signed_in.get("/api/v1/core/me").json["unit_id"] == str(ids[0])


def test_language_and_theme_are_chosen_and_kept(
    site: Site, client: FlaskClient, signed_in: Browser
) -> None:
    stranger = Browser(client)
    page = stranger.get("/login").text
    assert '<html lang="zh-Hans"' in page
    assert "登录" in page
    answer = stranger.post("/prefs/language", {"locale": "en", "next": "/login"}, form_at="/login")
    assert answer.headers["Location"] == "/login"
    assert '<html lang="en"' in stranger.get("/login").text
    assert stranger.post("/prefs/language", {"locale": "xx"}, form_at="/login").status_code == 400
    assert signed_in.post("/prefs/language", {"locale": "en"}).status_code == 303
    assert signed_in.post("/prefs/theme", {"theme": "dark"}).status_code == 303
    page = signed_in.get("/me").text
    assert '<html lang="en"' in page
    assert 'data-bs-theme="dark"' in page
    with site.system_reader() as s:
        chosen = s.execute(select(User.locale, User.theme).where(User.theme != "")).one()
    assert tuple(chosen) == ("en", "dark")
    assert signed_in.post("/prefs/shortcuts", {"on": "0"}).status_code == 303
    assert 'data-keys="off"' in signed_in.get("/me").text


def test_what_people_type_never_becomes_code(site: Site, company: int, signed_in: Browser) -> None:
    evil = [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{7*7}}{% raw %}${7*7}#{7*7}",
        "' onmouseover='alert(1)",
        "%(name)s %s %d {0}",
    ]
    with site.transaction(company) as s:
        for text in evil:
            parties.create(s, name=text)
    for text in evil:
        for path in ("/search", "/search/suggest"):
            answer = signed_in.get(path, query_string={"q": text})
            assert answer.status_code == 200
            if path == "/search":
                assert text not in answer.text or "<" not in text
                assert "4949" not in answer.text
        kept = signed_in.post("/p/acme_hello/add", {"name": text, "idempotency_key": "x"})
        assert kept.status_code == 422
        assert "<script>alert" not in kept.text
        assert "<img src=x" not in kept.text


def test_a_session_that_reads_cannot_write(app: Flask, site: Site, company: int) -> None:
    from zhike.errors import ScopeError
    from zhike.web.context import reading

    with app.test_request_context("/"):
        from flask import g

        from zhike.services.sessions import CompanyInfo
        from zhike.web.context import Me

        g.me = Me(site, None, "")
        g.me.company = CompanyInfo(company, "lanjing", "x", "Asia/Shanghai", "", 1)
        s: CompanySession = reading()
        s.add(Party(name="x"))
        with pytest.raises(ScopeError):
            s.flush()


def test_acts_nobody_looks_at_do_not_fill_the_cookie(app: Flask) -> None:
    with app.test_request_context():
        for number in range(200):
            flash(f"第 {number} 位已登记", "success")
        assert get_flashed_messages() == [f"第 {n} 位已登记" for n in range(196, 200)]
