"""Settings: found by word, key and pinyin; saved in part; with a history and a way back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from zhike.admin.setting_search import matches
from zhike.services import settings
from zhike.site import Site
from zhike.testing import read_page


@pytest.fixture
def zhike_plugins() -> tuple[str, ...]:
    return ("sales_floor",)


@pytest.fixture
def admin(login: Callable[..., FlaskClient], company: int) -> FlaskClient:
    return login(company, login="chief")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", True),
        ("跟进", True),
        ("genjin", True),
        ("gj", True),
        ("GENJIN a", True),
        ("follow_up", True),
        ("sales_floor.follow_up_a", True),
        ("跟进 大屏", False),
        ("daping", False),
        ("%", False),
    ],
)
def test_what_a_word_finds(text: str, found: bool) -> None:
    said = ("案场轮接", "A 类客户建议几天后", "跟进的天数", "sales_floor.follow_up_a")
    assert matches(text, *said) is found


def keys(text: str) -> list[str]:
    return read_page(text).values_of("shown")


def test_the_page_shows_what_is_looked_for(admin: FlaskClient) -> None:
    every = keys(admin.get("/admin/settings").text)
    assert {"second_step", "follow_up_a", "wall_title"} <= set(every)
    found = admin.get("/admin/settings?q=daping").text
    assert keys(found) == ["wall_title"]
    assert 'value="daping"' in found
    nothing = admin.get("/admin/settings?q=没有这种东西").text
    assert "没有符合的设置" in nothing
    assert keys(nothing) == []


def save(client: FlaskClient, url: str, at: str, **values: Any) -> Any:
    page = read_page(client.get(at).text)
    sent = {"csrf_token": page.csrf_token, "idempotency_key": uuid.uuid4().hex, **values}
    return client.post(url, data=sent)


def test_a_part_is_saved_and_the_rest_stays(admin: FlaskClient, site: Site, company: int) -> None:
    """A narrowed page sends some fields only; an unticked box that is not there is no "no"."""
    with site.transaction(company) as s:
        settings.set_many(s, "sales_floor", {"follow_up_b": 5, "auto_open": True})
    at = "/admin/settings?q=daping"
    answer = save(
        admin, "/admin/settings/sales_floor?q=daping", at, shown="wall_title", wall_title="滨江"
    )
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/admin/settings?q=daping#sales_floor"
    with site.reader(company) as s:
        now = settings.get_all(s, "sales_floor")
    assert (now["wall_title"], now["follow_up_b"], now["auto_open"]) == ("滨江", 5, True)


def test_an_error_in_a_part_keeps_what_was_typed(admin: FlaskClient) -> None:
    answer = save(
        admin,
        "/admin/settings/sales_floor?q=follow_up_a",
        "/admin/settings?q=follow_up_a",
        shown="follow_up_a",
        follow_up_a="-5",
    )
    assert answer.status_code == 422
    assert 'value="-5"' in answer.text
    assert "aria-invalid" in answer.text


def test_only_chosen_values_and_their_history(admin: FlaskClient, site: Site, company: int) -> None:
    assert keys(admin.get("/admin/settings?changed=1").text) == []
    for days in ("2", "4"):
        save(
            admin,
            "/admin/settings/sales_floor",
            "/admin/settings",
            shown="follow_up_a",
            follow_up_a=days,
        )
    assert keys(admin.get("/admin/settings?changed=1").text) == ["follow_up_a"]
    one = "/admin/settings/sales_floor/follow_up_a"
    page = read_page(admin.get(one).text)
    rows = [row[1:] for row in page.tables[0][1:]]
    assert rows == [["chief", "2", "4"], ["chief", "1", "2"]]
    back = save(admin, "/admin/settings/sales_floor/reset", one, key="follow_up_a")
    assert back.headers["Location"] == one
    again = read_page(admin.get(one).text)
    assert again.tables[0][1][1:3] == ["chief", "4"]
    with site.reader(company) as s:
        assert settings.get(s, "sales_floor", "follow_up_a") == 1


def test_a_choice_is_told_in_words(admin: FlaskClient) -> None:
    assert "默认：自愿" in admin.get("/admin/settings?q=second_step").text
    one = admin.get("/admin/settings/core/second_step").text
    assert "<dd>自愿" in one
    assert "还没有人改过" in one


def test_unknown_settings_are_not_found(admin: FlaskClient) -> None:
    assert admin.get("/admin/settings/sales_floor/nothing").status_code == 404
    assert admin.get("/admin/settings/nothing/nothing").status_code == 404
