"""Pages are read as a browser reads them."""

from __future__ import annotations

import pytest

from zhike.testing import Form, Link, Page, read_page

FORM = """
<form action="/search"><input name="q" value="old &amp; new"></form>
<form method="POST" action="/save" id="main" class="zk-form wide">
  <input type="hidden" name="csrf_token" value="t0k&quot;en">
  <input name="name" value="李敏"><input name="empty"><input value="nameless">
  <input type="checkbox" name="wants" value="a" checked>
  <input type="checkbox" name="wants" value="b">
  <input type="checkbox" name="wants" value="c" checked="checked">
  <input type="checkbox" name="sure" checked><input type="checkbox" name="never">
  <input type="radio" name="source" value="x"><input type="radio" name="source" value="y" checked>
  <input type="file" name="picture"><input name="fixed" value="1" disabled>
  <textarea name="note">
two &lt;b&gt;
lines</textarea>
  <select name="unit"><option value="">none<option value="1" selected>one</option></select>
  <select name="kind"><option>first</option><option value="2">second</option></select>
  <select name="many" multiple><option value="1" selected>1<option value="2" selected>2</select>
  <select name="nobody" multiple><option value="1">1</option></select>
  <select name="bare"></select>
  <button name="then" value="publish">Keep</button><input type="submit" name="go" value="Go">
</form>
<textarea name="far" form="main">away</textarea>
<button name="theme" value="dark" form="nowhere">Dark</button>
"""


@pytest.fixture
def page() -> Page:
    return read_page(FORM)


def test_a_form_s_values_are_what_a_browser_sends(page: Page) -> None:
    assert page.form(css_class="zk-form").values == {
        "csrf_token": 't0k"en',
        "name": "李敏",
        "empty": "",
        "wants": ["a", "c"],
        "sure": "on",
        "source": "y",
        "note": "two <b>\nlines",
        "unit": "1",
        "kind": "first",
        "many": ["1", "2"],
        "far": "away",
    }


def test_forms_are_found_by_where_they_go_or_by_class(page: Page) -> None:
    assert page.form() is page.forms[0]
    main = page.form(action="/save")
    assert (main.method, main.id, main.classes) == ("post", "main", {"zk-form", "wide"})
    assert page.form(action="/search").values == {"q": "old & new"}
    assert page.form(action="/search").method == "get"
    with pytest.raises(AssertionError, match="no such form among"):
        page.form(action="/search", css_class="zk-form")


def test_every_field_is_there_with_what_it_offers(page: Page) -> None:
    assert page.values_of("wants") == ["a", "b", "c"]
    assert page.values_of("theme") == ["dark"]
    assert page.values_of("nothing") == []
    (kind,) = [field for field in page.fields if field.name == "kind"]
    assert kind.options == [("first", "first"), ("2", "second")]
    assert kind.kind == "select"
    assert {f.kind for f in page.fields if f.name in ("then", "go", "theme")} == {"submit"}


def test_samples_have_a_value_of_every_field_that_can_be_filled_in(page: Page) -> None:
    samples = page.samples
    assert samples["unit"] == "1"
    assert samples["never"] == "on"
    assert samples["source"] == "x"
    assert samples["nobody"] == "1"
    assert samples["bare"] == ""
    assert samples["q"] == "old & new"
    assert not {"picture", "then", "go", "theme", ""} & set(samples)


def test_the_token_is_that_of_any_form_and_a_page_without_one_says_so(page: Page) -> None:
    assert page.csrf_token == 't0k"en'
    with pytest.raises(AssertionError, match="no CSRF token: <p>nothing"):
        _ = read_page("<p>nothing here</p>").csrf_token


def test_links_have_their_words() -> None:
    read = read_page(
        '<a href="/a?x=1&amp;y=2">One <b>two</b>\n three</a><a name="here">no link</a>'
    )
    assert read.links == [Link("/a?x=1&y=2", "One two three")]


def test_tables_are_rows_of_the_text_of_their_cells() -> None:
    read = read_page(
        "<table><caption>not a cell</caption><thead><tr><th>Name<th>Age</thead>"
        "<tr><td> Li <i>Min</i></td><td><table><tr><td>4</td></tr></table>2</td></tr>"
        "<tr><td>open<td>cells</table><td>stray</td>"
    )
    assert read.tables == [[["Name", "Age"], ["Li Min", "2"], ["open", "cells"]], [["4"]]]


def test_a_part_of_a_page_is_read_too() -> None:
    read = read_page('<option>stray</option><input name="x" value="1"></form></table></a>')
    assert read.forms == []
    assert read.samples == {"x": "1"}
    assert Form().values == {}
