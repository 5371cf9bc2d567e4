"""Parts of the frame kept between pages: nobody sees another's, and nothing fresh is kept."""

from __future__ import annotations

import pytest
from flask import Flask
from jinja2 import UndefinedError
from jinja2.runtime import Context

from zhike.services import organisation
from zhike.testing import read_page
from zhike.web.parts import Parts


def page_of(client) -> str:
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_two_readers_share_no_name_and_no_menu(company, login) -> None:
    chief, other = login(company), login(company, ["core.party.view"], login="ben<b>")
    for _n in range(2):  # the second time from what is kept
        theirs, his = page_of(chief), page_of(other)
        assert "ben&lt;b&gt;" in his
        assert "ben&lt;b&gt;" not in theirs
        assert "/admin/users" in theirs
        assert "/admin/users" not in his


def test_the_token_of_a_page_is_its_own(site, company, login) -> None:
    one, two = login(company), login(company)
    found = [set(read_page(page_of(c)).values_of("csrf_token")) for c in (one, two)]
    assert all(len(tokens) == 1 for tokens in found)
    assert found[0] != found[1]
    assert "\x02" not in page_of(one)


def test_the_address_to_come_back_to_is_that_of_the_page(company, login) -> None:
    browser = login(company)
    for path in ("/me?a=1", "/?b=%22"):
        html = browser.get(path).get_data(as_text=True)
        (back,) = set(read_page(html).values_of("next"))
        assert back == path


def test_a_new_name_of_a_site_shows_at_once(site, company, login) -> None:
    with site.transaction(company) as s:
        unit = organisation.add_unit(s, name="南门", code="S1", kind="site").id
    browser = login(company)
    assert "南门" in page_of(browser)
    with site.transaction(company) as s:
        organisation.change_unit(s, unit, name="北门", parent_id=None)
    html = page_of(browser)
    assert "北门" in html
    assert "南门" not in html


def test_a_part_that_reaches_beyond_its_inputs_fails(app: Flask) -> None:
    from jinja2 import DictLoader

    env = app.jinja_env.overlay(loader=DictLoader({"zhike/frame/menu.html": "{{ current.user }}"}))
    with app.test_request_context("/"):
        parts = Parts(env)
        with pytest.raises(UndefinedError, match="current"):
            parts._draw(Context(env, {"locale": "en"}, "x", {}), "menu", nav=())
