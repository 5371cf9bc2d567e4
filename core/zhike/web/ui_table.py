"""A list as data: its columns, filters, bulk acts and paging, drawn by ``zhike/macros/table.html``.

Pure: a view describes the list, nothing here asks a database or a request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import quote_plus


@dataclass(frozen=True, slots=True)
class Chip:
    """A saved view or an export as a link; ``count`` is shown when it is known."""

    label: str
    url: str
    active: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Facet:
    """What a list is narrowed by: pairs of (value, label), of which one is chosen.

    The address carries it as ``name``; ``default`` is what a plain address means. A few values are
    shown as chips side by side, many (such as the reps of a site) as a choice.
    """

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    default: str = ""

    @property
    def many(self) -> bool:
        """Whether chips would be a wall."""
        return len(self.options) > 10


@dataclass(frozen=True, slots=True)
class Bulk:
    """An act on many rows: POSTs ``ids`` to ``action``.

    With ``all_matching=1`` it means every row of the filter, whose pairs come along as
    ``filter.<name>``. The page asks nothing: where an act cannot be undone, the view answers with
    the counted consequence (``zhike/macros/dialog.html``) before it acts. ``download`` says that
    the answer is a file, after which the page stays as it is.
    """

    label: str
    action: str
    icon: str = ""
    danger: bool = False
    download: bool = False


@dataclass(frozen=True, slots=True)
class Empty:
    """What an empty list says: what it is for, and the first step."""

    title: str
    text: str = ""
    url: str = ""
    label: str = ""
    icon: str = "inbox"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list.

    ``kind``: text, num, money (integer fen), share (basis points), time (aware datetime), date,
    state (a ``State``), yes (a truth) or custom (drawn by the page's ``call`` block).
    ``phone``: what becomes of it on a phone's card: ``title``, ``state``, ``meta`` or ``hide``.
    ``hidden``: not shown unless chosen. ``sort``: the heading sorts.
    """

    key: str
    label: str
    kind: str = "text"
    sort: bool = False
    hidden: bool = False
    phone: str = "meta"


_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch

Args = Sequence[tuple[str, str]]


def with_query(base: str, args: Args, **changes: str | Sequence[str] | None) -> str:
    """``base`` with the pairs of ``args``, where each name in ``changes`` is replaced.

    ``None`` removes the name, a list gives it several values. The order of the rest stays.
    """
    pairs = [(key, value) for key, value in args if key not in changes]
    for key, value in changes.items():
        if value is None:
            continue
        pairs += [(key, v) for v in ([value] if isinstance(value, str) else value)]
    if not pairs:
        return base
    return f"{base}?" + "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in pairs)


def _quoted(text: str) -> str:
    # Most are words and ids, of which a list has hundreds in its links.
    return text if _PLAIN(text) else quote_plus(text)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A list as data, drawn by ``zhike/macros/table.html``.

    ``rows`` are mappings or objects; ``row_url`` gives the address a row opens. ``args`` are the
    pairs of the present address, kept when sorting, paging or choosing columns. Paging is by key:
    ``after``/``before`` carry opaque cursors, empty at either end. ``total`` may stay unknown.
    Query names used: ``sort`` (``-key`` descends), ``after``, ``before``, ``cols``, ``q``.
    ``name`` is that of the registered list, whose views can then be saved.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Any]
    name: str = ""
    id: str = "list"
    row_id: str = "id"
    row_url: Callable[[Any], str] | None = None
    base_url: str = ""
    args: Args = ()
    sort: str = ""
    after: str = ""
    before: str = ""
    total: int | None = None
    search: bool = False
    search_help: str = ""
    facets: Sequence[Facet] = ()
    views: Sequence[Chip] = ()
    bulk: Sequence[Bulk] = ()
    exports: Sequence[Chip] = ()
    empty: Empty | None = None
    choose_columns: bool = False

    @cached_property
    def chosen(self) -> list[str]:
        """Keys of the columns now shown."""
        asked = [value for key, value in self.args if key == "cols"]
        known = [c.key for c in self.columns if c.key in asked]
        return known or [c.key for c in self.columns if not c.hidden]

    @cached_property
    def shown(self) -> list[Column]:
        """The columns now shown, in their declared order."""
        keys = set(self.chosen)
        return [c for c in self.columns if c.key in keys]

    @property
    def query(self) -> str:
        """The text now searched for."""
        return next((value for key, value in self.args if key == "q"), "")

    def choice(self, facet: Facet) -> str:
        """The value of ``facet`` now chosen; its default where the address names no known one."""
        asked = next((value for key, value in self.args if key == facet.name), facet.default)
        return asked if any(asked == value for value, _label in facet.options) else facet.default

    @property
    def filtered(self) -> bool:
        """Whether a search or a facet narrows the list."""
        return bool(self.query) or any(self.choice(f) != f.default for f in self.facets)

    def tools(self) -> Table:
        """The table without its rows and its place in them: all that the tools above depend on.

        The same for every page of one list, and hashable.
        """
        return replace(
            self,
            columns=tuple(self.columns),
            rows=(),
            row_url=None,
            args=tuple(self.kept()),
            after="",
            before="",
            total=None,
            facets=tuple(self.facets),
            views=tuple(self.views),
            bulk=(),
            exports=tuple(self.exports),
            empty=None,
        )

    def kept(self, *without: str) -> list[tuple[str, str]]:
        """Pairs of the address to carry along as hidden fields, without paging and ``without``."""
        drop = {"after", "before", *without}
        return [(key, value) for key, value in self.args if key not in drop]

    def sort_state(self, column: Column) -> str:
        """``ascending``, ``descending`` or ``none``, as ``aria-sort`` wants it."""
        if self.sort.lstrip("-") != column.key:
            return "none"
        return "descending" if self.sort.startswith("-") else "ascending"

    def sort_url(self, column: Column) -> str:
        """Address that sorts by ``column``, or turns the order when it already does."""
        turned = f"-{column.key}" if self.sort_state(column) == "ascending" else column.key
        return self.url(sort=turned, after=None, before=None)

    def url(self, **changes: str | Sequence[str] | None) -> str:
        """The list's own address with ``changes`` applied (see ``with_query``)."""
        return with_query(self.base_url, self.args, **changes)

    def next_url(self) -> str:
        """Address of the following page, empty on the last."""
        return self.url(after=self.after, before=None) if self.after else ""

    def prev_url(self) -> str:
        """Address of the page before, empty on the first."""
        return self.url(before=self.before, after=None) if self.before else ""

    def value(self, row: Any, key: str) -> Any:
        """The raw value of ``key`` in a mapping or an object; ``None`` when absent."""
        if type(row) is dict or isinstance(row, Mapping):  # the first is most, and asked quickly
            return row.get(key)
        return getattr(row, key, None)

    def identity(self, row: Any) -> str:
        """What a chosen row sends as ``ids``."""
        return str(self.value(row, self.row_id))
