"""A page read as a browser reads it: its forms and what they would send, its links and tables.

A test that fills in a form should send what the page offers and change only what somebody types::

    page = read_page(client.get("/admin/users/new").text)
    client.post("/admin/users/new", data={**page.form().values, "login": "amy"})

It knows no style sheets and no scripts: what these hide or add, it shows or misses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

#: Kinds of input that send nothing unless they are pressed.
_BUTTONS = frozenset({"submit", "button", "reset", "image"})
_TICKED = frozenset({"checkbox", "radio"})


@dataclass
class Field:
    """A control of a form.

    ``kind`` is the ``type`` of an input, else ``select``, ``textarea`` or, of a button, ``submit``.
    ``value`` is what the field stands at; of a box or a button what it sends when it is ticked or
    pressed.  ``options`` are the values of a select with their words.
    """

    name: str
    kind: str
    value: str = ""
    ticked: bool = False
    disabled: bool = False
    multiple: bool = False
    options: list[tuple[str, str]] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)

    @property
    def sent(self) -> list[str]:
        """What a browser sends of it where nobody has touched anything and no button is meant."""
        if self.disabled or not self.name or self.kind in _BUTTONS or self.kind == "file":
            return []
        if self.kind in _TICKED:
            return [self.value] if self.ticked else []
        if self.kind == "select":
            if self.chosen or self.multiple:
                return self.chosen if self.multiple else self.chosen[-1:]
            return [value for value, _words in self.options[:1]]
        return [self.value]


@dataclass
class Form:
    """A form: where it goes and what stands in it, in the order of the page."""

    action: str = ""
    method: str = "get"
    id: str = ""
    classes: frozenset[str] = frozenset()
    fields: list[Field] = field(default_factory=list)

    @property
    def values(self) -> dict[str, str | list[str]]:
        """What a browser would send, by name; a list where one name is sent more than once."""
        sent: dict[str, list[str]] = {}
        for one in self.fields:
            for value in one.sent:
                sent.setdefault(one.name, []).append(value)
        return {name: found[0] if len(found) == 1 else found for name, found in sent.items()}


@dataclass
class Link:
    """A link and its words."""

    href: str
    text: str = ""


@dataclass
class Page:
    """What :func:`read_page` has found, each kind in the order of the page.

    ``fields`` are all of the page, also those outside every form; ``tables`` hold rows of the text
    of their cells, head included.
    """

    html: str = ""
    forms: list[Form] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)

    def form(self, *, action: str | None = None, css_class: str = "") -> Form:
        """The first form that goes to ``action`` and has the class; AssertionError for none."""
        for one in self.forms:
            if action in (None, one.action) and (not css_class or css_class in one.classes):
                return one
        raise AssertionError(f"no such form among {[(f.action, f.classes) for f in self.forms]}")

    def values_of(self, name: str) -> list[str]:
        """The values of all fields of this name, whether they would be sent or not."""
        return [one.value for one in self.fields if one.name == name]

    @property
    def csrf_token(self) -> str:
        """The token that a form of this page must send; AssertionError where there is none."""
        found = self.values_of("csrf_token")
        assert found, f"the page has no CSRF token: {self.html[:500]}"
        return found[0]

    @property
    def samples(self) -> dict[str, str]:
        """Every field but files and buttons by name with a value that it can have, sent or not.

        For tests that misuse forms: a box counts as ticked, a select as standing at its first
        option that has a value.
        """
        found: dict[str, str] = {}
        for one in self.fields:
            if one.name and one.kind not in _BUTTONS and one.kind != "file":
                offered = [value for value, _words in one.options if value]
                found.setdefault(one.name, (offered or [one.value])[0])
        return found


def read_page(html: str) -> Page:
    """Read a page, or a part of one."""
    reader = _Reader(Page(html))
    reader.feed(html)
    reader.close()
    return reader.finish()


def _words(pieces: list[str]) -> str:
    return " ".join("".join(pieces).split())


class _Reader(HTMLParser):
    """Collects a page; what is open at the moment gathers the text that comes by."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self._form: Form | None = None
        self._elsewhere: list[tuple[str, Field]] = []
        self._select: Field | None = None
        self._option: tuple[str | None, bool, list[str]] | None = None
        self._area: Field | None = None
        self._area_text: list[str] = []
        self._link: Link | None = None
        self._link_text: list[str] = []
        self._tables: list[list[list[str]]] = []
        self._cells: list[list[str] | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                self._form = Form(
                    given.get("action", ""),
                    given.get("method", "get").lower(),
                    given.get("id", ""),
                    frozenset(given.get("class", "").split()),
                )
                self.page.forms.append(self._form)
            case "input" | "button" | "select" | "textarea":
                self._begin_field(tag, given)
            case "option":  # its end may be left out; the next one ends it
                self._end_option()
                self._option = (given.get("value"), "selected" in given, [])
            case "a" if "href" in given:
                self._link, self._link_text = Link(given["href"]), []
                self.page.links.append(self._link)
            case "table":
                table: list[list[str]] = []
                self.page.tables.append(table)
                self._tables.append(table)
                self._cells.append(None)
            case "tr" if self._tables:
                self._end_cell()
                self._tables[-1].append([])
            case "td" | "th" if self._tables:
                self._end_cell()
                self._cells[-1] = []

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "form":
                self._form = None
            case "option":
                self._end_option()
            case "select":
                self._end_option()
                self._select = None
            case "textarea" if self._area is not None:
                # The newline right behind the tag belongs to the markup, not to the text.
                self._area.value = "".join(self._area_text).removeprefix("\n")
                self._area = None
            case "a" if self._link is not None:
                self._link.text, self._link = _words(self._link_text), None
            case "table" if self._tables:
                self._end_cell()
                self._tables.pop()
                self._cells.pop()
            case "td" | "th" | "tr" if self._tables:
                self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area_text.append(data)
        if self._option is not None:
            self._option[2].append(data)
        if self._link is not None:
            self._link_text.append(data)
        if self._cells and self._cells[-1] is not None:
            self._cells[-1].append(data)

    def _begin_field(self, tag: str, given: dict[str, str]) -> None:
        kind = {"input": "text", "button": "submit"}.get(tag, tag)
        if tag in ("input", "button"):
            kind = given.get("type", kind).lower()
        one = Field(
            given.get("name", ""),
            kind,
            given.get("value", "on" if kind in _TICKED else ""),
            ticked="checked" in given,
            disabled="disabled" in given,
            multiple="multiple" in given,
        )
        self.page.fields.append(one)
        if "form" in given:
            self._elsewhere.append((given["form"], one))
        elif self._form is not None:
            self._form.fields.append(one)
        if tag == "select":
            self._select = one
        elif tag == "textarea":
            self._area, self._area_text = one, []

    def _end_option(self) -> None:
        if self._option is not None and self._select is not None:
            value, selected, pieces = self._option
            words = _words(pieces)
            value = words if value is None else value
            self._select.options.append((value, words))
            if selected:
                self._select.chosen.append(value)
        self._option = None

    def _end_cell(self) -> None:
        cell = self._cells[-1]
        if cell is not None and self._tables[-1]:
            self._tables[-1][-1].append(_words(cell))
        self._cells[-1] = None

    def finish(self) -> Page:
        """The page, with the fields that stand outside the form they name."""
        for form_id, one in self._elsewhere:
            for form in self.page.forms:
                if form.id == form_id:
                    form.fields.append(one)
        return self.page
